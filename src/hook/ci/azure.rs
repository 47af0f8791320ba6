//! Azure Pipelines: `BUILD_SOURCEVERSION` (of a pull request, the merge that the server made), `BUILD_SOURCEBRANCH`; pull
//! requests: `SYSTEM_PULLREQUEST_TARGETBRANCH`, which is documented as a full name and often is a short one.

use super::{Environment, HookError, NO_BASE, Occasion, Range, branch};

pub(super) const NAME: &str = "Azure Pipelines";

pub(super) fn range(environment: &Environment<'_>) -> Result<Range, HookError> {
    let mut range = Range {
        system: NAME,
        occasion: Occasion::Push,
        bases: Vec::new(),
        head: environment.told("BUILD_SOURCEVERSION"),
        destination: None,
        remark: None,
        setting: "set `fetchDepth: 0` in the step `checkout: self`",
    };
    if range.head.is_none() {
        return Err(HookError::new(
            format!("{NAME}: BUILD_SOURCEVERSION is not set"),
            "pass the variables of the job on to the process, or give --base, --head and --ref",
        ));
    }
    if let Some(target) = environment.told("SYSTEM_PULLREQUEST_TARGETBRANCH") {
        range.asks_to_merge_into(target);
        return Ok(range);
    }
    range.destination = environment.told("BUILD_SOURCEBRANCH").map(branch);
    range.remark = Some(NO_BASE.to_owned());
    Ok(range)
}
