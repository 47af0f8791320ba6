//! What was used last is kept, up to so many bytes.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::rc::Rc;

use super::seeded::Seeded;

/// Values by key, the least recently used ones given up first.
pub(super) struct Lru<K, V> {
    held: HashMap<K, Held<V>, Seeded>,
    /// Uses, oldest first. Only the last one of a key counts.
    uses: VecDeque<(K, u64)>,
    now: u64,
    /// Bytes of all that is held,
    size: usize,
    /// and how many there may be.
    most: usize,
}

struct Held<V> {
    value: Rc<V>,
    size: usize,
    used: u64,
}

/// What an entry costs beside its bytes.
const OVERHEAD: usize = 160;

impl<K: Copy + Eq + Hash, V> Lru<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            held: HashMap::default(),
            uses: VecDeque::new(),
            now: 0,
            size: 0,
            most,
        }
    }

    pub(super) fn get(&mut self, key: K) -> Option<Rc<V>> {
        let held = self.held.get_mut(&key)?;
        // Used a moment ago: it need not be written down again.
        if held.used != self.now {
            self.now += 1;
            held.used = self.now;
            self.uses.push_back((key, self.now));
        }
        let value = Rc::clone(&held.value);
        self.forget_old_uses();
        Some(value)
    }

    /// Keeps a value of `size` bytes, unless it alone would take the place of most others.
    pub(super) fn put(&mut self, key: K, value: Rc<V>, size: usize) {
        let size = size.saturating_add(OVERHEAD);
        if size > self.most / 4 {
            return;
        }
        self.now += 1;
        self.uses.push_back((key, self.now));
        let used = self.now;
        let held = Held { value, size, used };
        self.size += size;
        if let Some(before) = self.held.insert(key, held) {
            self.size -= before.size;
        }
        while self.size > self.most
            && let Some((key, used)) = self.uses.pop_front()
        {
            if self.held.get(&key).is_some_and(|held| held.used == used)
                && let Some(gone) = self.held.remove(&key)
            {
                self.size -= gone.size;
            }
        }
        self.forget_old_uses();
    }

    fn forget_old_uses(&mut self) {
        if self.uses.len() > 4 * self.held.len() + 64 {
            let held = &self.held;
            self.uses
                .retain(|(key, used)| held.get(key).is_some_and(|held| held.used == *used));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_go_first_and_the_size_is_kept() {
        let mut lru = Lru::new(10 * (100 + OVERHEAD));
        for key in 0..10_u32 {
            lru.put(key, Rc::new(key), 100);
        }
        assert_eq!(lru.get(0).as_deref(), Some(&0));
        lru.put(10, Rc::new(10), 100);
        assert_eq!(lru.get(1), None);
        assert_eq!(lru.get(0).as_deref(), Some(&0));
        lru.put(11, Rc::new(11), 10_000);
        assert_eq!(lru.get(11), None, "larger than a quarter of all");
        lru.put(0, Rc::new(7), 100);
        assert_eq!(lru.get(0).as_deref(), Some(&7));
        assert!(lru.size <= lru.most);
    }

    #[test]
    fn uses_do_not_pile_up() {
        let mut lru = Lru::new(1 << 20);
        for key in 0..3_u32 {
            lru.put(key, Rc::new(()), 1);
        }
        for turn in 0..10_000_u32 {
            assert!(lru.get(turn % 3).is_some());
        }
        assert!(lru.uses.len() < 200);
    }
}
