//! The posture of a repository with a past, by the real binary over real git: what stands where, since when, what took its
//! place, what crosses a boundary. Not here: the page in a browser (`tests/page.rs`), many repositories (`tests/fleet.rs`),
//! the baseline (`tests/baseline.rs`).

mod support;

use std::fs;

use serde_json::Value;
use support::history::{AS_OF, audit, commit, hostile, shop};
use support::{Ran, TestEnv, live_key, payments};

/// The record whose first place has this path and key.
fn at<'p>(posture: &'p Value, path: &str, key: &str) -> Vec<&'p Value> {
    let holds = |one: &&Value| {
        let places = one["places"].as_array().expect("places");
        places
            .iter()
            .any(|place| place["path"] == path && place["key"] == key)
    };
    let all = posture["credentials"].as_array().expect("credentials");
    all.iter().filter(holds).collect()
}

fn nothing_leaks(values: &[String], ran: &Ran) {
    for value in values {
        ran.hides(value);
    }
}

#[test]
fn every_value_has_its_places_days_and_boundaries() {
    let env = TestEnv::new();
    let (work, values) = shop(&env, "shop");
    let ran = audit(&env, &work, &["--format", "json"]);
    ran.exits(0);
    nothing_leaks(&values.all, &ran);
    let posture = ran.json();
    assert_eq!(posture["schema"], "stagegate-posture/1");
    let repository = &posture["repositories"][0];
    assert_eq!(repository["repository"], "shop");
    assert_eq!(repository["as_of"], AS_OF);
    assert_eq!(repository["commits"], 10);
    assert_eq!(repository["rotation_age"], 180);

    // What crosses comes first: production's key, which stands in staging's file and on both branches.
    let first = &posture["credentials"][0];
    assert_eq!(first["rule"], "stripe-secret-key");
    assert_eq!(
        first["crosses"],
        serde_json::json!(["production > staging"])
    );
    assert_eq!(
        first["shared"],
        serde_json::json!(["production", "staging"])
    );
    assert_eq!(first["verdict"], "block");
    assert_eq!(first["first"]["date"], "2024-06-03");
    assert_eq!(first["first"]["author"], "Ada Byron");
    assert_eq!(
        first["rotated"],
        Value::Null,
        "copied over another is not rotated"
    );
    let staging = first["places"]
        .as_array()
        .expect("places")
        .iter()
        .find(|place| place["path"] == "config/staging.yml")
        .expect("the copy");
    assert_eq!(staging["since"]["date"], "2025-09-08");
    assert_eq!(staging["since"]["author"], "Barbara L.");
    assert_eq!(staging["key"], "payments.stripe_secret_key");
    assert_eq!(staging["line"], 5);

    // Three passwords, one after the other.
    let mut chain = at(&posture, "config/production.yml", "db.password");
    assert_eq!(chain.len(), 3);
    chain.sort_by_key(|one| one["first"]["date"].as_str().map(str::to_owned));
    let days: Vec<_> = chain.iter().map(|one| &one["first"]["date"]).collect();
    assert_eq!(days, ["2024-06-03", "2024-12-02", "2026-07-20"]);
    assert_eq!(chain[0]["standing"], false);
    assert_eq!(chain[0]["gone"]["date"], "2024-12-02");
    assert_eq!(chain[0]["overdue"], true, "182 days");
    assert_eq!(chain[2]["standing"], true);
    assert_eq!(chain[2]["rotated"]["date"], "2026-07-20");
    assert_eq!(chain[2]["rotated"]["author"], "Grace Murray");
    assert_eq!(chain[2]["places"][0]["replaced"], chain[1]["fingerprint"]);
    assert_eq!(chain[2]["overdue"], false);

    // What was taken back is history: the commits still hold it.
    let leaked = at(&posture, "scripts/release.sh", "GITHUB_TOKEN");
    assert_eq!(leaked.len(), 1);
    assert_eq!(leaked[0]["standing"], false);
    assert_eq!(leaked[0]["gone"]["date"], "2025-06-18");
    assert_eq!(leaked[0]["verdict"], "allow");

    let states: Vec<_> = repository["exceptions"]
        .as_array()
        .expect("exceptions")
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["expired", "unused"]);
    let unclaimed: Vec<_> = repository["unclaimed"]
        .as_array()
        .expect("names")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(unclaimed, ["jr-staging", "src/prod-mirror/"]);
}

