//! The shims of `hooks/`, filled in and recognised. The line that marks a file as ours holds a checksum over all its other
//! lines: an edited shim is its editor's, neither to be replaced nor to be removed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The shims, as they stand in `hooks/`.
const SHIPPED: [(&str, &[u8]); 6] = [
    ("pre-commit", include_bytes!("../../hooks/pre-commit")),
    (
        "pre-merge-commit",
        include_bytes!("../../hooks/pre-merge-commit"),
    ),
    ("pre-push", include_bytes!("../../hooks/pre-push")),
    ("pre-receive", include_bytes!("../../hooks/pre-receive")),
    ("update", include_bytes!("../../hooks/update")),
    (PASS_ON, include_bytes!("../../hooks/pass-on")),
];

/// The shim that judges nothing and runs the hook that `core.hooksPath` hides.
pub(super) const PASS_ON: &str = "pass-on";

/// The last word of the mark of a shim whose folder was made for it.
pub(super) const MADE_FOLDER: &str = "made-folder";

const MARK: &[u8] = b"# stagegate-shim: ";

/// Hooks of a repository where people work, in the order in which they are installed.
pub const OF_COMMITS: [&str; 3] = ["pre-commit", "pre-merge-commit", "pre-push"];

/// Hooks of a repository that is pushed to.
pub const OF_PUSHES: [&str; 2] = ["pre-receive", "update"];

/// What stands in a hook's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    None,
    /// A shim as it was installed, or as it is shipped.
    Ours,
    /// A shim that somebody changed.
    Edited,
    /// A file or a symbolic link of whoever.
    Foreign,
    /// A folder, a device.
    Odd,
}

/// A shim with everything filled in: `program` is what it runs, `hides` whose hook it stands in front of, `origin` the last
/// word of its mark.
pub(super) fn fill_in(shim: &str, program: &Path, hides: &OsStr, origin: &str) -> Vec<u8> {
    let shipped = SHIPPED
        .iter()
        .find(|(name, _)| *name == shim)
        .map_or(&b""[..], |(_, text)| text);
    let mut filled = Vec::with_capacity(shipped.len() + 200);
    for line in shipped.split_inclusive(|&byte| byte == b'\n') {
        if line == b"STAGEGATE=''\n" {
            filled.extend(b"STAGEGATE=");
            filled.extend(quoted(program.as_os_str()));
            filled.push(b'\n');
        } else if line.starts_with(b"HIDES='") {
            filled.extend(b"HIDES=");
            filled.extend(quoted(hides));
            filled.push(b'\n');
        } else {
            filled.extend(line);
        }
    }
    let mark = format!("{shim} {} {origin}\n", sum_of(&filled));
    let mut marked = Vec::with_capacity(filled.len() + mark.len());
    for line in filled.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(MARK) {
            marked.extend(MARK);
            marked.extend(mark.as_bytes());
        } else {
            marked.extend(line);
        }
    }
    marked
}

/// A word of the shell that means exactly this.
fn quoted(word: &OsStr) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for &byte in word.as_bytes() {
        match byte {
            b'\'' => quoted.extend(br"'\''"),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// The opposite: what the program's line of a shim says.
pub(super) fn program_of(text: &[u8]) -> Option<PathBuf> {
    let start = b"\nSTAGEGATE='";
    let from = text
        .windows(start.len())
        .position(|window| window == start)?
        + start.len();
    let mut word = Vec::new();
    let mut rest = &text[from..];
    loop {
        match rest {
            [b'\'', b'\\', b'\'', b'\'', ..] => {
                word.push(b'\'');
                rest = &rest[4..];
            }
            [b'\'', ..] => break,
            [byte, ..] => {
                word.push(*byte);
                rest = &rest[1..];
            }
            [] => return None,
        }
    }
    (!word.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(&word)))
}

/// What the mark of a shim says: its name, its checksum, where its folder came from.
pub(super) fn mark_of(text: &[u8]) -> Option<String> {
    let line = text
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(MARK))?;
    Some(String::from_utf8_lossy(line).into_owned())
}

/// The checksum of all lines but the mark: that of POSIX's `cksum`, by which shims of earlier versions are marked too.
fn sum_of(text: &[u8]) -> u32 {
    let lines = || {
        text.split_inclusive(|&byte| byte == b'\n')
            .filter(|line| !line.starts_with(MARK))
    };
    let mut length: usize = lines().map(<[u8]>::len).sum();
    let mut sum = lines().flatten().fold(0, |sum, &byte| add(sum, byte));
    while length > 0 {
        sum = add(sum, length.to_le_bytes()[0]);
        length >>= 8;
    }
    !sum
}

/// One more byte of a CRC with POSIX's polynomial, highest bit first.
fn add(sum: u32, byte: u8) -> u32 {
    (0..8).fold(sum ^ (u32::from(byte) << 24), |sum, _| {
        (sum << 1) ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
    })
}

/// What stands at `hook`.
pub(super) fn look_at(hook: &Path) -> State {
    let Ok(metadata) = hook.symlink_metadata() else {
        return State::None;
    };
    if metadata.is_symlink() {
        return State::Foreign;
    }
    if !metadata.is_file() {
        return State::Odd;
    }
    // A hook that cannot be read is somebody else's: it can be moved away and put back.
    let Ok(text) = fs::read(hook) else {
        return State::Foreign;
    };
    match mark_of(&text) {
        None => State::Foreign,
        Some(mark) => {
            let sum = sum_of(&text).to_string();
            let shipped = SHIPPED.iter().any(|(_, shim)| *shim == text);
            if shipped || mark.split(' ').nth(1) == Some(&sum) {
                State::Ours
            } else {
                State::Edited
            }
        }
    }
}

/// Whether there is anything, a link that leads nowhere included.
pub(super) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether git would run it.
pub(super) fn runs(hook: &Path) -> bool {
    hook.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Writes an executable in one step: whoever runs it meanwhile sees the old one or the new one.
pub(super) fn put(text: &[u8], hook: &Path) -> io::Result<()> {
    if let Some(folder) = hook.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = beside(hook, ".stagegate-new");
    fs::write(&new, text)?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755))?;
    fs::rename(new, hook)
}

/// The same path with something behind its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(ending);
    PathBuf::from(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_cksum() {
        // From `printf 'a\n' | cksum` and of nothing.
        assert_eq!(sum_of(b"a\n"), 2_418_082_923);
        assert_eq!(sum_of(b""), 4_294_967_295);
        assert_eq!(sum_of(b"a\n# stagegate-shim: x 1 here\n"), 2_418_082_923);
    }

    #[test]
    fn a_program_of_any_name_is_read_back() {
        let program = Path::new(OsStr::from_bytes(b"/it's\n\xff 'x'/stagegate"));
        for (shim, _) in SHIPPED.iter().filter(|(name, _)| *name != PASS_ON) {
            let text = fill_in(shim, program, OsStr::new(""), "here");
            assert_eq!(program_of(&text).as_deref(), Some(program), "{shim}");
            let mark = mark_of(&text).expect("a mark");
            assert_eq!(mark, format!("{shim} {} here", sum_of(&text)));
        }
    }
}
