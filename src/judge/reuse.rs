//! Copied from production: the very value that stands in production's files, found without knowing its format.
//!
//! Values are compared by their ids in this run, after decoding: the same value under another key, in another format, in
//! base64 or inside a URL has the same id. What is read of production: the files that its paths claim in the same tree, its
//! sections in the same file, and what differs on its refs. And the other way round, for what production takes over.

mod held;
mod sketch;
mod standing;

use std::collections::{HashMap, HashSet};

use crate::examine::{self, Scalar, Sighting, Values};
use crate::git::{self, Change};
use crate::model::{Claim, Family, Secret, Signal, Strength, Tier};
use crate::scan::ValueId;
use crate::syntax;

use super::{Judge, JudgeError, Source, each_view};
use held::{Held, Kept};
use sketch::Wanted;
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
pub fn is_selective(secret: Secret<'_>) -> bool {
    let bytes = secret.expose();
    let kinds: [fn(&u8) -> bool; 4] = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
        |byte| !byte.is_ascii_alphanumeric(),
    ];
    let mixed = || kinds.iter().filter(|kind| bytes.iter().any(*kind)).count();
    let mut distinct = [false; 256];
    bytes
        .iter()
        .for_each(|&byte| distinct[usize::from(byte)] = true);
    bytes.len() >= SHORTEST
        && distinct.iter().filter(|&&stands| stands).count() >= 5
        && (bytes.len() >= 10 || mixed() >= 3)
}

