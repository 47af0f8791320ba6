//! GitHub Actions: tokens that may do everything, secrets in reach of other people's code, keys where a token would do.
//! <https://docs.github.com/en/actions/reference/security/secure-use>

use super::super::record::records;
use super::super::{Crossing, File};
use super::grant;

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    let is_workflow = file.is_configuration()
        && file
            .entries
            .iter()
            .any(|entry| entry.path.first().is_some_and(|key| key == "jobs"))
        && file.entries.iter().any(|entry| {
            entry
                .path
                .last()
                .is_some_and(|key| ["runs-on", "uses"].contains(&key.as_str()))
        });
    if !is_workflow {
        return;
    }
    for entry in file.entries {
        let path: Vec<&str> = entry.path.iter().map(String::as_str).collect();
        let (rule, says) = match (path.as_slice(), entry.value.as_str()) {
            (["permissions"] | ["jobs", _, "permissions"], "write-all") => (
                "identity-workflow-write-all",
                "the token of every job may change everything in the repository",
            ),
            (["jobs", _, "secrets"], "inherit") => (
                "identity-workflow-secrets-inherit",
                "the called workflow gets every secret of this one",
            ),
            (["jobs", _, "steps", "with", "aws-access-key-id"], value)
                if value.contains("secrets.") =>
            {
                (
                    "identity-workflow-static-key",
                    "a key that lives until somebody removes it, where a token of the job would do",
                )
            }
            (["jobs", _, "steps", "with", "credentials_json"], value)
                if value.contains("secrets.") =>
            {
                (
                    "identity-workflow-static-key",
                    "a service account key, where workload identity federation would do",
                )
            }
            _ => continue,
        };
        grant(rule, entry, entry.span.clone(), false, says, crossings);
    }
    let target = file.entries.iter().any(|entry| {
        entry
            .path
            .first()
            .is_some_and(|key| key == "on" || key == "true")
            && (entry.value == "pull_request_target"
                || entry.path.iter().any(|key| key == "pull_request_target"))
    });
    if !target {
        return;
    }
    let jobs = records(file, |entry| {
        (entry.path.len() > 2 && entry.path[0] == "jobs").then_some(2)
    });
    for job in jobs {
        let fork = job.entries.iter().any(|entry| {
            entry.path.ends_with(&["with".to_owned(), "ref".to_owned()])
                && (entry.value.contains("pull_request.head") || entry.value.contains("head_ref"))
        });
        let secret = job.entries.iter().find(|entry| {
            entry.value.contains("secrets.") && !entry.value.contains("secrets.GITHUB_TOKEN")
        });
        if let Some(entry) = secret {
            let says = if fork {
                "whoever opens a pull request runs code beside this secret"
            } else {
                "this secret is in reach of a workflow that anybody's pull request starts"
            };
            grant(
                "identity-workflow-pull-request-target",
                entry,
                entry.span.clone(),
                fork,
                says,
                crossings,
            );
        }
    }
}
