//! The CI files of `pipelines/` and `action.yml`: their own commands, run by a shell in the clone and with the variables that the
//! system documents. Production's key on its way to staging fails the job, the sandbox's twin passes, and a shallow clone fails it
//! with the exact command that mends it. Whether the files are what the systems take is asked of their published schemas.
//!
//! How each system names its range is `src/hook/ci/tests.rs`'s matter.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use support::{Ran, Repo, STAGEGATE, Server, TestEnv, live_key, payments, run, test_key};

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn tool(name: &str) -> PathBuf {
    let tool = root("target/test-tools/managers/python/bin").join(name);
    assert!(
        tool.is_file(),
        "{name} is not installed: run tests/setup.sh first"
    );
    tool
}

/// A file of YAML as JSON.
fn yaml(file: &str) -> Value {
    let read = run(Command::new(tool("python"))
        .arg("-c")
        .arg("import json, sys, yaml; json.dump(yaml.load(open(sys.argv[1]), yaml.BaseLoader), sys.stdout)")
        .arg(root(file)));
    read.succeeded();
    read.json()
}

/// The shell commands of a file, in their order: whatever stands under one of these keys.
fn commands(file: &str) -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let is_command = ["run", "script", "commands", "bash"].contains(&key.as_str());
                    match value {
                        Value::String(text) if is_command => found.push(text.clone()),
                        Value::Array(lines) if is_command => {
                            found.extend(lines.iter().filter_map(Value::as_str).map(str::to_owned));
                        }
                        other => collect(other, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&yaml(file), &mut found);
    found.dedup();
    assert!(!found.is_empty(), "{file} runs nothing");
    found
}

/// A server with `staging`, and on it the branches `dirty` and `clean`, which want to be merged into it.
struct Project<'e> {
    env: &'e TestEnv,
    work: Repo<'e>,
    server: Server<'e>,
}

impl<'e> Project<'e> {
    fn new(env: &'e TestEnv) -> Self {
        let work = env.repo("work");
        let server = env.server("server.git");
        work.git(["remote", "add", "origin", &server.url()]);
        work.branch("staging");
        work.commit_file("config/staging.yml", "payments:\n");
        for (branch, key) in [("dirty", live_key(1)), ("clean", test_key(1))] {
            work.switch("staging");
            work.branch(branch);
            work.commit_file("config/staging.yml", payments(&key));
            work.commit_file("README.md", "A better shop.\n");
        }
        work.push(["main", "staging", "dirty", "clean"]).succeeded();
        Self { env, work, server }
    }

    /// What a runner checks out: a branch, whole or only its last commit.
    fn checkout(&self, branch: &str, depth: Option<&str>, fetched: &[&str]) -> PathBuf {
        let dir = self
            .env
            .path(format!("checkout-{branch}-{}", depth.unwrap_or("all")));
        if dir.exists() {
            fs::remove_dir_all(&dir).expect("the last one goes");
        }
        let mut clone = self.env.command("git", &self.env.path("home"));
        clone.args(["clone", "-q", "--single-branch", "--branch", branch]);
        if let Some(depth) = depth {
            clone.args(["--depth", depth]);
        }
        run(clone.arg(format!("file://{}", self.server.url())).arg(&dir)).succeeded();
        for refspec in fetched {
            run(self
                .env
                .command("git", &dir)
                .args(["fetch", "-q", "origin", refspec]))
            .succeeded();
        }
        dir
    }

    /// Runs the commands as a runner does: one after the other, until one fails.
    fn runs(&self, dir: &Path, commands: &[String], variables: &[(&str, &str)]) -> Ran {
        let mut all = Ran {
            code: 0,
            stdout: String::new(),
            stderr: String::new(),
        };
        let path = std::env::var("PATH").expect("PATH is set");
        let gate = Path::new(STAGEGATE).parent().expect("a folder").display();
        for text in commands {
            let mut shell = self.env.command("bash", dir);
            shell.env("PATH", format!("{gate}:{path}"));
            shell
                .args(["-e", "-c", text])
                .envs(variables.iter().copied());
            let ran = run(&mut shell);
            all.stdout += &ran.stdout;
            all.stderr += &ran.stderr;
            all.code = ran.code;
            if ran.code != 0 {
                break;
            }
        }
        all
    }
}

