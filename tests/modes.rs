//! Every mode besides the server's pre-receive: pre-push, update, CI, the ways to commit; what a pushed policy changes, and
//! what happens where a file stays and its destination changes.

mod support;

use std::fs;

use support::{
    Ran, Repo, STAGEGATE, TestEnv, ZERO, live_key, payments, run, run_with_input, test_key,
};

const STAGING: &str = "refs/heads/staging";

// ---- pre-push

/// A work repository with a pre-push hook and an unguarded server that has its `main` and `staging`.
fn pushing(env: &TestEnv) -> Repo<'_> {
    let work = env.repo("work");
    let server = env.server("server.git");
    work.git(["remote", "add", "origin", &server.url()]);
    work.git(["branch", "staging"]);
    work.push(["main", "staging"]).succeeded();
    work.guard_with("pre-push", &["pre-push"]);
    work
}

#[track_caller]
fn stopped<'r>(ran: &'r Ran, key: &str) -> &'r Ran {
    assert_ne!(ran.code, 0, "the push went through: {}", ran.words());
    ran.says("stagegate: refused").hides(key)
}

#[test]
fn the_remote_ref_is_the_destination_and_every_line_is_read() {
    let env = TestEnv::new();
    let work = pushing(&env);
    let key = live_key(1);
    work.branch("feature/x");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    // Nothing claims the feature branch.
    work.push(["feature/x"]).succeeded();
    stopped(&work.push(["feature/x:staging"]), &key).says("lib/pay.txt:1");
    stopped(&work.push(["HEAD:refs/heads/staging"]), &key);
    let tip = work.tip("HEAD");
    stopped(&work.push([format!("{tip}:staging").as_str()]), &key);
    // The harmless ref first.
    work.git(["branch", "feature/y", "main"]);
    stopped(&work.push(["feature/y", "feature/x:staging"]), &key);
    // Twins.
    work.push(["feature/y:refs/heads/staging"]).succeeded();
    work.push(["--delete", "feature/x"]).succeeded();
    work.push(["staging"]).succeeded();
}

#[test]
fn a_new_branch_of_an_environment_is_judged_whole() {
    let env = TestEnv::new();
    let work = pushing(&env);
    let key = live_key(2);
    work.branch("production");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.push(["production"]).succeeded();
    stopped(&work.push(["production:preprod"]), &key).says("lib/pay.txt:1");
    work.push(["staging:preprod"]).succeeded();
}

#[test]
fn what_the_remote_has_is_not_judged_again() {
    let env = TestEnv::new();
    let work = pushing(&env);
    let (old, key) = (live_key(3), live_key(4));
    work.switch("staging");
    work.commit_file("lib/old.txt", format!("{old}\n"));
    work.push(["--no-verify", "staging"]).succeeded();
    work.commit_file("lib/a.txt", "harmless\n");
    work.push(["staging"]).succeeded();
    // Added and removed in between.
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.commit_file("lib/pay.txt", "gone\n");
    stopped(&work.push(["staging"]), &key)
        .says("lib/pay.txt:1")
        .hides(&old);
}

#[test]
fn a_remote_tip_that_is_not_here_is_said_and_all_is_judged() {
    let env = TestEnv::new();
    let work = pushing(&env);
    let old = live_key(5);
    work.switch("staging");
    work.commit_file("lib/old.txt", format!("{old}\n"));
    work.push(["--no-verify", "staging"]).succeeded();
    let url = work.git(["remote", "get-url", "origin"]);
    work.git(["clone", "-q", "-b", "staging", &url, "../other"]);
    let other = env.path("other");
    for args in [
        &["commit", "-q", "--allow-empty", "-m", "Theirs"][..],
        &["push", "-q", "origin", "staging"],
    ] {
        run(env.command("git", &other).args(args)).succeeded();
    }
    work.commit_file("lib/a.txt", "harmless\n");
    let ran = work.push(["--force", "staging"]);
    stopped(&ran, &old)
        .says("lib/old.txt:1")
        .says("which is not here");
    // Twin: with nothing standing there the forced push passes, and the note stays.
    work.git(["rm", "-q", "lib/old.txt"]);
    work.commit("Gone");
    let tip = work.tip("HEAD");
    let input = format!("{STAGING} {tip} {STAGING} {}\n", "1".repeat(40));
    run_with_input(
        env.command(STAGEGATE, &work.dir)
            .args(["pre-push", "origin", "unused"]),
        input.as_bytes(),
    )
    .succeeded()
    .says("which is not here");
}

