//! Bitbucket Pipelines: `BITBUCKET_COMMIT`, `BITBUCKET_BRANCH`, `BITBUCKET_TAG`; pull requests:
//! `BITBUCKET_PR_DESTINATION_BRANCH` and `BITBUCKET_PR_DESTINATION_COMMIT`, which is often cut to 12 digits.

use super::{Environment, HookError, NO_BASE, Occasion, Range, branch, tag};

pub(super) const NAME: &str = "Bitbucket Pipelines";

pub(super) fn range(environment: &Environment<'_>) -> Result<Range, HookError> {
    let mut range = Range {
        system: NAME,
        occasion: Occasion::Push,
        bases: Vec::new(),
        head: environment.told("BITBUCKET_COMMIT"),
        destination: None,
        remark: None,
        setting: "set `clone: depth: full`",
    };
    if range.head.is_none() {
        return Err(HookError::new(
            format!("{NAME}: BITBUCKET_COMMIT is not set"),
            "pass the variables of the step on to the process, or give --base, --head and --ref",
        ));
    }
    if let Some(target) = environment.told("BITBUCKET_PR_DESTINATION_BRANCH") {
        range
            .bases
            .extend(environment.told("BITBUCKET_PR_DESTINATION_COMMIT"));
        range.asks_to_merge_into(target);
        return Ok(range);
    }
    range.destination = environment
        .told("BITBUCKET_TAG")
        .map(tag)
        .or_else(|| environment.told("BITBUCKET_BRANCH").map(branch));
    range.remark = Some(NO_BASE.to_owned());
    Ok(range)
}
