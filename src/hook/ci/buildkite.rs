//! Buildkite: `BUILDKITE_COMMIT` (which may be `HEAD`), `BUILDKITE_BRANCH`, `BUILDKITE_TAG`; pull requests:
//! `BUILDKITE_PULL_REQUEST` (a number, or `false`), `BUILDKITE_PULL_REQUEST_BASE_BRANCH`; merge queues:
//! `BUILDKITE_MERGE_QUEUE_BASE_BRANCH`, `BUILDKITE_MERGE_QUEUE_BASE_COMMIT`.

use super::{Environment, HookError, NO_BASE, Occasion, Range, Told, branch, remote_branch, tag};

pub(super) const NAME: &str = "Buildkite";

pub(super) fn range(environment: &Environment<'_>) -> Result<Range, HookError> {
    let mut range = Range {
        system: NAME,
        occasion: Occasion::PullRequest,
        bases: Vec::new(),
        head: Some(
            environment
                .told("BUILDKITE_COMMIT")
                .unwrap_or_else(|| Told::new("HEAD", "the checkout")),
        ),
        destination: None,
        remark: None,
        setting: "take `--depth` out of BUILDKITE_GIT_CLONE_FLAGS and BUILDKITE_GIT_FETCH_FLAGS",
    };
    if let Some(target) = environment.told("BUILDKITE_MERGE_QUEUE_BASE_BRANCH") {
        range
            .bases
            .extend(environment.told("BUILDKITE_MERGE_QUEUE_BASE_COMMIT"));
        range
            .bases
            .push(Told::new(remote_branch(&target.value), target.from));
        range.destination = Some(branch(target));
        return Ok(range);
    }
    let requested = environment
        .get("BUILDKITE_PULL_REQUEST")
        .is_some_and(|value| value != "false");
    if requested && let Some(target) = environment.told("BUILDKITE_PULL_REQUEST_BASE_BRANCH") {
        range
            .bases
            .push(Told::new(remote_branch(&target.value), target.from));
        range.destination = Some(branch(target));
        return Ok(range);
    }
    range.occasion = Occasion::Push;
    range.destination = environment
        .told("BUILDKITE_TAG")
        .map(tag)
        .or_else(|| environment.told("BUILDKITE_BRANCH").map(branch));
    range.remark = Some(NO_BASE.to_owned());
    Ok(range)
}
