//! `init.templateDir`: what is made or cloned from now on gets a copy of the hooks.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::settings::{ask, tell};

use super::action::Work;
use super::everywhere::{data, set};
use super::hook::{self, Seat, remove_if_empty};
use super::shim::OF_COMMITS;
use super::{Refusal, program};

const KEY: &str = "init.templateDir";

/// What git's own template gives every repository, beside samples of hooks.
const OF_GIT: [&str; 2] = ["description", "info/exclude"];

fn configured() -> Option<PathBuf> {
    ask(None, &["config", "--get", "--type=path", KEY]).map(PathBuf::from)
}

/// A template replaces git's own, so it has to hold what git's own would have given.
fn fill(template: &Path) -> io::Result<()> {
    fs::create_dir_all(template.join("info"))?;
    let scratch = template.join("stagegate-scratch");
    tell(
        None,
        &[
            OsStr::new("init"),
            OsStr::new("-q"),
            OsStr::new("--bare"),
            scratch.as_os_str(),
        ],
    )
    .map_err(io::Error::other)?;
    for file in OF_GIT {
        if scratch.join(file).is_file() {
            fs::copy(scratch.join(file), template.join(file))?;
        }
    }
    fs::remove_dir_all(scratch)
}

fn empty(template: &Path) {
    for file in OF_GIT {
        let _ = fs::remove_file(template.join(file));
    }
    for folder in ["info", "hooks", ""] {
        remove_if_empty(&template.join(folder));
    }
    if let Some(data) = template.parent() {
        remove_if_empty(data);
    }
}

pub(super) fn install(work: &mut Work<'_>) -> Result<(), Refusal> {
    let chosen = work.choose(&OF_COMMITS, &OF_COMMITS)?;
    let own = data()?.join("template");
    if std::env::var_os("GIT_TEMPLATE_DIR").is_some_and(|value| !value.is_empty()) {
        work.say("note: GIT_TEMPLATE_DIR is set and outranks init.templateDir")?;
    }
    if work.options.prefix.is_some() {
        program::check(&work.program)?;
    }
    let theirs =
        configured().filter(|template| !template.as_os_str().is_empty() && *template != own);
    let template = theirs.clone().unwrap_or_else(|| own.clone());
    let hooks = template.join("hooks");
    for name in &chosen {
        Seat::of(&hooks, name).check()?;
    }
    let shown = template.display();
    if theirs.is_some() {
        if !template.is_dir() {
            return Err(
                Refusal::new(format!("{KEY} is {shown}, and there is no such folder"))
                    .hint(format!("Make it, or unset {KEY}. Nothing was changed.")),
            );
        }
        program::place(work)?;
        work.say(&format!(
            "note: {KEY} is {shown} already, so the hooks go there and the setting stays"
        ))?;
    } else {
        program::place(work)?;
        if !template.is_dir() {
            work.act(&format!("make the template {shown}"), || fill(&template))?;
        }
    }
    for name in &chosen {
        hook::place(work, name, &Seat::of(&hooks, name), OsStr::new(""))?;
    }
    if theirs.is_none() {
        let global = ask(None, &["config", "--global", "--get", "--type=path", KEY]);
        if global.as_deref() == Some(template.as_os_str()) {
            work.say(&format!("unchanged: {KEY}"))?;
        } else {
            work.act(&format!("set {KEY} to {shown}"), || {
                set(KEY, template.as_os_str())
            })?;
        }
    }
    work.say("note: new repositories and clones get the hooks; for those that are there already: --repo DIR")?;
    work.say("note: linked worktrees share the hooks of their repository")
}

pub(super) fn uninstall(work: &mut Work<'_>) -> Result<(), Refusal> {
    let chosen = work.choose(&OF_COMMITS, &OF_COMMITS)?;
    let mut gone = false;
    if let Some(template) = configured() {
        hook::remove_all(work, &[&template.join("hooks")], &chosen)?;
        gone = work.took;
        if template == data()?.join("template") && work.options.hooks.is_none() {
            work.act(&format!("unset {KEY}, which stagegate had set"), || {
                tell(None, &["config", "--global", "--unset", KEY]).map_err(io::Error::other)
            })?;
            work.act(&format!("remove {}", template.display()), || {
                empty(&template);
                Ok(())
            })?;
            gone = true;
        }
    }
    if gone {
        work.say("note: repositories made meanwhile have their own copy of the hooks; --uninstall --repo DIR takes it out")
    } else {
        work.say(&format!(
            "nothing to do: {KEY} leads to no hook of stagegate"
        ))
    }
}
