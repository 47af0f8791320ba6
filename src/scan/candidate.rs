//! Rules against bytes.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use regex_automata::meta::Regex;

use crate::model::Secret;
use crate::rules::lead::{self, CONTEXT, Lead, Opens};
use crate::rules::{self, Kind, Pack, Rule, Shipped};

use super::filter::{Allows, Filter, Heard};
use super::keywords::{self, Keywords};
use super::lines;
use super::pattern::Pattern;
use super::prefilter::Prefilter;
use super::reason::{Reason, documentation_example};
use super::rejected::Rejected;

/// A rule matched some bytes.
#[derive(Debug, Clone)]
pub struct Candidate<'b, 'r> {
    /// Id of the provider's pack.
    pub provider: &'r str,
    /// The rule.
    pub rule: &'r Rule,
    /// The value.
    pub secret: Secret<'b>,
    /// Where the value stands in the searched bytes.
    pub span: Range<usize>,
    /// Named groups other than `secret`: `host`, `account`, `user`, ...
    pub groups: Vec<(&'r str, &'b [u8])>,
    /// How near one of the rule's context words stands; `None` where the rule asks for none.
    pub context: Option<Nearness>,
    /// Bytes of the match before the value: how near the literal stands that a value without shape is known by.
    pub(super) lead: usize,
    /// Entries of what the rule allows that hold at certain paths, see [`Scanner::rejects_at`].
    pub pending: Vec<usize>,
}

/// How near a context word stands to a value; less is nearer: bytes between them, words on the value's own line before all
/// others, and those above it before those below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nearness(usize);

impl<'b, 'r> Candidate<'b, 'r> {
    /// A candidate that no pattern found.
    pub fn known(provider: &'r str, rule: &'r Rule, bytes: &'b [u8], span: Range<usize>) -> Self {
        Self {
            provider,
            rule,
            secret: Secret::new(&bytes[span.clone()]),
            span,
            groups: Vec::new(),
            context: None,
            lead: 0,
            pending: Vec::new(),
        }
    }
}

/// A scanner that cannot be built or used. Fatal: a rule that does not work finds nothing, and nothing would say so.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// A rule's pattern does not compile.
    #[error("rule {rule}: its pattern does not compile: {reason}")]
    Pattern {
        /// Id of the rule.
        rule: String,
        /// The reason.
        reason: String,
    },
    /// What is known of values cannot be looked up.
    #[error("{0}")]
    Known(String),
}

/// A rule, decoded or not yet.
enum Source<'r> {
    Given(&'r str, &'r Rule),
    Shipped(&'static Shipped),
}

pub(super) struct Compiled<'r> {
    source: Source<'r>,
    lead: Cow<'static, Lead>,
    pattern: Pattern,
    /// What it asks for beyond its pattern; built-in rules ask for nothing.
    filter: Option<Box<Filter<'r>>>,
}

impl<'r> Compiled<'r> {
    fn provider(&self) -> &'r str {
        match self.source {
            Source::Given(provider, _) => provider,
            Source::Shipped(shipped) => shipped.provider,
        }
    }

    fn rule(&self) -> &'r Rule {
        match self.source {
            Source::Given(_, rule) => rule,
            Source::Shipped(shipped) => shipped.rule(),
        }
    }

    /// What to search a text with.
    pub(super) fn regex_on(&self, text: &[u8]) -> Result<&Regex, ScanError> {
        let made = self.pattern.on(text, || &*self.rule().pattern);
        made.map_err(|reason| ScanError::Pattern {
            rule: self.rule().id.clone(),
            reason,
        })
    }
}

/// All rules, ready to search.
pub struct Scanner<'r> {
    rules: Vec<Compiled<'r>>,
    /// The keywords of the generic ones without separators, as keys of assignments are compared with them.
    keys: Keywords,
    prefilter: Prefilter,
    /// Whether what is not believed is gathered, too.
    explains: bool,
    /// Whether these are the rules that ship, all of them, which ask for nothing beyond their patterns.
    whole: bool,
}

