//! git's commit-graph: parents and times of commits without their objects (git's documentation of the format,
//! `gitformat-commit-graph`), in one file or a chain of them.
//!
//! It only says which commits are old: the commits that are judged are read themselves. A graph that is damaged, has
//! another checksum than its own, or contradicts a commit that was read is not used; what it does not hold is read.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::model::Oid;

use super::Commit;
use super::hash::Sum;
use super::seeded::Seeded;
use super::sorted::{self, Sorted};

/// The files of a graph, the base of all first.
pub(super) struct CommitGraph {
    layers: Vec<Layer>,
    /// Parents that were told and not asked for: a walk comes to them next.
    told: RefCell<HashMap<Oid, u32, Seeded>>,
}

struct Layer {
    file: File,
    /// Commits in the layers below.
    below: u32,
    names: Sorted,
    commits_at: u64,
    /// Where parents beyond the second are, and how many.
    edges: Table,
    /// How much later than itself a commit counts, so that it is younger than its parents; and what of it needs eight bytes.
    offsets: Option<Table>,
    long_offsets: Table,
}

/// A chunk of a file: where it begins, and how many entries it has.
type Table = (u64, u64);

/// What a commit-graph says of one commit, as it stands there.
struct Told<'g> {
    layer: &'g Layer,
    /// Its number in the layer.
    number: u32,
    tree: Oid,
    parents: [u32; 2],
    level: u32,
    time: u64,
}

/// So many told parents are remembered at most.
const REMEMBERED: usize = 1 << 14;

/// There is no such parent.
const NONE: u32 = 0x7000_0000;
/// The other bits number an edge; or, in an edge, it is the last one.
const MORE: u32 = 0x8000_0000;

/// A commit has no more parents than this: git makes none with more than 16 by itself.
const MOST_PARENTS: usize = 10_000;

impl CommitGraph {
    /// The graph of one of these object directories.
    pub(super) fn open(folders: &[PathBuf], width: usize) -> Option<Self> {
        folders.iter().find_map(|folder| {
            let info = folder.join("info");
            let single = info.join("commit-graph");
            if single.exists() {
                return Layer::open(&single, width, 0, 0).map(|layer| Self::of(vec![layer]));
            }
            let chain = info.join("commit-graphs");
            let list = std::fs::read_to_string(chain.join("commit-graph-chain")).ok()?;
            let mut layers: Vec<Layer> = Vec::new();
            for (number, name) in list.lines().enumerate() {
                Oid::from_hex(name.as_bytes())?;
                let below = layers.last().map_or(Some(0), Layer::above)?;
                let file = chain.join(format!("graph-{name}.graph"));
                layers.push(Layer::open(&file, width, number, below)?);
            }
            (!layers.is_empty()).then(|| Self::of(layers))
        })
    }

    fn of(layers: Vec<Layer>) -> Self {
        Self {
            layers,
            told: RefCell::default(),
        }
    }

    /// What it says of a commit.
    pub(super) fn commit(&self, oid: Oid) -> Option<Commit> {
        let told = self.told(oid)?;
        let mut numbers = Vec::new();
        for parent in told.parents {
            if parent == NONE {
                continue;
            }
            if parent & MORE == 0 {
                numbers.push(parent);
                continue;
            }
            let mut edge = u64::from(parent & !MORE);
            loop {
                let layer = told.layer;
                if numbers.len() > MOST_PARENTS {
                    return None;
                }
                let parent = layer.entry(layer.edges, edge).map(u32::from_be_bytes)?;
                numbers.push(parent & !MORE);
                if parent & MORE != 0 {
                    break;
                }
                edge += 1;
            }
        }
        let parents: Option<Rc<[Oid]>> = numbers.iter().map(|&number| self.name(number)).collect();
        let parents = parents?;
        let mut known = self.told.borrow_mut();
        if known.len() > REMEMBERED {
            known.clear();
        }
        known.extend(parents.iter().copied().zip(numbers));
        Some(Commit {
            tree: told.tree,
            parents,
            time: i64::try_from(told.time).ok()?,
        })
    }

    /// A number that is larger than that of any commit which can be reached from this one: the corrected date where all files
    /// have one, else the level (git's documentation of the format, "generation number"). `None` where git has counted none.
    pub(super) fn generation(&self, oid: Oid) -> Option<u64> {
        let told = self.told(oid)?;
        if self.layers.iter().any(|layer| layer.offsets.is_none()) {
            return (told.level > 0).then_some(u64::from(told.level));
        }
        let layer = told.layer;
        let number = u64::from(told.number);
        let offset = layer
            .entry(layer.offsets?, number)
            .map(u32::from_be_bytes)?;
        let offset = match offset & MORE {
            0 => u64::from(offset),
            _ => layer
                .entry(layer.long_offsets, u64::from(offset & !MORE))
                .map(u64::from_be_bytes)?,
        };
        told.time.checked_add(offset)
    }