/// What may stand on both sides: pointers and grants, which are no values; public ones, and those whose format says that they are no live ones.
pub fn is_shared_by_design(sighting: &Sighting<'_>) -> bool {
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

/// What stood in the parents of a change, by key.
type Before = HashMap<Vec<String>, Vec<ValueId>>;

impl Judge<'_> {
    /// For each value of a change that stands on the other side of the boundary, the evidence of it. `views` are the new
    /// sightings in each view of its blob.
    pub(super) fn copies(
        &mut self,
        source: Source<'_>,
        change: &Change,
        path: &str,
        views: &[Vec<&Sighting<'static>>],
    ) -> Result<HashMap<ValueId, Signal>, JudgeError> {
        let mut copies = HashMap::new();
        let mut before = None;
        let mut sections = None;
        let has_side = views.iter().flatten().any(|sighting| {
            !is_shared_by_design(sighting) && self.side(source, path, &sighting.key_path).is_some()
        });
        if !has_side {
            return Ok(copies);
        }
        let wanted = self.wanted(change, views)?;
        for sighting in views.iter().flatten() {
            let Some(wanted) = wanted.get(&sighting.value) else {
                continue;
            };
            if is_shared_by_design(sighting) || copies.contains_key(&sighting.value) {
                continue;
            }
            let Some(side) = self.side(source, path, &sighting.key_path) else {
                continue;
            };
            let standing = self.standing(side.other(), source)?;
            let held = match self.held_secret(&standing, sighting.value, wanted)? {
                None => self.held_scalar(&standing, sighting.value, wanted)?,
                held => held,
            };
            let value = (&sighting.key_path[..], sighting.value);
            if let Some(held) = &held
                && self.is_copy(change, path, value, held, &mut before)?
            {
                copies.insert(sighting.value, signal(side, held));
                continue;
            }
            if sections.is_none() {
                sections = Some(self.sections(change, path)?);
            }
            let in_section = sections.as_ref().and_then(|held| {
                let place = held.get(&(side.other(), sighting.value))?;
                Some(signal(side, place))
            });
            if let Some(told) = in_section {
                copies.insert(sighting.value, told);
            } else if let Some(held) =
                self.overwritten_with(source, change, path, side, value, &mut before)?
            {
                copies.insert(sighting.value, signal(side, &held));
            }
        }
        Ok(copies)
    }

    /// What is looked for of the values of a change that are no chance.
    fn wanted(
        &self,
        change: &Change,
        views: &[Vec<&Sighting<'static>>],
    ) -> Result<HashMap<ValueId, Wanted>, JudgeError> {
        let mut wanted = HashMap::new();
        let mut views = views.iter();
        each_view(self.repository, change.oid, &mut |view| {
            let mut values = Values::new(view.text);
            for sighting in views.next().into_iter().flatten() {
                let [value, _] = values.of(sighting);
                if is_selective(value) {
                    wanted
                        .entry(sighting.value)
                        .or_insert_with(|| Wanted::value(value));
                }
            }
            Ok(())
        })?;
        Ok(wanted)
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
        let of_file = Side::of(&self.policy.claims(source.ref_name, Some(path), &[]));
        // Sections of a file may belong to another side than the file, but nothing outranks staging's claim.
        let may_have_sections = self.policy.may_have_sections(path)
            && (of_file != Some(Side::Staging) || self.policy.paths_outrank_refs());
        let sides = match of_file {
            _ if may_have_sections => vec![Side::Production, Side::Staging],
            Some(side) => vec![side],
            None => return Ok(copied),
        };
        // Parsing is what costs: where nothing stands on the other side, it is done for the first change only.
        if self.is_known_to_be_empty(&sides, source)? {
            return Ok(copied);
        }
        let syntax = syntax::of_path(path);
        let kept = self.kept_scalars(change.oid, syntax)?;
        if kept.is_empty() {
            return Ok(copied);
        }
        let mut old: HashSet<ValueId> = HashSet::new();
        for &parent in &change.parents {
            self.scalar_values(parent, syntax, &mut |value| {
                old.insert(value);
            })?;
        }
        let mut before = None;
        // A file that was copied as a whole is said once for each place it came from.
        let mut ciphertexts: HashSet<std::rc::Rc<str>> = HashSet::new();
        for Kept { scalar, wanted } in kept.iter() {
            if old.contains(&scalar.value) {
                continue;
            }
            let Some(side) = self.side(source, path, &scalar.key_path) else {
                continue;
            };
            let standing = self.standing(side.other(), source)?;
            let held = if scalar.encrypted {
                self.held_scalar(&standing, scalar.value, wanted)?
            } else {
                self.held_secret(&standing, scalar.value, wanted)?
            };
            let Some(held) = held else { continue };
            let value = (&scalar.key_path[..], scalar.value);
            if !self.is_copy(change, path, value, &held, &mut before)?
                || scalar.encrypted && !ciphertexts.insert(held.path.clone())
            {
                continue;
            }
            let told = signal(side, &held);
            copied.push((scalar.clone(), told));
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
        value: (&[String], ValueId),
        held: &Held,
        before: &mut Option<Before>,
    ) -> Result<bool, JudgeError> {
        if *held.path != *path || held.key_path != value.0 {
            return Ok(true);
        }
        Ok(held.ref_name.is_some() && self.had_another(change, path, value, before)?)
    }

    /// Whether another value stood at this key before.
    fn had_another(
        &mut self,
        change: &Change,
        path: &str,
        (key_path, value): (&[String], ValueId),
        before: &mut Option<Before>,
    ) -> Result<bool, JudgeError> {
        if before.is_none() {
            let mut stood = Before::new();
            let syntax = syntax::of_path(path);
            for &parent in &change.parents {
                let blob = match self.examine(parent, syntax) {
                    Ok(blob) => blob,
                    Err(JudgeError::Git(_)) => continue,
                    Err(error) => return Err(error),
                };
                let mut add = |key_path: &[String], value| {
                    if !key_path.is_empty() {
                        stood.entry(key_path.to_vec()).or_default().push(value);
                    }
                };
                for seen in blob.sightings() {
                    add(&seen.key_path, seen.value);
                }
                self.scalars(parent, syntax, &|_| true, &mut |seen, _, _| {
                    add(&seen.key_path, seen.value);
                })?;
            }
            *before = Some(stood);
        }
        let stood = before.as_ref().and_then(|stood| stood.get(key_path));
        Ok(stood.is_some_and(|values| values.iter().any(|other| *other != value)))
    }

    /// The values of the sections of a file, each with the side that claims it.
    fn sections(
        &mut self,
        change: &Change,
        path: &str,
    ) -> Result<HashMap<(Side, ValueId), Held>, JudgeError> {
        let mut sections = HashMap::new();
        if !self.policy.may_have_sections(path) {
            return Ok(sections);
        }
        let blob = self.examine(change.oid, syntax::of_path(path))?;
        for seen in blob.sightings() {
            let keys: Vec<&str> = seen.key_path.iter().map(String::as_str).collect();
            if let Some(side) = Side::of(&self.policy.claims(None, Some(path), &keys)) {
                sections.entry((side, seen.value)).or_insert_with(|| Held {
                    ref_name: None,
                    path: path.into(),
                    line: seen.line,
                    key_path: seen.key_path.clone(),
                });
            }
        }
        Ok(sections)
    }

    /// A value that the other side's ref holds at the very place where another value stood here until now.
    fn overwritten_with(
        &mut self,
        source: Source<'_>,
        change: &Change,
        path: &str,
        side: Side,
        value: (&[String], ValueId),
        before: &mut Option<Before>,
    ) -> Result<Option<Held>, JudgeError> {
        let trees = self.trees_of(side.other(), source)?;
        if change.parents.is_empty()
            || trees.is_empty()
            || !self.had_another(change, path, value, before)?
        {
            return Ok(None);
        }
        let syntax = syntax::of_path(path);
        for (name, tree) in trees.iter() {
            let Some(oid) = git::find(self.repository, *tree, path)? else {
                continue;
            };
            let blob = match self.examine(oid, syntax) {
                Ok(blob) => blob,
                Err(JudgeError::Git(_)) => continue,
                Err(error) => return Err(error),
            };
            let mut sightings = blob.sightings();
            if let Some(there) = sightings.find(|s| s.value == value.1 && s.key_path == value.0) {
                return Ok(Some(Held {
                    ref_name: Some(name.as_str().into()),
                    path: path.into(),
                    line: there.line,
                    key_path: value.0.to_vec(),
                }));
            }
        }
        Ok(None)
    }
}
