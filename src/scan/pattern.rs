//! A rule's expression, compiled as far as it is used.
//!
//! To make all that the `regex` crate makes of an expression (literals to look for, automata that run both ways) takes about a
//! millisecond, which a small commit would wait for at every rule whose word stands in it. What it needs at first is one automaton
//! and a search that tracks back; only after some text, or for a match, the whole is made. Both are of the same crates and find the
//! same.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use once_cell::sync::OnceCell;
use regex::bytes::{Regex, RegexBuilder};
use regex_automata::{meta, util::syntax};

/// A rule that compiles to more bytes than this is refused: no credential's shape needs it.
const LARGEST: usize = 10 << 20;
/// Text that is searched before the whole is made, in bytes: about what making it costs.
const FIRST: usize = 8 << 10;

/// See the module.
#[derive(Default)]
pub(super) struct Pattern {
    plain: OnceCell<meta::Regex>,
    whole: OnceCell<Regex>,
    searched: AtomicUsize,
}

impl Pattern {
    /// The whole.
    pub(super) fn regex<'p>(&self, pattern: impl Fn() -> &'p str) -> Result<&Regex, String> {
        self.whole.get_or_try_init(|| {
            RegexBuilder::new(pattern())
                .unicode(false)
                .size_limit(LARGEST)
                .build()
                .map_err(|error| error.to_string())
        })
    }

    pub(super) fn is_match<'p>(
        &self,
        pattern: impl Fn() -> &'p str,
        text: &[u8],
    ) -> Result<bool, String> {
        if self.is_new(text) {
            Ok(self.plain(pattern)?.is_match(text))
        } else {
            Ok(self.regex(pattern)?.is_match(text))
        }
    }

    /// Where the group `secret` of the first match stands.
    pub(super) fn secret_in<'p>(
        &self,
        pattern: impl Fn() -> &'p str,
        text: &[u8],
    ) -> Result<Option<Range<usize>>, String> {
        if self.is_new(text) {
            let plain = self.plain(pattern)?;
            let mut captures = plain.create_captures();
            plain.captures(text, &mut captures);
            Ok(captures
                .get_group_by_name("secret")
                .map(|span| span.range()))
        } else {
            let captures = self.regex(pattern)?.captures(text);
            let secret = captures.and_then(|captures| captures.name("secret"));
            Ok(secret.map(|secret| secret.range()))
        }
    }

    /// Whether the whole is not worth its making yet.
    fn is_new(&self, text: &[u8]) -> bool {
        self.whole.get().is_none()
            && self.searched.fetch_add(text.len(), Ordering::Relaxed) + text.len() <= FIRST
    }

    fn plain<'p>(&self, pattern: impl Fn() -> &'p str) -> Result<&meta::Regex, String> {
        self.plain.get_or_try_init(|| {
            meta::Regex::builder()
                .syntax(syntax::Config::new().unicode(false).utf8(false))
                .configure(
                    meta::Config::new()
                        .utf8_empty(false)
                        .nfa_size_limit(Some(LARGEST))
                        .auto_prefilter(false)
                        .hybrid(false)
                        .dfa(false)
                        .onepass(false),
                )
                .build(pattern())
                .map_err(|error| error.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST, Pattern};

    /// The same before and after the whole is made, on the first text and on one too long for the first search.
    #[test]
    fn both_find_the_same() {
        let long = format!("{} key=abc9 ", "x".repeat(FIRST));
        for text in [
            "key=abc9 key=def8",
            "key=abc",
            "key=",
            "",
            "\u{e9}key=abc9\n",
            &long,
        ] {
            let expression = || r"(?i)\bkey=(?P<secret>[a-z]{3}[0-9])\b";
            let answers = |pattern: &Pattern| {
                let text = text.as_bytes();
                (
                    pattern.is_match(expression, text),
                    pattern.secret_in(expression, text),
                )
            };
            let (new, whole) = (Pattern::default(), Pattern::default());
            whole.regex(expression).expect("compiles");
            assert_eq!(answers(&new), answers(&whole), "{text:?}");
        }
    }

    #[test]
    fn what_does_not_compile_is_said_by_both() {
        for expression in ["(", "(?:[a-z]{999}){999}"] {
            let pattern = Pattern::default();
            assert!(pattern.is_match(|| expression, b"x").is_err());
            assert!(pattern.regex(|| expression).is_err());
        }
    }
}
