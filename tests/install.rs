//! `install.sh` and the shims in `hooks/`, driven by a real `sh` and a real git.
//!
//! Most scenes put a stub in the binary's place that writes down how it was called and answers as told: they are about
//! what runs, in which order, on which input, and about putting everything back. What the gate decides is tested elsewhere.
//! Installing itself is the real binary's work, to which the stub passes it on.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    io::Write,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Every scene plays in a folder whose name holds what breaks careless scripts: a space, both quotes, `$`, a
/// backslash, a newline, a letter outside ASCII.
const ODD_NAME: &[u8] = b"it's a \"$HOME\" \\ folder\n\xc3\xa9";

const STUB: &str = r#"#!/bin/sh
case $1 in
--version) echo 'stagegate 0.0.0'; exit 0 ;;
install | uninstall | doctor) exec "$REAL" "$@" ;;
esac
{ printf 'gate'; printf ' %s' "$@"; echo; } >>"$LOG"
case $1 in pre-receive | pre-push) cat >"$LOG.gate" ;; esac
exit "${GATE_EXIT:-0}"
"#;

/// A hook that was there first.
const EARLIER: &str = r#"#!/bin/sh
{ printf 'earlier'; for argument; do printf ' %s' "$argument"; done; echo; } >>"$LOG"
if [ "${READ_INPUT-}" ]; then cat >"$LOG.earlier"; fi
exit "${EARLIER_EXIT:-0}"
"#;

struct Scene {
    _temporary: tempfile::TempDir,
    root: PathBuf,
    variables: BTreeMap<&'static str, OsString>,
}

impl Scene {
    fn new() -> Self {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let root = temporary.path().join(OsStr::from_bytes(ODD_NAME));
        fs::create_dir_all(root.join("home")).expect("home");
        fs::create_dir_all(root.join("tmp")).expect("tmp");
        write_executable(&root.join("stub"), STUB);
        let scene = Self {
            _temporary: temporary,
            variables: BTreeMap::from([
                ("HOME", root.join("home").into()),
                ("LOG", root.join("log").into()),
                ("REAL", env!("CARGO_BIN_EXE_stagegate").into()),
                ("TMPDIR", root.join("tmp").into()),
                ("PATH", std::env::var_os("PATH").expect("PATH")),
                ("GIT_CONFIG_NOSYSTEM", "1".into()),
                ("GIT_AUTHOR_NAME", "A".into()),
                ("GIT_AUTHOR_EMAIL", "a@example.com".into()),
                ("GIT_COMMITTER_NAME", "A".into()),
                ("GIT_COMMITTER_EMAIL", "a@example.com".into()),
            ]),
            root,
        };
        scene.git(&scene.root, &["init", "-q", "-b", "main", "repo"]);
        scene
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn repo(&self) -> PathBuf {
        self.at("repo")
    }

    fn hook(&self) -> PathBuf {
        self.at("repo/.git/hooks/pre-commit")
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.variables.insert(name, value.into());
    }

    fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::null());
        command
    }

    fn try_git(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.command("git", folder)
            .args(arguments)
            .output()
            .expect("git runs")
    }

    fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.try_git(folder, arguments);
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            text(&output)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn try_install(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.command("sh", folder)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh"))
            .arg("--binary")
            .arg(self.at("stub"))
            .arg("--prefix")
            .arg(self.at("bin"))
            .args(arguments)
            .output()
            .expect("sh runs")
    }

    /// Runs `install.sh` in `folder`; what it said.
    fn install(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.try_install(folder, arguments);
        assert!(
            output.status.success(),
            "install.sh {arguments:?}: {}",
            text(&output)
        );
        text(&output)
    }

    /// Runs `install.sh` in `folder`, which must refuse; what it said.
    fn refused(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.try_install(folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        text(&output)
    }

    /// Whether a commit in `folder` is let through.
    fn commits(&self, folder: &Path) -> bool {
        self.try_git(folder, &["commit", "-q", "--allow-empty", "-m", "a commit"])
            .status
            .success()
    }

    /// What ran since the last call, in order.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.at("log")).unwrap_or_default();
        let _ = fs::remove_file(self.at("log"));
        log.lines().map(str::to_owned).collect()
    }

    fn bare(&self) -> PathBuf {
        let bare = self.at("server.git");
        self.git(&self.root, &["init", "-q", "--bare", "server.git"]);
        bare
    }

    fn push(&self, refs: &[&str]) -> Output {
        let mut arguments = vec!["push", "-q", "../server.git"];
        arguments.extend(refs);
        self.try_git(&self.repo(), &arguments)
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn write_executable(path: &Path, content: &str) {
    fs::write(path, content).expect("a script is written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode is set");
}

/// Everything under a folder: type and mode, and content or target.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder is read") {
            let path = entry.expect("an entry").path();
            let metadata = path.symlink_metadata().expect("metadata");
            let content = if metadata.is_symlink() {
                let target = fs::read_link(&path).expect("a target");
                target.as_os_str().as_bytes().to_vec()
            } else if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).expect("a file is read")
            };
            found.insert(path, (metadata.mode(), content));
        }
    }
    found
}

#[test]
fn a_fresh_pre_commit_hook_runs_the_gate_and_its_refusal_refuses() {
    let mut scene = Scene::new();
    let said = scene.install(&scene.repo(), &[]);
    assert!(said.contains("is not on PATH"), "{said}");
    assert!(scene.commits(&scene.repo()));
    assert_eq!(scene.log(), ["gate pre-commit"]);
    for code in ["1", "2", "101"] {
        scene.set("GATE_EXIT", code);
        assert!(!scene.commits(&scene.repo()), "exit {code} must refuse");
    }
}

