//! What a commit did to each path: what came, and what went. For those who tell a story of the whole history; the gate
//! itself asks only [what came](super::changes).

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::model::Oid;

use super::object::{Kind, TreeEntry};
use super::trees::{DEEPEST, ENTRIES, UNFOLDED};
use super::{GitError, Mode, Repository};

/// What a commit did at one path, compared with all its parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Path from the root of the tree.
    pub path: Vec<u8>,
    /// What stands there now; `None` where it was removed from all parents.
    pub new: Option<(Mode, Oid)>,
    /// The blobs that stood there in the parents.
    pub old: Vec<Oid>,
    /// Whether one stood there in every parent.
    pub in_all: bool,
}

/// Who wrote a commit, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name without the address, lossy UTF-8.
    pub name: String,
    /// Seconds since the epoch; 0 where they cannot be read.
    pub time: i64,
}

impl Author {
    /// Of a raw commit object. Names are of any length and content.
    pub fn parse(commit: &[u8]) -> Self {
        let line = commit
            .split(|&byte| byte == b'\n')
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix(b"author "))
            .unwrap_or_default();
        let name = line
            .iter()
            .position(|&byte| byte == b'<')
            .map_or(line, |end| &line[..end]);
        Self {
            name: String::from_utf8_lossy(name.trim_ascii()).into_owned(),
            time: super::object::seconds(line).unwrap_or(0),
        }
    }
}

/// Trees that were read a moment ago: those of a commit are its children's parents'.
pub struct RecentTrees<'r> {
    repository: &'r Repository,
    raw: HashMap<Oid, Rc<Vec<u8>>>,
    bytes: usize,
}

/// So many bytes of trees are kept.
const KEPT: usize = 64 << 20;

/// One folder to compare: its path, its tree now, and that of each parent.
type Folder = (Vec<u8>, Option<Oid>, Vec<Option<Oid>>);

impl<'r> RecentTrees<'r> {
    /// None yet.
    pub fn new(repository: &'r Repository) -> Self {
        Self {
            repository,
            raw: HashMap::new(),
            bytes: 0,
        }
    }

    /// The raw bytes of a tree.
    pub fn read(&mut self, oid: Oid) -> Result<Rc<Vec<u8>>, GitError> {
        if let Some(raw) = self.raw.get(&oid) {
            return Ok(Rc::clone(raw));
        }
        let raw = Rc::new(self.repository.read_as(oid, Kind::Tree)?);
        if self.bytes > KEPT {
            self.raw.clear();
            self.bytes = 0;
        }
        self.bytes += raw.len();
        self.raw.insert(oid, Rc::clone(&raw));
        Ok(raw)
    }

    /// Visits what a commit with this tree did to its parents' trees. Of a root commit everything came.
    pub fn steps<E: From<GitError>>(
        &mut self,
        tree: Oid,
        parents: &[Oid],
        visit: &mut dyn FnMut(Step) -> Result<(), E>,
    ) -> Result<(), E> {
        if parents.contains(&tree) {
            return Ok(());
        }
        let parents = parents.iter().copied().map(Some).collect();
        let mut stack: Vec<Folder> = vec![(Vec::new(), Some(tree), parents)];
        let mut seen = HashSet::new();
        let mut left = ENTRIES;
        while let Some((prefix, new, old)) = stack.pop() {
            if prefix.iter().filter(|&&byte| byte == b'/').count() > DEEPEST {
                return Err(too_much(tree, "the tree is nested deeper than 4,096 folders").into());
            }
            let mut read = |oid: Option<Oid>| {
                let raw = oid.map(|oid| Ok((oid, self.read(oid)?)));
                raw.transpose()
            };
            let raw_new = read(new)?;
            let raw_old = old
                .iter()
                .map(|&oid| read(oid))
                .collect::<Result<Vec<_>, GitError>>()?;
            let entries = entries(raw_new.as_ref())?;
            let there = raw_old
                .iter()
                .map(|raw| self::entries(raw.as_ref()).map(Lookup::new))
                .collect::<Result<Vec<_>, GitError>>()?;
            let listed = new.or_else(|| old.iter().copied().flatten().next());
            let size = entries.len().max(there.first().map_or(0, Lookup::len));
            if listed.is_some_and(|oid| seen.insert(oid)) {
                left = left.saturating_add(size.saturating_mul(UNFOLDED));
            }
            left = left
                .checked_sub(size)
                .ok_or_else(|| too_much(tree, "the same few trees unfold to too many paths"))?;
            let mut folders = Vec::new();
            for entry in &entries {
                came(entry, &prefix, &there, &mut folders, visit)?;
            }
            // What went stood in every parent, so also in the first.
            let now = Lookup::new(entries);
            for entry in there.first().map(Lookup::all).unwrap_or_default() {
                let stands = now
                    .named(entry.name)
                    .any(|now| now.mode.is_tree() == entry.mode.is_tree());
                if !stands {
                    went(entry, &prefix, &there, &mut folders, visit)?;
                }
            }
            stack.extend(folders.into_iter().rev());
        }
        Ok(())
    }
}

fn too_much(oid: Oid, reason: &'static str) -> GitError {
    GitError::Malformed { oid, reason }
}

