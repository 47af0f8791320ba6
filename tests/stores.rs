//! Every way in which git stores objects, refs and the index: each is read, or refused in one clear line that says what
//! mends it; nothing that is hidden, absent or damaged passes. Real git writes everything here.

mod support;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use support::{Ran, STAGEGATE, TestEnv, ZERO, live_key, payments, run, run_with_input, test_key};

const STAGING: &str = "refs/heads/staging";

/// A repository of any format at any place, with any environment.
struct Git<'e> {
    env: &'e TestEnv,
    dir: PathBuf,
    vars: Vec<(&'static str, OsString)>,
}

impl<'e> Git<'e> {
    fn at(env: &'e TestEnv, dir: impl Into<PathBuf>) -> Self {
        Self {
            env,
            dir: dir.into(),
            vars: Vec::new(),
        }
    }

    /// A new repository on branch `main`.
    fn init<'a>(env: &'e TestEnv, name: &str, args: impl IntoIterator<Item = &'a str>) -> Self {
        let git = Self::at(env, env.path(name));
        fs::create_dir_all(&git.dir).expect("a folder");
        let all = ["init", "-q", "-b", "main", "--template="];
        git.ok(all.into_iter().chain(args));
        git
    }

    fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.vars.push((name, value.into()));
        self
    }

    fn run<S: AsRef<OsStr>>(
        &self,
        program: &str,
        args: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Ran {
        let mut command = self.env.command(program, &self.dir);
        command
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .args(args);
        run_with_input(&mut command, input)
    }

    fn git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.run("git", args, b"")
    }

    #[track_caller]
    fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let ran = self.git(args);
        ran.succeeded();
        ran.stdout.trim_end().to_owned()
    }

    fn gate<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.run(STAGEGATE, args, b"")
    }

    /// The gate as git would run it as a hook of this bare repository.
    fn receive(&self, lines: &str) -> Ran {
        let mut command = self.env.command(STAGEGATE, &self.dir);
        command
            .env("GIT_DIR", ".")
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .arg("pre-receive");
        run_with_input(&mut command, lines.as_bytes())
    }

    fn object(&self, kind: &str, data: &[u8]) -> String {
        let ran = self.run(
            "git",
            ["hash-object", "-t", kind, "-w", "--stdin", "--literally"],
            data,
        );
        ran.succeeded();
        ran.stdout.trim_end().to_owned()
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().expect("inside")).expect("folders");
        fs::write(path, content).expect("a file");
    }

    #[track_caller]
    fn commit(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        self.write(path, content);
        self.ok(["add", "--all"]);
        self.ok(["commit", "-q", "--no-verify", "-m", "Work"]);
        self.ok(["rev-parse", "HEAD"])
    }

    fn tip(&self, name: &str) -> Option<String> {
        let ran = self.git(["rev-parse", "--verify", "-q", name]);
        (ran.code == 0).then(|| ran.stdout.trim_end().to_owned())
    }

    /// Installs the gate as a hook of a bare repository.
    fn guard(&self) {
        let hook = self.dir.join("hooks/pre-receive");
        fs::create_dir_all(self.dir.join("hooks")).expect("a folder");
        fs::write(
            &hook,
            format!("#!/bin/sh\nexec '{STAGEGATE}' pre-receive\n"),
        )
        .expect("a hook");
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("an executable hook");
    }

    fn loose(&self, oid: &str) -> PathBuf {
        let objects = self.ok([
            "rev-parse",
            "--path-format=absolute",
            "--git-path",
            "objects",
        ]);
        Path::new(&objects).join(&oid[..2]).join(&oid[2..])
    }
}

/// The findings of a scan without what depends on the format: rule, path, line, verdict.
fn findings(ran: &Ran) -> Vec<String> {
    let mut findings: Vec<String> = ran.json()["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| {
            format!(
                "{} {} {} {}",
                finding["rule"],
                finding["place"]["path"],
                finding["place"]["line"],
                finding["verdict"]
            )
        })
        .collect();
    findings.sort();
    findings
}

/// Whether the `git` on the PATH can make such a repository: an older one cannot.
fn can_init(env: &TestEnv, args: &[&str]) -> bool {
    let dir = env.path("trial");
    fs::create_dir_all(&dir).expect("a folder");
    let ran = Git::at(env, &dir).git(["init", "-q", "--bare"].iter().chain(args));
    fs::remove_dir_all(&dir).expect("the trial goes away");
    ran.code == 0
}

/// Formats that libgit2 reads, and those that only git does.
const FORMATS: [(&str, &[&str]); 4] = [
    ("plain", &[]),
    ("sha256", &["--object-format=sha256"]),
    ("reftable", &["--ref-format=reftable"]),
    ("both", &["--object-format=sha256", "--ref-format=reftable"]),
];

