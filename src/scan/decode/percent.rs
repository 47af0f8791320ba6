//! URL encoding (RFC 3986, section 2.1): `%73` for a character. The piece is the word around it.

use std::ops::Range;

use super::hex::pair_value;

/// Calls `visit` with every word that holds an encoded printable character.
pub(super) fn find(text: &[u8], visit: &mut dyn FnMut(Range<usize>)) {
    let mut from = 0;
    while let Some(offset) = memchr::memchr(b'%', &text[from..]) {
        let at = from + offset;
        if decoded_at(text, at).is_none_or(|byte| !(0x20..0x7f).contains(&byte)) {
            // A word is left only at its end: what stands before the sign may belong to one further on.
            from = at + 1;
            continue;
        }
        let start = text[..at]
            .iter()
            .rposition(|&byte| ends_word(byte))
            .map_or(0, |end| end + 1);
        let end = text[at..]
            .iter()
            .position(|&byte| ends_word(byte))
            .map_or(text.len(), |end| at + end);
        visit(start..end);
        from = end;
    }
}

fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control() || b"\"'`<>".contains(&byte)
}

fn decoded_at(text: &[u8], at: usize) -> Option<u8> {
    match text.get(at..at + 3) {
        Some(&[b'%', high, low]) => pair_value(high, low),
        _ => None,
    }
}

/// The word with its encoded characters written out.
pub(super) fn open(word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut at = 0;
    while at < word.len() {
        match decoded_at(word, at) {
            Some(byte) => {
                bytes.push(byte);
                at += 3;
            }
            None => {
                bytes.push(word[at]);
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
    fn words_with_encoded_characters_are_found_and_opened() {
        let text = b"100% of a%20b and \"c%2Fd\" but not %d, %zz, 50%";
        let mut found = Vec::new();
        find(text, &mut |span| found.push(open(&text[span])));
        assert_eq!(found, [b"a b".to_vec(), b"c/d".to_vec()]);
    }
}
