//! The formats of a posture over records made by hand. Not here: what a real history makes of them (`tests/audit.rs`), and
//! how the page looks (`tests/page.rs`).

use jiff::civil::Date;

use super::{FORMATS, Options, read, write};
use crate::model::{
    AuditedCredential, AuditedPlace, AuditedRepository, EnvironmentOfPolicy, Family, Lifetime,
    Origin, OriginOf, POSTURE_SCHEMA, Posture, Since, Tier, Verdict,
};
use crate::report::Format;

fn since(day: i8) -> Since {
    Since {
        commit: "1".repeat(40),
        date: Date::constant(2026, 1, day),
        author: Some("Ada".to_owned()),
    }
}

fn credential(repository: &str, number: usize) -> AuditedCredential {
    AuditedCredential {
        schema: POSTURE_SCHEMA.to_owned(),
        repository: repository.to_owned(),
        as_of: Date::constant(2026, 6, 1),
        fingerprint: format!("sg1:{number:024}"),
        rule: "generic-password".to_owned(),
        title: "Password".to_owned(),
        provider: "generic".to_owned(),
        family: Family::Credential,
        origin: OriginOf {
            environment: Origin::Unknown,
            confidence: None,
        },
        evidence: Vec::new(),
        lifetime: Lifetime::Unknown,
        privileged: false,
        revoked: false,
        public: false,
        standing: true,
        verdict: Verdict::Warn,
        because: "passwords are warned about".to_owned(),
        environments: vec!["staging".to_owned()],
        crosses: Vec::new(),
        shared: Vec::new(),
        first: since(1),
        gone: None,
        rotated: None,
        overdue: true,
        baseline: None,
        places: vec![AuditedPlace {
            path: format!("a/{number}.yml"),
            key: Some("db.password".to_owned()),
            line: number,
            refs: vec!["refs/heads/staging".to_owned()],
            more_refs: 0,
            environments: vec!["staging".to_owned()],
            claimed_by: Vec::new(),
            verdict: Some(Verdict::Warn),
            since: since(1),
            until: None,
            replaced: None,
        }],
        more_places: 0,
        remedy: "Rotate it.".to_owned(),
    }
}

fn repository(name: &str) -> AuditedRepository {
    AuditedRepository {
        schema: POSTURE_SCHEMA.to_owned(),
        repository: name.to_owned(),
        as_of: Date::constant(2026, 6, 1),
        tool: "stagegate 0".to_owned(),
        input: "00".to_owned(),
        policy: "default policy".to_owned(),
        rotation_age: 90,
        environments: vec![EnvironmentOfPolicy {
            name: "staging".to_owned(),
            tier: Tier::Staging,
        }],
        refs: 1,
        commits: 2,
        exceptions: Vec::new(),
        unclaimed: Vec::new(),
        uncovered: Vec::new(),
        boundary: Vec::new(),
        unexamined: Vec::new(),
        baseline: None,
        error: None,
    }
}

fn posture(many: usize) -> Posture {
    let mut posture = Posture {
        repositories: vec![repository("shop")],
        credentials: (0..many).map(|number| credential("shop", number)).collect(),
    };
    posture.sort();
    posture
}

fn written(posture: &Posture, format: Format, all: bool) -> String {
    let mut out = Vec::new();
    let options = Options {
        all,
        ..Options::default()
    };
    write(posture, format, options, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn no_format_loses_a_credential_when_all_are_asked_for() {
    let posture = posture(50);
    for format in FORMATS {
        let text = written(&posture, *format, true);
        for one in &posture.credentials {
            assert!(
                text.contains(&one.fingerprint),
                "{format:?} {}",
                one.fingerprint
            );
        }
    }
    // What is cut is counted.
    assert!(written(&posture, Format::Text, false).contains("and 30 more: --all shows them"));
}

#[test]
fn quiet_is_a_line_for_all_and_one_a_credential() {
    let mut posture = posture(30);
    posture.credentials[0].verdict = Verdict::Block;
    posture.credentials[0].crosses = vec!["production > staging".to_owned()];
    let mut failed = repository("lost");
    failed.error = Some("it is no repository".to_owned());
    posture.repositories.push(failed);
    let options = Options {
        quiet: true,
        ..Options::default()
    };
    let mut out = Vec::new();
    write(&posture, Format::Text, options, &mut out).expect("written");
    let text = String::from_utf8(out).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "stagegate: 2 repositories: 30 credentials stand at the tip of a ref, 1 would be refused if it came today"
    );
    assert_eq!(
        lines[1],
        "shop: a/0.yml:0 db.password: generic-password: production > staging (block)"
    );
    assert_eq!(lines.len(), 32, "one for all, 30, and what was not read");
    assert_eq!(lines[31], "lost was not audited: it is no repository");
}

#[test]
fn a_format_for_pushes_is_none_for_postures() {
    let refused = write(
        &posture(1),
        Format::Sarif,
        Options::default(),
        &mut Vec::new(),
    );
    assert!(refused.is_err());
}

#[test]
fn of_two_audits_of_a_repository_the_later_counts() {
    let mut old = posture(2);
    let new = {
        let mut new = posture(1);
        new.repositories[0].as_of = Date::constant(2026, 7, 1);
        new.credentials[0].as_of = Date::constant(2026, 7, 1);
        new
    };
    old.repositories.extend(new.repositories.clone());
    old.credentials.extend(new.credentials.clone());
    let text = written(&old, Format::JsonLines, true);
    assert_eq!(read(text.as_bytes()).expect("records"), new);
    let other = text.replace("stagegate-posture/1", "stagegate-posture/9");
    assert!(
        read(other.as_bytes()).is_err(),
        "a later schema is not guessed at"
    );
}

#[test]
fn the_page_names_its_own_style_and_script() {
    let page = written(&posture(1), Format::Html, false);
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    assert_eq!(page.matches("sha256-").count(), 2);
    assert_eq!(page.matches("<style>").count(), 1);
    assert_eq!(page.matches("<script>").count(), 1);
    let empty = written(&Posture::default(), Format::Html, false);
    assert!(empty.contains("None was found"));
}
