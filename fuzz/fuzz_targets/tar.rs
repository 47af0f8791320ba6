//! The reader of tar archives, and what is in their members. The magic stands where it must.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut text = data.to_vec();
    if text.len() >= 265 {
        text[257..262].copy_from_slice(b"ustar");
    }
    fuzz::open_all(&text);
});
