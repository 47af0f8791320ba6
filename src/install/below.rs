//! Servers: every bare repository below a folder, and a folder of hooks that a server runs for many repositories.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::action::Work;
use super::hook::{self, Seat};
use super::shim::OF_PUSHES;
use super::{Refusal, program, repository};

/// Deeper than that nobody keeps repositories: GitLab's hashed storage has five folders, Gitea's two.
const DEEPEST: usize = 16;

/// The bare repositories below a folder, in the order of their paths, and how many have a working tree. Links are not
/// followed, and nothing is looked for inside of a repository.
pub(super) fn repositories(folder: &Path) -> Result<(Vec<PathBuf>, usize), Refusal> {
    if !folder.is_dir() {
        return Err(Refusal::new(format!(
            "there is no folder {}",
            folder.display()
        )));
    }
    let mut found = Vec::new();
    let mut others = 0;
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if is_git_directory(&folder) {
            found.push(folder);
            continue;
        }
        if is_there(&folder.join(".git")) {
            others += 1;
            continue;
        }
        if depth == DEEPEST {
            continue;
        }
        let entries = fs::read_dir(&folder).map_err(|error| {
            Refusal::new(format!("cannot read {}: {error}", folder.display()))
                .hint("Run it as the user who owns the repositories. Nothing was changed.")
        })?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push((entry.path(), depth + 1));
            }
        }
    }
    found.sort();
    Ok((found, others))
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// git's own three signs of a repository.
fn is_git_directory(folder: &Path) -> bool {
    is_there(&folder.join("HEAD"))
        && folder.join("objects").is_dir()
        && folder.join("refs").is_dir()
}

/// Each repository by itself: one in doubt keeps no other from its guard, and is named at the end.
fn each(
    work: &mut Work<'_>,
    folder: &Path,
    what: fn(&mut Work<'_>, &Path, bool) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let (found, others) = repositories(folder)?;
    let mut refused: Vec<String> = Vec::new();
    for repository in &found {
        if let Err(refusal) = what(work, repository, true) {
            work.say(&format!("left as it is: {}", refusal.what))?;
            refused.push(refusal.what);
        }
    }
    work.say(&format!(
        "{} bare repositories below {}, {} left as they are",
        found.len(),
        folder.display(),
        refused.len()
    ))?;
    if others > 0 {
        work.say(&format!(
            "note: {others} with a working tree are not counted; --repo DIR guards one"
        ))?;
    }
    if refused.is_empty() {
        return Ok(());
    }
    let mut refusal = Refusal::new(format!(
        "{} of {} repositories were left as they are",
        refused.len(),
        found.len()
    ));
    refusal.hints = refused;
    Err(refusal)
}

pub(super) fn install(work: &mut Work<'_>, folder: &Path) -> Result<(), Refusal> {
    work.choose(&OF_PUSHES, &OF_PUSHES)?;
    if work.options.prefix.is_some() {
        program::check(&work.program)?;
    }
    each(work, folder, repository::install)?;
    work.say("note: repositories made later need it too: run this again, or set core.hooksPath in the server's git configuration")
}

pub(super) fn uninstall(work: &mut Work<'_>, folder: &Path) -> Result<(), Refusal> {
    work.choose(&OF_PUSHES, &OF_PUSHES)?;
    each(work, folder, repository::uninstall)
}

/// The places of the gate in a folder of hooks: `pre-receive`, or a file in a folder that is named `pre-receive.d`.
fn places(work: &Work<'_>, folder: &Path) -> Result<Vec<(&'static str, Seat)>, Refusal> {
    let member_of = OF_PUSHES
        .into_iter()
        .find(|name| folder.file_name() == Some(OsStr::new(&format!("{name}.d"))));
    if let Some(name) = member_of {
        work.choose(&[name], &[name])?;
        let hook = folder.join(hook::member_name(name));
        return Ok(vec![(name, Seat::at(hook, true))]);
    }
    let chosen = work.choose(&OF_PUSHES, &["pre-receive"])?;
    Ok(chosen
        .into_iter()
        .map(|name| (name, Seat::of(folder, name)))
        .collect())
}

pub(super) fn install_into(work: &mut Work<'_>, folder: &Path) -> Result<(), Refusal> {
    let places = places(work, folder)?;
    for (_, seat) in &places {
        seat.check()?;
    }
    if work.options.prefix.is_some() {
        program::check(&work.program)?;
    }
    program::place(work)?;
    for (name, seat) in &places {
        let seat = Seat::at(seat.hook.clone(), seat.in_folder);
        hook::place(work, name, &seat, OsStr::new(""))?;
    }
    Ok(())
}

pub(super) fn uninstall_from(work: &mut Work<'_>, folder: &Path) -> Result<(), Refusal> {
    let mut seats: Vec<Seat> = places(work, folder)?
        .into_iter()
        .map(|(_, seat)| seat)
        .collect();
    if work.options.hooks.is_none() && seats.iter().all(|seat| !seat.in_folder) {
        seats = OF_PUSHES
            .iter()
            .flat_map(|name| hook::seats(folder, name))
            .collect();
    }
    for seat in &seats {
        seat.check_removal()?;
    }
    for seat in &seats {
        hook::remove(work, seat)?;
    }
    if !work.took {
        work.say(&format!(
            "nothing to do: stagegate guards nothing in {}",
            folder.display()
        ))?;
    }
    Ok(())
}
