//! The lines that git writes to hooks, and the words it gives to `update`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::lines(data));
