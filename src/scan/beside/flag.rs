//! Flags and variables of command lines: `--password x`, `--token=x`, `-storepass x`, `PGPASSWORD=x psql`.

use std::ops::Range;

use super::{Name, blanks};

/// Where a bare word of a shell ends.
const ENDS: &[u8] = b" \t\r\n\"'`;|&<>(),";

/// The bare word behind a flag.
pub(super) fn beside(name: &Name<'_>) -> Option<Range<usize>> {
    if !name.flag {
        return variable(name);
    }
    let mut at = name.span.end;
    let gap = blanks(name.from(at));
    if name.from(at).first() == Some(&b'=') {
        at += 1;
    } else if gap > 0 {
        at += gap;
    } else if name.quote.is_none()
        && name
            .from(at)
            .first()
            .is_some_and(|byte| b"\"'".contains(byte))
    {
        // An argument vector: `"--password", "x"`.
        return vector(name, at);
    } else {
        return None;
    }
    let rest = name.from(at);
    let len = rest
        .iter()
        .take(256)
        .take_while(|byte| !ENDS.contains(byte))
        .count();
    // Another flag, a variable, a part of a usage text.
    (!rest.starts_with(b"-") && !rest.starts_with(b"[") && !rest.starts_with(b"$"))
        .then_some(at..at + len)
}

fn vector(name: &Name<'_>, at: usize) -> Option<Range<usize>> {
    let quote = *name.from(at).first()?;
    let mut open = at + 1 + blanks(name.from(at + 1));
    if name.from(open).first() != Some(&b',') {
        return None;
    }
    open += 1;
    open += blanks(name.from(open));
    if name.from(open).first() != Some(&quote) {
        return None;
    }
    let len = name
        .from(open + 1)
        .iter()
        .take(256)
        .position(|&byte| byte == quote)?;
    (!name.from(open + 1).starts_with(b"-")).then_some(open + 1..open + 1 + len)
}

/// `PGPASSWORD=x psql`: a variable for one command, whose value ends where the command begins.
fn variable(name: &Name<'_>) -> Option<Range<usize>> {
    let key = &name.text[name.span.clone()];
    let is_variable = key
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_variable || name.from(name.span.end).first() != Some(&b'=') {
        return None;
    }
    let start = name.span.end + 1;
    let rest = name.from(start);
    let len = rest
        .iter()
        .take(256)
        .take_while(|byte| !ENDS.contains(byte))
        .count();
    let commands =
        rest.get(len) == Some(&b' ') && rest.get(len + 1).is_some_and(u8::is_ascii_alphabetic);
    (commands && !rest.starts_with(b"$")).then_some(start..start + len)
}
