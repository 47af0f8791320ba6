//! Lines as they stand in the file, for the formats that are read line by line.

use super::{Entry, Meaning, lines};

/// Where the text begins: behind a byte order mark.
pub(super) fn start(text: &str) -> usize {
    if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    }
}

/// Where the line that holds `at` ends. A NUL ends one too: what stands on both sides of it belongs together least of all.
pub(super) fn end(text: &str, at: usize) -> usize {
    memchr::memchr3(b'\n', b'\r', 0, &text.as_bytes()[at..]).map_or(text.len(), |len| at + len)
}

/// Where the line after one that ends at `end` begins.
pub(super) fn next(text: &str, end: usize) -> usize {
    match text.as_bytes()[end..] {
        [b'\r', b'\n', ..] => end + 2,
        [] => end,
        _ => end + 1,
    }
}

/// The first byte at or behind `at` that is neither space nor tab.
pub(super) fn skip_blank(text: &str, at: usize) -> usize {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    at + text.as_bytes()[at..]
        .iter()
        .take_while(|byte| blank(byte))
        .count()
}

/// Whether a line is one of a template engine or of an unfinished merge: then the file is not of its format yet.
pub(super) fn is_foreign(line: &str) -> bool {
    ["{{", "{%", "{#", "<%", "<<<<<<< ", ">>>>>>> "]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// Adds the settings that were commented out: they still hold their values. `comment` begins at `offset` of the file.
pub(super) fn add_commented_out(
    comment: &str,
    offset: usize,
    section: &[String],
    entries: &mut Vec<Entry>,
) {
    if !lines::has_assignment_like(comment) {
        return;
    }
    add_loose(comment, offset, section, entries);
}

/// Adds what looks like assignments in a line that its format does not explain.
pub(super) fn add_loose(line: &str, offset: usize, section: &[String], entries: &mut Vec<Entry>) {
    for (key, value, quoted) in lines::assignments(line) {
        let mut path = section.to_vec();
        path.push(key.to_owned());
        entries.push(Entry {
            path,
            value: line[value.clone()].to_owned(),
            span: offset + value.start..offset + value.end,
            quoted,
            meaning: Meaning::Literal,
        });
    }
}

/// A key of at most 256 bytes: it is written down with every entry below it, and a hostile one is a megabyte.
pub(super) fn key(text: &str) -> String {
    let mut end = text.len().min(256);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// `"value"` and `'value'` without their quotes, and whether there were any.
pub(super) fn unquoted(text: &str, span: std::ops::Range<usize>) -> (std::ops::Range<usize>, bool) {
    let bytes = &text.as_bytes()[span.clone()];
    match bytes {
        [b'"', inner @ .., b'"'] if !ends_in_escape(inner) => (span.start + 1..span.end - 1, true),
        [b'\'', .., b'\''] => (span.start + 1..span.end - 1, true),
        _ => (span, false),
    }
}

/// Whether an odd number of backslashes ends the bytes.
pub(super) fn ends_in_escape(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'\\')
        .count()
        % 2
        == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_is_one() {
        let text = "a\r\nb\rc\0d\n\ne";
        let (mut at, mut lines) = (0, Vec::new());
        while at < text.len() {
            let end = end(text, at);
            lines.push(&text[at..end]);
            at = next(text, end);
        }
        assert_eq!(lines, ["a", "b", "c", "d", "", "e"]);
    }

    #[test]
    fn quotes_are_taken_off_in_pairs() {
        for (text, inner) in [
            ("\"a b\"", "a b"),
            ("'a'", "a"),
            ("\"", "\""),
            ("\"\"", ""),
            ("\"a\\\"", "\"a\\\""),
            ("\"a\\\\\"", "a\\\\"),
            ("'a\"", "'a\""),
        ] {
            assert_eq!(&text[unquoted(text, 0..text.len()).0], inner);
        }
    }
}
