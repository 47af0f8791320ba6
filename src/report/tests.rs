//! Every shape of a report as a snapshot, what all formats have in common, and the JSON against its schema.

mod formats;

use super::{ALL, Format, Options, write};
use crate::model::{
    Because, Confidence, Destination, Excerpt, Family, Finding, Lifetime, Oid, Origin, OriginOf,
    Place, RefUpdate, Report, Signal, Stats, Strength, Tier, Unexamined, Verdict,
};

fn oid(digit: u8) -> Oid {
    Oid::from_bytes(&[digit * 0x11; 20]).expect("20 bytes")
}

fn options(verbosity: i8) -> Options {
    Options {
        verbosity,
        ..Options::default()
    }
}

fn render(report: &Report, format: Format, options: &Options) -> String {
    let mut out = Vec::new();
    write(report, format, options, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("reports are UTF-8")
}

fn text(report: &Report, verbosity: i8) -> String {
    render(report, Format::Text, &options(verbosity))
}

fn report(mode: &'static str, findings: Vec<Finding>) -> Report {
    Report {
        mode,
        policy: "stagegate.toml".to_owned(),
        refs: vec![RefUpdate {
            name: "refs/heads/staging".to_owned(),
            old: Some(oid(1)),
            new: Some(oid(2)),
            environment: Some("staging".to_owned()),
        }],
        findings,
        unexamined: Vec::new(),
        news: Vec::new(),
        notes: Vec::new(),
        rejections: None,
        explanations: Vec::new(),
        stats: Stats {
            refs: 1,
            commits: 3,
            changes: 12,
            blobs: 10,
            bytes: 48_211,
            allowed: 0,
            milliseconds: 7,
        },
    }
}

fn signal(kind: &'static str, environment: Option<Tier>, strength: Strength, text: &str) -> Signal {
    Signal {
        kind,
        environment,
        strength,
        text: text.to_owned(),
    }
}

/// A Stripe key of production, going to staging: blocked.
fn stripe() -> Finding {
    Finding {
        rule: "stripe-secret-key".to_owned(),
        title: "Stripe secret or restricted key".to_owned(),
        provider: "stripe".to_owned(),
        family: Family::Credential,
        verdict: Verdict::Block,
        because: Because {
            text: "production credentials are blocked where staging claims the place".to_owned(),
            policy_line: "stagegate.toml:31".to_owned(),
            exempted_by: None,
        },
        origin: OriginOf {
            environment: Origin::Production,
            confidence: Some(Confidence::Certain),
        },
        destination: Destination {
            environment: Some("staging".to_owned()),
            tier: Some(Tier::Staging),
            claimed_by: Some("branch refs/heads/staging".to_owned()),
        },
        place: Place {
            ref_name: Some("refs/heads/staging".to_owned()),
            commit: None,
            path: "config/staging.yml".to_owned(),
            oid: oid(3),
            line: 3,
            column: 13,
            key_path: Some("payments.stripe_key".to_owned()),
        },
        excerpt: Excerpt {
            text: "  stripe_key: sk_live_****".to_owned(),
            start: 14,
            end: 26,
        },
        fingerprint: "sg1:7d1c0a52f3e84b96".to_owned(),
        lifetime: Lifetime::Long,
        privileged: false,
        evidence: vec![
            signal(
                "format",
                Some(Tier::Production),
                Strength::Decisive,
                "the prefix sk_live_ is Stripe's own mark of live mode",
            ),
            signal(
                "path",
                Some(Tier::Staging),
                Strength::Supporting,
                "the path says staging",
            ),
        ],
        declarable: Vec::new(),
        references: vec![
            "OWASP NHI2:2025 Secret Leakage".to_owned(),
            "https://docs.stripe.com/keys".to_owned(),
        ],
        remedy: "Roll the key in the Stripe Dashboard (Developers, API keys) and use a test mode key in staging."
            .to_owned(),
    }
}

/// A password of unknown origin in a URL.
fn unknown_url() -> Finding {
    Finding {
        rule: "url-credentials".to_owned(),
        title: "URL with a user and a password".to_owned(),
        provider: "generic".to_owned(),
        because: Because {
            text: "credentials of unknown origin are blocked where staging claims the place"
                .to_owned(),
            policy_line: "default policy: environment.staging.verdicts.unknown".to_owned(),
            exempted_by: None,
        },
        origin: OriginOf::UNKNOWN,
        place: Place {
            path: "deploy/values-stg.yaml".to_owned(),
            line: 118,
            column: 9,
            key_path: None,
            ..stripe().place
        },
        excerpt: Excerpt {
            text: "url: postgres://app:****@db7.internal.example.com/orders?sslmode=require&application_name=orders-worker"
                .to_owned(),
            start: 20,
            end: 24,
        },
        fingerprint: "sg1:90aa31be77c2d045".to_owned(),
        evidence: vec![signal(
            "host",
            None,
            Strength::Supporting,
            "the host db7.internal.example.com is declared for no environment",
        )],
        remedy: "Take the password from staging's secret store.".to_owned(),
        ..stripe()
    }
}

/// A credential of staging itself: a warning.
fn warning() -> Finding {
    Finding {
        rule: "github-pat".to_owned(),
        title: "GitHub personal access token".to_owned(),
        provider: "github".to_owned(),
        verdict: Verdict::Warn,
        because: Because {
            text: "long-lived staging credentials are shown".to_owned(),
            policy_line: "default policy: environment.preprod.verdicts.staging".to_owned(),
            exempted_by: None,
        },
        origin: OriginOf {
            environment: Origin::Staging,
            confidence: Some(Confidence::Likely),
        },
        destination: Destination {
            environment: Some("preprod".to_owned()),
            tier: Some(Tier::Staging),
            claimed_by: Some("path ci/preprod.env (word \"preprod\")".to_owned()),
        },
        place: Place {
            path: "ci/preprod.env".to_owned(),
            line: 9,
            key_path: None,
            ..stripe().place
        },
        excerpt: Excerpt {
            text: "STG_TOKEN=ghp_****".to_owned(),
            start: 10,
            end: 18,
        },
        fingerprint: "sg1:55cc".to_owned(),
        evidence: vec![signal(
            "key-name",
            Some(Tier::Staging),
            Strength::Strong,
            "the name STG_TOKEN says staging",
        )],
        remedy: "Use a token that expires.".to_owned(),
        ..stripe()
    }
}

/// A test mode key: allowed.
fn allowed() -> Finding {
    Finding {
        verdict: Verdict::Allow,
        because: Because {
            text: "test credentials may pass".to_owned(),
            policy_line: "default policy: environment.staging.verdicts.test".to_owned(),
            exempted_by: None,
        },
        origin: OriginOf {
            environment: Origin::Test,
            confidence: Some(Confidence::Certain),
        },
        excerpt: Excerpt {
            text: "  stripe_key: sk_test_****".to_owned(),
            start: 14,
            end: 26,
        },
        fingerprint: String::new(),
        evidence: Vec::new(),
        ..stripe()
    }
}

/// `finding` at another place.
fn at(finding: &Finding, path: &str, line: usize, commit: Option<Oid>) -> Finding {
    let mut finding = finding.clone();
    finding.place.path = path.to_owned();
    finding.place.line = line;
    finding.place.commit = commit;
    finding
}

/// As many different findings as asked for.
fn many(like: &Finding, number: usize) -> Vec<Finding> {
    (1..=number)
        .map(|line| Finding {
            fingerprint: format!("sg1:value{line}"),
            ..at(like, &format!("config/file-{line}.yml"), line, None)
        })
        .collect()
}

fn unread(what: &str, reason: &str, refuses: bool) -> Unexamined {
    Unexamined {
        what: what.to_owned(),
        reason: reason.to_owned(),
        refuses,
    }
}

fn hostile() -> Finding {
    let mut finding = stripe();
    finding.place.path = "conf/\u{1b}[2Jsta\u{202e}gni\u{2066}\nerror: fine.yml".to_owned();
    finding.place.key_path = Some("a.\u{1b}]0;b\u{7}".to_owned());
    finding.place.ref_name = Some("refs/heads/sta\u{200b}ging".to_owned());
    finding.excerpt = Excerpt {
        text: "é\u{9b}31m: \u{202e}****\u{1b}[0m".to_owned(),
        start: 10,
        end: 999,
    };
    finding.because.text = "policy \u{1b}[31m text".to_owned();
    finding.destination.environment = Some("sta\u{1b}ging".to_owned());
    finding.evidence[0].text = "the host \u{1b}[1mx\u{2028}y".to_owned();
    finding
}

// ---- Text, shape by shape -------------------------------------------------------------------------------------------

#[test]
fn one_key_is_refused_in_a_commit() {
    let mut report = report("pre-commit", vec![stripe()]);
    report.findings[0].place.ref_name = None;
    insta::assert_snapshot!(text(&report, 0));
}

#[test]
fn the_steps_are_those_for_this_push() {
    let steps = |commits: usize, commit: Option<Oid>, path: &str| {
        let finding = at(&stripe(), path, 3, commit);
        let mut report = report("pre-receive", vec![finding]);
        report.stats.commits = commits;
        text(&report, 0)
    };
    let tip = Some(oid(2));
    assert!(steps(1, None, "a b.yml").contains("git add 'a b.yml'\n       git commit --amend"));
    assert!(steps(5, tip, "a.yml").contains("git commit --amend"));
    assert!(steps(5, Some(oid(7)), "a.yml").contains("git rebase -i 7777777777~\n"));
    assert!(steps(5, None, "a.yml").contains("1111111111..2222222222 -- a.yml\n"));
    assert!(steps(0, None, "a.yml").contains("No commit of this push is new"));
    let message = steps(1, tip, "(commit message)");
    assert!(message.contains("out of the commit message:"));
    assert!(!message.contains("git add"));
}

#[test]
fn one_key_is_refused_in_a_push_of_one_commit() {
    let mut report = report("pre-receive", vec![stripe()]);
    report.stats.commits = 1;
    insta::assert_snapshot!(text(&report, 0));
}

#[test]
fn a_key_that_came_and_went_inside_a_push() {
    let finding = at(&stripe(), "config/staging.yml", 3, Some(oid(7)));
    insta::assert_snapshot!(text(&report("pre-receive", vec![finding]), 0));
}

#[test]
fn a_push_without_a_new_commit() {
    let mut report = report("pre-receive", vec![stripe()]);
    report.stats.commits = 0;
    report.refs[0].old = None;
    insta::assert_snapshot!(text(&report, 0));
}

#[test]
fn blocked_and_warned_and_unread_in_a_push() {
    let mut report = report("pre-receive", vec![stripe(), unknown_url(), warning()]);
    report.unexamined = vec![unread(
        "config/staging/dump.bin",
        "the blob has 311 MB, more than the limit of 256 MB; raise [limits] blob in the policy or keep it out of git",
        true,
    )];
    report.notes = vec![
        "stagegate.toml:52: the exception for sg1:7d1c0a52f3e84b96 expired on 2026-05-01"
            .to_owned(),
    ];
    insta::assert_snapshot!(text(&report, 0));
}

#[test]
fn blocked_by_hand_closes_with_numbers() {
    insta::assert_snapshot!(text(&report("check", vec![stripe()]), 0));
}

#[test]
fn what_stands_in_a_tree_is_on_its_way_to_nowhere() {
    let said = text(&report("scan", vec![stripe()]), 0);
    assert!(
        said.contains("stagegate: refused: 1 production credential in staging\n"),
        "{said}"
    );
}

#[test]
fn warnings_do_not_refuse() {
    insta::assert_snapshot!(text(&report("pre-commit", vec![warning()]), 0));
}

#[test]
fn could_not_decide() {
    let mut report = report("pre-receive", Vec::new());
    report.unexamined = vec![
        unread(
            "refs/heads/staging",
            "the tree 4444444444 cannot be read (object not found); run git fsck on the server",
            true,
        ),
        unread("vendor/big.bin", "the blob is too large", false),
    ];
    insta::assert_snapshot!(text(&report, 0));
}

#[test]
fn one_value_in_many_places_is_one_diagnostic() {
    let mut findings = vec![stripe()];
    for line in 1..=7 {
        findings.push(at(
            &stripe(),
            &format!("config/copy-{line}.yml"),
            line,
            None,
        ));
    }
    findings[1].place.commit = Some(oid(7));
    findings[2].place.ref_name = Some("refs/heads/qa".to_owned());
    findings[2].destination.environment = Some("qa".to_owned());
    let report = report("pre-receive", findings);
    insta::assert_snapshot!("grouped", text(&report, 0));
    assert!(text(&report, 2).contains("config/copy-7.yml:7"));
}

#[test]
fn too_many_are_counted_and_the_way_to_all_is_told() {
    let of_many_rules = |like: &Finding, number| {
        let mut findings = many(like, number);
        for (nth, finding) in findings.iter_mut().enumerate() {
            finding.rule = format!("{}-{nth}", like.rule);
        }
        findings
    };
    let mut findings = of_many_rules(&stripe(), 23);
    findings.extend(of_many_rules(&warning(), 21));
    let report = report("pre-receive", findings);
    let cut = text(&report, 0);
    // The 20 diagnostics in between look like any other.
    let from = cut
        .find("error[stripe-secret-key-0]")
        .expect("a diagnostic");
    let to = cut.find("... and 3 more errors").expect("a count");
    insta::assert_snapshot!("cut_before", &cut[..from]);
    let warnings = cut.find("warning[").expect("a warning");
    insta::assert_snapshot!("cut_between", &cut[to..warnings]);
    let end = cut.find("... and 1 more warning").expect("a count");
    insta::assert_snapshot!("cut_after", &cut[end..]);
    assert_eq!(cut.matches("error[").count(), 20);
    assert_eq!(text(&report, 1).matches("error[").count(), 23);
    assert_eq!(text(&report, 1).matches("warning[").count(), 21);
}

#[test]
fn values_of_one_kind_are_named_below_the_first() {
    let mut findings = many(&stripe(), 9);
    findings.extend(many(&warning(), 9));
    let report = report("pre-receive", findings);
    insta::assert_snapshot!("alike", text(&report, 0));
    assert_eq!(text(&report, 1).matches("error[").count(), 9);
    assert_eq!(text(&report, 1).matches("warning[").count(), 9);
}

#[test]
fn where_it_stands_in_production_is_said_first() {
    let mut finding = stripe();
    finding.family = Family::Reuse;
    finding.evidence = vec![signal(
        "reuse",
        Some(Tier::Production),
        Strength::Decisive,
        "the same value stands in production's files, at config/production/db.yml:12",
    )];
    insta::assert_snapshot!("copied", text(&report("pre-commit", vec![finding]), 0));
}

#[test]
fn what_could_be_declared_is_there_to_paste() {
    let mut finding = unknown_url();
    finding.declarable = [
        ("hosts", "db7.example.com"),
        ("databases", "orders"),
        ("hosts", "db8.example.com"),
    ]
    .map(|(list, name)| crate::model::Declarable {
        list,
        name: name.to_owned(),
    })
    .to_vec();
    let text = text(&report("pre-commit", vec![finding]), 0);
    assert!(
        text.contains(
            "       [environment.staging.identity]\n       hosts = [\"db7.example.com\", \"db8.example.com\"]\n       databases = [\"orders\"]\n"
        ),
        "{text}"
    );
}

#[test]
fn quiet_is_a_line_a_finding() {
    let mut report = report("pre-receive", vec![stripe(), unknown_url(), warning()]);
    report.unexamined = vec![unread("config/staging/a.bin", "too large", true)];
    report.notes = vec!["not shown".to_owned()];
    insta::assert_snapshot!(text(&report, -1));
}

#[test]
fn verbose_shows_references_and_all_evidence() {
    let mut finding = unknown_url();
    for number in 2..=5 {
        finding.evidence.push(signal(
            "key-name",
            Some(Tier::Development),
            Strength::Supporting,
            &format!("reason number {number}"),
        ));
    }
    let report = report("pre-commit", vec![finding]);
    insta::assert_snapshot!("verbose", text(&report, 1));
    assert!(text(&report, 0).contains("and 2 weaker signals (-v shows them)"));
}

#[test]
fn allowed_is_silent_in_hooks_and_one_line_otherwise() {
    let mut passing = report("pre-receive", Vec::new());
    passing.notes = vec!["stagegate.toml:52: the exception for sg1:1 was not needed".to_owned()];
    passing.stats.allowed = 2;
    assert_eq!(text(&passing, 0), "");
    assert_eq!(text(&passing, -1), "");
    insta::assert_snapshot!("allowed_hook_verbose", text(&passing, 1));
    passing.mode = "scan";
    passing.notes.clear();
    insta::assert_snapshot!("allowed_scan", text(&passing, 0));
    assert_eq!(text(&passing, -1), "");
}

#[test]
fn what_is_unread_is_told_even_where_it_changes_nothing() {
    let mut passing = report("pre-commit", Vec::new());
    passing.unexamined = vec![unread("vendor/big.bin", "the blob is too large", false)];
    insta::assert_snapshot!("unread_harmless", text(&passing, 0));
    insta::assert_snapshot!("unread_harmless_verbose", text(&passing, 1));
}

#[test]
fn allowed_findings_only_on_request() {
    let report = report("scan", vec![allowed()]);
    for &format in ALL {
        assert!(!render(&report, format, &options(0)).contains("stripe-secret-key"));
    }
    let all = Options {
        show_allowed: true,
        ..options(0)
    };
    insta::assert_snapshot!(render(&report, Format::Text, &all));
}

#[test]
fn a_finding_without_an_excerpt() {
    let mut finding = stripe();
    finding.excerpt = Excerpt {
        text: String::new(),
        start: 0,
        end: 0,
    };
    finding.destination = Destination::UNCLAIMED;
    insta::assert_snapshot!(text(&report("scan", vec![finding]), 0));
}

#[test]
fn what_is_to_be_pasted_is_toml() {
    let mut finding = unknown_url();
    finding.destination.environment = Some("pre \"prod\"".to_owned());
    let text = text(&report("pre-commit", vec![finding]), 0);
    assert!(
        text.contains(r#"[environment."pre \"prod\"".identity]"#),
        "{text}"
    );
    assert!(text.contains(r#"environment = "pre \"prod\"""#), "{text}");
}

#[test]
fn every_family_is_told_what_to_do() {
    let mut findings = Vec::new();
    for family in [
        Family::Reuse,
        Family::Inventory,
        Family::Reference,
        Family::Identity,
        Family::Data,
    ] {
        let mut finding = at(
            &stripe(),
            &format!("deploy/{}.tf", family.as_str()),
            1,
            None,
        );
        finding.family = family;
        finding.rule = format!("a-{}", family.as_str());
        finding.title = "what the rule is called".to_owned();
        finding.evidence.clear();
        findings.push(finding);
    }
    let mut message = at(&stripe(), "(commit message)", 5, Some(oid(2)));
    message.rule = "in-message".to_owned();
    findings.push(message);
    insta::assert_snapshot!(text(&report("pre-receive", findings), 0));
}

#[test]
fn colours_only_when_asked() {
    let report = report("pre-receive", vec![stripe()]);
    assert!(!text(&report, 0).contains('\u{1b}'));
    let colored = Options {
        color: true,
        ..options(0)
    };
    let colored = render(&report, Format::Text, &colored);
    assert!(colored.contains("\u{1b}["));
    assert_eq!(without_colors(&colored), text(&report, 0));
}

fn without_colors(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        let end = rest[at..].find('m').expect("only colours are used");
        rest = &rest[at + end + 1..];
    }
    plain.push_str(rest);
    plain
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

// ---- What holds for all formats -------------------------------------------------------------------------------------

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let mut report = report(
        "pre-receive",
        vec![
            hostile(),
            Finding {
                verdict: Verdict::Warn,
                ..hostile()
            },
        ],
    );
    report.refs[0].name = "refs/heads/\u{1b}[31m\u{202e}x".to_owned();
    report.unexamined = vec![unread("a\u{1b}\nb", "because \u{9b} of\u{202e}", true)];
    report.notes = vec!["note \u{1b}[0m\u{7f}".to_owned()];
    report.policy = "p\u{1b}olicy".to_owned();
    insta::assert_snapshot!("hostile", text(&report, 0));
    for &format in ALL {
        for verbosity in -1..=2 {
            let written = render(&report, format, &options(verbosity));
            let bad = written
                .chars()
                .find(|&c| !"\r\n".contains(c) && super::escape::is_hidden(c));
            assert_eq!(bad, None, "{format:?} at {verbosity}:\n{written}");
            // A newline in a path must not begin a line of its own.
            assert!(
                !written.contains("\nerror: fine"),
                "{format:?} at {verbosity}"
            );
        }
    }
    // Escaping in JSON loses nothing.
    let json: serde_json::Value =
        serde_json::from_str(&render(&report, Format::Json, &options(0))).expect("JSON");
    assert_eq!(
        json["findings"][0]["place"]["path"],
        hostile().place.path.as_str()
    );
}

#[test]
fn no_format_loses_a_finding() {
    let mut findings = many(&stripe(), 25);
    findings.extend(many(&warning(), 25));
    findings.extend(many(&allowed(), 25));
    // Without a fingerprint there is no grouping: the place has to appear.
    for finding in &mut findings[60..] {
        finding.fingerprint.clear();
    }
    for number in 0..9 {
        findings.push(at(&unknown_url(), &format!("same/{number}.yml"), 1, None));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    let mut report = report("scan", findings);
    report.unexamined = many(&stripe(), 25)
        .iter()
        .map(|finding| unread(&format!("unread/{}", finding.place.path), "why", true))
        .collect();
    for &format in ALL {
        for verbosity in [-1, 1, 2] {
            let options = Options {
                show_allowed: true,
                ..options(verbosity)
            };
            let written = render(&report, format, &options);
            for finding in &report.findings {
                let place = format!("{}:{}", finding.place.path, finding.place.line);
                let found = (!finding.fingerprint.is_empty()
                    && written.contains(&finding.fingerprint))
                    || written.contains(&place)
                    || written.contains(&format!("\"path\": \"{}\"", finding.place.path))
                    || written.contains(&finding.place.path);
                assert!(found, "{format:?} at {verbosity} lost {place}");
            }
            for entry in &report.unexamined {
                assert!(
                    written.contains(&entry.what),
                    "{format:?} lost {}",
                    entry.what
                );
            }
        }
    }
}

#[test]
fn lines_leave_room_for_remote() {
    let mut report = report("pre-receive", vec![stripe(), unknown_url(), warning()]);
    report.findings.extend(many(&stripe(), 30));
    report.unexamined = vec![unread(
        "config/staging/a.bin",
        &"many words here ".repeat(20),
        true,
    )];
    report.notes = vec!["some remark ".repeat(20)];
    for verbosity in 0..=2 {
        for line in text(&report, verbosity).lines() {
            // A command is pasted, so it is never broken.
            let command = line.starts_with("       git ") || line.starts_with("    stagegate ");
            assert!(command || line.chars().count() <= 72, "{line}");
        }
    }
}

#[test]
fn formats_have_names() {
    for &format in ALL {
        assert_eq!(Format::from_name(format.as_str()), Some(format));
    }
    assert_eq!(Format::from_name("xml"), None);
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

fn full_report() -> Report {
    let mut report = report(
        "pre-receive",
        vec![
            stripe(),
            at(&unknown_url(), "deploy/values-stg.yaml", 118, Some(oid(7))),
            warning(),
            allowed(),
        ],
    );
    report.refs.push(RefUpdate {
        name: "refs/heads/gone".to_owned(),
        old: Some(oid(1)),
        new: None,
        environment: None,
    });
    report.findings[2].destination = Destination::UNCLAIMED;
    report.findings[2].place.ref_name = None;
    report.unexamined = vec![unread("config/staging/dump.bin", "too large", true)];
    report.notes = vec!["stagegate.toml:52: the exception for sg1:1 expired".to_owned()];
    report
}

#[test]
fn json_of_one_finding() {
    let json = render(
        &report("pre-receive", vec![stripe()]),
        Format::Json,
        &options(0),
    );
    assert!(json.ends_with("}\n"));
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(json.contains(&version));
    insta::assert_snapshot!("json", json.replace(&version, "\"version\": \"0.1.0\""));
}

#[test]
fn real_json_fits_its_schema() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/stagegate-report-1.schema.json"))
            .expect("the schema is JSON");
    let all = Options {
        show_allowed: true,
        ..options(0)
    };
    for report in [
        full_report(),
        report("scan", Vec::new()),
        report("check", vec![hostile()]),
        Report {
            rejections: Some(vec![crate::model::Rejection {
                rule: "generic-password".to_owned(),
                provider: "generic".to_owned(),
                reason: "placeholder",
                sentence: "it stands in for a value",
                place: stripe().place,
                excerpt: stripe().excerpt,
            }]),
            ..report("scan", Vec::new())
        },
    ] {
        let written = render(&report, Format::Json, &all);
        let json = serde_json::from_str(&written).expect("JSON");
        assert_eq!(mistakes(&schema, &json), [""; 0]);
    }
    let mut json: serde_json::Value =
        serde_json::from_str(&render(&full_report(), Format::Json, &all)).expect("JSON");
    json["findings"][0]["verdict"] = "perhaps".into();
    json["stats"]["more"] = 1.into();
    json["findings"][1]["place"]["line"] = 0.into();
    json["tool"].as_object_mut().expect("object").remove("name");
    assert_eq!(mistakes(&schema, &json).len(), 4);
}

/// What is wrong with a document, by a JSON schema.
fn mistakes(schema: &serde_json::Value, document: &serde_json::Value) -> Vec<String> {
    let schema = jsonschema::validator_for(schema).expect("a sound schema");
    let errors = schema.iter_errors(document);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn the_documented_example_is_what_is_written() {
    let page = include_str!("../../docs/report.md");
    let written = render(
        &report("pre-receive", vec![stripe()]),
        Format::Json,
        &options(0),
    );
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let written = written.replace(&version, "\"version\": \"0.1.0\"");
    assert!(
        page.contains(&format!("```json\n{written}```")),
        "docs/report.md is out of date"
    );
    let mut report = report("pre-receive", vec![stripe()]);
    report.stats.commits = 1;
    let written = text(&report, 0);
    assert!(
        page.contains(&format!("```text\n{written}```")),
        "docs/report.md is out of date"
    );
}
