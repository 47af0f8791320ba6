//! `pre-commit`: the refs on whose way the staged blobs are.

use std::path::PathBuf;

use crate::git::{GitError, Repository};
use crate::model::Oid;

/// What a commit is about to add to.
#[derive(Debug)]
pub struct Commit {
    /// The refs it is on its way to: the branch of HEAD and the one that `git config stagegate.target` names.
    pub refs: Vec<String>,
    /// The commits that its tree is compared with: HEAD, and the merged heads while a merge is in progress.
    pub parents: Vec<Oid>,
    /// The index that git is about to commit, where it is not the usual one (`git commit -a`, `git commit -- PATH`).
    pub index: Option<PathBuf>,
}

/// Reads HEAD, `MERGE_HEAD` and the configuration; of git's environment the index, where `from_env` says that the
/// repository was taken from it.
pub fn read(repository: &Repository, from_env: bool) -> Result<Commit, GitError> {
    // While a branch is rebased HEAD is detached, and the commits are on their way to that branch all the same.
    let branch = repository
        .head_branch()
        .or_else(|| repository.rebased_branch());
    let mut refs: Vec<String> = branch.into_iter().collect();
    if let Some(target) = repository.config("stagegate.target") {
        let target = full_name(&target);
        if !refs.contains(&target) {
            refs.push(target);
        }
    }
    let mut parents: Vec<Oid> = repository.head_commit()?.into_iter().collect();
    let mut merged = repository.merge_heads();
    if merged.is_empty() && from_env {
        // `git merge` runs pre-merge-commit before it writes MERGE_HEAD; what it merges it tells in names of variables.
        merged = std::env::vars_os()
            .filter_map(|(name, _)| {
                Oid::from_hex(name.to_str()?.strip_prefix("GITHEAD_")?.as_bytes())
            })
            .filter(|&head| repository.contains(head))
            .collect();
    }
    parents.extend(merged);
    let index = std::env::var_os("GIT_INDEX_FILE")
        .filter(|path| from_env && !path.is_empty())
        .map(PathBuf::from);
    Ok(Commit {
        refs,
        parents,
        index,
    })
}

/// The full name of a branch given as `staging` or `refs/heads/staging`.
pub fn full_name(branch: &str) -> String {
    if branch.starts_with("refs/") {
        branch.to_owned()
    } else {
        format!("refs/heads/{branch}")
    }
}

#[cfg(test)]
mod tests {
    use super::full_name;

    #[test]
    fn short_names_are_branches() {
        assert_eq!(full_name("staging"), "refs/heads/staging");
        assert_eq!(full_name("refs/tags/v1"), "refs/tags/v1");
    }
}
