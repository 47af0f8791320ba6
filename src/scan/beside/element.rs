//! Elements of markup: `<password>x</password>`, `<dbPassword>x</dbPassword>`.

use std::ops::Range;

use super::Name;

/// The text of an element that a name names.
pub(super) fn beside(name: &Name<'_>) -> Option<Range<usize>> {
    let before = &name.text.as_bytes()[name.span.start.saturating_sub(32)..name.span.start];
    // `<ns:password>`: a prefix belongs to the name.
    let opens = before
        .iter()
        .rev()
        .find(|byte| !byte.is_ascii_alphanumeric() && **byte != b':')
        == Some(&b'<');
    if !opens || name.from(name.span.end).first() != Some(&b'>') {
        return None;
    }
    let start = name.span.end + 1;
    let rest = name.from(start);
    let len = rest.iter().take(512).position(|&byte| byte == b'<')?;
    rest[len..].starts_with(b"</").then_some(start..start + len)
}
