//! A blocked Bloom filter (Putze, Sanders, Singler 2007): all bits of one entry lie in one block of 64 bytes, blocks lie in
//! pages of the file, and a page is read and verified when it is first asked. So a start reads nothing of it, and a small
//! commit a few pages.

use super::store::TAG;

/// Bytes of a page in the file, its tag included.
pub(super) const PAGE: usize = 4096;
/// Bytes of a block: a cache line.
pub(super) const BLOCK: usize = 64;
/// Blocks of a page; what is left of it holds the tag.
const BLOCKS: usize = (PAGE - TAG) / BLOCK;
/// Bits an entry: at eight probes about one in 200 of what is not there is taken for there.
const BITS: usize = 12;
/// Bits that are set for an entry.
const PROBES: u32 = 8;

/// How many pages a filter for so many entries has.
pub(super) fn pages_for(entries: usize) -> usize {
    (entries * BITS).div_ceil(BLOCKS * BLOCK * 8).max(1)
}

/// Spreads the bits of an anchor's hash, which has fewer than 64.
fn spread(hash: u64) -> u64 {
    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection, so equal places mean equal hashes.
    let mut mixed = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// The page of an entry, and where its block begins in it.
pub(super) fn place(hash: u64, pages: usize) -> (usize, usize) {
    let mixed = spread(hash);
    let page = ((u128::from(mixed) * pages as u128) >> 64) as usize;
    let block = (mixed as u32 as usize) % BLOCKS;
    (page, block * BLOCK)
}

fn bits(hash: u64) -> impl Iterator<Item = (usize, u8)> {
    let mixed = spread(spread(hash));
    let (mut bit, step) = (mixed as u32, (mixed >> 32) as u32 | 1);
    (0..PROBES).map(move |_| {
        let place = (bit >> 23) as usize;
        bit = bit.wrapping_add(step);
        (place / 8, 1 << (place % 8))
    })
}

/// Whether the block at `start` of a page has the entry.
pub(super) fn has(page: &[u8], start: usize, hash: u64) -> bool {
    let block = &page[start..start + BLOCK];
    bits(hash).all(|(byte, bit)| block[byte] & bit != 0)
}

/// The pages of a filter of these entries, without tags.
pub(super) fn build(hashes: impl Iterator<Item = u64>, pages: usize) -> Vec<u8> {
    let mut bytes = vec![0; pages * PAGE];
    for hash in hashes {
        let (page, start) = place(hash, pages);
        let block = &mut bytes[page * PAGE + start..][..BLOCK];
        for (byte, bit) in bits(hash) {
            block[byte] |= bit;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{PAGE, build, has, pages_for, place};

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_that_is_in_is_missed(hashes in proptest::collection::vec(any::<u64>(), 0..2_000), pages in 1_usize..20) {
            let filter = build(hashes.iter().copied(), pages);
            for hash in hashes {
                let (page, start) = place(hash, pages);
                prop_assert!(has(&filter[page * PAGE..], start, hash));
            }
        }
    }

    #[test]
    fn what_is_in_is_found_and_little_else() {
        let pages = pages_for(50_000);
        let filter = build(0..50_000, pages);
        let is_in = |hash| {
            let (page, start) = place(hash, pages);
            has(&filter[page * PAGE..], start, hash)
        };
        assert!((0..50_000).all(is_in));
        let wrong = (1_000_000..1_100_000).filter(|&hash| is_in(hash)).count();
        assert!(wrong < 1_500, "{wrong} of 100,000");
    }
}