/// A generic rule that knows a key.
pub(super) struct Known<'s, 'r> {
    pub(super) provider: &'r str,
    pub(super) rule: &'r Rule,
    pub(super) compiled: &'s Compiled<'r>,
    pub(super) filter: Option<&'s Filter<'r>>,
}

/// What one pass over some bytes says.
#[derive(Debug, Default)]
pub struct Searched<'b, 'r> {
    /// Candidates of provider-issued formats, in the order of the bytes, without overlaps.
    pub issued: Vec<Candidate<'b, 'r>>,
    /// Where keywords of generic rules stand, so that assignments are worth reading: the offset of the first in each name.
    pub names: Vec<usize>,
    /// Whether a keyword of a structural rule stands anywhere, so that the structure of the file is worth reading.
    pub may_cross: bool,
    /// What is not believed, where the scanner explains.
    pub rejected: Vec<Rejected<'r>>,
    /// Whether a keyword of a rule on data stands anywhere.
    pub may_hold_data: bool,
    /// Whether a keyword of a rule on rights stands anywhere,
    pub may_give_rights: bool,
    /// one of the rule on statements of SQL,
    pub may_grant: bool,
    /// or one of the rule on policies.
    pub may_state: bool,
    /// Whether a keyword of the rule on what fetches production's data stands anywhere,
    pub may_fetch: bool,
    /// or one of the rule on dumps.
    pub may_be_dump: bool,
    /// How far the farthest of the looks went that were taken around a keyword, in bytes; without end where one met something.
    pub reach: usize,
}

impl Searched<'_, '_> {
    /// Whether there is nothing to look at more closely.
    pub fn is_empty(&self) -> bool {
        self.issued.is_empty()
            && self.rejected.is_empty()
            && self.names.is_empty()
            && !self.may_cross
            && !self.may_hold_data
    }
}

/// On a line that is longer, a rule is tried so far after its keyword, and [`REACH_BACK`] before it: longer than any credential,
/// and linear in a line of a hundred megabytes.
const REACH: usize = 64 << 10;
/// See [`REACH`].
const REACH_BACK: usize = 8 << 10;
/// The lines that a rule reaches into end here, however long they are.
const REACH_OF_LINES: usize = 256 << 10;

/// Lines before and after a match in which a context word counts.
const CONTEXT_LINES: usize = 5;
/// And at most this many bytes, where lines are long.
const CONTEXT_BYTES: usize = 2000;
/// Of a larger text, the names are looked for again part by part, so that they need not be held all at once.
const MOST_NAMED: usize = 2 << 20;

impl Scanner<'static> {
    /// A scanner over the rules that ship: nothing is decoded and built before it is needed.
    pub fn shipped() -> Self {
        let rules = rules::shipped().iter().map(|shipped| Compiled {
            source: Source::Shipped(shipped),
            lead: Cow::Borrowed(&shipped.lead),
            pattern: Pattern::default(),
            filter: None,
        });
        let keys = include_bytes!(concat!(env!("OUT_DIR"), "/keys.table"));
        Self {
            rules: rules.collect(),
            keys: Keywords::new(Cow::Borrowed(keys)),
            prefilter: Prefilter::shipped(),
            explains: false,
            whole: true,
        }
    }
}

impl<'r> Scanner<'r> {
    /// A scanner over the rules of `packs`.
    pub fn new(packs: impl IntoIterator<Item = &'r Pack>) -> Self {
        Self::without(packs, &|_| false)
    }

