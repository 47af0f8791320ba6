//! The base64 of a whole value.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(value) = std::str::from_utf8(data) {
        stagegate::scan::decode::whole_value(value);
    }
});
