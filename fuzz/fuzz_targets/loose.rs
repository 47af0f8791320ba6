//! The reader of loose objects. The first byte says whether the rest is what is packed, or the packed file.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    fuzz::with_loose(rest, first % 2 == 0);
});
