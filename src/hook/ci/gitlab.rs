//! GitLab CI: branch, tag and merge request pipelines, merged results and merge trains.
//!
//! Merge requests: `CI_MERGE_REQUEST_TARGET_BRANCH_NAME`, `CI_MERGE_REQUEST_TARGET_BRANCH_SHA` (merged results and trains
//! only), `CI_MERGE_REQUEST_DIFF_BASE_SHA`. Pushes: `CI_COMMIT_BEFORE_SHA` (zeros for a new branch, and in pipelines that
//! no push started), `CI_COMMIT_BRANCH`, `CI_COMMIT_TAG`. Always: `CI_COMMIT_SHA`.

use super::{Environment, HookError, Occasion, Range, Told, branch, remote_branch, tag};

pub(super) const NAME: &str = "GitLab CI";

pub(super) fn range(environment: &Environment<'_>) -> Result<Range, HookError> {
    let mut range = Range {
        system: NAME,
        occasion: Occasion::Push,
        bases: Vec::new(),
        head: environment.told("CI_COMMIT_SHA"),
        destination: None,
        remark: None,
        setting: "set `GIT_DEPTH: \"0\"` in the job's variables",
    };
    if range.head.is_none() {
        return Err(HookError::new(
            format!("{NAME}: CI_COMMIT_SHA is not set"),
            "pass the variables of the job on to the process, or give --base, --head and --ref",
        ));
    }
    if let Some(target) = environment.told("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") {
        range.occasion = Occasion::PullRequest;
        // In a train the tip of the target is what the train has merged so far.
        range
            .bases
            .extend(environment.told("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"));
        range
            .bases
            .push(Told::new(remote_branch(&target.value), target.from));
        // Last: GitLab keeps it when a merge request is given another target, so it may be a base of the wrong branch.
        range
            .bases
            .extend(environment.told("CI_MERGE_REQUEST_DIFF_BASE_SHA"));
        range.destination = Some(branch(target));
        return Ok(range);
    }
    range.bases.extend(environment.told("CI_COMMIT_BEFORE_SHA"));
    range.destination = environment
        .told("CI_COMMIT_BRANCH")
        .map(branch)
        .or_else(|| environment.told("CI_COMMIT_TAG").map(tag));
    Ok(range)
}
