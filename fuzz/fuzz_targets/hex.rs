//! Hexadecimal digits as a piece of a text.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::hex(data));
