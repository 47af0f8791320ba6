//! `stagegate audit`.

mod baseline;
mod fleet;

use std::io::{BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::civil::Date;

use crate::audit::{Audit, Audited, Phase, Progress};
use crate::git::Repository;
use crate::inventory::Inventory;
use crate::model::{AuditedCredential, AuditedRepository, Posture};
use crate::policy::Policy;
use crate::report::posture::{self, Options};

use super::output::{Stream, write_each};
use super::source::{self, Fallback};
use super::{Failure, Format, Global};

/// Say which credentials stand where over all refs and history, since when, and what crosses a boundary
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Write what stands today into a baseline: what is in it is no longer refused, only warned about. Without FILE, the
    /// one that the policy names
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    baseline: Option<Option<PathBuf>>,
    /// Take out of the baseline what stands no longer
    #[arg(long)]
    prune: bool,
    /// Leave out who wrote what
    #[arg(long)]
    no_authors: bool,
    /// The day of which everything is said; today without it
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// Folder for what was examined, so that the next run reads only what is new; without it, `stagegate` in the git directory
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    cache: Option<PathBuf>,
    /// Keep nothing between runs
    #[arg(long)]
    no_cache: bool,
    /// Audit every repository of a list: a path a line, or NAME, a tab and a path; `-` is standard input
    #[arg(long, value_name = "LIST", requires = "into", conflicts_with_all = ["baseline", "prune", "from", "repo"])]
    repos_from: Option<PathBuf>,
    /// Only the K-th of N parts of the list, K from 1
    #[arg(long, value_name = "K/N", requires = "repos_from")]
    shard: Option<fleet::Shard>,
    /// Folder for the records, a file of JSON Lines for each repository. One that is there and still true is left alone
    #[arg(long, value_name = "DIR", requires = "repos_from")]
    into: Option<PathBuf>,
    /// Show records that were written before (JSON Lines) instead of auditing; as often as wanted, `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "prune", "repo"])]
    from: Vec<PathBuf>,
}

