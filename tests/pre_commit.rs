//! The gate as a pre-commit hook of real `git commit` runs: what is staged counts, never what lies in the working tree.

mod support;

use std::fs;

use support::{Repo, TestEnv, live_key, payments, run, test_key};

/// A guarded repository on branch `staging` with one commit.
fn staging_repo(env: &TestEnv) -> Repo<'_> {
    let repo = env.repo("work");
    repo.branch("staging");
    repo.guard();
    repo
}

#[test]
fn a_staged_key_is_refused_though_the_working_copy_is_clean() {
    let env = TestEnv::new();
    let repo = staging_repo(&env);
    let before = repo.tip("HEAD");
    let key = live_key(1);
    repo.write("config/staging.yml", payments(&key));
    repo.stage();
    repo.write("config/staging.yml", "payments:\n");

    let commit = repo.try_commit([]);

    commit
        .exits(1)
        .says("stripe-secret-key")
        .says("config/staging.yml:2")
        .says("production")
        .says("sandbox key")
        .hides(&key);
    assert_eq!(repo.tip("HEAD"), before, "the commit was made");
}

#[test]
fn a_clean_index_passes_though_the_working_copy_is_dirty() {
    let env = TestEnv::new();
    let repo = staging_repo(&env);
    let key = live_key(2);
    repo.write("config/staging.yml", payments(&test_key(2)));
    repo.stage();
    repo.write("config/staging.yml", payments(&key));
    repo.write("config/untracked.yml", payments(&key));

    repo.try_commit([]).succeeded().hides(&key);
}

#[test]
fn the_branch_claims_what_its_paths_do_not() {
    let env = TestEnv::new();
    let repo = staging_repo(&env);
    let key = live_key(3);
    repo.write("lib/pay.txt", format!("{key}\n"));
    repo.stage();
    repo.try_commit([]).exits(1).says("lib/pay.txt:1");

    // The twins: the same index where nobody claims the branch, and where there is no branch at all.
    repo.branch("feature/x");
    repo.try_commit([]).succeeded().hides(&key);
    repo.git(["reset", "-q", "--soft", "HEAD^"]);
    repo.git(["switch", "-q", "--detach"]);
    repo.try_commit([]).succeeded().hides(&key);

    // Without a branch, paths still claim.
    repo.git(["switch", "-q", "--detach", "main"]);
    repo.write("config/staging.yml", payments(&key));
    repo.stage();
    repo.try_commit([])
        .exits(1)
        .says("config/staging.yml:2")
        .hides(&key);
}

#[test]
fn the_first_commit_of_a_repository_is_judged() {
    let env = TestEnv::new();
    let repo = env.empty_repo("work");
    repo.guard();
    let key = live_key(4);
    repo.write("config/staging.yml", payments(&key));
    repo.stage();
    repo.try_commit([])
        .exits(1)
        .says("config/staging.yml:2")
        .hides(&key);

    repo.write("config/staging.yml", payments(&test_key(4)));
    repo.stage();
    repo.try_commit([]).succeeded();
}

#[test]
fn a_linked_worktree_has_an_index_and_a_branch_of_its_own() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.guard();
    let key = live_key(5);
    let linked = repo.linked_worktree("linked", "staging");

    // What is staged in the main working tree is not this commit's.
    repo.write("config/staging.yml", payments(&key));
    repo.stage();
    linked.write("lib/a.txt", "a\n");
    linked.stage();
    linked.try_commit([]).succeeded();

    linked.write("lib/pay.txt", format!("{key}\n"));
    linked.stage();
    linked
        .try_commit([])
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);
}

#[test]
fn the_index_git_names_is_the_one_that_counts() {
    let env = TestEnv::new();
    let repo = staging_repo(&env);
    let key = live_key(6);
    repo.write("lib/pay.txt", "pay\n");
    repo.write("lib/other.txt", "other\n");
    repo.stage();
    repo.try_commit([]).succeeded();

    // Nothing is staged: git builds an index for this commit only.
    repo.write("lib/pay.txt", format!("{key}\n"));
    repo.try_commit(["-a"])
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);
    repo.try_commit(["--", "lib/pay.txt"])
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);

    // The twin: the key is staged, but not part of this commit.
    repo.stage();
    repo.write("lib/other.txt", "another\n");
    repo.try_commit(["--", "lib/other.txt"]).succeeded();
    repo.try_commit([]).exits(1).says("lib/pay.txt:1");

    // An index somewhere else, as tools that stage behind the user's back have it.
    let elsewhere = env.path("other.index");
    fs::copy(repo.dir.join(".git/index"), &elsewhere).expect("a copy of the index");
    repo.git(["reset", "-q", "--hard"]);
    repo.stagegate(["pre-commit"]).succeeded();
    run(env
        .command(support::STAGEGATE, &repo.dir)
        .env("GIT_INDEX_FILE", &elsewhere)
        .arg("pre-commit"))
    .exits(1)
    .says("lib/pay.txt:1")
    .hides(&key);
}

#[test]
fn a_conflict_resolved_with_a_key_is_refused() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.commit_file("lib/pay.txt", "base\n");
    repo.branch("feature/x");
    repo.commit_file("lib/pay.txt", "theirs\n");
    repo.switch("main");
    repo.branch("staging");
    repo.commit_file("lib/pay.txt", "ours\n");
    repo.guard();
    repo.try_git(["merge", "feature/x"]).exits(1);
    let key = live_key(7);
    repo.write("lib/pay.txt", format!("{key}\n"));
    repo.stage();
    repo.try_commit([])
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);

    repo.write("lib/pay.txt", "both\n");
    repo.stage();
    repo.try_commit([]).succeeded();
}

#[test]
fn an_amended_commit_may_keep_and_remove_but_not_bring() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.branch("staging");
    let (old, new) = (live_key(8), live_key(9));
    repo.commit_file("lib/pay.txt", format!("{old}\n"));
    repo.guard();

    repo.try_commit(["--amend"]).succeeded();
    repo.write("lib/pay.txt", format!("{old}\n{new}\n"));
    repo.stage();
    repo.try_commit(["--amend"])
        .exits(1)
        .says("lib/pay.txt:2")
        .hides(&new);
    repo.git(["rm", "-q", "-f", "lib/pay.txt"]);
    repo.try_commit([]).succeeded();
}

#[test]
fn odd_names_and_folders_below_do_not_matter() {
    let env = TestEnv::new();
    let repo = staging_repo(&env);
    let key = live_key(10);
    repo.write("lib/a b.txt", format!("{key}\n"));
    repo.write("lib/new\nline \"é\".txt", format!("{key}\n"));
    repo.stage();
    run(env
        .command("git", &repo.dir.join("lib"))
        .args(["commit", "-m", "Work"]))
    .exits(1)
    .says("lib/a b.txt:1")
    .says("line")
    .hides(&key);

    repo.write("lib/a b.txt", "a\n");
    repo.write("lib/new\nline \"é\".txt", "b\n");
    repo.stage();
    repo.try_commit([]).succeeded();
}

#[test]
fn a_move_from_production_to_staging_is_refused() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    let key = live_key(11);
    repo.commit_file("config/production/pay.yml", payments(&key));
    repo.guard();
    repo.branch("feature/move");
    fs::create_dir(repo.dir.join("config/staging")).expect("a folder");
    repo.git(["mv", "config/production/pay.yml", "config/staging/pay.yml"]);
    repo.try_commit([])
        .exits(1)
        .says("config/staging/pay.yml:2")
        .hides(&key);
}
