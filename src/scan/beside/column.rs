//! The value of a column: `INSERT INTO users (name, password) VALUES ('ada', 'x')`. Only the first row of a statement, and
//! only columns and values that can be counted: names without brackets, then literals and numbers. Hexadecimal of the length of
//! a digest is one: tables keep hashes of passwords under the name of the password.

use std::ops::Range;

use super::Name;

/// A longer list of columns, or a longer row, is not counted.
const LONGEST: usize = 2048;

/// The literal in the place of the column that a name names.
pub(super) fn beside(name: &Name<'_>) -> Option<Range<usize>> {
    let bytes = name.text.as_bytes();
    let before = &bytes[name.span.start.saturating_sub(LONGEST)..name.span.start];
    let is_column = |&byte: &u8| super::is_name(byte) || b" \t\r\n,`\"[]".contains(&byte);
    // Most names stand in no list: then the first byte that is in none is near.
    let open = before.iter().rposition(|byte| !is_column(byte))?;
    if before[open] != b'(' {
        return None;
    }
    let before = &before[open + 1..];
    let place = before.iter().filter(|&&byte| byte == b',').count();
    let rest = name.from(name.span.end);
    let rest = &rest[..rest.len().min(LONGEST)];
    let close = rest.iter().position(|byte| !is_column(byte))?;
    let values = rest[close..].strip_prefix(b")")?.trim_ascii_start();
    let values = values
        .get(..6)
        .filter(|word| word.eq_ignore_ascii_case(b"values"))
        .map(|_| values[6..].trim_ascii_start())?;
    let row = values.strip_prefix(b"(")?;
    let start = name.span.end + rest.len() - row.len();
    let span = nth(row, place)?;
    let value = &row[span.clone()];
    let is_digest =
        matches!(value.len(), 32 | 40 | 64 | 96 | 128) && value.iter().all(u8::is_ascii_hexdigit);
    let named = name.text[name.span.clone()].to_ascii_lowercase();
    let of_password = named.contains("pass") || named.contains("pwd");
    (!(is_digest && of_password)).then(|| start + span.start..start + span.end)
}

/// The literal in quotes at a place of a row, without its quotes.
fn nth(row: &[u8], place: usize) -> Option<Range<usize>> {
    let mut at = 0;
    for number in 0.. {
        at += row[at..].len() - row[at..].trim_ascii_start().len();
        // `N'x'`, `E'x'`.
        at += usize::from(
            matches!(row.get(at), Some(b'N' | b'E')) && row.get(at + 1) == Some(&b'\''),
        );
        let quote = row.get(at).copied().filter(|byte| b"'\"".contains(byte));
        let start = at + usize::from(quote.is_some());
        let len = match quote {
            Some(quote) => row[start..].iter().position(|&byte| byte == quote)?,
            None => row[start..]
                .iter()
                .position(|byte| b",()'\"".contains(byte))?,
        };
        if number == place {
            return quote.map(|_| start..start + len);
        }
        at = start + len + usize::from(quote.is_some());
        at += row[at..].len() - row[at..].trim_ascii_start().len();
        (row.get(at) == Some(&b',')).then_some(())?;
        at += 1;
    }
    None
}
