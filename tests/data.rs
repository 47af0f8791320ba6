//! Production data on its way to staging, and its harmless twins: `fixtures/boundary/data.toml` through the real gate.

mod support;

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use support::{TestEnv, secret};

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    path: String,
    text: String,
    rule: Option<String>,
    verdict: Option<String>,
}

const POLICY: &str = "version = 1\n\
    [environment.production.identity]\nhosts = [\"db.shop.example.net\"]\ndatabases = [\"shop_main\"]\n\
    [environment.staging.identity]\ndatabases = [\"shop_stage\"]\n";

fn cases() -> Vec<Case> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/boundary/data.toml");
    let text = fs::read_to_string(file).expect("the table");
    toml::from_str::<Cases>(&text).expect("a table").case
}

/// Files of a commit on the branch staging, judged under the policy: the report.
fn judged(files: &[(String, Vec<u8>)]) -> (Value, String) {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.commit_file("stagegate.toml", POLICY);
    work.branch("staging");
    for (path, text) in files {
        work.write(path, text);
    }
    work.commit("Work");
    let ran = work.stagegate([
        "check", "--base", "main", "--head", "staging", "--ref", "staging", "--format", "json",
    ]);
    (ran.json(), format!("{}{}", ran.stdout, ran.stderr))
}

fn said(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| {
            let path = text(&finding["place"]["path"]);
            (path, text(&finding["rule"]), text(&finding["verdict"]))
        })
        .collect()
}

#[test]
fn data_of_production_is_told_from_its_twins() {
    let cases = cases();
    let files: Vec<(String, Vec<u8>)> = cases
        .iter()
        .enumerate()
        .map(|(number, case)| {
            let path = format!("case{number}/{}", case.path);
            (path, secret(&case.text, number as u64).into_bytes())
        })
        .collect();
    let (report, output) = judged(&files);
    let said = said(&report);
    let mut failures = Vec::new();
    for (case, (path, _)) in cases.iter().zip(&files) {
        let got: Vec<(&str, &str)> = said
            .iter()
            .filter(|(of, ..)| of == path)
            .map(|(_, rule, verdict)| (rule.as_str(), verdict.as_str()))
            .collect();
        let expected: Vec<(&str, &str)> = case
            .rule
            .as_deref()
            .zip(case.verdict.as_deref())
            .into_iter()
            .collect();
        if got != expected {
            failures.push(format!("{}: {got:?} instead of {expected:?}", case.name));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(cases.iter().filter(|case| case.rule.is_none()).count() >= 14);
    // Whose data it is stays with them.
    for (case, (_, text)) in cases.iter().zip(&files) {
        if case
            .rule
            .as_deref()
            .is_some_and(|rule| rule.starts_with("data-c") || rule == "data-ibans")
        {
            for word in String::from_utf8_lossy(text).split([',', ';', '\n', '\'', '"', ' ', '.']) {
                let is_data = word.contains('@')
                    || word.len() >= 15 && word.bytes().any(|byte| byte.is_ascii_digit());
                assert!(!is_data || !output.contains(word), "{} is shown", case.name);
            }
        }
    }
}

#[test]
fn binary_dumps_are_known_by_their_headers() {
    let mut archive = b"PGDMP".to_vec();
    archive.extend([1, 15, 0, 4, 8, 1, 0]);
    archive.extend([0; 35]);
    archive.extend([0, 9, 0, 0, 0]);
    archive.extend(b"shop_main");
    archive.extend([0; 400]);
    let mut twin = archive.clone();
    let at = twin
        .windows(9)
        .position(|name| name == b"shop_main")
        .expect("the name");
    twin[at..at + 9].copy_from_slice(b"shop_test");
    let mut sqlite = b"SQLite format 3\0".to_vec();
    sqlite.resize(12_288, 1);
    let mut mongo = vec![0x6d, 0xe2, 0x99, 0x81];
    mongo
        .extend(b"\x40\0\0\0\x02db\0\x0a\0\0\0shop_main\0\x10concurrent_collections\0\x04\0\0\0\0");
    let (report, _) = judged(&[
        ("a/shop.dump".to_owned(), archive),
        ("b/shop.dump".to_owned(), twin),
        ("c/shop_production.sqlite3".to_owned(), sqlite.clone()),
        ("d/shop.sqlite3".to_owned(), sqlite),
        (
            "e/production-cache.rdb".to_owned(),
            b"REDIS0011\xfa\x09redis-ver\x057.2.4".to_vec(),
        ),
        (
            "f/cache.rdb".to_owned(),
            b"REDIS0011\xfa\x09redis-ver\x057.2.4".to_vec(),
        ),
        ("g/shop.archive".to_owned(), mongo),
    ]);
    let mut said = said(&report);
    said.sort();
    let said: Vec<(&str, &str, &str)> = said
        .iter()
        .map(|(path, rule, verdict)| (path.as_str(), rule.as_str(), verdict.as_str()))
        .collect();
    let dump = "data-database-dump";
    assert_eq!(
        said,
        [
            ("a/shop.dump", dump, "block"),
            ("c/shop_production.sqlite3", dump, "warn"),
            ("e/production-cache.rdb", dump, "warn"),
            ("g/shop.archive", dump, "block"),
        ]
    );
}

#[test]
fn a_large_table_is_sampled_and_that_is_said() {
    let row = secret("{rows:200:{digit:6},{pan:4},{lower:40}\n}", 5);
    let mut table = "id,card_number,note\n".to_owned();
    while table.len() < 9 << 20 {
        table += &row;
    }
    let (report, output) = judged(&[("export/payments.csv".to_owned(), table.into_bytes())]);
    let said = said(&report);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].2, "block");
    assert!(output.contains("a sample of 4 MiB of its"), "not said");
}

#[test]
fn findings_name_the_controls_that_they_are_about() {
    let (report, _) = judged(&[(
        "export/payments.csv".to_owned(),
        secret("id,card_number\n{rows:30:1,{pan:4}\n}", 3).into_bytes(),
    )]);
    let references = report["findings"][0]["references"].to_string();
    assert!(references.contains("PCI DSS 4.0 6.5.5"), "{references}");
    assert!(
        references.contains("ISO/IEC 27001:2022 A.8.33"),
        "{references}"
    );
    assert!(!references.contains("CWE-798"), "{references}");
}
