//! The audit log of a server: JSON Lines, one a run, each with the hash of the line before. Appending is safe for several
//! processes at once and for rotation; what is written holds names, ids and verdicts, and never a value.
//!
//! Beside `FILE` stands `FILE.head`: the lock, the hash of the last line, and the overrides that were used. It is not rotated,
//! so that the chain goes on in the next file.

mod forward;
mod metrics;
mod used;
mod verify;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use forward::forward;
pub use metrics::count;
pub use used::{Used, overrides};
pub use verify::{Broken, Verified, verify};

/// What stands before the first line.
pub const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The version of the lines.
const VERSION: u32 = 1;

/// One run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// The version of the lines; this and the next two are filled in when it is written.
    pub version: u32,
    /// When it was written, in UTC.
    pub time: String,
    /// The program and its version.
    pub tool: String,
    /// `pre-receive` or `update`.
    pub mode: String,
    /// What the server says of who pushes: variable and value.
    pub who: Vec<(String, String)>,
    /// The repository's folder.
    pub repository: String,
    /// The ref updates.
    pub refs: Vec<Moved>,
    /// `allowed`, `blocked` or `undecided`.
    pub outcome: String,
    /// What was found and not simply allowed.
    pub verdicts: Vec<Judged>,
    /// How many things were not examined.
    pub unexamined: usize,
    /// Overrides that let something pass.
    pub overrides: Vec<Override>,
    /// The policy that judged, and the hash of its text.
    pub policy: String,
    /// SHA-256 of the policy's text; empty for the default one.
    pub policy_digest: String,
    /// How long it took.
    pub milliseconds: u64,
    /// BLAKE3 of the line before, without its line end; filled in when it is written.
    pub previous: String,
}

/// A ref update.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// Full name, redacted.
    pub name: String,
    /// From.
    pub old: Option<String>,
    /// To.
    pub new: Option<String>,
    /// The environment that claims it.
    pub environment: Option<String>,
}

/// A verdict, by fingerprint.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// Id of the value.
    pub fingerprint: String,
    /// Id of the rule.
    pub rule: String,
    /// The family.
    pub family: String,
    /// `block` or `warn`.
    pub verdict: String,
    /// Where it was going.
    pub environment: Option<String>,
}

/// An override.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Id of the value.
    pub fingerprint: String,
    /// Who let it pass: variable and value.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
}

/// What stands in `FILE.head`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Head {
    /// Hash of the last line.
    last: String,
    /// Fingerprints of overrides that were used, each with its day.
    used: Vec<(String, String)>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file, the folder, the disk.
    #[error("cannot write the audit log {file}: {reason}")]
    Write {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// The log of the system did not take it.
    #[error("cannot forward the audit log to {socket}: {reason}")]
    Forward {
        /// The socket.
        socket: String,
        /// Why.
        reason: String,
    },
    /// It has let something pass already.
    #[error("the override for {fingerprint} was used on {day}, and one is used once")]
    Used {
        /// The value.
        fingerprint: String,
        /// When.
        day: String,
    },
}

/// The hash of a line.
fn hash(line: &[u8]) -> String {
    blake3::hash(line).to_hex().to_string()
}

/// `FILE.head` of `FILE`.
fn head_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".head");
    PathBuf::from(name)
}

