//! Members of a tar archive (POSIX ustar, GNU). Nothing in it is packed, so issued formats are found without this; members
//! are read one by one for the sake of their names and of their assignments.

use std::ops::Range;

const BLOCK: usize = 512;

/// Whether a file is a tar archive.
pub(super) fn is(bytes: &[u8]) -> bool {
    bytes.len() >= BLOCK && bytes[257..].starts_with(b"ustar")
}

/// Every file with its name. Ends where the headers stop making sense.
pub(super) fn members(bytes: &[u8]) -> Vec<(String, Range<usize>)> {
    let mut members = Vec::new();
    let mut at = 0;
    while let Some(header) = bytes.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        let Some(size) = size(&header[124..136]) else {
            break;
        };
        if !header[257..].starts_with(b"ustar") {
            break;
        }
        let start = at + BLOCK;
        let Some(end) = start.checked_add(size) else {
            break;
        };
        if matches!(header[156], b'0' | 0 | b'7') && size > 0 && start < bytes.len() {
            let name = header[..100]
                .split(|&byte| byte == 0)
                .next()
                .unwrap_or_default();
            members.push((
                String::from_utf8_lossy(name).into_owned(),
                start..end.min(bytes.len()),
            ));
        }
        at = match size.checked_next_multiple_of(BLOCK) {
            Some(size) => start.saturating_add(size),
            None => break,
        };
    }
    members
}

/// Octal digits, or GNU's binary form.
fn size(field: &[u8]) -> Option<usize> {
    if field[0] & 0x80 != 0 {
        let bytes: [u8; 8] = field[4..].try_into().ok()?;
        return usize::try_from(u64::from_be_bytes(bytes)).ok();
    }
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches(['\0', ' ']);
    usize::from_str_radix(digits, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, members};

    /// Found by libFuzzer: a size in GNU's form that leads past all memory.
    #[test]
    fn a_member_past_the_end_of_memory_is_the_last() {
        let mut archive = [0; 2 * BLOCK];
        archive[..10].copy_from_slice(b"config.yml");
        archive[257..262].copy_from_slice(b"ustar");
        archive[124] = 0x80;
        archive[128..136].copy_from_slice(&(u64::MAX - 2 * BLOCK as u64).to_be_bytes());
        let found = members(&archive);
        assert_eq!(found, [("config.yml".to_owned(), BLOCK..2 * BLOCK)]);
    }
}
