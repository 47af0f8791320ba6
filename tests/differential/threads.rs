//! Two threads say what one says, in the same order, whatever the order in which they come to the blobs.

use std::path::Path;

use fastrand::Rng;
use serde_json::Value;

use crate::number;
use crate::repository::{bare, git, unpack};
use crate::silent::history;
use crate::support::{TestEnv, run};

/// The report on the last commits of a branch, by a gate on so many processors as it is given.
fn report(env: &TestEnv, dir: &Path, base: &str, alone: bool) -> (i32, Value) {
    let gate = env!("CARGO_BIN_EXE_stagegate");
    let mut command = if alone {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let allowed = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
            .expect("processors")
            .trim();
        let first: String = allowed.chars().take_while(char::is_ascii_digit).collect();
        let mut command = env.command("taskset", dir);
        command.args(["-c", &first, gate]);
        command
    } else {
        env.command(gate, dir)
    };
    command.args([
        "check", "--base", base, "--head", "main", "--ref", "staging", "--format", "json",
    ]);
    let ran = run(&mut command);
    let mut report = ran.json();
    let time = report["stats"]["milliseconds"].take();
    assert!(time.is_number(), "{report}");
    (ran.code, report)
}

#[test]
fn two_threads_say_what_one_says() {
    let seed = number("STAGEGATE_SEED", 1);
    let rounds = number("STAGEGATE_DIFFERENTIAL", 400).div_ceil(200).max(2);
    let mut found = 0;
    for seed in seed..seed + rounds {
        let mut rng = Rng::with_seed(seed);
        let env = TestEnv::new();
        let dir = env.path("made.git");
        bare(&dir);
        // Some 160 blobs, and fewer than 100 are looked at by one.
        let stream = history(&mut rng, 12);
        git(&env, &dir, &["fast-import", "--quiet"], stream.as_bytes());
        git(&env, &dir, &["repack", "-adfq"], b"");
        let base = git(&env, &dir, &["rev-list", "--max-parents=0", "main"], b"");
        let base = String::from_utf8(base).expect("an id");
        let both = report(&env, &dir, base.trim(), false);
        assert_eq!(
            both,
            report(&env, &dir, base.trim(), true),
            "STAGEGATE_SEED={seed}"
        );
        found += both.1["findings"].as_array().map_or(0, Vec::len);
        // One blob is missing: that is said in the end, whoever came to it.
        unpack(&env, &dir);
        let range = format!("{}..main", base.trim());
        let list = [
            "rev-list",
            "--objects",
            "--filter=object:type=blob",
            "--no-object-names",
            &range,
        ];
        let blobs = String::from_utf8(git(&env, &dir, &list, b"")).expect("ids");
        let blobs: Vec<&str> = blobs.lines().filter(|line| line.len() == 40).collect();
        assert!(blobs.len() > 96, "{} blobs", blobs.len());
        let lost = blobs[rng.usize(..blobs.len())];
        let lost = dir.join("objects").join(&lost[..2]).join(&lost[2..]);
        std::fs::remove_file(lost).expect("removed");
        let both = report(&env, &dir, base.trim(), false);
        assert_eq!(
            both,
            report(&env, &dir, base.trim(), true),
            "STAGEGATE_SEED={seed}"
        );
        assert!(both.0 > 0, "{both:?}");
    }
    assert!(found > 0, "no value in {rounds} histories");
}
