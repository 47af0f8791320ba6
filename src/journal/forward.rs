//! The lines of the audit log for the log of the system as well, so that whoever may write the files here cannot take a line back.
//!
//! They are sent as `syslog(3)` sends them, a datagram to a local socket: journald, rsyslog and syslog-ng all listen on `/dev/log` and
//! understand this form there. RFC 5424 is for the way between hosts; journald takes a line of it for plain text. No crate: the known
//! ones choose the socket themselves, or speak to journald alone.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use super::JournalError;

/// `authpriv` of `syslog(3)`: who was let through is not for everybody to read.
const FACILITY: u8 = 10;
/// Longer lines are sent without their lists: a datagram has a limit (208 KiB on Linux), and so have the daemons.
const LONGEST: usize = 60_000;
/// A daemon that hangs is one that does not listen.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends a line that was appended to the log. `outcome` sets how severe it is.
///
/// # Errors
/// Where nobody listens, or does not take it within a second.
pub fn forward(socket: &Path, line: &str, outcome: &str) -> Result<(), JournalError> {
    let send = || {
        let to = UnixDatagram::unbound()?;
        to.set_write_timeout(Some(PATIENCE))?;
        to.connect(socket)?;
        to.send(&message(line, outcome))
    };
    match send() {
        Ok(_) => Ok(()),
        Err(error) => Err(JournalError::Forward {
            socket: socket.display().to_string(),
            reason: error.to_string(),
        }),
    }
}

fn message(line: &str, outcome: &str) -> Vec<u8> {
    // Informational, warning, error.
    let severity = match outcome {
        "allowed" => 6,
        "blocked" => 4,
        _ => 3,
    };
    let time = jiff::Timestamp::now().strftime("%b %e %T");
    let text = if line.len() > LONGEST {
        without_lists(line)
    } else {
        line.to_owned()
    };
    format!(
        "<{}>{time} stagegate[{}]: {text}",
        FACILITY * 8 + severity,
        std::process::id()
    )
    .into_bytes()
}

/// A line with the length of each of its lists in place of the list.
fn without_lists(line: &str) -> String {
    let Ok(mut entry) = serde_json::from_str::<serde_json::Value>(line) else {
        return String::new();
    };
    for key in ["refs", "verdicts"] {
        let many = entry[key].as_array().map_or(0, Vec::len);
        entry[key] = format!("{many}, in the log only").into();
    }
    entry.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_priority_time_and_name() {
        let text = String::from_utf8(message("{}", "blocked")).expect("text");
        let (head, line) = text.split_once("]: ").expect("a head and a line");
        assert!(
            head.starts_with("<84>") && head.contains(" stagegate["),
            "{text}"
        );
        assert_eq!(line, "{}");
    }

    #[test]
    fn a_line_too_long_for_a_datagram_goes_without_its_lists() {
        let line = serde_json::json!({
            "outcome": "allowed",
            "refs": vec!["x"; 20_000],
            "verdicts": [],
            "previous": "abc",
        });
        let text = message(&line.to_string(), "allowed");
        assert!(text.len() < 500);
        let text = String::from_utf8(text).expect("text");
        assert!(
            text.contains("20000, in the log only") && text.contains("abc"),
            "{text}"
        );
    }
}
