//! A posture as a file, and every format of it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::posture(data));
