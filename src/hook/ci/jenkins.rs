//! Jenkins: `GIT_COMMIT`, `BRANCH_NAME` (multibranch) or `GIT_BRANCH`, `TAG_NAME`; change requests: `CHANGE_TARGET`.
//!
//! The base of a push is `GIT_PREVIOUS_SUCCESSFUL_COMMIT`. `GIT_PREVIOUS_COMMIT` may be one that was refused: counted from
//! there, the next push would pass with the refused content below it.

use super::{Environment, HookError, Occasion, Range, Told, branch, tag};

pub(super) const NAME: &str = "Jenkins";

pub(super) fn range(environment: &Environment<'_>) -> Result<Range, HookError> {
    let mut range = Range {
        system: NAME,
        occasion: Occasion::Push,
        bases: Vec::new(),
        head: Some(
            environment
                .told("GIT_COMMIT")
                .unwrap_or_else(|| Told::new("HEAD", "the checkout")),
        ),
        destination: None,
        remark: None,
        setting: "switch shallow clones off and let the refspec fetch the target branch",
    };
    if let Some(target) = environment.told("CHANGE_TARGET") {
        range.asks_to_merge_into(target);
        return Ok(range);
    }
    range
        .bases
        .extend(environment.told("GIT_PREVIOUS_SUCCESSFUL_COMMIT"));
    range.destination = environment
        .told("TAG_NAME")
        .map(tag)
        .or_else(|| environment.told("BRANCH_NAME").map(branch))
        .or_else(|| {
            environment.told("GIT_BRANCH").map(|told| {
                let name = told.value.strip_prefix("origin/").unwrap_or(&told.value);
                branch(Told::new(name, told.from))
            })
        });
    if range.bases.is_empty() {
        let refused = environment.is_set("GIT_PREVIOUS_COMMIT");
        range.remark = Some(
            if refused {
                "no build of this branch has succeeded yet, so all that stands there was judged; give --base to judge less"
            } else {
                "this is the first build of this branch, so all that stands there was judged; give --base to judge less"
            }
            .to_owned(),
        );
    }
    Ok(range)
}
