//! The masked excerpt of a line, made while the blob is at hand, and the redaction of names. What leaves here is text
//! without the value: the key before it, the issuer's public prefix, and a mask.

use std::ops::Range;

use crate::model::{Excerpt, Secret};
use crate::rules::{Kind, Rule};

use super::Scanner;
use super::likeness::{RANDOM, randomness};

/// Stands for the value.
pub const MASK: &str = "****";

/// The longest key that is shown before the mask, in bytes.
const KEY: usize = 60;

/// The masked excerpt for the value at `span`.
///
/// Nothing of the line is shown but the key directly before the value and the quote after it: a line may hold other
/// secrets that no rule knows.
pub fn excerpt(bytes: &[u8], span: &Range<usize>, rule: &Rule) -> Excerpt {
    // A longer key is not shown, so no more of a long line is looked at.
    let near = span.start.saturating_sub(4 * KEY);
    let line_start = near + super::lines::start(&bytes[near..], span.start - near);
    let before = &bytes[line_start..span.start];
    let separator = before
        .iter()
        .rposition(|&byte| !b" \t\"'`=:>|(,".contains(&byte))
        .map_or(0, |at| at + 1);
    let key = before[..separator]
        .iter()
        .rposition(|&byte| !(byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)))
        .map_or(0, |at| at + 1);
    let shown = &before[key..];
    let shown = if shown.len() > KEY || looks_random(&before[key..separator]) {
        &before[separator..]
    } else {
        shown
    };
    let cut = before[..before.len() - shown.len()]
        .iter()
        .any(|byte| !byte.is_ascii_whitespace());
    let mut text = String::new();
    if cut {
        text.push('…');
    }
    text.extend(String::from_utf8_lossy(shown).chars().map(printable));
    let start = text.len();
    text.push_str(public_prefix(&bytes[span.clone()], rule));
    text.push_str(MASK);
    let end = text.len();
    if let Some(quote) = bytes.get(span.end).filter(|byte| b"\"'`".contains(byte)) {
        text.push(*quote as char);
    }
    Excerpt { text, start, end }
}

/// The excerpt of what is no secret: the key and, of the value, what no rule takes for a secret.
pub fn excerpt_of_pointer(
    scanner: &Scanner<'_>,
    bytes: &[u8],
    span: &Range<usize>,
    rule: &Rule,
) -> Excerpt {
    let Excerpt {
        mut text,
        start,
        end,
    } = excerpt(bytes, span, rule);
    let value = String::from_utf8_lossy(&bytes[span.clone()]);
    let line = value.lines().next().unwrap_or_default();
    let mut shown: String = redact(scanner, line, &[])
        .chars()
        .map(printable)
        .take(LONGEST_POINTER)
        .collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    text.replace_range(start..end, &shown);
    Excerpt {
        text,
        start,
        end: start + shown.len(),
    }
}

/// The excerpt of what is somebody's data: nothing of the line, whose other columns are theirs too.
pub fn excerpt_of_data() -> Excerpt {
    Excerpt {
        text: format!("…{MASK}"),
        start: '…'.len_utf8(),
        end: '…'.len_utf8() + MASK.len(),
    }
}

/// The longest pointer that is shown whole, in characters.
const LONGEST_POINTER: usize = 80;

/// The part of an issued value that its issuer made public: the keyword it starts with.
fn public_prefix<'v>(value: &'v [u8], rule: &Rule) -> &'v str {
    if rule.kind == Kind::Generic {
        return "";
    }
    rule.keywords
        .iter()
        .map(String::len)
        .filter(|&len| len * 2 <= value.len() && len <= 16)
        .filter(|&len| {
            rule.keywords
                .iter()
                .any(|keyword| value[..len].eq_ignore_ascii_case(keyword.as_bytes()))
        })
        .max()
        .and_then(|len| std::str::from_utf8(&value[..len]).ok())
        .unwrap_or("")
}

/// Whether what stands before a value is rather another value than the name of its key.
fn looks_random(run: &[u8]) -> bool {
    let mixed = run.iter().any(u8::is_ascii_digit) && run.iter().any(u8::is_ascii_alphabetic);
    run.len() >= 16 && mixed
        || run.len() >= 12 && randomness(&String::from_utf8_lossy(run)) >= RANDOM
}

fn printable(character: char) -> char {
    let is_bidi = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || is_bidi {
        ' '
    } else {
        character
    }
}

/// Masks every secret in a name: a path, a ref, a key. Each of `known`, and each issued value that a rule finds there.
pub fn redact(scanner: &Scanner<'_>, name: &str, known: &[Secret<'_>]) -> String {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for secret in known {
        let value = secret.expose();
        if value.len() >= 4 {
            let found = name.as_bytes().windows(value.len()).enumerate();
            spans.extend(
                found
                    .filter(|(_, window)| *window == value)
                    .map(|(at, window)| at..at + window.len()),
            );
        }
    }
    // Once as it stands, and once with each component on a line of its own: in a path, `/` separates; in a value, it may not.
    let components = name.replace('/', "\n");
    for text in [name, &components] {
        // A pattern that does not compile has already stopped the run when the content was searched.
        if let Ok(searched) = scanner.search(text.as_bytes()) {
            let issued = searched.issued.iter();
            spans.extend(issued.filter(|c| !c.rule.public).map(|c| c.span.clone()));
        }
    }
    if spans.is_empty() {
        return name.to_owned();
    }
    spans.sort_by_key(|span| span.start);
    let mut text = Vec::new();
    let mut at = 0;
    for span in spans {
        if span.start >= at {
            text.extend_from_slice(&name.as_bytes()[at..span.start]);
            text.extend_from_slice(MASK.as_bytes());
        }
        at = at.max(span.end);
    }
    text.extend_from_slice(&name.as_bytes()[at..]);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{builtin, template::expand};

    fn rule(id: &str) -> &'static Rule {
        builtin()
            .iter()
            .flat_map(|pack| &pack.rules)
            .find(|rule| rule.id == id)
            .expect("rule")
    }

    #[test]
    fn the_key_and_the_public_prefix_stay() {
        let value = expand("sk_live_{alnum:24}", 3).expect("template");
        let line = format!("first: 1\n  stripe_key: \"{value}\" # mine\n");
        let start = line.find(&value).expect("there");
        let span = start..start + value.len();
        let excerpt = excerpt(line.as_bytes(), &span, rule("stripe-secret-key"));
        assert_eq!(excerpt.text, "stripe_key: \"sk_live_****\"");
        assert_eq!(&excerpt.text[excerpt.start..excerpt.end], "sk_live_****");
    }

    #[test]
    fn nothing_else_of_the_line_is_shown() {
        let text = "other=hunter2hunter2,password=swordfish9;x";
        let start = text.find("swordfish9").expect("there");
        let excerpt = excerpt(
            text.as_bytes(),
            &(start..start + 10),
            rule("generic-password"),
        );
        assert_eq!(excerpt.text, "…password=****");
    }

    #[test]
    fn names_are_redacted() {
        let scanner = Scanner::new(builtin());
        let value = expand("sk_live_{alnum:24}", 3).expect("template");
        assert_eq!(redact(&scanner, &format!("a/{value}/b"), &[]), "a/****/b");
        assert_eq!(
            redact(&scanner, "a/swordfish9.yml", &[Secret::new(b"swordfish9")]),
            "a/****.yml"
        );
        assert_eq!(redact(&scanner, "a/b.yml", &[]), "a/b.yml");
    }
}
