//! What leads to a rule: all that a search needs of it before a word of it has been seen, and those words. `build.rs` reads this
//! file too, so that the rules that ship are decoded one by one when their words are seen.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind, Look};
use serde::{Deserialize, Serialize};

use super::schema::{Kind, Rule};

#[path = "need.rs"]
mod need;

use need::{Need, Run, needs};

/// What a search needs of a rule before one of its words has been seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// How a match is believed.
    pub kind: Kind,
    /// Lines after the word's own that the pattern may reach into.
    pub lines: u16,
    /// Whether context words lead to it, not keywords.
    pub by_context: bool,
    /// Whether it counts only where a context word stands, too.
    pub needs_context: bool,
    /// What a word of a rule that is found by code opens beside the others of its kind.
    pub opens: Opens,
    /// What stands behind the beginning of every match, where each begins with a word that leads to the rule.
    pub run: Option<Run>,
    /// What every match has somewhere.
    pub needs: [Option<Need>; need::MOST],
    /// The keywords of a generic rule without separators, as keys of assignments are compared with them.
    pub plain: Vec<String>,
}

/// The pattern of a rule, as it is compiled.
fn parsed(rule: &Rule) -> Option<Hir> {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
    parser.parse(&rule.pattern).ok()
}

/// What a word of a rule opens that is found by code and costs more than a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opens {
    /// Nothing of its own.
    Nothing,
    /// A look for rights that an identity gets.
    Rights,
    /// The same, and in source code and prose, too, for statements of SQL
    Grants,
    /// or for policies that are written out in it.
    Statements,
    /// A look for what fetches production's data, line by line.
    Fetches,
    /// A look for the header of a dump.
    Dumps,
}

/// The rule on what grants by SQL.
const GRANTING: &str = "identity-database-superuser";
/// A word of the rule on policies.
const STATEMENT: &str = "statement";
/// How the ids of rules on rights begin.
const RIGHTS: &str = "identity-";
/// The rule on what fetches production's data.
pub const FETCHING: &str = "data-from-production";
/// The rule on its dumps.
const DUMPED: &str = "data-database-dump";

impl Opens {
    fn of(rule: &Rule) -> Self {
        let states = |word: &String| word == STATEMENT;
        match rule.kind {
            Kind::Structural if rule.id == GRANTING => Self::Grants,
            Kind::Structural if rule.keywords.iter().any(states) => Self::Statements,
            Kind::Structural if rule.id.starts_with(RIGHTS) => Self::Rights,
            Kind::Data if rule.id == FETCHING => Self::Fetches,
            Kind::Data if rule.id == DUMPED => Self::Dumps,
            _ => Self::Nothing,
        }
    }
}

/// Set in the number of a rule whose word is one of its context words.
pub const CONTEXT: u32 = 1 << 31;
/// Set in the number of a rule whose word counts only at the start of a word.
pub const STARTS: u32 = 1 << 30;

impl Lead {
    /// Of a rule.
    pub fn of(rule: &Rule) -> Self {
        let by_context = led_by_context(rule);
        let hir = parsed(rule);
        let hir = hir.as_ref();
        let opens = |hir: &&Hir| !by_context && openings(rule, hir).is_some();
        Self {
            kind: rule.kind,
            lines: rule.lines,
            by_context,
            needs_context: !rule.context.is_empty() && !by_context,
            opens: Opens::of(rule),
            run: hir.filter(opens).and_then(Run::of),
            needs: hir.map_or([None; _], |hir| needs(hir, &rule.keywords)),
            plain: match rule.kind {
                Kind::Generic => rule.keywords.iter().map(|word| plain(word)).collect(),
                Kind::Issued | Kind::Structural | Kind::Data => Vec::new(),
            },
        }
    }
}

impl Lead {
    /// Whether a text has what every match has: a pattern need not be compiled to say that it does not match.
    pub fn can_match(&self, text: &[u8]) -> bool {
        self.needs.iter().flatten().all(|need| need.stands(text))
    }
}

/// Whether the rule is looked for by its context words (`datadog`) instead of its keywords (`api`), which are words of keys: else
/// every such rule would cost something on every line that holds one.
fn led_by_context(rule: &Rule) -> bool {
    !rule.context.is_empty() && rule.pattern.contains("(?P<key>")
}

/// A name without its separators.
pub fn plain(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .collect()
}

/// The words that lead to a rule of this number.
pub fn words(number: u32, rule: &Rule) -> Vec<(u32, String)> {
    let by_context = led_by_context(rule);
    let mut words: Vec<(u32, String)> = Vec::new();
    if !by_context {
        words.extend(match parsed(rule).and_then(|hir| openings(rule, &hir)) {
            Some(openings) => openings
                .into_iter()
                .map(|word| (number | STARTS, word))
                .collect::<Vec<_>>(),
            None => rule
                .keywords
                .iter()
                .map(|word| (number, word.to_ascii_lowercase()))
                .collect(),
        });
    }
    let context = if by_context { number } else { number | CONTEXT };
    words.extend(
        rule.context
            .iter()
            .map(|word| (context, word.to_ascii_lowercase())),
    );
    words
}

/// Longer words are rare enough: nothing is gained by what follows them.
const RARE: usize = 5;
/// So many words at most in place of a short one.
const MOST: usize = 64;

/// What every match of a rule begins with, where the pattern begins at the start of a word with one of the keywords: `pub` is a
/// word of half the source code there is, `pub` and a hexadecimal digit is not.
fn openings(rule: &Rule, hir: &Hir) -> Option<Vec<String>> {
    if rule.kind != Kind::Issued || rule.lines > 0 {
        return None;
    }
    if !starts_a_word(hir) {
        return None;
    }
    let mut extractor = Extractor::new();
    extractor.limit_class(MOST).limit_total(512);
    let found = extractor.extract(hir);
    let mut literals: Vec<(String, usize)> = Vec::new();
    for literal in found.literals()? {
        let literal = std::str::from_utf8(literal.as_bytes()).ok()?;
        let literal = literal.to_ascii_lowercase();
        let begins = |word: &&String| literal.starts_with(&word.to_ascii_lowercase());
        let keyword = rule.keywords.iter().filter(begins).map(String::len).max()?;
        literals.push((literal, keyword));
    }
    // As long as they may be without becoming too many to follow; in the end the keywords alone, at the starts of words.
    let mut openings: Vec<String> = Vec::new();
    for longest in (0..=RARE).rev() {
        openings = literals
            .iter()
            .map(|(literal, keyword)| {
                Some(
                    literal
                        .get(..literal.len().min(longest.max(*keyword)))?
                        .to_owned(),
                )
            })
            .collect::<Option<_>>()?;
        openings.sort();
        openings.dedup();
        if openings.len() <= MOST {
            break;
        }
    }
    let word = |opening: &String| {
        opening
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    (!openings.is_empty() && openings.iter().all(word)).then_some(openings)
}

/// Whether every match begins at the boundary of a word.
fn starts_a_word(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Look(look) => matches!(look, Look::WordAscii | Look::WordStartAscii),
        HirKind::Capture(capture) => starts_a_word(&capture.sub),
        HirKind::Concat(parts) => parts.first().is_some_and(starts_a_word),
        HirKind::Alternation(ways) => ways.iter().all(starts_a_word),
        _ => false,
    }
}
