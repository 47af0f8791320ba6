//! Somebody who waits for the answer, not longer than the time budget and with no more memory than there may be. Judging looks at the clock between two changes; what
//! takes long in between (one large blob, a walk through a long past, a repository on a disk that hangs) is left alone here,
//! and the answer is a refusal. The process ends with it, whatever the other thread is doing.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use crate::judge::Clock;
use crate::judge::clock::{Now, in_words};

use super::{Cli, Failure, answered, output};

/// What the other thread tells.
enum Told {
    Clock(Arc<Clock>),
    /// What to do if there is no answer in time.
    Log(Box<dyn FnOnce(&'static str) + Send>),
    Done(u8),
}

/// Where a run tells of its clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Option<Sender<Told>>);

impl Watch {
    /// From now on this clock is watched.
    pub(crate) fn watch(&self, clock: &Arc<Clock>) {
        if let Some(sender) = &self.0 {
            let _ = sender.send(Told::Clock(Arc::clone(clock)));
        }
    }

    /// What is written down if there is no answer in time; it is given the outcome.
    pub(crate) fn otherwise(&self, log: impl FnOnce(&'static str) + Send + 'static) {
        if let Some(sender) = &self.0 {
            let _ = sender.send(Told::Log(Box::new(log)));
        }
    }
}

/// Tells the answer, also where there is none because of a panic.
struct Answer(Sender<Told>, u8);

impl Drop for Answer {
    fn drop(&mut self) {
        let _ = self.0.send(Told::Done(self.1));
    }
}

/// As much as a main thread usually has.
const STACK: usize = 8 << 20;

/// Runs the command line on a thread of its own and waits for the answer.
pub(super) fn main(mut cli: Cli) -> u8 {
    let (sender, receiver) = mpsc::channel();
    cli.global.watch = Watch(Some(sender.clone()));
    let cli = Arc::new(cli);
    let work = {
        let cli = Arc::clone(&cli);
        move || {
            let mut answer = Answer(sender, 2);
            answer.1 = answered(&cli, &mut std::io::stdout());
        }
    };
    let thread = std::thread::Builder::new().name("judge".to_owned());
    if let Err(error) = thread.stack_size(STACK).spawn(work) {
        let failure = Failure::new(format!("cannot start a thread: {error}"))
            .hint("the limits of this user or container on processes and memory are too tight");
        failure.say(cli.global.log_format);
        return 2;
    }
    let mut clock: Option<Arc<Clock>> = None;
    let mut log: Option<Box<dyn FnOnce(&'static str) + Send>> = None;
    loop {
        let told = match &clock {
            None => receiver.recv().ok(),
            Some(watched) => match receiver.recv_timeout(patience(watched)) {
                Ok(told) => Some(told),
                Err(RecvTimeoutError::Disconnected) => None,
                Err(RecvTimeoutError::Timeout) => {
                    let Some(ended) = ended(watched) else {
                        continue;
                    };
                    if !watched.may_say() {
                        // It is writing its report.
                        clock = None;
                        continue;
                    }
                    let code = match ended {
                        Ended::Time => out_of_time(watched, &cli),
                        Ended::Memory(what) => out_of_memory(&what, watched, &cli),
                    };
                    if let Some(log) = log.take() {
                        log(if code == 0 { "allowed" } else { "undecided" });
                    }
                    return code;
                }
            },
        };
        match told {
            Some(Told::Done(code)) => return code,
            Some(Told::Clock(newer)) => clock = Some(newer),
            Some(Told::Log(newer)) => log = Some(newer),
            None => return 2,
        }
    }
}

/// What came to its end before the run did.
enum Ended {
    Time,
    /// Why.
    Memory(String),
}

/// How often memory is looked at: a processor fills some 20 MiB in this time.
const LOOK: Duration = Duration::from_millis(10);

/// How long to wait for an answer before something is looked at.
fn patience(clock: &Clock) -> Duration {
    let left = clock.left();
    clock.most_memory.map_or(left, |_| left.min(LOOK))
}

fn ended(clock: &Clock) -> Option<Ended> {
    if clock.left().is_zero() {
        return Some(Ended::Time);
    }
    let most = clock.most_memory?;
    match memory() {
        Ok(used) if used <= most => None,
        Ok(used) => Some(Ended::Memory(format!(
            "the limit of {} MiB on memory was reached ({} MiB)",
            most >> 20,
            used >> 20
        ))),
        Err(error) => Some(Ended::Memory(format!(
            "memory is limited to {} MiB, and cannot be measured here: /proc/self/status: {error}",
            most >> 20
        ))),
    }
}

/// Bytes of memory that belong to this process alone, swapped out or not; packs and what else is mapped are not counted.
fn memory() -> std::io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes = line.trim().strip_suffix("kB")?.trim();
        kibibytes.parse::<u64>().ok()
    };
    let own = field("RssAnon:").ok_or_else(|| std::io::Error::other("it has no RssAnon"))?;
    Ok((own + field("VmSwap:").unwrap_or(0)) << 10)
}

/// Says how far a run has come that would take more memory than it may. Whatever is claimed or not, it is refused: what was read last
/// is not told from what was not read.
fn out_of_memory(what: &str, clock: &Clock, cli: &Cli) -> u8 {
    let now = clock.now();
    let (done, all) = now.refs;
    let failure = Failure::new(format!(
        "{what}: {done} of {all} refs were examined, {} commits and {} changed files begun, {}",
        now.commits,
        now.changes,
        reading(&now)
    ))
    .hint(
        "push smaller files or fewer at once, or have the limit raised (`[limits] max-memory` in the administrator's policy, \
         `--max-memory`); `git log --raw --all --find-object=BLOB` says where a blob stands",
    );
    refuse(&failure, cli)
}

/// The blob that is being read.
fn reading(now: &Now) -> String {
    now.reading.map_or_else(
        || "nothing had been read yet".to_owned(),
        |(oid, size)| {
            format!(
                "blob {oid} ({:.1} MiB) was being read",
                size as f64 / 1_048_576.0
            )
        },
    )
}

fn refuse(failure: &Failure, cli: &Cli) -> u8 {
    if let Some(mode) = cli.command.mode() {
        output::write_failure(failure, mode, &cli.global, &mut std::io::stdout());
    }
    failure.say(cli.global.log_format);
    2
}

/// Says how far a run has come that has not stopped by itself.
fn out_of_time(clock: &Clock, cli: &Cli) -> u8 {
    let now = clock.now();
    let (done, all) = now.refs;
    let reading = reading(&now);
    let pace = now.bytes as f64 / clock.budget().as_secs_f64();
    let size = now.reading.map_or(0, |(_, size)| size);
    let rest = if pace > 0.0 && size > 0 {
        let rest = Duration::try_from_secs_f64(size as f64 / pace).unwrap_or_default();
        format!(
            "; at the pace so far that blob takes about {}",
            in_words(rest)
        )
    } else {
        "; how long the rest would take is not known".to_owned()
    };
    let what = format!(
        "the time budget of {} ended: {done} of {all} refs were examined, {} commits and {} changed files begun, {reading}{rest}",
        in_words(clock.budget()),
        now.commits,
        now.changes,
    );
    if !now.refuses {
        let _ = writeln!(
            std::io::stderr().lock(),
            "stagegate: not examined: {what}; it passes because the policy says `[limits] unclaimed = \"allow\"`"
        );
        return 0;
    }
    let failure = Failure::new(what).hint(
        "push fewer commits or smaller files at once, or have the time budget raised (`[limits] time-budget` in the \
         administrator's policy, `--time-budget`)",
    );
    refuse(&failure, cli)
}
