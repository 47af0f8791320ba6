//! One blob to sightings: what was found in it, where, and what the content says of whose it is. Independent of the path
//! and of the policy's verdict, so that a blob is examined once, whatever the number of paths and commits that show it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::model::{Excerpt, Facts, Lifetime, Secret, Signal, Strength, Vocabulary};
use crate::origin::{self, Surroundings};
use crate::rules::{Kind, Rule};
use crate::scan::assignment::{Assignment, Judged, is_stand_in};
use crate::scan::decode::{self, Account, Batch, Form, Part, Step};
use crate::scan::{self, Candidate, Positions, Reason, Rejected, ScanError, Scanner, ValueId};
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
    /// Where the value, or what it is encoded in, stands in the text of the blob.
    pub span: Range<usize>,
    /// How to come from the text to what the value stands in; empty where it stands there in the clear.
    pub steps: Vec<Step>,
    /// Where the value stands after the last step.
    pub inner: Range<usize>,
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
    /// What a rule allows that the path decides, see [`Scanner::rejects_at`].
    pub pending: Vec<usize>,
    /// Names around it that a policy could declare; empty unless the scanner explains.
    pub declarable: Vec<(&'static str, String)>,
}

/// Something that looked like a credential, and is taken for none.
#[derive(Clone)]
pub struct Dismissed<'r> {
    /// The rule and the reason; its span is that of the value, or of what it is encoded in, in the text of the blob.
    pub rejected: Rejected<'r>,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// Keys from the root of the file, as text and without the value.
    pub key_path: Option<String>,
    /// The masked line.
    pub excerpt: Excerpt,
}

/// What an examination found, and what it left closed.
#[derive(Default)]
pub struct Examined<'r> {
    /// In the order of the bytes.
    pub sightings: Vec<Sighting<'r>>,
    /// Encoded and packed content that was not opened, in words.
    pub closed: Vec<String>,
    /// What is taken for no credential; empty unless the scanner explains.
    pub dismissed: Vec<Dismissed<'r>>,
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

/// Examines the text of a blob (see [`decode::text_of`]), and what is encoded in it.
pub fn examine<'r>(
    text: &[u8],
    syntax: Syntax,
    knowledge: &Knowledge<'_, 'r>,
) -> Result<Examined<'r>, ScanError> {
    let Examined {
        sightings: clear,
        mut dismissed,
        ..
    } = in_the_clear(text, syntax, knowledge)?;
    let mut account = Account::of_blob(text.len());
    let mut encoded = Examined::default();
    open(
        text,
        syntax,
        None,
        decode::DEPTH,
        &mut account,
        knowledge,
        &mut encoded,
    )?;
    dismissed.append(&mut encoded.dismissed);
    Ok(Examined {
        sightings: if encoded.sightings.is_empty() {
            clear
        } else {
            together(text, clear, encoded.sightings)
        },
        closed: account.closed,
        dismissed: in_order(text, dismissed),
    })
}

/// Places of what was dismissed, each once, also of what stands in something encoded.
fn in_order<'r>(text: &[u8], mut dismissed: Vec<Dismissed<'r>>) -> Vec<Dismissed<'r>> {
    let key = |one: &Dismissed<'r>| {
        let rejected = &one.rejected;
        (
            rejected.span.start,
            rejected.rule.id.clone(),
            rejected.reason,
        )
    };
    dismissed.sort_by_cached_key(key);
    dismissed.dedup_by(|one, other| key(one) == key(other));
    let mut positions = Positions::new(text);
    for one in &mut dismissed {
        let rejected = &one.rejected;
        (one.line, one.column) = positions.of(rejected.span.start);
        one.excerpt = scan::excerpt(text, &rejected.span, rejected.rule);
    }
    dismissed
}

/// Examines one value that stands under a key, as if a file had it there.
pub fn examine_value<'r>(
    value: &str,
    key_path: &[String],
    knowledge: &Knowledge<'_, 'r>,
) -> Result<Examined<'r>, ScanError> {
    let entry = Entry {
        path: key_path.to_vec(),
        value: value.to_owned(),
        span: 0..value.len(),
        quoted: true,
    };
    let mut reading = Reading::of(value.as_bytes(), knowledge)?;
    reading.may_assign = true;
    reading.part(0..value.len(), &[entry])?;
    Ok(reading.examined)
}

