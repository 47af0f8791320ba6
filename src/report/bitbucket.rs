//! Bitbucket's Code Insights: one object with the `report` and its `annotations`, which two calls of its interface take
//! (`docs/report.md` has them). Of annotations Bitbucket takes 100 a call and 1,000 a report; the strictest come first.

use std::io;

use serde_json::{Value, json};

use super::{
    Options,
    gitlab::cut,
    headline, identity,
    json::emit,
    shown,
    words::{capital, file, message, title},
};
use crate::model::{Outcome, Report, Verdict};

/// Characters of a summary, and of details.
const SUMMARY: usize = 450;
const DETAILS: usize = 2000;

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = shown(report, options);
    let ids = identity::ids(&findings);
    let mut annotations: Vec<Value> = Vec::new();
    for (finding, id) in findings.iter().zip(&ids) {
        let (severity, result) = match finding.verdict {
            Verdict::Block if finding.privileged => ("CRITICAL", "FAILED"),
            Verdict::Block => ("HIGH", "FAILED"),
            Verdict::Warn => ("MEDIUM", "PASSED"),
            Verdict::Allow => ("LOW", "IGNORED"),
        };
        let place = &finding.place;
        let mut summary = capital(&title(finding));
        if file(finding).is_none() {
            summary = format!("{}:{}: {summary}", place.path, place.line);
        }
        let mut annotation = json!({
            "external_id": format!("stagegate-{id}"),
            "annotation_type": "VULNERABILITY",
            "title": format!("stagegate: {}", finding.rule),
            "summary": cut(&summary, SUMMARY),
            "details": cut(&message(finding), DETAILS),
            "severity": severity,
            "result": result,
        });
        if let Some(path) = file(finding) {
            annotation["path"] = path.into();
            annotation["line"] = place.line.into();
        }
        annotations.push(annotation);
    }
    for entry in &report.unexamined {
        let name = format!("unexamined {}", entry.what);
        let id = &blake3::hash(name.as_bytes()).to_hex()[..32];
        annotations.push(json!({
            "external_id": format!("stagegate-{id}"),
            "annotation_type": "VULNERABILITY",
            "title": "stagegate: not examined",
            "summary": cut(&format!("Not examined: {}", entry.what), SUMMARY),
            "details": cut(&entry.reason, DETAILS),
            "severity": if entry.refuses { "HIGH" } else { "LOW" },
            "result": if entry.refuses { "FAILED" } else { "SKIPPED" },
        }));
    }
    let number = |verdict| findings.iter().filter(|f| f.verdict == verdict).count();
    let result = match report.outcome() {
        Outcome::Allowed => "PASSED",
        Outcome::Blocked | Outcome::Undecided => "FAILED",
    };
    emit(
        &json!({
            "report": {
                "title": "stagegate",
                "details": cut(&capital(&headline::always(report, &findings)), DETAILS),
                "report_type": "SECURITY",
                "reporter": "stagegate",
                "result": result,
                "data": [
                    { "title": "Blocked", "type": "NUMBER", "value": number(Verdict::Block) },
                    { "title": "Warnings", "type": "NUMBER", "value": number(Verdict::Warn) },
                    { "title": "Not examined", "type": "NUMBER", "value": report.unexamined.len() },
                ],
            },
            "annotations": annotations,
        }),
        out,
    )
}