#[test]
fn nothing_to_push_passes_and_rubbish_does_not() {
    let env = TestEnv::new();
    let work = pushing(&env);
    let ask = |input: &str| {
        run_with_input(
            env.command(STAGEGATE, &work.dir).args([
                "pre-push",
                "origin",
                "https://u:p@example.com/x",
            ]),
            input.as_bytes(),
        )
    };
    ask("").succeeded();
    assert_eq!(ask("").words(), "");
    ask("one two\n").could_not_decide().does_not_say("u:p@");
    ask(&format!("(delete) {ZERO} {STAGING} {}\n", work.tip("HEAD"))).succeeded();
    // A push to a URL: no remote-tracking refs, but what the remote said is known.
    let key = live_key(6);
    work.branch("feature/x");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    let url = work.git(["remote", "get-url", "origin"]);
    stopped(&work.try_git(["push", &url, "feature/x:staging"]), &key);
    work.git(["reset", "-q", "--hard", "main"]);
    work.commit_file("lib/pay.txt", "harmless\n");
    work.try_git(["push", &url, "feature/x:staging"])
        .succeeded();
}

// ---- update

#[test]
fn the_update_hook_judges_each_ref_and_takes_the_old_value_from_the_repository() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    server.unguard();
    server.guard_update();
    let key = live_key(7);
    work.branch("feature/x");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    let ran = work.push(["feature/x", "feature/x:staging"]);
    ran.exits(1)
        .says("lib/pay.txt:1")
        .says("hook declined")
        .hides(&key);
    assert_eq!(server.tip("refs/heads/feature/x"), Some(work.tip("HEAD")));
    assert_eq!(server.tip(STAGING), Some(work.tip("main")));
    // The objects are there now, and the same push is refused again.
    work.push(["feature/x:staging"])
        .exits(1)
        .says("lib/pay.txt:1");
    // The old value is the client's claim: with the new one in its place nothing would be new.
    let tip = work.tip("HEAD");
    let ask = |args: &[&str]| {
        run(env
            .command(STAGEGATE, &server.dir)
            .env("GIT_DIR", ".")
            .arg("update")
            .args(args))
    };
    ask(&[STAGING, &tip, &tip]).exits(1).hides(&key);
    // gitolite gives more.
    ask(&[
        STAGING,
        &tip,
        &tip,
        ZERO,
        ZERO,
        "W",
        "VREF/stagegate",
        "--",
        "-x",
    ])
    .exits(1);
    ask(&[STAGING, &tip, ZERO]).succeeded();
    ask(&[STAGING, &tip, "xyz"]).could_not_decide();
    ask(&[STAGING]).exits(2);
    work.git(["revert", "--no-edit", "HEAD"]);
    work.branch("clean");
    work.git(["reset", "-q", "--hard", "main"]);
    work.commit_file("lib/pay.txt", "harmless\n");
    work.push(["clean:staging"]).succeeded();
}

// ---- CI

/// Runs `check` with only these variables of a CI system.
fn check(env: &TestEnv, dir: &std::path::Path, variables: &[(&str, &str)], args: &[&str]) -> Ran {
    run(env
        .command(STAGEGATE, dir)
        .envs(variables.iter().copied())
        .arg("check")
        .args(args))
}