/// Examines a text without opening what is encoded in it.
pub fn in_the_clear<'r>(
    text: &[u8],
    syntax: Syntax,
    knowledge: &Knowledge<'_, 'r>,
) -> Result<Examined<'r>, ScanError> {
    let mut reading = Reading::of(text, knowledge)?;
    if !reading.is_empty() {
        syntax::read_parts(text, syntax, &mut |range, entries| {
            reading.part(range, &entries)
        })?;
    }
    Ok(reading.examined)
}

/// A text on its way from candidates to sightings.
struct Reading<'t, 'k, 'r> {
    text: &'t [u8],
    knowledge: &'k Knowledge<'k, 'r>,
    issued: std::iter::Peekable<std::vec::IntoIter<Candidate<'t, 'r>>>,
    rejected: std::iter::Peekable<std::vec::IntoIter<Rejected<'r>>>,
    may_assign: bool,
    positions: Positions<'t>,
    examined: Examined<'r>,
}

impl<'t, 'k, 'r> Reading<'t, 'k, 'r> {
    fn of(text: &'t [u8], knowledge: &'k Knowledge<'k, 'r>) -> Result<Self, ScanError> {
        let searched = knowledge.scanner.search(text)?;
        let (mut issued, mut rejected) = (searched.issued, searched.rejected);
        issued.retain(|candidate| {
            let stands_in = is_stand_in(candidate.rule, candidate.secret.expose());
            if stands_in && knowledge.scanner.explains() {
                rejected.push(Rejected {
                    provider: candidate.provider,
                    rule: candidate.rule,
                    reason: Reason::Placeholder,
                    span: candidate.span.clone(),
                });
            }
            !stands_in
        });
        rejected.sort_by_key(|rejected| rejected.span.start);
        Ok(Self {
            text,
            knowledge,
            issued: issued.into_iter().peekable(),
            rejected: rejected.into_iter().peekable(),
            may_assign: searched.may_assign,
            positions: Positions::new(text),
            examined: Examined::default(),
        })
    }

    fn is_empty(&mut self) -> bool {
        self.issued.peek().is_none() && self.rejected.peek().is_none() && !self.may_assign
    }

    fn part(&mut self, range: Range<usize>, entries: &[Entry]) -> Result<(), ScanError> {
        let here = |span: &Range<usize>| span.start < range.end || range.end == self.text.len();
        let mut candidates = Vec::new();
        while let Some(candidate) = self.issued.next_if(|candidate| here(&candidate.span)) {
            candidates.push(Seen {
                candidate,
                decoded: None,
            });
        }
        let mut rejected = Vec::new();
        while let Some(one) = self.rejected.next_if(|one| here(&one.span)) {
            rejected.push(one);
        }
        if self.may_assign {
            let scanner = self.knowledge.scanner;
            let assigned = assigned(self.text, entries, scanner, &mut rejected)?;
            add_unless_overlapping(&mut candidates, assigned);
        }
        for seen in &candidates {
            let sighting = sighting(
                self.text,
                seen,
                entries,
                self.knowledge,
                &mut self.positions,
            );
            self.examined.sightings.push(sighting);
        }
        let found = |span: &Range<usize>| {
            let mut spans = candidates.iter().map(|seen| &seen.candidate.span);
            spans.any(|other| other.start < span.end && span.start < other.end)
        };
        // What another rule believes is a finding, whatever this one makes of it.
        rejected.retain(|one| !found(&one.span));
        for one in rejected {
            let dismissed = self.dismissed(one, entries);
            self.examined.dismissed.push(dismissed);
        }
        Ok(())
    }

