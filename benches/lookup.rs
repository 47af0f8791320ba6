//! What a lookup in the inventory costs, in nanoseconds a byte: the first time, when pages of its filter are read and verified,
//! and after that; beside the search with all rules.
//!
//!     cargo bench --bench lookup -- INVENTORY KEY-FILE FOLDER...
//!
//! Reads the files below the folders; the best of several rounds counts. `benches/inventory.py` makes an inventory.

#![allow(missing_docs, clippy::expect_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use stagegate::inventory::{Inventory, Key};
use stagegate::rules::builtin;
use stagegate::scan::Scanner;

/// Rounds; the best counts.
const ROUNDS: usize = 7;
/// Text that is enough to measure, in bytes.
const ENOUGH: usize = 48 << 20;

fn main() {
    let arguments: Vec<String> = env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let [inventory, key, folders @ ..] = &arguments[..] else {
        println!("cargo bench --bench lookup -- INVENTORY KEY-FILE FOLDER...");
        return;
    };
    let mut files = Vec::new();
    for folder in folders {
        read(Path::new(folder), &mut files);
    }
    let bytes: usize = files.iter().map(Vec::len).sum();
    let key = Key::read(Path::new(key)).expect("a key");
    let started = Instant::now();
    let inventory = Inventory::open(Path::new(inventory), &key).expect("an inventory");
    let opened = started.elapsed();
    println!("{} entries, opened in {opened:.1?}", inventory.len());

    let find = || -> usize {
        let hits = |file: &Vec<u8>| inventory.find(file).expect("found").len();
        files.iter().map(hits).sum()
    };
    let timed = |work: &dyn Fn() -> usize| {
        let started = Instant::now();
        std::hint::black_box(work());
        started.elapsed()
    };
    let first = timed(&find);
    let best = |work: &dyn Fn() -> usize| {
        let rounds = (0..ROUNDS).map(|_| timed(work));
        rounds.min().unwrap_or(Duration::MAX)
    };
    let later = best(&find);
    let scanner = Scanner::new(builtin());
    let search = best(&|| {
        let issued = |file: &Vec<u8>| scanner.search(file).expect("searched").issued.len();
        files.iter().map(issued).sum()
    });
    let a_byte = |time: Duration| time.as_secs_f64() * 1e9 / bytes.max(1) as f64;
    println!(
        "{} files, {:.1} MB: lookup {:.2} ns a byte, the first time {:.2}; search {:.2}",
        files.len(),
        bytes as f64 / 1e6,
        a_byte(later),
        a_byte(first),
        a_byte(search)
    );
}

fn read(path: &Path, files: &mut Vec<Vec<u8>>) {
    if files.iter().map(Vec::len).sum::<usize>() > ENOUGH {
        return;
    }
    if path.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| read(entry, files));
    } else if path.is_file() {
        files.extend(fs::read(path).ok().filter(|bytes| bytes.len() < 1 << 20));
    }
}
