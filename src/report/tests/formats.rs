//! The formats for machines: each against its schema or its reader, and one text that tries to break out of all of them.

use serde_json::Value;

use super::{
    ALL, Format, Options, at, full_report, hostile, many, mistakes, options, render, report,
    stripe, unread, warning,
};
use crate::model::{Exemption, Finding, Report, Verdict};
use crate::rules::frameworks;

fn all() -> Options {
    Options {
        show_allowed: true,
        finished: 1_900_000_000,
        ..options(0)
    }
}

fn json_of(report: &Report, format: Format) -> Value {
    serde_json::from_str(&render(report, format, &all())).expect("JSON")
}

/// Reports of every kind: blocked, silent, hostile, undecided, with content that has no path.
fn reports() -> Vec<Report> {
    let mut message = at(&stripe(), "(commit message)", 5, Some(super::oid(2)));
    message.excerpt.text.clear();
    (message.excerpt.start, message.excerpt.end) = (0, 0);
    let mut undecided = report("pre-receive", Vec::new());
    undecided.unexamined = vec![unread("a/b c.bin", "too large", true)];
    vec![
        full_report(),
        report("scan", Vec::new()),
        report("check", vec![hostile(), message]),
        undecided,
        report("scan", vec![excepted()]),
    ]
}

fn excepted() -> Finding {
    let mut finding = stripe();
    finding.verdict = Verdict::Allow;
    finding.because.text = "an exception lets it pass: ticket 7".to_owned();
    finding.because.exempted_by = Some(Exemption::Exception);
    finding
}

#[test]
fn sarif_fits_the_official_schema() {
    let schema = serde_json::from_str(include_str!("../../../fixtures/schemas/sarif-2.1.0.json"))
        .expect("JSON");
    for report in reports() {
        let sarif = json_of(&report, Format::Sarif);
        assert_eq!(mistakes(&schema, &sarif), [""; 0]);
    }
    // The schema is not one that takes everything.
    let mut sarif = json_of(&full_report(), Format::Sarif);
    sarif["runs"][0]["results"][0]["level"] = "fatal".into();
    sarif["runs"][0]["tool"]["driver"]["name"] = 1.into();
    assert_eq!(mistakes(&schema, &sarif).len(), 2);
}

#[test]
fn sarif_says_what_its_readers_ask_for() {
    let sarif = json_of(&full_report(), Format::Sarif);
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 4);
    let levels: Vec<&Value> = results.iter().map(|result| &result["level"]).collect();
    assert_eq!(levels, ["error", "error", "warning", "none"]);
    for result in results {
        let index =
            usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(
            run["tool"]["driver"]["rules"][index]["id"],
            result["ruleId"]
        );
        for taxon in result["taxa"].as_array().expect("taxa") {
            let at =
                |value: &Value| usize::try_from(value.as_u64().expect("index")).expect("small");
            let taxonomy = &run["taxonomies"][at(&taxon["toolComponent"]["index"])];
            assert_eq!(taxonomy["name"], taxon["toolComponent"]["name"]);
            assert_eq!(taxonomy["taxa"][at(&taxon["index"])]["id"], taxon["id"]);
        }
    }
    assert_eq!(results[0]["taxa"][0]["id"], "NHI2:2025");
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 3);
    // The excerpt does not begin where the line does, so a byte's column would be a guess.
    assert_eq!(region["startColumn"], Value::Null);
    let mut known = stripe();
    known.place.column = known.excerpt.start + 1;
    let sarif = json_of(&report("check", vec![known]), Format::Sarif);
    let region = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startColumn"], 15);

    let sarif = json_of(&report("scan", vec![excepted()]), Format::Sarif);
    let suppressed = &sarif["runs"][0]["results"][0];
    assert_eq!(suppressed["level"], "error");
    assert_eq!(suppressed["suppressions"][0]["kind"], "external");
    let mut undecided = report("pre-receive", Vec::new());
    undecided.unexamined = vec![unread("a", "too large", true)];
    let invocation = &json_of(&undecided, Format::Sarif)["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(
        invocation["toolExecutionNotifications"][0]["level"],
        "error"
    );
}

#[test]
fn every_control_that_findings_name_has_a_taxonomy() {
    for framework in frameworks::frameworks() {
        for control in &framework.controls {
            let mut finding = stripe();
            finding.references = vec![framework.told(control)];
            let sarif = json_of(&report("scan", vec![finding]), Format::Sarif);
            let taxon = &sarif["runs"][0]["results"][0]["taxa"][0]["id"];
            assert_eq!(*taxon, control.id, "{}", framework.name);
        }
    }
}

