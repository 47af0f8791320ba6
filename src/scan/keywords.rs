//! Words looked for without case, all of them in one pass, at a cost that does not grow with their number.
//!
//! Of every word the four bytes are chosen that are the rarest in text ([`COMMON`]): its *gram*. At each place of a text a
//! filter is asked whether a gram may stand there, by one multiplication and one look into a table that fits the nearest
//! cache; no answer waits for another, and none is a branch. The places that pass, two or three of a hundred, are looked up in a
//! hash table of the grams, and the words of a gram that stands there are compared.
//!
//! The table is a run of bytes, so that `build.rs` can make it of the words of the rules that ship, and starting costs
//! nothing. `build.rs` reads this file too: it uses nothing else of the crate.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A number that the caller gives a word. Several words may have the same, and a word several.
pub type Number = u32;

/// The four-byte pieces that are most common in source code and configuration, the most common first, a space as `␣`: counted
/// in ten repositories of applications and their deployment, and in every third crate of this project's dependencies (30 MB).
const COMMON: &str = include_str!("common.txt");

/// The words.
///
/// The table is made of little-endian numbers of four bytes, but for the filter and the texts:
///
/// | part | holds |
/// | --- | --- |
/// | header | see [`Header`] |
/// | filter | a number for each hash of three bytes, and in it a bit for each of 32 kinds of fourth bytes |
/// | slots | a hash table of the grams: of each its four bytes, folded, and the first of its words, and how far before it a word has to start, see [`BEGINS`]; 0 where there is none |
/// | words | of each word where its text begins, where its gram stands in it, and the first of its numbers |
/// | numbers | the numbers |
/// | texts | the words, in lower case |
///
/// The words of a gram stand together, the last of them marked by [`LAST`]; one more word than there are says where the last one
/// ends. A word of three bytes has a gram whose fourth is 0, as no folded byte is; shorter words come last, and have none.
pub struct Keywords {
    table: Cow<'static, [u8]>,
    header: Header,
    slots: usize,
    words: usize,
    numbers: usize,
    texts: usize,
}

/// The parts of a table, at hand for a search.
struct Parts<'t> {
    header: Header,
    filter: &'t [[u8; 4]],
    slots: &'t [[u8; 4 * OF_SLOT]],
    words: &'t [[u8; 4]],
    numbers: &'t [[u8; 4]],
    texts: &'t [u8],
}

/// What the table begins with.
#[derive(Clone, Copy)]
struct Header {
    /// Numbers of the filter: a power of two.
    filter: u32,
    /// Slots of the hash table: a power of two.
    slots: u32,
    /// Words, and those of them that are shorter than any gram.
    words: u32,
    short: u32,
    /// Numbers of all words.
    numbers: u32,
    /// The farthest place of a gram in its word.
    farthest: u32,
    /// The bit of a number whose word counts only at the start of a word.
    starts: u32,
    /// By what it was made.
    maker: u32,
}

