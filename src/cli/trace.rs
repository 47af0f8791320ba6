//! What a run on a server leaves behind: a line of the audit log, the counters, and the overrides that a push asked for.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::git::Repository;
use crate::journal::{self, Entry, JournalError, Judged, Moved, Override};
use crate::judge::Granted;
use crate::model::{Outcome, Report, Verdict};
use crate::policy::{Policy, WHO};
use crate::scan::{self, Scanner};

use super::{Failure, Global};

/// Longer reasons are cut.
const LONGEST_REASON: usize = 200;
/// More options of one push are not read.
const MOST_OPTIONS: usize = 1000;
/// Begins the option of an override.
const OPTION: &str = "stagegate.override=";

/// Where it is left, and what is known before anything is judged.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    file: Option<PathBuf>,
    metrics: Option<PathBuf>,
    forward: Option<PathBuf>,
    must: bool,
    started: Instant,
    entry: Entry,
}

impl Trace {
    pub(super) fn new(
        file: Option<&PathBuf>,
        mode: &str,
        global: &Global,
        repository: &Repository,
        policy: &Policy,
    ) -> Self {
        let log = policy.log();
        let trace = Self {
            file: file
                .cloned()
                .or_else(|| log.file.as_ref().map(PathBuf::from)),
            metrics: log.metrics.as_ref().map(PathBuf::from),
            forward: log.forward.as_ref().map(PathBuf::from),
            must: log.must,
            started: global.started,
            entry: Entry {
                mode: mode.to_owned(),
                who: who(),
                repository: repository.git_dir().display().to_string(),
                policy: policy.source().into_owned(),
                policy_digest: policy.digest(),
                ..Entry::default()
            },
        };
        let watched = trace.clone();
        global.watch.otherwise(move |outcome| {
            // The answer is a refusal, or the policy lets what is unclaimed pass: said on standard error already.
            let _ = watched.leave(Entry {
                outcome: outcome.to_owned(),
                ..watched.entry.clone()
            });
        });
        trace
    }

    /// Runs `judge`, and writes down that nothing could be decided where it fails and has not taken the trace that it made.
    pub(super) fn around(
        judge: impl FnOnce(&mut Option<Self>) -> Result<u8, Failure>,
    ) -> Result<u8, Failure> {
        let mut trace = None;
        let answer = judge(&mut trace);
        if let (Err(_), Some(trace)) = (&answer, trace) {
            trace.failed();
        }
        answer
    }

    /// The files that it is left in.
    pub(super) fn files(&self) -> Vec<&Path> {
        let files = self.file.iter().chain(&self.metrics);
        files.map(PathBuf::as_path).collect()
    }

    /// What the push options ask for and the policy lets whoever pushes have; and what is to be said of the rest.
    pub(super) fn granted(
        &self,
        policy: &Policy,
        scanner: &Scanner<'_>,
        today: jiff::civil::Date,
    ) -> (Vec<Granted>, Vec<String>) {
        let (mut granted, mut news) = (Vec::new(), Vec::new());
        for option in push_options() {
            let Some(asked) = option.strip_prefix(OPTION) else {
                continue;
            };
            let mut nothing = |why: &str| {
                news.push(format!("the push option {OPTION} changes nothing: {why}"));
            };
            let parts: Vec<&str> = asked.splitn(3, ':').collect();
            let ["sg1", id, reason] = parts[..] else {
                nothing(
                    "it is written `stagegate.override=FINGERPRINT:REASON`, with the fingerprint from the report",
                );
                continue;
            };
            let reason: String = reason.trim().chars().take(LONGEST_REASON).collect();
            let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            if reason.is_empty() || id.is_empty() || !id.chars().all(sound) {
                nothing("a fingerprint from the report and a reason have to be given");
                continue;
            }
            if self.file.is_none() {
                nothing("no audit log is kept here (`[log] file`), and an override leaves a trace");
                continue;
            }
            let mut may = policy.may_override().iter().filter_map(|may| {
                let named = self.entry.who.iter();
                let mut named = named.map(|(variable, name)| format!("{variable}={name}"));
                let by = named.find(|name| may.by.contains(name))?;
                may.expires
                    .is_none_or(|day| today <= day)
                    .then_some((by, may))
            });
            let before = granted.len();
            let reason = scan::redact(scanner, &reason, &[]);
            granted.extend(may.by_ref().map(|(by, may)| Granted {
                fingerprint: format!("sg1:{id}"),
                by,
                reason: reason.clone(),
                families: may.families.clone(),
                policy_line: may.policy_line.clone(),
            }));
            if granted.len() == before {
                nothing(
                    "the administrator's policy names nobody like you under [[override]], or the day is over",
                );
            }
        }
        (granted, news)
    }

