//! A repository to the rest of the gate: objects, refs, configuration, whichever way they are read.
//!
//! libgit2 reads almost every repository. Those whose format it does not know are read through git's own commands; the
//! answers are the same, and a test asks both.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::model::Oid;

use super::alternates::object_directories;
use super::commit_graph::CommitGraph;
use super::hash::{Hasher, is_named};
use super::libgit2::{self, Libgit2};
use super::loose::Loose;
use super::lru::Lru;
use super::merge_base::merge_base;
use super::object::{Commit, Kind, Object};
use super::packs::Packs;
use super::plumbing::{self, Plumbing};
use super::refs::RefValue;
use super::tree::Tree;
use super::{GitError, revision, trees};

/// A git repository, opened for reading.
pub struct Repository {
    backend: Backend,
    /// `refs/namespaces/NAME/`, where git serves one namespace of a repository; else empty.
    namespace: String,
    /// A hook's repository: what is pushed is judged.
    hook: bool,
    /// Someone else has promised what is missing.
    is_partial: bool,
    loose: Loose,
    packs: Packs,
    /// A tree is read for its commit, and again as what stood before the next one.
    trees: RefCell<Lru<Oid, Tree>>,
    /// Looked for when much of the past is asked for.
    graph: RefCell<Graph>,
    /// What tags mean, and the tips of refs: they are asked for again with every ref that is updated.
    peeled: RefCell<HashMap<Oid, Peeled>>,
    commits: RefCell<Lru<Oid, Commit>>,
}

/// The annotated tags on the way to an object, the object that they mean, and its kind.
pub type Peeled = (Vec<Oid>, Oid, Kind);

/// Whether a commit-graph is used.
enum Graph {
    /// Not before so many commits of the past have been asked for.
    NotYet(usize),
    Used(CommitGraph),
    /// There is none, or it is wrong.
    None,
}

/// A graph is read once as a whole, for its checksum: it has to pay.
const BEFORE_GRAPH: usize = 500;

/// How a repository is read.
enum Backend {
    Libgit2(Libgit2),
    Plumbing(Box<Plumbing>),
}

/// Which repository to open.
#[derive(Clone, Copy)]
pub(super) enum At<'f> {
    /// The one that git's environment names.
    Environment,
    /// The one at or above a folder.
    Folder(&'f Path),
}

/// Why a backend does not give an object.
pub(super) enum ReadError {
    /// It is not there.
    Missing,
    /// It is damaged.
    Broken(String),
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

/// How a repository is opened once more.
pub struct Again {
    /// `None` for the one that git's environment names.
    folder: Option<PathBuf>,
    objects: Vec<PathBuf>,
    packs: Vec<PathBuf>,
}

impl Again {
    /// Opens it, to be read with less memory; `None` where that fails.
    pub fn open(&self) -> Option<Repository> {
        let at = match &self.folder {
            Some(folder) => At::Folder(folder),
            None => At::Environment,
        };
        let mut repository = Repository::open(at).ok()?;
        // What is missing in one is missing in the other.
        if repository.loose.folders() != self.objects {
            return None;
        }
        let packs = Packs::new(self.packs.clone(), repository.oid_width());
        repository.packs = packs.with_less_memory();
        Some(repository)
    }
}

/// Bytes of trees kept in memory.
const TREES: usize = 4 << 20;

/// Bytes of commits kept in memory: a few hundred each.
const COMMITS: usize = 2 << 20;

/// A chain of symbolic refs is followed as far as git follows it.
const LONGEST_CHAIN: usize = 5;

impl Repository {
    /// Ends the processes that have read objects so far. What is read from now on is read by this process, or by one that it starts
    /// from now on and that may do no more than it.
    pub fn end_readers(&self) {
        if let Backend::Plumbing(plumbing) = &self.backend {
            plumbing.end_readers();
        }
    }

    /// Opens the repository that git's environment names (`GIT_DIR`, object directories, alternates, quarantine), as a
    /// hook must; without such an environment, the one around the current directory.
    pub fn open_from_env() -> Result<Self, GitError> {
        Self::open(At::Environment)
    }

