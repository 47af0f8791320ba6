//! Every reader of `src/syntax`; the first byte says which. One reader alone: `SYNTAX=Toml`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::syntax(data));
