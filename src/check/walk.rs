//! Commits and trees on their way to the judge: some changes at a time, so that their blobs are read in the order in which
//! git packed them, and so that no push decides how many are held.

use crate::git::{self, Change, GitError, Kind, Repository};
use crate::judge::{Judge, JudgeError, Message, Source};
use crate::model::Oid;

/// Changes that are held, which takes some 3 MB: of a file that many commits change, one version is then compared with the one before.
const TOGETHER: usize = 8192;

/// What comes to the judge.
enum Event {
    /// A commit begins: its message, and the changes that follow.
    Commit(Oid),
    Change(Change),
}

/// What is held, and what comes of it.
struct Walk<'w, 'j> {
    repository: &'w Repository,
    judge: &'w mut Judge<'j>,
    source: Source<'w>,
    events: Vec<Event>,
    /// The commit whose changes come now, and how much had been heard before it.
    current: Option<(Oid, usize)>,
    /// Whether anything was heard of each commit that has come to its end.
    commits: Vec<(Oid, bool)>,
    /// Changes of which something was heard, where that is asked for.
    heard: Option<Vec<Change>>,
}

impl<'w, 'j> Walk<'w, 'j> {
    fn new(repository: &'w Repository, judge: &'w mut Judge<'j>, source: Source<'w>) -> Self {
        Self {
            repository,
            judge,
            source,
            events: Vec::new(),
            current: None,
            commits: Vec::new(),
            heard: None,
        }
    }

    fn come(&mut self, event: Event) -> Result<(), JudgeError> {
        self.judge.in_time()?;
        self.events.push(event);
        if self.events.len() >= TOGETHER {
            self.judge_held()?;
        }
        Ok(())
    }

    fn tree(&mut self, tree: Oid, parents: &[Oid]) -> Result<(), JudgeError> {
        let repository = self.repository;
        // The walk speaks of git's errors only; a judge's own error is carried around it.
        let mut failed = None;
        let walked = git::changes(repository, tree, parents, &mut |change| match failed {
            None => {
                failed = self.come(Event::Change(change)).err();
                Ok(())
            }
            Some(JudgeError::OutOfTime) => self.count(),
            Some(_) => Err(GitError::Stopped),
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(walked?),
        }
    }

    /// Counts a change that is not judged any more.
    fn count(&mut self) -> Result<(), GitError> {
        let late = self
            .judge
            .clock
            .as_ref()
            .is_none_or(|clock| clock.is_late());
        let held = || {
            self.events
                .iter()
                .filter(|event| matches!(event, Event::Change(_)))
        };
        let (left, all) = self
            .judge
            .left
            .get_or_insert_with(|| (held().count(), true));
        *left += 1;
        *all &= !late;
        if late { Err(GitError::Stopped) } else { Ok(()) }
    }

    fn judge_held(&mut self) -> Result<(), JudgeError> {
        let held = self
            .events
            .iter()
            .filter(|event| matches!(event, Event::Change(_)));
        let (held, before) = (held.count(), self.judge.stats.changes);
        let done = self.judge_events();
        if matches!(done, Err(JudgeError::OutOfTime)) {
            let judged = self.judge.stats.changes - before;
            self.judge.left = Some((held.saturating_sub(judged), false));
        }
        done
    }

    fn judge_events(&mut self) -> Result<(), JudgeError> {
        let events = std::mem::take(&mut self.events);
        let changes = events.iter().filter_map(|event| match event {
            Event::Change(change) => Some(change),
            Event::Commit(_) => None,
        });
        self.judge.look_ahead(self.source.ref_name, changes)?;
        for event in events {
            match event {
                Event::Commit(oid) => {
                    self.end_commit();
                    self.current = Some((oid, self.judge.heard()));
                    self.judge.stats.commits += 1;
                    self.source.commit = Some(oid);
                    let data = self.repository.read_as(oid, Kind::Commit)?;
                    self.judge
                        .message(self.source, oid, &data, Message::Commit)?;
                }
                Event::Change(change) => {
                    let before = self.judge.heard();
                    self.judge.change(self.source, &change)?;
                    if let Some(heard) = &mut self.heard
                        && self.judge.heard() != before
                    {
                        heard.push(change);
                    }
                }
            }
        }
        Ok(())
    }

    fn end_commit(&mut self) {
        if let Some((oid, before)) = self.current.take() {
            self.commits.push((oid, self.judge.heard() == before));
        }
    }
}

/// Judges every change of a tree against others.
pub(super) fn tree(
    repository: &Repository,
    tree: Oid,
    parents: &[Oid],
    judge: &mut Judge<'_>,
    source: Source<'_>,
) -> Result<(), JudgeError> {
    let mut walk = Walk::new(repository, judge, source);
    walk.tree(tree, parents)?;
    walk.judge_held()
}

/// Judges all that stands in a tree, of which there is nothing to be heard beside `known`; with what was heard of it.
pub(super) fn whole_tree(
    repository: &Repository,
    tree: Oid,
    known: Option<&Whole>,
    judge: &mut Judge<'_>,
    source: Source<'_>,
) -> Result<Whole, JudgeError> {
    let mut walk = Walk::new(repository, judge, source);
    walk.heard = Some(Vec::new());
    let like: Vec<Oid> = known.iter().map(|known| known.tree).collect();
    // What differs from the other tree is new here, and nothing stood there before it.
    let mut failed = None;
    let walked = git::changes(repository, tree, &like, &mut |change| match failed {
        None => {
            let parents = Vec::new();
            failed = walk.come(Event::Change(Change { parents, ..change })).err();
            Ok(())
        }
        Some(JudgeError::OutOfTime) => walk.count(),
        Some(_) => Err(GitError::Stopped),
    });
    if let Some(error) = failed {
        return Err(error);
    }
    walked?;
    for change in known.iter().flat_map(|known| &known.heard) {
        if git::stands(repository, tree, change)? {
            walk.come(Event::Change(change.clone()))?;
        }
    }
    walk.judge_held()?;
    let heard = walk.heard.take().unwrap_or_default();
    Ok(Whole { tree, heard })
}

/// A tree that was judged whole, with the changes of which something was heard.
pub(super) struct Whole {
    pub(super) tree: Oid,
    pub(super) heard: Vec<Change>,
}

/// Judges commits, given newest first, each against all its parents; of each, oldest first, whether nothing was heard.
pub(super) fn commits(
    repository: &Repository,
    commits: &[Oid],
    judge: &mut Judge<'_>,
    source: Source<'_>,
) -> Result<Vec<(Oid, bool)>, JudgeError> {
    let mut walk = Walk::new(repository, judge, source);
    // Oldest first, so that a finding names the commit that brought it.
    for &oid in commits.iter().rev() {
        let commit = repository.commit(oid)?;
        let parents = commit
            .parents
            .iter()
            .map(|&parent| Ok(repository.commit(parent)?.tree))
            .collect::<Result<Vec<_>, git::GitError>>()?;
        walk.come(Event::Commit(oid))?;
        walk.tree(commit.tree, &parents)?;
    }
    walk.judge_held()?;
    walk.end_commit();
    Ok(walk.commits)
}
