//! One blob to sightings: what was found in it, where, and what the content says of whose it is. Independent of the path
//! and of the policy's verdict, so that a blob is examined once, whatever the number of paths and commits that show it.

use std::ops::Range;

use crate::model::{Excerpt, Facts, Lifetime, Secret, Signal, Vocabulary};
use crate::origin::{self, Surroundings};
use crate::rules::Rule;
use crate::scan::assignment::{Assignment, Judged, is_stand_in};
use crate::scan::{self, Candidate, ScanError, Scanner, ValueId};
use crate::syntax::{self, Entry, Syntax};

/// Something found in a blob. `'static` but for the rule: holds no byte of the value.
#[derive(Clone)]
pub struct Sighting<'r> {
    /// Id of the provider's pack.
    pub provider: &'r str,
    /// The rule.
    pub rule: &'r Rule,
    /// Tells this value from others in this run.
    pub value: ValueId,
    /// Where the value stands in the text of the blob.
    pub span: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// Keys from the root of the file; empty where the syntax gives none.
    pub key_path: Vec<String>,
    /// What the content says of whose it is.
    pub signals: Vec<Signal>,
    /// The masked line.
    pub excerpt: Excerpt,
    /// How long such a credential lives.
    pub lifetime: Lifetime,
}

/// What an examination knows beside the bytes.
pub struct Knowledge<'k, 'r> {
    /// The rules.
    pub scanner: &'k Scanner<'r>,
    /// What the policy declares.
    pub facts: &'k Facts,
    /// Environment words.
    pub vocabulary: &'k Vocabulary,
}

/// Bytes before and after a value in which what stands beside it is looked for.
const NEAR: usize = 600;

/// Examines the text of a blob (see [`scan::decode::text_of`]).
pub fn examine<'r>(
    text: &[u8],
    syntax: Syntax,
    knowledge: &Knowledge<'_, 'r>,
) -> Result<Vec<Sighting<'r>>, ScanError> {
    let searched = knowledge.scanner.search(text)?;
    if searched.issued.is_empty() && !searched.may_assign {
        return Ok(Vec::new());
    }
    let entries = syntax::read(text, syntax).entries;
    let mut candidates = searched.issued;
    candidates.retain(|candidate| !is_stand_in(candidate.rule, candidate.secret.expose()));
    if searched.may_assign {
        let assigned = assigned(text, &entries, knowledge.scanner)?;
        add_unless_overlapping(&mut candidates, assigned);
    }
    let mut lines = Lines::new(text);
    Ok(candidates
        .iter()
        .map(|candidate| sighting(text, candidate, &entries, knowledge, &mut lines))
        .collect())
}

fn assigned<'b, 'r>(
    text: &'b [u8],
    entries: &[Entry],
    scanner: &Scanner<'r>,
) -> Result<Vec<Candidate<'b, 'r>>, ScanError> {
    let mut candidates = Vec::new();
    for entry in entries {
        let Some(key) = entry.path.last() else {
            continue;
        };
        let assignment = Assignment {
            key,
            value: &entry.value,
            span: entry.span.clone(),
            quoted: entry.quoted,
        };
        if let Some(Judged::Candidate(candidate)) = scanner.judge_assignment(text, &assignment)? {
            candidates.push(candidate);
        }
    }
    Ok(candidates)
}

/// An issued format knows more than the name of a key: it keeps the place.
fn add_unless_overlapping<'b, 'r>(
    issued: &mut Vec<Candidate<'b, 'r>>,
    assigned: Vec<Candidate<'b, 'r>>,
) {
    let taken: Vec<Range<usize>> = issued.iter().map(|candidate| candidate.span.clone()).collect();
    for candidate in assigned {
        // Spans of issued candidates are sorted and do not overlap each other.
        let next = taken.partition_point(|span| span.end <= candidate.span.start);
        if taken.get(next).is_none_or(|span| span.start >= candidate.span.end) {
            issued.push(candidate);
        }
    }
    issued.sort_by_key(|candidate| candidate.span.start);
}

