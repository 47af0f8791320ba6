//! Which commits are new: reachable from a tip and from none of the excluded ones.
//!
//! A date-ordered queue with git's slop rule (`limit_list` in git's revision.c, described in the documentation of
//! `rev-list --date-order`): after only excluded commits are left in the queue, the walk goes on for a few more, so that
//! commits of the same second or with skewed clocks are not reported although they are reachable from an excluded tip.
//! However skewed the clocks, no new commit is left out; with enough [patience](PATIENT), none is reported too many.

use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::model::Oid;

use super::{Commit, GitError, Repository};

/// The answer of [`new_commits`].
#[derive(Debug, Default)]
pub struct NewCommits {
    /// New commits, newest first.
    pub commits: Vec<(Oid, Commit)>,
    /// Commits that are not new, but parents of new ones or the tip itself.
    pub boundary: Vec<Oid>,
    /// Nothing was left to look at: every commit here is new. Otherwise, where clocks were skewed, some may not be.
    pub exact: bool,
}

/// As many excluded commits are looked at after the last new one, as in git: exact where no commit is older than its
/// parents.
pub const SLOP: usize = 5;

/// For clocks as they are. A second or so of reading, so it is kept for when something would be refused.
pub const PATIENT: usize = 100_000;

/// The commits reachable from `tip` and from none of `excluded`. `patience`, [`SLOP`] or [`PATIENT`], is how many excluded
/// commits are looked at after the last new one.
pub fn new_commits(
    repository: &Repository,
    tip: Oid,
    excluded: &[Oid],
    patience: usize,
) -> Result<NewCommits, GitError> {
    Excluded::new(repository, excluded).new_commits(tip, patience)
}

/// What is excluded, for any number of tips: each of its commits is looked at once, whichever tip asks first.
pub struct Excluded<'r> {
    repository: &'r Repository,
    /// Commits known to be excluded. What only they reach is excluded too, known or not.
    known: HashSet<Oid>,
    /// Of these, the ones whose parents have not been looked at, by date.
    unexplored: BinaryHeap<(i64, Oid)>,
}

impl<'r> Excluded<'r> {
    /// These tips and everything behind them.
    pub fn new(repository: &'r Repository, tips: &[Oid]) -> Self {
        let mut excluded = Self {
            repository,
            known: HashSet::new(),
            unexplored: BinaryHeap::new(),
        };
        for &tip in tips {
            excluded.add(tip);
        }
        excluded
    }

    /// Excludes a commit and everything behind it. One that cannot be read excludes nothing, and more is judged, not less.
    pub fn add(&mut self, oid: Oid) {
        if self.known.contains(&oid) {
            return;
        }
        if let Ok(commit) = self.repository.commit(oid) {
            self.known.insert(oid);
            self.unexplored.push((commit.time, oid));
        }
    }

    /// Whether a commit is known to be excluded.
    pub fn knows(&self, oid: Oid) -> bool {
        self.known.contains(&oid)
    }

    /// The commits reachable from `tip` that are not excluded, as [`new_commits`] tells them.
    pub fn new_commits(&mut self, tip: Oid, patience: usize) -> Result<NewCommits, GitError> {
        let mut walk = Walk {
            repository: self.repository,
            seen: HashMap::new(),
            queue: BinaryHeap::new(),
        };
        if !self.known.contains(&tip) {
            walk.push(tip)?;
        }
        let mut order = Vec::new();
        let mut oldest_new = i64::MAX;
        while let Some((time, oid)) = walk.queue.pop() {
            while self.next_time().is_some_and(|newest| newest >= time) {
                self.explore()?;
            }
            if self.known.contains(&oid) {
                continue;
            }
            oldest_new = oldest_new.min(time);
            order.push(oid);
            for parent in walk.seen[&oid].parents.clone() {
                if !self.known.contains(&parent) {
                    walk.push(parent)?;
                }
            }
        }
        // A commit that was taken for new and is excluded after all is explored here, since it is not older than the oldest.
        let mut slop = patience;
        while !order.is_empty()
            && let Some(newest) = self.next_time()
        {
            if newest >= oldest_new {
                slop = patience;
            } else if slop == 0 {
                break;
            } else {
                slop -= 1;
            }
            self.explore()?;
        }
        let mut answer = NewCommits {
            exact: order.is_empty() || self.unexplored.is_empty(),
            ..NewCommits::default()
        };
        for oid in order {
            if !self.known.contains(&oid)
                && let Some(commit) = walk.seen.remove(&oid)
            {
                answer.commits.push((oid, commit));
            }
        }
        let new: HashSet<Oid> = answer.commits.iter().map(|(oid, _)| *oid).collect();
        let mut boundary = HashSet::new();
        for (_, commit) in &answer.commits {
            for parent in &commit.parents {
                if !new.contains(parent) && boundary.insert(*parent) {
                    answer.boundary.push(*parent);
                }
            }
        }
        if answer.commits.is_empty() {
            answer.boundary.push(tip);
        }
        Ok(answer)
    }

    fn next_time(&self) -> Option<i64> {
        self.unexplored.peek().map(|(time, _)| *time)
    }

    /// Excludes the parents of the newest commit whose parents have not been looked at. History behind it may be missing
    /// (shallow, partial): it is not ours to judge.
    fn explore(&mut self) -> Result<(), GitError> {
        if let Some((_, oid)) = self.unexplored.pop() {
            for parent in self.repository.commit(oid)?.parents {
                self.add(parent);
            }
        }
        Ok(())
    }
}

struct Walk<'r> {
    repository: &'r Repository,
    seen: HashMap<Oid, Commit>,
    queue: BinaryHeap<(i64, Oid)>,
}

impl Walk<'_> {
    fn push(&mut self, oid: Oid) -> Result<(), GitError> {
        if !self.seen.contains_key(&oid) {
            let commit = self.repository.commit(oid)?;
            self.queue.push((commit.time, oid));
            self.seen.insert(oid, commit);
        }
        Ok(())
    }
}
