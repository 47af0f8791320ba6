//! A quick hash for ids and offsets, which are spread already. Seeded anew in each process: who makes the objects of a push
//! must not choose which of them fall together.

use std::hash::{BuildHasher as _, Hasher, RandomState};

/// Makes hashers of one seed.
#[derive(Clone, Copy)]
pub(super) struct Seeded(u64);

/// Folds words into one by multiplication.
pub(super) struct Folding(u64);

/// An odd number without a pattern: the fraction of the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Default for Seeded {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u8))
    }
}

impl std::hash::BuildHasher for Seeded {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding(self.0)
    }
}

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        for &byte in rest {
            self.write_u8(byte);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(FACTOR);
        self.0 = (product >> 64) as u64 ^ (product as u64).rotate_left(23);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_differs_is_told_apart_in_any_seven_bits() {
        let seeded = Seeded::default();
        for shift in [0, 57] {
            let few: HashSet<u64> = (0..4096_u64)
                .map(|at| seeded.hash_one((1_usize, at << 17)) >> shift & 127)
                .collect();
            assert_eq!(few.len(), 128);
        }
    }
}
