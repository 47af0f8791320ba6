//! The story of every value: which commit brought it to which path and key, which took it away, and what took its place. Each
//! commit is compared with all its parents once, parents first.

use std::collections::{HashMap, HashSet};

use crate::git::{Kind, RecentTrees, Repository};
use crate::judge::JudgeError;
use crate::model::Oid;
use crate::scan;

use super::ledger::{Ledger, Seen, StepOf};
use super::{Phase, Progress};

/// A commit, by number.
pub(super) struct Node {
    pub(super) oid: Oid,
    tree: Oid,
    parents: Box<[u32]>,
    /// Committer time in seconds.
    pub(super) time: i64,
    /// Which kinds of refs reach it: see [`super::standing::Refs`].
    pub(super) reached: u64,
}

/// One value came to, or went from, a path.
pub(super) struct Event {
    pub(super) commit: u32,
    pub(super) path: u32,
    pub(super) seen: Seen,
    pub(super) came: bool,
    /// The value whose place it took.
    pub(super) replaced: Option<u32>,
}

/// All of it.
#[derive(Default)]
pub(super) struct Story {
    /// Parents before children.
    pub(super) commits: Vec<Node>,
    pub(super) events: Vec<Event>,
    /// Paths by number, redacted.
    pub(super) paths: Vec<String>,
    by_path: HashMap<String, u32>,
}

impl Story {
    /// The number of a path.
    pub(super) fn path(&mut self, path: &str) -> u32 {
        if let Some(number) = self.by_path.get(path) {
            return *number;
        }
        let number = u32::try_from(self.paths.len()).unwrap_or(u32::MAX);
        self.paths.push(path.to_owned());
        self.by_path.insert(path.to_owned(), number);
        number
    }

    /// The commits that the tips reach, each with what reaches it. History that is not here (shallow, partial) ends there.
    pub(super) fn walk(
        &mut self,
        repository: &Repository,
        tips: &[(Oid, u64)],
    ) -> Result<(), JudgeError> {
        let mut numbers: HashMap<Oid, u32> = HashMap::new();
        let mut open: HashSet<Oid> = HashSet::new();
        for (tip, _) in tips {
            let mut stack = vec![(*tip, false)];
            while let Some((oid, parents_done)) = stack.pop() {
                if numbers.contains_key(&oid) {
                    continue;
                }
                let commit = match repository.commit(oid) {
                    Ok(commit) => commit,
                    Err(_) if oid != *tip => continue,
                    Err(error) => return Err(error.into()),
                };
                if !parents_done {
                    // A second child comes by while its parents are still open.
                    if open.insert(oid) {
                        stack.push((oid, true));
                        let parents = commit.parents.iter().rev();
                        stack.extend(parents.map(|parent| (*parent, false)));
                    }
                    continue;
                }
                open.remove(&oid);
                let parents = commit.parents.iter();
                let known = parents.filter_map(|parent| numbers.get(parent).copied());
                let node = Node {
                    oid,
                    tree: commit.tree,
                    parents: known.collect(),
                    time: commit.time,
                    reached: 0,
                };
                numbers.insert(oid, u32::try_from(self.commits.len()).unwrap_or(u32::MAX));
                self.commits.push(node);
            }
        }
        for (tip, reached) in tips {
            if let Some(number) = numbers.get(tip) {
                self.commits[*number as usize].reached |= reached;
            }
        }
        for at in (0..self.commits.len()).rev() {
            let reached = self.commits[at].reached;
            for parent in self.commits[at].parents.clone() {
                self.commits[parent as usize].reached |= reached;
            }
        }
        Ok(())
    }

    /// What each commit did.
    pub(super) fn tell(
        &mut self,
        ledger: &mut Ledger<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), JudgeError> {
        let mut trees = RecentTrees::new(ledger.repository);
        let mut names = HashSet::new();
        let total = self.commits.len();
        for at in 0..total {
            progress(Progress {
                phase: Phase::Commits,
                done: at,
                total,
            });
            let oid = self.commits[at].oid;
            let steps = match ledger.kept_commit(oid) {
                Some(steps) => steps,
                None => {
                    let mut steps = Vec::new();
                    messages(ledger, oid, &mut steps)?;
                    let sound = self.compare(at, ledger, &mut trees, &mut names, &mut steps)?;
                    if sound {
                        ledger.keep_commit(oid, &steps);
                    }
                    steps
                }
            };
            self.add(at, steps);
        }
        Ok(())
    }

    fn add(&mut self, at: usize, steps: Vec<StepOf>) {
        let commit = u32::try_from(at).unwrap_or(u32::MAX);
        for step in steps {
            let path = self.path(&step.path);
            self.events
                .extend(step.came.into_iter().map(|(seen, replaced)| Event {
                    commit,
                    path,
                    seen,
                    came: true,
                    replaced,
                }));
            self.events.extend(step.went.into_iter().map(|found| Event {
                commit,
                path,
                seen: Seen { found, line: 0 },
                came: false,
                replaced: None,
            }));
        }
    }

