//! Pointers over the boundary: a staging file that reads production's secrets needs none of its own.
//!
//! A pointer is proven to be production's by a fact that the policy declares; by the words in its name it is told only.

pub(super) mod secret_store;

use std::ops::Range;

use crate::model::{EnvironmentFacts, Family, Signal, Strength, Tier};
use crate::syntax::Entry;

use super::{Crossing, File};

/// A name that something is pointed to by.
pub(super) struct Pointer<'a> {
    /// Id of the structural rule.
    pub(super) rule: &'static str,
    /// What it is, as a word of a sentence: `Vault path`, `AWS account`.
    pub(super) what: &'static str,
    /// The name.
    pub(super) name: &'a str,
    /// Where it stands in the text.
    pub(super) span: Range<usize>,
    /// The facts that it is looked up in.
    pub(super) list: fn(&EnvironmentFacts) -> &[String],
}

/// Adds the crossing that a pointer is, if it is production's.
pub(super) fn judge(
    file: &File<'_>,
    entry: &Entry,
    pointer: &Pointer<'_>,
    crossings: &mut Vec<Crossing>,
) {
    let Pointer { what, name, .. } = pointer;
    let (proven, signal) = match file.facts.lookup(pointer.list, name) {
        Some((environment, _)) if environment.tier != Tier::Production => return,
        Some((environment, pattern)) => (
            true,
            Signal {
                kind: "declared",
                environment: Some(Tier::Production),
                strength: Strength::Decisive,
                text: format!(
                    "{what} {name} is declared as {}'s by {} (\"{pattern}\")",
                    environment.name, environment.policy_line
                ),
            },
        ),
        None => match file.vocabulary.tier_of_name(name) {
            Some((Tier::Production, word)) => (
                false,
                Signal {
                    kind: "name",
                    environment: Some(Tier::Production),
                    strength: Strength::Strong,
                    text: format!("{what} {name} names production (\"{word}\")"),
                },
            ),
            _ => return,
        },
    };
    crossings.push(Crossing {
        rule: pointer.rule,
        family: Family::Reference,
        span: pointer.span.clone(),
        key_path: entry.path.clone(),
        proven,
        signals: vec![signal],
    });
}
