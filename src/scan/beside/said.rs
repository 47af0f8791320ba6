//! Prose and comments: `Password: x` at the end of a line, `the password is x`. With caution: a bare word counts only where it
//! cannot be one of a tongue.

use std::ops::Range;

use super::{Name, blanks, literal::closes};

/// What comments begin with.
const COMMENTS: [&[u8]; 7] = [b"#", b"//", b"*", b"--", b"/*", b";", b"<!--"];

/// The bare word behind a name, in prose.
pub(super) fn beside(name: &Name<'_>) -> Option<Range<usize>> {
    let mut at = name.span.end;
    // `**Password**: x`, `` `password`: x ``.
    at += name
        .from(at)
        .iter()
        .take_while(|byte| b"*`_\"'".contains(byte))
        .count();
    at += blanks(name.from(at));
    let rest = name.from(at);
    at += match rest {
        [b':' | b'=', b'=' | b':' | b'/' | b'>', ..] => return None,
        // `| password | x |`
        [b':' | b'=' | b'|', ..] => 1,
        _ if rest.starts_with(b"is ") => 3,
        // "the password `x`".
        // "Pass `x` to the call" is about something else.
        [b'`', byte, ..] if !byte.is_ascii_whitespace() && !is_verb(name) => 0,
        _ => return None,
    };
    at += name
        .from(at)
        .iter()
        .take_while(|byte| b"*` \t".contains(byte))
        .count();
    let rest = name.from(at);
    let len = rest
        .iter()
        .take(128)
        .take_while(|byte| !byte.is_ascii_whitespace() && !b"\"'`,;|<>()".contains(byte))
        .count();
    let word = &rest[..len];
    // The end of a sentence is none of the word.
    let len = len
        - word
            .iter()
            .rev()
            .take_while(|byte| b".:*".contains(byte))
            .count();
    let word = &rest[..len];
    let odd = word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic)
        || word.iter().any(|byte| b"!@#$%^&+=".contains(byte));
    let is_call = rest.get(len).is_some_and(|byte| b"(<>\"'".contains(byte));
    (odd && !is_call).then_some(at..at + len)
}

fn is_verb(name: &Name<'_>) -> bool {
    name.text[name.span.clone()].eq_ignore_ascii_case("pass")
}

/// The same on a line that is a comment of source code.
pub(super) fn in_comment(name: &Name<'_>) -> Option<Range<usize>> {
    let before = &name.text.as_bytes()[name.span.start.saturating_sub(256)..name.span.start];
    let line = memchr::memrchr2(b'\n', b'\r', before).map_or(before, |end| &before[end + 1..]);
    let line = line.trim_ascii_start();
    let is_comment = COMMENTS.iter().any(|mark| line.starts_with(mark));
    is_comment.then(|| beside(name)).flatten()
}

/// A parameter of a form or an address: `client_id=shop&client_secret=x`. Readers of configuration take the whole for one value.
pub(super) fn in_query(name: &Name<'_>) -> Option<Range<usize>> {
    let before = name.text.as_bytes()[..name.span.start].last();
    matches!(before, Some(b'&' | b'?'))
        .then(|| in_literal(name))
        .flatten()
}

/// A part of a connection string inside a literal: `"host=db password=x"`, `"Server=db;Pwd=x;"`.
pub(super) fn in_literal(name: &Name<'_>) -> Option<Range<usize>> {
    let start = name.span.end + 1;
    let rest = name.from(start);
    let inside = || {
        [b'"', b'\'']
            .iter()
            .any(|&quote| closes(name, name.span.start, quote))
    };
    if name.from(name.span.end).first() != Some(&b'=') || !inside() {
        return None;
    }
    let len = rest
        .iter()
        .take(128)
        .take_while(|byte| !byte.is_ascii_whitespace() && !b"\"'`;&,<>(){}".contains(byte))
        .count();
    let word = &rest[..len];
    let odd = word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic);
    let ends = rest.get(len).is_some_and(|byte| b" ;&\"'".contains(byte));
    (odd && ends && !word.contains(&b'%')).then_some(start..start + len)
}
