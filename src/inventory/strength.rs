//! What is too weak for an inventory. Such a value is refused: who has the file and the key could find it by trying, and it
//! stands by chance in texts that have nothing to do with it.
//!
//! The estimate is of how many guesses somebody needs who knows how people and generators make passwords, in bits: a word
//! that can be spoken of five letters or more counts as one of 130,000, a year as one of 100, a row (`abcd`, `1234`, `qwer`) as its first character
//! and its length, a repetition as what is repeated, and everything else as random characters of the kinds that occur. It
//! is meant to be low rather than high, and is no dictionary.

use super::anchor;

/// Fewer bits are too weak. At 10^10 guesses a second, what one graphics card of 2024 does with a fast hash, 2^50 take 31
/// hours: see the threat model in `docs/inventory.md`.
pub(super) const FLOOR: f64 = 50.0;

/// The longest value, in bytes.
pub(super) const LONGEST: usize = 60_000;

/// Bits of a value that its anchor's hash tells at most.
const TOLD: f64 = 36.0;

/// Why a value is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weak {
    /// Nobody guesses it in little time, but a machine.
    Guessable,
    /// All its pieces are too short to find it by.
    NoAnchor,
    /// Longer than the format holds.
    TooLong,
}

impl Weak {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Guessable => {
                "too easy to guess: its fingerprint could be found by trying, so change it in its store to a random one"
            }
            Self::NoAnchor => {
                "has no run of eight letters and digits, nor of four with a sign inside, to be found by"
            }
            Self::TooLong => "longer than 60,000 bytes",
        }
    }
}

/// Why a value is too weak; `None` where it is not.
pub fn weakness(value: &[u8]) -> Option<Weak> {
    let value = value.trim_ascii();
    if value.len() > LONGEST {
        return Some(Weak::TooLong);
    }
    let all = bits(value);
    if all < FLOOR {
        return Some(Weak::Guessable);
    }
    let Some((piece, _)) = anchor::of_value(value) else {
        return Some(Weak::NoAnchor);
    };
    // The anchor may be tried alone, and then the rest with what it told.
    let of_piece = if piece.len() == value.len() {
        all
    } else {
        bits(&value[piece])
    };
    (of_piece.max(all - TOLD.min(of_piece)) < FLOOR).then_some(Weak::Guessable)
}

/// An estimate of the guesses that find a value, as a power of two.
fn bits(value: &[u8]) -> f64 {
    let value = period(value);
    // One pass: an inventory has millions of values.
    let mut seen = [0_u64; 4];
    let (mut lower, mut upper, mut digits, mut others) = (0, 0, 0, 0);
    let mut hexadecimal = true;
    for &byte in value {
        seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
        match byte {
            b'a'..=b'z' => lower = 26,
            b'A'..=b'Z' => upper = 26,
            b'0'..=b'9' => digits = 10,
            _ => others = 16,
        }
        hexadecimal &= byte.is_ascii_hexdigit() || byte == b'-';
    }
    let alphabet = if hexadecimal {
        16
    } else {
        lower + upper + digits + others
    };
    let distinct: u32 = seen.iter().map(|bits| bits.count_ones()).sum();
    let random = f64::from(alphabet.max(2))
        .log2()
        .min(f64::from(distinct).log2() + 2.5);
    let segments = || value.chunk_by(|a, b| together(*a, *b));
    // One piece that can be spoken stands in many a random value; words are most of what people choose.
    let spoken: usize = segments()
        .filter(|segment| is_spoken(segment))
        .map(<[u8]>::len)
        .sum();
    let has_words = spoken * 5 >= value.len() * 2;
    let mut total = 0.0;
    let mut words: Vec<&[u8]> = Vec::new();
    for segment in segments() {
        total += match segment {
            [b'1', b'9', ..] | [b'2', b'0', ..] if segment.len() == 4 => 7.0,
            _ if is_row(segment) => 8.0,
            _ if has_words && is_spoken(segment) && words.contains(&segment) => 2.0,
            _ if has_words && is_spoken(segment) => {
                words.push(segment);
                (segment.len() as f64 * random).min(17.0 * (segment.len() as f64 / 10.0).ceil())
            }
            _ => segment.len() as f64 * random,
        };
    }
    total.min(value.len() as f64 * random)
}

