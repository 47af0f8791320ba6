//! What a rule asks of a match beyond its pattern: entropy, the path of the file, and what it allows. Rules of users have
//! it, and rules that come from other scanners; no built-in one. Compiled when a match first asks.

use std::ops::Range;
use std::sync::Arc;

use once_cell::sync::OnceCell;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::rules::Rule;
use crate::rules::schema::Allow;

use super::reason::Reason;
use super::{ScanError, lines};

/// As much of a line is looked at on either side of a match.
const FAR: usize = 4096;

/// The tests of one rule.
pub(super) struct Filter<'r> {
    rule: &'r Rule,
    shared: Option<Arc<Allows<'r>>>,
    own: Allows<'r>,
    path: OnceCell<Option<Regex>>,
}

/// A list of `allow`, compiled when it is first needed.
pub(super) struct Allows<'r> {
    written: &'r [Allow],
    compiled: OnceCell<Vec<Compiled>>,
}

struct Compiled {
    all: bool,
    paths: Option<RegexSet>,
    values: Option<RegexSet>,
    matches: Option<RegexSet>,
    lines: Option<RegexSet>,
    stopwords: Vec<String>,
}

/// What a filter says of a match before the path of the file is known.
pub(super) enum Heard {
    /// Believed, unless the path makes one of these entries hold.
    Believed(Vec<usize>),
    /// Not believed, wherever it stands.
    Rejected(Reason),
}

impl<'r> Allows<'r> {
    pub(super) const fn new(written: &'r [Allow]) -> Self {
        Self {
            written,
            compiled: OnceCell::new(),
        }
    }

    fn compiled(&self, rule: &Rule) -> Result<&[Compiled], ScanError> {
        let compile = || self.written.iter().map(|one| compiled(one, rule)).collect();
        self.compiled.get_or_try_init(compile).map(Vec::as_slice)
    }
}

impl<'r> Filter<'r> {
    /// The filter of a rule; `None` where it asks for nothing.
    pub(super) fn of(rule: &'r Rule, shared: Option<&Arc<Allows<'r>>>) -> Option<Self> {
        let asks = rule.entropy.is_some() || rule.path.is_some() || !rule.allow.is_empty();
        (asks || shared.is_some()).then(|| Self {
            rule,
            shared: shared.cloned(),
            own: Allows::new(&rule.allow),
            path: OnceCell::new(),
        })
    }

    fn allows(&self) -> Result<Vec<&Compiled>, ScanError> {
        let mut all = Vec::new();
        if let Some(shared) = &self.shared {
            all.extend(shared.compiled(self.rule)?);
        }
        all.extend(self.own.compiled(self.rule)?);
        Ok(all)
    }

    /// Judges a match by everything but the path. `taken` is all that the pattern took, `at` where it stands in `bytes`.
    pub(super) fn hears(
        &self,
        value: &[u8],
        taken: &[u8],
        bytes: &[u8],
        at: &Range<usize>,
    ) -> Result<Heard, ScanError> {
        if self
            .rule
            .entropy
            .is_some_and(|least| entropy(value) <= least)
        {
            return Ok(Heard::Rejected(Reason::Entropy));
        }
        let mut pending = Vec::new();
        for (number, allow) in self.allows()?.into_iter().enumerate() {
            let tests = [
                allow.values.as_ref().map(|set| set.is_match(value)),
                allow.matches.as_ref().map(|set| set.is_match(taken)),
                allow
                    .lines
                    .as_ref()
                    .map(|set| set.is_match(line(bytes, at))),
                (!allow.stopwords.is_empty()).then(|| holds_word(&allow.stopwords, value)),
            ];
            let mut given = tests.into_iter().flatten().peekable();
            let by_path = allow.paths.is_some();
            let holds = match (allow.all, given.peek().is_some()) {
                (_, false) => None,
                (true, true) => Some(given.all(|test| test)),
                (false, true) => Some(given.any(|test| test)),
            };
            match (allow.all, holds, by_path) {
                (true, Some(true), false) | (false, Some(true), _) => {
                    return Ok(Heard::Rejected(Reason::Allowed));
                }
                (true, None | Some(true), true) | (false, _, true) => pending.push(number),
                _ => {}
            }
        }
        Ok(Heard::Believed(pending))
    }

    /// Why a match that was believed so far is not at `path`.
    pub(super) fn rejects_at(
        &self,
        pending: &[usize],
        path: &str,
    ) -> Result<Option<Reason>, ScanError> {
        let wanted = self.path.get_or_try_init(|| {
            let path = self.rule.path.as_deref();
            path.map(|pattern| regex(pattern, self.rule)).transpose()
        })?;
        if wanted
            .as_ref()
            .is_some_and(|wanted| !wanted.is_match(path.as_bytes()))
        {
            return Ok(Some(Reason::OtherPath));
        }
        if pending.is_empty() {
            return Ok(None);
        }
        let allows = self.allows()?;
        let holds = pending
            .iter()
            .filter_map(|&number| allows.get(number)?.paths.as_ref());
        let allowed = holds
            .into_iter()
            .any(|paths| paths.is_match(path.as_bytes()));
        Ok(allowed.then_some(Reason::Allowed))
    }
}

fn compiled(allow: &Allow, rule: &Rule) -> Result<Compiled, ScanError> {
    let set = |patterns: &[String]| -> Result<Option<RegexSet>, ScanError> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let set = RegexSetBuilder::new(patterns).unicode(false).build();
        set.map(Some).map_err(|error| fault(rule, &error))
    };
    Ok(Compiled {
        all: allow.all,
        paths: set(&allow.paths)?,
        values: set(&allow.values)?,
        matches: set(&allow.matches)?,
        lines: set(&allow.lines)?,
        stopwords: allow
            .stopwords
            .iter()
            .map(|word| word.to_ascii_lowercase())
            .collect(),
    })
}

fn regex(pattern: &str, rule: &Rule) -> Result<Regex, ScanError> {
    let regex = RegexBuilder::new(pattern).unicode(false).build();
    regex.map_err(|error| fault(rule, &error))
}

fn fault(rule: &Rule, error: &regex::Error) -> ScanError {
    ScanError::Pattern {
        rule: rule.id.clone(),
        reason: error.to_string(),
    }
}

/// The lines on which a match stands.
fn line<'b>(bytes: &'b [u8], at: &Range<usize>) -> &'b [u8] {
    let near = at.start.saturating_sub(FAR);
    let start = near + lines::start(&bytes[near..], at.start - near);
    let after = &bytes[at.end..bytes.len().min(at.end + FAR)];
    let end = after
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(after.len());
    &bytes[start..at.end + end]
}

fn holds_word(words: &[String], value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    words
        .iter()
        .any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// Bits of Shannon entropy per byte.
fn entropy(value: &[u8]) -> f32 {
    let mut counts = [0_u32; 256];
    for &byte in value {
        counts[usize::from(byte)] += 1;
    }
    let all = value.len() as f32;
    let bits = counts.iter().filter(|&&count| count > 0).map(|&count| {
        let share = count as f32 / all;
        -share * share.log2()
    });
    bits.sum()
}

#[cfg(test)]
mod tests {
    use super::entropy;

    #[test]
    fn entropy_is_in_bits_per_byte() {
        for (value, bits) in [("", 0.0), ("aaaa", 0.0), ("abab", 1.0), ("abcdefgh", 3.0)] {
            assert!((entropy(value.as_bytes()) - bits).abs() < 1e-5, "{value}");
        }
    }
}
