//! Puts the gate's hooks where git and servers run them, takes them out again, and says how they stand. What it does not
//! know it does not touch; what it replaces it keeps, and gives back byte for byte.
//!
//! Knows git's places and settings, neither rules nor policy. One file a kind of target; `shim` knows the hook files,
//! `managed` the tools that manage hooks, `program` the binary that the hooks run, `documents` its manual, `doctor` says what stands.

mod action;
mod below;
mod doctor;
mod documents;
mod everywhere;
mod hook;
mod managed;
mod program;
mod repository;
mod shim;
mod template;

use std::io;
use std::path::PathBuf;

pub use doctor::{Check, Standing, look_after, look_after_below};
pub use shim::{OF_COMMITS, OF_PUSHES};

use action::Work;

/// Why nothing, or nothing more, was done.
#[derive(Debug)]
pub struct Refusal {
    /// What is in the way, and where.
    pub what: String,
    /// What to do about it, a line each.
    pub hints: Vec<String>,
}

impl Refusal {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hints: Vec::new(),
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::new(format!("cannot read or write: {error}"))
    }
}

/// What is guarded.
#[derive(Debug, Clone)]
pub enum Target {
    /// The repository with a working tree around this folder.
    Repository(PathBuf),
    /// This bare repository.
    Bare(PathBuf),
    /// Every bare repository below this folder.
    Below(PathBuf),
    /// A folder of hooks that a server runs for many repositories.
    Into(PathBuf),
    /// What is made or cloned from now on, by `init.templateDir`.
    Template,
    /// Every repository of this user, by `core.hooksPath`.
    HooksPath,
    /// Nothing: only the binary is placed or removed.
    Nothing,
}

/// A manual page or a shell's completions.
#[derive(Debug)]
pub struct Document {
    /// Where it goes below the folder `share` that belongs to the binary's folder.
    pub path: PathBuf,
    /// What it says.
    pub text: Vec<u8>,
}

/// How it is to be done.
#[derive(Debug)]
pub struct Options {
    /// Which hooks; all that fit where this is none.
    pub hooks: Option<Vec<String>>,
    /// The binary that is installed.
    pub binary: PathBuf,
    /// The folder it is copied to; where there is none, hooks run it where it is.
    pub prefix: Option<PathBuf>,
    /// What is installed beside the binary where it is copied to a folder `bin`.
    pub documents: Vec<Document>,
    /// Nothing is changed; it is said what would be.
    pub dry_run: bool,
}

/// Guards a target, and says step by step what it does.
///
/// # Errors
///
/// Where something is in the way. Nothing of a repository is changed then, though of many repositories others may be.
pub fn install(
    target: &Target,
    options: &Options,
    say: &mut dyn FnMut(&str) -> io::Result<()>,
) -> Result<(), Refusal> {
    let mut work = Work::new(options, say)?;
    match target {
        Target::Repository(folder) => repository::install(&mut work, folder, false),
        Target::Bare(folder) => repository::install(&mut work, folder, true),
        Target::Below(folder) => below::install(&mut work, folder),
        Target::Into(folder) => below::install_into(&mut work, folder),
        Target::Template => template::install(&mut work),
        Target::HooksPath => everywhere::install(&mut work),
        Target::Nothing => program::place(&mut work),
    }
}

/// Puts back what was before, for the same target.
///
/// # Errors
///
/// Where something is in the way.
pub fn uninstall(
    target: &Target,
    options: &Options,
    say: &mut dyn FnMut(&str) -> io::Result<()>,
) -> Result<(), Refusal> {
    let mut work = Work::new(options, say)?;
    match target {
        Target::Repository(folder) => repository::uninstall(&mut work, folder, false)?,
        Target::Bare(folder) => repository::uninstall(&mut work, folder, true)?,
        Target::Below(folder) => below::uninstall(&mut work, folder)?,
        Target::Into(folder) => below::uninstall_from(&mut work, folder)?,
        Target::Template => template::uninstall(&mut work)?,
        Target::HooksPath => everywhere::uninstall(&mut work)?,
        Target::Nothing => return program::remove(&mut work),
    }
    if work.took && options.prefix.is_some() && work.program.exists() {
        work.say("note: the binary stays, because other repositories may use it; `--uninstall --no-hooks` removes it")?;
    }
    Ok(())
}
