//! GitLab's report of secret detection, schema 15.0: `artifacts: reports: secret_detection`.

use std::io;

use serde_json::{Value, json};

use super::{
    Options, identity,
    json::emit,
    shown,
    words::{capital, file, title},
};
use crate::model::{Finding, Oid, Outcome, Report, Verdict};

/// The version of GitLab's schema.
const VERSION: &str = "15.0.7";
/// Identifiers of one finding that GitLab keeps.
const IDENTIFIERS: usize = 20;
/// Characters that GitLab takes in a solution.
const SOLUTION: usize = 7000;
/// And in a name.
const NAME: usize = 255;

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = shown(report, options);
    let ids = identity::ids(&findings);
    let vulnerabilities: Vec<Value> = findings
        .iter()
        .zip(&ids)
        .map(|(finding, id)| vulnerability(report, finding, id))
        .collect();
    let mut messages: Vec<Value> = report
        .unexamined
        .iter()
        .map(|entry| {
            let level = if entry.refuses { "fatal" } else { "warn" };
            json!({ "level": level, "value": format!("not examined: {}: {}", entry.what, entry.reason) })
        })
        .collect();
    let notes = report.news.iter().chain(&report.notes);
    messages.extend(notes.map(|note| json!({ "level": "info", "value": note })));
    let tool = json!({
        "id": env!("CARGO_PKG_NAME"),
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "vendor": { "name": env!("CARGO_PKG_NAME") },
    });
    let milliseconds = i64::try_from(report.stats.milliseconds).unwrap_or_default();
    let status = match report.outcome() {
        Outcome::Undecided => "failure",
        Outcome::Allowed | Outcome::Blocked => "success",
    };
    emit(
        &json!({
            "version": VERSION,
            "scan": {
                "analyzer": tool,
                "scanner": tool,
                "type": "secret_detection",
                "start_time": time(options.finished - milliseconds / 1000),
                "end_time": time(options.finished),
                "status": status,
                "messages": messages,
            },
            "vulnerabilities": vulnerabilities,
        }),
        out,
    )
}

fn vulnerability(report: &Report, finding: &Finding, id: &str) -> Value {
    let mut description = format!(
        "{}. {} ({}).",
        capital(&title(finding)),
        capital(&finding.because.text),
        finding.because.policy_line
    );
    for signal in &finding.evidence {
        description.push_str(&format!(" {}.", capital(&signal.text)));
    }
    if !finding.fingerprint.is_empty() {
        description.push_str(&format!(" Fingerprint: {}.", finding.fingerprint));
    }
    let severity = match finding.verdict {
        Verdict::Block if finding.privileged => "Critical",
        Verdict::Block => "High",
        Verdict::Warn => "Medium",
        Verdict::Allow => "Info",
    };
    let mut identifiers = vec![json!({
        "type": "stagegate_rule_id",
        "name": format!("stagegate rule {}", finding.rule),
        "value": finding.rule,
    })];
    for reference in &finding.references {
        if let Some(number) = reference.strip_prefix("CWE-") {
            identifiers.push(json!({
                "type": "cwe",
                "name": reference,
                "value": number,
                "url": format!("https://cwe.mitre.org/data/definitions/{number}.html"),
            }));
        }
    }
    identifiers.truncate(IDENTIFIERS);
    let links = finding.references.iter();
    let links: Vec<Value> = links
        .filter(|reference| reference.starts_with("https://"))
        .map(|url| json!({ "url": url }))
        .collect();
    let mut location = json!({
        "commit": { "sha": commit(report, finding).map_or_else(|| "0".repeat(40), |oid| oid.to_string()) },
        "start_line": finding.place.line,
        "end_line": finding.place.line,
    });
    if let Some(path) = file(finding) {
        location["file"] = path.into();
    }
    json!({
        "id": id,
        "category": "secret_detection",
        "name": cut(&finding.title, NAME),
        "description": description,
        "severity": severity,
        "solution": cut(&finding.remedy, SOLUTION),
        "identifiers": identifiers,
        "links": links,
        "location": location,
        "raw_source_code_extract": finding.excerpt.text,
    })
}

/// The commit that holds a finding, or the tip that is to hold it.
fn commit(report: &Report, finding: &Finding) -> Option<Oid> {
    finding.place.commit.or_else(|| {
        let name = finding.place.ref_name.as_deref();
        let mut refs = report.refs.iter();
        refs.find(|update| Some(update.name.as_str()) == name)?.new
    })
}

/// `2030-12-31T23:59:59`, in UTC.
fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| "1970-01-01T00:00:00".to_owned(),
        |time| time.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
    )
}

/// At most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
