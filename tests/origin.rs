//! Whose is it: tables of `fixtures/origin/`, each case a text that is examined as a blob would be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use stagegate::examine::{Knowledge, Sighting, examine};
use stagegate::model::{self, Confidence, Family, Lifetime, Origin, Signal, Strength, Tier};
use stagegate::origin;
use stagegate::policy::Policy;
use stagegate::rules::{builtin, template::expand};
use stagegate::scan::Scanner;
use stagegate::syntax;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/origin")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn table<T: DeserializeOwned>(name: &str) -> T {
    toml::from_str(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn scanner() -> Scanner<'static> {
    Scanner::new(builtin())
}

fn sightings(
    text: &str,
    file: &str,
    policy: &Policy,
    scanner: &Scanner<'static>,
) -> Vec<Sighting<'static>> {
    let knowledge = Knowledge {
        scanner,
        facts: policy.facts(),
        vocabulary: policy.vocabulary(),
        inventory: None,
        evidence: true,
    };
    examine(text.as_bytes(), syntax::of_path(file), &knowledge)
        .expect("examined")
        .sightings
        .into_iter()
        // A pointer beside it is a finding of its own.
        .filter(|sighting| sighting.family == Family::Credential)
        .collect()
}

fn policy(text: &str) -> Policy {
    Policy::parse(&format!("version = 1\n{text}"), "stagegate.toml")
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn all_hold(failures: &[String]) {
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[derive(Deserialize)]
struct Rows {
    row: Vec<Row>,
}

/// Signals by strength, and what they add up to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    what: String,
    #[serde(default)]
    decisive: Vec<Tier>,
    #[serde(default)]
    strong: Vec<Tier>,
    #[serde(default)]
    supporting: Vec<Tier>,
    origin: String,
    #[serde(default)]
    confidence: Option<String>,
}

#[test]
fn every_row_of_the_table() {
    let mut failures = Vec::new();
    for row in table::<Rows>("table.toml").row {
        let of = |strength, tiers: &[Tier]| -> Vec<Signal> {
            tiers
                .iter()
                .map(|&tier| Signal {
                    kind: "test",
                    environment: Some(tier),
                    strength,
                    text: String::new(),
                })
                .collect()
        };
        let mut signals = of(Strength::Supporting, &row.supporting);
        signals.extend(of(Strength::Decisive, &row.decisive));
        signals.extend(of(Strength::Strong, &row.strong));
        let seen = origin::weigh(&signals);
        let expected = (row.origin.as_str(), row.confidence.as_deref());
        if (seen.environment.as_str(), confidence(seen.confidence)) != expected {
            failures.push(format!("{}: {seen:?}", row.what));
        }
    }
    all_hold(&failures);
}

fn confidence(confidence: Option<Confidence>) -> Option<&'static str> {
    confidence.map(|confidence| match confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    })
}

#[derive(Deserialize)]
struct Samples {
    sample: Vec<Sample>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    provider: String,
    text: String,
    of: String,
}

#[test]
fn every_format_that_tells_is_told() {
    let (scanner, policy) = (scanner(), policy(""));
    let mut failures = Vec::new();
    let mut told = 0;
    for sample in table::<Samples>("formats.toml").sample {
        for seed in 1..=5 {
            let text = expand(&sample.text, seed).expect("template");
            let origins: BTreeSet<&str> = sightings(&text, "a.yml", &policy, &scanner)
                .iter()
                .map(|s| match origin::weigh(&s.signals).environment {
                    Origin::Production => "production",
                    Origin::Unknown => "unknown",
                    _ => "nonproduction",
                })
                .collect();
            if origins == BTreeSet::from([sample.of.as_str()]) {
                told += 1;
            } else {
                failures.push(format!(
                    "{} ({}): {origins:?}, not {}",
                    sample.provider, sample.text, sample.of
                ));
                break;
            }
        }
    }
    assert!(told > 0);
    all_hold(&failures);
}

#[derive(Deserialize)]
struct Cases {
    #[serde(default)]
    policy: String,
    case: Vec<Case>,
}

/// A text with one credential, and what is said of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    what: String,
    text: String,
    #[serde(default)]
    file: Option<String>,
    /// The signals of this kind: none where `is` is none.
    kind: String,
    #[serde(default)]
    is: Option<Tier>,
    #[serde(default)]
    strength: Option<Strength>,
    /// Of the credential as a whole; not looked at where it is left out.
    #[serde(default)]
    origin: Option<String>,
    #[serde(default)]
    lifetime: Option<Lifetime>,
    #[serde(default)]
    privileged: Option<bool>,
}

