//! Conditions of template engines and preprocessors around a value: `{% if %}`, `{{- if }}`, `<% if %>`, `#if`.

use crate::model::Vocabulary;

use super::Told;
use super::header::{Header, Said};

/// Directives before a value that are looked at.
const MOST: usize = 400;
/// Longer ones are no conditions that could be read.
const LONGEST: usize = 300;

enum Directive<'t> {
    Open(&'t str),
    /// `else`, `elif x`.
    Turn(&'t str),
    Close,
}

pub(super) fn of(before: &[u8], vocabulary: &Vocabulary) -> Option<Told> {
    let (mut depth, mut is_other) = (0_usize, false);
    for directive in directives(before).into_iter().rev() {
        let condition = match directive {
            Directive::Close => {
                depth += 1;
                continue;
            }
            Directive::Open(_) if depth > 0 => {
                depth -= 1;
                continue;
            }
            // Another branch stands between this condition and the value.
            Directive::Open(_) if std::mem::take(&mut is_other) => continue,
            Directive::Open(condition) => condition,
            Directive::Turn(_) if depth > 0 || is_other => continue,
            Directive::Turn(condition) => {
                is_other = true;
                condition
            }
        };
        match Header::condition(condition).read(vocabulary) {
            Said::Tier(tier, strength, word) => return Some((tier, strength, word)),
            Said::Nothing => {}
            Said::Stop => return None,
        }
    }
    None
}

/// The directives of a text that open, turn or close a block, in their order.
fn directives(text: &[u8]) -> Vec<Directive<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = memchr::memchr3(b'{', b'<', b'#', &text[at..]) {
        let begin = at + next;
        at = begin + 1;
        let rest = &text[begin..];
        let is_first_of_line = || {
            text[..begin]
                .iter()
                .rev()
                .find(|byte| !matches!(byte, b' ' | b'\t'))
                .is_none_or(|&byte| byte == b'\n')
        };
        let (inner, end): (&[u8], &[u8]) = match rest {
            [b'{', b'%', inner @ ..] => (inner, b"%}"),
            [b'{', b'{', inner @ ..] => (inner, b"}}"),
            [b'<', b'%', inner @ ..] => (inner, b"%>"),
            [b'#', inner @ ..] if is_first_of_line() => (inner, b"\n"),
            _ => continue,
        };
        let reach = &inner[..inner.len().min(LONGEST)];
        let Some(len) = memchr::memmem::find(reach, end) else {
            continue;
        };
        let Ok(inner) = std::str::from_utf8(&reach[..len]) else {
            continue;
        };
        at = begin + rest.len() - (rest.len() - len) + end.len().min(2);
        let of_line = end == b"\n";
        if let Some(directive) = directive(inner, of_line) {
            found.push(directive);
        }
        if found.len() > MOST {
            found.drain(..MOST / 2);
        }
    }
    found
}

fn directive(inner: &str, of_line: bool) -> Option<Directive<'_>> {
    let inner = inner.trim_matches(['-', '~', '=', '#', ' ', '\t', '\r', '+']);
    let len = inner
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '/' || c == '_'))
        .unwrap_or(inner.len());
    let (word, rest) = inner.split_at(len);
    // A comment may begin with `if`; a line of a preprocessor has its word right behind the mark.
    Some(match (word, of_line) {
        ("if" | "ifdef", true) if !rest.contains(": ") => Directive::Open(rest),
        ("ifndef", true) => Directive::Open(""),
        ("elif" | "elseif", true) => Directive::Turn(rest),
        ("else", true) if rest.trim().is_empty() => Directive::Turn(""),
        ("endif", true) => Directive::Close,
        (_, true) => return None,
        ("if", _) => Directive::Open(rest),
        (
            "unless" | "range" | "with" | "define" | "block" | "for" | "each" | "macro" | "call"
            | "filter" | "raw",
            _,
        ) => Directive::Open(""),
        (_, _) if rest.ends_with(" do") => Directive::Open(""),
        ("else", _) => Directive::Turn(rest.trim_start().strip_prefix("if ").unwrap_or("")),
        ("elif" | "elsif" | "elseif", _) => Directive::Turn(rest),
        (word, _) if word.starts_with("end") || word.starts_with('/') => Directive::Close,
        _ => return None,
    })
}