    fn told(&self, oid: Oid) -> Option<Told<'_>> {
        let known = self.told.borrow().get(&oid).copied();
        let (layer, number) = match known {
            Some(number) => self.place(number)?,
            None => self
                .layers
                .iter()
                .find_map(|layer| Some((layer, layer.find(oid)?)))?,
        };
        let width = layer.names.width;
        let mut data = [0; 32 + 16];
        let data = &mut data[..width + 16];
        let at = layer.commits_at + u64::from(number) * data.len() as u64;
        layer.file.read_exact_at(data, at).ok()?;
        let (tree, fields) = data.split_at(width);
        let field = |at: usize| {
            u32::from_be_bytes([fields[at], fields[at + 1], fields[at + 2], fields[at + 3]])
        };
        Some(Told {
            layer,
            number,
            tree: Oid::from_bytes(tree)?,
            parents: [field(0), field(4)],
            level: field(8) >> 2,
            time: u64::from(field(8) & 3) << 32 | u64::from(field(12)),
        })
    }

    /// Where the commit of a number stands that counts through all layers.
    fn place(&self, number: u32) -> Option<(&Layer, u32)> {
        let layer = self.layers.iter().rfind(|layer| layer.below <= number)?;
        let number = number - layer.below;
        (number < layer.count()).then_some((layer, number))
    }

    /// The name of such a commit.
    fn name(&self, number: u32) -> Option<Oid> {
        let (layer, number) = self.place(number)?;
        let names = &layer.names;
        let mut name = [0; 32];
        let name = &mut name[..names.width];
        let at = names.at + u64::from(number) * names.width as u64;
        layer.file.read_exact_at(name, at).ok()?;
        Oid::from_bytes(name)
    }
}

impl Layer {
    /// Opens a file of a graph and reads it once, for its checksum.
    fn open(path: &Path, width: usize, bases: usize, below: u32) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let len = file.metadata().ok()?.len();
        let end = len.checked_sub(width as u64)?;
        let mut head = [0; 8];
        file.read_exact_at(&mut head, 0).ok()?;
        let hash = if width == 20 { 1 } else { 2 };
        if head[..4] != *b"CGPH" || head[4] != 1 || head[5] != hash || usize::from(head[7]) != bases
        {
            return None;
        }
        let mut table = vec![0; 12 * (usize::from(head[6]) + 1)];
        file.read_exact_at(&mut table, 8).ok()?;
        let entries: Vec<([u8; 4], u64)> = table
            .chunks_exact(12)
            .filter_map(|entry| {
                let at = u64::from_be_bytes(entry[4..].try_into().ok()?);
                Some((entry[..4].try_into().ok()?, at))
            })
            .collect();
        let chunk = |name: &[u8; 4]| {
            let at = entries.iter().position(|(known, _)| known == name)?;
            let (start, next) = (entries[at].1, entries.get(at + 1)?.1);
            (start <= next && next <= end).then_some((start, next - start))
        };
        let (fan_out_at, fan_out_len) = chunk(b"OIDF")?;
        let (names_at, names) = chunk(b"OIDL")?;
        let (commits_at, commits) = chunk(b"CDAT")?;
        let entries_of = |name: &[u8; 4], size: u64| {
            let (at, len) = chunk(name)?;
            Some((at, len / size))
        };
        let mut table = [0; 1024];
        if fan_out_len != 1024 {
            return None;
        }
        file.read_exact_at(&mut table, fan_out_at).ok()?;
        let fan_out = sorted::fan_out(&table)?;
        let count = u64::from(fan_out[255]);
        let width_of = width as u64;
        if names != count * width_of || commits != count * (width_of + 16) {
            return None;
        }
        let mut sum = Sum::new(width);
        let mut buffer = vec![0; 1 << 16];
        let mut left = end;
        while left > 0 {
            let wanted = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            file.read_exact(&mut buffer[..wanted]).ok()?;
            sum.update(&buffer[..wanted]);
            left -= wanted as u64;
        }
        let mut own = Vec::new();
        file.read_to_end(&mut own).ok()?;
        sum.is(&own).then_some(Self {
            file,
            below,
            names: Sorted {
                fan_out,
                at: names_at,
                stride: width,
                before: 0,
                width,
            },
            commits_at,
            edges: entries_of(b"EDGE", 4).unwrap_or_default(),
            offsets: entries_of(b"GDA2", 4).filter(|(_, entries)| *entries == count),
            long_offsets: entries_of(b"GDO2", 8).unwrap_or_default(),
        })
    }

    fn count(&self) -> u32 {
        self.names.count()
    }

    /// Commits in this layer and below.
    fn above(&self) -> Option<u32> {
        self.below.checked_add(self.count())
    }

    /// The number of a commit in this layer.
    fn find(&self, oid: Oid) -> Option<u32> {
        let name = oid.as_bytes();
        let numbers = self.names.numbers(name)?;
        self.names
            .find(&self.file, name, numbers, |number, _| Some(number))
    }

    /// An entry of a table; `None` where it has no such entry.
    fn entry<const SIZE: usize>(&self, (at, entries): Table, number: u64) -> Option<[u8; SIZE]> {
        let mut bytes = [0; SIZE];
        let at = (number < entries).then_some(at + number * SIZE as u64)?;
        self.file.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    }
}