    /// A scanner over the rules of `packs` that are not `left_out`.
    pub fn without(
        packs: impl IntoIterator<Item = &'r Pack>,
        left_out: &dyn Fn(&Rule) -> bool,
    ) -> Self {
        let mut rules: Vec<Compiled<'r>> = Vec::new();
        for pack in packs {
            let shared = (!pack.allow.is_empty()).then(|| Arc::new(Allows::new(&pack.allow)));
            let wanted = pack.rules.iter().filter(|rule| !left_out(rule));
            rules.extend(wanted.map(|rule| Compiled {
                source: Source::Given(&pack.provider, rule),
                lead: Cow::Owned(Lead::of(rule)),
                pattern: Pattern::default(),
                filter: Filter::of(rule, shared.as_ref()).map(Box::new),
            }));
        }
        let words: Vec<(u32, String)> = rules
            .iter()
            .enumerate()
            .flat_map(|(number, compiled)| lead::words(number as u32, compiled.rule()))
            .collect();
        let words = words.iter().map(|(number, word)| (*number, word.as_str()));
        let prefilter = Prefilter::new(words);
        let keys = rules.iter().enumerate().flat_map(|(number, compiled)| {
            let words = compiled.lead.plain.iter();
            words.map(move |word| (number as u32, word.as_str()))
        });
        let keys = Keywords::new(Cow::Owned(keywords::table(keys, 0)));
        Self {
            rules,
            keys,
            prefilter,
            explains: false,
            whole: false,
        }
    }

    /// The same, and it gathers what is not believed.
    pub fn explaining(self, explains: bool) -> Self {
        Self { explains, ..self }
    }

    /// Whether it has a rule of this id.
    pub fn knows_rule(&self, id: &str) -> bool {
        self.rules.iter().any(|compiled| compiled.rule().id == id)
    }

    /// Whether a policy leaves out the built-in rule of this id; asked of those that no pattern finds.
    pub fn leaves_out(&self, id: &str) -> bool {
        !self.whole && !self.knows_rule(id)
    }

    /// Whether no rule asks for anything beyond its pattern.
    pub fn is_plain(&self) -> bool {
        self.whole || self.rules.iter().all(|own| own.filter.is_none())
    }

    /// Whether it gathers what is not believed.
    pub const fn explains(&self) -> bool {
        self.explains
    }

    /// Why what `rule` found is no credential at `path`. Whatever does not depend on the path has been asked before.
    pub fn rejects_at(
        &self,
        rule: &Rule,
        pending: &[usize],
        path: &str,
    ) -> Result<Option<Reason>, ScanError> {
        if self.whole || pending.is_empty() && rule.path.is_none() {
            return Ok(None);
        }
        let compiled = self.rules.iter().find(|own| own.rule().id == rule.id);
        match compiled.and_then(|own| own.filter.as_deref()) {
            Some(filter) => filter.rejects_at(pending, path),
            None => Ok(None),
        }
    }

    /// Whether a keyword of any generic rule stands in a normalised key.
    pub(super) fn knows_key(&self, key: &str) -> bool {
        let mut knows = false;
        self.keys
            .each(lead::plain(key).as_bytes(), |_, _| knows = true);
        knows
    }

