//! What is kept of a value that was found in a blob: enough to judge it at any place, and nothing of the value. The same value
//! with the same surroundings is kept once, however many versions of a file show it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::examine::Sighting;
use crate::judge::{is_hard_to_guess, is_selective, is_shared_by_design};
use crate::model::{Family, Lifetime, Secret, Signal, Strength, Tier};
use crate::scan::{self, Scanner};

/// One value with its key and what the content says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    /// Id of the rule.
    pub(super) rule: String,
    /// Id of the provider's pack.
    pub(super) provider: String,
    /// Stable id of the value.
    pub(super) fingerprint: String,
    /// Keys from the root of the file, redacted.
    pub(super) keys: Vec<String>,
    /// What the content says of whose it is, redacted.
    remarks: Vec<Remark>,
    /// How long such a credential lives.
    pub(super) lifetime: Lifetime,
    /// Whether it opens more than one application needs.
    pub(super) privileged: bool,
    /// The day on which it ends by its own account.
    pub(super) ends: Option<Date>,
    /// Which part of the boundary it is about.
    pub(super) family: Family,
    /// Of a pointer, a grant or data: whether a declared fact or an unambiguous form proves it.
    pub(super) proven: bool,
    /// The inventory knows that it was revoked.
    pub(super) revoked: bool,
    /// Whether the same value elsewhere is the same on purpose: long and mixed enough, and not shared by design.
    pub(super) telling: bool,
    /// What a rule allows that the path decides.
    pub(super) pending: Vec<usize>,
}

/// A [`Signal`] as it can be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remark {
    environment: Option<Tier>,
    strength: Strength,
    text: String,
}

/// Tells what was found apart, in every run.
pub(super) type FoundId = [u8; 16];

impl Found {
    /// Of a sighting, with its value and what that is encoded in.
    pub(super) fn of(
        sighting: &Sighting<'_>,
        known: [Secret<'_>; 2],
        fingerprint: String,
        scanner: &Scanner<'_>,
    ) -> Self {
        let redact = |name: &String| scan::redact(scanner, name, &known);
        Self {
            rule: sighting.rule.id.clone(),
            provider: sighting.provider.to_owned(),
            fingerprint,
            keys: sighting.key_path.iter().map(redact).collect(),
            remarks: sighting
                .signals
                .iter()
                .map(|signal| Remark {
                    environment: signal.environment,
                    strength: signal.strength,
                    text: redact(&signal.text),
                })
                .collect(),
            lifetime: sighting.lifetime,
            privileged: sighting.privileged,
            ends: sighting.ends,
            family: sighting.family,
            proven: sighting.proven,
            revoked: sighting.revoked,
            telling: is_selective(known[0]) && !is_shared_by_design(sighting),
            pending: sighting.pending.clone(),
        }
    }

    /// Its id.
    pub(super) fn id(&self) -> FoundId {
        // Texts, numbers and enumerations can always be encoded.
        let bytes = postcard::to_allocvec(self).unwrap_or_default();
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
        id
    }

    /// What the content says, as evidence.
    pub(super) fn signals(&self) -> Vec<Signal> {
        self.remarks
            .iter()
            .map(|remark| Signal {
                kind: "content",
                environment: remark.environment,
                strength: remark.strength,
                text: remark.text.clone(),
            })
            .collect()
    }
}

/// Whether it is a value that somebody rotates, and has a history: credentials, and what the inventory knows. Pointers, grants
/// and data are counted where they stand.
pub(super) fn is_credential(family: Family) -> bool {
    matches!(family, Family::Credential | Family::Inventory)
}

/// Whether its fingerprint needs no stretching.
pub(super) fn is_issued(sighting: &Sighting<'_>) -> bool {
    is_hard_to_guess(sighting)
}
