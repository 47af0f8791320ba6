//! Commits and tags.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stagegate::git::{Commit, Tag};
use stagegate::model::Oid;

fuzz_target!(|data: &[u8]| {
    let oid = Oid::from_bytes(&[0; 20]).expect("twenty bytes");
    let _ = Commit::parse(oid, data);
    let _ = Tag::parse(oid, data);
});
