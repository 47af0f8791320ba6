//! The pre-commit framework and prek, run over a range: `pre-commit run --from-ref A --to-ref B`, as CI jobs do. They put
//! `PRE_COMMIT=1`, `PRE_COMMIT_FROM_REF` and `PRE_COMMIT_TO_REF` into the environment of every hook, and
//! `PRE_COMMIT_REMOTE_BRANCH` where `--remote-branch` was given.
//!
//! It comes before the system that the job runs in: who names a range means that one.

use super::{Environment, HookError, Occasion, Range, Told, branch};

pub(super) const NAME: &str = "pre-commit";

pub(super) fn detect(environment: &Environment<'_>) -> bool {
    environment.is_set("PRE_COMMIT_FROM_REF") && environment.is_set("PRE_COMMIT_TO_REF")
}

pub(super) fn range(environment: &Environment<'_>) -> Result<Range, HookError> {
    let from = environment.told("PRE_COMMIT_FROM_REF");
    // `origin/staging` says where it is to be merged; a commit's id does not.
    let target = from.as_ref().and_then(|from| {
        let name = from
            .value
            .strip_prefix("refs/remotes/")
            .unwrap_or(&from.value);
        let name = name.strip_prefix("origin/")?;
        Some(Told::new(name, "PRE_COMMIT_FROM_REF"))
    });
    let destination = environment
        .told("PRE_COMMIT_REMOTE_BRANCH")
        .or(target)
        .map(branch);
    Ok(Range {
        system: NAME,
        occasion: Occasion::PullRequest,
        bases: from.into_iter().collect(),
        head: environment.told("PRE_COMMIT_TO_REF"),
        remark: destination.is_none().then(|| {
            "no branch is named, so only paths and sections claim: give `--remote-branch NAME` to pre-commit".to_owned()
        }),
        destination,
        setting: "let the job clone all history",
    })
}
