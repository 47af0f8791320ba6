//! The folders that loose objects stand in, for two things that libgit2 does not do: it reads past alternates that git
//! has quoted in the environment, and it never comes back from a loose object whose compressed data is cut short. Not
//! here: reading objects, which stays libgit2's.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;

use crate::model::Oid;

/// As deep as git follows alternates of alternates.
const DEEPEST: usize = 5;

/// Where loose objects stand.
pub(super) struct Folders {
    list: Vec<PathBuf>,
    /// The object found whole last: its size and its content are asked for one after the other.
    whole: Cell<Option<Oid>>,
}

impl Folders {
    /// Those of a repository, and, for one that git's environment names, those of the environment. What git has quoted
    /// there is added to libgit2's own list.
    pub(super) fn of(repository: &git2::Repository, from_env: bool) -> Result<Self, git2::Error> {
        let variable = |name: &str| std::env::var_os(name).filter(|_| from_env);
        let own = variable("GIT_OBJECT_DIRECTORY")
            .map_or_else(|| repository.commondir().join("objects"), PathBuf::from);
        let mut folders = Self {
            list: Vec::new(),
            whole: Cell::new(None),
        };
        folders.add(own, 0);
        let alternates = variable("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
        for (folder, was_quoted) in listed(&alternates) {
            if was_quoted {
                let whole = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
                let name = whole.to_str().ok_or_else(|| {
                    git2::Error::from_str("the path of an alternate object folder is not UTF-8")
                })?;
                repository.odb()?.add_disk_alternate(name)?;
            }
            folders.add(folder, 0);
        }
        Ok(folders)
    }

    fn add(&mut self, folder: PathBuf, depth: usize) {
        if depth > DEEPEST || self.list.contains(&folder) {
            return;
        }
        let alternates = std::fs::read(folder.join("info/alternates")).unwrap_or_default();
        let base = folder.clone();
        self.list.push(folder);
        for line in alternates.split(|&byte| byte == b'\n') {
            if !line.is_empty() && !line.starts_with(b"#") {
                self.add(base.join(OsStr::from_bytes(line)), depth + 1);
            }
        }
    }

    /// Whether every loose copy of an object can be decompressed to its end; a packed one has no copy here.
    pub(super) fn check(&self, oid: Oid) -> Result<(), String> {
        if self.whole.get() == Some(oid) {
            return Ok(());
        }
        let name = oid.to_string();
        let (fan, rest) = name.split_at(2);
        for folder in &self.list {
            let path: PathBuf = [folder.as_path(), Path::new(fan), Path::new(rest)]
                .iter()
                .collect();
            if let Ok(file) = File::open(&path) {
                io::copy(&mut ZlibDecoder::new(file), &mut io::sink())
                    .map_err(|error| format!("{}: {error}", path.display()))?;
            }
        }
        self.whole.set(Some(oid));
        Ok(())
    }
}

/// The folders of a colon-separated list, and whether each was quoted. As git writes it: a path with a colon, or one that
/// starts with a quote, stands in double quotes with C's escapes (git's `environment` page, `GIT_ALTERNATE_OBJECT_DIRECTORIES`).
fn listed(list: &OsString) -> Vec<(PathBuf, bool)> {
    let mut found = Vec::new();
    let mut rest = list.as_bytes();
    while !rest.is_empty() {
        let (path, was_quoted) = match unquoted(rest) {
            Some((path, after)) => {
                rest = after;
                (path, true)
            }
            None => {
                let end = rest
                    .iter()
                    .position(|&byte| byte == b':')
                    .unwrap_or(rest.len());
                let path = rest[..end].to_vec();
                rest = &rest[end..];
                (path, false)
            }
        };
        rest = rest.strip_prefix(b":").unwrap_or(rest);
        if !path.is_empty() {
            found.push((PathBuf::from(OsString::from_vec(path)), was_quoted));
        }
    }
    found
}

/// A path in double quotes at the start of `text`, and what follows it; `None` where there is none that ends properly.
fn unquoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut path = Vec::new();
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => break,
            b'\\' => {
                let (&escape, after) = rest.split_first()?;
                rest = after;
                path.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'0'..=b'3' => {
                        let digits = [escape, *rest.first()?, *rest.get(1)?];
                        rest = &rest[2..];
                        u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?
                    }
                    other => other,
                });
            }
            other => path.push(other),
        }
    }
    (rest.is_empty() || rest.starts_with(b":")).then_some((path, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_git_writes_them() {
        let paths = |list: &str| {
            listed(&OsString::from(list))
                .into_iter()
                .map(|(path, was_quoted)| (path.display().to_string(), was_quoted))
                .collect::<Vec<_>>()
        };
        let plain = |path: &str| (path.to_owned(), false);
        let quoted = |path: &str| (path.to_owned(), true);
        assert_eq!(paths(""), []);
        assert_eq!(paths("/a/b:/c d"), [plain("/a/b"), plain("/c d")]);
        assert_eq!(paths(r#""/a:b":/c"#), [quoted("/a:b"), plain("/c")]);
        assert_eq!(
            paths(r#"/c:"/\"a\303\274\n\\""#),
            [plain("/c"), quoted("/\"aü\n\\")]
        );
        // Not properly quoted: taken as it stands, as git does.
        assert_eq!(paths(r#""/a"b:/c"#), [plain(r#""/a"b"#), plain("/c")]);
        assert_eq!(paths(r#"/a"b""#), [plain(r#"/a"b""#)]);
    }
}
