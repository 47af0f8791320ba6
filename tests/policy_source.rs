//! The policy in action: where it comes from, what it says of a place, and how a person lets one value through.

mod support;

use support::{Server, TestEnv, live_key, payments, test_key};

const STAGING: &str = "refs/heads/staging";

#[test]
fn a_push_cannot_bring_the_policy_that_lets_it_pass() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(1);
    work.switch("staging");
    work.write(
        "stagegate.toml",
        "version = 1\n[environment.staging]\ntier = \"staging\"\nverdicts = { production-credential = \"allow\" }\n",
    );
    work.write("lib/pay.txt", format!("{key}\n"));
    work.commit("A kinder policy");
    work.push(["staging"])
        .refused()
        .says("lib/pay.txt:1")
        .hides(&key);

    // Not even in two steps inside one push.
    work.git(["reset", "-q", "--soft", "HEAD^"]);
    work.git(["reset", "-q", "lib/pay.txt"]);
    work.git(["commit", "-q", "-m", "First the policy"]);
    work.commit("Then the key");
    work.push(["staging"])
        .refused()
        .says("lib/pay.txt:1")
        .hides(&key);
    assert_eq!(server.gate_said(), Some(1));
}

#[test]
fn an_exception_lets_one_value_through_and_no_other() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let (known, other) = (live_key(2), live_key(3));
    work.commit_file("config/staging.yml", payments(&known));
    let scan = ["scan", "--format", "json"];
    let report = work.stagegate(scan);
    report.exits(1);
    let fingerprint = report.json()["findings"][0]["fingerprint"].clone();
    let exception = |expires: &str| {
        format!(
            "version = 1\n[[exception]]\nfingerprint = {fingerprint}\nenvironment = \"staging\"\n\
             reason = \"a demo account\"\napprover = \"ada\"\nexpires = {expires}\n"
        )
    };
    let tomorrow = jiff::Zoned::now()
        .date()
        .saturating_add(jiff::Span::new().days(30))
        .to_string();
    let policy = env.file("policy.toml", exception(&tomorrow));
    let policy = policy.to_str().expect("a plain name");
    let with = |args: &[&str]| {
        work.stagegate(scan.iter().chain(args).copied().chain(["--policy", policy]))
    };

    with(&[]).succeeded();
    let shown = with(&["--all"]);
    shown.succeeded().hides(&known);
    assert_eq!(shown.json()["findings"][0]["verdict"], "allow");

    // Another value in the same place, and the same value later.
    work.commit_file("config/staging.yml", payments(&other));
    with(&[]).exits(1).hides(&other);
    work.commit_file("config/staging.yml", payments(&known));
    with(&[]).succeeded();
    env.file("policy.toml", exception("2020-01-31"));
    with(&[]).exits(1).says("2020-01-31");
}

#[test]
fn a_policy_can_be_begun_checked_and_asked() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.stagegate(["policy", "init"]).succeeded();
    assert!(work.dir.join("stagegate.toml").is_file());
    work.stagegate(["policy", "check"]).succeeded();
    work.stagegate(["policy", "show", "--ref", STAGING, "--path", "lib/pay.txt"])
        .succeeded()
        .says("staging")
        .says("stagegate.toml");
    // It does not write over what is there.
    let again = work.stagegate(["policy", "init"]);
    assert_ne!(again.code, 0);

    work.write(
        "stagegate.toml",
        "version = 1\nno_such_key = 1\n[environment.staging]\ntier = \"steging\"\n",
    );
    work.stagegate(["policy", "check"])
        .exits(2)
        .says("stagegate.toml:2")
        .says("stagegate.toml:4")
        .looks_calm();
}

#[test]
fn the_repositorys_policy_counts_on_a_laptop() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.guard();
    repo.commit_file(
        "stagegate.toml",
        "version = 1\n[environment.rehearsal]\ntier = \"staging\"\nrefs = [\"rehearsal\"]\n",
    );
    repo.branch("rehearsal");
    let key = live_key(4);
    repo.write("lib/pay.txt", format!("{key}\n"));
    repo.stage();
    repo.try_commit([])
        .exits(1)
        .says("stagegate.toml:4")
        .says("rehearsal")
        .hides(&key);
    repo.write("lib/pay.txt", format!("{}\n", test_key(4)));
    repo.stage();
    repo.try_commit([]).succeeded();
}

