//! Taking stock: what stood is warned about and no longer refused, by value and environment; what is new is refused as ever;
//! and nobody lets himself pass.

mod support;

use std::fs;

use support::history::{AS_OF, audit, commit};
use support::{Repo, TestEnv, live_key, payments};

const FILE: &str = "stagegate-baseline.jsonl";
const POLICY: &str = "version = 1\n[audit]\nbaseline = \"stagegate-baseline.jsonl\"\n";

/// A repository with one production key in staging's file.
fn with_a_debt<'e>(env: &'e TestEnv, key: &str) -> Repo<'e> {
    let work = env.repo("work");
    work.write("config/staging.yml", payments(key));
    work.write("stagegate.toml", POLICY);
    commit(env, &work, "2026-03-02", "Ada", "A debt");
    work
}

#[test]
fn what_stood_is_warned_about_and_what_is_new_is_refused() {
    let env = TestEnv::new();
    let (old, new) = (live_key(1), live_key(2));
    let work = with_a_debt(&env, &old);
    work.stagegate(["scan", "--rev", "main"]).exits(1);
    audit(&env, &work, &["--baseline"]).exits(0);
    let text = fs::read_to_string(work.dir.join(FILE)).expect("the baseline");
    assert!(!text.contains(&old));
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("\"since\":\"2026-03-02\""), "{text}");
    assert!(text.contains(&format!("\"added\":\"{AS_OF}\"")), "{text}");
    work.commit("Take stock");

    // The scan looks at the tree with the working tree's policy: the same value, wherever it moves in staging, passes.
    work.write(
        "deploy/staging/values.yaml",
        format!("# moved\n\n{}", payments(&old)),
    );
    work.stage();
    work.stagegate(["pre-commit"])
        .exits(0)
        .says("is in the baseline since 2026-11-25 and")
        .says("days old: it still has to go");
    // Another value does not.
    work.write("deploy/staging/values.yaml", payments(&new));
    work.stage();
    work.stagegate(["pre-commit"]).exits(1).hides(&new);
    // Nor the same in another environment that refuses it.
    work.write(
        "stagegate.toml",
        format!("{POLICY}[environment.preprod]\ntier = \"staging\"\npaths = [\"preprod/**\"]\n"),
    );
    work.write("deploy/staging/values.yaml", "none: here\n");
    work.write("preprod/values.yaml", payments(&old));
    work.stage();
    work.stagegate(["pre-commit"]).exits(1).hides(&old);
}

#[test]
fn what_is_gone_is_reported_and_pruned() {
    let env = TestEnv::new();
    let work = with_a_debt(&env, &live_key(1));
    audit(&env, &work, &["--baseline"]).exits(0);
    work.commit("Take stock");
    let one = audit(&env, &work, &["--format", "json"]).json();
    assert_eq!(one["repositories"][0]["baseline"]["entries"], 1);
    assert_eq!(
        one["repositories"][0]["baseline"]["gone"],
        serde_json::json!([])
    );
    assert_eq!(one["credentials"][0]["baseline"], AS_OF);
    assert_eq!(one["credentials"][0]["verdict"], "warn");
    work.write("config/staging.yml", payments("from-the-store"));
    work.commit("Pay the debt");
    audit(&env, &work, &[]).says("1 entry, 1 of them gone: `--prune` removes them");
    audit(&env, &work, &["--prune"]).exits(0);
    let text = fs::read_to_string(work.dir.join(FILE)).expect("the baseline");
    assert_eq!(text, "{\"schema\":\"stagegate-baseline/1\"}\n");
}

#[test]
fn the_day_of_an_entry_stays_when_stock_is_taken_again() {
    let env = TestEnv::new();
    let work = with_a_debt(&env, &live_key(1));
    let first = work.stagegate(["audit", "--as-of", "2026-05-01", "--baseline"]);
    first.exits(0);
    audit(&env, &work, &["--baseline"]).exits(0);
    let text = fs::read_to_string(work.dir.join(FILE)).expect("the baseline");
    assert!(text.contains("\"added\":\"2026-05-01\""), "{text}");
}

#[test]
fn a_push_cannot_bring_the_baseline_that_lets_it_pass() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.write("stagegate.toml", POLICY);
    work.commit("A policy");
    work.push(["main"]).succeeded();
    let key = live_key(4);
    work.write("config/staging.yml", payments(&key));
    work.commit("A key");
    audit(&env, &work, &["--baseline"]).exits(0);
    work.commit("And a baseline that has it");
    work.push(["main"]).refused().says("config/staging.yml:2");
    assert_eq!(server.gate_said(), Some(1));

    // Alone it is taken, and told; from then on it counts.
    work.git(["reset", "-q", "--hard", "HEAD~2"]);
    work.write(FILE, baseline_of(&env, &key));
    work.commit("Only the baseline");
    work.push(["main"])
        .succeeded()
        .says("changes the baseline stagegate-baseline.jsonl: 1 values more are let pass")
        .says("It has no say in this push");
    work.write("config/staging.yml", payments(&key));
    work.commit("The key");
    work.push(["main"])
        .succeeded()
        .says("is in the baseline since");
    // One that nobody can read must not become the one that judges.
    work.write(FILE, "<<<<<<< HEAD\n");
    work.commit("A merge that went wrong");
    work.push(["main"])
        .refused()
        .says("with the new one no later push could be decided");
    work.git(["reset", "-q", "--hard", "HEAD~1"]);
    work.git(["rm", "-q", FILE]);
    work.commit("Without it");
    work.push(["main"])
        .succeeded()
        .says("0 values more are let pass, 1 no longer");
}

/// The baseline of a repository that holds just this key in staging.
fn baseline_of(env: &TestEnv, key: &str) -> String {
    let other = env.repo("other");
    other.write("config/staging.yml", payments(key));
    other.write("stagegate.toml", POLICY);
    other.commit("A key");
    audit(env, &other, &["--baseline"]).exits(0);
    fs::read_to_string(other.dir.join(FILE)).expect("the baseline")
}

#[test]
fn without_a_place_for_it_the_way_is_told() {
    let env = TestEnv::new();
    let work = env.repo("work");
    audit(&env, &work, &["--baseline"])
        .exits(2)
        .says("baseline = \"stagegate-baseline.jsonl\"");
    let file = env.path("mine.jsonl");
    let file = file.to_str().expect("a plain name");
    audit(&env, &work, &["--baseline", file]).exits(0);
    assert!(fs::exists(file).expect("readable"));
    work.write("stagegate.toml", POLICY);
    work.write(FILE, "rubbish\n");
    work.stage();
    work.stagegate(["pre-commit"])
        .exits(2)
        .says("the baseline stagegate-baseline.jsonl has mistakes");
}
