//! All words of all rules looked for at once: most blobs have no such word near anything and cost one pass.

use std::borrow::Cow;

use crate::rules::lead::STARTS;

use super::keywords::{Keywords, table};

/// Which rules to try where.
pub(super) struct Prefilter(Keywords);

impl Prefilter {
    /// Of words with the numbers of their rules.
    pub(super) fn new<'w>(words: impl Iterator<Item = (u32, &'w str)>) -> Self {
        Self(Keywords::new(Cow::Owned(table(words, STARTS))))
    }

    /// Of the rules that ship: built with the binary.
    pub(super) fn shipped() -> Self {
        let table = include_bytes!(concat!(env!("OUT_DIR"), "/words.table"));
        Self(Keywords::new(Cow::Borrowed(table)))
    }

    /// Calls `hit` with a rule and the offset of one of its words, in the order of their ends.
    pub(super) fn hits(&self, bytes: &[u8], hit: impl FnMut(u32, usize)) {
        self.0.each(bytes, hit);
    }
}

#[cfg(test)]
mod tests {
    use super::{Cow, Keywords, Prefilter, STARTS, table};
    use proptest::prelude::*;

    fn hits(bytes: &[u8]) -> Vec<(u32, usize)> {
        let words = [(1, "Key_"), (2, "key_live_"), (3, "live")];
        let prefilter = Prefilter::new(words.into_iter());
        let mut found = Vec::new();
        prefilter.hits(bytes, |rule, at| found.push((rule, at)));
        found.sort_by_key(|&(rule, at)| (at, rule));
        found
    }

    #[test]
    fn case_does_not_count_and_words_may_overlap() {
        assert_eq!(hits(b"my KEY_Live_ one"), [(1, 3), (2, 3), (3, 7)]);
        assert_eq!(hits(b""), []);
    }

    #[test]
    fn some_words_count_at_the_start_of_a_word_only() {
        let prefilter = Prefilter::new([(5 | STARTS, "sk_")].into_iter());
        let mut found = Vec::new();
        prefilter.hits(b"sk_ task_ -SK_ _sk_", |rule, at| found.push((rule, at)));
        assert_eq!(found, [(5, 0), (5, 11)]);
    }

    proptest! {
        /// The same words at the same places as the well-known crate finds, in the order of their ends.
        #[test]
        fn it_finds_what_aho_corasick_finds(
            words in proptest::collection::vec(prop_oneof!["[abAB_\u{e9}]{3,7}", "[abAB]{1,5}"], 1..30),
            long in any::<bool>(),
            text in proptest::collection::vec(prop_oneof!["[abAB_.\u{e9}]{1,9}".prop_map(String::into_bytes), any::<Vec<u8>>()], 0..20),
        ) {
            let text = text.concat();
            let mut words = words;
            // With a short word among them, nothing is filtered.
            words.retain(|word| !long || word.len() >= 3);
            let numbered = words.iter().enumerate();
            let numbered = numbered.map(|(at, word)| (if at % 3 == 0 { STARTS | at as u32 } else { at as u32 }, word.as_str()));
            let keywords = Keywords::new(Cow::Owned(table(numbered, STARTS)));
            let mut found = Vec::new();
            keywords.each(&text, |number, at| found.push((number, at)));
            let judge = aho_corasick::AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(&words)
                .expect("builds");
            let starts = |at: usize| at == 0 || !(text[at - 1].is_ascii_alphanumeric() || text[at - 1] == b'_');
            let expected: Vec<_> = judge
                .find_overlapping_iter(&text)
                .map(|hit| (hit.pattern().as_u32(), hit.start()))
                .filter(|&(number, at)| number % 3 != 0 || starts(at))
                .collect();
            let end = |&(number, at): &(u32, usize)| (at + words[number as usize].len(), at);
            prop_assert!(found.is_sorted_by_key(end));
            let sorted = |mut all: Vec<(u32, usize)>| { all.sort_unstable(); all };
            prop_assert_eq!(sorted(found), sorted(expected));
        }
    }

    /// The words of the rules that ship, at every place of a text that is made of pieces of them.
    #[test]
    fn the_words_that_ship_are_found() {
        let rules: Vec<_> = crate::rules::builtin()
            .iter()
            .flat_map(|pack| &pack.rules)
            .collect();
        let words: Vec<(u32, String)> = rules
            .iter()
            .enumerate()
            .flat_map(|(number, rule)| crate::rules::lead::words(number as u32, rule))
            .collect();
        let mut text = String::new();
        for (at, (_, word)) in words.iter().enumerate() {
            let cut = (0..=word.len() * (at % 7) / 6).rfind(|&cut| word.is_char_boundary(cut));
            text.push_str(&word[..cut.unwrap_or(0)]);
            text.push_str([" ", "_", "", "x", "\n", "-", ""][at % 7]);
            text.push_str(&if at % 5 == 0 {
                word.to_uppercase()
            } else {
                word.clone()
            });
            text.push_str(["", ".", "s", "\"", "_"][at % 5]);
        }
        let judge = aho_corasick::AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(words.iter().map(|(_, word)| word))
            .expect("builds");
        let bytes = text.as_bytes();
        let starts = |at: usize| {
            at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
        };
        let mut expected: Vec<(u32, usize)> = judge
            .find_overlapping_iter(bytes)
            .map(|hit| (words[hit.pattern().as_usize()].0, hit.start()))
            .filter(|&(number, at)| number & STARTS == 0 || starts(at))
            .map(|(number, at)| (number & !STARTS, at))
            .collect();
        let mut found = Vec::new();
        Prefilter::shipped().hits(bytes, |number, at| found.push((number, at)));
        found.sort_unstable();
        expected.sort_unstable();
        assert!(expected.len() > words.len());
        assert_eq!(found, expected);
    }
}
