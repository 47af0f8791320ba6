//! `stagegate scan`: everything that stands in one tree, whoever brought it.

mod support;

use support::{TestEnv, live_key, payments, test_key};

#[test]
fn what_stands_in_a_tree_is_judged_by_path_and_by_ref() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(1);
    work.branch("feature/x");
    work.commit_file("lib/pay.txt", format!("{key}\n"));

    work.stagegate(["scan"]).succeeded();
    work.stagegate(["scan", "--ref", "refs/heads/staging"])
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);

    work.commit_file("config/staging.yml", payments(&key));
    work.stagegate(["scan"])
        .exits(1)
        .says("config/staging.yml:2")
        .does_not_say("lib/pay.txt")
        .hides(&key);
    work.stagegate(["scan", "--rev", "HEAD~1"]).succeeded();
    work.stagegate(["scan", "--rev", "main"]).succeeded();
    work.stagegate(["scan", "--rev", "HEAD^{tree}"])
        .exits(1)
        .says("config/staging.yml:2");
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    work.stagegate(["scan", "--rev", "feature/x"]).succeeded();
}

#[test]
fn a_tree_counts_and_not_the_working_copy() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(2);
    work.write("config/staging.yml", payments(&key));
    work.stage();
    work.stagegate(["scan"]).succeeded();
}

#[test]
fn a_bare_repository_can_be_scanned() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(3);
    server.unguard();
    work.switch("staging");
    work.commit_file("lib/a/b/c/pay.txt", format!("{key}\n"));
    work.push(["staging"]).succeeded();

    env.stagegate(&server.dir, ["scan", "--rev", "main"])
        .succeeded();
    let ran = env.stagegate(
        &server.dir,
        [
            "scan",
            "--rev",
            "staging",
            "--ref",
            "refs/heads/staging",
            "--format",
            "json",
        ],
    );
    ran.exits(1).hides(&key);
    assert_eq!(
        ran.json()["findings"][0]["place"]["path"],
        "lib/a/b/c/pay.txt"
    );
}
