//! What a policy says of rules: its own, those it leaves out, and which of another scanner's remarks it listens to.

use super::{Mistake, Policy, PolicyErrors};
use crate::rules::{Pack, own};

/// The comment by which gitleaks lets a line pass.
pub(super) const GITLEAKS_ALLOW: &str = "gitleaks:allow";
/// The file in which gitleaks keeps the findings that it lets pass.
pub(super) const GITLEAKS_IGNORE: &str = ".gitleaksignore";

/// What a policy says of rules.
#[derive(Debug, Default)]
pub(super) struct OwnRules {
    pub(super) packs: Vec<Pack>,
    pub(super) disabled: Vec<String>,
    /// Files of rules beside the policy, each with the line that names it.
    pub(super) files: Vec<(String, String)>,
    pub(super) gitleaks_allow: bool,
    /// The line that says so.
    pub(super) gitleaks_ignore: Option<String>,
    /// The content of that file, once it has been read.
    pub(super) ignored: Option<String>,
}

impl Policy {
    /// Its own rules.
    pub fn own_packs(&self) -> &[Pack] {
        &self.rules.packs
    }

    /// Whether it has rules of its own, or leaves out some.
    pub fn changes_rules(&self) -> bool {
        !self.rules.packs.is_empty() || !self.rules.disabled.is_empty()
    }

    /// Whether a rule is left out.
    pub fn disables(&self, id: &str) -> bool {
        self.rules.disabled.iter().any(|disabled| disabled == id)
    }

    /// Ids of the rules that are left out.
    pub fn disabled_rules(&self) -> &[String] {
        &self.rules.disabled
    }

    /// Whether a rule of its own replaces the built-in one of this id.
    pub fn replaces(&self, id: &str) -> bool {
        self.rules
            .packs
            .iter()
            .any(|pack| pack.rules.iter().any(|rule| rule.id == id))
    }

    /// Files of rules that stand beside the policy, each with the line that names it; the last part may hold a `*`.
    pub fn rule_files(&self) -> &[(String, String)] {
        &self.rules.files
    }

    /// Adds the rules of a file. `name` is what the file is called in messages.
    ///
    /// # Errors
    /// Every mistake of the file, each with its place.
    pub fn add_rules(&mut self, text: &str, name: &str) -> Result<(), PolicyErrors> {
        let faults = match own::read_file(text) {
            Ok(pack) => {
                let taken = pack.rules.iter().find(|rule| self.replaces(&rule.id));
                let Some(taken) = taken else {
                    self.rules.packs.push(pack);
                    return Ok(());
                };
                vec![own::Fault {
                    offset: text.find(&taken.id).unwrap_or(0),
                    what: format!("the id `{}` is taken by another rule of your own", taken.id),
                    hint: "give each rule an id of its own".to_owned(),
                }]
            }
            Err(faults) => faults,
        };
        let positions = super::mistake::Mistakes::new(text);
        let mistakes = faults
            .into_iter()
            .map(|fault| Mistake {
                line: positions.line(fault.offset),
                column: positions.column(fault.offset),
                what: fault.what,
                hint: fault.hint,
            })
            .collect();
        Err(PolicyErrors::new(name, mistakes))
    }

    /// Whether a comment `gitleaks:allow` counts like one of our own.
    pub const fn honours_gitleaks_allow(&self) -> bool {
        self.rules.gitleaks_allow
    }

    /// The line that listens to `.gitleaksignore`; `None` where none does.
    pub fn honours_gitleaks_ignore(&self) -> Option<&str> {
        self.rules.gitleaks_ignore.as_deref()
    }

    /// Keeps the content of the `.gitleaksignore` that stands beside the policy.
    pub fn set_gitleaks_ignore(&mut self, text: String) {
        self.rules.ignored = Some(text);
    }

    /// That content.
    pub fn gitleaks_ignore(&self) -> Option<&str> {
        self.rules.ignored.as_deref()
    }
}
