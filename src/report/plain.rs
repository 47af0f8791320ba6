//! The report for whoever has the screen read to them: sentences in the order in which they matter, one a line, without carets,
//! columns, colours or masked characters, and with a count before every list.

use std::io;

use super::{
    Options,
    escape::printable,
    group::{Group, by_kind, by_value},
    headline, shown, steps,
    words::{also_at, belongs_to, capital, count, evidence, goes_to, place, said, short, title},
};
use crate::model::{Finding, Report, Verdict};

/// As in the text.
const FINDINGS: usize = 20;
const PLACES: usize = 5;
const SIGNALS: usize = 3;

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = shown(report, options);
    let detailed = options.verbosity >= 1;
    let by_hand = matches!(report.mode, "check" | "scan");
    let outcome = match headline::of(report, &findings) {
        Some(outcome) => outcome,
        None if by_hand || detailed || !findings.is_empty() => "allowed".to_owned(),
        None => return Ok(()),
    };
    say(out, &format!("stagegate: {outcome}."))?;
    if options.verbosity < 0 {
        for finding in &findings {
            say(
                out,
                &format!(
                    "{}: {}: {}.",
                    capital(said(finding.verdict)),
                    place(finding),
                    title(finding)
                ),
            )?;
        }
    } else {
        for verdict in [Verdict::Block, Verdict::Warn, Verdict::Allow] {
            let groups = by_value(&findings, verdict);
            list(&groups, verdict, options, out)?;
        }
    }
    for entry in &report.unexamined {
        let weight = if entry.refuses {
            "Not examined, which refuses by itself"
        } else if detailed {
            "Not examined, which refuses nothing"
        } else {
            continue;
        };
        say(
            out,
            &format!("{weight}: {}. Reason: {}.", entry.what, entry.reason),
        )?;
    }
    if options.verbosity < 0 {
        return Ok(());
    }
    for note in report.news.iter().chain(&report.notes) {
        say(out, &format!("Note: {note}."))?;
    }
    let steps = steps::of(report, &by_value(&findings, Verdict::Block));
    if !steps.is_empty() {
        writeln!(out)?;
        let number = count(steps.len(), "step", "steps");
        say(out, &format!("What to do now, {number}."))?;
    }
    for (number, step) in steps.iter().enumerate() {
        say(out, &format!("Step {}: {}", number + 1, step.text))?;
        for line in &step.lines {
            say(out, line)?;
        }
    }
    Ok(())
}

/// The findings of one verdict.
fn list(
    groups: &[Group<'_>],
    verdict: Verdict,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let detailed = options.verbosity >= 1;
    let limit = |most| if detailed { usize::MAX } else { most };
    let kinds = by_kind(groups);
    let mut number = 0;
    for kind in kinds.iter().take(limit(FINDINGS)) {
        let whole = if detailed { kind.alike.as_slice() } else { &[] };
        for group in std::iter::once(&kind.first).chain(whole) {
            number += 1;
            writeln!(out)?;
            say(
                out,
                &format!("{} {number}: {}.", label(verdict), title(group.first)),
            )?;
            whole_finding(group, options, out)?;
        }
        if !detailed {
            for group in kind.alike.iter().take(PLACES) {
                say(out, &format!("Likewise: {}.", place(group.first)))?;
            }
            let rest = kind.alike.len().saturating_sub(PLACES);
            if rest > 0 {
                say(out, &format!("Likewise: {rest} more; -v tells all."))?;
            }
        }
    }
    let rest = kinds.len().saturating_sub(limit(FINDINGS));
    if rest > 0 {
        writeln!(out)?;
        say(out, &format!("And {rest} more; -v tells all."))?;
    }
    Ok(())
}

fn whole_finding(group: &Group<'_>, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let finding = group.first;
    let at = &finding.place;
    let commit = at
        .commit
        .map_or_else(String::new, |oid| format!(", in commit {}", short(oid)));
    say(out, &format!("Rule: {}.", finding.rule))?;
    say(
        out,
        &format!(
            "Place: {}, line {}, column {}{commit}.",
            at.path, at.line, at.column
        ),
    )?;
    if let Some(key) = &at.key_path {
        say(out, &format!("Key: {key}."))?;
    }
    say(out, &format!("Whose: {}.", belongs_to(finding)))?;
    say(out, &format!("Goes to: {}.", goes_to(finding)))?;
    policy(finding, out)?;
    if finding.verdict == Verdict::Warn && options.verbosity < 1 {
        return Ok(());
    }
    let most = if options.verbosity >= 1 {
        usize::MAX
    } else {
        SIGNALS
    };
    for signal in finding.evidence.iter().take(most) {
        say(out, &format!("Evidence: {}.", evidence(signal, finding)))?;
    }
    let most = if options.verbosity >= 2 {
        usize::MAX
    } else {
        PLACES
    };
    for other in group.others.iter().take(most) {
        say(out, &format!("Also at: {}.", also_at(other, finding)))?;
    }
    let rest = group.others.len().saturating_sub(most);
    if rest > 0 {
        say(
            out,
            &format!("Also at: {}.", count(rest, "more place", "more places")),
        )?;
    }
    if !finding.fingerprint.is_empty() {
        say(out, &format!("Fingerprint: {}.", finding.fingerprint))?;
    }
    if !finding.remedy.is_empty() {
        say(out, &format!("Help: {}", finding.remedy))?;
    }
    Ok(())
}

fn policy(finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let because = &finding.because;
    say(
        out,
        &format!("Policy: {}, by {}.", because.text, because.policy_line),
    )
}

const fn label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Block => "Blocked",
        Verdict::Warn => "Warning",
        Verdict::Allow => "Allowed",
    }
}

fn say(out: &mut dyn io::Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", printable(text))
}
