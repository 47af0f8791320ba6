//! The outcome and why, in one line: the first thing that every format for people says.

use super::{
    escape::printable,
    group::{Group, by_value},
    words::{COLUMNS, count, noun},
};
use crate::model::{Finding, Outcome, Report, Unexamined, Verdict};

/// The line, without `stagegate: ` before it; `None` where everything passed without a remark.
pub(super) fn of(report: &Report, findings: &[&Finding]) -> Option<String> {
    match report.outcome() {
        Outcome::Blocked => Some(why(report, "refused", &by_value(findings, Verdict::Block))),
        Outcome::Undecided => {
            let unread = report.unexamined.iter().filter(|entry| entry.refuses);
            let unread: Vec<&Unexamined> = unread.collect();
            let why = match unread.as_slice() {
                [only] => format!("{} was not examined", printable(&only.what)),
                many => format!("{} things were not examined", many.len()),
            };
            Some(format!("could not decide: {why}"))
        }
        Outcome::Allowed => {
            let warned = by_value(findings, Verdict::Warn);
            let outcome = match warned.len() {
                0 => return None,
                1 => "allowed with a warning",
                _ => "allowed with warnings",
            };
            Some(why(report, outcome, &warned))
        }
    }
}

/// The line of every report: of one that passed without a remark, too.
pub(super) fn always(report: &Report, findings: &[&Finding]) -> String {
    of(report, findings).unwrap_or_else(|| "allowed".to_owned())
}

fn why(report: &Report, outcome: &str, groups: &[Group<'_>]) -> String {
    let mut kinds: Vec<((String, String), usize)> = Vec::new();
    let mut destinations: Vec<String> = Vec::new();
    for group in groups {
        let noun = noun(group.first);
        match kinds.iter_mut().find(|(known, _)| *known == noun) {
            Some((_, number)) => *number += 1,
            None => kinds.push((noun, 1)),
        }
        for finding in std::iter::once(&group.first).chain(&group.others) {
            if let Some(environment) = &finding.destination.environment {
                let name = printable(environment).into_owned();
                if !destinations.contains(&name) {
                    destinations.push(name);
                }
            }
        }
    }
    let numbers: Vec<usize> = kinds.iter().map(|(_, number)| *number).collect();
    let kinds: Vec<String> = kinds
        .iter()
        .map(|((one, many), number)| count(*number, one, many))
        .collect();
    let to = match destinations.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [one, two] => format!("{one} and {two}"),
        many => format!("{} environments", many.len()),
    };
    let whose = if groups.len() == 1 { "its" } else { "their" };
    let (way, short_way) = match to.as_str() {
        "" => (String::new(), String::new()),
        to if report.mode == "scan" => (format!(" in {to}"), format!(" in {to}")),
        to => (format!(" on {whose} way to {to}"), format!(" for {to}")),
    };
    let all = kinds.join(", ");
    let rest = groups.len() - numbers.first().copied().unwrap_or_default();
    let first = match kinds.first() {
        Some(first) if rest > 0 => format!("{first} and {rest} more"),
        _ => all.clone(),
    };
    // One line, as full as it may be.
    let lines = [
        format!("{outcome}: {all}{way}"),
        format!("{outcome}: {all}{short_way}"),
        format!("{outcome}: {first}{short_way}"),
    ];
    let room = COLUMNS - "stagegate: ".len();
    let fits = lines.iter().find(|line| line.chars().count() <= room);
    fits.unwrap_or(&lines[2]).clone()
}
