//! Reading through the commands of git itself, where libgit2 does not know the repository's format: SHA-256, reftable,
//! partial clones, and whatever extension comes next; and where only git can tell whether a repository of another owner
//! is to be trusted. Never a second try at a repository that libgit2 finds damaged.
//!
//! Nothing is written and nothing is fetched: a partial clone must not go to the network for an object that it lacks.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use crate::model::Oid;

use super::object::{Kind, Object};
use super::refs::{RefValue, is_ref_name};
use super::repository::{At, ReadError};

/// A repository read through git's commands.
pub(super) struct Plumbing {
    environment: Environment,
    git_dir: PathBuf,
    common_dir: PathBuf,
    work_dir: Option<PathBuf>,
    /// Bytes of an object id.
    width: usize,
    refs: OnceCell<BTreeMap<String, RefValue>>,
    /// `git cat-file --batch`, started when the first object is read.
    batch: RefCell<Option<Batch>>,
    /// `git cat-file --batch-check`.
    sizes: RefCell<Option<Batch>>,
}

/// Why git does not open a repository.
pub(super) enum Refusal {
    /// There is no `git` to run.
    NoGit(String),
    /// What git says.
    Git(String),
}

/// What of the environment reaches git.
enum Environment {
    /// A hook's: where git says its objects are.
    Hook,
    /// None of it: a folder was named.
    Folder(PathBuf),
    /// Once the git directory is known, it is named, so that no later command looks for another.
    Known { git_dir: PathBuf, hook: bool },
}

/// Variables that say where a repository is and what it holds.
const PLACES: [&str; 9] = [
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
];

/// Variables that say where git's own parts and its configuration are; `safe.directory` often comes by the latter.
fn is_needed(name: &str) -> bool {
    name == "GIT_EXEC_PATH" || name.starts_with("GIT_CONFIG")
}

