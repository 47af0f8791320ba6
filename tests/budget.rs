//! The time budget: a push that cannot be examined in time is refused with what was and was not examined, and what nothing
//! claims follows the policy.

mod support;

use support::{TestEnv, payments, test_key};

const STAGING: &str = "refs/heads/staging";
/// Shorter than any run.
const NOTHING: &str = "1ms";

/// Far more than a debug build reads in the time.
fn long_to_read() -> String {
    "password = \"${PASSWORD}\" # aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=\n".repeat(24 << 20 >> 6)
}

#[test]
fn what_was_not_examined_in_time_is_refused() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let before = server.tip(STAGING);
    work.switch("staging");
    work.commit_file("config/staging.yml", payments(&test_key(1)));

    server.guard(&["--time-budget", NOTHING]);
    let push = work.push(["staging"]);
    push.refused().says("time budget").says("--time-budget");
    assert_eq!(server.gate_said(), Some(2));
    assert_eq!(server.tip(STAGING), before, "the ref moved");

    server.guard(&["--time-budget", "10m"]);
    work.push(["staging"]).succeeded();
}

#[test]
fn the_policy_sets_it_for_servers_and_says_what_holds_for_what_nothing_claims() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let policy = |budget: &str, unclaimed: &str| {
        env.file(
            "policy.toml",
            format!("version = 1\n[limits]\ntime-budget = \"{budget}\"\n{unclaimed}"),
        )
    };
    work.branch("feature/x");
    work.commit_file("config/staging.conf", long_to_read());

    let file = policy(NOTHING, "");
    server.guard(&["--policy".as_ref(), file.as_os_str()]);
    work.push(["feature/x"]).refused().says("time budget");
    assert_eq!(server.gate_said(), Some(2));

    policy("2s", "unclaimed = \"allow\"\n");
    work.push(["feature/x:staging"])
        .refused()
        .says("time budget");
    assert_eq!(server.gate_said(), Some(2));
    work.push(["feature/x"])
        .succeeded()
        .says("unclaimed = \"allow\"");
    assert_eq!(server.gate_said(), Some(0));

    // Where people work, only who asks for it by hand waits no longer.
    policy(NOTHING, "");
    let policy = file.to_str().expect("a plain name");
    work.switch("main");
    work.write("config/staging.yml", payments(&test_key(1)));
    work.stage();
    work.stagegate(["pre-commit", "--policy", policy])
        .succeeded();
    work.stagegate(["pre-commit", "--policy", policy, "--time-budget", NOTHING])
        .exits(2)
        .says("time budget");
}

#[test]
fn a_blob_that_takes_too_long_is_not_waited_for() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.switch("staging");
    work.commit_file("config/staging.conf", long_to_read());
    server.guard(&["--time-budget", "2s"]);
    let began = std::time::Instant::now();
    let push = work.push(["staging"]);
    push.refused()
        .says("time budget of 2.0 s ended")
        .says("MiB) was being read");
    assert_eq!(server.gate_said(), Some(2));
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn a_long_history_says_how_far_it_was_and_what_the_rest_would_take() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.switch("staging");
    let text: String = (0..2000)
        .map(|n| format!("password_{n} = \"${{P{n}}}\"\n"))
        .collect();
    for n in 0..60 {
        work.commit_file(&format!("config/app{n}.ini"), format!("[s{n}]\n{text}"));
    }
    // How far it comes depends on the machine: one of these ends in the middle.
    let mut middle = false;
    for budget in [
        "150ms", "300ms", "600ms", "1200ms", "2400ms", "5s", "10s", "20s",
    ] {
        server.guard(&["--time-budget", budget]);
        let push = work.push(["staging"]);
        if push.code == 0 {
            break;
        }
        push.refused().says("time budget");
        assert_eq!(server.gate_said(), Some(2));
        middle |= push.words().contains("the rest would take");
    }
    assert!(middle, "no budget ended in the middle of the push");
}

#[test]
fn nonsense_is_no_duration() {
    let env = TestEnv::new();
    let work = env.repo("work");
    for wrong in ["0s", "4", "-1s", "soon"] {
        work.stagegate(["pre-commit", "--time-budget", wrong])
            .exits(2);
    }
    work.write(
        "stagegate.toml",
        "version = 1\n[limits]\ntime-budget = \"soon\"\n",
    );
    work.stagegate(["policy", "check"])
        .exits(2)
        .says("stagegate.toml:3")
        .says("4s");
}

#[test]
fn a_push_that_needs_more_memory_than_it_may_is_refused_and_says_where() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let log = env.path("audit.jsonl");
    let policy = env.file(
        "policy.toml",
        format!(
            "version = 1\n[limits]\nmax-memory = \"64MiB\"\n[log]\nfile = \"{}\"\n",
            log.display()
        ),
    );
    server.guard(&["--policy".as_ref(), policy.as_os_str()]);
    work.switch("staging");
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    work.push(["staging"]).succeeded();

    work.commit_file("notes.txt", long_to_read().repeat(4));
    let blob = work.git(["rev-parse", "HEAD:notes.txt"]);
    work.push(["staging"])
        .refused()
        .says("the limit of 64 MiB on memory was reached")
        .says(&blob)
        .says("--max-memory");
    assert_eq!(server.gate_said(), Some(2));
    let lines = std::fs::read_to_string(&log).expect("the log");
    assert!(
        lines
            .lines()
            .last()
            .is_some_and(|line| line.contains("\"undecided\"")),
        "{lines}"
    );
}
