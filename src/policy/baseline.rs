//! The baseline: values that stood in an environment when somebody took stock. What is in it is no longer refused, and is
//! never silent; an [exception](super::exception) is a person's decision for a time, this is a debt with a date on it.
//!
//! By value and environment, not by path, line or commit: it survives rebases, renames and reformatting. One entry a line,
//! sorted, so that git merges two of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Mistake, Policy, PolicyErrors};

/// What the first line of the file says.
const SCHEMA: &str = "stagegate-baseline/1";

/// A baseline; empty where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<(String, String), Entry>,
    /// The environments of the entries there have been.
    environments: BTreeSet<String>,
}

/// One value in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Id of the value.
    pub fingerprint: String,
    /// Name of the environment, or `unclaimed`.
    pub environment: String,
    /// Id of the rule that found it.
    pub rule: String,
    /// The day since which it stands in the repository, where history tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// The day on which it was written down.
    pub added: Date,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    schema: String,
}

impl Entry {
    /// Since when it is known to stand.
    pub fn known_since(&self) -> Date {
        self.since.unwrap_or(self.added)
    }

    /// Its age in words, for a reason.
    pub(super) fn told(&self, today: Date) -> String {
        let days = days(self.known_since(), today);
        format!(
            "is in the baseline since {} and {days} {} old: it still has to go",
            self.added,
            if days == 1 { "day" } else { "days" }
        )
    }
}

/// Whole days from one day to another; none where the other is earlier.
pub fn days(from: Date, to: Date) -> i64 {
    (to - from).get_days().max(0).into()
}

impl Baseline {
    /// Reads one. `name` is what the file is called in messages.
    ///
    /// # Errors
    /// Every line that is none.
    pub fn parse(text: &str, name: &str) -> Result<Self, PolicyErrors> {
        let mut baseline = Self::default();
        let mut mistakes = Vec::new();
        let mut wrong = |line: usize, what: String, hint: &str| {
            mistakes.push(Mistake {
                line,
                column: 1,
                what,
                hint: hint.to_owned(),
            });
        };
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
        match lines.next() {
            None => {}
            Some((number, first)) => match serde_json::from_str::<Head>(first) {
                Ok(head) if head.schema == SCHEMA => {}
                _ => wrong(
                    number,
                    format!("the first line of a baseline is {{\"schema\":\"{SCHEMA}\"}}"),
                    "write it again with `stagegate audit --baseline`",
                ),
            },
        }
        for (number, line) in lines {
            match serde_json::from_str::<Entry>(line) {
                Ok(entry) => {
                    baseline.add(entry);
                }
                // What serde says quotes the line, and a line may hold anything.
                Err(error) => wrong(
                    number,
                    format!("not an entry of a baseline (column {})", error.column()),
                    "after a merge, take the lines of both sides; or write it again with `stagegate audit --baseline`",
                ),
            }
        }
        if mistakes.is_empty() {
            Ok(baseline)
        } else {
            Err(PolicyErrors::new(name, mistakes))
        }
    }

    /// The file: a line that says what it is, then one for each entry, sorted.
    pub fn to_text(&self) -> String {
        let head = Head {
            schema: SCHEMA.to_owned(),
        };
        let mut text = line(&head);
        for entry in self.entries.values() {
            text.push_str(&line(entry));
        }
        text
    }

