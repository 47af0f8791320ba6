//! The reader of zip archives, and what is in their members.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzz::open_all(&[b"PK\x03\x04", data].concat());
});
