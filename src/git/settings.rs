//! What git says of itself and of a repository when it is asked by a person: where hooks run, what is configured. Used to
//! install and to look after hooks, never to judge: judging opens the repository as git's environment names it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Variables that name a repository, or change what is in it (`git rev-parse --local-env-vars`). Inside a hook they name
/// another one than the folder that is asked about.
const OF_A_REPOSITORY: [&str; 16] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

fn command<S: AsRef<OsStr>>(folder: Option<&Path>, args: &[S]) -> Command {
    let mut command = Command::new("git");
    for name in OF_A_REPOSITORY {
        command.env_remove(name);
    }
    if let Some(folder) = folder {
        command.arg("-C").arg(folder);
    }
    command
        .args(args)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null());
    command
}

/// What git answers, without the newline that ends it; none where it fails or cannot be run.
pub fn ask<S: AsRef<OsStr>>(folder: Option<&Path>, args: &[S]) -> Option<OsString> {
    let output = command(folder, args).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let mut answer = output.stdout;
    if answer.last() == Some(&b'\n') {
        answer.pop();
    }
    Some(OsString::from_vec(answer))
}

/// What git complains about when it is asked this; empty where it does not.
pub fn complaint<S: AsRef<OsStr>>(folder: Option<&Path>, args: &[S]) -> String {
    match command(folder, args).output() {
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => format!("git cannot be run: {error}"),
    }
}

/// Lets git do something.
///
/// # Errors
///
/// What git says of why it does not.
pub fn tell<S: AsRef<OsStr>>(folder: Option<&Path>, args: &[S]) -> Result<(), String> {
    match command(folder, args).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("git cannot be run: {error}")),
    }
}

/// The version of the git that runs here, its first two numbers; none where there is no git.
pub fn version() -> Option<(u32, u32)> {
    let said = ask::<&str>(None, &["version"])?;
    let said = said.to_str()?.strip_prefix("git version ")?.to_owned();
    let mut numbers = said.split('.').map_while(|part| part.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}
