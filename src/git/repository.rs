//! Opening a repository and reading its objects and refs through libgit2.

use std::path::{Path, PathBuf};

use git2::{ObjectType, RepositoryOpenFlags};

use crate::model::Oid;

use super::object::{Commit, Kind, Object};
use super::{GitError, trees};

/// A git repository, opened for reading.
pub struct Repository {
    inner: git2::Repository,
}

/// A ref and the object that it points to now, symbolic refs resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// Full name.
    pub name: String,
    /// The object it points to, not peeled.
    pub oid: Oid,
}

/// Some bytes of a blob that is read piece by piece.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'b> {
    /// The bytes.
    pub bytes: &'b [u8],
    /// Where they begin in the blob.
    pub start: usize,
    /// Whether the blob ends with them.
    pub last: bool,
}

fn kind_of(oid: Oid, kind: ObjectType) -> Result<Kind, GitError> {
    match kind {
        ObjectType::Commit => Ok(Kind::Commit),
        ObjectType::Tree => Ok(Kind::Tree),
        ObjectType::Blob => Ok(Kind::Blob),
        ObjectType::Tag => Ok(Kind::Tag),
        other => Err(GitError::Object {
            oid,
            reason: format!("it is a {other:?}"),
        }),
    }
}

fn oid_of(oid: git2::Oid) -> Oid {
    // libgit2 ids are 20 bytes in every build of ours: SHA-256 repositories are refused on open.
    Oid::from_bytes(oid.as_bytes()).expect("libgit2 ids have 20 bytes")
}

impl Repository {
    /// Opens the repository that git's environment names (`GIT_DIR`, object directories, alternates, quarantine), as a
    /// hook must; without such an environment, the one around the current directory.
    pub fn open_from_env() -> Result<Self, GitError> {
        Self::open(".", RepositoryOpenFlags::FROM_ENV, "the current directory")
    }

    /// Opens the repository at or above `folder`. Git's environment is ignored.
    pub fn open_at(folder: &Path) -> Result<Self, GitError> {
        Self::open(
            folder,
            RepositoryOpenFlags::empty(),
            &folder.display().to_string(),
        )
    }

    fn open(
        place: impl AsRef<Path>,
        flags: RepositoryOpenFlags,
        name: &str,
    ) -> Result<Self, GitError> {
        // git has just verified what a push brought, and a local repository is verified by git's own fsck; hashing every
        // object again costs more than three times the reading.
        git2::opts::strict_hash_verification(false);
        let no_ceiling: &[&Path] = &[];
        let inner = if flags.contains(RepositoryOpenFlags::FROM_ENV) {
            git2::Repository::open_from_env()
        } else {
            git2::Repository::open_ext(place, flags, no_ceiling)
        };
        inner
            .map(|inner| Self { inner })
            .map_err(|error| GitError::Open {
                place: name.to_owned(),
                reason: error.message().to_owned(),
            })
    }

    /// The git directory (`.git`, a bare repository, or `.git/worktrees/NAME`).
    pub fn git_dir(&self) -> &Path {
        self.inner.path()
    }

    /// The working tree; `None` in a bare repository.
    pub fn work_dir(&self) -> Option<&Path> {
        self.inner.workdir()
    }

    /// A value of git's configuration.
    pub fn config(&self, key: &str) -> Option<String> {
        self.inner.config().ok()?.get_string(key).ok()
    }

    /// A path in git's configuration, `~` expanded.
    pub fn config_path(&self, key: &str) -> Option<PathBuf> {
        self.inner.config().ok()?.get_path(key).ok()
    }

    /// Reads an object.
    pub fn read(&self, oid: Oid) -> Result<Object, GitError> {
        let unreadable = |reason: String| GitError::Object { oid, reason };
        let id = git2::Oid::from_bytes(oid.as_bytes())
            .map_err(|error| unreadable(error.message().to_owned()))?;
        let odb = self
            .inner
            .odb()
            .map_err(|error| unreadable(error.message().to_owned()))?;
        let object = odb
            .read(id)
            .map_err(|error| unreadable(error.message().to_owned()))?;
        Ok(Object {
            kind: kind_of(oid, object.kind())?,
            data: object.data().to_vec(),
        })
    }

