//! Texts in which nothing asks for a second look, as most are, and what a change makes of them: of the next version of a file only
//! what is new is examined, with what stands around it. Blobs come one version after the other where git has packed them.
//!
//! That is right where nothing of a text is told by something far away from it. So a text is *silent* only where no rule
//! looked farther than [`MARGIN`] bytes and matched, no name has a value beside it, its structure is not worth reading, nothing
//! in it that is encoded is longer than that, and nothing was left closed. Its lines are as good as those of any other text with
//! the same lines around them: a text that is made of them and of new ones can hold something only near the new ones, or
//! near a seam. Production data is the exception: it is counted, and looked for in the whole text again where there is
//! something to count.

use std::ops::{Range, RangeInclusive};

use crate::boundary;
use crate::scan::ScanError;
use crate::scan::decode;
use crate::syntax::{LARGEST_PARSED, Syntax};

use super::{Knowledge, data, examine};

mod fresh;

/// So many bytes around what is new are examined with it, and no look in a silent text goes farther.
pub(super) const MARGIN: usize = 4 << 10;

/// In longer lines a value may stand far from its name: a text is examined whole where one is near what is new.
const LONGEST_LINE: usize = 1 << 10;

/// What there may be in a silent text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// What of production data stands in it, where a keyword has made it looked for.
    pub(super) data: Option<Held>,
}

/// What stands in a text and is no production data as it stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// A word of a dump's header.
    pub(super) dump: bool,
    /// Numbers of cards or bank accounts, too few of them.
    pub(super) numbers: bool,
}

/// Whether silence is told at all: what a user's rules ask for, and what is known of values, may stand anywhere.
pub(super) fn is_told(knowledge: &Knowledge<'_, '_>) -> bool {
    let scanner = knowledge.scanner;
    knowledge.inventory.is_none() && scanner.is_plain() && !scanner.explains()
}

/// A silent text that is remembered.
#[derive(Default)]
pub struct Silent {
    text: Vec<u8>,
    syntax: Option<Syntax>,
    silence: Silence,
}

/// Shorter and longer texts are not compared: of the first ones, most would stand in the margins.
const COMPARED: RangeInclusive<usize> = 3 * MARGIN..=LARGEST_PARSED;

impl Silent {
    /// Remembers a text, in place of the one before.
    pub fn keep(&mut self, text: &[u8], syntax: Syntax, silence: Silence) {
        if COMPARED.contains(&text.len()) {
            self.text.clear();
            self.text.extend_from_slice(text);
            (self.syntax, self.silence) = (Some(syntax), silence);
        }
    }

    /// The silence of another text, told by what is new in it. `None` where that text has to be examined whole to tell; once that
    /// was found out at some cost, nothing is compared before the next silent text.
    pub fn changed_to(
        &mut self,
        text: &[u8],
        syntax: Syntax,
        knowledge: &Knowledge<'_, '_>,
    ) -> Result<Option<Silence>, ScanError> {
        let is_told = self.syntax == Some(syntax) && is_told(knowledge);
        if !is_told || !COMPARED.contains(&text.len()) || decode::is_container(text) {
            return Ok(None);
        }
        let fresh = fresh::parts(&self.text, text);
        let Some(parts) = fresh.and_then(|fresh| with_margins(text, &fresh)) else {
            return Ok(None);
        };
        let mut held: Vec<Held> = self.silence.data.into_iter().collect();
        for part in &parts {
            let Some(here) = examine(&text[part.clone()], syntax, knowledge)?.silence else {
                self.syntax = None;
                return Ok(None);
            };
            held.extend(here.data);
        }
        let data = if held.is_empty() {
            None
        } else {
            let dump = held.iter().any(|held| held.dump);
            let Some(numbers) = self.numbers_in(text, &parts, dump, knowledge) else {
                self.syntax = None;
                return Ok(None);
            };
            Some(Held { dump, numbers })
        };
        Ok(Some(Silence { data }))
    }

    /// Whether numbers that are counted stand in a text; `None` where there is production data in it.
    fn numbers_in(
        &self,
        text: &[u8],
        parts: &[Range<usize>],
        dump: bool,
        knowledge: &Knowledge<'_, '_>,
    ) -> Option<bool> {
        let mut found = Vec::new();
        let mut look = |text, dump, numbers| {
            let asked = boundary::Asked {
                // Told line by line.
                fetch: false,
                dump,
                numbers,
            };
            data(text, asked, knowledge, &mut found)
        };
        // Where none stood, only new ones can stand now.
        let had_none = self.silence.data.is_some_and(|held| !held.numbers);
        let mut parts = parts.iter();
        let numbers = !had_none || parts.any(|part| look(&text[part.clone()], false, true));
        let numbers = look(text, dump, numbers);
        found.is_empty().then_some(numbers)
    }
}

