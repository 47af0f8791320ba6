//! `stagegate-report/1`: the report for programs. The model's own names are the keys; `docs/report.md` and
//! `docs/stagegate-report-1.schema.json` describe them, and a test holds both to what is really written.

use std::io;

use serde::Serialize;

use super::{
    Options,
    escape::{begins_agent_command, is_hidden},
    explain::Rejections,
    shown,
};
use crate::model::{Finding, Outcome, RefUpdate, Report, Stats, Unexamined};

/// The version of the schema. A new key may come without a new version; a key that goes or changes its meaning may not.
const SCHEMA: &str = "stagegate-report/1";

#[derive(Serialize)]
struct Document<'r> {
    schema: &'static str,
    tool: Tool,
    mode: &'r str,
    policy: &'r str,
    outcome: Outcome,
    exit_code: u8,
    refs: &'r [RefUpdate],
    findings: Vec<&'r Finding>,
    unexamined: &'r [Unexamined],
    notes: Vec<&'r String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejections: Option<Rejections<'r>>,
    stats: &'r Stats,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let outcome = report.outcome();
    let document = Document {
        schema: SCHEMA,
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        mode: report.mode,
        policy: &report.policy,
        outcome,
        exit_code: outcome.exit_code(),
        refs: &report.refs,
        findings: shown(report, options),
        unexamined: &report.unexamined,
        notes: report.news.iter().chain(&report.notes).collect(),
        rejections: report.rejections.as_deref().map(Rejections::of),
        stats: &report.stats,
    };
    emit(&document, out)
}

/// Writes a document of a JSON format.
pub(super) fn emit(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut visible = visible(&serde_json::to_string_pretty(document)?);
    visible.push('\n');
    out.write_all(visible.as_bytes())
}

/// `json` with its hidden characters, and the first sign of what a CI system would obey, written as `\uXXXX`: the same text
/// to a parser, and harmless on a terminal and in a log. JSON
/// itself asks for this only below U+0020. Outside of strings JSON is ASCII, and the only hidden character there is the
/// newline of pretty printing, which no string can hold unescaped.
pub(super) fn visible(json: &str) -> String {
    let mut safe = String::with_capacity(json.len() + 1);
    for (at, character) in json.char_indices() {
        if character != '\n' && is_hidden(character)
            || character == '#' && begins_agent_command(&json[at..])
        {
            for unit in character.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(character);
        }
    }
    safe
}
