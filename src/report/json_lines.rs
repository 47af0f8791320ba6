//! The report for programs that read line by line: the objects of `json.rs`, each with a key `record` that says what it is.
//! The first line is the run with its outcome.

use std::io;

use serde::Serialize;
use serde_json::json;

use super::{Options, json::visible, shown};
use crate::model::Report;

/// The version of the schema; its records are those of `stagegate-report/1`.
const SCHEMA: &str = "stagegate-report-lines/1";

#[derive(Serialize)]
struct Record<'r, T> {
    record: &'static str,
    #[serde(flatten)]
    of: &'r T,
}

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let outcome = report.outcome();
    let run = json!({
        "schema": SCHEMA,
        "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "mode": report.mode,
        "policy": report.policy,
        "outcome": outcome,
        "exit_code": outcome.exit_code(),
        "refs": report.refs,
        "stats": report.stats,
    });
    line("run", &run, out)?;
    for finding in shown(report, options) {
        line("finding", finding, out)?;
    }
    for entry in &report.unexamined {
        line("unexamined", entry, out)?;
    }
    for note in report.news.iter().chain(&report.notes) {
        line("note", &json!({ "text": note }), out)?;
    }
    for rejection in report.rejections.iter().flatten() {
        line("rejection", rejection, out)?;
    }
    Ok(())
}

fn line<T: Serialize>(record: &'static str, of: &T, out: &mut dyn io::Write) -> io::Result<()> {
    let text = serde_json::to_string(&Record { record, of })?;
    writeln!(out, "{}", visible(&text))
}
