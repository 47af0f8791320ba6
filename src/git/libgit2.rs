//! Reading through libgit2: objects, configuration, revision expressions. References are read by [`super::refs`], since
//! libgit2 skips a broken one in silence and does not find packed ones under a namespace.
//!
//! What libgit2 does not open ([`Refusal`] says which kind it is) is read by [`super::plumbing`].

use std::path::{Path, PathBuf};

use git2::{ErrorCode, ObjectType, RepositoryOpenFlags};
use once_cell::unsync::OnceCell;

use crate::model::Oid;

use super::Kind;
use super::packs;
use super::refs::RefFiles;
use super::repository::{At, ReadError};

/// A repository opened by libgit2.
pub(super) struct Libgit2 {
    inner: git2::Repository,
    folders: Vec<PathBuf>,
    /// Whether it knows where the objects are, or why it must not look.
    told: OnceCell<Result<(), String>>,
    pub(super) refs: RefFiles,
}

/// Why libgit2 does not open a repository.
pub(super) enum Refusal {
    /// The repository uses an extension that libgit2 does not know: git itself may.
    Extension(String),
    /// It belongs to someone else. libgit2 knows less of `safe.directory` than git does.
    Owner(String),
    /// There is no repository, or it is damaged.
    Other(String),
}

impl Libgit2 {
    pub(super) fn open(at: At<'_>) -> Result<Self, Refusal> {
        // libgit2 would look for collisions while it hashes, which costs more than three times the reading. git has done
        // so when the object came; here the plain hash (`Repository::read`) tells damage.
        git2::opts::strict_hash_verification(false);
        let no_ceiling: &[&Path] = &[];
        let opened = match at {
            At::Environment => git2::Repository::open_from_env(),
            At::Folder(folder) => {
                git2::Repository::open_ext(folder, RepositoryOpenFlags::empty(), no_ceiling)
            }
        };
        let inner = opened.map_err(|error| {
            let reason = error.message().to_owned();
            // There is no code of its own for it; tests pin these words of libgit2's repository.c.
            let unknown = ["unsupported extension name", "unknown object format"]
                .iter()
                .any(|words| reason.starts_with(words));
            match error.code() {
                ErrorCode::Owner => Refusal::Owner(reason),
                _ if unknown => Refusal::Extension(reason),
                _ => Refusal::Other(reason),
            }
        })?;
        let refs = RefFiles::new(inner.path(), inner.commondir());
        Ok(Self {
            inner,
            folders: Vec::new(),
            told: OnceCell::new(),
            refs,
        })
    }

    pub(super) fn git_dir(&self) -> &Path {
        self.inner.path()
    }

    pub(super) fn common_dir(&self) -> &Path {
        self.inner.commondir()
    }

    pub(super) fn work_dir(&self) -> Option<&Path> {
        self.inner.workdir()
    }

    /// Where the objects are: the repository's own directory first, then its alternates. libgit2 does not find quoted ones
    /// by itself, nor relative ones below the first level; one that it has already is left as it is.
    pub(super) fn set_object_directories(&mut self, folders: Vec<PathBuf>) {
        self.folders = folders;
    }

    /// The objects. Most are read without libgit2, so it is told where they are when it is first asked for one.
    fn odb(&self) -> Result<git2::Odb<'_>, String> {
        let said = |error: git2::Error| error.message().to_owned();
        let odb = self.inner.odb().map_err(said)?;
        let tell = || {
            for folder in &self.folders {
                packs::soundness::check(folder)?;
            }
            for folder in self.folders.iter().skip(1) {
                let name = folder.to_str().ok_or_else(|| {
                    format!(
                        "the alternate object directory {} is not named in UTF-8",
                        folder.display()
                    )
                })?;
                odb.add_disk_alternate(name)
                    .map_err(|error| format!("{name}: {}", error.message()))?;
            }
            Ok(())
        };
        self.told.get_or_init(tell).clone()?;
        Ok(odb)
    }

    pub(super) fn config(&self, key: &str) -> Option<String> {
        self.inner.config().ok()?.get_string(key).ok()
    }

    pub(super) fn config_path(&self, key: &str) -> Option<PathBuf> {
        self.inner.config().ok()?.get_path(key).ok()
    }

    /// Lends the bytes of an object as libgit2 holds them: a large one is in memory once.
    pub(super) fn with_object<T>(
        &self,
        oid: Oid,
        look: impl FnOnce(Kind, &[u8]) -> T,
    ) -> Result<T, ReadError> {
        let id = git2::Oid::from_bytes(oid.as_bytes()).map_err(failed)?;
        let odb = self.odb().map_err(ReadError::Broken)?;
        let object = odb.read(id).map_err(failed)?;
        Ok(look(kind_of(object.kind())?, object.data()))
    }

    /// Kind and size. The object is read for it: git2 0.21 panics over the header of one that is damaged, and what comes
    /// here is odd already ([`super::packs`] tells the size of all others).
    pub(super) fn size(&self, oid: Oid) -> Result<(Kind, u64), ReadError> {
        self.with_object(oid, |kind, data| (kind, data.len() as u64))
    }

    /// The one object whose id begins with these digits. No object is read for it.
    pub(super) fn abbreviated(&self, digits: &str) -> Result<Oid, String> {
        let said = |error: git2::Error| error.message().to_owned();
        let padded = git2::Oid::from_str(digits).map_err(said)?;
        let odb = self.odb()?;
        let found = odb.exists_prefix(padded, digits.len()).map_err(said)?;
        Oid::from_bytes(found.as_bytes()).ok_or_else(|| "it has an odd object id".to_owned())
    }

    pub(super) fn revision(&self, name: &str) -> Result<Oid, String> {
        self.odb()?;
        let object = self
            .inner
            .revparse_single(name)
            .map_err(|error| error.message().to_owned())?;
        Oid::from_bytes(object.id().as_bytes()).ok_or_else(|| "it has an odd object id".to_owned())
    }
}

fn failed(error: git2::Error) -> ReadError {
    match error.code() {
        ErrorCode::NotFound => ReadError::Missing,
        _ => ReadError::Broken(error.message().to_owned()),
    }
}

fn kind_of(kind: ObjectType) -> Result<Kind, ReadError> {
    match kind {
        ObjectType::Commit => Ok(Kind::Commit),
        ObjectType::Tree => Ok(Kind::Tree),
        ObjectType::Blob => Ok(Kind::Blob),
        ObjectType::Tag => Ok(Kind::Tag),
        other => Err(ReadError::Broken(format!("it is a {other:?}"))),
    }
}
