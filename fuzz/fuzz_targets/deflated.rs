//! A zlib or raw deflate stream.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::deflated_piece(data));