/// A clone as CI makes it: detached at the head, with the target as a remote branch.
fn cloned(env: &TestEnv, work: &Repo<'_>, options: &[&str]) -> std::path::PathBuf {
    let url = format!("file://{}", work.dir.to_str().expect("a plain name"));
    let dir = env.path("clone");
    run(env
        .command("git", &env.path("home"))
        .args(["clone", "-q"])
        .args(options)
        .arg(url)
        .arg(&dir))
    .succeeded();
    dir
}

#[test]
fn the_target_of_a_pull_request_is_the_destination() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(8);
    work.git(["branch", "staging"]);
    work.branch("feature/x");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    let (base, head) = (work.tip("staging"), work.tip("HEAD"));
    let clone = cloned(&env, &work, &[]);
    let event = env.file(
        "event.json",
        format!(
            r#"{{"pull_request": {{"base": {{"sha": "{base}", "ref": "staging"}}, "head": {{"sha": "{head}"}}}}}}"#
        ),
    );
    let event = event.to_str().expect("a plain name");
    let github = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_PATH", event),
        ("GITHUB_BASE_REF", "staging"),
    ];
    let systems: [(&str, Vec<(&str, &str)>); 8] = [
        ("GitHub Actions", github.to_vec()),
        (
            "Gitea Actions",
            [&github[..], &[("GITEA_ACTIONS", "true")]].concat(),
        ),
        (
            "GitLab CI",
            vec![
                ("GITLAB_CI", "true"),
                ("CI_COMMIT_SHA", &head),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "staging"),
                ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base),
            ],
        ),
        (
            "Jenkins",
            vec![
                ("JENKINS_URL", "https://ci.example.com"),
                ("CHANGE_TARGET", "staging"),
                ("GIT_COMMIT", &head),
            ],
        ),
        (
            "Azure Pipelines",
            vec![
                ("TF_BUILD", "True"),
                ("BUILD_SOURCEVERSION", &head),
                ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/staging"),
            ],
        ),
        (
            "Bitbucket Pipelines",
            vec![
                ("BITBUCKET_BUILD_NUMBER", "1"),
                ("BITBUCKET_COMMIT", &head),
                ("BITBUCKET_PR_DESTINATION_BRANCH", "staging"),
                ("BITBUCKET_PR_DESTINATION_COMMIT", &base[..12]),
            ],
        ),
        (
            "Buildkite",
            vec![
                ("BUILDKITE", "true"),
                ("BUILDKITE_COMMIT", &head),
                ("BUILDKITE_PULL_REQUEST", "7"),
                ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "staging"),
            ],
        ),
        (
            "CircleCI",
            vec![
                ("CIRCLECI", "true"),
                ("CIRCLE_SHA1", &head),
                ("CIRCLE_BRANCH", "feature/x"),
                ("PIPELINE_PULL_REQUEST_BASE_REF", "staging"),
            ],
        ),
    ];
    for (name, variables) in systems {
        check(&env, &clone, &variables, &[])
            .exits(1)
            .says(&format!("range taken from {name}"))
            .says("destination refs/heads/staging")
            .says("lib/pay.txt:1")
            .hides(&key);
        // What is given by hand wins.
        check(&env, &clone, &variables, &["--ref", "main"]).succeeded();
        check(&env, &clone, &variables, &["--head", "origin/staging"])
            .succeeded()
            .says("nothing is new");
    }
    // Only the destination is asked for where the range is given.
    check(&env, &clone, &github, &["--base", &base])
        .exits(1)
        .says("destination taken from GitHub Actions");
    check(&env, &clone, &[], &[])
        .could_not_decide()
        .says("--base is missing");
}

