//! An inventory from values to hits: what is in it is found in every text, and nothing else is.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::{About, Added, Draft, Inventory, Key, TierOf};
use crate::rules::template::expand;

const TEMPLATES: [&str; 6] = [
    "{alnum:20}",
    "{hex:32}",
    "{password:16}",
    "{alnum:10}.{alnum:12}",
    "sk_live_{alnum:24}",
    "{alnum:4}#{alnum:5}!{alnum:6}@{alnum:3}",
];

fn about() -> About {
    About {
        environment: Some("production".to_owned()),
        tier: Some(TierOf::Production),
        source: "test".to_owned(),
        added: "2030-01-01".to_owned(),
        revoked: None,
    }
}

fn key() -> Key {
    let digits: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
    Key::parse(&digits, "K").expect("a key")
}

/// An inventory of those of the values that are strong enough, and these.
fn inventory(values: &[String]) -> (tempfile::TempDir, Inventory, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("inventory");
    let mut draft = Draft::open(&path, &key()).expect("begun");
    let mut taken = Vec::new();
    for value in values {
        if draft.add(value.as_bytes(), &about()).expect("added") == Added::Taken {
            taken.push(value.trim().to_owned());
        }
    }
    draft.write().expect("written");
    let inventory = Inventory::open(&path, &key()).expect("opened");
    (folder, inventory, taken)
}

/// No byte of the file can change unseen.
#[test]
fn a_change_of_any_byte_is_seen() {
    let (folder, inventory, _) = inventory(&generated(3, 1));
    let path = inventory.path().to_owned();
    let mut content = std::fs::read(&path).expect("a file");
    let sees = || {
        let opened = Inventory::open(&path, &key())?;
        opened.each(&mut |_| {})?;
        opened.verify_filter()
    };
    sees().expect("as it was written");
    for at in 0..content.len() {
        content[at] ^= 1;
        std::fs::write(&path, &content).expect("written");
        assert!(sees().is_err(), "byte {at} of {}", content.len());
        content[at] ^= 1;
    }
    drop(folder);
}

fn generated(count: u64, first: u64) -> Vec<String> {
    (first..first + count)
        .map(|seed| expand(TEMPLATES[seed as usize % TEMPLATES.len()], seed).expect("a template"))
        .collect()
}

/// Whether the text has a hit that reaches over all of `place`.
fn finds(inventory: &Inventory, text: &str, place: &std::ops::Range<usize>) -> bool {
    let hits = inventory.find(text.as_bytes()).expect("readable");
    hits.iter()
        .any(|hit| hit.span.start <= place.start && hit.span.end >= place.end)
}

#[test]
fn every_entry_is_found_and_others_are_not() {
    let (_folder, inventory, taken) = inventory(&generated(3_000, 0));
    assert!(taken.len() > 2_500);
    // In one text of many blocks, so that values stand at every place of a block.
    let mut text = String::new();
    let mut places = Vec::new();
    for (at, value) in taken.iter().enumerate() {
        text.push_str(["k = ", "\"", "//u:", "(", "\n\n", "a, ", "'"][at % 7]);
        places.push(text.len()..text.len() + value.len());
        text.push_str(value);
        text.push_str(["\n", "\" ", "@host ", "),", "\n", ";", "'"][at % 7]);
    }
    let hits = inventory.find(text.as_bytes()).expect("readable");
    for (value, place) in taken.iter().zip(&places) {
        assert!(hits.iter().any(|hit| hit.span == *place), "{value}");
    }
    let strangers = generated(3_000, 1_000_000).join("\n");
    assert_eq!(inventory.find(strangers.as_bytes()).expect("readable"), []);
}

#[test]
fn the_hash_of_a_piece_is_the_same_in_one_step_and_in_several() {
    use std::hash::Hasher as _;
    let hasher = siphasher::sip::SipHasher13::new_with_key(&[7; 16]);
    for len in 0..100 {
        let piece: Vec<u8> = (0..len).collect();
        let mut steps = hasher;
        steps.write(&piece);
        assert_eq!(hasher.hash(&piece), steps.finish());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_in_is_found_whatever_stands_around(
        values in proptest::collection::vec("[A-Za-z0-9]{12,40}|[!-~]{14,30}|[a-z0-9]{4}(-[a-z0-9]{4,12}){2,4}", 1..20),
        before in "(\\PC{0,80}[ \"'(=:,;\n/]|)",
        after in "([ \"'),;\n/]\\PC{0,80}|)",
        more in 0_usize..140,
    ) {
        let (_folder, inventory, taken) = inventory(&values);
        for value in &taken {
            let start = " ".repeat(more) + &before;
            let text = format!("{start}{value}{after}");
            let place = start.len()..start.len() + value.len();
            prop_assert!(finds(&inventory, &text, &place), "{value} in {text}");
            prop_assert!(!inventory.about(value.as_bytes()).expect("readable").is_empty());
        }
    }

    #[test]
    fn short_values_in_base64_are_found(
        values in proptest::collection::vec("[A-Za-z0-9]{12,17}|[A-Za-z0-9!#.]{13,17}", 1..10),
        more in 0_usize..140,
    ) {
        let (_folder, inventory, taken) = inventory(&values);
        for value in &taken {
            for encoded in [STANDARD.encode(value), STANDARD_NO_PAD.encode(value), URL_SAFE_NO_PAD.encode(value)] {
                let digits = encoded.trim_end_matches('=').len();
                let text = format!("{}password: {encoded}\n", " ".repeat(more));
                let place = more + 10..more + 10 + digits;
                // From 24 digits on it is `scan::decode` that opens them.
                prop_assert!(digits > 23 || finds(&inventory, &text, &place), "{value} in {text}");
            }
        }
    }

    #[test]
    fn no_text_makes_a_lookup_fail(text in "(\\PC{0,30}|[A-Za-z0-9+/=_-]{0,90}|[\\x00-\\xff]{0,20}){0,12}") {
        let (_folder, inventory, _) = inventory(&generated(20, 5));
        prop_assert_eq!(inventory.find(text.as_bytes()).expect("readable"), []);
    }
}
