//! What was examined, kept between runs: of each blob what was found in it, of each commit what it did. It holds
//! fingerprints and redacted names, and no byte of a value.
//!
//! A file of chunks that are only ever added, each with its checksum, so that a run that is killed keeps what it did. Blobs and
//! commits refer to what was found by a hash of it: two runs at once can write the same file, and a record that refers to
//! what is not there is none. What it was made with (program, rules, facts, words, inventory) is in its name; another makes
//! another file and takes the old one away.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::found::{Found, FoundId};

/// One thing that is kept.
#[derive(Serialize, Deserialize)]
pub(super) enum Record {
    /// Something found; before the first record that refers to it.
    Found(Found),
    /// A blob, read with a syntax.
    Blob {
        oid: Vec<u8>,
        syntax: u8,
        /// What was found in it, and the line.
        seen: Vec<(FoundId, u32)>,
        /// What was left closed in it, in words.
        closed: Option<String>,
    },
    /// A commit.
    Commit { oid: Vec<u8>, steps: Vec<KeptStep> },
}

/// What a commit did to the values at one path.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptStep {
    /// The path, redacted.
    pub(super) path: String,
    /// What came, its line, and what it took the place of.
    pub(super) came: Vec<(FoundId, u32, Option<FoundId>)>,
    /// What went.
    pub(super) went: Vec<FoundId>,
}

/// Begins each chunk.
const MAGIC: [u8; 4] = *b"SGA1";
/// A chunk is written when it is this large,
const CHUNK: usize = 64 << 10;
/// and larger ones than this are damage.
const LARGEST_CHUNK: usize = 64 << 20;
/// Ends the names of the files.
const ENDING: &str = ".audit-cache";

/// An open cache.
pub(super) struct Cache {
    file: File,
    pending: Vec<Record>,
    size: usize,
    /// Writing failed: the disk is full. Nothing more is kept, and nothing is wrong.
    broken: bool,
}

impl Cache {
    /// Opens the cache of `key` in a folder, gives what is in it to `each`, and removes those of other keys.
    pub(super) fn open(
        folder: &Path,
        key: &str,
        each: &mut dyn FnMut(Record),
    ) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        let name = format!("{key}{ENDING}");
        for entry in fs::read_dir(folder)?.flatten() {
            let other = entry.file_name();
            let other = other.to_string_lossy();
            if other.ends_with(ENDING) && other != name.as_str() {
                let _ = fs::remove_file(entry.path());
            }
        }
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(folder.join(name))?;
        file.seek(SeekFrom::Start(0))?;
        let sound = read(&mut BufReader::new(&file), each);
        // What a killed run left half written must not hide what is added behind it.
        if sound < file.metadata()?.len() {
            file.set_len(sound)?;
        }
        Ok(Self {
            file,
            pending: Vec::new(),
            size: 0,
            broken: false,
        })
    }

    /// Keeps a record.
    pub(super) fn keep(&mut self, record: Record) {
        self.size += match &record {
            Record::Found(found) => 256 + found.keys.len() * 16,
            Record::Blob { seen, .. } => 40 + seen.len() * 18,
            Record::Commit { steps, .. } => {
                let of_step = |step: &KeptStep| 64 + (step.came.len() + step.went.len()) * 36;
                40 + steps.iter().map(of_step).sum::<usize>()
            }
        };
        self.pending.push(record);
        if self.size >= CHUNK {
            self.flush();
        }
    }

    /// Writes what is not yet written.
    pub(super) fn flush(&mut self) {
        let records = std::mem::take(&mut self.pending);
        self.size = 0;
        if self.broken || records.is_empty() {
            return;
        }
        let Ok(body) = postcard::to_allocvec(&records) else {
            return;
        };
        let Ok(length) = u32::try_from(body.len()) else {
            return;
        };
        let mut chunk = Vec::with_capacity(body.len() + 12);
        chunk.extend_from_slice(&MAGIC);
        chunk.extend_from_slice(&length.to_le_bytes());
        chunk.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        chunk.extend_from_slice(&body);
        // In one piece, so that those of two runs do not mix.
        self.broken = self.file.write_all(&chunk).is_err();
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Reads chunk by chunk, and tells how many bytes are sound.
fn read(from: &mut impl Read, each: &mut dyn FnMut(Record)) -> u64 {
    let mut sound = 0;
    let mut head = [0; 12];
    let mut body = Vec::new();
    while from.read_exact(&mut head).is_ok() && head[..4] == MAGIC {
        let number =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let length = number(4) as usize;
        if length > LARGEST_CHUNK {
            break;
        }
        body.clear();
        body.resize(length, 0);
        if from.read_exact(&mut body).is_err() || crc32fast::hash(&body) != number(8) {
            break;
        }
        let Ok(records) = postcard::from_bytes::<Vec<Record>>(&body) else {
            break;
        };
        records.into_iter().for_each(&mut *each);
        sound += (head.len() + length) as u64;
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(number: u8) -> Record {
        Record::Commit {
            oid: vec![number; 20],
            steps: Vec::new(),
        }
    }

    fn commits(folder: &Path, key: &str) -> (Cache, Vec<u8>) {
        let mut seen = Vec::new();
        let cache = Cache::open(folder, key, &mut |record| {
            if let Record::Commit { oid, .. } = record {
                seen.push(oid[0]);
            }
        });
        (cache.expect("a cache"), seen)
    }

    #[test]
    fn what_was_kept_is_there_and_a_torn_end_is_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut cache, seen) = commits(folder.path(), "a");
        assert!(seen.is_empty());
        cache.keep(commit(1));
        cache.flush();
        cache.keep(commit(2));
        drop(cache);
        let file = folder.path().join("a.audit-cache");
        let whole = fs::read(&file).expect("the file");
        fs::write(&file, &whole[..whole.len() - 1]).expect("written");
        let (mut cache, seen) = commits(folder.path(), "a");
        assert_eq!(seen, [1]);
        cache.keep(commit(3));
        drop(cache);
        assert_eq!(commits(folder.path(), "a").1, [1, 3]);
    }

    #[test]
    fn another_key_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut cache, _) = commits(folder.path(), "a");
        cache.keep(commit(1));
        drop(cache);
        assert!(commits(folder.path(), "b").1.is_empty());
        assert!(!folder.path().join("a.audit-cache").exists());
    }

    #[test]
    fn rubbish_is_no_record() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.audit-cache");
        for rubbish in [&b"SGA1\xff\xff\xff\xff0000"[..], b"SGA1", b"x", &[0; 100]] {
            fs::write(&file, rubbish).expect("written");
            assert!(commits(folder.path(), "a").1.is_empty());
        }
    }
}
