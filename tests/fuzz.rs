//! Every fuzz target's function over its seeds, and over damaged copies of them, with the stable toolchain: what libFuzzer runs for
//! hours cannot rot, and what a campaign found stays found. Not here: the campaign, see `fuzz/README.md`.

#[allow(unreachable_pub)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::path::Path;

/// Damaged copies of each seed.
const COPIES: usize = 24;

/// The seeds of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| fs::read(file).expect("a seed"))
        .collect()
}

#[test]
fn every_target_runs_over_its_seeds_and_damaged_copies() {
    let mut random = fastrand::Rng::with_seed(11);
    for (name, run) in fuzz::TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seed");
        run(b"");
        for seed in &seeds {
            run(seed);
            for _ in 0..COPIES {
                run(&damaged(seed, &mut random));
            }
        }
    }
}

/// Cut, flipped, or with a part of it repeated.
fn damaged(seed: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut copy = seed.to_vec();
    for _ in 0..random.usize(1..5) {
        if copy.is_empty() {
            break;
        }
        let at = random.usize(..copy.len());
        match random.u8(..4) {
            0 => copy[at] ^= 1 << random.u8(..8),
            1 => copy[at] = random.u8(..),
            2 => copy.truncate(at),
            _ => {
                let again = copy[at..].to_vec();
                copy.splice(at..at, again.into_iter().take(40));
            }
        }
    }
    copy
}

#[test]
fn every_target_is_in_the_table_and_in_the_manifest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("a manifest");
    let mut files: Vec<String> = fs::read_dir(root.join("fuzz_targets"))
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    files.sort();
    let names: Vec<&str> = fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, names);
    for name in names {
        assert!(manifest.contains(&format!(
            "name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\""
        )));
    }
}
