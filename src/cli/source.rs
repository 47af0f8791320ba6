//! Which repository and which policy a run is about.
//!
//! The policy is the file given with `--policy`; else the one that git's configuration names in `stagegate.policy`; else
//! `stagegate.toml`: on a laptop the one in the working tree, elsewhere the one that stands in a commit that is *not* being
//! judged; else the defaults. A pushed policy never judges its own push.

use std::path::Path;

use crate::check::Gate;
use crate::git::Repository;
use crate::model::Oid;
use crate::policy::Policy;
use crate::scan::Scanner;

use super::{Failure, Global};

/// Name of the policy file.
const FILE: &str = crate::check::POLICY_FILE;

/// Where to look for a policy that nobody has named.
pub(super) enum Fallback {
    /// The working tree.
    WorkTree,
    /// A commit, named as the user would name it.
    Commit(Option<Oid>, &'static str),
}

/// Opens the repository.
pub(super) fn repository(global: &Global) -> Result<Repository, Failure> {
    Ok(match &global.repo {
        Some(folder) => Repository::open_at(folder)?,
        None => Repository::open_from_env()?,
    })
}

/// Reads the policy.
pub(super) fn policy(
    global: &Global,
    repository: &Repository,
    fallback: &Fallback,
) -> Result<Policy, Failure> {
    if let Some(file) = &global.policy {
        return from_file(file);
    }
    if let Some(file) = repository.config_path("stagegate.policy") {
        return from_file(&file);
    }
    match fallback {
        Fallback::WorkTree => match repository.work_dir().map(|folder| folder.join(FILE)) {
            Some(file) if file.exists() => parse(&std::fs::read(&file)?, FILE),
            Some(_) => Ok(Policy::builtin()),
            // A bare repository, from which one can push as well.
            None => policy(
                global,
                repository,
                &Fallback::Commit(repository.head_commit()?, "HEAD"),
            ),
        },
        Fallback::Commit(None, _) => Ok(Policy::builtin()),
        Fallback::Commit(Some(commit), name) => match repository.text_at(*commit, FILE)? {
            Some(text) => parse(&text, &format!("{name}:{FILE}")),
            None => Ok(Policy::builtin()),
        },
    }
}

/// The ref from which the policy is taken where neither `--policy` nor git's configuration names one.
pub(super) fn policy_ref(global: &Global, repository: &Repository) -> Option<String> {
    let named = global.policy.is_some() || repository.config_path("stagegate.policy").is_some();
    if named {
        None
    } else {
        repository
            .head_branch()
            .map(|name| repository.resolve_ref_name(&name))
    }
}

fn from_file(file: &Path) -> Result<Policy, Failure> {
    let text = std::fs::read(file).map_err(|error| {
        Failure::new(format!(
            "cannot read the policy {}: {error}",
            file.display()
        ))
        .hint("give another with --policy FILE, or correct `git config stagegate.policy`")
    })?;
    parse(&text, &file.display().to_string())
}

fn parse(text: &[u8], source: &str) -> Result<Policy, Failure> {
    let text = std::str::from_utf8(text)
        .map_err(|_| Failure::new(format!("the policy {source} is not UTF-8")))?;
    Policy::parse(text, source).map_err(|errors| {
        Failure::new(format!("the policy {source} has mistakes:\n{errors}"))
            .hint("`stagegate policy check` lists them all; docs/policy.md explains every key")
    })
}

/// The scanner over all rules.
pub(super) fn scanner() -> Result<Scanner<'static>, Failure> {
    Scanner::new(crate::rules::for_judging()).map_err(|error| Failure::new(error.to_string()))
}

/// A gate as a server or CI has it.
pub(super) fn gate<'g>(
    global: &Global,
    repository: &'g Repository,
    policy: &'g Policy,
    scanner: &'g Scanner<'static>,
) -> Gate<'g> {
    Gate {
        repository,
        policy,
        scanner,
        today: today(),
        keep_allowed: global.all,
        laptop: false,
        policy_ref: None,
    }
}

/// Today, in UTC: exceptions end on the same day on every machine.
pub(super) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}