    /// The generic rules one of whose keywords stands in a normalised key, with their patterns.
    pub(super) fn generic<'s>(
        &'s self,
        key: &str,
    ) -> impl Iterator<Item = Result<Known<'s, 'r>, ScanError>> + use<'s, 'r> {
        let mut known = BTreeSet::new();
        self.keys.each(lead::plain(key).as_bytes(), |number, _| {
            known.insert(number as usize);
        });
        known
            .into_iter()
            .map(|number| &self.rules[number])
            .map(|compiled| {
                Ok(Known {
                    provider: compiled.provider(),
                    rule: compiled.rule(),
                    compiled,
                    filter: compiled.filter.as_deref(),
                })
            })
    }

    /// Where keywords of generic rules stand in a part of a text.
    pub fn names(&self, part: &[u8]) -> Vec<usize> {
        let mut names: Vec<usize> = Vec::new();
        self.prefilter.hits(part, |number, at| {
            let generic =
                number & CONTEXT == 0 && self.rules[number as usize].lead.kind == Kind::Generic;
            if generic
                && names
                    .last()
                    .is_none_or(|&last| !super::beside::same_name(part, last, at))
            {
                names.push(at);
            }
        });
        names
    }

    /// Searches `bytes` once.
    pub fn search<'b>(&self, bytes: &'b [u8]) -> Result<Searched<'b, 'r>, ScanError> {
        let mut answer = Searched::default();
        // Of each rule: its last window, and up to where further keywords need no look.
        let mut last: Vec<Option<(usize, usize)>> = Vec::new();
        let mut windows: Vec<(u32, Range<usize>)> = Vec::new();
        let mut line = lines::Cursor::new(bytes);
        // Rules whose context words stand anywhere: the others need not be compiled, let alone tried.
        let mut in_context: Vec<bool> = Vec::new();
        self.prefilter.hits(bytes, |number, at| {
            if number & CONTEXT != 0 {
                if in_context.is_empty() {
                    in_context = vec![false; self.rules.len()];
                }
                in_context[(number & !CONTEXT) as usize] = true;
                return;
            }
            let rule = &*self.rules[number as usize].lead;
            if rule.kind == Kind::Generic {
                // One a name, and none in a text without end: that is searched part by part, see `Scanner::names`.
                let same = answer
                    .names
                    .last()
                    .is_some_and(|&last| super::beside::same_name(bytes, last, at));
                if !same && (answer.names.is_empty() || bytes.len() <= MOST_NAMED) {
                    answer.names.push(at);
                }
                return;
            }
            if rule.kind == Kind::Structural {
                answer.may_cross = true;
                answer.may_grant |= rule.opens == Opens::Grants;
                answer.may_state |= rule.opens == Opens::Statements;
                answer.may_give_rights |= rule.opens != Opens::Nothing;
                return;
            }
            if rule.kind == Kind::Data {
                answer.may_hold_data = true;
                answer.may_fetch |= rule.opens == Opens::Fetches;
                answer.may_be_dump |= rule.opens == Opens::Dumps;
                return;
            }
            // Every match begins at one of its words: where no match can, the pattern is not tried.
            if rule.run.is_some_and(|run| !run.stands(bytes, at)) {
                return;
            }
            if last.is_empty() {
                last = vec![None; self.rules.len()];
            }
            let last = &mut last[number as usize];
            if last.is_some_and(|(_, seen)| at < seen) {
                return;
            }
            let own = line.around(at);
            let seen = own.end.min(at + REACH / 2);
            let (start, more) = match rule.by_context {
                false => (own.start, 0),
                // The value may stand as many lines before or after its context.
                true => (
                    {
                        let floor = own.start.saturating_sub(REACH_BACK);
                        let count = CONTEXT_LINES + usize::from(rule.lines);
                        floor + lines::start_before(&bytes[floor..own.start], count)
                    },
                    CONTEXT_LINES,
                ),
            };
            let end = own.end.min(at + REACH);
            let end = match usize::from(rule.lines) + more {
                0 => end,
                more if end < own.end => {
                    end.max(bytes.len().min(at + REACH_OF_LINES.min(more * 1000)))
                }
                more => lines::end_after(bytes, own.end, more).min(end.max(at + REACH_OF_LINES)),
            };
            answer.reach = answer.reach.max(end - start);
            match *last {
                // A second keyword inside a window lengthens it: its own reach counts from there.
                Some((window, _)) if at < windows[window].1.end => {
                    let window_end = &mut windows[window].1.end;
                    *window_end = end.max(*window_end);
                    *last = Some((window, seen));
                }
                _ => {
                    *last = Some((windows.len(), seen));
                    windows.push((number, start.max(at.saturating_sub(REACH_BACK))..end));
                }
            }
        });
        let mut found = Vec::new();
        for (number, window) in windows {
            let number = number as usize;
            let free = !self.rules[number].lead.needs_context;
            if free || self.explains || in_context.get(number).is_some_and(|&stands| stands) {
                let rejected = &mut answer.rejected;
                if self.try_rule(number, bytes, window, &mut found, rejected)? {
                    answer.reach = usize::MAX;
                }
            }
        }
        answer.issued = without_overlaps(found);
        Ok(answer)
    }

    /// Whether the rule's pattern matches anything in a window.
    fn try_rule<'b>(
        &self,
        number: usize,
        bytes: &'b [u8],
        window: Range<usize>,
        found: &mut Vec<Candidate<'b, 'r>>,
        rejected: &mut Vec<Rejected<'r>>,
    ) -> Result<bool, ScanError> {
        let compiled = &self.rules[number];
        let text = &bytes[window.clone()];
        if !compiled.lead.can_match(text) {
            return Ok(false);
        }
        let rule = compiled.rule();
        let regex = compiled.regex_on(text)?;
        if !regex.is_match(text) {
            return Ok(false);
        }
        for captures in regex.captures_iter(text) {
            let Some(secret) = captures.get_group_by_name("secret") else {
                continue;
            };
            let span = window.start + secret.start..window.start + secret.end;
            let context = match rule.context.is_empty() {
                true => None,
                false => nearest_context(rule, bytes, &span),
            };
            let value = &bytes[span.clone()];
            let mut pending = Vec::new();
            let reason = if !rule.context.is_empty() && context.is_none() {
                Some(Reason::Context)
            } else if documentation_example(value) {
                Some(Reason::Documentation)
            } else if rule.checksum.is_some_and(|checksum| !checksum.holds(value)) {
                Some(Reason::Checksum)
            } else if let (Some(filter), Some(whole)) = (&compiled.filter, captures.get_match()) {
                let at = window.start + whole.start()..window.start + whole.end();
                match filter.hears(value, &text[whole.range()], bytes, &at)? {
                    Heard::Rejected(reason) => Some(reason),
                    Heard::Believed(entries) => {
                        pending = entries;
                        None
                    }
                }
            } else {
                None
            };
            if let Some(reason) = reason {
                if self.explains {
                    rejected.push(Rejected {
                        provider: compiled.provider(),
                        rule,
                        reason,
                        span,
                    });
                }
                continue;
            }
            let groups = rule_groups(rule)
                .filter_map(|name| Some((name, captures.get_group_by_name(name)?)))
                .map(|(name, group)| {
                    let range = window.start + group.start..window.start + group.end;
                    (name, &bytes[range])
                })
                .collect();
            found.push(Candidate {
                provider: compiled.provider(),
                rule,
                secret: Secret::new(value),
                span,
                groups,
                context,
                lead: captures
                    .get_match()
                    .map_or(0, |whole| secret.start - whole.start()),
                pending,
            });
        }
        Ok(true)
    }
}

