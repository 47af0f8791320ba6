//! Text encodings: what the bytes of a blob say as text. UTF-16 is what editors on Windows write, and hides every ASCII
//! keyword behind NULs.

use std::borrow::Cow;

/// The bytes to search: UTF-16 (with a byte-order mark, or evident from its NULs) as UTF-8, everything else as it is.
pub fn text_of(bytes: &[u8]) -> Cow<'_, [u8]> {
    let (rest, read): (&[u8], fn([u8; 2]) -> u16) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        _ => match utf16_without_mark(bytes) {
            Some(read) => (bytes, read),
            None => return Cow::Borrowed(bytes),
        },
    };
    let units = rest.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Cow::Owned(text.into_bytes())
}

/// Without a mark, text in UTF-16 of mostly ASCII characters has a NUL in nearly every second byte, always on the same side.
fn utf16_without_mark(bytes: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    let sample = &bytes[..bytes.len().min(1024) & !1];
    let pairs = sample.len() / 2;
    if pairs < 4 {
        return None;
    }
    let high = sample.chunks_exact(2).filter(|pair| pair[0] == 0 && pair[1] != 0).count();
    let low = sample.chunks_exact(2).filter(|pair| pair[1] == 0 && pair[0] != 0).count();
    if low * 10 >= pairs * 9 {
        Some(u16::from_le_bytes)
    } else if high * 10 >= pairs * 9 {
        Some(u16::from_be_bytes)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::text_of;

    #[test]
    fn utf_16_is_read_with_and_without_its_mark() {
        let text = "password: näive\n";
        for (mark, order) in [(true, true), (true, false), (false, true), (false, false)] {
            let mut bytes = Vec::new();
            let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            for unit in units {
                let pair = if order { unit.to_le_bytes() } else { unit.to_be_bytes() };
                bytes.extend(pair);
            }
            assert_eq!(text_of(&bytes), text.as_bytes());
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for bytes in [&b"plain"[..], b"", b"\0\0\0\0\0\0\0\0\0\0", b"\xff\xd8\xff\xe0 jpeg"] {
            assert_eq!(text_of(bytes), bytes);
        }
    }
}
