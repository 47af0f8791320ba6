//! Pure: a candidate and its surroundings to signals, and signals to an origin. One file a kind of evidence.
//!
//! Never guesses from the folder that a file is in, beyond a supporting word: where a value is going is the very thing
//! under test.

mod aws;
mod declarable;
mod format;
mod host;
mod key_name;
mod path;
mod sibling;
mod weigh;
mod well_known;

pub use declarable::declarable;
pub use weigh::{TABLE, contribution, weigh, weigh_by_row};

use crate::model::{Facts, Signal, Vocabulary};
use crate::rules::Rule;

/// What stands around a value.
pub struct Surroundings<'a> {
    /// The rule that found it.
    pub rule: &'a Rule,
    /// The value. Evidence may look, and may not quote.
    pub value: &'a [u8],
    /// Named groups of the pattern: `host`, `account`, `user`, `database`, `project`.
    pub groups: &'a [(&'a str, &'a [u8])],
    /// The key path, from the root of the file; empty where the syntax gives none.
    pub key_path: &'a [String],
    /// Other entries of the same mapping: last key and value.
    pub siblings: &'a [(&'a str, &'a str)],
    /// The lines around it, for what stands beside it without being a sibling.
    pub near: &'a [u8],
    /// What the policy declares.
    pub facts: &'a Facts,
    /// Environment words.
    pub vocabulary: &'a Vocabulary,
}

/// A kind of evidence: looks at the surroundings and says what it sees.
type Kind = fn(&Surroundings<'_>, &mut Vec<Signal>);

/// Every kind of evidence that depends on the content of a file only.
const KINDS: &[Kind] = &[
    format::signals,
    well_known::signals,
    aws::signals,
    host::signals,
    sibling::signals,
    key_name::signals,
];

/// All signals of a candidate, strongest first.
pub fn signals(surroundings: &Surroundings<'_>) -> Vec<Signal> {
    let mut signals = Vec::new();
    for kind in KINDS {
        kind(surroundings, &mut signals);
    }
    sort(&mut signals);
    signals
}

/// The signals of content together with what its path adds.
pub fn with_path(signals: &[Signal], path: &str, vocabulary: &Vocabulary) -> Vec<Signal> {
    let mut all = signals.to_vec();
    path::signals(path, vocabulary, &mut all);
    sort(&mut all);
    all
}

fn sort(signals: &mut [Signal]) {
    signals.sort_by_key(|signal| {
        (
            std::cmp::Reverse(signal.strength),
            signal.environment.is_none(),
        )
    });
}