const EXAMPLES: &str = "Formats: text, json, json-lines, html.\n\nExamples:
  stagegate audit                                       the table
  stagegate audit --output html=posture.html            and a page for the browser
  stagegate audit --baseline                            take stock: refuse only what is new from now on
  stagegate audit --prune                               take out of the baseline what is gone
  stagegate audit --repos-from repos.txt --shard 1/8 --into records
  cat records/*.jsonl | stagegate audit --from - --output html=fleet.html";

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    if let Some(list) = &args.repos_from {
        return fleet::run(args, list, global, out);
    }
    let posture = if args.from.is_empty() {
        one(args, global)?
    } else {
        read(&args.from)?
    };
    show(&posture, global, out)?;
    Ok(0)
}

/// Audits the repository at hand, and keeps its baseline.
fn one(args: &Args, global: &Global) -> Result<Posture, Failure> {
    let repository = source::repository(global)?;
    let mut policy = source::policy(global, &repository, &Fallback::WorkTree)?;
    let scanner = source::scanner(&policy)?;
    let inventories = source::inventory(global, &repository, &policy, false)?;
    let name = name_of(&repository);
    let audit = audit(
        args,
        global,
        &repository,
        &policy,
        &scanner,
        inventories.known.as_ref(),
        name,
    )?;
    let bar = Bar::new(global);
    let audited = audit.run(&mut |progress| bar.show(progress))?;
    bar.done();
    say_run(&audited, global);
    let Audited {
        repository: mut record,
        mut credentials,
        ..
    } = audited;
    let asks = args.baseline.is_some() || args.prune;
    if asks || policy.baseline_file().is_some() {
        let mut keeper = baseline::Keeper {
            global,
            repository: &repository,
            scanner: &scanner,
            inventories: &inventories,
            as_of: record.as_of,
        };
        record.baseline = keeper.keep(args, &mut policy, &mut credentials)?;
    }
    Ok(Posture {
        repositories: vec![record],
        credentials,
    })
}

/// An audit with what the command line says.
fn audit<'a>(
    args: &Args,
    global: &Global,
    repository: &'a Repository,
    policy: &'a Policy,
    scanner: &'a crate::scan::Scanner<'static>,
    inventory: Option<&'a Inventory>,
    name: String,
) -> Result<Audit<'a>, Failure> {
    // A policy that no commit of the repository holds.
    let mut decided_by = Vec::new();
    let named = global
        .policy
        .clone()
        .or_else(|| repository.config_path("stagegate.policy"))
        .or_else(|| {
            repository
                .work_dir()
                .map(|folder| folder.join(crate::check::POLICY_FILE))
        });
    if let Some(file) = named
        && let Ok(text) = std::fs::read(file)
    {
        decided_by = text;
    }
    decided_by.extend(policy.baseline().to_text().into_bytes());
    if let Some(inventory) = inventory {
        decided_by.extend(format!("{} {}", inventory.len(), inventory.has_revoked()).into_bytes());
    }
    let cache = if args.no_cache {
        None
    } else {
        let own = || repository.git_dir().join("stagegate");
        Some(args.cache.clone().unwrap_or_else(own))
    };
    Ok(Audit {
        repository,
        name,
        policy,
        scanner,
        inventory,
        as_of: args.as_of.unwrap_or_else(source::today),
        authors: !args.no_authors,
        cache,
        decided_by,
    })
}

/// What a repository is called: the last part of its path, without `.git`.
fn name_of(repository: &Repository) -> String {
    let git_dir = repository.git_dir();
    let folder = repository.work_dir().unwrap_or(git_dir);
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".git").unwrap_or(&name).to_owned()
}

/// Reads records.
fn read(files: &[PathBuf]) -> Result<Posture, Failure> {
    let mut all = Posture::default();
    for file in files {
        let read = if file == Path::new("-") {
            posture::read(std::io::stdin().lock())
        } else {
            std::fs::File::open(file)
                .map_err(posture::ReadError::from)
                .and_then(|file| posture::read(BufReader::new(file)))
        };
        let read = read.map_err(|error| {
            Failure::new(format!("cannot read the records {}: {error}", file.display())).hint(
                "records are what `stagegate audit --format json-lines` and `--into` write, merged with `cat`",
            )
        })?;
        all.repositories.extend(read.repositories);
        all.credentials.extend(read.credentials);
    }
    all.sort();
    Ok(all)
}

fn show(posture: &Posture, global: &Global, out: &mut dyn Write) -> Result<(), Failure> {
    let written = |format, color| {
        let format = if format == Format::Plain {
            Format::Text
        } else {
            format
        };
        let options = Options {
            all: global.all,
            quiet: global.quiet,
            color,
        };
        let mut text = Vec::new();
        posture::write(posture, format, options, &mut text)?;
        Ok(text)
    };
    write_each(global, posture::FORMATS, &written, Stream::Standard, out)
}

/// Says how much was read, where somebody asked.
fn say_run(audited: &Audited, global: &Global) {
    let mut told = String::new();
    if global.verbose > 0 {
        told = format!(
            "stagegate: {} commits, {} blobs read anew\n",
            audited.repository.commits, audited.blobs_read
        );
    }
    if let Some(why) = &audited.not_kept
        && !global.quiet
    {
        let why = crate::report::printable(why).into_owned();
        told.push_str(&format!(
            "stagegate: nothing is kept for the next run: {why}; --cache DIR names another folder\n"
        ));
    }
    // Nobody may be listening.
    drop(std::io::stderr().lock().write_all(told.as_bytes()));
}

/// A bar on a terminal, and nothing elsewhere.
struct Bar(ProgressBar);

impl Bar {
    fn new(global: &Global) -> Self {
        let visible = std::io::stderr().is_terminal() && !global.quiet;
        let target = if visible {
            ProgressDrawTarget::stderr_with_hz(5)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let style = ProgressStyle::with_template("{msg:>8} {bar:40} {pos}/{len} {eta}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn show(&self, progress: Progress) {
        if self.0.is_hidden() {
            return;
        }
        if progress.done == 0 {
            self.0.reset();
            self.0.set_length(progress.total as u64);
            self.0.set_message(match progress.phase {
                Phase::Commits => "commits",
                Phase::Refs => "refs",
            });
        }
        self.0.set_position(progress.done as u64);
    }

    fn done(&self) {
        self.0.finish_and_clear();
    }
}

/// The records of one repository.
struct Records {
    repository: AuditedRepository,
    credentials: Vec<AuditedCredential>,
}
