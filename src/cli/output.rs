//! Where a report goes: text to standard error, as hooks must; anything for programs to standard output; or a file.

use std::io::{self, IsTerminal, Write};

use crate::model::Report;
use crate::report::{self, Options};

use super::{Failure, Format, Global};

/// Writes the report and returns the exit code of its outcome.
pub(super) fn write(report: &Report, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let format = match global.format {
        Format::Text => report::Format::Text,
        Format::Json => report::Format::Json,
    };
    let color = global.output.is_none()
        && global.format == Format::Text
        && io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let options = Options {
        verbosity: if global.quiet {
            -1
        } else {
            i8::try_from(global.verbose).unwrap_or(2).min(2)
        },
        color,
        show_allowed: global.all,
    };
    // In one piece: a report cut in the middle by a closed stream is worse than none.
    let mut text = Vec::new();
    report::write(report, format, &options, &mut text)?;
    match (&global.output, global.format) {
        (Some(path), _) => std::fs::write(path, &text).map_err(|error| {
            Failure::new(format!(
                "cannot write the report to {}: {error}",
                path.display()
            ))
            .hint("nothing was let through: the report has to be written first")
        })?,
        // A reader that has gone away does not change the answer, which is the exit code.
        (None, Format::Text) => drop(io::stderr().lock().write_all(&text)),
        (None, Format::Json) => drop(out.write_all(&text).and_then(|()| out.flush())),
    }
    Ok(report.outcome().exit_code())
}
