//! Texts in which nothing asks for a second look, as most are, and what a change makes of them: of the next version of a file only
//! what is new is examined, with what stands around it. Blobs come one version after the other where git has packed them.
//!
//! That is right where nothing of a text is told by something far away from it. So a text is *silent* only where no rule
//! looked farther than [`MARGIN`] bytes or matched, nothing was found, nothing in it that is encoded is longer than that, and
//! nothing was left closed. Its lines are as good as those of any other text with the same lines around them: a text that is made
//! of them and of new ones can hold something only near the new ones, or near a seam.
//!
//! Where its structure was worth reading, a block or a quote that opens in one line says what the lines far below it are. Then
//! what is examined of a change goes from one joint to another ([`crate::syntax::Document::joints`]), up to a line that stands in
//! nothing in both versions; and whatever was worth looking for in the whole text is looked for in it. Formats without joints are
//! read whole, and so are texts in which entries tell something together.
//!
//! Production data is the exception: it is counted, and looked for in the whole text again where there is something to count.

use std::ops::{Range, RangeInclusive};

use crate::boundary;
use crate::scan::ScanError;
use crate::scan::decode;
use crate::syntax::{LARGEST_PARSED, Syntax};

use super::{Knowledge, Worth, data, examine_part};
use fresh::Change;

mod fresh;

/// So many bytes around what is new are examined with it, and no look in a silent text goes farther.
pub(super) const MARGIN: usize = 4 << 10;

/// In longer lines a value may stand far from its name: a text is examined whole where one is near what is new.
const LONGEST_LINE: usize = 1 << 10;

/// What there may be in a silent text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Silence {
    /// What of production data stands in it, where a keyword has made it looked for.
    pub(super) data: Option<Held>,
    /// Its structure, where that was worth reading.
    pub(super) structure: Option<Structure>,
}

/// The structure of a text in which every entry is told alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Structure {
    /// See [`syntax::Document::joints`].
    pub(super) joints: Vec<usize>,
    /// What was looked for.
    pub(super) worth: Worth,
}

