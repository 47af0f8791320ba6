//! The file: a header, the filter, an index of buckets, the records. Everything is read where it stands when it is needed
//! and verified when it is read, so that a start reads the header only.
//!
//! ```text
//! header   "sginv\r\n\0", version u32, salt [16], length of the body u32, body (postcard), seal [16], CRC-32 u32
//! filter   pages of 4096 bytes, each with its seal [16] at the end
//! index    for each bucket: first record u64, seal [8] of its records; at last: number of records u64, zeros [8]
//! records  32 bytes each, sorted: anchor [5], flags u8, start u16, length u16, about u32, strong [18]
//! ```
//!
//! Integers are little-endian but for what is sorted by, which is big-endian. The CRC tells a damaged header from one of
//! another key; seals are keyed and name the place, so that a part cannot be changed or moved without the key.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::base32;

use super::anchor::{self, Lengths, Piece};
use super::filter::{self, PAGE};
use super::key::{Derived, STRONG};
use super::{About, Hit, InventoryError, Key, Known, damaged, encoded};

/// Bytes of the seal of the header and of a page.
pub(super) const TAG: usize = 16;
/// Bytes of an entry of the index: where the bucket begins, and its seal.
pub(super) const INDEX_ENTRY: usize = 16;
/// Bytes of a record.
pub(super) const RECORD: usize = 32;
/// Records of a bucket, on average: two reads of the file for an anchor, and the second is of one page.
pub(super) const PER_BUCKET: usize = 100;
/// The format's version.
pub(super) const VERSION: u32 = 2;
/// What the file begins with.
pub(super) const MAGIC: &[u8; 8] = b"sginv\r\n\0";
/// Magic, version, salt, length of the body.
pub(super) const PREAMBLE: usize = 8 + 4 + 16 + 4;
/// The largest body that is believed.
const LARGEST_BODY: usize = 64 << 20;
/// So many different values of one anchor are tried at one place; an inventory has a handful.
const MOST_SHAPES: usize = 64;
/// White space in the value counts for nothing: it has lines, which are wrapped and indented differently everywhere.
pub(super) const HAS_LINES: u8 = 1;

/// What is not at a fixed place in the header.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) records: u64,
    pub(super) pages: u64,
    pub(super) buckets: u64,
    pub(super) lengths: Lengths,
    pub(super) abouts: Vec<About>,
}

/// One entry. Ordered as in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    pub(super) anchor: u64,
    pub(super) flags: u8,
    /// Bytes of the value before its anchor; white space not counted where the value has lines.
    pub(super) start: u16,
    /// Bytes of the value, counted alike.
    pub(super) len: u16,
    pub(super) strong: [u8; STRONG],
    pub(super) about: u32,
}

impl Record {
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.anchor.to_be_bytes()[3..]);
        bytes.push(self.flags);
        bytes.extend_from_slice(&self.start.to_be_bytes());
        bytes.extend_from_slice(&self.len.to_be_bytes());
        bytes.extend_from_slice(&self.about.to_le_bytes());
        bytes.extend_from_slice(&self.strong);
    }

    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut anchor = [0; 8];
        anchor[3..].copy_from_slice(&bytes[..5]);
        let mut strong = [0; STRONG];
        strong.copy_from_slice(&bytes[14..RECORD]);
        Self {
            anchor: u64::from_be_bytes(anchor),
            flags: bytes[5],
            start: u16::from_be_bytes([bytes[6], bytes[7]]),
            len: u16::from_be_bytes([bytes[8], bytes[9]]),
            about: u32::from_le_bytes([bytes[10], bytes[11], bytes[12], bytes[13]]),
            strong,
        }
    }

    /// What is the same for all records that one look at a text can confirm.
    fn shape(&self) -> (u8, u16, u16) {
        (self.flags, self.start, self.len)
    }

    /// The id by which people name the entry.
    pub(super) fn id(&self) -> String {
        format!("sgi1:{}", base32(&self.strong[..15]))
    }
}

/// Where a value stands in a text, and what is known of it.
type Place = (Range<usize>, Vec<Known>);

