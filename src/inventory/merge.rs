//! Changing an inventory: what is there, what comes, and a new file in its place. Deterministic: adding twice, or in another
//! order, gives the same entries; a value that was revoked stays so.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::anchor::{self, Lengths};
use super::filter::{self, PAGE};
use super::key::{Derived, STRONG};
use super::store::{
    Body, HAS_LINES, INDEX_ENTRY, MAGIC, PER_BUCKET, PREAMBLE, RECORD, Record, TAG, VERSION, strong,
};
use super::{About, Inventory, InventoryError, Key, weakness};

/// An inventory that is being changed. Holds the lock until it is dropped.
pub struct Draft {
    path: PathBuf,
    derived: Derived,
    salt: [u8; 16],
    lengths: Lengths,
    abouts: Vec<About>,
    numbers: HashMap<About, u32>,
    records: Vec<Record>,
    /// How many of the records, from the first, are sorted.
    sorted: usize,
    lock: Lock,
}

/// What became of an added value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is taken.
    Taken,
    /// It is too weak, and not taken.
    Weak(super::Weak),
}

/// What a change did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Entries that are gone.
    pub entries: usize,
    /// Ids or values that were not there.
    pub unknown: usize,
}

/// The file that is written beside the inventory, and replaces it. That it is there is the lock.
struct Lock {
    path: PathBuf,
    file: Option<File>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Draft {
    /// Opens an inventory to change it, or begins one where there is none.
    ///
    /// # Errors
    /// As [`Inventory::open`]; another process is changing it; the folder cannot be written.
    pub fn open(path: &Path, key: &Key) -> Result<Self, InventoryError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let name = PathBuf::from(name);
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&name);
        let file = made.map_err(|reason| match reason.kind() {
            std::io::ErrorKind::AlreadyExists => InventoryError::Locked(path.to_owned()),
            _ => InventoryError::Write {
                path: path.to_owned(),
                reason,
            },
        })?;
        let lock = Lock {
            path: name,
            file: Some(file),
        };
        if !path.exists() {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt).map_err(|error| InventoryError::Write {
                path: path.to_owned(),
                reason: std::io::Error::other(error.to_string()),
            })?;
            return Ok(Self {
                path: path.to_owned(),
                derived: key.derive(&salt),
                salt,
                lengths: Lengths::default(),
                abouts: Vec::new(),
                numbers: HashMap::new(),
                records: Vec::new(),
                sorted: 0,
                lock,
            });
        }
        let inventory = Inventory::open(path, key)?;
        let mut records = Vec::with_capacity(inventory.len() as usize);
        for number in 0..inventory.body.buckets {
            records.extend(inventory.bucket(number)?);
        }
        let numbers = (0..).zip(&inventory.body.abouts);
        Ok(Self {
            path: path.to_owned(),
            numbers: numbers.map(|(at, about)| (about.clone(), at)).collect(),
            abouts: inventory.body.abouts,
            lengths: inventory.body.lengths,
            derived: inventory.derived,
            salt: inventory.salt,
            sorted: records.len(),
            records,
            lock,
        })
    }

    /// How many entries it has; after [`Self::settle`].
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Adds a value, or says why not.
    ///
    /// # Errors
    /// There are more environments, sources and days than can be counted.
    pub fn add(&mut self, value: &[u8], about: &About) -> Result<Added, InventoryError> {
        let value = value.trim_ascii();
        if let Some(weak) = weakness(value) {
            return Ok(Added::Weak(weak));
        }
        let about = self.number(about)?;
        let Some(mut record) = self.record(value) else {
            return Ok(Added::Weak(super::Weak::NoAnchor));
        };
        record.about = about;
        if let Some((piece, class)) = anchor::of_value(value) {
            self.lengths.add(class, piece.len());
        }
        self.records.push(record);
        Ok(Added::Taken)
    }

    fn number(&mut self, about: &About) -> Result<u32, InventoryError> {
        if let Some(&number) = self.numbers.get(about) {
            return Ok(number);
        }
        let number = u32::try_from(self.abouts.len()).map_err(|_| InventoryError::Full {
            path: self.path.clone(),
            what: "too many environments, sources and days",
        })?;
        self.abouts.push(about.clone());
        self.numbers.insert(about.clone(), number);
        Ok(number)
    }

    fn record(&self, value: &[u8]) -> Option<Record> {
        let (piece, _) = anchor::of_value(value)?;
        let has_lines = value.contains(&b'\n');
        let flags = if has_lines { HAS_LINES } else { 0 };
        let count = |bytes: &[u8]| {
            let count = bytes
                .iter()
                .filter(|byte| !has_lines || !byte.is_ascii_whitespace())
                .count();
            u16::try_from(count).ok()
        };
        Some(Record {
            anchor: self.derived.anchor(&value[piece.clone()]),
            flags,
            start: count(&value[..piece.start])?,
            len: count(value)?,
            strong: strong(&self.derived, value, flags),
            about: 0,
        })
    }

    /// Puts what was added to what was there, each value once an environment and source.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn settle(&mut self) -> Result<(), InventoryError> {
        if self.sorted == self.records.len() {
            return Ok(());
        }
        self.records.sort_unstable();
        let mut settled: Vec<Record> = Vec::with_capacity(self.records.len());
        let records = std::mem::take(&mut self.records);
        for group in records.chunk_by(|a, b| (a.anchor, a.strong) == (b.anchor, b.strong)) {
            if let [record] = group {
                settled.push(*record);
                continue;
            }
            self.join(group, &mut settled)?;
        }
        settled.sort_unstable();
        self.sorted = settled.len();
        self.records = settled;
        Ok(())
    }

    /// The entries of one value: one for each environment and source, first added, and revoked if any of them is.
    fn join(&mut self, group: &[Record], settled: &mut Vec<Record>) -> Result<(), InventoryError> {
        let mut about: Vec<About> = group
            .iter()
            .filter_map(|record| self.abouts.get(record.about as usize).cloned())
            .collect();
        let revoked = about.iter().filter_map(|about| about.revoked.clone()).min();
        about.sort_by(|a, b| {
            let key = |about: &About| {
                (
                    about.environment.clone(),
                    about.source.clone(),
                    about.tier,
                    about.added.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        about.dedup_by(|a, b| a.environment == b.environment && a.source == b.source);
        // Who revokes a value need not say whose it is: what is known of it already says more.
        if about.iter().any(|about| about.environment.is_some()) {
            about.retain(|about| about.environment.is_some());
        }
        for mut about in about {
            about.revoked.clone_from(&revoked);
            settled.push(Record {
                about: self.number(&about)?,
                ..group[0]
            });
        }
        Ok(())
    }

    /// Takes entries out by their ids.
    pub fn remove_ids(&mut self, ids: &[String]) -> Removed {
        let before = self.records.len();
        let mut seen = vec![false; ids.len()];
        self.records.retain(|record| {
            let id = record.id();
            let at = ids.iter().position(|wanted| *wanted == id);
            if let Some(at) = at {
                seen[at] = true;
            }
            at.is_none()
        });
        self.removed(before, seen.iter().filter(|seen| !**seen).count())
    }

    /// Takes the entries of a value out, those of one environment only where one is given.
    pub fn remove_value(&mut self, value: &[u8], environment: Option<&str>) -> Removed {
        let before = self.records.len();
        if let Some(gone) = self.record(value.trim_ascii()) {
            let abouts = &self.abouts;
            self.records.retain(|record| {
                let of = abouts.get(record.about as usize);
                let other = environment.is_some_and(|wanted| {
                    of.is_some_and(|about| about.environment.as_deref() != Some(wanted))
                });
                (record.anchor, record.strong) != (gone.anchor, gone.strong) || other
            });
        }
        let unknown = usize::from(before == self.records.len());
        self.removed(before, unknown)
    }

    fn removed(&mut self, before: usize, unknown: usize) -> Removed {
        self.sorted = self.records.len();
        Removed {
            entries: before - self.records.len(),
            unknown,
        }
    }

    /// Writes the file and puts it in the place of the old one, in one step.
    ///
    /// # Errors
    /// The disk does not take it; then the old one is as it was.
    pub fn write(mut self) -> Result<usize, InventoryError> {
        self.settle()?;
        self.forget_unused();
        let path = self.path.clone();
        let failed = |reason| InventoryError::Write {
            path: path.clone(),
            reason,
        };
        let Some(file) = self.lock.file.take() else {
            return Err(InventoryError::Locked(path));
        };
        let written = self.write_to(file).and_then(|()| {
            fs::rename(&self.lock.path, &self.path)?;
            // The name is on the disk when the folder is.
            let folder = self
                .path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        });
        if written.is_err() {
            let _ = fs::remove_file(&self.lock.path);
        }
        written.map_err(failed)?;
        Ok(self.records.len())
    }

    /// Environments, sources and days that no entry has any more.
    fn forget_unused(&mut self) {
        let mut used: Vec<Option<u32>> = vec![None; self.abouts.len()];
        for record in &self.records {
            if let Some(used) = used.get_mut(record.about as usize) {
                *used = Some(0);
            }
        }
        let mut kept = Vec::new();
        let mut order: Vec<usize> = (0..used.len()).filter(|&at| used[at].is_some()).collect();
        order.sort_by(|&a, &b| self.abouts[a].cmp(&self.abouts[b]));
        for at in order {
            used[at] = u32::try_from(kept.len()).ok();
            kept.push(self.abouts[at].clone());
        }
        for record in &mut self.records {
            if let Some(Some(number)) = used.get(record.about as usize) {
                record.about = *number;
            }
        }
        self.records.sort_unstable();
        self.abouts = kept;
    }

    fn write_to(&self, file: File) -> std::io::Result<()> {
        let count = self.records.len();
        let pages = filter::pages_for(count);
        let buckets = count.div_ceil(PER_BUCKET).max(1) as u64;
        let body = Body {
            records: count as u64,
            pages: pages as u64,
            buckets,
            lengths: self.lengths,
            abouts: self.abouts.clone(),
        };
        let body = postcard::to_allocvec(&body).map_err(std::io::Error::other)?;
        let mut header = Vec::with_capacity(PREAMBLE + body.len() + 4 + TAG);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&self.salt);
        let len = u32::try_from(body.len()).map_err(std::io::Error::other)?;
        header.extend_from_slice(&len.to_le_bytes());
        header.extend_from_slice(&body);
        let seal = self.derived.seal::<TAG>("header", 0, &header);
        header.extend_from_slice(&seal);
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        let mut out = BufWriter::with_capacity(1 << 20, file);
        out.write_all(&header)?;

        let hashes = self.records.iter().map(|record| record.anchor);
        let filter = filter::build(hashes, pages);
        for (number, page) in filter.chunks_exact(PAGE).enumerate() {
            let content = &page[..PAGE - TAG];
            out.write_all(content)?;
            out.write_all(&self.derived.seal::<TAG>("filter", number as u64, content))?;
        }
        let mut index = Vec::with_capacity((buckets as usize + 1) * INDEX_ENTRY);
        let mut records = Vec::with_capacity(count * RECORD);
        let mut left = self.records.as_slice();
        for number in 0..buckets {
            let of =
                left.partition_point(|record| Derived::bucket(record.anchor, buckets) <= number);
            let (bucket, rest) = left.split_at(of);
            index.extend_from_slice(&((count - left.len()) as u64).to_le_bytes());
            let start = records.len();
            for record in bucket {
                record.write(&mut records);
            }
            let seal = self.derived.seal::<8>("records", number, &records[start..]);
            index.extend_from_slice(&seal);
            left = rest;
        }
        index.extend_from_slice(&(count as u64).to_le_bytes());
        index.extend_from_slice(&[0; 8]);
        out.write_all(&index)?;
        out.write_all(&records)?;
        out.into_inner()
            .map_err(|error| error.into_error())?
            .sync_all()
    }
}

const _: () = assert!(RECORD == 5 + 1 + 2 + 2 + 4 + STRONG);