#[test]
fn every_kind_of_evidence() {
    let scanner = scanner();
    let mut failures = Vec::new();
    let mut kinds = BTreeSet::new();
    let cases: Cases = table("kinds.toml");
    let policy = policy(&cases.policy);
    for case in cases.case {
        kinds.insert(case.kind.clone());
        let text = expand(&case.text, 3).unwrap_or_else(|error| panic!("{}: {error}", case.what));
        let file = case.file.as_deref().unwrap_or("a.yml");
        let found = sightings(&text, file, &policy, &scanner);
        let mut fail = |what: String| failures.push(format!("{}: {what}", case.what));
        let Some(sighting) = found.first() else {
            fail("nothing is found".to_owned());
            continue;
        };
        let signals = origin::with_path(&sighting.signals, file, policy.vocabulary());
        let of_kind: Vec<(Tier, Strength)> = signals
            .iter()
            .filter(|signal| signal.kind == case.kind)
            .filter_map(|signal| Some((signal.environment?, signal.strength)))
            .collect();
        let expected: Vec<(Tier, Strength)> = case
            .is
            .into_iter()
            .map(|tier| (tier, case.strength.unwrap_or(Strength::Strong)))
            .collect();
        if !(of_kind.is_empty() == expected.is_empty()
            && of_kind.iter().all(|signal| expected.contains(signal)))
        {
            fail(format!("{of_kind:?}, not {expected:?} of {signals:#?}"));
        }
        let origin = origin::weigh(&signals).environment.as_str();
        if case
            .origin
            .as_deref()
            .is_some_and(|expected| expected != origin)
        {
            fail(format!("{origin} of {signals:#?}"));
        }
        if case
            .lifetime
            .is_some_and(|expected| expected != sighting.lifetime)
        {
            fail(format!("{:?}", sighting.lifetime));
        }
        if case
            .privileged
            .is_some_and(|expected| expected != sighting.privileged)
        {
            fail(format!("privileged: {}", sighting.privileged));
        }
    }
    all_hold(&failures);
    // A kind that the page names has a case here.
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/origin.md"));
    let page = page.expect("the page");
    let section = page
        .split("## Kinds of evidence")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("the section");
    let named: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| line.split('`').next().unwrap_or("").to_owned())
        .collect();
    assert_eq!(
        named, kinds,
        "docs/origin.md and fixtures/origin/kinds.toml"
    );
}

#[derive(Deserialize)]
struct FalseFriends {
    policy: String,
    friend: Vec<FalseFriend>,
}

/// A text in which nothing may speak for an environment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FalseFriend {
    text: String,
    #[serde(default)]
    file: Option<String>,
}

#[test]
fn false_friends_say_nothing() {
    let scanner = scanner();
    let friends: FalseFriends = table("false_friends.toml");
    let policy = policy(&friends.policy);
    let mut failures = Vec::new();
    for friend in friends.friend {
        let text = expand(&friend.text, 3).expect("template");
        let file = friend.file.as_deref().unwrap_or("a.yml");
        let found = sightings(&text, file, &policy, &scanner);
        if found.is_empty() {
            failures.push(format!("nothing is found: {}", friend.text));
        }
        for signal in found
            .iter()
            .flat_map(|s| origin::with_path(&s.signals, file, policy.vocabulary()))
            .filter(|signal| signal.environment.is_some())
        {
            failures.push(format!("{}: {signal:?}", friend.text));
        }
    }
    all_hold(&failures);
}

#[test]
fn a_token_that_has_ended_is_said_to_have() {
    let text = expand(
        r#"token: "{jwt:{"sub":"x","iat":1700000000,"exp":1700003600}}""#,
        1,
    )
    .expect("template");
    let found = sightings(&text, "a.yml", &policy(""), &scanner());
    let ends = found[0].ends.expect("an end");
    assert_eq!(ends.to_string(), "2023-11-14");
    assert!(origin::ended(Some(ends), ends).is_none());
    let later = ends.tomorrow().expect("a day");
    assert!(origin::ended(Some(ends), later).is_some_and(|remark| remark.environment.is_none()));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layouts {
    /// What the file is about, for its reader.
    #[serde(rename = "about")]
    _about: String,
    file: Vec<Layout>,
}

/// A file as a team would write it, with the values of several environments side by side. A value stands as `«TIER»` or
/// `«TIER TEMPLATE»`, where the tier is what it must be told to be. Behind `?` it is known not to be told, or not to be found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    group: String,
    path: String,
    text: String,
}

