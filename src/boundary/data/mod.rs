//! Production data: dumps of its databases, its customers' card numbers, accounts and addresses, and what fetches them.
//!
//! These rules look at the text and not at its entries: a dump is in no configuration format. A large text is sampled,
//! so that its cost is bounded; [`looked_at`] says how much of it was read.

mod card;
mod dump;
mod email;
mod iban;
mod origin;
mod transfer;

use std::ops::Range;

use crate::model::Signal;

use super::{Crossing, File};

/// Longer texts are sampled: their first part, and as much again three times in [`WINDOWS`] evenly spread ones.
const WHOLE: usize = 4 << 20;
/// The part that is read in any case: headers stand there.
const FIRST: usize = 1 << 20;
/// How many windows of [`WINDOW`] bytes are read after it.
const WINDOWS: usize = 48;
/// See [`WINDOWS`].
const WINDOW: usize = 64 << 10;

/// From so many different ones of a kind on, it is nobody's example: a table of customers.
const BULK: usize = 20;

/// What is looked for in a text.
#[derive(Clone, Copy)]
pub struct Asked {
    /// What fetches production's data: a keyword of that rule stands in the text.
    pub fetch: bool,
    /// The header of a dump: a keyword of that rule does.
    pub dump: bool,
    /// Card numbers and bank accounts, which are counted.
    pub numbers: bool,
}

/// What a text holds.
pub struct Data {
    /// In its order.
    pub crossings: Vec<Crossing>,
    /// Whether numbers of cards or bank accounts stand in it, be they too few to say anything.
    pub numbers: bool,
}

/// The production data in a text.
pub(super) fn look(file: &File<'_>, asked: Asked) -> Data {
    let parts = sample(file.text.len());
    let mut crossings = Vec::new();
    if asked.fetch {
        transfer::look(file, &mut crossings);
    }
    if asked.dump {
        dump::look(file, &parts, &mut crossings);
    }
    email::look(file, &parts, &mut crossings);
    let mut numbers = false;
    if asked.numbers {
        let parts = with_digits(file.text, &parts);
        numbers |= card::look(file, &parts, &mut crossings);
        numbers |= iban::look(file, &parts, &mut crossings);
    }
    crossings.sort_by_key(|crossing| crossing.span.start);
    Data { crossings, numbers }
}

/// How much of a text of `len` bytes is read, in words; `None` where all of it is.
pub fn looked_at(len: usize) -> Option<String> {
    (len > WHOLE).then(|| {
        format!(
            "production data was looked for in a sample of {} MiB of its {} MiB",
            (FIRST + WINDOWS * WINDOW) >> 20,
            len.div_ceil(1 << 20)
        )
    })
}

/// The parts of a text that are read, in order, without overlaps.
fn sample(len: usize) -> Vec<Range<usize>> {
    if len <= WHOLE {
        return std::iter::once(0..len).collect();
    }
    let step = (len - FIRST) / WINDOWS;
    let first = std::iter::once(0..FIRST);
    let windows = (1..=WINDOWS).map(|window| {
        let end = FIRST + window * step;
        end - WINDOW..end
    });
    first.chain(windows).collect()
}

/// In a row of so many bytes,
const ROW: usize = 64;
/// so many digits must stand that it is worth a closer look: a number of 13 digits or more that is at most as long as a row stands
/// in two rows at most, and so do the digits of a bank account, of which there are eight or more in every country's.
const DIGITS: usize = 4;

/// Those places of the parts of a text where numbers of cards or bank accounts can begin, as parts.
fn with_digits(text: &[u8], parts: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for part in parts {
        let mut start = part.start;
        for row in text[part.clone()].chunks(ROW) {
            let digits: u8 = row.iter().map(|byte| u8::from(byte.is_ascii_digit())).sum();
            let end = start + row.len();
            if usize::from(digits) >= DIGITS {
                // What its digits belong to may begin in the row before.
                let from = start.saturating_sub(ROW).max(part.start);
                match found.last_mut() {
                    Some(last) if last.end >= from => last.end = end,
                    _ => found.push(from..end),
                }
            }
            start = end;
        }
    }
    found
}

/// Whether a text says near its beginning that its rows are made up or masked. It is believed as far as a warning goes:
/// whoever wants to deceive a gate has easier ways.
fn says_made_up(text: &[u8]) -> Option<&'static str> {
    const WORDS: [&str; 14] = [
        "mock_data",
        "mockaroo",
        "faker",
        "fake data",
        "fake_",
        "test data",
        "testdata",
        "test_data",
        "dummy",
        "synthetic",
        "anonymi",
        "pseudonymi",
        "generated data",
        "sample data",
    ];
    let head = text[..text.len().min(4 << 10)].to_ascii_lowercase();
    WORDS.into_iter().find(|word| holds(&head, word.as_bytes()))
}

/// Whether a short text holds a word.
fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

/// A regular expression of this folder.
fn expression(text: &str) -> regex::bytes::Regex {
    // Written here and compiled by the tests: it cannot fail at run time only.
    regex::bytes::Regex::new(text).expect("an expression of the rules on data")
}

/// A remark that speaks for no environment.
fn remark(kind: &'static str, text: String) -> Signal {
    Signal {
        kind,
        environment: None,
        strength: crate::model::Strength::Supporting,
        text,
    }
}

/// The first line of a text that says anything.
fn first_line(text: &[u8]) -> &[u8] {
    text[..text.len().min(8 << 10)]
        .split(|&byte| byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_bounded_and_in_order() {
        for len in [0, 1, WHOLE, WHOLE + 1, 5 << 20, 200 << 20] {
            let parts = sample(len);
            assert!(parts.windows(2).all(|two| two[0].end <= two[1].start));
            assert!(parts.last().is_some_and(|part| part.end <= len));
            let read: usize = parts.iter().map(Range::len).sum();
            assert!(read <= WHOLE, "{len}: {read}");
            assert_eq!(read < len, looked_at(len).is_some());
        }
    }
}
