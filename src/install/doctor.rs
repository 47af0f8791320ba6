//! How the hooks of a repository stand: does git run them, do they run the gate, what else runs with them. Reads only.
//!
//! git is silent about a hook that it does not run: not executable, a link that leads nowhere, a setting that an older git
//! does not know. So this says it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git::settings;

use super::Refusal;
use super::below;
use super::hook::{Seat, seats};
use super::managed;
use super::repository::Places;
use super::shim::{self, OF_COMMITS, OF_PUSHES, State, is_there, look_at, runs};

/// From this version on git runs hooks that its configuration names.
const CONFIGURED_HOOKS: (u32, u32) = (2, 54);

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// The gate does not do its work because of it.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Check {
    /// What: a word or two.
    pub about: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// What was found.
    pub says: String,
    /// What to do about it.
    pub fix: Option<String>,
}

impl Check {
    /// One thing that was looked at.
    pub fn new(about: &'static str, standing: Standing, says: impl Into<String>) -> Self {
        Self {
            about,
            standing,
            says: says.into(),
            fix: None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Looks at the hooks of the repository around a folder.
///
/// # Errors
///
/// Where there is no repository, or git does not open it.
pub fn look_after(folder: &Path) -> Result<Vec<Check>, Refusal> {
    let places = Places::of(folder)?;
    let mut checks = Vec::new();
    let version = settings::version();
    if let Some((major, minor)) = version {
        checks.push(Check::new(
            "git",
            Standing::Good,
            format!("version {major}.{minor}"),
        ));
    }
    checks.extend(folder_of_hooks(&places));
    let names: &[&str] = if places.bare { &OF_PUSHES } else { &OF_COMMITS };
    let mut guarded = Vec::new();
    for name in names {
        if let Some(found) = hook(&places, name) {
            if found.iter().all(|check| check.standing != Standing::Bad)
                && found.iter().any(|check| check.standing == Standing::Good)
            {
                guarded.push(*name);
            }
            checks.extend(found);
        }
    }
    for (key, command) in configured_hooks(&places.top) {
        let said = format!("{key}: {command}");
        if version >= Some(CONFIGURED_HOOKS) {
            guarded.push("hook of git's configuration");
            checks.push(Check::new("hook", Standing::Good, said));
        } else {
            checks.push(
                Check::new(
                    "hook",
                    Standing::Bad,
                    format!("{said}; this git is too old to run it and does not say so"),
                )
                .fix("install the hook itself (stagegate install), or git 2.54 or later"),
            );
        }
    }
    if let Some((manager, file)) = managed::file_naming_the_gate(&places.top) {
        let installed = names.iter().any(|name| {
            let hook = places.hooks.join(name);
            runs(&hook) && look_at(&hook) == State::Foreign
        });
        if installed {
            guarded.push(manager.name);
            let says = format!("{} runs the gate: {file} names it", manager.name);
            checks.push(Check::new("manager", Standing::Good, says));
        } else {
            let says = format!(
                "{file} names the gate, but {} has put no hook into {}",
                manager.name,
                places.hooks.display()
            );
            checks.push(Check::new("manager", Standing::Bad, says).fix(format!(
                "run the installation of {} in this clone",
                manager.name
            )));
        }
    }
    checks.push(summary(&places, names, &guarded));
    Ok(checks)
}

fn summary(places: &Places, names: &[&str], guarded: &[&str]) -> Check {
    let install = if places.bare {
        "stagegate install --bare ."
    } else {
        "stagegate install"
    };
    let guarded_by_shims = names.iter().filter(|name| guarded.contains(name)).count();
    if guarded.is_empty() {
        let says = if places.bare {
            "nothing judges what is pushed here"
        } else {
            "nothing judges commits or pushes here"
        };
        return Check::new("guard", Standing::Bad, says).fix(install);
    }
    // One of the two suffices on a server.
    if !places.bare && guarded_by_shims > 0 && guarded_by_shims < names.len() {
        let missing: Vec<&str> = names
            .iter()
            .filter(|name| !guarded.contains(name))
            .copied()
            .collect();
        return Check::new(
            "guard",
            Standing::Note,
            format!("not guarded by: {}", missing.join(", ")),
        )
        .fix(install);
    }
    Check::new(
        "guard",
        Standing::Good,
        format!("guarded by {}", guarded.join(", ")),
    )
}

/// Which folder git runs hooks from.
fn folder_of_hooks(places: &Places) -> Vec<Check> {
    let mut checks = Vec::new();
    let shown = places.hooks.display();
    if places.leads_to_ours() {
        checks.push(Check::new(
            "hooks",
            Standing::Good,
            format!("core.hooksPath leads to stagegate's folder {shown}, for every repository of this user"),
        ));
    } else if places.configured.is_some() {
        let check = if places.hooks.is_dir() {
            Check::new(
                "hooks",
                Standing::Note,
                format!("core.hooksPath: git runs hooks from {shown} only"),
            )
        } else {
            Check::new("hooks", Standing::Bad, format!("core.hooksPath is {shown}, and there is no such folder: git runs no hook at all"))
                .fix("git config --unset core.hooksPath, or make the folder")
        };
        checks.push(check);
        for name in OF_COMMITS.iter().chain(&OF_PUSHES) {
            let hidden = places.own.join(name);
            if places.own != places.hooks && look_at(&hidden) == State::Ours {
                checks.push(
                    Check::new(
                        "hook",
                        Standing::Bad,
                        format!("{} is never run: core.hooksPath hides it", hidden.display()),
                    )
                    .fix("install again: the hook goes to where git looks"),
                );
            }
        }
    } else {
        checks.push(Check::new(
            "hooks",
            Standing::Good,
            format!("git runs hooks from {shown}"),
        ));
    }
    checks
}

/// One hook, and what is chained to it; none where nothing stands in its place.
fn hook(places: &Places, name: &str) -> Option<Vec<Check>> {
    let [plain, member] = seats(&places.hooks, name);
    let seat = if member.state == State::None {
        plain
    } else {
        member
    };
    let shown = seat.hook.display().to_string();
    let text = fs::read(&seat.hook).unwrap_or_default();
    let mut checks = Vec::new();
    match seat.state {
        State::None => return None,
        State::Odd => {
            checks.push(Check::new(
                "hook",
                Standing::Bad,
                format!("{shown} is neither a file nor a link"),
            ));
        }
        State::Foreign if !seat.hook.exists() => {
            checks.push(
                Check::new(
                    "hook",
                    Standing::Bad,
                    format!("{shown} is a link that leads nowhere: git skips it without a word"),
                )
                .fix("remove it and run stagegate install"),
            );
        }
        State::Foreign if !runs(&seat.hook) => {
            let check = Check::new(
                "hook",
                Standing::Note,
                format!("{shown} is not executable: git skips it"),
            );
            checks.push(check);
        }
        State::Foreign => {
            let words = String::from_utf8_lossy(&text);
            let whose = managed::of_hook(&seat.hook);
            let called = words
                .lines()
                .any(|line| line.contains("stagegate") && !line.trim_start().starts_with('#'));
            let check = match whose {
                Some(manager) if !called => Check::new(
                    "hook",
                    Standing::Note,
                    format!("{shown} is {}'s", manager.name),
                )
                .fix(manager.advice),
                _ if called => Check::new(
                    "hook",
                    Standing::Good,
                    format!("{shown} has a line that runs stagegate"),
                ),
                _ => Check::new(
                    "hook",
                    Standing::Note,
                    format!("{shown} is somebody else's and does not name stagegate"),
                )
                .fix("stagegate install keeps it running and puts the gate beside it"),
            };
            checks.push(check);
        }
        State::Ours | State::Edited => checks.extend(shims(&seat, &text, name)),
    }
    if is_there(&seat.kept) {
        let kept = seat.kept.display();
        let order = if name == "pre-commit" || name == "pre-merge-commit" {
            "before the gate"
        } else {
            "after the gate, if it lets the push pass"
        };
        checks.push(if runs(&seat.kept) {
            Check::new("chained", Standing::Good, format!("{kept} runs {order}"))
        } else {
            Check::new(
                "chained",
                Standing::Note,
                format!("{kept} is not run, as git did not run it before"),
            )
        });
    }
    let among = places.hooks.join(format!("{name}.d"));
    if among.is_dir() && !seat.in_folder {
        checks.push(Check::new(
            "chained",
            Standing::Note,
            format!("git itself does not run what stands in {}", among.display()),
        ));
    }
    Some(checks)
}

fn shims(seat: &Seat, text: &[u8], name: &str) -> Vec<Check> {
    let shown = seat.hook.display().to_string();
    if !runs(&seat.hook) {
        return vec![
            Check::new(
                "hook",
                Standing::Bad,
                format!("{shown} is not executable: git skips it"),
            )
            .fix(format!("chmod +x {shown}")),
        ];
    }
    if shim::mark_of(text).is_some_and(|mark| mark.starts_with(shim::PASS_ON)) {
        return vec![Check::new(
            "hook",
            Standing::Note,
            format!("{shown} passes {name} on and judges nothing"),
        )];
    }
    let mut checks = Vec::new();
    if seat.state == State::Edited {
        checks.push(Check::new(
            "hook",
            Standing::Note,
            format!(
                "{shown} was edited since it was installed; it will neither be replaced nor removed"
            ),
        ));
    }
    checks.push(match runs_what(seat, text) {
        Some(program) => Check::new(
            "hook",
            Standing::Good,
            format!("{shown} runs {}", program.display()),
        ),
        None => Check::new(
            "hook",
            Standing::Bad,
            format!("{shown} finds no stagegate to run, so it refuses everything"),
        )
        .fix("install again: stagegate install, or install.sh"),
    });
    checks
}

/// The binary that a shim finds: the one it was given, else beside it, else on PATH.
fn runs_what(seat: &Seat, text: &[u8]) -> Option<PathBuf> {
    let beside = seat.hook.with_file_name("stagegate");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("stagegate"));
    shim::program_of(text)
        .into_iter()
        .chain([beside])
        .chain(on_path)
        .find(|program| runs(program))
}

/// Hooks of git's configuration that run the gate: key and command.
fn configured_hooks(top: &Path) -> Vec<(String, String)> {
    let asked = ["config", "--null", "--get-regexp", r"^hook\..*\.command$"];
    let Some(answer) = settings::ask(Some(top), &asked) else {
        return Vec::new();
    };
    answer
        .to_string_lossy()
        .split('\0')
        .filter_map(|entry| entry.split_once('\n'))
        .filter(|(_, command)| command.contains("stagegate"))
        .map(|(key, command)| (key.to_owned(), command.to_owned()))
        .collect()
}

/// The bare repositories below a folder, each with what is worst of it: none where all is well.
///
/// # Errors
///
/// Where the folder cannot be read.
pub fn look_after_below(folder: &Path) -> Result<Vec<(PathBuf, Option<Check>)>, Refusal> {
    let (found, _) = below::repositories(folder)?;
    Ok(found
        .into_iter()
        .map(|repository| {
            let worst = match look_after(&repository) {
                Ok(checks) => checks
                    .into_iter()
                    .find(|check| check.standing == Standing::Bad),
                Err(refusal) => Some(Check::new("repository", Standing::Bad, refusal.what)),
            };
            (repository, worst)
        })
        .collect())
}
