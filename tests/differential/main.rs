//! The gate against brute force: over random histories, what it reports for every push is exactly what git's own plumbing
//! shows, no finding less and none more.
//!
//! `STAGEGATE_DIFFERENTIAL=N` sets the number of histories, `STAGEGATE_SEED=S` the first seed. A failure prints its seed
//! and a small history with the same failure; kept in `cases/`, it is run forever.

// What was compared is said, for whoever runs it by hand.
#![allow(clippy::print_stderr)]

#[path = "../support/mod.rs"]
mod support;

mod generate;
mod history;
mod index;
mod oracle;
mod packs;
mod pushes;
mod repository;
mod silent;
#[cfg(target_os = "linux")]
mod threads;
mod walks;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use stagegate::check::Gate;
use stagegate::git::{Ref, Repository};
use stagegate::model::{Oid, RefUpdate, Report, Secret, Verdict};
use stagegate::policy::Policy;
use stagegate::rules;
use stagegate::scan::{self, Scanner};

use history::History;
use oracle::{Environment, Findings, Oracle, Refs};
use repository::{Hex, Store, git};
use support::TestEnv;

/// A number from the environment.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// The values that are planted, the same in every history.
fn values() -> Vec<String> {
    (0..u64::from(generate::VALUES))
        .map(support::live_key)
        .collect()
}

/// Fingerprints back to the numbers of values.
fn fingerprints(values: &[String]) -> HashMap<String, usize> {
    values
        .iter()
        .enumerate()
        .map(|(number, value)| {
            let secret = Secret::new(value.as_bytes());
            (scan::fingerprint(secret, true), number)
        })
        .collect()
}

fn scanner() -> Scanner<'static> {
    Scanner::new(rules::builtin())
}

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 1, 1);

/// A report as the oracle writes it.
fn findings(report: &Report, fingerprints: &HashMap<String, usize>) -> Findings {
    let mut found = Findings::new();
    for finding in &report.findings {
        let key = (
            finding.place.ref_name.clone().unwrap_or_default(),
            finding.place.path.clone(),
            *fingerprints
                .get(&finding.fingerprint)
                .expect("only planted values are found"),
        );
        let claim = match finding.verdict {
            Verdict::Block => Environment::Staging,
            Verdict::Warn => Environment::Production,
            Verdict::Allow => panic!("nothing allowed is reported"),
        };
        let said = found.entry(key).or_insert(claim);
        *said = claim.max(*said);
    }
    found
}

/// What two sets have apart, in words; values by their numbers only.
fn difference(expected: &Findings, found: &Findings) -> String {
    let mut text = String::new();
    for (key, claim) in expected {
        if found.get(key) != Some(claim) {
            let _ = writeln!(
                text,
                "missed: {key:?} for {claim:?}, said for {:?}",
                found.get(key)
            );
        }
    }
    for (key, claim) in found {
        if !expected.contains_key(key) {
            let _ = writeln!(text, "extra: {key:?} for {claim:?}");
        }
    }
    text
}

fn oid(hex: &str) -> Oid {
    Oid::from_hex(hex.as_bytes()).expect("git prints object ids")
}

#[derive(Default)]
struct Totals {
    histories: usize,
    pushes: usize,
    updates: usize,
    findings: usize,
}

impl Totals {
    fn add(&mut self, other: &Self) {
        self.histories += other.histories;
        self.pushes += other.pushes;
        self.updates += other.updates;
        self.findings += other.findings;
    }
}

/// Judges every push of every history; the first difference of each history that has one.
fn judge(histories: &[History], totals: &mut Totals) -> Vec<(usize, String)> {
    let values = values();
    let fingerprints = fingerprints(&values);
    let scanner = scanner();
    let env = TestEnv::new();
    let dir = env.path("store.git");
    let mut store = Store::new(&env, dir.clone(), histories, &values);
    let repository = Repository::open_at(&dir).expect("a repository");
    let rev_list = |tip: &str, excluded: &[Hex]| -> Vec<Hex> {
        let mut args = vec!["rev-list", tip, "--not"];
        args.extend(excluded.iter().map(String::as_str));
        let listed = git(&env, &dir, &args, b"");
        String::from_utf8(listed)
            .expect("ids")
            .lines()
            .map(str::to_owned)
            .collect()
    };
    let mut failures = Vec::new();
    for (at, history) in histories.iter().enumerate() {
        totals.histories += 1;
        let policy = Policy::parse(&oracle::policy(&history.reach), "policy").expect("a policy");
        let gate = Gate {
            inventory: None,
            clock: None,
            granted: &[],
            notes: &[],
            repository: &repository,
            policy: &policy,
            scanner: &scanner,
            today: TODAY,
            keep_allowed: false,
            laptop: false,
            policy_ref: None,
        };
        let mut current = Refs::new();
        for (push, update) in store.pushes[at].iter().enumerate() {
            let expected = {
                let mut oracle = Oracle {
                    objects: &mut store.objects,
                    values: &values,
                    rev_list: &rev_list,
                };
                let mut expected = Findings::new();
                for (name, new) in &update.refs {
                    expected.extend(oracle.update(&history.reach, name, new.as_ref(), &current));
                }
                expected
            };
            let updates: Vec<RefUpdate> = update
                .refs
                .iter()
                .map(|(name, new)| RefUpdate {
                    name: name.clone(),
                    old: current.get(oracle::moved(name)).map(|hex| oid(hex)),
                    new: new.as_deref().map(oid),
                    environment: None,
                })
                .collect();
            let refs: Vec<Ref> = current
                .iter()
                .map(|(name, hex)| Ref {
                    name: name.clone(),
                    oid: oid(hex),
                })
                .collect();
            totals.pushes += 1;
            totals.updates += updates.len();
            totals.findings += expected.len();
            let difference = match gate.updates("pre-receive", updates, &refs) {
                Ok(report)
                    if report
                        .unexamined
                        .iter()
                        .any(|unexamined| unexamined.refuses) =>
                {
                    format!("not read: {:?}\n", report.unexamined)
                }
                Ok(report) => difference(&expected, &findings(&report, &fingerprints)),
                Err(error) => format!("could not decide: {error}\n"),
            };
            if !difference.is_empty() {
                failures.push((at, format!("push {}:\n{difference}", push + 1)));
                break;
            }
            if !update.refused {
                for (name, new) in &update.refs {
                    let name = oracle::moved(name);
                    match new {
                        Some(new) => drop(current.insert(name.to_owned(), new.clone())),
                        None => drop(current.remove(name)),
                    }
                }
            }
        }
    }
    // The reader of trees above is twenty lines of ours: git's own listing says the same.
    let listed: Vec<_> = store
        .objects
        .listed()
        .take(3)
        .map(|(tree, files)| (tree.clone(), files.clone()))
        .collect();
    for (tree, files) in listed {
        let mut plumbing = BTreeMap::new();
        for line in git(&env, &dir, &["ls-tree", "-r", "-z", &tree], b"").split(|&byte| byte == 0) {
            if line.is_empty() {
                continue;
            }
            let tab = line.iter().position(|&byte| byte == b'\t').expect("a tab");
            let head = String::from_utf8_lossy(&line[..tab]).into_owned();
            let fields: Vec<&str> = head.split(' ').collect();
            plumbing.insert(
                line[tab + 1..].to_vec(),
                (fields[0].to_owned(), fields[2].to_owned()),
            );
        }
        assert_eq!(*files, plumbing);
    }
    failures
}

