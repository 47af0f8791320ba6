//! Manual pages and completions beside the binary: for `PREFIX/bin` they go below `PREFIX/share`, where `man` and the shells
//! look. A list of what was written, with its digests, says later what may be replaced or removed: what somebody edited, or put
//! there himself, is neither.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::action::Work;
use super::shim;
use super::{Document, Refusal};

/// The list, below the share: `sha256sum --check` reads it.
const LIST: &str = "stagegate/installed";

const MADE: &str = "# made: ";

/// What earlier installations wrote: the digests that are theirs for each file, and the folders they made.
#[derive(Default)]
struct List {
    files: BTreeMap<PathBuf, BTreeSet<String>>,
    made: BTreeSet<PathBuf>,
}

impl List {
    fn read(share: &Path) -> Self {
        let mut list = Self::default();
        for line in fs::read_to_string(share.join(LIST))
            .unwrap_or_default()
            .lines()
        {
            if let Some(folder) = line.strip_prefix(MADE) {
                list.made.extend(inside(folder));
            } else if let Some((digest, file)) = line.split_once("  ")
                && let Some(file) = inside(file)
            {
                list.files.entry(file).or_default().insert(digest.into());
            }
        }
        list
    }

    fn write(&self, share: &Path) -> io::Result<()> {
        let mut text = String::new();
        for folder in &self.made {
            let _ = writeln!(text, "{MADE}{}", folder.display());
        }
        for (file, digests) in &self.files {
            for digest in digests {
                let _ = writeln!(text, "{digest}  {}", file.display());
            }
        }
        put(text.as_bytes(), &share.join(LIST))
    }

    /// Whether a file stands there as one of ours.
    fn is_ours(&self, file: &Path, share: &Path) -> bool {
        let there = share.join(file);
        is_plain(&there)
            && self.files.get(file).is_some_and(|digests| {
                fs::read(&there).is_ok_and(|text| digests.contains(&digest(&text)))
            })
    }
}

/// A path that stays below the share, whoever wrote the list.
fn inside(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(path);
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        .then_some(path)
}

fn digest(text: &[u8]) -> String {
    Sha256::digest(text)
        .iter()
        .fold(String::new(), |mut digest, byte| {
            let _ = write!(digest, "{byte:02x}");
            digest
        })
}

fn is_plain(file: &Path) -> bool {
    file.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file())
}

/// Written in one step, so that nobody reads half a page.
fn put(text: &[u8], file: &Path) -> io::Result<()> {
    let new = shim::beside(file, ".stagegate-new");
    fs::write(&new, text)?;
    fs::rename(new, file)
}

/// The folder for pages and scripts that belongs to a folder for programs.
fn share_of(prefix: &Path) -> Option<PathBuf> {
    (prefix.file_name()? == "bin").then(|| prefix.with_file_name("share"))
}

/// Puts them there. Where that fails, it is said and no more: a gate without its manual is still a gate.
pub(super) fn place(work: &mut Work<'_>) -> Result<(), Refusal> {
    let options = work.options;
    let Some(share) = options.prefix.as_deref().and_then(share_of) else {
        return Ok(());
    };
    let mut list = List::read(&share);
    let mut write: Vec<&Document> = Vec::new();
    let mut foreign = Vec::new();
    for document in &options.documents {
        let there = share.join(&document.path);
        if !shim::is_there(&there) {
            write.push(document);
        } else if is_plain(&there) && fs::read(&there).is_ok_and(|text| text == document.text) {
            // Ours already, or the same put there by somebody else, whose it stays.
        } else if list.is_ours(&document.path, &share) {
            write.push(document);
        } else {
            foreign.push(there);
        }
    }
    let wanted: BTreeSet<&Path> = options
        .documents
        .iter()
        .map(|document| document.path.as_path())
        .collect();
    let gone: Vec<PathBuf> = list
        .files
        .keys()
        .filter(|file| !wanted.contains(file.as_path()) && list.is_ours(file, &share))
        .cloned()
        .collect();
    for there in foreign {
        work.say(&format!(
            "note: left as it is, for it is not stagegate's or was edited: {}",
            there.display()
        ))?;
    }
    if write.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let sentence = format!(
        "install manual pages and completions in {}",
        share.display()
    );
    if options.dry_run {
        return work.act(&sentence, || Ok(()));
    }
    work.say(&sentence)?;
    let done = replace(&mut list, &share, &write, &gone);
    done.or_else(|error| work.say(&format!("note: could not {sentence}: {error}")))
}

fn replace(list: &mut List, share: &Path, write: &[&Document], gone: &[PathBuf]) -> io::Result<()> {
    let mut folders: Vec<&Path> = write
        .iter()
        .filter_map(|document| document.path.parent())
        .collect();
    folders.extend(Path::new(LIST).parent());
    for folder in folders {
        // From the share down; the share itself is the path of no parts.
        let mut parts: Vec<&Path> = folder.ancestors().collect();
        parts.reverse();
        for part in parts {
            let there = share.join(part);
            if !there.is_dir() {
                fs::create_dir_all(&there)?;
                list.made.insert(if part.as_os_str().is_empty() {
                    PathBuf::from(".")
                } else {
                    part.to_owned()
                });
            }
        }
    }
    for document in write {
        let digests = list.files.entry(document.path.clone()).or_default();
        digests.insert(digest(&document.text));
    }
    // First the list, with the old digests and the new: what an interruption leaves can be told and taken back.
    list.write(share)?;
    for document in write {
        put(&document.text, &share.join(&document.path))?;
        let only = BTreeSet::from([digest(&document.text)]);
        list.files.insert(document.path.clone(), only);
    }
    for file in gone {
        fs::remove_file(share.join(file))?;
        list.files.remove(file);
    }
    list.write(share)
}

/// Takes away what the list names and nobody changed, and the folders that were made for it and are empty.
pub(super) fn remove(work: &mut Work<'_>) -> Result<(), Refusal> {
    let Some(share) = work.options.prefix.as_deref().and_then(share_of) else {
        return Ok(());
    };
    if !is_plain(&share.join(LIST)) {
        return Ok(());
    }
    let list = List::read(&share);
    let mut ours = Vec::new();
    for file in list.files.keys() {
        if list.is_ours(file, &share) {
            ours.push(share.join(file));
        } else if shim::is_there(&share.join(file)) {
            work.say(&format!(
                "note: left as it is, for it was edited: {}",
                share.join(file).display()
            ))?;
        }
    }
    let sentence = format!(
        "remove the manual pages and completions in {}",
        share.display()
    );
    work.act(&sentence, || {
        for file in ours {
            fs::remove_file(file)?;
        }
        fs::remove_file(share.join(LIST))?;
        for folder in list.made.iter().rev() {
            // Refused where something else is in it by now, which is as it should be.
            let folder: PathBuf = share.join(folder).components().collect();
            let _ = fs::remove_dir(folder);
        }
        Ok(())
    })
}
