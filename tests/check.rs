//! `stagegate check`: two revisions against each other, for CI and by hand; and the JSON report, field by field.

mod support;

use std::fs;

use serde_json::Value;
use support::{TestEnv, live_key, payments, test_key};

#[test]
fn what_lies_between_two_revisions_is_judged() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(1);
    let base = work.tip("HEAD");
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    let clean = work.tip("HEAD");
    work.commit_file("config/staging.yml", payments(&key));
    work.git(["tag", "v1"]);

    work.stagegate(["check", "--base", &base, "--head", &clean])
        .succeeded();
    work.stagegate(["check", "--base", &clean[..10], "--head", "main"])
        .exits(1)
        .says("stripe-secret-key")
        .says("config/staging.yml:2")
        .says("sandbox key")
        .hides(&key);
    work.stagegate(["check", "--base", "HEAD~1", "--head", "v1"])
        .exits(1)
        .hides(&key);
    work.stagegate(["check", "--base", "main", "--head", "main"])
        .succeeded();
    // Backwards, the key goes away.
    work.stagegate(["check", "--base", "main", "--head", &base])
        .succeeded();
}

#[test]
fn the_ref_says_where_it_is_going() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(2);
    work.branch("feature/x");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.commit_file("lib/pay.txt", "removed\n");
    let range = ["check", "--base", "main", "--head", "feature/x"];

    work.stagegate(range).succeeded();
    work.stagegate(range.into_iter().chain(["--ref", "refs/heads/feature/x"]))
        .succeeded();
    work.stagegate(range.into_iter().chain(["--ref", "refs/heads/staging"]))
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);
}

#[test]
fn a_base_that_is_no_ancestor_is_what_stands_there_now() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(3);
    work.branch("feature/x");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.switch("main");
    work.commit_file("lib/main.txt", "main\n");
    work.git(["switch", "-q", "--orphan", "fresh"]);
    work.commit_file("lib/pay.txt", format!("{key}\n"));

    for head in ["feature/x", "fresh"] {
        work.stagegate([
            "check",
            "--base",
            "main",
            "--head",
            head,
            "--ref",
            "refs/heads/staging",
        ])
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);
    }
}

#[test]
fn the_repository_may_be_elsewhere_and_bare() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(4);
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.push(["main:feature/x"]).succeeded();

    for repo in [server.url(), work.dir.display().to_string()] {
        env.stagegate(
            &env.path("home"),
            [
                "check",
                "--repo",
                &repo,
                "--base",
                "staging",
                "--head",
                &work.tip("main"),
                "--ref",
                "refs/heads/staging",
            ],
        )
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);
    }
}

#[test]
fn the_json_report_has_its_fields() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(5);
    let base = work.tip("HEAD");
    let head = work.commit_file("config/staging.yml", payments(&key));
    let args = [
        "check",
        "--base",
        &base,
        "--head",
        &head,
        "--ref",
        "refs/heads/staging",
        "--format",
        "json",
    ];

    let ran = work.stagegate(args);

    ran.exits(1).hides(&key);
    let report = ran.json();
    assert_eq!(report["schema"], "stagegate-report/1");
    assert_eq!(report["outcome"], "blocked");
    assert_eq!(report["refs"][0]["name"], "refs/heads/staging");
    assert_eq!(report["refs"][0]["environment"], "staging");
    assert!(report["unexamined"].as_array().is_some_and(Vec::is_empty));
    assert!(report["stats"]["blobs"].as_u64() >= Some(1));
    let findings = report["findings"].as_array().expect("a list of findings");
    assert_eq!(findings.len(), 1);
    let finding = &findings[0];
    for (pointer, expected) in [
        ("/rule", "stripe-secret-key"),
        ("/provider", "stripe"),
        ("/family", "credential"),
        ("/verdict", "block"),
        ("/origin/environment", "production"),
        ("/origin/confidence", "certain"),
        ("/destination/environment", "staging"),
        ("/place/ref", "refs/heads/staging"),
        ("/place/path", "config/staging.yml"),
        ("/place/key_path", "payments.stripe_secret_key"),
    ] {
        assert_eq!(
            finding.pointer(pointer).and_then(Value::as_str),
            Some(expected),
            "{pointer}"
        );
    }
    assert_eq!(finding["place"]["line"], 2);
    assert_eq!(finding["place"]["column"], 22);
    assert!(finding["place"].get("commit").is_some());
    for text in [
        "/fingerprint",
        "/remedy",
        "/because/text",
        "/because/policy_line",
        "/destination/claimed_by",
        "/evidence/0/text",
        "/references/0",
    ] {
        assert!(
            finding
                .pointer(text)
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty()),
            "{text} is missing"
        );
    }

    // Allowed: the same shape, and nothing to say.
    let ran = work.stagegate([
        "check", "--base", "HEAD", "--head", "HEAD", "--format", "json",
    ]);
    ran.succeeded();
    assert_eq!(ran.json()["outcome"], "allowed");
    assert_eq!(ran.json()["findings"], Value::Array(Vec::new()));
}

#[test]
fn a_report_goes_where_it_is_told() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(6);
    work.commit_file("config/staging.yml", payments(&key));
    let output = env.path("report.json");
    let path = output.to_str().expect("a plain name");

    let ran = work.stagegate([
        "check", "--base", "HEAD~1", "--head", "HEAD", "--format", "json", "--output", path,
    ]);

    ran.exits(1).hides(&key);
    assert_eq!(ran.stdout, "");
    let text = fs::read_to_string(&output).expect("the report was written");
    assert!(!text.contains(&key), "the report shows the value");
    let report: Value = serde_json::from_str(&text).expect("the report is JSON");
    assert_eq!(report["outcome"], "blocked");
}

#[test]
fn allowed_findings_are_shown_on_request_only() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(7);
    work.branch("feature/x");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    let range = [
        "check", "--base", "main", "--head", "HEAD", "--format", "json",
    ];

    let few = work.stagegate(range);
    few.succeeded();
    assert_eq!(few.json()["findings"].as_array().map(Vec::len), Some(0));

    let all = work.stagegate(range.into_iter().chain(["--all"]));
    all.succeeded().hides(&key);
    assert_eq!(all.json()["findings"][0]["verdict"], "allow");
    assert_eq!(all.json()["findings"][0]["rule"], "stripe-secret-key");
}