    fn dismissed(&self, rejected: Rejected<'r>, entries: &[Entry]) -> Dismissed<'r> {
        let span = rejected.span.clone();
        let value = Secret::new(&self.text[span.clone()]);
        let at = entries.partition_point(|entry| entry.span.end < span.end);
        let entry = entries
            .get(at)
            .filter(|entry| entry.span.start <= span.start);
        Dismissed {
            rejected,
            // Said once all places are known.
            line: 1,
            column: 1,
            key_path: entry
                .map(|entry| scan::redact(self.knowledge.scanner, &entry.path.join("."), &[value])),
            excerpt: Excerpt {
                text: String::new(),
                start: 0,
                end: 0,
            },
        }
    }
}

/// A candidate, and what its value is once decoded where the whole of it is base64.
struct Seen<'b, 'r> {
    candidate: Candidate<'b, 'r>,
    decoded: Option<Vec<u8>>,
}

fn assigned<'b, 'r>(
    text: &'b [u8],
    entries: &[Entry],
    scanner: &Scanner<'r>,
    rejected: &mut Vec<Rejected<'r>>,
) -> Result<Vec<Seen<'b, 'r>>, ScanError> {
    let mut candidates = Vec::new();
    let kubernetes = entries
        .iter()
        .any(|entry| entry.value == "Secret" && entry.path.last().is_some_and(|key| key == "kind"));
    // Large files repeat their keys.
    let mut known: HashMap<&str, bool> = HashMap::new();
    for entry in entries {
        let Some(key) = entry.path.last() else {
            continue;
        };
        if !*known.entry(key).or_insert_with(|| scanner.may_know(key)) {
            continue;
        }
        let in_data =
            kubernetes && entry.path.len() >= 2 && entry.path[entry.path.len() - 2] == "data";
        let decoded = (in_data || entry.value.len() >= SHORTEST_ENCODED)
            .then(|| decode::whole_value(&entry.value))
            .flatten();
        let assignment = Assignment {
            key,
            value: decoded.as_deref().unwrap_or(&entry.value),
            span: entry.span.clone(),
            quoted: entry.quoted || decoded.is_some(),
        };
        match scanner.judge_assignment(text, &assignment)? {
            Some(Judged::Candidate(candidate)) => candidates.push(Seen {
                candidate,
                decoded: decoded.map(String::into_bytes),
            }),
            Some(Judged::Rejected(one)) if scanner.explains() => rejected.push(one),
            _ => {}
        }
    }
    Ok(candidates)
}

/// A shorter value may be a password that happens to be text in base64; in a Kubernetes Secret it is base64 by definition.
const SHORTEST_ENCODED: usize = 16;

/// An issued format knows more than the name of a key: it keeps the place.
fn add_unless_overlapping<'b, 'r>(issued: &mut Vec<Seen<'b, 'r>>, assigned: Vec<Seen<'b, 'r>>) {
    let taken: Vec<Range<usize>> = issued
        .iter()
        .map(|seen| seen.candidate.span.clone())
        .collect();
    for seen in assigned {
        // Spans of issued candidates are sorted and do not overlap each other.
        let span = &seen.candidate.span;
        let next = taken.partition_point(|taken| taken.end <= span.start);
        if taken.get(next).is_none_or(|taken| taken.start >= span.end) {
            issued.push(seen);
        }
    }
    issued.sort_by_key(|seen| seen.candidate.span.start);
}

fn sighting<'r>(
    text: &[u8],
    seen: &Seen<'_, 'r>,
    entries: &[Entry],
    knowledge: &Knowledge<'_, 'r>,
    positions: &mut Positions<'_>,
) -> Sighting<'r> {
    let candidate = &seen.candidate;
    let span = candidate.span.clone();
    let value = seen.decoded.as_deref().unwrap_or(candidate.secret.expose());
    let at = entries.partition_point(|entry| entry.span.end < span.end);
    let entry = entries
        .get(at)
        .filter(|entry| entry.span.start <= span.start && entry.span.end >= span.end);
    let key_path = entry.map(|entry| entry.path.clone()).unwrap_or_default();
    let siblings = entry
        .map(|entry| siblings(entries, at, entry))
        .unwrap_or_default();
    let near = &text[span.start.saturating_sub(NEAR)..text.len().min(span.end + NEAR)];
    let around = Surroundings {
        rule: candidate.rule,
        value,
        groups: &candidate.groups,
        key_path: &key_path,
        siblings: &siblings,
        near,
        facts: knowledge.facts,
        vocabulary: knowledge.vocabulary,
    };
    let mut signals = origin::signals(&around);
    let declarable = if knowledge.scanner.explains() {
        origin::declarable(&around, &signals)
    } else {
        Vec::new()
    };
    let (line, column) = positions.of(span.start);
    let steps: Vec<Step> = seen
        .decoded
        .iter()
        .map(|_| Step {
            form: Form::Base64,
            span: span.clone(),
            name: None,
        })
        .collect();
    signals.extend(remark(&steps));
    Sighting {
        provider: candidate.provider,
        rule: candidate.rule,
        value: scan::value_id(Secret::new(value)),
        excerpt: scan::excerpt(text, &span, candidate.rule),
        inner: if steps.is_empty() {
            span.clone()
        } else {
            0..value.len()
        },
        steps,
        span,
        line,
        column,
        key_path,
        signals,
        lifetime: candidate.rule.lifetime.into(),
        pending: candidate.pending.clone(),
        declarable,
    }
}

