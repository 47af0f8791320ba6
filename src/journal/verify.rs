//! Whether a log is what was written: every line names the hash of the one before it.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Head, NOTHING, hash, head_of};

/// A log whose chain holds.
#[derive(Debug, Default)]
pub struct Verified {
    /// Lines in all files.
    pub lines: usize,
    /// What does not break the chain and is worth knowing.
    pub notes: Vec<String>,
}

/// The first line that does not belong where it stands.
#[derive(Debug)]
pub struct Broken {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Verifies files, the oldest first; the last is the one that is being written.
///
/// # Errors
/// Where a file cannot be read.
pub fn verify(files: &[PathBuf]) -> io::Result<Result<Verified, Broken>> {
    let mut verified = Verified::default();
    let mut before: Option<String> = None;
    let mut before_that = String::new();
    for file in files {
        let mut reader = BufReader::new(fs::File::open(file)?);
        let mut number = 0;
        let mut cut: Option<usize> = None;
        loop {
            let mut line = Vec::new();
            if reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            number += 1;
            let whole = line.pop_if(|last| *last == b'\n').is_some();
            let broken = |what: String| {
                Ok(Err(Broken {
                    file: file.clone(),
                    line: number,
                    what,
                }))
            };
            let entry: Option<Value> = serde_json::from_slice(&line).ok();
            let previous = entry.as_ref().and_then(|entry| entry["previous"].as_str());
            match (previous, &before) {
                // Killed while it wrote: the line after it must know it.
                (None, _) if cut.is_none() => cut = Some(number),
                (None, _) => return broken("it is no entry of an audit log".to_owned()),
                (Some(previous), Some(before)) if previous != before => {
                    return broken(match cut {
                        Some(cut) => format!("it does not follow line {cut}, which is no entry"),
                        None => "it does not follow the line before it: one of the two was changed, or lines between them were taken out".to_owned(),
                    });
                }
                (Some(previous), None) if previous != NOTHING => verified.notes.push(format!(
                    "{} goes on from a file that was not given: name the older ones first",
                    file.display()
                )),
                (Some(_), _) => {
                    if let Some(line) = cut.take() {
                        verified.notes.push(format!(
                            "{}:{line} was cut short: a process was killed while it wrote",
                            file.display()
                        ));
                    }
                }
            }
            before_that = before.replace(hash(&line)).unwrap_or_default();
            verified.lines += 1;
            if !whole && cut.is_none() {
                verified
                    .notes
                    .push(format!("{}:{number} has no line end", file.display()));
            }
        }
        if let Some(line) = cut {
            return Ok(Err(Broken {
                file: file.clone(),
                line,
                what: "it is no entry of an audit log, and no line after it knows it".to_owned(),
            }));
        }
    }
    if let Some(broken) = end(
        files.last(),
        before.as_deref(),
        &before_that,
        verified.lines,
    )? {
        return Ok(Err(broken));
    }
    Ok(Ok(verified))
}

/// What `FILE.head` says of the end: lines that were cut off there leave a chain that holds.
fn end(
    file: Option<&PathBuf>,
    last: Option<&str>,
    before_that: &str,
    lines: usize,
) -> io::Result<Option<Broken>> {
    let Some(file) = file else {
        return Ok(None);
    };
    let head = match fs::read(head_of(Path::new(file))) {
        Ok(text) => serde_json::from_slice::<Head>(&text).ok(),
        // An older file, or a copy elsewhere.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // The head is written after the line (and before it where there is an override).
    let known = head.is_some_and(|head| match last {
        Some(last) => head.last == last || head.last == before_that,
        None => head.last.is_empty(),
    });
    Ok((!known).then(|| Broken {
        file: file.clone(),
        line: lines + 1,
        what: "the log went on after the last line that is here: lines at the end are missing"
            .to_owned(),
    }))
}