#[test]
fn every_format_is_read_alike_by_every_mode() {
    let mut seen = Vec::new();
    for (name, format) in FORMATS {
        let env = TestEnv::new();
        if !can_init(&env, format) {
            continue;
        }
        let key = live_key(7);
        let server = Git::init(&env, "server.git", format.iter().copied().chain(["--bare"]));
        server.guard();
        let work = Git::init(&env, "work", format.iter().copied());
        work.commit("README.md", "A shop.\n");
        work.ok([
            OsStr::new("remote"),
            "add".as_ref(),
            "origin".as_ref(),
            server.dir.as_os_str(),
        ]);
        work.ok(["branch", "staging"]);
        work.ok(["push", "-q", "origin", "main", "staging"]);
        work.ok(["switch", "-q", "staging"]);
        let base = work.ok(["rev-parse", "HEAD"]);

        // The harmless twin, then the key.
        work.commit("config/staging.yml", payments(&test_key(7)));
        work.ok(["push", "-q", "origin", "staging"]);
        work.write("config/staging.yml", payments(&key));
        work.ok(["add", "--all"]);
        let pre_commit = work.gate(["pre-commit"]);
        pre_commit.exits(1).hides(&key);
        let bad = work.commit("config/staging.yml", payments(&key));
        let push = work.git(["push", "origin", "staging"]);
        push.refused().hides(&key).says("config/staging.yml:2");
        assert_ne!(
            server.tip(STAGING),
            Some(bad.clone()),
            "{name}: the ref moved"
        );
        // To a new branch, as an annotated tag's target, and through an alias.
        work.git(["push", "origin", "staging:refs/heads/staging-2"])
            .refused();
        server.ok(["symbolic-ref", "refs/heads/alias", STAGING]);
        work.git(["push", "origin", "staging:refs/heads/alias"])
            .refused();
        work.ok(["push", "-q", "origin", "main:refs/heads/other"]);
        work.ok(["push", "-q", "origin", ":refs/heads/other"]);

        let check = work.gate([
            "check", "--base", &base, "--head", "staging", "--format", "json",
        ]);
        check.exits(1);
        let scan = work.gate(["scan", "--rev", "staging", "--format", "json"]);
        scan.exits(1);
        let short = work.gate([
            "scan",
            "--rev",
            &bad[..12],
            "--ref",
            "staging",
            "--format",
            "json",
        ]);
        assert_eq!(findings(&short), findings(&scan));
        let elsewhere = Git::at(&env, env.path("home"));
        let named = elsewhere.gate([
            OsStr::new("scan"),
            "--repo".as_ref(),
            work.dir.as_os_str(),
            "--rev".as_ref(),
            "staging".as_ref(),
            "--format".as_ref(),
            "json".as_ref(),
        ]);
        assert_eq!(findings(&named), findings(&scan), "{name}");
        work.gate(["check", "--base", "nothing-here", "--head", "staging"])
            .could_not_decide()
            .says("nothing-here");
        seen.push((name, findings(&check), findings(&scan)));
    }
    assert!(seen.len() > 1, "this git makes no format but the plain one");
    for (name, check, scan) in &seen {
        assert!(!check.is_empty() && !scan.is_empty(), "{name}");
        assert_eq!((check, scan), (&seen[0].1, &seen[0].2), "{name}");
    }
}

#[test]
fn a_repository_of_two_object_formats_is_read() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", ["--object-format=sha256"]);
    work.ok(["config", "extensions.compatObjectFormat", "sha1"]);
    if work.git(["hash-object", "-w", "--stdin"]).code != 0 {
        return; // Older than this extension.
    }
    work.commit("README.md", "A shop.\n");
    work.ok(["switch", "-q", "-c", "staging"]);
    work.gate(["scan", "--rev", "staging"]).succeeded();
    work.commit("config/staging.yml", payments(&live_key(1)));
    work.gate(["scan", "--rev", "staging"])
        .exits(1)
        .says("config/staging.yml:2");
}

#[test]
fn a_format_that_nobody_knows_is_refused_in_words() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    work.commit("README.md", "A shop.\n");
    work.ok(["config", "core.repositoryFormatVersion", "1"]);
    work.ok(["config", "extensions.fromTheFuture", "true"]);
    work.gate(["scan"])
        .could_not_decide()
        .says("fromthefuture")
        .says("put a git that knows this format");
}

#[test]
fn without_git_its_formats_are_refused_and_others_read() {
    let env = TestEnv::new();
    let nowhere = env.path("empty");
    fs::create_dir(&nowhere).expect("a folder");
    for (name, format, code) in [("plain", "sha1", 0), ("new", "sha256", 2)] {
        let work = Git::init(&env, name, [format!("--object-format={format}").as_str()]);
        work.commit("README.md", "A shop.\n");
        let work = work.with("PATH", &nowhere);
        let ran = work.gate(["scan"]);
        ran.exits(code);
        if code == 2 {
            ran.could_not_decide()
                .says("sha256")
                .says("`git`")
                .says("PATH");
        }
    }
}

#[test]
fn a_damaged_repository_is_not_tried_again_in_another_way() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    let commit = work.commit("README.md", "A shop.\n");
    fs::remove_file(work.loose(&commit)).expect("it is loose");
    let fake = env.path("bin");
    fs::create_dir(&fake).expect("a folder");
    let called = env.path("called");
    fs::write(
        fake.join("git"),
        format!("#!/bin/sh\n: >'{}'\n", called.display()),
    )
    .expect("a program");
    fs::set_permissions(fake.join("git"), fs::Permissions::from_mode(0o755)).expect("executable");
    let work = work.with("PATH", &fake);
    work.gate(["scan", "--ref", "staging"])
        .could_not_decide()
        .says(&commit);
    work.write(".git/config", "[core\n");
    work.gate(["scan", "--ref", "staging"]).could_not_decide();
    assert!(!called.exists(), "git was asked");
}

/// Serves objects of `source` to partial and shallow clones.
fn clone<'e>(source: &Git<'e>, name: &str, args: &[&str]) -> Git<'e> {
    source.ok(["config", "uploadpack.allowFilter", "true"]);
    source.ok(["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let url = format!("file://{}", source.dir.display());
    let parent = Git::at(source.env, source.env.path("home"));
    let to = source.env.path(name);
    parent.ok([
        ["clone", "-q", "--no-checkout"]
            .map(OsString::from)
            .to_vec(),
        args.iter().map(OsString::from).collect(),
        vec![url.into(), to.clone().into_os_string()],
    ]
    .concat());
    Git::at(source.env, to)
}

/// A history on `staging` in which the key came and went.
fn source(env: &TestEnv) -> Git<'_> {
    let source = Git::init(env, "source", []);
    source.commit("README.md", "A shop.\n");
    source.ok(["switch", "-q", "-c", "staging"]);
    source.commit("config/staging.yml", payments(&live_key(3)));
    source.commit("config/staging.yml", payments(&test_key(3)));
    source
}

