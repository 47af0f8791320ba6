//! What looked like a credential and is none, with the place where it stands. Gathered only where the scanner explains.

use std::ops::Range;

use super::{Knowledge, Places, Sighting};
use crate::model::{Excerpt, Family, Secret};
use crate::scan::{self, Positions, Rejected};
use crate::syntax::Entry;

/// Something that looked like a credential, and is taken for none.
#[derive(Clone)]
pub struct Dismissed<'r> {
    /// The rule and the reason; its span is that of the value, or of what it is encoded in, in the text of the blob.
    pub rejected: Rejected<'r>,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// Keys from the root of the file, as text and without the value.
    pub key_path: Option<String>,
    /// The masked line.
    pub excerpt: Excerpt,
}

/// What was rejected in a part of a text, without what is a finding all the same. Lines and excerpts are said by [`in_order`].
pub(super) fn of<'r>(
    rejected: Vec<Rejected<'r>>,
    text: &[u8],
    entries: &[Entry],
    sightings: &[Sighting<'r>],
    knowledge: &Knowledge<'_, 'r>,
) -> Vec<Dismissed<'r>> {
    let places = Places::of(entries);
    let dismissed = rejected
        .into_iter()
        .filter(|one| !is_seen(&one.span, sightings))
        .map(|rejected| {
            let value = Secret::new(&text[rejected.span.clone()]);
            let entry = places.around(&rejected.span)[0].map(|at| &entries[at]);
            Dismissed {
                key_path: entry
                    .map(|entry| scan::redact(knowledge.scanner, &entry.path.join("."), &[value])),
                rejected,
                line: 1,
                column: 1,
                excerpt: Excerpt {
                    text: String::new(),
                    start: 0,
                    end: 0,
                },
            }
        });
    dismissed.collect()
}

/// What another rule believes is a finding, whatever this one makes of it.
fn is_seen(span: &Range<usize>, sightings: &[Sighting<'_>]) -> bool {
    // In the order of their starts; a few may be nested, none is long.
    let before = sightings.partition_point(|sighting| sighting.span.start < span.end);
    sightings[..before]
        .iter()
        .rev()
        .take(MOST_OVERLAPPING)
        .any(|sighting| {
            use Family::{Credential, Inventory, Reuse};
            let is_value = matches!(sighting.family, Credential | Reuse | Inventory);
            is_value && span.start < sighting.span.end
        })
}

/// So many sightings before a place may reach into it.
const MOST_OVERLAPPING: usize = 64;

/// Places of what was dismissed, each once, also of what stands in something encoded.
pub(super) fn in_order<'r>(
    text: &[u8],
    mut dismissed: Vec<Dismissed<'r>>,
    sightings: &[Sighting<'r>],
) -> Vec<Dismissed<'r>> {
    dismissed.retain(|one| !is_seen(&one.rejected.span, sightings));
    let key = |one: &Dismissed<'r>| {
        let rejected = &one.rejected;
        (
            rejected.span.start,
            rejected.rule.id.clone(),
            rejected.reason,
        )
    };
    dismissed.sort_by_cached_key(key);
    dismissed.dedup_by(|one, other| key(one) == key(other));
    let mut positions = Positions::new(text);
    for one in &mut dismissed {
        let rejected = &one.rejected;
        (one.line, one.column) = positions.of(rejected.span.start);
        one.excerpt = scan::excerpt(text, &rejected.span, rejected.rule);
    }
    dismissed
}