#[test]
fn a_finding_is_the_same_after_a_rebase_and_not_in_another_file() {
    let id = |finding: &Finding| {
        let sarif = json_of(&report("scan", vec![finding.clone()]), Format::Sarif);
        sarif["runs"][0]["results"][0]["partialFingerprints"]["stagegateFinding/v1"].clone()
    };
    let here = id(&stripe());
    assert_eq!(
        here,
        id(&at(
            &stripe(),
            "config/staging.yml",
            99,
            Some(super::oid(7))
        ))
    );
    assert_ne!(here, id(&at(&stripe(), "config/other.yml", 3, None)));
    let twice = report(
        "scan",
        vec![stripe(), at(&stripe(), "config/staging.yml", 4, None)],
    );
    let issues = json_of(&twice, Format::CodeQuality);
    assert_ne!(issues[0]["fingerprint"], issues[1]["fingerprint"]);
}

#[test]
fn gitlab_takes_the_report() {
    let schema = serde_json::from_str(include_str!(
        "../../../fixtures/schemas/gitlab-secret-detection-15.json"
    ))
    .expect("JSON");
    for report in reports() {
        let written = json_of(&report, Format::Gitlab);
        assert_eq!(mistakes(&schema, &written), [""; 0]);
    }
    let written = json_of(&full_report(), Format::Gitlab);
    assert_eq!(written["scan"]["end_time"], "2030-03-17T17:46:40");
    let first = &written["vulnerabilities"][0];
    assert_eq!(first["location"]["commit"]["sha"], "2".repeat(40));
    assert_eq!(first["severity"], "High");
    for (report, most) in [(full_report(), 5), (report("scan", Vec::new()), 0)] {
        let issues = json_of(&report, Format::CodeQuality);
        let issues = issues.as_array().expect("a list");
        assert_eq!(issues.len(), most);
        for issue in issues {
            for key in ["description", "check_name", "fingerprint", "severity"] {
                assert!(issue[key].as_str().is_some_and(|text| !text.is_empty()));
            }
            assert!(issue["location"]["lines"]["begin"].as_u64() >= Some(1));
        }
    }
}

#[test]
fn bitbucket_takes_the_annotations() {
    let mut long = stripe();
    long.title = "x".repeat(3000);
    let written = json_of(&report("check", vec![long]), Format::Bitbucket);
    assert_eq!(written["report"]["result"], "FAILED");
    let annotation = &written["annotations"][0];
    let length = |key: &str| annotation[key].as_str().expect("text").chars().count();
    assert_eq!((length("summary"), length("details")), (450, 2000));
    let ids = json_of(&full_report(), Format::Bitbucket);
    let ids = ids["annotations"].as_array().expect("a list").iter();
    let ids: std::collections::BTreeSet<String> =
        ids.map(|one| one["external_id"].to_string()).collect();
    assert_eq!(ids.len(), 5);
}

#[test]
fn lines_of_json_are_the_records_of_the_report() {
    let report = full_report();
    let whole = json_of(&report, Format::Json);
    let written = render(&report, Format::JsonLines, &all());
    let mut lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines[0]["record"], "run");
    assert_eq!(lines[0]["exit_code"], whole["exit_code"]);
    for line in &mut lines {
        line.as_object_mut().expect("an object").remove("record");
    }
    assert_eq!(
        lines[1..5],
        whole["findings"].as_array().expect("a list")[..]
    );
    assert_eq!(lines[5], whole["unexamined"][0]);
    assert_eq!(lines[6]["text"], whole["notes"][0]);
    assert_eq!(lines.len(), 7);
}

