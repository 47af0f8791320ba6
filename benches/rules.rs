//! What more rules cost: the time to search clean text with the rules that ship, and with ten times as many.
//!
//!     cargo bench --bench rules -- FOLDER...
//!
//! Reads the files below the folders, and prints the best of several rounds for each number of rules, in time on the processor
//! where Linux tells it. The further rules are copies of the real ones whose keywords and context words are shifted by some
//! letters, in their patterns too, so that there are ten times as many keywords of the same lengths, which stand in text about
//! as seldom. (A copy whose pattern did not begin with its keyword any more would be tried at every `num_` and `item_`, which
//! no real rule is; and a rule that is known by signs alone, such as `://`, is not copied: ten vendors have no `://` each.)
//!
//! Two things are measured: the search for the rules' words and patterns alone, and all that the gate does with a text. Exits
//! with 1 where ten times the rules cost more than 1.3 times the time of the latter.

#![allow(missing_docs, clippy::expect_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use stagegate::examine::{Knowledge, examine};
use stagegate::model::{Facts, Vocabulary};
use stagegate::rules::{Kind, Pack, builtin};
use stagegate::scan::Scanner;
use stagegate::syntax;

/// Rounds of each number of rules; the best counts.
const ROUNDS: usize = 7;
/// Text that is enough to measure, in bytes.
const ENOUGH: usize = 48 << 20;
/// What ten times the rules may cost.
const AT_MOST: f64 = 1.3;

/// What is done with a text.
type Work<'w> = &'w dyn Fn(&Scanner<'_>, &File);

fn main() -> ExitCode {
    let folders = env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"));
    let mut files = Vec::new();
    for folder in folders {
        read(Path::new(&folder), &mut files);
    }
    let bytes: usize = files.iter().map(|file: &File| file.bytes.len()).sum();
    if bytes == 0 {
        println!("name folders of clean text: cargo bench --bench rules -- src");
        return ExitCode::SUCCESS;
    }
    let once: Vec<Pack> = builtin().to_vec();
    let many: Vec<Pack> = (0..10).flat_map(|copy| copies(&once, copy)).collect();
    let scanners = [&once, &many].map(|packs| {
        let started = Instant::now();
        let scanner = Scanner::new(packs);
        let rules: usize = packs.iter().map(|pack| pack.rules.len()).sum();
        println!(
            "{rules} rules: automaton built in {:.2?}",
            started.elapsed()
        );
        scanner
    });
    let (facts, vocabulary) = (Facts::default(), Vocabulary::default());
    let work: [(&str, Work<'_>); 2] = [
        ("the search", &|scanner, file| {
            std::hint::black_box(scanner.search(&file.bytes).expect("searches").issued.len());
        }),
        ("everything", &|scanner, file| {
            let knowledge = Knowledge {
                scanner,
                facts: &facts,
                vocabulary: &vocabulary,
                inventory: None,
                evidence: true,
            };
            let syntax = syntax::of_path(&file.name);
            let examined = examine(&file.bytes, syntax, &knowledge).expect("examines");
            std::hint::black_box(examined.sightings.len());
        }),
    ];
    let mut ratio = 0.0;
    for (what, work) in work {
        let [one, ten] = best(&scanners, |scanner| {
            files.iter().for_each(|file| work(scanner, file))
        });
        ratio = ten / one;
        let speed = |seconds: f64| bytes as f64 / seconds / 1e6;
        println!(
            "{what}: {} files, {:.1} MB: {:.1} MB/s, with ten times the rules {:.1} MB/s: ratio {ratio:.2}",
            files.len(),
            bytes as f64 / 1e6,
            speed(one),
            speed(ten),
        );
    }
    ExitCode::from(u8::from(ratio > AT_MOST))
}

/// The least seconds that the work took with each scanner: in turns, so that a busy machine is unjust to neither; the first round
/// compiles expressions.
fn best(scanners: &[Scanner<'_>; 2], work: impl Fn(&Scanner<'_>)) -> [f64; 2] {
    let mut best = [Duration::MAX; 2];
    for _ in 0..=ROUNDS {
        for (scanner, best) in scanners.iter().zip(&mut best) {
            let (started, before) = (Instant::now(), on_processor());
            work(scanner);
            let taken = match (before, on_processor()) {
                (Some(before), Some(after)) => after - before,
                _ => started.elapsed(),
            };
            *best = taken.min(*best);
        }
    }
    best.map(|time| time.as_secs_f64())
}

/// A text, and how it is named.
struct File {
    name: String,
    bytes: Vec<u8>,
}

/// Time that this process has had a processor; other processes do not count.
fn on_processor() -> Option<Duration> {
    let told = fs::read_to_string("/proc/self/schedstat").ok()?;
    let nanoseconds = told.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn read(path: &Path, files: &mut Vec<File>) {
    if files.iter().map(|file| file.bytes.len()).sum::<usize>() > ENOUGH {
        return;
    }
    if path.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| read(entry, files));
    } else if path.is_file() {
        let bytes = fs::read(path).ok().filter(|bytes| bytes.len() < 1 << 20);
        files.extend(bytes.map(|bytes| File {
            name: path.to_string_lossy().into_owned(),
            bytes,
        }));
    }
}

/// The packs with other keywords; the generic rules, which are known by keys' names, stay as they are once.
fn copies(packs: &[Pack], copy: u8) -> Vec<Pack> {
    let mut packs = packs.to_vec();
    if copy == 0 {
        return packs;
    }
    let other = |word: &mut String| {
        *word = word
            .chars()
            .map(|character| match character {
                'a'..='z' => char::from(b'a' + (character as u8 - b'a' + copy) % 26),
                'A'..='Z' => char::from(b'A' + (character as u8 - b'A' + copy) % 26),
                '0'..='9' => char::from(b'0' + (character as u8 - b'0' + copy) % 10),
                other => other,
            })
            .collect();
    };
    // The keyword where a pattern has it, but not as the name of a group.
    let in_pattern = |pattern: &mut String, word: &str| {
        let lower = pattern.to_ascii_lowercase();
        for (at, found) in lower.match_indices(word) {
            if !lower[..at].ends_with("?p<") {
                let mut shifted = pattern[at..at + found.len()].to_owned();
                other(&mut shifted);
                pattern.replace_range(at..at + found.len(), &shifted);
            }
        }
    };
    for pack in &mut packs {
        let has_letters = |word: &String| word.contains(|c: char| c.is_ascii_alphanumeric());
        pack.rules
            .retain(|rule| rule.kind == Kind::Issued && rule.keywords.iter().all(has_letters));
        for rule in &mut pack.rules {
            for word in &rule.keywords {
                in_pattern(&mut rule.pattern, word);
            }
            rule.keywords.iter_mut().for_each(other);
            rule.context.iter_mut().for_each(other);
        }
    }
    packs
}
