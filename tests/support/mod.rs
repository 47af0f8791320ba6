//! The stage of every end-to-end test: real git in a folder of its own, with an environment that lets nothing of the
//! machine in. Not here: any stand-in for git, and any secret: those are made from templates while a test runs.

// Each test binary uses its own part of the stage.
#![allow(dead_code)]

pub(crate) mod history;

use std::{
    cell::Cell,
    ffi::{OsStr, OsString},
    fs,
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// The built gate.
pub(crate) const STAGEGATE: &str = env!("CARGO_BIN_EXE_stagegate");

/// The all-zero id by which git says "no object".
pub(crate) const ZERO: &str = "0000000000000000000000000000000000000000";

/// A value that looks like the template says; the same for the same seed.
pub(crate) fn secret(template: &str, seed: u64) -> String {
    stagegate::rules::template::expand(template, seed).expect("the template expands")
}

/// A live Stripe key.
pub(crate) fn live_key(seed: u64) -> String {
    secret("sk_live_{alnum:24}", seed)
}

/// Its sandbox twin.
pub(crate) fn test_key(seed: u64) -> String {
    secret("sk_test_{alnum:24}", seed)
}

/// A YAML file that holds `key`, on line 2.
pub(crate) fn payments(key: &str) -> String {
    format!("payments:\n  stripe_secret_key: {key}\n")
}

/// A folder that goes away with the test.
pub(crate) struct TestEnv {
    dir: tempfile::TempDir,
}

impl TestEnv {
    /// An empty folder with a home of its own in it.
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("stagegate-test-")
            .tempdir()
            .expect("a temporary folder");
        fs::create_dir(dir.path().join("home")).expect("a home");
        Self { dir }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into the folder and tells its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file in the temporary folder");
        path
    }

    /// A program in `dir` whose environment is only what is set here.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).env_clear();
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        command
    }

    /// The whole environment of every program of a test.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("PATH", std::env::var_os("PATH").expect("PATH is set")),
            ("HOME", self.path("home").into_os_string()),
            ("LC_ALL", "C".into()),
            ("TZ", "UTC".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_AUTHOR_NAME", "Ada Author".into()),
            ("GIT_AUTHOR_EMAIL", "ada@example.invalid".into()),
            ("GIT_AUTHOR_DATE", "1750000000 +0000".into()),
            ("GIT_COMMITTER_NAME", "Carl Committer".into()),
            ("GIT_COMMITTER_EMAIL", "carl@example.invalid".into()),
            ("GIT_COMMITTER_DATE", "1750000000 +0000".into()),
        ]
    }

    /// A work repository on branch `main` without a commit.
    pub(crate) fn empty_repo(&self, name: &str) -> Repo<'_> {
        let dir = self.path(name);
        fs::create_dir(&dir).expect("a folder for the repository");
        let repo = Repo {
            env: self,
            dir,
            commits: Cell::new(0),
        };
        repo.git(["init", "-q", "-b", "main", "--template="]);
        repo
    }

    /// A work repository on branch `main` with one harmless commit.
    pub(crate) fn repo(&self, name: &str) -> Repo<'_> {
        let repo = self.empty_repo(name);
        repo.write("README.md", "A shop.\n");
        repo.commit("A shop");
        repo
    }

    /// A bare repository without any hook.
    pub(crate) fn server(&self, name: &str) -> Server<'_> {
        let dir = self.path(name);
        let made = run(self
            .command("git", self.dir.path())
            .args(["init", "-q", "--bare", "-b", "main", "--template="])
            .arg(&dir));
        made.succeeded();
        Server { env: self, dir }
    }

    /// A guarded server that already has the `main` of a work repository, and an equal `staging`.
    pub(crate) fn shop(&self) -> (Repo<'_>, Server<'_>) {
        let work = self.repo("work");
        let server = self.server("server.git");
        work.git(["remote", "add", "origin", &server.url()]);
        work.git(["branch", "staging"]);
        work.push(["main", "staging"]).succeeded();
        server.guard::<&str>(&[]);
        (work, server)
    }

    /// Runs the gate in `dir`.
    pub(crate) fn stagegate<S: AsRef<OsStr>>(
        &self,
        dir: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Ran {
        run(self.command(STAGEGATE, dir).args(args))
    }
}

/// A work repository.
pub(crate) struct Repo<'e> {
    env: &'e TestEnv,
    /// Its working tree.
    pub(crate) dir: PathBuf,
    commits: Cell<u32>,
}

