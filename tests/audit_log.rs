//! What a server writes down: the audit log and its chain, overrides that leave a trace, counters, and that a repository's own
//! policy has no say in any of it.

mod support;

use std::fs;
use std::os::unix::net::UnixDatagram;

use support::{
    Ran, Repo, Server, TestEnv, live_key, payments, run, run_with_input, secret, test_key,
};

const STAGING: &str = "refs/heads/staging";

/// A policy of the administrator that logs, and what else it says.
fn administrator(env: &TestEnv, server: &Server<'_>, more: &str) {
    let log = env.path("audit.jsonl");
    let metrics = env.path("stagegate.prom");
    let policy = env.file(
        "policy.toml",
        format!(
            "version = 1\n[log]\nfile = \"{}\"\nmetrics = \"{}\"\n{more}",
            log.display(),
            metrics.display()
        ),
    );
    server.guard(&["--policy".as_ref(), policy.as_os_str()]);
    server.git(["config", "receive.advertisePushOptions", "true"]);
}

/// Pushes staging as somebody, with a push option.
fn push_as(work: &Repo<'_>, env: &TestEnv, who: &str, option: &str) -> Ran {
    let mut command = env.command("git", &work.dir);
    command.args(["push", "-q", "-o", option, "origin", "staging"]);
    run(command.env("GL_USERNAME", who))
}

fn lines(env: &TestEnv) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(env.path("audit.jsonl")).expect("the log");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn verify(work: &Repo<'_>, env: &TestEnv) -> Ran {
    let log = env.path("audit.jsonl");
    work.stagegate(["log", "verify", log.to_str().expect("a plain name")])
}

#[test]
fn every_push_leaves_a_line_and_no_line_a_secret() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    administrator(&env, &server, "");
    work.switch("staging");
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    push_as(&work, &env, "ada", "x").succeeded();
    let key = live_key(1);
    work.commit_file("config/staging.yml", payments(&key));
    push_as(&work, &env, "ben", "x").refused();

    let lines = lines(&env);
    assert_eq!(lines.len(), 2);
    let [passed, refused] = &lines[..] else {
        panic!("two lines");
    };
    assert_eq!(passed["outcome"], "allowed");
    assert_eq!(passed["who"][0], serde_json::json!(["GL_USERNAME", "ada"]));
    assert_eq!(refused["outcome"], "blocked");
    assert_eq!(refused["refs"][0]["name"], STAGING);
    assert_eq!(
        refused["refs"][0]["old"].as_str(),
        server.tip(STAGING).as_deref()
    );
    assert_eq!(refused["verdicts"][0]["verdict"], "block");
    assert_eq!(refused["policy_digest"].as_str().map(str::len), Some(64));
    let text = fs::read_to_string(env.path("audit.jsonl")).expect("the log");
    assert!(
        !text.contains(&key) && !text.contains(&test_key(1)),
        "a secret"
    );
    verify(&work, &env).succeeded().says("2 lines");

    let figures = fs::read_to_string(env.path("stagegate.prom")).expect("figures");
    for line in [
        "stagegate_pushes_total{outcome=\"allowed\"} 1",
        "stagegate_pushes_total{outcome=\"blocked\"} 1",
        "stagegate_duration_seconds_count 2",
    ] {
        assert!(figures.contains(line), "{line}:\n{figures}");
    }

    fs::write(env.path("audit.jsonl"), text.replace("ada", "eve")).expect("written");
    verify(&work, &env).exits(1).says("audit.jsonl:2");
}

#[test]
fn what_cannot_be_written_down_does_not_pass_unless_the_policy_says_so() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    // A folder where the file should be: root is not refused by permissions.
    fs::create_dir(env.path("audit.jsonl")).expect("a folder");
    administrator(&env, &server, "");
    work.switch("staging");
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    work.push(["staging"]).refused().says("audit log");
    assert_eq!(server.gate_said(), Some(2));
    administrator(&env, &server, "on-failure = \"continue\"\n");
    work.push(["staging"]).succeeded();
}

