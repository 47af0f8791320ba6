//! A table for spreadsheets: RFC 4180, one row a finding, with what was not examined below.

use std::io;

use super::{
    Options,
    escape::printable,
    shown,
    words::{lifetime, said, sureness},
};
use crate::model::Report;

const COLUMNS: [&str; 24] = [
    "verdict",
    "rule",
    "title",
    "provider",
    "family",
    "origin",
    "confidence",
    "environment",
    "tier",
    "ref",
    "commit",
    "path",
    "line",
    "column",
    "key_path",
    "excerpt",
    "because",
    "policy_line",
    "fingerprint",
    "lifetime",
    "privileged",
    "evidence",
    "references",
    "remedy",
];

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    row(&COLUMNS.map(str::to_owned), out)?;
    for finding in shown(report, options) {
        let place = &finding.place;
        let destination = &finding.destination;
        let evidence: Vec<&str> = finding.evidence.iter().map(|s| s.text.as_str()).collect();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        row(
            &[
                said(finding.verdict).to_owned(),
                finding.rule.clone(),
                finding.title.clone(),
                finding.provider.clone(),
                finding.family.as_str().to_owned(),
                finding.origin.environment.to_string(),
                text(finding.origin.confidence.map(sureness)),
                text(destination.environment.as_deref()),
                text(destination.tier.map(crate::model::Tier::as_str)),
                text(place.ref_name.as_deref()),
                place.commit.map_or_else(String::new, |oid| oid.to_string()),
                place.path.clone(),
                place.line.to_string(),
                place.column.to_string(),
                text(place.key_path.as_deref()),
                finding.excerpt.text.clone(),
                finding.because.text.clone(),
                finding.because.policy_line.clone(),
                finding.fingerprint.clone(),
                lifetime(finding.lifetime).to_owned(),
                finding.privileged.to_string(),
                evidence.join("; "),
                finding.references.join("; "),
                finding.remedy.clone(),
            ],
            out,
        )?;
    }
    for entry in &report.unexamined {
        let mut cells = vec![String::new(); COLUMNS.len()];
        cells[0] = "unexamined".to_owned();
        cells[11].clone_from(&entry.what);
        cells[16].clone_from(&entry.reason);
        row(&cells, out)?;
    }
    Ok(())
}

/// One row; every cell is quoted.
fn row(cells: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let cell = printable(cell);
        // A spreadsheet computes what begins so; behind an apostrophe it is text.
        let formula = cell.trim_start().starts_with(['=', '+', '-', '@']);
        let apostrophe = if formula { "'" } else { "" };
        write!(out, "{comma}\"{apostrophe}{}\"", cell.replace('"', "\"\""))?;
    }
    write!(out, "\r\n")
}
