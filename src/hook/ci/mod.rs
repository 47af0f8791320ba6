//! `check`: a range given by hand, or taken from the environment of a CI system, as one ref update.
//!
//! Each system is one file that turns its documented variables into a [`Range`]; nothing there reads git, so that tests
//! replay documented environments. The *target* branch of a pull request is the destination: it is where the commits go.

mod azure;
mod bitbucket;
mod buildkite;
mod circleci;
mod github;
mod gitlab;
mod jenkins;
mod pre_commit;

use std::collections::HashMap;
use std::path::Path;

use crate::git::{GitError, Kind, Ref, Repository};
use crate::model::{Oid, RefUpdate};

use super::HookError;
use super::pre_commit::full_name;

/// What a CI system tells: its variables, and the files that they name.
pub struct Environment<'e> {
    /// The environment of the process.
    pub variables: &'e HashMap<String, String>,
    /// Reads a file that a variable names.
    pub read: &'e dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
}

impl Environment<'_> {
    /// A variable that is set and not empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn is_true(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn told(&self, name: &'static str) -> Option<Told> {
        self.get(name).map(|value| Told::new(value, name))
    }
}

/// A value and where it was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The value.
    pub value: String,
    /// The variable, or the place in an event.
    pub from: &'static str,
}

impl Told {
    fn new(value: impl Into<String>, from: &'static str) -> Self {
        Self {
            value: value.into(),
            from,
        }
    }
}

/// Why commits are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// They are to be merged into the destination, which may have moved on.
    PullRequest,
    /// They stand on the destination in place of what stood there before.
    Push,
}

/// What a CI system says of the range to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Name of the system.
    pub system: &'static str,
    /// Why.
    pub occasion: Occasion,
    /// Revisions that stood there before, the best first: the first one that is here counts. None where the system does
    /// not say, or where nothing stood there.
    pub bases: Vec<Told>,
    /// The revision that is to stand there; none for a deletion.
    pub head: Option<Told>,
    /// Full name of the ref it is on its way to.
    pub destination: Option<Told>,
    /// What a reader of the report must know of this range.
    pub remark: Option<String>,
    /// The setting of the system that gives a clone with everything in it.
    pub setting: &'static str,
}

impl Range {
    /// Makes it the range of a pull request: counted from the tip of the target branch and on its way there.
    fn asks_to_merge_into(&mut self, target: Told) {
        self.occasion = Occasion::PullRequest;
        self.bases
            .push(Told::new(remote_branch(&target.value), target.from));
        self.destination = Some(branch(target));
    }
}

