//! Objects as they are stored, parsed by us from their raw bytes: replace refs, grafts and the shallow file change what
//! libgit2's commit look-ups show, and must not change what is judged.

use std::rc::Rc;

use crate::model::Oid;

use super::{GitError, Mode};

/// The kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A commit.
    Commit,
    /// A tree.
    Tree,
    /// A blob.
    Blob,
    /// An annotated tag.
    Tag,
}

/// An object and its raw bytes.
#[derive(Debug)]
pub struct Object {
    /// Its kind.
    pub kind: Kind,
    /// Its content, without git's header.
    pub data: Vec<u8>,
}

/// What a walk needs of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its tree.
    pub tree: Oid,
    /// Its parents as written in the object.
    pub parents: Rc<[Oid]>,
    /// Committer time in seconds since the epoch; 0 where it cannot be parsed, as git reads it.
    pub time: i64,
}

/// What an annotated tag points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// The tagged object.
    pub target: Oid,
}

/// One entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeEntry<'t> {
    /// Mode and kind.
    pub mode: Mode,
    /// Name: any bytes but NUL and `/`.
    pub name: &'t [u8],
    /// The object.
    pub oid: Oid,
}

impl<'t> TreeEntry<'t> {
    /// What it is found by: its name, and whether it is a folder.
    pub(super) const fn key(&self) -> (&'t [u8], bool) {
        (self.name, self.mode.is_tree())
    }
}

fn header<'d>(data: &mut &'d [u8], name: &[u8]) -> Option<&'d [u8]> {
    let rest = data.strip_prefix(name)?.strip_prefix(b" ")?;
    let end = rest.iter().position(|&byte| byte == b'\n')?;
    *data = &rest[end + 1..];
    Some(&rest[..end])
}

impl Commit {
    /// Parses a raw commit.
    pub fn parse(oid: Oid, data: &[u8]) -> Result<Self, GitError> {
        let malformed = |reason| GitError::Malformed { oid, reason };
        let mut rest = data;
        let tree = header(&mut rest, b"tree")
            .and_then(Oid::from_hex)
            .ok_or(malformed("a commit starts with its tree"))?;
        let mut parents = Vec::new();
        while let Some(parent) = header(&mut rest, b"parent") {
            parents.push(Oid::from_hex(parent).ok_or(malformed("a parent is not an object id"))?);
        }
        let time = rest
            .split(|&byte| byte == b'\n')
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix(b"committer "))
            .and_then(seconds)
            .unwrap_or(0);
        Ok(Self {
            tree,
            parents: parents.into(),
            time,
        })
    }
}

/// Seconds of `Name <mail> SECONDS ZONE`; the last `>` ends the mail, as in git.
pub(super) fn seconds(line: &[u8]) -> Option<i64> {
    let after = line.iter().rposition(|&byte| byte == b'>')? + 1;
    std::str::from_utf8(&line[after..])
        .ok()?
        .split_ascii_whitespace()
        .next()?
        .parse()
        .ok()
}

impl Tag {
    /// Parses a raw annotated tag.
    pub fn parse(oid: Oid, data: &[u8]) -> Result<Self, GitError> {
        let mut rest = data;
        let target =
            header(&mut rest, b"object")
                .and_then(Oid::from_hex)
                .ok_or(GitError::Malformed {
                    oid,
                    reason: "a tag starts with its object",
                })?;
        Ok(Self { target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: u8) -> Oid {
        Oid::from_bytes(&[digit; 20]).expect("20 bytes")
    }

    #[test]
    fn a_commit_with_two_parents() {
        let raw = format!(
            "tree {}\nparent {}\nparent {}\nauthor A <a@b> 1 +0000\ncommitter C > <c@d> 1700000000 +0100\n\nmessage\n",
            oid(1),
            oid(2),
            oid(3)
        );
        let commit = Commit::parse(oid(9), raw.as_bytes()).expect("parses");
        assert_eq!(commit.tree, oid(1));
        assert_eq!(*commit.parents, [oid(2), oid(3)]);
        assert_eq!(commit.time, 1_700_000_000);
    }

    #[test]
    fn a_committer_line_in_the_message_is_not_the_header() {
        let raw = format!(
            "tree {}\nauthor A <a@b> 1 +0000\n\ncommitter C <c@d> 5 +0000\n",
            oid(1)
        );
        assert_eq!(
            Commit::parse(oid(9), raw.as_bytes()).expect("parses").time,
            0
        );
    }

    #[test]
    fn rubbish_is_an_error() {
        assert!(Commit::parse(oid(9), b"").is_err());
        assert!(Commit::parse(oid(9), b"tree zz\n").is_err());
        assert!(Tag::parse(oid(9), b"type commit\n").is_err());
    }
}
