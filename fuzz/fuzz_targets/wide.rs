//! UTF-16 inside a text.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wide(data));
