//! A loose object: the first byte says whether it is deflated already.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::loose(data));