#[test]
fn junit_is_xml_and_counts_right() {
    for report in reports() {
        let written = render(&report, Format::Junit, &all());
        let mut reader = quick_xml::Reader::from_str(&written);
        let (mut cases, mut counted) = (0, None);
        loop {
            use quick_xml::events::Event;
            match reader.read_event().expect("sound XML") {
                Event::Start(tag) | Event::Empty(tag) => {
                    for attribute in tag.attributes() {
                        let attribute = attribute.expect("an attribute");
                        if tag.name().as_ref() == "testsuite" && attribute.key.as_ref() == "tests" {
                            counted = Some(attribute.value.to_string());
                        }
                    }
                    cases += usize::from(tag.name().as_ref() == "testcase");
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert!(cases > 0);
        assert_eq!(counted, Some(cases.to_string()), "{written}");
    }
}

#[test]
fn every_format_as_it_is() {
    for format in ALL {
        if !matches!(format, Format::Text | Format::Json) {
            let written = render(&full_report(), *format, &all());
            let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
            let written = written.replace(&version, "\"0.1.0\"");
            insta::assert_snapshot!(format!("format_{}", format.as_str()), written);
        }
    }
}

/// A text that would be a command, a formula, a link or markup, if a format let it.
const BREAKS_OUT: &str = "=1+1\r\n::error::x\n##vso[task.setvariable variable=a]b,\"';]%0A|`<b>&</b>]]>@all [a](http://x.y) \u{1b}[0m\u{fffe}";

#[test]
fn nothing_breaks_out_of_any_format() {
    let mut finding = stripe();
    finding.rule = BREAKS_OUT.to_owned();
    finding.title = BREAKS_OUT.to_owned();
    finding.place.path = BREAKS_OUT.to_owned();
    finding.place.key_path = Some(BREAKS_OUT.to_owned());
    finding.place.ref_name = Some(BREAKS_OUT.to_owned());
    finding.because.text = BREAKS_OUT.to_owned();
    finding.because.policy_line = BREAKS_OUT.to_owned();
    finding.destination.environment = Some(BREAKS_OUT.to_owned());
    finding.destination.claimed_by = Some(BREAKS_OUT.to_owned());
    finding.evidence[0].text = BREAKS_OUT.to_owned();
    finding.remedy = BREAKS_OUT.to_owned();
    finding.excerpt.text = BREAKS_OUT.to_owned();
    let mut warned = finding.clone();
    warned.verdict = Verdict::Warn;
    let mut report = report("check", vec![finding, warned]);
    report.unexamined = vec![unread(BREAKS_OUT, BREAKS_OUT, true)];
    report.notes = vec![BREAKS_OUT.to_owned()];
    report.refs[0].name = BREAKS_OUT.to_owned();
    report.policy = BREAKS_OUT.to_owned();
    for &format in ALL {
        for verbosity in [-1, 0, 2] {
            let written = render(&report, format, &options(verbosity));
            let about = format!("{format:?} at {verbosity}:\n{written}");
            // Nobody but Azure's own format speaks to Azure, and it says nothing but its own.
            let commands = written.matches("##vso[").count();
            let own = written
                .lines()
                .filter(|line| line.starts_with("##vso[task.logissue type="))
                .count();
            assert_eq!(
                commands,
                if format == Format::Azure { 3 } else { 0 },
                "{about}"
            );
            assert!(format != Format::Azure || own == 3, "{about}");
            for line in written.lines() {
                let command = line.trim_start().strip_prefix("::");
                let own = ["error ", "warning ", "notice "];
                assert!(
                    command.is_none_or(|rest| format == Format::Github
                        && own.iter().any(|level| rest.starts_with(level))),
                    "{about}"
                );
            }
            match format {
                Format::Csv => {
                    // No cell is a formula, and no row has too many cells.
                    for row in written.trim_end().split("\r\n") {
                        let cells: Vec<&str> = row.split("\",\"").collect();
                        assert!(cells.iter().all(|cell| !cell.starts_with('=')), "{about}");
                        assert!(!row.starts_with("\"="), "{about}");
                    }
                }
                Format::Markdown => {
                    // Within code spans, whose fence the backtick of the text does not close, it stands for itself.
                    let outside: String = written.split("``").step_by(2).collect();
                    assert!(
                        !outside.contains("<b>") && !outside.contains("](h"),
                        "{about}"
                    );
                    let rows = written.lines().filter(|line| line.starts_with("| "));
                    for row in rows {
                        let bars = row.replace("\\|", "").matches('|').count();
                        assert_eq!(bars, 7, "{about}");
                    }
                }
                Format::Junit => {
                    assert!(
                        !written.contains("<b>") && !written.contains('\u{fffe}'),
                        "{about}"
                    );
                    let mut reader = quick_xml::Reader::from_str(&written);
                    while reader.read_event().expect("sound XML") != quick_xml::events::Event::Eof {
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_summary_that_would_be_too_long_says_so() {
    let mut findings = many(&stripe(), 5000);
    findings.push(warning());
    let written = render(&report("scan", findings), Format::Markdown, &all());
    assert!(written.len() < 1 << 20, "{}", written.len());
    assert!(written.contains("more findings did not fit here"));
}
