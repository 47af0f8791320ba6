//! Which overrides a log tells of.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::PathBuf;

use serde::Deserialize;

use super::Override;

/// An override that let something pass.
#[derive(Debug)]
pub struct Used {
    /// When, in UTC.
    pub time: String,
    /// The repository's folder.
    pub repository: String,
    /// The refs that were moved.
    pub refs: Vec<String>,
    /// The family of what it let pass.
    pub family: String,
    /// Who, what and why.
    pub what: Override,
}

/// What of a line is needed.
#[derive(Deserialize)]
struct Line {
    time: String,
    repository: String,
    refs: Vec<Ref>,
    verdicts: Vec<Verdict>,
    overrides: Vec<Override>,
}

#[derive(Deserialize)]
struct Ref {
    name: String,
}

#[derive(Deserialize)]
struct Verdict {
    fingerprint: String,
    family: String,
}

/// The overrides in some files, in their order. Lines that are none of the log are left to `journal::verify`.
///
/// # Errors
/// Where a file cannot be read.
pub fn overrides(files: &[PathBuf]) -> io::Result<Vec<Used>> {
    let mut used = Vec::new();
    for file in files {
        for line in BufReader::new(fs::File::open(file)?).split(b'\n') {
            let Ok(line) = serde_json::from_slice::<Line>(&line?) else {
                continue;
            };
            for what in line.overrides {
                let verdict = line
                    .verdicts
                    .iter()
                    .find(|verdict| verdict.fingerprint == what.fingerprint);
                used.push(Used {
                    time: line.time.clone(),
                    repository: line.repository.clone(),
                    refs: line.refs.iter().map(|update| update.name.clone()).collect(),
                    family: verdict.map_or_else(String::new, |verdict| verdict.family.clone()),
                    what,
                });
            }
        }
    }
    Ok(used)
}
