//! Finding and opening every piece of a text, three times deep.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::open_all(data));