/// What a value of a layout must be told to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    /// Likely or certainly production's.
    Production,
    /// Production's, possibly.
    Possibly,
    /// Of another environment.
    Of(Origin),
    /// Anything that does not refuse it: not likely production's.
    NotProduction,
}

impl Told {
    fn of(mark: &str) -> Self {
        match mark {
            "P" => Self::Production,
            "p" => Self::Possibly,
            "S" => Self::Of(Origin::Staging),
            "D" => Self::Of(Origin::Development),
            "T" => Self::Of(Origin::Test),
            "N" => Self::NotProduction,
            other => panic!("no such mark: {other}"),
        }
    }

    fn is_met(self, origin: model::OriginOf) -> bool {
        let production = origin.environment == Origin::Production;
        let possible = origin.confidence == Some(Confidence::Possible);
        match self {
            Self::Production => production && !possible,
            Self::Possibly => production,
            Self::Of(other) => origin.environment == other,
            Self::NotProduction => !production || possible,
        }
    }
}

/// The text with its values, and where each of them stands.
fn laid_out(layout: &Layout, seed: u64) -> (String, Vec<(std::ops::Range<usize>, Told, bool)>) {
    let mut text = String::new();
    let mut values = Vec::new();
    let mut rest = layout.text.as_str();
    while let Some((before, behind)) = rest.split_once('«') {
        let (mark, behind) = behind.split_once('»').expect("closed");
        let (told, template) = mark
            .split_once(' ')
            .unwrap_or((mark, "{alnum:9}7{alnum:10}4x"));
        text.push_str(before);
        let start = text.len();
        text.push_str(&expand(template, seed + values.len() as u64).expect("template"));
        let known = told.strip_prefix('?');
        values.push((
            start..text.len(),
            Told::of(known.unwrap_or(told)),
            known.is_some(),
        ));
        rest = behind;
    }
    text.push_str(rest);
    (text, values)
}

/// Of one group: met and all of production's, of other environments', of what is not production's; not found at all.
#[derive(Default)]
struct Score {
    production: [usize; 2],
    other: [usize; 2],
    not: [usize; 2],
    unseen: usize,
}

#[test]
fn layouts_of_real_files() {
    let (scanner, policy) = (scanner(), policy(""));
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut failures = Vec::new();
    for name in ["infrastructure", "applications", "traps", "second"] {
        for layout in table::<Layouts>(&format!("layouts/{name}.toml")).file {
            let score = scores.entry(layout.group.clone()).or_default();
            let (text, values) = laid_out(&layout, 40);
            let found = sightings(&text, &layout.path, &policy, &scanner);
            for (at, told, is_known) in values {
                let line = 1 + text[..at.start].matches('\n').count();
                let here = || {
                    found
                        .iter()
                        .filter(|seen| seen.span.start < at.end && at.start < seen.span.end)
                };
                if here().next().is_none() {
                    score.unseen += 1;
                    if !is_known {
                        failures.push(format!("{}:{line}: not found", layout.path));
                    }
                    continue;
                }
                // Where it counts in several places, the worst of them is what the gate goes by.
                let seen = here()
                    .map(|seen| {
                        let signals =
                            origin::with_path(&seen.signals, &layout.path, policy.vocabulary());
                        (origin::weigh(&signals), signals, seen.key_path.clone())
                    })
                    .max_by_key(|(origin, ..)| {
                        (
                            origin.environment == Origin::Production,
                            origin.confidence != Some(Confidence::Possible),
                        )
                    });
                let (origin, signals, key_path) = seen.expect("seen");
                let met = told.is_met(origin);
                let count = match told {
                    Told::Production | Told::Possibly => &mut score.production,
                    Told::Of(_) => &mut score.other,
                    Told::NotProduction => &mut score.not,
                };
                count[0] += usize::from(met);
                count[1] += 1;
                if met == is_known {
                    let told_by: Vec<_> = signals
                        .iter()
                        .map(|s| (s.kind, s.environment, s.strength))
                        .collect();
                    failures.push(format!(
                        "{}:{line}: {told:?}, but {} {:?} {} of {told_by:?}",
                        layout.path,
                        origin.environment.as_str(),
                        confidence(origin.confidence),
                        key_path.join("."),
                    ));
                }
            }
        }
    }
    #[expect(clippy::print_stdout, reason = "the figures of docs/origin.md")]
    for (group, score) in &scores {
        println!(
            "| {group} | {}/{} | {}/{} | {}/{} | {} |",
            score.production[0],
            score.production[1],
            score.other[0],
            score.other[1],
            score.not[0],
            score.not[1],
            score.unseen
        );
    }
    all_hold(&failures);
}
