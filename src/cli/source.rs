//! Which repository and which policy a run is about.
//!
//! The policy is the file given with `--policy`; else the one that git's configuration names in `stagegate.policy`; else
//! `stagegate.toml`: on a laptop the one in the working tree, elsewhere the one that stands in a commit that is *not* being
//! judged; else the defaults. A pushed policy never judges its own push. The same `stagegate.toml` counts beside one of the first
//! two where that opens keys to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::check::Gate;
use crate::git::Repository;
use crate::inventory::{Inventory, Key};
use crate::judge::Clock;
use crate::judge::clock::UNLIMITED;
use crate::model::Oid;
use crate::policy::{Baseline, Limits, Policy, PolicyErrors};
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
    let named = global.policy.clone();
    if let Some(file) = named.or_else(|| repository.config_path("stagegate.policy")) {
        let policy = with_repository(read(&file)?, repository, fallback)?;
        return complete(policy, &Beside::Folder(folder_of(&file)));
    }
    match Standing::find(repository, fallback)? {
        Some(standing) => {
            let policy = parse(&standing.text, &standing.source)?.of_repository();
            let policy = standing.dated(policy);
            complete(policy, &standing.beside)
        }
        None => Ok(Policy::builtin()),
    }
}

/// An administrator's policy with what the repository's says under the keys that it opens.
pub(super) fn with_repository(
    policy: Policy,
    repository: &Repository,
    fallback: &Fallback,
) -> Result<Policy, Failure> {
    if !policy.opens_keys() {
        return Ok(policy);
    }
    match Standing::find(repository, fallback)? {
        Some(standing) => standing.beside(&policy),
        None => Ok(policy),
    }
}

/// The policy that stands in the repository.
struct Standing<'r> {
    text: Vec<u8>,
    source: String,
    beside: Beside<'r>,
}

impl<'r> Standing<'r> {
    fn find(repository: &'r Repository, fallback: &Fallback) -> Result<Option<Self>, Failure> {
        match fallback {
            Fallback::WorkTree => match repository.work_dir() {
                Some(folder) if folder.join(FILE).exists() => Ok(Some(Self {
                    text: std::fs::read(folder.join(FILE))?,
                    source: FILE.to_owned(),
                    beside: Beside::Folder(folder),
                })),
                Some(_) => Ok(None),
                // A bare repository, from which one can push as well.
                None => {
                    let head = Fallback::Commit(repository.head_commit()?, "HEAD");
                    Self::find(repository, &head)
                }
            },
            Fallback::Commit(None, _) => Ok(None),
            Fallback::Commit(Some(commit), name) => {
                let text = repository.text_at(*commit, FILE)?;
                Ok(text.map(|text| Self {
                    text,
                    source: format!("{name}:{FILE}"),
                    beside: Beside::Commit(repository, *commit),
                }))
            }
        }
    }

    /// What it says beside the administrator's policy.
    fn beside(&self, administrator: &Policy) -> Result<Policy, Failure> {
        let text = utf8(&self.text, &self.source)?;
        let both = administrator.beside(text, &self.source);
        let both = both.map_err(|errors| {
            mistaken(&self.source, &errors).hint(format!(
                "it is read beside {}, which opens keys to it; docs/policy.md explains which",
                administrator.source()
            ))
        })?;
        Ok(self.dated(both))
    }

    /// The policy with the commit that it stood in.
    fn dated(&self, mut policy: Policy) -> Policy {
        if let Beside::Commit(_, commit) = &self.beside {
            policy.set_commit(&commit.to_string());
        }
        policy
    }
}

/// The ref from which the policy is taken where neither `--policy` nor git's configuration names one, or where the named one opens
/// keys to it.
pub(super) fn policy_ref(
    global: &Global,
    repository: &Repository,
    policy: &Policy,
) -> Option<String> {
    let named = global.policy.is_some() || repository.config_path("stagegate.policy").is_some();
    if named && !policy.opens_keys() {
        None
    } else {
        repository
            .head_branch()
            .map(|name| repository.resolve_ref_name(&name))
    }
}

pub(super) fn from_file(file: &Path) -> Result<Policy, Failure> {
    complete(read(file)?, &Beside::Folder(folder_of(file)))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}

/// The policy of a file, without what it names beside it.
fn read(file: &Path) -> Result<Policy, Failure> {
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
    Policy::parse(utf8(text, source)?, source).map_err(|errors| {
        mistaken(source, &errors)
            .hint("`stagegate policy check` lists them all; docs/policy.md explains every key")
    })
}

fn utf8<'t>(text: &'t [u8], source: &str) -> Result<&'t str, Failure> {
    std::str::from_utf8(text).map_err(|_| Failure::new(format!("the policy {source} is not UTF-8")))
}

fn mistaken(source: &str, errors: &PolicyErrors) -> Failure {
    Failure::new(format!("the policy {source} has mistakes:\n{errors}"))
}