/// What stands in a text and is no production data as it stands there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
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
        let Some(change) = fresh::change(&self.text, text) else {
            return Ok(None);
        };
        let mut structure = self.silence.structure.as_ref().map(|before| Structure {
            joints: carried_over(&before.joints, &change),
            worth: before.worth,
        });
        let mut parts = with_margins(text, &change.fresh);
        if let Some(Structure { joints, .. }) = &structure {
            parts = up_to_joints(text, &parts, joints);
        }
        if !are_worth_it(text, &parts) {
            return Ok(None);
        }
        let mut held: Vec<Held> = self.silence.data.into_iter().collect();
        let worth = structure.as_ref().map(|all| all.worth).unwrap_or_default();
        for part in &parts {
            let here = examine_part(&text[part.clone()], syntax, worth, knowledge)?.silence;
            let is_same = here.is_some_and(|here| {
                held.extend(here.data);
                // What was not worth a look before may stand elsewhere.
                match (&mut structure, here.structure) {
                    (Some(all), Some(own)) => {
                        own.worth == worth
                            && are_joined(&mut all.joints, part, &own.joints, text.len())
                    }
                    (all, own) => all.is_none() && own.is_none(),
                }
            });
            if !is_same {
                self.syntax = None;
                return Ok(None);
            }
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
        Ok(Some(Silence { data, structure }))
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

/// Whole lines with what is new and [`MARGIN`] bytes on both sides of it.
fn with_margins(text: &[u8], fresh: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for new in fresh {
        let start = new.start.saturating_sub(MARGIN);
        let start = memchr::memrchr(b'\n', &text[..start]).map_or(0, |end| end + 1);
        let end = text.len().min(new.end + MARGIN);
        let end = memchr::memchr(b'\n', &text[end..]).map_or(text.len(), |at| end + at + 1);
        add(&mut parts, start..end);
    }
    parts
}

/// Adds a part that begins behind all others, and may touch the last one.
fn add(parts: &mut Vec<Range<usize>>, part: Range<usize>) {
    match parts.last_mut() {
        Some(last) if last.end >= part.start => last.end = last.end.max(part.end),
        _ => parts.push(part),
    }
}

/// Joints that stand in what both versions have in common, by their places in the new one.
fn carried_over(joints: &[usize], change: &Change) -> Vec<usize> {
    let from = |at| joints.partition_point(|&joint| joint < at);
    let same = change.same.iter();
    same.flat_map(|(here, there)| {
        let there = *there..there + here.len();
        let joints = &joints[from(there.start)..from(there.end)];
        joints
            .iter()
            .map(move |&joint| joint - there.start + here.start)
    })
    .collect()
}

/// Parts from a joint before them up to the second one behind them: that the first one is none any more can be told there.
fn up_to_joints(text: &[u8], parts: &[Range<usize>], joints: &[usize]) -> Vec<Range<usize>> {
    let mut widened = Vec::new();
    for part in parts {
        let before = joints.partition_point(|&joint| joint <= part.start);
        let behind = joints.partition_point(|&joint| joint < part.end);
        let start = before.checked_sub(1).map_or(0, |last| joints[last]);
        let end = joints.get(behind + 1).map_or(text.len(), |&joint| joint);
        add(&mut widened, start..end);
    }
    widened
}

/// Puts the joints that a part has of its `own` in the place of those that were carried over to it. Whether the last of these is a joint
/// still, so that the rest of the text, if there is one before its `end`, is what it was.
fn are_joined(joints: &mut Vec<usize>, part: &Range<usize>, own: &[usize], end: usize) -> bool {
    let count = |at| joints.partition_point(|&joint| joint < at);
    let within = count(part.start)..count(part.end);
    let last = joints[within.clone()].last().copied();
    let own = own.iter().map(|joint| part.start + joint);
    joints.splice(within, own.clone());
    part.end == end || last.is_some_and(|last| own.rev().any(|joint| joint == last))
}

/// Whether parts are not most of the text, and their lines are not long.
fn are_worth_it(text: &[u8], parts: &[Range<usize>]) -> bool {
    let examined: usize = parts.iter().map(Range::len).sum();
    let lines_are_short = |part: &Range<usize>| {
        let mut start = 0;
        let part = &text[part.clone()];
        memchr::memchr_iter(b'\n', part)
            .chain([part.len()])
            .all(|end| end - std::mem::replace(&mut start, end) <= LONGEST_LINE)
    };
    examined <= text.len() / 4 * 3 && parts.iter().all(lines_are_short)
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use proptest::prelude::*;

    use super::*;
    use crate::examine::examine;
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
        // The structure of what has names has to be read, and has joints or not.
        assert_eq!(silence("password: $1\n", Syntax::Yaml), None);
        assert!(silence("replicas: 3\n", Syntax::Yaml).is_some());
        let joints = |text| {
            let structure = silence(text, Syntax::Shell).expect("silence").structure;
            structure.map(|structure| structure.joints)
        };
        assert_eq!(
            joints("token=$1\nx='\n'\n\ny=2\n"),
            Some(vec![0, 9, 15, 16])
        );
        assert_eq!(joints("echo\n"), None);
        for told_together in [
            "kind: Secret\ndata:\n  token: $1\n",
            "kind: VaultStaticSecret\ntoken: $1\n",
            "terraform {\n  backend {\n    token = $1\n  }\n}\n",
        ] {
            assert_eq!(silence(told_together, Syntax::Lines), None);
        }
    }

    #[test]
    fn a_quote_that_opens_changes_what_stands_below() {
        let block = |at: usize| format!("token_{at}=$x\ncat <<-EOF\n\ta: {at}\nEOF\necho 'a\nb'\n");
        let text: String = (0..2000).map(block).collect();
        let silence = silence(&text, Syntax::Shell).expect("silence");
        assert!(silence.structure.is_some());
        let mut silent = Silent::default();
        let mut told_of = |after: &str| {
            silent.keep(text.as_bytes(), Syntax::Shell, silence.clone());
            with_knowledge(|knowledge| {
                let told = silent.changed_to(after.as_bytes(), Syntax::Shell, knowledge);
                told.expect("examined")
            })
        };
        let change = |new: &str| text.replace("token_1000=$x\n", new);
        for harmless in ["token_1000=$y\n", "", "echo 'a' \\\n 'b'\n\n"] {
            assert!(told_of(&change(harmless)).is_some(), "{harmless}");
        }
        for opens in [
            "echo '\n",
            "cat <<X\n",
            "token='{password:14}'\n",
            "echo \"\n",
        ] {
            let opens = expand(opens, 1).expect("a template");
            assert_eq!(told_of(&change(&opens)), None, "{opens}");
        }
    }

    #[test]
    fn what_is_worth_a_look_elsewhere_is_looked_for_in_a_change() {
        let (cookie, capabilities) = ("erlang:\n  cookie: {alnum:32}\n", "  capabilities\n");
        for (first, new, is_same) in [
            ("token = $x\n", cookie, false),
            ("echo\n", cookie, true),
            ("token = $x\n", capabilities, false),
            ("capabilities = $x\n", capabilities, true),
            ("token = $x\n", "it = here\n", true),
        ] {
            let before = first.to_owned() + &code(600);
            let at = before.len() / 2;
            let at = at + before[at..].find('\n').expect("lines") + 1;
            let new = expand(new, 1).expect("a template");
            let after = before[..at].to_owned() + &new + &before[at..];
            let mut silent = Silent::default();
            let silence = silence(&before, Syntax::Lines).expect("silence");
            silent.keep(before.as_bytes(), Syntax::Lines, silence);
            let told = with_knowledge(|knowledge| {
                let told = silent.changed_to(after.as_bytes(), Syntax::Lines, knowledge);
                told.expect("examined")
            });
            assert_eq!(told.is_some(), is_same, "{first}{new}");
        }
    }

    #[test]
    fn a_change_is_examined_with_a_margin_of_whole_lines() {
        let text = code(4000);
        let at = text.len() / 2;
        let parts = with_margins(text.as_bytes(), from_ref(&(at..at + 10)));
        assert!(are_worth_it(text.as_bytes(), &parts));
        assert_eq!(parts.len(), 1);
        let part = &text[parts[0].clone()];
        assert!(parts[0].start + MARGIN <= at && parts[0].end >= at + 10 + MARGIN);
        assert!(part.len() < 3 * MARGIN && part.starts_with("    total_") && part.ends_with('\n'));
        // Most of the text, or a long line.
        let is_worth_it = |text: &str, fresh| {
            are_worth_it(
                text.as_bytes(),
                &with_margins(text.as_bytes(), from_ref(&fresh)),
            )
        };
        assert!(!is_worth_it(&text[..2 * MARGIN], 4000..4100));
        let long = text.clone() + &"x".repeat(LONGEST_LINE + 2) + "\n" + &text;
        assert!(!is_worth_it(&long, text.len()..text.len() + 1));
        assert!(with_margins(text.as_bytes(), &[]).is_empty());
    }

    /// Lines that say something alone, together with others, or never.
    const LINES: [&str; 43] = [
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
        "secret_name = $x\n",
        "password: {\n",
        "  default: \"{password:16}\"\n",
        "  value = {password:16}\n",
        "[credentials]\n",
        "it's\n",
        "echo \"\n",
        "cat <<EOF\n",
        "EOF\n",
        "x=$(cat \\\n",
        ")\n",
        "kind: Secret\n",
        "data:\n",
        "  main: {base64:24}\n",
        "url = https://api-prod.acme.io/v1\n",
        "\"Effect\": \"Allow\", \"Action\": \"*\"\n",
        "erlang:\n",
        "  cookie: \"{alnum:32}\"\n",
        "  capabilities\n",
        "vault_allowed:\n",
        "  policies: root\n",
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
            syntax in prop_oneof![Just(Syntax::Code), Just(Syntax::Prose), Just(Syntax::Lines), Just(Syntax::Shell)],
            names in 0..3_usize,
        ) {
            let line = |at: usize| expand(LINES[at], seed).unwrap_or_default();
            let mut before = code(60);
            for (at, gap) in old {
                before += &line(at);
                before += &code(gap);
            }
            before += &"token = $x\nlet it be\n".repeat(names);
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
                    if let Some(told) = told {
                        let silence = whole.silence;
                        prop_assert!(silence.is_some());
                        let silence = silence.unwrap_or_default();
                        // Something may have been worth a look that is gone now.
                        if let Some(whole) = silence.data {
                            prop_assert!(told.data.is_some());
                            let told = told.data.unwrap_or_default();
                            prop_assert_eq!(told.numbers, whole.numbers);
                            prop_assert!(told.dump >= whole.dump);
                        }
                        if let (Some(told), Some(whole)) = (told.structure, silence.structure) {
                            prop_assert_eq!(told.joints, whole.joints);
                        }
                        prop_assert!(whole.sightings.is_empty() && whole.closed.is_empty());
                    }
                }
                Ok(())
            })?;
        }
    }
}