/// A system's way: its commands, in a whole clone and in one of depth 1, for both branches.
struct System {
    commands: Vec<String>,
    /// What the runner fetches beside the branch.
    fetches: &'static [&'static str],
    /// Files that are there afterwards.
    reports: &'static [&'static str],
    /// What mends a shallow clone; none where the commands do it themselves.
    mends: Option<&'static str>,
}

impl System {
    fn is_right(&self, variables: impl Fn(&Project<'_>, &str) -> Vec<(&'static str, String)>) {
        let env = TestEnv::new();
        let project = Project::new(&env);
        let key = live_key(1);
        for (branch, code) in [("dirty", 1), ("clean", 0)] {
            let owned = variables(&project, branch);
            let variables: Vec<(&str, &str)> = owned
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let dir = project.checkout(branch, None, self.fetches);
            let ran = project.runs(&dir, &self.commands, &variables);
            ran.exits(code).hides(&key);
            if code == 1 {
                ran.says("config/staging.yml:2");
            }
            for report in self.reports {
                let text = fs::read_to_string(dir.join(report))
                    .unwrap_or_else(|error| panic!("{report}: {error}"));
                assert!(!text.is_empty() && !text.contains(&key), "{report}");
            }

            let dir = project.checkout(branch, Some("1"), &[]);
            let ran = project.runs(&dir, &self.commands, &variables);
            match self.mends {
                Some(setting) => {
                    ran.exits(2).says("git fetch --no-tags").says(setting);
                    // The command that it says is the one that helps.
                    let said = ran.words();
                    let command = said
                        .split('`')
                        .find(|part| part.starts_with("git fetch"))
                        .expect("a command")
                        .to_owned();
                    project.runs(&dir, &[command], &[]).succeeded();
                    project.runs(&dir, &self.commands, &variables).exits(code);
                }
                None => {
                    ran.exits(code).hides(&key);
                }
            }
        }
    }
}

const ALL: &[&str] = &["+refs/heads/*:refs/remotes/origin/*"];

fn tip(project: &Project<'_>, branch: &str) -> String {
    project.work.tip(branch)
}

#[test]
fn gitlab() {
    System {
        commands: commands("pipelines/gitlab/stagegate.gitlab-ci.yml"),
        // With a depth of 0 the runner fetches all branches.
        fetches: ALL,
        reports: &[
            "gl-secret-detection-report.json",
            "gl-code-quality-report.json",
            "stagegate.xml",
        ],
        mends: Some("GIT_DEPTH"),
    }
    .is_right(|project, branch| {
        vec![
            ("GITLAB_CI", "true".into()),
            ("CI_PIPELINE_SOURCE", "merge_request_event".into()),
            ("CI_COMMIT_SHA", tip(project, branch)),
            ("CI_MERGE_REQUEST_IID", "7".into()),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "staging".into()),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", branch.into()),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", tip(project, "staging")),
        ]
    });
}

#[test]
fn jenkins() {
    let file = fs::read_to_string(root("pipelines/jenkins/Jenkinsfile")).expect("the file");
    let mut commands = Vec::new();
    let mut rest = file.as_str();
    while let Some((_, after)) = rest.split_once("sh '") {
        let (fence, body) = match after.strip_prefix("''") {
            Some(body) => ("'''", body),
            None => ("'", after),
        };
        let (command, after) = body.split_once(fence).expect("it ends");
        // Groovy takes a backslash before a line's end for itself; so does the shell.
        commands.push(command.to_owned());
        rest = after;
    }
    assert_eq!(commands.len(), 2);
    System {
        commands,
        fetches: &[],
        reports: &["stagegate.sarif", "stagegate.xml"],
        mends: None,
    }
    .is_right(|project, branch| {
        vec![
            ("JENKINS_URL", "https://ci.example.com/".into()),
            ("BRANCH_NAME", "PR-7".into()),
            ("CHANGE_ID", "7".into()),
            ("CHANGE_TARGET", "staging".into()),
            ("GIT_COMMIT", tip(project, branch)),
        ]
    });
}