/// The scanner over all rules: the built-in ones that the policy neither leaves out nor replaces, and its own.
pub(super) fn scanner(policy: &Policy) -> Result<Scanner<'static>, Failure> {
    Ok(crate::check::scanner(policy))
}

/// Where a policy stands, and what it names beside it.
enum Beside<'b> {
    Folder(&'b Path),
    Commit(&'b Repository, Oid),
}

impl Beside<'_> {
    fn text(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Folder(folder) => match std::fs::read(folder.join(path)) {
                Ok(text) => Ok(Some(text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(Failure::new(format!("cannot read {path}: {error}"))),
            },
            Self::Commit(repository, commit) => Ok(repository.text_at(*commit, path)?),
        }
    }

    /// The files that a path with one `*` in its last part means, in the order of their names.
    fn files(&self, pattern: &str) -> Result<Vec<String>, Failure> {
        let Some((before, after)) = pattern.split_once('*') else {
            return Ok(vec![pattern.to_owned()]);
        };
        let (folder, start) = before.rsplit_once('/').unwrap_or(("", before));
        let mut names: Vec<String> = match self {
            Self::Folder(root) => match std::fs::read_dir(root.join(folder)) {
                Ok(entries) => entries
                    .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                    .collect(),
                Err(_) => Vec::new(),
            },
            Self::Commit(repository, commit) => repository.names_at(*commit, folder)?,
        };
        names.retain(|name| {
            name.len() >= start.len() + after.len()
                && name.starts_with(start)
                && name.ends_with(after)
        });
        names.sort();
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        Ok(names
            .into_iter()
            .map(|name| format!("{prefix}{name}"))
            .collect())
    }
}

/// Reads what a policy names beside it: files of rules, and `.gitleaksignore`. From the folder of a policy that is a file,
/// from the commit of one that stands in a commit: what is being pushed has no say.
fn complete(mut policy: Policy, beside: &Beside<'_>) -> Result<Policy, Failure> {
    for (pattern, line) in policy.rule_files().to_vec() {
        let files = beside.files(&pattern)?;
        let missing = || {
            Failure::new(format!("{line}: the file of rules {pattern} is not there"))
                .hint("a rule that cannot be read finds nothing: correct `files` in [rules], or put the file back")
        };
        if files.is_empty() {
            return Err(missing());
        }
        for file in files {
            let text = beside.text(&file)?.ok_or_else(missing)?;
            let text = String::from_utf8(text)
                .map_err(|_| Failure::new(format!("the file of rules {file} is not UTF-8")))?;
            policy.add_rules(&text, &file).map_err(|errors| {
                Failure::new(format!("the file of rules {file} has mistakes:\n{errors}"))
                    .hint("docs/rules.md explains every key of a rule")
            })?;
        }
    }
    if policy.honours_gitleaks_ignore().is_some()
        && let Some(text) = beside.text(".gitleaksignore")?
    {
        policy.set_gitleaks_ignore(String::from_utf8_lossy(&text).into_owned());
    }
    // One that is not there yet holds nothing, and more is refused, not less.
    if let Some(file) = policy.baseline_file().map(str::to_owned)
        && let Some(text) = beside.text(&file)?
    {
        policy.set_baseline(baseline(&text, &file)?);
    }
    Ok(policy)
}

/// Reads a baseline; `file` is what it is called in messages.
pub(super) fn baseline(text: &[u8], file: &str) -> Result<Baseline, Failure> {
    Baseline::parse(&String::from_utf8_lossy(text), file).map_err(|errors| {
        Failure::new(format!("the baseline {file} has mistakes:\n{errors}")).hint(
            "take it from before the merge or edit, or write it again: `stagegate audit --baseline`",
        )
    })
}

/// What a run knows of secrets by their values.
#[derive(Default)]
pub(super) struct Inventories {
    /// The inventory, if there is one.
    pub(super) known: Option<Inventory>,
    /// Why there is none, where one was named.
    notes: Vec<String>,
}

/// Opens the inventory that the command line, the environment, git's configuration or the policy names.
///
/// Where people work, a policy may name one that is only on the server: that is noted and not an error.
pub(super) fn inventory(
    global: &Global,
    repository: &Repository,
    policy: &Policy,
    laptop: bool,
) -> Result<Inventories, Failure> {
    let configured = |key| repository.config_path(key);
    let by_hand = named(global.inventory.as_deref(), FILE_VARIABLE)
        .or_else(|| configured("stagegate.inventory"));
    let key_by_hand = |()| {
        named(global.inventory_key.as_deref(), KEY_FILE_VARIABLE)
            .or_else(|| configured("stagegate.inventoryKey"))
    };
    if let Some(file) = by_hand {
        let key = inventory_key(key_by_hand(()).as_deref())?;
        return Ok(Inventories {
            known: Some(Inventory::open(&file, &key)?),
            notes: Vec::new(),
        });
    }
    let Some(named) = policy.inventory() else {
        return Ok(Inventories::default());
    };
    let resolve = |path: &str| resolve(path, repository, &named.policy_line);
    let file = resolve(&named.file)?;
    let key_file = match (key_by_hand(()), &named.key_file) {
        (Some(file), _) => Some(file),
        (None, Some(path)) => Some(resolve(path)?),
        (None, None) => None,
    };
    let has_key = std::env::var_os(KEY_VARIABLE).is_some_and(|key| !key.is_empty())
        || key_file.as_deref().is_some_and(Path::exists);
    if laptop && !(file.exists() && has_key) {
        let what = if file.exists() { "its key" } else { "it" };
        return Ok(Inventories {
            known: None,
            notes: vec![format!(
                "known secrets were not looked for: {} names the inventory {}, and {what} is not here",
                named.policy_line, named.file
            )],
        });
    }
    let key = inventory_key(key_file.as_deref())?;
    Ok(Inventories {
        known: Some(Inventory::open(&file, &key)?),
        notes: Vec::new(),
    })
}

/// Names the inventory's file.
pub(super) const FILE_VARIABLE: &str = "STAGEGATE_INVENTORY";
/// Holds the key itself.
pub(super) const KEY_VARIABLE: &str = "STAGEGATE_INVENTORY_KEY";
/// Names the key's file.
pub(super) const KEY_FILE_VARIABLE: &str = "STAGEGATE_INVENTORY_KEY_FILE";

/// What a flag or a variable names.
pub(super) fn named(flag: Option<&Path>, variable: &str) -> Option<PathBuf> {
    flag.map(Path::to_owned).or_else(|| {
        std::env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    })
}

/// The key from the environment, or else from a file.
pub(super) fn inventory_key(file: Option<&Path>) -> Result<Key, Failure> {
    if let Some(text) = std::env::var_os(KEY_VARIABLE).filter(|text| !text.is_empty()) {
        let text = text.to_str().unwrap_or_default();
        return Ok(Key::parse(text, KEY_VARIABLE)?);
    }
    match file {
        Some(file) => Ok(Key::read(file)?),
        None => Err(Failure::new("there is no key for the inventory").hint(format!(
            "put it into the variable {KEY_VARIABLE}, or name its file with --inventory-key or {KEY_FILE_VARIABLE}"
        ))),
    }
}

/// A path of a policy: `~/` is the home, and what is not whole is below the working tree.
fn resolve(path: &str, repository: &Repository, line: &str) -> Result<PathBuf, Failure> {
    if let Some(rest) = path.strip_prefix("~/")
        && let Some(home) = std::env::var_os("HOME")
    {
        return Ok(Path::new(&home).join(rest));
    }
    if Path::new(path).is_absolute() {
        return Ok(PathBuf::from(path));
    }
    match repository.work_dir() {
        Some(folder) => Ok(folder.join(path)),
        None => Err(Failure::new(format!(
            "{line} names the inventory's file {path}, and a bare repository has no folder to begin from"
        ))
        .hint("write the whole path, or set `git config stagegate.inventory` there")),
    }
}

/// A gate as a server or CI has it.
pub(super) fn gate<'g>(
    global: &Global,
    repository: &'g Repository,
    policy: &'g Policy,
    scanner: &'g Scanner<'static>,
    inventories: &'g Inventories,
) -> Gate<'g> {
    Gate {
        repository,
        policy,
        scanner,
        inventory: inventories.known.as_ref(),
        notes: &inventories.notes,
        today: today(),
        keep_allowed: global.all,
        laptop: false,
        policy_ref: None,
        clock: clock(global, policy, false),
        granted: &[],
    }
}

