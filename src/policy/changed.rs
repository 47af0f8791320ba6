//! What another policy would change, in short. Says names of environments, rows and numbers only: a policy that is being
//! pushed may hold anything in its patterns.

use std::collections::BTreeSet;

use super::{Environment, Policy, Row};
use crate::model::{Claim, EnvironmentFacts};

/// What another policy would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// One short sentence each, in the order of the file.
    pub told: Vec<String>,
    /// Whether it claims places that were not claimed so before.
    pub claims_more: bool,
}

impl Policy {
    /// What `new` would change.
    pub fn changes(&self, new: &Self) -> Changes {
        let mut changes = Changes::default();
        let mut say = |sentence: String| changes.told.push(sentence);
        let mut setting = |key: &str, old: &str, new: &str| {
            if old != new {
                say(format!("{key} {old} -> {new}"));
            }
        };
        setting("history", self.history.as_str(), new.history.as_str());
        setting(
            "precedence",
            self.precedence.as_str(),
            new.precedence.as_str(),
        );
        let word = |is: bool| if is { "true" } else { "false" };
        setting("conventions", word(self.conventions), word(new.conventions));
        setting(
            "inline-allow",
            self.inline_allow.as_str(),
            new.inline_allow.as_str(),
        );
        let files = |policy: &Self| {
            let named = policy.inventory.as_ref();
            named.map(|named| (named.file.clone(), named.key_file.clone()))
        };
        match (files(self), files(new)) {
            (None, Some(_)) => say("inventory named".to_owned()),
            (Some(_), None) => say("inventory no longer named".to_owned()),
            (old, new) if old != new => say("inventory: another file".to_owned()),
            _ => {}
        }
        let mut setting = |key: &str, old: String, new: String| {
            if old != new {
                say(format!("{key} {old} -> {new}"));
            }
        };
        setting(
            "rotation-age",
            self.rotation_age().to_string(),
            new.rotation_age().to_string(),
        );
        let budget = |policy: &Self| {
            let budget = policy.limits.time_budget;
            budget.map_or_else(|| "none".to_owned(), |budget| format!("{budget:?}"))
        };
        setting("time-budget", budget(self), budget(new));
        let memory = |policy: &Self| {
            let most = policy.limits.max_memory;
            most.map_or_else(|| "none".to_owned(), |most| format!("{} MiB", most >> 20))
        };
        setting("max-memory", memory(self), memory(new));
        let unclaimed = |policy: &Self| {
            let refuses = policy.limits.refuse_unclaimed;
            if refuses { "refuse" } else { "allow" }.to_owned()
        };
        setting("limits.unclaimed", unclaimed(self), unclaimed(new));
        match (self.baseline_file(), new.baseline_file()) {
            (None, Some(_)) => say("baseline named".to_owned()),
            (Some(_), None) => say("baseline no longer named".to_owned()),
            (old, new) if old != new => say("baseline: another file".to_owned()),
            _ => {}
        }
        let mut claims_more = new.conventions && !self.conventions;

        for environment in &new.environments {
            match self.named(&environment.name) {
                None => {
                    say(format!("environment {} added", environment.name));
                    claims_more = true;
                }
                Some(old) if old.tier != environment.tier => say(format!(
                    "environment {}: tier {} -> {}",
                    environment.name, old.tier, environment.tier
                )),
                Some(_) => {}
            }
        }
        for environment in &self.environments {
            if new.named(&environment.name).is_none() {
                say(format!("environment {} removed", environment.name));
            }
        }
        let nothing = Environment::new("", crate::model::Tier::Test);
        for environment in &new.environments {
            let old = self.named(&environment.name).unwrap_or(&nothing);
            let patterns = |list: &[super::Pattern]| -> BTreeSet<String> {
                list.iter().map(|pattern| pattern.text.clone()).collect()
            };
            let sections = |environment: &Environment| -> BTreeSet<String> {
                environment
                    .sections
                    .iter()
                    .map(|section| section.parts.join("."))
                    .collect()
            };
            for (list, old, new) in [
                ("refs", patterns(&old.refs), patterns(&environment.refs)),
                ("paths", patterns(&old.paths), patterns(&environment.paths)),
                ("sections", sections(old), sections(environment)),
                (
                    "identity facts",
                    facts(self, &environment.name),
                    facts(new, &environment.name),
                ),
            ] {
                if let Some(told) = difference(&old, &new) {
                    say(format!("{list} of {}: {told}", environment.name));
                    claims_more |=
                        list != "identity facts" && new.difference(&old).next().is_some();
                }
            }
        }
        if self.vocabulary != new.vocabulary {
            say("environment words changed".to_owned());
            claims_more = true;
        }
        for (name, claim) in self
            .columns()
            .into_iter()
            .chain([("unclaimed".to_owned(), None)])
        {
            if claim.is_some() && new.named(&name).is_none() {
                continue;
            }
            for row in Row::ALL {
                let (before, after) = (
                    self.verdict(row, claim.as_ref()).0,
                    new.verdict(row, claim.as_ref()).0,
                );
                if before != after {
                    say(format!(
                        "{name}.{} {} -> {}",
                        row.key(),
                        before.as_str(),
                        after.as_str()
                    ));
                }
            }
        }
        let left_out = |policy: &Policy| -> BTreeSet<String> {
            policy.disabled_rules().iter().cloned().collect()
        };
        if let Some(told) = difference(&left_out(self), &left_out(new)) {
            say(format!("rules left out: {told}"));
        }
        if self.own_packs() != new.own_packs() || self.rule_files() != new.rule_files() {
            say("its own rules changed".to_owned());
        }
        if self.honours_gitleaks_allow() != new.honours_gitleaks_allow()
            || self.honours_gitleaks_ignore().is_some() != new.honours_gitleaks_ignore().is_some()
        {
            say("which remarks of gitleaks are honoured changed".to_owned());
        }
        let (old, young) = (exceptions(self), exceptions(new));
        if let Some(told) = difference(&old, &young) {
            say(format!(
                "exceptions {} -> {} ({told})",
                old.len(),
                young.len()
            ));
        }
        changes.claims_more = claims_more;
        changes
    }

