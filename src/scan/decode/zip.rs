//! Members of a zip archive (jar, docx, wheel, ...), from its central directory. Only where each begins and how it is
//! packed is read here; PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16, has the layout.

use std::ops::Range;

/// One member.
pub(super) struct Member {
    /// Its packed bytes.
    pub(super) span: Range<usize>,
    /// Its name.
    pub(super) name: String,
    /// How it is packed; `None` where it is encrypted or of a method that is not known here.
    pub(super) packing: Option<Packing>,
}

/// How a member is packed.
pub(super) enum Packing {
    Stored,
    Deflated,
}

/// Whether a file is a zip archive: it begins like one, or ends like one (archives that run by themselves).
pub(super) fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
        || bytes.len() >= 22 && bytes[bytes.len() - 22..].starts_with(b"PK\x05\x06")
}

/// Every member that the central directory names; `None` where there is no such directory.
pub(super) fn members(bytes: &[u8]) -> Option<Vec<Member>> {
    // The end record is 22 bytes and a comment of at most 65,535.
    let tail = bytes.len().saturating_sub(22 + 65_535);
    let end = tail + memchr::memmem::rfind(&bytes[tail..], b"PK\x05\x06")?;
    let count = u16_at(bytes, end + 10)?;
    let mut at = usize::try_from(u32_at(bytes, end + 16)?).ok()?;
    if at == 0xffff_ffff {
        // Zip64 archives are larger than what is read whole.
        return None;
    }
    let mut members = Vec::new();
    for _ in 0..count {
        if bytes.get(at..at + 4)? != b"PK\x01\x02" {
            return None;
        }
        let flags = u16_at(bytes, at + 8)?;
        let method = u16_at(bytes, at + 10)?;
        let packed = usize::try_from(u32_at(bytes, at + 20)?).ok()?;
        let name_len = usize::from(u16_at(bytes, at + 28)?);
        let more = usize::from(u16_at(bytes, at + 30)?) + usize::from(u16_at(bytes, at + 32)?);
        let local = usize::try_from(u32_at(bytes, at + 42)?).ok()?;
        let name = String::from_utf8_lossy(bytes.get(at + 46..at + 46 + name_len)?).into_owned();
        at += 46 + name_len + more;
        let start = local
            + 30
            + usize::from(u16_at(bytes, local + 26)?)
            + usize::from(u16_at(bytes, local + 28)?);
        if packed == 0 {
            continue;
        }
        let span = start.min(bytes.len())..start.saturating_add(packed).min(bytes.len());
        let packing = match method {
            _ if flags & 1 != 0 => None,
            0 => Some(Packing::Stored),
            8 => Some(Packing::Deflated),
            _ => None,
        };
        members.push(Member {
            span,
            name,
            packing,
        });
    }
    Some(members)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
