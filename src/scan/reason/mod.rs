//! What is no secret although it stands where one would, and why: one file a group of reasons. [`of_value`] asks them in
//! order, the certain ones first; the first that speaks is the answer. Not here: which keys bear secrets (`rules/builtin/
//! generic.toml`), and where values stand (`syntax`, `scan::beside`).

mod code;
mod constant;
mod encrypted;
mod key;
mod pair;
mod path;
mod placeholder;
mod reference;
mod words;

use crate::model::words_of;
use crate::rules::schema::Value;
use crate::scan::Candidate;

pub use placeholder::documentation_example;

/// Why a candidate is not believed. Each has a stable [`code`](Reason::code) and a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing, or too short to be anything.
    Short,
    /// Filled in later: `${DB_PASSWORD}`, `{{ vault_x }}`, `%(x)s`, `process.env.X`.
    Reference,
    /// A stand-in: `changeme`, `<password>`, `xxxxx`, `your-key-here`.
    Placeholder,
    /// A boolean, null, or a small number.
    Constant,
    /// Already encrypted or hashed: `ENC[...]`, `$2b$...`.
    Encrypted,
    /// The digest of some content: `sha256:...`, `sha512-...`.
    Digest,
    /// A file name or an address without credentials.
    Path,
    /// A name or a sentence made of plain words: `my-app-secret`, `Please enter a password`.
    Words,
    /// A well-known default: `postgres`, `guest`.
    Default,
    /// An expression, a pattern or a selector of a programming language.
    Code,
    /// An example from a vendor's documentation.
    Documentation,
    /// A value that repeats the name of its key.
    KeyName,
    /// A date, a version, a duration, a size.
    Measure,
    /// Its key says that everybody may have it: `PublicKeyToken`, `NEXT_PUBLIC_API_KEY`; or it is a public key.
    Public,
    /// A token that names a place and not a person: `ContinuationToken`, `next_page_token`.
    Passing,
    /// Its check digits are wrong, so its provider did not issue it.
    Checksum,
    /// The rule asks for a word near it, and there is none.
    Context,
    /// Less random than the rule asks for.
    Entropy,
    /// An `allow` of the rule holds.
    Allowed,
    /// The rule is for files of other paths.
    OtherPath,
}

impl Reason {
    /// Every reason, in the order of their names.
    pub const ALL: [Self; 20] = [
        Self::Allowed,
        Self::Checksum,
        Self::Code,
        Self::Constant,
        Self::Context,
        Self::Default,
        Self::Digest,
        Self::Documentation,
        Self::Encrypted,
        Self::Entropy,
        Self::KeyName,
        Self::Measure,
        Self::OtherPath,
        Self::Passing,
        Self::Path,
        Self::Placeholder,
        Self::Public,
        Self::Reference,
        Self::Short,
        Self::Words,
    ];

    /// The stable name, for statistics and machine output.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Checksum => "checksum",
            Self::Code => "code",
            Self::Constant => "constant",
            Self::Context => "context",
            Self::Default => "default",
            Self::Digest => "digest",
            Self::Documentation => "documentation",
            Self::Encrypted => "encrypted",
            Self::Entropy => "entropy",
            Self::KeyName => "key-name",
            Self::Measure => "measure",
            Self::OtherPath => "other-path",
            Self::Passing => "passing",
            Self::Path => "path",
            Self::Placeholder => "placeholder",
            Self::Public => "public",
            Self::Reference => "reference",
            Self::Short => "short",
            Self::Words => "words",
        }
    }

    /// One sentence for people, without the value.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Allowed => "an `allow` of the rule says that it is none",
            Self::Checksum => "its check digits are wrong: its provider did not issue it",
            Self::Code => "it is an expression, a pattern or a selector, not a literal value",
            Self::Constant => "it is a boolean, nothing, a small number or the name of a method",
            Self::Context => "none of the words that the rule asks for stands near it",
            Self::Default => "it is a well-known default, which opens nothing by itself",
            Self::Digest => "it is the digest of some content, which opens nothing",
            Self::Documentation => "it is an example from documentation",
            Self::Encrypted => "it is encrypted or hashed",
            Self::Entropy => "it is less random than the rule asks for",
            Self::KeyName => "it repeats the name of its key",
            Self::Measure => "it is a date, a version, a duration or a size",
            Self::OtherPath => "the rule is for files of other paths",
            Self::Passing => "its key names a place in a list or a form, not a person's right",
            Self::Path => "it is a file name or an address without credentials",
            Self::Placeholder => "it is a stand-in for a value",
            Self::Public => "its key or its form says that everybody may have it",
            Self::Reference => "it refers to a value that is filled in elsewhere",
            Self::Short => "it is too short to be a credential of this kind",
            Self::Words => "it is a name or a sentence of plain words",
        }
    }
}