/// Whole lines with what is new and [`MARGIN`] bytes on both sides of it; `None` where that is most of the text, or where its
/// lines are long.
fn with_margins(text: &[u8], fresh: &[Range<usize>]) -> Option<Vec<Range<usize>>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for new in fresh {
        let start = new.start.saturating_sub(MARGIN);
        let start = memchr::memrchr(b'\n', &text[..start]).map_or(0, |end| end + 1);
        let end = text.len().min(new.end + MARGIN);
        let end = memchr::memchr(b'\n', &text[end..]).map_or(text.len(), |at| end + at + 1);
        match parts.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => parts.push(start..end),
        }
    }
    let examined: usize = parts.iter().map(Range::len).sum();
    let lines_are_short = |part: &Range<usize>| {
        let mut start = 0;
        let part = &text[part.clone()];
        memchr::memchr_iter(b'\n', part)
            .chain([part.len()])
            .all(|end| end - std::mem::replace(&mut start, end) <= LONGEST_LINE)
    };
    (examined <= text.len() / 4 * 3 && parts.iter().all(lines_are_short)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Facts, Vocabulary};
    use crate::rules::template::expand;
    use crate::scan::Scanner;

    fn with_knowledge<T>(look: impl FnOnce(&Knowledge<'_, 'static>) -> T) -> T {
        look(&Knowledge {
            scanner: &Scanner::shipped(),
            facts: &Facts::default(),
            vocabulary: &Vocabulary::default(),
            inventory: None,
            evidence: true,
        })
    }

    fn silence(text: &str, syntax: Syntax) -> Option<Silence> {
        with_knowledge(|knowledge| examine(text.as_bytes(), syntax, knowledge).expect("examined"))
            .silence
    }

    /// Source code of so many lines, in which nothing is meant.
    fn code(lines: usize) -> String {
        let line =
            |at| format!("    total_{at} = count(items, \"of {at}\\n\")  # a line of code\n");
        (0..lines).map(line).collect()
    }

    #[test]
    fn code_without_names_is_silent_and_what_says_something_is_not() {
        assert!(silence(&code(400), Syntax::Code).is_some());
        for template in [
            "x = \"sk_live_{alnum:24}\"\n",
            "password = \"{password:14}\"\n",
            "-----BEGIN RSA PRIVATE KEY-----\n",
            "GRANT ALL ON *.* TO 'root'@'%';\n",
        ] {
            let text = code(50) + &expand(template, 3).expect("a template") + &code(400);
            assert_eq!(silence(&text, Syntax::Code), None, "{template}");
        }
        // The structure of what has names has to be read.
        assert_eq!(silence("password: $1\n", Syntax::Yaml), None);
        assert!(silence("replicas: 3\n", Syntax::Yaml).is_some());
    }

    #[test]
    fn a_change_is_examined_with_a_margin_of_whole_lines() {
        let text = code(4000);
        let at = text.len() / 2;
        let parts = with_margins(text.as_bytes(), from_ref(&(at..at + 10))).expect("a small part");
        assert_eq!(parts.len(), 1);
        let part = &text[parts[0].clone()];
        assert!(parts[0].start + MARGIN <= at && parts[0].end >= at + 10 + MARGIN);
        assert!(part.len() < 3 * MARGIN && part.starts_with("    total_") && part.ends_with('\n'));
        // Most of the text, or a long line.
        assert_eq!(
            with_margins(&text.as_bytes()[..2 * MARGIN], from_ref(&(4000..4100))),
            None
        );
        let long = text.clone() + &"x".repeat(LONGEST_LINE + 2) + "\n" + &text;
        assert_eq!(
            with_margins(long.as_bytes(), from_ref(&(text.len()..text.len() + 1))),
            None
        );
        assert_eq!(with_margins(text.as_bytes(), &[]), Some(Vec::new()));
    }

    /// Lines that say something alone, together with others, or never.
    const LINES: [&str; 22] = [
        "key = \"sk_live_{alnum:24}\"\n",
        "key = \"sk_live_\" + \\\n",
        "password =\n",
        "  \"{password:16}\"\n",
        "x = \"postgres://shop:{alnum:14}@db.prod.acme.io/shop\"\n",
        "# heroku\n",
        "id = \"{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}\"\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "{base64:64}\n",
        "-----END PRIVATE KEY-----\n",
        "\"statement\"\n",
        "GRANT ALL ON *.* TO 'root'@'%';\n",
        "INSERT INTO users (name, password)\n",
        "VALUES ('ada', '{password:14}')\n",
        "4539{digit:12},ada@shop-{digit:4}.io\n",
        "card,email,iban\n",
        "aws_access_key_id = AKIA{upper:16}\n",
        "aws_secret_access_key = {base64:40}\n",
        "x = \"\\u0073k_live_{alnum:24}\"\n",
        "y = 'a%20b%3Dc'\n",
        "token\n",
        "}\n",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(160))]

        /// Where a change of a silent text is said to leave it silent, the whole text says the same.
        #[test]
        fn what_is_said_of_a_change_is_true_of_the_whole(
            old in proptest::collection::vec((0..LINES.len(), 0..40_usize), 0..6),
            new in proptest::collection::vec((0..LINES.len(), 0..3_usize), 0..4),
            at in 0..1000_usize,
            cut in 0..60_usize,
            seed in 0..50_u64,
            syntax in prop_oneof![Just(Syntax::Code), Just(Syntax::Prose), Just(Syntax::Lines)],
        ) {
            let line = |at: usize| expand(LINES[at], seed).unwrap_or_default();
            let mut before = code(60);
            for (at, gap) in old {
                before += &line(at);
                before += &code(gap);
            }
            before += &code(300);
            let at = before.len() * at / 1000;
            let until = before.len().min(at + cut);
            let mut after = before[..at].to_owned();
            for (at, gap) in new {
                after += &line(at);
                after += &code(gap);
            }
            after += &before[until..];
            with_knowledge(|knowledge| -> Result<(), TestCaseError> {
                let examined = |text: &str| examine(text.as_bytes(), syntax, knowledge).expect("examined");
                if let Some(silence) = examined(&before).silence {
                    let mut silent = Silent::default();
                    silent.keep(before.as_bytes(), syntax, silence);
                    let told = silent.changed_to(after.as_bytes(), syntax, knowledge).expect("examined");
                    let whole = examined(&after);
                    if told.is_some() {
                        prop_assert_eq!(told, whole.silence);
                        prop_assert!(whole.sightings.is_empty() && whole.closed.is_empty());
                    }
                }
                Ok(())
            })?;
        }
    }
}
