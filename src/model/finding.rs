//! Findings: candidates that are believed, with everything a person needs to check the belief.

use serde::{Deserialize, Serialize};

use super::{OriginOf, Place, Tier};

/// Which part of the boundary a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Family {
    /// A secret literal.
    Credential,
    /// A value that stands in production's files too.
    Reuse,
    /// A value known from the inventory.
    Inventory,
    /// A pointer over the boundary.
    Reference,
    /// Standing or overly privileged access.
    Identity,
    /// Production data.
    Data,
}

impl Family {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 6] = [
        Self::Credential,
        Self::Reuse,
        Self::Inventory,
        Self::Reference,
        Self::Identity,
        Self::Data,
    ];

    /// The lower-case name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Reuse => "reuse",
            Self::Inventory => "inventory",
            Self::Reference => "reference",
            Self::Identity => "identity",
            Self::Data => "data",
        }
    }
}

/// How long a credential lives by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifetime {
    /// Hours at most, or until a session ends.
    Short,
    /// Until somebody revokes it, or months.
    Long,
    /// Not told by the format.
    #[default]
    Unknown,
}

/// How much one signal weighs; see the table in `docs/origin.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Agrees, but would not carry an origin against anything else.
    Supporting,
    /// Carries an origin unless a decisive signal contradicts it.
    Strong,
    /// A fact: declared by the policy, or written into the value by its issuer.
    Decisive,
}

/// One sentence of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signal {
    /// The kind of evidence: `format`, `aws-account`, `host`, `key-name`, `section`, ...
    pub kind: &'static str,
    /// The tier it speaks for; `None` for a remark that speaks for none.
    pub environment: Option<Tier>,
    /// How much it weighs.
    pub strength: Strength,
    /// The sentence, without any secret in it.
    pub text: String,
}

/// A policy statement that a ref, a path or a section belongs to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The environment's own name.
    pub environment: String,
    /// Its tier.
    pub tier: Tier,
    /// What claims it, in words: `branch refs/heads/staging`, `path config/staging/db.yml (word "staging")`.
    pub claimed_by: String,
    /// Where the policy says so: `stagegate.toml:12`, or `default policy`.
    pub policy_line: String,
}

/// Where a finding is going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Destination {
    /// The name of the environment whose claim decided; `None` where nothing claims the place.
    pub environment: Option<String>,
    /// Its tier.
    pub tier: Option<Tier>,
    /// What claims it, in words, with the policy line that says so.
    pub claimed_by: Option<String>,
}

impl Destination {
    /// Nothing claims the place.
    pub const UNCLAIMED: Self = Self {
        environment: None,
        tier: None,
        claimed_by: None,
    };
}

impl From<&Claim> for Destination {
    fn from(claim: &Claim) -> Self {
        // A verdict may be the default one on a place that a line of the policy claims: that line is told here.
        Self {
            environment: Some(claim.environment.clone()),
            tier: Some(claim.tier),
            claimed_by: Some(format!("{} ({})", claim.claimed_by, claim.policy_line)),
        }
    }
}

/// What the policy says of a finding. Ordered: the strictest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may pass, and is shown only on request.
    Allow,
    /// It may pass, and is shown.
    Warn,
    /// It may not pass.
    Block,
}

impl Verdict {
    /// The lower-case name used in policies and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// What lets a value pass that the policy would show or refuse otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Exemption {
    /// An exception of the policy.
    Exception,
    /// A comment beside the value, which the policy honours.
    Comment,
    /// A line of a list of ignored findings, which the policy honours.
    List,
}

/// Why the verdict is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Because {
    /// One sentence: `production credentials are blocked where staging claims the place`.
    pub text: String,
    /// The policy line that decided: `stagegate.toml:31`, or `default policy: environment.staging.verdicts.production`.
    pub policy_line: String,
    /// What lets it pass, where the table of verdicts would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exempted_by: Option<Exemption>,
}

/// A name around a value that proves nothing, and would prove whose the value is, were it declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Declarable {
    /// The list of `[environment.NAME.identity]` it belongs to: `hosts`, `aws-accounts`.
    pub list: &'static str,
    /// The name, redacted.
    pub name: String,
}

/// The line a finding stands on, masked when it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The masked line: valid UTF-8, no control or bidirectional characters, at most 120 characters.
    pub text: String,
    /// Byte offset in `text` where the mask of this finding begins.
    pub start: usize,
    /// Byte offset in `text` where it ends.
    pub end: usize,
}

/// A candidate that is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Id of the rule: `stripe-secret-key`.
    pub rule: String,
    /// Human name of the kind of credential: `Stripe secret key`.
    pub title: String,
    /// Id of the provider's pack: `stripe`.
    pub provider: String,
    /// Which part of the boundary it is about.
    pub family: Family,
    /// What the policy says.
    pub verdict: Verdict,
    /// Why.
    pub because: Because,
    /// Whose it is.
    pub origin: OriginOf,
    /// Where it is going.
    pub destination: Destination,
    /// Where it stands.
    pub place: Place,
    /// The masked line.
    pub excerpt: Excerpt,
    /// Stable id of the value; does not reveal it. Empty where the verdict is `allow` and nothing asked for it.
    pub fingerprint: String,
    /// How long such a credential lives.
    pub lifetime: Lifetime,
    /// Whether it opens more than one application needs: an account, an organisation, a cluster, every database.
    pub privileged: bool,
    /// Every signal, strongest first.
    pub evidence: Vec<Signal>,
    /// What could be declared, where it is refused and nobody can tell whose it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub declarable: Vec<Declarable>,
    /// Framework and vendor references.
    pub references: Vec<String>,
    /// What to do now, for this kind of credential.
    pub remedy: String,
}
