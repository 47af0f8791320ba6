//! Many repositories: parts that make a whole, runs that can be killed and started again, records that merge with `cat`. And
//! for real, on a local cluster of Dask over 200 repositories with a worker that is killed, with DuckDB asked afterwards, where
//! `tests/setup.sh` has installed both.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use support::history::AS_OF;
use support::{Ran, STAGEGATE, TestEnv, live_key, payments};

/// A list of small repositories, each with a key in staging; the last one is none.
fn list(env: &TestEnv, number: u64) -> String {
    let mut text = String::new();
    for at in 0..number {
        let work = env.repo(&format!("repo-{at}"));
        work.commit_file("config/staging.yml", payments(&live_key(at % 2)));
        text.push_str(&format!("team/{at}\t{}\n", work.dir.display()));
    }
    env.file("repos.txt", text).display().to_string()
}

fn audit(env: &TestEnv, list: &str, into: &str, more: &[&str]) -> Ran {
    let mut args = vec![
        "audit",
        "--repos-from",
        list,
        "--into",
        into,
        "--as-of",
        AS_OF,
    ];
    args.extend(more);
    env.stagegate(&env.path(""), args)
}

fn merged(folder: &Path) -> String {
    let mut lines = BTreeSet::new();
    for file in fs::read_dir(folder).expect("records") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("records");
        lines.extend(text.lines().map(str::to_owned));
    }
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

#[test]
fn parts_make_the_whole_and_a_second_run_does_nothing() {
    let env = TestEnv::new();
    let list = list(&env, 6);
    audit(&env, &list, "whole", &[])
        .exits(0)
        .says("6 audited, 0 unchanged, 0 failed");
    for part in ["1/3", "2/3", "3/3"] {
        audit(&env, &list, "parts", &["--shard", part]).exits(0);
    }
    let whole = merged(&env.path("whole"));
    assert_eq!(whole, merged(&env.path("parts")));
    assert_eq!(
        whole.lines().count(),
        12,
        "a repository and a credential each"
    );
    // The same value has the same fingerprint everywhere.
    let fingerprints: BTreeSet<&str> = whole
        .lines()
        .filter_map(|line| line.split("\"fingerprint\":\"").nth(1)?.split('"').next())
        .collect();
    assert_eq!(fingerprints.len(), 2);
    audit(&env, &list, "whole", &[]).says("0 audited, 6 unchanged, 0 failed");
    // What was killed while it wrote leaves no record, and what was half done before is done again.
    let one = fs::read_dir(env.path("whole"))
        .expect("records")
        .next()
        .expect("one")
        .expect("a file")
        .path();
    fs::write(&one, "{\"kind\":\"repo").expect("written");
    audit(&env, &list, "whole", &[]).says("1 audited, 5 unchanged, 0 failed");
    assert_eq!(whole, merged(&env.path("whole")));
}

#[test]
fn what_cannot_be_audited_is_told_and_tried_again() {
    let env = TestEnv::new();
    let work = env.repo("repo");
    work.commit_file("config/staging.yml", payments(&live_key(1)));
    let text = format!("good\t{}\nbad\tnowhere\n", work.dir.display());
    let list = env.file("repos.txt", text).display().to_string();
    audit(&env, &list, "into", &[])
        .exits(2)
        .says("1 audited, 0 unchanged, 1 failed");
    assert!(merged(&env.path("into")).contains("\"repository\":\"bad\""));
    audit(&env, &list, "into", &[])
        .exits(2)
        .says("0 audited, 1 unchanged, 1 failed");
    // Everything that says so stays readable.
    let records = env.file("merged.jsonl", merged(&env.path("into")));
    let records = records.to_str().expect("a plain name");
    let ran = env.stagegate(&env.path(""), ["audit", "--from", records]);
    ran.exits(0).says("bad was not audited");
    for wrong in ["0/2", "3/2", "x"] {
        audit(&env, &list, "into", &["--shard", wrong]).exits(2);
    }
}

#[test]
#[allow(clippy::print_stderr)] // who reads the log of a run must see what was not tested
fn a_local_cluster_with_a_killed_worker_says_the_same() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin/python");
    let has = Command::new(&python)
        .args(["-c", "import dask.distributed, duckdb"])
        .output()
        .is_ok_and(|ran| ran.status.success());
    if !has {
        eprintln!("skipped: no Dask or DuckDB here, tests/setup.sh installs them");
        return;
    }
    let env = TestEnv::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fleet/spread.py");
    let ran = Command::new(python)
        .arg(script)
        .arg(STAGEGATE)
        .arg(env.path(""))
        .arg("200")
        .output()
        .expect("python runs");
    let out = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && out.contains("as it should be"),
        "{out}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}
