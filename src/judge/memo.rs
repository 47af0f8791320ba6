//! What is known of blobs that have been examined, as far as memory for it goes: a blob is often asked for again, by the next
//! commit, another path or another ref.

use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

/// Values in two halves: when the newer one is full, the older one is given up.
pub(in crate::judge) struct Memo<K, V> {
    newer: HashMap<K, Rc<V>>,
    older: HashMap<K, Rc<V>>,
    /// Bytes in the newer half,
    size: usize,
    /// and how many a half may have.
    half: usize,
}

/// What an entry costs beside its bytes.
const OVERHEAD: usize = 128;

impl<K: Copy + Eq + Hash, V> Memo<K, V> {
    /// Of at most about so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            newer: HashMap::new(),
            older: HashMap::new(),
            size: 0,
            half: most / 2,
        }
    }

    pub(super) fn get(&self, key: K) -> Option<Rc<V>> {
        let known = self.newer.get(&key).or_else(|| self.older.get(&key));
        known.map(Rc::clone)
    }

    /// Remembers what takes `size` bytes.
    pub(super) fn put(&mut self, key: K, value: Rc<V>, size: usize) {
        if self.size > self.half {
            self.older = std::mem::take(&mut self.newer);
            self.size = 0;
        }
        self.size += size + OVERHEAD;
        self.newer.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_known_and_no_more_than_two_halves() {
        let mut memo = Memo::new(6 << 20);
        for key in 0..1000_u32 {
            memo.put(key, Rc::new(key), 100_000);
        }
        assert_eq!(memo.get(999).as_deref(), Some(&999));
        assert_eq!(memo.get(0), None);
        let held = memo.newer.len() + memo.older.len();
        assert!((30..70).contains(&held), "{held}");
    }
}
