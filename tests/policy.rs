//! The policy's truth tables: default conventions, default verdicts, and what a broken policy is told.

use std::{fs, path::Path};

use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde::Deserialize;
use stagegate::model::{Claim, Confidence, Family, Lifetime, Origin, OriginOf, Tier, Verdict};
use stagegate::policy::{History, Policy, PolicyErrors, Row, STARTER, Subject};

const TODAY: Date = date(2030, 6, 15);
const FINGERPRINT: &str = "sg1:0123456789abcdef";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table<R> {
    row: Vec<R>,
}

fn table<R: for<'de> Deserialize<'de>>(name: &str) -> Vec<R> {
    let path = Path::new("fixtures/policy").join(name);
    let text = fs::read_to_string(&path).expect("the fixture is there");
    let table: Table<R> = toml::from_str(&text).expect("the fixture is a table of rows");
    assert!(!table.row.is_empty());
    table.row
}

/// The environments of claims, `none` where there is none.
fn told(claims: &[Claim]) -> String {
    match claims {
        [] => "none".to_owned(),
        claims => claims
            .iter()
            .map(|claim| claim.environment.as_str())
            .collect::<Vec<_>>()
            .join("+"),
    }
}

fn all_hold(failures: &[String]) {
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn paths_by_convention() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct PathRow {
        path: String,
        is: String,
    }
    let policy = Policy::builtin();
    let failures: Vec<_> = table::<PathRow>("paths.toml")
        .into_iter()
        .filter_map(|row| {
            let seen = told(&policy.claims(None, Some(&row.path), &[]));
            (seen != row.is).then(|| format!("{}: {seen}, not {}", row.path, row.is))
        })
        .collect();
    all_hold(&failures);
}

