//! Which commits are new: reachable from a tip and from none of the excluded ones.
//!
//! A date-ordered queue with git's slop rule (`limit_list` in git's revision.c, described in the documentation of
//! `rev-list --date-order`): after only excluded commits are left in the queue, the walk goes on for a few more, so that
//! commits of the same second or with skewed clocks are not reported although they are reachable from an excluded tip.
//! However skewed the clocks, no new commit is left out; with enough [patience](PATIENT), or a commit-graph's generations,
//! none is reported too many.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::rc::Rc;

use crate::model::Oid;

use super::seeded::Seeded;
use super::{GitError, Repository};

/// The answer of [`new_commits`].
#[derive(Debug, Default)]
pub struct NewCommits {
    /// New commits, newest first; without those that were [passed](Excluded::pass) as quiet.
    pub commits: Vec<Oid>,
    /// Commits that are not new, but parents of new ones or the tip itself.
    pub boundary: Vec<Oid>,
    /// Every commit here is new. Otherwise, where clocks were skewed, some may not be.
    pub exact: bool,
}

/// As many excluded commits are looked at after the last new one, as in git: exact where no commit is older than its
/// parents.
pub const SLOP: usize = 5;

/// For clocks as they are, where no commit-graph tells. A second or so of reading, so it is kept for when something would be
/// refused.
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
    known: HashSet<Oid, Seeded>,
    /// Of these, the ones whose parents have not been looked at, by date.
    unexplored: BinaryHeap<Unexplored>,
    /// Ways on from new commits that were passed.
    ways: HashMap<Oid, Way, Seeded>,
}

/// A commit whose parents have not been looked at: newest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Unexplored {
    time: i64,
    oid: Oid,
    parents: Rc<[Oid]>,
}

/// The way on from a new commit that was passed: what a walk that comes to it has to look at next, so that many tips over
/// the same commits cost what they do not share.
struct Way {
    /// Commits that are met next: stops, and commits that are not new.
    next: Rc<[Oid]>,
    /// Whether a walk has to come to this one, and to what is next only from it.
    stop: bool,
    /// It is told of as new, again and again.
    loud: bool,
}

/// A way that leads to more commits is a stop: what each holds must not grow with the number of merges.
const FORKS: usize = 8;

/// Where a walk comes to.
enum Met {
    /// A commit that is not new.
    Boundary(Oid),
    /// One that is to be looked at.
    Commit(Oid),
}

