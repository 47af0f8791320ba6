//! Hook managers, each the real tool with the lines that `docs/hook-managers.md` gives for it: a commit and a push that
//! bring production's key to staging are refused, the sandbox's twin passes, and the manager's other hooks run.
//!
//! `tests/setup-managers.sh` installs them; a test whose manager is missing fails and says so.
#![cfg(target_os = "linux")]

mod support;

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use support::{Ran, Repo, STAGEGATE, Server, TestEnv, live_key, payments, run, test_key};

const STAGING: &str = "refs/heads/staging";

/// A folder of `tests/setup-managers.sh`.
fn tools(below: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/managers");
    assert!(
        tools.join("installed").is_file(),
        "the hook managers are not installed: run tests/setup.sh first"
    );
    tools.join(below)
}

/// A repository on `staging` that a manager is about to guard, and a server without any hook.
struct Scene<'e> {
    env: &'e TestEnv,
    work: Repo<'e>,
    server: Server<'e>,
    path: OsString,
}

impl<'e> Scene<'e> {
    fn new(env: &'e TestEnv) -> Self {
        let work = env.repo("work");
        let server = env.server("server.git");
        work.git(["remote", "add", "origin", &server.url()]);
        work.branch("staging");
        work.push(["main", "staging"]).succeeded();
        // `note WORD` is the other hook: it writes down that it ran.
        let note = format!("#!/bin/sh\necho \"$1\" >>'{}'\n", env.path("log").display());
        fs::create_dir(env.path("bin")).expect("a folder");
        fs::write(env.path("bin/note"), note).expect("a script");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(env.path("bin/note"), mode).expect("a mode");
        let gate = Path::new(STAGEGATE).parent().expect("a folder").to_owned();
        let before = std::env::var_os("PATH").expect("PATH is set");
        let path = [
            env.path("bin"),
            gate,
            tools("python/bin"),
            tools("node/node_modules/.bin"),
        ]
        .into_iter()
        .chain(std::env::split_paths(&before));
        let path = std::env::join_paths(path).expect("a PATH");
        Self {
            env,
            work,
            server,
            path,
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.env.command(program, &self.work.dir);
        command
            .env("PATH", &self.path)
            .env("PRE_COMMIT_HOME", self.env.path("pre-commit-home"))
            .env("PREK_HOME", self.env.path("prek-home"))
            // The repository that its hooks come from is a folder here.
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "protocol.file.allow")
            .env("GIT_CONFIG_VALUE_0", "always");
        command
    }

    fn runs(&self, program: &str, args: &[&str]) {
        run(self.command(program).args(args)).succeeded();
    }

    fn git(&self, args: &[&str]) -> Ran {
        run(self.command("git").args(args))
    }

    /// What the other hooks noted since the last call.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.env.path("log")).unwrap_or_default();
        let _ = fs::remove_file(self.env.path("log"));
        log.lines().map(str::to_owned).collect()
    }

    /// The manager's own files do not count: they are committed past all hooks.
    fn settled(&self) {
        self.work.commit("The manager's files");
        self.work
            .try_git(["push", "-q", "--no-verify", "origin", "staging"])
            .succeeded();
        self.log();
    }

    fn bring(&self, key: &str) {
        self.work.write("config/staging.yml", payments(key));
        self.work.stage();
    }

    fn guards_commits(&self) {
        let key = live_key(1);
        let before = self.work.tip("HEAD");
        self.bring(&key);
        let commit = self.git(&["commit", "-q", "-m", "Work"]);
        assert_ne!(commit.code, 0, "{}{}", commit.stdout, commit.stderr);
        commit.says("config/staging.yml:2").hides(&key);
        assert_eq!(self.work.tip("HEAD"), before, "the commit was made");
        self.log();

        self.bring(&test_key(1));
        self.git(&["commit", "-q", "-m", "Sandbox"]).succeeded();
        assert_ne!(self.work.tip("HEAD"), before);
        assert_eq!(self.log(), ["commit"], "the other hook");
    }

    fn guards_pushes(&self) {
        let key = live_key(2);
        let before = self.server.tip(STAGING);
        self.bring(&key);
        self.git(&["commit", "-q", "--no-verify", "-m", "Work"])
            .succeeded();
        let push = self.git(&["push", "origin", "staging"]);
        assert_ne!(push.code, 0, "{}{}", push.stdout, push.stderr);
        push.says("config/staging.yml:2").hides(&key);
        assert_eq!(self.server.tip(STAGING), before, "the push went through");
        self.log();

        self.bring(&test_key(2));
        self.git(&["commit", "-q", "--no-verify", "--amend", "-m", "Sandbox"])
            .succeeded();
        self.git(&["push", "origin", "staging"]).succeeded();
        assert_eq!(self.server.tip(STAGING), Some(self.work.tip("HEAD")));
        assert_eq!(self.log(), ["push"], "the other hook");
    }

    fn guards_pushes_of_nothing_new(&self) {
        let push = self.push_of_nothing_new();
        assert_ne!(push.code, 0, "{}", push.stderr);
        push.says("lib/pay.txt:1");
        let push = self.git(&["push", "origin", "production:uat"]);
        assert_ne!(push.code, 0, "{}", push.stderr);
        push.says("lib/pay.txt:1");
    }

    /// Production's own tip, which the remote has already: the push has no commit and no object that is new.
    fn push_of_nothing_new(&self) -> Ran {
        self.work.switch("staging");
        self.work.branch("production");
        let key = live_key(3);
        self.work.commit_file("lib/pay.txt", format!("{key}\n"));
        self.git(&["push", "-q", "--no-verify", "origin", "production"])
            .succeeded();
        self.git(&["push", "origin", "production:staging"])
    }
}

