//! UTF-16, UTF-32 and byte-order marks.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::text(data));