#[test]
fn a_partial_clone_says_what_is_absent_and_fetches_nothing() {
    let env = TestEnv::new();
    let source = source(&env);
    for filter in ["blob:none", "tree:0"] {
        let name = filter.replace(':', "-");
        let partial = clone(
            &source,
            &name,
            &[&format!("--filter={filter}"), "-b", "staging"],
        );
        let absent = || {
            let args = ["rev-list", "--objects", "--missing=print", "--all"];
            partial
                .ok(args)
                .lines()
                .filter(|line| line.starts_with('?'))
                .count()
        };
        let before = absent();
        assert!(before > 0, "{filter}: nothing is absent");
        for args in [
            &["scan", "--rev", "staging"][..],
            &[
                "check",
                "--base",
                "staging~2",
                "--head",
                "staging",
                "--ref",
                "staging",
            ],
        ] {
            partial
                .gate(args)
                .could_not_decide()
                .says("is missing: this clone is partial")
                .says("git fetch --refetch --no-filter");
        }
        assert_eq!(absent(), before, "{filter}: something was fetched");
        if partial
            .git(["fetch", "-q", "--refetch", "--no-filter"])
            .code
            == 0
        {
            partial.gate(["scan", "--rev", "staging"]).succeeded();
            partial
                .gate([
                    "check",
                    "--base",
                    "staging~2",
                    "--head",
                    "staging",
                    "--ref",
                    "staging",
                ])
                .exits(1)
                .says("config/staging.yml:2");
        }
    }
}

#[test]
fn a_shallow_clone_says_what_is_absent() {
    let env = TestEnv::new();
    let source = source(&env);
    let base = source.ok(["rev-parse", "staging~2"]);
    let shallow = clone(&source, "shallow", &["--depth=1", "-b", "staging"]);
    // What stands there can be told, and what it held meanwhile cannot.
    shallow.gate(["scan", "--rev", "staging"]).succeeded();
    for base in [base.as_str(), ZERO] {
        let ran = shallow.gate([
            "check", "--base", base, "--head", "staging", "--ref", "staging",
        ]);
        ran.could_not_decide().says("fetch-depth: 0");
    }
    shallow
        .gate([
            "check", "--base", ZERO, "--head", "staging", "--ref", "staging",
        ])
        .says("this clone is shallow: `git fetch --unshallow`");
    shallow.ok(["fetch", "-q", "--unshallow"]);
    shallow
        .gate([
            "check", "--base", &base, "--head", "staging", "--ref", "staging",
        ])
        .exits(1)
        .says("config/staging.yml:2");
}

#[test]
fn a_push_from_a_shallow_clone_is_judged_as_far_as_it_is_known() {
    let env = TestEnv::new();
    let source = source(&env);
    let server = Git::init(&env, "server.git", ["--bare"]);
    server.ok(["config", "receive.shallowUpdate", "true"]);
    server.guard();
    let shallow = clone(&source, "shallow", &["--depth=1", "-b", "staging"]);
    let url = server.dir.to_str().expect("a plain name");

    let push = shallow.git(["push", url, "staging"]);
    push.refused()
        .says("the push comes from a shallow clone: `git fetch --unshallow` there");
    assert_eq!(server.tip(STAGING), None);

    // The harmless twin: the server has what the clone lacks.
    source.ok(["push", "-q", url, "staging~2:refs/heads/staging"]);
    server.ok([
        "fetch",
        "-q",
        source.dir.to_str().expect("plain"),
        "staging:refs/heads/main",
    ]);
    shallow.ok(["push", "-q", url, "staging:refs/heads/main"]);
}

#[test]
fn replacements_grafts_and_shallow_files_hide_nothing() {
    let env = TestEnv::new();
    let source = source(&env);
    let base = source.ok(["rev-parse", "staging~2"]);
    let tip = source.ok(["rev-parse", "staging"]);
    let middle = source.ok(["rev-parse", "staging~1"]);
    let judged = |what: &str| {
        let check = source.gate(["check", "--base", &base, "--head", &tip, "--ref", "staging"]);
        assert_eq!(check.code, 1, "{what}\n{}", check.stderr);
        check.says("config/staging.yml:2");
    };
    judged("as it is");

    let clean = source.ok([
        "commit-tree",
        &format!("{tip}^{{tree}}"),
        "-p",
        &base,
        "-m",
        "clean",
    ]);
    source.ok(["replace", &middle, &clean]);
    source.ok([
        "replace",
        &format!("{middle}:config/staging.yml"),
        &format!("{tip}:config/staging.yml"),
    ]);
    judged("with replacements");
    source.ok(["replace", "-d", &middle]);
    source.ok([
        "replace",
        "-d",
        &source.ok(["rev-parse", &format!("{middle}:config/staging.yml")]),
    ]);

    source.write(".git/info/grafts", format!("{tip} {base}\n"));
    judged("with a graft");
    fs::remove_file(source.dir.join(".git/info/grafts")).expect("it was there");

    source.write(".git/shallow", format!("{tip}\n"));
    judged("with a shallow file");
    fs::remove_file(source.dir.join(".git/shallow")).expect("it was there");

    // A revision expression follows what git follows; what it names is judged as it is stored.
    source.ok(["commit-graph", "write", "--reachable"]);
    judged("with a commit-graph");
    source
        .gate(["check", "--base", "staging~2", "--head", "staging"])
        .exits(1);
}

