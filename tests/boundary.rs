//! Crossings and their harmless twins, through the real gate: every case of `fixtures/boundary/` stands in one repository in
//! staging's folder, in production's and in one that nothing claims, and one scan judges them all.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use stagegate::rules::{Kind, builtin, template::expand};
use support::{TestEnv, live_key};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
}

/// A file, and what is to be said of it where it is staging's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The rule that the case is about.
    rule: String,
    /// The file's name.
    file: String,
    /// A template of what stands in it.
    text: String,
    /// `block` or `warn`; left out where nothing is to be said.
    #[serde(default)]
    verdict: Option<String>,
    /// What is pointed to or granted, as the excerpt shows it.
    #[serde(default)]
    shows: Option<String>,
}

fn policy() -> String {
    fixture("policy.toml")
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/boundary")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cases() -> Vec<Case> {
    ["reference.toml", "identity.toml"]
        .iter()
        .flat_map(|name| {
            let table: Table =
                toml::from_str(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            table.case
        })
        .collect()
}

/// Rule, verdict and excerpt of every finding of a file, by its path.
type Found = BTreeMap<String, Vec<(String, String, String)>>;

fn scan(cases: &[Case]) -> Found {
    let env = TestEnv::new();
    let repo = env.empty_repo("work");
    repo.write("stagegate.toml", policy());
    for (number, case) in cases.iter().enumerate() {
        let text = expand(&case.text, number as u64).unwrap_or_else(|error| {
            panic!("{}: {error}", case.rule);
        });
        for place in ["environments/staging", "environments/production", "lib"] {
            repo.write(format!("{place}/{number}/{}", case.file), &text);
        }
    }
    repo.commit("Every case");
    let ran = repo.stagegate(["scan", "--ref", "refs/heads/main", "--format", "json"]);
    let mut found = Found::new();
    for finding in ran.json()["findings"].as_array().expect("findings") {
        let text = |pointer: &str| {
            let value = finding.pointer(pointer).and_then(|value| value.as_str());
            value.unwrap_or_default().to_owned()
        };
        let family = text("/family");
        if family == "reference" || family == "identity" {
            found.entry(text("/place/path")).or_default().push((
                text("/rule"),
                text("/verdict"),
                text("/excerpt/text"),
            ));
        }
    }
    found
}

#[test]
fn every_crossing_is_told_and_its_twin_is_not() {
    let cases = cases();
    let found = scan(&cases);
    let mut failures = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let path = format!("environments/staging/{number}/{}", case.file);
        let told = found.get(&path).cloned().unwrap_or_default();
        let what = format!("{} {}: {}", case.rule, case.file, case.text.trim());
        match &case.verdict {
            None if told.is_empty() => {}
            None => failures.push(format!("{what}\n  is harmless, and was told: {told:?}")),
            Some(verdict) => {
                let right = told.iter().any(|(rule, said, excerpt)| {
                    *rule == case.rule
                        && said == verdict
                        && case
                            .shows
                            .as_ref()
                            .is_none_or(|part| excerpt.contains(part))
                });
                // One crossing is said once.
                if !right || told.len() > 1 {
                    failures.push(format!("{what}\n  wants {verdict}, and was told: {told:?}"));
                }
            }
        }
    }
    for (path, told) in &found {
        if !path.starts_with("environments/staging/") {
            failures.push(format!("{path} is not staging's, and was told: {told:?}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn every_rule_has_a_crossing_and_a_twin() {
    let cases = cases();
    let rules: BTreeSet<&str> = builtin()
        .iter()
        .filter(|pack| ["reference", "identity"].contains(&pack.provider.as_str()))
        .flat_map(|pack| &pack.rules)
        .filter(|rule| rule.kind == Kind::Structural)
        .map(|rule| rule.id.as_str())
        .collect();
    assert!(rules.len() > 30, "{} rules", rules.len());
    for rule in rules {
        let of_rule: Vec<&Case> = cases.iter().filter(|case| case.rule == rule).collect();
        let crosses = of_rule.iter().any(|case| case.verdict.is_some());
        let twin = of_rule.iter().any(|case| case.verdict.is_none());
        assert!(crosses && twin, "{rule}: crossing {crosses}, twin {twin}");
    }
}

#[test]
fn a_pointer_is_told_in_its_own_words_and_secrets_beside_it_are_not() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.write("stagegate.toml", policy());
    repo.commit("A policy");
    repo.branch("staging");
    repo.guard();
    let key = live_key(3);
    repo.write(
        "config/staging.yml",
        format!("store: {{vault: 'vault:secret/data/prod/db#password', extra: '{key}'}}\n"),
    );
    repo.stage();
    let commit = repo.try_commit([]);
    commit
        .exits(1)
        .says("reference-vault-path")
        .says("Vault path secret/data/prod/db is declared as production's")
        .says("point to staging's own resource")
        .hides(&key);

    repo.write(
        "config/staging.yml",
        "kind: ClusterRoleBinding\nmetadata: {name: x}\nroleRef:\n  kind: ClusterRole\n  name: cluster-admin\n",
    );
    repo.stage();
    let commit = repo.try_commit([]);
    commit
        .exits(1)
        .says("identity-kubernetes-cluster-admin")
        .says("may do everything in the cluster")
        .says("only what staging needs")
        .does_not_say("origin unknown")
        .does_not_say("Rotate")
        .does_not_say("of unknown origin");
}

#[test]
fn what_a_policy_does_not_declare_is_told_and_lets_the_commit_pass() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.branch("staging");
    repo.guard();
    repo.write(
        "config/staging.yml",
        "db_password: \"{{ vault_shop_prod_db_password }}\"\n",
    );
    repo.stage();
    repo.try_commit([])
        .succeeded()
        .says("reference-variable")
        .says("names production");
}

#[test]
fn production_speaks_of_itself_on_every_branch() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    repo.write("stagegate.toml", policy());
    repo.commit("A policy");
    repo.branch("staging");
    repo.guard();
    let own = "cluster_endpoint: https://api.prod.shop.example\nrole: arn:aws:iam::111122223333:role/shop\n";
    repo.write("environments/production/app.yml", own);
    repo.write("ops/prod/app.yml", own);
    repo.stage();
    repo.try_commit([]).succeeded().does_not_say("reference-");
    repo.write("environments/staging/app.yml", own);
    repo.stage();
    repo.try_commit([])
        .exits(1)
        .says("reference-host")
        .says("reference-role")
        .does_not_say("environments/production");
}

/// The page shows one finding of each family; what it says to type does that.
#[test]
fn the_page_shows_all_six_families() {
    let page = include_str!("../docs/boundary.md");
    let script = page
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("a block of commands");
    let env = TestEnv::new();
    let folder = env.path("page");
    std::fs::create_dir(&folder).expect("a folder");
    let gate = std::path::Path::new(support::STAGEGATE);
    let mut command = env.command("sh", &folder);
    let path = format!(
        "{}:{}",
        gate.parent().expect("a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let ran = support::run(command.env("PATH", path).args(["-ec", script]));
    ran.exits(1);
    let json = ran.stdout[ran.stdout.find("{\n").expect("a report")..].to_owned();
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    for family in [
        "credential",
        "reuse",
        "inventory",
        "reference",
        "identity",
        "data",
    ] {
        let told = findings.iter().any(|finding| {
            let place = finding["place"]["path"].as_str().unwrap_or_default();
            finding["family"] == family && place.contains(family)
        });
        assert!(told, "{family}: {findings:#?}");
    }
}
