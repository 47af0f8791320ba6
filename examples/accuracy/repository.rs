//! A real repository of the cases, made by `git fast-import`, and the real gate in it. One commit a batch, so that
//! neither the gate nor we hold more than a batch.

use std::{
    io::{BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
};

use serde::Deserialize;

use super::case::Case;

type Fault = Box<dyn std::error::Error>;

/// How the gate is run.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    /// The binary.
    pub(crate) program: PathBuf,
    /// A policy instead of the default one.
    pub(crate) policy: Option<PathBuf>,
    /// The branch as which everything is judged.
    pub(crate) ref_name: Option<String>,
}

/// What is read of the gate's report.
#[derive(Debug, Deserialize)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    pub(crate) unexamined: Vec<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Finding {
    pub(crate) rule: String,
    pub(crate) family: String,
    because: Because,
    pub(crate) origin: Origin,
    pub(crate) place: Place,
}

#[derive(Debug, Deserialize)]
struct Because {
    text: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Origin {
    environment: String,
    confidence: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Finding {
    /// Whether it says "here is a credential": what is public by design is shown and is no alarm.
    pub(crate) fn is_alarm(&self) -> bool {
        self.family == "credential" && !self.because.text.contains("public by design")
    }

    /// Whose it is; an origin that is only possible has a question mark, because it is judged as an unknown one.
    pub(crate) fn origin(&self) -> String {
        match self.origin.confidence.as_deref() {
            Some("possible") => format!("{}?", self.origin.environment),
            _ => self.origin.environment.clone(),
        }
    }

    /// The number of the case.
    pub(crate) fn case(&self) -> Option<usize> {
        let folder = self.place.path.split('/').next()?;
        folder.strip_prefix('c')?.parse().ok()
    }
}

/// An empty bare repository in the empty folder `dir`.
pub(crate) fn init(dir: &Path) -> Result<(), Fault> {
    let made = git(dir)
        .args(["init", "-q", "--bare", "-b", "main", "--template=", "."])
        .status()?;
    succeeded("git init", made)
}

/// One commit of cases, as it is being written.
pub(crate) struct Batch<'d> {
    dir: &'d Path,
    git: Child,
    to_git: BufWriter<ChildStdin>,
    cases: usize,
}

impl<'d> Batch<'d> {
    /// An empty one; nothing of a batch before it stays in the tree.
    pub(crate) fn new(dir: &'d Path) -> Result<Self, Fault> {
        let mut git = git(dir)
            .args(["fast-import", "--quiet", "--done", "--force"])
            .stdin(Stdio::piped())
            .spawn()?;
        let stdin = git.stdin.take().ok_or("git fast-import has no input")?;
        let mut to_git = BufWriter::with_capacity(1 << 20, stdin);
        writeln!(to_git, "commit refs/heads/cases")?;
        writeln!(to_git, "committer C <c@example.invalid> 1750000000 +0000")?;
        writeln!(to_git, "data 0\ndeleteall")?;
        Ok(Self {
            dir,
            git,
            to_git,
            cases: 0,
        })
    }

    /// Adds a case in a folder of its own; the number of the folder counts within the batch.
    pub(crate) fn add(&mut self, case: &Case) -> Result<(), Fault> {
        let path = format!("c{}/{}", self.cases, tree_path(&case.filename));
        writeln!(self.to_git, "M 100644 inline {}", quoted(&path))?;
        writeln!(self.to_git, "data {}", case.text.len())?;
        self.to_git.write_all(case.text.as_bytes())?;
        self.to_git.write_all(b"\n")?;
        self.cases += 1;
        Ok(())
    }

    /// Lets the gate look at the commit.
    pub(crate) fn judge(self, gate: &Gate) -> Result<Report, Fault> {
        let Self {
            dir,
            mut git,
            mut to_git,
            ..
        } = self;
        writeln!(to_git, "\ndone")?;
        to_git.flush()?;
        drop(to_git);
        succeeded("git fast-import", git.wait()?)?;

        let mut command = Command::new(&gate.program);
        command.current_dir(dir);
        alone(&mut command);
        command.args(["scan", "--rev", "cases", "--format", "json", "--all"]);
        if let Some(policy) = &gate.policy {
            command.arg("--policy").arg(policy);
        }
        if let Some(name) = &gate.ref_name {
            command.args(["--ref", name]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = command.spawn()?;
        let stdout = running.stdout.take().ok_or("the gate has no output")?;
        let report = serde_json::from_reader(BufReader::new(stdout));
        let status = running.wait()?;
        if !matches!(status.code(), Some(0..=2)) {
            return Err(format!("the gate ended with {status}").into());
        }
        report.map_err(|error| format!("the gate's report: {error}").into())
    }
}

fn succeeded(what: &str, status: ExitStatus) -> Result<(), Fault> {
    if status.success() {
        Ok(())
    } else {
        Err(format!("{what} ended with {status}").into())
    }
}

/// git in `dir`, whatever the settings of the machine are.
fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(dir);
    alone(&mut command);
    command
}

fn alone(command: &mut Command) {
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_CONFIG_PARAMETERS",
    ] {
        command.env_remove(name);
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
}

/// A path that git takes into a tree.
fn tree_path(filename: &str) -> String {
    let parts: Vec<String> = filename
        .split('/')
        .filter(|part| !part.is_empty() && *part != "." && *part != "..")
        .map(|part| match part.to_ascii_lowercase().as_str() {
            ".git" => "_git".to_owned(),
            _ => part.replace('\0', "_"),
        })
        .collect();
    if parts.is_empty() {
        "file".to_owned()
    } else {
        parts.join("/")
    }
}

/// A path in the quotes of `git fast-import`.
fn quoted(path: &str) -> String {
    let escaped = path
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}
