//! The object directories of a repository: its own, and the alternates that its files and git's environment name.
//!
//! libgit2 splits `GIT_ALTERNATE_OBJECT_DIRECTORIES` at every `:` although git quotes a path that holds one, and it
//! leaves out a directory that does not exist without a word: objects that the repository has would be missing.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// An alternate of an alternate of an alternate ... : as deep as git follows them.
const DEEPEST: usize = 5;

/// An object directory that is named somewhere and cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MissingDirectory {
    /// The directory.
    pub(super) directory: PathBuf,
    /// What names it.
    pub(super) named_by: String,
    /// Why it cannot be read.
    pub(super) reason: String,
}

/// The object directory `own` and after it its alternates, those that `environment` lists included.
pub(super) fn object_directories(
    own: &Path,
    environment: Option<&OsStr>,
) -> Result<Vec<PathBuf>, MissingDirectory> {
    let mut found = Found::default();
    found.check(own, "the repository")?;
    found.directories.push(own.to_owned());
    if let Some(list) = environment {
        for directory in entries(list.as_bytes(), b':') {
            found.add(directory, "GIT_ALTERNATE_OBJECT_DIRECTORIES", 0)?;
        }
    }
    found.follow(own, 0)?;
    Ok(found.directories)
}

#[derive(Default)]
struct Found {
    directories: Vec<PathBuf>,
    seen: HashSet<PathBuf>,
}

impl Found {
    /// Whether a directory can be listed, and has not been seen before.
    fn check(&mut self, directory: &Path, named_by: &str) -> Result<bool, MissingDirectory> {
        let real = std::fs::read_dir(directory)
            .and_then(|_| directory.canonicalize())
            .map_err(|error| MissingDirectory {
                directory: directory.to_owned(),
                named_by: named_by.to_owned(),
                reason: error.to_string(),
            })?;
        Ok(self.seen.insert(real))
    }

    fn add(
        &mut self,
        directory: PathBuf,
        named_by: &str,
        depth: usize,
    ) -> Result<(), MissingDirectory> {
        if self.check(&directory, named_by)? {
            self.directories.push(directory.clone());
            self.follow(&directory, depth)?;
        }
        Ok(())
    }

    /// Reads `info/alternates` of an object directory.
    fn follow(&mut self, objects: &Path, depth: usize) -> Result<(), MissingDirectory> {
        let file = objects.join("info/alternates");
        let list = match std::fs::read(&file) {
            Ok(list) => list,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                return Err(MissingDirectory {
                    directory: file,
                    named_by: "the repository".to_owned(),
                    reason: error.to_string(),
                });
            }
        };
        if depth > DEEPEST {
            return Ok(());
        }
        for directory in entries(&list, b'\n') {
            // Relative ones are relative to the object directory that names them.
            self.add(
                objects.join(directory),
                &file.display().to_string(),
                depth + 1,
            )?;
        }
        Ok(())
    }
}

/// The paths of a list as git reads it: `#` opens a comment, and an entry may be quoted as a string of C.
fn entries(list: &[u8], separator: u8) -> Vec<PathBuf> {
    let mut entries = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let plain_end = rest
            .iter()
            .position(|&byte| byte == separator)
            .unwrap_or(rest.len());
        let (path, end) = match rest[0] {
            b'#' => (Vec::new(), plain_end),
            b'"' => unquote(rest).unwrap_or_else(|| (rest[..plain_end].to_vec(), plain_end)),
            _ => (rest[..plain_end].to_vec(), plain_end),
        };
        rest = &rest[end..];
        if rest.first() == Some(&separator) {
            rest = &rest[1..];
        }
        if !path.is_empty() {
            entries.push(PathBuf::from(OsStr::from_bytes(&path)));
        }
    }
    entries
}

/// The string of C that `text` starts with, and where it ends; `None` if it does not end.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut out = Vec::new();
    let mut at = 1;
    loop {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'"' => return Some((out, at)),
            b'\\' => {
                let escaped = *text.get(at)?;
                at += 1;
                out.push(match escaped {
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    b'"' | b'\\' => escaped,
                    b'0'..=b'3' => {
                        let digits = [escaped, *text.get(at)?, *text.get(at + 1)?];
                        at += 2;
                        digits.iter().try_fold(0_u8, |value, &digit| match digit {
                            b'0'..=b'7' => Some((value << 3) | (digit - b'0')),
                            _ => None,
                        })?
                    }
                    _ => return None,
                });
            }
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &[u8], separator: u8) -> Vec<String> {
        entries(list, separator)
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    #[test]
    fn entries_are_split_as_git_splits_them() {
        assert_eq!(read(b"/a:/b c:", b':'), ["/a", "/b c"]);
        assert_eq!(read(b"\"/a:b\":/c", b':'), ["/a:b", "/c"]);
        assert_eq!(
            read(b"\"/a\\\"b\\\\\\303\\266\\n\":/c", b':'),
            ["/a\"b\\ö\n", "/c"]
        );
        assert_eq!(read(b"# nothing\n/a\n\n../b\n", b'\n'), ["/a", "../b"]);
        assert_eq!(read(b"\"/not closed:/c", b':'), ["\"/not closed", "/c"]);
        assert_eq!(read(b"", b':'), Vec::<String>::new());
    }

    #[test]
    fn nested_and_relative_alternates_are_followed_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let objects = |name: &str, alternates: &str| {
            let info = dir.path().join(name).join("info");
            std::fs::create_dir_all(&info).expect("a folder");
            std::fs::write(info.join("alternates"), alternates).expect("a file");
        };
        objects("own", "../one\n");
        objects("one", "../two\n../own\n");
        objects("two", "\"../one\"\n");
        let found = object_directories(&dir.path().join("own"), None).expect("all of them exist");
        let names: Vec<_> = found
            .iter()
            .map(|path| path.file_name().expect("a name"))
            .collect();
        assert_eq!(names, ["own", "one", "two"]);
    }

    #[test]
    fn a_missing_directory_is_named_with_what_names_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let list = format!("\"{}/gone: away\"", dir.path().display());
        let missing =
            object_directories(dir.path(), Some(OsStr::new(&list))).expect_err("it does not exist");
        assert!(missing.directory.ends_with("gone: away"));
        assert_eq!(missing.named_by, "GIT_ALTERNATE_OBJECT_DIRECTORIES");
    }
}