/// Says how the value was come by; a remark that speaks for no environment.
fn remark(steps: &[Step]) -> Option<Signal> {
    let last = steps.last()?;
    let mut text = format!("decoded from {}", last.form.words());
    for step in steps.iter().rev().skip(1) {
        text.push_str(" in ");
        text.push_str(step.form.words());
    }
    for name in steps.iter().filter_map(|step| step.name.as_deref()) {
        text.push_str(&format!(", member `{name}`"));
    }
    Some(Signal {
        kind: "encoding",
        environment: None,
        strength: Strength::Supporting,
        text,
    })
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

/// Batches around a batch, innermost first.
struct Opened<'b> {
    batch: &'b Batch,
    around: Option<&'b Opened<'b>>,
}

impl Opened<'_> {
    /// The steps from the text of the blob to the part of the batch that holds `span`, and where that part begins.
    fn steps(&self, span: &Range<usize>) -> Option<(Vec<Step>, usize)> {
        let part = self.batch.part(span)?;
        let mut step = part.step.clone();
        let mut steps = Vec::new();
        if let Some(around) = self.around {
            let start;
            (steps, start) = around.steps(&step.span)?;
            step.span = step.span.start - start..step.span.end - start;
        }
        steps.push(step);
        Some((steps, part.range.start))
    }
}

fn open<'r>(
    text: &[u8],
    syntax: Syntax,
    around: Option<&Opened<'_>>,
    depth: usize,
    account: &mut Account,
    knowledge: &Knowledge<'_, 'r>,
    found: &mut Examined<'r>,
) -> Result<(), ScanError> {
    if depth == 0 {
        decode::close_all(text, account);
        return Ok(());
    }
    decode::open_all(text, account, &mut |batch, account| {
        let opened = Opened { batch, around };
        let searched = knowledge.scanner.search(&batch.bytes)?;
        if !searched.issued.is_empty() || searched.may_assign || !searched.rejected.is_empty() {
            drop(searched);
            for part in &batch.parts {
                let bytes = &batch.bytes[part.range.clone()];
                let clear = in_the_clear(bytes, syntax_of(part, bytes, syntax), knowledge)?;
                for mut dismissed in clear.dismissed {
                    if let Some((steps, _)) = opened.steps(&part.range) {
                        dismissed.rejected.span = steps[0].span.clone();
                        found.dismissed.push(dismissed);
                    }
                }
                for mut sighting in clear.sightings {
                    if let Some((mut steps, _)) = opened.steps(&part.range) {
                        steps.append(&mut sighting.steps);
                        sighting.steps = steps;
                        sighting.span = sighting.steps[0].span.clone();
                        sighting.signals.retain(|signal| signal.kind != "encoding");
                        sighting.signals.extend(remark(&sighting.steps));
                        found.sightings.push(sighting);
                    }
                }
            }
        }
        open(
            &batch.bytes,
            syntax,
            Some(&opened),
            depth - 1,
            account,
            knowledge,
            found,
        )
    })
}

/// How the assignments of a part are read.
fn syntax_of(part: &Part, bytes: &[u8], around: Syntax) -> Syntax {
    if let Some(name) = &part.step.name {
        return syntax::of_path(name);
    }
    match (part.step.form, bytes.trim_ascii_start().first()) {
        // A literal of source code is most often a message, and `token: %s` in it is no assignment.
        (Form::Escapes | Form::Percent | Form::Colours | Form::Wide, _)
            if around == Syntax::Code =>
        {
            Syntax::Code
        }
        (_, Some(b'{' | b'[')) => Syntax::Yaml,
        _ => Syntax::Lines,
    }
}

