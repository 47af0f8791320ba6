//! Whether a blob may hold a value, told without reading its syntax: so that of a side's thousands of files only those are
//! parsed in which a value of the change can stand.
//!
//! A sketch is the set of all *grams* of a blob, pieces of four bytes in a row, hashed into a bitmap (a Bloom filter with one
//! hash function). A value can stand in the blob only where all of its own grams are in the set. It may say yes for nothing,
//! and must never say no to what the comparison would find. That is why:
//!
//! * grams hold plain bytes only, which no format writes in another way: letters, digits, and signs that need no quotes;
//! * what formats put between two bytes of a value is passed over: backslashes, quotes, doubled signs, and line ends with the
//!   blanks around them, so that folded and wrapped values are one piece;
//! * what is encoded or packed is opened as an examination opens it (`scan::decode`) and belongs to the set;
//! * a whole value in base64 is known by the base64 of the value, in each of three alignments;
//! * a blob with escapes that stand for plain bytes and that only its own reader knows (`&#65;`, `\101`) may hold anything.
//!
//! `tests.rs` holds it against all values that the readers find in files of every format. No byte of a value is kept, and no
//! sketch leaves the process.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::model::Secret;
use crate::scan::decode::{self, Account, Encoding};
use crate::syntax;

#[cfg(test)]
mod tests;

/// Bytes of a gram.
const GRAM: usize = 4;

/// Bits of the smallest bitmap.
const SMALLEST: usize = 512;

/// A bitmap is halved while fewer than one in so many of its bits are set.
const SPARSE: usize = 8;

/// What a byte is for a gram.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of grams.
    Plain,
    /// Ends a gram: no format takes it away from between two bytes of a value.
    Ends,
    /// A blank: ends a gram, but for one beside a line end.
    Blank,
    /// Passed over.
    Passed,
    /// A line end, passed over with the blanks around it.
    Line,
}

static CLASS: [Class; 256] = {
    let mut class = [Class::Ends; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => Class::Plain,
            b'!' | b'#' | b'(' | b')' | b'*' | b'+' | b',' | b'-' | b'.' | b'/' | b':' => {
                Class::Plain
            }
            b';' | b'=' | b'@' | b'[' | b']' | b'^' | b'_' | b'{' | b'|' | b'}' | b'~' => {
                Class::Plain
            }
            b' ' | b'\t' => Class::Blank,
            b'\n' | b'\r' => Class::Line,
            b'"' | b'$' | b'%' | b'&' | b'\'' | b'<' | b'>' | b'\\' | b'`' => Class::Passed,
            // `?` stands for what is no UTF-8.
            _ => Class::Ends,
        };
        byte += 1;
    }
    class
};

