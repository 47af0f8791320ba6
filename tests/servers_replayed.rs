//! Servers that cannot be had here, played from their documentation around real pushes: what they put into the environment of a
//! hook, which files they run in which order, what they show. The scripts and commands are those of `hooks/SERVER/`.
//!
//! What stands in for a server is a hook of git that does what the server's own would do; the gate and git are real.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use support::{Ran, Repo, STAGEGATE, Server, TestEnv, live_key, payments, run, test_key};

const STAGING: &str = "refs/heads/staging";

fn recipe(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("hooks")
        .join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn executable(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// The script of a recipe, with the gate where it is here.
fn script(file: &str) -> String {
    recipe(file).replace("/usr/local/bin/stagegate", STAGEGATE)
}

/// A clone with the branches `dirty` (production's key for staging) and `clean` (the sandbox's).
fn clone(env: &TestEnv) -> Repo<'_> {
    let work = env.repo("work");
    work.branch("clean");
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    work.switch("main");
    work.branch("dirty");
    work.commit_file("config/staging.yml", payments(&live_key(1)));
    work
}

fn push(work: &Repo<'_>, server: &Server<'_>, refs: &str) -> Ran {
    work.try_git(["push", &server.url(), refs])
}

#[track_caller]
fn guards(work: &Repo<'_>, server: &Server<'_>) -> Ran {
    let refused = push(work, server, "dirty:staging");
    refused
        .refused()
        .says("config/staging.yml:2")
        .hides(&live_key(1));
    assert_eq!(server.tip(STAGING), None, "the ref moved");
    push(work, server, "clean:staging").succeeded();
    assert_eq!(server.tip(STAGING), Some(work.tip("clean")));
    server.git(["update-ref", "-d", STAGING]);
    refused
}

/// Gitaly runs the files of the project's folder, then the global one's, each in the order of their names; the first that fails
/// ends it. Its variables are those of the page on server hooks.
#[test]
fn gitlab() {
    let env = TestEnv::new();
    let work = clone(&env);
    let server = env.server("@hashed.git");
    let global = env.path("custom_hooks");
    executable(
        &global.join("pre-receive.d/00-stagegate"),
        script("gitlab/pre-receive"),
    );
    let log = env.path("log");
    let other = format!("#!/bin/sh\necho other >>'{}'\n", log.display());
    executable(&global.join("pre-receive.d/50-other"), other);
    let gitaly = |protocol: &str| {
        let text = format!(
            "#!/bin/sh\n\
             export GL_ID=user-7 GL_USERNAME=ada GL_PROTOCOL={protocol} GL_REPOSITORY=project-3 GL_PROJECT_PATH=shop/shop GITALY_HOOKS_PAYLOAD=x\n\
             changes=$(cat)\n\
             for hook in custom_hooks/pre-receive.d/* '{}'/pre-receive.d/*; do\n\
             [ -x \"$hook\" ] || continue\n\
             printf '%s\\n' \"$changes\" | \"$hook\" || exit 1\n\
             done\n",
            global.display()
        );
        executable(&server.dir.join("hooks/pre-receive"), text);
    };

    gitaly("ssh");
    let said = guards(&work, &server);
    said.does_not_say("GL-HOOK-ERR").says("What to do now");
    assert_eq!(
        fs::read_to_string(&log).expect("the other hook ran"),
        "other\n"
    );

    // On a page only lines with the prefix are shown, and each of ours has it.
    gitaly("web");
    let said = guards(&work, &server);
    let shown: Vec<&str> = said
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("remote: GL-HOOK-ERR: "))
        .collect();
    assert!(
        shown
            .iter()
            .any(|line| line.contains("config/staging.yml:2")),
        "{shown:?}"
    );
    assert!(shown.len() < 6, "too much for a page: {shown:?}");
}