#[test]
fn a_push_in_ci_is_counted_from_what_stood_there() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(9);
    work.branch("staging");
    work.commit_file("lib/a.txt", "harmless\n");
    let before = work.tip("HEAD");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.commit_file("lib/pay.txt", "gone\n");
    let after = work.tip("HEAD");
    let clone = cloned(&env, &work, &[]);
    let gitlab = |before: &str| {
        check(
            &env,
            &clone,
            &[
                ("GITLAB_CI", "true"),
                ("CI_COMMIT_SHA", &after),
                ("CI_COMMIT_BEFORE_SHA", before),
                ("CI_COMMIT_BRANCH", "staging"),
            ],
            &[],
        )
    };
    gitlab(&before).exits(1).says("lib/pay.txt:1").hides(&key);
    gitlab(ZERO)
        .exits(1)
        .says("a new ref")
        .says("lib/pay.txt:1")
        .hides(&key);
    gitlab(&after).succeeded().says("nothing is new");
    gitlab(&"1".repeat(40))
        .could_not_decide()
        .says("git fetch --no-tags origin 1111")
        .says("GIT_DEPTH");
}

#[test]
fn a_shallow_clone_without_the_target_says_how_to_mend_it() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.git(["branch", "staging"]);
    work.branch("feature/x");
    work.commit_file("lib/a.txt", "harmless\n");
    let head = work.tip("HEAD");
    let clone = cloned(&env, &work, &["--depth", "1", "-b", "feature/x"]);
    let azure = [
        ("TF_BUILD", "True"),
        ("BUILD_SOURCEVERSION", head.as_str()),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "staging"),
    ];
    let fetch =
        "git fetch --no-tags --unshallow origin +refs/heads/staging:refs/remotes/origin/staging";
    check(&env, &clone, &azure, &[])
        .could_not_decide()
        .says(fetch)
        .says("fetchDepth: 0");
    // The command mends it.
    run(env.command("git", &clone).args(fetch.split(' ').skip(1))).succeeded();
    check(&env, &clone, &azure, &[]).succeeded();
    // The target is here, but not where the two part.
    fs::remove_dir_all(&clone).expect("a clone");
    work.switch("staging");
    work.commit_file("lib/b.txt", "moved on\n");
    // Where they part is no branch's tip, or it would be fetched as one.
    work.switch("main");
    work.commit_file("lib/c.txt", "moved on\n");
    let clone = cloned(&env, &work, &["--depth", "1", "--no-single-branch"]);
    check(&env, &clone, &azure, &[])
        .could_not_decide()
        .says("--unshallow");
}

#[test]
fn a_target_that_has_moved_on_is_not_the_requests_doing() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let (old, key) = (live_key(10), live_key(11));
    work.branch("staging");
    work.commit_file("lib/old.txt", format!("{old}\n"));
    work.branch("feature/x");
    work.commit_file("lib/a.txt", "harmless\n");
    // Meanwhile staging gets rid of it.
    work.switch("staging");
    work.commit_file("lib/old.txt", "gone\n");
    let ask = |variables: &[(&str, &str)], args: &[&str]| check(&env, &work.dir, variables, args);
    work.git(["update-ref", "refs/remotes/origin/staging", "staging"]);
    let head = work.tip("feature/x");
    let request = [
        ("JENKINS_URL", "https://ci.example.com"),
        ("CHANGE_TARGET", "staging"),
        ("GIT_COMMIT", head.as_str()),
    ];
    ask(&request, &[]).succeeded();
    // As a forced push it would stand there again.
    ask(
        &[],
        &[
            "--base",
            "staging",
            "--head",
            "feature/x",
            "--ref",
            "staging",
        ],
    )
    .exits(1)
    .says("lib/old.txt:1")
    .hides(&old);
    // What the request brings itself is seen.
    work.switch("feature/x");
    work.commit_file("lib/old.txt", format!("{key}\n"));
    let head = work.tip("feature/x");
    ask(&[request[0], request[1], ("GIT_COMMIT", &head)], &[])
        .exits(1)
        .says("lib/old.txt:1")
        .hides(&key)
        .hides(&old);
}

