//! A tar archive, and what is in its members.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::tar(data));
