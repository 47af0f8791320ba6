//! Why a verdict is what it is, and why what looks like a credential is taken for none: what `stagegate explain` and
//! `--explain-rejections` show.

use serde::Serialize;

use super::{Claim, Excerpt, Finding, Place, Verdict};

/// A candidate that is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Id of the rule that took it for a candidate.
    pub rule: String,
    /// Id of the provider's pack.
    pub provider: String,
    /// Code of the reason; its meaning never changes.
    pub reason: &'static str,
    /// The reason in one sentence.
    pub sentence: &'static str,
    /// Where it stands.
    pub place: Place,
    /// The masked line.
    pub excerpt: Excerpt,
}

/// A claim that was asked, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The claim.
    pub claim: Claim,
    /// The verdict of the row under this claim, exceptions apart.
    pub verdict: Verdict,
    /// The line of the policy that says so.
    pub policy_line: String,
}

/// Something that could be said in the policy, and what it would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Declaration {
    /// What would be different.
    pub effect: String,
    /// Lines to paste.
    pub toml: String,
}

/// A finding with all that led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The finding.
    pub finding: Finding,
    /// What each signal of the finding's evidence contributed, in the same order.
    pub contributions: Vec<&'static str>,
    /// The row of the table in `docs/origin.md` that decided, from 1.
    pub origin_row: usize,
    /// The row in words: decisive, strong and supporting signals, origin, confidence.
    pub origin_table: [&'static str; 5],
    /// The row of the verdict table: `production-credential`.
    pub verdict_row: &'static str,
    /// Every claim that counts for the place. Empty where nothing claims it.
    pub asked: Vec<Asked>,
    /// What could be declared.
    pub declarations: Vec<Declaration>,
}
