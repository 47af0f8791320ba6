//! Backslash escapes of string literals: JSON, YAML in double quotes, properties, source code. The piece is the literal, or
//! the line where there are no quotes. A word that a backslash continues on the next line is one, too.

use std::ops::Range;

use super::hex::pair_value;

/// Calls `visit` with every literal that holds an escape.
pub(super) fn find(text: &[u8], visit: &mut dyn FnMut(Range<usize>)) {
    let mut from = 0;
    while let Some(offset) = memchr::memchr(b'\\', &text[from..]) {
        let at = from + offset;
        let escapes = match text.get(at + 1) {
            Some(b'\n' | b'\r') => continues_word(text, at),
            Some(byte) => b"nrtux/\"".contains(byte),
            None => false,
        };
        if !escapes {
            // An escaped backslash hides nothing, and its second half escapes nothing.
            from = at + 2;
            if from > text.len() {
                break;
            }
            continue;
        }
        let start = text[..at]
            .iter()
            .rposition(|&byte| ends_literal(byte))
            .map_or(0, |end| end + 1);
        let mut end = at;
        while end < text.len() {
            match text[end] {
                b'\\' => end += continuation(&text[end + 1..]).map_or(2, |len| 1 + len),
                byte if ends_literal(byte) => break,
                _ => end += 1,
            }
        }
        let end = end.min(text.len());
        visit(start..end);
        from = end;
    }
}

/// How long a line end is with the blanks after it, which properties, YAML and TOML take away with it.
fn continuation(after: &[u8]) -> Option<usize> {
    let len = match after {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r', ..] => 1,
        _ => return None,
    };
    let blanks = after[len..]
        .iter()
        .take_while(|&&byte| matches!(byte, b' ' | b'\t'));
    Some(len + blanks.count())
}

/// Whether the backslash at `at` stands in the middle of a word: most that end a line stand between words, and hide nothing.
fn continues_word(text: &[u8], at: usize) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+/=.".contains(&byte);
    let next = continuation(&text[at + 1..]).and_then(|len| text.get(at + 1 + len));
    at > 0 && is_word(text[at - 1]) && next.is_some_and(|&byte| is_word(byte))
}

fn ends_literal(byte: u8) -> bool {
    b"\"'`\n\r\0".contains(&byte)
}

/// The literal with its escapes written out.
pub(super) fn open(literal: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(literal.len());
    let mut at = 0;
    while at < literal.len() {
        if literal[at] != b'\\' || at + 1 == literal.len() {
            bytes.push(literal[at]);
            at += 1;
            continue;
        }
        if let Some(len) = continuation(&literal[at + 1..]) {
            at += 1 + len;
            continue;
        }
        let next = literal[at + 1];
        at += 2;
        match next {
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'x' => match literal
                .get(at..at + 2)
                .and_then(|pair| pair_value(pair[0], pair[1]))
            {
                Some(byte) => {
                    bytes.push(byte);
                    at += 2;
                }
                None => bytes.extend_from_slice(b"\\x"),
            },
            b'u' => match unicode(&literal[at..]) {
                Some((character, len)) => {
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    at += len;
                }
                None => bytes.extend_from_slice(b"\\u"),
            },
            other => bytes.push(other),
        }
    }
    bytes
}

/// `0073`, `{73}`: the character and the length of what names it. Halves of a pair are left alone: no credential holds one.
fn unicode(rest: &[u8]) -> Option<(char, usize)> {
    let (digits, len) = match rest {
        [b'{', rest @ ..] => {
            let end = rest.iter().take(8).position(|&byte| byte == b'}')?;
            (&rest[..end], end + 2)
        }
        _ => (rest.get(..4)?, 4),
    };
    let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((char::from_u32(code)?, len))
}

#[cfg(test)]
mod tests {
    use super::{find, open};

    fn opened(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        find(text.as_bytes(), &mut |span| {
            found.push(String::from_utf8(open(&text.as_bytes()[span])).expect("UTF-8"));
        });
        found
    }

    #[test]
    fn literals_are_opened() {
        assert_eq!(
            opened(r#"{"a": "x\u0073y", "b": "no", "c": "1\n2"}"#),
            ["xsy", "1\n2"]
        );
        assert_eq!(opened(r#""{\"a\": \"b\"}""#), [r#"{"a": "b"}"#]);
        assert_eq!(opened(r"key = a\x41b"), ["key = aAb"]);
        assert_eq!(opened(r"u{1}: \u{73} \uZZZZ \x"), [r"u{1}: s \uZZZZ \x"]);
    }

    #[test]
    fn a_word_that_is_continued_is_one() {
        for text in ["A=bc\\\nde\nf\\n", "A=bc\\\r\n \tde\n"] {
            assert_eq!(opened(text)[0], "A=bcde", "{text:?}");
        }
        assert_eq!(opened("a: \"b\\\n  c\"\n"), ["bc"]);
        assert_eq!(opened("cmd a \\\n  b \\\n  c\n"), [""; 0]);
        for text in ["a\\\n", "a\\\r", "\\\nb", "a\\\n  "] {
            assert_eq!(opened(text), [""; 0], "{text:?}");
        }
    }

    #[test]
    fn a_path_of_windows_and_an_end_in_the_middle_are_survived() {
        assert_eq!(opened(r"C:\\new\\table"), [""; 0]);
        for text in ["\\", "a\\n\\", "\\u", "\\u{", "\\x4", "\"\\"] {
            opened(text);
        }
    }
}
