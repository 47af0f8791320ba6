//! `stagegate explain` and `--explain-rejections`, with the real binary: what is said of a finding, of a value in hand, and of
//! what is taken for no credential; and that no value is ever taken from the command line or shown.

mod support;

use std::path::Path;

use support::{Ran, STAGEGATE, TestEnv, live_key, payments, run_with_input, secret};

fn with_input(env: &TestEnv, dir: &Path, args: &[&str], input: &str) -> Ran {
    run_with_input(env.command(STAGEGATE, dir).args(args), input.as_bytes())
}

#[test]
fn a_finding_of_the_index_is_explained_by_its_place_and_by_its_fingerprint() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(1);
    work.branch("staging");
    work.write("config/app.yml", payments(&key));
    work.stage();
    let ran = work.stagegate(["explain", "config/app.yml:2"]);
    ran.succeeded().hides(&key);
    for said in [
        "config/app.yml:2:22: block",
        "stripe-secret-key",
        "(decisive, for production); decided",
        "1 of the table in docs/origin.md",
        "production-credential of the verdict table",
        "staging, claimed by branch refs/heads/staging",
        "lifetime long",
        "[[exception]] fingerprint = \"sg1:",
        "[environment.staging.verdicts] production-credential = \"warn\"",
    ] {
        ran.says(said);
    }
    let json = work.stagegate(["explain", "config/app.yml:2:22", "--format", "json"]);
    json.succeeded().hides(&key);
    let json = json.json();
    let explained = &json["explanations"][0];
    assert_eq!(json["schema"], "stagegate-explain/1");
    assert_eq!(explained["origin_row"], 1);
    assert_eq!(explained["verdict_row"], "production-credential");
    let fingerprint = explained["finding"]["fingerprint"]
        .as_str()
        .expect("a fingerprint")
        .to_owned();
    let toml = explained["declarations"].as_array().expect("a list");
    let exception = toml
        .iter()
        .filter_map(|one| one["toml"].as_str())
        .find(|text| text.contains("[[exception]]"))
        .expect("an exception");

    // What is offered for pasting is a policy that does what it says.
    let policy = exception
        .replace("<YYYY-MM-DD>", "2999-12-31")
        .replace("<why it has to pass>", "It is a test")
        .replace("<who answers for it>", "ada@example.invalid");
    work.write("stagegate.toml", format!("version = 1\n{policy}\n"));
    work.stage();
    let ran = work.stagegate(["explain", fingerprint.as_str()]);
    ran.succeeded()
        .says("config/app.yml:2:22: allow")
        .says("an exception lets");
    let elsewhere = work.stagegate(["explain", fingerprint.as_str(), "--rev", "main"]);
    elsewhere
        .exits(2)
        .says("no value of this fingerprint stands there");
}

#[test]
fn every_declaration_that_is_offered_is_a_sound_policy() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("staging");
    let account = secret("{aws_key_id:609629065308}", 4);
    let text = format!(
        "aws:\n  access_key_id: {account}\n  secret_access_key: \"{}\"\ndb:\n  host: db7.example.com\n  password: \"{}\"\n",
        secret("{base64:40}", 3),
        secret("{password:14}", 3)
    );
    work.commit_file("config/prod/app.yml", text);
    let scan = work.stagegate(["scan", "--all", "--format", "json"]).json();
    let mut offered = 0;
    for finding in scan["findings"].as_array().expect("findings") {
        let fingerprint = finding["fingerprint"].as_str().expect("a fingerprint");
        let explained =
            work.stagegate(["explain", fingerprint, "--rev", "HEAD", "--format", "json"]);
        for declaration in explained.succeeded().json()["explanations"][0]["declarations"]
            .as_array()
            .expect("a list")
        {
            let toml = declaration["toml"]
                .as_str()
                .expect("lines")
                .replace("<YYYY-MM-DD>", "2999-12-31");
            work.write("try.toml", format!("version = 1\n{toml}\n"));
            work.stagegate(["policy", "check", "try.toml"]).succeeded();
            offered += 1;
        }
    }
    assert!(offered >= 8, "only {offered} declarations");
    let db = work.stagegate([
        "explain",
        "config/prod/app.yml:6",
        "--rev",
        "HEAD",
        "--ref",
        "staging",
    ]);
    db.succeeded().says("hosts = [\"db7.example.com\"]");
    let aws = work.stagegate([
        "explain",
        "config/prod/app.yml:2",
        "--rev",
        "HEAD",
        "--ref",
        "staging",
    ]);
    aws.succeeded().says("aws-accounts = [\"609629065308\"]");
}

#[test]
fn a_value_in_hand_is_read_from_standard_input_only() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = live_key(3);
    let ran = with_input(
        &env,
        &work.dir,
        &[
            "explain",
            "--path",
            "config/x.yml",
            "--ref",
            "staging",
            "--key",
            "payments.key",
        ],
        &format!("{key}\n"),
    );
    ran.succeeded()
        .hides(&key)
        .says("stripe-secret-key")
        .says("key payments.key");
    let password = secret("{password:12}", 3);
    let ran = with_input(
        &env,
        &work.dir,
        &[
            "explain",
            "--path",
            "config/x.yml",
            "--ref",
            "staging",
            "--key",
            "prod.db.password",
        ],
        &password,
    );
    ran.succeeded()
        .hides(&password)
        .says("generic-password")
        .says("section");
    for argument in [
        key.clone(),
        format!("postgres://app:{password}@db.example.com:5432/x"),
        format!("-{password}"),
    ] {
        let ran = work.stagegate(["explain", argument.as_str()]);
        ran.exits(2)
            .hides(&argument)
            .hides(&password)
            .says("standard input");
    }
    let url = format!("redis://:{password}@cache.example.com:6379");
    let ran = work.stagegate(["explain", url.as_str()]);
    ran.hides(&password).hides(&url);
}

#[test]
fn what_is_no_credential_is_explained_too() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let text = format!(
        "db:\n  password: changeme\n  url: \"{{{{ vault_url }}}}\"\n  api_token: ${{API_TOKEN}}\nkey: {}\ngithub: {}\n",
        secret("AKIA{base32:9}EXAMPLE", 1),
        secret("ghp_{alnum:36}", 5),
    );
    work.commit_file("config/app.yml", text);
    let ran = work.stagegate(["explain", "config/app.yml:2"]);
    ran.succeeded()
        .says("Taken for no credential")
        .says("generic-password: placeholder:");
    let ran = work.stagegate(["scan", "--explain-rejections", "--format", "json"]);
    let rejections = &ran.json()["rejections"];
    let reasons = &rejections["reasons"];
    for reason in ["placeholder", "reference", "documentation", "checksum"] {
        assert!(
            reasons[reason].as_u64() >= Some(1),
            "{reason}: {rejections}"
        );
    }
    let counted: u64 = reasons
        .as_object()
        .expect("a table")
        .values()
        .filter_map(|n| n.as_u64())
        .sum();
    assert_eq!(
        counted as usize,
        rejections["candidates"].as_array().expect("a list").len()
    );
    let ran = work.stagegate(["scan", "--explain-rejections"]);
    ran.says("rejected: config/app.yml:2:13: generic-password: placeholder:")
        .does_not_say("changeme");
    assert!(
        work.stagegate(["scan", "--format", "json"])
            .json()
            .get("rejections")
            .is_none()
    );
    let nothing = work.stagegate(["explain", "README.md:1"]);
    nothing
        .succeeded()
        .says("Nothing here looks like a credential");
}
