//! `stagegate install`: puts the gate's hooks in place.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::install::{self, Options, Refusal, Target};
use crate::report::printable;

use super::{Failure, Global, completions, man};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A hook that is already there is kept as HOOK.stagegate-kept and runs too: before the gate where a commit is made, after it\nwhere something is pushed. Where it runs all files of a folder HOOK.d, the gate becomes one of them.\n\nExamples:\n  stagegate install                          this repository: its commits, merges and pushes\n  stagegate install --bare /srv/git/shop.git   what is pushed to a bare repository\n  stagegate install --below /srv/git         every bare repository of a server\n  stagegate install --global                 every repository that is made or cloned from now on"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) place: Place,
}

/// What is guarded, and by what: the same for `uninstall`.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The bare repository at DIR: what is pushed to it
    #[arg(long, value_name = "DIR", group = "target")]
    bare: Option<PathBuf>,
    /// Every bare repository below DIR
    #[arg(long, value_name = "DIR", group = "target")]
    below: Option<PathBuf>,
    /// A folder of hooks that a server runs for many repositories: GitLab's `pre-receive.d`, gitolite's `hooks/common`
    #[arg(long, value_name = "DIR", group = "target")]
    into: Option<PathBuf>,
    /// Every repository that is made from now on (init.templateDir), or every one of this user (core.hooksPath)
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "template",
        group = "target"
    )]
    global: Option<How>,
    /// Nothing: only the binary is placed or removed
    #[arg(long, group = "target")]
    no_hooks: bool,
    /// Which hooks, separated by commas; without it all that fit, and of a bare repository pre-receive
    #[arg(long, alias = "hook", value_name = "LIST", conflicts_with = "no_hooks")]
    hooks: Option<String>,
    /// Copy the binary to DIR, and have the hooks run it there; without it they run it where it is. Of a folder `bin`, manual
    /// pages and completions go to the folder `share` beside it
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
    /// The binary that the hooks are to run; without it, this one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Say what would be done, change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum How {
    /// What is made or cloned from now on gets a copy
    Template,
    /// All of this user's, through one folder; their own hooks go on running
    HooksPath,
}

impl Place {
    pub(super) fn target(&self, global: &Global) -> Result<Target, Failure> {
        let target = match (&self.bare, &self.below, &self.into, self.global) {
            (Some(folder), ..) => Target::Bare(folder.clone()),
            (_, Some(folder), ..) => Target::Below(absolute(folder)?),
            (_, _, Some(folder), _) => Target::Into(absolute(folder)?),
            (.., Some(How::Template)) => Target::Template,
            (.., Some(How::HooksPath)) => Target::HooksPath,
            _ if self.no_hooks => Target::Nothing,
            _ => {
                let folder = global.repo.clone().unwrap_or_else(|| PathBuf::from("."));
                return Ok(Target::Repository(folder));
            }
        };
        if global.repo.is_some() {
            return Err(Failure::not_done(
                "only one of --repo, --bare, --below, --into, --global and --no-hooks can be given",
            ));
        }
        Ok(target)
    }

    pub(super) fn options(&self) -> Result<Options, Failure> {
        let binary = match &self.binary {
            Some(file) => {
                let file = absolute(file)?;
                if !file.is_file() {
                    return Err(Failure::not_done(format!(
                        "{} is not an executable file",
                        file.display()
                    )));
                }
                file
            }
            None => this_program()?,
        };
        Ok(Options {
            hooks: self
                .hooks
                .as_ref()
                .map(|list| list.split(',').map(|name| name.trim().to_owned()).collect()),
            binary,
            prefix: self.prefix.as_deref().map(absolute).transpose()?,
            documents: Vec::new(),
            dry_run: self.dry_run,
        })
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    Ok(std::path::absolute(path)?)
}

/// This program as one would call it: by the link on PATH that leads to it, which stays when a package manager replaces the
/// folder of one version by that of the next.
fn this_program() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let whole = program.canonicalize()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("stagegate"))
        .find(|there| there.canonicalize().is_ok_and(|there| there == whole))
        .unwrap_or(program))
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let target = args.place.target(global)?;
    let mut say = |sentence: &str| writeln!(out, "{}", printable(sentence));
    let mut options = args.place.options()?;
    if options.prefix.is_some() {
        options.documents = man::documents()?;
        options.documents.extend(completions::documents());
    }
    install::install(&target, &options, &mut say)?;
    Ok(0)
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::not_done(refusal.what).hint(refusal.hints.join("\n"))
    }
}
