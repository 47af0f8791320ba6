//! Names as a person reads them: a branch `st\u{430}ging` with a Cyrillic letter, one with a character that takes no room, full-width
//! letters, an accent.
//!
//! Whoever reviews such a name, and some file systems, take it for the plain one, so that it gets the plain
//! one's claims too. They only add: a look-alike of production is not given what production may hold. Scripts with letters of
//! their own stay what they are.

use std::borrow::Cow;

use once_cell::sync::Lazy;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// What is taken for plain letters and digits, a line each, in their order: the character, and what it looks like. `build.rs` makes it.
const ALIKE: &str = include_str!(concat!(env!("OUT_DIR"), "/alike.txt"));

/// The name that `name` is read as, where that is another one. Names in ASCII are read as they stand.
pub(super) fn read_as(name: &str) -> Option<String> {
    if name.is_ascii() {
        return None;
    }
    let mut plain = String::with_capacity(name.len());
    for character in name.nfkd() {
        if character.is_ascii() {
            plain.push(character);
        } else if !is_combining_mark(character) {
            match alike(character) {
                Some(alike) => plain.push_str(alike),
                None => plain.push(character),
            }
        }
    }
    (plain != name).then_some(plain)
}

/// The letters and digits that a character is taken for; none, where it takes no room.
fn alike(character: char) -> Option<&'static str> {
    static SORTED: Lazy<Vec<(char, &str)>> = Lazy::new(|| {
        let split = |line: &'static str| {
            let mut rest = line.chars();
            Some((rest.next()?, rest.as_str()))
        };
        ALIKE.lines().filter_map(split).collect()
    });
    let at = SORTED.binary_search_by_key(&character, |&(known, _)| known);
    at.ok().map(|at| SORTED[at].1)
}

/// A name as it can be shown: what is not plain stands as its number.
pub(super) fn spelled_out(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    let spell = |character: char| {
        if character.is_ascii() {
            character.to_string()
        } else {
            format!("<U+{:04X}>", u32::from(character))
        }
    };
    name.chars().map(spell).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::{read_as, spelled_out};

    #[test]
    fn look_alikes_are_read_as_the_plain_name() {
        for name in [
            "st\u{430}ging",
            "\u{455}taging",
            "stag\u{456}ng",
            "sta\u{200b}ging",
            "staging\u{200d}",
            "\u{feff}staging",
            "sta\u{ad}ging",
            "\u{ff53}\u{ff54}\u{ff41}\u{ff47}\u{ff49}\u{ff4e}\u{ff47}",
            "stag\u{131}ng",
            "st\u{e1}ging",
            "sta\u{301}ging",
            "\u{1d42c}\u{1d42d}\u{1d41a}\u{1d420}\u{1d422}\u{1d427}\u{1d420}",
            "sta\u{202e}ging",
            "sta\u{2066}ging",
        ] {
            assert_eq!(read_as(name).as_deref(), Some("staging"), "{name:?}");
        }
    }

    #[test]
    fn plain_names_and_other_scripts_stay() {
        for name in ["staging", "release/1.2", "Staging"] {
            assert_eq!(read_as(name), None);
        }
        // "Release" in Russian and "test" in Japanese: letters that look like no others stay.
        assert!(read_as("\u{440}\u{435}\u{43b}\u{438}\u{437}").is_none_or(|name| !name.is_ascii()));
        assert_eq!(read_as("\u{30c6}\u{30b9}\u{30c8}"), None);
    }

    #[test]
    fn what_is_not_plain_is_spelled_out() {
        assert_eq!(spelled_out("st\u{430}ging"), "st<U+0430>ging");
        assert_eq!(spelled_out("staging"), "staging");
    }
}
