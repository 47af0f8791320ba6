//! The rest of the boundary: pointers into production, standing access, production data. No secret is needed to cross it.
//!
//! One folder a family, one file a group of rules; what a rule is called and what to do about it stands in
//! `rules/builtin/boundary_*.toml`. Pure, and asked only where a keyword of these rules stands in a file.

mod data;
mod identity;
mod reference;

use std::ops::Range;

use crate::model::{Facts, Family, Signal, Vocabulary};
use crate::syntax::Entry;

/// A file that is looked at.
pub struct File<'a> {
    /// Its text.
    pub text: &'a [u8],
    /// Its scalars, in the order of the file.
    pub entries: &'a [Entry],
    /// What the policy declares.
    pub facts: &'a Facts,
    /// Environment words.
    pub vocabulary: &'a Vocabulary,
}

/// A place where the boundary is crossed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// Id of the structural rule.
    pub rule: &'static str,
    /// Which part of the boundary it is about.
    pub family: Family,
    /// What points over it or grants too much, in the text.
    pub span: Range<usize>,
    /// Keys from the root of the file; empty where the syntax gives none.
    pub key_path: Vec<String>,
    /// Whether a declared fact, a decisive format or an unambiguous grant proves it, and not words alone.
    pub proven: bool,
    /// The evidence.
    pub signals: Vec<Signal>,
}

/// A group of rules: looks at a file and says what crosses.
type Look = fn(&File<'_>, &mut Vec<Crossing>);

/// Every group of rules.
const GROUPS: &[Look] = &[reference::secret_store::look, identity::kubernetes::look];

pub use data::looked_at;

/// The production data in a text, whatever its format: asked once a file, and not once a part of it. Entries are not needed.
pub fn data(file: &File<'_>) -> Vec<Crossing> {
    data::look(file)
}

/// Everything in a file that crosses the boundary, in the order of the file, each place once.
pub fn crossings(file: &File<'_>) -> Vec<Crossing> {
    let mut crossings = Vec::new();
    for look in GROUPS {
        look(file, &mut crossings);
    }
    // What is proven goes before what its name says, and the smaller of two places before the larger.
    crossings.sort_by_key(|crossing| (crossing.span.start, !crossing.proven, crossing.span.end));
    let mut last = 0;
    crossings.retain(|crossing| {
        let is_first = crossing.span.start >= last;
        if is_first {
            last = crossing.span.end;
        }
        is_first
    });
    crossings
}