    /// Opens the repository at or above `folder`. Git's environment is ignored.
    pub fn open_at(folder: &Path) -> Result<Self, GitError> {
        Self::open(At::Folder(folder))
    }

    fn open(at: At<'_>) -> Result<Self, GitError> {
        let hook = matches!(at, At::Environment);
        let backend = match Libgit2::open(at) {
            Ok(opened) => Backend::Libgit2(opened),
            Err(libgit2::Refusal::Other(reason)) => return Err(cannot_open(at, reason)),
            Err(libgit2::Refusal::Extension(reason)) => match Plumbing::open(at) {
                Ok(opened) => Backend::Plumbing(Box::new(opened)),
                Err(plumbing::Refusal::NoGit(error)) => {
                    return Err(GitError::Unsupported {
                        place: place(at),
                        reason: format!(
                            "libgit2 says `{reason}`, and `git`, which could read it, does not start: {error}"
                        ),
                        mend: "put a git that knows this format on the PATH of the hook".to_owned(),
                    });
                }
                Err(plumbing::Refusal::Git(said)) => {
                    return Err(GitError::Unsupported {
                        place: place(at),
                        reason: format!("libgit2 says `{reason}`, and git `{said}`"),
                        mend: "put a git that knows this format on the PATH of the hook".to_owned(),
                    });
                }
            },
            Err(libgit2::Refusal::Owner(reason)) => match Plumbing::open(at) {
                Ok(opened) => Backend::Plumbing(Box::new(opened)),
                Err(_) => {
                    return Err(GitError::Unsupported {
                        mend: owner_mend(&reason),
                        place: place(at),
                        reason,
                    });
                }
            },
        };
        let mut repository = Self {
            backend,
            namespace: namespace(at),
            hook,
            is_partial: false,
            loose: Loose::default(),
            packs: Packs::new(Vec::new(), 20),
            graph: RefCell::new(Graph::NotYet(BEFORE_GRAPH)),
            trees: RefCell::new(Lru::new(TREES)),
            peeled: RefCell::default(),
            commits: RefCell::new(Lru::new(COMMITS)),
        };
        repository.find_objects(at)?;
        Ok(repository)
    }

    /// Every object directory that is named must be there.
    fn find_objects(&mut self, at: At<'_>) -> Result<(), GitError> {
        let from_env = |name| match at {
            At::Environment => std::env::var_os(name).filter(|value| !value.is_empty()),
            At::Folder(_) => None,
        };
        let own = from_env("GIT_OBJECT_DIRECTORY")
            .map_or_else(|| self.common_dir().join("objects"), PathBuf::from);
        let list = from_env("GIT_ALTERNATE_OBJECT_DIRECTORIES");
        let found = object_directories(&own, list.as_deref()).map_err(|missing| {
            GitError::ObjectDirectory {
                directory: missing.directory.display().to_string(),
                named_by: missing.named_by,
                reason: missing.reason,
            }
        })?;
        self.is_partial = found.iter().any(|folder| has_promises(folder));
        if let Backend::Libgit2(libgit2) = &mut self.backend {
            libgit2.set_object_directories(found.clone());
        }
        self.packs = Packs::new(found.clone(), self.oid_width());
        self.loose = Loose::new(found).map_err(|reason| cannot_open(at, reason))?;
        Ok(())
    }

    /// How to open it once more, for another thread; `None` where git reads it: one of its processes is enough.
    pub fn again(&self) -> Option<Again> {
        let Backend::Libgit2(libgit2) = &self.backend else {
            return None;
        };
        Some(Again {
            folder: (!self.hook).then(|| libgit2.git_dir().to_owned()),
            objects: self.loose.folders(),
            packs: self.packs.folders(),
        })
    }

    /// The same, with every pack read by libgit2, to compare with.
    #[must_use]
    pub fn through_libgit2(mut self) -> Self {
        self.packs = Packs::new(Vec::new(), self.oid_width());
        self
    }

    /// The git directory (`.git`, a bare repository, or `.git/worktrees/NAME`).
    pub fn git_dir(&self) -> &Path {
        match &self.backend {
            Backend::Libgit2(libgit2) => libgit2.git_dir(),
            Backend::Plumbing(plumbing) => plumbing.git_dir(),
        }
    }