fn entries(raw: Option<&(Oid, Rc<Vec<u8>>)>) -> Result<Vec<TreeEntry<'_>>, GitError> {
    raw.map_or(Ok(Vec::new()), |(oid, data)| tree_entries(*oid, data))
}

/// A path in `prefix`.
fn path_of(prefix: &[u8], entry: &TreeEntry<'_>) -> Vec<u8> {
    let mut path = prefix.to_vec();
    path.extend_from_slice(entry.name);
    if entry.mode.is_tree() {
        path.push(b'/');
    }
    path
}

/// What stood under the name of an entry in each parent, and is a folder or not as it is.
fn alike<'t>(entry: &TreeEntry<'t>, there: &[Lookup<'t>]) -> Vec<Option<Oid>> {
    there
        .iter()
        .map(|parent| {
            parent
                .named(entry.name)
                .find(|old| {
                    old.mode.is_tree() == entry.mode.is_tree()
                        && old.mode.is_gitlink() == entry.mode.is_gitlink()
                })
                .map(|old| old.oid)
        })
        .collect()
}

fn came<'t, E>(
    entry: &TreeEntry<'t>,
    prefix: &[u8],
    there: &[Lookup<'t>],
    folders: &mut Vec<Folder>,
    visit: &mut dyn FnMut(Step) -> Result<(), E>,
) -> Result<(), E> {
    let same = there.iter().any(|parent| {
        parent
            .named(entry.name)
            .any(|old| old.mode == entry.mode && old.oid == entry.oid)
    });
    if same {
        return Ok(());
    }
    let old = alike(entry, there);
    if entry.mode.is_tree() {
        folders.push((path_of(prefix, entry), Some(entry.oid), old));
        return Ok(());
    }
    visit(Step {
        path: path_of(prefix, entry),
        new: Some((entry.mode, entry.oid)),
        in_all: old.iter().all(Option::is_some),
        old: old.into_iter().flatten().collect(),
    })
}

fn went<'t, E>(
    entry: &TreeEntry<'t>,
    prefix: &[u8],
    there: &[Lookup<'t>],
    folders: &mut Vec<Folder>,
    visit: &mut dyn FnMut(Step) -> Result<(), E>,
) -> Result<(), E> {
    let old = alike(entry, there);
    if entry.mode.is_gitlink() || !old.iter().all(Option::is_some) {
        return Ok(());
    }
    if entry.mode.is_tree() {
        folders.push((path_of(prefix, entry), None, old));
        return Ok(());
    }
    visit(Step {
        path: path_of(prefix, entry),
        new: None,
        in_all: true,
        old: old.into_iter().flatten().collect(),
    })
}

/// Entries of one parent by name. Sorted by us, since a hostile tree need not be; duplicates of a name all count.
struct Lookup<'t>(Vec<TreeEntry<'t>>);

impl<'t> Lookup<'t> {
    fn new(mut entries: Vec<TreeEntry<'t>>) -> Self {
        entries.sort_by(|a, b| a.name.cmp(b.name));
        Self(entries)
    }

    fn all(&self) -> &[TreeEntry<'t>] {
        &self.0
    }

    const fn len(&self) -> usize {
        self.0.len()
    }

    fn named<'l>(&'l self, name: &'l [u8]) -> impl Iterator<Item = TreeEntry<'t>> + 'l {
        let from = self.0.partition_point(|entry| entry.name < name);
        self.0[from..]
            .iter()
            .copied()
            .take_while(move |entry| entry.name == name)
    }
}

/// The entries of a raw tree in the order in which they are stored, which hostile trees need not sort.
pub fn tree_entries(oid: Oid, data: &[u8]) -> Result<Vec<TreeEntry<'_>>, GitError> {
    let malformed = |reason| GitError::Malformed { oid, reason };
    let width = oid.as_bytes().len();
    let mut entries = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let space = rest
            .iter()
            .position(|&byte| byte == b' ')
            .ok_or(malformed("a tree entry has no mode"))?;
        let mode = rest[..space]
            .iter()
            .try_fold(0_u32, |mode, &digit| match digit {
                b'0'..=b'7' if mode < 0o10_000_000 => Some(mode * 8 + u32::from(digit - b'0')),
                _ => None,
            })
            .ok_or(malformed("a tree entry's mode is not octal"))?;
        rest = &rest[space + 1..];
        let nul = rest
            .iter()
            .position(|&byte| byte == 0)
            .ok_or(malformed("a tree entry's name does not end"))?;
        let name = &rest[..nul];
        let id = rest
            .get(nul + 1..nul + 1 + width)
            .and_then(Oid::from_bytes)
            .ok_or(malformed("a tree entry's object id is cut"))?;
        rest = &rest[nul + 1 + width..];
        entries.push(TreeEntry {
            mode: Mode::new(mode),
            name,
            oid: id,
        });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::Author;

    #[test]
    fn authors_are_names_without_addresses() {
        let author = |line: &str| {
            Author::parse(
                format!("tree 1\n{line}\ncommitter C <c> 9 +0000\n\nauthor X <x> 1 +0000\n")
                    .as_bytes(),
            )
        };
        let ada = author("author Ada B. <ada@example.invalid> 1700000000 +0100");
        assert_eq!((ada.name.as_str(), ada.time), ("Ada B.", 1_700_000_000));
        assert_eq!(author("author <> nonsense").name, "");
        assert_eq!(author("encoding x").time, 0);
    }
}
