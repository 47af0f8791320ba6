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
            ("honour", self.declared_remarks()),
            ("rules", self.declared_rules()),
            ("exceptions", self.declared_exceptions()),
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
