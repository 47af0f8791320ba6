//! Values under keys that say nothing of them: a copy of a secret is known by what it is a copy of.

use std::collections::HashMap;
use std::ops::Range;

use crate::model::{Family, Secret};
use crate::rules::{Rule, schema::Value};
use crate::scan::decode;
use crate::scan::reason::{Asked, Reason, of_value};
use crate::scan::{self, Positions, ValueId};
use crate::syntax::Entry;

use super::{SHORTEST_ENCODED, Sighting};

/// A value under a key that says nothing of it, which could be secret all the same.
#[derive(Clone)]
pub struct Scalar {
    /// Tells this value from others in this run.
    pub value: ValueId,
    /// Where it stands in the text of the blob.
    pub span: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// Keys from the root of the file.
    pub key_path: Vec<String>,
    /// Whether it is a ciphertext.
    pub encrypted: bool,
}

/// What is known of values: most stand in one version of a file after the other.
#[derive(Default)]
pub struct Told(HashMap<ValueId, Kind>);

/// What a value could be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Secret,
    Ciphertext,
    Neither,
}

/// So many values are remembered.
const REMEMBERED: usize = 20_000;

impl Told {
    fn kind(&mut self, id: ValueId, value: &str) -> Kind {
        if let Some(&kind) = self.0.get(&id) {
            return kind;
        }
        let reason = of_value(&Asked {
            key: "secret",
            value,
            quoted: true,
            kind: Value::Token,
        });
        let kind = match reason {
            None => Kind::Secret,
            Some(Reason::Encrypted) => Kind::Ciphertext,
            Some(_) => Kind::Neither,
        };
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(id, kind);
        kind
    }
}

/// The scalars among the entries of a text that no sighting covers, and that would be believed under a key that bears a secret,
/// each with its value: white space is taken out of a ciphertext. `may` says of what stands in the text whether to look at it.
pub fn scalars(
    text: &[u8],
    entries: &[Entry],
    sightings: &[&Sighting<'_>],
    told: &mut Told,
    may: &dyn Fn(Secret<'_>) -> bool,
    visit: &mut dyn FnMut(Scalar, Secret<'_>),
) {
    let mut positions = Positions::new(text);
    for entry in entries {
        let next = sightings.partition_point(|seen| seen.span.end <= entry.span.start);
        if sightings
            .get(next)
            .is_some_and(|seen| seen.span.start < entry.span.end)
            || !may(Secret::new(&text[entry.span.clone()]))
        {
            continue;
        }
        let decoded = (entry.value.len() >= SHORTEST_ENCODED)
            .then(|| decode::whole_value(&entry.value))
            .flatten();
        let value = decoded.as_deref().unwrap_or(&entry.value).trim();
        let mut id = scan::value_id(Secret::new(value.as_bytes()));
        let packed: String;
        let (value, encrypted) = match told.kind(id, value) {
            Kind::Neither => continue,
            Kind::Secret => (Secret::new(value.as_bytes()), false),
            Kind::Ciphertext => {
                // Its lines are indented and wrapped as its file likes.
                packed = value.split_whitespace().collect();
                id = scan::value_id(Secret::new(packed.as_bytes()));
                (Secret::new(packed.as_bytes()), true)
            }
        };
        let (line, column) = positions.of(entry.span.start);
        let scalar = Scalar {
            value: id,
            span: entry.span.clone(),
            line,
            column,
            key_path: entry.path.clone(),
            encrypted,
        };
        visit(scalar, value);
    }
}

/// A scalar that turned out to be secret.
pub fn sighting_of<'r>(
    text: &[u8],
    scalar: &Scalar,
    provider: &'r str,
    rule: &'r Rule,
) -> Sighting<'r> {
    Sighting {
        provider,
        rule,
        value: scalar.value,
        span: scalar.span.clone(),
        steps: Vec::new(),
        inner: scalar.span.clone(),
        line: scalar.line,
        column: scalar.column,
        key_path: scalar.key_path.clone(),
        signals: Vec::new(),
        excerpt: scan::excerpt(text, &scalar.span, rule),
        lifetime: rule.lifetime.into(),
        privileged: rule.privileged,
        ends: None,
        family: Family::Reuse,
        proven: false,
        revoked: false,
        pending: Vec::new(),
        declarable: Vec::new(),
    }
}
