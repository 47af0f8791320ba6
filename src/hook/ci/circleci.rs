//! CircleCI: `CIRCLE_SHA1`, `CIRCLE_BRANCH`, `CIRCLE_TAG`. It does not tell the target branch of a pull request, nor what
//! stood on a branch before: only pipeline values know, and a job has to pass them on. Two are understood:
//! `PIPELINE_GIT_BASE_REVISION` (`<< pipeline.git.base_revision >>`) and `PIPELINE_PULL_REQUEST_BASE_REF`, set from
//! whatever the project's integration offers for it.

use super::{Environment, HookError, NO_BASE, Occasion, Range, branch, tag};

pub(super) const NAME: &str = "CircleCI";

pub(super) fn range(environment: &Environment<'_>) -> Result<Range, HookError> {
    let mut range = Range {
        system: NAME,
        occasion: Occasion::Push,
        bases: Vec::new(),
        head: environment.told("CIRCLE_SHA1"),
        destination: None,
        remark: None,
        setting: "use `checkout` with `method: full`",
    };
    if range.head.is_none() {
        return Err(HookError::new(
            format!("{NAME}: CIRCLE_SHA1 is not set"),
            "pass the variables of the job on to the process, or give --base, --head and --ref",
        ));
    }
    if let Some(target) = environment.told("PIPELINE_PULL_REQUEST_BASE_REF") {
        range.asks_to_merge_into(target);
        return Ok(range);
    }
    range
        .bases
        .extend(environment.told("PIPELINE_GIT_BASE_REVISION"));
    range.destination = environment
        .told("CIRCLE_TAG")
        .map(tag)
        .or_else(|| environment.told("CIRCLE_BRANCH").map(branch));
    let mut remarks = Vec::new();
    if range.bases.is_empty() {
        remarks.push(NO_BASE);
    }
    if environment.is_set("CIRCLE_PULL_REQUEST") {
        remarks.push(
            "CircleCI does not say which branch the pull request is for: give --ref, or pass PIPELINE_PULL_REQUEST_BASE_REF on",
        );
    }
    range.remark = (!remarks.is_empty()).then(|| remarks.join("; "));
    Ok(range)
}
