//! The hooks of one repository.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::git::settings::{ask, complaint};

use super::action::Work;
use super::hook::{self, Seat};
use super::shim::{OF_COMMITS, OF_PUSHES};
use super::{Refusal, everywhere, program, shim};

/// Where a repository's hooks are.
#[derive(Debug)]
pub(super) struct Places {
    /// Where they run: the top of the working tree, or the bare repository.
    pub(super) top: PathBuf,
    /// The repository's own hooks folder.
    pub(super) own: PathBuf,
    /// The folder that git runs hooks from.
    pub(super) hooks: PathBuf,
    pub(super) bare: bool,
    /// What `core.hooksPath` says, if anything: a folder as git understands it.
    pub(super) configured: Option<OsString>,
}

impl Places {
    pub(super) fn of(folder: &Path) -> Result<Self, Refusal> {
        let shown = folder.display();
        if !folder.is_dir() {
            return Err(Refusal::new(format!("there is no folder {shown}")));
        }
        let git_says = |args: &[&str]| format!("git says: {}", complaint(Some(folder), args));
        let Some(bare) = ask(Some(folder), &["rev-parse", "--is-bare-repository"]) else {
            return Err(Refusal::new(format!(
                "{shown} is not in a git repository (or git refuses to open it)"
            ))
            .hint(git_says(&["rev-parse"])));
        };
        let bare = bare == "true";
        let asked = if bare {
            ["rev-parse", "--absolute-git-dir"]
        } else {
            ["rev-parse", "--show-toplevel"]
        };
        let Some(top) = ask(Some(folder), &asked).map(PathBuf::from) else {
            return Err(
                Refusal::new(format!("{shown} has no working tree to guard"))
                    .hint(git_says(&asked)),
            );
        };
        let cannot = |what: &str| Refusal::new(format!("git cannot tell where {what} {shown} is"));
        let common = ask(Some(&top), &["rev-parse", "--git-common-dir"])
            .ok_or_else(|| cannot("the repository of"))?;
        let own = if common == "." {
            top.join("hooks")
        } else {
            top.join(common).join("hooks")
        };
        let hooks = ask(Some(&top), &["rev-parse", "--git-path", "hooks"])
            .ok_or_else(|| cannot("the folder of hooks of"))?;
        let configured = ask(
            Some(&top),
            &["config", "--get", "--type=path", "core.hooksPath"],
        )
        .filter(|value| !value.is_empty());
        Ok(Self {
            hooks: top.join(hooks),
            top,
            own,
            bare,
            configured,
        })
    }

    fn is_configured(&self, scope: &str) -> bool {
        ask(
            Some(&self.top),
            &["config", scope, "--get", "core.hooksPath"],
        )
        .is_some()
    }

    /// Whether `core.hooksPath` leads to the folder that stagegate keeps for all repositories of a user.
    pub(super) fn leads_to_ours(&self) -> bool {
        let ours = everywhere::folder();
        match (&self.configured, ours) {
            (Some(configured), Ok(ours)) => Path::new(configured) == ours,
            _ => false,
        }
    }

    /// The folder that a hook goes into, or none where it is there already. Refuses where somebody else manages the hooks.
    fn folder_for(&self, name: &str, chosen: &[&str]) -> Result<Option<PathBuf>, Refusal> {
        let Some(configured) = &self.configured else {
            return Ok(Some(self.hooks.clone()));
        };
        let shown = Path::new(configured).display();
        let top = self.top.display();
        if self.leads_to_ours() {
            let there = std::fs::read(Path::new(configured).join(name)).unwrap_or_default();
            let guarded =
                shim::mark_of(&there).is_some_and(|mark| mark.split(' ').next() == Some(name));
            // The hook of that name there passes on to the repository's own.
            return Ok((!guarded).then(|| self.own.clone()));
        }
        if is_huskys(configured) {
            let mut refusal = Refusal::new(format!(
                "husky manages the hooks of {top} (core.hooksPath is {shown}) and writes that folder anew"
            ));
            for name in chosen {
                let line = match *name {
                    "pre-commit" | "pre-merge-commit" => "stagegate pre-commit".to_owned(),
                    other => format!("stagegate {other} \"$@\""),
                };
                refusal = refusal.hint(format!("Add to .husky/{name} the line  {line}"));
            }
            return Err(refusal.hint("Nothing was changed."));
        }
        if !self.is_configured("--local") && !self.is_configured("--worktree") {
            return Err(Refusal::new(format!(
                "core.hooksPath is {shown} for more than this repository, so a hook there would guard all of them"
            ))
            .hint("Use --global=hooks-path, which goes in front of that folder and keeps its hooks running. Nothing was changed."));
        }
        Ok(Some(self.hooks.clone()))
    }
}

