//! Entries of one mapping together. An entry knows the keys above it and not which item of a list it stands in: the items
//! of a list of mappings, repeated blocks and the documents of a file have the same keys.

use std::collections::HashSet;

use crate::syntax::Entry;

use super::File;

/// The entries of one mapping and of what is in it.
pub(super) struct Record<'e> {
    /// Keys from the root of the file to the mapping.
    pub(super) parent: &'e [String],
    /// Its entries, in the order of the file.
    pub(super) entries: &'e [Entry],
}

impl<'e> Record<'e> {
    /// The values of a key of the mapping itself, several where it is a list. Case, underscores and a plural do not count.
    pub(super) fn values<'r>(&'r self, key: &'r str) -> impl Iterator<Item = &'e Entry> + 'r {
        let depth = self.parent.len();
        self.entries
            .iter()
            .filter(move |entry| entry.path.len() == depth + 1 && is_key(&entry.path[depth], key))
    }

    /// Whether a value of a key is `value`, without case.
    pub(super) fn says(&self, key: &str, value: &str) -> bool {
        self.values(key)
            .any(|entry| entry.value.eq_ignore_ascii_case(value))
    }

    /// Everything at or below a key of the mapping.
    pub(super) fn below<'r>(&'r self, key: &'r str) -> impl Iterator<Item = &'e Entry> + 'r {
        let depth = self.parent.len();
        self.entries
            .iter()
            .filter(move |entry| is_key(&entry.path[depth], key))
    }
}

/// Whether a key is `wanted`, which is written in lower case without separators and plural.
pub(super) fn is_key(key: &str, wanted: &str) -> bool {
    let mut letters = key
        .bytes()
        .filter(|byte| !b"_-".contains(byte))
        .map(|byte| byte.to_ascii_lowercase());
    let same = wanted.bytes().all(|byte| letters.next() == Some(byte));
    same && match letters.next() {
        None => true,
        Some(last) => last == b's' && letters.next().is_none(),
    }
}

/// Keys at the root of a file below which entries are looked at together,
const BLOCKS: [&str; 6] = [
    "creation_rules",
    "data",
    "jobs",
    "remote_state",
    "resource",
    "terraform",
];
/// and those at or below which they are, wherever they stand: see [`is_key`].
const SHARED: [&str; 3] = ["iamrolestatement", "kind", "statement"];

/// Whether whatever is told of an entry is told by its own keys and value: it is of no mapping that `records` gives, and does not
/// say of which kind others are.
pub fn is_alone(entry: &Entry) -> bool {
    let is_block = |first: &String| BLOCKS.contains(&first.as_str());
    let is_shared = |key: &String| SHARED.iter().any(|shared| is_key(key, shared));
    !entry.path.first().is_some_and(is_block) && !entry.path.iter().any(is_shared)
}

/// The mappings whose keys stand `depth_of` keys below the root; entries for which it is `None` are of no mapping.
///
/// A mapping ends where its keys from the root change, where a key comes again, and where a brace closes it.
pub(super) fn records<'e>(
    file: &File<'e>,
    depth_of: impl Fn(&Entry) -> Option<usize>,
) -> Vec<Record<'e>> {
    let mut records = Vec::new();
    let entries = file.entries;
    let mut at = 0;
    while at < entries.len() {
        let Some(depth) = depth_of(&entries[at]).filter(|&depth| depth < entries[at].path.len())
        else {
            at += 1;
            continue;
        };
        let start = at;
        let parent = &entries[start].path[..depth];
        let mut last = entries[start].path[depth].as_str();
        let mut seen = HashSet::from([last]);
        at += 1;
        while let Some(entry) = entries.get(at) {
            let same = depth_of(entry) == Some(depth)
                && entry.path.len() > depth
                && entry.path[..depth] == *parent;
            if !same {
                break;
            }
            let key = entry.path[depth].as_str();
            let before = &entries[at - 1];
            let again = key != last && !seen.insert(key);
            if again || is_closed(file, before, entry, depth) {
                break;
            }
            last = key;
            at += 1;
        }
        records.push(Record {
            parent,
            entries: &entries[start..at],
        });
    }
    debug_assert!(
        records.is_empty() || !entries.iter().all(is_alone),
        "a key of these mappings is not written down as one that is looked at with others"
    );
    records
}

/// Whether more braces close between two entries than mappings were open around the first.
fn is_closed(file: &File<'_>, before: &Entry, after: &Entry, depth: usize) -> bool {
    let gap = file.text.get(before.span.end..after.span.start);
    let (mut open, mut closed) = (0_usize, 0_usize);
    for byte in gap.unwrap_or_default() {
        match byte {
            b'{' => open += 1,
            b'}' if open > 0 => open -= 1,
            b'}' => closed += 1,
            _ => {}
        }
    }
    closed >= before.path.len() - depth
}
