//! An inventory on disk. Its checksum is set right, so that what follows is read.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::inventory(data));