/// One CI system.
struct System {
    name: &'static str,
    /// Whether the process runs in it.
    detect: fn(&Environment<'_>) -> bool,
    range: fn(&Environment<'_>) -> Result<Range, HookError>,
}

/// In the order in which they are looked for. A range that a person names to pre-commit comes first. Forgejo and Gitea set GitHub's variables too, so they come before it. Jenkins
/// comes last: its variables also stand in the environment of whatever else runs on its machines.
const SYSTEMS: [System; 10] = [
    System {
        name: pre_commit::NAME,
        detect: pre_commit::detect,
        range: pre_commit::range,
    },
    System {
        name: "Forgejo Actions",
        detect: |environment| environment.is_true("FORGEJO_ACTIONS"),
        range: |environment| github::range(environment, "Forgejo Actions"),
    },
    System {
        name: "Gitea Actions",
        detect: |environment| environment.is_true("GITEA_ACTIONS"),
        range: |environment| github::range(environment, "Gitea Actions"),
    },
    System {
        name: "GitHub Actions",
        detect: |environment| environment.is_true("GITHUB_ACTIONS"),
        range: |environment| github::range(environment, "GitHub Actions"),
    },
    System {
        name: gitlab::NAME,
        detect: |environment| environment.is_true("GITLAB_CI"),
        range: gitlab::range,
    },
    System {
        name: buildkite::NAME,
        detect: |environment| environment.is_true("BUILDKITE"),
        range: buildkite::range,
    },
    System {
        name: circleci::NAME,
        detect: |environment| environment.is_true("CIRCLECI"),
        range: circleci::range,
    },
    System {
        name: azure::NAME,
        detect: |environment| environment.is_true("TF_BUILD"),
        range: azure::range,
    },
    System {
        name: bitbucket::NAME,
        detect: |environment| environment.is_set("BITBUCKET_BUILD_NUMBER"),
        range: bitbucket::range,
    },
    System {
        name: jenkins::NAME,
        detect: |environment| environment.is_set("JENKINS_URL"),
        range: jenkins::range,
    },
];

/// The range that the CI system around this process is about; `None` where there is none.
pub fn range(environment: &Environment<'_>) -> Result<Option<Range>, HookError> {
    SYSTEMS
        .iter()
        .find(|system| (system.detect)(environment))
        .map(|system| (system.range)(environment))
        .transpose()
}

/// The names of all systems, in the order in which they are looked for.
pub fn systems() -> impl Iterator<Item = &'static str> {
    SYSTEMS.iter().map(|system| system.name)
}

/// A branch as it is known in a clone made by CI.
fn remote_branch(branch: &str) -> String {
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    format!("refs/remotes/origin/{branch}")
}

fn branch(told: Told) -> Told {
    Told {
        value: full_name(&told.value),
        ..told
    }
}

fn tag(told: Told) -> Told {
    Told {
        value: format!("refs/tags/{}", told.value),
        ..told
    }
}

/// A base of zeros, as CI systems give for a new branch, is none.
fn is_zero(revision: &str) -> bool {
    revision.len() >= 40 && revision.bytes().all(|byte| byte == b'0')
}

/// The remark for systems that do not tell what stood on a branch before a push.
const NO_BASE: &str = "this system does not say what stood there before the push, so all that stands there was judged; give --base to judge less";

/// A range in the words of this repository.
#[derive(Debug)]
pub struct Resolved {
    /// As if pushed.
    pub update: RefUpdate,
    /// The common ancestor that a pull request's changes are counted from as well.
    pub merge_base: Option<Oid>,
    /// Where all of it was taken from.
    pub news: Vec<String>,
}

/// Looks a range up in the repository. `destination` is the one that was given by hand.
pub fn resolve(
    repository: &Repository,
    range: &Range,
    destination: Option<&str>,
) -> Result<Resolved, HookError> {
    let unreadable = |error: GitError| HookError::new(error.to_string(), range.setting);
    let Some(head) = &range.head else {
        return Err(HookError::new(
            format!(
                "{} says that the ref was deleted: there is nothing to judge",
                range.system
            ),
            "let the job run on pushes and pull requests only",
        ));
    };
    let tip = commit(repository, &head.value).map_err(|_| absent(repository, range, &[head]))?;
    let bases: Vec<&Told> = range
        .bases
        .iter()
        .filter(|base| !is_zero(&base.value))
        .collect();
    let base = bases
        .iter()
        .find_map(|base| Some((*base, commit(repository, &base.value).ok()?)));
    if base.is_none() && !bases.is_empty() {
        return Err(absent(repository, range, &bases));
    }
    let name = match (destination, &range.destination) {
        (Some(name), _) => full_name(name),
        (None, Some(told)) => told.value.clone(),
        (None, None) => head.value.clone(),
    };
    let mut news = vec![said(
        range,
        base,
        head,
        tip,
        destination.is_some().then_some(name.as_str()),
    )];
    news.extend(range.remark.clone());
    let mut merge_base = None;
    if let Some((_, old)) = base {
        if old == tip {
            news.push("base and head are the same commit: nothing is new".to_owned());
        } else if range.occasion == Occasion::PullRequest {
            merge_base = repository.merge_base(old, tip).map_err(unreadable)?;
            if merge_base.is_none() && repository.is_shallow() {
                return Err(HookError::new(
                    format!(
                        "{}: this clone is shallow and does not show where {} and {} part",
                        range.system, old, tip
                    ),
                    format!(
                        "run `git fetch --no-tags --unshallow origin` before; or {}",
                        range.setting
                    ),
                ));
            }
            if merge_base.is_none() {
                news.push("base and head have no commit in common: everything in head that does not stand in base was judged".to_owned());
            }
        }
    }
    Ok(Resolved {
        update: RefUpdate {
            name,
            old: base.map(|(_, old)| old),
            new: Some(tip),
            environment: None,
        },
        merge_base: merge_base.filter(|ancestor| base.is_some_and(|(_, old)| old != *ancestor)),
        news,
    })
}

fn said(
    range: &Range,
    base: Option<(&Told, Oid)>,
    head: &Told,
    tip: Oid,
    by_hand: Option<&str>,
) -> String {
    let base = match base {
        Some((told, oid)) => format!("base {} ({})", short(oid), told.from),
        None => match range.bases.first() {
            Some(zero) => format!("no base ({} is zero: a new ref)", zero.from),
            None => "no base".to_owned(),
        },
    };
    let to = match (by_hand, &range.destination) {
        (Some(name), _) => format!("{name} (--ref)"),
        (None, Some(told)) => format!("{} ({})", told.value, told.from),
        (None, None) => "no branch: only paths and sections claim".to_owned(),
    };
    format!(
        "range taken from {}: {base}, head {} ({}), destination {to}",
        range.system,
        short(tip),
        head.from
    )
}

fn short(oid: Oid) -> String {
    oid.to_string().chars().take(12).collect()
}

/// Says what is not here, and the command and the setting that mend it.
fn absent(repository: &Repository, range: &Range, told: &[&Told]) -> HookError {
    let names: Vec<String> = told
        .iter()
        .map(|told| format!("{} ({})", told.value, told.from))
        .collect();
    // A branch is the surest thing to fetch: a server need not serve a commit by its id.
    let wanted = told
        .iter()
        .find_map(|told| told.value.strip_prefix("refs/remotes/origin/"))
        .map(|branch| format!("+refs/heads/{branch}:refs/remotes/origin/{branch}"))
        .or_else(|| Some(told.first()?.value.clone()))
        .unwrap_or_default();
    let depth = if repository.is_shallow() {
        " --unshallow"
    } else {
        ""
    };
    HookError::new(
        format!("{}: not in this clone: {}", range.system, names.join(", ")),
        format!(
            "run `git fetch --no-tags{depth} origin {}` before; or {}",
            shell_word(&wanted),
            range.setting
        ),
    )
}

/// A word that a shell takes as it stands.
fn shell_word(word: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "+-_./:@".contains(character);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn commit(repository: &Repository, name: &str) -> Result<Oid, GitError> {
    let (_, oid, kind) = repository.peel(repository.revision(name)?)?;
    if kind == Kind::Commit {
        Ok(oid)
    } else {
        Err(GitError::Revision {
            name: name.to_owned(),
            reason: "it is no commit".to_owned(),
        })
    }
}

/// The refs whose history has been judged when a new ref is: all but the judged one, remote branches under the names that
/// they have there.
pub fn others(repository: &Repository, update: &RefUpdate) -> Result<Vec<Ref>, GitError> {
    let mut others = repository.refs()?;
    for other in &mut others {
        if let Some((_, branch)) = other
            .name
            .strip_prefix("refs/remotes/")
            .and_then(|name| name.split_once('/'))
        {
            other.name = format!("refs/heads/{branch}");
        }
    }
    others.retain(|other| Some(other.oid) != update.new && other.name != update.name);
    Ok(others)
}

/// The update from `base` to `head` of `ref_name`, given by hand. A base of zeros is none.
pub fn read(
    repository: &Repository,
    base: &str,
    head: &str,
    ref_name: Option<&str>,
) -> Result<RefUpdate, GitError> {
    Ok(RefUpdate {
        name: match ref_name {
            Some(name) => full_name(name),
            // A revision that is no branch goes nowhere that a branch could claim: its paths and sections speak.
            None => repository
                .branch_named(head)?
                .unwrap_or_else(|| head.to_owned()),
        },
        old: if is_zero(base) {
            None
        } else {
            Some(commit(repository, base)?)
        },
        new: Some(commit(repository, head)?),
        environment: None,
    })
}

#[cfg(test)]
mod tests;

/// Whether the pre-commit framework runs its hooks over a range, and not for a commit that is being made.
pub fn is_range_of_framework(environment: &Environment<'_>) -> bool {
    pre_commit::detect(environment)
}