    /// The git directory that linked worktrees share.
    fn common_dir(&self) -> &Path {
        match &self.backend {
            Backend::Libgit2(libgit2) => libgit2.common_dir(),
            Backend::Plumbing(plumbing) => plumbing.common_dir(),
        }
    }

    /// The working tree; `None` in a bare repository.
    pub fn work_dir(&self) -> Option<&Path> {
        match &self.backend {
            Backend::Libgit2(libgit2) => libgit2.work_dir(),
            Backend::Plumbing(plumbing) => plumbing.work_dir(),
        }
    }

    /// Bytes of this repository's object ids: 20, or 32 with SHA-256.
    pub fn oid_width(&self) -> usize {
        match &self.backend {
            Backend::Libgit2(_) => 20,
            Backend::Plumbing(plumbing) => plumbing.width(),
        }
    }

    /// A value of git's configuration.
    pub fn config(&self, key: &str) -> Option<String> {
        match &self.backend {
            Backend::Libgit2(libgit2) => libgit2.config(key),
            Backend::Plumbing(plumbing) => plumbing.config(key),
        }
    }

    /// A path in git's configuration, `~` expanded.
    pub fn config_path(&self, key: &str) -> Option<PathBuf> {
        match &self.backend {
            Backend::Libgit2(libgit2) => libgit2.config_path(key),
            Backend::Plumbing(plumbing) => plumbing.config_path(key),
        }
    }

    /// Reads an object.
    pub fn read(&self, oid: Oid) -> Result<Object, GitError> {
        self.with_object(oid, |kind, data| Object {
            kind,
            data: data.to_vec(),
        })
    }

    /// Lends the bytes of an object that is what its id says.
    fn with_object<T>(&self, oid: Oid, look: impl FnOnce(Kind, &[u8]) -> T) -> Result<T, GitError> {
        let is_named = |kind, data: &[u8]| is_named(oid, kind, data);
        if let Some(content) = self.packs.read(oid, &is_named) {
            return Ok(look(content.kind, &content.data));
        }
        let checked = |kind, data: &[u8]| is_named(kind, data).then(|| look(kind, data));
        let seen = match self.loose_answer(oid, Loose::read)? {
            Some(object) => Ok(checked(object.kind, &object.data)),
            None => match &self.backend {
                Backend::Libgit2(libgit2) => libgit2.with_object(oid, checked),
                Backend::Plumbing(plumbing) => plumbing
                    .read(oid)
                    .map(|object| checked(object.kind, &object.data)),
            },
        };
        seen.map_err(|error| self.unread(oid, error))?
            .ok_or_else(|| not_its_content(oid))
    }

    /// What the object's own file says, if it has one.
    fn loose_answer<T>(
        &self,
        oid: Oid,
        ask: impl FnOnce(&Loose, Oid) -> Result<Option<T>, String>,
    ) -> Result<Option<T>, GitError> {
        if oid.as_bytes().len() != self.oid_width() {
            return Err(GitError::Object {
                oid,
                reason: "its id has not the length that this repository's ids have".to_owned(),
            });
        }
        ask(&self.loose, oid).map_err(|reason| GitError::Object { oid, reason })
    }

    fn unread(&self, oid: Oid, error: ReadError) -> GitError {
        match error {
            ReadError::Missing => GitError::Missing {
                oid,
                mend: self.mend_missing(),
            },
            ReadError::Broken(reason) => GitError::Object { oid, reason },
        }
    }

    /// The kind and size of an object, from its header.
    pub fn size(&self, oid: Oid) -> Result<(Kind, usize), GitError> {
        let mut known = self.packs.size(oid);
        if known.is_none() {
            known = self.loose_answer(oid, Loose::size)?;
        }
        let (kind, size) = match known {
            Some(answer) => answer,
            None => match &self.backend {
                Backend::Libgit2(libgit2) => libgit2.size(oid),
                Backend::Plumbing(plumbing) => plumbing.size(oid),
            }
            .map_err(|error| self.unread(oid, error))?,
        };
        let size = usize::try_from(size).map_err(|_| GitError::Malformed {
            oid,
            reason: "it is larger than memory can be",
        })?;
        Ok((kind, size))
    }