    /// The kind and size of an object, from its header.
    pub fn size(&self, oid: Oid) -> Result<(Kind, usize), GitError> {
        let unreadable = |error: git2::Error| GitError::Object {
            oid,
            reason: error.message().to_owned(),
        };
        let id = git2::Oid::from_bytes(oid.as_bytes()).map_err(unreadable)?;
        let odb = self.inner.odb().map_err(unreadable)?;
        let (size, kind) = odb.read_header(id).map_err(unreadable)?;
        Ok((kind_of(oid, kind)?, size))
    }

    /// Lends the bytes of a blob as libgit2 holds them: a large one is in memory once.
    pub fn with_blob<T>(&self, oid: Oid, look: impl FnOnce(&[u8]) -> T) -> Result<T, GitError> {
        let unreadable = |error: git2::Error| GitError::Object {
            oid,
            reason: error.message().to_owned(),
        };
        let id = git2::Oid::from_bytes(oid.as_bytes()).map_err(unreadable)?;
        let odb = self.inner.odb().map_err(unreadable)?;
        let object = odb.read(id).map_err(unreadable)?;
        match kind_of(oid, object.kind())? {
            Kind::Blob => Ok(look(object.data())),
            _ => Err(GitError::Malformed {
                oid,
                reason: "a blob was expected here",
            }),
        }
    }

    /// Lends the bytes of a blob piece by piece, for one that must not be held whole. libgit2 can do that for loose objects
    /// only. The last bytes of a piece, `overlap` of them, are the first of the next.
    pub fn with_pieces<E: From<GitError>>(
        &self,
        oid: Oid,
        piece: usize,
        overlap: usize,
        look: &mut dyn FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        use std::io::Read as _;
        let unreadable = |reason: &str| GitError::Object {
            oid,
            reason: reason.to_owned(),
        };
        let id =
            git2::Oid::from_bytes(oid.as_bytes()).map_err(|error| unreadable(error.message()))?;
        let odb = self
            .inner
            .odb()
            .map_err(|error| unreadable(error.message()))?;
        let Ok((mut reader, size, _)) = odb.reader(id) else {
            let reason = "it is too large to be held in memory, and libgit2 reads packed objects only whole: keep such content \
                          out of git, or in Git LFS";
            return Err(unreadable(reason).into());
        };
        let mut buffer: Vec<u8> = Vec::new();
        let mut start = 0;
        loop {
            let wanted = piece.min(size - start);
            let held = buffer.len();
            buffer.resize(wanted, 0);
            reader
                .read_exact(&mut buffer[held..])
                .map_err(|error| unreadable(&error.to_string()))?;
            let last = start + wanted == size;
            look(Piece {
                bytes: &buffer,
                start,
                last,
            })?;
            if last {
                return Ok(());
            }
            start += wanted - overlap;
            buffer.drain(..wanted - overlap);
        }
    }

    /// Reads an object that must be of one kind.
    pub fn read_as(&self, oid: Oid, kind: Kind) -> Result<Vec<u8>, GitError> {
        let object = self.read(oid)?;
        if object.kind == kind {
            Ok(object.data)
        } else {
            Err(GitError::Malformed {
                oid,
                reason: match kind {
                    Kind::Commit => "a commit was expected here",
                    Kind::Tree => "a tree was expected here",
                    Kind::Blob => "a blob was expected here",
                    Kind::Tag => "a tag was expected here",
                },
            })
        }
    }

    /// Reads and parses a commit.
    pub fn commit(&self, oid: Oid) -> Result<Commit, GitError> {
        Commit::parse(oid, &self.read_as(oid, Kind::Commit)?)
    }

    /// The text of the blob at `path` in the tree of the commit `at`, if there is one.
    pub fn text_at(&self, at: Oid, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let tree = self.commit(at)?.tree;
        match trees::find(self, tree, path)? {
            Some(blob) => self.read_as(blob, Kind::Blob).map(Some),
            None => Ok(None),
        }
    }

