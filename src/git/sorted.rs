//! Sorted ids in a file. They are spread evenly, as hashes are, so a guess and one look at the entries around it find most.

use std::cmp::Ordering;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

/// Where the ids of a file stand.
pub(super) struct Sorted {
    /// How many have a first byte up to this one.
    pub(super) fan_out: Vec<u32>,
    /// Where the first entry begins.
    pub(super) at: u64,
    /// How far entries are apart.
    pub(super) stride: usize,
    /// What stands before the id in an entry.
    pub(super) before: usize,
    /// Bytes of an id.
    pub(super) width: usize,
}

/// Where ids are spread evenly, a guess is most often so near.
const NEAR: usize = 64;

/// Entries that are looked at together.
const WINDOW: u32 = 48;

/// The largest entry: an offset and a name.
const LARGEST_ENTRY: usize = 4 + 32;

/// How many ids have a first byte up to each one, of a table of 1,024 bytes; `None` where it is none.
pub(super) fn fan_out(table: &[u8]) -> Option<Vec<u32>> {
    let counts = table
        .chunks_exact(4)
        .map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
    let counts: Vec<u32> = counts.collect();
    (counts.len() == 256 && counts.is_sorted()).then_some(counts)
}

impl Sorted {
    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.fan_out[255]
    }

    /// The numbers of the ids with the first byte of `name`; `None` where it is as long as none of them.
    pub(super) fn numbers(&self, name: &[u8]) -> Option<Range<u32>> {
        let first = usize::from(*name.first().filter(|_| name.len() == self.width)?);
        let low = first
            .checked_sub(1)
            .map_or(0, |before| self.fan_out[before]);
        Some(low..self.fan_out[first])
    }

    /// What `look` says of the number and the bytes of the entry of `name`, among the entries `range` of the file, which have its first
    /// byte; `None` where there is no such entry.
    pub(super) fn find<T>(
        &self,
        file: &File,
        name: &[u8],
        range: Range<u32>,
        look: impl FnOnce(u32, &[u8]) -> Option<T>,
    ) -> Option<T> {
        let (mut low, mut high) = (range.start, range.end);
        let all = u64::from(high.checked_sub(low)?);
        let mut guess = low + u32::try_from((all * share(name)) >> 32).ok()?;
        let mut buffer = [0; WINDOW as usize * LARGEST_ENTRY];
        while low < high {
            let start = guess.saturating_sub(WINDOW / 2).max(low).min(high - 1);
            let count = WINDOW.min(high - start);
            let window = &mut buffer[..count as usize * self.stride];
            let at = self.at + u64::from(start) * self.stride as u64;
            file.read_exact_at(window, at).ok()?;
            match self.halve(window, name, 0..count as usize) {
                Ok(number) => {
                    let entry = &window[number * self.stride..][..self.stride];
                    return look(start + u32::try_from(number).ok()?, entry);
                }
                Err(0) => high = start,
                Err(last) if last == count as usize => low = start + count,
                Err(_) => return None,
            }
            guess = low.midpoint(high);
        }
        None
    }

    /// The number of the entry of `name` among `count` entries that are held; or where it would stand.
    pub(super) fn find_held(
        &self,
        entries: &[u8],
        name: &[u8],
        count: usize,
    ) -> Result<usize, usize> {
        // Near where it would be if ids were spread evenly, and if it is not there, by halves.
        let guess = ((count as u64 * share(name)) >> 32) as usize;
        let (from, to) = (
            guess.saturating_sub(NEAR),
            count.min(guess.saturating_add(NEAR)),
        );
        let within = if from > 0 && self.name(entries, from) > name {
            0..from
        } else if to < count && self.name(entries, to) <= name {
            to..count
        } else {
            from..to
        };
        self.halve(entries, name, within)
    }

    fn name<'e>(&self, entries: &'e [u8], number: usize) -> &'e [u8] {
        let at = number * self.stride + self.before;
        &entries[at..at + self.width]
    }

    fn halve(&self, entries: &[u8], name: &[u8], within: Range<usize>) -> Result<usize, usize> {
        let (mut from, mut to) = (within.start, within.end);
        while from < to {
            let middle = from.midpoint(to);
            match self.name(entries, middle).cmp(name) {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(from)
    }
}

/// The four bytes after the first, as a part of 2^32.
fn share(name: &[u8]) -> u64 {
    u64::from(u32::from_be_bytes([name[1], name[2], name[3], name[4]]))
}
