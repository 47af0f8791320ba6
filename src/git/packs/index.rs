//! The index of a pack: at which offset an object begins. Of ids with one first byte, the first few are looked for in the
//! file: ids are evenly spread, so a guess and one look at the entries around it find the place. Then all with that first
//! byte are held, as far as memory for it goes.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::rc::Rc;

use crate::model::Oid;

/// An index, opened.
pub(super) struct Index {
    file: File,
    /// How many objects have a first byte up to this one.
    fan_out: Vec<u32>,
    /// Where the names begin,
    names_at: u64,
    /// and how far they are apart.
    stride: usize,
    /// What stands before the name.
    before: usize,
    width: usize,
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

/// Where ids are spread evenly, a guess is most often so near.
const NEAR: usize = 64;

/// Entries that are looked at together.
const WINDOW: u32 = 48;

/// The largest entry: an offset and a name.
const LARGEST_ENTRY: usize = 4 + 32;

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
        let fan_out: Vec<u32> = table
            .chunks_exact(4)
            .map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
            .collect();
        if !fan_out.is_sorted() {
            return None;
        }
        let count = u64::from(fan_out[255]);
        let trailer = 2 * width as u64;
        let index = if second {
            let names_at = 8 + 1024;
            let offsets_at = names_at + count * (width as u64 + 4);
            let long_at = offsets_at + count * 4;
            Self {
                file,
                fan_out,
                names_at,
                stride: width,
                before: 0,
                width,
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
                fan_out,
                names_at: 1024,
                stride: width + 4,
                before: 4,
                width,
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
        self.width
    }

    /// Where an object begins in the pack; `None` where the index does not say.
    pub(super) fn find(&self, oid: Oid) -> Option<u64> {
        let name = oid.as_bytes();
        if name.len() != self.width {
            return None;
        }
        let first = usize::from(name[0]);
        let low = first
            .checked_sub(1)
            .map_or(0, |before| self.fan_out[before]);
        let high = self.fan_out[first];
        if low == high {
            return None;
        }
        match self.in_memory(name, low..high) {
            Some(answer) => answer,
            None => self.in_file(name, low, high),
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
            let size = count * (self.stride + if self.offsets_at.is_some() { 4 } else { 0 });
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
                self.names_at + start * self.stride as u64,
                count * self.stride,
            )?;
            if let Some((offsets_at, _)) = self.offsets_at {
                bucket.offsets = read(offsets_at + start * 4, count * 4)?;
            }
            bucket.entries = entries;
            self.memory.set(self.memory.get() - size);
        }
        let name_of = |number: usize| {
            let entry = number * self.stride + self.before;
            &bucket.entries[entry..entry + self.width]
        };
        // Near where it would be if ids were spread evenly, and if it is not there, by halves.
        let guess = ((count as u64 * share(name)) >> 32) as usize;
        let (mut from, mut to) = (
            guess.saturating_sub(NEAR),
            count.min(guess.saturating_add(NEAR)),
        );
        if from > 0 && name_of(from) > name {
            (from, to) = (0, from);
        } else if to < count && name_of(to) <= name {
            (from, to) = (to, count);
        }
        while from < to {
            let middle = from.midpoint(to);
            match name_of(middle).cmp(name) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
                std::cmp::Ordering::Equal => {
                    let entry = match self.offsets_at {
                        Some(_) => &bucket.offsets[middle * 4..],
                        None => &bucket.entries[middle * self.stride..],
                    };
                    return Some(self.offset_of(entry));
                }
            }
        }
        Some(None)
    }

    /// Looks in the file, among the entries `low..high`.
    fn in_file(&self, name: &[u8], mut low: u32, mut high: u32) -> Option<u64> {
        let all = u64::from(high - low);
        let mut guess = low + u32::try_from((all * share(name)) >> 32).ok()?;
        let mut buffer = [0; WINDOW as usize * LARGEST_ENTRY];
        while low < high {
            let start = guess.saturating_sub(WINDOW / 2).max(low).min(high - 1);
            let count = WINDOW.min(high - start);
            let window = &mut buffer[..count as usize * self.stride];
            let at = self.names_at + u64::from(start) * self.stride as u64;
            self.file.read_exact_at(window, at).ok()?;
            let name_of = |number: usize| {
                let entry = number * self.stride + self.before;
                &window[entry..entry + self.width]
            };
            let (mut from, mut to) = (0, count as usize);
            while from < to {
                let middle = from.midpoint(to);
                match name_of(middle).cmp(name) {
                    std::cmp::Ordering::Less => from = middle + 1,
                    std::cmp::Ordering::Greater => to = middle,
                    std::cmp::Ordering::Equal => {
                        let Some((offsets_at, _)) = self.offsets_at else {
                            return self.offset_of(&window[middle * self.stride..]);
                        };
                        let number = u64::from(start) + middle as u64;
                        let mut short = [0; 4];
                        self.file
                            .read_exact_at(&mut short, offsets_at + number * 4)
                            .ok()?;
                        return self.offset_of(&short);
                    }
                }
            }
            if from == 0 {
                high = start;
            } else if from == count as usize {
                low = start + count;
            } else {
                return None;
            }
            guess = low.midpoint(high);
        }
        None
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

/// The four bytes after the first, as a part of 2^32.
fn share(name: &[u8]) -> u64 {
    u64::from(u32::from_be_bytes([name[1], name[2], name[3], name[4]]))
}
