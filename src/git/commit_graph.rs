//! git's commit-graph: parents and times of commits without their objects (git's documentation of the format,
//! `gitformat-commit-graph`), in one file or a chain of them; of any generation, as generations are not used.
//!
//! It only says which commits are old: the commits that are judged are read themselves. A graph that is damaged, has
//! another checksum than its own, or contradicts a commit that was read is not used; what it does not hold is read.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::model::Oid;

use super::Commit;
use super::hash::Sum;

/// The files of a graph, the base of all first.
pub(super) struct CommitGraph {
    layers: Vec<Layer>,
}

struct Layer {
    file: File,
    width: usize,
    fan_out: Vec<u32>,
    /// Commits in the layers below.
    below: u32,
    names_at: u64,
    commits_at: u64,
    /// Where parents beyond the second are, and how many.
    edges: (u64, u64),
}

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
                return Layer::open(&single, width, 0, 0).map(|layer| Self {
                    layers: vec![layer],
                });
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
            (!layers.is_empty()).then_some(Self { layers })
        })
    }

    /// What it says of a commit.
    pub(super) fn commit(&self, oid: Oid) -> Option<Commit> {
        let (layer, number) = self
            .layers
            .iter()
            .find_map(|layer| Some((layer, layer.find(oid)?)))?;
        let mut data = [0; 32 + 16];
        let data = &mut data[..layer.width + 16];
        let at = layer.commits_at + u64::from(number) * data.len() as u64;
        layer.file.read_exact_at(data, at).ok()?;
        let (tree, fields) = data.split_at(layer.width);
        let field = |at: usize| {
            u32::from_be_bytes([fields[at], fields[at + 1], fields[at + 2], fields[at + 3]])
        };
        let mut parents = Vec::new();
        for parent in [field(0), field(4)] {
            if parent == NONE {
                continue;
            }
            if parent & MORE == 0 {
                parents.push(self.name(parent)?);
                continue;
            }
            let mut edge = u64::from(parent & !MORE);
            loop {
                let (edges_at, count) = layer.edges;
                if edge >= count || parents.len() > MOST_PARENTS {
                    return None;
                }
                let mut bytes = [0; 4];
                layer
                    .file
                    .read_exact_at(&mut bytes, edges_at + 4 * edge)
                    .ok()?;
                let parent = u32::from_be_bytes(bytes);
                parents.push(self.name(parent & !MORE)?);
                if parent & MORE != 0 {
                    break;
                }
                edge += 1;
            }
        }
        Some(Commit {
            tree: Oid::from_bytes(tree)?,
            parents: Rc::from(parents),
            // The upper bits are a generation.
            time: i64::from(field(8) & 3) << 32 | i64::from(field(12)),
        })
    }

    /// The commit of a number that counts through all layers.
    fn name(&self, number: u32) -> Option<Oid> {
        let layer = self.layers.iter().rfind(|layer| layer.below <= number)?;
        let number = number - layer.below;
        if number >= layer.count() {
            return None;
        }
        let mut name = [0; 32];
        let name = &mut name[..layer.width];
        let at = layer.names_at + u64::from(number) * layer.width as u64;
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
        let edges = chunk(b"EDGE").unwrap_or_default();
        let mut table = [0; 1024];
        if fan_out_len != 1024 {
            return None;
        }
        file.read_exact_at(&mut table, fan_out_at).ok()?;
        let fan_out: Vec<u32> = table
            .chunks_exact(4)
            .map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
            .collect();
        let count = u64::from(fan_out[255]);
        let width_of = width as u64;
        if !fan_out.is_sorted() || names != count * width_of || commits != count * (width_of + 16) {
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
            width,
            fan_out,
            below,
            names_at,
            commits_at,
            edges: (edges.0, edges.1 / 4),
        })
    }

    fn count(&self) -> u32 {
        self.fan_out[255]
    }

    /// Commits in this layer and below.
    fn above(&self) -> Option<u32> {
        self.below.checked_add(self.count())
    }

    /// The number of a commit in this layer.
    fn find(&self, oid: Oid) -> Option<u32> {
        let wanted = oid.as_bytes();
        if wanted.len() != self.width {
            return None;
        }
        let first = usize::from(wanted[0]);
        let mut low = first
            .checked_sub(1)
            .map_or(0, |before| self.fan_out[before]);
        let mut high = self.fan_out[first];
        let mut name = [0; 32];
        let name = &mut name[..self.width];
        while low < high {
            let middle = low.midpoint(high);
            let at = self.names_at + u64::from(middle) * self.width as u64;
            self.file.read_exact_at(name, at).ok()?;
            match (*name).cmp(wanted) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}
