//! Logging commands of Azure Pipelines on standard output: an error or a warning for each finding, with its place.

use std::io;

use super::{
    Options,
    escape::printable,
    headline, shown,
    words::{file, message},
};
use crate::model::{Report, Verdict};

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = shown(report, options);
    for finding in &findings {
        let place = &finding.place;
        let level = match finding.verdict {
            Verdict::Block => "error",
            Verdict::Warn => "warning",
            // There is no third: what is allowed is a line of the log.
            Verdict::Allow => {
                writeln!(
                    out,
                    "{}:{}: {}",
                    printable(&place.path),
                    place.line,
                    printable(&message(finding))
                )?;
                continue;
            }
        };
        let mut text = message(finding);
        let at = match file(finding) {
            Some(path) => format!(
                "sourcepath={};linenumber={};columnnumber={};",
                property(path),
                place.line,
                place.column
            ),
            None => {
                text = format!("In {}:{}: {text}", place.path, place.line);
                String::new()
            }
        };
        writeln!(
            out,
            "##vso[task.logissue type={level};{at}code={};]{}",
            property(&finding.rule),
            data(&text)
        )?;
    }
    for entry in &report.unexamined {
        let text = format!("not examined: {}: {}", entry.what, entry.reason);
        if entry.refuses {
            writeln!(
                out,
                "##vso[task.logissue type=error;code=unexamined;]{}",
                data(&text)
            )?;
        } else {
            writeln!(out, "{}", printable(&text))?;
        }
    }
    for note in report.news.iter().chain(&report.notes) {
        writeln!(out, "note: {}", printable(note))?;
    }
    let outcome = headline::always(report, &findings);
    writeln!(out, "stagegate: {}", printable(&outcome))
}

/// The text of a command. Agents read `%AZP25` as a percent sign.
fn data(text: &str) -> String {
    printable(text).replace('%', "%AZP25")
}

/// A property of a command, which a semicolon or bracket would end.
fn property(text: &str) -> String {
    data(text).replace(';', "%3B").replace(']', "%5D")
}
