//! One automaton over all words of all rules: most blobs have no such word near anything and cost one pass.

use std::borrow::Cow;

use crate::rules::lead::STARTS;

use super::automaton::{Automaton, table};

/// Which rules to try where.
pub(super) struct Prefilter(Automaton);

impl Prefilter {
    /// Of words with the numbers of their rules.
    pub(super) fn new<'w>(words: impl Iterator<Item = (u32, &'w str)>) -> Self {
        Self(Automaton::new(Cow::Owned(table(words))))
    }

    /// Of the rules that ship: built with the binary.
    pub(super) fn shipped() -> Self {
        let table = include_bytes!(concat!(env!("OUT_DIR"), "/words.table"));
        Self(Automaton::new(Cow::Borrowed(table)))
    }

    /// Calls `hit` with a rule and the offset of one of its words, in the order of their ends.
    pub(super) fn hits(&self, bytes: &[u8], mut hit: impl FnMut(u32, usize)) {
        self.0.each(bytes, |number, at| {
            let starts = || {
                let before = at.checked_sub(1).map(|before| bytes[before]);
                !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            };
            if number & STARTS == 0 || starts() {
                hit(number & !STARTS, at);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Automaton, Cow, Prefilter, STARTS, table};
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
        /// The same words at the same places as the well-known crate finds.
        #[test]
        fn it_finds_what_aho_corasick_finds(
            words in proptest::collection::vec("[abAB_\u{e9}]{1,5}", 1..30),
            text in proptest::collection::vec(prop_oneof!["[abAB_.\u{e9}]{1,9}".prop_map(String::into_bytes), any::<Vec<u8>>()], 0..20),
        ) {
            let text = text.concat();
            let numbered = words.iter().enumerate().map(|(at, word)| (at as u32, word.as_str()));
            let automaton = Automaton::new(Cow::Owned(table(numbered)));
            let mut found = Vec::new();
            automaton.each(&text, |number, at| found.push((at, number)));
            found.sort_unstable();
            let judge = aho_corasick::AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(&words)
                .expect("builds");
            let mut expected: Vec<_> = judge
                .find_overlapping_iter(&text)
                .map(|hit| (hit.start(), hit.pattern().as_u32()))
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
