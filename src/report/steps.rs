//! What to do now: numbered, concrete, short. Written for whoever was just refused and wants to go home.

use super::{
    escape::{printable, shell_word},
    group::Group,
    words::{short, without_path},
};
use crate::model::{Family, Finding, Oid, Origin, Outcome, Report, Strength, Tier};

/// Stands in a command for paths that are too many or cannot be pasted.
const TOO_MANY: &str = "<files>";

/// Names that are proposed for declaring.
const DECLARED: usize = 8;

/// One thing to do.
pub(super) struct Step {
    /// What, in a sentence or two.
    pub(super) text: String,
    /// Commands or policy lines to paste, one a line.
    pub(super) lines: Vec<String>,
}

impl Step {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            lines: Vec::new(),
        }
    }

    fn lines(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.lines.extend(lines);
        self
    }
}

/// The steps for the outcome and the mode; none where everything passed.
pub(super) fn of(report: &Report, blocked: &[Group<'_>]) -> Vec<Step> {
    match report.outcome() {
        Outcome::Allowed => Vec::new(),
        Outcome::Undecided => undecided(report),
        Outcome::Blocked => {
            let findings: Vec<&Finding> = blocked
                .iter()
                .flat_map(|group| std::iter::once(group.first).chain(group.others.iter().copied()))
                .collect();
            let mut steps = mend(&findings);
            steps.extend(bring_again(report, &findings));
            steps.extend(rotate(report, &findings));
            steps.extend(declare(&findings));
            steps.extend(except(report, blocked));
            if report.unexamined.iter().any(|entry| entry.refuses) {
                steps.push(Step::new(
                    "Look at what was not examined, too: it would refuse by itself.",
                ));
            }
            steps
        }
    }
}

fn undecided(report: &Report) -> Vec<Step> {
    let again = match report.mode {
        "pre-commit" => "commit again",
        "pre-push" | "pre-receive" | "update" => "push again",
        _ => "run it again",
    };
    let mut steps = vec![Step::new(format!(
        "Do what the reasons above say, then {again}. What cannot be read is never let through."
    ))];
    if matches!(report.mode, "pre-receive" | "update") {
        steps.push(Step::new(
            "If the cause is on the server (time, memory, policy, a broken object), show these lines to its \
             administrator.",
        ));
    }
    steps
}

/// How to mend the files: one step for each thing that is wrong.
fn mend(findings: &[&Finding]) -> Vec<Step> {
    let value = |finding: &Finding| {
        matches!(
            finding.family,
            Family::Credential | Family::Reuse | Family::Inventory
        )
    };
    let mut steps = Vec::new();
    let mut mend = |which: &dyn Fn(&Finding) -> bool, say: &dyn Fn(&str, &str) -> String| {
        let concerned: Vec<&Finding> = findings.iter().copied().filter(|f| which(f)).collect();
        if let Some(first) = concerned.first() {
            let environment = first.destination.environment.as_deref();
            let environment = printable(environment.unwrap_or("the application")).into_owned();
            steps.push(Step::new(say(&places(&concerned), &environment)));
        }
    };
    mend(
        &|finding| value(finding) && has_sandbox(finding),
        &|places, environment| {
            format!(
                "Take the value out of {places}: use the issuer's sandbox or test key in {environment}, from its secret \
                 store, read at run time."
            )
        },
    );
    mend(
        &|finding| value(finding) && !has_sandbox(finding),
        &|places, environment| {
            format!(
                "Take the value out of {places}: keep {environment}'s own value in its secret store and read it \
                 from there at run time."
            )
        },
    );
    mend(
        &|finding| finding.family == Family::Reference,
        &|places, environment| format!("Let {places} point to {environment}'s own resource."),
    );
    mend(
        &|finding| finding.family == Family::Identity,
        &|places, environment| {
            format!("Grant in {places} only what {environment} needs, and for a limited time.")
        },
    );
    mend(&|finding| finding.family == Family::Data, &|places, _| {
        format!("Replace the data in {places} by made-up data.")
    });
    steps
}

/// Whether the issuer marks keys of production as such, and so has others.
fn has_sandbox(finding: &Finding) -> bool {
    finding.evidence.iter().any(|signal| {
        signal.kind == "format"
            && signal.environment == Some(Tier::Production)
            && signal.strength == Strength::Decisive
    })
}

/// How to commit or push again without what was refused.
fn bring_again(report: &Report, findings: &[&Finding]) -> Option<Step> {
    match report.mode {
        "pre-commit" => {
            let files = files(findings)?;
            Some(
                Step::new("Stage it again and commit, or leave it out of this commit:").lines([
                    format!("git add {files}"),
                    format!("git restore --staged {files}"),
                ]),
            )
        }
        "pre-push" | "pre-receive" | "update" | "check" => Some(rewrite(report, findings)),
        _ => None,
    }
}

/// How to rewrite the commits that hold what was refused.
fn rewrite(report: &Report, findings: &[&Finding]) -> Step {
    let update = findings
        .iter()
        .find_map(|finding| {
            let name = finding.place.ref_name.as_deref()?;
            report.refs.iter().find(|update| update.name == name)
        })
        .or(report.refs.first());
    let old = update.and_then(|update| update.old).map(short);
    let tip = update.and_then(|update| update.new);
    let mut commits: Vec<Oid> = Vec::new();
    for commit in findings.iter().filter_map(|finding| finding.place.commit) {
        if !commits.contains(&commit) {
            commits.push(commit);
        }
    }
    let amend = || {
        let add = files(findings).map(|files| format!("git add {files}"));
        Step::new("Put that into the last commit and push again:")
            .lines(add)
            .lines(["git commit --amend".to_owned()])
    };
    let in_tip = findings
        .iter()
        .any(|finding| finding.place.commit.is_none());
    match commits.as_slice() {
        [] if report.stats.commits == 0 => Step::new(
            "No commit of this push is new: it brings what stands elsewhere already. Push a branch on which the \
             value does not stand.",
        ),
        [] if report.stats.commits == 1 => amend(),
        [only] if Some(*only) == tip && (!in_tip || report.stats.commits == 1) => amend(),
        known if in_tip => {
            let range = match (&old, tip.map(short)) {
                (Some(old), Some(tip)) => format!("{old}..{tip}"),
                (None, Some(tip)) => tip,
                _ => "HEAD".to_owned(),
            };
            let base = old.unwrap_or_else(|| "<that commit>~".to_owned());
            let paths = files(findings)
                .filter(|files| files != TOO_MANY)
                .map(|files| format!(" -- {files}"));
            let known: Vec<String> = known.iter().take(4).map(|commit| short(*commit)).collect();
            let among = match known.as_slice() {
                [] => String::new(),
                known => format!(" ({} among them)", known.join(", ")),
            };
            Step::new(format!(
                "Find the commits that brought it{among}, mark them `edit`, mend it there and push again. If a merge \
                 brought it, do not merge that branch here."
            ))
            .lines([
                format!("git log --oneline {range}{}", paths.unwrap_or_default()),
                format!("git rebase -i {base}"),
            ])
        }
        [only] => Step::new(format!(
            "Mark commit {} `edit`, mend it there and push again; a later commit that removes the value does not \
             remove it from history:",
            short(*only)
        ))
        .lines([format!("git rebase -i {}~", short(*only))]),
        many => {
            let named: Vec<String> = many.iter().take(4).map(|commit| short(*commit)).collect();
            let rest = match many.len() - named.len() {
                0 => String::new(),
                rest => format!(" and {rest} more"),
            };
            let base = old.unwrap_or_else(|| "<the commit before them>".to_owned());
            Step::new(format!(
                "Mark commits {}{rest} `edit`, mend each there and push again; a later commit that removes the value \
                 does not remove it from history:",
                named.join(", ")
            ))
            .lines([format!("git rebase -i {base}")])
        }
    }
}

/// Whether the value has to be replaced because it was seen.
fn rotate(report: &Report, findings: &[&Finding]) -> Option<Step> {
    let secret = findings.iter().any(|finding| {
        matches!(
            finding.family,
            Family::Credential | Family::Reuse | Family::Inventory
        )
    });
    let why = match report.mode {
        "pre-receive" | "update" => "with this push it has left your machine",
        "check" | "scan" => "it stands in commits that others may have",
        // What is only staged has not been shown to anybody yet.
        _ => return None,
    };
    secret.then(|| {
        Step::new(format!(
            "Rotate the value at its issuer and revoke the old one: {why}."
        ))
    })
}

/// How to tell the gate whose a value is, where it could not tell.
fn declare(findings: &[&Finding]) -> Option<Step> {
    let unknown = findings.iter().find(|finding| {
        let is_grant = matches!(finding.family, Family::Identity | Family::Data);
        finding.origin.environment == Origin::Unknown && !is_grant
    })?;
    // Where nothing claims the place, the policy has no environment to declare it for.
    let environment = unknown.destination.environment.as_deref()?;
    let name = printable(environment);
    let header = format!("[environment.{}.identity]", toml_key(environment));
    // What stands around the values of one environment, each list once.
    let mut lists: Vec<(&str, Vec<&str>)> = Vec::new();
    let of_one = findings
        .iter()
        .filter(|finding| finding.destination.environment.as_deref() == Some(environment));
    for known in of_one
        .flat_map(|finding| &finding.declarable)
        .take(DECLARED)
    {
        match lists.iter_mut().find(|(list, _)| *list == known.list) {
            Some((_, names)) if names.contains(&known.name.as_str()) => {}
            Some((_, names)) => names.push(&known.name),
            None => lists.push((known.list, vec![&known.name])),
        }
    }
    if lists.is_empty() {
        return Some(
            Step::new(format!(
                "Is a value of unknown origin really {name}'s own? Declare in stagegate.toml what identifies {name}, \
                 by any of hosts, aws-accounts, gcp-projects, tenants, databases:"
            ))
            .lines([header, "hosts = [\"<its host>\"]".to_owned()]),
        );
    }
    let lines = lists.iter().map(|(list, names)| {
        let names: Vec<String> = names.iter().map(|name| toml_text(name)).collect();
        format!("{list} = [{}]", names.join(", "))
    });
    Some(
        Step::new(format!(
            "Is a value of unknown origin really {name}'s own? Then declare in stagegate.toml what stands around it, \
             as far as nothing of production's is there:"
        ))
        .lines([header])
        .lines(lines),
    )
}

/// An environment's name as a part of a TOML header.
fn toml_key(name: &str) -> String {
    let bare = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        toml_text(name)
    }
}

