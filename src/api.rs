//! The library's interface: judge a range, a tree or some bytes, and go through the findings. Everything else of this crate is the
//! binary's inside and may change with any version; this follows [semantic versioning](https://semver.org).
//!
//! ```no_run
//! use stagegate::api::{Gate, Outcome, Policy};
//!
//! let policy = Policy::parse(&std::fs::read_to_string("stagegate.toml")?, "stagegate.toml")?;
//! let gate = Gate::open(".".as_ref(), policy)?;
//! let report = gate.range("origin/staging", "HEAD", "staging")?;
//! for finding in &report.findings {
//!     eprintln!("{}:{}: {}", finding.place.path, finding.place.line, finding.title);
//! }
//! assert_eq!(report.outcome(), Outcome::Allowed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here prints, exits, writes, or uses the network. No type holds a secret's value: excerpts are masked when they are made.
//! Like a server, it honours comments that let a value pass only where the policy says so for every place.

use std::path::Path;

pub use crate::model::{
    Because, Destination, Family, Finding, Lifetime, Origin, OriginOf, Outcome, Place, Report,
    Signal, Strength, Tier, Unexamined, Verdict,
};
pub use crate::policy::{Policy, PolicyErrors};

use crate::check;
use crate::git::{GitError, Repository};
use crate::hook::ci;
use crate::hook::pre_commit::full_name;
use crate::judge::JudgeError;
use crate::scan::Scanner;

/// Why nothing could be decided. Where nothing could be decided, nothing may pass.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Inner);

#[derive(Debug, thiserror::Error)]
enum Inner {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Judge(#[from] JudgeError),
}

impl From<GitError> for Error {
    fn from(error: GitError) -> Self {
        Self(error.into())
    }
}

impl From<JudgeError> for Error {
    fn from(error: JudgeError) -> Self {
        Self(error.into())
    }
}

/// A policy over a repository.
pub struct Gate {
    repository: Repository,
    policy: Policy,
    scanner: Scanner<'static>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("policy", &self.policy.source())
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// Opens the repository in or around a folder. The policy is the caller's choice: [`Policy::builtin`], or one that was read
    /// from where the judged commits cannot change it. Files of rules that a policy names beside itself are not read.
    ///
    /// # Errors
    ///
    /// Where there is no repository, or it cannot be read.
    pub fn open(folder: &Path, policy: Policy) -> Result<Self, Error> {
        Ok(Self {
            repository: Repository::open_at(folder)?,
            scanner: check::scanner(&policy),
            policy,
        })
    }

    fn gate(&self) -> check::Gate<'_> {
        check::Gate {
            repository: &self.repository,
            policy: &self.policy,
            scanner: &self.scanner,
            inventory: None,
            notes: &[],
            today: jiff::Timestamp::now()
                .to_zoned(jiff::tz::TimeZone::UTC)
                .date(),
            keep_allowed: true,
            laptop: false,
            policy_ref: None,
            clock: None,
            granted: &[],
        }
    }

    /// Judges what `head` brings to a branch where `base` stands: the difference of their trees, and what the commits between
    /// them held meanwhile. Revisions are git's (`origin/staging`, a commit's id); a base of zeros is a new branch. The
    /// destination is a branch (`staging`) or a full name (`refs/tags/v1`).
    ///
    /// # Errors
    ///
    /// Where a revision is unknown, or something cannot be read.
    pub fn range(&self, base: &str, head: &str, destination: &str) -> Result<Report, Error> {
        let update = ci::read(&self.repository, base, head, Some(destination))?;
        let others = if update.old.is_none() {
            ci::others(&self.repository, &update)?
        } else {
            Vec::new()
        };
        Ok(self.gate().range(update, None, &others)?)
    }

    /// Judges all that stands in a commit or tree, as if it stood on the destination.
    ///
    /// # Errors
    ///
    /// Where the revision is unknown, or something cannot be read.
    pub fn tree(&self, revision: &str, destination: Option<&str>) -> Result<Report, Error> {
        let tree = self.repository.revision(revision)?;
        let destination = destination.map(full_name);
        Ok(self.gate().standing(tree, destination.as_deref())?)
    }

    /// Judges bytes as if they stood at a path (with `/` between its parts) on the destination. They stand in no object, so all of
    /// them are new.
    ///
    /// # Errors
    ///
    /// Where a rule does not work.
    pub fn bytes(
        &self,
        text: &[u8],
        path: &str,
        destination: Option<&str>,
    ) -> Result<Report, Error> {
        let destination = destination.map(full_name);
        Ok(self
            .gate()
            .in_hand(destination.as_deref(), path, None, text)?)
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}
