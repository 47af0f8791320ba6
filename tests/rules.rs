//! The rules that ship with the binary keep what they promise: every example is found, every counterexample is not.

use regex::bytes::RegexBuilder;
use stagegate::examine::{Knowledge, examine};
use stagegate::model::{Facts, Vocabulary};
use stagegate::rules::lead::Lead;
use stagegate::rules::template::expand;
use stagegate::rules::{Kind, Rule, builtin, lint};
use stagegate::scan::Scanner;
use stagegate::scan::reason::of_match;
use stagegate::syntax::Syntax;

#[test]
fn the_builtin_rules_have_no_complaint() {
    let complaints = lint::lint(builtin());
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} complaints:\n{}",
        lines.len(),
        lines.join("\n")
    );
}

#[test]
fn every_provider_whose_format_tells_live_from_test_is_covered() {
    let packs = builtin();
    let telling = packs
        .iter()
        .filter(|pack| pack.rules.iter().any(|rule| !rule.environment.is_empty()))
        .count();
    assert!(packs.len() >= 150, "{} packs", packs.len());
    assert!(
        telling >= 60,
        "{telling} packs whose format tells the environment"
    );
}

#[test]
fn the_order_of_packs_is_that_of_their_names() {
    assert!(builtin().is_sorted_by_key(|pack| &pack.provider));
}

/// What a pattern is said to need, every match of it has: in the examples, and in what is left of them when pieces are cut out.
#[test]
fn every_match_has_what_its_rule_needs() {
    let mut matches = 0;
    for rule in builtin().iter().flat_map(|pack| &pack.rules) {
        let lead = Lead::of(rule);
        if rule.pattern.is_empty() || lead.needs.iter().flatten().next().is_none() {
            continue;
        }
        let regex = RegexBuilder::new(&rule.pattern)
            .unicode(false)
            .build()
            .expect("a pattern");
        for example in &rule.examples {
            for seed in 0..3 {
                let text = expand(&example.text, seed).expect("a good template");
                let cuts = (0..text.len()).flat_map(|from| [1, 2, 7].map(|len| (from, len)));
                for (from, len) in std::iter::once((0, 0)).chain(cuts) {
                    let mut cut = text.as_bytes().to_vec();
                    cut.drain(from..cut.len().min(from + len));
                    for found in regex.find_iter(&cut) {
                        matches += 1;
                        // Not the match: it is of a secret's form.
                        assert!(
                            lead.can_match(found.as_bytes()),
                            "{} {:?}",
                            rule.id,
                            lead.needs
                        );
                    }
                }
            }
        }
    }
    assert!(matches > 10_000, "{matches}");
}

#[test]
fn the_scanner_finds_every_example_by_its_own_rule() {
    let scanner = Scanner::new(builtin());
    let mut wrong = Vec::new();
    for rule in builtin().iter().flat_map(|pack| &pack.rules) {
        if rule.kind == Kind::Generic {
            continue;
        }
        for example in &rule.examples {
            for seed in 0..5 {
                let text = expand(&example.text, seed).expect("a good template");
                let searched = scanner.search(text.as_bytes()).expect("searches");
                let found: Vec<&str> = searched.issued.iter().map(|c| c.rule.id.as_str()).collect();
                let believed = searched
                    .issued
                    .iter()
                    .all(|c| of_match(c, text.as_bytes()).is_none());
                if !believed {
                    wrong.push(format!(
                        "{}: {:?} seed {seed}: taken for a stand-in",
                        rule.id, example.text
                    ));
                }
                // Pairs show an id beside its secret, which has a rule of its own.
                let alone = found.iter().all(|id| *id == rule.id);
                let pair =
                    found.len() == 2 && rule.provider_issued() && found[0][..3] == found[1][..3];
                if !found.contains(&rule.id.as_str()) || !(alone || pair) {
                    wrong.push(format!(
                        "{}: {:?} seed {seed}: found by {found:?}",
                        rule.id, example.text
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} examples:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_value_in_an_assignment_is_one_finding_of_its_own_rule() {
    let scanner = Scanner::new(builtin());
    let vocabulary = Vocabulary::default();
    let knowledge = Knowledge {
        scanner: &scanner,
        facts: &Facts::default(),
        vocabulary: &vocabulary,
        inventory: None,
        evidence: true,
    };
    let mut wrong = Vec::new();
    let mut tried = 0;
    let rules = builtin().iter().flat_map(|pack| &pack.rules);
    for rule in rules.filter(|rule| rule.kind == Kind::Issued) {
        for example in &rule.examples {
            for seed in 20..21 {
                let text = expand(&example.text, seed).expect("a good template");
                for (text, syntax) in assignments(&scanner, rule, &text) {
                    tried += 1;
                    let found = examine(text.as_bytes(), syntax, &knowledge).expect("examined");
                    let ids: Vec<&str> =
                        found.sightings.iter().map(|s| s.rule.id.as_str()).collect();
                    // Telegram's token has a second rule for keys that name it, which the key of this test does.
                    let own = match rule.id.as_str() {
                        "telegram-bot-token" => "telegram-bot-token-by-name",
                        own => own,
                    };
                    if ids != [own] {
                        let form = text.lines().next().unwrap_or_default().len();
                        wrong.push(format!(
                            "{}: {:?} as {syntax:?} ({form} bytes) seed {seed}: {ids:?}",
                            rule.id, example.text
                        ));
                    }
                }
            }
        }
    }
    assert!(tried > 4000, "{tried} texts");
    assert!(
        wrong.is_empty(),
        "{} of {tried} texts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The example's value under the example's own key, or under one that the generic rules know, in the ways in which
/// configuration is written. None for what is no single line, or holds more than its value.
fn assignments(scanner: &Scanner<'_>, rule: &Rule, text: &str) -> Vec<(String, Syntax)> {
    let searched = scanner.search(text.as_bytes()).expect("searches");
    let Some(own) = searched.issued.iter().find(|c| c.rule.id == rule.id) else {
        return Vec::new();
    };
    let value = &text[own.span.clone()];
    let before = &text[..own.span.start];
    let plain = value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"'".contains(&byte));
    if text.contains('\n') || own.span.end != text.len() || !plain {
        return Vec::new();
    }
    let key = match before.strip_suffix('=') {
        Some(key)
            if key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
        {
            key
        }
        None if before.is_empty() => "ACME_SECRET_KEY",
        _ => return Vec::new(),
    };
    let small = key.to_ascii_lowercase();
    vec![
        (format!("{key}={value}\n"), Syntax::Lines),
        (format!("export {key}=\"{value}\"\n"), Syntax::Lines),
        (format!("{small} = {value}\n"), Syntax::Lines),
        (format!("app:\n  {small}: \"{value}\"\n"), Syntax::Yaml),
        (
            format!("{{\"app\": {{\"{small}\": \"{value}\"}}}}\n"),
            Syntax::Yaml,
        ),
        (
            format!("env:\n  - name: {key}\n    value: \"{value}\"\n"),
            Syntax::Yaml,
        ),
        (format!("const {small} = \"{value}\";\n"), Syntax::Code),
    ]
}