    /// Adds a value; one that is there keeps its days. Tells whether it is new.
    pub fn add(&mut self, entry: Entry) -> bool {
        let key = (entry.fingerprint.clone(), entry.environment.clone());
        self.environments.insert(entry.environment.clone());
        match self.entries.entry(key) {
            std::collections::btree_map::Entry::Occupied(_) => false,
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(entry);
                true
            }
        }
    }

    /// Keeps what `stands`, and gives back the rest.
    pub fn prune(&mut self, stands: impl Fn(&str, &str) -> bool) -> Vec<Entry> {
        let mut gone = Vec::new();
        self.entries.retain(|(fingerprint, environment), entry| {
            let stands = stands(fingerprint, environment);
            if !stands {
                gone.push(entry.clone());
            }
            stands
        });
        gone
    }

    /// The entry of a value in an environment.
    pub fn entry(&self, fingerprint: &str, environment: &str) -> Option<&Entry> {
        self.entries
            .get(&(fingerprint.to_owned(), environment.to_owned()))
    }

    /// Whether anything of this environment is in it.
    pub(super) fn knows(&self, environment: &str) -> bool {
        self.environments.contains(environment)
    }

    /// Every entry, by fingerprint and environment.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries of `new` are not here, and how many here are not in `new`.
    pub fn difference(&self, new: &Self) -> (usize, usize) {
        let only = |one: &Self, other: &Self| {
            one.entries
                .keys()
                .filter(|key| !other.entries.contains_key(*key))
                .count()
        };
        (only(new, self), only(self, new))
    }
}

/// Texts and dates always can be written as JSON.
fn line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

impl Policy {
    /// The file of the baseline, beside the policy, if it names one.
    pub fn baseline_file(&self) -> Option<&str> {
        self.audit.baseline.as_ref().map(|(file, _)| file.as_str())
    }

    /// What stood when somebody took stock.
    pub const fn baseline(&self) -> &Baseline {
        &self.audit.entries
    }

    /// Keeps the content of the baseline that stands beside the policy.
    pub fn set_baseline(&mut self, baseline: Baseline) {
        self.audit.entries = baseline;
    }

    /// Days after which a credential should have been rotated.
    pub const fn rotation_age(&self) -> u32 {
        self.audit.rotation_age
    }
}

/// `[audit]`: what the posture of a repository is measured against.
#[derive(Debug)]
pub(super) struct AuditSettings {
    pub(super) rotation_age: u32,
    /// The file, and the line that names it.
    pub(super) baseline: Option<(String, String)>,
    /// Its content, once it has been read.
    pub(super) entries: Baseline,
}

/// A quarter: what most frameworks that name a number ask of long-lived credentials.
const ROTATION_AGE: u32 = 90;

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            rotation_age: ROTATION_AGE,
            baseline: None,
            entries: Baseline::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fingerprint: &str, environment: &str) -> Entry {
        Entry {
            fingerprint: fingerprint.to_owned(),
            environment: environment.to_owned(),
            rule: "generic-password".to_owned(),
            since: Some(Date::constant(2026, 1, 1)),
            added: Date::constant(2026, 3, 1),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut baseline = Baseline::default();
        assert!(baseline.add(entry("sg1:b", "staging")));
        assert!(baseline.add(entry("sg1:a", "staging")));
        assert!(baseline.add(entry("sg1:a", "production")));
        assert!(!baseline.add(entry("sg1:a", "production")));
        let text = baseline.to_text();
        assert_eq!(text.lines().count(), 4);
        assert_eq!(Baseline::parse(&text, "b").as_ref(), Ok(&baseline));
        let gone = baseline.prune(|fingerprint, _| fingerprint == "sg1:b");
        assert_eq!((gone.len(), baseline.len()), (2, 1));
        assert_eq!(baseline.entry("sg1:a", "staging"), None);
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_without_its_content() {
        let text = "{\"schema\":\"stagegate-baseline/2\"}\n<<<<<<< HEAD\n\n{\"fingerprint\":\"hunter2\"}\n";
        let errors = Baseline::parse(text, "b").expect_err("mistakes");
        let lines: Vec<usize> = errors.mistakes().iter().map(|one| one.line).collect();
        assert_eq!(lines, [1, 2, 4]);
        assert!(!errors.to_string().contains("hunter2"));
        assert!(Baseline::parse("", "b").expect("empty").is_empty());
    }

    #[test]
    fn its_age_is_since_it_stands() {
        let told = entry("sg1:a", "staging").told(Date::constant(2026, 3, 2));
        assert!(told.contains("since 2026-03-01 and 60 days old"), "{told}");
    }
}
