//! One hook in one folder: put there, with what was there kept and chained; taken out, with what was there put back.
//!
//! Where the hook that is there runs all files of a folder `HOOK.d` (Gitea's, Forgejo's and many home-made ones do), the
//! gate becomes one of those files, because such a dispatcher is written anew by its owner. Before the others for a push, so
//! that nothing starts for one that is refused; after the others for a commit, so that the gate sees what they stage.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::Refusal;
use super::action::Work;
use super::managed;
use super::shim::{self, State, beside, is_there, look_at, runs};

/// A hook's place, and what stands there.
#[derive(Debug)]
pub(super) struct Seat {
    /// The file that is the gate's.
    pub(super) hook: PathBuf,
    /// Where one that was there before is kept.
    pub(super) kept: PathBuf,
    pub(super) state: State,
    /// Whether it is a file among others in a folder `HOOK.d`.
    pub(super) in_folder: bool,
}

impl Seat {
    /// Where hook `name` of a folder goes.
    pub(super) fn of(folder: &Path, name: &str) -> Self {
        let plain = folder.join(name);
        let among = folder.join(format!("{name}.d"));
        let member = among.join(member_name(name));
        let in_folder = look_at(&plain) == State::Foreign
            && among.is_dir()
            && !is_there(&beside(&plain, ".stagegate-kept"))
            && runs(&plain)
            && dispatches(&plain, name);
        Self::at(if in_folder { member } else { plain }, in_folder)
    }

    pub(super) fn at(hook: PathBuf, in_folder: bool) -> Self {
        let state = look_at(&hook);
        let kept = beside(&hook, ".stagegate-kept");
        Self {
            hook,
            kept,
            state,
            in_folder,
        }
    }

    /// Refuses where it is not clear what to do.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let hook = self.hook.display();
        match self.state {
            State::Edited => Err(Refusal::new(format!(
                "{hook} is stagegate's, but was edited since"
            ))
            .hint("Move it away and run this again. Nothing was changed.")),
            State::Odd => Err(Refusal::new(format!("{hook} is neither a file nor a link"))
                .hint("Move it away and run this again. Nothing was changed.")),
            State::Foreign if is_there(&self.kept) => Err(Refusal::new(format!(
                "{hook} is not stagegate's, but {} from an earlier installation is still there",
                self.kept.display()
            ))
            .hint("Another tool has replaced the hook since. Decide which of the two to keep, move the other away, run this again.")
            .hint("Nothing was changed.")),
            State::None | State::Ours | State::Foreign => Ok(()),
        }
    }

    /// Refuses where it is not clear what is to be taken out; says whether there is anything.
    pub(super) fn check_removal(&self) -> Result<bool, Refusal> {
        let hook = self.hook.display();
        match self.state {
            State::Edited => Err(Refusal::new(format!(
                "{hook} is stagegate's, but was edited since; not removed"
            ))
            .hint("Remove it yourself. Nothing was changed.")),
            State::Foreign | State::Odd if is_there(&self.kept) => Err(Refusal::new(format!(
                "{hook} is not stagegate's, but {} is still there",
                self.kept.display()
            ))
            .hint("Another tool has replaced the hook since. Decide which of the two to keep; nothing was changed.")),
            State::Foreign | State::Odd => Ok(false),
            State::Ours => Ok(true),
            State::None => Ok(is_there(&self.kept)),
        }
    }
}

/// The name of the gate's file in a folder `HOOK.d`, whose files run in the order of their names.
pub(super) fn member_name(hook: &str) -> &'static str {
    if shim::OF_PUSHES.contains(&hook) || hook == "pre-push" {
        "00-stagegate"
    } else {
        "zz-stagegate"
    }
}

/// Whether a hook runs the files of its folder `HOOK.d`: it says so, or makes the folder's name from its own.
fn dispatches(hook: &Path, name: &str) -> bool {
    let Ok(text) = fs::read(hook) else {
        return false;
    };
    let text = String::from_utf8_lossy(&text);
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let exact = format!("{name}.d");
    code.into_iter().any(|line| {
        line.contains(&exact)
            || ["}.d/", "0.d/", "\".d/"]
                .iter()
                .any(|end| line.contains(end))
    })
}

/// All places that the gate may have in a folder under this name.
pub(super) fn seats(folder: &Path, name: &str) -> [Seat; 2] {
    let member = folder.join(format!("{name}.d")).join(member_name(name));
    [Seat::at(folder.join(name), false), Seat::at(member, true)]
}

