//! JUnit's XML, which every CI system reads: one test case a finding, failed where it is blocked; what could not be read on a
//! claimed place is an error. A warning is a skipped test: it is shown, and fails nothing.

use std::io;

use super::{
    Options,
    escape::printable,
    headline, shown,
    words::{capital, goes_to, message, place, title},
};
use crate::model::{Report, Verdict};

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = shown(report, options);
    let number = |verdict| findings.iter().filter(|f| f.verdict == verdict).count();
    let unread = report.unexamined.len();
    let errors = report
        .unexamined
        .iter()
        .filter(|entry| entry.refuses)
        .count();
    // Without a case most systems say that there are no results, which is an error to some.
    let passed = usize::from(findings.is_empty() && unread == 0);
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{errors}\" skipped=\"{}\" time=\"{}.{:03}\"",
        findings.len() + unread + passed,
        number(Verdict::Block),
        number(Verdict::Warn) + unread - errors,
        report.stats.milliseconds / 1000,
        report.stats.milliseconds % 1000,
    );
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"stagegate\" {counts}>")?;
    writeln!(
        out,
        "  <testsuite name=\"stagegate {}\" {counts}>",
        report.mode
    )?;
    for finding in &findings {
        let at = place(finding);
        write!(
            out,
            "    <testcase classname=\"stagegate.{}\" name=\"{}\" file=\"{}\" line=\"{}\"",
            xml(&finding.rule),
            xml(&at),
            xml(&finding.place.path),
            finding.place.line
        )?;
        let element = match finding.verdict {
            Verdict::Block => "failure",
            Verdict::Warn => "skipped",
            Verdict::Allow => {
                writeln!(out, "/>")?;
                continue;
            }
        };
        writeln!(out, ">")?;
        writeln!(
            out,
            "      <{element} message=\"{}\">{}",
            xml(&capital(&title(finding))),
            xml(&message(finding))
        )?;
        writeln!(out, "at {}", xml(&at))?;
        writeln!(out, "goes to: {}", xml(&goes_to(finding)))?;
        if !finding.fingerprint.is_empty() {
            writeln!(out, "fingerprint: {}", xml(&finding.fingerprint))?;
        }
        writeln!(out, "{}</{element}>", xml(&finding.excerpt.text))?;
        writeln!(out, "    </testcase>")?;
    }
    for entry in &report.unexamined {
        let element = if entry.refuses { "error" } else { "skipped" };
        writeln!(
            out,
            "    <testcase classname=\"stagegate.unexamined\" name=\"{}\">",
            xml(&entry.what)
        )?;
        writeln!(out, "      <{element} message=\"{}\"/>", xml(&entry.reason))?;
        writeln!(out, "    </testcase>")?;
    }
    if passed > 0 {
        writeln!(
            out,
            "    <testcase classname=\"stagegate\" name=\"{}\"/>",
            xml(&report.policy)
        )?;
    }
    writeln!(
        out,
        "    <system-out>{}</system-out>",
        xml(&headline::always(report, &findings))
    )?;
    writeln!(out, "  </testsuite>")?;
    writeln!(out, "</testsuites>")
}

/// Text in an element or attribute. XML has no way to write control characters and U+FFFE; `printable` has.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => safe.push(char::REPLACEMENT_CHARACTER),
            other => safe.push(other),
        }
    }
    safe
}
