//! What a run found, decided and could not read. Every report format is a pure projection of this.

use serde::{Deserialize, Serialize};

use super::{Explanation, Finding, Oid, Rejection, Verdict};

/// The answer of a run; each maps to one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Exit 0.
    Allowed,
    /// Exit 1.
    Blocked,
    /// Exit 2: something that had to be read was not, so nothing may pass.
    Undecided,
}

impl Outcome {
    /// 0 allowed, 1 blocked, 2 could not decide.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Allowed => 0,
            Self::Blocked => 1,
            Self::Undecided => 2,
        }
    }
}

/// One ref that a push, a check or a scan is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefUpdate {
    /// Full name of the ref: `refs/heads/staging`.
    pub name: String,
    /// The object it pointed to; `None` for a new ref.
    pub old: Option<Oid>,
    /// The object it is to point to; `None` for a deletion.
    pub new: Option<Oid>,
    /// Environment that claims the ref itself, if any.
    pub environment: Option<String>,
}

/// Something that was not read, and why. On a claimed place this makes the outcome [`Outcome::Undecided`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unexamined {
    /// What: a path, a ref or an object, redacted.
    pub what: String,
    /// Why, and what to do.
    pub reason: String,
    /// Whether it stands where an environment claims the place, so that nothing may pass.
    pub refuses: bool,
}

/// What the run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Ref updates, the index counted as one.
    pub refs: usize,
    /// Commits whose changes were walked.
    pub commits: usize,
    /// Changes at a path that were judged.
    pub changes: usize,
    /// Distinct blobs searched.
    pub blobs: usize,
    /// Bytes of those blobs.
    pub bytes: u64,
    /// Changes whose content was not read, because no claim is on their place.
    pub unclaimed: usize,
    /// Findings the policy allowed, shown or not.
    pub allowed: usize,
    /// Wall time in milliseconds.
    pub milliseconds: u64,
}

/// Everything a run has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The mode: `pre-commit`, `pre-push`, `pre-receive`, `update`, `check`, `scan`.
    pub mode: &'static str,
    /// Which policy judged: a path, an object in the repository, or `default policy`; with the digest of its text and its commit.
    pub policy: String,
    /// The refs that were judged.
    pub refs: Vec<RefUpdate>,
    /// The findings to show, strictest first.
    pub findings: Vec<Finding>,
    /// What was not read.
    pub unexamined: Vec<Unexamined>,
    /// Remarks on this very run: what a pushed policy would change, where a range came from. Always told.
    pub news: Vec<String>,
    /// Remarks that change nothing: an expired exception, an exception that matched nothing. A hook that lets everything
    /// pass keeps them to itself.
    pub notes: Vec<String>,
    /// What looked like a credential and is taken for none; `None` where nobody asked.
    pub rejections: Option<Vec<Rejection>>,
    /// What led to each finding; empty where nobody asked.
    pub explanations: Vec<Explanation>,
    /// Counters.
    pub stats: Stats,
}

impl Report {
    /// The answer: undecided outranks blocked for the exit code of nothing being trustworthy only where nothing is
    /// blocked; a block is a block, whatever else was not read.
    pub fn outcome(&self) -> Outcome {
        if self.findings.iter().any(|f| f.verdict == Verdict::Block) {
            Outcome::Blocked
        } else if self.unexamined.iter().any(|u| u.refuses) {
            Outcome::Undecided
        } else {
            Outcome::Allowed
        }
    }
}