#[test]
fn refs_by_convention() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct RefRow {
        r#ref: String,
        is: String,
    }
    let policy = Policy::builtin();
    let failures: Vec<_> = table::<RefRow>("refs.toml")
        .into_iter()
        .filter_map(|row| {
            let seen = policy
                .claim_of_ref(&row.r#ref)
                .map_or("none".to_owned(), |claim| claim.environment);
            (seen != row.is).then(|| format!("{}: {seen}, not {}", row.r#ref, row.is))
        })
        .collect();
    all_hold(&failures);
}

#[test]
fn sections_by_convention() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct SectionRow {
        file: String,
        key: Vec<String>,
        is: String,
    }
    let policy = Policy::builtin();
    let failures: Vec<_> = table::<SectionRow>("sections.toml")
        .into_iter()
        .filter_map(|row| {
            let key: Vec<&str> = row.key.iter().map(String::as_str).collect();
            let seen = told(&policy.claims(None, Some(&row.file), &key));
            (seen != row.is).then(|| format!("{} {key:?}: {seen}, not {}", row.file, row.is))
        })
        .collect();
    all_hold(&failures);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerdictRow {
    what: String,
    row: String,
    origin: String,
    #[serde(default)]
    confidence: Option<String>,
    #[serde(default)]
    family: Option<Family>,
    #[serde(default)]
    issued: bool,
    #[serde(default)]
    lifetime: Lifetime,
    #[serde(default)]
    privileged: bool,
    #[serde(default)]
    public: bool,
    #[serde(default)]
    declared: bool,
    #[serde(default)]
    revoked: bool,
    verdicts: Verdicts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdicts {
    staging: Verdict,
    production: Verdict,
    development: Verdict,
    test: Verdict,
    unclaimed: Verdict,
}

fn no_fingerprint() -> String {
    panic!("no exception could apply, so no fingerprint may be asked for")
}

fn a_fingerprint() -> String {
    FINGERPRINT.to_owned()
}

fn subject(fingerprint: &dyn Fn() -> String) -> Subject<'_> {
    Subject {
        rule: "some-rule",
        provider: "some",
        family: Family::Credential,
        origin: origin("production"),
        issued: true,
        lifetime: Lifetime::Long,
        privileged: false,
        public: false,
        path: "config/staging/db.yml",
        declared: false,
        revoked: false,
        fingerprint,
    }
}

fn origin(name: &str) -> OriginOf {
    let environment = match name {
        "production" => Origin::Production,
        "staging" => Origin::Staging,
        "development" => Origin::Development,
        "test" => Origin::Test,
        "unknown" => return OriginOf::UNKNOWN,
        other => panic!("no origin is called {other}"),
    };
    OriginOf {
        environment,
        confidence: Some(Confidence::Likely),
    }
}

fn claim(name: &str, tier: Tier) -> Claim {
    Claim {
        environment: name.to_owned(),
        tier,
        claimed_by: format!("branch refs/heads/{name}"),
        policy_line: "default policy".to_owned(),
    }
}

#[test]
fn the_default_table() {
    let policy = Policy::builtin();
    let mut seen_rows = Vec::new();
    for row in table::<VerdictRow>("verdicts.toml") {
        let mut origin = origin(&row.origin);
        if row.confidence.as_deref() == Some("possible") {
            origin.confidence = Some(Confidence::Possible);
        }
        let subject = Subject {
            family: row.family.unwrap_or(Family::Credential),
            origin,
            issued: row.issued,
            lifetime: row.lifetime,
            privileged: row.privileged,
            public: row.public,
            declared: row.declared,
            revoked: row.revoked,
            ..subject(&no_fingerprint)
        };
        assert_eq!(subject.row().key(), row.row, "{}", row.what);
        seen_rows.push(subject.row());
        for (name, tier, verdict) in [
            ("staging", Some(Tier::Staging), row.verdicts.staging),
            (
                "production",
                Some(Tier::Production),
                row.verdicts.production,
            ),
            (
                "development",
                Some(Tier::Development),
                row.verdicts.development,
            ),
            ("test", Some(Tier::Test), row.verdicts.test),
            ("unclaimed", None, row.verdicts.unclaimed),
        ] {
            let claims: Vec<Claim> = tier.map(|tier| claim(name, tier)).into_iter().collect();
            let decision = policy.decide(&subject, &claims, TODAY);
            assert_eq!(decision.verdict, verdict, "{} into {name}", row.what);
            assert_eq!(decision.claim, claims.first().cloned());
            assert_eq!(decision.exception, None);
            let place = if tier.is_some() {
                format!("environment.{name}")
            } else {
                name.to_owned()
            };
            assert_eq!(
                decision.because.policy_line,
                format!("default policy: {place}.verdicts.{}", row.row)
            );
        }
    }
    for row in Row::ALL {
        assert!(
            seen_rows.contains(&row),
            "no row of the table is {}",
            row.key()
        );
    }
}

fn parse(text: &str) -> Policy {
    Policy::parse(text, "stagegate.toml").unwrap_or_else(|errors| panic!("\n{errors}"))
}

#[test]
fn sentences_are_plain_and_name_the_line() {
    let policy = Policy::builtin();
    let decision = policy.decide(
        &subject(&no_fingerprint),
        &[claim("staging", Tier::Staging)],
        TODAY,
    );
    assert_eq!(
        decision.because.text,
        "a production credential is blocked where staging claims the place"
    );
    let policy = parse(
        "version = 1\n[environment.rehearsal]\ntier = \"staging\"\nrefs = [\"dress-*\"]\n\
         [environment.rehearsal.verdicts]\nproduction-credential = \"warn\"\n",
    );
    let claims = policy.claims(Some("refs/heads/dress-1"), None, &[]);
    assert_eq!(claims[0].claimed_by, "branch pattern \"dress-*\"");
    assert_eq!(claims[0].policy_line, "stagegate.toml:4");
    let decision = policy.decide(&subject(&no_fingerprint), &claims, TODAY);
    assert_eq!(decision.verdict, Verdict::Warn);
    assert_eq!(
        decision.because.text,
        "a production credential is warned about where rehearsal (tier staging) claims the place"
    );
    assert_eq!(decision.because.policy_line, "stagegate.toml:6");
}

#[test]
fn the_strictest_claim_wins() {
    let policy = Policy::builtin();
    let path = "config/production/db.yml";
    let claims = policy.claims(
        Some("refs/heads/staging"),
        Some(path),
        &["development", "x"],
    );
    assert_eq!(told(&claims), "staging+production+development");
    let decision = policy.decide(&subject(&no_fingerprint), &claims, TODAY);
    assert_eq!(decision.verdict, Verdict::Block);
    assert_eq!(
        decision.claim.map(|c| c.environment).as_deref(),
        Some("staging")
    );
    // Where both say the same, staging is named.
    let claims = [
        claim("production", Tier::Production),
        claim("staging", Tier::Staging),
    ];
    let test_key = Subject {
        origin: origin("test"),
        ..subject(&no_fingerprint)
    };
    let decision = policy.decide(&test_key, &claims, TODAY);
    assert_eq!(
        decision.claim.map(|c| c.environment).as_deref(),
        Some("staging")
    );
}

#[test]
fn paths_may_outrank_refs() {
    let policy = parse("version = 1\nprecedence = \"path\"\n");
    let staging = Some("refs/heads/staging");
    let told_of = |path, key: &[&str]| told(&policy.claims(staging, Some(path), key));
    assert_eq!(told_of("config/production/db.yml", &[]), "production");
    assert_eq!(
        told_of("config/database.yml", &["production", "x"]),
        "production"
    );
    assert_eq!(told_of("config/database.yml", &["x"]), "staging");
    assert_eq!(told_of("README.md", &[]), "staging");
}

#[test]
fn what_is_written_out_outranks_conventions_and_a_glob_adds() {
    let policy = parse(
        "version = 1\n[environment.development]\nrefs = [\"qa\", \"*\"]\npaths = [\"config/staging.yml\", \"config/**\"]\n",
    );
    let of_ref = |name| told(&policy.claims(Some(name), None, &[]));
    assert_eq!(of_ref("refs/heads/qa"), "development");
    assert_eq!(of_ref("refs/heads/topic"), "development");
    assert_eq!(of_ref("refs/heads/staging"), "development+staging");
    assert_eq!(
        policy
            .claim_of_ref("refs/heads/staging")
            .map(|c| c.environment)
            .as_deref(),
        Some("staging")
    );
    let of_path = |path| told(&policy.claims(None, Some(path), &[]));
    assert_eq!(of_path("config/staging.yml"), "development");
    assert_eq!(of_path("config/uat.yml"), "development+staging");
}

#[test]
fn a_declared_environment_brings_its_name_and_words() {
    let policy = parse(
        "version = 1\n[environment.preprod]\ntier = \"staging\"\nwords = [\"rehearsal\", \"blue-lab\"]\nsections = [\"accounts.eu\"]\n",
    );
    let of_path = |path| told(&policy.claims(None, Some(path), &[]));
    assert_eq!(of_path("values-preprod.yaml"), "preprod");
    assert_eq!(of_path("values-pre-prod.yaml"), "preprod");
    assert_eq!(of_path("values-rehearsal.yaml"), "preprod");
    assert_eq!(of_path("config/blue-lab/x.yml"), "preprod");
    assert_eq!(
        policy
            .vocabulary()
            .tier_of_name("BLUE_LAB_KEY")
            .map(|(tier, _)| tier),
        Some(Tier::Staging)
    );
    assert_eq!(of_path("values-uat.yaml"), "staging");
    assert_eq!(
        told(&policy.claims(None, Some("a.yml"), &["accounts", "EU", "key"])),
        "preprod"
    );
    assert_eq!(
        told(&policy.claims(None, Some("a.yml"), &["rehearsal", "key"])),
        "preprod"
    );
    assert_eq!(
        policy
            .vocabulary()
            .tier_of_name("REHEARSAL_KEY")
            .map(|(tier, _)| tier),
        Some(Tier::Staging)
    );
}

#[test]
fn words_can_be_ignored_and_conventions_switched_off() {
    let policy = parse("version = 1\n[words]\nignore = [\"prod\", \"qa\"]\n");
    let of_path = |policy: &Policy, path| told(&policy.claims(None, Some(path), &[]));
    assert_eq!(of_path(&policy, "values-prod.yaml"), "none");
    assert_eq!(of_path(&policy, "values-production.yaml"), "production");
    assert!(policy.claim_of_ref("refs/heads/qa").is_none());
    assert!(policy.vocabulary().tier_of_name("PROD_KEY").is_none());

    let policy =
        parse("version = 1\nconventions = false\n[environment.staging]\nrefs = [\"lab\"]\n");
    assert_eq!(of_path(&policy, "values-staging.yaml"), "none");
    assert!(policy.claim_of_ref("refs/heads/staging").is_none());
    assert!(policy.claim_of_ref("refs/heads/lab").is_some());
    assert!(!policy.may_have_sections("a.yml"));
    assert!(policy.vocabulary().tier_of_name("PROD_KEY").is_some());
}

#[test]
fn a_default_environment_can_change_its_tier() {
    let policy = parse("version = 1\n[environment.test]\ntier = \"staging\"\n");
    let claims = policy.claims(None, Some(".env.test"), &[]);
    assert_eq!(
        (claims[0].environment.as_str(), claims[0].tier),
        ("test", Tier::Staging)
    );
    assert_eq!(
        policy.vocabulary().tier_of_environment("test"),
        Some((Tier::Staging, "test".to_owned()))
    );
}

#[test]
fn facts_and_settings_are_read() {
    let policy = parse(
        "version = 1\nhistory = \"tip\"\n\
         [environment.production.identity]\nhosts = [\"*.prod.example.com\"]\naws-accounts = [\"111122223333\"]\n\
         [environment.staging.identity]\ndatabases = [\"shop_staging\"]\n",
    );
    assert_eq!(policy.history(), History::Tip);
    assert_eq!(policy.source(), "stagegate.toml");
    let facts = policy.facts();
    let names: Vec<_> = facts.environments.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["production", "staging"]);
    assert_eq!(facts.environments[0].policy_line, "stagegate.toml:3");
    let (environment, _) = facts
        .lookup(|e| &e.aws_accounts, "111122223333")
        .expect("declared");
    assert_eq!(environment.tier, Tier::Production);
}

fn with_exception(more: &str) -> Policy {
    parse(&format!(
        "version = 1\n[[exception]]\nfingerprint = \"{FINGERPRINT}\"\nenvironment = \"staging\"\n\
         reason = \"the vendor has one account\"\napprover = \"ada\"\nexpires = 2030-06-15\n{more}"
    ))
}

#[test]
fn an_exception_lets_one_value_pass() {
    let policy = with_exception("");
    assert!(policy.has_exceptions());
    let staging = [claim("staging", Tier::Staging)];
    let decision = policy.decide(&subject(&a_fingerprint), &staging, TODAY);
    assert_eq!(decision.verdict, Verdict::Allow);
    assert_eq!(decision.because.policy_line, "stagegate.toml:2");
    assert_eq!(
        decision.exception.as_deref(),
        Some("the vendor has one account (approved by ada until 2030-06-15)")
    );
    // Another value, another place, the day after, a revoked value: no.
    let other = || "sg1:ffffffffffffffff".to_owned();
    assert_eq!(
        policy.decide(&subject(&other), &staging, TODAY).verdict,
        Verdict::Block
    );
    let uat = [claim("uat", Tier::Staging)];
    assert_eq!(
        policy
            .decide(&subject(&no_fingerprint), &uat, TODAY)
            .verdict,
        Verdict::Block
    );
    let tomorrow = date(2030, 6, 16);
    assert!(policy.notes(TODAY).is_empty());
    assert_eq!(policy.notes(tomorrow).len(), 1);
    assert_eq!(
        policy
            .decide(&subject(&no_fingerprint), &staging, tomorrow)
            .verdict,
        Verdict::Block
    );
    let revoked = Subject {
        revoked: true,
        ..subject(&no_fingerprint)
    };
    assert_eq!(
        policy.decide(&revoked, &staging, TODAY).verdict,
        Verdict::Block
    );
    // It answers for its own environment only: another claim still speaks.
    let both = [staging[0].clone(), uat[0].clone()];
    assert_eq!(
        policy
            .decide(&subject(&a_fingerprint), &both, TODAY)
            .verdict,
        Verdict::Block
    );
}

#[test]
fn an_exception_can_be_bound_to_rule_and_path() {
    let staging = [claim("staging", Tier::Staging)];
    for (more, verdict) in [
        ("rule = \"some-rule\"\n", Verdict::Allow),
        ("rule = \"other-rule\"\n", Verdict::Block),
        ("path = \"config/**\"\n", Verdict::Allow),
        ("path = \"deploy/**\"\n", Verdict::Block),
    ] {
        let decision = with_exception(more).decide(&subject(&a_fingerprint), &staging, TODAY);
        assert_eq!(decision.verdict, verdict, "{more}");
    }
}

#[test]
fn unclaimed_places_have_verdicts_too() {
    let policy = parse("version = 1\n[unclaimed.verdicts]\nproduction-credential = \"block\"\n");
    let decision = policy.decide(&subject(&no_fingerprint), &[], TODAY);
    assert_eq!(decision.verdict, Verdict::Block);
    assert_eq!(decision.because.policy_line, "stagegate.toml:3");
}

/// Every line of a bad policy that is mistaken ends in `#! ` and a part of its message; `#!! ` is about the file as a
/// whole and stands anywhere.
#[test]
fn bad_policies_tell_every_mistake_at_its_place() {
    let mut seen = 0;
    for entry in fs::read_dir("fixtures/policy/bad").expect("the fixtures are there") {
        let path = entry.expect("readable").path();
        let text = fs::read_to_string(&path).expect("readable");
        let mut expected = Vec::new();
        for (at, line) in text.lines().enumerate() {
            if let Some((_, what)) = line.split_once("#!! ") {
                expected.push((1, what));
            } else if let Some((_, messages)) = line.split_once("#! ") {
                expected.extend(messages.split(" && ").map(|what| (at + 1, what)));
            }
        }
        expected.sort_by_key(|(line, _)| *line);
        let errors: PolicyErrors = match Policy::parse(&text, "p.toml") {
            Ok(_) => panic!("{} is accepted", path.display()),
            Err(errors) => errors,
        };
        let told: Vec<_> = errors
            .mistakes()
            .iter()
            .map(|m| (m.line, m.what.as_str()))
            .collect();
        assert_eq!(told.len(), expected.len(), "{}\n{errors}", path.display());
        for ((line, what), mistake) in expected.iter().zip(errors.mistakes()) {
            let whole = format!("{} | {}", mistake.what, mistake.hint);
            assert!(
                mistake.line == *line && whole.contains(what),
                "{}: expected line {line} with {what:?}\n{errors}",
                path.display()
            );
            assert!(!mistake.what.is_empty());
        }
        seen += 1;
    }
    assert!(seen >= 8);
}

#[test]
fn the_starter_is_a_good_policy() {
    let policy = parse(STARTER);
    // It says nothing yet: the defaults hold.
    assert_eq!(
        told(&policy.claims(
            Some("refs/heads/staging"),
            Some("config/production/x.yml"),
            &[]
        )),
        "staging+production"
    );
    // And with every comment of a setting taken out of its comment it is still one.
    let spoken: String = STARTER
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n");
    let policy = parse(&spoken);
    assert!(policy.has_exceptions());
    assert!(!policy.facts().environments.is_empty());
}

#[test]
fn the_examples_of_the_documentation_are_good_policies() {
    let text = fs::read_to_string("docs/policy.md").expect("the page is there");
    let mut examples = 0;
    for block in text.split("```toml\n").skip(1) {
        let (example, _) = block.split_once("```").expect("a fence ends");
        if example.starts_with("[[case]]") {
            let policy = fs::read_to_string("fixtures/policy/cases/stagegate.toml").expect("there");
            let today = jiff::civil::date(2026, 6, 1);
            let tried = stagegate::policy::try_cases(&parse(&policy), example, "page", today);
            let tried = tried.expect("sound cases");
            assert!(!tried.is_empty() && tried.iter().all(stagegate::policy::Tried::holds));
            continue;
        }
        let whole = if example.contains("version") {
            example.to_owned()
        } else {
            format!("version = 1\n{example}")
        };
        if let Err(errors) = Policy::parse(&whole, "docs/policy.md") {
            panic!("\n{errors}\n{example}");
        }
        examples += 1;
    }
    assert!(examples >= 5);
    for row in Row::ALL {
        assert!(
            text.contains(&format!("`{}`", row.key())),
            "{} is not documented",
            row.key()
        );
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in ".{0,400}") {
        let _ = Policy::parse(&text, "p.toml");
    }

    #[test]
    fn parsing_shuffled_policies_never_panics(lines in prop::collection::vec(0usize..1000, 0..40)) {
        let all: Vec<&str> = STARTER.lines().collect();
        let text: String = lines
            .iter()
            .map(|at| all[at % all.len()].trim_start_matches("#: "))
            .collect::<Vec<_>>()
            .join("\n");
        let _ = Policy::parse(&text, "p.toml").map_err(|errors| errors.to_string());
    }

    #[test]
    fn any_name_can_be_asked(name in "\\PC{0,60}", parts in "([a-zA-Z.@_/-]|prod|staging|non|pre|env|\\.yml){0,12}") {
        let policy = Policy::builtin();
        for name in [&name, &parts] {
            let key: Vec<&str> = name.split('.').collect();
            let _ = policy.claims(Some(&format!("refs/heads/{name}")), Some(name), &key);
        }
    }

    #[test]
    fn more_claims_never_make_it_milder(first in 0usize..4, second in 0usize..4, row in 0usize..5) {
        let tiers = [Tier::Production, Tier::Staging, Tier::Development, Tier::Test];
        let claims = [claim("a", tiers[first]), claim("b", tiers[second])];
        let subject = Subject {
            origin: origin(["production", "staging", "development", "test", "unknown"][row]),
            ..subject(&no_fingerprint)
        };
        let policy = Policy::builtin();
        let both = policy.decide(&subject, &claims, TODAY).verdict;
        for one in &claims {
            prop_assert!(both >= policy.decide(&subject, std::slice::from_ref(one), TODAY).verdict);
        }
    }
}
