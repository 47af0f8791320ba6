//! Characters of two bytes inside something that is not UTF-16 as a whole: strings of Windows programs, registry exports
//! that were put together, text that changes its encoding in the middle.

use std::ops::Range;

/// Characters that a run needs.
const SHORTEST: usize = 12;

/// Calls `visit` with every run of ASCII characters with a NUL after each. (With the NUL before each, it is the same run but
/// for its first character, whose NUL stands in front.)
pub(super) fn find(text: &[u8], visit: &mut dyn FnMut(Range<usize>)) {
    let mut from = 0;
    while let Some(offset) = memchr::memchr(0, &text[from..]) {
        let nul = from + offset;
        let start = nul.saturating_sub(1).max(from);
        let mut end = start;
        while end + 1 < text.len() && is_plain(text[end]) && text[end + 1] == 0 {
            end += 2;
        }
        // The last character of a run with its NULs in front has none behind.
        if end > start && text.get(end).is_some_and(|&byte| is_plain(byte)) {
            end += 1;
        }
        if end - start >= SHORTEST * 2 {
            visit(start..end);
        }
        // Long stretches of zeros are left in one step.
        let zeros = text[nul..].iter().position(|&byte| byte != 0);
        from = end.max(zeros.map_or(text.len(), |zeros| nul + zeros));
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)
}

/// The characters without their NULs.
pub(super) fn open(run: &[u8]) -> Vec<u8> {
    run.iter().step_by(2).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::{find, open};

    #[test]
    fn runs_are_found_in_both_orders() {
        let words = "password=abcdefgh";
        let little: Vec<u8> = words.bytes().flat_map(|byte| [byte, 0]).collect();
        let big: Vec<u8> = words.bytes().flat_map(|byte| [0, byte]).collect();
        for run in [little, big] {
            let text = [&b"\x01\x02\0\0\xff"[..], &run, b"\xff\xff"].concat();
            let mut found = Vec::new();
            find(&text, &mut |span| found.push(open(&text[span])));
            assert_eq!(found, [words.as_bytes()]);
        }
    }

    #[test]
    fn zeros_are_not_text() {
        find(&[0; 1000], &mut |_| panic!("nothing stands there"));
    }
}