#[test]
fn objects_are_found_wherever_git_keeps_them() {
    let env = TestEnv::new();
    let source = source(&env);
    let base = source.ok(["rev-parse", "staging~2"]);
    let judged = |repo: &Git<'_>, what: &str| {
        let check = repo.gate([
            "check", "--base", &base, "--head", "staging", "--format", "json",
        ]);
        assert_eq!(check.code, 1, "{what}\n{}", check.stderr);
        findings(&check)
    };
    let expected = judged(&source, "loose");
    for (what, steps) in [
        ("a pack", &["repack -q -a -d"][..]),
        ("loose and a pack", &["commit -q --allow-empty -m More"]),
        (
            "several packs and an index over them",
            &["repack -q -d", "multi-pack-index write"],
        ),
        (
            "an index over packs with bitmaps",
            &["repack -q -d -a --write-midx -b"],
        ),
        (
            "a commit-graph of today",
            &["-c commitGraph.generationVersion=2 commit-graph write --reachable"],
        ),
        (
            "a commit-graph of yesterday",
            &["-c commitGraph.generationVersion=1 commit-graph write --reachable"],
        ),
        (
            "a chain of commit-graphs",
            &[
                "commit -q --allow-empty -m More",
                "commit-graph write --reachable --split=no-merge",
            ],
        ),
        (
            "deltas over deltas",
            &["repack -q -a -d -f --depth=50 --window=50"],
        ),
        ("packed refs", &["pack-refs --all"]),
    ] {
        for step in steps {
            source.ok(step.split(' '));
        }
        assert_eq!(judged(&source, what), expected, "{what}");
    }

    // By alternates: absolute, relative, through another.
    let objects = source.dir.join(".git/objects");
    let borrower = |name: &str, line: &str| {
        let repo = Git::init(&env, name, []);
        symlink(source.dir.join(".git"), repo.dir.join(".git/objects/more")).expect("a link");
        repo.write(".git/objects/info/alternates", line);
        repo.ok(["update-ref", STAGING, &source.ok(["rev-parse", "staging"])]);
        repo
    };
    let absolute = format!("# a comment\n{}\n", objects.display());
    assert_eq!(
        judged(&borrower("absolute", &absolute), "absolute"),
        expected
    );
    let relative = borrower("relative", "../../../source/.git/objects\n");
    assert_eq!(judged(&relative, "relative"), expected);
    let nested = format!("{}\n", relative.dir.join(".git/objects").display());
    assert_eq!(judged(&borrower("nested", &nested), "nested"), expected);
    let quoted = format!("\"{}\"\n", objects.display());
    assert_eq!(judged(&borrower("quoted", &quoted), "quoted"), expected);
    let dotless = borrower("dotless", "more/objects\n");
    assert_eq!(
        judged(&dotless, "a relative path that starts with a name"),
        expected
    );

    // By the environment.
    for folder in ["plain", "with:colon", "with\"quote", "ö \n\u{1b}"] {
        let place = env.path(folder);
        symlink(&objects, &place).expect("a link");
        let empty = env.path("nothing");
        fs::create_dir_all(&empty).expect("a folder");
        let escaped = place
            .display()
            .to_string()
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
        let lists = if folder.contains([':', '"']) {
            vec![format!("{}:\"{escaped}\"", empty.display())]
        } else {
            vec![
                place.display().to_string(),
                format!("\"{escaped}\":{}", empty.display()),
            ]
        };
        for list in lists {
            let repo = Git::init(&env, "by-environment", []);
            repo.write(
                ".git/refs/heads/staging",
                source.ok(["rev-parse", "staging"]),
            );
            let repo = repo.with("GIT_ALTERNATE_OBJECT_DIRECTORIES", list);
            repo.ok(["cat-file", "-e", "staging"]);
            assert_eq!(judged(&repo, folder), expected, "{folder:?}");
            fs::remove_dir_all(&repo.dir).expect("it goes away");
        }
    }
}

#[test]
fn a_missing_alternate_is_named() {
    let env = TestEnv::new();
    for format in ["sha1", "sha256"] {
        let gone = env.path(format!("gone: {format}"));
        let repo = Git::init(&env, format, [format!("--object-format={format}").as_str()]);
        repo.commit("README.md", "A shop.\n");
        repo.gate(["scan"]).succeeded();
        repo.write(
            ".git/objects/info/alternates",
            format!("{}\n", gone.display()),
        );
        repo.gate(["scan"])
            .could_not_decide()
            .says(&gone.display().to_string())
            .says("info/alternates");
        fs::remove_file(repo.dir.join(".git/objects/info/alternates")).expect("it was there");
        let list = format!("\"{}\"", gone.display());
        repo.with("GIT_ALTERNATE_OBJECT_DIRECTORIES", list)
            .gate(["scan"])
            .could_not_decide()
            .says(&gone.display().to_string())
            .says("GIT_ALTERNATE_OBJECT_DIRECTORIES");
    }
}

#[test]
fn pushes_are_judged_at_any_place() {
    for name in [
        "colon:here",
        "with space",
        "quote\"'s",
        "line\nfeed",
        "ünï",
        "back\\slash",
        "#hash",
    ] {
        for format in ["sha1", "sha256"] {
            let env = TestEnv::new();
            let format = format!("--object-format={format}");
            let server = Git::init(&env, &format!("{name}.git"), ["--bare", &format]);
            server.guard();
            let work = Git::init(&env, "work", [format.as_str()]);
            work.commit("README.md", "A shop.\n");
            let url = format!("file://{}", server.dir.display());
            work.ok(["push", "-q", &url, "main", "main:staging"]);
            work.ok(["switch", "-q", "-c", "staging"]);
            // Also with objects that only the server's own store has.
            work.commit("config/staging.yml", payments(&test_key(1)));
            work.ok(["push", "-q", &url, "staging"]);
            work.commit("config/staging.yml", payments(&live_key(1)));
            let push = work.git(["push", &url, "staging"]);
            push.refused().says("config/staging.yml:2");
        }
    }
}

#[test]
fn pushes_are_judged_through_links_and_from_borrowers() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    work.commit("README.md", "A shop.\n");
    let real = Git::init(&env, "real.git", ["--bare"]);
    real.guard();
    symlink(&real.dir, env.path("link.git")).expect("a link");
    // The whole object store elsewhere, behind a link.
    fs::rename(real.dir.join("objects"), env.path("store")).expect("moved");
    symlink("../store", real.dir.join("objects")).expect("a link");
    // A second repository that borrows from the first.
    let fork = Git::init(&env, "fork.git", ["--bare"]);
    fork.guard();
    fork.write("objects/info/alternates", "../../link.git/objects\n");
    work.ok(["switch", "-q", "-c", "staging"]);
    for to in ["../link.git", "../fork.git"] {
        work.ok(["push", "-q", to, "main", "main:staging"]);
        work.commit("config/staging.yml", payments(&test_key(1)));
        work.ok(["push", "-q", to, "staging"]);
        work.commit("config/staging.yml", payments(&live_key(1)));
        work.git(["push", to, "staging"]).refused();
        work.ok(["reset", "-q", "--hard", "main"]);
    }
    // A push into somebody's working tree: the git directory is `.git`, and `.git` a file.
    let checked_out = env.path("checked-out");
    let moved = format!("--separate-git-dir={}", env.path("moved").display());
    let target = Git::init(&env, "checked-out", [moved.as_str()]);
    target.ok(["config", "receive.denyCurrentBranch", "ignore"]);
    Git::at(&env, env.path("moved")).guard();
    work.ok(["push", "-q", checked_out.to_str().expect("plain"), "main"]);
    work.commit("config/staging.yml", payments(&live_key(1)));
    work.git(["push", checked_out.to_str().expect("plain"), "staging"])
        .refused();
}

