//! `[limits]`: how long a run may take, and what happens to what it did not come to.

use std::time::Duration;

/// What `[limits]` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a push may take on a server; `None` where nothing is said.
    pub time_budget: Option<Duration>,
    /// Whether a ref that nothing claims is refused, too, when the time ends before it was examined.
    pub refuse_unclaimed: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time_budget: None,
            refuse_unclaimed: true,
        }
    }
}

/// A day: a push that takes longer is none that somebody waits for.
const LONGEST: Duration = Duration::from_secs(86_400);

/// A duration as it is written in a policy and on the command line: `4s`, `500ms`, `1m 30s`.
///
/// # Errors
/// What is wrong with it.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || "a duration such as `4s`, `500ms` or `2m`, at most a day".to_owned();
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wanted())?;
    Duration::try_from(duration)
        .ok()
        .filter(|duration| !duration.is_zero() && *duration <= LONGEST)
        .ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_positive_and_have_a_unit() {
        assert_eq!(duration("4s"), Ok(Duration::from_secs(4)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "4", "-4s", "0s", "4 parsecs", "2 days", "25h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
