//! `stagegate log`: the audit log of a server.

use std::io::Write;
use std::path::PathBuf;

use crate::journal::{self, Used};
use crate::policy::MayOverride;
use crate::report::printable;

use super::{Failure, Global, source};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate log verify /var/log/stagegate/audit.jsonl\n  stagegate log verify audit.jsonl.2 audit.jsonl.1 audit.jsonl     after a rotation, the oldest first\n  stagegate log overrides audit.jsonl --policy /etc/stagegate.toml     who let what pass, and which grants nobody needs"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Say whether the log is what was written: exit 1 and the first line that is not
    Verify {
        /// The log; after a rotation all its files, the oldest first
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Say which overrides were used, and which grants of --policy have expired or were never used
    Overrides {
        /// The log; after a rotation all its files, the oldest first
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    match &args.what {
        What::Verify { files } => verify(files, out),
        What::Overrides { files } => overrides(files, global, out),
    }
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read the log: {error}"))
        .hint("name its files, the oldest first; who runs this must be allowed to read them")
}

fn verify(files: &[PathBuf], out: &mut dyn Write) -> Result<u8, Failure> {
    let answer = journal::verify(files).map_err(|error| unreadable(&error))?;
    // A reader that has gone away does not change the answer.
    match answer {
        Ok(verified) => {
            for note in &verified.notes {
                let _ = writeln!(out, "note: {note}");
            }
            let _ = writeln!(
                out,
                "{} lines, each follows the one before it",
                verified.lines
            );
            Ok(0)
        }
        Err(broken) => {
            let _ = writeln!(
                out,
                "{}:{}: {}",
                broken.file.display(),
                broken.line,
                broken.what
            );
            Ok(1)
        }
    }
}

fn overrides(files: &[PathBuf], global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let used = journal::overrides(files).map_err(|error| unreadable(&error))?;
    for one in &used {
        writeln!(
            out,
            "{}: {} in {} ({}), {}: {}",
            one.time,
            one.what.fingerprint,
            printable(&one.repository),
            printable(&one.refs.join(", ")),
            printable(&one.what.by),
            printable(&one.what.reason)
        )?;
    }
    let many = used.len();
    let noun = if many == 1 { "override" } else { "overrides" };
    writeln!(out, "{many} {noun} used")?;
    let Some(file) = &global.policy else {
        return Ok(0);
    };
    for grant in source::from_file(file)?.may_override() {
        writeln!(
            out,
            "{}: {}: {}",
            printable(&grant.policy_line),
            printable(&grant.by.join(", ")),
            told(grant, &used)
        )?;
    }
    Ok(0)
}

/// What became of a grant.
fn told(grant: &MayOverride, used: &[Used]) -> String {
    let is_of = |one: &&Used| {
        let families = &grant.families;
        grant.by.contains(&one.what.by) && families.iter().any(|known| known.as_str() == one.family)
    };
    let times = used.iter().filter(is_of).count();
    let last = used.iter().rfind(is_of);
    let use_of = match last {
        Some(last) => format!("used {times} times, last at {}", last.time),
        None => "never used in this log".to_owned(),
    };
    match grant.expires {
        Some(day) if day < source::today() => {
            format!("{use_of}; expired on {day}: remove it, or give it another day")
        }
        None if last.is_none() => format!("{use_of}; without an end: does anybody need it?"),
        _ => use_of,
    }
}