#[test]
fn an_override_is_for_whom_the_policy_names_once_and_leaves_a_trace() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let may = "[[override]]\nby = [\"GL_USERNAME=ada\"]\nfamilies = [\"credential\"]\n";
    administrator(&env, &server, may);
    work.switch("staging");
    let key = live_key(1);
    work.commit_file("config/staging.yml", payments(&key));
    push_as(&work, &env, "ada", "x").refused();
    let fingerprint = lines(&env)[0]["verdicts"][0]["fingerprint"].clone();
    let fingerprint = fingerprint.as_str().expect("a fingerprint");
    let option = format!("stagegate.override={fingerprint}:the demo account, until Friday");

    push_as(&work, &env, "ben", &option)
        .refused()
        .says("changes nothing")
        .says("[[override]]");
    let other = "stagegate.override=sg1:aaaaaaaaaaaaaaaaaaaaaaaa:no";
    push_as(&work, &env, "ada", other).refused();
    let without = format!("stagegate.override={fingerprint}");
    push_as(&work, &env, "ada", &without).refused();

    push_as(&work, &env, "ada", &option)
        .succeeded()
        .says("overridden by GL_USERNAME=ada: the demo account, until Friday")
        .hides(&key);
    let last = lines(&env).pop().expect("a line");
    assert_eq!(last["overrides"][0]["fingerprint"], fingerprint);
    assert_eq!(last["overrides"][0]["by"], "GL_USERNAME=ada");

    // Taken out and brought again, it would need a second one.
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    push_as(&work, &env, "ada", "x").succeeded();
    work.commit_file("config/staging.yml", payments(&key));
    push_as(&work, &env, "ada", &option)
        .refused()
        .says("was used on");
    assert_eq!(server.gate_said(), Some(2));
    verify(&work, &env).succeeded();

    // Which grants were used, and which nobody needs.
    let others = "[[override]]\nby = [\"GL_USERNAME=ben\"]\nfamilies = [\"data\"]\n\
                  [[override]]\nby = [\"GL_USERNAME=ada\"]\nfamilies = [\"data\"]\nexpires = 2020-01-01\n";
    let policy = env.file("later.toml", format!("version = 1\n{may}{others}"));
    let (log, policy) = (env.path("audit.jsonl"), policy.display().to_string());
    let told = work.stagegate([
        "log",
        "overrides",
        log.to_str().expect("a plain name"),
        "--policy",
        &policy,
    ]);
    told.succeeded()
        .says(&format!("{fingerprint} in "))
        .says("GL_USERNAME=ada: the demo account, until Friday")
        .says("1 override used")
        .says("later.toml:2: GL_USERNAME=ada: used 1 times, last at 20")
        .says("later.toml:5: GL_USERNAME=ben: never used in this log; without an end")
        .says("later.toml:8: GL_USERNAME=ada: never used in this log; expired on 2020-01-01")
        .hides(&key);
}

#[test]
fn an_override_without_a_log_or_for_another_family_or_after_its_day_is_none() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.switch("staging");
    work.commit_file("config/staging.yml", payments(&live_key(1)));
    administrator(&env, &server, "");
    push_as(&work, &env, "ada", "x").refused();
    let fingerprint = lines(&env)[0]["verdicts"][0]["fingerprint"].clone();
    let option = format!(
        "stagegate.override={}:a demo",
        fingerprint.as_str().expect("a text")
    );
    let by = "[[override]]\nby = [\"GL_USERNAME=ada\"]\n";
    for more in [
        "families = [\"data\"]\n",
        "families = [\"credential\"]\nexpires = 2020-01-01\n",
    ] {
        administrator(&env, &server, &format!("{by}{more}"));
        push_as(&work, &env, "ada", &option).refused();
    }
    push_as(&work, &env, "ada", &option).says("the [[override]] expired on 2020-01-01");
    let policy = env.file(
        "policy.toml",
        format!("version = 1\n{by}families = [\"credential\"]\n"),
    );
    server.guard(&["--policy".as_ref(), policy.as_os_str()]);
    push_as(&work, &env, "ada", &option)
        .refused()
        .says("no audit log");
}

#[test]
fn what_the_inventory_knows_as_revoked_nobody_overrides() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let value = secret("{password:24}", 1);
    let (inventory, key) = (env.path("inventory"), env.path("inventory.key"));
    let mut command = env.command(support::STAGEGATE, &env.path("home"));
    command
        .args(["inventory", "add", "--revoked", "--source", "incident"])
        .env("STAGEGATE_INVENTORY", &inventory)
        .env("STAGEGATE_INVENTORY_KEY_FILE", &key);
    run_with_input(&mut command, value.as_bytes()).succeeded();
    let more = format!(
        "[inventory]\nfile = \"{}\"\nkey-file = \"{}\"\n[[override]]\nby = [\"GL_USERNAME=ada\"]\n\
         families = [\"credential\", \"inventory\", \"reuse\"]\n",
        inventory.display(),
        key.display()
    );
    administrator(&env, &server, &more);
    work.switch("staging");
    work.commit_file("config/staging.yml", format!("password: {value}\n"));
    push_as(&work, &env, "ada", "x").refused().says("revoked");
    let fingerprint = lines(&env)[0]["verdicts"][0]["fingerprint"].clone();
    let option = format!(
        "stagegate.override={}:a demo",
        fingerprint.as_str().expect("a text")
    );
    push_as(&work, &env, "ada", &option)
        .refused()
        .says("revoked")
        .hides(&value);
    assert_eq!(server.gate_said(), Some(1));
}

