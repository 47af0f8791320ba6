//! `check`: a range given by hand or by CI, as one ref update.

use crate::git::{GitError, Kind, Repository};
use crate::model::RefUpdate;

use super::pre_commit::full_name;

/// The update from `base` to `head` of `ref_name`. A base of zeros, as CI systems give for a new branch, is none.
pub fn read(
    repository: &Repository,
    base: &str,
    head: &str,
    ref_name: Option<&str>,
) -> Result<RefUpdate, GitError> {
    let commit = |name: &str| {
        let (_, oid, kind) = repository.peel(repository.revision(name)?)?;
        if kind == Kind::Commit {
            Ok(oid)
        } else {
            Err(GitError::Revision {
                name: name.to_owned(),
                reason: "it is no commit".to_owned(),
            })
        }
    };
    let is_zero = !base.is_empty() && base.len() >= 40 && base.bytes().all(|byte| byte == b'0');
    Ok(RefUpdate {
        name: match ref_name {
            Some(name) => full_name(name),
            // A revision that is no branch goes nowhere that a branch could claim: its paths and sections speak.
            None => repository.branch_named(head)?.unwrap_or_else(|| head.to_owned()),
        },
        old: if is_zero { None } else { Some(commit(base)?) },
        new: Some(commit(head)?),
        environment: None,
    })
}
