//! The decoder of gzip: what one piece stands for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stagegate::scan::decode::Form;

fuzz_target!(|data: &[u8]| {
    fuzz::open(Form::Gzip, data);
});