    fn named(&self, name: &str) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|environment| environment.name == name)
    }

    fn columns(&self) -> Vec<(String, Option<Claim>)> {
        self.environments
            .iter()
            .map(|environment| {
                (
                    environment.name.clone(),
                    Some(environment.claim(String::new(), "")),
                )
            })
            .collect()
    }
}

fn facts(policy: &Policy, name: &str) -> BTreeSet<String> {
    let lists = |facts: &EnvironmentFacts| {
        [
            ("host", &facts.hosts),
            ("aws", &facts.aws_accounts),
            ("gcp", &facts.gcp_projects),
            ("azure", &facts.azure_subscriptions),
            ("tenant", &facts.tenants),
            ("namespace", &facts.namespaces),
            ("cluster", &facts.clusters),
            ("database", &facts.databases),
            ("vault path", &facts.vault_paths),
            ("kms", &facts.kms_keys),
            ("age", &facts.age_recipients),
        ]
        .into_iter()
        .flat_map(|(kind, list)| list.iter().map(move |fact| format!("{kind} {fact}")))
        .collect::<Vec<_>>()
    };
    policy
        .facts
        .environments
        .iter()
        .filter(|facts| facts.name == name)
        .flat_map(lists)
        .collect()
}

fn exceptions(policy: &Policy) -> BTreeSet<String> {
    policy
        .exceptions
        .iter()
        .map(|exception| {
            let path = exception.path.as_ref().map(|pattern| pattern.text.as_str());
            format!(
                "{} {} {:?} {path:?} {}",
                exception.fingerprint, exception.environment, exception.rule, exception.expires
            )
        })
        .collect()
}

/// `2 added, 1 removed`; `None` where nothing is.
fn difference(old: &BTreeSet<String>, new: &BTreeSet<String>) -> Option<String> {
    let (added, removed) = (new.difference(old).count(), old.difference(new).count());
    match (added, removed) {
        (0, 0) => None,
        (added, 0) => Some(format!("{added} added")),
        (0, removed) => Some(format!("{removed} removed")),
        (added, removed) => Some(format!("{added} added, {removed} removed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(old: &str, new: &str) -> Vec<String> {
        let parse =
            |text: &str| Policy::parse(&format!("version = 1\n{text}"), "test").expect("sound");
        parse(old).changes(&parse(new)).told
    }

    #[test]
    fn each_kind_of_change_is_told_in_short() {
        assert_eq!(changes("", ""), Vec::<String>::new());
        assert_eq!(
            changes("", "history = \"tip\"\ninline-allow = \"always\"\n"),
            [
                "history environment -> tip",
                "inline-allow laptop -> always"
            ]
        );
        assert_eq!(
            changes(
                "",
                "[environment.staging]\nrefs = [\"release/*\"]\n[environment.staging.verdicts]\nproduction-credential = \"allow\"\n"
            ),
            [
                "refs of staging: 1 added",
                "staging.production-credential block -> allow"
            ]
        );
        let with = |day: &str| {
            format!(
                "[[exception]]\nfingerprint = \"sg1:0000000000000000\"\nenvironment = \"staging\"\nreason = \"a\"\napprover = \"b\"\nexpires = {day}\n"
            )
        };
        assert_eq!(
            changes("", &with("2030-01-01")),
            ["exceptions 0 -> 1 (1 added)"]
        );
        assert_eq!(
            changes(&with("2030-01-01"), &with("2031-01-01")),
            ["exceptions 1 -> 1 (1 added, 1 removed)"]
        );
        let added = changes("", "[environment.rehearsal]\ntier = \"staging\"\n");
        assert_eq!(added[0], "environment rehearsal added");
        let removed = changes("[environment.rehearsal]\ntier = \"staging\"\n", "");
        assert_eq!(removed[0], "environment rehearsal removed");
    }

    #[test]
    fn more_claims_are_marked() {
        let parse =
            |text: &str| Policy::parse(&format!("version = 1\n{text}"), "test").expect("sound");
        let (none, some) = (
            parse(""),
            parse("[environment.staging]\nrefs = [\"next\"]\n"),
        );
        assert!(none.changes(&some).claims_more);
        assert!(!some.changes(&none).claims_more);
    }
}
