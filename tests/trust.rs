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
fn the_git_that_reads_a_push_cannot_write() {
    let env = TestEnv::new();
    // libgit2 does not know the format, and there are more packs than we read ourselves (as long as git does not collect them): git
    // itself is started, for the policy before the wall and for the push behind it.
    let init = "git init -q --object-format=sha256 -b main work && git init -q --object-format=sha256 --bare -b main server.git  && mkdir bin && cd server.git \
                && git config transfer.unpackLimit 1 && git config receive.autogc false && for n in $(seq 101); do head -c 20000 /dev/urandom \
                | git hash-object -w --stdin | git pack-objects -q objects/pack/pack >packed; done";
    run(env.command("sh", &env.path("")).args(["-c", init])).succeeded();
    let git = |dir: &str, args: &[&str]| {
        run(env.command("git", &env.path(dir)).args(args))
            .succeeded()
            .stdout
            .trim()
            .to_owned()
    };
    let key = live_key(1);
    env.file("work/stagegate.toml", "version = 1\n");
    git("work", &["add", "."]);
    git("work", &["commit", "-qm", "The policy"]);
    git("work", &["push", "-q", "../server.git", "main"]);
    std::fs::create_dir_all(env.path("work/config")).expect("a folder");
    for number in 0..40 {
        env.file(
            &format!("work/config/{number}.yml"),
            format!("a: {number}\n"),
        );
    }
    env.file("work/config/staging.yml", payments(&key));
    git("work", &["add", "."]);
    git("work", &["commit", "-qm", "The key"]);
    git(
        "work",
        &["push", "-q", "../server.git", "HEAD:refs/heads/sent"],
    );
    let new = git("work", &["rev-parse", "HEAD"]);
    git("server.git", &["update-ref", "-d", "refs/heads/sent"]);

    let blob = git("work", &["rev-parse", "HEAD:config/staging.yml"]);

    // A git that may write notes what it is asked for.
    let real = run(env
        .command("sh", &env.path("home"))
        .args(["-c", "command -v git"]));
    let probe = env.path("probe");
    let wrapper = format!(
        "#!/bin/sh\ncase \"$*\" in\n*cat-file*) if (: >>'{0}') 2>/dev/null; then tee -a '{0}' | {git} \"$@\"; exit; fi;;\nesac\nexec {git} \"$@\"\n",
        probe.display(),
        git = real.stdout.trim()
    );
    let shim = env.file("bin/git", wrapper);
    run(env
        .command("chmod", &env.path("home"))
        .arg("755")
        .arg(&shim))
    .succeeded();
    let mut path = vec![env.path("bin")];
    path.extend(std::env::split_paths(
        &std::env::var_os("PATH").expect("a PATH"),
    ));
    let mut gate = env.command(STAGEGATE, &env.path("server.git"));
    gate.args(["pre-receive", "--format", "json"])
        .env("GIT_DIR", ".")
        .env("PATH", std::env::join_paths(path).expect("a PATH"));
    let line = format!("{} {new} refs/heads/staging\n", "0".repeat(64));
    let ran = run_with_input(&mut gate, line.as_bytes());
    if ran.all().contains("not confined") {
        return;
    }
    ran.exits(1).hides(&key);
    let asked = std::fs::read_to_string(&probe).expect("a git was started before the wall");
    assert!(!asked.is_empty(), "the policy was read by it");
    assert!(!asked.contains(&blob), "the push was read by it, too");
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
