//! One blob to sightings: what was found in it, where, and what the content says of whose it is. Independent of the path
//! and of the policy's verdict, so that a blob is examined once, whatever the number of paths and commits that show it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use jiff::civil::Date;

use crate::boundary;
use crate::inventory::Inventory;
use crate::model::{
    Excerpt, Facts, Family, Lifetime, Origin, Secret, Signal, Strength, Vocabulary,
};
use crate::origin::{self, Document, Evidence, Surroundings};
use crate::rules::{self, Kind, Rule};
use crate::scan::assignment::{Assignment, Judged, keys_of};
use crate::scan::decode::{self, Account, Batch, Form, Part, Step};
use crate::scan::{self, Candidate, Positions, Rejected, ScanError, Scanner, ValueId};
use crate::syntax::{self, Entry, Meaning, Syntax};

mod dismissed;
mod known;
mod reading;
mod scalars;
mod siblings;
mod silence;

pub use dismissed::Dismissed;
use reading::{Reading, Worth};
pub use scalars::{Scalar, Told, scalars, sighting_of};
use silence::{Held, Structure};
pub use silence::{Silence, Silent};

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
    /// Whether it opens more than one application needs.
    pub privileged: bool,
    /// The day on which it ends by its own account.
    pub ends: Option<Date>,
    /// Which part of the boundary it is about.
    pub family: Family,
    /// Of what is no credential: whether it is proven, and not told by words alone.
    pub proven: bool,
    /// The inventory knows that it was revoked.
    pub revoked: bool,
    /// What a rule allows that the path decides, see [`Scanner::rejects_at`].
    pub pending: Vec<usize>,
    /// Names around it that a policy could declare; empty unless the scanner explains.
    pub declarable: Vec<(&'static str, String)>,
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
    /// Whether nothing in it is told by what stands far away from it, so that a change of it can be examined alone.
    pub silence: Option<Silence>,
    /// What its syntax reads, where the whole text was read.
    pub entries: Option<Vec<Entry>>,
}

/// What an examination knows beside the bytes.
pub struct Knowledge<'k, 'r> {
    /// The rules.
    pub scanner: &'k Scanner<'r>,
    /// What the policy declares.
    pub facts: &'k Facts,
    /// Environment words.
    pub vocabulary: &'k Vocabulary,
    /// Values that are known already.
    pub inventory: Option<&'k Inventory>,
    /// Whether to gather what the content says of whose a value is: most of the work, where it is enough to know the values.
    pub evidence: bool,
}

/// Examines the text of a blob (see [`decode::text_of`]), and what is encoded in it.
pub fn examine<'r>(
    text: &[u8],
    syntax: Syntax,
    knowledge: &Knowledge<'_, 'r>,
) -> Result<Examined<'r>, ScanError> {
    examine_part(text, syntax, Worth::default(), knowledge)
}

/// Examines a part of a text, in which more may be worth a look than its own words say.
fn examine_part<'r>(
    text: &[u8],
    syntax: Syntax,
    worth: Worth,
    knowledge: &Knowledge<'_, 'r>,
) -> Result<Examined<'r>, ScanError> {
    let Examined {
        sightings: clear,
        mut dismissed,
        mut closed,
        silence,
        entries,
    } = part_in_the_clear(text, syntax, worth, knowledge)?;
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
    let sightings = if encoded.sightings.is_empty() {
        clear
    } else {
        together(text, clear, encoded.sightings)
    };
    dismissed.append(&mut encoded.dismissed);
    if !dismissed.is_empty() {
        dismissed = dismissed::in_order(text, dismissed, &sightings);
    }
    closed.append(&mut account.closed);
    let found = !sightings.is_empty() || !closed.is_empty() || !dismissed.is_empty();
    let silence = silence.filter(|_| !found && account.longest <= silence::MARGIN);
    Ok(Examined {
        sightings,
        closed,
        dismissed,
        silence,
        entries,
    })
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
        meaning: Meaning::Literal,
    };
    let mut reading = Reading::of(value.as_bytes(), Syntax::Lines, knowledge)?;
    reading.look_for(Worth::KEYS);
    reading.part(0..value.len(), &[entry])?;
    Ok(reading.examined)
}

