//! The posture of repositories: which credentials stand where, since when, and what crosses a boundary. Every format of an
//! audit is a pure projection of this; the lines of a fleet are its records. Holds no secret: names were redacted when the
//! records were made.
//!
//! Records say days, not ages, and nothing of the machine or the hour: the same repository, policy, program and day make the
//! same records everywhere.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Family, Lifetime, OriginOf, Tier, Unexamined, Verdict};

/// The version of the schema. A new key may come without a new version; a key that goes or changes its meaning may not.
pub const POSTURE_SCHEMA: &str = "stagegate-posture/1";

/// Of one repository or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Posture {
    /// What was audited.
    pub repositories: Vec<AuditedRepository>,
    /// What was found there, what matters most first.
    pub credentials: Vec<AuditedCredential>,
}

/// A record as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PostureRecord {
    /// What was audited.
    Repository(Box<AuditedRepository>),
    /// One credential in one repository.
    Credential(Box<AuditedCredential>),
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditedRepository {
    /// [`POSTURE_SCHEMA`].
    pub schema: String,
    /// What it is called.
    pub repository: String,
    /// The day of which everything is said.
    pub as_of: Date,
    /// Name and version of the program.
    pub tool: String,
    /// Tells refs, policy, inventory and program apart: where it is the same, so is everything else.
    pub input: String,
    /// Which policy judged.
    pub policy: String,
    /// Days after which a credential should have been rotated.
    pub rotation_age: u32,
    /// Every environment of the policy.
    pub environments: Vec<EnvironmentOfPolicy>,
    /// Refs.
    pub refs: usize,
    /// Commits that they reach.
    pub commits: usize,
    /// Exceptions of the policy.
    pub exceptions: Vec<AuditedException>,
    /// Branches and folders that look like an environment and that nothing claims.
    pub unclaimed: Vec<Unclaimed>,
    /// What the policy leaves open here, in sentences.
    pub uncovered: Vec<String>,
    /// What stands in an environment beside credentials, and would be refused or warned about if it came today.
    #[serde(default)]
    pub boundary: Vec<AuditedBoundary>,
    /// What was not read.
    pub unexamined: Vec<Unexamined>,
    /// The baseline, where the policy names one.
    pub baseline: Option<AuditedBaseline>,
    /// Why it could not be audited; everything else is empty then.
    pub error: Option<String>,
}

/// An environment by name and tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentOfPolicy {
    /// Its own name.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
}

/// How an exception stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExceptionState {
    /// It holds, and something stands that needs it.
    Active,
    /// It holds for at most thirty more days.
    Expiring,
    /// It holds no longer.
    Expired,
    /// It holds, and nothing stands that needs it.
    Unused,
}

impl ExceptionState {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Unused => "unused",
        }
    }
}

/// An exception of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditedException {
    /// The value that it lets pass.
    pub fingerprint: String,
    /// Where.
    pub environment: String,
    /// Who answers for it.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
    /// How it stands.
    pub state: ExceptionState,
    /// The line of the policy.
    pub policy_line: String,
}

/// A place that looks like an environment's and is claimed by none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unclaimed {
    /// `branch` or `folder`.
    pub what: String,
    /// Its name.
    pub name: String,
    /// The word in it.
    pub word: String,
    /// The tier that the word means.
    pub tier: Tier,
    /// Of a folder: the files in and below it at HEAD.
    pub files: usize,
}

/// Pointers over the boundary, grants of access or data at the tips of refs, counted by rule and environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditedBoundary {
    /// `reference`, `identity` or `data`.
    pub family: Family,
    /// The rule.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub environment: String,
    /// What the policy would say if it came today.
    pub verdict: Verdict,
    /// In how many places.
    pub places: usize,
    /// The first of them: path and line.
    pub first: String,
}

/// How the baseline stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditedBaseline {
    /// The file.
    pub file: String,
    /// Its entries.
    pub entries: usize,
    /// Those that stand no longer: `--prune` removes them.
    pub gone: Vec<GoneEntry>,
}

/// An entry of the baseline that stands no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneEntry {
    /// The value.
    pub fingerprint: String,
    /// The environment in which it stood.
    pub environment: String,
    /// When it was written down.
    pub added: Date,
}

