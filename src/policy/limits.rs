//! `[limits]`: how long a run may take and how much memory, and what happens to what it did not come to.

use std::time::Duration;

/// What `[limits]` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a push may take on a server; `None` where nothing is said.
    pub time_budget: Option<Duration>,
    /// Bytes of memory that a push may take on a server; `None` where nothing is said.
    pub max_memory: Option<u64>,
    /// Whether a ref that nothing claims is refused, too, when the time ends before it was examined.
    pub refuse_unclaimed: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time_budget: None,
            max_memory: None,
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

/// An amount of memory as it is written in a policy and on the command line, in bytes: `512MiB`, `2GiB`.
///
/// # Errors
/// What is wrong with it.
pub fn size(text: &str) -> Result<u64, String> {
    let wanted = || "a size such as `512MiB` or `2GiB`, at least 16 MiB".to_owned();
    let (digits, shift) = match (text.strip_suffix("MiB"), text.strip_suffix("GiB")) {
        (Some(digits), _) => (digits, 20),
        (_, Some(digits)) => (digits, 30),
        _ => return Err(wanted()),
    };
    let number: u64 = digits.trim_end().parse().map_err(|_| wanted())?;
    number
        .checked_mul(1 << shift)
        .filter(|bytes| *bytes >= SMALLEST)
        .ok_or_else(wanted)
}

/// The program alone takes about half of it.
const SMALLEST: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_and_a_least() {
        assert_eq!(size("512MiB"), Ok(512 << 20));
        assert_eq!(size("2 GiB"), Ok(2 << 30));
        for wrong in [
            "",
            "512",
            "MiB",
            "1MiB",
            "-1GiB",
            "2GB",
            "99999999999999GiB",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

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