#[test]
fn json_is_as_its_schema_says() {
    let env = TestEnv::new();
    let (work, _) = shop(&env, "shop");
    hostile(&env, &work);
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/stagegate-posture-1.schema.json"
    );
    let schema = fs::read_to_string(file).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a sound schema");
    let whole = audit(&env, &work, &["--format", "json"]);
    let lines = audit(&env, &work, &["--format", "json-lines"]);
    let records = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    for value in records.chain([whole.json()]) {
        let value: Value = value;
        let wrong: Vec<String> = schema
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn the_second_run_reads_nothing_anew_and_says_the_same() {
    let env = TestEnv::new();
    let (work, values) = shop(&env, "shop");
    let first = audit(&env, &work, &["--format", "json", "-v"]);
    first.exits(0);
    assert!(!first.stderr.contains(" 0 blobs"), "{}", first.stderr);
    let second = audit(&env, &work, &["--format", "json", "-v"]);
    second.exits(0).says(" 0 blobs read anew");
    assert_eq!(first.stdout, second.stdout);
    let without = audit(&env, &work, &["--format", "json", "--no-cache"]);
    assert_eq!(first.stdout, without.stdout);
    // The cache holds no value, in no spelling.
    let folder = work.dir.join(".git/stagegate");
    let files: Vec<_> = fs::read_dir(&folder)
        .expect("the cache")
        .map(|entry| entry.expect("a file").path())
        .collect();
    assert_eq!(files.len(), 1);
    let kept = fs::read(&files[0]).expect("the cache");
    assert!(kept.len() > 500);
    for value in &values.all {
        let is_there = kept
            .windows(value.len())
            .any(|window| window == value.as_bytes());
        assert!(!is_there, "a value is in the cache");
    }
    // One commit more: only its blobs are read.
    work.write("config/more.yml", payments(&live_key(90)));
    commit(&env, &work, "2026-11-01", "Ada Byron", "More");
    let third = audit(&env, &work, &["--format", "json", "-v"]);
    third.says(" 1 blobs read anew");
    let cold = audit(&env, &work, &["--format", "json", "--no-cache"]);
    assert_eq!(third.stdout, cold.stdout);
    // What is damaged is read again.
    fs::write(&files[0], [&kept[..kept.len() / 2], b"damage"].concat()).expect("written");
    let mended = audit(&env, &work, &["--format", "json"]);
    assert_eq!(mended.stdout, cold.stdout);
}

#[test]
fn the_table_fits_a_terminal_and_is_calm() {
    let env = TestEnv::new();
    let (work, values) = shop(&env, "shop");
    hostile(&env, &work);
    let ran = audit(&env, &work, &[]);
    ran.exits(0);
    nothing_leaks(&values.all, &ran);
    ran.says("cross a boundary: production > staging 3");
    ran.says("config/staging.yml:5 payments.stripe_secret_key");
    ran.says("branch jr-staging (\"staging\" means staging)");
    for line in ran.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line:?}");
        assert!(
            !line.contains('\u{1b}') && !line.contains('\u{202e}'),
            "{line:?}"
        );
    }
    assert_eq!(ran.stderr, "", "no bar where nobody watches");
    let names = audit(&env, &work, &["--no-authors", "--format", "json"]);
    names.does_not_say("Ada Byron").does_not_say("Grace");
}

#[test]
fn json_lines_come_back_as_they_were() {
    let env = TestEnv::new();
    let (work, _) = shop(&env, "shop");
    let lines = audit(&env, &work, &["--format", "json-lines"]);
    lines.exits(0);
    // Twice the same is once, in any order.
    let mut twice: Vec<&str> = lines.stdout.lines().chain(lines.stdout.lines()).collect();
    twice.sort_unstable();
    let file = env.file("records.jsonl", twice.join("\n"));
    let file = file.to_str().expect("a plain name");
    let whole = audit(&env, &work, &["--format", "json"]);
    let read = audit(&env, &work, &["--from", file, "--format", "json"]);
    assert_eq!(read.stdout, whole.stdout);
    let broken = env.file(
        "broken.jsonl",
        "{\"kind\":\"credential\",\"secret\":\"hunter2\"}\n",
    );
    let broken = broken.to_str().expect("a plain name");
    audit(&env, &work, &["--from", broken])
        .exits(2)
        .says("line 1: not a record")
        .does_not_say("hunter2");
}

#[test]
fn remote_branches_of_a_clone_are_claimed_as_the_remotes_own() {
    let env = TestEnv::new();
    let server = env.server("server.git");
    let work = env.repo("work");
    work.git(["remote", "add", "origin", &server.url()]);
    work.branch("staging");
    work.write("settings.yml", payments(&live_key(3)));
    commit(&env, &work, "2026-10-01", "Ada", "A key");
    work.push(["staging"]).succeeded();
    work.switch("main");
    work.git(["branch", "-D", "staging"]);
    let posture = audit(&env, &work, &["--format", "json"]).json();
    let one = &posture["credentials"][0];
    assert_eq!(one["environments"], serde_json::json!(["staging"]));
    assert_eq!(one["verdict"], "block");
    assert_eq!(
        one["places"][0]["refs"],
        serde_json::json!(["refs/remotes/origin/staging"])
    );
}