impl Repo<'_> {
    /// Runs git, whatever becomes of it.
    pub(crate) fn try_git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        run(self.env.command("git", &self.dir).args(args))
    }

    /// Runs git, which must succeed, and tells what it printed.
    pub(crate) fn git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let ran = self.try_git(args);
        ran.succeeded();
        ran.stdout.trim_end().to_owned()
    }

    /// Writes a file into the working tree, and the folders above it.
    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.dir.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("folders in the working tree");
        }
        fs::write(path, content).expect("a file in the working tree");
    }

    /// Puts everything of the working tree into the index.
    pub(crate) fn stage(&self) {
        self.git(["add", "--all"]);
    }

    /// Commits everything of the working tree past all hooks, and tells the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.stage();
        self.git([
            "commit",
            "-q",
            "--no-verify",
            "--allow-empty",
            "-m",
            message,
        ]);
        self.commits.set(self.commits.get() + 1);
        self.tip("HEAD")
    }

    /// Writes one file and commits.
    pub(crate) fn commit_file(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        self.write(path, content);
        self.commit("Work")
    }

    /// Goes to an existing branch.
    pub(crate) fn switch(&self, branch: &str) {
        self.git(["switch", "-q", branch]);
    }

    /// Makes a branch here and goes to it.
    pub(crate) fn branch(&self, name: &str) {
        self.git(["switch", "-q", "-c", name]);
    }

    /// The object that a revision names.
    pub(crate) fn tip(&self, revision: &str) -> String {
        self.git(["rev-parse", "--verify", "-q", revision])
    }

    /// Pushes to `origin`: refspecs and options.
    pub(crate) fn push<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Ran {
        self.try_git(["push", "origin"].into_iter().chain(args))
    }

    /// Installs a pre-commit hook that runs the gate.
    pub(crate) fn guard(&self) {
        let hooks = self.git(["rev-parse", "--path-format=absolute", "--git-path", "hooks"]);
        shim(
            &Path::new(&hooks).join("pre-commit"),
            &[OsStr::new("pre-commit")],
        );
    }

    /// Installs any hook that runs the gate with these arguments; what git gives it follows them.
    pub(crate) fn guard_with(&self, hook: &str, args: &[&str]) {
        let hooks = self.git(["rev-parse", "--path-format=absolute", "--git-path", "hooks"]);
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        shim(&Path::new(&hooks).join(hook), &args);
    }

    /// Commits the index as it is, through the hooks.
    pub(crate) fn try_commit<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Ran {
        self.try_git(["commit", "-m", "Work"].into_iter().chain(args))
    }

    /// Runs the gate in the working tree.
    pub(crate) fn stagegate<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.env.stagegate(&self.dir, args)
    }

    /// The same branch as another, with a clone of everything: a second working tree that shares the objects.
    pub(crate) fn linked_worktree(&self, name: &str, branch: &str) -> Repo<'_> {
        let dir = self.env.path(name);
        self.git([
            OsStr::new("worktree"),
            OsStr::new("add"),
            OsStr::new("-q"),
            OsStr::new("-b"),
            OsStr::new(branch),
            dir.as_os_str(),
        ]);
        Repo {
            env: self.env,
            dir,
            commits: Cell::new(0),
        }
    }
}

/// A bare repository that people push to.
pub(crate) struct Server<'e> {
    env: &'e TestEnv,
    /// The git folder.
    pub(crate) dir: PathBuf,
}

impl Server<'_> {
    /// Where to push.
    pub(crate) fn url(&self) -> String {
        self.dir
            .to_str()
            .expect("the temporary folder has a plain name")
            .to_owned()
    }

    /// Installs the pre-receive hook, as a real executable, with these options of the gate.
    pub(crate) fn guard<S: AsRef<OsStr>>(&self, options: &[S]) {
        let mut args = vec![OsStr::new("pre-receive")];
        args.extend(options.iter().map(AsRef::as_ref));
        shim(&self.dir.join("hooks/pre-receive"), &args);
    }

    /// Installs the update hook.
    pub(crate) fn guard_update(&self) {
        shim(&self.dir.join("hooks/update"), &[OsStr::new("update")]);
    }

    /// Takes the hook away.
    pub(crate) fn unguard(&self) {
        fs::remove_file(self.dir.join("hooks/pre-receive")).expect("the hook was there");
    }

    /// The exit code of the gate when it last ran as a hook; none if it did not run.
    pub(crate) fn gate_said(&self) -> Option<i32> {
        let noted = self.dir.join("hooks/pre-receive.status");
        let code = fs::read_to_string(&noted).ok()?;
        fs::remove_file(noted).expect("the note can be taken away");
        code.trim().parse().ok()
    }

    /// Where a ref points; none if there is no such ref.
    pub(crate) fn tip(&self, name: &str) -> Option<String> {
        let ran =
            run(self
                .env
                .command("git", &self.dir)
                .args(["rev-parse", "--verify", "-q", name]));
        (ran.code == 0).then(|| ran.stdout.trim_end().to_owned())
    }

    /// Runs git in the bare repository, which must succeed.
    pub(crate) fn git<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        let ran = run(self.env.command("git", &self.dir).args(args));
        ran.succeeded();
        ran.stdout.trim_end().to_owned()
    }

    /// Runs the gate as git would run the hook, with these lines on its standard input.
    pub(crate) fn pre_receive(&self, lines: impl AsRef<[u8]>, options: &[&str]) -> Ran {
        let mut command = self.env.command(STAGEGATE, &self.dir);
        command.env("GIT_DIR", ".").arg("pre-receive").args(options);
        run_with_input(&mut command, lines.as_ref())
    }
}

