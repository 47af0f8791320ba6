//! `[log]`, `[[override]]` and `[repositories]`: what only an administrator's policy says. In one that stands in a repository they have no say:
//! whoever may push would name the file that the server writes, and themselves as who may override. ([`super::beside`] has the last.)

use jiff::civil::Date;

use super::Policy;
use crate::model::Family;

/// Variables in which servers tell hooks who pushes: GitLab, GitHub Enterprise Server, Gitea and Forgejo, Bitbucket, gitolite,
/// git over HTTP.
pub const WHO: [&str; 6] = [
    "GL_USERNAME",
    "GITHUB_USER_LOGIN",
    "GITEA_PUSHER_NAME",
    "BB_USER_NAME",
    "GL_USER",
    "REMOTE_USER",
];

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// The audit log.
    pub file: Option<String>,
    /// The socket of the system's log, which gets every line too.
    pub forward: Option<String>,
    /// The counters.
    pub metrics: Option<String>,
    /// Whether a run whose line cannot be written is refused.
    pub must: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            file: None,
            forward: None,
            metrics: None,
            must: true,
        }
    }
}

/// `[[override]]`: who may let a value pass, of which families.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MayOverride {
    /// `VARIABLE=name`.
    pub by: Vec<String>,
    /// What they may let pass.
    pub families: Vec<Family>,
    /// The last day on which they may.
    pub expires: Option<Date>,
    /// The line that says so.
    pub policy_line: String,
}

impl MayOverride {
    /// The remark on a grant that no longer holds.
    pub(super) fn note(&self, today: Date) -> Option<String> {
        let day = self.expires.filter(|day| today > *day)?;
        Some(format!(
            "{}: the [[override]] expired on {day} and lets nothing pass any more: remove it, or give it another day",
            self.policy_line
        ))
    }
}

impl Policy {
    /// What is written down about a run.
    pub const fn log(&self) -> &LogSettings {
        &self.log
    }

    /// Who may override.
    pub fn may_override(&self) -> &[MayOverride] {
        &self.may_override
    }

    /// SHA-256 of the text, in hexadecimal digits; empty for the default policy. Of two that judge together both, with a space
    /// between.
    pub fn digest(&self) -> String {
        match &self.beside {
            Some(beside) => format!("{} {}", self.digest, beside.digest),
            None => self.digest.clone(),
        }
    }

    /// The policy without what only an administrator says, and a note where it says such.
    #[must_use]
    pub fn of_repository(mut self) -> Self {
        let log = std::mem::take(&mut self.log) != LogSettings::default();
        let overrides = !std::mem::take(&mut self.may_override).is_empty();
        let open = !std::mem::take(&mut self.open).is_empty();
        for (table, is_there) in [
            ("[log]", log),
            ("[[override]]", overrides),
            ("[repositories]", open),
        ] {
            if is_there {
                self.ignored.push(format!(
                    "{}: {table} has no say in a policy that stands in a repository: it belongs into the administrator's (--policy, git config stagegate.policy)",
                    self.source
                ));
            }
        }
        self
    }
}