/// The clock of a run and how much memory it may take, and somebody who watches both. On a server the policy sets them, and GitHub Enterprise Server does, which stops
/// hooks after 5 s; elsewhere only who asks for it by hand.
pub(super) fn clock(global: &Global, policy: &Policy, server: bool) -> Option<Arc<Clock>> {
    let limits = policy.limits();
    let of_github = || std::env::var_os("GITHUB_VIA").map(|_| GITHUB_BUDGET);
    let of_policy = if server { limits } else { Limits::default() };
    let budget = global.time_budget.or_else(|| {
        server
            .then(|| of_policy.time_budget.or_else(of_github))
            .flatten()
    });
    let most_memory = global.max_memory.or(of_policy.max_memory);
    if budget.is_none() && most_memory.is_none() {
        return None;
    }
    let budget = budget.unwrap_or(UNLIMITED);
    let clock = Clock::new(global.started, budget, limits.refuse_unclaimed);
    let clock = Arc::new(clock.with_memory(most_memory));
    global.watch.watch(&clock);
    Some(clock)
}

/// All pre-receive hooks of GitHub Enterprise Server together have 5 s.
const GITHUB_BUDGET: Duration = Duration::from_secs(4);

/// Today, in UTC: exceptions end on the same day on every machine.
pub(super) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}
