//! Two policies that judge together: the administrator's, and beside it the repository's, for the keys that the first one opens under
//! `[repositories]`. Every other key is locked, so that a key nobody thought of is none by which a repository weakens anything.
//!
//! Where a key is open, lists are added to each other; of a setting or a row of verdicts that both write, the administrator's counts.

use std::collections::BTreeMap;

use super::conventions::ENVIRONMENTS;
use super::mistake::Mistakes;
use super::schema::{self, At, Text, Written, WrittenEnvironment};
use super::{Policy, PolicyErrors, sha256, validate};
use crate::rules::Rule;

/// The keys that can be opened.
pub(super) const OPENABLE: [&str; 16] = [
    "history",
    "precedence",
    "conventions",
    "inline-allow",
    TIER,
    "environment.*.refs",
    "environment.*.paths",
    "environment.*.sections",
    "environment.*.words",
    "environment.*.verdicts",
    "environment.*.identity",
    "unclaimed.verdicts",
    "words",
    DISABLE,
    "rule",
    "exception",
];
/// What names files of the server, who may override, and what bounds a run is the administrator's alone.
const NEVER_OPEN: [&str; 7] = [
    "honour",
    "inventory",
    "audit",
    "limits",
    "log",
    "override",
    "repositories",
];
/// Who may give a tier may declare an environment.
const TIER: &str = "environment.*.tier";
/// A rule that takes the id of a built-in one leaves that one out.
const DISABLE: &str = "rules.disable";

/// The repository's policy that counts beside the administrator's.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) source: String,
    /// SHA-256 of its text, in hexadecimal digits.
    pub(super) digest: String,
    /// The commit that it was taken from.
    pub(super) commit: Option<String>,
}

impl Policy {
    /// Whether the repository's policy has any say beside this one.
    pub const fn opens_keys(&self) -> bool {
        !self.open.is_empty()
    }

    /// This policy, the administrator's, with what `text` says under the keys that it opens. `source` names the other in messages.
    /// What is locked is told in the notes.
    ///
    /// # Errors
    /// The mistakes of `text`, and what cannot stand beside this policy: a fact or a word that it gives to another environment.
    pub fn beside(&self, text: &str, source: &str) -> Result<Self, PolicyErrors> {
        let second = self.text.len() + 1;
        let both = format!("{}\n{text}", self.text);
        let mut mistakes = Mistakes::of_two(&both, second);
        let mut written = schema::read(&self.text, &mut mistakes).unwrap_or_default();
        // Read where it stands in the text of both, so that every place is one of that text.
        let blank = format!("{}{text}", " ".repeat(second));
        let Some(other) = schema::read(&blank, &mut mistakes) else {
            return Err(mistakes.into_errors(source));
        };
        if other.version.is_none() {
            mistakes.add(
                second,
                "`version` is missing",
                "write `version = 1` on the first line",
            );
        } else {
            written.version = other.version.clone();
        }
        let mut join = Join {
            open: &self.open,
            locked: BTreeMap::new(),
        };
        join.all(&mut written, other);
        let locked: Vec<String> = join
            .locked
            .into_iter()
            .map(|(key, offsets)| {
                let lines: Vec<String> = offsets
                    .iter()
                    .map(|at| mistakes.line(*at).to_string())
                    .collect();
                format!("{key} (line {})", lines.join(", "))
            })
            .collect();
        let mut policy = validate::validate_two(written, &self.source, source, mistakes)?;
        policy.digest.clone_from(&self.digest);
        policy.text.clone_from(&self.text);
        policy.beside = Some(Beside {
            source: source.to_owned(),
            digest: sha256(text),
            commit: None,
        });
        if !locked.is_empty() {
            policy.ignored.push(format!(
                "{source}: {} locked by {}: what is written there has no say",
                locked.join(", "),
                self.source
            ));
        }
        Ok(policy)
    }
}

type Rows = Vec<(Text, Text)>;

/// What of a second policy a first one lets in.
struct Join<'o> {
    open: &'o [&'static str],
    /// Offsets of what was locked, by key.
    locked: BTreeMap<String, Vec<usize>>,
}

