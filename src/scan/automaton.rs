//! Words looked for without case, all of them in one pass: an Aho-Corasick automaton whose every step is one look into a table.
//!
//! The table is a run of bytes, so that `build.rs` can make it of the words of the rules that ship, and starting costs
//! nothing. `build.rs` reads this file too: it uses nothing else of the crate.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// A number that the caller gives a word. Several words may have the same, and a word several.
pub type Number = u32;

/// The automaton.
///
/// Its table is made of little-endian numbers of four bytes: how many classes of bytes there are, how many states; the class of
/// each byte; for each state and class the next state, as the place of its row, with [`HOLDS`] where words end there; where the
/// words of each state begin in what follows; and of each such word its number and length, the longest first.
pub struct Automaton {
    classes: [u32; 256],
    table: Cow<'static, [u8]>,
    /// Where the rows begin, in bytes; and how many numbers they hold together.
    rows: usize,
    cells: usize,
    stride: usize,
    ends: usize,
    words: usize,
}

/// Words end at the state that is entered.
const HOLDS: u32 = 1 << 31;

fn number(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// The table of an automaton over `words`, of which none is empty.
pub fn table<'w>(words: impl Iterator<Item = (Number, &'w str)>) -> Vec<u8> {
    let mut by_word: BTreeMap<String, Vec<Number>> = BTreeMap::new();
    for (number, word) in words.filter(|(_, word)| !word.is_empty()) {
        let numbers = by_word.entry(word.to_ascii_lowercase()).or_default();
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    let mut classes = [0u32; 256];
    let mut stride = 1;
    for byte in by_word.keys().flat_map(|word| word.bytes()) {
        if classes[usize::from(byte)] == 0 {
            classes[usize::from(byte)] = stride;
            classes[usize::from(byte.to_ascii_uppercase())] = stride;
            stride += 1;
        }
    }
    // The tree of the words, its nodes in the order of their depth: those near the root are needed most, and stand together.
    let stride = stride as usize;
    let mut tree: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new()];
    let mut own: Vec<Vec<(Number, u32)>> = vec![Vec::new()];
    for (word, numbers) in &by_word {
        let mut node = 0;
        for byte in word.bytes() {
            let class = classes[usize::from(byte)] as usize;
            node = match tree[node].get(&class) {
                Some(&next) => next,
                None => {
                    tree.push(BTreeMap::new());
                    own.push(Vec::new());
                    let next = tree.len() - 1;
                    tree[node].insert(class, next);
                    next
                }
            };
        }
        own[node].extend(numbers.iter().map(|&number| (number, word.len() as u32)));
    }
    let mut order = Vec::with_capacity(tree.len());
    let mut queue = VecDeque::from([0]);
    while let Some(node) = queue.pop_front() {
        order.push(node);
        queue.extend(tree[node].values());
    }
    let mut state_of = vec![0; tree.len()];
    for (state, &node) in order.iter().enumerate() {
        state_of[node] = state;
    }
    // Rows in that order; the state to fall back to is nearer to the root, so its row is done.
    let mut rows = vec![0u32; order.len() * stride];
    let mut back = vec![0usize; order.len()];
    let mut found: Vec<Vec<(Number, u32)>> = Vec::with_capacity(order.len());
    for (state, &node) in order.iter().enumerate() {
        let fallback = back[state];
        let mut words = std::mem::take(&mut own[node]);
        if state > 0 {
            words.extend(found[fallback].iter().copied());
            rows.copy_within(fallback * stride..(fallback + 1) * stride, state * stride);
        }
        found.push(words);
        for (&class, &next) in &tree[node] {
            let next = state_of[next];
            let cell = &mut rows[state * stride + class];
            if state > 0 {
                back[next] = *cell as usize;
            }
            *cell = next as u32;
        }
    }
    let mut table = Vec::new();
    let mut put = |number: u32| table.extend_from_slice(&number.to_le_bytes());
    put(stride as u32);
    put(order.len() as u32);
    classes.into_iter().for_each(&mut put);
    for next in rows {
        let holds = if found[next as usize].is_empty() {
            0
        } else {
            HOLDS
        };
        put((next * stride as u32) | holds);
    }
    let mut ends = 0;
    for words in &found {
        put(ends);
        ends += words.len() as u32;
    }
    put(ends);
    for (number, len) in found.into_iter().flatten() {
        put(number);
        put(len);
    }
    table
}

impl Automaton {
    /// The automaton of a table that [`table`] made.
    pub fn new(table: Cow<'static, [u8]>) -> Self {
        let stride = number(&table, 0) as usize;
        let states = number(&table, 4) as usize;
        let mut classes = [0; 256];
        for (byte, class) in classes.iter_mut().enumerate() {
            *class = number(&table, 8 + 4 * byte);
        }
        let rows = 8 + 4 * classes.len();
        let cells = states * stride;
        let ends = rows + 4 * cells;
        Self {
            classes,
            table,
            rows,
            cells,
            stride,
            ends,
            words: ends + 4 * (states + 1),
        }
    }

    /// Calls `hit` with the number and the offset of every word in `bytes`, in the order of their ends.
    pub fn each(&self, bytes: &[u8], mut hit: impl FnMut(Number, usize)) {
        let cells = &self.table[self.rows..self.rows + 4 * self.cells];
        let (cells, _) = cells.as_chunks::<4>();
        let mut state = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            let class = self.classes[usize::from(byte)];
            let next = u32::from_le_bytes(cells[(state + class) as usize]);
            state = next & !HOLDS;
            if next & HOLDS != 0 {
                let row = self.ends + state as usize / self.stride * 4;
                for word in number(&self.table, row)..number(&self.table, row + 4) {
                    let word = self.words + 8 * word as usize;
                    let len = number(&self.table, word + 4) as usize;
                    hit(number(&self.table, word), at + 1 - len);
                }
            }
        }
    }
}
