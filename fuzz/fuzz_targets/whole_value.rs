//! Base64 as a whole value.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::whole_value(data));
