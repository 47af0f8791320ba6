//! The verdict table: for every kind of finding (a row) and every kind of destination (a column), the verdict that holds
//! where the policy says nothing else.

use crate::model::{Tier, Verdict};

/// A kind of finding, as the policy distinguishes them. Each has one key in `[environment.NAME.verdicts]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Row {
    /// A credential of production, a known one of production, or a copy of a value that production uses.
    ProductionCredential,
    /// A value the inventory knows as revoked.
    Revoked,
    /// Issued by a provider, long-lived (or of unknown lifetime), and nobody can tell whose it is.
    IssuedUnknown,
    /// Issued by a provider, short-lived, and nobody can tell whose it is.
    IssuedUnknownShortLived,
    /// A generic password or token of unknown origin.
    GenericUnknown,
    /// A long-lived credential of staging, development or test; a generic password of theirs too, since passwords stay.
    NonproductionLongLived,
    /// A credential of staging, development or test that opens more than one application needs and is not short-lived.
    NonproductionPrivileged,
    /// A credential of staging, development or test that is short-lived, or whose format does not tell.
    NonproductionShortLived,
    /// Publishable by design.
    Public,
    /// A pointer over the boundary, proven by a declared fact or a decisive format.
    ReferenceDeclared,
    /// A pointer over the boundary, by the words in its name alone.
    ReferenceByConvention,
    /// A pointer to something that is not production's.
    ReferenceNonproduction,
    /// Standing or excessive access, unambiguous or by a declared fact.
    IdentityDeclared,
    /// What may be standing or excessive access: told by a name, narrowed by a condition, or common.
    IdentityByConvention,
    /// Production data, proven by a declared fact or a decisive format.
    DataDeclared,
    /// Production data, by the words in a name alone.
    DataByConvention,
}

impl Row {
    /// Every row, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::ProductionCredential,
        Self::Revoked,
        Self::IssuedUnknown,
        Self::IssuedUnknownShortLived,
        Self::GenericUnknown,
        Self::NonproductionPrivileged,
        Self::NonproductionLongLived,
        Self::NonproductionShortLived,
        Self::Public,
        Self::ReferenceDeclared,
        Self::ReferenceByConvention,
        Self::ReferenceNonproduction,
        Self::IdentityDeclared,
        Self::IdentityByConvention,
        Self::DataDeclared,
        Self::DataByConvention,
    ];

    /// The key in a policy.
    pub const fn key(self) -> &'static str {
        match self {
            Self::ProductionCredential => "production-credential",
            Self::Revoked => "revoked",
            Self::IssuedUnknown => "issued-unknown",
            Self::IssuedUnknownShortLived => "issued-unknown-short-lived",
            Self::GenericUnknown => "generic-unknown",
            Self::NonproductionPrivileged => "nonproduction-privileged",
            Self::NonproductionLongLived => "nonproduction-long-lived",
            Self::NonproductionShortLived => "nonproduction-short-lived",
            Self::Public => "public",
            Self::ReferenceDeclared => "reference-declared",
            Self::ReferenceByConvention => "reference-by-convention",
            Self::ReferenceNonproduction => "reference-nonproduction",
            Self::IdentityDeclared => "identity-declared",
            Self::IdentityByConvention => "identity-by-convention",
            Self::DataDeclared => "data-declared",
            Self::DataByConvention => "data-by-convention",
        }
    }

    /// The row of a key.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|row| row.key() == key)
    }

    /// What falls into the row, as the subject of a sentence.
    pub(super) const fn subject(self) -> &'static str {
        match self {
            Self::ProductionCredential => "a production credential",
            Self::Revoked => "a revoked credential",
            Self::IssuedUnknown => "a provider-issued credential of unknown origin",
            Self::IssuedUnknownShortLived => "a short-lived credential of unknown origin",
            Self::GenericUnknown => "a password or token of unknown origin",
            Self::NonproductionPrivileged => "a privileged credential that is not production's",
            Self::NonproductionLongLived => "a long-lived credential that is not production's",
            Self::NonproductionShortLived => "a credential that is not production's",
            Self::Public => "a value that is public by design",
            Self::ReferenceDeclared => "a reference proven to point into production",
            Self::ReferenceByConvention => {
                "a reference that points into production by its name alone"
            }
            Self::ReferenceNonproduction => "a reference that does not point into production",
            Self::IdentityDeclared => "standing or excessive access",
            Self::IdentityByConvention => "what may be standing or excessive access",
            Self::DataDeclared => "production data",
            Self::DataByConvention => "what looks like production data",
        }
    }

    /// The verdict where the policy says nothing; `None` is a destination that nothing claims.
    pub const fn default_verdict(self, destination: Option<Tier>) -> Verdict {
        use Verdict::{Allow, Block, Warn};
        // Staging, production, development and test, unclaimed.
        let [staging, production, lower, unclaimed] = match self {
            Self::ProductionCredential => [Block, Warn, Warn, Allow],
            Self::Revoked => [Block, Block, Block, Block],
            Self::IssuedUnknown => [Block, Warn, Allow, Allow],
            Self::IssuedUnknownShortLived => [Warn, Allow, Allow, Allow],
            Self::GenericUnknown => [Warn, Allow, Allow, Allow],
            Self::NonproductionPrivileged | Self::NonproductionLongLived => {
                [Warn, Warn, Allow, Allow]
            }
            Self::NonproductionShortLived | Self::Public | Self::ReferenceNonproduction => {
                [Allow, Allow, Allow, Allow]
            }
            Self::ReferenceDeclared | Self::DataDeclared => [Block, Allow, Warn, Allow],
            Self::IdentityDeclared => [Block, Allow, Allow, Allow],
            Self::ReferenceByConvention | Self::IdentityByConvention | Self::DataByConvention => {
                [Warn, Allow, Allow, Allow]
            }
        };
        match destination {
            Some(Tier::Staging) => staging,
            Some(Tier::Production) => production,
            Some(Tier::Development | Tier::Test) => lower,
            None => unclaimed,
        }
    }
}