/// Writes an executable shell script that runs the gate, notes its exit code beside itself, and ends with it.
fn shim(path: &Path, args: &[&OsStr]) {
    use std::os::unix::fs::PermissionsExt as _;
    let quoted = |text: &OsStr| {
        let text = text.to_str().expect("hook arguments are plain");
        format!("'{}'", text.replace('\'', r"'\''"))
    };
    let mut command = quoted(OsStr::new(STAGEGATE));
    for arg in args {
        command.push(' ');
        command.push_str(&quoted(arg));
    }
    let note = quoted(path.with_extension("status").as_os_str());
    fs::create_dir_all(path.parent().expect("a hook stands in a folder")).expect("hooks");
    let script = format!("#!/bin/sh\n{command} \"$@\"\ncode=$?\necho $code >{note}\nexit $code\n");
    fs::write(path, script).expect("a hook");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("an executable hook");
}

/// What a program left behind.
pub(crate) struct Ran {
    /// Its exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained about.
    pub(crate) stderr: String,
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    run_with_input(command, b"")
}

/// A program that runs longer than this hangs: slow machines included, no run of a test takes a half of it.
const PATIENCE: Duration = Duration::from_secs(180);

/// Runs a program to its end with something to read.
pub(crate) fn run_with_input(command: &mut Command, input: &[u8]) -> Ran {
    let mut child = command
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{:?} does not start: {error}", command.get_program()));
    let group = format!("-{}", child.id());
    let (ended, end) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let hangs = end.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
        if hangs {
            // The whole group: a hook's pipes would keep a push alive.
            let _ = Command::new("kill").args(["-9", "--", &group]).status();
        }
        hangs
    });
    // A program may rightly end before it has read everything.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("the program ends");
    drop(ended);
    assert!(
        !watchdog.join().expect("the watchdog ends"),
        "{command:?} hangs"
    );
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ran {
    /// Everything the program said, the `remote:` margins and line breaks of a push taken out.
    pub(crate) fn words(&self) -> String {
        let mut words = Vec::new();
        for line in self.stdout.lines().chain(self.stderr.lines()) {
            let line = line.strip_prefix("remote:").unwrap_or(line);
            words.extend(line.split_whitespace());
        }
        words.join(" ")
    }

    /// Everything, for the message of a failed assertion.
    pub(crate) fn all(&self) -> String {
        format!(
            "exit code {}\n--- stdout\n{}\n--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }

    /// The exit code must be this one.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }

    /// It must have gone well.
    #[track_caller]
    pub(crate) fn succeeded(&self) -> &Self {
        self.exits(0)
    }

    /// A push must have been turned down by the hook.
    #[track_caller]
    pub(crate) fn refused(&self) -> &Self {
        assert_ne!(self.code, 0, "the push went through\n{}", self.all());
        assert!(
            self.stderr.contains("pre-receive hook declined"),
            "something else than the hook refused\n{}",
            self.all()
        );
        self
    }

    /// The output must name something.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(
            self.words().contains(text),
            "the output does not say {text:?}\n{}",
            self.all()
        );
        self
    }

    /// The output must not name something.
    #[track_caller]
    pub(crate) fn does_not_say(&self, text: &str) -> &Self {
        assert!(
            !self.words().contains(text),
            "the output says {text:?}\n{}",
            self.all()
        );
        self
    }

    /// No stream may hold the value. (The message does not print what it complains about.)
    #[track_caller]
    pub(crate) fn hides(&self, value: &str) -> &Self {
        assert!(
            !self.stdout.contains(value) && !self.stderr.contains(value),
            "the output shows a secret value"
        );
        self
    }

    /// One clear message, and nothing that looks like a program that fell over.
    #[track_caller]
    pub(crate) fn could_not_decide(&self) -> &Self {
        self.exits(2);
        self.looks_calm()
    }

    /// There is a message, and it is not a panic.
    #[track_caller]
    pub(crate) fn looks_calm(&self) -> &Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        for sign in [
            "panicked",
            "RUST_BACKTRACE",
            "unwrap()",
            "stack backtrace",
            "Os {",
        ] {
            assert!(!all.contains(sign), "the program fell over\n{}", self.all());
        }
        assert!(
            all.trim().len() > 15,
            "the program says nothing\n{}",
            self.all()
        );
        self
    }

    /// The report on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON: {error}\n{}", self.all()))
    }
}