/// Appends one entry, whole and on the disk, and gives it its time and its place in the chain: the line that was written.
///
/// # Errors
/// Where it cannot be written, or an override in it was used before; then nothing was written.
pub fn append(file: &Path, mut entry: Entry) -> Result<String, JournalError> {
    let failed = |error: io::Error| JournalError::Write {
        file: file.display().to_string(),
        reason: error.to_string(),
    };
    let now = jiff::Timestamp::now();
    entry.version = VERSION;
    entry.time = now.to_string();
    entry.tool = concat!("stagegate ", env!("CARGO_PKG_VERSION")).to_owned();
    let mut lock = private().read(true).open(head_of(file)).map_err(failed)?;
    // Held until the file is closed, also by a process that is killed.
    lock.lock().map_err(failed)?;
    let mut text = String::new();
    lock.read_to_string(&mut text).map_err(failed)?;
    let mut head: Head = if text.trim().is_empty() {
        Head::default()
    } else {
        serde_json::from_str(&text).map_err(|error| {
            failed(io::Error::other(format!(
                "{}: {error}",
                head_of(file).display()
            )))
        })?
    };
    let day = now.to_string().chars().take(10).collect::<String>();
    for one in &entry.overrides {
        if let Some((fingerprint, day)) =
            head.used.iter().find(|(used, _)| *used == one.fingerprint)
        {
            return Err(JournalError::Used {
                fingerprint: fingerprint.clone(),
                day: day.clone(),
            });
        }
        head.used.push((one.fingerprint.clone(), day.clone()));
    }
    // Opened anew each time, under the lock: after a rotation this is the new file.
    let mut log = private().read(true).open(file).map_err(failed)?;
    let last = last_line(&mut log).map_err(failed)?;
    let is_cut = last.as_ref().is_some_and(|(_, whole)| !whole);
    entry.previous = match last {
        // The usual; a line without its end; one whose writer was killed before it told the head.
        Some((line, whole)) if !whole || head.last.is_empty() || follows(&line, &head.last) => {
            hash(&line)
        }
        // A new file, or one whose last lines were taken out: the chain shows it.
        _ if head.last.is_empty() => NOTHING.to_owned(),
        _ => head.last.clone(),
    };
    let line = serde_json::to_string(&entry).map_err(|error| failed(io::Error::other(error)))?;
    let mut written = Vec::with_capacity(line.len() + 2);
    if is_cut {
        // Somebody was killed in the middle of a line.
        written.push(b'\n');
    }
    written.extend_from_slice(line.as_bytes());
    written.push(b'\n');
    // An override is used before it is written down: killed in between, it is lost and not used twice.
    if !entry.overrides.is_empty() {
        write_head(&mut lock, &head).map_err(failed)?;
    }
    let before = log.seek(SeekFrom::End(0)).map_err(failed)?;
    if let Err(error) = log.write_all(&written).and_then(|()| log.sync_data()) {
        // A full disk leaves no half of a line.
        let _ = log.set_len(before);
        return Err(failed(error));
    }
    head.last = hash(line.as_bytes());
    write_head(&mut lock, &head).map_err(failed)?;
    Ok(line)
}

/// Whether a line is the one that the head knows, or the one after it.
fn follows(line: &[u8], known: &str) -> bool {
    let previous = || {
        let entry: serde_json::Value = serde_json::from_slice(line).ok()?;
        Some(entry["previous"].as_str()? == known)
    };
    hash(line) == known || previous() == Some(true)
}

fn write_head(file: &mut File, head: &Head) -> io::Result<()> {
    let text = serde_json::to_vec(head)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)?;
    file.set_len(text.len() as u64)?;
    file.sync_all()
}

/// A file that its owner writes, made where it is not there.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options
}

/// The last line of a file, and whether it has its line end.
fn last_line(file: &mut File) -> io::Result<Option<(Vec<u8>, bool)>> {
    let len = file.metadata()?.len();
    let mut size = 64 << 10;
    loop {
        let start = len.saturating_sub(size);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.take(len - start).read_to_end(&mut bytes)?;
        let whole = bytes.ends_with(b"\n");
        if whole {
            bytes.pop();
        }
        match bytes.iter().rposition(|&byte| byte == b'\n') {
            Some(at) => return Ok(Some((bytes.split_off(at + 1), whole))),
            None if start == 0 => return Ok((len > 0).then_some((bytes, whole))),
            None => size *= 8,
        }
    }
}

/// Whether an entry could be written: asked before an override lets anything pass.
pub fn can_write(file: &Path) -> io::Result<()> {
    private().open(head_of(file))?;
    private().open(file)?;
    fs::metadata(file).map(drop)
}

#[cfg(test)]
mod tests;
