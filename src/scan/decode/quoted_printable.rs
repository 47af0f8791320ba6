//! Quoted-printable (RFC 2045, section 6.7): `=3D` for a character. A mail that holds any holds an encoded equals sign, and no
//! other text does: the piece is the line around one.

use std::ops::Range;

use super::hex::pair_value;

/// Longer lines are no mail's: the format wraps at 76 characters.
const LONGEST: usize = 1000;

/// Calls `visit` with every line that holds `=3D`.
pub(super) fn find(text: &[u8], visit: &mut dyn FnMut(Range<usize>)) {
    let mut end = 0;
    for at in memchr::memmem::find_iter(text, b"=3D") {
        if at < end {
            continue;
        }
        let near = at.saturating_sub(LONGEST).max(end);
        let start = memchr::memrchr(b'\n', &text[near..at]).map_or(near, |line| near + line + 1);
        let far = text.len().min(at + LONGEST);
        end = memchr::memchr(b'\n', &text[at..far]).map_or(far, |line| at + line);
        visit(start..end);
    }
}

/// The line with its encoded characters written out.
pub(super) fn open(line: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        match line.get(at..at + 3) {
            Some(&[b'=', high, low]) if pair_value(high, low).is_some() => {
                bytes.extend(pair_value(high, low));
                at += 3;
            }
            _ => {
                bytes.push(line[at]);
                at += 1;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{find, open};

    #[test]
    fn lines_with_an_encoded_equals_sign_are_opened() {
        let text = b"a=20b\nkey=3Dvalue=21\nmore=3";
        let mut found = Vec::new();
        find(text, &mut |span| found.push(open(&text[span])));
        assert_eq!(found, [b"key=value!".to_vec()]);
        find(b"=3D", &mut |span| assert_eq!(span, 0..3));
    }
}