#[test]
fn an_unrelated_base_and_an_unknown_revision() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(12);
    work.git(["switch", "-q", "--orphan", "other"]);
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    let head = work.tip("HEAD");
    work.git(["update-ref", "refs/remotes/origin/staging", "main"]);
    let request = [
        ("BUILDKITE", "true"),
        ("BUILDKITE_COMMIT", head.as_str()),
        ("BUILDKITE_PULL_REQUEST", "1"),
        ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "staging"),
    ];
    check(&env, &work.dir, &request, &[])
        .exits(1)
        .says("no commit in common")
        .says("lib/pay.txt:1")
        .hides(&key);
    let unknown = [
        request[0],
        ("BUILDKITE_COMMIT", "no-such-thing"),
        request[2],
        request[3],
    ];
    check(&env, &work.dir, &unknown, &[])
        .could_not_decide()
        .says("no-such-thing");
    check(&env, &work.dir, &[], &["--base", "no-such-thing"]).could_not_decide();
}

// ---- pre-commit

#[test]
fn every_way_to_commit_is_judged() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("staging");
    work.commit_file("lib/a.txt", "a\n");
    work.commit_file("lib/b.txt", "b\n");
    work.guard();
    let key = live_key(13);
    let refused = |args: &[&str]| {
        work.try_commit(args.iter().copied())
            .exits(1)
            .says("lib/a.txt:1")
            .hides(&key);
    };
    work.write("lib/a.txt", format!("{key}\n"));
    work.try_commit([]).exits(1).does_not_say("stagegate");
    refused(&["-a"]);
    refused(&["lib/a.txt"]);
    refused(&["-i", "lib/a.txt"]);
    refused(&["-a", "--amend"]);
    // The other file alone passes.
    work.write("lib/b.txt", "harmless\n");
    work.git(["reset", "-q"]);
    work.try_commit(["lib/b.txt"]).succeeded();
    // An intention to add brings nothing until it is added.
    work.git(["checkout", "-q", "--", "lib/a.txt"]);
    work.write("lib/new.txt", format!("{key}\n"));
    work.git(["add", "-N", "lib/new.txt"]);
    work.try_commit(["--allow-empty"]).succeeded();
    work.try_commit(["-a"])
        .exits(1)
        .says("lib/new.txt:1")
        .hides(&key);
}

#[test]
fn every_kind_of_index_is_read() {
    for settings in [
        &["update-index", "--index-version", "4"][..],
        &["update-index", "--index-version", "2"],
        &["sparse-checkout", "set", "--cone", "--sparse-index", "lib"],
        &["update-index", "--split-index"],
    ] {
        let env = TestEnv::new();
        let work = env.repo("work");
        work.branch("staging");
        work.commit_file("lib/a.txt", "a\n");
        work.commit_file("far/deep/c.txt", "c\n");
        work.guard();
        work.git(settings);
        let key = live_key(14);
        work.write("lib/a.txt", format!("{key}\n"));
        work.git(["add", "lib/a.txt"]);
        let ran = work.try_commit([]);
        assert_ne!(ran.code, 0, "{settings:?}");
        ran.hides(&key);
        if settings[1] == "--split-index" {
            // Refused with a hint, or read; never passed.
            continue;
        }
        ran.says("lib/a.txt:1");
        work.write("lib/a.txt", "harmless\n");
        work.git(["add", "lib/a.txt"]);
        work.try_commit([]).succeeded();
    }
}

#[test]
fn a_merge_into_staging_brings_what_stands_on_the_other_side() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("production");
    let key = live_key(15);
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.switch("main");
    work.branch("staging");
    work.commit_file("lib/a.txt", "a\n");
    work.guard();
    work.git(["merge", "-q", "--no-commit", "production"]);
    work.try_commit([])
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);
    work.git(["merge", "--abort"]);
    // On a branch that nobody claims it has been judged on the other one.
    work.switch("main");
    work.branch("feature/x");
    work.commit_file("lib/b.txt", "b\n");
    work.git(["merge", "-q", "--no-commit", "production"]);
    work.try_commit([]).succeeded();
}

