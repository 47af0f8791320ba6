//! What terminals are told in the middle of a text (ECMA-48 control sequences: `ESC [ 31 m`), as captured logs hold it. Its
//! last letter would touch a value, and a highlighted part would cut one. The piece is the line.

use std::ops::Range;

const ESC: u8 = 0x1b;

/// Calls `visit` with every line that holds a control sequence.
pub(super) fn find(text: &[u8], visit: &mut dyn FnMut(Range<usize>)) {
    let mut from = 0;
    while let Some(offset) = memchr::memchr(ESC, &text[from..]) {
        let at = from + offset;
        if sequence(&text[at..]).is_none() {
            from = at + 1;
            continue;
        }
        let start = text[..at]
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
        visit(start..end);
        from = end;
    }
}

/// The length of the control sequence that `text` starts with.
fn sequence(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(&[ESC, b'['])?;
    // Parameters and intermediate bytes, then one that ends it. Nobody sends many.
    let last = rest.iter().take(32).position(|byte| *byte >= 0x40)?;
    let parameters = rest[..last].iter().all(|byte| *byte >= 0x20);
    (parameters && rest[last] < 0x7f).then_some(last + 3)
}

/// The line without its control sequences.
pub(super) fn open(line: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        if let Some(len) = sequence(&line[at..]) {
            at += len;
        } else {
            bytes.push(line[at]);
            at += 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{find, open};

    #[test]
    fn lines_are_freed_of_colours() {
        let text =
            b"plain\na \x1b[01;31m\x1b[Kred\x1b[m\x1b[K_and\x1b[0m b\nplain \x1b and [31m\n\x1b[";
        let mut found = Vec::new();
        find(text, &mut |span| found.push(open(&text[span])));
        assert_eq!(found, [b"a red_and b".to_vec()]);
    }
}