#[test]
fn a_policy_in_the_repository_names_neither_log_nor_overrides() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    server.git(["config", "receive.advertisePushOptions", "true"]);
    let log = env.path("audit.jsonl");
    work.switch("main");
    work.commit_file(
        "stagegate.toml",
        format!(
            "version = 1\n[log]\nfile = \"{}\"\n[[override]]\nby = [\"GL_USERNAME=ada\"]\nfamilies = [\"credential\"]\n",
            log.display()
        ),
    );
    work.push(["main"]).succeeded();
    work.switch("staging");
    work.commit_file("config/staging.yml", payments(&live_key(1)));
    let report = work.stagegate(["scan", "--format", "json"]);
    let fingerprint = report.json()["findings"][0]["fingerprint"].clone();
    let option = format!(
        "stagegate.override={}:a demo",
        fingerprint.as_str().expect("a text")
    );
    push_as(&work, &env, "ada", &option)
        .refused()
        .says("HEAD:stagegate.toml: [log] has no say")
        .says("[[override]] has no say");
    assert!(!log.exists(), "the log of a pusher was written");
}

#[test]
fn a_failure_can_be_a_line_for_programs() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.write("stagegate.toml", "version = 2\n");
    let failed = work.stagegate(["scan", "--log-format", "json", "--policy", "stagegate.toml"]);
    failed.exits(2);
    let line: serde_json::Value = serde_json::from_str(failed.stderr.trim()).expect("JSON");
    assert_eq!(line["outcome"], "could not decide");
    assert!(
        line["what"]
            .as_str()
            .is_some_and(|what| what.contains("stagegate.toml:1")),
        "{line}"
    );
}

#[test]
fn what_is_out_of_time_is_written_down_too() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    administrator(&env, &server, "[limits]\ntime-budget = \"1ms\"\n");
    work.switch("staging");
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    work.push(["staging"]).refused();
    assert_eq!(lines(&env)[0]["outcome"], "undecided");
}

#[test]
fn pushes_at_the_same_time_make_one_chain() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    administrator(&env, &server, "");
    work.switch("staging");
    let names: Vec<String> = (0..6).map(|n| format!("feature/{n}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            let mut command = env.command("git", &work.dir);
            command.args([
                "push",
                "-q",
                "origin",
                &format!("staging:refs/heads/{name}"),
            ]);
            scope.spawn(move || {
                run(&mut command).succeeded();
            });
        }
    });
    verify(&work, &env).succeeded().says("6 lines");
}

#[test]
fn every_line_is_forwarded_to_the_log_of_the_system() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let socket = env.path("dev-log");
    let daemon = UnixDatagram::bind(&socket).expect("a socket");
    let patience = Some(std::time::Duration::from_secs(10));
    daemon.set_read_timeout(patience).expect("a time");
    let forward = format!("forward = \"{}\"\n", socket.display());
    administrator(&env, &server, &forward);
    work.switch("staging");
    let key = live_key(1);
    work.commit_file("config/staging.yml", payments(&key));
    push_as(&work, &env, "ada", "x").refused();
    let mut bytes = vec![0; 1 << 16];
    let len = daemon.recv(&mut bytes).expect("a line came");
    let sent = String::from_utf8_lossy(&bytes[..len]).into_owned();
    let (head, line) = sent.split_once("]: ").expect("a head and a line");
    assert!(
        head.starts_with("<84>") && head.contains(" stagegate["),
        "{head}"
    );
    let log = fs::read_to_string(env.path("audit.jsonl")).expect("the log");
    assert_eq!(format!("{line}\n"), log);
    assert!(!sent.contains(&key), "a secret");

    // Nobody listens any more: nothing passes, and the log says so.
    drop(daemon);
    work.commit_file("config/staging.yml", payments(&test_key(1)));
    work.git(["reset", "-q", "--soft", "HEAD~2"]);
    work.commit("Only the test key");
    push_as(&work, &env, "ada", "x")
        .refused()
        .says("cannot forward");
    assert_eq!(server.gate_said(), Some(2));
    assert_eq!(lines(&env).last().expect("a line")["outcome"], "undecided");
    verify(&work, &env).succeeded();
    administrator(
        &env,
        &server,
        &format!("{forward}on-failure = \"continue\"\n"),
    );
    push_as(&work, &env, "ada", "x").succeeded();
}
