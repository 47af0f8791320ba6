//! The modes that servers run give up what they do not need before they read what was pushed: writing files, but for the outputs
//! that were asked for, and connecting anywhere. So does all that is started from then on. Linux only (Landlock); elsewhere, and
//! on kernels that cannot, the report says so. Reading and starting programs stay possible.

use std::path::{Path, PathBuf};

use super::Global;
use crate::git::Repository;

/// Confines this thread and all that it starts from now on, and ends what was started to read the repository before. `also` may be
/// written to, as the outputs may. What could not be given up, in words.
pub(super) fn confine(global: &Global, repository: &Repository, also: &[&Path]) -> Option<String> {
    let outputs = global.output.iter().filter_map(super::Output::path);
    let written: Vec<PathBuf> = outputs.chain(also.iter().copied()).map(place_of).collect();
    let unconfined = linux::confine(&written).err();
    // The policy was read before: a git that was started for it is free, and must not read what was pushed.
    repository.end_readers();
    unconfined.map(|why| {
        format!(
            "not confined: {why}; files can be written and hosts be reached as far as the user may"
        )
    })
}

/// What has to be open for a file to be written: a file is written beside itself first; what is no file is written to as it is.
fn place_of(path: &Path) -> PathBuf {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let is_special =
        std::fs::metadata(&path).is_ok_and(|known| !known.is_file() && !known.is_dir());
    if is_special {
        return path;
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::{Path, PathBuf};

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath,
        PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus,
    };

    pub(super) fn confine(written: &[PathBuf]) -> Result<(), String> {
        match restrict(written) {
            Ok(RulesetStatus::FullyEnforced) => Ok(()),
            Ok(RulesetStatus::PartiallyEnforced) => Err(
                "this kernel's Landlock is older than Linux 6.7 and gives up only a part"
                    .to_owned(),
            ),
            Ok(RulesetStatus::NotEnforced) => Err("this kernel has no Landlock".to_owned()),
            Err(error) => Err(format!("Landlock: {error}")),
        }
    }

    fn restrict(written: &[PathBuf]) -> Result<RulesetStatus, RulesetError> {
        let all = AccessFs::from_write(ABI::V4);
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(all)?
            .handle_access(AccessNet::from_all(ABI::V4))?
            .create()?;
        let into = AccessFs::WriteFile | AccessFs::Truncate;
        // Programs that are started open it in place of their streams.
        let null = Path::new("/dev/null");
        for path in written.iter().map(PathBuf::as_path).chain([null]) {
            let access: BitFlags<AccessFs> = if path.is_dir() {
                into | AccessFs::MakeReg | AccessFs::RemoveFile
            } else {
                into
            };
            // A place that cannot be opened stays closed: writing there fails, and says so.
            if let Ok(place) = PathFd::new(path)
                && let Ok(copy) = rules.try_clone()
                && let Ok(more) = copy.add_rule(PathBeneath::new(place, access))
            {
                rules = more;
            }
        }
        Ok(rules.restrict_self()?.ruleset)
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use std::path::PathBuf;

    pub(super) fn confine(_: &[PathBuf]) -> Result<(), String> {
        Err("this system has no Landlock".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{linux, place_of};
    use std::fs;
    use std::net::{TcpListener, TcpStream};
    use std::process::Command;

    #[test]
    fn a_confined_thread_writes_outputs_only_and_reaches_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let (open, closed) = (folder.path().join("open"), folder.path().join("closed"));
        for one in [&open, &closed] {
            fs::create_dir(one).expect("a folder");
            fs::write(one.join("old"), "old").expect("written");
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("an address");
        let report = open.join("report.json");
        let confined = std::thread::spawn(move || {
            if let Err(why) = linux::confine(&[place_of(&report)]) {
                return Some(why);
            }
            fs::write(open.join("beside"), "new").expect("outputs are written");
            fs::rename(open.join("beside"), &report).expect("and put in place");
            assert!(fs::write(closed.join("new"), "new").is_err());
            assert!(fs::write(closed.join("old"), "new").is_err());
            assert!(fs::remove_file(closed.join("old")).is_err());
            assert!(fs::create_dir(closed.join("folder")).is_err());
            assert_eq!(
                fs::read_to_string(closed.join("old")).expect("is read"),
                "old"
            );
            assert!(TcpStream::connect(at).is_err());
            let git = Command::new("git").arg("version").output();
            assert!(git.expect("programs are started").status.success());
            let script = format!("echo new >{}", closed.join("new").display());
            let started = Command::new("sh").args(["-c", &script]).output();
            assert!(!started.expect("a shell").status.success());
            assert!(!closed.join("new").exists());
            None
        });
        if let Some(why) = confined.join().expect("nothing was written or reached") {
            assert!(why.contains("Landlock"), "{why}");
        }
        assert!(TcpStream::connect(at).is_ok(), "other threads are free");
    }
}
