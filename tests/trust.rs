//! What the program does with itself: a panic refuses, no memory is left on disk, and the report says
//! which policy judged. Not here: faults around it (`failures.rs`, `servers.rs`, `benches/faults.py`).

mod support;

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use support::{STAGEGATE, TestEnv, live_key, payments, run, run_with_input};

#[test]
fn a_panic_could_not_decide_and_quotes_nothing() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let mut command = env.command(STAGEGATE, &work.dir);
    command
        .args(["scan", "--rev", "HEAD"])
        .env("STAGEGATE_TEST_PANIC", "what was being read");
    run(&mut command)
        .could_not_decide()
        .says("internal error at src/main.rs")
        .hides("what was being read");
}

#[cfg(target_os = "linux")]
#[test]
fn no_core_is_dumped() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let mut gate = Command::new(STAGEGATE)
        .args(["pre-receive"])
        .current_dir(&work.dir)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the gate starts");
    // It waits for the lines of the hook once it has begun.
    let limits = format!("/proc/{}/limits", gate.id());
    let mut lowered = false;
    for _ in 0..2000 {
        let limits = fs::read_to_string(&limits).unwrap_or_default();
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        lowered = core.is_some_and(|line| line.split_whitespace().nth(4) == Some("0"));
        if lowered {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(gate.stdin.take().map(|mut stdin| stdin.flush()));
    gate.wait().expect("the gate ends");
    assert!(lowered, "the limit for core dumps was not lowered");
}

#[test]
fn the_report_says_which_policy_judged() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let text = "version = 1\n";
    let commit = work.commit_file("stagegate.toml", text);
    let digest = run_with_input(&mut env.command("sha256sum", &work.dir), text.as_bytes());
    let digest = &digest.stdout[..64];
    work.branch("staging");
    work.commit_file("lib/a.txt", "harmless\n");

    let ran = work.stagegate(["scan", "--rev", "HEAD", "--format", "json"]);
    ran.says(&format!("stagegate.toml (sha256 {digest})"));
    let check = [
        "check", "--base", "main", "--head", "staging", "--format", "json",
    ];
    work.stagegate(check).says(&format!(
        "stagegate.toml (sha256 {digest}, commit {commit})"
    ));
    let other = env.file("other.toml", "version = 1\n# another\n");
    let ran = work.stagegate([
        "scan",
        "--rev",
        "HEAD",
        "-v",
        "--policy",
        &other.display().to_string(),
    ]);
    ran.says("other.toml (sha256 ");
    assert!(!ran.all().contains(digest));
}

#[test]
fn a_branch_that_reads_as_staging_is_judged_as_it_and_says_so() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    server.guard(&["--"; 0]);
    work.branch("feature");
    work.commit_file("config/pay.yml", payments(&live_key(1)));
    for name in ["st\u{430}ging", "stag\u{200b}ing", "\u{ff53}taging"] {
        work.push([format!("HEAD:refs/heads/{name}").as_str()])
            .refused()
            .says("config/pay.yml:2")
            .says("is judged as refs/heads/staging");
        assert_eq!(server.tip(&format!("refs/heads/{name}")), None);
    }
    // A folder likewise, on a branch that nobody claims.
    work.commit_file("config/st\u{430}ging/pay.yml", payments(&live_key(2)));
    work.push(["HEAD:refs/heads/feature"])
        .refused()
        .says("look-alike");
}