/// A value beside a secret-bearing key.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'v> {
    /// The normalised key: `db_password`.
    pub key: &'v str,
    /// The value, unescaped.
    pub value: &'v str,
    /// Whether it stands in quotes, so that it cannot be an expression.
    pub quoted: bool,
    /// What the key asks for.
    pub kind: Value,
}

/// Why a value is no secret; `None` where it is believed to be one.
pub fn of_value(asked: &Asked<'_>) -> Option<Reason> {
    let text = asked.value.trim();
    if text.chars().count() < 4 {
        return Some(Reason::Short);
    }
    let lower = text.to_lowercase();
    key::says(asked.key)
        .or_else(|| says_by_itself(text, &lower))
        .or_else(|| key::repeated(asked.key, text))
        .or_else(|| key::says_of(asked.key, text))
        .or_else(|| code::says(text, asked.quoted))
        .or_else(|| placeholder::of_everybody(text, &lower, asked.kind))
        .or_else(|| constant::measures(&lower))
        .or_else(|| documentation_example(text.as_bytes()).then_some(Reason::Documentation))
        .or_else(|| pair::says(text))
        .or_else(|| words::says(asked.key, text, asked.kind))
}

/// What a value says whatever its key.
fn says_by_itself(text: &str, lower: &str) -> Option<Reason> {
    reference::says(text, lower)
        .or_else(|| placeholder::says(text, lower))
        .or_else(|| constant::says(lower))
        .or_else(|| encrypted::says(text, lower))
        .or_else(|| path::says(text, lower))
}

/// Why what a pattern found in a text is no secret after all: a stand-in in a URL (`postgres://user:<password>@host`), a
/// variable behind `Bearer`.
///
/// A value that carries its format's label refers to nothing, even where it starts like a variable (`$aact_prod_...`); one that
/// has nothing but its length does where a template opens before it.
pub fn of_match(candidate: &Candidate<'_, '_>, bytes: &[u8]) -> Option<Reason> {
    let rule = candidate.rule;
    let text = std::str::from_utf8(candidate.secret.expose()).ok()?;
    let labelled = rule.marker(text.as_bytes()).is_some();
    if rule.pattern.contains("(?P<key>") && !labelled {
        let reason = by_key(candidate, &bytes[..candidate.span.start], text);
        if reason.is_some() {
            return reason;
        }
    }
    if rule.value != Value::Format {
        return of_value(&Asked {
            key: "",
            value: text,
            quoted: true,
            kind: rule.value,
        });
    }
    let lower = text.to_lowercase();
    reference::says(text, &lower)
        .filter(|_| !labelled)
        .or_else(|| placeholder::says(text, &lower))
        .or_else(|| placeholder::of_everybody(text, &lower, Value::Format))
        .or_else(|| placeholder::of_this_machine(candidate, text))
        .or_else(|| (rule.issued && words::is_named(text)).then_some(Reason::Words))
        .or_else(|| words::is_identifier(text).then_some(Reason::Words))
        // `amqp://my_user:my_password@host`.
        .or_else(|| (!rule.issued && words::is_name_of_secret(text)).then_some(Reason::Words))
}

/// What the key of a value without a shape says (`"hashed_secret": "..."`), a template that opens before it, and the form of a
/// digest where the provider's values have capitals: no 32 random characters of 62 are all of the 16 of a digest.
fn by_key(candidate: &Candidate<'_, '_>, before: &[u8], text: &str) -> Option<Reason> {
    if reference::opens(before) {
        return Some(Reason::Reference);
    }
    let is_digest = || {
        let mixed = candidate
            .rule
            .pattern
            .split("(?P<secret>")
            .nth(1)
            .is_some_and(|value| value.starts_with("[A-Za-z"));
        mixed && text.len() >= 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    if is_digest() {
        return Some(Reason::Digest);
    }
    // The whole name: a rule's key may begin in the middle of it.
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let end = before.iter().rposition(is_name)? + 1;
    let len = before[..end]
        .iter()
        .rev()
        .take_while(|byte| is_name(byte))
        .count();
    let name = std::str::from_utf8(&before[end - len.min(100)..end]).ok()?;
    key::says(&words_of(name).join("_")).filter(|&reason| reason == Reason::Encrypted)
}

fn most_frequent(bytes: &[u8]) -> usize {
    let mut counts = [0_usize; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    counts.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
