//! A configuration of gitleaks; what it becomes is read as own rules.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::gitleaks(data));
