//! Pointers over the boundary: a staging file that reads production's secrets needs none of its own.
//!
//! A pointer is proven to be production's by a fact that the policy declares; by the words in its name it is told only. Words
//! count where the shape of the value or the key says that something is pointed to, and nowhere else: not in descriptions,
//! labels, image tags, modes and links.

pub(super) mod account;
mod arn;
pub(super) mod decryption;
pub(super) mod endpoint;
pub(super) mod resource;
pub(super) mod secret_store;
pub(super) mod state;
pub(super) mod variable;

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::model::{EnvironmentFacts, Family, Signal, Strength, Tier, has_word_of};
use crate::syntax::{Entry, Meaning, Syntax};

use super::{Crossing, File};

/// Chooses a list of facts.
type List = fn(&EnvironmentFacts) -> &[String];

/// A name that something is pointed to by.
struct Pointer<'a> {
    /// Id of the structural rule.
    rule: &'static str,
    /// What it is, as a word of a sentence: `Vault path`, `AWS account`.
    what: &'static str,
    /// What facts say of it: what kind of fact, the name that is looked up, and where.
    known: &'a [(&'static str, &'a str, List)],
    /// The name whose words speak; empty where words say nothing.
    name: &'a str,
    /// Where it stands in the text.
    span: Range<usize>,
}

/// Keys, in lower case, at or below which nothing is pointed to.
const SAID: [&str; 26] = [
    "apiversion",
    "changelog",
    "comment",
    "description",
    "displayname",
    "doc",
    "docs",
    "documentation",
    "example",
    "examples",
    "helptext",
    "image",
    "images",
    "imagetag",
    "keywords",
    "label",
    "labels",
    "matchlabels",
    "message",
    "note",
    "notes",
    "summary",
    "tag",
    "tags",
    "title",
    "tooltip",
];

/// The entries in which something may be pointed to.
fn pointing<'e>(file: &'e File<'_>) -> impl Iterator<Item = &'e Entry> {
    file.pointing.iter().copied()
}

/// Those of them that may hold an address.
fn addresses<'e>(file: &'e File<'_>) -> impl Iterator<Item = &'e Entry> {
    file.addresses.iter().copied()
}

/// Whether a value may hold an address of any kind: each has a sign that says of what.
pub(super) fn may_be_address(value: &str) -> bool {
    let value = value.as_bytes();
    memchr::memchr3(b':', b'/', b'.', value).is_some() || memchr::memchr(b'@', value).is_some()
}

/// Those of the entries of a configuration in which something may be pointed to.
pub(super) fn pointing_of(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| {
        let is_said = |key: &String| {
            let of_said = (SHORTEST_SAID..=LONGEST_SAID).contains(&key.len());
            of_said && SAID.iter().any(|said| key.eq_ignore_ascii_case(said))
        };
        entry.meaning != Meaning::Encrypted && !entry.path.iter().any(is_said)
    })
}

/// The lengths of the keys of [`SAID`].
const SHORTEST_SAID: usize = 3;
/// See [`SHORTEST_SAID`].
const LONGEST_SAID: usize = 13;

/// The words of a value that may be a URL, a path or a name: cut at spaces, quotes, brackets and commas.
fn tokens(value: &str) -> impl Iterator<Item = &str> {
    let separates = |character: char| match character {
        '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '|'
        | '=' => true,
        '!'..='~' => false,
        other => other.is_whitespace(),
    };
    value.split(separates).filter(|token| token.len() >= 4)
}

/// The scheme of a URL, and what follows it.
fn url(token: &str) -> Option<(&str, &str)> {
    let bytes = token.as_bytes();
    let mut colons = memchr::memchr_iter(b':', bytes);
    let at = colons.find(|&at| bytes[at + 1..].starts_with(b"//"))?;
    Some((&token[..at], &token[at + 3..]))
}

/// What is looked for in every token: made once.
struct Sought(LazyLock<Finder<'static>>);

impl Sought {
    const fn new(make: fn() -> Finder<'static>) -> Self {
        Self(LazyLock::new(make))
    }

    fn find(&self, token: &str) -> Option<usize> {
        let is_long = token.len() >= self.0.needle().len();
        is_long.then(|| self.0.find(token.as_bytes())).flatten()
    }
}

/// Whether a key above an entry names production, which the file then says of itself. The labels of a block of Terraform are
/// names that its author gave to it, and say what it points to.
fn is_productions_section(file: &File<'_>, entry: &Entry) -> bool {
    let above = entry.path.split_last().map_or(&[][..], |(_, above)| above);
    let labels = match above.first().map(String::as_str) {
        Some("data" | "resource") if file.syntax == Syntax::Hcl => 3,
        Some("module" | "variable" | "output" | "provider") if file.syntax == Syntax::Hcl => 2,
        _ => 0,
    };
    above.iter().skip(labels).any(|key| {
        file.vocabulary
            .tier_of_environment(key)
            .is_some_and(|(tier, _)| tier == Tier::Production)
    })
}

/// Whether the last key of an entry has one of these words.
fn key_has(entry: &Entry, wanted: &[&str]) -> bool {
    entry.key().is_some_and(|key| has_word_of(key, wanted))
}

/// Adds the crossing that a pointer is, if it is production's.
fn judge(file: &File<'_>, entry: &Entry, pointer: Pointer<'_>, crossings: &mut Vec<Crossing>) {
    let Pointer { what, name, .. } = pointer;
    let mut declared = None;
    for &(kind, known, list) in pointer
        .known
        .iter()
        .filter(|(_, known, _)| !known.is_empty())
    {
        match file.facts.lookup(list, known) {
            // It is another environment's own, whatever its name says.
            Some((environment, _)) if environment.tier != Tier::Production => return,
            Some((environment, pattern)) if declared.is_none() => {
                declared = Some(format!(
                    "{kind} {known} is declared as {}'s by {} (\"{pattern}\")",
                    environment.name, environment.policy_line
                ));
            }
            _ => {}
        }
    }
    let (proven, kind, strength, text) = match declared {
        Some(text) => (true, "declared", Strength::Decisive, text),
        None if name.is_empty() || is_productions_section(file, entry) => return,
        None => match file.vocabulary.tier_of_name(name) {
            Some((Tier::Production, word)) => {
                let text = format!("{what} {name} names production (\"{word}\")");
                (false, "name", Strength::Strong, text)
            }
            _ => return,
        },
    };
    crossings.push(Crossing {
        rule: pointer.rule,
        family: Family::Reference,
        span: pointer.span,
        key_path: entry.path.clone(),
        proven,
        signals: vec![Signal {
            kind,
            environment: Some(Tier::Production),
            strength,
            text,
        }],
    });
}
