//! References as git's files hold them: one file a ref, and `packed-refs`.
//!
//! A ref that cannot be understood is an error here, never skipped: which refs an environment has decides how much of a
//! push is new to it.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::model::Oid;

/// What a ref holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RefValue {
    /// An object.
    Direct(Oid),
    /// Another ref, which need not exist.
    Symbolic(String),
}

/// The refs of a repository or linked worktree.
pub(super) struct RefFiles {
    git_dir: PathBuf,
    common_dir: PathBuf,
    packed: OnceCell<HashMap<String, Oid>>,
}

impl RefFiles {
    pub(super) fn new(git_dir: &Path, common_dir: &Path) -> Self {
        Self {
            git_dir: git_dir.to_owned(),
            common_dir: common_dir.to_owned(),
            packed: OnceCell::new(),
        }
    }

    /// What the ref of this full name holds; `None` where there is no such ref.
    pub(super) fn get(&self, name: &str) -> Result<Option<RefValue>, String> {
        // git tells a hook of names that it refuses only later: a path that climbs out is nobody's ref.
        if !is_ref_name(name) {
            return Ok(None);
        }
        match read_loose(&self.folder_of(name).join(name), name)? {
            Some(value) => Ok(Some(value)),
            None => Ok(self.packed()?.get(name).copied().map(RefValue::Direct)),
        }
    }

    /// Every ref below `refs/`.
    pub(super) fn all(&self) -> Result<Vec<(String, RefValue)>, String> {
        let mut all: HashMap<String, RefValue> = self
            .packed()?
            .iter()
            .map(|(name, oid)| (name.clone(), RefValue::Direct(*oid)))
            .collect();
        let mut folders = vec!["refs".to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = match std::fs::read_dir(self.common_dir.join(&folder)) {
                Ok(entries) => entries,
                // A folder that has just been emptied and taken away by git.
                Err(error) if error.kind() == ErrorKind::NotFound && folder != "refs" => continue,
                Err(error) => return Err(format!("{folder}: {error}")),
            };
            for entry in entries {
                let entry = entry.map_err(|error| format!("{folder}: {error}"))?;
                let file_name = entry.file_name();
                let name = format!("{folder}/{}", String::from_utf8_lossy(file_name.as_bytes()));
                // Followed where it is a symbolic link, as git does; deeper than this it can only be a circle of links.
                if entry.path().is_dir() {
                    if name.matches('/').count() < 256 {
                        folders.push(name);
                    }
                } else if is_part(file_name.as_bytes())
                    // Not by its name: one that is not UTF-8 would not be found again.
                    && let Some(value) = read_loose(&entry.path(), &name)?
                {
                    all.insert(name, value);
                }
            }
        }
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }

    /// Refs of one worktree stand in its own git directory, shared ones in the common one.
    fn folder_of(&self, name: &str) -> &Path {
        let of_worktree = !name.starts_with("refs/")
            || ["refs/bisect/", "refs/worktree/", "refs/rewritten/"]
                .iter()
                .any(|prefix| name.starts_with(prefix));
        if of_worktree {
            &self.git_dir
        } else {
            &self.common_dir
        }
    }

    fn packed(&self) -> Result<&HashMap<String, Oid>, String> {
        if let Some(packed) = self.packed.get() {
            return Ok(packed);
        }
        let text = match std::fs::read(self.common_dir.join("packed-refs")) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(format!("packed-refs: {error}")),
        };
        let mut packed = HashMap::new();
        for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
            // A comment, or the peeled value of the tag on the line before.
            if line.is_empty() || line.starts_with(b"#") || line.starts_with(b"^") {
                continue;
            }
            let space = line.iter().position(|&byte| byte == b' ');
            let (oid, name) = space
                .and_then(|space| Some((Oid::from_hex(&line[..space])?, &line[space + 1..])))
                .filter(|(_, name)| !name.is_empty())
                .ok_or_else(|| format!("line {} of packed-refs is not `OID REF`", at + 1))?;
            packed.insert(String::from_utf8_lossy(name).into_owned(), oid);
        }
        Ok(self.packed.get_or_init(|| packed))
    }
}

