//! The index, read from its file: the *staged* blobs, never the working tree.
//!
//! Versions 2, 3 and 4 as documented in git's `gitformat-index`. The cache-tree extension says which folders stand as
//! they do in HEAD, so a commit of one file reads the trees on its path and no others. libgit2 reads every entry into
//! structures of its own and every tree of HEAD: four times git's own time on 50,000 entries. It refuses split and sparse
//! indexes and those of SHA-256, which are read here as well.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use crate::model::Oid;

use super::trees::Mode;
use super::{Change, GitError, Repository};

/// The index of a repository or worktree.
pub struct Index {
    paths: Vec<u8>,
    entries: Vec<Entry>,
    cache: Option<CacheTree>,
}

/// What one index file holds.
#[derive(Default)]
struct File {
    /// Where the paths of the entries stand: the file itself, but for version 4, where they are written in part.
    paths: Vec<u8>,
    entries: Vec<Entry>,
    cache: Option<CacheTree>,
    link: Option<Link>,
}

/// A split index: the entries of another file, less some, with others in their place, and more.
struct Link {
    /// The checksum at the end of the other file, by which it is named.
    base: Oid,
    deleted: HashSet<usize>,
    /// In order: the first entries of this file stand for these.
    replaced: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Entry {
    path: Place,
    mode: Mode,
    oid: Oid,
    stage: u8,
    intent_to_add: bool,
}

/// Where a path stands. A hundred thousand paths of their own would take longer to make than all else.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    len: u32,
}

impl Place {
    fn of(start: usize, len: usize) -> Result<Self, &'static str> {
        let number = |at| u32::try_from(at).map_err(|_| "it is larger than 4 GiB");
        Ok(Self {
            start: number(start)?,
            len: number(len)?,
        })
    }

    fn in_bytes(self, paths: &[u8]) -> &[u8] {
        let start = self.start as usize;
        &paths[start..start + self.len as usize]
    }
}

/// One folder of the cache-tree extension.
#[derive(Debug)]
struct CacheTree {
    name: Vec<u8>,
    /// The tree that git would write for it; `None` once an entry below it has changed.
    oid: Option<Oid>,
    children: Vec<CacheTree>,
}

/// Something in the index that differs from every parent.
pub enum IndexChange {
    /// A staged blob.
    Staged(Change),
    /// An entry in conflict: there is no blob yet that would be committed.
    Conflicted(Vec<u8>),
    /// A folder outside the sparse checkout whose tree differs.
    SparseFolder {
        /// Its path, with a final `/`.
        path: Vec<u8>,
        /// The tree it would commit.
        tree: Oid,
        /// The trees at this path in the parents.
        parents: Vec<Oid>,
    },
}

struct Reader<'d> {
    data: &'d [u8],
    at: usize,
}

impl<'d> Reader<'d> {
    fn take(&mut self, len: usize) -> Result<&'d [u8], &'static str> {
        let end = self.at.checked_add(len).ok_or("a length overflows")?;
        let bytes = self.data.get(self.at..end).ok_or("it is cut short")?;
        self.at = end;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, &'static str> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn u64(&mut self) -> Result<u64, &'static str> {
        Ok(u64::from(self.u32()?) << 32 | u64::from(self.u32()?))
    }

    fn u16(&mut self) -> Result<u16, &'static str> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn until(&mut self, stop: u8) -> Result<&'d [u8], &'static str> {
        let rest = self.data.get(self.at..).ok_or("it is cut short")?;
        let len = memchr::memchr(stop, rest).ok_or("it is cut short")?;
        self.at += len + 1;
        Ok(&rest[..len])
    }

    /// The offset encoding of version 4, as in pack files.
    fn varint(&mut self) -> Result<usize, &'static str> {
        let mut byte = self.take(1)?[0];
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.take(1)?[0];
            value = value
                .checked_add(1)
                .and_then(|value| value.checked_mul(128))
                .ok_or("a length overflows")?
                | usize::from(byte & 0x7f);
        }
        Ok(value)
    }
}