#[test]
fn azure_pipelines() {
    System {
        commands: commands("pipelines/azure/azure-pipelines.yml"),
        fetches: ALL,
        reports: &["stagegate.sarif", "stagegate.xml"],
        mends: Some("fetchDepth: 0"),
    }
    .is_right(|project, branch| {
        vec![
            ("TF_BUILD", "True".into()),
            ("BUILD_SOURCEVERSION", tip(project, branch)),
            ("BUILD_SOURCEBRANCH", "refs/pull/7/merge".into()),
            (
                "SYSTEM_PULLREQUEST_TARGETBRANCH",
                "refs/heads/staging".into(),
            ),
        ]
    });
}

#[test]
fn bitbucket_pipelines() {
    let mut commands = commands("pipelines/bitbucket/bitbucket-pipelines.yml");
    commands.truncate(2);
    commands.insert(0, "mkdir -p test-results".into());
    System {
        commands,
        fetches: &[],
        reports: &["test-results/stagegate.xml"],
        mends: Some("clone: depth: full"),
    }
    .is_right(|project, branch| {
        vec![
            ("BITBUCKET_BUILD_NUMBER", "12".into()),
            ("BITBUCKET_COMMIT", tip(project, branch)),
            ("BITBUCKET_BRANCH", branch.into()),
            ("BITBUCKET_PR_ID", "7".into()),
            ("BITBUCKET_PR_DESTINATION_BRANCH", "staging".into()),
            (
                "BITBUCKET_PR_DESTINATION_COMMIT",
                tip(project, "staging")[..12].into(),
            ),
        ]
    });
}

#[test]
fn buildkite() {
    System {
        commands: commands("pipelines/buildkite/pipeline.yml"),
        fetches: &[],
        reports: &["stagegate.md", "stagegate.xml"],
        mends: None,
    }
    .is_right(|project, branch| {
        vec![
            ("BUILDKITE", "true".into()),
            ("BUILDKITE_COMMIT", tip(project, branch)),
            ("BUILDKITE_BRANCH", branch.into()),
            ("BUILDKITE_PULL_REQUEST", "7".into()),
            ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "staging".into()),
        ]
    });
}

/// What GitHub writes into the event's file, and what the action puts into the environment of its steps.
fn github(event: impl Fn(&Project<'_>, &str) -> Value, name: &'static str) {
    let sha256 = run(Command::new("sha256sum").arg(STAGEGATE));
    let sha256 = sha256.stdout.split(' ').next().expect("a sum").to_owned();
    System {
        commands: commands("action.yml"),
        fetches: ALL,
        reports: &["stagegate.sarif", "summary.md"],
        mends: Some("fetch-depth: 0"),
    }
    .is_right(|project, branch| {
        let path = project
            .env
            .file("event.json", event(project, branch).to_string());
        let temp = project.env.path("runner");
        fs::create_dir_all(&temp).expect("a folder");
        vec![
            ("GITHUB_ACTIONS", "true".into()),
            ("GITHUB_EVENT_NAME", name.into()),
            ("GITHUB_EVENT_PATH", path.display().to_string()),
            ("GITHUB_OUTPUT", "output".into()),
            ("GITHUB_STEP_SUMMARY", "summary.md".into()),
            ("RUNNER_TEMP", temp.display().to_string()),
            ("URL", format!("file://{STAGEGATE}")),
            ("SHA256", sha256.clone()),
            ("BASE", String::new()),
            ("HEAD", String::new()),
            ("REF", String::new()),
            ("POLICY", String::new()),
            ("SARIF", "stagegate.sarif".into()),
        ]
    });
}

#[test]
fn github_pull_requests() {
    github(
        |project, branch| {
            json!({"pull_request": {
                "base": {"sha": tip(project, "staging"), "ref": "staging"},
                "head": {"sha": tip(project, branch), "ref": branch},
            }})
        },
        "pull_request",
    );
}

#[test]
fn github_merge_queues() {
    github(
        |project, branch| {
            json!({"merge_group": {
                "base_sha": tip(project, "staging"), "base_ref": "refs/heads/staging",
                "head_sha": tip(project, branch), "head_ref": "refs/heads/gh-readonly-queue/staging/pr-7",
            }})
        },
        "merge_group",
    );
}

/// What is downloaded has to be what was chosen.
#[test]
fn the_action_runs_no_other_binary() {
    let env = TestEnv::new();
    let project = Project::new(&env);
    let dir = project.checkout("clean", None, ALL);
    let install = &commands("action.yml")[..1];
    let temp = env.path("runner").display().to_string();
    let url = format!("file://{STAGEGATE}");
    for (sum, says) in [("", "url needs sha256"), (&"0".repeat(64)[..], "FAILED")] {
        let ran = project.runs(
            &dir,
            install,
            &[("RUNNER_TEMP", &temp), ("URL", &url), ("SHA256", sum)],
        );
        assert_ne!(ran.code, 0);
        ran.says(says);
    }
}

/// The fork's commits are fetched as objects; HEAD stays the base, whose files are the only ones that are checked out.
#[test]
fn github_pull_requests_from_forks() {
    let env = TestEnv::new();
    let project = Project::new(&env);
    let workflow = yaml("pipelines/github/forks.yml");
    let steps = workflow["jobs"]["gate"]["steps"].as_array().expect("steps");
    assert!(
        steps[0]["with"].get("ref").is_none(),
        "the fork is not checked out"
    );
    let fetch = steps[1]["run"].as_str().expect("a command").to_owned();
    for (branch, code) in [("dirty", 1), ("clean", 0)] {
        let request = format!("{}:refs/pull/7/head", tip(&project, branch));
        project
            .work
            .git(["push", "-q", "-f", &project.server.url(), &request]);
        project
            .server
            .git(["update-ref", "-d", &format!("refs/heads/{branch}")]);
        let dir = project.checkout("staging", None, &[]);
        let event = json!({"pull_request": {
            "number": 7,
            "base": {"sha": tip(&project, "staging"), "ref": "staging"},
            "head": {"sha": tip(&project, branch), "ref": branch, "repo": {"fork": true}},
        }});
        let event = env
            .file("event.json", event.to_string())
            .display()
            .to_string();
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request_target"),
            ("GITHUB_EVENT_PATH", &event),
            ("NUMBER", "7"),
        ];
        let check = "stagegate check --output text=-".to_owned();
        project
            .runs(&dir, &[fetch.clone(), check], &variables)
            .exits(code)
            .hides(&live_key(1));
        let head = run(env.command("git", &dir).args(["rev-parse", "HEAD"]));
        assert_eq!(head.stdout.trim(), tip(&project, "staging"));
    }
}