fn read_loose(path: &Path, name: &str) -> Result<Option<RefValue>, String> {
    // git once wrote HEAD as a symbolic link, and still reads it.
    if let Ok(target) = std::fs::read_link(path)
        && let Some(target) = target.to_str()
        && target.starts_with("refs/")
        && is_ref_name(target)
    {
        return Ok(Some(RefValue::Symbolic(target.to_owned())));
    }
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound
                    | ErrorKind::IsADirectory
                    | ErrorKind::NotADirectory
                    | ErrorKind::InvalidFilename
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(format!("{name}: {error}")),
    };
    if let Some(target) = text.strip_prefix(b"ref:") {
        let target = String::from_utf8_lossy(target.trim_ascii()).into_owned();
        return Ok(Some(RefValue::Symbolic(target)));
    }
    let digits = text
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let ends = text.get(digits).is_none_or(u8::is_ascii_whitespace);
    Oid::from_hex(&text[..digits])
        .filter(|oid| ends && !oid.is_zero())
        .map(|oid| Some(RefValue::Direct(oid)))
        .ok_or_else(|| format!("{name} holds neither an object id nor another ref's name"))
}

/// Whether this can be the full name of a ref: `refs/...`, or `HEAD` and its like. Its path stays inside the git directory.
pub(super) fn is_ref_name(name: &str) -> bool {
    let is_head = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    is_head || (name.starts_with("refs/") && name.split('/').all(|part| is_part(part.as_bytes())))
}

/// A part of a name between two `/`, by the rules of `git check-ref-format`. git passes over files of other names, such
/// as the `NAME.lock` that it writes itself.
fn is_part(part: &[u8]) -> bool {
    let odd = |byte: &u8| byte.is_ascii_control() || b" ~^:?*[\\".contains(byte);
    let holds = |pair: &[u8]| part.windows(2).any(|window| window == pair);
    !part.is_empty()
        && !part.starts_with(b".")
        && !part.ends_with(b".")
        && !part.ends_with(b".lock")
        && !part.iter().any(odd)
        && !holds(b"..")
        && !holds(b"@{")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn store(files: &[(&str, &str)]) -> (tempfile::TempDir, RefFiles) {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("refs")).expect("a folder");
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let refs = RefFiles::new(dir.path(), dir.path());
        (dir, refs)
    }

    fn direct(hex: &str) -> RefValue {
        RefValue::Direct(Oid::from_hex(hex.as_bytes()).expect("40 digits"))
    }

    #[test]
    fn a_loose_ref_hides_the_packed_one() {
        let packed =
            format!("# pack-refs with: peeled\n{TWO} refs/heads/a\n{TWO} refs/tags/t\n^{ONE}\n");
        let (_dir, refs) = store(&[
            ("packed-refs", &packed),
            ("refs/heads/a", &format!("{ONE}\n")),
            ("refs/heads/alias", "ref: refs/heads/unborn\n"),
            ("refs/heads/a.lock", ""),
            ("refs/heads/editor~", "rubbish"),
        ]);
        assert_eq!(
            refs.all().expect("readable"),
            [
                ("refs/heads/a".to_owned(), direct(ONE)),
                (
                    "refs/heads/alias".to_owned(),
                    RefValue::Symbolic("refs/heads/unborn".to_owned())
                ),
                ("refs/tags/t".to_owned(), direct(TWO)),
            ]
        );
        assert_eq!(refs.get("refs/heads/a"), Ok(Some(direct(ONE))));
        assert_eq!(refs.get("refs/tags/t"), Ok(Some(direct(TWO))));
        assert_eq!(refs.get("refs/heads"), Ok(None));
        assert_eq!(refs.get("refs/heads/a/b"), Ok(None));
    }

    #[test]
    fn a_broken_ref_is_named() {
        for text in [
            "",
            "1111",
            "garbage\n",
            "0000000000000000000000000000000000000000\n",
        ] {
            let packed = format!("{TWO} refs/heads/staging\n");
            let (_dir, refs) = store(&[("packed-refs", &packed), ("refs/heads/staging", text)]);
            let all = refs.all().expect_err("broken");
            assert!(all.starts_with("refs/heads/staging "), "{all}");
            assert!(refs.get("refs/heads/staging").is_err());
        }
    }

    #[test]
    fn names_do_not_climb_out() {
        let (_dir, refs) = store(&[("HEAD", "ref: refs/heads/a\n"), ("secret", ONE)]);
        for name in [
            "refs/../secret",
            "/etc/passwd",
            "../secret",
            "",
            "refs//a",
            "refs/heads/a\0b",
            "config",
            "secret",
        ] {
            assert_eq!(refs.get(name), Ok(None), "{name:?}");
        }
    }
}