impl Index {
    /// Reads the index of `repository`, or the one that `GIT_INDEX_FILE` names.
    pub fn open(repository: &Repository, from_env: Option<PathBuf>) -> Result<Self, GitError> {
        let path = from_env.unwrap_or_else(|| repository.git_dir().join("index"));
        let width = repository.oid_width();
        let error = |reason: String| GitError::Index {
            path: path.display().to_string(),
            reason,
        };
        let data = match std::fs::read(&path) {
            Ok(data) => data,
            // git does not write an index before the first `git add`.
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(other) => return Err(error(other.to_string())),
        };
        let mut file = File::parse(data, width).map_err(|reason| error(reason.to_owned()))?;
        if let Some(link) = file.link.take() {
            let shared = repository
                .git_dir()
                .join(format!("sharedindex.{}", link.base));
            let base = std::fs::read(&shared).map_err(|reason| {
                error(format!("its other half, {}: {reason}", shared.display()))
            })?;
            link.join(&mut file, base, width).map_err(|reason| {
                error(format!("its other half, {}: {reason}", shared.display()))
            })?;
        }
        Ok(Self {
            paths: file.paths,
            entries: file.entries,
            cache: file.cache,
        })
    }

    /// Visits every entry that stands, at its path, in none of `parents` (trees).
    pub fn changes(
        &self,
        repository: &Repository,
        parents: &[Oid],
        visit: &mut dyn FnMut(IndexChange) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let path_of = |entry: &Entry| entry.path.in_bytes(&self.paths);
        let mut stack = vec![(0, &self.entries[..], self.cache.as_ref(), parents.to_vec())];
        while let Some((depth, entries, cache, parents)) = stack.pop() {
            let cached = cache.and_then(|cache| cache.oid);
            if cached.is_some_and(|oid| parents.contains(&oid)) {
                continue;
            }
            let trees = parents
                .iter()
                .map(|&parent| repository.tree(parent))
                .collect::<Result<Vec<_>, GitError>>()?;
            // Of folders and of files: in the index they stand in another order than in a tree.
            let mut fingers = vec![[0; 2]; trees.len()];
            let mut there = |name: &[u8], is_tree: bool| {
                let mut found = Vec::new();
                for (tree, fingers) in trees.iter().zip(&mut fingers) {
                    let finger = &mut fingers[usize::from(is_tree)];
                    tree.each_named(name, is_tree, finger, &mut |entry| {
                        found.push((entry.mode, entry.oid));
                    });
                }
                found
            };
            let mut at = 0;
            while at < entries.len() {
                let entry = &entries[at];
                let path = path_of(entry);
                let name = &path[depth..];
                if let Some(slash) = name.iter().position(|&byte| byte == b'/') {
                    let folder = &path[..depth + slash + 1];
                    let count =
                        entries[at..].partition_point(|entry| path_of(entry).starts_with(folder));
                    // Entries are sorted, so a folder's stand together; in a file that lies, each stands alone.
                    let count = count.max(1);
                    let old: Vec<Oid> = there(&name[..slash], true)
                        .into_iter()
                        .map(|(_, oid)| oid)
                        .collect();
                    if name.len() == slash + 1 {
                        // A folder outside a sparse checkout stands as one entry with its tree.
                        if !old.contains(&entry.oid) {
                            visit(IndexChange::SparseFolder {
                                path: path.to_vec(),
                                tree: entry.oid,
                                parents: old,
                            })?;
                        }
                        at += 1;
                        continue;
                    }
                    let child = cache.and_then(|cache| {
                        cache
                            .children
                            .iter()
                            .find(|child| child.name == name[..slash])
                    });
                    stack.push((folder.len(), &entries[at..at + count], child, old));
                    at += count;
                    continue;
                }
                at += 1;
                if entry.intent_to_add {
                    continue;
                }
                if entry.stage != 0 {
                    visit(IndexChange::Conflicted(path.to_vec()))?;
                    continue;
                }
                let old = there(name, entry.mode.is_tree());
                if old.contains(&(entry.mode, entry.oid)) {
                    continue;
                }
                visit(IndexChange::Staged(Change {
                    path: path.to_vec(),
                    mode: entry.mode,
                    oid: entry.oid,
                    parents: old
                        .iter()
                        .filter(|(mode, _)| {
                            !mode.is_tree() && (entry.mode.is_gitlink() || !mode.is_gitlink())
                        })
                        .map(|(_, oid)| *oid)
                        .collect(),
                }))?;
            }
        }
        Ok(())
    }
}

