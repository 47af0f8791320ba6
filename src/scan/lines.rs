//! Where lines begin and end: at LF, CRLF, or a CR alone, as old files of the Mac have it. Not here: what stands on them.

use std::ops::Range;

/// The end of the line that `at` stands on, its line end included.
fn end(bytes: &[u8], at: usize) -> usize {
    match memchr::memchr2(b'\n', b'\r', &bytes[at..]) {
        Some(offset) => {
            let end = at + offset;
            let pair = bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n');
            end + 1 + usize::from(pair)
        }
        None => bytes.len(),
    }
}

/// The start of the line that `at` stands on.
pub(super) fn start(bytes: &[u8], at: usize) -> usize {
    memchr::memrchr2(b'\n', b'\r', &bytes[..at]).map_or(0, |end| end + 1)
}

/// The end of the `count`th line after a line that ends at `at`.
pub(super) fn end_after(bytes: &[u8], at: usize, count: usize) -> usize {
    let mut at = at;
    for _ in 0..count {
        if at >= bytes.len() {
            break;
        }
        at = end(bytes, at);
    }
    at
}

/// The start of the `count`th line before what `before` ends with, the start of a line.
pub(super) fn start_before(before: &[u8], count: usize) -> usize {
    let mut at = before.len();
    for _ in 0..count {
        if at == 0 {
            break;
        }
        let line_end = 1 + usize::from(before[..at].ends_with(b"\r\n"));
        at = start(before, at - line_end);
    }
    at
}

/// Lines around places that come in order: each byte is looked at twice at most.
pub(super) struct Cursor<'b> {
    bytes: &'b [u8],
    line: Range<usize>,
}

impl<'b> Cursor<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, line: 0..0 }
    }

    /// The line that `at` stands on, its line end included.
    pub(super) fn around(&mut self, at: usize) -> Range<usize> {
        if !self.line.contains(&at) {
            let known = if at >= self.line.end {
                self.line.end
            } else {
                0
            };
            self.line = known + start(&self.bytes[known..], at - known)..end(self.bytes, at);
        }
        self.line.clone()
    }
}

/// Line and column of places that come in order.
pub struct Positions<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    line_start: usize,
}

impl<'t> Positions<'t> {
    /// Of places in `text`.
    pub fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            line_start: 0,
        }
    }

    /// Line and column in bytes of `offset`, both from 1.
    pub fn of(&mut self, offset: usize) -> (usize, usize) {
        for at in self.at..offset {
            let alone = self.text[at] == b'\r' && self.text.get(at + 1) != Some(&b'\n');
            if self.text[at] == b'\n' || alone {
                self.line += 1;
                self.line_start = at + 1;
            }
        }
        self.at = self.at.max(offset);
        (self.line, offset.saturating_sub(self.line_start) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Positions, end_after};

    #[test]
    fn every_kind_of_line_end_counts_once() {
        let text = b"a\r\nb\rc\n\nd";
        let mut positions = Positions::new(text);
        let of = |at, positions: &mut Positions<'_>| positions.of(at);
        assert_eq!(of(0, &mut positions), (1, 1));
        assert_eq!(of(3, &mut positions), (2, 1));
        assert_eq!(of(5, &mut positions), (3, 1));
        assert_eq!(of(8, &mut positions), (5, 1));
        let mut cursor = Cursor::new(text);
        assert_eq!(cursor.around(0), 0..3);
        assert_eq!(cursor.around(3), 3..5);
        assert_eq!(cursor.around(8), 8..9);
        assert_eq!(cursor.around(0), 0..3);
        assert_eq!(end_after(text, 3, 2), 7);
        assert_eq!(end_after(text, 3, 99), 9);
    }
}