    /// Lends the bytes of a blob: a large one is in memory once.
    pub fn with_blob<T>(&self, oid: Oid, look: impl FnOnce(&[u8]) -> T) -> Result<T, GitError> {
        self.with_object(oid, |kind, data| (kind == Kind::Blob).then(|| look(data)))?
            .ok_or(GitError::Malformed {
                oid,
                reason: "a blob was expected here",
            })
    }

    /// Lends the bytes of a blob piece by piece, for one that must not be held whole: not of one that is packed as a
    /// delta. The last bytes of a piece, `overlap` of them, are the first of the next.
    pub fn with_pieces<E: From<GitError>>(
        &self,
        oid: Oid,
        piece: usize,
        overlap: usize,
        look: &mut dyn FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        // What `look` complains of is carried around a reader, which knows only its own errors.
        let mut complaint = None;
        let mut cut = |kind, size, content: &mut dyn Read| {
            pieces(oid, kind, size, content, piece, overlap, &mut |piece| {
                look(piece).map_err(|error| {
                    complaint = Some(error);
                    std::io::Error::other("stopped")
                })
            })
        };
        let broken = |error: std::io::Error| ReadError::Broken(error.to_string());
        if let Some(mut stream) = self.packs.stream(oid) {
            let read = cut(stream.kind, stream.size, &mut stream.content).map_err(broken);
            if let Some(error) = complaint {
                return Err(error);
            }
            return Ok(read.map_err(|error| self.unread(oid, error))?);
        }
        let read = match self.loose_answer(oid, Loose::stream)? {
            Some(mut stream) => cut(stream.kind, stream.size, &mut stream.content).map_err(broken),
            None => match &self.backend {
                Backend::Libgit2(_) => Err(ReadError::Broken(
                    "it is too large to be held whole, and what is packed as a delta cannot be read in pieces"
                        .to_owned(),
                )),
                Backend::Plumbing(plumbing) => plumbing.with_stream(oid, cut),
            },
        };
        if let Some(error) = complaint {
            return Err(error);
        }
        Ok(read.map_err(|error| self.unread(oid, error))?)
    }

    /// Why an object may be absent, and what brings it.
    fn mend_missing(&self) -> &'static str {
        if self.hook && std::env::var_os("GIT_SHALLOW_FILE").is_some_and(|file| !file.is_empty()) {
            "the push comes from a shallow clone: `git fetch --unshallow` there, then push again"
        } else if self.is_shallow() {
            "this clone is shallow: `git fetch --unshallow` completes it (in CI: fetch-depth: 0)"
        } else if self.is_partial {
            "this clone is partial, and nothing is fetched here: `git fetch --refetch --no-filter` completes it"
        } else {
            "`git fsck` says what else is missing, and from a complete clone `git push` or `git fetch` brings it back"
        }
    }

    /// Reads an object that must be of one kind.
    pub fn read_as(&self, oid: Oid, kind: Kind) -> Result<Vec<u8>, GitError> {
        let object = self.read(oid)?;
        of_kind(oid, object.kind, kind, object.data)
    }

    /// Reads and parses a tree.
    pub(super) fn tree(&self, oid: Oid) -> Result<Rc<Tree>, GitError> {
        if let Some(known) = self.trees.borrow_mut().get(oid) {
            return Ok(known);
        }
        let object = match self
            .packs
            .read(oid, &|kind, data| is_named(oid, kind, data))
        {
            Some(object) => object,
            None => Rc::new(self.read(oid)?),
        };
        let tree = Rc::new(Tree::parse(
            oid,
            of_kind(oid, object.kind, Kind::Tree, object)?,
        )?);
        let size = tree.size();
        self.trees.borrow_mut().put(oid, Rc::clone(&tree), size);
        Ok(tree)
    }

    /// The same objects in the order in which they are read with the least work.
    pub fn in_order(&self, oids: Vec<Oid>) -> Vec<Oid> {
        self.packs.in_order(oids)
    }

