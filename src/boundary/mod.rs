//! The rest of the boundary: pointers into production, standing access, production data. No secret is needed to cross it.
//!
//! One folder a family, one file a group of rules; what a rule is called and what to do about it stands in
//! `rules/builtin/` under the family's name. Pure, and asked only where a keyword of these rules stands in a file.

mod data;
mod identity;
mod record;
mod reference;

use std::ops::Range;

use crate::model::{Facts, Family, Signal, Vocabulary};
use crate::syntax::{Entry, Syntax};

/// A file that is looked at, or a part of one.
pub struct File<'a> {
    /// Its text.
    text: &'a [u8],
    /// The part of the text that is looked at.
    part: Range<usize>,
    /// How it is read.
    syntax: Syntax,
    /// The scalars of the part, in the order of the file.
    entries: &'a [Entry],
    /// Those in which something may be pointed to,
    pointing: Vec<&'a Entry>,
    /// and of these the ones that may hold an address: a URL, a path, a name with dots.
    addresses: Vec<&'a Entry>,
    /// What the policy declares.
    facts: &'a Facts,
    /// Environment words.
    vocabulary: &'a Vocabulary,
}

/// A place where the boundary is crossed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// Id of the structural rule.
    pub rule: &'static str,
    /// Which part of the boundary it is about.
    pub family: Family,
    /// What points over it or grants too much, in the text.
    pub span: Range<usize>,
    /// Keys from the root of the file; empty where the syntax gives none.
    pub key_path: Vec<String>,
    /// Whether a declared fact, a decisive format or an unambiguous grant proves it, and not words alone.
    pub proven: bool,
    /// The evidence.
    pub signals: Vec<Signal>,
}

/// A group of rules: looks at a file and says what crosses.
type Look = fn(&File<'_>, &mut Vec<Crossing>);

/// The groups of rules on what is pointed to,
const REFERENCES: &[Look] = &[
    reference::secret_store::look,
    reference::decryption::look,
    reference::resource::look,
    reference::account::look,
    reference::endpoint::look,
    reference::state::look,
    reference::variable::look,
];

/// and those on rights.
const RIGHTS: &[Look] = &[
    identity::aws::look,
    identity::azure::look,
    identity::database::look,
    identity::gcp::look,
    identity::kubernetes::look,
    identity::vault::look,
    identity::workflow::look,
];

/// In a longer value with escapes a part is not looked for.
const LARGEST_SEARCHED: usize = 16 << 10;

impl<'a> File<'a> {
    /// The `part` of a text, with its `entries`.
    pub fn new(
        text: &'a [u8],
        part: Range<usize>,
        syntax: Syntax,
        entries: &'a [Entry],
        facts: &'a Facts,
        vocabulary: &'a Vocabulary,
    ) -> Self {
        let mut file = Self {
            text,
            part,
            syntax,
            entries,
            pointing: Vec::new(),
            addresses: Vec::new(),
            facts,
            vocabulary,
        };
        if file.is_configuration() {
            file.pointing.extend(reference::pointing_of(entries));
            let pointing = file.pointing.iter().copied();
            file.addresses
                .extend(pointing.filter(|entry| reference::may_be_address(&entry.value)));
        }
        file
    }

    /// Whether it is configuration, and not source code or prose, where names of every environment stand for every one.
    fn is_configuration(&self) -> bool {
        !matches!(self.syntax, Syntax::Code | Syntax::Prose)
    }

    /// Where a part of an entry's value stands: the whole value where escapes hide the part.
    fn place(&self, entry: &Entry, part: &str) -> Range<usize> {
        let whole = self.text.get(entry.span.clone()).unwrap_or_default();
        // A slice of the value stands where it stands, so that a value of many parts is not searched for each of them.
        let offset = (part.as_ptr() as usize).wrapping_sub(entry.value.as_ptr() as usize);
        let here = offset..offset.saturating_add(part.len());
        let at = if whole.len() == entry.value.len() && whole.get(here) == Some(part.as_bytes()) {
            Some(offset)
        } else if whole.len() <= LARGEST_SEARCHED {
            memchr::memmem::find(whole, part.as_bytes())
        } else {
            None
        };
        match at {
            Some(at) if !part.is_empty() => {
                entry.span.start + at..entry.span.start + at + part.len()
            }
            _ => entry.span.clone(),
        }
    }

    /// Where the last `word` before an entry stands: the type of a block, which is a key and no entry.
    fn place_before(&self, entry: &Entry, word: &str) -> Range<usize> {
        // The headers of a block are near; a longer look would make a large file slow.
        let from = entry.span.start.saturating_sub(2_000);
        let before = self.text.get(from..entry.span.start).unwrap_or_default();
        match memchr::memmem::rfind(before, word.as_bytes()) {
            Some(at) => from + at..from + at + word.len(),
            None => entry.span.clone(),
        }
    }
}

pub use data::{Asked, Data, looked_at};
pub use record::is_alone;

/// Whether a statement of SQL in source code grants something. But for those and for policies nothing is told there, so that most
/// code need not be read for its literals.
pub fn grants(text: &[u8], syntax: Syntax) -> bool {
    identity::database::grants(text, syntax)
}

/// Whether a policy may be written out in a text.
pub fn may_state(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"Statement").any(|at| {
        let before = at.checked_sub(1).map(|before| text[before]);
        let quote = before.filter(|byte| matches!(byte, b'"' | b'\''));
        quote.is_some() && text.get(at + b"Statement".len()).copied() == quote
    })
}

/// Where a word in lower case stands in a text in any case.
fn places<'t>(text: &'t [u8], word: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    // By a letter that is rare in most languages, so that few places are looked at.
    let rare = b"zqjxkvbpygfwm".iter();
    let at = rare
        .filter_map(|rare| word.iter().position(|byte| byte == rare))
        .next()
        .unwrap_or(0);
    let known = word[at];
    memchr::memchr2_iter(known, known.to_ascii_uppercase(), text)
        .filter_map(move |found| found.checked_sub(at))
        .filter(move |&start| {
            let here = text.get(start..start + word.len());
            here.is_some_and(|here| here.eq_ignore_ascii_case(word))
        })
}

/// The production data in a text, whatever its format: asked once a file, and not once a part of it. Entries are not needed.
pub fn data(file: &File<'_>, asked: Asked) -> Data {
    data::look(file, asked)
}

/// Everything in a file that crosses the boundary, in the order of the file, each place once. Rights are looked for only where
/// `may_give_rights` says that a keyword of those rules stands in it.
pub fn crossings(file: &File<'_>, may_give_rights: bool) -> Vec<Crossing> {
    let mut crossings = Vec::new();
    let rights = if may_give_rights { RIGHTS } else { &[] };
    for look in REFERENCES.iter().chain(rights) {
        look(file, &mut crossings);
    }
    // What is proven goes before what its name says, and the smaller of two places before the larger.
    crossings.sort_by_key(|crossing| (crossing.span.start, !crossing.proven, crossing.span.end));
    let mut last = 0;
    crossings.retain(|crossing| {
        let is_first = crossing.span.start >= last;
        if is_first {
            last = crossing.span.end;
        }
        is_first
    });
    crossings
}