#[test]
fn a_served_namespace_has_refs_of_its_own() {
    let env = TestEnv::new();
    let server = Git::init(&env, "server.git", ["--bare"]);
    server.guard();
    let work = Git::init(&env, "work", []);
    work.commit("README.md", "A shop.\n");
    let git = Git::at(&env, &work.dir).with("GIT_NAMESPACE", "shop/eu");
    git.ok(["push", "-q", "../server.git", "main", "main:staging"]);
    let inside = "refs/namespaces/shop/refs/namespaces/eu/";
    assert!(
        server.tip(&format!("{inside}refs/heads/staging")).is_some(),
        "no namespace"
    );
    server.ok(["pack-refs", "--all"]);
    server.ok([
        "symbolic-ref",
        &format!("{inside}refs/heads/alias"),
        &format!("{inside}refs/heads/staging"),
    ]);
    work.ok(["switch", "-q", "-c", "work"]);
    work.commit("config/app.yml", payments(&test_key(1)));
    git.ok(["push", "-q", "../server.git", "work:alias"]);
    work.commit("config/app.yml", payments(&live_key(1)));
    git.git(["push", "../server.git", "work:alias"])
        .refused()
        .says("staging");
}

/// Flips a bit of a file that git made read-only.
fn flip(path: &Path, at: usize) {
    let mut data = fs::read(path).expect("the file");
    let at = at.min(data.len() - 1);
    data[at] ^= 0x10;
    overwrite(path, &data);
}

fn overwrite(path: &Path, data: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("writable");
    fs::write(path, data).expect("written");
}

#[test]
fn damaged_objects_are_named_and_never_pass() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::new();
        let work = Git::init(&env, "work", [format!("--object-format={format}").as_str()]);
        work.commit("README.md", "A shop.\n");
        let base = work.ok(["rev-parse", "HEAD"]);
        work.ok(["switch", "-q", "-c", "staging"]);
        let tip = work.commit("config/staging.yml", payments(&test_key(1)));
        let judge = || work.gate(["check", "--base", &base, "--head", &tip, "--ref", "staging"]);
        judge().succeeded();
        let blob = work.ok(["rev-parse", &format!("{tip}:config/staging.yml")]);
        let tree = work.ok(["rev-parse", &format!("{tip}^{{tree}}")]);
        let folder = work.ok(["rev-parse", &format!("{tip}:config")]);
        for oid in [&tip, &tree, &folder, &blob] {
            let path = work.loose(oid);
            let whole = fs::read(&path).expect("it is loose");
            let wrecks: [(&str, Vec<u8>); 5] = [
                ("empty", Vec::new()),
                ("cut", whole[..whole.len() / 2].to_vec()),
                ("cut at the end", whole[..whole.len() - 2].to_vec()),
                ("rubbish", b"rubbish".to_vec()),
                ("a bit flipped", {
                    let mut data = whole.clone();
                    let middle = data.len() / 2;
                    data[middle] ^= 0x10;
                    data
                }),
            ];
            for (what, wreck) in wrecks {
                overwrite(&path, &wreck);
                let ran = judge();
                assert_eq!(
                    ran.code, 2,
                    "{format}: {oid} {what}\n{}{}",
                    ran.stdout, ran.stderr
                );
                ran.looks_calm().says(oid);
            }
            fs::remove_file(&path).expect("it goes away");
            judge().could_not_decide().says(oid);
            fs::write(&path, &whole).expect("restored");
        }
        judge().succeeded();
    }
}

#[test]
fn damaged_packs_never_pass() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    work.commit("README.md", "A shop.\n");
    let base = work.ok(["rev-parse", "HEAD"]);
    work.ok(["switch", "-q", "-c", "staging"]);
    let mut text: String = (0..400)
        .map(|n| format!("setting_{n}: {}\n", n * 7919 % 1009))
        .collect();
    for n in 0..6 {
        text.push_str(&format!("more_{n}: true\n"));
        work.commit("config/staging.yml", &text);
    }
    text.push_str(&payments(&live_key(1)));
    work.commit("config/staging.yml", &text);
    let tip = work.ok(["rev-parse", "HEAD"]);
    work.ok(["repack", "-q", "-a", "-d", "-f"]);
    let pack_dir = work.dir.join(".git/objects/pack");
    let judge = || work.gate(["check", "--base", &base, "--head", &tip, "--ref", "staging"]);
    judge().exits(1);
    let mut tried = 0;
    for extension in ["pack", "idx"] {
        let path = fs::read_dir(&pack_dir)
            .expect("packs")
            .map(|entry| entry.expect("an entry").path())
            .find(|path| path.extension() == Some(extension.as_ref()))
            .expect("a pack");
        let whole = fs::read(&path).expect("the file");
        // Not the checksums at the end, which nobody reads but fsck.
        let end = whole.len() - 40;
        for step in 0..24 {
            flip(&path, step * end / 24);
            let ran = judge();
            // Found all the same (a bit of a checksum, a bit that is not read), or not decided: never a pass.
            assert!(
                [1, 2].contains(&ran.code),
                "{extension} byte {}: exit {}",
                step * end / 24,
                ran.code
            );
            ran.looks_calm();
            tried += usize::from(ran.code == 2);
            overwrite(&path, &whole);
        }
        for cut in [0, 7, whole.len() / 2, whole.len() - 1] {
            overwrite(&path, &whole[..cut]);
            let ran = judge();
            assert!(
                [1, 2].contains(&ran.code),
                "{extension} cut at {cut}: exit {}",
                ran.code
            );
            overwrite(&path, &whole);
        }
    }
    judge().exits(1);
    assert!(tried > 10, "only {tried} of 48 flips were noticed");
}

/// Runs as another user than root, whom file permissions do not bind.
fn as_nobody(git: &Git<'_>, args: &[&str]) -> Option<Ran> {
    let mut command = git.env.command("setpriv", &git.dir);
    command
        .envs(git.vars.iter().map(|(name, value)| (name, value)))
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .args(args);
    if run(git
        .env
        .command("setpriv", &git.dir)
        .args(["--reuid=65534", "true"]))
    .code
        != 0
    {
        return None; // Not root: there is nobody else to be.
    }
    Some(run(&mut command))
}

