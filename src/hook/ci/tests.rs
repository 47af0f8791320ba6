//! Documented environments, replayed.

use std::collections::HashMap;
use std::path::Path;

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccccccccccccccccccccccccccc";
const ZERO: &str = "0000000000000000000000000000000000000000";

fn ask(variables: &[(&str, &str)], event: &str) -> Result<Option<Range>, HookError> {
    let variables: HashMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let read = |path: &Path| {
        if path == Path::new("/event.json") {
            Ok(event.as_bytes().to_vec())
        } else {
            Err(std::io::ErrorKind::NotFound.into())
        }
    };
    range(&Environment {
        variables: &variables,
        read: &read,
    })
}

/// System, occasion, bases, head, destination.
type Short = (&'static str, Occasion, Vec<String>, String, String);

#[track_caller]
fn short_of(variables: &[(&str, &str)], event: &str) -> Short {
    let range = ask(variables, event)
        .expect("understood")
        .expect("a system");
    (
        range.system,
        range.occasion,
        range.bases.into_iter().map(|told| told.value).collect(),
        range.head.map(|told| told.value).unwrap_or_default(),
        range.destination.map(|told| told.value).unwrap_or_default(),
    )
}

fn expected(
    system: &'static str,
    occasion: Occasion,
    bases: &[&str],
    head: &str,
    to: &str,
) -> Short {
    let bases = bases.iter().map(|base| (*base).to_owned()).collect();
    (system, occasion, bases, head.to_owned(), to.to_owned())
}

use Occasion::{PullRequest, Push};

#[test]
fn nothing_around_is_no_system() {
    assert_eq!(
        ask(&[("CI", "true"), ("GITHUB_ACTIONS", "")], "").expect("fine"),
        None
    );
}

/// From `pre_commit/commands/run.py`: both variables, or none.
#[test]
fn a_range_that_is_named_to_pre_commit_comes_before_the_system_around() {
    let named = [
        ("GITHUB_ACTIONS", "true"),
        ("PRE_COMMIT", "1"),
        ("PRE_COMMIT_FROM_REF", "origin/staging"),
        ("PRE_COMMIT_TO_REF", "HEAD"),
    ];
    let staging = "refs/heads/staging";
    assert_eq!(
        short_of(&named, ""),
        expected(
            "pre-commit",
            PullRequest,
            &["origin/staging"],
            "HEAD",
            staging
        )
    );
    let mut by_branch = named.to_vec();
    by_branch[2].1 = A;
    assert_eq!(
        short_of(&by_branch, ""),
        expected("pre-commit", PullRequest, &[A], "HEAD", "")
    );
    by_branch.push(("PRE_COMMIT_REMOTE_BRANCH", staging));
    assert_eq!(
        short_of(&by_branch, ""),
        expected("pre-commit", PullRequest, &[A], "HEAD", staging)
    );
    // While a commit is made there is no range.
    assert_eq!(ask(&[("PRE_COMMIT", "1")], "").expect("fine"), None);
}

#[test]
fn github_and_its_kin() {
    let pull = format!(
        r#"{{"pull_request": {{"base": {{"sha": "{A}", "ref": "staging"}}, "head": {{"sha": "{B}", "ref": "feature"}}}}}}"#
    );
    let event = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_PATH", "/event.json"),
        ("GITHUB_BASE_REF", "staging"),
        ("GITHUB_HEAD_REF", "feature"),
        ("GITHUB_REF", "refs/pull/7/merge"),
        ("GITHUB_SHA", C),
    ];
    for (extra, system) in [
        (("CI", "true"), "GitHub Actions"),
        (("GITEA_ACTIONS", "true"), "Gitea Actions"),
        (("FORGEJO_ACTIONS", "true"), "Forgejo Actions"),
    ] {
        let all = [&event[..], &[extra]].concat();
        assert_eq!(
            short_of(&all, &pull),
            expected(system, PullRequest, &[A], B, "refs/heads/staging")
        );
    }
    let queue = format!(
        r#"{{"merge_group": {{"base_sha": "{A}", "head_sha": "{B}", "base_ref": "refs/heads/staging"}}}}"#
    );
    let queued = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_PATH", "/event.json"),
        ("GITHUB_REF", "refs/heads/gh-readonly-queue/staging/pr-7"),
    ];
    assert_eq!(
        short_of(&queued, &queue),
        expected("GitHub Actions", PullRequest, &[A], B, "refs/heads/staging")
    );
    let push = format!(r#"{{"ref": "refs/tags/v1", "before": "{ZERO}", "after": "{B}"}}"#);
    assert_eq!(
        short_of(&queued, &push),
        expected("GitHub Actions", Push, &[ZERO], B, "refs/tags/v1")
    );
    let gone = format!(
        r#"{{"ref": "refs/heads/x", "before": "{A}", "after": "{ZERO}", "deleted": true}}"#
    );
    assert_eq!(
        short_of(&queued, &gone),
        expected("GitHub Actions", Push, &[A], "", "refs/heads/x")
    );
    for event in [
        "{}",
        "",
        r#"{"schedule": "0 0 * * *"}"#,
        r#"{"pull_request": {}}"#,
    ] {
        assert!(ask(&queued, event).is_err(), "{event}");
    }
    assert!(ask(&[("GITHUB_ACTIONS", "true")], "").is_err());
    assert!(
        ask(
            &[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_PATH", "/gone")],
            ""
        )
        .is_err()
    );
}

#[test]
fn gitlab() {
    let request = [
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_COMMIT_SHA", B),
        ("CI_COMMIT_BEFORE_SHA", ZERO),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "staging"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", A),
    ];
    let remote = "refs/remotes/origin/staging";
    assert_eq!(
        short_of(&request, ""),
        expected(
            "GitLab CI",
            PullRequest,
            &[remote, A],
            B,
            "refs/heads/staging"
        )
    );
    let train = [
        &request[..],
        &[
            ("CI_MERGE_REQUEST_EVENT_TYPE", "merge_train"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", C),
        ],
    ]
    .concat();
    assert_eq!(
        short_of(&train, ""),
        expected(
            "GitLab CI",
            PullRequest,
            &[C, remote, A],
            B,
            "refs/heads/staging"
        )
    );
    let push = [
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", B),
        ("CI_COMMIT_BEFORE_SHA", A),
        ("CI_COMMIT_BRANCH", "staging"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""),
    ];
    assert_eq!(
        short_of(&push, ""),
        expected("GitLab CI", Push, &[A], B, "refs/heads/staging")
    );
    let tagged = [
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", B),
        ("CI_COMMIT_TAG", "v1"),
    ];
    assert_eq!(
        short_of(&tagged, ""),
        expected("GitLab CI", Push, &[], B, "refs/tags/v1")
    );
    assert!(ask(&[("GITLAB_CI", "true")], "").is_err());
}

#[test]
fn jenkins() {
    let change = [
        ("JENKINS_URL", "https://ci.example.com/"),
        ("BRANCH_NAME", "PR-7"),
        ("CHANGE_ID", "7"),
        ("CHANGE_TARGET", "staging"),
        ("GIT_COMMIT", B),
        ("GIT_PREVIOUS_COMMIT", A),
    ];
    let remote = "refs/remotes/origin/staging";
    assert_eq!(
        short_of(&change, ""),
        expected("Jenkins", PullRequest, &[remote], B, "refs/heads/staging")
    );
    let push = [
        ("JENKINS_URL", "https://ci.example.com/"),
        ("GIT_BRANCH", "origin/staging"),
        ("GIT_COMMIT", B),
        ("GIT_PREVIOUS_COMMIT", C),
        ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", A),
    ];
    assert_eq!(
        short_of(&push, ""),
        expected("Jenkins", Push, &[A], B, "refs/heads/staging")
    );
    // Never counted from a refused build.
    assert_eq!(
        short_of(&push[..4], ""),
        expected("Jenkins", Push, &[], B, "refs/heads/staging")
    );
    // What runs on a Jenkins machine may be another system's job.
    let both = [&push[..], &[("GITLAB_CI", "true"), ("CI_COMMIT_SHA", C)]].concat();
    assert_eq!(short_of(&both, "").0, "GitLab CI");
}

#[test]
fn azure() {
    for target in ["staging", "refs/heads/staging"] {
        let request = [
            ("TF_BUILD", "True"),
            ("BUILD_SOURCEVERSION", B),
            ("BUILD_SOURCEBRANCH", "refs/pull/7/merge"),
            ("SYSTEM_PULLREQUEST_TARGETBRANCH", target),
        ];
        assert_eq!(
            short_of(&request, ""),
            expected(
                "Azure Pipelines",
                PullRequest,
                &["refs/remotes/origin/staging"],
                B,
                "refs/heads/staging"
            )
        );
    }
    let push = [
        ("TF_BUILD", "True"),
        ("BUILD_SOURCEVERSION", B),
        ("BUILD_SOURCEBRANCH", "refs/heads/staging"),
    ];
    assert_eq!(
        short_of(&push, ""),
        expected("Azure Pipelines", Push, &[], B, "refs/heads/staging")
    );
}

#[test]
fn bitbucket() {
    let request = [
        ("BITBUCKET_BUILD_NUMBER", "12"),
        ("BITBUCKET_COMMIT", B),
        ("BITBUCKET_BRANCH", "feature"),
        ("BITBUCKET_PR_ID", "7"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "staging"),
        ("BITBUCKET_PR_DESTINATION_COMMIT", &A[..12]),
    ];
    assert_eq!(
        short_of(&request, ""),
        expected(
            "Bitbucket Pipelines",
            PullRequest,
            &[&A[..12], "refs/remotes/origin/staging"],
            B,
            "refs/heads/staging"
        )
    );
    assert_eq!(
        short_of(&request[..3], ""),
        expected("Bitbucket Pipelines", Push, &[], B, "refs/heads/feature")
    );
}

#[test]
fn buildkite() {
    let request = [
        ("BUILDKITE", "true"),
        ("BUILDKITE_COMMIT", "HEAD"),
        ("BUILDKITE_BRANCH", "feature"),
        ("BUILDKITE_PULL_REQUEST", "7"),
        ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "staging"),
    ];
    let remote = "refs/remotes/origin/staging";
    assert_eq!(
        short_of(&request, ""),
        expected(
            "Buildkite",
            PullRequest,
            &[remote],
            "HEAD",
            "refs/heads/staging"
        )
    );
    let queue = [
        ("BUILDKITE", "true"),
        ("BUILDKITE_COMMIT", B),
        ("BUILDKITE_BRANCH", "gh-readonly-queue/staging/pr-7"),
        ("BUILDKITE_PULL_REQUEST", "false"),
        ("BUILDKITE_MERGE_QUEUE_BASE_BRANCH", "staging"),
        ("BUILDKITE_MERGE_QUEUE_BASE_COMMIT", A),
    ];
    assert_eq!(
        short_of(&queue, ""),
        expected(
            "Buildkite",
            PullRequest,
            &[A, remote],
            B,
            "refs/heads/staging"
        )
    );
    assert_eq!(
        short_of(
            &[
                queue[0],
                queue[1],
                ("BUILDKITE_BRANCH", "staging"),
                queue[3]
            ],
            ""
        ),
        expected("Buildkite", Push, &[], B, "refs/heads/staging")
    );
}

#[test]
fn circleci() {
    let push = [
        ("CIRCLECI", "true"),
        ("CIRCLE_SHA1", B),
        ("CIRCLE_BRANCH", "staging"),
        ("PIPELINE_GIT_BASE_REVISION", A),
    ];
    assert_eq!(
        short_of(&push, ""),
        expected("CircleCI", Push, &[A], B, "refs/heads/staging")
    );
    let request = [&push[..], &[("PIPELINE_PULL_REQUEST_BASE_REF", "main")]].concat();
    assert_eq!(
        short_of(&request, ""),
        expected(
            "CircleCI",
            PullRequest,
            &["refs/remotes/origin/main"],
            B,
            "refs/heads/main"
        )
    );
    let blind = [
        &push[..3],
        &[("CIRCLE_PULL_REQUEST", "https://example.com/pull/7")],
    ]
    .concat();
    let range = ask(&blind, "").expect("understood").expect("a system");
    assert!(range.remark.expect("a remark").contains("--ref"));
}

#[test]
fn commands_can_be_pasted() {
    assert_eq!(
        shell_word("+refs/heads/a:refs/remotes/origin/a"),
        "+refs/heads/a:refs/remotes/origin/a"
    );
    assert_eq!(shell_word("a;rm"), "'a;rm'");
    assert_eq!(shell_word("a'b"), "'a'\\''b'");
}