    /// Reads and parses a commit.
    pub fn commit(&self, oid: Oid) -> Result<Rc<Commit>, GitError> {
        if let Some(known) = self.commits.borrow_mut().get(oid) {
            return Ok(known);
        }
        let commit = Rc::new(Commit::parse(oid, &self.read_as(oid, Kind::Commit)?)?);
        let size = size_of::<Commit>() + commit.parents.len() * size_of::<Oid>();
        self.commits.borrow_mut().put(oid, Rc::clone(&commit), size);
        Ok(commit)
    }

    /// Parents and time of a commit of the past, which the commit-graph may know: it says what is not judged.
    pub(super) fn past(&self, oid: Oid) -> Result<Rc<Commit>, GitError> {
        if let Graph::NotYet(left) = &mut *self.graph.borrow_mut()
            && *left > 0
        {
            *left -= 1;
            return self.commit(oid);
        }
        self.open_graph();
        let mut graph = self.graph.borrow_mut();
        let Graph::Used(used) = &*graph else {
            return self.commit(oid);
        };
        let Some(told) = used.commit(oid) else {
            return self.commit(oid);
        };
        // A commit that was read is the better witness.
        if let Some(read) = self.commits.borrow_mut().get(oid)
            && (read.tree, &read.parents) != (told.tree, &told.parents)
        {
            *graph = Graph::None;
            return Ok(read);
        }
        Ok(Rc::new(told))
    }

    /// The commit-graph's number for a commit, larger than that of any commit which can be reached from it.
    pub(super) fn generation(&self, oid: Oid) -> Option<u64> {
        self.open_graph();
        match &*self.graph.borrow() {
            Graph::Used(graph) => graph.generation(oid),
            _ => None,
        }
    }

    /// Whether there is a commit-graph that can be used.
    pub(super) fn has_commit_graph(&self) -> bool {
        self.open_graph();
        matches!(*self.graph.borrow(), Graph::Used(_))
    }

    fn open_graph(&self) {
        let mut graph = self.graph.borrow_mut();
        if matches!(*graph, Graph::NotYet(_)) {
            let opened = CommitGraph::open(&self.loose.folders(), self.oid_width());
            *graph = opened.map_or(Graph::None, Graph::Used);
        }
    }

    /// The same, with the commit-graph used from the first commit on.
    #[must_use]
    pub fn with_commit_graph_at_once(self) -> Self {
        *self.graph.borrow_mut() = Graph::NotYet(0);
        self
    }

    /// The text of the blob at `path` in the tree of the commit `at`, if there is one.
    pub fn text_at(&self, at: Oid, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let tree = self.commit(at)?.tree;
        match trees::find(self, tree, path)? {
            Some(blob) => self.read_as(blob, Kind::Blob).map(Some),
            None => Ok(None),
        }
    }

    /// The names of the files in a folder of the commit `at`; of its root where `folder` is empty.
    pub fn names_at(&self, at: Oid, folder: &str) -> Result<Vec<String>, GitError> {
        trees::names(self, self.commit(at)?.tree, folder)
    }

    /// The object that a revision expression names.
    pub fn revision(&self, name: &str) -> Result<Oid, GitError> {
        revision::resolve(self, name)
    }

    /// The object that an expression names of which only the backend knows the meaning.
    pub(super) fn odd_revision(&self, name: &str) -> Result<Oid, GitError> {
        match &self.backend {
            Backend::Libgit2(libgit2) => libgit2.revision(name),
            Backend::Plumbing(plumbing) => plumbing.revision(name),
        }
        .map_err(|reason| GitError::Revision {
            name: name.to_owned(),
            reason,
        })
    }

    /// The one object whose id begins with these digits.
    pub(super) fn abbreviated(&self, digits: &str) -> Result<Oid, GitError> {
        match &self.backend {
            Backend::Libgit2(libgit2) => libgit2.abbreviated(digits),
            Backend::Plumbing(plumbing) => plumbing.revision(digits),
        }
        .map_err(|reason| GitError::Revision {
            name: digits.to_owned(),
            reason,
        })
    }