/// Puts a shim into a place that was checked; `hides` is whose hook it stands in front of.
pub(super) fn place(
    work: &mut Work<'_>,
    shim: &str,
    seat: &Seat,
    hides: &OsStr,
) -> Result<(), Refusal> {
    seat.check()?;
    let hook = &seat.hook;
    let folder = hook.parent().unwrap_or(Path::new("."));
    // Each shim in a folder that was made for them says so: whichever is removed last takes the folder along.
    let origin = if !folder.is_dir() || was_made(folder) {
        shim::MADE_FOLDER
    } else {
        "here"
    };
    let text = shim::fill_in(shim, &work.program, hides, origin);
    match seat.state {
        State::Ours => {
            let same = fs::read(hook).is_ok_and(|there| there == text) && runs(hook);
            if same {
                return work.say(&format!("unchanged: {}", hook.display()));
            }
            return work.act(&format!("update {}", hook.display()), || {
                shim::put(&text, hook)
            });
        }
        State::Foreign => {
            let mut sentence = format!("keep the hook that is there as {}", seat.kept.display());
            sentence += if runs(hook) {
                "; it goes on running"
            } else {
                "; git did not run it (not executable, or no such target), so neither will stagegate"
            };
            if let Some(note) = managed::of_hook(hook).and_then(|manager| manager.note()) {
                work.say(&note)?;
            }
            work.act(&sentence, || keep(hook, &seat.kept))?;
        }
        State::None if is_there(&seat.kept) => work.say(&format!(
            "chaining {}, which an earlier installation had kept",
            seat.kept.display()
        ))?,
        State::None | State::Edited | State::Odd => {}
    }
    if seat.in_folder {
        work.say(&format!(
            "note: the hook that is there runs the files of {} in the order of their names, so the gate becomes one of them",
            folder.display()
        ))?;
    }
    work.act(&format!("install {}", hook.display()), || {
        shim::put(&text, hook)
    })
}

fn was_made(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| {
                entry.file_type().is_ok_and(|kind| kind.is_file())
                    && fs::read(entry.path())
                        .ok()
                        .and_then(|text| shim::mark_of(&text))
                        .is_some_and(|mark| mark.ends_with(shim::MADE_FOLDER))
            })
        })
    })
}

fn keep(hook: &Path, kept: &Path) -> io::Result<()> {
    let asks_for_its_name =
        fs::read(hook).is_ok_and(|text| text.windows(8).any(|window| window == b"basename"));
    if asks_for_its_name
        && let (Some(folder), Some(name), Some(kept)) =
            (hook.parent(), hook.file_name(), kept.file_name())
    {
        // Such a hook finds out by its own name what it is (Gitea's, overcommit's): give it that name back.
        let names = folder.join("stagegate-kept");
        fs::create_dir_all(&names)?;
        symlink(Path::new("..").join(kept), names.join(name))?;
    }
    fs::rename(hook, kept)
}

/// Takes the gate out of a place that was checked; says whether there was anything.
pub(super) fn remove(work: &mut Work<'_>, seat: &Seat) -> Result<bool, Refusal> {
    if !seat.check_removal()? {
        return Ok(false);
    }
    let hook = &seat.hook;
    if is_there(&seat.kept) {
        work.act(&format!("put back {} as it was", hook.display()), || {
            put_back(hook, &seat.kept)
        })?;
    } else {
        let made = fs::read(hook)
            .ok()
            .and_then(|text| shim::mark_of(&text))
            .is_some_and(|mark| mark.ends_with(shim::MADE_FOLDER));
        work.act(&format!("remove {}", hook.display()), || {
            fs::remove_file(hook)?;
            if made && let Some(folder) = hook.parent() {
                remove_if_empty(folder);
            }
            Ok(())
        })?;
    }
    work.took = true;
    Ok(true)
}

fn put_back(hook: &Path, kept: &Path) -> io::Result<()> {
    if let (Some(folder), Some(name)) = (hook.parent(), hook.file_name()) {
        let names = folder.join("stagegate-kept");
        let link = names.join(name);
        if link.is_symlink() {
            fs::remove_file(link)?;
            remove_if_empty(&names);
        }
    }
    fs::rename(kept, hook)
}

/// A folder that somebody else has put something into stays.
pub(super) fn remove_if_empty(folder: &Path) {
    let _ = fs::remove_dir(folder);
}

/// Takes several hooks out of folders: all of them, or none where one is in doubt.
pub(super) fn remove_all(
    work: &mut Work<'_>,
    folders: &[&Path],
    names: &[&'static str],
) -> Result<(), Refusal> {
    let mut all = Vec::new();
    for name in names {
        for folder in folders {
            for seat in seats(folder, name) {
                if seat.check_removal()? {
                    all.push(seat);
                }
            }
        }
    }
    for seat in &all {
        remove(work, seat)?;
    }
    Ok(())
}

/// Puts one shim under many names, without a word for each.
pub(super) fn place_quietly(
    work: &mut Work<'_>,
    shim: &str,
    folder: &Path,
    names: &[&str],
    hides: &OsStr,
) -> Result<(), Refusal> {
    work.quietly(|work| {
        names
            .iter()
            .try_for_each(|name| place(work, shim, &Seat::at(folder.join(name), false), hides))
    })
}

/// Takes the gate out of many places, without a word for each; says whether there was anything.
pub(super) fn remove_quietly(work: &mut Work<'_>, seats: &[Seat]) -> Result<bool, Refusal> {
    work.quietly(|work| {
        let mut took = false;
        for seat in seats {
            took |= remove(work, seat)?;
        }
        Ok(took)
    })
}
