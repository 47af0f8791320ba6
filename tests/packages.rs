//! What `packaging/build-packages` makes is installed by pip, npm and dpkg from the local files, guards a repository, and is removed
//! again. The binary inside is that of the tests; the one of a release comes from `packaging/build-static`.
#![cfg(target_os = "linux")]

mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use support::{STAGEGATE, TestEnv, live_key, payments, run, test_key};

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// Packs a binary, and tells what was made: by the ending of its name.
fn packed(env: &TestEnv, binary: &Path, into: &str, only: &str) -> BTreeMap<String, PathBuf> {
    let output = env.path(into);
    run(Command::new("python3")
        .arg(root("packaging/build-packages"))
        .arg(binary)
        .arg(&output)
        .args(["--only", only]))
    .succeeded();
    fs::read_dir(&output)
        .expect("what was made")
        .flatten()
        .map(|entry| {
            let ending = entry
                .path()
                .extension()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (ending, entry.path())
        })
        .collect()
}

/// The gate of the tests without what only a debugger needs, which is most of it.
fn small(env: &TestEnv) -> PathBuf {
    let small = env.path("small");
    run(Command::new("strip").arg("-o").arg(&small).arg(STAGEGATE)).succeeded();
    small
}

/// An installed binary does its work: it guards a repository with itself.
#[track_caller]
fn guards(env: &TestEnv, binary: &Path, name: &str) {
    let version = run(env.command(binary, &env.path("home")).arg("--version"));
    let wanted = format!("stagegate {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(version.succeeded().stdout.trim(), wanted);
    let repo = env.repo(name);
    run(env.command(binary, &repo.dir).arg("install")).succeeded();
    repo.write("config/staging.yml", payments(&live_key(1)));
    repo.stage();
    repo.try_commit([])
        .exits(1)
        .says("config/staging.yml:2")
        .hides(&live_key(1));
    repo.write("config/staging.yml", payments(&test_key(1)));
    repo.stage();
    repo.try_commit([]).succeeded();
}

#[test]
fn pip_npm_and_dpkg_install_it_and_remove_it() {
    let env = TestEnv::new();
    let made = packed(&env, &small(&env), "made", "wheel,npm,deb");

    // Nothing may come from a registry.
    let site = env.path("site");
    let pip = root("target/test-tools/managers/python/bin/pip");
    run(env
        .command(pip, &env.path("home"))
        .args(["install", "-q", "--no-index", "--no-deps", "--target"])
        .arg(&site)
        .arg(&made["whl"]))
    .succeeded();
    guards(&env, &site.join("bin/stagegate"), "by-pip");

    let project = env.path("project");
    fs::create_dir(&project).expect("a folder");
    run(env
        .command("npm", &project)
        .args([
            "install",
            "--offline",
            "--silent",
            "--no-audit",
            "--no-fund",
        ])
        .arg(&made["tgz"]))
    .succeeded();
    guards(&env, &project.join("node_modules/.bin/stagegate"), "by-npm");

    let system = env.path("system");
    fs::create_dir_all(system.join("var/lib/dpkg/info")).expect("folders");
    fs::create_dir_all(system.join("var/lib/dpkg/updates")).expect("folders");
    fs::write(system.join("var/lib/dpkg/status"), "").expect("a file");
    let dpkg = |args: &[&str]| {
        run(Command::new("dpkg")
            .arg(format!("--root={}", system.display()))
            .args([
                "--force-not-root",
                "--force-bad-path",
                "--force-architecture",
                "--log=/dev/null",
            ])
            .args(args))
    };
    let file = made["deb"].to_str().expect("a plain name");
    dpkg(&["--install", file]).succeeded();
    dpkg(&["--status", "stagegate"])
        .succeeded()
        .says("install ok installed");
    guards(&env, &system.join("usr/bin/stagegate"), "by-dpkg");
    let hook = system.join("usr/share/stagegate/hooks/gitlab/pre-receive");
    assert!(hook.is_file(), "the recipes are there");
    for file in [
        "man/man1/stagegate-install.1.gz",
        "bash-completion/completions/stagegate",
    ] {
        assert!(system.join("usr/share").join(file).is_file(), "{file}");
    }
    dpkg(&["--purge", "stagegate"]).succeeded();
    assert!(!system.join("usr/bin/stagegate").exists());
    assert!(
        !system.join("usr/share/stagegate").exists(),
        "something is left"
    );
}

#[test]
fn the_same_binary_makes_the_same_bytes() {
    let env = TestEnv::new();
    let binary = env.file("stagegate", "not long");
    let every = "wheel,npm,deb,sbom";
    let (one, other) = (
        packed(&env, &binary, "one", every),
        packed(&env, &binary, "two", every),
    );
    assert_eq!(one.len(), 5, "{one:?}");
    for (ending, path) in &one {
        let same = fs::read(path).expect("read") == fs::read(&other[ending]).expect("read");
        assert!(same, "{ending} differs");
    }
    let sums = run(Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(env.path("one")));
    sums.succeeded();
}

/// Whether a licence expression can be met by these licences alone: AND binds closer than OR.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace(" WITH ", "\u{0}");
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    fn one(words: &mut std::slice::Iter<'_, &str>, allowed: &[&str]) -> bool {
        let (mut any, mut all) = (false, true);
        while let Some(word) = words.next() {
            match *word {
                "(" => all &= one(words, allowed),
                ")" => break,
                "AND" => {}
                "OR" => {
                    any |= all;
                    all = true;
                }
                name => all &= allowed.contains(&name.replace('\u{0}', " WITH ").as_str()),
            }
        }
        any | all
    }
    one(&mut words.iter(), allowed)
}

/// What is linked in stands in the bill of materials with the checksum of its source, under a licence that `deny.toml` allows; what only
/// tests use does not.
#[test]
fn the_bill_of_materials_is_complete_and_no_more() {
    let env = TestEnv::new();
    let binary = env.file("stagegate", "not long");
    let made = packed(&env, &binary, "made", "sbom");
    let text = fs::read_to_string(&made["json"]).expect("read");
    let bill: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let components = bill["components"].as_array().expect("components");
    let named = |name: &str| components.iter().find(|one| one["name"] == name);
    for linked in ["git2", "libgit2-sys", "clap", "regex", "toml"] {
        let component = named(linked).unwrap_or_else(|| panic!("{linked} is missing"));
        let sum = component["hashes"][0]["content"].as_str().expect("a sum");
        assert_eq!(sum.len(), 64);
        assert!(
            component["licenses"][0]["expression"].is_string(),
            "{linked}"
        );
    }
    let allowed = fs::read_to_string(root("deny.toml")).expect("deny.toml");
    let (_, allowed) = allowed.split_once("\nallow = [").expect("a list");
    let (allowed, _) = allowed.split_once(']').expect("its end");
    let allowed: Vec<&str> = allowed
        .split(',')
        .map(|one| one.trim().trim_matches('"'))
        .collect();
    for component in components {
        let expression = component["licenses"][0]["expression"]
            .as_str()
            .unwrap_or("none");
        assert!(
            is_allowed(expression, &allowed),
            "{}: {expression} is not in deny.toml",
            component["name"]
        );
    }
    assert!(
        !is_allowed("MIT AND (GPL-3.0-only OR SSPL-1.0)", &allowed),
        "it cannot say no"
    );
    for only_of_tests in ["insta", "proptest", "tempfile"] {
        assert!(
            named(only_of_tests).is_none(),
            "{only_of_tests} is not linked in"
        );
    }
    assert_eq!(bill["metadata"]["component"]["name"], "stagegate");
}