#[test]
fn a_clean_merge_is_judged_where_its_hook_runs_the_gate() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("production");
    let key = live_key(26);
    work.commit_file("config/staging.yml", payments(&key));
    work.switch("main");
    for (branch, code) in [("staging", 1), ("feature/x", 0)] {
        work.git(["switch", "-q", "-c", branch, "main"]);
        work.commit_file("lib/a.txt", branch);
        work.guard_with("pre-merge-commit", &["pre-commit"]);
        let merged = work.try_git(["merge", "--no-edit", "production"]);
        merged.exits(code).hides(&key);
        if code != 0 {
            merged.says("config/staging.yml:2");
            work.git(["merge", "--abort"]);
        }
    }
}

#[test]
fn a_conflicted_index_is_git_s_to_refuse_and_ours() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.commit_file("lib/a.txt", "base\n");
    work.branch("other");
    work.commit_file("lib/a.txt", "theirs\n");
    work.switch("main");
    work.branch("staging");
    work.commit_file("lib/a.txt", "ours\n");
    work.try_git(["merge", "other"]).exits(1);
    work.stagegate(["pre-commit"])
        .could_not_decide()
        .says("in conflict");
}

#[test]
fn a_detached_head_goes_where_the_configuration_or_the_rebase_says() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("staging");
    work.commit_file("lib/a.txt", "a\n");
    work.guard();
    let key = live_key(16);
    work.git(["switch", "-q", "--detach"]);
    work.write("lib/pay.txt", format!("{key}\n"));
    work.stage();
    work.stagegate(["pre-commit"]).succeeded();
    work.git(["config", "stagegate.target", "staging"]);
    work.try_commit([])
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);
    work.git(["config", "--unset", "stagegate.target"]);
    work.git(["reset", "-q", "--hard"]);

    // A rebase of staging that stops for an edit.
    work.switch("staging");
    work.commit_file("lib/b.txt", "b\n");
    run(env
        .command("git", &work.dir)
        .env("GIT_SEQUENCE_EDITOR", "sed -i -e s/^pick/edit/")
        .args(["rebase", "-q", "-i", "HEAD~1"]))
    .succeeded();
    work.write("lib/pay.txt", format!("{key}\n"));
    work.stage();
    work.try_commit(["--amend"])
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);
    work.write("lib/pay.txt", "harmless\n");
    work.stage();
    work.try_commit(["--amend"]).succeeded();
    work.git(["rebase", "--continue"]);
}

#[test]
fn submodules_have_a_gate_of_their_own() {
    let env = TestEnv::new();
    let inner = env.repo("inner");
    let work = env.repo("work");
    work.branch("staging");
    let url = inner.dir.to_str().expect("a plain name").to_owned();
    work.git([
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        &url,
        "sub",
    ]);
    work.guard();
    work.try_commit([]).succeeded();
    let key = live_key(17);
    let sub = work.dir.join("sub");
    let git = |args: &[&str]| run(env.command("git", &sub).args(args));
    git(&["switch", "-q", "-c", "staging"]).succeeded();
    let hooks = git(&["rev-parse", "--path-format=absolute", "--git-path", "hooks"]);
    let hook = std::path::Path::new(hooks.stdout.trim()).join("pre-commit");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("hooks");
    fs::copy(work.dir.join(".git/hooks/pre-commit"), hook).expect("a hook");
    fs::write(sub.join("pay.txt"), format!("{key}\n")).expect("a file");
    git(&["add", "."]).succeeded();
    git(&["commit", "-m", "Work"])
        .exits(1)
        .says("pay.txt:1")
        .hides(&key);
    fs::write(sub.join("pay.txt"), "harmless\n").expect("a file");
    git(&["add", "."]).succeeded();
    git(&["commit", "-q", "-m", "Work"]).succeeded();
    // The superproject stores a commit id, and nothing of what is below.
    work.git(["add", "sub"]);
    work.try_commit([]).succeeded();
}

// ---- the policy on a server

const KIND: &str =
    "version = 1\n[environment.staging.verdicts]\nproduction-credential = \"allow\"\n";