impl File {
    /// Parses an index file whose object ids have `width` bytes.
    fn parse(data: Vec<u8>, width: usize) -> Result<Self, &'static str> {
        let mut file = Self::default();
        if data.is_empty() {
            return Ok(file);
        }
        // The file ends with git's own checksum over it, or with zeros where `index.skipHash` is set.
        let end = data.len().checked_sub(width).ok_or("it is cut short")?;
        let mut reader = Reader {
            data: &data[..end],
            at: 0,
        };
        if reader.take(4)? != b"DIRC" {
            return Err("it does not start with DIRC");
        }
        let version = reader.u32()?;
        if !(2..=4).contains(&version) {
            return Err("its version is not 2, 3 or 4");
        }
        let count = reader.u32()? as usize;
        let mut expanded: Vec<u8> = Vec::new();
        let mut entries: Vec<Entry> = Vec::with_capacity(count.min(end / (42 + width)));
        for _ in 0..count {
            let start = reader.at;
            // ctime, mtime, dev, ino: of no interest.
            reader.take(24)?;
            let mode = Mode::new(reader.u32()?);
            // uid, gid, size.
            reader.take(12)?;
            let oid = Oid::from_bytes(reader.take(width)?).ok_or("an object id is cut")?;
            let flags = reader.u16()?;
            let extended = if flags & 0x4000 != 0 {
                if version < 3 {
                    return Err("an entry of version 2 has extended flags");
                }
                reader.u16()?
            } else {
                0
            };
            let path = if version == 4 {
                let strip = reader.varint()?;
                let suffix = reader.until(0)?;
                let (from, previous) = entries.last().map_or((0, 0), |entry| {
                    (entry.path.start as usize, entry.path.len as usize)
                });
                let keep = previous
                    .checked_sub(strip)
                    .ok_or("a path strips more than there is")?;
                let start = expanded.len();
                expanded.extend_from_within(from..from + keep);
                expanded.extend_from_slice(suffix);
                Place::of(start, expanded.len() - start)?
            } else {
                let begins = reader.at;
                let len = reader.until(0)?.len();
                // Entries are padded with 1 to 8 NULs to a multiple of eight bytes.
                let whole = reader.at - 1 - start;
                reader.at = start + (whole + 8) / 8 * 8;
                Place::of(begins, len)?
            };
            entries.push(Entry {
                path,
                mode,
                oid,
                stage: ((flags >> 12) & 3) as u8,
                intent_to_add: extended & 0x2000 != 0,
            });
        }
        while reader.at < end {
            let name = reader.take(4)?;
            let len = reader.u32()? as usize;
            let mut body = Reader {
                data: reader.take(len)?,
                at: 0,
            };
            match name {
                b"TREE" => file.cache = CacheTree::parse(&mut body, width, 0)?,
                b"link" => file.link = Link::parse(&mut body, width)?,
                b"sdir" => {}
                // Extensions whose name starts with a capital are optional by the format's own rule.
                [first, ..] if first.is_ascii_uppercase() => {}
                _ => return Err("it has a required extension that is not known here"),
            }
        }
        file.entries = entries;
        file.paths = if version == 4 { expanded } else { data };
        Ok(file)
    }
}

impl Link {
    /// The extension of a split index; `None` where it names no other file.
    fn parse(reader: &mut Reader<'_>, width: usize) -> Result<Option<Self>, &'static str> {
        let base = Oid::from_bytes(reader.take(width)?).ok_or("an object id is cut")?;
        if base.is_zero() {
            return Ok(None);
        }
        let (mut deleted, mut replaced) = (Vec::new(), Vec::new());
        if reader.at < reader.data.len() {
            deleted = bitmap(reader)?;
            replaced = bitmap(reader)?;
        }
        Ok(Some(Self {
            base,
            deleted: deleted.into_iter().collect(),
            replaced,
        }))
    }

    /// Adds the entries of the other file.
    fn join(&self, file: &mut File, base: Vec<u8>, width: usize) -> Result<(), &'static str> {
        if !base.ends_with(self.base.as_bytes()) {
            return Err("its checksum is not the one that names it");
        }
        let base = File::parse(base, width)?;
        let mut entries = base.entries;
        for entry in &mut entries {
            let start = file.paths.len() + entry.path.start as usize;
            entry.path = Place::of(start, entry.path.len as usize)?;
        }
        file.paths.extend(base.paths);
        let mut own = std::mem::take(&mut file.entries).into_iter();
        for &at in &self.replaced {
            let old = entries
                .get_mut(at)
                .ok_or("it has fewer entries than are replaced")?;
            let new = own
                .next()
                .ok_or("it has more replaced entries than stand for them")?;
            // The path is left out where it stays.
            let path = if new.path.len == 0 {
                old.path
            } else {
                new.path
            };
            *old = Entry { path, ..new };
        }
        let mut joined: BTreeMap<(&[u8], u8), Entry> = BTreeMap::new();
        let kept = entries
            .into_iter()
            .enumerate()
            .filter(|(at, _)| !self.deleted.contains(at))
            .map(|(_, entry)| entry);
        for entry in kept.chain(own) {
            let path = entry.path.in_bytes(&file.paths);
            if entry.stage == 0 {
                for stage in 1..=3 {
                    joined.remove(&(path, stage));
                }
            }
            joined.insert((path, entry.stage), entry);
        }
        file.entries = joined.into_values().collect();
        Ok(())
    }
}

