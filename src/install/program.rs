//! The binary that the hooks run: copied to a folder of its own, or left where it is.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::action::Work;
use super::shim;
use super::{Refusal, documents};

/// Whether a file is some version of this program.
fn is_stagegate(file: &Path) -> bool {
    let output = Command::new(file)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| output.stdout.starts_with(b"stagegate "))
}

/// Copies the binary to its folder, if it has one; once for all hooks.
pub(super) fn place(work: &mut Work<'_>) -> Result<(), Refusal> {
    if std::mem::replace(&mut work.placed, true) {
        return Ok(());
    }
    let Some(folder) = &work.options.prefix else {
        return Ok(());
    };
    place_binary(work, folder)?;
    documents::place(work)
}

fn place_binary(work: &mut Work<'_>, folder: &Path) -> Result<(), Refusal> {
    let (binary, program) = (&work.options.binary, work.program.clone());
    let bytes = fs::read(binary)
        .map_err(|error| Refusal::new(format!("cannot read {}: {error}", binary.display())))?;
    if shim::is_there(&program) {
        if fs::read(&program).is_ok_and(|there| there == bytes) {
            return work.say(&format!("unchanged: {}", program.display()));
        }
        check(&program)?;
    }
    let sentence = format!("install the binary as {}", program.display());
    // A rename, because a running binary cannot be written to.
    work.act(&sentence, || shim::put(&bytes, &program))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|entry| entry == folder) {
        work.say(&format!(
            "note: {} is not on PATH; the hooks know the full path, but to run `stagegate` yourself add it",
            folder.display()
        ))?;
    }
    Ok(())
}

/// Refuses where another program stands in the binary's place.
pub(super) fn check(program: &Path) -> Result<(), Refusal> {
    let plain = program
        .symlink_metadata()
        .map_or(true, |metadata| metadata.is_file() && is_stagegate(program));
    if plain {
        return Ok(());
    }
    Err(Refusal::new(format!(
        "{} is there already and is not stagegate",
        program.display()
    ))
    .hint("Move it away, or choose another folder with --prefix DIR."))
}

pub(super) fn remove(work: &mut Work<'_>) -> Result<(), Refusal> {
    let program = work.program.clone();
    if work.options.prefix.is_none() {
        return Err(
            Refusal::new("--no-hooks removes the binary of a folder, and none is named")
                .hint("Name it with --prefix DIR."),
        );
    }
    if !program.exists() {
        documents::remove(work)?;
        return work.say(&format!("nothing to do: there is no {}", program.display()));
    }
    if !is_stagegate(&program) {
        return Err(Refusal::new(format!(
            "{} is not stagegate; not removed",
            program.display()
        )));
    }
    work.act(&format!("remove {}", program.display()), || {
        fs::remove_file(&program)
    })?;
    documents::remove(work)?;
    work.say("note: hooks that still point to it refuse every commit and push until they are uninstalled too")
}
