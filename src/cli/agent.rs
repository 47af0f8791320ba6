//! `stagegate agent`: a hook for coding agents that write files. It reads the JSON that an agent hands to its hook before a tool
//! runs, and judges what is to be written as if it stood on the branch that is checked out.
//!
//! Its exit codes are those of such hooks: 0 go on, 2 do not, with what is wrong on standard error, which the agent reads. It is an
//! early word to somebody who types fast; what is committed and pushed is judged by the other modes all the same.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::check::Gate;
use crate::model::{Outcome, Verdict};
use crate::report::printable;

use super::source::{self, Fallback};
use super::{Failure, Global};

/// More than that an agent does not write at once.
const MOST: u64 = 64 << 20;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 go on, 2 do not: standard error says why.\n\nExamples:\n  .claude/settings.json:\n  {\"hooks\": {\"PreToolUse\": [{\"matcher\": \"Write|Edit|MultiEdit\", \"hooks\": [{\"type\": \"command\", \"command\": \"stagegate agent\"}]}]}}"
)]
pub(crate) struct Args {}

/// A file that is to be written, and the texts that are new in it.
struct Draft {
    file: PathBuf,
    texts: Vec<String>,
}

pub(crate) fn run(_: &Args, global: &Global, _: &mut dyn Write) -> Result<u8, Failure> {
    let mut text = Vec::new();
    std::io::stdin().lock().take(MOST).read_to_end(&mut text)?;
    // The parser's message could quote what it read.
    let call: Value = serde_json::from_slice(&text).map_err(|error| {
        Failure::new(format!(
            "standard input is no JSON at line {}",
            error.line()
        ))
        .hint("an agent's hook hands it on; docs/agents.md shows what is understood")
    })?;
    let Some(draft) = draft(&call) else {
        return Ok(0);
    };
    let repository = source::repository(global)?;
    let Some(path) = path_in(repository.work_dir(), &draft.file) else {
        return Ok(0);
    };
    let policy = source::policy(global, &repository, &Fallback::WorkTree)?;
    let scanner = source::scanner(&policy)?;
    let inventories = source::inventory(global, &repository, &policy, true)?;
    let gate = Gate {
        laptop: true,
        ..source::gate(global, &repository, &policy, &scanner, &inventories)
    };
    let branch = repository.head_branch();
    let mut refused = false;
    let mut complaint = String::new();
    for text in &draft.texts {
        let report = gate.in_hand(branch.as_deref(), &path, None, text.as_bytes())?;
        refused |= report.outcome() != Outcome::Allowed;
        for finding in &report.findings {
            if finding.verdict == Verdict::Block {
                complaint += &format!(
                    "{path}: {}. {} What to do: {}\n",
                    finding.title, finding.because.text, finding.remedy
                );
            }
        }
        for unread in report.unexamined.iter().filter(|unread| unread.refuses) {
            complaint += &format!("{path}: not read: {}\n", unread.reason);
        }
    }
    if !refused {
        return Ok(0);
    }
    let mut err = std::io::stderr().lock();
    writeln!(err, "stagegate: this must not be written there:")?;
    for line in complaint.lines() {
        writeln!(err, "  {}", printable(line))?;
    }
    Ok(2)
}

/// What a call is to write; none where it writes no file.
fn draft(call: &Value) -> Option<Draft> {
    let input = call
        .get("tool_input")
        .or_else(|| call.get("input"))
        .unwrap_or(call);
    let file = ["file_path", "path", "notebook_path", "filename"]
        .iter()
        .find_map(|key| input.get(key)?.as_str())?;
    let mut texts = Vec::new();
    let mut take = |value: &Value| {
        for key in [
            "content",
            "contents",
            "new_string",
            "new_str",
            "new_source",
            "file_text",
            "insert_text",
        ] {
            if let Some(text) = value.get(key).and_then(Value::as_str) {
                texts.push(text.to_owned());
            }
        }
    };
    take(input);
    for edit in input
        .get("edits")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        take(edit);
    }
    (!texts.is_empty()).then(|| Draft {
        file: PathBuf::from(file),
        texts,
    })
}

/// The path of a file in the working tree, as the tree has it; none where it lies elsewhere.
fn path_in(top: Option<&Path>, file: &Path) -> Option<String> {
    let top = top?.canonicalize().ok()?;
    let file = std::path::absolute(file).ok()?;
    // The file need not be there yet: the folder that is there decides, whatever links lead to it.
    let mut missing = Vec::new();
    let mut folder = file.as_path();
    let there = loop {
        if let Ok(there) = folder.canonicalize() {
            break there;
        }
        missing.push(folder.file_name()?);
        folder = folder.parent()?;
    };
    let mut whole = there;
    whole.extend(missing.iter().rev());
    let path = whole.strip_prefix(&top).ok()?;
    let parts: Vec<String> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    Some(parts.join("/"))
}
