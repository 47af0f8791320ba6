//! Text encodings: what the bytes of a blob say as text. UTF-16 is what editors on Windows write, and hides every ASCII
//! keyword behind NULs.

use std::borrow::Cow;

/// How characters are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// ASCII, UTF-8, Latin-1, anything in which ASCII characters are single bytes; and what is no text at all.
    Bytes,
    /// UTF-8 after a byte-order mark of three bytes.
    Utf8Marked,
    /// UTF-16; whether the high byte comes first, and how many bytes the mark takes.
    Utf16 {
        /// Whether the high byte comes first.
        big: bool,
        /// Bytes of the mark.
        mark: usize,
    },
    /// UTF-32, likewise.
    Utf32 {
        /// Whether the high byte comes first.
        big: bool,
        /// Bytes of the mark.
        mark: usize,
    },
}

impl Encoding {
    /// The encoding of a blob that starts with `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8Marked,
            // Before UTF-16, whose mark it starts with: a text does not begin with a NUL character.
            [0xff, 0xfe, 0, 0, ..] => Self::Utf32 {
                big: false,
                mark: 4,
            },
            [0, 0, 0xfe, 0xff, ..] => Self::Utf32 { big: true, mark: 4 },
            [0xff, 0xfe, ..] => Self::Utf16 {
                big: false,
                mark: 2,
            },
            [0xfe, 0xff, ..] => Self::Utf16 { big: true, mark: 2 },
            _ => without_mark(bytes),
        }
    }

    /// The bytes to search. `first` says that they are the beginning of the blob, where a mark stands.
    pub fn text(self, bytes: &[u8], first: bool) -> Cow<'_, [u8]> {
        let rest = |mark: usize| {
            bytes
                .get(if first { mark } else { 0 }..)
                .unwrap_or_default()
        };
        match self {
            Self::Bytes => Cow::Borrowed(bytes),
            Self::Utf8Marked => Cow::Borrowed(rest(3)),
            Self::Utf16 { big, mark } => {
                let read = if big {
                    u16::from_be_bytes
                } else {
                    u16::from_le_bytes
                };
                let units = rest(mark)
                    .chunks_exact(2)
                    .map(|pair| read([pair[0], pair[1]]));
                let text: String = char::decode_utf16(units)
                    .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect();
                Cow::Owned(text.into_bytes())
            }
            Self::Utf32 { big, mark } => {
                let read = if big {
                    u32::from_be_bytes
                } else {
                    u32::from_le_bytes
                };
                let text: String = rest(mark)
                    .chunks_exact(4)
                    .map(|unit| read([unit[0], unit[1], unit[2], unit[3]]))
                    .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect();
                Cow::Owned(text.into_bytes())
            }
        }
    }

    /// Whether searching the text leaves the bytes themselves unsearched. A mark may be a lie: a reader that ignores it
    /// still sees what stands there in ASCII.
    pub const fn hides_bytes(self) -> bool {
        matches!(self, Self::Utf16 { .. } | Self::Utf32 { .. })
    }
}

/// Without a mark, text of mostly ASCII characters has NULs in nearly all places where the high bytes are.
fn without_mark(bytes: &[u8]) -> Encoding {
    let sample = &bytes[..bytes.len().min(1024)];
    let evident = |width: usize, ascii: usize| {
        let units = sample.len() / width;
        let fitting = sample.chunks_exact(width).filter(|unit| {
            unit.iter()
                .enumerate()
                .all(|(at, &byte)| (byte == 0) != (at == ascii))
        });
        units >= 4 && fitting.count() * 10 >= units * 9
    };
    match () {
        () if evident(2, 0) => Encoding::Utf16 {
            big: false,
            mark: 0,
        },
        () if evident(2, 1) => Encoding::Utf16 { big: true, mark: 0 },
        () if evident(4, 0) => Encoding::Utf32 {
            big: false,
            mark: 0,
        },
        () if evident(4, 3) => Encoding::Utf32 { big: true, mark: 0 },
        () => Encoding::Bytes,
    }
}

/// The bytes to search of a whole blob: UTF-16 and UTF-32 as UTF-8, a mark taken off, everything else as it is.
pub fn text_of(bytes: &[u8]) -> Cow<'_, [u8]> {
    Encoding::of(bytes).text(bytes, true)
}

#[cfg(test)]
mod tests {
    use super::{Encoding, text_of};

    fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let units = mark
            .then_some(0xfeff)
            .into_iter()
            .chain(text.encode_utf16());
        units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn utf_16_is_read_with_and_without_its_mark() {
        let text = "password: näive\n";
        for (mark, big) in [(true, true), (true, false), (false, true), (false, false)] {
            assert_eq!(text_of(&utf16(text, big, mark)), text.as_bytes());
        }
    }

    #[test]
    fn utf_32_is_read_with_and_without_its_mark() {
        let text = "password: naive\n";
        for (mark, big) in [(true, true), (true, false), (false, true), (false, false)] {
            let units = mark.then_some('\u{feff}').into_iter().chain(text.chars());
            let bytes: Vec<u8> = units
                .map(u32::from)
                .flat_map(|unit| {
                    if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect();
            assert_eq!(text_of(&bytes), text.as_bytes());
        }
    }

    #[test]
    fn a_mark_of_utf_8_is_no_part_of_the_text() {
        assert_eq!(text_of(b"\xef\xbb\xbfa: b\n"), &b"a: b\n"[..]);
    }

    #[test]
    fn lone_surrogates_and_odd_lengths_lose_one_character_only() {
        let mut bytes = b"\xff\xfe\x00\xd8".to_vec();
        bytes.extend(utf16("abc", false, false));
        bytes.push(b'x');
        assert_eq!(text_of(&bytes), "\u{fffd}abc".as_bytes());
        assert_eq!(text_of(b"\xff\xfe"), &b""[..]);
        assert_eq!(text_of(b"\xff\xfe\x41"), &b""[..]);
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for bytes in [
            &b"plain"[..],
            b"",
            b"\0",
            b"\0\0\0\0\0\0\0\0\0\0",
            b"\xff\xd8\xff\xe0 jpeg",
            b"caf\xe9 in Latin-1",
            b"\0text after a NUL, and more of it",
        ] {
            assert_eq!(text_of(bytes), bytes);
            assert!(!Encoding::of(bytes).hides_bytes());
        }
    }
}