/// Lets everyone read the test's folder, and the built binary by a copy in it.
fn open_up(env: &TestEnv) -> String {
    fs::set_permissions(env.path(""), fs::Permissions::from_mode(0o755)).expect("mine");
    let copy = env.path("stagegate");
    if !copy.exists() {
        fs::copy(STAGEGATE, &copy).expect("a copy");
    }
    copy.to_str().expect("a plain name").to_owned()
}

#[test]
fn what_cannot_be_read_is_not_skipped() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::new();
        let gate = open_up(&env);
        let work = Git::init(&env, "work", [format!("--object-format={format}").as_str()])
            .with("GIT_CONFIG_GLOBAL", env.path("home/.gitconfig"));
        work.ok(["config", "--global", "--add", "safe.directory", "*"]);
        work.commit("README.md", "A shop.\n");
        work.ok(["switch", "-q", "-c", "staging"]);
        let tip = work.commit("config/staging.yml", payments(&test_key(1)));
        let scan = [gate.as_str(), "scan", "--rev", "staging"];
        let Some(ran) = as_nobody(&work, &scan) else {
            return;
        };
        ran.succeeded();
        let blob = work.ok(["rev-parse", &format!("{tip}:config/staging.yml")]);
        for oid in [&tip, &blob] {
            let path = work.loose(oid);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("mine");
            let ran = as_nobody(&work, &scan).expect("as before");
            assert_eq!(ran.code, 2, "{format} {oid}\n{}", ran.stderr);
            ran.looks_calm().says(oid);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("mine");
        }
        if format == "sha1" {
            let refs = work.dir.join(".git/refs/heads/staging");
            fs::set_permissions(&refs, fs::Permissions::from_mode(0o000)).expect("mine");
            as_nobody(&work, &scan)
                .expect("as before")
                .exits(2)
                .looks_calm();
        }
    }
}

#[test]
fn another_owners_repository_is_trusted_when_git_trusts_it() {
    let env = TestEnv::new();
    let gate = open_up(&env);
    let work =
        Git::init(&env, "shop's work", []).with("GIT_CONFIG_GLOBAL", env.path("home/.gitconfig"));
    work.commit("README.md", "A shop.\n");
    work.ok(["switch", "-q", "-c", "staging"]);
    work.commit("config/staging.yml", payments(&live_key(1)));
    let scan = [gate.as_str(), "scan", "--rev", "staging"];
    let Some(ran) = as_nobody(&work, &scan) else {
        return;
    };
    // Refused, with a command that works as it stands.
    ran.could_not_decide()
        .says("git config --global --add safe.directory")
        .says("shop");
    let line = ran
        .stderr
        .lines()
        .find(|line| line.contains("safe.directory"))
        .expect("the help");
    let command = line.split('`').nth(1).expect("a command");
    let mend = work.run("sh", ["-c", command], b"");
    mend.succeeded();
    as_nobody(&work, &scan)
        .expect("as before")
        .exits(1)
        .says("config/staging.yml:2");

    // As git understands it and libgit2 does not: a pattern, and without a HOME by the environment.
    fs::remove_file(env.path("home/.gitconfig")).expect("it was there");
    let pattern = format!(
        "{}/*",
        env.path("").display().to_string().trim_end_matches('/')
    );
    let by_count = Git::at(&env, &work.dir)
        .with("HOME", "")
        .with("GIT_CONFIG_COUNT", "1")
        .with("GIT_CONFIG_KEY_0", "safe.directory");
    let exact = Git::at(&env, &work.dir)
        .with("HOME", "")
        .with("GIT_CONFIG_COUNT", "1")
        .with("GIT_CONFIG_KEY_0", "safe.directory")
        .with("GIT_CONFIG_VALUE_0", work.dir.as_os_str());
    as_nobody(&exact, &scan)
        .expect("as before")
        .exits(1)
        .says("config/staging.yml:2");
    let by_pattern = by_count.with("GIT_CONFIG_VALUE_0", pattern);
    let git_trusts = as_nobody(&by_pattern, &["git", "status"])
        .expect("as before")
        .code
        == 0;
    let expected = if git_trusts { 1 } else { 2 };
    as_nobody(&by_pattern, &scan)
        .expect("as before")
        .exits(expected)
        .looks_calm();

    // As a hook: git has named the directory, and trusts it.
    let hook = Git::at(&env, &work.dir)
        .with("HOME", "")
        .with("GIT_DIR", ".git");
    as_nobody(&hook, &scan)
        .expect("as before")
        .exits(1)
        .says("config/staging.yml:2");
}