    /// Tells whether everything could be read.
    fn compare(
        &self,
        at: usize,
        ledger: &mut Ledger<'_>,
        trees: &mut RecentTrees<'_>,
        names: &mut HashSet<u64>,
        steps: &mut Vec<StepOf>,
    ) -> Result<bool, JudgeError> {
        let node = &self.commits[at];
        let parents: Vec<Oid> = node
            .parents
            .iter()
            .map(|parent| self.commits[*parent as usize].tree)
            .collect();
        let unread = ledger.unread.len();
        let walked = trees.steps(node.tree, &parents, &mut |step| {
            let path = String::from_utf8_lossy(&step.path);
            if step.old.is_empty() && names.insert(name_hash(&step.path)) {
                let named = ledger.pathless(path.replace('/', "\n").as_bytes())?;
                push(ledger, steps, &path, named, Vec::new());
            }
            let new = match step.new {
                Some((mode, oid)) if !mode.is_gitlink() => ledger.at(oid, &path)?,
                _ => Vec::new(),
            };
            let mut old = Vec::new();
            if step.new.is_none_or(|(mode, _)| !mode.is_gitlink()) {
                for oid in &step.old {
                    old.push(ledger.at(*oid, &path)?);
                }
            }
            let held = |old: &[Seen], seen: &Seen| old.iter().any(|old| is_same(ledger, old, seen));
            let came: Vec<Seen> = new
                .iter()
                .filter(|seen| !old.iter().any(|old| held(old, seen)))
                .copied()
                .collect();
            let mut went = Vec::new();
            if step.in_all
                && let [first, others @ ..] = old.as_slice()
            {
                went = first
                    .iter()
                    .filter(|seen| others.iter().all(|old| held(old, seen)) && !held(&new, seen))
                    .copied()
                    .collect();
            }
            push(ledger, steps, &path, came, went);
            Ok::<(), JudgeError>(())
        });
        match walked {
            Ok(()) => Ok(ledger.unread.len() == unread),
            // A tree that cannot be read: the rest of history still can.
            Err(JudgeError::Git(error)) => {
                ledger.not_read(format!("commit {}", node.oid), error.to_string());
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// The same value under the same key.
fn is_same(ledger: &Ledger<'_>, a: &Seen, b: &Seen) -> bool {
    if a.found == b.found {
        return true;
    }
    let (a, b) = (
        &ledger.founds[a.found as usize],
        &ledger.founds[b.found as usize],
    );
    a.fingerprint == b.fingerprint && a.keys == b.keys
}

/// Writes down what came and went at a path, and pairs what took the place of what.
fn push(
    ledger: &Ledger<'_>,
    steps: &mut Vec<StepOf>,
    path: &str,
    came: Vec<Seen>,
    went: Vec<Seen>,
) {
    if came.is_empty() && went.is_empty() {
        return;
    }
    let found = |seen: &Seen| &ledger.founds[seen.found as usize];
    let came: Vec<(Seen, Option<u32>)> = came
        .iter()
        .map(|new| {
            let now = found(new);
            let under_its_key = |then: &&Seen| {
                let then = found(then);
                then.keys == now.keys
                    && then.rule == now.rule
                    && then.fingerprint != now.fingerprint
            };
            let mut candidates = went.iter().filter(under_its_key);
            let first = candidates.next();
            // Where no key tells places apart, one value of a kind must have come, and one gone.
            let alone = || {
                let others = came.iter().filter(|other| {
                    let other = found(other);
                    other.keys == now.keys && other.rule == now.rule
                });
                others.count() == 1
            };
            let is_sure = !now.keys.is_empty() || candidates.next().is_none() && alone();
            (*new, first.filter(|_| is_sure).map(|then| then.found))
        })
        .collect();
    steps.push(StepOf {
        path: scan::redact(ledger.scanner, path, &[]),
        came,
        went: went.iter().map(|seen| seen.found).collect(),
    });
}

/// What stands in a commit object itself.
fn messages(ledger: &mut Ledger<'_>, oid: Oid, steps: &mut Vec<StepOf>) -> Result<(), JudgeError> {
    let data = ledger.repository.read_as(oid, Kind::Commit)?;
    let end = data
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .unwrap_or(data.len());
    for (place, text) in [
        ("(commit header)", &data[..end]),
        ("(commit message)", data.get(end + 2..).unwrap_or_default()),
    ] {
        let seen = ledger.pathless(text)?;
        push(ledger, steps, place, seen, Vec::new());
    }
    Ok(())
}

impl Story {
    /// What stands in annotated tags, told of the commits that they mean.
    pub(super) fn tags(
        &mut self,
        ledger: &mut Ledger<'_>,
        tags: &[(Oid, Oid)],
    ) -> Result<(), JudgeError> {
        if tags.is_empty() {
            return Ok(());
        }
        let numbers: HashMap<Oid, usize> = (0..)
            .zip(&self.commits)
            .map(|(at, node)| (node.oid, at))
            .collect();
        for (tag, means) in tags {
            let Some(at) = numbers.get(means) else {
                continue;
            };
            let data = ledger.repository.read_as(*tag, Kind::Tag)?;
            let seen = ledger.pathless(&data)?;
            let mut steps = Vec::new();
            push(ledger, &mut steps, "(tag message)", seen, Vec::new());
            self.add(*at, steps);
        }
        Ok(())
    }
}

/// Paths are many; what tells them apart in a set need not be the path.
fn name_hash(path: &[u8]) -> u64 {
    let hash = blake3::hash(path);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first)
}