#[test]
fn an_earlier_pre_commit_hook_runs_first_and_each_can_refuse() {
    let mut scene = Scene::new();
    write_executable(&scene.hook(), EARLIER);
    let said = scene.install(&scene.root, &["--repo", "repo"]);
    assert!(said.contains("it goes on running"), "{said}");
    assert!(scene.commits(&scene.repo()));
    assert_eq!(scene.log(), ["earlier", "gate pre-commit"]);

    scene.set("EARLIER_EXIT", "1");
    assert!(!scene.commits(&scene.repo()));
    assert_eq!(scene.log(), ["earlier"]);

    scene.set("EARLIER_EXIT", "0");
    scene.set("GATE_EXIT", "1");
    assert!(!scene.commits(&scene.repo()));
    assert_eq!(scene.log(), ["earlier", "gate pre-commit"]);
}

#[test]
fn the_second_run_changes_nothing_and_says_so() {
    let scene = Scene::new();
    write_executable(&scene.hook(), EARLIER);
    let bare = scene.bare();
    for arguments in [
        &["--repo", "repo"][..],
        &["--bare", "server.git"],
        &["--bare", "server.git", "--hooks", "update"],
        &["--global"],
        &["--global=hooks-path"],
    ] {
        scene.install(&scene.root, arguments);
        let before = (
            snapshot(&scene.repo()),
            snapshot(&bare),
            snapshot(&scene.at("home")),
        );
        let inode = fs::metadata(scene.hook()).expect("a hook").ino();
        let said = scene.install(&scene.root, arguments);
        assert!(said.contains("unchanged: "), "{said}");
        assert!(!said.contains("install "), "{said}");
        let after = (
            snapshot(&scene.repo()),
            snapshot(&bare),
            snapshot(&scene.at("home")),
        );
        assert_eq!(before, after, "{arguments:?}");
        assert_eq!(inode, fs::metadata(scene.hook()).expect("a hook").ino());
    }
}

#[test]
fn uninstall_puts_back_what_was() {
    type Prepare = fn(&Scene);
    let cases: [(&str, Prepare); 8] = [
        ("nothing but git's samples", |_| {}),
        ("no hooks folder", |scene| {
            fs::remove_dir_all(scene.at("repo/.git/hooks")).expect("removed");
        }),
        ("an executable", |scene| {
            let odd = b"#!/bin/sh\nexit 0 # \xff\x00 no newline at the end";
            fs::write(scene.hook(), odd).expect("written");
            fs::set_permissions(scene.hook(), fs::Permissions::from_mode(0o750)).expect("mode");
        }),
        ("not executable", |scene| {
            fs::write(scene.hook(), EARLIER).expect("written");
            fs::set_permissions(scene.hook(), fs::Permissions::from_mode(0o640)).expect("mode");
        }),
        ("a relative link", |scene| {
            write_executable(&scene.at("repo/tool"), EARLIER);
            symlink("../../tool", scene.hook()).expect("linked");
        }),
        ("a dangling link", |scene| {
            symlink("../../nowhere", scene.hook()).expect("linked");
        }),
        ("a folder of hooks beside it", |scene| {
            fs::create_dir(scene.at("repo/.git/hooks/pre-commit.d")).expect("made");
            write_executable(&scene.at("repo/.git/hooks/pre-commit.d/one"), EARLIER);
            write_executable(&scene.hook(), EARLIER);
        }),
        ("a hook that asks for its name", |scene| {
            write_executable(
                &scene.hook(),
                "#!/bin/sh\nexec true \"$(basename \"$0\")\"\n",
            );
        }),
    ];
    for (what, prepare) in cases {
        let scene = Scene::new();
        prepare(&scene);
        let before = snapshot(&scene.at("repo/.git"));
        scene.install(&scene.repo(), &[]);
        assert_ne!(before, snapshot(&scene.at("repo/.git")), "{what}");
        scene.install(&scene.repo(), &["--uninstall"]);
        assert_eq!(before, snapshot(&scene.at("repo/.git")), "{what}");
        let said = scene.install(&scene.repo(), &["--uninstall"]);
        assert!(said.contains("nothing to do"), "{what}: {said}");
        assert_eq!(before, snapshot(&scene.at("repo/.git")), "{what}");
    }
}

#[test]
fn links_run_and_what_git_did_not_run_is_not_run() {
    let scene = Scene::new();
    write_executable(&scene.at("repo/tool"), EARLIER);
    symlink("../../tool", scene.hook()).expect("linked");
    scene.install(&scene.repo(), &[]);
    assert!(scene.commits(&scene.repo()));
    assert_eq!(scene.log(), ["earlier", "gate pre-commit"]);

    let scene = Scene::new();
    fs::write(scene.hook(), EARLIER).expect("written");
    let said = scene.install(&scene.repo(), &[]);
    assert!(said.contains("git did not run it"), "{said}");
    assert!(scene.commits(&scene.repo()));
    assert_eq!(scene.log(), ["gate pre-commit"]);
}

#[test]
fn a_hook_that_asks_for_its_own_name_still_hears_it() {
    let scene = Scene::new();
    let hook = "#!/bin/sh\nbasename \"$0\" >>\"$LOG\"\n";
    write_executable(&scene.hook(), hook);
    scene.install(&scene.repo(), &[]);
    assert!(scene.commits(&scene.repo()));
    assert_eq!(scene.log(), ["pre-commit", "gate pre-commit"]);
}

