//! `stagegate policy init --preset`: what is written is sound, says nothing that nobody confirmed, and proposes what the
//! repository shows; and what it makes of the same findings.

mod support;

use support::{Repo, TestEnv, live_key, payments, secret};

/// A repository with folders of both environments and branches, local and remote.
fn shop(env: &TestEnv) -> Repo<'_> {
    let work = env.repo("work");
    work.write(
        "deploy/production/app.yml",
        "db:\n  host: db.shop.example.net\n  url: postgres://shop@pay.shop.example.net:5432/shop\nrole: arn:aws:iam::111122223333:role/app\ncache: https://shared.shop.example.net/\n",
    );
    work.write(
        "deploy/staging/app.yml",
        "db:\n  host: db.rehearsal.example.net\ncache: https://shared.shop.example.net/\nrole: arn:aws:iam::444455556666:role/app\n",
    );
    work.commit("Both");
    work.git(["branch", "staging"]);
    work.git(["update-ref", "refs/remotes/origin/uat", "HEAD"]);
    work.git(["update-ref", "refs/remotes/origin/feature/x", "HEAD"]);
    work
}

/// The written policy without and with its proposals.
fn begun(work: &Repo<'_>, preset: &str) -> (String, String) {
    work.stagegate(["policy", "init", "--force", "--preset", preset])
        .succeeded();
    let file = work.dir.join("stagegate.toml");
    let written = std::fs::read_to_string(&file).expect("written");
    work.stagegate(["policy", "check"])
        .succeeded()
        .says("sound");
    let confirmed: Vec<&str> = written
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line))
        .collect();
    let confirmed = confirmed.join("\n");
    std::fs::write(&file, &confirmed).expect("confirmed");
    work.stagegate(["policy", "check"])
        .succeeded()
        .says("sound");
    std::fs::write(&file, &written).expect("restored");
    (written, confirmed)
}

#[test]
fn every_preset_is_sound_and_proposes_what_the_repository_shows() {
    let env = TestEnv::new();
    let work = shop(&env);
    for preset in ["boundary", "strict", "advisory"] {
        let (written, confirmed) = begun(&work, preset);
        assert!(
            written.contains(&format!("preset \"{preset}\"")),
            "{written}"
        );
        for line in [
            "# branches of staging, by their names: staging, uat\n",
            "# branches that no environment claims: feature/x, main\n",
            "# files of production, by their names: deploy/production\n",
            "# files of staging, by their names: deploy/staging\n",
            "#: hosts = [\"db.shop.example.net\", \"pay.shop.example.net\"]\n",
            "# db.shop.example.net: deploy/production/app.yml\n",
            "#: aws-accounts = [\"111122223333\"]\n",
            "#: hosts = [\"db.rehearsal.example.net\"]\n",
            "#: refs = [\"main\"]\n",
        ] {
            assert!(written.contains(line), "{preset}: no {line:?}\n{written}");
        }
        assert!(
            !confirmed.contains("\"shared.shop.example.net\""),
            "{confirmed}"
        );
        // Nothing is declared before somebody confirms it.
        let said: String = written
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        for word in ["example.net", "111122223333", "refs", "paths", "hosts"] {
            assert!(!said.contains(word), "{said}");
        }
    }
}

#[test]
fn presets_judge_the_same_findings_differently() {
    let env = TestEnv::new();
    let work = shop(&env);
    let password = secret("{password:14}", 9);
    for (preset, key, generic) in [("boundary", 1, 0), ("strict", 1, 1), ("advisory", 0, 0)] {
        work.git(["switch", "-q", "-C", "rehearsed", "main"]);
        begun(&work, preset);
        let base = work.commit("Policy");
        work.commit_file("deploy/staging/pay.yml", payments(&live_key(4)));
        let with_key = work.tip("HEAD");
        work.stagegate(["check", "--base", &base, "--head", &with_key])
            .exits(key)
            .says("stripe-secret-key");
        work.commit_file(
            "deploy/staging/mail.yml",
            format!("mail:\n  password: {password}\n"),
        );
        work.stagegate(["check", "--base", &with_key, "--head", "HEAD"])
            .exits(generic)
            .says("generic-password")
            .hides(&password);
        let _ = std::fs::remove_file(work.dir.join("stagegate.toml"));
    }
}

#[test]
fn an_empty_repository_and_none_are_told_apart() {
    let env = TestEnv::new();
    let empty = env.empty_repo("empty");
    empty
        .stagegate(["policy", "init", "--preset", "boundary"])
        .succeeded();
    empty.stagegate(["policy", "check"]).succeeded();
    empty
        .stagegate(["policy", "init", "--preset", "boundary"])
        .exits(2)
        .says("is there already");
    let nowhere = env.path("nowhere");
    std::fs::create_dir(&nowhere).expect("a folder");
    env.stagegate(&nowhere, ["policy", "init", "--preset", "boundary"])
        .exits(2)
        .looks_calm();
    assert!(!nowhere.join("stagegate.toml").exists());
}

#[test]
fn a_policy_is_begun_where_output_says() {
    let env = TestEnv::new();
    let work = shop(&env);
    let file = env.path("policy.toml");
    let named = file.display().to_string();
    work.stagegate(["policy", "init", "--output", &named])
        .succeeded();
    assert!(file.exists(), "it is there");
    assert!(!work.dir.join("stagegate.toml").exists(), "and only there");
    work.stagegate(["policy", "init", "--output", "-"])
        .succeeded()
        .says("version = 1");
    assert!(!work.dir.join("stagegate.toml").exists());
}
