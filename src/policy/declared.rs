//! What a policy declares beside its environments' verdicts and facts, section by section, as it is written: for
//! `stagegate policy show`. What is declared and not shown would be believed to be missing.

use super::own::{GITLEAKS_ALLOW, GITLEAKS_IGNORE};
use super::{Policy, schema::Written};

/// A line of a policy in words, and its place where one is known.
pub type Declared = (String, Option<String>);

/// The words that a policy adds and takes away: once they are counted, it is known no more who said what.
#[derive(Debug, Default)]
pub(super) struct DeclaredWords(Vec<Declared>);

impl DeclaredWords {
    pub(super) fn of(written: &Written, line: impl Fn(usize) -> String) -> Self {
        let of_environments = written.environments.iter().flat_map(|environment| {
            let named = |text| (environment.name.value.as_str(), text);
            environment.words.iter().map(named)
        });
        let ignored = written.ignored_words.iter().map(|text| ("ignore", text));
        let friends = written
            .false_friends
            .iter()
            .map(|text| ("false-friends", text));
        let all = of_environments.chain(ignored).chain(friends);
        Self(
            all.map(|(what, text)| (format!("{what}: {}", text.value), Some(line(text.offset))))
                .collect(),
        )
    }
}

impl Policy {
    /// Sections with what they declare; those that declare nothing are left out.
    pub fn declared(&self) -> Vec<(&'static str, Vec<Declared>)> {
        let mut sections = vec![
            ("claims", self.declared_claims()),
            ("words", self.words_declared.0.clone()),
            ("inventory", self.declared_inventory()),
            ("limits", self.declared_limits()),
            ("log", self.declared_log()),
            ("honour", self.declared_remarks()),
            ("rules", self.declared_rules()),
            ("exceptions", self.declared_exceptions()),
            ("overrides", self.declared_overrides()),
            ("repositories", self.declared_open()),
        ];
        sections.retain(|(_, declared)| !declared.is_empty());
        sections
    }

    fn declared_claims(&self) -> Vec<Declared> {
        let mut claims = Vec::new();
        if !self.conventions {
            claims.push(("conventions = false: names claim nothing".to_owned(), None));
        }
        for environment in &self.environments {
            for (kind, patterns) in [("ref", &environment.refs), ("path", &environment.paths)] {
                claims.extend(patterns.iter().map(|pattern| {
                    let told = format!("{}: {kind} \"{}\"", environment.name, pattern.text);
                    (told, Some(pattern.policy_line.clone()))
                }));
            }
            claims.extend(environment.sections.iter().map(|section| {
                let told = format!(
                    "{}: section \"{}\"",
                    environment.name,
                    section.parts.join(".")
                );
                (told, Some(section.policy_line.clone()))
            }));
        }
        claims
    }

    fn declared_inventory(&self) -> Vec<Declared> {
        let Some(known) = &self.inventory else {
            return Vec::new();
        };
        let key = match &known.key_file {
            Some(file) => format!("key-file: {file}"),
            None => "key-file: none, the environment or git's configuration has the key".to_owned(),
        };
        vec![
            (
                format!("file: {}", known.file),
                Some(known.policy_line.clone()),
            ),
            (key, None),
        ]
    }

    fn declared_limits(&self) -> Vec<Declared> {
        let mut limits = Vec::new();
        if let Some(budget) = self.limits.time_budget {
            limits.push((format!("time-budget: {budget:?}"), None));
        }
        if let Some(most) = self.limits.max_memory {
            limits.push((format!("max-memory: {} MiB", most >> 20), None));
        }
        if !self.limits.refuse_unclaimed {
            limits.push(("unclaimed: allow".to_owned(), None));
        }
        limits
    }

    fn declared_log(&self) -> Vec<Declared> {
        let mut log = Vec::new();
        if let Some(file) = &self.log.file {
            let failed = if self.log.must { "refuse" } else { "continue" };
            log.push((format!("file: {file}, on-failure: {failed}"), None));
        }
        if let Some(socket) = &self.log.forward {
            log.push((format!("forward: {socket}"), None));
        }
        if let Some(file) = &self.log.metrics {
            log.push((format!("metrics: {file}"), None));
        }
        log
    }

    fn declared_overrides(&self) -> Vec<Declared> {
        let told = |may: &super::MayOverride| {
            let families: Vec<&str> = may.families.iter().map(|family| family.as_str()).collect();
            let until = may
                .expires
                .map_or(String::new(), |day| format!(", until {day}"));
            let told = format!("{}: {}{until}", may.by.join(", "), families.join(", "));
            (told, Some(may.policy_line.clone()))
        };
        self.may_override.iter().map(told).collect()
    }

    fn declared_open(&self) -> Vec<Declared> {
        let open = self.open.iter();
        open.map(|key| (format!("open: {key}"), None)).collect()
    }

    fn declared_remarks(&self) -> Vec<Declared> {
        let mut remarks = Vec::new();
        if self.rules.gitleaks_allow {
            remarks.push((GITLEAKS_ALLOW.to_owned(), None));
        }
        if let Some(line) = &self.rules.gitleaks_ignore {
            remarks.push((GITLEAKS_IGNORE.to_owned(), Some(line.clone())));
        }
        remarks
    }

    fn declared_rules(&self) -> Vec<Declared> {
        let own = self.rules.packs.iter().flat_map(|pack| &pack.rules);
        let disabled = self.rules.disabled.iter();
        own.map(|rule| (format!("own: {}", rule.id), None))
            .chain(disabled.map(|id| (format!("disabled: {id}"), None)))
            .chain(
                self.rules
                    .files
                    .iter()
                    .map(|(file, line)| (format!("file: {file}"), Some(line.clone()))),
            )
            .collect()
    }

    fn declared_exceptions(&self) -> Vec<Declared> {
        self.exceptions
            .iter()
            .map(|exception| {
                let mut told = format!("{} in {}", exception.fingerprint, exception.environment);
                if let Some(rule) = &exception.rule {
                    told += &format!(", rule {rule}");
                }
                if let Some(path) = &exception.path {
                    told += &format!(", path \"{}\"", path.text);
                }
                told += &format!(": {}", exception.told());
                (told, Some(exception.policy_line.clone()))
            })
            .collect()
    }
}
