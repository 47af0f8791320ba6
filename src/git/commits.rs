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

struct Seen {
    commit: Commit,
    excluded: bool,
    queued: bool,
}

/// The commits reachable from `tip` and from none of `excluded`. `patience`, [`SLOP`] or [`PATIENT`], is how many excluded
/// commits are looked at after the last new one.
pub fn new_commits(
    repository: &Repository,
    tip: Oid,
    excluded: &[Oid],
    patience: usize,
) -> Result<NewCommits, GitError> {
    let excluded: HashSet<Oid> = excluded.iter().copied().collect();
    if excluded.contains(&tip) {
        return Ok(NewCommits {
            commits: Vec::new(),
            boundary: vec![tip],
            exact: true,
        });
    }
    let mut walk = Walk {
        repository,
        seen: HashMap::new(),
        queue: BinaryHeap::new(),
        wanted_in_queue: 0,
    };
    walk.push(tip, false)?;
    for &oid in &excluded {
        // A tip that cannot be read excludes nothing, and more is judged, not less.
        if walk.push(oid, true).is_err() {
            continue;
        }
    }
    let mut order = Vec::new();
    let mut oldest_new = i64::MAX;
    let mut slop = patience;
    while let Some((time, oid)) = walk.queue.pop() {
        let Some((is_excluded, parents)) = walk.pop(oid) else {
            continue;
        };
        if is_excluded {
            for parent in parents {
                // History behind an excluded commit may be missing (shallow, partial): it is not ours to judge.
                if walk.push(parent, true).is_ok() {
                    walk.exclude(parent);
                }
            }
            if walk.wanted_in_queue == 0 {
                let newest_left = walk.queue.peek().map(|(time, _)| *time);
                if newest_left.is_some_and(|newest| newest >= oldest_new) {
                    slop = patience;
                } else if slop == 0 || newest_left.is_none() {
                    break;
                } else {
                    slop -= 1;
                }
            }
        } else {
            oldest_new = oldest_new.min(time);
            order.push(oid);
            for parent in parents {
                walk.push(parent, false)?;
            }
        }
    }
    let mut answer = NewCommits {
        exact: walk.queue.is_empty(),
        ..NewCommits::default()
    };
    let mut boundary = HashSet::new();
    for oid in order {
        let seen = &walk.seen[&oid];
        if !seen.excluded {
            answer.commits.push((oid, seen.commit.clone()));
        }
    }
    let new: HashSet<Oid> = answer.commits.iter().map(|(oid, _)| *oid).collect();
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

struct Walk<'r> {
    repository: &'r Repository,
    seen: HashMap<Oid, Seen>,
    queue: BinaryHeap<(i64, Oid)>,
    /// Commits in the queue that are not excluded.
    wanted_in_queue: usize,
}

impl Walk<'_> {
    fn push(&mut self, oid: Oid, excluded: bool) -> Result<(), GitError> {
        if self.seen.contains_key(&oid) {
            return Ok(());
        }
        let commit = self.repository.commit(oid)?;
        self.queue.push((commit.time, oid));
        if !excluded {
            self.wanted_in_queue += 1;
        }
        let queued = true;
        self.seen.insert(
            oid,
            Seen {
                commit,
                excluded,
                queued,
            },
        );
        Ok(())
    }

    /// What is known of a commit that has just left the queue.
    fn pop(&mut self, oid: Oid) -> Option<(bool, Vec<Oid>)> {
        let seen = self.seen.get_mut(&oid)?;
        seen.queued = false;
        if !seen.excluded {
            self.wanted_in_queue -= 1;
        }
        Some((seen.excluded, seen.commit.parents.clone()))
    }

    /// Marks a commit and everything already seen behind it as excluded.
    fn exclude(&mut self, oid: Oid) {
        let mut stack = vec![oid];
        while let Some(oid) = stack.pop() {
            let Some(seen) = self.seen.get_mut(&oid) else {
                continue;
            };
            if seen.excluded {
                continue;
            }
            seen.excluded = true;
            stack.extend(seen.commit.parents.iter().copied());
            if seen.queued {
                self.wanted_in_queue -= 1;
            }
        }
    }
}
