//! GitLab's report of code quality, which is Code Climate's: `artifacts: reports: codequality`. It is shown beside the lines of
//! a merge request in every edition of GitLab.

use std::io;

use serde_json::{Value, json};

use super::{Options, identity, json::emit, shown, words::message};
use crate::model::{Report, Verdict};

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = shown(report, options);
    let ids = identity::ids(&findings);
    let mut issues: Vec<Value> = Vec::new();
    for (finding, id) in findings.iter().zip(&ids) {
        let severity = match finding.verdict {
            Verdict::Block if finding.privileged => "blocker",
            Verdict::Block => "critical",
            Verdict::Warn => "minor",
            Verdict::Allow => "info",
        };
        issues.push(json!({
            "type": "issue",
            "description": message(finding),
            "check_name": finding.rule,
            "categories": ["Security"],
            "fingerprint": id,
            "severity": severity,
            "location": { "path": finding.place.path, "lines": { "begin": finding.place.line } },
        }));
    }
    for entry in &report.unexamined {
        let name = format!("unexamined {}", entry.what);
        issues.push(json!({
            "type": "issue",
            "description": format!("Not examined: {}: {}", entry.what, entry.reason),
            "check_name": "unexamined",
            "categories": ["Security"],
            "fingerprint": &blake3::hash(name.as_bytes()).to_hex()[..32],
            "severity": if entry.refuses { "blocker" } else { "info" },
            "location": { "path": entry.what, "lines": { "begin": 1 } },
        }));
    }
    emit(&issues, out)
}
