//! `stagegate-posture/1` as one document.

use std::io;

use serde::Serialize;

use crate::model::{AuditedCredential, AuditedRepository, POSTURE_SCHEMA, Posture};
use crate::report::json::visible;

#[derive(Serialize)]
struct Document<'p> {
    schema: &'static str,
    tool: Tool,
    repositories: &'p [AuditedRepository],
    credentials: &'p [AuditedCredential],
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

pub(super) fn write(posture: &Posture, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document {
        schema: POSTURE_SCHEMA,
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        repositories: &posture.repositories,
        credentials: &posture.credentials,
    };
    let mut text = visible(&serde_json::to_string_pretty(&document)?);
    text.push('\n');
    out.write_all(text.as_bytes())
}
