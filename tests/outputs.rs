//! Several outputs at once, where they go, and that the exit code is the outcome's whatever is written where. Not here: what
//! is in them, which the formats' own tests show.

mod support;

use std::fs;

use support::{Repo, TestEnv, live_key, payments, test_key};

fn refused<'e>(env: &'e TestEnv, key: &str) -> Repo<'e> {
    let work = env.repo("work");
    work.commit_file("config/staging.yml", payments(key));
    work
}

#[test]
fn each_output_has_its_format_and_its_file() {
    let env = TestEnv::new();
    let key = live_key(1);
    let work = refused(&env, &key);
    let ran = work.stagegate([
        "scan",
        "--output",
        "sarif=a.sarif",
        "--output",
        "junit=b.xml",
        "--output",
        "csv=c.csv",
        "--output",
        "text=-",
    ]);
    ran.exits(1).hides(&key);
    assert!(
        ran.stdout.contains("error[stripe-secret-key]"),
        "{}",
        ran.words()
    );
    assert_eq!(ran.stderr, "");
    let read = |name: &str| fs::read_to_string(work.dir.join(name)).expect("a file");
    let sarif: serde_json::Value = serde_json::from_str(&read("a.sarif")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert!(read("b.xml").starts_with("<?xml"));
    assert!(read("c.csv").starts_with("\"verdict\","));
    for name in ["a.sarif", "b.xml", "c.csv"] {
        assert!(read(name).contains("stripe-secret-key"));
        assert!(!read(name).contains(&key));
    }
    // `--format` is for an output without a format of its own.
    work.stagegate(["scan", "--format", "markdown", "--output", "d.md"])
        .exits(1);
    assert!(read("d.md").starts_with("## stagegate: refused"));
    // Nothing is left of the writing.
    let left = fs::read_dir(&work.dir).expect("a folder");
    let left = left.filter_map(Result::ok).map(|entry| entry.file_name());
    assert!(
        left.into_iter()
            .all(|name| !name.to_string_lossy().ends_with(".tmp"))
    );
}

#[test]
fn without_an_output_people_read_standard_error_and_programs_standard_output() {
    let env = TestEnv::new();
    let work = refused(&env, &live_key(1));
    for format in ["text", "plain"] {
        let ran = work.stagegate(["scan", "--format", format]);
        ran.exits(1);
        assert_eq!(ran.stdout, "");
        assert!(
            ran.stderr.starts_with("stagegate: refused"),
            "{}",
            ran.words()
        );
    }
    for format in ["json", "json-lines", "github", "azure", "bitbucket"] {
        let ran = work.stagegate(["scan", "--format", format]);
        ran.exits(1);
        assert_eq!(ran.stderr, "");
        assert!(ran.stdout.contains("stripe-secret-key"), "{}", ran.words());
    }
    let plain = work.stagegate(["scan", "--plain"]);
    assert!(plain.stderr.contains("Whose: production (certain)."));
    let mut command = env.command(support::STAGEGATE, &work.dir);
    command.arg("scan").env("STAGEGATE_PLAIN", "1");
    let by_variable = support::run_with_input(&mut command, b"");
    assert_eq!(by_variable.stderr, plain.stderr);
}

#[test]
fn the_exit_code_is_the_outcomes() {
    let env = TestEnv::new();
    let work = refused(&env, &live_key(1));
    for (key, code) in [(live_key(2), 1), (test_key(2), 0)] {
        work.commit_file("config/staging.yml", payments(&key));
        for output in ["sarif=out", "json=-", "junit=out", "out", "/dev/null"] {
            work.stagegate(["scan", "--output", output]).exits(code);
        }
    }
    // What cannot be written lets nothing through, and leaves what was there.
    let ran = work.stagegate(["scan", "--output", "json=no/such/folder/a.json"]);
    ran.exits(2).says("no/such/folder/a.json");
    for (wrong, said) in [
        ("yaml=out", "is no format"),
        ("json=", "the name of a file is missing"),
    ] {
        work.stagegate(["scan", "--output", wrong])
            .exits(2)
            .says(said);
    }
    work.stagegate(["scan", "--output", "json=-", "--output", "sarif=-"])
        .exits(2)
        .says("two outputs go to standard output");
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_whole_and_keeps_its_mode_and_its_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let env = TestEnv::new();
    let work = refused(&env, &live_key(1));
    let (file, link) = (work.dir.join("real.json"), work.dir.join("link.json"));
    fs::write(&file, "x".repeat(1 << 20)).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("a mode");
    symlink(&file, &link).expect("a link");
    work.stagegate(["scan", "--output", "json=link.json"])
        .exits(1);
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file).expect("read")).expect("JSON alone");
    assert_eq!(json["exit_code"], 1);
    let mode = fs::metadata(&file).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn colours_come_where_they_are_asked_for() {
    let env = TestEnv::new();
    let work = refused(&env, &live_key(1));
    let colored = |args: &[&str]| {
        let ran = work.stagegate(["scan"].into_iter().chain(args.iter().copied()));
        ran.stderr.contains('\u{1b}')
    };
    // The streams of a test are no terminal.
    assert!(!colored(&[]));
    assert!(!colored(&["--color", "auto"]));
    assert!(!colored(&["--color", "never"]));
    assert!(colored(&["--color", "always"]));
    assert!(!colored(&["--color", "always", "--format", "plain"]));
}

#[test]
fn other_subcommands_know_text_and_json() {
    let env = TestEnv::new();
    let work = refused(&env, &live_key(1));
    work.stagegate(["explain", "config/staging.yml:2", "--format", "sarif"])
        .exits(2)
        .says("this has no format `sarif`");
    work.stagegate(["explain", "config/staging.yml:2", "--output", "why.txt"])
        .exits(0);
    assert!(
        fs::read_to_string(work.dir.join("why.txt"))
            .expect("a file")
            .contains("by row")
    );
}
