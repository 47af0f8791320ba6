//! Runs of bytes of one class, found 64 bytes at a time: each byte of a text is classified by arithmetic on eight of them
//! together, and only runs that are long enough are looked at one by one. Most of what a lookup costs is this.

use std::ops::Range;

use super::anchor::{SHORTEST_RUN, SHORTEST_SIGNS};
use super::encoded::SHORTEST as SHORTEST_BASE64;

/// Bytes of a block: one bit each in a mask.
const BLOCK: usize = 64;

/// A run that is as long as it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Run {
    /// At least eight letters and digits; whether both are in it.
    Alphanumeric(Range<usize>, bool),
    /// At least four letters, digits and signs, one sign at least.
    Signs(Range<usize>),
    /// At least eleven digits of base64.
    Base64(Range<usize>),
}

/// Which runs are wanted beside those of letters and digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kinds {
    /// Those with signs.
    pub(super) signs: bool,
    /// Those of base64.
    pub(super) base64: bool,
}

/// The classes of the bytes of a block, one bit a byte, the first byte in the lowest bit.
#[derive(Clone, Copy, Default)]
struct Masks {
    alphanumeric: u64,
    digits: u64,
    base64: u64,
    /// Signs alone.
    signs: u64,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// For bytes below 0x80, the highest bit of each that is in a range.
const fn within(bytes: u64, from: u8, to: u8) -> u64 {
    let at_least = bytes + (0x80 - from as u64) * ONES;
    let above = bytes + (0x7f - to as u64) * ONES;
    at_least & !above
}

/// The highest bits of eight bytes as eight bits.
const fn gathered(bits: u64) -> u64 {
    ((bits & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

impl Masks {
    fn of(block: &[u8; BLOCK], kinds: Kinds) -> Self {
        let mut masks = Self::default();
        for (at, bytes) in block.as_chunks::<8>().0.iter().enumerate() {
            let bytes = u64::from_le_bytes(*bytes);
            let shift = at * 8;
            let ascii = !bytes;
            let low = bytes & !HIGH;
            // Capitals as small letters; nothing else becomes one.
            let letters = within(low | (0x20 * ONES), b'a', b'z') & ascii;
            let digits = within(low, b'0', b'9') & ascii;
            masks.alphanumeric |= gathered(letters | digits) << shift;
            masks.digits |= gathered(digits) << shift;
            if kinds.base64 {
                // `+`, `-` and `/` are the odd ones of five.
                let more = within(low, b'+', b'/') & bytes << 7 | within(low, b'_', b'_');
                masks.base64 |= gathered(letters | digits | more & ascii) << shift;
            }
            if kinds.signs {
                let signs = within(low, b'#', b'%')
                    | within(low, b'*', b'+')
                    | within(low, b'-', b'.')
                    | within(low, b'^', b'_')
                    | within(low, b'!', b'!')
                    | within(low, b'~', b'~');
                masks.signs |= gathered(signs & ascii) << shift;
            }
        }
        masks
    }

    /// Of the block at `start`; behind the end of the text there is nothing.
    fn at(text: &[u8], start: usize, kinds: Kinds) -> Self {
        let rest = text.get(start..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => Self::of(block, kinds),
            None if rest.is_empty() => Self::default(),
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                Self::of(&block, kinds)
            }
        }
    }
}

fn pair(this: u64, next: u64) -> u128 {
    u128::from(this) | u128::from(next) << BLOCK
}

/// One class on its way through the blocks.
struct Class {
    /// Whether a long run reaches over the end of the last block.
    goes_on: bool,
}

impl Class {
    const fn new() -> Self {
        Self { goes_on: false }
    }

    /// Calls `visit` with the place in the block of every run of at least `SHORTEST` that begins there, and with its length as
    /// far as the next block shows it.
    fn each<const SHORTEST: u32>(&mut self, mask: u128, visit: &mut impl FnMut(u32, u32)) {
        // Where two, four, eight and so on are in a row.
        let (mut long, mut have) = (mask, 1);
        while have * 2 <= SHORTEST {
            long &= long >> have;
            have *= 2;
        }
        long &= long >> (SHORTEST - have);
        let long = long as u64;
        let mut starts = long & !(long << 1 | u64::from(self.goes_on));
        self.goes_on = long >> (BLOCK - 1) != 0;
        while starts != 0 {
            let start = starts.trailing_zeros();
            starts &= starts - 1;
            visit(start, (!(mask >> start)).trailing_zeros());
        }
    }
}

/// Calls `visit` with every run of a text, each kind in the order of the text.
pub(super) fn runs(text: &[u8], kinds: Kinds, visit: &mut impl FnMut(Run)) {
    let mut next = Masks::at(text, 0, kinds);
    let (mut alphanumeric, mut base64, mut signs) = (Class::new(), Class::new(), Class::new());
    let mut base = 0;
    while base < text.len() {
        let this = next;
        next = Masks::at(text, base + BLOCK, kinds);
        // The range of a run, and the bits of its bytes; where it reaches behind the next block, its end is looked for.
        let whole = |start: u32, len: u32, is_in: fn(u8) -> bool| {
            let from = base + start as usize;
            let mut to = from + len as usize;
            if start + len == 2 * BLOCK as u32 {
                let rest = text.get(to..).unwrap_or_default();
                let more = rest.iter().position(|&byte| !is_in(byte));
                to += more.unwrap_or(rest.len());
            }
            let shown = u128::MAX >> (2 * BLOCK as u32 - len) << start;
            (from..to, shown)
        };
        let mask = pair(this.alphanumeric, next.alphanumeric);
        let digits = pair(this.digits, next.digits);
        alphanumeric.each::<{ SHORTEST_RUN as u32 }>(mask, &mut |start, len| {
            let (range, shown) = whole(start, len, |byte| byte.is_ascii_alphanumeric());
            let of_digits = digits & shown;
            let mut is_mixed = of_digits != 0 && of_digits != shown;
            if !is_mixed && range.len() > len as usize {
                let run = &text[range.clone()];
                let count = run.iter().filter(|byte| byte.is_ascii_digit()).count();
                is_mixed = count != 0 && count != run.len();
            }
            visit(Run::Alphanumeric(range, is_mixed));
        });
        if kinds.base64 {
            let mask = pair(this.base64, next.base64);
            base64.each::<{ SHORTEST_BASE64 as u32 }>(mask, &mut |start, len| {
                visit(Run::Base64(whole(start, len, is_base64).0));
            });
        }
        if kinds.signs {
            let only = pair(this.signs, next.signs);
            signs.each::<{ SHORTEST_SIGNS as u32 }>(mask | only, &mut |start, len| {
                let (range, shown) = whole(start, len, is_sign_or_alphanumeric);
                if only & shown != 0 || range.len() > len as usize {
                    visit(Run::Signs(range));
                }
            });
        }
        base += BLOCK;
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn is_sign_or_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || super::anchor::is_sign(byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kinds, Run, is_base64, is_sign_or_alphanumeric, runs};
    use crate::inventory::anchor::is_sign;

    /// The same, byte by byte.
    fn plainly(text: &[u8]) -> Vec<Run> {
        let mut found = Vec::new();
        let mut each =
            |is_in: fn(u8) -> bool, shortest, make: &dyn Fn(std::ops::Range<usize>) -> Run| {
                let mut start = 0;
                for end in 0..=text.len() {
                    if end < text.len() && is_in(text[end]) {
                        continue;
                    }
                    if end - start >= shortest {
                        found.push(make(start..end));
                    }
                    start = end + 1;
                }
            };
        each(|byte| byte.is_ascii_alphanumeric(), 8, &|range| {
            let digits = text[range.clone()]
                .iter()
                .filter(|byte| byte.is_ascii_digit());
            let count = digits.count();
            let is_mixed = count > 0 && count < range.len();
            Run::Alphanumeric(range, is_mixed)
        });
        each(is_base64, 11, &Run::Base64);
        each(is_sign_or_alphanumeric, 4, &Run::Signs);
        // Of long runs it is not said whether there is a sign in it.
        found.retain(|run| match run {
            Run::Signs(range) => text[range.clone()].iter().any(|&byte| is_sign(byte)),
            _ => true,
        });
        found
    }

    fn sorted(mut runs: Vec<Run>) -> Vec<Run> {
        runs.sort_by_key(|run| match run {
            Run::Alphanumeric(range, _) => (0, range.start),
            Run::Base64(range) => (1, range.start),
            Run::Signs(range) => (2, range.start),
        });
        runs
    }

    fn compare(text: &[u8]) {
        let mut found = Vec::new();
        let kinds = Kinds {
            signs: true,
            base64: true,
        };
        runs(text, kinds, &mut |run| found.push(run));
        found.retain(|run| match run {
            Run::Signs(range) => text[range.clone()].iter().any(|&byte| is_sign(byte)),
            _ => true,
        });
        assert_eq!(
            sorted(found),
            sorted(plainly(text)),
            "{:?}",
            String::from_utf8_lossy(text)
        );
    }

    #[test]
    fn every_byte_is_classified_as_it_is_one_by_one() {
        for byte in 0..=255_u8 {
            for around in [b"aaaa1111", b"-_-_-_-_", b"........"] {
                compare(&[&around[..], &[byte], &around[..]].concat());
            }
        }
    }

    #[test]
    fn runs_over_the_ends_of_blocks_are_whole() {
        for before in 0..140 {
            for len in [3, 4, 7, 8, 10, 11, 23, 63, 64, 65, 127, 128, 129, 300] {
                let mut text = vec![b' '; before];
                text.extend(std::iter::repeat_n(b'a', len));
                compare(&text);
                text.push(b'1');
                compare(&text);
                text.extend_from_slice(b"\xe9 a-b_c.d");
                compare(&text);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn runs_are_those_that_are_found_byte_by_byte(text in "([a-z0-9]{1,40}|[!-~]{1,9}|[ \n]|\\PC|[A-Za-z0-9+/_-]{5,150}){0,30}") {
            compare(text.as_bytes());
        }
    }
}
