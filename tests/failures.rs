//! What cannot be decided is refused with exit code 2 and one clear message: never waved through, never a panic.

mod support;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use support::{Repo, TestEnv, ZERO, payments, test_key};

/// Where git keeps a loose object.
fn loose(repo: &Repo<'_>, oid: &str) -> PathBuf {
    repo.dir
        .join(".git/objects")
        .join(&oid[..2])
        .join(&oid[2..])
}

/// Puts other bytes in an object's place.
fn damage(repo: &Repo<'_>, oid: &str, bytes: &[u8]) {
    let path = loose(repo, oid);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("the object is there");
    fs::write(&path, bytes).expect("the object can be damaged");
}

const STAGING: &str = "refs/heads/staging";

#[test]
fn a_broken_policy_decides_nothing() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let policy = env.file(
        "broken.toml",
        "version = 1\n[environment.staging]\nno_such_key = true\n",
    );
    let before = server.tip(STAGING);
    work.switch("staging");
    work.commit_file("lib/a.txt", "harmless\n");

    server.guard(&["--policy".as_ref(), policy.as_os_str()]);
    work.push(["staging"])
        .refused()
        .says("broken.toml:3")
        .says("no_such_key")
        .looks_calm();
    assert_eq!(server.gate_said(), Some(2));
    assert_eq!(server.tip(STAGING), before);

    for command in [
        &["pre-commit"][..],
        &["scan"],
        &["check", "--base", "main", "--head", "staging"],
    ] {
        let ran = work.stagegate(
            command
                .iter()
                .copied()
                .chain(["--policy", policy.to_str().expect("a plain name")]),
        );
        ran.could_not_decide().says("broken.toml:3");
    }
    fs::write(&policy, "environment = [ unclosed").expect("another policy");
    work.stagegate(["scan", "--policy", policy.to_str().expect("a plain name")])
        .could_not_decide()
        .says("broken.toml:1");
    work.stagegate(["scan", "--policy", "no/such/policy.toml"])
        .could_not_decide()
        .says("no/such/policy.toml");
}

#[test]
fn an_unreadable_object_decides_nothing() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("staging");
    let base = work.tip("HEAD");
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    let blob = work.tip("HEAD:config/staging.yml");
    let tree = work.tip("HEAD:config");
    let whole = fs::read(loose(&work, &blob)).expect("a loose object");
    let range = ["check", "--base", &base, "--head", "HEAD", "--ref", STAGING];
    work.stagegate(range).succeeded();

    for bytes in [&b""[..], &b"garbage"[..], &whole[..whole.len() / 2]] {
        damage(&work, &blob, bytes);
        work.stagegate(range).could_not_decide().says(&blob[..7]);
        work.stagegate(["scan", "--ref", STAGING])
            .could_not_decide()
            .says(&blob[..7]);
    }
    fs::remove_file(loose(&work, &blob)).expect("the object was there");
    work.stagegate(range).could_not_decide().says(&blob[..7]);

    damage(&work, &tree, b"garbage");
    work.stagegate(range).could_not_decide().says(&tree[..7]);
    damage(&work, &work.tip("HEAD"), b"garbage");
    work.stagegate(range).could_not_decide();
}

#[test]
fn an_unreadable_object_on_the_server_refuses_the_push() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.switch("staging");
    work.commit_file("lib/a.txt", "harmless\n");
    work.push(["staging:feature/x"]).succeeded();
    let blob = work.tip("HEAD:lib/a.txt");
    let path = server.dir.join("objects").join(&blob[..2]).join(&blob[2..]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("the object is there");
    fs::write(&path, b"garbage").expect("the object can be damaged");

    let old = work.tip("main");
    let new = work.tip("HEAD");
    server
        .pre_receive(format!("{old} {new} {STAGING}\n"), &[])
        .could_not_decide()
        .says(&blob[..7]);
}