#[test]
fn trees_that_git_would_not_write_are_read_whole() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    let base = work.commit("README.md", "A shop.\n");
    let good = work.object("blob", payments(&test_key(1)).as_bytes());
    let bad = work.object("blob", payments(&live_key(1)).as_bytes());
    let entry = |mode: &str, name: &str, oid: &str| {
        let bytes =
            (0..20).map(|at| u8::from_str_radix(&oid[2 * at..2 * at + 2], 16).expect("hex"));
        [format!("{mode} {name}\0").into_bytes(), bytes.collect()].concat()
    };
    let commit = |tree: &str| {
        let raw = format!(
            "tree {tree}\nparent {base}\nauthor A <a@example.invalid> 1 +0000\ncommitter A <a@example.invalid> 1 +0000\n\nWork\n"
        );
        work.object("commit", raw.as_bytes())
    };
    let judge = |tree: &[Vec<u8>]| {
        let tree = work.object("tree", &tree.concat());
        let head = commit(&tree);
        work.gate([
            "check", "--base", &base, "--head", &head, "--ref", "staging",
        ])
    };
    let sub = work.object("tree", &entry("100644", "app.yml", &bad));
    let twin = work.object("tree", &entry("100644", "app.yml", &good));
    type Entries = Vec<Vec<u8>>;
    let cases: [(&str, Entries, Entries); 5] = [
        (
            "unsorted",
            vec![
                entry("100644", "z.yml", &good),
                entry("100644", "a.yml", &bad),
            ],
            vec![
                entry("100644", "z.yml", &good),
                entry("100644", "a.yml", &good),
            ],
        ),
        (
            "a name twice, the key first",
            vec![
                entry("100644", "a.yml", &bad),
                entry("100644", "a.yml", &good),
            ],
            vec![
                entry("100644", "a.yml", &good),
                entry("100644", "a.yml", &good),
            ],
        ),
        (
            "a name twice, the key last",
            vec![
                entry("100644", "a.yml", &good),
                entry("100644", "a.yml", &bad),
            ],
            vec![
                entry("100644", "a.yml", &good),
                entry("100644", "a.yml", &good),
            ],
        ),
        (
            "a file and a folder of one name",
            vec![
                entry("100644", "config", &good),
                entry("40000", "config", &sub),
            ],
            vec![
                entry("100644", "config", &good),
                entry("40000", "config", &twin),
            ],
        ),
        (
            "odd modes and names",
            vec![entry("040000", "..", &sub), entry("100664", ".git", &good)],
            vec![entry("040000", "..", &twin), entry("100664", ".git", &good)],
        ),
    ];
    for (what, bad, good) in &cases {
        let refused = judge(bad);
        assert_eq!(refused.code, 1, "{what}\n{}", refused.stderr);
        let passed = judge(good);
        assert_eq!(passed.code, 0, "{what}\n{}", passed.stderr);
    }
    // A malformed one is not decided: cut, an empty mode, a tree that is a blob.
    for (what, tree) in [
        ("cut", vec![b"100644 a.yml\0short".to_vec()]),
        ("no mode", vec![b"rubbish".to_vec()]),
        (
            "a folder that is a blob",
            vec![entry("40000", "config", &bad)],
        ),
    ] {
        let ran = judge(&tree);
        assert_eq!(ran.code, 2, "{what}\n{}", ran.stderr);
        ran.looks_calm();
    }
    // A file that is a commit: there is no text to read.
    judge(&[entry("100644", "config.yml", &base)]).exits(2);
}

#[test]
fn submodules_have_no_content_but_their_addresses_do() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    work.commit("README.md", "A shop.\n");
    let elsewhere = "1".repeat(40);
    work.ok(["switch", "-q", "-c", "staging"]);
    work.ok([
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{elsewhere},vendor"),
    ]);
    let address = |user: &str| {
        format!(
            "[submodule \"vendor\"]\n\tpath = vendor\n\turl = https://{user}@git.example.com/vendor.git\n"
        )
    };
    work.write(".gitmodules", address("reader"));
    work.ok(["add", ".gitmodules"]);
    work.gate(["pre-commit"]).succeeded();
    work.ok(["commit", "-q", "-m", "Vendor"]);
    work.gate(["check", "--base", "main", "--head", "staging"])
        .succeeded();

    let key = live_key(4);
    work.write(".gitmodules", address(&format!("reader:{key}")));
    work.ok(["add", ".gitmodules"]);
    work.gate(["pre-commit"])
        .exits(1)
        .hides(&key)
        .says(".gitmodules:3");
    work.ok(["commit", "-q", "-m", "Vendor"]);
    work.gate(["check", "--base", "main", "--head", "staging"])
        .exits(1)
        .hides(&key);
}

#[test]
fn what_a_client_claims_of_the_old_tip_is_not_believed() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    let base = work.commit("README.md", "A shop.\n");
    work.ok(["switch", "-q", "-c", "staging"]);
    let bad = work.commit("config/staging.yml", payments(&live_key(1)));
    let tip = work.commit("README.md", "Still a shop.\n");
    let good = work.ok([
        "commit-tree",
        &format!("{base}^{{tree}}"),
        "-p",
        &base,
        "-m",
        "Nothing",
    ]);
    for format in ["plain", "reftable"] {
        let server = if format == "plain" {
            Git::init(&env, "plain.git", ["--bare"])
        } else if can_init(&env, &["--ref-format=reftable"]) {
            Git::init(&env, "reftable.git", ["--bare", "--ref-format=reftable"])
        } else {
            continue;
        };
        let url = server.dir.to_str().expect("plain");
        work.ok([
            "push",
            "-q",
            url,
            &format!("{base}:{STAGING}"),
            &format!("{tip}:refs/tags/there"),
            &format!("{good}:refs/tags/good"),
        ]);
        for old in [
            base.as_str(),
            bad.as_str(),
            tip.as_str(),
            ZERO,
            &"5".repeat(40),
        ] {
            server.receive(&format!("{old} {tip} {STAGING}\n")).exits(1);
            server
                .receive(&format!("{old} {good} {STAGING}\n"))
                .succeeded();
        }
        // Lines that git will refuse after the hook are judged all the same: hidden refs, names that climb out.
        for name in [
            "refs/hidden/1",
            "refs/heads/../../config",
            "../../etc/passwd",
            "refs/heads/odd name",
            "HEAD",
        ] {
            server
                .receive(&format!("{ZERO} {good} {name}\n{base} {tip} {STAGING}\n"))
                .exits(1);
            server
                .receive(&format!("{ZERO} {good} {name}\n"))
                .succeeded();
        }
        // Deletions alone bring nothing, and cover for nothing.
        server
            .receive(&format!("{base} {ZERO} {STAGING}\n"))
            .succeeded();
        server
            .receive(&format!(
                "{base} {ZERO} refs/heads/other\n{base} {tip} {STAGING}\n"
            ))
            .exits(1);
        // Through an alias of a branch that does not exist yet.
        server.ok(["update-ref", "-d", STAGING]);
        server.ok(["symbolic-ref", "refs/heads/alias", STAGING]);
        server
            .receive(&format!("{ZERO} {tip} refs/heads/alias\n"))
            .exits(1);
        server
            .receive(&format!("{ZERO} {good} refs/heads/alias\n"))
            .succeeded();
        let missing = "7".repeat(40);
        server
            .receive(&format!("{base} {missing} {STAGING}\n"))
            .could_not_decide()
            .says(&missing);
    }
}