/// Examines a text without opening what is encoded in it.
pub fn in_the_clear<'r>(
    text: &[u8],
    syntax: Syntax,
    knowledge: &Knowledge<'_, 'r>,
) -> Result<Examined<'r>, ScanError> {
    part_in_the_clear(text, syntax, Worth::default(), knowledge)
}

fn part_in_the_clear<'r>(
    text: &[u8],
    syntax: Syntax,
    worth: Worth,
    knowledge: &Knowledge<'_, 'r>,
) -> Result<Examined<'r>, ScanError> {
    let mut reading = Reading::of(text, syntax, knowledge)?;
    reading.look_for(worth);
    let may_hold = reading.may_hold()?;
    let mut read = None;
    if may_hold {
        syntax::read_parts(text, syntax, &mut |range, document| {
            let is_whole = range == (0..text.len());
            let done = reading.part(range, &document.entries);
            read = is_whole.then_some(document);
            done
        })?;
    }
    let asked = reading.may_hold_data.then_some(boundary::Asked {
        fetch: reading.may_fetch,
        dump: reading.may_be_dump,
        numbers: true,
    });
    let is_near = reading.reach <= silence::MARGIN && silence::is_told(knowledge);
    let structure = match &mut read {
        _ if !is_near => None,
        None => (!may_hold).then_some(None),
        Some(document) => {
            let joints = document.joints.take();
            // That the kind of a manifest makes its data secret is told by others, too.
            let joints = joints.filter(|_| document.entries.iter().all(boundary::is_alone));
            let worth = reading.worth;
            joints.map(|joints| Some(Structure { joints, worth }))
        }
    };
    let mut examined = reading.examined;
    let mut held = None;
    if let Some(asked) = asked {
        held = Some(Held {
            dump: asked.dump,
            numbers: data(text, asked, knowledge, &mut examined.sightings),
        });
        examined
            .sightings
            .sort_by_key(|sighting| sighting.span.start);
        // Whether or not anything was found: what was not looked at is said.
        examined.closed.extend(boundary::looked_at(text.len()));
    }
    examined.entries = read.map(|document| document.entries);
    examined.silence = structure.map(|structure| Silence {
        data: held,
        structure,
    });
    Ok(examined)
}

/// What crosses the boundary without being a credential.
#[expect(
    clippy::too_many_arguments,
    reason = "a part of a text, what it may hold, and where to say so"
)]
fn crossings<'r>(
    text: &[u8],
    part: Range<usize>,
    syntax: Syntax,
    entries: &[Entry],
    may_give_rights: bool,
    knowledge: &Knowledge<'_, 'r>,
    positions: &mut Positions<'_>,
    sightings: &mut Vec<Sighting<'r>>,
) {
    let (facts, vocabulary) = (knowledge.facts, knowledge.vocabulary);
    let file = boundary::File::new(text, part, syntax, entries, facts, vocabulary);
    for crossing in boundary::crossings(&file, may_give_rights) {
        if knowledge.scanner.leaves_out(crossing.rule) {
            continue;
        }
        sightings.push(crossed(text, crossing, knowledge.scanner, positions));
    }
}

/// Production data in a text. Whether numbers that are counted stand in it.
fn data<'r>(
    text: &[u8],
    asked: boundary::Asked,
    knowledge: &Knowledge<'_, 'r>,
    sightings: &mut Vec<Sighting<'r>>,
) -> bool {
    let (facts, vocabulary) = (knowledge.facts, knowledge.vocabulary);
    let whole = 0..text.len();
    let file = boundary::File::new(text, whole, Syntax::Lines, &[], facts, vocabulary);
    let mut positions = Positions::new(text);
    let boundary::Data { crossings, numbers } = boundary::data(&file, asked);
    for crossing in crossings {
        if !knowledge.scanner.leaves_out(crossing.rule) {
            sightings.push(crossed(text, crossing, knowledge.scanner, &mut positions));
        }
    }
    numbers
}