/// The named groups that rules may use beside `secret`.
fn rule_groups(rule: &Rule) -> impl Iterator<Item = &'static str> + '_ {
    const NAMES: [&str; 6] = ["host", "account", "project", "user", "database", "id"];
    NAMES
        .into_iter()
        .filter(|name| rule.pattern.contains(&format!("(?P<{name}>")))
}

/// How near the nearest of the rule's context words stands, if any stands near enough.
fn nearest_context(rule: &Rule, bytes: &[u8], span: &Range<usize>) -> Option<Nearness> {
    let before = &bytes[span.start.saturating_sub(CONTEXT_BYTES)..span.start];
    let after = &bytes[span.end..bytes.len().min(span.end + CONTEXT_BYTES)];
    let mut ends = memchr::memrchr_iter(b'\n', before);
    let own_line = ends.next().map_or(0, |at| at + 1);
    let from = ends.nth(CONTEXT_LINES - 1).unwrap_or(0);
    let to = memchr::memchr_iter(b'\n', after)
        .nth(CONTEXT_LINES)
        .unwrap_or(after.len());
    let before_it = before[from..].to_ascii_lowercase();
    let own_line = own_line - from;
    let after_it = after[..to].to_ascii_lowercase();
    let nearness = |word: &String| {
        let word = word.to_ascii_lowercase();
        let word = word.as_bytes();
        let above = memchr::memmem::rfind(&before_it, word).map(|at| {
            let distance = before_it.len() - at - word.len();
            if at >= own_line {
                distance
            } else {
                CONTEXT_BYTES + distance
            }
        });
        let below = || memchr::memmem::find(&after_it, word).map(|at| 2 * CONTEXT_BYTES + at);
        above.or_else(below)
    };
    rule.context.iter().filter_map(nearness).min().map(Nearness)
}

