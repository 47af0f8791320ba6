//! Environments and what is believed about where a credential comes from.

use serde::{Deserialize, Serialize};

/// The kind of place an environment is. An environment has a name of its own (`preprod`, `live`) and one tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Serves real users and real data.
    Production,
    /// Mirrors production before a release (staging, preprod, uat, qa).
    Staging,
    /// Where developers work.
    Development,
    /// Sandboxes, emulators and test modes of providers.
    Test,
}

impl Tier {
    /// The lower-case name used in policies and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
            Self::Test => "test",
        }
    }
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose a credential is: the tier it belongs to, or that nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Production's.
    Production,
    /// Staging's.
    Staging,
    /// Development's.
    Development,
    /// A sandbox's or a test mode's.
    Test,
    /// The evidence does not say.
    Unknown,
}

impl Origin {
    /// The lower-case name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
            Self::Test => "test",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Tier> for Origin {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Production => Self::Production,
            Tier::Staging => Self::Staging,
            Tier::Development => Self::Development,
            Tier::Test => Self::Test,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How sure the origin is; follows from the strengths of the signals by the table in `docs/origin.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Only supporting signals.
    Possible,
    /// Strong signals, or such as contradict each other with production among them.
    Likely,
    /// Decisive signals that agree.
    Certain,
}

/// An origin with its confidence; no confidence where the origin is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginOf {
    /// Whose the credential is.
    pub environment: Origin,
    /// How sure that is; `None` for [`Origin::Unknown`].
    pub confidence: Option<Confidence>,
}

impl OriginOf {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        environment: Origin::Unknown,
        confidence: None,
    };
}