/// Mixes a gram: the lower bits of the answer choose its bit in a bitmap of any size.
fn mixed(gram: u32) -> u32 {
    (u64::from(gram).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// Calls `visit` with every gram of a text that a value in it can have.
fn grams(text: &[u8], visit: &mut impl FnMut(u32)) {
    // The last bytes, and how many of them are plain and in a row.
    let (mut gram, mut row) = (0, 0);
    let (mut after_blank, mut after_line) = (false, false);
    for &byte in text {
        match CLASS[usize::from(byte)] {
            Class::Plain => {
                row = if after_blank { 1 } else { row + 1 };
                (after_blank, after_line) = (false, false);
                gram = gram << 8 | u32::from(byte);
                if row >= GRAM {
                    visit(mixed(gram));
                }
            }
            Class::Passed => {}
            Class::Ends => (row, after_blank, after_line) = (0, false, false),
            Class::Blank => after_blank |= !after_line,
            Class::Line => (after_blank, after_line) = (false, true),
        }
    }
}

/// Whether a text holds an escape that stands for a plain byte, and that nothing but its own reader opens. Binary files are
/// read by none.
fn has_escapes_of_its_own(text: &[u8]) -> bool {
    let is_plain = |byte: &u8| CLASS[usize::from(*byte)] == Class::Plain;
    let backslash = memchr::memchr_iter(b'\\', text).any(|at| match &text[at + 1..] {
        // Octal digits, and the long form of a character.
        [b'0'..=b'9', ..] => true,
        [b'U', next, ..] => next.is_ascii_hexdigit(),
        // A comment between a line and its continuation.
        [b'\n' | b'\r', rest @ ..] => matches!(rest.trim_ascii_start().first(), Some(b'#' | b';')),
        _ => false,
    });
    // Both are opened together; a format that has only one of them leaves the other as it stands.
    let stands = |letter: u8| {
        memchr::memmem::find_iter(text, &[b'\\', letter])
            .any(|at| text.get(at + 2).is_some_and(u8::is_ascii_hexdigit))
    };
    let escapes = backslash
        || stands(b'x') && stands(b'u')
        || memchr::memmem::find(text, b"&#").is_some()
        || memchr::memchr_iter(b'<', text).any(|at| {
            // A comment or a section of characters in the middle of a word.
            matches!(text.get(at + 1), Some(b'!' | b'?')) && text[..at].last().is_some_and(is_plain)
        });
    escapes && !syntax::is_binary(text)
}

/// The grams of a blob.
pub(super) struct Sketch {
    /// Bits, a power of two of them; none where the blob may hold anything.
    bits: Box<[u64]>,
}

impl Sketch {
    /// The sketch of a blob.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let encoding = Encoding::of(bytes);
        let text = encoding.text(bytes, true);
        let mut bitmap = Bitmap::for_text(text.len());
        let mut is_open = bitmap.add(&text);
        if is_open && encoding.hides_bytes() {
            is_open = bitmap.add(bytes);
        }
        let mut account = Account::of_blob(text.len());
        if is_open && bitmap.add_opened(&text, decode::DEPTH, &mut account) {
            Self {
                bits: bitmap.folded(),
            }
        } else {
            Self {
                bits: Box::default(),
            }
        }
    }

    /// Whether the blob may hold the value.
    pub(super) fn may_hold(&self, wanted: &Wanted) -> bool {
        self.bits.is_empty() || wanted.forms.iter().any(|form| form.may_be_in(&self.bits))
    }
}

fn has(bits: &[u64], gram: u32) -> bool {
    let at = gram as usize & (bits.len() * 64 - 1);
    bits[at / 64] & 1 << (at % 64) != 0
}

/// A sketch that is being made.
struct Bitmap {
    bits: Vec<u64>,
}

impl Bitmap {
    /// Two bits a byte: as a text repeats itself, a tenth to a quarter of them will be set.
    fn for_text(len: usize) -> Self {
        let bits = (len * 2).next_power_of_two().max(SMALLEST);
        Self {
            bits: vec![0; bits / 64],
        }
    }

    /// Adds the grams of a text; `false` where it may hold anything.
    fn add(&mut self, text: &[u8]) -> bool {
        if has_escapes_of_its_own(text) {
            return false;
        }
        let mask = self.bits.len() * 64 - 1;
        let bits = &mut self.bits[..];
        grams(text, &mut |gram| {
            let at = gram as usize & mask;
            bits[at / 64] |= 1 << (at % 64);
        });
        true
    }

    /// Adds what is encoded or packed in a text, as `examine` opens it.
    fn add_opened(&mut self, text: &[u8], depth: usize, account: &mut Account) -> bool {
        if depth == 0 {
            return true;
        }
        let mut is_open = true;
        let opened: Result<(), Infallible> =
            decode::open_all(text, account, &mut |batch, account| {
                is_open = is_open
                    && self.add(&batch.bytes)
                    && self.add_opened(&batch.bytes, depth - 1, account);
                Ok(())
            });
        let Ok(()) = opened;
        is_open
    }

    /// As small as it can be without being full.
    fn folded(mut self) -> Box<[u64]> {
        loop {
            let set: usize = self
                .bits
                .iter()
                .map(|word| word.count_ones() as usize)
                .sum();
            let half = self.bits.len() / 2;
            if set * SPARSE > self.bits.len() * 64 || half * 64 < SMALLEST {
                return self.bits.into_boxed_slice();
            }
            let (low, high) = self.bits.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(high) {
                *low |= *high;
            }
            self.bits.truncate(half);
        }
    }
}

/// A value that is looked for: what of it must stand in a blob that holds it.
pub(super) struct Wanted {
    /// The forms in which it may stand there: plain, and in base64.
    forms: Vec<Form>,
}

struct Form {
    grams: Vec<u32>,
    /// How many of them must be there.
    at_least: usize,
}

impl Form {
    fn may_be_in(&self, bits: &[u64]) -> bool {
        let mut missing = self.grams.len() - self.at_least;
        self.grams.iter().all(|&gram| {
            has(bits, gram) || missing.checked_sub(1).map(|left| missing = left).is_some()
        })
    }
}

impl Wanted {
    /// A value as a reader finds it.
    pub(super) fn value(value: Secret<'_>) -> Self {
        let value = value.expose();
        let mut forms = vec![Form::of(value)];
        for skipped in 0..3 {
            // Three bytes are four digits; the bytes before and behind stand with digits of something else.
            let whole = value.get(skipped..).unwrap_or_default();
            let whole = &whole[..whole.len() / 3 * 3];
            let standard = STANDARD_NO_PAD.encode(whole);
            let other = URL_SAFE_NO_PAD.encode(whole);
            if other != standard {
                forms.push(Form::of(other.as_bytes()));
            }
            forms.push(Form::of(standard.as_bytes()));
        }
        Self { forms }
    }

    /// A ciphertext, white space taken out of it. That of a file stands anywhere in it, so a part of the grams is enough: it
    /// has hundreds.
    pub(super) fn ciphertext(packed: Secret<'_>) -> Self {
        let mut form = Form::of(packed.expose());
        form.at_least /= 2;
        Self { forms: vec![form] }
    }
}

impl Form {
    fn of(value: &[u8]) -> Self {
        let mut own = Vec::new();
        for row in value.split(|&byte| CLASS[usize::from(byte)] != Class::Plain) {
            grams(row, &mut |gram| own.push(gram));
        }
        own.sort_unstable();
        own.dedup();
        Self {
            at_least: own.len(),
            grams: own,
        }
    }
}
