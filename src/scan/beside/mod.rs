//! Values that stand beside the name of a secret in source code, scripts and prose: `setPassword("x")`, `--token x`,
//! `password := "x"`, `IDENTIFIED`-like words of SQL, `<password>x</password>`. Reads nothing but the surroundings of the
//! names that the prefilter hit, so a text without such names costs nothing. One file a form. Not here: configuration,
//! whose readers (`syntax`) know more; and what a value is worth (`scan::reason`).

mod column;
mod element;
mod fallback;
mod flag;
mod literal;
mod said;

use std::ops::Range;

/// Longer runs of letters are no names.
pub(super) const LONGEST_NAME: usize = 100;

/// A value and the name that it stands beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside<'t> {
    /// The name, as written.
    pub key: &'t str,
    /// The value, as written, without quotes.
    pub value: &'t str,
    /// Where the value stands.
    pub span: Range<usize>,
}

/// What a text is, as far as bare values are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bare {
    /// A bare value is a variable or an expression: source code.
    IsCode,
    /// A bare value may be a password that somebody wrote down: prose.
    IsSaid,
    /// Bare values have a reader of their own: configuration.
    IsRead,
}

/// A name that bears a secret, and what stands around it.
struct Name<'t> {
    text: &'t str,
    /// The name, without the hyphens of a flag.
    span: Range<usize>,
    /// Whether hyphens make it a flag.
    flag: bool,
    /// The quote around it, if it stands in quotes.
    quote: Option<u8>,
}

impl<'t> Name<'t> {
    /// The bytes from `at`.
    fn from(&self, at: usize) -> &'t [u8] {
        self.text.as_bytes().get(at..).unwrap_or_default()
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}

/// Whether two places stand in the same name. Keywords that overlap come in the order of their ends.
pub(super) fn same_name(bytes: &[u8], one: usize, other: usize) -> bool {
    let between = one.min(other)..one.max(other);
    between.len() < LONGEST_NAME && bytes[between].iter().all(|&byte| is_name(byte))
}

/// Calls `visit` with the values beside the names at `names`, offsets in `text` that increase.
pub fn read<'t>(text: &'t str, names: &[usize], bare: Bare, visit: &mut dyn FnMut(Beside<'t>)) {
    let mut end = 0;
    for &at in names {
        if at < end {
            continue;
        }
        let Some(name) = name_at(text, at) else {
            continue;
        };
        end = name.span.end;
        if names_no_value(&name) {
            continue;
        }
        if bare == Bare::IsCode && name.span.len() <= 3 && on_long_line(text, name.span.start) {
            continue;
        }
        let value = literal::beside(&name)
            .or_else(|| flag::beside(&name))
            .or_else(|| element::beside(&name))
            .or_else(|| fallback::beside(&name))
            .or_else(|| column::beside(&name))
            .or_else(|| match bare {
                Bare::IsSaid => said::beside(&name),
                Bare::IsCode => said::in_comment(&name).or_else(|| said::in_literal(&name)),
                Bare::IsRead => said::in_query(&name),
            });
        if let Some(span) = value.filter(|span| !span.is_empty())
            && let Some(value) = text.get(span.clone())
        {
            visit(Beside {
                key: &text[name.span.clone()],
                value,
                span,
            });
        }
    }
}

/// Whether a name stands in something longer whose parts hold no secret: the name of a resource
/// (`arn:aws:secretsmanager:eu-west-1:111122223333:secret:name`), or the address of a badge, whose token shows a picture
/// (`badge.svg?token=x`).
fn names_no_value(name: &Name<'_>) -> bool {
    let before = &name.text.as_bytes()[name.span.start.saturating_sub(200)..name.span.start];
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`()<>[]{}".contains(byte);
    let start = before
        .iter()
        .rposition(|byte| ends(byte))
        .map_or(0, |at| at + 1);
    let around = &before[start..];
    let is_badge = || {
        matches!(around.last(), Some(b'?' | b'&'))
            && [&b"badge"[..], b".svg?"]
                .iter()
                .any(|part| memchr::memmem::find(around, part).is_some())
    };
    around.starts_with(b"arn:") || is_badge()
}

/// Minifiers make names of two and three letters, and lines of thousands.
fn on_long_line(text: &str, at: usize) -> bool {
    at >= 1000 && memchr::memrchr(b'\n', &text.as_bytes()[at - 1000..at]).is_none()
}

fn name_at(text: &str, at: usize) -> Option<Name<'_>> {
    let bytes = text.as_bytes();
    let before = bytes[at.saturating_sub(LONGEST_NAME)..at]
        .iter()
        .rev()
        .take_while(|&&byte| is_name(byte))
        .count();
    let after = bytes[at..bytes.len().min(at + LONGEST_NAME)]
        .iter()
        .take_while(|&&byte| is_name(byte))
        .count();
    let (mut start, mut end) = (at - before, at + after);
    if end - start >= LONGEST_NAME {
        return None;
    }
    let hyphens = bytes[start..end]
        .iter()
        .take_while(|&&byte| byte == b'-')
        .count();
    start += hyphens;
    while start < end && bytes[start] == b'.' {
        start += 1;
    }
    // `password->`, `password.` at the end of a sentence.
    while end > start && matches!(bytes[end - 1], b'-' | b'.') {
        end -= 1;
    }
    if !text.is_char_boundary(start) || !text.is_char_boundary(end) || start >= end {
        return None;
    }
    let quote = start
        .checked_sub(1)
        .map(|before| bytes[before])
        .filter(|byte| b"\"'`".contains(byte) && bytes.get(end) == Some(byte));
    Some(Name {
        text,
        span: start..end,
        flag: hyphens > 0 && (start == hyphens || !is_name(bytes[start - hyphens - 1])),
        quote,
    })
}

/// The number of bytes of blanks at the beginning.
fn blanks(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|&&byte| matches!(byte, b' ' | b'\t'))
        .count()
}

#[cfg(test)]
mod tests;
