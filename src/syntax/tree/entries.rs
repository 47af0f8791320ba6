//! A tree to entries: paths, what keys above say of a value, names beside values, and text that is a file of its own.

use super::super::{Entry, Meaning};
use super::{DEEPEST, Kind, NO_KEY, NodeId, Scalar, Tree, embedded, named, sections};

/// Nodes that aliases may add to those that are written. A file of a person has some hundreds.
const MOST_ADDED: usize = 100_000;
/// Bytes of all key paths together: a long key above many values is a bomb, too.
const LONGEST_PATHS: usize = 64 << 20;
/// What a key costs beside its bytes.
const KEY_COST: usize = 24;

pub(super) fn of(tree: &Tree, text: &str, nesting: usize) -> Option<Vec<Entry>> {
    let mut walk = Walk {
        tree,
        text,
        nesting,
        path: Vec::new(),
        path_cost: 0,
        visits: tree.nodes.len() * 2 + MOST_ADDED,
        room: LONGEST_PATHS,
        entries: Vec::new(),
    };
    for &root in &tree.roots {
        walk.node(root, Meaning::Literal, 0)?;
    }
    let mut entries = walk.entries;
    // An alias stands where its anchor does; what is read inside a value stands after the value.
    entries.sort_by_key(|entry| (entry.span.start, std::cmp::Reverse(entry.span.end)));
    entries.dedup_by(|a, b| a.span == b.span && a.path == b.path);
    Some(entries)
}

struct Walk<'t> {
    tree: &'t Tree,
    text: &'t str,
    /// How many files this one stands in.
    nesting: usize,
    path: Vec<String>,
    path_cost: usize,
    visits: usize,
    room: usize,
    entries: Vec<Entry>,
}

impl Walk<'_> {
    fn node(&mut self, id: NodeId, above: Meaning, depth: usize) -> Option<()> {
        self.visits = self.visits.checked_sub(1)?;
        if depth > DEEPEST {
            return None;
        }
        let tree = self.tree;
        let node = tree.node(id);
        // What a key above says of everything below it holds, unless the value itself says more.
        let meaning = if node.meaning == Meaning::Literal {
            above
        } else {
            node.meaning
        };
        match &node.kind {
            Kind::Scalar(scalar) => self.scalar(scalar, meaning),
            Kind::List(items) => {
                let named_items = self.path.last().is_some_and(|key| sections::lists(key));
                for &item in items {
                    let name = named_items
                        .then(|| sections::name_of_item(tree, item))
                        .flatten();
                    match (name, &tree.node(item).kind) {
                        (Some(name), _) => {
                            self.below(&[name], |walk| walk.node(item, meaning, depth + 1))?;
                        }
                        (None, Kind::Scalar(scalar)) => {
                            self.visits = self.visits.checked_sub(1)?;
                            match named::in_one(scalar, self.text) {
                                Some((key, value)) => {
                                    let own = tree.node(item).meaning;
                                    let meaning = if own == Meaning::Literal {
                                        meaning
                                    } else {
                                        own
                                    };
                                    self.below(&[key], |walk| walk.scalar(&value, meaning))?;
                                }
                                None => self.node(item, meaning, depth + 1)?,
                            }
                        }
                        (None, _) => self.node(item, meaning, depth + 1)?,
                    }
                }
                Some(())
            }
            Kind::Mapping(_) | Kind::Merging { .. } => self.mapping(id, meaning, depth),
        }
    }

    fn mapping(&mut self, id: NodeId, meaning: Meaning, depth: usize) -> Option<()> {
        let tree = self.tree;
        let pairs = tree.pairs(id)?;
        self.visits = self.visits.checked_sub(pairs.len() / 8)?;
        let named = named::in_mapping(tree, &pairs);
        let kubernetes = sections::Kubernetes::of(tree, &pairs);
        let sections = sections::of_mapping(tree, id, &pairs, &self.path, depth == 0);
        let each = |walk: &mut Self, section: &[&str]| {
            walk.below(section, |walk| {
                for (at, &(key, child)) in pairs.iter().enumerate() {
                    let meaning = match sections::meaning_below(tree, key, child, kubernetes) {
                        Meaning::Literal => meaning,
                        said => said,
                    };
                    let key = match named {
                        Some((name, value)) if value == at => name,
                        _ => key,
                    };
                    walk.below(&[key], |walk| walk.node(child, meaning, depth + 1))?;
                }
                Some(())
            })
        };
        if sections.is_empty() {
            return each(self, &[]);
        }
        for section in &sections {
            each(self, section)?;
        }
        Some(())
    }

    fn below(&mut self, keys: &[&str], inner: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let (len, cost) = (self.path.len(), self.path_cost);
        for key in keys.iter().filter(|key| **key != NO_KEY) {
            self.path_cost += key.len() + KEY_COST;
            self.path.push((*key).to_owned());
        }
        inner(self)?;
        self.path.truncate(len);
        self.path_cost = cost;
        Some(())
    }

    fn scalar(&mut self, scalar: &Scalar, meaning: Meaning) -> Option<()> {
        if self.path.is_empty() || scalar.span.end > self.text.len() {
            return Some(());
        }
        self.room = self.room.checked_sub(self.path_cost)?;
        let name = self.path.last().map_or("", String::as_str);
        let inner = match meaning {
            Meaning::Literal => embedded::entries(name, scalar, self.text, self.nesting),
            _ => Vec::new(),
        };
        self.entries.push(Entry {
            path: self.path.clone(),
            value: scalar.text.clone(),
            span: scalar.span.clone(),
            quoted: scalar.quoted,
            meaning,
        });
        for entry in inner {
            self.room = self.room.checked_sub(self.path_cost)?;
            let mut path = self.path.clone();
            path.extend(entry.path);
            self.entries.push(Entry { path, ..entry });
        }
        Some(())
    }
}
