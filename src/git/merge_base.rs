//! The best common ancestor of two commits: the newest one that both have and that no other common one descends from.
//! Parents are those that the commits themselves name, so grafts have no say.

use std::collections::{BinaryHeap, HashMap};
use std::rc::Rc;

use crate::model::Oid;

use super::{Commit, GitError, Repository};

const OF_ONE: u8 = 1;
const OF_OTHER: u8 = 2;
/// Behind a common ancestor.
const BEHIND: u8 = 4;

/// Looks for it, newest commits first. Commits that a shallow clone does not have are the end of history.
pub(super) fn merge_base(
    repository: &Repository,
    one: Oid,
    other: Oid,
) -> Result<Option<Oid>, GitError> {
    let mut marks: HashMap<Oid, u8> = HashMap::new();
    let mut commits: HashMap<Oid, Rc<Commit>> = HashMap::new();
    let mut queue: BinaryHeap<(i64, Oid)> = BinaryHeap::new();
    let mut common = Vec::new();
    for (oid, mark) in [(one, OF_ONE), (other, OF_OTHER)] {
        let commit = repository.commit(oid)?;
        queue.push((commit.time, oid));
        commits.insert(oid, commit);
        *marks.entry(oid).or_default() |= mark;
    }
    while queue.iter().any(|(_, oid)| marks[oid] & BEHIND == 0) {
        let Some((time, oid)) = queue.pop() else {
            break;
        };
        let mut mark = marks[&oid];
        if mark == OF_ONE | OF_OTHER {
            if !common.contains(&(time, oid)) {
                common.push((time, oid));
            }
            mark |= BEHIND;
        }
        for &parent in &*Rc::clone(&commits[&oid].parents) {
            let known = marks.get(&parent).copied().unwrap_or_default();
            if known & mark == mark {
                continue;
            }
            let commit = match commits.get(&parent) {
                Some(commit) => Rc::clone(commit),
                None => match repository.commit(parent) {
                    Ok(commit) => commit,
                    Err(GitError::Missing { .. }) if repository.is_shallow() => continue,
                    Err(error) => return Err(error),
                },
            };
            queue.push((commit.time, parent));
            marks.insert(parent, known | mark);
            commits.insert(parent, commit);
        }
    }
    common.retain(|(_, oid)| marks[oid] & BEHIND == 0);
    Ok(common.into_iter().max().map(|(_, oid)| oid))
}