fn crossed<'r>(
    text: &[u8],
    crossing: boundary::Crossing,
    scanner: &Scanner<'r>,
    positions: &mut Positions<'_>,
) -> Sighting<'r> {
    let (provider, rule) = rules::structural(crossing.rule);
    let span = crossing.span;
    let (line, column) = positions.of(span.start);
    Sighting {
        provider,
        rule,
        value: scan::value_id(Secret::new(&text[span.clone()])),
        excerpt: if rule.sensitive {
            scan::excerpt_of_data()
        } else {
            scan::excerpt_of_pointer(scanner, text, &span, rule)
        },
        inner: span.clone(),
        span,
        steps: Vec::new(),
        line,
        column,
        key_path: crossing.key_path,
        signals: crossing.signals,
        lifetime: rule.lifetime.into(),
        privileged: rule.privileged,
        ends: None,
        family: crossing.family,
        proven: crossing.proven,
        revoked: false,
        pending: Vec::new(),
        declarable: Vec::new(),
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
    let mut candidates: Vec<Seen<'b, 'r>> = Vec::new();
    // Large files repeat their keys.
    let mut known: HashMap<String, bool> = HashMap::new();
    let kubernetes = entries
        .iter()
        .any(|entry| entry.value == "Secret" && entry.path.last().is_some_and(|key| key == "kind"));
    for (at, entry) in entries.iter().enumerate() {
        // What stands elsewhere, or is closed; and a file in a value, whose own entries follow.
        let is_file = || {
            let mut next = entries[at + 1..].iter().map(|next| &next.span);
            let next = next.find(|next| **next != entry.span);
            next.is_some_and(|next| next.start < entry.span.end)
        };
        if matches!(entry.meaning, Meaning::Reference | Meaning::Encrypted) || is_file() {
            continue;
        }
        // An alias: one candidate, at one place.
        let last = candidates.last().map(|seen| &seen.candidate.span);
        if last == Some(&entry.span) {
            continue;
        }
        let parent = entry.path.len().checked_sub(2);
        let parent = parent.map(|at| entry.path[at].as_str());
        let in_secret = kubernetes && matches!(parent, Some("data" | "stringData"));
        // `value` and `default` name nothing: the key above says what it is.
        let named = entry
            .key()
            .filter(|&key| entry.path.last().is_none_or(|last| last != key));
        let keys = named.map(str::to_owned).into_iter();
        for key in keys.chain(keys_of(&entry.path, in_secret)) {
            let may = match known.get(&key) {
                Some(&may) => may,
                None => {
                    let may = scanner.may_know(&key);
                    known.insert(key.clone(), may);
                    may
                }
            };
            if !may {
                continue;
            }
            let decoded = (entry.meaning == Meaning::Base64
                || entry.value.len() >= SHORTEST_ENCODED)
                .then(|| decode::whole_value(&entry.value))
                .flatten();
            let assignment = Assignment {
                key: &key,
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
                Some(Judged::Rejected(_)) => {}
                // No rule knows the key: its parents may say more.
                None => continue,
            }
            break;
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

/// Which entries stand in which.
struct Places<'e> {
    entries: &'e [Entry],
    /// For each entry the nearest one before it that it stands in.
    around: Vec<Option<usize>>,
}

impl<'e> Places<'e> {
    fn of(entries: &'e [Entry]) -> Self {
        let mut around = Vec::with_capacity(entries.len());
        let mut open: Vec<usize> = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            while open
                .last()
                .is_some_and(|&last| entries[last].span.end < entry.span.end)
            {
                open.pop();
            }
            around.push(open.last().copied());
            open.push(at);
        }
        Self { entries, around }
    }

    /// The innermost entry around a span: several where it counts in several places, none where it stands in no entry.
    fn around(&self, span: &Range<usize>) -> Vec<Option<usize>> {
        let holds = |at: usize| {
            let own = &self.entries[at].span;
            own.start <= span.start && own.end >= span.end
        };
        let begun = self
            .entries
            .partition_point(|entry| entry.span.start <= span.start);
        let mut at = begun.checked_sub(1);
        while let Some(inner) = at
            && !holds(inner)
        {
            at = self.around[inner];
        }
        let Some(last) = at else {
            return vec![None];
        };
        let own = &self.entries[last].span;
        let mut first = last;
        while first > 0 && last - first < MOST_PLACES && self.entries[first - 1].span == *own {
            first -= 1;
        }
        (first..=last).map(Some).collect()
    }
}

/// In so many places of a file a value is judged that aliases show in more.
const MOST_PLACES: usize = 32;

fn sighting<'r>(
    text: &[u8],
    seen: &Seen<'_, 'r>,
    at: Option<usize>,
    entries: &[Entry],
    document: &Document<'_>,
    knowledge: &Knowledge<'_, 'r>,
    positions: &mut Positions<'_>,
) -> Sighting<'r> {
    let candidate = &seen.candidate;
    let span = candidate.span.clone();
    let value = seen.decoded.as_deref().unwrap_or(candidate.secret.expose());
    let key_path = at.map_or_else(Vec::new, |at| entries[at].path.clone());
    let mut declarable = Vec::new();
    let mut evidence = if knowledge.evidence {
        let around = Surroundings {
            rule: candidate.rule,
            value,
            groups: &candidate.groups,
            key_path: &key_path,
            siblings: &at.map_or_else(Vec::new, |at| siblings::of(text, entries, at)),
            labels: &at.map_or_else(Vec::new, |at| siblings::labels(text, entries, at)),
            document,
            span: span.clone(),
            facts: knowledge.facts,
            vocabulary: knowledge.vocabulary,
        };
        let evidence = origin::evidence(&around);
        // Where nobody can tell whose it is, a refusal says what could be declared.
        let unknown = origin::weigh(&evidence.signals).environment == Origin::Unknown;
        if unknown || knowledge.scanner.explains() {
            declarable = origin::declarable(&around, &evidence.signals);
        }
        evidence
    } else {
        Evidence::default()
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
    evidence.signals.extend(remark(&steps));
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
        signals: evidence.signals,
        lifetime: evidence.lifetime,
        privileged: evidence.privileged,
        ends: evidence.ends,
        family: Family::Credential,
        proven: false,
        revoked: false,
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
        let may_hold = !searched.is_empty();
        drop(searched);
        if may_hold || !known::find(&batch.bytes, knowledge)?.is_empty() {
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
        (Form::Escapes | Form::Percent | Form::QuotedPrintable | Form::Colours | Form::Wide, _)
            if matches!(around, Syntax::Code | Syntax::Prose) =>
        {
            Syntax::Code
        }
        (_, Some(b'{' | b'[')) => Syntax::Json,
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
            .iter_mut()
            .take_while(|other| other.span.start < outer.end);
        let is_known = overlapping.any(|other| {
            let same_rule = other.rule.id == sighting.rule.id;
            let of_inventory = |sighting: &Sighting<'_>| sighting.rule.id == known::RULE;
            let is_same = other.value == sighting.value
                && (same_rule || of_inventory(other) || of_inventory(&sighting))
                // The same value with its escapes in it.
                || same_rule
                    && matches!(form, Form::Escapes | Form::Percent | Form::QuotedPrintable)
                    && other.steps.is_empty()
                    && scan::value_id(Secret::new(&decode::opened(form, &text[other.span.clone()]))) == sighting.value
                // A format that is known by its encoded form.
                || form == Form::Base64 && other.rule.kind == Kind::Issued && other.provider == sighting.provider;
            if is_same {
                known::pass_on(&sighting, other);
            }
            is_same
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
            (sighting.rule.kind == Kind::Issued || sighting.family == Family::Inventory)
                && matches!(sighting.steps[0].form, Form::Base64 | Form::Hex)
        })
        .map(|sighting| &sighting.span)
        .collect();
    issued.sort_by_key(|span| span.start);
    clear.retain(|sighting| {
        let next = issued.partition_point(|span| span.end <= sighting.span.start);
        sighting.rule.kind == Kind::Issued
            || sighting.family == Family::Inventory
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
        seen_in(&expand(template, 11).expect("template"), syntax)
    }

    fn seen_in(text: &str, syntax: Syntax) -> Vec<(String, String, usize, usize)> {
        let clear = [("prod".to_owned(), Tier::Production)];
        let vocabulary = Vocabulary::new(clear.into(), [].into(), Vec::new());
        let knowledge = Knowledge {
            scanner: &Scanner::new(builtin()),
            facts: &Facts::default(),
            vocabulary: &vocabulary,
            inventory: None,
            evidence: true,
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
    fn what_real_repositories_showed_to_be_none() {
        for template in [
            // The baseline of detect-secrets beside a finding of "AWS Access Key".
            "{\"type\": \"AWS Access Key\", \"hashed_secret\": \"{hex:40}\"}",
            "aws_hashed_secret: {base64:40}\n",
            "DATABASE_URL=postgresql://shop:shop@localhost:5432/shop\n",
            "<script src=\"https://maps.googleapis.com/maps/api/js?key=AIza{base64url:35}&x=y\"></script>\n",
            "  // Secret-Key: $vendor->api_key->secret\n",
            "const low = shannonEntropy('aab7aabbbbb');\n",
        ] {
            for syntax in [Syntax::Json, Syntax::Yaml, Syntax::Code, Syntax::Lines] {
                let mut found = seen(template, syntax);
                found.retain(|(rule, ..)| rule != "google-maps-browser-key");
                assert!(found.is_empty(), "{template} {syntax:?}: {found:?}");
            }
        }
        for (template, rule) in [
            (
                "aws_secret_access_key: {base64:40}\n",
                "aws-secret-access-key",
            ),
            (
                "URL=postgresql://shop:shop@db.acme.io:5432/shop\n",
                "database-url",
            ),
            (
                "URL=postgresql://shop:{alnum:12}@localhost/shop\n",
                "database-url",
            ),
            ("GOOGLE_MAPS_API_KEY=AIza{base64url:35}\n", "google-api-key"),
        ] {
            let found = seen(template, Syntax::Lines);
            assert_eq!(found.len(), 1, "{template}: {found:?}");
            assert_eq!(found[0].0, rule);
        }
    }

    #[test]
    fn a_name_in_a_template_is_no_value_however_long() {
        // Twenty and thirty-two characters: as long as what PagerDuty issues.
        for name in ["notification_channel", "the_routing_key_of_the_service_x"] {
            for value in [
                format!("${{{name}}}"),
                format!("\"{{{{ {name} }}}}\""),
                format!("\"{{{{ {name}.pagerduty_key | default(omit) }}}}\""),
                format!("${name}"),
                format!("<%= {name} %>"),
            ] {
                for text in [
                    format!("PAGERDUTY_INTEGRATION_KEY={value}\n"),
                    format!("pagerduty_api_key: {value}\n"),
                ] {
                    for syntax in [Syntax::Yaml, Syntax::Lines, Syntax::Shell] {
                        let found = seen_in(&text, syntax);
                        assert!(found.is_empty(), "{text} {found:?}");
                    }
                }
            }
        }
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