/// husky 4 to 9 keep their hooks in `.husky` or below it.
fn is_huskys(configured: &OsStr) -> bool {
    configured
        .as_bytes()
        .split(|&byte| byte == b'/')
        .any(|part| part == b".husky")
}

fn possible(bare: bool) -> &'static [&'static str] {
    if bare { &OF_PUSHES } else { &OF_COMMITS }
}

fn find(folder: &Path, bare: bool) -> Result<Places, Refusal> {
    let places = Places::of(folder)?;
    let shown = folder.display();
    match (bare, places.bare) {
        (false, true) => Err(Refusal::new(format!("{shown} is a bare repository"))
            .hint("Use --bare DIR to put a pre-receive hook there.")),
        (true, false) => Err(Refusal::new(format!("{shown} is not a bare repository"))
            .hint("Use --repo DIR for a repository with a working tree.")),
        _ => Ok(places),
    }
}

pub(super) fn install(work: &mut Work<'_>, folder: &Path, bare: bool) -> Result<(), Refusal> {
    let places = find(folder, bare)?;
    let usual: &[&str] = if bare { &["pre-receive"] } else { &OF_COMMITS };
    let chosen = work.choose(possible(bare), usual)?;
    let mut missing = Vec::new();
    for name in &chosen {
        if let Some(folder) = places.folder_for(name, &chosen)? {
            // All of them before the first, so that a refusal changes nothing.
            let seat = Seat::of(&folder, name);
            seat.check()?;
            missing.push((*name, seat));
        }
    }
    if work.options.prefix.is_some() {
        program::check(&work.program)?;
    }
    let configured = places.configured.clone().unwrap_or_default();
    let configured = Path::new(&configured);
    if missing.is_empty() {
        return work.say(&format!(
            "nothing to do: core.hooksPath leads to stagegate's hooks in {}, which guard this repository already",
            configured.display()
        ));
    }
    if places.configured.is_some() && !places.leads_to_ours() {
        work.say(&format!(
            "note: core.hooksPath of this repository is {}; git runs hooks only from there, so that is where they go",
            configured.display()
        ))?;
        if places.hooks != places.own && places.hooks.starts_with(&places.top) {
            work.say("note: that folder is part of the working tree; think before you commit what is put there")?;
        }
    }
    program::place(work)?;
    for (name, seat) in &missing {
        // The first may have made the folder that the next goes into.
        let seat = Seat::at(seat.hook.clone(), seat.in_folder);
        hook::place(work, name, &seat, OsStr::new(""))?;
    }
    Ok(())
}

pub(super) fn uninstall(work: &mut Work<'_>, folder: &Path, bare: bool) -> Result<(), Refusal> {
    let places = find(folder, bare)?;
    let chosen = work.choose(possible(bare), possible(bare))?;
    // The folder for every repository of this user is not this one's to empty.
    let hooks = if places.leads_to_ours() {
        &places.own
    } else {
        &places.hooks
    };
    let mut folders = vec![hooks.as_path()];
    if places.own != *hooks {
        folders.push(&places.own);
    }
    hook::remove_all(work, &folders, &chosen)?;
    if !work.took {
        work.say(&format!(
            "nothing to do: stagegate guards nothing in {}",
            hooks.display()
        ))?;
    }
    Ok(())
}