/// A TOML string.
fn toml_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", printable(&escaped))
}

/// The exception to ask for.
fn except(report: &Report, blocked: &[Group<'_>]) -> Option<Step> {
    let mut with_fingerprint = blocked
        .iter()
        .map(|group| group.first)
        .filter(|finding| !finding.fingerprint.is_empty());
    let first = with_fingerprint.next()?;
    let others = with_fingerprint.count();
    let owner = match report.mode {
        "pre-receive" | "update" => "ask the owner of the policy for this exception",
        _ => "add this exception to stagegate.toml and have it approved",
    };
    let each = match others {
        0 => "",
        _ => " (one for each fingerprint above)",
    };
    let environment = first.destination.environment.as_deref();
    Some(
        Step::new(format!("If it must pass as it is, {owner}{each}:")).lines([
            "[[exception]]".to_owned(),
            format!("fingerprint = {}", toml_text(&first.fingerprint)),
            // `unclaimed` is the policy's own name for a place that no environment claims.
            format!(
                "environment = {}",
                toml_text(environment.unwrap_or("unclaimed"))
            ),
            "reason = \"<why it has to pass>\"".to_owned(),
            "approver = \"<who answers for it>\"".to_owned(),
            "expires = <YYYY-MM-DD>".to_owned(),
        ]),
    )
}

/// The distinct paths of findings, in their order.
fn paths<'f>(findings: &[&'f Finding]) -> Vec<&'f str> {
    let mut paths: Vec<&str> = Vec::new();
    for finding in findings {
        let path = finding.place.path.as_str();
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Paths in a sentence.
fn places(findings: &[&Finding]) -> String {
    let named: Vec<String> = paths(findings)
        .into_iter()
        .map(|path| match without_path(path) {
            Some(part) => format!("the {}", printable(part)),
            None => printable(path).into_owned(),
        })
        .collect();
    match named.as_slice() {
        [one, two] => format!("{one} and {two}"),
        [one, rest @ ..] if !rest.is_empty() => format!("{one} and {} more files", rest.len()),
        _ => named.concat(),
    }
}

/// Paths in a command; `None` where there is no file at all. A path that cannot be pasted, or one of too many, is left
/// to the reader.
fn files(findings: &[&Finding]) -> Option<String> {
    let mut paths = paths(findings);
    paths.retain(|path| without_path(path).is_none());
    if paths.is_empty() {
        return None;
    }
    let words: Option<Vec<String>> = paths.into_iter().map(shell_word).collect();
    Some(match words {
        Some(words) if words.len() <= 3 => words.join(" "),
        _ => TOO_MANY.to_owned(),
    })
}