    /// Writes down what came of a run. Where that has to be and cannot, it is an error.
    pub(super) fn record(&self, report: &Report, granted: &[Granted]) -> Result<(), Failure> {
        let outcome = report.outcome();
        let mut entry = Entry {
            outcome: word(outcome).to_owned(),
            refs: report
                .refs
                .iter()
                .map(|update| Moved {
                    name: update.name.clone(),
                    old: update.old.map(|oid| oid.to_string()),
                    new: update.new.map(|oid| oid.to_string()),
                    environment: update.environment.clone(),
                })
                .collect(),
            unexamined: report.unexamined.len(),
            ..self.entry.clone()
        };
        for finding in &report.findings {
            if finding.verdict == Verdict::Allow {
                continue;
            }
            entry.verdicts.push(Judged {
                fingerprint: finding.fingerprint.clone(),
                rule: finding.rule.clone(),
                family: finding.family.as_str().to_owned(),
                verdict: finding.verdict.as_str().to_owned(),
                environment: finding.destination.environment.clone(),
            });
            let used = granted.iter().find(|granted| {
                granted.fingerprint == finding.fingerprint && granted.told() == finding.because.text
            });
            // One that did not help the push through is not used up.
            if let Some(granted) = used.filter(|_| outcome == Outcome::Allowed) {
                let used = Override {
                    fingerprint: granted.fingerprint.clone(),
                    by: granted.by.clone(),
                    reason: granted.reason.clone(),
                };
                if !entry.overrides.contains(&used) {
                    entry.overrides.push(used);
                }
            }
        }
        let overriding = !entry.overrides.is_empty();
        match self.leave(entry) {
            Err(error) if overriding || self.must => {
                let hint = match &error {
                    JournalError::Used { .. } => {
                        "take the value out, or ask for an [[exception]] in the policy"
                    }
                    JournalError::Write { .. } => {
                        "nothing passes without its line in the log: make room, or let the user of this hook write the file and its folder (`[log] on-failure`)"
                    }
                    JournalError::Forward { .. } => {
                        "nothing passes whose line does not reach the log of the system: let a daemon listen there, or take `[log] forward` out"
                    }
                };
                // What stands in the log already is not what came of it.
                let is_forward = matches!(error, JournalError::Forward { .. });
                if is_forward || overriding && matches!(error, JournalError::Used { .. }) {
                    self.failed();
                }
                Err(Failure::new(error.to_string()).hint(hint))
            }
            _ => Ok(()),
        }
    }

    /// Writes down that nothing could be decided. The answer is a refusal already.
    pub(super) fn failed(&self) {
        let _ = self.leave(Entry {
            outcome: word(Outcome::Undecided).to_owned(),
            ..self.entry.clone()
        });
    }

    fn leave(&self, mut entry: Entry) -> Result<(), JournalError> {
        let took = self.started.elapsed();
        entry.milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (outcome, overrides) = (entry.outcome.clone(), entry.overrides.len());
        let left = match &self.file {
            Some(file) => journal::append(file, entry).and_then(|line| match &self.forward {
                Some(socket) => journal::forward(socket, &line, &outcome),
                None => Ok(()),
            }),
            None => Ok(()),
        };
        if let Some(file) = &self.metrics {
            let outcome = if left.is_ok() { &outcome } else { "undecided" };
            // Figures decide nothing.
            let _ = journal::count(file, outcome, overrides, took.as_secs_f64());
        }
        left
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::Blocked => "blocked",
        Outcome::Undecided => "undecided",
    }
}

/// What the server says of who pushes.
fn who() -> Vec<(String, String)> {
    let named = |variable: &&str| {
        let name = std::env::var(variable)
            .ok()
            .filter(|name| !name.is_empty())?;
        Some(((*variable).to_owned(), name))
    };
    WHO.iter().filter_map(named).collect()
}

/// What `git push -o` brought.
fn push_options() -> Vec<String> {
    let count = std::env::var("GIT_PUSH_OPTION_COUNT").ok();
    let count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    (0..count.min(MOST_OPTIONS))
        .filter_map(|at| std::env::var(format!("GIT_PUSH_OPTION_{at}")).ok())
        .collect()
}