/// This file, in a number. A table that another state of it made would find nothing, and nothing would say so: build tools have left
/// one in place.
const MAKER: u32 = {
    let text = include_bytes!("keywords.rs");
    let (mut sum, mut at) = (0x811c_9dc5_u32, 0);
    while at < text.len() {
        // FNV-1a (Fowler, Noll, Vo).
        sum = (sum ^ text[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    sum
};

impl Header {
    const LEN: usize = 32;

    fn of(table: &[u8]) -> Self {
        let at = |place: usize| number(table, 4 * place);
        Self {
            filter: at(0),
            slots: at(1),
            words: at(2),
            short: at(3),
            numbers: at(4),
            farthest: at(5),
            starts: at(6),
            maker: at(7),
        }
    }

    const fn fields(self) -> [u32; 8] {
        [
            self.filter,
            self.slots,
            self.words,
            self.short,
            self.numbers,
            self.farthest,
            self.starts,
            self.maker,
        ]
    }
}

/// Bytes of a gram.
const GRAM: usize = 4;
/// Bytes of a gram that the filter makes a place of, and bytes of the shortest word that has one.
const PLACED: usize = 3;
/// A gram stands at most so far in a word: words that were seen need not wait long for those that begin before them.
const FARTHEST: usize = 12;
/// Sets the bit that tells capitals from small letters; what else it makes the same, the comparison tells apart.
const FOLD: u32 = 0x2020_2020;
/// Mixes the bytes: the golden ratio (Knuth, volume 3, section 6.4).
const MIX: u32 = 0x9e37_79b1;
/// The smallest and the largest filter, in numbers.
const SMALL: usize = 1 << 10;
const LARGE: usize = 1 << 16;
/// Numbers of the filter for each gram: one in so many is taken, so that little passes by chance.
const ROOM: usize = 4;
/// Numbers of a slot, and of a word.
const OF_SLOT: usize = 2;
const OF_WORD: usize = 3;
/// Set beside the place of a gram in the last word of it.
const LAST: u32 = 1 << 31;
/// Where the words of a gram count only at the start of a word, and it stands at one place in all of them: that place, plus
/// one, from this bit of the number of its first word on. Most words are such openings of tokens, and most places where
/// their gram stands are inside of a word: nothing of the words need be read to see that.
const BEGINS: u32 = 28;

#[inline(always)]
fn number(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// The place in a filter of `len` numbers of four folded bytes, and the bit there.
#[inline(always)]
const fn filtered(four: u32, len: usize) -> (usize, u32) {
    // The fourth byte falls out of the product.
    let place = four.wrapping_mul(MIX << 8) >> (32 - len.trailing_zeros());
    (place as usize, four >> 24 & 31)
}

/// Where the search for a gram begins in a hash table of `len` slots.
const fn slot(gram: u32, len: u32) -> u32 {
    // The upper bits of the product are those that every byte of the gram has a part in.
    gram.wrapping_mul(MIX) >> (32 - len.trailing_zeros())
}

/// The four bytes of a word from `at`, folded; the fourth is 0 where the word ends before it.
fn gram(word: &[u8], at: usize) -> u32 {
    match word[at..] {
        [a, b, c, d, ..] => u32::from_le_bytes([a, b, c, d]) | FOLD,
        [a, b, c] => (u32::from_le_bytes([a, b, c, 0]) | FOLD) & 0x00ff_ffff,
        _ => 0,
    }
}

/// The table of `words`, of which none is empty. Those whose number has the bit `starts` count only where no letter, digit or
/// underscore stands before them; `each` gives their number without it.
pub fn table<'w>(words: impl Iterator<Item = (Number, &'w str)>, starts: Number) -> Vec<u8> {
    let mut by_word: BTreeMap<Vec<u8>, Vec<Number>> = BTreeMap::new();
    for (number, word) in words.filter(|(_, word)| !word.is_empty()) {
        let word = word.to_ascii_lowercase().into_bytes();
        let numbers = by_word.entry(word).or_default();
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    let common: HashMap<u32, usize> = COMMON
        .lines()
        .enumerate()
        .map(|(rank, four)| (gram(four.replace('␣', " ").as_bytes(), 0), rank))
        .collect();
    let rarest = |word: &[u8]| {
        let places = 0..=word.len().saturating_sub(GRAM).min(FARTHEST);
        let rank = |&at: &usize| common.get(&gram(word, at)).copied().unwrap_or(usize::MAX);
        // The first of those that are equally rare.
        places.rev().max_by_key(rank).unwrap_or(0)
    };
    // Words by their grams; those without one are apart.
    let mut by_gram: BTreeMap<u32, Vec<(&[u8], usize)>> = BTreeMap::new();
    let mut short: Vec<(&[u8], usize)> = Vec::new();
    for word in by_word.keys() {
        let at = rarest(word);
        match gram(word, at) {
            0 => short.push((word, 0)),
            gram => by_gram.entry(gram).or_default().push((word, at)),
        }
    }
    let filter_len = (by_gram.len() * ROOM)
        .next_power_of_two()
        .clamp(SMALL, LARGE);
    // Half of it empty at least, so that what is looked up in vain is near an empty slot.
    let slots_len = (by_gram.len() * 2 + 2).next_power_of_two() as u32;
    let mut filter = vec![0u32; filter_len];
    let mut slots = vec![0u32; slots_len as usize * OF_SLOT];
    let (mut words, mut numbers, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let mut farthest = 0;
    let mut add = |word: &[u8], at: usize, last: u32| {
        farthest = at.max(farthest);
        words.extend([texts.len() as u32, at as u32 | last, numbers.len() as u32]);
        texts.extend_from_slice(word);
        numbers.extend(by_word.get(word).into_iter().flatten());
    };
    let mut count = 0;
    for (&gram, of_gram) in &by_gram {
        // Any fourth byte may follow a word of three.
        let (at, bit) = filtered(gram | FOLD, filter_len);
        filter[at] |= if gram >> 24 == 0 { u32::MAX } else { 1 << bit };
        let mut free = slot(gram, slots_len) as usize * OF_SLOT;
        while slots[free] != 0 {
            free = (free + OF_SLOT) % slots.len();
        }
        slots[free] = gram;
        let place = of_gram[0].1;
        let begin = |&(word, at): &(&[u8], usize)| {
            let mut numbers = by_word.get(word).into_iter().flatten();
            at == place && numbers.all(|number| number & starts != 0)
        };
        let begins = if of_gram.iter().all(begin) {
            place + 1
        } else {
            0
        };
        slots[free + 1] = count as u32 | (begins as u32) << BEGINS;
        for (place, &(word, at)) in of_gram.iter().enumerate() {
            add(word, at, if place + 1 == of_gram.len() { LAST } else { 0 });
        }
        count += of_gram.len();
    }
    for &(word, _) in &short {
        add(word, 0, LAST);
    }
    count += short.len();
    words.extend([texts.len() as u32, 0, numbers.len() as u32]);
    let header = Header {
        filter: filter_len as u32,
        slots: slots_len,
        words: count as u32,
        short: short.len() as u32,
        numbers: numbers.len() as u32,
        farthest: farthest as u32,
        starts,
        maker: MAKER,
    };
    let mut table: Vec<u8> = Vec::new();
    let put = |table: &mut Vec<u8>, numbers: &[u32]| {
        table.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    };
    put(&mut table, &header.fields());
    for part in [&filter, &slots, &words, &numbers] {
        put(&mut table, part);
    }
    table.extend(texts);
    table
}

/// A word that was seen and not yet told: where it ends and begins, and its number.
type Seen = (usize, usize, Number);

/// The words that were seen and not yet told, in the order of their ends.
struct Told<F> {
    waiting: VecDeque<Seen>,
    hit: F,
}

impl<F: FnMut(Number, usize)> Told<F> {
    /// Adds a word, behind those that end where it ends and begin before it.
    fn add(&mut self, seen: Seen) {
        let (end, start, _) = seen;
        let behind = self.waiting.iter().rev();
        let behind = behind.take_while(|waits| (waits.0, waits.1) > (end, start));
        let at = self.waiting.len() - behind.count();
        self.waiting.insert(at, seen);
    }

    /// Tells those that no word which begins at `at` or later can come before.
    fn until(&mut self, at: usize) {
        while let Some(&(end, start, number)) = self.waiting.front()
            && end <= at
        {
            self.waiting.pop_front();
            (self.hit)(number, start);
        }
    }
}

impl Keywords {
    /// The words of a table that [`table`] made.
    ///
    /// # Panics
    ///
    /// Where another version of it did: nothing can be decided with such a table.
    pub fn new(table: Cow<'static, [u8]>) -> Self {
        let header = Header::of(&table);
        assert!(
            header.maker == MAKER,
            "the table of words is of another build: run `cargo clean` and build again"
        );
        let slots = Header::LEN + 4 * header.filter as usize;
        let words = slots + 4 * OF_SLOT * header.slots as usize;
        let numbers = words + 4 * OF_WORD * (header.words as usize + 1);
        Self {
            header,
            slots,
            words,
            numbers,
            texts: numbers + 4 * header.numbers as usize,
            table,
        }
    }

    /// Calls `hit` with the number and the offset of every word in `bytes`, in the order of their ends, of those that end at
    /// one place the longest first.
    pub fn each(&self, bytes: &[u8], hit: impl FnMut(Number, usize)) {
        let mut told = Told {
            waiting: VecDeque::new(),
            hit,
        };
        let parts = self.parts();
        if self.header.short > 0 {
            // Words of one or two bytes stand everywhere: nothing is gained by looking ahead.
            let short = self.header.words - self.header.short..self.header.words;
            for at in 0..bytes.len() {
                told.until(at.saturating_sub(self.header.farthest as usize));
                for word in short.clone() {
                    parts.compare(word, bytes, at, &mut told);
                }
                parts.look(bytes, at, &mut told);
            }
        } else {
            let mut pass = |at: usize| parts.look(bytes, at, &mut told);
            // The sizes that there are, so that the compiler knows them.
            let filter = parts.filter;
            match filter.len().trailing_zeros() {
                10 => passing::<{ 1 << 10 }>(filter, bytes, &mut pass),
                11 => passing::<{ 1 << 11 }>(filter, bytes, &mut pass),
                12 => passing::<{ 1 << 12 }>(filter, bytes, &mut pass),
                13 => passing::<{ 1 << 13 }>(filter, bytes, &mut pass),
                14 => passing::<{ 1 << 14 }>(filter, bytes, &mut pass),
                15 => passing::<{ 1 << 15 }>(filter, bytes, &mut pass),
                _ => passing::<LARGE>(filter, bytes, &mut pass),
            }
        }
        told.until(usize::MAX);
    }

    fn parts(&self) -> Parts<'_> {
        let table: &[u8] = &self.table;
        Parts {
            header: self.header,
            filter: table[Header::LEN..self.slots].as_chunks().0,
            slots: table[self.slots..self.words].as_chunks().0,
            words: table[self.words..self.numbers].as_chunks().0,
            numbers: table[self.numbers..self.texts].as_chunks().0,
            texts: &table[self.texts..],
        }
    }
}

impl Parts<'_> {
    /// The words whose gram stands at `at`.
    #[inline(always)]
    fn look(&self, bytes: &[u8], at: usize, told: &mut Told<impl FnMut(Number, usize)>) {
        let four = match bytes[at..] {
            [a, b, c, d, ..] => u32::from_le_bytes([a, b, c, d]),
            // What no word has at its fourth place.
            [a, b, c] => u32::from_le_bytes([a, b, c, 0xff]),
            _ => return,
        } | FOLD;
        self.words_of(four, bytes, at, told);
        // A word of three bytes lets every fourth byte pass.
        let (place, _) = filtered(four, self.filter.len());
        if self.filter[place] == [0xff; 4] {
            self.words_of(four & 0x00ff_ffff, bytes, at, told);
        }
    }

    /// The words of one gram.
    #[inline(always)]
    fn words_of(
        &self,
        gram: u32,
        bytes: &[u8],
        at: usize,
        told: &mut Told<impl FnMut(Number, usize)>,
    ) {
        let mask = self.slots.len() as u32 - 1;
        let mut slot = slot(gram, self.slots.len() as u32);
        let mut word = loop {
            let row = u64::from_le_bytes(self.slots[slot as usize]);
            match row as u32 {
                0 => return,
                own if own == gram => break (row >> 32) as u32,
                _ => slot = (slot + 1) & mask,
            }
        };
        if let Some(place) = (word >> BEGINS).checked_sub(1) {
            word ^= (place + 1) << BEGINS;
            let start = at.checked_sub(place as usize);
            if !start.is_some_and(|start| starts_word(bytes, start)) {
                return;
            }
        }
        told.until(at.saturating_sub(self.header.farthest as usize));
        while !self.compare(word, bytes, at, told) {
            word += 1;
        }
    }

    /// Sees `word` where it stands with its gram at `at`. Whether it is the last of its gram.
    fn compare(
        &self,
        word: u32,
        bytes: &[u8],
        at: usize,
        told: &mut Told<impl FnMut(Number, usize)>,
    ) -> bool {
        let row = &self.words[OF_WORD * word as usize..][..OF_WORD + 3];
        let field = |field: usize| u32::from_le_bytes(row[field]);
        let text = &self.texts[field(0) as usize..field(OF_WORD) as usize];
        let (place, last) = (field(1) & !LAST, field(1) & LAST != 0);
        let Some(start) = at.checked_sub(place as usize) else {
            return last;
        };
        // Asked first: in a long run of one letter a word of that letter stands everywhere, and begins once.
        let numbers = &self.numbers[field(2) as usize..field(2 + OF_WORD) as usize];
        let begins = starts_word(bytes, start);
        let counts = |number: u32| begins || number & self.header.starts == 0;
        if !numbers
            .iter()
            .any(|number| counts(u32::from_le_bytes(*number)))
        {
            return last;
        }
        let end = start + text.len();
        let stands = bytes
            .get(start..end)
            .is_some_and(|here| here.eq_ignore_ascii_case(text));
        if !stands {
            return last;
        }
        for number in numbers {
            let number = u32::from_le_bytes(*number);
            if counts(number) {
                told.add((end, start, number & !self.header.starts));
            }
        }
        last
    }
}

/// Whether no letter, digit or underscore stands before a place.
fn starts_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| bytes[before]);
    !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Places that are asked before those that passed are looked at.
const STEP: usize = 1 << 10;

/// Calls `pass` with every place where `filter`, of `LEN` numbers, lets a gram stand.
#[inline(always)]
fn passing<const LEN: usize>(filter: &[[u8; 4]], bytes: &[u8], pass: &mut impl FnMut(usize)) {
    let Some(filter) = filter.first_chunk::<LEN>() else {
        return;
    };
    let mut passed = [0u16; STEP];
    let mut at = 0;
    while at + GRAM <= bytes.len() {
        let end = bytes.len().min(at + STEP + GRAM - 1);
        let count = ask(filter, &bytes[at..end], &mut passed);
        for &place in &passed[..count] {
            pass(at + usize::from(place));
        }
        at = end + 1 - GRAM;
    }
    if at + PLACED <= bytes.len() {
        pass(at);
    }
}

/// Writes down the places of `bytes` that pass, and returns how many they are.
#[inline(never)]
fn ask<const LEN: usize>(filter: &[[u8; 4]; LEN], bytes: &[u8], passed: &mut [u16; STEP]) -> usize {
    let mut count = 0;
    for (place, four) in bytes.windows(GRAM).enumerate() {
        let Some(&four) = four.first_chunk() else {
            break;
        };
        let (number, bit) = filtered(u32::from_le_bytes(four) | FOLD, LEN);
        // The next place that passes overwrites one that did not.
        passed[count % STEP] = place as u16;
        count += (u32::from_le_bytes(filter[number]) >> bit & 1) as usize;
    }
    count
}