/// The positions that are set in a bitmap of git's EWAH compression: words of 64 bits, in runs of equal ones, each
/// followed by words as they are.
fn bitmap(reader: &mut Reader<'_>) -> Result<Vec<usize>, &'static str> {
    let bits = reader.u32()? as usize;
    let words = reader.u32()? as usize;
    let mut words = Reader {
        data: reader.take(words.checked_mul(8).ok_or("a length overflows")?)?,
        at: 0,
    };
    // Where the last run starts: for writers.
    reader.u32()?;
    let mut set = Vec::new();
    let mut at = 0_usize;
    while words.at < words.data.len() {
        let run = words.u64()?;
        let run_bits = (((run >> 1) & 0xffff_ffff) as usize).saturating_mul(64);
        if run & 1 == 1 {
            set.extend(at..at.saturating_add(run_bits).min(bits));
        }
        at = at.saturating_add(run_bits);
        for _ in 0..run >> 33 {
            let word = words.u64()?;
            set.extend(
                (0..64)
                    .filter(|bit| word >> bit & 1 == 1)
                    .map(|bit| at.saturating_add(bit)),
            );
            at = at.saturating_add(64);
        }
    }
    set.retain(|&position| position < bits);
    Ok(set)
}

impl CacheTree {
    fn parse(
        reader: &mut Reader<'_>,
        width: usize,
        depth: usize,
    ) -> Result<Option<Self>, &'static str> {
        if reader.at == reader.data.len() {
            return Ok(None);
        }
        if depth > 4096 {
            return Err("its cache tree is nested too deep");
        }
        let name = reader.until(0)?.to_vec();
        let number = |bytes: &[u8]| -> Result<i64, &'static str> {
            std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or("its cache tree holds no number where one must be")
        };
        let entries = number(reader.until(b' ')?)?;
        let subtrees = number(reader.until(b'\n')?)?;
        let oid = if entries >= 0 {
            Some(Oid::from_bytes(reader.take(width)?).ok_or("an object id is cut")?)
        } else {
            None
        };
        let mut children = Vec::new();
        for _ in 0..subtrees {
            match Self::parse(reader, width, depth + 1)? {
                Some(child) => children.push(child),
                None => return Err("its cache tree is cut short"),
            }
        }
        Ok(Some(Self {
            name,
            oid,
            children,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubbish_is_an_error_and_nothing_is_empty() {
        assert!(
            File::parse(Vec::new(), 20)
                .expect("no index yet")
                .entries
                .is_empty()
        );
        for data in [
            &b"DIRC"[..],
            b"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            &[0; 31],
        ] {
            assert!(File::parse(data.to_vec(), 20).is_err());
        }
        let mut many = b"DIRC\0\0\0\x02\xff\xff\xff\xff".to_vec();
        many.extend([0; 20]);
        assert!(File::parse(many, 20).is_err());
    }

    fn bits(bits: u32, words: &[u64]) -> Result<Vec<usize>, &'static str> {
        let mut data = bits.to_be_bytes().to_vec();
        data.extend((words.len() as u32).to_be_bytes());
        data.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        data.extend([0; 4]);
        bitmap(&mut Reader { data: &data, at: 0 })
    }

    #[test]
    fn bitmaps_have_runs_and_words() {
        assert_eq!(bits(0, &[0]), Ok(Vec::new()));
        // No run, one word.
        assert_eq!(bits(70, &[1 << 33, 0b101]), Ok(vec![0, 2]));
        // A run of one word of ones, then a word; what is beyond the end does not count.
        assert_eq!(
            bits(66, &[1 << 33 | 1 << 1 | 1, 0b111]),
            Ok((0..66).collect())
        );
        // A run of zeros that would be longer than memory.
        assert_eq!(bits(3, &[0xffff_ffff << 1]), Ok(Vec::new()));
        assert_eq!(bits(3, &[0xffff_ffff << 1 | 1]), Ok(vec![0, 1, 2]));
        assert!(bits(3, &[7 << 33]).is_err());
    }
}
