//! Expressions, patterns and selectors of programming languages.

use super::{Reason, words};

pub(super) fn says(text: &str, quoted: bool) -> Option<Reason> {
    (is_between_literals(text) || is_pattern(text) || !quoted && is_expression(text))
        .then_some(Reason::Code)
}

/// The code between two literals, taken for one: `"password=" + value + "&x"`.
fn is_between_literals(text: &str) -> bool {
    let trimmed = text.trim_start();
    (trimmed.len() < text.len() || text.starts_with(['+', ',', ')', ';']))
        && trimmed.starts_with(['+', ',', ')', ';', '.', '&', '=', '?', '|', '}'])
        || text.starts_with("+ ")
        || text.contains(" + ")
        || text.contains("\" ")
}

/// Regular expressions, format strings, markup and selectors; quotes make no difference to them.
fn is_pattern(text: &str) -> bool {
    const PARTS: [&str; 22] = [
        "[^", "[a-z", "[A-Z", "[0-9", ".*", ".+", "\\w", "\\d", "\\s", "\\S", "(?:", "(?P", "</",
        "/>", "<br", "{0}", "{1}", "{}", "=>", "&&", "||", "%d",
    ];
    let sized = || {
        let (name, rest) = text.split_once('(').unwrap_or(("", ""));
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphabetic())
            && rest
                .trim_end_matches(')')
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b',')
            && rest.ends_with(')')
    };
    let selector = || {
        text.strip_prefix(['#', '.', '@', '-', ':'])
            .is_some_and(|name| {
                !name.is_empty() && name.bytes().all(is_selector) && words::is_spoken(name)
            })
    };
    PARTS.iter().any(|part| text.contains(part))
        || sized()
        || selector()
        || is_validation(text)
        || is_escape(text)
        || is_class_of_module(text)
}

/// `required|string|min:8`.
fn is_validation(text: &str) -> bool {
    let mut parts = text.split('|');
    text.matches('|').count() >= 2
        && parts.all(|part| {
            let (name, of) = part.split_once(':').unwrap_or((part, ""));
            name.len() >= 2
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                && of
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_,.".contains(&byte))
        })
}

/// `\x07`, `\u001b[0m`: a control character.
fn is_escape(text: &str) -> bool {
    text.starts_with("\\x") && text.len() == 4
        || text.starts_with("\\u00")
        || text.starts_with("\\x1")
}

/// `_3xYzAbC`: what a bundler makes of the name of a class.
fn is_class_of_module(text: &str) -> bool {
    text.len() == 8
        && text.strip_prefix('_').is_some_and(|rest| {
            rest.starts_with(|character: char| character.is_ascii_digit())
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn is_selector(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || b"-_.# :".contains(&byte)
}

fn is_expression(text: &str) -> bool {
    let identifier = |part: &str| {
        !part.is_empty()
            && !part.starts_with(|character: char| character.is_ascii_digit())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_$?!".contains(&byte))
    };
    // `config.password`, `self.token`, `Foo::bar`, `a->b`: identifiers joined by member access, few digits.
    let joined = text.replace("->", ".").replace("::", ".");
    let parts: Vec<&str> = joined.split('.').collect();
    if parts.len() > 1 && parts.iter().all(|part| identifier(part)) && !words::mixes_classes(text) {
        return true;
    }
    let opened_by = |bracket: char, more: &[u8]| {
        text.find(bracket).is_some_and(|at| {
            at > 0
                && text[..at].bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || b"_.".contains(&byte) || more.contains(&byte)
                })
        })
    };
    opened_by('(', b":>-")
        || opened_by('[', b"") && text.contains(']')
        || text.starts_with(['{', '(', '&'])
        // `[NullString]::Value`
        || text.starts_with('[') && text.contains("]::")
}
