//! A summary in GitHub's Markdown, for a job's page (`$GITHUB_STEP_SUMMARY`), a merge request or a comment: the outcome, a table of
//! the findings, what to do.

use std::io;

use super::{
    Options,
    escape::printable,
    group::by_value,
    headline, shown, steps,
    words::{belongs_to, capital, count, evidence, goes_to, place, said},
};
use crate::model::{Finding, Report, Verdict};

/// Bytes of a summary. GitHub refuses one of more than 1 MiB.
const MOST: usize = 900_000;

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = shown(report, options);
    let outcome = headline::always(report, &findings);
    writeln!(out, "## stagegate: {}\n", prose(&outcome))?;
    let mut left = MOST;
    let mut hidden = 0;
    let mut rows = String::new();
    for finding in &findings {
        let row = row(finding);
        if row.len() > left {
            hidden += 1;
            continue;
        }
        left -= row.len();
        rows.push_str(&row);
    }
    if !rows.is_empty() {
        writeln!(out, "| | place | what | whose | goes to | why |")?;
        writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
        writeln!(out, "{rows}")?;
    }
    if hidden > 0 {
        let rest = count(hidden, "more finding", "more findings");
        writeln!(out, "{rest} did not fit here; `--format json` has all.\n")?;
    }
    if !report.unexamined.is_empty() {
        writeln!(out, "### Not examined\n")?;
        for entry in &report.unexamined {
            let refuses = if entry.refuses { " **refuses**" } else { "" };
            writeln!(
                out,
                "* {}{refuses}: {}",
                code(&entry.what),
                prose(&entry.reason)
            )?;
        }
        writeln!(out)?;
    }
    let blocked = by_value(&findings, Verdict::Block);
    let steps = steps::of(report, &blocked);
    if !steps.is_empty() {
        writeln!(out, "### What to do now\n")?;
    }
    for (number, step) in steps.iter().enumerate() {
        writeln!(out, "{}. {}", number + 1, prose(&step.text))?;
        if !step.lines.is_empty() {
            let lines: Vec<String> = step
                .lines
                .iter()
                .map(|line| printable(line).into_owned())
                .collect();
            let fence = "`".repeat(longest_run(&lines.join("\n")).max(2) + 1);
            writeln!(out, "\n   {fence}")?;
            for line in &lines {
                writeln!(out, "   {line}")?;
            }
            writeln!(out, "   {fence}")?;
        }
    }
    for note in report.news.iter().chain(&report.notes) {
        writeln!(out, "\n> {}", prose(note))?;
    }
    Ok(())
}

/// A row of the table.
fn row(finding: &Finding) -> String {
    let mut why = format!(
        "{} ({})",
        capital(&finding.because.text),
        finding.because.policy_line
    );
    if let Some(signal) = finding.evidence.first() {
        why.push_str(&format!(". {}", capital(&evidence(signal, finding))));
    }
    let fingerprint = match finding.fingerprint.as_str() {
        "" => String::new(),
        fingerprint => format!("<br>{}", code(fingerprint)),
    };
    let verdict = match finding.verdict {
        Verdict::Block => format!("**{}**", said(finding.verdict)),
        _ => said(finding.verdict).to_owned(),
    };
    let cells = [
        verdict,
        code(&place(finding)),
        format!(
            "{}<br>{}{fingerprint}",
            prose(&finding.title),
            code(&finding.rule)
        ),
        prose(&belongs_to(finding)),
        prose(&goes_to(finding)),
        prose(&why),
    ];
    // A bar ends a cell, in a code span too.
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

/// Text that stands for itself: as prose where nothing in it means anything to Markdown, else as code, in which neither
/// links nor mentions of people are made.
fn prose(text: &str) -> String {
    let text = printable(text);
    let links = ["@", "://", "www.", "GH-"];
    let refers = text.contains('#') || links.iter().any(|link| text.contains(link));
    if refers {
        return code(&text);
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        // Signs within sentences stay; an entity stands for the sign and is never markup.
        if character.is_ascii_punctuation() && !".,:;()/-'".contains(character) {
            safe.push_str(&format!("&#{};", u32::from(character)));
        } else {
            safe.push(character);
        }
    }
    safe
}

/// A code span.
fn code(text: &str) -> String {
    let text = printable(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // A backtick or space at an end would join the fence or be taken off.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or_default()
}
