//! Tree walk by object id: what stands in a tree and in none of its parents, by path.
//!
//! An entry is skipped only if some parent has the same name, mode and object *there*. There is no memory of trees seen
//! elsewhere: a removal and its revert in one push would lose content by it.

use std::collections::HashSet;

use crate::model::Oid;

use super::object::{Kind, TreeEntry, tree_entries};
use super::{GitError, Repository};

/// The mode of a tree or index entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(u32);

impl Mode {
    /// A plain file.
    pub const FILE: Self = Self(0o100_644);

    pub(super) const fn new(bits: u32) -> Self {
        Self(bits)
    }

    /// A directory.
    pub const fn is_tree(self) -> bool {
        self.0 & 0o170_000 == 0o040_000
    }

    /// A commit of another repository (a submodule): nothing of it is stored here.
    pub const fn is_gitlink(self) -> bool {
        self.0 & 0o170_000 == 0o160_000
    }
}

/// At one path, one blob became another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Path from the root of the tree, `/` between components; bytes as git has them.
    pub path: Vec<u8>,
    /// Mode of the new entry.
    pub mode: Mode,
    /// The new blob.
    pub oid: Oid,
    /// The blobs that stood at this path in the parents, where there was one; for a gitlink, gitlinks too.
    pub parents: Vec<Oid>,
}

/// Deeper trees are hostile: git itself refuses to check them out long before.
pub(super) const DEEPEST: usize = 4096;

/// A dozen trees whose entries are all one tree unfold to more paths than there is time. A walk may visit so many entries,
pub(super) const ENTRIES: usize = 100_000;
/// and so many more for each that is written down in a tree it has not read before.
pub(super) const UNFOLDED: usize = 100;

/// Visits every blob and gitlink that stands in `tree` and, at that path, in none of `parents`.
pub fn changes(
    repository: &Repository,
    tree: Oid,
    parents: &[Oid],
    visit: &mut dyn FnMut(Change) -> Result<(), GitError>,
) -> Result<(), GitError> {
    if parents.contains(&tree) {
        return Ok(());
    }
    // A stack of our own: a hostile tree must not decide how deep ours grows.
    let mut stack = vec![(Vec::new(), tree, parents.to_vec())];
    let mut read = HashSet::new();
    let mut left = ENTRIES;
    while let Some((prefix, tree, parents)) = stack.pop() {
        if prefix.iter().filter(|&&byte| byte == b'/').count() > DEEPEST {
            return Err(GitError::Malformed {
                oid: tree,
                reason: "the tree is nested deeper than 4,096 folders",
            });
        }
        let raw = repository.read_as(tree, Kind::Tree)?;
        let raw_parents = parents
            .iter()
            .map(|&parent| Ok((parent, repository.read_as(parent, Kind::Tree)?)))
            .collect::<Result<Vec<_>, GitError>>()?;
        let parent_entries = raw_parents
            .iter()
            .map(|(oid, data)| tree_entries(*oid, data).map(Lookup::new))
            .collect::<Result<Vec<_>, GitError>>()?;
        let entries = tree_entries(tree, &raw)?;
        if read.insert(tree) {
            left = left.saturating_add(entries.len().saturating_mul(UNFOLDED));
        }
        left = left.checked_sub(entries.len()).ok_or(GitError::Malformed {
            oid: tree,
            reason: "the same few trees unfold to too many paths",
        })?;
        let mut folders = Vec::new();
        for entry in entries {
            let there: Vec<TreeEntry<'_>> = parent_entries
                .iter()
                .flat_map(|parent| parent.named(entry.name))
                .collect();
            if there
                .iter()
                .any(|old| old.mode == entry.mode && old.oid == entry.oid)
            {
                continue;
            }
            let mut path = prefix.clone();
            path.extend_from_slice(entry.name);
            if entry.mode.is_tree() {
                path.push(b'/');
                let old = there.iter().filter(|old| old.mode.is_tree());
                folders.push((path, entry.oid, old.map(|old| old.oid).collect()));
            } else {
                // A gitlink has no content, but its name stood where a gitlink stood.
                let old = there.iter().filter(|old| {
                    !old.mode.is_tree() && (entry.mode.is_gitlink() || !old.mode.is_gitlink())
                });
                visit(Change {
                    path,
                    mode: entry.mode,
                    oid: entry.oid,
                    parents: old.map(|old| old.oid).collect(),
                })?;
            }
        }
        stack.extend(folders.into_iter().rev());
    }
    Ok(())
}

/// Entries of one parent by name. Sorted by us, since a hostile tree need not be; duplicates of a name all count.
pub(super) struct Lookup<'t>(Vec<TreeEntry<'t>>);

impl<'t> Lookup<'t> {
    pub(super) fn new(mut entries: Vec<TreeEntry<'t>>) -> Self {
        entries.sort_by(|a, b| a.name.cmp(b.name));
        Self(entries)
    }

    pub(super) fn all(&self) -> &[TreeEntry<'t>] {
        &self.0
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn named<'l>(&'l self, name: &'l [u8]) -> impl Iterator<Item = TreeEntry<'t>> + 'l {
        let from = self.0.partition_point(|entry| entry.name < name);
        self.0[from..]
            .iter()
            .copied()
            .take_while(move |entry| entry.name == name)
    }
}

/// The blob at `path` in `tree`, if there is one.
pub fn find(repository: &Repository, tree: Oid, path: &str) -> Result<Option<Oid>, GitError> {
    let mut at = tree;
    let mut components = path.split('/').peekable();
    while let Some(component) = components.next() {
        let raw = repository.read_as(at, Kind::Tree)?;
        let entries = tree_entries(at, &raw)?;
        let Some(entry) = entries
            .iter()
            .find(|entry| entry.name == component.as_bytes())
        else {
            return Ok(None);
        };
        if components.peek().is_none() {
            let is_blob = !entry.mode.is_tree() && !entry.mode.is_gitlink();
            return Ok(is_blob.then_some(entry.oid));
        }
        if !entry.mode.is_tree() {
            return Ok(None);
        }
        at = entry.oid;
    }
    Ok(None)
}

/// The names of the blobs in the folder `path` of `tree`; the root where `path` is empty, nothing where there is none.
pub(super) fn names(
    repository: &Repository,
    tree: Oid,
    path: &str,
) -> Result<Vec<String>, GitError> {
    let mut at = tree;
    for component in path.split('/').filter(|component| !component.is_empty()) {
        let raw = repository.read_as(at, Kind::Tree)?;
        let entries = tree_entries(at, &raw)?;
        let entry = entries
            .iter()
            .find(|entry| entry.name == component.as_bytes());
        match entry {
            Some(entry) if entry.mode.is_tree() => at = entry.oid,
            _ => return Ok(Vec::new()),
        }
    }
    let raw = repository.read_as(at, Kind::Tree)?;
    let entries = tree_entries(at, &raw)?;
    let blobs = entries
        .iter()
        .filter(|entry| !entry.mode.is_tree() && !entry.mode.is_gitlink());
    Ok(blobs
        .map(|entry| String::from_utf8_lossy(entry.name).into_owned())
        .collect())
}
