//! Bank accounts in bulk: IBANs (ISO 13616), by the length of their country and the remainder of 97 (ISO/IEC 7064).
//!
//! No format says whose account it is, and generators make valid ones, so they are told and never proven.

use std::collections::HashSet;
use std::ops::Range;

use crate::model::Family;

use super::{BULK, Crossing, File, remark, says_made_up};

/// Countries with the length of their IBANs (SWIFT's IBAN Registry).
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NL", 18),
    (b"NO", 15),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"SA", 24),
    (b"SC", 31),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
];

/// The first place from `at` where an IBAN may begin: two capitals, then two digits. The fourth byte says most, so that words
/// are left four bytes at a time.
fn candidate(text: &[u8], mut at: usize) -> Option<usize> {
    while let Some(&[first, second, third, fourth]) = text.get(at..at + 4) {
        if !fourth.is_ascii_digit() {
            at += if fourth.is_ascii_uppercase() { 1 } else { 4 };
        } else if third.is_ascii_digit()
            && second.is_ascii_uppercase()
            && first.is_ascii_uppercase()
        {
            return Some(at);
        } else {
            at += 1;
        }
    }
    None
}

/// The IBAN that begins at `at`, without its spaces, and where it ends.
fn iban_at(text: &[u8], at: usize) -> Option<(Vec<u8>, usize)> {
    let country = text.get(at..at + 2)?;
    let &(_, length) = LENGTHS.iter().find(|(known, _)| *known == country)?;
    let mut plain = Vec::with_capacity(length);
    let mut end = at;
    while plain.len() < length {
        match *text.get(end)? {
            byte if byte.is_ascii_uppercase() || byte.is_ascii_digit() => plain.push(byte),
            b' ' if plain.len() % 4 == 0 && text[end - 1] != b' ' => {}
            _ => return None,
        }
        end += 1;
    }
    let ends = text
        .get(end)
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    (ends && remainder(&plain) == Some(1)).then_some((plain, end))
}

/// What is left of the number that the letters and digits stand for, the first four at the end, divided by 97.
fn remainder(plain: &[u8]) -> Option<u32> {
    let (start, rest) = plain.split_at_checked(4)?;
    if !start[2..].iter().all(u8::is_ascii_digit) {
        return None;
    }
    rest.iter().chain(start).try_fold(0, |left, &byte| {
        let value = char::from(byte).to_digit(36)?;
        Some((left * if value < 10 { 10 } else { 100 } + value) % 97)
    })
}

/// Whether there is one.
pub(super) fn look(file: &File<'_>, parts: &[Range<usize>], crossings: &mut Vec<Crossing>) -> bool {
    let text = file.text;
    let mut found: HashSet<Vec<u8>> = HashSet::new();
    let mut first: Option<Range<usize>> = None;
    for part in parts {
        let mut next = part.start;
        // What begins in the part may end behind it.
        let near = &text[..text.len().min(part.end + 3)];
        while let Some(at) = candidate(near, next) {
            let inside = at
                .checked_sub(1)
                .is_some_and(|before| text[before].is_ascii_alphanumeric() || text[before] == b'_');
            next = at + 1;
            if !inside && let Some((plain, end)) = iban_at(text, at) {
                first.get_or_insert(at..end);
                // Of a text in which every number is an account, the first thousand are enough.
                if found.len() < 1000 {
                    found.insert(plain);
                }
                next = end;
            }
        }
    }
    let holds = !found.is_empty();
    let countries: HashSet<&[u8]> = found.iter().map(|plain| &plain[..2]).collect();
    // One or two of each country are the examples of a registry or of a validator's tests.
    let is_registry = found.len() < countries.len() * 3;
    let Some(span) = first.filter(|_| found.len() >= BULK && !is_registry) else {
        return holds;
    };
    if says_made_up(text).is_some() {
        return holds;
    }
    let mut signals = vec![remark(
        "iban",
        format!("{} different IBANs with valid check digits", found.len()),
    )];
    signals.extend(super::looked_at(text.len()).map(|told| remark("sample", told)));
    crossings.push(Crossing {
        rule: "data-ibans",
        family: Family::Data,
        span,
        key_path: Vec::new(),
        proven: false,
        signals,
    });
    holds
}

#[cfg(test)]
mod tests {
    use super::{candidate, iban_at};

    #[test]
    fn candidates_are_two_capitals_and_two_digits() {
        let text = b"abc DE89, AAAB12 A1B22 ZZ9x 12AB34";
        let plain = |at: &usize| {
            let four = &text[*at..*at + 4];
            four[..2].iter().all(u8::is_ascii_uppercase) && four[2..].iter().all(u8::is_ascii_digit)
        };
        let expected: Vec<usize> = (0..text.len() - 3).filter(plain).collect();
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(at) = candidate(text, from) {
            found.push(at);
            from = at + 1;
        }
        assert_eq!(found, expected);
        assert_eq!(candidate(b"DE8", 0), None);
    }

    #[test]
    fn the_published_examples_are_ibans() {
        // From the IBAN Registry and the pages of banks.
        for text in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB82 WEST 1234 5698 7654 32",
            "FR1420041010050500013M02606",
            "NL91ABNA0417164300",
            "NO9386011117947",
        ] {
            assert!(iban_at(text.as_bytes(), 0).is_some(), "{text}");
        }
        for text in [
            "DE88370400440532013000",
            "DE8937040044053201300",
            "DE893704004405320130001",
            "ZZ89370400440532013000",
            "DE",
            "",
        ] {
            assert!(iban_at(text.as_bytes(), 0).is_none(), "{text}");
        }
    }
}