#[test]
fn an_unknown_revision_decides_nothing() {
    let env = TestEnv::new();
    let work = env.repo("work");
    for revision in ["no-such-branch", "deadbeef", "HEAD~7", "", "HEAD:README.md"] {
        for args in [
            vec!["check", "--base", revision, "--head", "HEAD"],
            vec!["check", "--base", "HEAD", "--head", revision],
            vec!["scan", "--rev", revision],
        ] {
            let ran = work.stagegate(&args);
            ran.could_not_decide().says(revision);
        }
    }
    let missing = "1234567890123456789012345678901234567890";
    work.stagegate(["check", "--base", missing, "--head", "HEAD"])
        .could_not_decide()
        .says(&missing[..7]);
}

#[test]
fn a_folder_that_is_no_repository_decides_nothing() {
    let env = TestEnv::new();
    let folder = env.path("home");
    for args in [
        &["pre-commit"][..],
        &["scan"],
        &["check", "--base", "main", "--head", "main"],
        &["pre-receive"],
    ] {
        env.stagegate(&folder, args).could_not_decide();
    }
    let missing = env.path("no-such-folder");
    env.stagegate(
        &folder,
        ["scan", "--repo", missing.to_str().expect("a plain name")],
    )
    .could_not_decide()
    .says("no-such-folder");
    let work = env.empty_repo("work");
    work.stagegate(["scan"]).could_not_decide();
}

#[test]
fn lines_that_git_would_not_write_decide_nothing() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let old = work.tip("main");
    let good = format!("{old} {old} refs/heads/feature/x\n");
    server.pre_receive(&good, &[]).succeeded();

    for bad in [
        String::new(),
        "\n".to_owned(),
        "garbage\n".to_owned(),
        format!("{old} {old}\n"),
        format!("{old} {} refs/heads/x\n", &old[..39]),
        format!("{old} {old} \n"),
        format!("{good}garbage\n"),
        format!("{ZERO} 1234567890123456789012345678901234567890 {STAGING}\n"),
    ] {
        server.pre_receive(&bad, &[]).could_not_decide();
    }
    server
        .pre_receive(b"\xff\xfe\x00\n", &[])
        .could_not_decide();
}

#[test]
fn a_report_that_cannot_be_written_is_not_a_pass() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.stagegate(["scan", "--format", "json", "--output", "no/such/folder/x"])
        .could_not_decide()
        .says("no/such/folder/x");
}

#[test]
fn a_wrong_command_line_is_not_a_pass() {
    let env = TestEnv::new();
    let work = env.repo("work");
    for args in [
        &["no-such-mode"][..],
        &["scan", "--no-such-option"],
        &["scan", "--format", "xml"],
        &["check"],
    ] {
        work.stagegate(args).could_not_decide();
    }
}

/// What cannot be read is harmless on its way to a ref that nobody claims; not on its way to staging, in whatever order.
#[test]
fn what_is_not_read_refuses_wherever_one_of_its_refs_is_claimed() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let before = work.tip("staging");
    work.switch("staging");
    let tip = work.commit_file("lib/settings.yml", payments(&test_key(1)));
    let blob = work.tip(&format!("{tip}:lib/settings.yml"));
    server.git([
        "fetch",
        "-q",
        work.dir.to_str().expect("a plain name"),
        &tip,
    ]);
    let object = server.dir.join("objects").join(&blob[..2]).join(&blob[2..]);
    fs::set_permissions(&object, fs::Permissions::from_mode(0o644)).expect("the object is there");
    fs::write(&object, "rubbish").expect("the object can be damaged");
    let feature = format!("{ZERO} {tip} refs/heads/feature\n");
    let staging = format!("{before} {tip} {STAGING}\n");

    server.pre_receive(&feature, &[]).succeeded();
    for lines in [
        staging.clone(),
        format!("{staging}{feature}"),
        format!("{feature}{staging}"),
    ] {
        server
            .pre_receive(&lines, &[])
            .could_not_decide()
            .says("lib/settings.yml");
    }
}
