//! Copied from production: the very value that stands in production's files, found without knowing its format.
//!
//! Values are compared by their ids in this run, after decoding: the same value under another key, in another format, in
//! base64 or inside a URL has the same id. What is read of production: the files that its paths claim in the same tree, its
//! sections in the same file, and what differs on its refs. And the other way round, for what production takes over.

mod standing;

use std::collections::HashMap;

use crate::examine::{self, Scalar, Sighting};
use crate::git::{self, Change};
use crate::model::{Claim, Family, Secret, Signal, Strength, Tier};
use crate::scan::ValueId;
use crate::syntax;

use super::{Judge, JudgeError, Source};
use standing::Held;
pub use standing::Landscape;
pub(super) use standing::Reuse;

/// A side of the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    /// Production's claims.
    Production,
    /// Staging's.
    Staging,
}

impl Side {
    /// The side that a place belongs to; none where nothing claims it.
    fn of(claims: &[Claim]) -> Option<Self> {
        let of = |tier| claims.iter().any(|claim| claim.tier == tier);
        if of(Tier::Staging) {
            Some(Self::Staging)
        } else if of(Tier::Production) {
            Some(Self::Production)
        } else {
            None
        }
    }

    const fn tier(self) -> Tier {
        match self {
            Self::Production => Tier::Production,
            Self::Staging => Tier::Staging,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Production => Self::Staging,
            Self::Staging => Self::Production,
        }
    }
}

/// Shorter values may be the same by chance.
const SHORTEST: usize = 8;

/// A scalar as a sighting of the rule for copies of its kind.
pub(super) fn sighting(text: &[u8], scalar: &Scalar) -> Sighting<'static> {
    let id = if scalar.encrypted {
        "reuse-ciphertext"
    } else {
        "reuse-value"
    };
    let (provider, rule) = crate::rules::structural(id);
    examine::sighting_of(text, scalar, provider, rule)
}

/// Whether a value is long and mixed enough to be the same on purpose only, and not by chance: `welcome1` may be anybody's.
pub(super) fn is_selective(secret: Secret<'_>) -> bool {
    let bytes = secret.expose();
    let kinds: [fn(&u8) -> bool; 4] = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
        |byte| !byte.is_ascii_alphanumeric(),
    ];
    let mixed = kinds.iter().filter(|kind| bytes.iter().any(*kind)).count();
    let mut distinct: Vec<u8> = bytes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    bytes.len() >= SHORTEST && distinct.len() >= 5 && (mixed >= 3 || bytes.len() >= 10)
}

/// What may stand on both sides: pointers and grants, which are no values; public ones, and those whose format says that they are no live ones.
fn is_shared_by_design(sighting: &Sighting<'_>) -> bool {
    sighting.family != Family::Credential
        || sighting.rule.public
        || sighting.signals.iter().any(|signal| {
            signal.strength == Strength::Decisive
                && signal
                    .environment
                    .is_some_and(|tier| tier != Tier::Production)
        })
}

fn signal(side: Side, held: &Held) -> Signal {
    let from = side.other().tier();
    let place = match &held.ref_name {
        Some(name) => format!("{name}:{}:{}", held.path, held.line),
        None => format!("{}:{}", held.path, held.line),
    };
    Signal {
        kind: "reuse",
        // What production's files hold is production's; that staging holds a value too says nothing of whose it was first.
        environment: (side == Side::Staging).then_some(Tier::Production),
        strength: Strength::Decisive,
        text: format!("the same value stands in {from}'s files, at {place}"),
    }
}

