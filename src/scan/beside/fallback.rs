//! The value that stands in for a variable that is not set: `${DB_PASSWORD:-x}` of a shell, `${api.key:x}` of Spring.

use std::ops::Range;

use super::Name;

/// Longer ones are expressions.
const LONGEST: usize = 256;

/// The default behind the name of a variable.
pub(super) fn beside(name: &Name<'_>) -> Option<Range<usize>> {
    if !name.text.as_bytes()[..name.span.start].ends_with(b"${") {
        return None;
    }
    let rest = name.from(name.span.end);
    // `:?` and `:+` say something else.
    let operator = match rest {
        [b':', b'-', ..] => 2,
        [b':', byte, ..] if !b"?+=}".contains(byte) => 1,
        _ => return None,
    };
    let start = name.span.end + operator;
    let rest = name.from(start);
    let len = rest
        .iter()
        .take(LONGEST)
        .position(|byte| b"}\n\r".contains(byte))?;
    let plain = rest[len] == b'}' && !rest[..len].iter().any(|byte| b"${\"'`".contains(byte));
    plain.then_some(start..start + len)
}