fn sighting<'r>(
    text: &[u8],
    candidate: &Candidate<'_, 'r>,
    entries: &[Entry],
    knowledge: &Knowledge<'_, 'r>,
    lines: &mut Lines<'_>,
) -> Sighting<'r> {
    let span = candidate.span.clone();
    let at = entries.partition_point(|entry| entry.span.end < span.end);
    let entry = entries
        .get(at)
        .filter(|entry| entry.span.start <= span.start && entry.span.end >= span.end);
    let key_path = entry.map(|entry| entry.path.clone()).unwrap_or_default();
    let siblings = entry.map(|entry| siblings(entries, at, entry)).unwrap_or_default();
    let near = &text[span.start.saturating_sub(NEAR)..text.len().min(span.end + NEAR)];
    let signals = origin::signals(&Surroundings {
        rule: candidate.rule,
        value: candidate.secret.expose(),
        groups: &candidate.groups,
        key_path: &key_path,
        siblings: &siblings,
        near,
        facts: knowledge.facts,
        vocabulary: knowledge.vocabulary,
    });
    let (line, column) = lines.position(span.start);
    Sighting {
        provider: candidate.provider,
        rule: candidate.rule,
        value: scan::value_id(candidate.secret),
        excerpt: scan::excerpt(text, &span, candidate.rule),
        span,
        line,
        column,
        key_path,
        signals,
        lifetime: candidate.rule.lifetime.into(),
    }
}

/// As many entries before and after are looked at: enough for any mapping a person writes, and linear in a file of one.
const SIBLINGS: usize = 50;

fn siblings<'e>(entries: &'e [Entry], at: usize, own: &Entry) -> Vec<(&'e str, &'e str)> {
    let parent = &own.path[..own.path.len() - 1];
    let window = at.saturating_sub(SIBLINGS)..entries.len().min(at + SIBLINGS);
    entries[window]
        .iter()
        .filter(|entry| entry.span != own.span)
        .filter_map(|entry| {
            let (key, above) = entry.path.split_last()?;
            (above == parent).then_some((key.as_str(), entry.value.as_str()))
        })
        .collect()
}

/// Line numbers, counted forward: the candidates of a blob come in the order of its bytes.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    line_start: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            line_start: 0,
        }
    }

    fn position(&mut self, offset: usize) -> (usize, usize) {
        for (index, &byte) in self.text[self.at..offset].iter().enumerate() {
            if byte == b'\n' {
                self.line += 1;
                self.line_start = self.at + index + 1;
            }
        }
        self.at = offset;
        (self.line, offset - self.line_start + 1)
    }
}

/// The bytes of a sighting's value in the text that it was found in.
pub fn value_of<'b>(text: &'b [u8], sighting: &Sighting<'_>) -> Secret<'b> {
    Secret::new(&text[sighting.span.clone()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Tier;
    use crate::rules::{builtin, template::expand};

    fn seen(template: &str, syntax: Syntax) -> Vec<(String, String, usize, usize)> {
        let text = expand(template, 11).expect("template");
        let vocabulary = Vocabulary {
            clear: [("prod".to_owned(), Tier::Production)].into(),
            ..Vocabulary::default()
        };
        let knowledge = Knowledge {
            scanner: &Scanner::new(builtin()).expect("rules"),
            facts: &Facts::default(),
            vocabulary: &vocabulary,
        };
        examine(text.as_bytes(), syntax, &knowledge)
            .expect("examined")
            .into_iter()
            .map(|s| (s.rule.id.clone(), s.key_path.join("."), s.line, s.column))
            .collect()
    }

    #[test]
    fn places_are_exact() {
        assert_eq!(
            seen("a: 1\nstaging:\n  stripe: sk_live_{alnum:24}\n  db:\n    password: \"{password:12}\"\n", Syntax::Yaml),
            [
                ("stripe-secret-key".to_owned(), "staging.stripe".to_owned(), 3, 11),
                ("generic-password".to_owned(), "staging.db.password".to_owned(), 5, 16),
            ]
        );
    }

    #[test]
    fn an_issued_value_under_a_generic_key_is_one_sighting() {
        let found = seen("api_key=sk_live_{alnum:24}\n", Syntax::Lines);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "stripe-secret-key");
    }

    #[test]
    fn code_needs_literals() {
        assert_eq!(seen("password = readPassword2\n", Syntax::Code), []);
        assert_eq!(seen("password = \"{password:12}\"\n", Syntax::Code).len(), 1);
    }
}