#[test]
fn commit_and_tag_messages_and_merges_are_part_of_the_story() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let (said, tagged, side) = (live_key(11), live_key(12), live_key(13));
    commit(&env, &work, "2026-01-01", "Ada", &format!("Try {said}"));
    work.git(["tag", "-a", "v1", "-m", &format!("With {tagged}")]);
    work.branch("side");
    work.write("a.yml", payments(&side));
    commit(&env, &work, "2026-02-01", "Bob", "On the side");
    work.switch("main");
    work.write("b.txt", "b\n");
    commit(&env, &work, "2026-02-02", "Ada", "Meanwhile");
    work.git(["merge", "-q", "--no-ff", "-m", "Merge", "side"]);
    let ran = audit(&env, &work, &["--format", "json"]);
    nothing_leaks(&[said, tagged, side], &ran);
    let posture = ran.json();
    let all = posture["credentials"].as_array().expect("credentials");
    let of = |path: &str| {
        all.iter()
            .find(|one| one["places"][0]["path"] == path)
            .unwrap_or_else(|| panic!("nothing at {path}: {posture:#}"))
    };
    assert_eq!(of("(commit message)")["standing"], false);
    assert_eq!(of("(commit message)")["gone"], Value::Null);
    assert_eq!(of("(tag message)")["standing"], false);
    // The merge brought nothing that was not there.
    assert_eq!(of("a.yml")["first"]["author"], "Bob");
    assert_eq!(of("a.yml")["places"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_shallow_clone_and_an_empty_repository_are_audited() {
    let env = TestEnv::new();
    let (work, _) = shop(&env, "shop");
    let url = format!("file://{}", work.dir.display());
    work.git([
        "clone",
        "-q",
        "--bare",
        "--depth",
        "2",
        &url,
        "../shallow.git",
    ]);
    let folder = env.path("shallow.git");
    let ran = env.stagegate(&folder, ["audit", "--as-of", AS_OF, "--format", "json"]);
    ran.exits(0);
    assert_eq!(ran.json()["repositories"][0]["commits"], 2);
    assert_eq!(ran.json()["credentials"][0]["verdict"], "block");
    let empty = env.empty_repo("empty");
    let ran = audit(&env, &empty, &["--format", "json"]);
    ran.exits(0);
    assert_eq!(ran.json()["credentials"], serde_json::json!([]));
    audit(&env, &empty, &[]).exits(0);
    audit(&env, &empty, &["--format", "html"]).exits(0);
}

#[test]
fn what_is_no_credential_is_counted_where_it_stands() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let admin = "kind: ClusterRoleBinding\nroleRef:\n  kind: ClusterRole\n  name: cluster-admin\n";
    work.write("deploy/staging/admin.yml", admin);
    work.write("deploy/staging/other/admin.yml", admin);
    // Production speaking of itself crosses nothing.
    work.write("deploy/production/admin.yml", admin);
    work.write(
        "deploy/staging/vault.yml",
        "PASSWORD: vault:secret/data/prod/shop#password\n",
    );
    work.write(
        "deploy/staging/seed.sh",
        "pg_dump -h db.prod.example.com shop | psql shop\n",
    );
    commit(&env, &work, "2026-01-05", "Ada Byron", "Deploy");
    let ran = audit(&env, &work, &["--format", "json"]);
    ran.exits(0);
    let posture = ran.json();
    let told = posture["repositories"][0]["boundary"]
        .as_array()
        .expect("a list");
    let told: Vec<_> = told
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().expect("text").to_owned();
            format!(
                "{} {} {} in {}: {}, {}",
                text("verdict"),
                text("family"),
                text("rule"),
                text("environment"),
                one["places"],
                text("first")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "block identity identity-kubernetes-cluster-admin in staging: 2, deploy/staging/admin.yml:4",
            "warn reference reference-vault-path in staging: 1, deploy/staging/vault.yml:1",
            "warn data data-from-production in staging: 1, deploy/staging/seed.sh:1",
        ]
    );
    assert_eq!(posture["credentials"], serde_json::json!([]));
    audit(&env, &work, &[])
        .exits(0)
        .says("Beside credentials:")
        .says("block in staging: ");
    audit(&env, &work, &["--format", "html"])
        .exits(0)
        .says("deploy/staging/vault.yml:1");
}
