//! A file on its way to a branch, through rules, origin and policy into every format of a report. The first line is the path, the
//! second the branch, the rest the file.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::judge(data));
