//! A baseline: what was read is written again and read the same.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::baseline(data));