/// A repository like this one, to take hooks from.
fn hooks_repository(env: &TestEnv) -> (String, String) {
    let hooks = env.repo("stagegate");
    let manifest = include_str!("../.pre-commit-hooks.yaml");
    let commit = hooks.commit_file(".pre-commit-hooks.yaml", manifest);
    (hooks.dir.to_str().expect("a plain name").to_owned(), commit)
}

fn pre_commit_config(env: &TestEnv) -> String {
    let (repository, revision) = hooks_repository(env);
    format!(
        "repos:\n\
         - repo: {repository}\n  rev: {revision}\n  hooks:\n\
         \x20 - id: stagegate\n  - id: stagegate-merge\n  - id: stagegate-push\n  - id: stagegate-scan\n\
         - repo: local\n  hooks:\n\
         \x20 - {{ id: a, name: a, entry: note commit, language: system, always_run: true, pass_filenames: false, stages: [pre-commit] }}\n\
         \x20 - {{ id: b, name: b, entry: note push, language: system, always_run: true, pass_filenames: false, stages: [pre-push] }}\n"
    )
}

fn framework(program: &str) {
    let env = TestEnv::new();
    let scene = Scene::new(&env);
    scene
        .work
        .write(".pre-commit-config.yaml", pre_commit_config(&env));
    let hooks = ["pre-commit", "pre-merge-commit", "pre-push"];
    let mut install = vec!["install"];
    for hook in &hooks {
        install.extend(["--hook-type", hook]);
    }
    scene.runs(program, &install);
    scene.settled();
    scene.guards_commits();
    scene.guards_pushes();
    scene
        .work
        .stagegate(["doctor"])
        .succeeded()
        .says(".pre-commit-config.yaml names it");

    // The manual stage: what stands there already, whatever is staged.
    let manual = ["run", "--hook-stage", "manual", "stagegate-scan"];
    run(scene.command(program).args(manual)).succeeded();
    let clean = scene.work.tip("HEAD");
    scene
        .work
        .commit_file("config/staging.yml", payments(&live_key(4)));
    let found = run(scene.command(program).args(manual));
    found
        .exits(1)
        .says("config/staging.yml:2")
        .hides(&live_key(4));

    // In CI: nothing is staged, and the range counts.
    for (to, code) in [(clean.as_str(), 0), ("HEAD", 1)] {
        let range = [
            "run",
            "stagegate",
            "--from-ref",
            "origin/staging",
            "--to-ref",
            to,
        ];
        run(scene.command(program).args(range))
            .exits(code)
            .hides(&live_key(4));
    }
    scene.work.git(["reset", "-q", "--hard", &clean]);

    // A merge without conflicts has a hook of its own.
    scene.work.branch("feature");
    scene
        .work
        .commit_file("lib/pay.txt", format!("{}\n", live_key(5)));
    scene.work.switch("staging");
    scene.work.commit_file("README.md", "A shop with news.\n");
    let clean = scene.work.tip("HEAD");
    let before = scene.work.tip("HEAD");
    let merge = scene.git(&["merge", "--no-edit", "feature"]);
    assert_ne!(merge.code, 0, "{}", merge.stderr);
    merge.says("lib/pay.txt:1").hides(&live_key(5));
    assert_eq!(scene.work.tip("HEAD"), before);
    scene.git(&["merge", "--abort"]).succeeded();

    // The framework runs nothing for a new branch without a new commit. The shim beside it does, and runs it after.
    scene.git(&["push", "-q", "origin", "staging"]).succeeded();
    let nothing_new = scene.push_of_nothing_new();
    assert_ne!(nothing_new.code, 0, "{}", nothing_new.stderr);
    scene.git(&["push", "origin", "production:uat"]).succeeded();
    scene
        .git(&["push", "-q", "--no-verify", "origin", ":uat"])
        .succeeded();
    scene
        .work
        .stagegate(["install", "--hooks", "pre-push"])
        .succeeded();
    let refused = scene.git(&["push", "origin", "production:uat"]);
    assert_ne!(refused.code, 0, "{}", refused.stderr);
    refused.says("lib/pay.txt:1");
    scene.log();
    scene.work.switch("staging");
    scene.work.git(["reset", "-q", "--hard", &clean]);
    scene.work.commit_file("README.md", "A better shop.\n");
    scene.git(&["push", "origin", "staging"]).succeeded();
    assert_eq!(scene.log(), ["push"], "the framework goes on running");
}