/// One value in one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditedCredential {
    /// [`POSTURE_SCHEMA`].
    pub schema: String,
    /// The repository.
    pub repository: String,
    /// The day of which everything is said.
    pub as_of: Date,
    /// Stable id of the value, the same in every repository.
    pub fingerprint: String,
    /// Id of the rule.
    pub rule: String,
    /// Name of the kind of credential.
    pub title: String,
    /// Id of the provider's pack.
    pub provider: String,
    /// `credential`, or `inventory` where only the inventory knows it.
    pub family: Family,
    /// Whose it is, by all its places.
    pub origin: OriginOf,
    /// The strongest sentences for that.
    pub evidence: Vec<String>,
    /// How long such a credential lives.
    pub lifetime: Lifetime,
    /// Whether it opens more than one application needs.
    pub privileged: bool,
    /// Publishable by design.
    pub public: bool,
    /// The inventory knows that it was revoked.
    pub revoked: bool,
    /// Whether it stands at the tip of any ref; else only history holds it.
    pub standing: bool,
    /// The strictest that the policy says of where it stands; `allow` where it stands nowhere.
    pub verdict: Verdict,
    /// Why.
    pub because: String,
    /// Names of the environments in which it stands at a tip, or once stood where it stands no longer.
    pub environments: Vec<String>,
    /// Over which boundaries it goes: `production > staging`, from whose it is to where it stands.
    pub crosses: Vec<String>,
    /// The tiers that share it, where there are several.
    pub shared: Vec<Tier>,
    /// The first commit that held it.
    pub first: Since,
    /// The last change that took it away, where it stands no longer.
    pub gone: Option<Since>,
    /// When it last took the place of another value at one of its keys.
    pub rotated: Option<Since>,
    /// Whether it stands, or stood, for longer than the policy's rotation age.
    pub overdue: bool,
    /// When it was written into the baseline, where it is in it.
    pub baseline: Option<Date>,
    /// Where it stands and stood, at most [`MOST_PLACES`].
    pub places: Vec<AuditedPlace>,
    /// Places that are left out.
    pub more_places: usize,
    /// What to do about it.
    pub remedy: String,
}

/// So many places of a credential are told.
pub const MOST_PLACES: usize = 40;

/// So many refs of a place are told.
pub const MOST_REFS: usize = 12;

/// A commit that did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// The commit.
    pub commit: String,
    /// The day on which it was written, in UTC.
    pub date: Date,
    /// By whom; `None` where names were not asked for.
    pub author: Option<String>,
}

/// A path and key that holds a credential, or once did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditedPlace {
    /// Path in the tree; `(commit message)` and the like have none.
    pub path: String,
    /// Dotted key path, where the syntax was understood.
    pub key: Option<String>,
    /// Line, from 1, where it was last seen.
    pub line: usize,
    /// The refs at whose tips it stands, claimed ones first, at most [`MOST_REFS`]; empty where it stands no longer.
    pub refs: Vec<String>,
    /// Refs that are left out.
    pub more_refs: usize,
    /// Names of the environments that claim it.
    pub environments: Vec<String>,
    /// What claims it, in words.
    pub claimed_by: Vec<String>,
    /// What the policy says of it; `None` where it stands no longer.
    pub verdict: Option<Verdict>,
    /// The first commit that held it here.
    pub since: Since,
    /// The last change that took it away, where it stands no longer.
    pub until: Option<Since>,
    /// The value whose place it took, by fingerprint.
    pub replaced: Option<String>,
}

impl AuditedCredential {
    /// Days for which it has stood, or stood.
    pub fn days(&self) -> i64 {
        let end = match &self.gone {
            Some(gone) if !self.standing => gone.date,
            _ => self.as_of,
        };
        (end - self.first.date).get_days().max(0).into()
    }

    /// What matters most sorts first: what crosses a boundary, what is refused, what stands, what is old.
    pub fn weight(&self) -> impl Ord + use<> {
        std::cmp::Reverse((
            self.revoked && self.standing,
            !self.crosses.is_empty() && self.standing,
            self.standing,
            self.verdict,
            !self.crosses.is_empty(),
            self.overdue && !self.public,
            self.days(),
        ))
    }
}

impl Posture {
    /// The records in the order in which they are written: repositories by name, credentials by weight.
    pub fn sort(&mut self) {
        self.repositories
            .sort_by(|a, b| a.repository.cmp(&b.repository));
        self.credentials.sort_by_cached_key(|credential| {
            (
                credential.weight(),
                credential.repository.clone(),
                credential.fingerprint.clone(),
            )
        });
    }
}
