//! Text encodings: UTF-16, UTF-32, marks.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    stagegate::scan::decode::text_of(data);
});
