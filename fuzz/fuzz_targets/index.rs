//! The reader of git's index, compared with a tree. The first two bytes say how much of the rest is the tree.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [high, low, rest @ ..] = data else {
        return;
    };
    let (tree, index) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])).min(rest.len()));
    fuzz::with_index(tree, index);
});
