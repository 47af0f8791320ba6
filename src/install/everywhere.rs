//! `core.hooksPath`: one folder of hooks in front of every repository of this user. Hooks of the repositories, and of a
//! folder that the setting named before, go on running.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use crate::git::settings::{ask, tell};

use super::action::Work;
use super::hook::{self, Seat, remove_if_empty};
use super::shim::{OF_COMMITS, PASS_ON};
use super::{Refusal, program};

const KEY: &str = "core.hooksPath";

/// All hooks that git looks for in the hooks folder, apart from three that must be absent where a repository has none:
/// push-to-checkout (its presence replaces what git would do), and reference-transaction and post-index-change (one process
/// for each step of nearly every command).
const PASSED_ON: [&str; 24] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "proc-receive",
    "post-receive",
    "post-update",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
    "p4-changelist",
    "p4-prepare-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
];

/// Where stagegate keeps what is for all repositories of this user.
pub(super) fn data() -> Result<PathBuf, Refusal> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = match (named("XDG_DATA_HOME"), named("HOME")) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(home)) => PathBuf::from(home).join(".local/share"),
        (None, None) => return Err(Refusal::new("HOME is not set")),
    };
    Ok(base.join("stagegate"))
}

pub(super) fn folder() -> Result<PathBuf, Refusal> {
    Ok(data()?.join("hooks"))
}

/// Sets a key in this user's configuration of git.
pub(super) fn set(key: &str, value: &OsStr) -> io::Result<()> {
    let args = [
        OsStr::new("config"),
        OsStr::new("--global"),
        OsStr::new(key),
        value,
    ];
    tell(None, &args).map_err(io::Error::other)
}

/// What the setting is, as git understands it.
fn current() -> Option<OsString> {
    ask(None, &["config", "--global", "--get", "--type=path", KEY])
}

/// The value before stagegate's, as it was written.
fn earlier() -> Result<Option<OsString>, Refusal> {
    let mut text = match fs::read(data()?.join("earlier-hooks-path")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    Ok(Some(OsString::from_vec(text)))
}

pub(super) fn install(work: &mut Work<'_>) -> Result<(), Refusal> {
    let chosen = work.choose(&OF_COMMITS, &OF_COMMITS)?;
    let data = data()?;
    let hooks = folder()?;
    for name in PASSED_ON {
        Seat::at(hooks.join(name), false).check()?;
    }
    if work.options.prefix.is_some() {
        program::check(&work.program)?;
    }
    program::place(work)?;
    let current = current().filter(|value| !value.is_empty());
    let theirs = current.clone().filter(|value| *value != *hooks.as_os_str());
    let hides = if let Some(theirs) = theirs {
        let shown = PathBuf::from(&theirs);
        work.say(&format!(
            "note: {KEY} is {}; the hooks there go on running, after stagegate's",
            shown.display()
        ))?;
        let mut written = ask(None, &["config", "--global", "--get", KEY]).unwrap_or_default();
        written.push("\n");
        work.act("remember that value for --uninstall", || {
            fs::create_dir_all(&data)?;
            fs::write(data.join("earlier-hooks-path"), written.as_bytes())
        })?;
        theirs
    } else if let Some(earlier) = earlier()? {
        match (
            earlier.as_bytes().strip_prefix(b"~/"),
            std::env::var_os("HOME"),
        ) {
            (Some(rest), Some(home)) => PathBuf::from(home).join(OsStr::from_bytes(rest)).into(),
            _ => earlier,
        }
    } else {
        OsString::from("repository")
    };
    for name in &chosen {
        hook::place(work, name, &Seat::at(hooks.join(name), false), &hides)?;
    }
    let sentence = format!("pass on every other hook, from {}", hooks.display());
    let quiet_of = |name: &&str| !chosen.contains(name);
    let others: Vec<&str> = PASSED_ON
        .iter()
        .filter(|name| quiet_of(name))
        .copied()
        .collect();
    work.say(&sentence)?;
    hook::place_quietly(work, PASS_ON, &hooks, &others, &hides)?;
    if current.as_deref() == Some(hooks.as_os_str()) {
        work.say(&format!("unchanged: {KEY}"))?;
    } else {
        work.act(&format!("set {KEY} to {}", hooks.display()), || {
            set(KEY, hooks.as_os_str())
        })?;
    }
    work.say(&format!(
        "note: a repository with a {KEY} of its own (husky) is not reached by this"
    ))?;
    work.say("note: hooks named push-to-checkout, reference-transaction and post-index-change are not passed on")
}

pub(super) fn uninstall(work: &mut Work<'_>) -> Result<(), Refusal> {
    if work.options.hooks.is_some() {
        return Err(
            Refusal::new("--hooks does not go with uninstalling --global=hooks-path").hint(
                "To guard fewer, install again with a shorter list; the others are passed on then.",
            ),
        );
    }
    let hooks = folder()?;
    for name in PASSED_ON {
        Seat::at(hooks.join(name), false).check_removal()?;
    }
    let mut gone = false;
    if current().as_deref() == Some(hooks.as_os_str()) {
        let earlier = earlier()?;
        let remembered = data()?.join("earlier-hooks-path");
        work.act(
            "give core.hooksPath back the value it had (or none)",
            || match earlier {
                Some(value) => {
                    set(KEY, &value)?;
                    fs::remove_file(remembered)
                }
                None => {
                    tell(None, &["config", "--global", "--unset", KEY]).map_err(io::Error::other)
                }
            },
        )?;
        gone = true;
    } else if hooks.is_dir() {
        work.say(&format!(
            "note: {KEY} is not stagegate's any more, so it stays as it is"
        ))?;
    }
    let seats: Vec<Seat> = PASSED_ON
        .iter()
        .map(|name| Seat::at(hooks.join(name), false))
        .collect();
    gone |= hook::remove_quietly(work, &seats)?;
    if !gone {
        return work.say(&format!("nothing to do: {KEY} does not lead to stagegate"));
    }
    work.act(&format!("remove {}", hooks.display()), || {
        remove_if_empty(&hooks);
        if let Some(data) = hooks.parent() {
            remove_if_empty(data);
        }
        Ok(())
    })
}
