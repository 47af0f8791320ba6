//! A policy, and three questions to it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::policy(data));
