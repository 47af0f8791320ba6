//! Values on their way into an inventory, in every form.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::values(data));