impl<'r> Excluded<'r> {
    /// These tips and everything behind them.
    pub fn new(repository: &'r Repository, tips: &[Oid]) -> Self {
        let mut excluded = Self {
            repository,
            known: HashSet::default(),
            unexplored: BinaryHeap::new(),
            ways: HashMap::default(),
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
        if let Ok(commit) = self.repository.past(oid) {
            self.known.insert(oid);
            self.unexplored.push(Unexplored {
                time: commit.time,
                oid,
                parents: Rc::clone(&commit.parents),
            });
        }
    }

    /// Whether a commit is known to be excluded.
    pub fn knows(&self, oid: Oid) -> bool {
        self.known.contains(&oid)
    }

    /// Remembers that a new commit has been looked at, parents before their children. A quiet one is not told of again;
    /// it stays new, and so do those that it leads to.
    pub fn pass(&mut self, oid: Oid, quiet: bool) -> Result<(), GitError> {
        if self.ways.contains_key(&oid) {
            return Ok(());
        }
        let commit = self.repository.commit(oid)?;
        let on = |parent: &Oid| match self.ways.get(parent) {
            Some(way) if !way.stop => Rc::clone(&way.next),
            _ => Rc::from([*parent]),
        };
        let next = match &commit.parents[..] {
            [parent] => on(parent),
            parents => {
                let mut seen = HashSet::new();
                let mut next: Vec<Oid> = Vec::new();
                for parent in parents {
                    next.extend(on(parent).iter().filter(|&&oid| seen.insert(oid)));
                }
                next.into()
            }
        };
        let way = Way {
            stop: !quiet || next.len() > FORKS,
            loud: !quiet,
            next,
        };
        self.ways.insert(oid, way);
        Ok(())
    }

    /// What a walk that comes to `oid` has to look at, through all that was passed.
    fn meet(
        &self,
        oid: Oid,
        met: &mut dyn FnMut(Met) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let mut ahead = vec![oid];
        while let Some(oid) = ahead.pop() {
            if self.known.contains(&oid) {
                met(Met::Boundary(oid))?;
                continue;
            }
            match self.ways.get(&oid) {
                Some(way) if !way.stop => ahead.extend(way.next.iter()),
                _ => met(Met::Commit(oid))?,
            }
        }
        Ok(())
    }

    /// The commits reachable from `tip` that are not excluded, as [`new_commits`] tells them.
    pub fn new_commits(&mut self, tip: Oid, patience: usize) -> Result<NewCommits, GitError> {
        let mut walk = Walk {
            repository: self.repository,
            parents: HashMap::default(),
            queue: BinaryHeap::new(),
        };
        self.meet(tip, &mut |met| walk.meet(met))?;
        let mut order = Vec::new();
        let mut oldest_new = i64::MAX;
        while let Some((time, oid)) = walk.queue.pop() {
            while self.next_time().is_some_and(|newest| newest >= time) {
                self.explore();
            }
            if self.known.contains(&oid) {
                continue;
            }
            oldest_new = oldest_new.min(time);
            order.push(oid);
            for &next in &*self.after(&walk, oid) {
                self.meet(next, &mut |met| walk.meet(met))?;
            }
        }
        let exact = order.is_empty()
            || patience > SLOP && self.explore_by_generation(&order, patience)
            || self.explore_by_date(oldest_new, patience);
        order.retain(|oid| !self.known.contains(oid));
        let mut boundary = Vec::new();
        let mut seen: HashSet<Oid, Seeded> = HashSet::default();
        let mut add = |met: Met| {
            if let Met::Boundary(oid) = met
                && seen.insert(oid)
            {
                boundary.push(oid);
            }
            Ok(())
        };
        self.meet(tip, &mut add)?;
        for &oid in &order {
            for &next in &*self.after(&walk, oid) {
                self.meet(next, &mut add)?;
            }
        }
        order.retain(|oid| self.ways.get(oid).is_none_or(|way| way.loud));
        Ok(NewCommits {
            commits: order,
            boundary,
            exact,
        })
    }

    /// What comes after a commit that is looked at.
    fn after(&self, walk: &Walk<'_>, oid: Oid) -> Rc<[Oid]> {
        match self.ways.get(&oid) {
            Some(way) => Rc::clone(&way.next),
            None => Rc::clone(&walk.parents[&oid]),
        }
    }

    fn next_time(&self) -> Option<i64> {
        self.unexplored.peek().map(|next| next.time)
    }

    /// Excludes the parents of the newest commit whose parents have not been looked at. History behind it may be missing
    /// (shallow, partial): it is not ours to judge.
    fn explore(&mut self) {
        if let Some(next) = self.unexplored.pop() {
            for &parent in next.parents.iter() {
                self.add(parent);
            }
        }
    }

    /// Goes on until so many commits in a row were older than the oldest new one. Whether nothing was left to look at.
    fn explore_by_date(&mut self, oldest_new: i64, patience: usize) -> bool {
        let mut slop = patience;
        while let Some(newest) = self.next_time() {
            // A commit that was taken for new and is excluded after all is explored here: it is not older than the oldest.
            if newest >= oldest_new {
                slop = patience;
            } else if slop == 0 {
                return false;
            } else {
                slop -= 1;
            }
            self.explore();
        }
        true
    }

    /// Goes on to where the commit-graph's generations tell that no new commit can be reached: none from a commit whose
    /// generation is not higher, and from one that the graph holds none that it does not hold. Whether that came before so many
    /// commits were looked at.
    fn explore_by_generation(&mut self, new: &[Oid], patience: usize) -> bool {
        if !self.repository.has_commit_graph() {
            return false;
        }
        let generations = new.iter().map(|&oid| self.repository.generation(oid));
        let lowest = generations.flatten().min().unwrap_or(u64::MAX);
        let (mut old, mut left) = (Vec::new(), patience);
        while let Some(next) = self.unexplored.peek() {
            let generation = self.repository.generation(next.oid);
            if generation.is_some_and(|generation| generation <= lowest) {
                old.extend(self.unexplored.pop());
            } else if left == 0 {
                break;
            } else {
                left -= 1;
                self.explore();
            }
        }
        let told = self.unexplored.is_empty();
        self.unexplored.extend(old);
        told
    }
}

struct Walk<'r> {
    repository: &'r Repository,
    /// Commits that were met, with their parents.
    parents: HashMap<Oid, Rc<[Oid]>, Seeded>,
    queue: BinaryHeap<(i64, Oid)>,
}

impl Walk<'_> {
    fn meet(&mut self, met: Met) -> Result<(), GitError> {
        if let Met::Commit(oid) = met
            && !self.parents.contains_key(&oid)
        {
            let commit = self.repository.commit(oid)?;
            self.queue.push((commit.time, oid));
            self.parents.insert(oid, Rc::clone(&commit.parents));
        }
        Ok(())
    }
}
