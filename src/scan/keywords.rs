//! Words looked for without case, all of them in one pass: a filter over how words begin, and a tree of the words for the few
//! places that pass it.
//!
//! Where a word may begin, the filter is asked by one multiplication and one look into a table that fits the nearest cache,
//! however many words there are; no answer waits for another. The table is a run of bytes, so that `build.rs` can make it of
//! the words of the rules that ship, and starting costs nothing. `build.rs` reads this file too: it uses nothing else of the
//! crate.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A number that the caller gives a word. Several words may have the same, and a word several.
pub type Number = u32;

/// The words.
///
/// The table is made of little-endian numbers of four bytes, but for the filter and the letters:
///
/// | part | holds |
/// | --- | --- |
/// | header | see [`Header`] |
/// | filter | a byte for each hash of three bytes, and in it a bit for each of eight kinds of fourth bytes |
/// | slots | a hash table: the beginning of three bytes, by its place among them plus one |
/// | beginnings | the three bytes of each, and [`ANYWHERE`] where not all words below it ask for the start of a word |
/// | firsts | of each node of the tree its first child; the children of a node stand together |
/// | ends | of each node the first of its words |
/// | numbers | of each word its number |
/// | letters | of each node the byte that leads to it |
///
/// The nodes stand in the order of their depth, so that children of one node follow those of the node before it.
pub struct Keywords {
    table: Cow<'static, [u8]>,
    header: Header,
    filter: usize,
    slots: usize,
    beginnings: usize,
    firsts: usize,
    ends: usize,
    numbers: usize,
    letters: usize,
}

/// What the table begins with.
#[derive(Clone, Copy)]
struct Header {
    /// Bytes of the filter: a power of two.
    filter: u32,
    /// Slots of the hash table: a power of two.
    slots: u32,
    /// Nodes of the tree.
    nodes: u32,
    /// The first node of depth three, and of depth four.
    third: u32,
    fourth: u32,
    /// Words.
    words: u32,
    /// The bit of a number whose word counts only at the start of a word.
    starts: u32,
    /// Whether a word is shorter than a beginning.
    short: u32,
}

impl Header {
    const LEN: usize = 32;

    fn of(table: &[u8]) -> Self {
        let at = |place: usize| number(table, 4 * place);
        Self {
            filter: at(0),
            slots: at(1),
            nodes: at(2),
            third: at(3),
            fourth: at(4),
            words: at(5),
            starts: at(6),
            short: at(7),
        }
    }

    const fn fields(self) -> [u32; 8] {
        [
            self.filter,
            self.slots,
            self.nodes,
            self.third,
            self.fourth,
            self.words,
            self.starts,
            self.short,
        ]
    }
}

/// Bytes of a word that the hash table knows.
const BEGINNING: usize = 3;
/// Set in a beginning where words below it count anywhere.
const ANYWHERE: u32 = 1 << 31;
/// Sets the bit that tells capitals from small letters; what else it makes the same passes the filter, and no more.
const FOLD: u32 = 0x2020_2020;
/// Mixes three bytes, the fourth falls out: the golden ratio (Knuth, volume 3, section 6.4), shifted.
const MIX: u32 = 0x9e37_79b1 << 8;
/// The smallest and the largest filter, in bytes.
const SMALL: usize = 1 << 12;
const LARGE: usize = 1 << 18;
/// Bytes of the filter for each beginning: one in so many is taken, so that few texts pass by chance.
const ROOM: usize = 32;

