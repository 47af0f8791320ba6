//! The time and the memory that a run may take, and how far it has come: what stops it between two changes, and what is said of one that does
//! not stop by itself.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::model::Oid;

/// A time budget. Judging stops a little before its end, so that there is time to say what was not examined.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    budget: Duration,
    /// Bytes of memory that the process may have; `None` where that is not limited.
    pub most_memory: Option<u64>,
    /// Whether what nothing claims is refused too.
    pub refuse_unclaimed: bool,
    said: AtomicBool,
    now: Mutex<Now>,
}

/// How far a run has come.
#[derive(Debug, Clone)]
pub struct Now {
    /// The blob that is being read, and its size.
    pub reading: Option<(Oid, usize)>,
    /// Changes judged so far.
    pub changes: usize,
    /// Commits judged so far.
    pub commits: usize,
    /// Bytes read so far.
    pub bytes: u64,
    /// Refs judged, and all of them.
    pub refs: (usize, usize),
    /// Whether any of what is not done must not pass.
    pub refuses: bool,
}

impl Clock {
    /// A budget that began at `started`.
    pub fn new(started: Instant, budget: Duration, refuse_unclaimed: bool) -> Self {
        Self {
            started,
            budget,
            most_memory: None,
            refuse_unclaimed,
            said: AtomicBool::new(false),
            now: Mutex::new(Now {
                reading: None,
                changes: 0,
                commits: 0,
                bytes: 0,
                refs: (0, 0),
                refuses: true,
            }),
        }
    }

    /// The same with so many bytes of memory.
    #[must_use]
    pub const fn with_memory(mut self, most: Option<u64>) -> Self {
        self.most_memory = most;
        self
    }

    /// The whole of it.
    pub const fn budget(&self) -> Duration {
        self.budget
    }

    /// What is left until the very end.
    pub fn left(&self) -> Duration {
        self.budget.saturating_sub(self.started.elapsed())
    }

    /// Whether to stop judging: an eighth is kept for counting what is left and for the report.
    pub fn is_over(&self) -> bool {
        self.started.elapsed() >= self.budget - self.budget / 8
    }

    /// Whether to stop counting what is left.
    pub fn is_late(&self) -> bool {
        self.started.elapsed() >= self.budget - self.budget / 16
    }

    /// How far it has come.
    pub fn now(&self) -> Now {
        self.lock().clone()
    }

    /// Notes how far it has come.
    pub fn note(&self, change: impl FnOnce(&mut Now)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Now> {
        // Plain numbers: whoever panicked with the lock left none half-written.
        self.now.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// Whether the caller is the one who says how the run ended: the run itself, or who waits for it. Only the first is.
    pub fn may_say(&self) -> bool {
        !self.said.swap(true, Ordering::SeqCst)
    }

    /// The same for the run itself: where the other was first, the process is about to end, and nothing more may be written.
    pub fn say_or_wait(&self) {
        while !self.may_say() {
            std::thread::park();
        }
    }
}

/// A budget where there is none: longer than anybody waits.
pub const UNLIMITED: Duration = Duration::from_secs(u32::MAX as u64);

/// A duration in a few characters: `0.4 s`, `12 s`, `3 min`.
pub fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.0} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_speaks() {
        let clock = Clock::new(Instant::now(), Duration::from_secs(1), true);
        assert!(clock.may_say());
        assert!(!clock.may_say());
        assert!(!clock.is_over());
        let over = Clock::new(Instant::now(), Duration::from_nanos(8), true);
        std::thread::sleep(Duration::from_millis(1));
        assert!(over.is_over() && over.is_late() && over.left().is_zero());
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(in_words(Duration::from_millis(420)), "0.4 s");
        assert_eq!(in_words(Duration::from_secs(42)), "42 s");
        assert_eq!(in_words(Duration::from_secs(600)), "10 min");
        assert_eq!(in_words(Duration::from_secs(7200 * 2)), "4 h");
    }
}