#[test]
fn a_pushed_policy_is_told_and_judges_later() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(18);
    // On another branch it says what it would do, and does nothing.
    work.branch("feature/policy");
    work.commit_file("stagegate.toml", KIND);
    work.push(["feature/policy"])
        .succeeded()
        .says("refs/heads/feature/policy changes stagegate.toml")
        .says("was judged by default policy")
        .says("once it stands on refs/heads/main")
        .says("staging.production-credential block -> allow");
    work.switch("staging");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.push(["staging"]).refused().hides(&key);
    // With main in the same push it is still the old one that judges.
    work.switch("main");
    work.git(["merge", "-q", "feature/policy"]);
    work.push(["--atomic", "main", "staging"])
        .refused()
        .says("from the next push on")
        .says("lib/pay.txt:1");
    work.push(["main"])
        .succeeded()
        .says("from the next push on");
    work.push(["staging"]).succeeded();
    // An unchanged policy is no news.
    work.branch("feature/y");
    work.push(["feature/y"])
        .succeeded()
        .does_not_say("changes stagegate.toml");
    // Where the administrator has named a policy, the repository's is not asked.
    let policy = env.file("admin.toml", "version = 1\n");
    server.git([
        "config",
        "stagegate.policy",
        policy.to_str().expect("a plain name"),
    ]);
    work.switch("main");
    work.git(["rm", "-q", "stagegate.toml"]);
    work.commit("No policy");
    work.push(["main"])
        .succeeded()
        .says("only where the repository's own policy is used")
        .says("Without it the defaults hold")
        .says("staging.production-credential allow -> block");
}

#[test]
fn a_policy_that_would_decide_nothing_is_refused_where_it_would_judge() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(19);
    work.branch("feature/policy");
    work.commit_file(
        "stagegate.toml",
        format!("version = 1\nhistory = \"{key}\"\nno-such-key = 1\n"),
    );
    work.push(["feature/policy"])
        .succeeded()
        .says("It cannot be used: line 2")
        .hides(&key);
    work.switch("main");
    work.git(["merge", "-q", "feature/policy"]);
    work.push(["main"])
        .refused()
        .says("no later push could be decided")
        .says("line 3: unknown key")
        .hides(&key);
    assert_eq!(server.gate_said(), Some(2));
    work.commit_file("stagegate.toml", "version = 1\n");
    work.push(["main"]).succeeded();
    // With an administrator's policy it does no harm.
    let policy = env.file("admin.toml", "version = 1\n");
    server.guard(&["--policy".as_ref(), policy.as_os_str()]);
    work.commit_file("stagegate.toml", "version = 7\n");
    work.push(["main"]).succeeded().says("It cannot be used");
}

#[test]
fn the_first_push_may_bring_a_policy_but_not_a_broken_one() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let server = env.server("server.git");
    work.git(["remote", "add", "origin", &server.url()]);
    server.guard::<&str>(&[]);
    work.commit_file("stagegate.toml", "version = 0\n");
    work.push(["main"])
        .refused()
        .says("no later push could be decided");
    work.commit_file("stagegate.toml", "version = 1\n");
    work.push(["main"]).succeeded();
}