#[test]
fn rules_can_be_listed_shown_and_linted() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.stagegate(["rules", "list"])
        .succeeded()
        .says("stripe-secret-key");
    work.stagegate(["rules", "show", "stripe-secret-key"])
        .succeeded()
        .says("sandbox key");
    work.stagegate(["rules", "lint"]).succeeded();
    work.stagegate(["rules", "show", "no-such-rule"])
        .could_not_decide()
        .says("no-such-rule");
}

/// A policy of the administrator outside of the repository.
fn administrator(env: &TestEnv, server: &Server<'_>, text: &str) {
    let policy = env.file("administrator.toml", format!("version = 1\n{text}"));
    server.guard(&["-v".as_ref(), "--policy".as_ref(), policy.as_os_str()]);
}

#[test]
fn a_repository_sets_the_keys_that_the_administrator_opens_and_weakens_no_other() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let open = "[repositories]\nopen = [\"environment.*.paths\"]\n";
    administrator(&env, &server, open);
    work.switch("main");
    work.commit_file(
        "stagegate.toml",
        "version = 1\nconventions = false\n[rules]\ndisable = [\"stripe-secret-key\"]\n[environment.staging]\n\
         paths = [\"eu\"]\nverdicts = { production-credential = \"allow\" }\n",
    );
    work.push(["main"]).succeeded();
    work.branch("feature");
    let key = live_key(1);
    work.commit_file("eu/pay.txt", format!("{key}\n"));
    let commit = server.tip("refs/heads/main").expect("main stands");
    work.push(["feature"])
        .refused()
        // What is open counts, and its line is named;
        .says("eu/pay.txt:1")
        .says("HEAD:stagegate.toml:6")
        // what is locked does not, and its lines are named;
        .says("conventions (line 2), environment.*.verdicts (line 7), rules.disable (line 4) locked by")
        // and both policies are.
        .says("administrator.toml (sha256 ")
        .says("and beside it HEAD:stagegate.toml (sha256 ")
        .says(&format!("commit {commit}"))
        .hides(&key);
    // Without the lock opened the repository's policy is not read at all.
    administrator(&env, &server, "");
    work.push(["feature"]).succeeded();
}

#[test]
fn a_policy_that_cannot_stand_beside_the_administrators_is_refused_before_it_judges() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    administrator(
        &env,
        &server,
        "[environment.production]\nwords = [\"gold\"]\n[repositories]\nopen = [\"environment.*.words\"]\n",
    );
    work.switch("main");
    work.commit_file(
        "stagegate.toml",
        "version = 1\n[environment.staging]\nwords = [\"gold\"]\n",
    );
    work.push(["main"])
        .refused()
        .says("line 3")
        .says("with the new one no later push could be decided");
    assert_eq!(server.gate_said(), Some(2));
    work.commit_file(
        "stagegate.toml",
        "version = 1\n[environment.staging]\nwords = [\"silver\"]\n",
    );
    work.push(["main"])
        .succeeded()
        .says("environment words changed");
}

#[test]
fn an_exception_of_a_repository_counts_once_it_stands_where_it_is_open() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    administrator(&env, &server, "[repositories]\nopen = [\"exception\"]\n");
    work.switch("main");
    let key = live_key(1);
    work.commit_file("config/staging.yml", payments(&key));
    let report = work.stagegate(["scan", "--format", "json"]);
    let fingerprint = report.json()["findings"][0]["fingerprint"].clone();
    let exception = format!(
        "version = 1\n[[exception]]\nfingerprint = {fingerprint}\nenvironment = \"staging\"\nreason = \"a demo\"\n\
         approver = \"ada\"\nexpires = 2999-12-31\n"
    );
    // Not in the push that brings it,
    work.commit_file("stagegate.toml", &exception);
    work.push(["main"]).refused().says("config/staging.yml");
    // and after it.
    work.git(["reset", "-q", "--hard", "HEAD~2"]);
    work.commit_file("stagegate.toml", &exception);
    work.push(["main"]).succeeded();
    work.commit_file("config/staging.yml", payments(&key));
    work.push(["main"]).succeeded();
    work.commit_file("config/staging.yml", payments(&live_key(2)));
    work.push(["main"]).refused().hides(&live_key(2));
}
