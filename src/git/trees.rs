//! Tree walk by object id: what stands in a tree and in none of its parents, by path.
//!
//! An entry is skipped only if some parent has the same name, mode and object *there*. There is no memory of trees seen
//! elsewhere: a removal and its revert in one push would lose content by it.

use std::collections::HashSet;

use crate::model::Oid;

use super::object::TreeEntry;
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
    let mut stack = vec![(Vec::new(), 0, tree, parents.to_vec())];
    let mut read = HashSet::new();
    let mut left = ENTRIES;
    while let Some((prefix, depth, oid, parents)) = stack.pop() {
        if depth > DEEPEST {
            return Err(GitError::Malformed {
                oid,
                reason: "the tree is nested deeper than 4,096 folders",
            });
        }
        let tree = repository.tree(oid)?;
        let parents = parents
            .iter()
            .map(|&parent| repository.tree(parent))
            .collect::<Result<Vec<_>, GitError>>()?;
        if read.insert(oid) {
            left = left.saturating_add(tree.len().saturating_mul(UNFOLDED));
        }
        left = left.checked_sub(tree.len()).ok_or(GitError::Malformed {
            oid,
            reason: "the same few trees unfold to too many paths",
        })?;
        let apart = parents.iter().fold(0..tree.len(), |all, parent| {
            let apart = tree.apart(parent);
            all.start.max(apart.start)..all.end.min(apart.end)
        });
        let mut fingers = vec![0; parents.len()];
        let mut folders = Vec::new();
        let mut there: Vec<TreeEntry<'_>> = Vec::new();
        for entry in apart.map(|number| tree.entry(number)) {
            there.clear();
            for (parent, finger) in parents.iter().zip(&mut fingers) {
                parent.each_named(entry.name, entry.mode.is_tree(), finger, &mut |old| {
                    there.push(old);
                });
            }
            if there
                .iter()
                .any(|old| old.mode == entry.mode && old.oid == entry.oid)
            {
                continue;
            }
            let mut path = Vec::with_capacity(prefix.len() + entry.name.len() + 1);
            path.extend_from_slice(&prefix);
            path.extend_from_slice(entry.name);
            if entry.mode.is_tree() {
                path.push(b'/');
                let old = there.iter().map(|old| old.oid).collect();
                folders.push((path, depth + 1, entry.oid, old));
            } else {
                // A gitlink has no content, but its name stood where a gitlink stood.
                let old = there
                    .iter()
                    .filter(|old| entry.mode.is_gitlink() || !old.mode.is_gitlink());
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

/// Whether the entry of a change stands in `tree`, at its path.
pub fn stands(repository: &Repository, tree: Oid, change: &Change) -> Result<bool, GitError> {
    // A hostile tree may have a name twice.
    let mut folders = vec![tree];
    let mut components = change.path.split(|&byte| byte == b'/').peekable();
    while let Some(name) = components.next() {
        let is_tree = components.peek().is_some();
        let mut found = Vec::new();
        for folder in folders {
            let tree = repository.tree(folder)?;
            tree.each_named(name, is_tree, &mut 0, &mut |entry| {
                found.push((entry.mode, entry.oid));
            });
        }
        if !is_tree {
            return Ok(found.contains(&(change.mode, change.oid)));
        }
        folders = found.into_iter().map(|(_, oid)| oid).collect();
        folders.sort_unstable();
        folders.dedup();
    }
    Ok(false)
}

/// The blob at `path` in `tree`, if there is one.
pub fn find(repository: &Repository, tree: Oid, path: &str) -> Result<Option<Oid>, GitError> {
    let mut at = tree;
    let mut components = path.split('/').peekable();
    while let Some(component) = components.next() {
        let tree = repository.tree(at)?;
        let mut entries = tree.entries();
        let Some(entry) = entries.find(|entry| entry.name == component.as_bytes()) else {
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
        let tree = repository.tree(at)?;
        let mut entries = tree.entries();
        match entries.find(|entry| entry.name == component.as_bytes()) {
            Some(entry) if entry.mode.is_tree() => at = entry.oid,
            _ => return Ok(Vec::new()),
        }
    }
    let tree = repository.tree(at)?;
    let blobs = tree
        .entries()
        .filter(|entry| !entry.mode.is_tree() && !entry.mode.is_gitlink());
    Ok(blobs
        .map(|entry| String::from_utf8_lossy(entry.name).into_owned())
        .collect())
}
