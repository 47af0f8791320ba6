//! The index of a pack: at which offset an object begins. Nothing of it is held but the table of first bytes: ids are
//! evenly spread, so a guess and one look at the few entries around it find the place.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

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
}

/// Entries that are looked at together.
const WINDOW: u32 = 48;

/// The largest entry: an offset and a name.
const LARGEST_ENTRY: usize = 4 + 32;

impl Index {
    /// Opens an index over ids of `width` bytes; `None` where it is none that can be used.
    pub(super) fn open(path: &Path, width: usize) -> Option<Self> {
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
        let mut low = first.checked_sub(1).map_or(0, |before| self.fan_out[before]);
        let mut high = self.fan_out[first];
        // The next four bytes, as a part of all.
        let share = u64::from(u32::from_be_bytes([name[1], name[2], name[3], name[4]]));
        let all = u64::from(high - low);
        let mut guess = low + u32::try_from(all * share >> 32).ok()?;
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
                    std::cmp::Ordering::Equal => {
                        let entry = &window[middle * self.stride..];
                        return self.offset(start + u32::try_from(middle).ok()?, entry);
                    }
                    std::cmp::Ordering::Less => from = middle + 1,
                    std::cmp::Ordering::Greater => to = middle,
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

    fn offset(&self, number: u32, entry: &[u8]) -> Option<u64> {
        let Some((offsets_at, long_at)) = self.offsets_at else {
            return Some(u64::from(u32::from_be_bytes(
                entry.get(..4)?.try_into().ok()?,
            )));
        };
        let mut short = [0; 4];
        let at = offsets_at + u64::from(number) * 4;
        self.file.read_exact_at(&mut short, at).ok()?;
        let short = u32::from_be_bytes(short);
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