impl Join<'_> {
    /// Whether a key is open; what is written at `offset` is noted where it is not.
    fn lets(&mut self, key: &str, offset: usize) -> bool {
        let open = self.open.contains(&key);
        if !open {
            self.lock(key, offset);
        }
        open
    }

    fn lock(&mut self, key: &str, offset: usize) {
        self.locked.entry(key.to_owned()).or_default().push(offset);
    }

    fn setting<T: PartialEq>(&mut self, key: &str, own: &mut Option<At<T>>, other: Option<At<T>>) {
        let Some(other) = other else { return };
        match own {
            Some(own) if own.value == other.value => {}
            Some(_) => self.lock(key, other.offset),
            None if self.lets(key, other.offset) => *own = Some(other),
            None => {}
        }
    }

    fn list(&mut self, key: &str, own: &mut Vec<Text>, mut other: Vec<Text>) {
        other.retain(|text| self.lets(key, text.offset));
        own.append(&mut other);
    }

    /// Rows of verdicts; one that the first policy writes is not for the second to write otherwise.
    fn verdicts(&mut self, key: &str, own: &[(Text, Text)], mut other: Rows) -> Rows {
        other.retain(|(row, verdict)| {
            match own.iter().find(|(known, _)| known.value == row.value) {
                Some((_, known)) if known.value == verdict.value => false,
                Some(_) => {
                    self.lock(key, row.offset);
                    false
                }
                None => self.lets(key, row.offset),
            }
        });
        other
    }

    /// What is let in of an environment. It stays beside the first policy's of the same name, so that a fact or a word of two
    /// environments is the second policy's mistake.
    fn environment(
        &mut self,
        own: &[WrittenEnvironment],
        mut other: WrittenEnvironment,
    ) -> Option<WrittenEnvironment> {
        let known = own.iter().find(|one| one.name.value == other.name.value);
        let is_declared = known.is_some()
            || ENVIRONMENTS
                .iter()
                .any(|(name, _)| *name == other.name.value);
        let mut tier = known.and_then(|known| known.tier.clone());
        self.setting(TIER, &mut tier, other.tier);
        other.tier = tier;
        if !is_declared && other.tier.is_none() {
            // Nothing can be said of an environment that is none: the line of its tier is told.
            return None;
        }
        for (key, list) in [
            ("environment.*.refs", &mut other.refs),
            ("environment.*.paths", &mut other.paths),
            ("environment.*.sections", &mut other.sections),
            ("environment.*.words", &mut other.words),
        ] {
            list.retain(|text| self.lets(key, text.offset));
        }
        let rows = known.map_or(&[][..], |known| &known.verdicts);
        other.verdicts = self.verdicts("environment.*.verdicts", rows, other.verdicts);
        other.identity = other
            .identity
            .filter(|identity| self.lets("environment.*.identity", identity.offset));
        Some(other)
    }

    /// Own rules. A rule that takes the place of another leaves that one out.
    fn rules(&mut self, own: &mut Vec<Rule>, other: Vec<Rule>, at: usize) {
        if other.is_empty() || !self.lets("rule", at) {
            return;
        }
        let may_replace = self.open.contains(&DISABLE);
        for rule in other {
            let builtin = crate::rules::builtin().iter().flat_map(|pack| &pack.rules);
            let is_taken = own.iter().any(|known| known.id == rule.id)
                || !may_replace && builtin.clone().any(|known| known.id == rule.id);
            if is_taken {
                self.lock(&format!("the rule `{}`", rule.id), at);
            } else {
                own.push(rule);
            }
        }
    }

    fn all(&mut self, own: &mut Written, other: Written) {
        self.setting("history", &mut own.history, other.history);
        self.setting("precedence", &mut own.precedence, other.precedence);
        self.setting("conventions", &mut own.conventions, other.conventions);
        self.setting("inline-allow", &mut own.inline_allow, other.inline_allow);
        let mut rows = self.verdicts("unclaimed.verdicts", &own.unclaimed, other.unclaimed);
        own.unclaimed.append(&mut rows);
        self.list("words", &mut own.ignored_words, other.ignored_words);
        self.list("words", &mut own.false_friends, other.false_friends);
        self.list(DISABLE, &mut own.disabled_rules, other.disabled_rules);
        let rules_at = other.keys.iter().find(|key| key.value == "rule");
        let rules_at = rules_at.map_or(0, |key| key.offset);
        self.rules(&mut own.rules, other.rules, rules_at);
        let administrators = own.environments.len();
        for environment in other.environments {
            let known = &own.environments[..administrators];
            let environment = self.environment(known, environment);
            own.environments.extend(environment);
        }
        for exception in other.exceptions {
            if self.lets("exception", exception.offset) {
                own.exceptions.push(exception);
            }
        }
        for text in &other.rule_files {
            self.lock("rules.files", text.offset);
        }
        for key in other.keys {
            if NEVER_OPEN.contains(&key.value.as_str()) {
                self.lock(&key.value, key.offset);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::policy::Row;

    const SOURCE: &str = "HEAD:stagegate.toml";

    fn joined(administrator: &str, repository: &str) -> Result<Policy, PolicyErrors> {
        let text = format!("version = 1\n{administrator}");
        let policy = Policy::parse(&text, "/etc/p.toml").expect("sound");
        policy.beside(&format!("version = 1\n{repository}"), SOURCE)
    }

    fn notes(policy: &Policy) -> Vec<String> {
        policy.notes(jiff::civil::date(2026, 1, 1))
    }

    #[test]
    fn what_is_not_opened_is_locked_and_told_with_its_line() {
        let policy = joined(
            "[repositories]\nopen = [\"environment.*.paths\"]\n",
            "history = \"tip\"\nconventions = false\n[log]\nfile = \"/tmp/log\"\n[environment.staging]\npaths = [\"eu\"]\n\
             verdicts = { production-credential = \"allow\" }\n[environment.own]\ntier = \"test\"\npaths = [\"x\"]\n",
        )
        .expect("sound");
        assert_eq!(
            notes(&policy),
            [
                "HEAD:stagegate.toml: conventions (line 3), environment.*.tier (line 10), environment.*.verdicts (line 8), \
                 history (line 2), log (line 4) locked by /etc/p.toml: what is written there has no say"
            ]
        );
        let claims = policy.claims_of_path("eu/a.yml");
        assert_eq!(claims[0].policy_line, "HEAD:stagegate.toml:7");
        assert_eq!(
            policy.verdict(Row::ProductionCredential, claims.first()).0,
            Verdict::Block
        );
        assert_eq!(policy.environments().count(), 4);
    }

    #[test]
    fn what_the_administrator_writes_stands_where_the_key_is_open_too() {
        let policy = joined(
            "history = \"repository\"\n[environment.staging.verdicts]\ngeneric-unknown = \"block\"\n\
             [repositories]\nopen = [\"history\", \"environment.*.verdicts\"]\n",
            "history = \"tip\"\n[environment.staging.verdicts]\ngeneric-unknown = \"allow\"\nissued-unknown = \"warn\"\n",
        )
        .expect("sound");
        let claims = policy.claims_of_ref("refs/heads/staging");
        let verdict = |row| policy.verdict(row, claims.first());
        assert_eq!(verdict(Row::GenericUnknown).1, "/etc/p.toml:4");
        assert_eq!(verdict(Row::IssuedUnknown).1, "HEAD:stagegate.toml:5");
        assert_eq!(policy.history().as_str(), "repository");
        assert!(notes(&policy)[0].contains("environment.*.verdicts (line 4), history (line 2)"));
    }

    #[test]
    fn a_rule_does_not_take_the_place_of_one_that_may_not_be_left_out() {
        let rule = |id: &str| {
            format!(
                "[[rule]]\nid = \"{id}\"\nkeywords = [\"acme_\"]\npattern = '(?P<secret>acme_[a-z0-9]{{20}})'\n"
            )
        };
        let own = format!(
            "{}{}{}",
            rule("acme"),
            rule("stripe-secret-key"),
            rule("more")
        );
        let admin = format!("{}[repositories]\nopen = [\"rule\"]\n", rule("acme"));
        let policy = joined(&admin, &own).expect("sound");
        assert!(!policy.replaces("stripe-secret-key"));
        assert!(policy.replaces("more"));
        assert!(notes(&policy)[0].contains("the rule `stripe-secret-key`"));
    }

    #[test]
    fn a_fact_of_both_sides_is_a_mistake_of_the_second() {
        let fact =
            |name: &str| format!("[environment.{name}.identity]\nhosts = [\"db.example.com\"]\n");
        let admin = format!(
            "[repositories]\nopen = [\"environment.*.identity\"]\n{}",
            fact("production")
        );
        let errors = joined(&admin, &fact("staging")).expect_err("a mistake");
        assert!(
            errors.to_string().starts_with("HEAD:stagegate.toml:3:"),
            "{errors}"
        );
        assert!(
            joined(&admin, "histori = 1")
                .expect_err("a mistake")
                .to_string()
                .starts_with("HEAD:stagegate.toml:2:1")
        );
    }
}
