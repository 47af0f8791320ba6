//! `stagegate explain`: a finding with all that led to it, for people and as `stagegate-explain/1`. Not here: the reports of
//! a run, which say what was decided.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::{
    escape::printable,
    json,
    words::{strength, sureness, wrap},
};
use crate::model::{Explanation, Rejection, Report, Signal};

/// The version of the schema.
const SCHEMA: &str = "stagegate-explain/1";
/// Columns of the text.
const WIDTH: usize = 100;

#[derive(Serialize)]
struct Document<'r> {
    schema: &'static str,
    policy: &'r str,
    explanations: &'r [Explanation],
    rejections: Rejections<'r>,
    unexamined: &'r [crate::model::Unexamined],
}

/// What is taken for no credential, and how many for each reason.
#[derive(Serialize)]
pub(super) struct Rejections<'r> {
    candidates: &'r [Rejection],
    reasons: BTreeMap<&'static str, usize>,
}

impl<'r> Rejections<'r> {
    pub(super) fn of(candidates: &'r [Rejection]) -> Self {
        let mut reasons = BTreeMap::new();
        for one in candidates {
            *reasons.entry(one.reason).or_default() += 1;
        }
        Self {
            candidates,
            reasons,
        }
    }

    /// `3 placeholder, 1 words`.
    pub(super) fn counted(&self) -> String {
        let counted = self.reasons.iter();
        let counted: Vec<String> = counted
            .map(|(code, many)| format!("{many} {code}"))
            .collect();
        counted.join(", ")
    }
}

/// One rejected candidate in one line.
pub(super) fn rejection(one: &Rejection) -> String {
    let place = &one.place;
    format!(
        "{}:{}:{}: {}: {}: {} ({})",
        printable(&place.path),
        place.line,
        place.column,
        printable(&one.rule),
        one.reason,
        one.sentence,
        printable(one.excerpt.text.trim())
    )
}

/// The explanations of `report` as JSON.
///
/// # Errors
/// Only those of `out`.
pub fn explained_json(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        policy: &report.policy,
        explanations: &report.explanations,
        rejections: Rejections::of(report.rejections.as_deref().unwrap_or_default()),
        unexamined: &report.unexamined,
    };
    json::emit(&document, out)
}

/// The explanations of `report` for people.
///
/// # Errors
/// Only those of `out`.
pub fn explained_text(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    for (number, explanation) in report.explanations.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        one(explanation, out)?;
    }
    let rejected = report.rejections.as_deref().unwrap_or_default();
    if !rejected.is_empty() {
        if !report.explanations.is_empty() {
            writeln!(out)?;
        }
        writeln!(out, "Taken for no credential:")?;
        for one in rejected {
            writeln!(out, "  {}", rejection(one))?;
        }
        writeln!(out, "  ({})", Rejections::of(rejected).counted())?;
    }
    for unread in &report.unexamined {
        writeln!(
            out,
            "not examined: {}: {}",
            printable(&unread.what),
            printable(&unread.reason)
        )?;
    }
    if report.explanations.is_empty() && rejected.is_empty() {
        writeln!(
            out,
            "Nothing here looks like a credential to any rule: no keyword of a rule stands beside a value of its shape, and\n\
             no key has a name that bears secrets. `stagegate rules list` shows the rules; a `[[rule]]` in the policy adds one."
        )?;
    }
    writeln!(out, "policy: {}", printable(&report.policy))
}

fn one(explanation: &Explanation, out: &mut dyn io::Write) -> io::Result<()> {
    let finding = &explanation.finding;
    let place = &finding.place;
    let origin = finding.origin;
    writeln!(
        out,
        "{}:{}:{}: {}",
        printable(&place.path),
        place.line,
        place.column,
        finding.verdict.as_str()
    )?;
    let mut say = |label: &str, text: &str| -> io::Result<()> {
        let lines = wrap(&printable(text), WIDTH - 14);
        for (number, line) in lines.iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            writeln!(out, "  {label:<12}{line}")?;
        }
        Ok(())
    };
    say("line", &finding.excerpt.text)?;
    say("rule", &format!("{}: {}", finding.rule, finding.title))?;
    if let Some(key) = &place.key_path {
        say("key", key)?;
    }
    for (signal, contribution) in finding.evidence.iter().zip(&explanation.contributions) {
        say("signal", &format!("{}; {contribution}", told(signal)))?;
    }
    if finding.evidence.is_empty() {
        say(
            "signal",
            "none: nothing in or around the value says whose it is",
        )?;
    }
    let certainty = origin.confidence.map_or(String::new(), |confidence| {
        format!(", {}", sureness(confidence))
    });
    say("origin", &format!("{}{certainty}", origin.environment))?;
    let [decisive, strong, supporting, ..] = explanation.origin_table;
    say(
        "by row",
        &format!(
            "{} of the table in docs/origin.md: decisive signals: {decisive}; strong: {strong}; supporting: {supporting}",
            explanation.origin_row
        ),
    )?;
    let lifetime = match finding.lifetime {
        crate::model::Lifetime::Short => "short",
        crate::model::Lifetime::Long => "long",
        crate::model::Lifetime::Unknown => "not told",
    };
    say("lifetime", lifetime)?;
    match &finding.destination.claimed_by {
        Some(by) => say(
            "goes to",
            &format!(
                "{}, claimed by {by}",
                finding.destination.environment.as_deref().unwrap_or("?")
            ),
        )?,
        None => say("goes to", "nothing claims the place")?,
    }
    for asked in &explanation.asked {
        let claim = &asked.claim;
        say(
            "asked",
            &format!(
                "{} ({}, {}): {} for {} ({})",
                claim.environment,
                claim.claimed_by,
                claim.policy_line,
                asked.verdict.as_str(),
                explanation.verdict_row,
                asked.policy_line
            ),
        )?;
    }
    say(
        "falls into",
        &format!("{} of the verdict table", explanation.verdict_row),
    )?;
    say(
        "verdict",
        &format!(
            "{}: {} ({})",
            finding.verdict.as_str(),
            finding.because.text,
            finding.because.policy_line
        ),
    )?;
    if !finding.fingerprint.is_empty() {
        say("fingerprint", &finding.fingerprint)?;
    }
    say("help", &finding.remedy)?;
    if !explanation.declarations.is_empty() {
        writeln!(
            out,
            "  What the policy could say to change that, each by itself:"
        )?;
    }
    for declaration in &explanation.declarations {
        for (number, line) in wrap(&printable(&declaration.effect), WIDTH - 6)
            .iter()
            .enumerate()
        {
            writeln!(out, "  {} {line}", if number == 0 { "-" } else { " " })?;
        }
        for line in declaration.toml.lines() {
            writeln!(out, "        {}", printable(line))?;
        }
    }
    Ok(())
}

fn told(signal: &Signal) -> String {
    match signal.environment {
        Some(tier) => format!(
            "{}: {} ({}, for {tier})",
            signal.kind,
            signal.text,
            strength(signal.strength)
        ),
        None => format!("{}: {}", signal.kind, signal.text),
    }
}