#[test]
fn pre_commit() {
    framework("pre-commit");
}

#[test]
fn prek() {
    framework("prek");
}

/// RubyGems cannot be reached from everywhere that the tests run: where there is no overcommit, this says so and passes.
#[test]
#[allow(clippy::print_stderr)] // who reads the log of a run must see what was not tested
fn overcommit() {
    let version = Command::new("overcommit").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no overcommit on PATH (gem install overcommit)");
        return;
    }
    let env = TestEnv::new();
    let scene = Scene::new(&env);
    scene.work.write(
        ".overcommit.yml",
        "verify_signatures: false\n\
         PreCommit:\n  Note: { enabled: true, command: [note, commit] }\n\
         \x20 Stagegate: { enabled: true, command: [sh, -c, exec stagegate pre-commit, gate] }\n\
         PrePush:\n  Note: { enabled: true, command: [note, push] }\n",
    );
    scene.runs("overcommit", &["--install"]);
    scene.settled();
    scene.guards_commits();
    let hook = scene.work.dir.join(".git/hooks/pre-push");
    let before = fs::read(&hook).expect("a hook");
    let shim = ["--hooks", "pre-push"];
    scene
        .work
        .stagegate(["install"].into_iter().chain(shim))
        .succeeded();
    scene.guards_pushes();
    scene.guards_pushes_of_nothing_new();
    scene
        .work
        .stagegate(["uninstall"].into_iter().chain(shim))
        .succeeded();
    assert_eq!(fs::read(&hook).expect("a hook"), before);
}

#[test]
fn lefthook() {
    let env = TestEnv::new();
    let scene = Scene::new(&env);
    scene.work.write(
        "lefthook.yml",
        "pre-commit:\n  jobs:\n    - name: other\n      run: note commit\n    - name: stagegate\n      run: stagegate pre-commit\n\
         pre-merge-commit:\n  jobs:\n    - name: stagegate\n      run: stagegate pre-commit\n\
         pre-push:\n  jobs:\n    - name: stagegate\n      run: stagegate pre-push {0}\n      use_stdin: true\n    - name: other\n      run: note push\n",
    );
    scene.runs("lefthook", &["install"]);
    scene.settled();
    scene.guards_commits();
    scene.guards_pushes();
    scene
        .work
        .stagegate(["doctor"])
        .succeeded()
        .says("lefthook.yml names it");
    scene.guards_pushes_of_nothing_new();
}

#[test]
fn husky_with_lint_staged() {
    let env = TestEnv::new();
    let scene = Scene::new(&env);
    scene.work.write(
        "package.json",
        r#"{ "private": true, "lint-staged": { "*.yml": "note commit" } }"#,
    );
    scene.runs("husky", &[]);
    // What `stagegate install` says here is what the page says.
    scene
        .work
        .stagegate(["install"])
        .exits(2)
        .says("Add to .husky/pre-commit the line stagegate pre-commit")
        .says("Add to .husky/pre-push the line stagegate pre-push \"$@\"");
    scene.work.write(
        ".husky/pre-commit",
        "lint-staged --quiet\nstagegate pre-commit\n",
    );
    scene
        .work
        .write(".husky/pre-push", "stagegate pre-push \"$@\"\nnote push\n");
    scene.settled();
    scene.guards_commits();
    scene.guards_pushes();
    scene
        .work
        .stagegate(["doctor"])
        .succeeded()
        .says(".husky/pre-commit names it");
    scene.guards_pushes_of_nothing_new();
}

#[test]
fn simple_git_hooks() {
    let env = TestEnv::new();
    let scene = Scene::new(&env);
    scene.work.write(
        "package.json",
        r#"{ "private": true, "simple-git-hooks": {
            "pre-commit": "note commit && stagegate pre-commit",
            "pre-push": "stagegate pre-push \"$@\" && note push"
        } }"#,
    );
    scene.runs("simple-git-hooks", &[]);
    scene.settled();
    scene.guards_commits();
    scene.guards_pushes();
    scene
        .work
        .stagegate(["doctor"])
        .succeeded()
        .says("package.json names it");
    scene.guards_pushes_of_nothing_new();
}