/// The root folder that `make-environment` builds is entered, as GitHub does, and nothing of the machine is there.
#[test]
fn github_enterprise_server() {
    let env = TestEnv::new();
    let work = clone(&env);
    let root = env.path("environment");
    fs::create_dir(&root).expect("a folder");
    let busybox = run(Command::new("sh").args(["-c", "command -v busybox"]));
    busybox.succeeded();
    let maker = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("hooks/github-enterprise-server/make-environment");
    let policy = env.file("stagegate.toml", "version = 1\n");
    let build = |into: &str| {
        let archive = env.path(into);
        let made = run(Command::new("sh")
            .arg("-c")
            .arg("\"$0\" \"$1\" \"$2\" \"$3\" >\"$4\"")
            .arg(&maker)
            .arg(STAGEGATE)
            .arg(busybox.stdout.trim())
            .arg(&policy)
            .arg(&archive));
        made.succeeded();
        fs::read(archive).expect("the archive")
    };
    assert!(
        build("one.tar.gz") == build("two.tar.gz"),
        "the same input makes other bytes"
    );
    run(Command::new("tar")
        .arg("-xzf")
        .arg(env.path("one.tar.gz"))
        .arg("-C")
        .arg(&root))
    .succeeded();
    // The gate of a test is not static, so its libraries are brought along.
    for program in [STAGEGATE, busybox.stdout.trim()] {
        let libraries = run(Command::new("ldd").arg(program));
        for library in libraries
            .stdout
            .split_whitespace()
            .filter(|word| word.starts_with('/'))
        {
            let there = root.join(library.trim_start_matches('/'));
            fs::create_dir_all(there.parent().expect("a folder")).expect("folders");
            fs::copy(library, there).expect("a library");
        }
    }
    executable(
        &root.join("data/hook"),
        recipe("github-enterprise-server/pre-receive"),
    );
    let server = env.server("environment/data/server.git");
    let root = root.to_str().expect("a plain name").to_owned();
    let is_root = run(Command::new("id").arg("-u")).stdout.trim() == "0";
    let enter = if is_root {
        "chroot"
    } else {
        "unshare --map-root-user chroot"
    };
    for (via, whole) in [("", true), ("pull request merge button", false)] {
        // git's own variables, with the part of the path that the hook does not see taken off.
        let github = format!(
            "#!/bin/sh\n\
             inside() {{ printf '%s' \"${{1#{root}}}\"; }}\n\
             exec {enter} '{root}' /bin/busybox env -i PATH=/usr/local/bin:/bin GIT_DIR=/data/server.git \
             GIT_OBJECT_DIRECTORY=\"$(inside \"$GIT_OBJECT_DIRECTORY\")\" GIT_QUARANTINE_PATH=\"$(inside \"$GIT_QUARANTINE_PATH\")\" \
             GIT_ALTERNATE_OBJECT_DIRECTORIES=\"$(inside \"$GIT_ALTERNATE_OBJECT_DIRECTORIES\")\" \
             GITHUB_USER_LOGIN=ada GITHUB_REPO_NAME=shop/shop GITHUB_REPO_PUBLIC=false 'GITHUB_VIA={via}' GITHUB_PUSH_OPTION_COUNT=0 \
             /bin/sh /data/hook\n"
        );
        executable(&server.dir.join("hooks/pre-receive"), github);
        let said = guards(&work, &server);
        assert_eq!(
            said.words().contains("What to do now"),
            whole,
            "{}",
            said.stderr
        );
    }
}

/// The variables are those of the page on hook scripts.
#[test]
fn bitbucket_data_center() {
    let env = TestEnv::new();
    let work = clone(&env);
    let server = env.server("server.git");
    let hook = env.path("scripts/1");
    executable(&hook, script("bitbucket-data-center/pre-receive"));
    for (trigger, whole) in [("push", true), ("pull-request-merge", false)] {
        let bitbucket = format!(
            "#!/bin/sh\n\
             export BB_HOOK_TRIGGER_ID={trigger} BB_HOOK_TYPE=PRE BB_IS_DRY_RUN=false BB_PROJECT_KEY=SHOP BB_REPO_SLUG=shop BB_USER_NAME=ada\n\
             exec '{}'\n",
            hook.display()
        );
        executable(&server.dir.join("hooks/pre-receive"), bitbucket);
        let said = guards(&work, &server);
        assert_eq!(
            said.words().contains("What to do now"),
            whole,
            "{}",
            said.stderr
        );
    }
    // Without the binary on a node nothing passes.
    executable(
        &hook,
        recipe("bitbucket-data-center/pre-receive").replace("/usr/local/bin/", "/nowhere/"),
    );
    push(&work, &server, "clean:staging")
        .refused()
        .says("the binary that has to judge this is missing");
}

/// Gerrit has the objects before it asks, names the repository in `GIT_DIR`, and gives arguments by name.
#[test]
fn gerrit() {
    let env = TestEnv::new();
    let work = clone(&env);
    let server = env.server("shop.git");
    push(&work, &server, "main:staging").succeeded();
    push(&work, &server, "clean:refs/changes/01/1/1").succeeded();
    push(&work, &server, "dirty:refs/changes/02/2/1").succeeded();
    let hooks: Vec<PathBuf> = ["ref-update", "commit-received"]
        .iter()
        .map(|name| {
            let hook = env.path(format!("site/hooks/{name}"));
            executable(&hook, script("gerrit/stagegate-hook"));
            hook
        })
        .collect();
    let old = work.tip("main");
    let ask = |hook: &Path, refname: &str, new: &str| {
        run(env
            .command(hook, &env.path("home"))
            .env("GIT_DIR", &server.dir)
            .args([
                "--project",
                "shop",
                "--refname",
                refname,
                "--uploader",
                "Ada <ada@example.invalid>",
            ])
            .args([
                "--uploader-username",
                "ada",
                "--oldrev",
                &old,
                "--newrev",
                new,
            ])
            .args(["--cmdref", "refs/for/staging"]))
    };
    for hook in &hooks {
        ask(hook, STAGING, &work.tip("dirty"))
            .exits(1)
            .says("config/staging.yml:2")
            .hides(&live_key(1));
        ask(hook, STAGING, &work.tip("clean")).succeeded();
        ask(hook, "staging", &work.tip("dirty")).exits(1);
    }
    run(env
        .command(&hooks[0], &env.path("home"))
        .args(["--project", "shop"]))
    .exits(2)
    .says("did not say which ref moves");
}

/// Every recipe says what to copy, how to check it, and what the user sees.
#[test]
fn every_server_has_a_page() {
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks");
    let mut pages = 0;
    for entry in fs::read_dir(hooks).expect("hooks").flatten() {
        if !entry.path().is_dir() {
            continue;
        }
        let page = fs::read_to_string(entry.path().join("README.md")).expect("a page");
        pages += 1;
        if page.contains("Not possible") {
            continue;
        }
        for part in ["**Check**", "**What the user sees**", "ested"] {
            assert!(page.contains(part), "{}: no {part}", entry.path().display());
        }
    }
    assert!(pages >= 8, "{pages} pages");
}
