//! `stagegate agent`: what coding agents hand to their hooks before they write a file.

mod support;

use serde_json::{Value, json};
use support::{Ran, Repo, STAGEGATE, TestEnv, live_key, payments, run_with_input, test_key};

fn asks(env: &TestEnv, repo: &Repo<'_>, call: &Value) -> Ran {
    let mut command = env.command(STAGEGATE, &repo.dir);
    run_with_input(command.arg("agent"), call.to_string().as_bytes())
}

#[test]
fn what_must_not_be_committed_is_not_written() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    let key = live_key(1);
    let path = |file: &str| repo.dir.join(file).display().to_string();
    let calls = |text: &str| {
        [
            json!({"hook_event_name": "PreToolUse", "tool_name": "Write",
                   "tool_input": {"file_path": path("config/staging.yml"), "content": text}}),
            json!({"tool_name": "Edit",
                   "tool_input": {"file_path": path("new/folder/staging.yml"), "old_string": "x", "new_string": text}}),
            json!({"tool_name": "MultiEdit", "tool_input": {"file_path": path("config/staging.yml"),
                   "edits": [{"old_string": "x", "new_string": "y"}, {"old_string": "z", "new_string": text}]}}),
            json!({"input": {"path": "config/staging.yml", "file_text": text}}),
        ]
    };
    for call in calls(&payments(&key)) {
        asks(&env, &repo, &call)
            .exits(2)
            .says("must not be written there")
            .says("staging.yml")
            .says("sandbox key")
            .hides(&key);
    }
    for call in calls(&payments(&test_key(1))) {
        asks(&env, &repo, &call).succeeded();
    }
}

#[test]
fn what_writes_no_file_of_the_repository_goes_on() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    let text = payments(&live_key(2));
    for call in [
        json!({"tool_name": "Bash", "tool_input": {"command": "ls"}}),
        json!({"tool_name": "Read", "tool_input": {"file_path": "config/staging.yml"}}),
        json!({"tool_name": "Write", "tool_input": {"file_path": "/tmp/staging.yml", "content": text}}),
        json!({"tool_name": "Write", "tool_input": {"file_path": "../staging.yml", "content": text}}),
    ] {
        asks(&env, &repo, &call).succeeded();
    }
    // The branch claims what no path does.
    let call =
        json!({"tool_name": "Write", "tool_input": {"file_path": "lib/pay.yml", "content": text}});
    asks(&env, &repo, &call).succeeded();
    repo.branch("staging");
    asks(&env, &repo, &call).exits(2).hides(&live_key(2));
    let mut command = env.command(STAGEGATE, &repo.dir);
    run_with_input(command.arg("agent"), b"no JSON")
        .could_not_decide()
        .says("no JSON at line 1");
}
