//! What YAML, JSON, HCL and XML have in common once they are parsed: mappings, lists and scalars with places. A format fills a
//! [`Tree`]; [`entries::of`] makes the entries of it.

mod embedded;
mod entries;
mod named;
mod sections;
pub(super) mod template;

pub(super) use sections::{is_name as is_name_of_item, lists as names_items};

use std::ops::Range;

use super::{Entry, Meaning};

/// Deeper documents are hostile; the line reader takes them.
pub(super) const DEEPEST: usize = 128;

/// The text of an element beside its attributes, and what merges into a mapping, have no key of their own.
pub(super) const NO_KEY: &str = "";

/// A node by its number.
pub(super) type NodeId = usize;

/// A parsed file. Nodes are numbered, so that an alias is the node that it stands for.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Documents, in the order of the file.
    pub(super) roots: Vec<NodeId>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) meaning: Meaning,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar(Scalar),
    Mapping(Vec<(String, NodeId)>),
    /// A mapping with what it takes over from others, where it has no such key of its own.
    Merging {
        own: Vec<(String, NodeId)>,
        from: Vec<NodeId>,
    },
    List(Vec<NodeId>),
}

#[derive(Debug)]
pub(super) struct Scalar {
    /// Unescaped.
    pub(super) text: String,
    /// Without quotes.
    pub(super) span: Range<usize>,
    pub(super) quoted: bool,
}

impl Tree {
    pub(super) fn add(&mut self, kind: Kind, meaning: Meaning) -> NodeId {
        self.nodes.push(Node { kind, meaning });
        self.nodes.len() - 1
    }

    pub(super) fn scalar(
        &mut self,
        text: impl Into<String>,
        span: Range<usize>,
        quoted: bool,
        meaning: Meaning,
    ) -> NodeId {
        let text = text.into();
        self.add(Kind::Scalar(Scalar { text, span, quoted }), meaning)
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    pub(super) fn text(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// What a mapping holds, with what it merges in: its own keys first, and each key once where it merges.
    fn pairs(&self, id: NodeId) -> Option<Vec<(&str, NodeId)>> {
        match &self.node(id).kind {
            Kind::Mapping(pairs) => {
                Some(pairs.iter().map(|(key, id)| (key.as_str(), *id)).collect())
            }
            Kind::Merging { own, .. } => {
                let mut pairs: Vec<(&str, NodeId)> =
                    own.iter().map(|(key, id)| (key.as_str(), *id)).collect();
                let mut known = pairs.iter().map(|(key, _)| *key).collect();
                let mut room = MOST_MERGES;
                self.merge(id, &mut pairs, &mut known, &mut room, 0);
                Some(pairs)
            }
            _ => None,
        }
    }

    fn merge<'t>(
        &'t self,
        id: NodeId,
        pairs: &mut Vec<(&'t str, NodeId)>,
        known: &mut std::collections::HashSet<&'t str>,
        room: &mut usize,
        depth: usize,
    ) {
        let Kind::Merging { from, .. } = &self.node(id).kind else {
            return;
        };
        for &source in from {
            if depth >= DEEPEST_MERGE || *room == 0 {
                return;
            }
            *room -= 1;
            match &self.node(source).kind {
                Kind::Mapping(own) | Kind::Merging { own, .. } => {
                    for (key, id) in own {
                        if known.insert(key) {
                            pairs.push((key, *id));
                        }
                    }
                    self.merge(source, pairs, known, room, depth + 1);
                }
                _ => {}
            }
        }
    }

    /// The scalar below a dotted name, whether it is written as one key or as several: `spring.profiles`.
    fn below(&self, id: NodeId, name: &str) -> Option<NodeId> {
        self.pairs(id)?.into_iter().find_map(|(key, child)| {
            let rest = name.strip_prefix(key)?;
            if rest.is_empty() {
                return Some(child);
            }
            self.below(child, rest.strip_prefix('.')?)
        })
    }
}

/// Merges of merges are followed so far,
const DEEPEST_MERGE: usize = 8;
/// and so many for one mapping.
const MOST_MERGES: usize = 64;

/// The entries of a tree; `None` where aliases would make more of them than a file may have.
pub(super) fn entries(tree: &Tree, text: &str, nesting: usize) -> Option<Vec<Entry>> {
    entries::of(tree, text, nesting)
}

/// Builds a tree from events, without recursion.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) tree: Tree,
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    meaning: Meaning,
    /// `None` in a list; in a mapping what it holds so far.
    pairs: Option<Vec<(String, NodeId)>>,
    items: Vec<NodeId>,
    key: Option<String>,
}

impl Builder {
    /// Opens a mapping or a list; `None` where it lies too deep.
    pub(super) fn open(&mut self, mapping: bool, meaning: Meaning) -> Option<()> {
        if self.open.len() >= DEEPEST {
            return None;
        }
        self.open.push(Open {
            meaning,
            pairs: mapping.then(Vec::new),
            items: Vec::new(),
            key: None,
        });
        Some(())
    }

    /// Whether a key comes next.
    pub(super) fn wants_key(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| open.pairs.is_some() && open.key.is_none())
    }

    pub(super) fn key(&mut self, key: String) {
        if let Some(open) = self.open.last_mut() {
            open.key = Some(key);
        }
    }

    /// Whether a key waits for its value.
    pub(super) fn wants_value(&self) -> bool {
        self.open.last().is_some_and(|open| open.key.is_some())
    }

    /// Whether the innermost is a mapping; `None` where nothing is open.
    pub(super) fn is_mapping(&self) -> Option<bool> {
        self.open.last().map(|open| open.pairs.is_some())
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Puts a node where it belongs.
    pub(super) fn put(&mut self, id: NodeId) {
        match self.open.last_mut() {
            None => self.tree.roots.push(id),
            Some(open) => match &mut open.pairs {
                None => open.items.push(id),
                Some(pairs) => match open.key.take() {
                    Some(key) => pairs.push((key, id)),
                    // A mapping or a list as a key: what it holds is read, below no name.
                    None => {
                        pairs.push((NO_KEY.to_owned(), id));
                        open.key = Some(NO_KEY.to_owned());
                    }
                },
            },
        }
    }

    /// Closes the innermost; `merge_key` is the key whose values merge. `None` where nothing is open.
    pub(super) fn close(&mut self, merge_key: Option<&str>) -> Option<NodeId> {
        let open = self.open.pop()?;
        let kind = match open.pairs {
            None => Kind::List(open.items),
            Some(pairs) => match merge_key {
                Some(merge) if pairs.iter().any(|(key, _)| key == merge) => {
                    let (merged, own): (Vec<_>, Vec<_>) =
                        pairs.into_iter().partition(|(key, _)| key == merge);
                    let mut from = Vec::new();
                    for (_, id) in merged {
                        match &self.tree.node(id).kind {
                            Kind::List(items) => from.extend(items.iter().copied()),
                            _ => from.push(id),
                        }
                    }
                    Kind::Merging { own, from }
                }
                _ => Kind::Mapping(pairs),
            },
        };
        let id = self.tree.add(kind, open.meaning);
        self.put(id);
        Some(id)
    }

    /// The tree, where everything that was opened is closed.
    pub(super) fn finish(self) -> Option<Tree> {
        self.open.is_empty().then_some(self.tree)
    }
}