/// What stands in the clear and what was decoded, each value once.
fn together<'r>(
    text: &[u8],
    mut clear: Vec<Sighting<'r>>,
    encoded: Vec<Sighting<'r>>,
) -> Vec<Sighting<'r>> {
    let mut known: HashMap<(&str, ValueId), Vec<Range<usize>>> = HashMap::new();
    let mut added: Vec<Sighting<'r>> = Vec::new();
    for sighting in encoded {
        let form = sighting.steps[0].form;
        let outer = &sighting.span;
        let first = clear.partition_point(|other| other.span.end <= outer.start);
        let mut overlapping = clear[first..]
            .iter()
            .take_while(|other| other.span.start < outer.end);
        let is_known = overlapping.any(|other| {
            let same_rule = other.rule.id == sighting.rule.id;
            same_rule && other.value == sighting.value
                // The same value with its escapes in it.
                || same_rule
                    && matches!(form, Form::Escapes | Form::Percent)
                    && other.steps.is_empty()
                    && scan::value_id(Secret::new(&decode::opened(form, &text[other.span.clone()]))) == sighting.value
                // A format that is known by its encoded form.
                || form == Form::Base64 && other.rule.kind == Kind::Issued && other.provider == sighting.provider
        });
        let places = known
            .entry((&sighting.rule.id, sighting.value))
            .or_default();
        let overlaps = |place: &Range<usize>| place.start < outer.end && outer.start < place.end;
        // The last ones are the near ones: pieces come in the order of their places, form by form.
        if !is_known && !places.iter().rev().take(64).any(overlaps) {
            places.push(outer.clone());
            added.push(sighting);
        }
    }
    // What an encoded value was taken for by the name of its key alone gives way to what it is.
    let mut issued: Vec<&Range<usize>> = added
        .iter()
        .filter(|sighting| {
            sighting.rule.kind == Kind::Issued
                && matches!(sighting.steps[0].form, Form::Base64 | Form::Hex)
        })
        .map(|sighting| &sighting.span)
        .collect();
    issued.sort_by_key(|span| span.start);
    clear.retain(|sighting| {
        let next = issued.partition_point(|span| span.end <= sighting.span.start);
        sighting.rule.kind == Kind::Issued
            || issued
                .get(next)
                .is_none_or(|span| span.start >= sighting.span.end)
    });
    clear.append(&mut added);
    clear.sort_by_key(|sighting| sighting.span.start);
    let mut positions = Positions::new(text);
    for sighting in clear.iter_mut() {
        if !sighting.steps.is_empty() {
            (sighting.line, sighting.column) = positions.of(sighting.span.start);
            // The encoded form is as secret as the value: the mask covers it.
            sighting.excerpt = scan::excerpt(text, &sighting.span, sighting.rule);
        }
    }
    clear
}

/// The values of sightings, decoded again from the text that they were found in.
pub struct Values<'t> {
    text: &'t [u8],
    /// The steps of the last value, and where they lead: an archive is not opened again for each of its values.
    last: (Vec<Step>, Cow<'t, [u8]>),
}

impl<'t> Values<'t> {
    /// Of what was found in `text`.
    pub const fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            last: (Vec::new(), Cow::Borrowed(text)),
        }
    }

    /// The value, and what it is encoded in.
    pub fn of(&mut self, sighting: &Sighting<'_>) -> [Secret<'_>; 2] {
        if self.last.0 != sighting.steps {
            let mut bytes = Cow::Borrowed(self.text);
            for step in &sighting.steps {
                bytes = Cow::Owned(decode::opened(step.form, &bytes[step.span.clone()]));
            }
            self.last = (sighting.steps.clone(), bytes);
        }
        [
            &self.last.1[sighting.inner.clone()],
            &self.text[sighting.span.clone()],
        ]
        .map(Secret::new)
    }
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
            .sightings
            .into_iter()
            .map(|s| (s.rule.id.clone(), s.key_path.join("."), s.line, s.column))
            .collect()
    }

    #[test]
    fn places_are_exact() {
        assert_eq!(
            seen(
                "a: 1\nstaging:\n  stripe: sk_live_{alnum:24}\n  db:\n    password: \"{password:12}\"\n",
                Syntax::Yaml
            ),
            [
                (
                    "stripe-secret-key".to_owned(),
                    "staging.stripe".to_owned(),
                    3,
                    11
                ),
                (
                    "generic-password".to_owned(),
                    "staging.db.password".to_owned(),
                    5,
                    16
                ),
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
        assert_eq!(
            seen("password = \"{password:12}\"\n", Syntax::Code).len(),
            1
        );
    }
}