/// One candidate for each place: of those that overlap, the one whose rule knows most about it.
fn without_overlaps<'b, 'r>(mut found: Vec<Candidate<'b, 'r>>) -> Vec<Candidate<'b, 'r>> {
    let specificity = |candidate: &Candidate<'_, '_>| {
        let marker = candidate.rule.marker(candidate.secret.expose());
        // Of values without a shape, the one whose provider is named nearest.
        let keyed = candidate.rule.keyed();
        let nearest = match (keyed, candidate.context) {
            (_, Some(Nearness(near))) => near,
            (true, None) => candidate.lead,
            (false, None) => 0,
        };
        (
            !keyed,
            candidate.context.is_some(),
            Reverse(nearest),
            candidate.rule.checksum.is_some(),
            marker.is_some_and(|marker| !marker.by_absence),
            candidate.secret.len(),
            marker.is_some(),
            // The longer the literal that led to it, the more a rule knows: a Supabase key is a JWT, too.
            candidate.rule.keywords.iter().map(String::len).min(),
        )
    };
    // Stable, so that the order of the packs decides between equals.
    found.sort_by_key(|candidate| Reverse(specificity(candidate)));
    let mut kept: Vec<Candidate<'b, 'r>> = Vec::new();
    let mut taken: std::collections::BTreeMap<usize, usize> = std::collections::BTreeMap::new();
    for candidate in found {
        let overlaps = taken
            .range(..candidate.span.end)
            .next_back()
            .is_some_and(|(_, &end)| end > candidate.span.start);
        if !overlaps {
            taken.insert(candidate.span.start, candidate.span.end);
            kept.push(candidate);
        }
    }
    kept.sort_by_key(|candidate| candidate.span.start);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{builtin, template::expand};

    fn ids(text: &str) -> Vec<String> {
        let scanner = Scanner::new(builtin());
        let text = expand(text, 7).expect("template");
        let searched = scanner.search(text.as_bytes()).expect("searches");
        searched
            .issued
            .iter()
            .map(|candidate| candidate.rule.id.clone())
            .collect()
    }

    #[test]
    fn every_value_on_a_line_is_found_once() {
        assert_eq!(
            ids("a: sk_live_{alnum:24} b: sk_test_{alnum:24}\nc: sk_live_{alnum:30}"),
            ["stripe-secret-key"; 3]
        );
    }

    #[test]
    fn the_value_may_end_the_file_or_start_it() {
        assert_eq!(ids("sk_live_{alnum:24}"), ["stripe-secret-key"]);
        assert_eq!(ids("\n\nx=sk_live_{alnum:24}\n"), ["stripe-secret-key"]);
    }

    #[test]
    fn an_invalid_pattern_is_fatal_when_it_is_needed() {
        let stripe = builtin().iter().find(|pack| pack.provider == "stripe");
        let mut pack = stripe.expect("stripe's pack").clone();
        pack.rules.truncate(1);
        pack.rules[0].pattern = "(".to_owned();
        pack.rules[0].keywords = vec!["needle".to_owned()];
        let packs = [pack];
        let scanner = Scanner::new(&packs);
        assert!(scanner.search(b"hay").is_ok());
        assert!(scanner.search(b"a needle").is_err());
    }

    #[test]
    fn bytes_that_are_no_text_are_searched_too() {
        let value = expand("sk_live_{alnum:24}", 1).expect("template");
        let bytes = [b"\0\xff\xfe ", value.as_bytes(), b"\0\0\xff"].concat();
        let scanner = Scanner::new(builtin());
        assert_eq!(scanner.search(&bytes).expect("searches").issued.len(), 1);
    }
}
