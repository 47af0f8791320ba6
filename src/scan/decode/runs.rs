//! Runs of base64 and hexadecimal digits, found without looking at most bytes: of every run of at least [`SHORTEST`], the
//! byte at that distance from its start is one, so words of a language are skipped whole.

use std::ops::Range;

use super::{Form, base64, hex};

/// Shorter runs hold no credential of an issued format: 24 digits of base64 are 18 bytes.
pub(super) const SHORTEST: usize = 24;

/// Bytes of a decoded beginning that must look like text, or like a compressed file.
const HEAD: usize = 12;

/// As many separators in a run are tried as the beginning of base64: `/v2/secrets/BASE64` is one run.
const STARTS: usize = 12;

static CLASS: [bool; 256] = {
    let mut class = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let this = byte as u8;
        class[byte] = this.is_ascii_alphanumeric() || matches!(this, b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    class
};

fn in_class(byte: u8) -> bool {
    CLASS[usize::from(byte)]
}

/// Calls `visit` with every run that may be text in base64 or hexadecimal digits.
pub(super) fn find(text: &[u8], visit: &mut dyn FnMut(Form, Range<usize>)) {
    let mut at = 0;
    while at + SHORTEST <= text.len() {
        if let Some(gap) = text[at..at + SHORTEST]
            .iter()
            .rposition(|&byte| !in_class(byte))
        {
            at += gap + 1;
            continue;
        }
        let end = run_end(text, at + SHORTEST);
        at = match judge(text, at..end) {
            Some((form, span)) => {
                let end = span.end;
                visit(form, span.clone());
                each_line(text, span, visit);
                end
            }
            None => end,
        } + 1;
    }
}

/// Lines of base64 below each other may also be values of their own, which put together would be glued at their ends.
fn each_line(text: &[u8], span: Range<usize>, visit: &mut dyn FnMut(Form, Range<usize>)) {
    if memchr::memchr(b'\n', &text[span.clone()]).is_none() {
        return;
    }
    let mut at = span.start;
    for line in text[span].split_inclusive(|&byte| byte == b'\n') {
        let start = at + line.len() - line.trim_ascii_start().len();
        let end = at + line.trim_ascii_end().len();
        at += line.len();
        if start + SHORTEST <= end && is_text(&base64::open(&text[start..start + HEAD / 3 * 4])) {
            visit(Form::Base64, start..end);
        }
    }
}

fn run_end(text: &[u8], from: usize) -> usize {
    let more = text[from..].iter().position(|&byte| !in_class(byte));
    more.map_or(text.len(), |more| from + more)
}

fn judge(text: &[u8], run: Range<usize>) -> Option<(Form, Range<usize>)> {
    let digits = text[run.clone()]
        .strip_prefix(b"0x")
        .unwrap_or(&text[run.clone()]);
    if digits.len() >= SHORTEST && digits.iter().all(u8::is_ascii_hexdigit) {
        let span = run.end - digits.len()..run.end;
        if is_text(&hex::open(&digits[..HEAD * 2])) {
            return Some((Form::Hex, span));
        }
    }
    let separators = (run.start..run.end)
        .filter(|&at| !text[at].is_ascii_alphanumeric())
        .map(|at| at + 1);
    for start in std::iter::once(run.start).chain(separators.take(STARTS)) {
        if start + SHORTEST > run.end {
            break;
        }
        let head = base64::open(&text[start..start + HEAD / 3 * 4]);
        if is_text(&head) || is_packed(&head) {
            return Some((Form::Base64, start..wrapped_end(text, start, run.end)));
        }
    }
    None
}

/// Base64 is often wrapped after 60, 64 or 76 digits: as long as full lines follow each other they are one run. Returns the
/// end, padding included.
fn wrapped_end(text: &[u8], start: usize, first_end: usize) -> usize {
    const SHORTEST_LINE: usize = 40;
    let width = first_end - start;
    let mut end = first_end;
    let mut full = width >= SHORTEST_LINE && width.is_multiple_of(4);
    while full {
        let mut next = end;
        while text.get(next) == Some(&b'\r') {
            next += 1;
        }
        if text.get(next) != Some(&b'\n') {
            break;
        }
        next += 1;
        while matches!(text.get(next), Some(b' ' | b'\t')) {
            next += 1;
        }
        let line_end = run_end(text, next);
        let line = line_end - next;
        // `key: value` below a full line is the next entry, not its continuation.
        let stands_alone = matches!(
            text.get(line_end),
            None | Some(b'\n' | b'\r' | b'=' | b'"' | b'\'')
        );
        if line == 0 || line > width || !stands_alone {
            break;
        }
        full = line == width;
        end = line_end;
    }
    end + text[end..]
        .iter()
        .take(2)
        .take_while(|&&byte| byte == b'=')
        .count()
}

/// Whether the beginning of a decoded run is text: printable ASCII but for a few bytes of UTF-8.
fn is_text(head: &[u8]) -> bool {
    let plain = head
        .iter()
        .filter(|&&byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e))
        .count();
    let wide = head.iter().filter(|&&byte| byte >= 0xc3).count();
    head.len() >= 6
        && (plain == head.len()
            || plain + 3 >= head.len() && wide > 0 && std::str::from_utf8(head).is_ok())
}

/// Whether it is gzip, a zip archive, or UTF-16.
fn is_packed(head: &[u8]) -> bool {
    head.starts_with(b"\x1f\x8b\x08")
        || head.starts_with(b"PK\x03\x04")
        || head.len() >= 8
            && head
                .chunks_exact(2)
                .all(|pair| pair[1] == 0 && matches!(pair[0], b'\t' | b'\n' | b'\r' | 0x20..=0x7e))
}