    /// What a ref holds, by its name in the namespace that is served.
    fn reference(&self, name: &str) -> Result<Option<RefValue>, GitError> {
        let full = format!("{}{name}", self.namespace);
        let value = match &self.backend {
            Backend::Libgit2(libgit2) => libgit2.refs.get(&full),
            Backend::Plumbing(plumbing) => plumbing.reference(&full),
        };
        match value {
            Ok(Some(RefValue::Symbolic(target))) => {
                Ok(Some(RefValue::Symbolic(self.served(target))))
            }
            Ok(value) => Ok(value),
            Err(reason) => Err(GitError::Refs { reason }),
        }
    }

    /// A full name as it is called in the namespace that is served.
    fn served(&self, name: String) -> String {
        match name.strip_prefix(&self.namespace) {
            Some(served) => served.to_owned(),
            None => name,
        }
    }

    /// The full name of the branch that HEAD stands on; `None` when it is detached.
    pub fn head_branch(&self) -> Option<String> {
        match self.reference("HEAD") {
            // A branch may be an alias of another: a commit moves that one.
            Ok(Some(RefValue::Symbolic(target))) => Some(self.resolve_ref_name(&target)),
            _ => None,
        }
    }

    /// The commit that HEAD points to; `None` before the first commit.
    pub fn head_commit(&self) -> Result<Option<Oid>, GitError> {
        self.ref_target("HEAD")
    }

    /// The ref that an update of `name` really moves: the target of a symbolic ref, or `name` itself.
    pub fn resolve_ref_name(&self, name: &str) -> String {
        let mut at = name.to_owned();
        for _ in 0..LONGEST_CHAIN {
            match self.reference(&at) {
                Ok(Some(RefValue::Symbolic(target))) => at = target,
                _ => break,
            }
        }
        at
    }

