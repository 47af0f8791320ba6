//! GitHub Actions, and Gitea's and Forgejo's, which set the same variables and write the same event file.
//!
//! Variables: `GITHUB_EVENT_NAME`, `GITHUB_EVENT_PATH`, `GITHUB_BASE_REF`, `GITHUB_REF`, `GITHUB_SHA`. The event holds
//! what they do not: both ends of the range. `GITHUB_SHA` is no head: of `pull_request_target` it is the base.

use std::path::Path;

use serde_json::Value;

use super::{Environment, HookError, Occasion, Range, Told, branch, full_name};

const SETTING: &str = "give actions/checkout `fetch-depth: 0`";

pub(super) fn range(
    environment: &Environment<'_>,
    system: &'static str,
) -> Result<Range, HookError> {
    let path = environment.get("GITHUB_EVENT_PATH").ok_or_else(|| {
        HookError::new(
            format!("{system}: GITHUB_EVENT_PATH is not set"),
            "pass the variables of the runner on to the process, or give --base, --head and --ref",
        )
    })?;
    let unreadable = |reason: String| {
        HookError::new(
            format!("{system}: cannot read the event that GITHUB_EVENT_PATH names: {reason}"),
            "make the file readable where the gate runs (in a container: mount it), or give --base, --head and --ref",
        )
    };
    let bytes =
        (environment.read)(Path::new(path)).map_err(|error| unreadable(error.to_string()))?;
    // The parser's message could quote the event.
    let event: Value = serde_json::from_slice(&bytes)
        .map_err(|error| unreadable(format!("no JSON at line {}", error.line())))?;
    let text = |pointer: &str| {
        event
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let mut range = Range {
        system,
        occasion: Occasion::PullRequest,
        bases: Vec::new(),
        head: None,
        destination: None,
        remark: None,
        setting: SETTING,
    };
    if event.get("pull_request").is_some_and(Value::is_object) {
        range.bases = text("/pull_request/base/sha")
            .map(|sha| Told::new(sha, "the event's pull_request.base.sha"))
            .into_iter()
            .collect();
        range.head = text("/pull_request/head/sha")
            .map(|sha| Told::new(sha, "the event's pull_request.head.sha"));
        range.destination = environment
            .told("GITHUB_BASE_REF")
            .or_else(|| {
                text("/pull_request/base/ref")
                    .map(|name| Told::new(name, "the event's pull_request.base.ref"))
            })
            .map(branch);
        return complete(range);
    }
    if event.get("merge_group").is_some_and(Value::is_object) {
        range.bases = text("/merge_group/base_sha")
            .map(|sha| Told::new(sha, "the event's merge_group.base_sha"))
            .into_iter()
            .collect();
        range.head = text("/merge_group/head_sha")
            .map(|sha| Told::new(sha, "the event's merge_group.head_sha"));
        range.destination = text("/merge_group/base_ref")
            .map(|name| Told::new(full_name(name), "the event's merge_group.base_ref"));
        return complete(range);
    }
    if let (Some(before), Some(after), Some(name)) = (text("/before"), text("/after"), text("/ref"))
    {
        range.occasion = Occasion::Push;
        range.bases = vec![Told::new(before, "the event's before")];
        range.head =
            Some(Told::new(after, "the event's after")).filter(|head| !super::is_zero(&head.value));
        range.destination = Some(Told::new(full_name(name), "the event's ref"));
        return Ok(range);
    }
    Err(HookError::new(
        format!(
            "{system}: the event `{}` is neither a push nor a pull request nor a merge group",
            environment.get("GITHUB_EVENT_NAME").unwrap_or("?")
        ),
        "give --base, --head and --ref, or judge all that stands there with `stagegate scan`",
    ))
}

/// A pull request needs all three: without its destination nobody could say what may go there.
fn complete(range: Range) -> Result<Range, HookError> {
    if range.bases.is_empty() || range.head.is_none() || range.destination.is_none() {
        return Err(HookError::new(
            format!(
                "{}: the event lacks base, head or target branch",
                range.system
            ),
            "give --base, --head and --ref",
        ));
    }
    Ok(range)
}