fn number(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// The place in a filter of `len` bytes of four bytes, and the bit there.
#[inline(always)]
const fn filtered(four: u32, len: usize) -> (usize, u32) {
    let four = four | FOLD;
    let place = four.wrapping_mul(MIX) >> (32 - len.trailing_zeros());
    (place as usize, four >> 24 & 7)
}

const fn slot(beginning: u32) -> u32 {
    beginning.wrapping_mul(0x9e37_79b1) >> 15
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
    // The tree: a node is a word or the beginning of one. In the order of their depth, then of their bytes.
    let nodes: BTreeSet<(usize, &[u8])> = by_word
        .keys()
        .flat_map(|word| (0..=word.len()).map(|len| (len, &word[..len])))
        .collect();
    let nodes: Vec<&[u8]> = nodes.into_iter().map(|(_, node)| node).collect();
    let depth = |depth: usize| nodes.partition_point(|node| node.len() < depth) as u32;
    let (third, fourth) = (depth(BEGINNING), depth(BEGINNING + 1));
    let mut firsts = Vec::with_capacity(nodes.len() + 1);
    let mut ends = Vec::with_capacity(nodes.len() + 1);
    let mut numbers = Vec::new();
    let mut next = 1;
    for node in &nodes {
        firsts.push(next);
        let children = nodes[next as usize..]
            .iter()
            .take_while(|child| child[..child.len() - 1] == **node);
        next += children.count() as u32;
        ends.push(numbers.len() as u32);
        numbers.extend(by_word.get(*node).into_iter().flatten());
    }
    firsts.push(next);
    ends.push(numbers.len() as u32);
    let beginnings = &nodes[third as usize..fourth as usize];
    let filter_len = (beginnings.len() * ROOM)
        .next_power_of_two()
        .clamp(SMALL, LARGE);
    let slots_len = (beginnings.len() * 4).next_power_of_two();
    let mut filter = vec![0u8; filter_len];
    for word in by_word.keys().filter(|word| word.len() >= BEGINNING) {
        let four = |fourth| u32::from_le_bytes([word[0], word[1], word[2], fourth]);
        let (place, bits) = match word.get(BEGINNING) {
            Some(&fourth) => {
                let (place, bit) = filtered(four(fourth), filter_len);
                (place, 1 << bit)
            }
            None => (filtered(four(0), filter_len).0, u8::MAX),
        };
        filter[place] |= bits;
    }
    let mut slots = vec![0u32; slots_len];
    let mut keys = Vec::with_capacity(beginnings.len());
    for (at, beginning) in beginnings.iter().enumerate() {
        let key = u32::from_le_bytes([beginning[0], beginning[1], beginning[2], 0]);
        let mut free = slot(key) as usize % slots_len;
        while slots[free] != 0 {
            free = (free + 1) % slots_len;
        }
        slots[free] = at as u32 + 1;
        let anywhere = by_word
            .range(beginning.to_vec()..)
            .take_while(|(word, _)| word.starts_with(beginning))
            .any(|(_, numbers)| numbers.iter().any(|number| number & starts == 0));
        keys.push(if anywhere { key | ANYWHERE } else { key });
    }
    let header = Header {
        filter: filter_len as u32,
        slots: slots_len as u32,
        nodes: nodes.len() as u32,
        third,
        fourth,
        words: numbers.len() as u32,
        starts,
        short: u32::from(by_word.keys().any(|word| word.len() < BEGINNING)),
    };
    let mut table: Vec<u8> = Vec::new();
    let put = |table: &mut Vec<u8>, numbers: &[u32]| {
        table.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    };
    put(&mut table, &header.fields());
    table.extend_from_slice(&filter);
    for part in [&slots, &keys, &firsts, &ends, &numbers] {
        put(&mut table, part);
    }
    table.extend(nodes.iter().map(|node| node.last().copied().unwrap_or(0)));
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
        let before = self
            .waiting
            .iter()
            .rev()
            .take_while(|waits| (waits.0, waits.1) > (end, start));
        let at = self.waiting.len() - before.count();
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
    pub fn new(table: Cow<'static, [u8]>) -> Self {
        let header = Header::of(&table);
        let filter = Header::LEN;
        let slots = filter + header.filter as usize;
        let beginnings = slots + 4 * header.slots as usize;
        let firsts = beginnings + 4 * (header.fourth - header.third) as usize;
        let ends = firsts + 4 * (header.nodes as usize + 1);
        let numbers = ends + 4 * (header.nodes as usize + 1);
        Self {
            header,
            filter,
            slots,
            beginnings,
            firsts,
            ends,
            numbers,
            letters: numbers + 4 * header.words as usize,
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
        if self.header.short != 0 {
            // Words of one or two bytes stand everywhere: nothing is gained by looking ahead.
            for at in 0..bytes.len() {
                told.until(at);
                self.words_from(0, bytes, at, at, &mut |seen| told.add(seen));
            }
        } else {
            let filter = &self.table[self.filter..self.slots];
            let mut pass = |at: usize| self.look(bytes, at, &mut told);
            // The sizes that there are, so that the compiler knows them.
            match self.header.filter.trailing_zeros() {
                12 => passing::<{ 1 << 12 }>(filter, bytes, &mut pass),
                13 => passing::<{ 1 << 13 }>(filter, bytes, &mut pass),
                14 => passing::<{ 1 << 14 }>(filter, bytes, &mut pass),
                15 => passing::<{ 1 << 15 }>(filter, bytes, &mut pass),
                16 => passing::<{ 1 << 16 }>(filter, bytes, &mut pass),
                17 => passing::<{ 1 << 17 }>(filter, bytes, &mut pass),
                _ => passing::<LARGE>(filter, bytes, &mut pass),
            }
        }
        told.until(usize::MAX);
    }

    /// The words that begin at `at`, where the filter lets one begin.
    #[inline(never)]
    fn look(&self, bytes: &[u8], at: usize, told: &mut Told<impl FnMut(Number, usize)>) {
        let Some(&[a, b, c]) = bytes.get(at..at + BEGINNING) else {
            return;
        };
        let [a, b, c] = [a, b, c].map(|byte| byte.to_ascii_lowercase());
        let key = u32::from_le_bytes([a, b, c, 0]);
        let mask = self.header.slots - 1;
        let mut slot = slot(key) & mask;
        let (place, found) = loop {
            let place = number(&self.table, self.slots + 4 * slot as usize);
            if place == 0 {
                return;
            }
            let found = number(&self.table, self.beginnings + 4 * (place as usize - 1));
            if found & !ANYWHERE == key {
                break (place - 1, found);
            }
            slot = (slot + 1) & mask;
        };
        if found & ANYWHERE == 0 && !starts_word(bytes, at) {
            return;
        }
        told.until(at);
        let node = self.header.third + place;
        self.words_from(node, bytes, at, at + BEGINNING, &mut |seen| told.add(seen));
    }

    /// Calls `see` with the words that begin at `start`, of which `node` stands for what stands before `at`.
    fn words_from(
        &self,
        node: u32,
        bytes: &[u8],
        start: usize,
        at: usize,
        see: &mut dyn FnMut(Seen),
    ) {
        let pair = |part: usize, node: u32| {
            let part = part + 4 * node as usize;
            (number(&self.table, part), number(&self.table, part + 4))
        };
        let (mut node, mut at) = (node, at);
        loop {
            let (first, end) = pair(self.ends, node);
            for word in first..end {
                let number = number(&self.table, self.numbers + 4 * word as usize);
                if number & self.header.starts == 0 || starts_word(bytes, start) {
                    see((at, start, number & !self.header.starts));
                }
            }
            let Some(byte) = bytes.get(at).map(u8::to_ascii_lowercase) else {
                return;
            };
            let (first, end) = pair(self.firsts, node);
            let children = self.letters + first as usize..self.letters + end as usize;
            let Some(child) = self.table[children].iter().position(|&own| own == byte) else {
                return;
            };
            node = first + child as u32;
            at += 1;
        }
    }
}

/// Whether no letter, digit or underscore stands before a place.
fn starts_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| bytes[before]);
    !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Places that are asked at a time.
const STEP: usize = 8;

/// Calls `pass` with every place where `filter`, of `LEN` bytes, lets a word begin.
#[inline(never)]
fn passing<const LEN: usize>(filter: &[u8], bytes: &[u8], pass: &mut dyn FnMut(usize)) {
    let Some(filter) = filter.first_chunk::<LEN>() else {
        return;
    };
    let bit = |four: u32| {
        let (place, bit) = filtered(four, LEN);
        u32::from(filter[place]) >> bit & 1
    };
    let mut at = 0;
    while let Some(ahead) = bytes[at..].first_chunk::<{ STEP + 3 }>() {
        let mut passed = 0;
        for place in 0..STEP {
            let four = [
                ahead[place],
                ahead[place + 1],
                ahead[place + 2],
                ahead[place + 3],
            ];
            passed |= bit(u32::from_le_bytes(four)) << place;
        }
        while passed != 0 {
            pass(at + passed.trailing_zeros() as usize);
            passed &= passed - 1;
        }
        at += STEP;
    }
    for at in at..(bytes.len() + 1).saturating_sub(BEGINNING) {
        let mut four = [0; 4];
        let rest = &bytes[at..bytes.len().min(at + 4)];
        four[..rest.len()].copy_from_slice(rest);
        if bit(u32::from_le_bytes(four)) != 0 {
            pass(at);
        }
    }
}