#[test]
fn broken_refs_are_named_and_dangling_ones_are_none() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    let base = work.commit("README.md", "A shop.\n");
    work.ok(["switch", "-q", "-c", "staging"]);
    let tip = work.commit("config/staging.yml", payments(&test_key(1)));
    let server = Git::init(&env, "server.git", ["--bare"]);
    work.ok([
        "push",
        "-q",
        "../server.git",
        &format!("{base}:{STAGING}"),
        "staging:refs/tags/there",
    ]);
    let judge = || server.receive(&format!("{base} {tip} {STAGING}\n"));
    server.ok(["symbolic-ref", "refs/heads/dangling", "refs/heads/nowhere"]);
    judge().succeeded();
    // Nobody's ref: git passes over it, too.
    server.write("refs/heads/staging.lock", "");
    server.write("refs/heads/notes~", "rubbish");
    judge().succeeded();
    fs::remove_file(server.dir.join("refs/heads/staging.lock")).expect("it was there");
    // A ref to an object that is not there excludes nothing.
    server.write("refs/heads/lost", format!("{}\n", "9".repeat(40)));
    judge().succeeded();
    for (name, text) in [
        ("refs/heads/crashed", ""),
        ("refs/heads/loop", "ref: refs/heads/loop\n"),
        (STAGING, "zzz\n"),
    ] {
        let before = fs::read(server.dir.join(name)).ok();
        server.write(name, text);
        judge().could_not_decide().says(name);
        match before {
            Some(before) => server.write(name, before),
            None => fs::remove_file(server.dir.join(name)).expect("it was there"),
        }
    }
    server.write("packed-refs", "rubbish\n");
    judge().could_not_decide().says("packed-refs");
}

#[test]
fn common_ancestors_are_those_that_git_finds() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    let tree = work.object("tree", b"");
    let mut random = fastrand::Rng::with_seed(5);
    let mut commits: Vec<String> = Vec::new();
    for number in 0..60 {
        let mut parents = Vec::new();
        // Sometimes a root of its own, a merge, or a clock that goes back.
        for _ in 0..[0, 1, 1, 1, 2, 3][random.usize(..6)] {
            if let Some(parent) = commits.get(random.usize(..commits.len().max(1)))
                && !parents.contains(parent)
            {
                parents.push(parent.clone());
            }
        }
        let lines: String = parents
            .iter()
            .map(|parent| format!("parent {parent}\n"))
            .collect();
        let time = 1_700_000_000 + number * 10 - random.i32(0..3) * 5;
        let who = format!("A <a@example.invalid> {time} +0000");
        let raw = format!("tree {tree}\n{lines}author {who}\ncommitter {who}\n\n{number}\n");
        commits.push(work.object("commit", raw.as_bytes()));
    }
    let repository = stagegate::git::Repository::open_at(&work.dir).expect("a repository");
    let oid = |hex: &str| stagegate::model::Oid::from_hex(hex.as_bytes()).expect("an id");
    for _ in 0..80 {
        let [one, other] = [0, 1].map(|_| commits[random.usize(..commits.len())].as_str());
        let ours = repository
            .merge_base(oid(one), oid(other))
            .expect("readable");
        let gits = work.git(["merge-base", "--all", one, other]).stdout;
        match ours {
            Some(base) => assert!(
                gits.contains(&base.to_string()),
                "{one} {other}: {base}, not one of\n{gits}"
            ),
            None => assert_eq!(gits, "", "{one} {other}: none"),
        }
    }
}

#[test]
fn a_damaged_index_over_packs_never_passes() {
    let env = TestEnv::new();
    let work = Git::init(&env, "work", []);
    work.commit("README.md", "A shop.\n");
    let base = work.ok(["rev-parse", "HEAD"]);
    work.ok(["repack", "-q", "-d"]);
    work.ok(["switch", "-q", "-c", "staging"]);
    work.commit("config/staging.yml", payments(&live_key(1)));
    work.ok(["repack", "-q", "-d"]);
    work.ok(["multi-pack-index", "write"]);
    let path = work.dir.join(".git/objects/pack/multi-pack-index");
    let whole = fs::read(&path).expect("git wrote it");
    let judge = || work.gate(["check", "--base", &base, "--head", "staging"]);
    judge().exits(1);
    for at in (0..whole.len() - 20).step_by(29) {
        flip(&path, at);
        let ran = judge();
        // Not -1: libgit2 crashes when an offset leads out of a pack.
        assert!(ran.code > 0, "byte {at}: exit {}", ran.code);
        overwrite(&path, &whole);
    }
}

#[test]
fn a_revision_is_the_one_that_git_names() {
    let env = TestEnv::new();
    for format in ["sha1", "sha256"] {
        let work = Git::init(&env, format, [format!("--object-format={format}").as_str()]);
        work.commit("README.md", "A shop.\n");
        work.commit("README.md", "Still a shop.\n");
        work.ok(["switch", "-q", "-c", "side", "main~1"]);
        work.commit("side.txt", "1\n");
        work.ok(["merge", "-q", "--no-edit", "main"]);
        work.ok(["tag", "light"]);
        work.ok(["tag", "-a", "-m", "One", "annotated"]);
        work.ok(["tag", "-a", "-m", "Two", "nested", "annotated"]);
        work.ok(["branch", "light", "main"]);
        let repository = stagegate::git::Repository::open_at(&work.dir).expect("a repository");
        let tip = work.ok(["rev-parse", "HEAD"]);
        for name in [
            "HEAD",
            "@",
            "main",
            "heads/main",
            "refs/heads/side",
            "light",
            "annotated",
            "nested",
            "nested^{}",
            "annotated^0",
            "side~1",
            "side^",
            "side^2",
            "side^2~1",
            "side^^",
            "side~0",
            "nested^{tree}",
            "nested^{commit}~1",
            &tip,
            &tip[..9],
            &format!("{tip}~1"),
            &format!("{}^2", &tip[..12]),
            "HEAD:README.md",
            "main:",
            "HEAD@{0}",
        ] {
            let ours = repository.revision(name).map(|oid| oid.to_string());
            assert_eq!(
                ours.expect(name),
                work.git(["rev-parse", name]).stdout.trim(),
                "{name}"
            );
        }
        for name in [
            "",
            "nothing",
            "main~7",
            "side^3",
            "-h",
            "--all",
            "refs/heads",
            "0000000",
            &"0".repeat(tip.len()),
            "main^{tree}~1",
        ] {
            let error = repository.revision(name).expect_err(name).to_string();
            assert!(error.contains("unknown revision"), "{name}: {error}");
        }
    }
}
