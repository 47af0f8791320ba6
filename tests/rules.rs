//! The rules that ship with the binary keep what they promise: every example is found, every counterexample is not.

use stagegate::rules::template::expand;
use stagegate::rules::{Kind, builtin, lint};
use stagegate::scan::Scanner;
use stagegate::scan::reason::of_match;

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

#[test]
fn the_scanner_finds_every_example_by_its_own_rule() {
    let scanner = Scanner::new(builtin()).expect("the builtin rules");
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
                    .all(|c| of_match(c.rule, c.secret.expose()).is_none());
                if !believed {
                    wrong.push(format!(
                        "{}: {:?} seed {seed}: taken for a stand-in",
                        rule.id, example.text
                    ));
                }
                if !found.contains(&rule.id.as_str()) {
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
