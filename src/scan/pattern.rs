//! A rule's expression, compiled as far as it is used.
//!
//! To make all that an expression can be searched with (literals to look for, automata that run both ways) takes about a millisecond,
//! which a small commit would wait for at every rule whose word stands in it. What it needs is one automaton and a search that
//! tracks back; the rest is made after some text. Both find the same, as the tests of the crate that both are of hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use once_cell::sync::OnceCell;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;

/// A rule that compiles to more bytes than this is refused: no credential's shape needs it.
const LARGEST: usize = 10 << 20;
/// Text that is searched before the rest is made, in bytes: a few windows.
const FIRST: usize = 1 << 10;

/// See the module.
#[derive(Default)]
pub(super) struct Pattern {
    small: OnceCell<Regex>,
    whole: OnceCell<Regex>,
    searched: AtomicUsize,
}

impl Pattern {
    /// What to search a text with.
    pub(super) fn on<'p>(
        &self,
        text: &[u8],
        pattern: impl FnOnce() -> &'p str,
    ) -> Result<&Regex, String> {
        let searched = self.searched.fetch_add(text.len(), Ordering::Relaxed) + text.len();
        if searched <= FIRST {
            self.small.get_or_try_init(|| {
                let config = Config::new().auto_prefilter(false);
                compiled(pattern(), config.hybrid(false).dfa(false).onepass(false))
            })
        } else {
            self.whole
                .get_or_try_init(|| compiled(pattern(), Config::new()))
        }
    }
}

/// A pattern with these settings, or why it is none.
fn compiled(pattern: &str, config: Config) -> Result<Regex, String> {
    let built = Regex::builder()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .configure(config.utf8_empty(false).nfa_size_limit(Some(LARGEST)))
        .build(pattern);
    // Of a pattern that cannot be read the error beneath says where.
    built.map_err(|error| match error.syntax_error() {
        Some(beneath) => beneath.to_string(),
        None => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::{FIRST, Pattern};

    /// The same before and after the rest is made.
    #[test]
    fn both_find_the_same() {
        let expression = || r"(?i)\bkey=(?P<secret>[a-z]{3}[0-9])\b";
        let well_used = Pattern::default();
        well_used
            .on(&[b' '; FIRST + 1], expression)
            .expect("compiles");
        for text in [
            "key=abc9 key=def8",
            "key=abc",
            "key=",
            "",
            "\u{e9}key=abc9\n",
        ] {
            let answers = |pattern: &Pattern| -> Vec<Option<std::ops::Range<usize>>> {
                let regex = pattern.on(text.as_bytes(), expression).expect("compiles");
                let all = regex.captures_iter(text);
                all.map(|found| found.get_group_by_name("secret").map(|span| span.range()))
                    .collect()
            };
            let new = Pattern::default();
            assert_eq!(answers(&new), answers(&well_used), "{text:?}");
            assert!(new.whole.get().is_none() && well_used.whole.get().is_some());
        }
    }

    #[test]
    fn what_does_not_compile_is_said_by_both() {
        for expression in ["(", "(?:[a-z]{999}){999}"] {
            for text in [&b"x"[..], &[b' '; FIRST + 1]] {
                assert!(Pattern::default().on(text, || expression).is_err());
            }
        }
    }
}
