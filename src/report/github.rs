//! Annotations of GitHub Actions: workflow commands on standard output, one a finding, which the runner shows beside the lines
//! of a pull request. GitHub shows ten of each level a step; the strictest come first.

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
        let level = match finding.verdict {
            Verdict::Block => "error",
            Verdict::Warn => "warning",
            Verdict::Allow => "notice",
        };
        let place = &finding.place;
        let at = match file(finding) {
            Some(path) => format!(
                "file={},line={},col={},",
                property(path),
                place.line,
                place.column
            ),
            None => String::new(),
        };
        let mut text = message(finding);
        if file(finding).is_none() {
            text = format!("In {}:{}: {text}", place.path, place.line);
        }
        let title = format!("stagegate: {}", finding.rule);
        writeln!(
            out,
            "::{level} {at}title={}::{}",
            property(&title),
            data(&text)
        )?;
    }
    for entry in &report.unexamined {
        let level = if entry.refuses { "error" } else { "notice" };
        let text = format!("{}: {}", entry.what, entry.reason);
        writeln!(
            out,
            "::{level} title=stagegate%3A not examined::{}",
            data(&text)
        )?;
    }
    for note in report.news.iter().chain(&report.notes) {
        writeln!(out, "::notice title=stagegate::{}", data(note))?;
    }
    let outcome = headline::always(report, &findings);
    writeln!(out, "stagegate: {}", printable(&outcome))
}

/// The text of a command. The runner reads percent signs and ends of lines.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25")
}

/// A property of a command, which a colon or comma would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