#[test]
fn the_files_are_what_the_systems_take() {
    for (schema, transform, files) in [
        ("vendor.github-actions", None, &["action.yml"][..]),
        (
            "vendor.github-workflows",
            None,
            &[
                "pipelines/github/pull-requests.yml",
                "pipelines/github/forks.yml",
                "pipelines/gitea/stagegate.yml",
            ],
        ),
        (
            "vendor.gitlab-ci",
            Some("gitlab-ci"),
            &["pipelines/gitlab/stagegate.gitlab-ci.yml"],
        ),
        (
            "vendor.azure-pipelines",
            Some("azure-pipelines"),
            &["pipelines/azure/azure-pipelines.yml"],
        ),
        (
            "vendor.bitbucket-pipelines",
            None,
            &["pipelines/bitbucket/bitbucket-pipelines.yml"],
        ),
        (
            "vendor.buildkite",
            None,
            &["pipelines/buildkite/pipeline.yml"],
        ),
        ("vendor.circle-ci", None, &["pipelines/circleci/config.yml"]),
    ] {
        let mut check = Command::new(tool("check-jsonschema"));
        check.args(["--builtin-schema", schema]);
        if let Some(transform) = transform {
            check.args(["--data-transform", transform]);
        }
        if schema.contains("azure") {
            // That schema has expressions of another dialect.
            check.args(["--regex-variant", "python"]);
        }
        run(check.args(files.iter().map(|file| root(file)))).succeeded();
    }
}

/// Actions of others are named by a commit: a tag can be moved.
#[test]
fn actions_are_pinned() {
    for file in [
        "action.yml",
        "pipelines/github/pull-requests.yml",
        "pipelines/github/forks.yml",
        "pipelines/gitea/stagegate.yml",
    ] {
        let text = fs::read_to_string(root(file)).expect("a file");
        let mut used = 0;
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            let (_, pin) = line.split_once('@').expect("a revision");
            let pin = pin.split(' ').next().expect("a word");
            let is_commit = pin.len() == 40 && pin.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit || pin == "COMMIT", "{file}: {line}");
            used += 1;
        }
        assert!(used > 0, "{file}");
    }
}