impl Environment {
    fn command(&self) -> Command {
        let mut command = Command::new("git");
        let hook = match self {
            Self::Hook | Self::Known { hook: true, .. } => true,
            Self::Folder(_) | Self::Known { hook: false, .. } => false,
        };
        for (name, _) in std::env::vars_os() {
            let Some(text) = name.to_str() else {
                continue;
            };
            // All others (traces, grafts, shallow files, replacements, pagers, transports) change what git shows or does.
            let kept = is_needed(text) || (hook && PLACES.contains(&text));
            if text.starts_with("GIT_") && !kept {
                command.env_remove(name);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            // For a git that is older than the variable above: no way of fetching is allowed.
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_GRAFT_FILE", "/dev/null")
            .args(["--no-pager", "-c", "core.fsmonitor=false"])
            .stdin(Stdio::null());
        match self {
            Self::Hook => {}
            Self::Folder(folder) => {
                command.arg("-C").arg(folder);
            }
            Self::Known { git_dir, .. } => {
                command.env("GIT_DIR", git_dir);
            }
        }
        command
    }

    fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> std::io::Result<Output> {
        self.command().args(args).output()
    }
}

impl Plumbing {
    pub(super) fn open(at: At<'_>) -> Result<Self, Refusal> {
        let finding = match at {
            At::Environment => Environment::Hook,
            At::Folder(folder) => Environment::Folder(folder.to_owned()),
        };
        let said = |args: &[&str]| -> Result<Vec<u8>, Refusal> {
            let output = finding
                .run(args)
                .map_err(|error| Refusal::NoGit(error.to_string()))?;
            if output.status.success() {
                Ok(without_newline(output.stdout))
            } else {
                Err(Refusal::Git(words(&output.stderr)))
            }
        };
        let base = match &finding {
            Environment::Folder(folder) => folder.as_path(),
            _ => Path::new("."),
        };
        let path = |bytes: Vec<u8>| base.join(OsStr::from_bytes(&bytes));
        let git_dir = path(said(&["rev-parse", "--absolute-git-dir"])?);
        let common_dir = path(said(&["rev-parse", "--git-common-dir"])?);
        let format = said(&["rev-parse", "--show-object-format"])?;
        let width = match &format[..] {
            b"sha1" => 20,
            b"sha256" => 32,
            other => {
                return Err(Refusal::Git(format!(
                    "object ids of format `{}` are not known here",
                    String::from_utf8_lossy(other)
                )));
            }
        };
        // A bare repository has none, and a hook that runs inside the git directory is not told.
        let work_dir = said(&["rev-parse", "--show-toplevel"]).ok().map(path);
        let environment = Environment::Known {
            git_dir: git_dir.clone(),
            hook: matches!(finding, Environment::Hook),
        };
        Ok(Self {
            environment,
            git_dir,
            common_dir,
            work_dir,
            width,
            refs: OnceCell::new(),
            batch: RefCell::new(None),
            sizes: RefCell::new(None),
        })
    }

    pub(super) fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    pub(super) fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    pub(super) fn work_dir(&self) -> Option<&Path> {
        self.work_dir.as_deref()
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn config(&self, key: &str) -> Option<String> {
        String::from_utf8(self.config_value(&["--null", "--get", key])?).ok()
    }

    pub(super) fn config_path(&self, key: &str) -> Option<PathBuf> {
        let value = self.config_value(&["--null", "--type=path", "--get", key])?;
        Some(PathBuf::from(OsStr::from_bytes(&value)))
    }

    /// Configuration from files only, as libgit2 reads it: not what the environment adds.
    fn config_value(&self, args: &[&str]) -> Option<Vec<u8>> {
        let output = self
            .environment
            .command()
            .env_remove("GIT_CONFIG_COUNT")
            .env_remove("GIT_CONFIG_PARAMETERS")
            .arg("config")
            .args(args)
            .output()
            .ok()?;
        let mut value = output.stdout;
        value.pop_if(|byte| *byte == 0)?;
        output.status.success().then_some(value)
    }

    pub(super) fn revision(&self, name: &str) -> Result<Oid, String> {
        if name.starts_with('-') {
            return Err("a revision does not start with a dash".to_owned());
        }
        let output = self
            .environment
            .run(["rev-parse", "--verify", name])
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(words(&output.stderr));
        }
        let oid = Oid::from_hex(output.stdout.trim_ascii()).ok_or("it has an odd object id")?;
        // git takes a whole object id for an answer without looking for the object.
        match self.read(oid) {
            Err(ReadError::Missing) => Err("there is no such object here".to_owned()),
            _ => Ok(oid),
        }
    }

    /// What the ref of this full name holds; `None` where there is no such ref.
    pub(super) fn reference(&self, name: &str) -> Result<Option<RefValue>, String> {
        if !is_ref_name(name) {
            return Ok(None);
        }
        if let Some(value) = self.all_refs()?.get(name) {
            return Ok(Some(value.clone()));
        }
        // Not listed: HEAD and its like, and a symbolic ref to a ref that does not exist yet.
        let output = self
            .environment
            .run(["symbolic-ref", "-q", name])
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            let target = String::from_utf8_lossy(&without_newline(output.stdout)).into_owned();
            return Ok(Some(RefValue::Symbolic(target)));
        }
        if name.starts_with("refs/") {
            return Ok(None);
        }
        let output = self
            .environment
            .run(["rev-parse", "--verify", "-q", name])
            .map_err(|error| error.to_string())?;
        Ok(Oid::from_hex(output.stdout.trim_ascii()).map(RefValue::Direct))
    }

    /// Every ref below `refs/` but symbolic ones that point to nothing.
    pub(super) fn all_refs(&self) -> Result<&BTreeMap<String, RefValue>, String> {
        if let Some(refs) = self.refs.get() {
            return Ok(refs);
        }
        let output = self
            .environment
            .run([
                "for-each-ref",
                "--format=%(objectname) %(refname) %(symref)",
            ])
            .map_err(|error| error.to_string())?;
        // git lists what it understands, and only complains of the rest.
        let complaints = words(&output.stderr);
        if !output.status.success() || complaints.contains("ignoring broken ref") {
            return Err(complaints);
        }
        let mut refs = BTreeMap::new();
        for line in output.stdout.split(|&byte| byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            // No ref name holds a space.
            let mut fields = line.split(|&byte| byte == b' ');
            let oid = fields.next().and_then(Oid::from_hex);
            let name = fields.next().map(String::from_utf8_lossy);
            let symref = fields.next().filter(|target| !target.is_empty());
            let (Some(oid), Some(name)) = (oid, name) else {
                return Err("git for-each-ref answers in a form that is not understood".to_owned());
            };
            let value = match symref {
                Some(target) => RefValue::Symbolic(String::from_utf8_lossy(target).into_owned()),
                None => RefValue::Direct(oid),
            };
            refs.insert(name.into_owned(), value);
        }
        Ok(self.refs.get_or_init(|| refs))
    }

    pub(super) fn read(&self, oid: Oid) -> Result<Object, ReadError> {
        self.ask(&self.batch, "--batch", oid, |kind, size, content| {
            let mut data = Vec::new();
            content.take(size).read_to_end(&mut data)?;
            Ok(Object { kind, data })
        })
    }

    /// Kind and size.
    pub(super) fn size(&self, oid: Oid) -> Result<(Kind, u64), ReadError> {
        self.ask(&self.sizes, "--batch-check", oid, |kind, size, _| {
            Ok((kind, size))
        })
    }

    /// Lends the content of an object as it comes: `look` reads as many bytes as the size says.
    pub(super) fn with_stream<T>(
        &self,
        oid: Oid,
        look: impl FnOnce(Kind, u64, &mut dyn Read) -> std::io::Result<T>,
    ) -> Result<T, ReadError> {
        self.ask(&self.batch, "--batch", oid, look)
    }

    fn ask<T>(
        &self,
        process: &RefCell<Option<Batch>>,
        mode: &'static str,
        oid: Oid,
        look: impl FnOnce(Kind, u64, &mut dyn Read) -> std::io::Result<T>,
    ) -> Result<T, ReadError> {
        let mut process = process.borrow_mut();
        let mut batch = match process.take() {
            Some(running) => running,
            None => Batch::start(self.environment.command(), mode)
                .map_err(|error| ReadError::Broken(format!("git cat-file: {error}")))?,
        };
        match batch.ask(oid, mode == "--batch", look) {
            Ok(answer) => {
                *process = Some(batch);
                answer.ok_or(ReadError::Missing)
            }
            // git ends when it meets a damaged object. The next object gets a new process, this one its reason.
            Err(_) => Err(ReadError::Broken(self.reason(oid))),
        }
    }

    /// Ends the processes that read objects; the next object starts another.
    pub(super) fn end_readers(&self) {
        self.batch.take();
        self.sizes.take();
    }

    /// Why git cannot read an object.
    fn reason(&self, oid: Oid) -> String {
        let asked = self
            .environment
            .command()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .and_then(|mut child| {
                if let Some(mut stdin) = child.stdin.take() {
                    writeln!(stdin, "{oid}")?;
                }
                child.wait_with_output()
            });
        match asked {
            Ok(output) if !output.stderr.is_empty() => words(&output.stderr),
            Ok(_) => "git cat-file ended in the middle of it".to_owned(),
            Err(error) => format!("git cat-file: {error}"),
        }
    }
}

/// A running `git cat-file --batch`.
struct Batch {
    child: Child,
    /// Closed before the child is waited for.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Batch {
    fn start(mut command: Command, mode: &str) -> std::io::Result<Self> {
        let mut child = command
            .args(["cat-file", mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take();
        let output = child
            .stdout
            .take()
            .ok_or_else(|| std::io::Error::other("it has no output"))?;
        Ok(Self {
            child,
            input,
            output: BufReader::with_capacity(1 << 16, output),
        })
    }

    /// Asks for an object; `None` if git does not have it. After an error the process is of no more use.
    fn ask<T>(
        &mut self,
        oid: Oid,
        with_content: bool,
        look: impl FnOnce(Kind, u64, &mut dyn Read) -> std::io::Result<T>,
    ) -> std::io::Result<Option<T>> {
        let odd = || std::io::Error::other("an odd answer");
        if let Some(input) = &mut self.input {
            writeln!(input, "{oid}")?;
            input.flush()?;
        }
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let mut fields = line.split_ascii_whitespace();
        if fields.next().and_then(|id| Oid::from_hex(id.as_bytes())) != Some(oid) {
            return Err(odd());
        }
        let kind = match fields.next() {
            Some("commit") => Kind::Commit,
            Some("tree") => Kind::Tree,
            Some("blob") => Kind::Blob,
            Some("tag") => Kind::Tag,
            Some("missing") => return Ok(None),
            _ => return Err(odd()),
        };
        let size: u64 = fields
            .next()
            .and_then(|size| size.parse().ok())
            .ok_or_else(odd)?;
        let seen = look(kind, size, &mut self.output)?;
        if with_content {
            // The line feed that ends the answer. It stands elsewhere if git stopped in the middle.
            let mut end = [0];
            self.output.read_exact(&mut end)?;
            if end != *b"\n" {
                return Err(odd());
            }
        }
        Ok(Some(seen))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.input = None;
        // It may be in the middle of an answer that nobody reads any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn without_newline(mut text: Vec<u8>) -> Vec<u8> {
    text.pop_if(|byte| *byte == b'\n');
    text
}

/// What git said, in one line.
fn words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    if lines.is_empty() {
        "git does not say why".to_owned()
    } else {
        lines.join("; ")
    }
}