#[test]
fn inline_comments_count_on_a_laptop_and_are_told_on_a_server() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(20);
    work.switch("staging");
    work.guard();
    work.write(
        "lib/pay.txt",
        format!("{key}  # stagegate:allow stripe-secret-key: a demo account\n"),
    );
    work.write("lib/other.txt", "harmless\n");
    work.stage();
    work.try_commit([]).succeeded().hides(&key);
    work.guard_with("pre-push", &["pre-push"]);
    work.push(["staging"])
        .refused()
        .says("the comment `stagegate:allow` at lib/pay.txt:1 was ignored")
        .hides(&key);
    let shown = run_with_input(
        env.command(STAGEGATE, &work.dir)
            .args(["pre-push", "origin", "x", "--all", "-v"]),
        format!(
            "{STAGING} {} {STAGING} {}\n",
            work.tip("staging"),
            work.tip("main")
        )
        .as_bytes(),
    );
    shown
        .succeeded()
        .says("an inline comment lets it pass: a demo account")
        .hides(&key);
    // `check` judges as a server does.
    work.stagegate(["check", "--base", "main", "--ref", "staging"])
        .exits(1)
        .says("was ignored");

    // The administrator may say otherwise, both ways. The objects have to be there: by a ref that nobody claims.
    work.push(["--no-verify", "staging:refs/heads/feature/x"])
        .succeeded();
    for (word, code) in [("always", 0), ("never", 1)] {
        let policy = env.file(
            "admin.toml",
            format!("version = 1\ninline-allow = \"{word}\"\n"),
        );
        let policy = policy.to_str().expect("a plain name");
        let lines = format!("{} {} {STAGING}\n", work.tip("main"), work.tip("staging"));
        server
            .pre_receive(&lines, &["--policy", policy])
            .exits(code)
            .hides(&key);
        work.git(["reset", "-q", "--soft", "main"]);
        work.stagegate(["pre-commit", "--policy", policy])
            .exits(code);
        work.git(["reset", "-q", "--hard", "origin/feature/x"]);
    }

    // For another rule it allows nothing, and that is told.
    work.write(
        "lib/pay.txt",
        format!("{}  # stagegate:allow because\n", live_key(21)),
    );
    work.stage();
    work.try_commit([])
        .exits(1)
        .says("is for `because`, and this is a stripe-secret-key");
}

// ---- a file stays and its destination changes

#[test]
fn a_policy_that_newly_claims_a_branch() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    let (old, key) = (live_key(22), live_key(23));
    work.branch("next");
    work.commit_file("lib/old.txt", format!("{old}\n"));
    work.push(["next"]).succeeded();
    work.switch("main");
    work.commit_file(
        "stagegate.toml",
        "version = 1\n[environment.staging]\nrefs = [\"next\"]\n",
    );
    work.push(["main"])
        .succeeded()
        .says("refs of staging: 1 added")
        .says("What stands already where it newly claims is not judged by that");
    // The next push to it is judged by the policy, for what is new on it.
    work.switch("next");
    work.commit_file("lib/a.txt", "harmless\n");
    work.push(["next"]).succeeded();
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.push(["next"])
        .refused()
        .says("lib/pay.txt:1")
        .does_not_say("old.txt")
        .hides(&key);
    // The command that the note names finds what stood there.
    work.stagegate(["scan", "--rev", "main", "--ref", "next"])
        .succeeded();
    let scan = work.stagegate(["scan", "--rev", "next", "--ref", "staging"]);
    scan.exits(1).says("lib/old.txt:1").hides(&old);
}

#[test]
fn a_ref_created_at_an_existing_commit() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(24);
    work.branch("production");
    let tip = work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.push(["production"]).succeeded();
    work.push(["production:refs/heads/preprod"])
        .refused()
        .says("lib/pay.txt:1")
        .hides(&key);
    server
        .pre_receive(format!("{ZERO} {tip} refs/heads/uat\n"), &[])
        .exits(1)
        .hides(&key);
    work.push(["main:refs/heads/preprod"]).succeeded();
}

#[test]
fn a_path_moved_into_a_claimed_folder() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    let key = live_key(25);
    work.branch("feature/x");
    work.commit_file("lib/pay.yml", payments(&key));
    work.push(["feature/x"]).succeeded();
    fs::create_dir_all(work.dir.join("config/staging")).expect("a folder");
    work.git(["mv", "lib/pay.yml", "config/staging/pay.yml"]);
    work.commit("Move");
    work.push(["feature/x"])
        .refused()
        .says("config/staging/pay.yml:2")
        .hides(&key);
    work.git(["reset", "-q", "--hard", "HEAD~1"]);
    work.commit_file("lib/pay.yml", payments(&test_key(25)));
    fs::create_dir_all(work.dir.join("config/staging")).expect("a folder");
    work.git(["mv", "lib/pay.yml", "config/staging/pay.yml"]);
    work.commit("Move");
    // The commit before it never stood in a claimed folder.
    work.push(["feature/x"]).succeeded();
}