/// The pages of the filter, as far as they were read.
struct Filter {
    /// Memory that nobody wrote to yet costs nothing, so that all pages have a place from the start.
    bytes: Vec<u8>,
    /// Where the first page begins: no block shall lie in two cache lines.
    start: usize,
    is_read: Vec<bool>,
}

impl Filter {
    fn unread(pages: usize) -> Self {
        let bytes = vec![0; (pages + 1) * PAGE];
        Self {
            start: bytes.as_ptr().align_offset(filter::BLOCK).min(PAGE),
            bytes,
            is_read: vec![false; pages],
        }
    }

    fn page(&self, number: usize) -> &[u8] {
        &self.bytes[self.start + number * PAGE..][..PAGE]
    }

    fn page_mut(&mut self, number: usize) -> &mut [u8] {
        &mut self.bytes[self.start + number * PAGE..][..PAGE]
    }
}

/// An inventory that is open for lookup.
pub struct Inventory {
    path: PathBuf,
    file: File,
    pub(super) derived: Derived,
    pub(super) salt: [u8; 16],
    pub(super) body: Body,
    /// Where the filter begins.
    start: u64,
    filter: RefCell<Filter>,
}

impl std::fmt::Debug for Inventory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inventory({} entries)", self.body.records)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}

impl Inventory {
    /// Opens an inventory with its key.
    ///
    /// # Errors
    /// It cannot be read, is none, is damaged, of another version, or the key is another's.
    pub fn open(path: &Path, key: &Key) -> Result<Self, InventoryError> {
        let failed = |reason| InventoryError::Read {
            path: path.to_owned(),
            reason,
        };
        let mut file = File::open(path).map_err(failed)?;
        let mut header = vec![0; PREAMBLE];
        file.read_exact(&mut header)
            .map_err(|_| damaged(path, "it is too short to be one"))?;
        if &header[..8] != MAGIC {
            return Err(damaged(path, "it does not begin as an inventory does"));
        }
        let found = u32_at(&header, 8);
        if found != VERSION {
            return Err(InventoryError::Version {
                path: path.to_owned(),
                found,
            });
        }
        let body = u32_at(&header, PREAMBLE - 4) as usize;
        if body > LARGEST_BODY {
            return Err(damaged(path, "its header is too long"));
        }
        header.resize(PREAMBLE + body + 4 + TAG, 0);
        file.read_exact(&mut header[PREAMBLE..])
            .map_err(|_| damaged(path, "it ends in its header"))?;
        let end = PREAMBLE + body;
        if u32_at(&header, end + TAG) != crc32fast::hash(&header[..end + TAG]) {
            return Err(damaged(path, "its header has changed"));
        }
        let mut salt = [0; 16];
        salt.copy_from_slice(&header[12..28]);
        let derived = key.derive(&salt);
        if derived.seal::<TAG>("header", 0, &header[..end]) != header[end..end + TAG] {
            return Err(InventoryError::WrongKey(path.to_owned()));
        }
        let body: Body = postcard::from_bytes(&header[PREAMBLE..end])
            .map_err(|_| damaged(path, "its header cannot be read"))?;
        let inventory = Self {
            path: path.to_owned(),
            derived,
            salt,
            start: header.len() as u64,
            filter: RefCell::new(Filter::unread(body.pages as usize)),
            body,
            file,
        };
        let len = inventory.file.metadata().map_err(failed)?.len();
        if len != inventory.records_at() + inventory.body.records * RECORD as u64 {
            return Err(damaged(path, "it is not as long as its header says"));
        }
        Ok(inventory)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many entries it has.
    pub fn len(&self) -> u64 {
        self.body.records
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.body.records == 0
    }

    /// Whether a value in it was revoked.
    pub fn has_revoked(&self) -> bool {
        self.body.abouts.iter().any(|about| about.revoked.is_some())
    }

    fn index_at(&self) -> u64 {
        self.start + self.body.pages * PAGE as u64
    }

    fn records_at(&self) -> u64 {
        self.index_at() + (self.body.buckets + 1) * INDEX_ENTRY as u64
    }

    fn read_at(&self, at: u64, len: usize) -> Result<Vec<u8>, InventoryError> {
        let mut bytes = vec![0; len];
        self.file
            .read_exact_at(&mut bytes, at)
            .map_err(|reason| InventoryError::Read {
                path: self.path.clone(),
                reason,
            })?;
        Ok(bytes)
    }

    /// Every known value in `text`, in the order of the places. None lies inside another.
    ///
    /// # Errors
    /// A part of the file that had to be looked at cannot be read, or was changed.
    pub fn find(&self, text: &[u8]) -> Result<Vec<Hit>, InventoryError> {
        let mut hits = Vec::new();
        if self.is_empty() {
            return Ok(hits);
        }
        let mut failed = None;
        let mut hit = |text: &[u8], piece, outer: Option<&Range<usize>>| {
            if failed.is_some() {
                return;
            }
            match self.probe(text, piece) {
                Ok(found) => hits.extend(found.into_iter().map(|(span, known)| Hit {
                    span: outer.unwrap_or(&span).clone(),
                    decoded: outer.map(|_| span),
                    known,
                })),
                Err(error) => failed = Some(error),
            }
        };
        let lengths = self.body.lengths;
        anchor::pieces(text, lengths, true, &mut |piece| match piece {
            Piece::Anchor(piece) => hit(text, piece, None),
            Piece::Base64(outer) => {
                let mut buffer = encoded::Buffer::default();
                if let Some(inner) = encoded::open(&text[outer.clone()], &mut buffer) {
                    anchor::pieces(inner, lengths, false, &mut |piece| {
                        if let Piece::Anchor(piece) = piece {
                            hit(inner, piece, Some(&outer));
                        }
                    });
                }
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        Ok(outermost(hits))
    }

    /// The entries that are this very value.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn about(&self, value: &[u8]) -> Result<Vec<Known>, InventoryError> {
        let value = value.trim_ascii();
        let Some((piece, _)) = anchor::of_value(value) else {
            return Ok(Vec::new());
        };
        let found = self.probe(value, piece)?;
        let whole = found
            .into_iter()
            .find(|(span, _)| *span == (0..value.len()));
        Ok(whole.map_or_else(Vec::new, |(_, known)| known))
    }

    /// Known values around a piece of a text.
    fn probe(&self, text: &[u8], piece: Range<usize>) -> Result<Vec<Place>, InventoryError> {
        let anchor = self.derived.anchor(&text[piece.clone()]);
        let (page, block) = filter::place(anchor, self.body.pages as usize);
        self.read_page(page)?;
        if !filter::has(self.filter.borrow().page(page), block, anchor) {
            return Ok(Vec::new());
        }
        let records = self.bucket(Derived::bucket(anchor, self.body.buckets))?;
        let first = records.partition_point(|record| record.anchor < anchor);
        let mut found = Vec::new();
        let of_anchor = records[first..]
            .chunk_by(|a, b| a.shape() == b.shape() && a.anchor == b.anchor)
            .take_while(|group| group[0].anchor == anchor);
        for group in of_anchor.take(MOST_SHAPES) {
            let (flags, start, len) = group[0].shape();
            let span = if flags & HAS_LINES != 0 {
                across_lines(text, &piece, start.into(), len.into())
            } else {
                let from = piece.start.checked_sub(start.into());
                from.map(|from| from..from + usize::from(len))
                    .filter(|span| span.end <= text.len())
            };
            let Some(span) = span else { continue };
            let strong = self.strong(&text[span.clone()], flags);
            let first = group.partition_point(|record| record.strong < strong);
            let known: Vec<Known> = group[first..]
                .iter()
                .take_while(|record| record.strong == strong)
                .filter_map(|record| self.known(record))
                .collect();
            if !known.is_empty() {
                found.push((span, known));
            }
        }
        Ok(found)
    }

    pub(super) fn strong(&self, value: &[u8], flags: u8) -> [u8; STRONG] {
        strong(&self.derived, value, flags)
    }

    /// An entry as it can be shown.
    pub(super) fn known(&self, record: &Record) -> Option<Known> {
        Some(Known {
            id: record.id(),
            about: self.body.abouts.get(record.about as usize)?.clone(),
        })
    }

    /// Reads and verifies a page of the filter, if that was not done.
    fn read_page(&self, number: usize) -> Result<(), InventoryError> {
        let mut filter = self.filter.borrow_mut();
        if filter.is_read[number] {
            return Ok(());
        }
        let at = self.start + (number * PAGE) as u64;
        let page = filter.page_mut(number);
        self.file
            .read_exact_at(page, at)
            .map_err(|reason| InventoryError::Read {
                path: self.path.clone(),
                reason,
            })?;
        let (content, tag) = page.split_at(PAGE - TAG);
        if self.derived.seal::<TAG>("filter", number as u64, content) != tag {
            return Err(damaged(&self.path, "a page of its filter has changed"));
        }
        filter.is_read[number] = true;
        Ok(())
    }

    /// The records of a bucket.
    pub(super) fn bucket(&self, number: u64) -> Result<Vec<Record>, InventoryError> {
        let at = self.index_at() + number * INDEX_ENTRY as u64;
        let index = self.read_at(at, 2 * INDEX_ENTRY)?;
        let (first, next) = (u64_at(&index, 0), u64_at(&index, INDEX_ENTRY));
        let changed = || damaged(&self.path, "its records have changed");
        // Buckets follow each other from the first record to the last, and nothing is behind the last one's end.
        let is_last = number + 1 == self.body.buckets;
        if first > next
            || next > self.body.records
            || number == 0 && first != 0
            || is_last && (next != self.body.records || index[INDEX_ENTRY + 8..] != [0; 8])
        {
            return Err(changed());
        }
        let len = (next - first) as usize * RECORD;
        let bytes = self.read_at(self.records_at() + first * RECORD as u64, len)?;
        if self.derived.seal::<8>("records", number, &bytes) != index[8..INDEX_ENTRY] {
            return Err(changed());
        }
        Ok(bytes.chunks_exact(RECORD).map(Record::read).collect())
    }

    /// Looks at every page of the filter.
    ///
    /// # Errors
    /// One cannot be read, or was changed.
    pub fn verify_filter(&self) -> Result<(), InventoryError> {
        (0..self.body.pages as usize).try_for_each(|number| self.read_page(number))
    }

    /// Shows every entry to `look`.
    ///
    /// # Errors
    /// A part of the file cannot be read, or was changed.
    pub fn each(&self, look: &mut dyn FnMut(Known)) -> Result<(), InventoryError> {
        for number in 0..self.body.buckets {
            for record in self.bucket(number)? {
                look(
                    self.known(&record)
                        .ok_or_else(|| damaged(&self.path, "its records have changed"))?,
                );
            }
        }
        Ok(())
    }
}

/// The hash of a whole value.
pub(super) fn strong(derived: &Derived, value: &[u8], flags: u8) -> [u8; STRONG] {
    if flags & HAS_LINES != 0 {
        derived.strong(value.split(u8::is_ascii_whitespace))
    } else {
        derived.strong(std::iter::once(value))
    }
}

/// Where a value with lines stands around its anchor, white space not counted.
fn across_lines(
    text: &[u8],
    piece: &Range<usize>,
    start: usize,
    len: usize,
) -> Option<Range<usize>> {
    let after = len.checked_sub(start + piece.len())?;
    let mut from = piece.start;
    let mut left = start;
    while left > 0 {
        from = from.checked_sub(1)?;
        left -= usize::from(!text[from].is_ascii_whitespace());
    }
    let mut to = piece.end;
    let mut left = after;
    while left > 0 {
        left -= usize::from(!text.get(to)?.is_ascii_whitespace());
        to += 1;
    }
    Some(from..to)
}

/// Of values inside each other the outer one, in the order of their places: a connection string, not its password again.
fn outermost(mut hits: Vec<Hit>) -> Vec<Hit> {
    let place = |hit: &Hit| (hit.span.start, std::cmp::Reverse(hit.span.end));
    hits.sort_by_key(place);
    let mut outer: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        if outer.last().is_none_or(|last| hit.span.end > last.span.end) {
            outer.push(hit);
        }
    }
    outer
}