/// The smallest history found that fails still.
fn shrunk(mut history: History, until: std::time::Instant) -> (History, String) {
    let failure = |history: &History| {
        judge(std::slice::from_ref(history), &mut Totals::default())
            .pop()
            .map(|(_, text)| text)
    };
    let mut text = failure(&history).expect("it fails");
    loop {
        let (mut at, before) = (0, history.clone());
        // After a step that holds, the next part is tried, not the first again.
        while let Some(less) = history.smaller().into_iter().nth(at) {
            if std::time::Instant::now() > until {
                return (history, text);
            }
            match failure(&less) {
                Some(said) => (history, text) = (less, said),
                None => at += 1,
            }
        }
        if history == before {
            return (history, text);
        }
    }
}

/// As long as failures are made smaller.
const SHRINKING: std::time::Duration = std::time::Duration::from_secs(20);

/// As many histories share an object store.
const TOGETHER: u64 = 25;

#[test]
fn random_histories_are_judged_as_brute_force_judges_them() {
    let first = number("STAGEGATE_SEED", 1);
    let count = number("STAGEGATE_DIFFERENTIAL", 400);
    let started = std::time::Instant::now();
    let next = std::sync::atomic::AtomicU64::new(0);
    let totals = std::sync::Mutex::new(Totals::default());
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(TOGETHER, std::sync::atomic::Ordering::Relaxed);
                    if from >= count {
                        break;
                    }
                    let seeds: Vec<u64> =
                        (first + from..first + count.min(from + TOGETHER)).collect();
                    let histories: Vec<History> =
                        seeds.iter().map(|&seed| generate::history(seed)).collect();
                    let mut own = Totals::default();
                    let failed = judge(&histories, &mut own);
                    totals.lock().expect("no panic").add(&own);
                    failures
                        .lock()
                        .expect("no panic")
                        .extend(failed.into_iter().map(|(at, _)| seeds[at]));
                }
            });
        }
    });
    let totals = totals.into_inner().expect("no panic");
    let mut failures = failures.into_inner().expect("no panic");
    failures.sort_unstable();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} histories, {} pushes, {} ref updates, {} findings compared, {} histories differ, {:.1} s",
        totals.histories,
        totals.pushes,
        totals.updates,
        totals.findings,
        failures.len(),
        started.elapsed().as_secs_f64()
    );
    eprintln!("{text}");
    let until = std::time::Instant::now() + SHRINKING;
    for &seed in failures.iter().take(3) {
        let (small, said) = shrunk(generate::history(seed), until);
        let _ = writeln!(text, "seed {seed}, {said}as small as it gets:\n{small}");
    }
    assert!(failures.is_empty(), "{text}seeds: {failures:?}");
    assert!(
        totals.findings > 0,
        "histories without a finding test nothing"
    );
}

/// Histories in which the gate was wrong once.
#[test]
fn what_was_wrong_once_stays_right() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/cases");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the cases")
        .map(|entry| entry.expect("a case").path())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    let cases: Vec<History> = names
        .iter()
        .map(|path| History::parse(&std::fs::read_to_string(path).expect("a case")))
        .collect();
    let text: Vec<String> = judge(&cases, &mut Totals::default())
        .into_iter()
        .map(|(at, said)| format!("{}, {said}", names[at].display()))
        .collect();
    assert!(text.is_empty(), "{}", text.join("\n"));
}

#[test]
fn a_printed_history_can_be_read_again() {
    for seed in 0..200 {
        let history = generate::history(seed);
        assert_eq!(History::parse(&history.to_string()), history, "seed {seed}");
    }
}