#[test]
fn a_server_hook_speaks_first_and_the_earlier_one_gets_the_same_input() {
    let mut scene = Scene::new();
    let bare = scene.bare();
    write_executable(&bare.join("hooks/pre-receive"), EARLIER);
    let before = snapshot(&bare.join("hooks"));
    scene.set("READ_INPUT", "1");
    scene.install(&scene.root, &["--bare", "server.git"]);
    assert!(scene.commits(&scene.repo()));
    let tip = scene.git(&scene.repo(), &["rev-parse", "HEAD"]);
    let zero = "0".repeat(40);

    let output = scene.push(&["main:refs/heads/a", "main:refs/heads/b"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(scene.log(), ["gate pre-receive", "earlier"]);
    let expected = format!("{zero} {tip} refs/heads/a\n{zero} {tip} refs/heads/b\n");
    for reader in ["log.gate", "log.earlier"] {
        assert_eq!(
            fs::read_to_string(scene.at(reader)).expect("read"),
            expected
        );
    }

    scene.set("GATE_EXIT", "1");
    assert!(!scene.push(&["main:refs/heads/c"]).status.success());
    assert_eq!(
        scene.log(),
        ["gate pre-receive"],
        "a refused push has no side effects"
    );
    scene.set("GATE_EXIT", "0");
    scene.set("EARLIER_EXIT", "1");
    assert!(!scene.push(&["main:refs/heads/c"]).status.success());
    assert_eq!(scene.git(&bare, &["for-each-ref", "refs/heads/c"]), "");

    scene.install(&scene.root, &["--bare", "server.git", "--uninstall"]);
    assert_eq!(before, snapshot(&bare.join("hooks")));
}

#[test]
fn a_push_is_judged_before_an_earlier_pre_push_hook_runs_on_the_same_input() {
    let mut scene = Scene::new();
    scene.bare();
    let hook = scene.at("repo/.git/hooks/pre-push");
    write_executable(&hook, EARLIER);
    let before = snapshot(&scene.at("repo/.git/hooks"));
    scene.set("READ_INPUT", "1");
    scene.install(&scene.repo(), &[]);
    assert!(scene.commits(&scene.repo()));
    scene.log();
    let tip = scene.git(&scene.repo(), &["rev-parse", "HEAD"]);
    let zero = "0".repeat(40);
    let called = "../server.git ../server.git";

    let output = scene.push(&["main:refs/heads/a", "main:refs/heads/b"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(
        scene.log(),
        [
            format!("gate pre-push {called}"),
            format!("earlier {called}")
        ]
    );
    let lines = ["a", "b"].map(|name| format!("refs/heads/main {tip} refs/heads/{name} {zero}\n"));
    for reader in ["log.gate", "log.earlier"] {
        let read = fs::read_to_string(scene.at(reader)).expect("read");
        assert_eq!(read, lines.concat(), "{reader}");
    }

    for (gate, earlier, ran) in [("1", "0", 1), ("2", "0", 1), ("0", "1", 2)] {
        scene.set("GATE_EXIT", gate);
        scene.set("EARLIER_EXIT", earlier);
        assert!(!scene.push(&["main:refs/heads/c"]).status.success());
        assert_eq!(scene.log().len(), ran, "gate {gate}, earlier {earlier}");
        let bare = scene.at("server.git");
        assert_eq!(scene.git(&bare, &["for-each-ref", "refs/heads/c"]), "");
    }

    scene.install(&scene.repo(), &["--uninstall"]);
    assert_eq!(before, snapshot(&scene.at("repo/.git/hooks")));
    scene.set("EARLIER_EXIT", "0");
    assert!(scene.push(&["main:refs/heads/c"]).status.success());
    assert_eq!(scene.log(), [format!("earlier {called}")]);
}

#[test]
fn a_clean_merge_is_judged_and_an_earlier_hook_runs_first() {
    let mut scene = Scene::new();
    let repo = scene.repo();
    for (branch, file) in [("main", "a"), ("other", "b")] {
        scene.git(&repo, &["checkout", "-q", "--orphan", branch]);
        fs::write(repo.join(file), "x").expect("written");
        scene.git(&repo, &["add", file]);
        assert!(scene.commits(&repo));
        scene.git(&repo, &["rm", "-q", "--cached", "-r", "."]);
    }
    scene.git(&repo, &["checkout", "-q", "-f", "main"]);
    fs::remove_file(repo.join("b")).expect("removed");
    write_executable(&repo.join(".git/hooks/pre-merge-commit"), EARLIER);
    scene.install(&repo, &[]);
    let merge = [
        "merge",
        "-q",
        "--no-edit",
        "--allow-unrelated-histories",
        "other",
    ];
    scene.set("GATE_EXIT", "1");
    let before = scene.git(&repo, &["rev-parse", "HEAD"]);
    assert!(!scene.try_git(&repo, &merge).status.success());
    assert_eq!(scene.log(), ["earlier", "gate pre-commit"]);
    assert_eq!(scene.git(&repo, &["rev-parse", "HEAD"]), before);
    scene.git(&repo, &["merge", "--abort"]);
    scene.set("EARLIER_EXIT", "1");
    assert!(!scene.try_git(&repo, &merge).status.success());
    assert_eq!(scene.log(), ["earlier"]);
    scene.git(&repo, &["merge", "--abort"]);
    scene.set("GATE_EXIT", "0");
    scene.set("EARLIER_EXIT", "0");
    scene.git(&repo, &merge);
    assert_ne!(scene.git(&repo, &["rev-parse", "HEAD"]), before);
}

#[test]
fn an_update_hook_judges_each_ref_and_the_earlier_one_gets_the_same_arguments() {
    let mut scene = Scene::new();
    let bare = scene.bare();
    write_executable(&bare.join("hooks/update"), EARLIER);
    let before = snapshot(&bare.join("hooks"));
    scene.install(&scene.root, &["--bare=server.git", "--hook=update"]);
    assert!(!bare.join("hooks/pre-receive").exists());
    assert!(scene.commits(&scene.repo()));
    let tip = scene.git(&scene.repo(), &["rev-parse", "HEAD"]);
    let called = format!("refs/heads/a {} {tip}", "0".repeat(40));

    scene.set("GATE_EXIT", "1");
    assert!(!scene.push(&["main:refs/heads/a"]).status.success());
    assert_eq!(scene.log(), [format!("gate update {called}")]);
    scene.set("GATE_EXIT", "0");
    let output = scene.push(&["main:refs/heads/a"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(
        scene.log(),
        [format!("gate update {called}"), format!("earlier {called}")]
    );
    scene.set("EARLIER_EXIT", "1");
    assert!(!scene.push(&["main:refs/heads/b"]).status.success());

    // Both can stand beside each other, and leave one by one or together.
    scene.install(&scene.root, &["--bare", "server.git"]);
    scene.install(
        &scene.root,
        &["--bare=server.git", "--hooks=pre-receive", "--uninstall"],
    );
    assert!(bare.join("hooks/update.stagegate-kept").exists());
    scene.install(&scene.root, &["--bare", "server.git"]);
    scene.install(&scene.root, &["--bare", "server.git", "--uninstall"]);
    assert_eq!(before, snapshot(&bare.join("hooks")));
}

#[test]
fn hooks_are_chosen_and_leave_in_any_order() {
    let scene = Scene::new();
    let hooks = scene.at("repo/.git/hooks");
    fs::remove_dir_all(&hooks).expect("removed");
    let before = snapshot(&scene.at("repo/.git"));
    let installed = || -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&hooks)
            .expect("a folder")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into()
            })
            .collect();
        names.sort();
        names
    };
    scene.install(&scene.repo(), &["--hooks", "pre-push"]);
    assert_eq!(installed(), ["pre-push"]);
    scene.install(&scene.repo(), &[]);
    assert_eq!(installed(), ["pre-commit", "pre-merge-commit", "pre-push"]);
    scene.install(&scene.repo(), &["--uninstall", "--hooks=pre-push"]);
    assert_eq!(installed(), ["pre-commit", "pre-merge-commit"]);
    scene.install(&scene.repo(), &["--uninstall"]);
    assert_eq!(before, snapshot(&scene.at("repo/.git")));
}

/// Runs the installed server hook as git would; its exit code, and what both readers got.
fn receive(scene: &Scene, input: &[u8]) -> Option<i32> {
    let mut child = scene
        .command("./hooks/pre-receive", &scene.at("server.git"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("the hook starts");
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(input)
        .expect("written");
    child.wait().expect("it ends").code()
}

#[test]
fn a_server_hook_passes_on_any_input_and_any_exit_code() {
    let mut scene = Scene::new();
    scene.bare();
    write_executable(&scene.at("server.git/hooks/pre-receive"), EARLIER);
    scene.set("READ_INPUT", "1");
    scene.install(&scene.root, &["--bare", "server.git"]);
    let lines = "old new refs/heads/\u{e9} * $x \\n %s `x` 'y'\n".repeat(20_000);
    for input in [
        &b""[..],
        b"\n\n",
        b"no newline",
        b"%d \\c",
        lines.as_bytes(),
    ] {
        assert_eq!(receive(&scene, input), Some(0));
        for reader in ["log.gate", "log.earlier"] {
            assert!(
                fs::read(scene.at(reader)).expect("read") == input,
                "{reader}"
            );
        }
    }
    scene.set("EARLIER_EXIT", "7");
    assert_eq!(receive(&scene, b""), Some(7));
    scene.set("GATE_EXIT", "2");
    assert_eq!(receive(&scene, b""), Some(2));
    // A hook that reads nothing, while git may have told it to ignore broken pipes.
    scene.set("GATE_EXIT", "0");
    scene.set("EARLIER_EXIT", "0");
    scene.set("READ_INPUT", "");
    assert_eq!(receive(&scene, lines.as_bytes()), Some(0));
}

#[test]
fn without_the_binary_everything_is_refused_and_it_says_how_to_fix_it() {
    let scene = Scene::new();
    let bare = scene.bare();
    assert!(scene.commits(&scene.repo()));
    scene.install(&scene.repo(), &[]);
    scene.install(&scene.root, &["--bare", "server.git"]);
    fs::remove_file(scene.at("bin/stagegate")).expect("removed");
    let output = scene.try_git(&scene.repo(), &["commit", "--allow-empty", "-m", "x"]);
    assert!(!output.status.success());
    assert!(text(&output).contains("install.sh"), "{}", text(&output));
    let output = scene.push(&["main"]);
    assert!(!output.status.success());
    assert!(
        text(&output).contains("binary that has to judge it is missing."),
        "{}",
        text(&output)
    );
    let output = scene.push(&["--no-verify", "main"]);
    assert!(!output.status.success());
    assert!(
        text(&output).contains("missing on the server"),
        "{}",
        text(&output)
    );
    assert_eq!(receive(&scene, b""), Some(2));

    // Beside the hook is the next place, PATH the last.
    fs::copy(scene.at("stub"), bare.join("hooks/stagegate")).expect("copied");
    assert!(scene.push(&["--no-verify", "main"]).status.success());
    let mut scene = scene;
    let mut path = scene.at("elsewhere").into_os_string();
    fs::create_dir(scene.at("elsewhere")).expect("made");
    fs::copy(scene.at("stub"), scene.at("elsewhere/stagegate")).expect("copied");
    path.push(":");
    path.push(&scene.variables["PATH"]);
    scene.variables.insert("PATH", path);
    assert!(scene.commits(&scene.repo()));
}

#[test]
fn the_environment_cannot_choose_the_binary() {
    let mut scene = Scene::new();
    scene.bare();
    scene.install(&scene.root, &["--bare", "server.git"]);
    scene.set("STAGEGATE", "/bin/true");
    scene.set("HIDES", "/");
    scene.set("GATE_EXIT", "1");
    assert_eq!(receive(&scene, b""), Some(1));
}

#[test]
fn global_by_template_reaches_new_repositories_and_leaves_no_trace() {
    let scene = Scene::new();
    fs::write(scene.at("home/.gitconfig"), "[user]\n\tname = A\n").expect("written");
    let before = snapshot(&scene.at("home"));
    scene.install(&scene.root, &["--global"]);
    scene.git(&scene.root, &["init", "-q", "new"]);
    assert!(scene.commits(&scene.at("new")));
    assert_eq!(scene.log(), ["gate pre-commit"]);
    assert!(
        scene.at("new/.git/info/exclude").exists(),
        "git's own template is kept"
    );
    scene.install(&scene.root, &["--repo", "new", "--uninstall"]);
    assert!(scene.commits(&scene.at("new")));
    assert_eq!(scene.log(), [""; 0]);

    scene.install(&scene.root, &["--global", "--uninstall"]);
    let mut after = snapshot(&scene.at("home"));
    after.retain(|path, _| !path.ends_with(".local") && !path.ends_with(".local/share"));
    assert_eq!(before, after);
}

#[test]
fn global_by_template_goes_into_a_template_that_is_there() {
    let scene = Scene::new();
    let hooks = scene.at("home/template/hooks");
    fs::create_dir_all(&hooks).expect("made");
    write_executable(&hooks.join("pre-commit"), EARLIER);
    scene.git(
        &scene.root,
        &["config", "--global", "init.templateDir", "~/template"],
    );
    let before = snapshot(&scene.at("home"));
    scene.install(&scene.root, &["--global"]);
    scene.git(&scene.root, &["init", "-q", "new"]);
    assert!(scene.commits(&scene.at("new")));
    assert_eq!(scene.log(), ["earlier", "gate pre-commit"]);
    scene.install(&scene.root, &["--global", "--uninstall"]);
    assert_eq!(before, snapshot(&scene.at("home")));
}

#[test]
fn global_by_hooks_path_hides_no_hook_of_a_repository() {
    let mut scene = Scene::new();
    scene.bare();
    let before = snapshot(&scene.at("home"));
    scene.install(&scene.root, &["--global=hooks-path"]);
    for name in ["pre-commit", "commit-msg", "pre-push"] {
        write_executable(&scene.at("repo/.git/hooks").join(name), EARLIER);
    }
    assert!(scene.commits(&scene.repo()));
    assert_eq!(
        scene.log(),
        ["earlier", "gate pre-commit", "earlier .git/COMMIT_EDITMSG"]
    );
    scene.set("READ_INPUT", "1");
    assert!(scene.push(&["main"]).status.success());
    assert_eq!(
        scene.log(),
        [
            "gate pre-push ../server.git ../server.git",
            "earlier ../server.git ../server.git"
        ]
    );
    for reader in ["log.gate", "log.earlier"] {
        let input = fs::read_to_string(scene.at(reader)).expect("read");
        assert!(input.starts_with("refs/heads/main "), "{reader}: {input}");
    }
    scene.set("GATE_EXIT", "1");
    assert!(!scene.commits(&scene.repo()));
    assert!(!scene.push(&["main:refs/heads/b"]).status.success());
    scene.set("GATE_EXIT", "0");

    // A repository's own installation is already covered; a server's goes where the folder passes on to.
    let said = scene.install(&scene.repo(), &[]);
    assert!(said.contains("guard this repository already"), "{said}");
    scene.install(&scene.root, &["--bare", "server.git"]);
    scene.log();
    let output = scene.push(&["main:refs/heads/b"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(
        scene.log(),
        [
            "gate pre-push ../server.git ../server.git",
            "earlier ../server.git ../server.git",
            "gate pre-receive"
        ]
    );
    // To take it out of one repository leaves the others guarded.
    let said = scene.install(&scene.repo(), &["--uninstall"]);
    assert!(said.contains("nothing to do"), "{said}");
    scene.install(&scene.root, &["--bare", "server.git", "--uninstall"]);
    assert!(scene.push(&["main:refs/heads/c"]).status.success());
    assert_eq!(
        scene.log(),
        [
            "gate pre-push ../server.git ../server.git",
            "earlier ../server.git ../server.git"
        ]
    );

    // Fewer of them: the others are passed on.
    scene.install(
        &scene.root,
        &["--global=hooks-path", "--hooks", "pre-commit"],
    );
    assert!(scene.push(&["main:refs/heads/d"]).status.success());
    assert_eq!(scene.log(), ["earlier ../server.git ../server.git"]);
    let said = scene.install(&scene.repo(), &["--hooks=pre-push,pre-commit"]);
    assert!(said.contains("keep the hook that is there"), "{said}");
    assert!(scene.push(&["main:refs/heads/e"]).status.success());
    assert_eq!(
        scene.log(),
        [
            "gate pre-push ../server.git ../server.git",
            "earlier ../server.git ../server.git"
        ]
    );

    scene.install(&scene.root, &["--global=hooks-path", "--uninstall"]);
    let mut after = snapshot(&scene.at("home"));
    after.retain(|path, _| !path.ends_with(".local") && !path.ends_with(".local/share"));
    // git leaves the empty file that it made for the setting.
    after.retain(|path, (_, content)| !path.ends_with(".gitconfig") || !content.is_empty());
    assert_eq!(before, after);
}

#[test]
fn global_by_hooks_path_goes_in_front_of_an_earlier_one_and_gives_it_back() {
    let scene = Scene::new();
    fs::create_dir(scene.at("home/my hooks")).expect("made");
    for name in ["pre-commit", "commit-msg"] {
        write_executable(&scene.at("home/my hooks").join(name), EARLIER);
    }
    scene.git(
        &scene.root,
        &["config", "--global", "core.hooksPath", "~/my hooks"],
    );
    let before = snapshot(&scene.at("home"));
    let said = scene.refused(&scene.repo(), &[]);
    assert!(said.contains("--global=hooks-path"), "{said}");
    for _ in 0..2 {
        scene.install(&scene.root, &["--global=hooks-path"]);
        assert!(scene.commits(&scene.repo()));
        assert_eq!(
            scene.log(),
            ["earlier", "gate pre-commit", "earlier .git/COMMIT_EDITMSG"]
        );
    }
    scene.install(&scene.root, &["--global=hooks-path", "--uninstall"]);
    let mut after = snapshot(&scene.at("home"));
    after.retain(|path, _| !path.ends_with(".local") && !path.ends_with(".local/share"));
    assert_eq!(before, after);
}

#[test]
fn settings_that_changed_meanwhile_stay() {
    let scene = Scene::new();
    scene.install(&scene.root, &["--global=hooks-path"]);
    scene.git(
        &scene.root,
        &["config", "--global", "core.hooksPath", "/elsewhere"],
    );
    let said = scene.install(&scene.root, &["--global=hooks-path", "--uninstall"]);
    assert!(said.contains("stays as it is"), "{said}");
    assert_eq!(
        scene.git(&scene.root, &["config", "--global", "core.hooksPath"]),
        "/elsewhere"
    );
}

#[test]
fn worktrees_and_subfolders_lead_to_the_hooks_git_runs() {
    let scene = Scene::new();
    assert!(scene.commits(&scene.repo()));
    scene.git(&scene.repo(), &["worktree", "add", "-q", "../linked"]);
    let inner = scene.at("linked/inner");
    fs::create_dir(&inner).expect("made");
    scene.install(&inner, &[]);
    for folder in [&inner, &scene.repo()] {
        assert!(scene.commits(folder));
        assert_eq!(scene.log(), ["gate pre-commit"]);
    }
    let said = scene.install(&scene.repo(), &[]);
    assert!(!said.contains("install /"), "{said}");

    // From inside a hook, git's variables name another repository than the one that is asked for.
    let mut scene = scene;
    scene.git(&scene.root, &["init", "-q", "other"]);
    let other = scene.at("other/.git").into_os_string();
    scene.variables.insert("GIT_DIR", other);
    scene.install(&scene.repo(), &["--uninstall"]);
    assert!(!scene.hook().exists());
}

#[test]
fn a_hooks_path_of_the_repository_is_respected() {
    let scene = Scene::new();
    scene.git(&scene.repo(), &["config", "core.hooksPath", ".githooks"]);
    let inner = scene.at("repo/inner");
    fs::create_dir(&inner).expect("made");
    let said = scene.install(&inner, &[]);
    assert!(said.contains("core.hooksPath"), "{said}");
    assert!(said.contains("part of the working tree"), "{said}");
    assert!(scene.at("repo/.githooks/pre-commit").exists());
    assert!(scene.commits(&inner));
    assert_eq!(scene.log(), ["gate pre-commit"]);
    scene.install(&inner, &["--uninstall"]);
    assert!(!scene.at("repo/.githooks").exists());
}

#[test]
fn hook_managers_are_not_overwritten_silently() {
    let scene = Scene::new();
    scene.git(&scene.repo(), &["config", "core.hooksPath", ".husky/_"]);
    fs::create_dir_all(scene.at("repo/.husky/_")).expect("made");
    write_executable(&scene.at("repo/.husky/_/pre-commit"), EARLIER);
    let before = snapshot(&scene.root);
    let said = scene.refused(&scene.repo(), &[]);
    assert!(said.contains("husky"), "{said}");
    assert!(said.contains("stagegate pre-commit"), "{said}");
    assert!(said.contains("stagegate pre-push \"$@\""), "{said}");
    assert_eq!(before, snapshot(&scene.root));
}

#[test]
fn a_dry_run_changes_nothing() {
    let scene = Scene::new();
    write_executable(&scene.hook(), "#!/bin/sh\nbasename \"$0\"\n");
    scene.bare();
    let targets = [
        &["--repo", "repo"][..],
        &["--repo", "repo", "--hooks", "pre-push"],
        &["--bare", "server.git"],
        &["--bare", "server.git", "--hook", "update"],
        &["--global"],
        &["--global=hooks-path"],
        &["--no-hooks"],
    ];
    for turn in ["install", "uninstall"] {
        for target in targets {
            let mut arguments = target.to_vec();
            arguments.push("--dry-run");
            if turn == "uninstall" {
                scene.install(&scene.root, target);
                arguments.push("--uninstall");
            }
            let before = snapshot(&scene.root);
            let said = scene.install(&scene.root, &arguments);
            assert!(said.contains("would "), "{arguments:?}: {said}");
            assert_eq!(before, snapshot(&scene.root), "{arguments:?}");
        }
    }
}

#[test]
fn what_is_not_known_is_not_touched() {
    let scene = Scene::new();
    let refuses = |arguments: &[&str], saying: &str| {
        let before = snapshot(&scene.root);
        let said = scene.refused(&scene.root, arguments);
        assert!(said.contains(saying), "{arguments:?}: {said}");
        assert_eq!(before, snapshot(&scene.root), "{arguments:?}");
    };
    // A program of another kind in the binary's place.
    fs::create_dir(scene.at("bin")).expect("made");
    write_executable(
        &scene.at("bin/stagegate"),
        "#!/bin/sh\necho something else\n",
    );
    refuses(&["--repo", "repo"], "is not stagegate");
    refuses(&["--no-hooks", "--uninstall"], "is not stagegate");
    fs::remove_file(scene.at("bin/stagegate")).expect("removed");
    // A folder in the hook's place.
    fs::create_dir(scene.hook()).expect("made");
    refuses(&["--repo", "repo"], "neither a file nor a link");
    fs::remove_dir(scene.hook()).expect("removed");
    // A shim that somebody edited.
    scene.install(&scene.root, &["--repo", "repo"]);
    let shim = fs::read_to_string(scene.hook()).expect("read");
    write_executable(&scene.hook(), &format!("{shim}# mine\n"));
    refuses(&["--repo", "repo"], "was edited");
    refuses(&["--repo", "repo", "--uninstall"], "was edited");
    write_executable(&scene.hook(), &shim);
    // All of the hooks, or none: the last one that is in doubt stops the others.
    let last = scene.at("repo/.git/hooks/pre-push");
    write_executable(&last, "# stagegate-shim: pre-push 1 here\n");
    refuses(&["--repo", "repo"], "was edited");
    refuses(&["--repo", "repo", "--uninstall"], "was edited");
    fs::remove_file(last).expect("removed");
    // Another tool's hook in the place of ours, with an earlier one kept.
    write_executable(&scene.hook(), EARLIER);
    write_executable(
        &scene.at("repo/.git/hooks/pre-commit.stagegate-kept"),
        EARLIER,
    );
    refuses(&["--repo", "repo"], "from an earlier installation");
    refuses(&["--repo", "repo", "--uninstall"], "Another tool");
    // Wrong targets and command lines.
    scene.bare();
    refuses(&["--bare", "repo"], "is not a bare repository");
    refuses(&["--repo", "server.git"], "is a bare repository");
    refuses(&["--repo", "nowhere"], "no folder");
    refuses(&["--repo", "home"], "not in a git repository");
    refuses(&["--repo"], "a value is required");
    refuses(&["--repo", "repo", "--global"], "only one");
    refuses(&["--repo", "repo", "--hooks"], "a value is required");
    refuses(&["--repo", "repo", "--hooks="], "names no hook");
    refuses(&["--repo", "repo", "--hooks", "pre-push,update"], "update");
    refuses(
        &["--bare", "server.git", "--hooks", "pre-commit"],
        "pre-commit",
    );
    refuses(
        &["--no-hooks", "--hooks", "pre-push"],
        "cannot be used with",
    );
    refuses(&["--no-such-thing"], "unexpected argument");
    refuses(&["--binary"], "needs a value");
}

#[test]
fn an_interrupted_installation_can_be_finished_or_taken_back() {
    let scene = Scene::new();
    let kept = scene.at("repo/.git/hooks/pre-commit.stagegate-kept");
    write_executable(&kept, EARLIER);
    scene.install(&scene.repo(), &["--uninstall"]);
    assert!(scene.hook().exists() && !kept.exists());
    fs::rename(scene.hook(), &kept).expect("moved");
    scene.install(&scene.repo(), &[]);
    assert!(scene.commits(&scene.repo()));
    assert_eq!(scene.log(), ["earlier", "gate pre-commit"]);
}

#[test]
fn a_new_binary_and_a_hook_copied_by_hand_are_taken_over() {
    let scene = Scene::new();
    let copied = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/pre-commit");
    fs::copy(copied, scene.hook()).expect("copied");
    let said = scene.install(&scene.repo(), &[]);
    assert!(said.contains("update "), "{said}");
    write_executable(&scene.at("stub"), &format!("{STUB}# newer\n"));
    scene.install(&scene.repo(), &[]);
    let installed = fs::read_to_string(scene.at("bin/stagegate")).expect("read");
    assert!(installed.ends_with("# newer\n"));
    assert!(scene.commits(&scene.repo()));
    scene.install(&scene.repo(), &["--uninstall", "--no-hooks"]);
    assert!(!scene.at("bin/stagegate").exists());
}

#[test]
fn the_trial_shows_the_main_job_with_the_real_binary() {
    let scene = Scene::new();
    let output = scene
        .command("sh", &scene.root)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh"))
        .arg("--try")
        .arg("--binary")
        .arg(env!("CARGO_BIN_EXE_stagegate"))
        .output()
        .expect("sh runs");
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("pre-receive hook declined"), "{said}");
    assert!(said.contains("stripe-secret-key"), "{said}");
    assert!(said.contains("What now"), "{said}");
    assert_eq!(
        snapshot(&scene.at("tmp")),
        BTreeMap::new(),
        "nothing is left behind"
    );
}

/// The whole way of a value on a laptop: it rides on a branch of production, and may neither be merged into staging nor
/// be pushed there.
#[test]
fn the_real_gate_refuses_a_merge_and_a_push_of_production_into_staging() {
    let scene = Scene::new();
    let repo = scene.repo();
    scene.bare();
    fs::copy(env!("CARGO_BIN_EXE_stagegate"), scene.at("stub")).expect("copied");
    let commit = |file: &str, content: &str| {
        fs::write(repo.join(file), content).expect("written");
        scene.git(&repo, &["add", file]);
        scene.git(&repo, &["commit", "-q", "--no-verify", "-m", "a commit"]);
    };
    commit("README", "a shop\n");
    scene.git(&repo, &["branch", "staging"]);
    scene.git(&repo, &["checkout", "-q", "-b", "production"]);
    let value = stagegate::rules::template::expand("sk_live_{alnum:24}", 7).expect("a template");
    commit("payments.yml", &format!("stripe_secret_key: {value}\n"));
    scene.git(&repo, &["checkout", "-q", "staging"]);
    commit("notes", "only here\n");
    scene.install(&repo, &[]);

    let before = scene.git(&repo, &["rev-parse", "HEAD"]);
    let merge = ["merge", "--no-edit", "production"];
    let output = scene.try_git(&repo, &merge);
    let said = text(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("payments.yml"), "{said}");
    assert!(said.contains("git merge --abort"), "{said}");
    assert!(!said.contains(&value));
    assert_eq!(scene.git(&repo, &["rev-parse", "HEAD"]), before);
    scene.git(&repo, &["merge", "--abort"]);

    // Past the hooks of the laptop's commits, and still not to the remote.
    scene.git(
        &repo,
        &["merge", "-q", "--no-verify", "--no-edit", "production"],
    );
    for refs in [
        &["staging"][..],
        &["production:staging"],
        &["main:refs/heads/harmless", "production:staging"],
    ] {
        let output = scene.push(refs);
        let said = text(&output);
        assert!(!output.status.success(), "{refs:?}: {said}");
        assert!(said.contains("payments.yml"), "{refs:?}: {said}");
        assert!(!said.contains(&value));
    }
    assert_eq!(scene.git(&scene.at("server.git"), &["for-each-ref"]), "");
    // To where it belongs, it may go.
    let output = scene.push(&["production"]);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn the_trial_notices_a_gate_that_lets_everything_through() {
    let scene = Scene::new();
    let output = scene.try_install(&scene.root, &["--try"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("WRONG"));
    assert_eq!(
        snapshot(&scene.at("tmp")),
        BTreeMap::new(),
        "nothing is left behind"
    );
}

#[test]
fn manual_pages_and_completions_come_with_the_binary_and_go_with_it() {
    let scene = Scene::new();
    let before = snapshot(&scene.root);
    let said = scene.install(&scene.root, &["--no-hooks"]);
    assert!(said.contains("manual pages and completions"), "{said}");
    for file in [
        "man/man1/stagegate.1",
        "man/man1/stagegate-policy-show.1",
        "bash-completion/completions/stagegate",
        "zsh/site-functions/_stagegate",
        "fish/vendor_completions.d/stagegate.fish",
    ] {
        assert!(scene.at("share").join(file).is_file(), "{file}");
    }
    let check = scene
        .command("sha256sum", &scene.at("share"))
        .args(["--check", "--strict", "--quiet", "stagegate/installed"])
        .status();
    assert!(check.expect("sha256sum runs").success());
    let installed = snapshot(&scene.root);
    scene.install(&scene.root, &["--no-hooks"]);
    assert_eq!(installed, snapshot(&scene.root), "the second time");
    scene.install(&scene.root, &["--no-hooks", "--uninstall"]);
    // The folder of the binary stays, as it did before there were pages.
    fs::remove_dir(scene.at("bin")).expect("an empty folder");
    assert_eq!(before, snapshot(&scene.root));
}

#[test]
fn pages_of_somebody_else_stay_and_those_of_an_older_version_are_replaced() {
    let scene = Scene::new();
    let page = scene.at("share/man/man1/stagegate.1");
    fs::create_dir_all(page.parent().expect("a folder")).expect("made");
    fs::write(&page, "mine").expect("written");
    let before = snapshot(&scene.at("share"));
    let said = scene.install(&scene.root, &["--no-hooks"]);
    assert!(said.contains("left as it is"), "{said}");
    assert_eq!(fs::read(&page).expect("read"), b"mine");

    // As an older version left it: a page that has changed since, and one of a subcommand that is gone.
    let script = scene.at("share/fish/vendor_completions.d/stagegate.fish");
    let new = fs::read(&script).expect("read");
    let list = scene.at("share/stagegate/installed");
    let mut text = fs::read_to_string(&list).expect("read");
    let gone = scene.at("share/man/man1/stagegate-gone.1");
    for (file, path) in [
        (&script, "fish/vendor_completions.d/stagegate.fish"),
        (&gone, "man/man1/stagegate-gone.1"),
    ] {
        fs::write(file, "a\n").expect("written");
        // From `printf 'a\n' | sha256sum`.
        text += "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7  ";
        text += path;
        text += "\n";
    }
    fs::write(&list, text).expect("written");
    scene.install(&scene.root, &["--no-hooks"]);
    assert_eq!(fs::read(&script).expect("read"), new);
    assert!(!gone.exists());

    // An edited one stays, and is named; a list that points elsewhere removes nothing there.
    let edited = scene.at("share/zsh/site-functions/_stagegate");
    fs::write(&edited, "edited").expect("written");
    let outside = scene.at("outside");
    fs::write(&outside, "a\n").expect("written");
    let mut text = fs::read_to_string(&list).expect("read");
    text += "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7  ../outside\n";
    fs::write(&list, text).expect("written");
    let said = scene.install(&scene.root, &["--no-hooks", "--uninstall"]);
    assert!(said.contains("it was edited"), "{said}");
    assert!(edited.exists() && outside.exists());
    fs::remove_dir_all(scene.at("share/zsh")).expect("removed");
    assert_eq!(before, snapshot(&scene.at("share")));
}