    /// The object that a revision expression names.
    pub fn revision(&self, name: &str) -> Result<Oid, GitError> {
        self.inner
            .revparse_single(name)
            .map(|object| oid_of(object.id()))
            .map_err(|error| GitError::Revision {
                name: name.to_owned(),
                reason: error.message().to_owned(),
            })
    }

    /// The full name of the branch that HEAD stands on; `None` when it is detached.
    pub fn head_branch(&self) -> Option<String> {
        let head = self.inner.find_reference("HEAD").ok()?;
        head.symbolic_target().ok().flatten().map(str::to_owned)
    }

    /// The commit that HEAD points to; `None` before the first commit.
    pub fn head_commit(&self) -> Result<Option<Oid>, GitError> {
        let refs_error = |error: git2::Error| GitError::Refs {
            reason: error.message().to_owned(),
        };
        match self.inner.head() {
            Ok(head) => Ok(head.target().map(oid_of)),
            Err(error)
                if matches!(
                    error.code(),
                    git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(refs_error(error)),
        }
    }

    /// The ref that an update of `name` really moves: the target of a symbolic ref, or `name` itself.
    pub fn resolve_ref_name(&self, name: &str) -> String {
        let mut at = name.to_owned();
        // A chain of symbolic refs longer than git itself follows is left where it is.
        for _ in 0..10 {
            match self.inner.find_reference(&at) {
                Ok(reference) => match reference.symbolic_target() {
                    Ok(Some(target)) => at = target.to_owned(),
                    _ => break,
                },
                Err(_) => break,
            }
        }
        at
    }

    /// The object that a ref points to now; `None` where there is no such ref.
    pub fn ref_target(&self, name: &str) -> Result<Option<Oid>, GitError> {
        match self.inner.find_reference(name).and_then(|r| r.resolve()) {
            Ok(reference) => Ok(reference.target().map(oid_of)),
            Err(error)
                if matches!(
                    error.code(),
                    git2::ErrorCode::NotFound | git2::ErrorCode::InvalidSpec
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(GitError::Refs {
                reason: error.message().to_owned(),
            }),
        }
    }

    /// The branch that a revision names: `HEAD`'s, or the one of that name.
    pub fn branch_named(&self, revision: &str) -> Result<Option<String>, GitError> {
        if revision == "HEAD" {
            return Ok(self.head_branch());
        }
        for name in [revision.to_owned(), format!("refs/heads/{revision}")] {
            if name.starts_with("refs/") && self.ref_target(&name)?.is_some() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Every ref with its current value.
    pub fn refs(&self) -> Result<Vec<Ref>, GitError> {
        let refs_error = |error: git2::Error| GitError::Refs {
            reason: error.message().to_owned(),
        };
        let mut refs = Vec::new();
        for reference in self.inner.references().map_err(refs_error)? {
            let reference = reference.map_err(refs_error)?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            // A dangling symbolic ref points to nothing, so it excludes nothing.
            let Ok(resolved) = reference.resolve() else {
                continue;
            };
            if let Some(oid) = resolved.target() {
                refs.push(Ref {
                    name,
                    oid: oid_of(oid),
                });
            }
        }
        Ok(refs)
    }

    /// Follows annotated tags down to the object that they mean, with every tag object on the way.
    pub fn peel(&self, oid: Oid) -> Result<(Vec<Oid>, Oid, Kind), GitError> {
        let mut tags = Vec::new();
        let mut at = oid;
        loop {
            let object = self.read(at)?;
            if object.kind != Kind::Tag {
                return Ok((tags, at, object.kind));
            }
            if tags.len() >= 64 {
                return Err(GitError::Malformed {
                    oid,
                    reason: "tags of tags nest deeper than 64",
                });
            }
            tags.push(at);
            at = super::Tag::parse(at, &object.data)?.target;
        }
    }

    /// The heads that are being merged, while a merge is in progress.
    pub fn merge_heads(&self) -> Vec<Oid> {
        let Ok(text) = std::fs::read(self.git_dir().join("MERGE_HEAD")) else {
            return Vec::new();
        };
        text.split(|&byte| byte == b'\n')
            .filter_map(Oid::from_hex)
            .collect()
    }
}
