//! `stagegate log`: the audit log of a server.

use std::io::Write;
use std::path::PathBuf;

use crate::journal;

use super::{Failure, Global};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate log verify /var/log/stagegate/audit.jsonl\n  stagegate log verify audit.jsonl.2 audit.jsonl.1 audit.jsonl     after a rotation, the oldest first"
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
}

pub(crate) fn run(args: &Args, _: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let What::Verify { files } = &args.what;
    let answer = journal::verify(files).map_err(|error| {
        Failure::new(format!("cannot read the log: {error}"))
            .hint("name its files, the oldest first; who runs this must be allowed to read them")
    })?;
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
