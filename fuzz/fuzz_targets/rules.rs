//! An organisation's own rules; those that are read are linted and searched with.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::rules(data));
