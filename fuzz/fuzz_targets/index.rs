//! Git's index, compared with a tree: two bytes say how long the tree is.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::index(data));