    /// The object that a ref points to now; `None` where there is no such ref.
    pub fn ref_target(&self, name: &str) -> Result<Option<Oid>, GitError> {
        let mut at = name.to_owned();
        for _ in 0..=LONGEST_CHAIN {
            match self.reference(&at)? {
                Some(RefValue::Direct(oid)) => return Ok(Some(oid)),
                Some(RefValue::Symbolic(target)) => at = target,
                None => return Ok(None),
            }
        }
        Err(GitError::Refs {
            reason: format!("{name} is a chain of symbolic refs that does not end"),
        })
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

    /// Every ref with its current value. A dangling symbolic ref points to nothing, so it is none.
    pub fn refs(&self) -> Result<Vec<Ref>, GitError> {
        let refs_error = |reason| GitError::Refs { reason };
        let all: Vec<(String, RefValue)> = match &self.backend {
            Backend::Libgit2(libgit2) => libgit2.refs.all().map_err(refs_error)?,
            Backend::Plumbing(plumbing) => {
                let all = plumbing.all_refs().map_err(refs_error)?;
                all.iter()
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect()
            }
        };
        let mut refs = Vec::with_capacity(all.len());
        for (full, value) in all {
            let Some(name) = full.strip_prefix(&self.namespace) else {
                continue;
            };
            let oid = match value {
                RefValue::Direct(oid) => Some(oid),
                RefValue::Symbolic(_) => self.ref_target(name)?,
            };
            refs.extend(oid.map(|oid| Ref {
                name: name.to_owned(),
                oid,
            }));
        }
        Ok(refs)
    }

    /// Follows annotated tags down to the object that they mean, with every tag object on the way.
    pub fn peel(&self, oid: Oid) -> Result<Peeled, GitError> {
        if let Some(known) = self.peeled.borrow().get(&oid) {
            return Ok(known.clone());
        }
        let mut tags = Vec::new();
        let mut at = oid;
        let peeled = loop {
            let object = self.read(at)?;
            if object.kind != Kind::Tag {
                break (tags, at, object.kind);
            }
            if tags.len() >= 64 {
                return Err(GitError::Malformed {
                    oid,
                    reason: "tags of tags nest deeper than 64",
                });
            }
            tags.push(at);
            at = super::Tag::parse(at, &object.data)?.target;
        };
        self.peeled.borrow_mut().insert(oid, peeled.clone());
        Ok(peeled)
    }

    /// Whether the object is here.
    pub fn contains(&self, oid: Oid) -> bool {
        self.size(oid).is_ok()
    }

    /// The best common ancestor of two commits; `None` where they have none, or where a shallow clone does not show it.
    pub fn merge_base(&self, one: Oid, other: Oid) -> Result<Option<Oid>, GitError> {
        merge_base(self, one, other)
    }

    /// Whether history is cut off somewhere.
    pub fn is_shallow(&self) -> bool {
        std::fs::metadata(self.common_dir().join("shallow")).is_ok_and(|file| file.len() > 0)
    }

    /// The branch that a rebase in progress will move: HEAD is detached meanwhile.
    pub fn rebased_branch(&self) -> Option<String> {
        ["rebase-merge/head-name", "rebase-apply/head-name"]
            .iter()
            .find_map(|file| std::fs::read_to_string(self.git_dir().join(file)).ok())
            .map(|name| name.trim_end().to_owned())
            // git writes `detached HEAD` where no branch is rebased.
            .filter(|name| name.starts_with("refs/"))
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

fn place(at: At<'_>) -> String {
    match at {
        At::Environment => "the current directory".to_owned(),
        At::Folder(folder) => folder.display().to_string(),
    }
}

fn cannot_open(at: At<'_>, reason: String) -> GitError {
    GitError::Open {
        place: place(at),
        reason,
    }
}

/// An object that must be of one kind.
fn of_kind<T>(oid: Oid, kind: Kind, expected: Kind, object: T) -> Result<T, GitError> {
    if kind == expected {
        return Ok(object);
    }
    Err(GitError::Malformed {
        oid,
        reason: match expected {
            Kind::Commit => "a commit was expected here",
            Kind::Tree => "a tree was expected here",
            Kind::Blob => "a blob was expected here",
            Kind::Tag => "a tag was expected here",
        },
    })
}

fn not_its_content(oid: Oid) -> GitError {
    GitError::Object {
        oid,
        reason: NOT_ITS_CONTENT.to_owned(),
    }
}

const NOT_ITS_CONTENT: &str = "its content is not what its id says";

/// Cuts the content of an object into pieces that overlap.
fn pieces(
    oid: Oid,
    kind: Kind,
    size: u64,
    content: &mut dyn Read,
    piece: usize,
    overlap: usize,
    look: &mut dyn FnMut(Piece<'_>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut hasher = Hasher::new(oid, kind, size);
    let size = usize::try_from(size).map_err(std::io::Error::other)?;
    let mut buffer: Vec<u8> = Vec::new();
    let mut start = 0;
    loop {
        let wanted = piece.min(size - start);
        let held = buffer.len();
        buffer.resize(wanted, 0);
        content.read_exact(&mut buffer[held..])?;
        hasher.update(&buffer[held..]);
        let last = start + wanted == size;
        look(Piece {
            bytes: &buffer,
            start,
            last,
        })?;
        if last {
            return if hasher.names(oid) {
                Ok(())
            } else {
                Err(std::io::Error::other(NOT_ITS_CONTENT))
            };
        }
        start += wanted - overlap;
        buffer.drain(..wanted - overlap);
    }
}

/// Whether an object directory has packs of a partial clone.
fn has_promises(objects: &Path) -> bool {
    let packs = std::fs::read_dir(objects.join("pack"));
    packs.is_ok_and(|packs| {
        let is_promise = |path: PathBuf| {
            path.extension()
                .is_some_and(|extension| extension == "promisor")
        };
        packs.flatten().any(|entry| is_promise(entry.path()))
    })
}

/// libgit2's words hold the path that must be trusted.
fn owner_mend(reason: &str) -> String {
    let path = reason
        .strip_prefix("repository path '")
        .and_then(|rest| rest.strip_suffix("' is not owned by current user"))
        .unwrap_or("DIR");
    let quoted = path.replace('\'', r"'\''");
    format!(
        "trust it as the user that runs this: `git config --global --add safe.directory '{quoted}'` (--system where that user has no HOME), or give it to that user"
    )
}

/// Where the refs of the served namespace stand.
fn namespace(at: At<'_>) -> String {
    let name = match at {
        At::Environment => std::env::var("GIT_NAMESPACE").unwrap_or_default(),
        At::Folder(_) => String::new(),
    };
    name.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| format!("refs/namespaces/{part}/"))
        .collect()
}
