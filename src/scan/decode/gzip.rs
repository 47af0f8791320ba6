//! Gzip (RFC 1952) and the bare deflate (RFC 1951) of zip members. What is written out never exceeds what is asked for, so
//! a small file cannot become a large one in memory.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder};

use super::Opened;

/// Whether a file begins like gzip.
pub(super) fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b\x08")
}

/// At most `limit` bytes of a gzip file.
pub(super) fn open(bytes: &[u8], limit: usize) -> Opened {
    read(MultiGzDecoder::new(bytes), limit)
}

/// At most `limit` bytes of a deflated member.
pub(super) fn inflate(bytes: &[u8], limit: usize) -> Opened {
    read(DeflateDecoder::new(bytes), limit)
}

/// What can be read before an error is kept: a file cut in the middle still holds what stands before the cut.
fn read(reader: impl Read, limit: usize) -> Opened {
    let mut bytes = Vec::new();
    let asked = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let broken = reader.take(asked).read_to_end(&mut bytes).is_err();
    let cut = bytes.len() > limit;
    bytes.truncate(limit);
    Opened { bytes, cut, broken }
}
