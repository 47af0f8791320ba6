//! The index of a pack: at which offset an object begins. Of ids with one first byte, the first few are looked for in the
//! file; then all with that first byte are held, as far as memory for it goes.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::rc::Rc;

use crate::git::sorted::{self, Sorted};
use crate::model::Oid;

/// An index, opened.
pub(super) struct Index {
    file: File,
    names: Sorted,
    /// Where the offsets begin, and those that need eight bytes; `None` in the first version, where they stand by the names.
    offsets_at: Option<(u64, u64)>,
    /// As many offsets of eight bytes.
    long: u64,
    /// What is held of the file, by first byte; its size is taken from what all indexes may hold.
    buckets: RefCell<Vec<Bucket>>,
    memory: Rc<Cell<usize>>,
}

/// Entries with one first byte.
#[derive(Default, Clone)]
struct Bucket {
    /// How often one was looked for.
    asked: u32,
    /// The file's bytes: the entries, and in the second version the offsets. Empty while they are not held.
    entries: Vec<u8>,
    offsets: Vec<u8>,
}

/// So many are looked for in the file.
const LOOKED_FOR: u32 = 4;

impl Index {
    /// Opens an index over ids of `width` bytes; `None` where it is none that can be used. `memory` is how many bytes of
    /// their files all indexes may hold together.
    pub(super) fn open(path: &Path, width: usize, memory: &Rc<Cell<usize>>) -> Option<Self> {
        let file = File::open(path).ok()?;
        let len = file.metadata().ok()?.len();
        let mut start = [0; 8 + 1024];
        file.read_exact_at(&mut start, 0).ok()?;
        let second = start[..4] == *b"\xfftOc";
        if second && start[4..8] != [0, 0, 0, 2] {
            return None;
        }
        let table = if second { &start[8..] } else { &start[..1024] };
        let fan_out = sorted::fan_out(table)?;
        let count = u64::from(fan_out[255]);
        let trailer = 2 * width as u64;
        let index = if second {
            let names_at = 8 + 1024;
            let offsets_at = names_at + count * (width as u64 + 4);
            let long_at = offsets_at + count * 4;
            Self {
                file,
                names: Sorted {
                    fan_out,
                    at: names_at,
                    stride: width,
                    before: 0,
                    width,
                },
                offsets_at: Some((offsets_at, long_at)),
                long: len.checked_sub(long_at + trailer)? / 8,
                buckets: RefCell::default(),
                memory: Rc::clone(memory),
            }
        } else {
            if len != 1024 + count * (width as u64 + 4) + trailer {
                return None;
            }
            Self {
                file,
                names: Sorted {
                    fan_out,
                    at: 1024,
                    stride: width + 4,
                    before: 4,
                    width,
                },
                offsets_at: None,
                long: 0,
                buckets: RefCell::default(),
                memory: Rc::clone(memory),
            }
        };
        Some(index)
    }

    /// Bytes of an id.
    pub(super) const fn width(&self) -> usize {
        self.names.width
    }

    /// Where an object begins in the pack; `None` where the index does not say.
    pub(super) fn find(&self, oid: Oid) -> Option<u64> {
        let name = oid.as_bytes();
        let numbers = self.names.numbers(name)?;
        if numbers.is_empty() {
            return None;
        }
        match self.in_memory(name, numbers.clone()) {
            Some(answer) => answer,
            None => self.in_file(name, numbers),
        }
    }

    /// Looks in what is held, and takes hold of it when it has been asked for often enough; `None` where it is not held.
    fn in_memory(&self, name: &[u8], numbers: Range<u32>) -> Option<Option<u64>> {
        let mut buckets = self.buckets.borrow_mut();
        if buckets.is_empty() {
            buckets.resize(256, Bucket::default());
        }
        let bucket = &mut buckets[usize::from(name[0])];
        let count = numbers.len();
        if bucket.entries.is_empty() {
            bucket.asked += 1;
            let size = count * (self.names.stride + if self.offsets_at.is_some() { 4 } else { 0 });
            if bucket.asked <= LOOKED_FOR || size > self.memory.get() {
                return None;
            }
            let read = |at: u64, size: usize| {
                let mut bytes = vec![0; size];
                self.file.read_exact_at(&mut bytes, at).ok()?;
                Some(bytes)
            };
            let start = u64::from(numbers.start);
            let entries = read(
                self.names.at + start * self.names.stride as u64,
                count * self.names.stride,
            )?;
            if let Some((offsets_at, _)) = self.offsets_at {
                bucket.offsets = read(offsets_at + start * 4, count * 4)?;
            }
            bucket.entries = entries;
            self.memory.set(self.memory.get() - size);
        }
        let Ok(number) = self.names.find_held(&bucket.entries, name, count) else {
            return Some(None);
        };
        let entry = match self.offsets_at {
            Some(_) => &bucket.offsets[number * 4..],
            None => &bucket.entries[number * self.names.stride..],
        };
        Some(self.offset_of(entry))
    }

    /// Looks in the file, among the entries of these numbers.
    fn in_file(&self, name: &[u8], numbers: Range<u32>) -> Option<u64> {
        self.names.find(&self.file, name, numbers, |number, entry| {
            let Some((offsets_at, _)) = self.offsets_at else {
                return self.offset_of(entry);
            };
            let mut short = [0; 4];
            let at = offsets_at + u64::from(number) * 4;
            self.file.read_exact_at(&mut short, at).ok()?;
            self.offset_of(&short)
        })
    }

    /// The offset that an entry begins with, or the long one that it stands for.
    fn offset_of(&self, entry: &[u8]) -> Option<u64> {
        let short = u32::from_be_bytes(entry.get(..4)?.try_into().ok()?);
        let Some((_, long_at)) = self.offsets_at else {
            return Some(u64::from(short));
        };
        if short & 0x8000_0000 == 0 {
            return Some(u64::from(short));
        }
        let number = u64::from(short & 0x7fff_ffff);
        if number >= self.long {
            return None;
        }
        let mut long = [0; 8];
        self.file
            .read_exact_at(&mut long, long_at + number * 8)
            .ok()?;
        Some(u64::from_be_bytes(long))
    }
}
