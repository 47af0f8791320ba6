//! `stagegate doctor` says what git does not: that a hook is not run, that it has nothing to run, that a setting is for a
//! newer git. Each fault beside the same repository without it.
#![cfg(unix)]

mod support;

use std::{fs, os::unix::fs::PermissionsExt as _, os::unix::fs::symlink, path::Path};

use support::{Repo, TestEnv};

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

fn guarded(env: &TestEnv) -> Repo<'_> {
    let repo = env.repo("work");
    repo.stagegate(["install"]).succeeded();
    repo.stagegate(["doctor"])
        .succeeded()
        .says("guarded by pre-commit");
    repo
}

#[test]
fn a_repository_without_the_gate_is_told_so() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.stagegate(["doctor"])
        .exits(1)
        .says("nothing judges commits or pushes here -> stagegate install");
    repo.stagegate(["install", "--hooks", "pre-push"])
        .succeeded();
    repo.stagegate(["doctor"])
        .succeeded()
        .says("not guarded by: pre-commit, pre-merge-commit");
    let server = env.server("server.git");
    env.stagegate(&server.dir, ["doctor"])
        .exits(1)
        .says("nothing judges what is pushed here -> stagegate install --bare .");
    env.stagegate(&env.path("home"), ["doctor"])
        .exits(2)
        .says("is not in a git repository");
}

#[test]
fn what_git_skips_silently_is_bad() {
    let env = TestEnv::new();
    let repo = guarded(&env);
    let hook = repo.dir.join(".git/hooks/pre-commit");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).expect("a mode");
    repo.stagegate(["doctor"])
        .exits(1)
        .says("pre-commit is not executable: git skips it -> chmod +x");
    fs::remove_file(&hook).expect("removed");
    symlink("nowhere", &hook).expect("linked");
    repo.stagegate(["doctor"])
        .exits(1)
        .says("is a link that leads nowhere: git skips it");
    fs::remove_file(&hook).expect("removed");
    repo.stagegate(["install"]).succeeded();
    repo.git(["config", "core.hooksPath", "nowhere"]);
    repo.stagegate(["doctor"])
        .exits(1)
        .says("there is no such folder: git runs no hook at all")
        .says("is never run: core.hooksPath hides it");
}

#[test]
fn a_gate_without_its_binary_is_bad() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    let bin = env.path("bin").to_str().expect("a plain name").to_owned();
    repo.stagegate(["install", "--prefix", &bin]).succeeded();
    repo.stagegate(["doctor"])
        .succeeded()
        .says("/bin/stagegate");
    fs::remove_file(env.path("bin/stagegate")).expect("removed");
    repo.stagegate(["doctor"])
        .exits(1)
        .says("finds no stagegate to run, so it refuses everything");
}

#[test]
fn what_is_chained_is_said_with_its_order() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    let hooks = repo.dir.join(".git/hooks");
    executable(&hooks.join("pre-commit"), "#!/bin/sh\n");
    executable(&hooks.join("pre-push"), "#!/bin/sh\n");
    executable(&hooks.join("commit-msg.d/one"), "#!/bin/sh\n");
    executable(&hooks.join("pre-commit.d/one"), "#!/bin/sh\n");
    repo.stagegate(["doctor"])
        .exits(1)
        .says("somebody else's and does not name stagegate");
    repo.stagegate(["install"]).succeeded();
    repo.stagegate(["doctor"])
        .succeeded()
        .says("pre-commit.stagegate-kept runs before the gate")
        .says("pre-push.stagegate-kept runs after the gate, if it lets the push pass")
        .says("git itself does not run what stands in");
}

/// Hooks in git's configuration came with 2.54; an older git says nothing and runs nothing.
#[test]
fn hooks_of_the_configuration_count_where_git_runs_them() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.git(["config", "hook.stagegate.command", "stagegate pre-commit"]);
    repo.git(["config", "hook.stagegate.event", "pre-commit"]);
    let version = repo.git(["version"]);
    let numbers: Vec<u32> = version
        .trim_start_matches("git version ")
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    let doctor = repo.stagegate(["doctor"]);
    if numbers >= vec![2, 54] {
        doctor.succeeded().says("hook.stagegate.command");
    } else {
        doctor
            .exits(1)
            .says("this git is too old to run it and does not say so")
            .says("nothing judges commits or pushes here");
    }
}

#[test]
fn the_policy_and_what_it_refuses_are_said() {
    let env = TestEnv::new();
    let repo = guarded(&env);
    repo.stagegate(["doctor"])
        .succeeded()
        .says("refs/heads/main is claimed by nobody")
        .says("refused there: ");
    repo.stagegate(["doctor", "--ref", "staging"])
        .succeeded()
        .says("refs/heads/staging belongs to staging; refused there: production-credential");
    repo.write(
        "stagegate.toml",
        "version = 1\n[environment.staging]\nrefs = [\"main\"]\n",
    );
    repo.stagegate(["doctor"])
        .succeeded()
        .says("stagegate.toml")
        .says("refs/heads/main belongs to staging");
    repo.write("stagegate.toml", "version = 1\nno-such-key = 1\n");
    let json = repo.stagegate(["doctor", "--format", "json"]);
    json.exits(1).says("has mistakes");
    let json = json.json();
    assert_eq!(json["schema"], "stagegate-doctor/1");
    assert_eq!(json["standing"], "bad");
    // A repository that cannot be read refuses everything, and that is said before the next push.
    fs::remove_file(repo.dir.join("stagegate.toml")).expect("removed");
    let head = repo.tip("HEAD");
    let object = repo
        .dir
        .join(".git/objects")
        .join(&head[..2])
        .join(&head[2..]);
    fs::remove_file(object).expect("removed");
    repo.stagegate(["doctor"]).exits(1).says("repository");
}
