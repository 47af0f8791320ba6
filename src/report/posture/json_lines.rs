//! One record a line, which `cat` merges and `sort -u` makes one of two. Read back for the page of a fleet.

use std::io::{self, BufRead};

use crate::model::{AuditedCredential, AuditedRepository, POSTURE_SCHEMA, Posture, PostureRecord};
use crate::report::json::visible;

/// Writes each record.
pub(super) fn write(posture: &Posture, out: &mut dyn io::Write) -> io::Result<()> {
    for repository in &posture.repositories {
        line(&Line::Repository(repository), out)?;
    }
    for credential in &posture.credentials {
        line(&Line::Credential(credential), out)?;
    }
    Ok(())
}

/// As [`PostureRecord`], borrowed.
#[derive(serde::Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'p> {
    Repository(&'p AuditedRepository),
    Credential(&'p AuditedCredential),
}

fn line(record: &Line<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = visible(&serde_json::to_string(record)?);
    text.push('\n');
    out.write_all(text.as_bytes())
}

/// A file that is no posture.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is no record. What it holds is not repeated.
    #[error("line {line}: not a record of {POSTURE_SCHEMA} (column {column})")]
    Line {
        /// The line, from 1.
        line: usize,
        /// Where in it.
        column: usize,
    },
}

/// Reads records; the same one twice counts once, and of a repository that was audited twice the later day counts.
pub fn read(from: impl BufRead) -> Result<Posture, ReadError> {
    let mut posture = Posture::default();
    for (number, line) in (1..).zip(from.lines()) {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let column = |error: serde_json::Error| ReadError::Line {
            line: number,
            column: error.column(),
        };
        let (schema, record) = match serde_json::from_str(&line).map_err(column)? {
            PostureRecord::Repository(one) => (one.schema.clone(), PostureRecord::Repository(one)),
            PostureRecord::Credential(one) => (one.schema.clone(), PostureRecord::Credential(one)),
        };
        if schema != POSTURE_SCHEMA {
            return Err(ReadError::Line {
                line: number,
                column: 1,
            });
        }
        match record {
            PostureRecord::Repository(one) => posture.repositories.push(*one),
            PostureRecord::Credential(one) => posture.credentials.push(*one),
        }
    }
    posture.repositories.sort_by(|a, b| {
        (&a.repository, b.as_of, &a.input).cmp(&(&b.repository, a.as_of, &b.input))
    });
    posture
        .repositories
        .dedup_by(|later, first| later.repository == first.repository);
    let days: std::collections::HashMap<_, _> = posture
        .repositories
        .iter()
        .map(|one| (one.repository.clone(), one.as_of))
        .collect();
    posture.credentials.retain(|one| {
        days.get(&one.repository)
            .is_none_or(|day| *day == one.as_of)
    });
    posture.sort();
    posture
        .credentials
        .dedup_by(|a, b| (&a.repository, &a.fingerprint) == (&b.repository, &b.fingerprint));
    Ok(posture)
}