/// Whether two neighbours are of one piece: `CompanyName2025` has three.
fn together(a: u8, b: u8) -> bool {
    kind(a) == kind(b) && !(a.is_ascii_lowercase() && b.is_ascii_uppercase())
}

fn kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' | b'A'..=b'Z' => 1,
        _ => 2,
    }
}

/// What is repeated, where the whole of it is a repetition.
fn period(value: &[u8]) -> &[u8] {
    let repeats = |len: usize| value.iter().skip(len).zip(value).all(|(a, b)| a == b);
    (1..=value.len().min(192) * 2 / 3)
        .find(|&len| value.get(len) == value.first() && repeats(len))
        .map_or(value, |len| &value[..len])
}

/// Neighbours in the alphabet or on a keyboard.
fn is_row(segment: &[u8]) -> bool {
    const KEYBOARD: [&[u8]; 4] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm", b"1234567890"];
    if segment.len() < 4 {
        return false;
    }
    let lower = segment.to_ascii_lowercase();
    let steps = |step: i16| {
        lower
            .windows(2)
            .all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step)
    };
    steps(1)
        || steps(-1)
        || steps(0)
        || KEYBOARD
            .iter()
            .any(|row| row.windows(lower.len()).any(|part| part == lower))
}

/// Letters with vowels among them as a language has them, in one case or with a capital first.
fn is_spoken(segment: &[u8]) -> bool {
    let is_vowel = |byte: &u8| b"aeiouyAEIOUY".contains(byte);
    let one_case = segment.len() >= 5
        && segment.iter().all(u8::is_ascii_alphabetic)
        && (segment[1..].iter().all(u8::is_ascii_lowercase)
            || segment.iter().all(u8::is_ascii_uppercase));
    let longest = segment.split(is_vowel).map(<[u8]>::len).max().unwrap_or(0);
    let vowels = segment.iter().filter(|byte| is_vowel(byte)).count();
    one_case && longest <= 4 && vowels * 5 >= segment.len()
}

#[cfg(test)]
mod tests {
    use super::{Weak, bits, weakness};

    /// Values are written as templates: no test holds anything that looks like one.
    fn expanded(template: &str) -> String {
        crate::rules::template::expand(template, 7).expect("a template")
    }

    #[test]
    fn what_people_choose_is_weak() {
        for value in [
            "",
            "secret",
            "hunter2",
            "Summer2024!",
            "Password123!",
            "letmein12345678",
            "qwertyuiopasdf",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabcabcabc",
            "1234567890123456",
            "abcdefghijklmnop",
            "production-database",
            "CompanyName2025",
        ] {
            assert_eq!(weakness(value.as_bytes()), Some(Weak::Guessable), "{value}");
        }
    }

    #[test]
    fn what_generators_make_is_strong() {
        for template in [
            "{alnum:16}",
            "{alnum:40}",
            "{hex:16}",
            "{hex:64}",
            "sk_live_{alnum:24}",
            "{base64:44}",
            "{password:20}",
        ] {
            for seed in 0..200 {
                let value = crate::rules::template::expand(template, seed).expect("a template");
                assert_eq!(weakness(value.as_bytes()), None, "{template} {seed}");
            }
        }
    }

    #[test]
    fn more_characters_are_more_bits() {
        let short = expanded("{alnum:10}");
        let long = expanded("{alnum:20}");
        assert!(bits(short.as_bytes()) < bits(long.as_bytes()));
        assert_eq!(weakness(&[b'x'; 70_000]), Some(Weak::TooLong));
        assert_eq!(weakness(b"a1@b2@c3@d4@e5@f6@g7@h8"), Some(Weak::NoAnchor));
    }
}