impl Judge<'_> {
    /// For each value of a change that stands on the other side of the boundary, the evidence of it.
    pub(super) fn copies(
        &mut self,
        source: Source<'_>,
        change: &Change,
        path: &str,
        sightings: &[&Sighting<'static>],
    ) -> Result<HashMap<ValueId, Signal>, JudgeError> {
        let mut copies = HashMap::new();
        for sighting in sightings {
            if is_shared_by_design(sighting) || copies.contains_key(&sighting.value) {
                continue;
            }
            let Some(side) = self.side(source, path, &sighting.key_path) else {
                continue;
            };
            let standing = self.standing(side.other(), source)?;
            let held = self
                .held_secret(&standing, sighting.value)?
                .or_else(|| standing.scalar.get(&sighting.value).cloned());
            if let Some(held) = &held
                && self.is_copy(change, path, &sighting.key_path, sighting.value, held)?
            {
                copies.insert(sighting.value, signal(side, held));
            } else if let Some(held) = self.in_other_section(change, path, side, sighting.value)? {
                copies.insert(sighting.value, signal(side, &held));
            } else if let Some(held) =
                self.overwritten_with(source, change, path, side, sighting)?
            {
                copies.insert(sighting.value, signal(side, &held));
            }
        }
        Ok(copies)
    }

    /// The values of a change that no rule knows, and that are secret on the other side of the boundary; encrypted ones,
    /// where the ciphertext itself was copied.
    pub(super) fn copied_scalars(
        &mut self,
        source: Source<'_>,
        change: &Change,
        path: &str,
    ) -> Result<Vec<(Scalar, Signal)>, JudgeError> {
        let mut copied = Vec::new();
        if Side::of(&self.policy.claims(source.ref_name, Some(path), &[])).is_none()
            && !self.policy.may_have_sections(path)
        {
            return Ok(copied);
        }
        let syntax = syntax::of_path(path);
        let scalars = self.scalars(change.oid, syntax)?;
        let mut old: Vec<ValueId> = Vec::new();
        if !scalars.is_empty() {
            for &parent in &change.parents {
                old.extend(
                    self.scalars(parent, syntax)?
                        .iter()
                        .map(|scalar| scalar.value),
                );
            }
        }
        // A file that was copied as a whole is said once for each place it came from.
        let mut ciphertexts: Vec<String> = Vec::new();
        for scalar in scalars.iter().filter(|scalar| !old.contains(&scalar.value)) {
            let Some(side) = self.side(source, path, &scalar.key_path) else {
                continue;
            };
            let standing = self.standing(side.other(), source)?;
            let held = if scalar.encrypted {
                standing.scalar.get(&scalar.value).cloned()
            } else {
                self.held_secret(&standing, scalar.value)?
            };
            let Some(held) = held else { continue };
            if scalar.encrypted && ciphertexts.contains(&held.path)
                || !self.is_copy(change, path, &scalar.key_path, scalar.value, &held)?
            {
                continue;
            }
            if scalar.encrypted {
                ciphertexts.push(held.path.clone());
            }
            copied.push((scalar.clone(), signal(side, &held)));
        }
        Ok(copied)
    }

    fn side(&self, source: Source<'_>, path: &str, key_path: &[String]) -> Option<Side> {
        let keys: Vec<&str> = key_path.iter().map(String::as_str).collect();
        Side::of(&self.policy.claims(source.ref_name, Some(path), &keys))
    }

    /// Whether a value that stands on the other side was copied from there. A file that both sides' refs have in common is
    /// the same on purpose, unless what stood at its place here was another value: then it was overwritten with the other's.
    fn is_copy(
        &mut self,
        change: &Change,
        path: &str,
        key_path: &[String],
        value: ValueId,
        held: &Held,
    ) -> Result<bool, JudgeError> {
        if held.ref_name.is_none() {
            return Ok(held.path != path || held.key_path != key_path);
        }
        if held.path != path || held.key_path != key_path {
            return Ok(true);
        }
        self.had_another(change, path, key_path, value)
    }

    /// Whether another value stood at this key before.
    fn had_another(
        &mut self,
        change: &Change,
        path: &str,
        key_path: &[String],
        value: ValueId,
    ) -> Result<bool, JudgeError> {
        if key_path.is_empty() {
            return Ok(false);
        }
        let syntax = syntax::of_path(path);
        for &parent in &change.parents {
            let blob = match self.examine(parent, syntax) {
                Ok(blob) => blob,
                Err(JudgeError::Git(_)) => continue,
                Err(error) => return Err(error),
            };
            let mut sightings = blob.sightings();
            let another = sightings.any(|s| s.key_path == key_path && s.value != value);
            let scalars = self.scalars(parent, syntax)?;
            let mut scalars = scalars.iter();
            if another || scalars.any(|s| s.key_path == key_path && s.value != value) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A value of the other side's section of the same file.
    fn in_other_section(
        &mut self,
        change: &Change,
        path: &str,
        side: Side,
        value: ValueId,
    ) -> Result<Option<Held>, JudgeError> {
        if !self.policy.may_have_sections(path) {
            return Ok(None);
        }
        let blob = self.examine(change.oid, syntax::of_path(path))?;
        let held = blob
            .sightings()
            .find(|other| {
                other.value == value
                    && self.section_side(path, &other.key_path) == Some(side.other())
            })
            .map(|other| Held {
                ref_name: None,
                path: path.to_owned(),
                oid: change.oid,
                line: other.line,
                key_path: other.key_path.clone(),
            });
        Ok(held)
    }

    /// A value that the other side's ref holds at the very place where another value stood here until now.
    fn overwritten_with(
        &mut self,
        source: Source<'_>,
        change: &Change,
        path: &str,
        side: Side,
        sighting: &Sighting<'static>,
    ) -> Result<Option<Held>, JudgeError> {
        let (key_path, value) = (&sighting.key_path, sighting.value);
        if change.parents.is_empty() || !self.had_another(change, path, key_path, value)? {
            return Ok(None);
        }
        let syntax = syntax::of_path(path);
        for (name, tree) in self.trees_of(side.other(), source)?.iter() {
            let Some(oid) = git::find(self.repository, *tree, path)? else {
                continue;
            };
            let blob = match self.examine(oid, syntax) {
                Ok(blob) => blob,
                Err(JudgeError::Git(_)) => continue,
                Err(error) => return Err(error),
            };
            let mut sightings = blob.sightings();
            if let Some(there) = sightings.find(|s| s.value == value && s.key_path == *key_path) {
                return Ok(Some(Held {
                    ref_name: Some(name.clone()),
                    path: path.to_owned(),
                    oid,
                    line: there.line,
                    key_path: key_path.clone(),
                }));
            }
        }
        Ok(None)
    }

    fn section_side(&self, path: &str, key_path: &[String]) -> Option<Side> {
        let keys: Vec<&str> = key_path.iter().map(String::as_str).collect();
        Side::of(&self.policy.claims(None, Some(path), &keys))
    }
}
