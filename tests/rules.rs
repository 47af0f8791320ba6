//! The rules that ship with the binary keep what they promise: every example is found, every counterexample is not.

use stagegate::rules::template::expand;
use stagegate::rules::{Kind, builtin, lint};
use stagegate::scan::Scanner;
use stagegate::scan::assignment::is_stand_in;

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
                    .all(|c| !is_stand_in(c.rule, c.secret.expose()));
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
