//! What surrounds the gate on the command line: help that has examples, completions, manual pages, a policy's own tests and its
//! schema. Not here: the modes themselves.

mod support;

use std::{fs, process::Command};

use support::{TestEnv, live_key, payments};

const CASES: &str = "fixtures/policy/cases/cases.toml";
const POLICY: &str = "fixtures/policy/cases/stagegate.toml";

fn fixture(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The subcommands, as the help lists them.
fn subcommands(env: &TestEnv) -> Vec<String> {
    let help = env.stagegate(&env.path("."), ["--help"]).stdout;
    let list = help.split("Commands:").nth(1).expect("a list");
    list.lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_subcommand_has_examples_and_a_manual_page() {
    let env = TestEnv::new();
    let names = subcommands(&env);
    assert!(names.len() > 10, "{names:?}");
    env.stagegate(&env.path("."), ["man", "--dir", "man1"])
        .succeeded();
    for name in names {
        let help = env.stagegate(&env.path("."), [name.as_str(), "--help"]);
        help.succeeded().says("Examples:");
        let page = env.path(format!("man1/stagegate-{name}.1"));
        let page = fs::read_to_string(page).expect("a page");
        assert!(
            page.contains(".SH NAME") && page.contains(".SH OPTIONS"),
            "{name}"
        );
    }
    let page = env.stagegate(&env.path("."), ["man"]);
    assert!(page.succeeded().stdout.contains("stagegate"));
    let nested = fs::read_to_string(env.path("man1/stagegate-policy-test.1")).expect("a page");
    assert!(nested.contains("CASES.toml"));
}

#[test]
fn completions_are_scripts_of_their_shells() {
    let env = TestEnv::new();
    let here = env.path(".");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = env.stagegate(&here, ["completions", shell]);
        ran.succeeded();
        for word in ["pre-receive", "policy", "sarif"] {
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
    }
    let script = env.file(
        "completions.bash",
        env.stagegate(&here, ["completions", "bash"]).stdout,
    );
    let completed = Command::new("bash")
        .args(["--norc", "-c"])
        .arg(format!(
            ". {}; COMP_WORDS=(stagegate pol); COMP_CWORD=1; _stagegate stagegate pol stagegate; echo \"${{COMPREPLY[@]}}\"",
            script.display()
        ))
        .output()
        .expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "policy");
    env.stagegate(&here, ["completions", "tcsh"]).exits(2);
}

#[test]
fn a_slip_of_the_pen_is_answered_with_the_word_that_was_meant() {
    let env = TestEnv::new();
    let work = env.repo("work");
    for (args, said) in [
        (&["scam"][..], "'scan'"),
        (&["policy", "chekc"], "'check'"),
        (&["scan", "--fromat", "json"], "'--format'"),
        (&["scan", "--format", "sariff"], "'sarif'"),
        (
            &["rules", "show", "stripe-secret-kye"],
            "did you mean stripe-secret-key?",
        ),
        (
            &["explain", "stripe-secret-kye"],
            "`stagegate explain stripe-secret-key`",
        ),
    ] {
        work.stagegate(args).exits(2).says(said);
    }
    work.stagegate(["explain", "stripe-secret-key"])
        .exits(0)
        .says("Stripe");
    // What is neither may be a value, and is not repeated.
    let value = support::live_key(1);
    work.stagegate(["explain", value.as_str()])
        .exits(2)
        .hides(&value);
}

#[test]
fn a_policy_is_held_to_its_own_cases() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let (cases, policy) = (fixture(CASES), fixture(POLICY));
    let test = |cases: &str, more: &[&str]| {
        let args = ["policy", "test", cases, "--policy", &policy];
        work.stagegate(args.into_iter().chain(more.iter().copied()))
    };
    test(&cases, &[]).exits(0).says("36 cases, 0 failed");
    let text = fs::read_to_string(&cases).expect("the cases");
    let wrong = env.file("wrong.toml", text.replacen("\"block\"", "\"allow\"", 1));
    let wrong = wrong.to_str().expect("a plain name");
    let ran = test(wrong, &[]);
    ran.exits(1)
        .says("FAILED: production's credentials never reach staging")
        .says("meant: allow")
        .says("decided: block, by staging")
        .says("stagegate.toml:6")
        .says("18 failed");
    let json = test(wrong, &["--format", "json"]);
    json.exits(1);
    assert_eq!(json.json()["failed"], 18);
    let broken = env.file("broken.toml", text.replace("verdict =", "verdit ="));
    test(broken.to_str().expect("a plain name"), &[])
        .exits(2)
        .says("unknown field `verdit`");
    test("nowhere.toml", &[]).exits(2).says("nowhere.toml");
}

#[test]
fn the_schema_is_json_and_the_reference_names_every_key() {
    let env = TestEnv::new();
    let here = env.path(".");
    let schema = env.stagegate(&here, ["policy", "schema"]);
    schema.succeeded();
    let schema: serde_json::Value = serde_json::from_str(&schema.stdout).expect("JSON");
    let reference = env
        .stagegate(&here, ["policy", "schema", "--reference"])
        .stdout;
    for key in schema["properties"].as_object().expect("keys").keys() {
        assert!(reference.contains(&format!("| `{key}`")), "{key}");
    }
}

/// Runs the gate in a repository with nobody at the other end of its standard output, as where `head` has read enough.
fn unread(repo: &support::Repo<'_>, env: &TestEnv, args: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = env.command(support::STAGEGATE, &repo.dir);
    let ran = command.args(args).stdout(writer).output();
    let ran = ran.expect("the gate runs");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    (ran.status.code(), said)
}

#[test]
fn what_only_shows_ends_quietly_where_its_reader_has_left() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    for args in [
        &["rules", "list"][..],
        &["rules", "docs"],
        &["rules", "show", "stripe-secret-key"],
        &["rules", "matrix", "--format", "json"],
        &["explain", "stripe-secret-key"],
        &["policy", "show"],
        &["policy", "show", "--ref", "staging"],
        &["policy", "schema"],
        &["completions", "zsh"],
        &["man"],
        &["audit"],
    ] {
        assert_eq!(
            unread(&repo, &env, args),
            (Some(0), String::new()),
            "{args:?}"
        );
    }
}

#[test]
fn the_answer_is_the_same_where_nobody_reads_it() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.branch("staging");
    let head = repo.commit_file("app.yml", payments(&live_key(1)));
    let check = [
        "check", "--base", "main", "--head", &head, "--ref", "staging",
    ];
    let code = |args: &[&str]| unread(&repo, &env, args).0;
    for format in ["text", "json", "sarif"] {
        let output = format!("{format}=-");
        let judged = [&check[..], &["--output", &output]].concat();
        assert_eq!(code(&judged), Some(1), "{format}");
    }
    assert_eq!(code(&["scan", "--format", "json"]), Some(1));
    assert_eq!(
        code(&["scan", "--rev", "nowhere", "--format", "json"]),
        Some(2)
    );
    let passes = [
        "check", "--base", &head, "--head", &head, "--ref", "staging",
    ];
    assert_eq!(
        code(&[&passes[..], &["--format", "json"]].concat()),
        Some(0)
    );
    let wrong = fs::read_to_string(fixture(CASES)).expect("the cases");
    let wrong = env.file("wrong.toml", wrong.replacen("\"block\"", "\"allow\"", 1));
    let wrong = wrong.to_str().expect("a plain name");
    let policy = fixture(POLICY);
    assert_eq!(
        code(&["policy", "test", wrong, "--policy", &policy]),
        Some(1)
    );
}
