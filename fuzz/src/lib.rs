//! What every fuzz target does with its bytes, in one table. The targets of `fuzz_targets/` call these under libFuzzer;
//! `tests/fuzz.rs` runs the same functions over the seeds with the stable toolchain. A target fails by panicking.

use std::cmp::Reverse;
use std::convert::Infallible;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use sha1::{Digest as _, Sha1};
use stagegate::api::Gate;
use stagegate::git::{Commit, Index, Kind, Repository, Tag};
use stagegate::hook::{pre_push, pre_receive, update};
use stagegate::inventory::{Inventory, Key, input};
use stagegate::model::Oid;
use stagegate::policy::{Baseline, Policy};
use stagegate::report::{self, Format, posture as postures};
use stagegate::rules::{import, lint, own, template};
use stagegate::scan::Scanner;
use stagegate::scan::decode::{self, Account, Form};
use stagegate::syntax::{self as syntaxes, Syntax};

/// A target: its name, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("base64", base64),
    ("baseline", baseline),
    ("colours", colours),
    ("deflated", deflated_piece),
    ("escapes", escapes),
    ("gitleaks", gitleaks),
    ("gzip", gzip),
    ("hex", hex),
    ("index", index),
    ("inventory", inventory),
    ("judge", judge),
    ("lines", lines),
    ("loose", loose),
    ("object", object),
    ("percent", percent),
    ("pieces", open_all),
    ("policy", policy),
    ("posture", posture),
    ("rules", rules),
    ("syntax", syntax),
    ("tar", tar),
    ("text", text),
    ("values", values),
    ("whole_value", whole_value),
    ("wide", wide),
    ("zip", zip),
];

/// Base64 as a piece of a text.
pub fn base64(data: &[u8]) {
    open(Form::Base64, data);
}

/// Hexadecimal digits as a piece of a text.
pub fn hex(data: &[u8]) {
    open(Form::Hex, data);
}

/// Percent encoding as a piece of a text.
pub fn percent(data: &[u8]) {
    open(Form::Percent, data);
}

/// Escapes of strings as a piece of a text.
pub fn escapes(data: &[u8]) {
    open(Form::Escapes, data);
}

/// Colours of terminals inside a text.
pub fn colours(data: &[u8]) {
    open(Form::Colours, data);
}

/// UTF-16 inside a text.
pub fn wide(data: &[u8]) {
    open(Form::Wide, data);
}

/// A gzip member.
pub fn gzip(data: &[u8]) {
    open(Form::Gzip, data);
}

/// A zlib or raw deflate stream.
pub fn deflated_piece(data: &[u8]) {
    open(Form::Deflated, data);
}

/// A zip archive, and what is in its members.
pub fn zip(data: &[u8]) {
    open_all(&[b"PK\x03\x04", data].concat());
}

/// A tar archive, and what is in its members.
pub fn tar(data: &[u8]) {
    let mut text = data.to_vec();
    if text.len() >= 265 {
        text[257..262].copy_from_slice(b"ustar");
    }
    open_all(&text);
}

/// Base64 as a whole value.
pub fn whole_value(data: &[u8]) {
    if let Ok(value) = std::str::from_utf8(data) {
        decode::whole_value(value);
    }
}

/// UTF-16, UTF-32 and byte-order marks.
pub fn text(data: &[u8]) {
    decode::text_of(data);
}

/// Every reader of `src/syntax`; the first byte says which. One reader alone: `SYNTAX=Toml`.
pub fn syntax(data: &[u8]) {
    let Some((&first, text)) = data.split_first() else {
        return;
    };
    let all: Vec<Syntax> = syntaxes::all().collect();
    let asked = std::env::var("SYNTAX").ok();
    let syntax = match asked {
        Some(name) => all
            .iter()
            .copied()
            .find(|syntax| format!("{syntax:?}") == name)
            .expect("a syntax"),
        None => all[usize::from(first) % all.len()],
    };
    let document = syntaxes::read(text, syntax);
    let lossless = std::str::from_utf8(text).ok();
    for entry in &document.entries {
        assert!(entry.span.start <= entry.span.end && entry.span.end <= text.len());
        assert!(!entry.path.is_empty());
        if let Some(text) = lossless {
            let stands = text.get(entry.span.clone()).expect("between characters");
            // Markup, too: a text of XML may have comments and CDATA inside.
            let escapes = ['&', '\\', '`', '"', '\'', '$', '\n', '\r', '\0', '<', '>'];
            if syntax != Syntax::Yaml && !entry.quoted && !stands.contains(escapes) {
                assert_eq!(stands, entry.value);
            }
        }
    }
    // As the reader promises: by begin, the longer first.
    let order = |entry: &syntaxes::Entry| (entry.span.start, Reverse(entry.span.end));
    assert!(document.entries.is_sorted_by_key(order));
}

/// A policy, and three questions to it.
pub fn policy(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        match Policy::parse(text, "fuzz") {
            Ok(policy) => {
                policy.claims_of_ref("refs/heads/staging");
                policy.claims_of_path("config/staging.yml");
                policy.claims_of_section(&["staging", "db", "password"]);
            }
            Err(mistakes) => {
                let _ = mistakes.to_string();
            }
        }
    }
}

/// A baseline: what was read is written again and read the same.
pub fn baseline(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        match Baseline::parse(text, "fuzz") {
            Ok(read) => {
                let again = Baseline::parse(&read.to_text(), "fuzz").expect("what was written");
                assert_eq!(read.len(), again.len());
            }
            Err(mistakes) => {
                let _ = mistakes.to_string();
            }
        }
    }
}

/// An organisation's own rules; those that are read are linted and searched with.
pub fn rules(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(pack) = own::read_file(text)
    {
        let packs = [pack];
        lint::lint(&packs);
        let _ = Scanner::new(&packs).search(data);
    }
}

/// A configuration of gitleaks; what it becomes is read as own rules.
pub fn gitleaks(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(imported) = import::gitleaks(text, "fuzz", &|_| {
            Err(std::io::Error::other("no other file"))
        })
    {
        let _ = own::read_file(&imported.toml);
    }
}

/// The lines that git writes to hooks, and the words it gives to `update`.
pub fn lines(data: &[u8]) {
    for updates in [pre_receive::read(data), pre_push::read(data)] {
        match updates {
            Ok(updates) => {
                for update in updates {
                    assert!(!update.name.contains('\n'));
                    assert!(update.old.is_none_or(|oid| !oid.is_zero()));
                    assert!(update.new.is_none_or(|oid| !oid.is_zero()));
                }
            }
            Err(error) => assert!(!error.what.is_empty() && !error.hint.is_empty()),
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let mut words = text.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let _ = update::read(word(), word(), word());
    }
}

/// Commits and tags.
pub fn object(data: &[u8]) {
    let oid = Oid::from_bytes(&[0; 20]).expect("twenty bytes");
    let _ = Commit::parse(oid, data);
    let _ = Tag::parse(oid, data);
}

/// Git's index, compared with a tree: two bytes say how long the tree is.
pub fn index(data: &[u8]) {
    let [high, low, rest @ ..] = data else {
        return;
    };
    let tree = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
    let (tree, index) = rest.split_at(tree);
    with_index(tree, index);
}

/// A loose object: the first byte says whether it is deflated already.
pub fn loose(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    with_loose(rest, first % 2 == 0);
}

/// Values on their way into an inventory, in every form.
pub fn values(data: &[u8]) {
    use input::Form;
    let forms = [Form::Json, Form::Yaml, Form::Pairs, Form::Lines];
    for form in forms.into_iter().map(Some).chain([None]) {
        let _ = input::read(data, form);
    }
}

/// An inventory on disk. Its checksum is set right, so that what follows is read.
pub fn inventory(data: &[u8]) {
    let place = place();
    let key = Key::parse(&"0123456789abcdef".repeat(4), "fuzz").expect("a key");
    let at = place.folder.join("inventory");
    let mut bytes = data.to_vec();
    if let Some(length) = bytes.get(28..32) {
        let body = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let end = 32_usize.saturating_add(body).saturating_add(16);
        if let Some(header) = bytes.get(..end) {
            let sum = crc32(header).to_le_bytes();
            bytes.truncate(bytes.len().max(end + 4));
            if let Some(stands) = bytes.get_mut(end..end + 4) {
                stands.copy_from_slice(&sum);
            }
        }
    }
    std::fs::write(&at, bytes).expect("written");
    if let Ok(inventory) = Inventory::open(&at, &key) {
        let _ = inventory.find(data);
        let _ = inventory.verify_filter();
        let _ = inventory.each(&mut |_| ());
    }
}

/// The CRC of zlib, as the inventory's header has it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A file on its way to a branch, through rules, origin and policy into every format of a report. The first line is the path, the
/// second the branch, the rest the file.
pub fn judge(data: &[u8]) {
    let mut parts = data.splitn(3, |&byte| byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (path, branch) = (part(), part());
    let (Ok(path), Ok(branch)) = (std::str::from_utf8(path), std::str::from_utf8(branch)) else {
        return;
    };
    let destination = (!branch.is_empty()).then_some(branch);
    let file = part();
    // Seeds are templates, so that no file of ours holds what looks like a secret.
    let expanded = std::str::from_utf8(file)
        .ok()
        .filter(|text| !text.contains("rows") && !has_large_number(text))
        .and_then(|text| template::expand(text, 1).ok());
    let file = expanded.as_deref().map_or(file, str::as_bytes);
    let report = place().gate.bytes(file, path, destination);
    let report = report.expect("built-in rules work");
    for &format in report::ALL {
        for (verbosity, show_allowed) in [(0, false), (2, true)] {
            let options = report::Options {
                verbosity,
                show_allowed,
                ..report::Options::default()
            };
            let mut out = Vec::new();
            report::write(&report, format, &options, &mut out).expect("memory");
            is_clean(format, &out);
        }
    }
}

/// A template may ask for any length.
fn has_large_number(text: &str) -> bool {
    text.as_bytes()
        .windows(4)
        .any(|four| four.iter().all(u8::is_ascii_digit))
}

/// A posture as a file, and every format of it.
pub fn posture(data: &[u8]) {
    if let Ok(posture) = postures::read(data) {
        for &format in postures::FORMATS {
            let mut out = Vec::new();
            let options = postures::Options::default();
            postures::write(&posture, format, options, &mut out).expect("memory");
            is_clean(format, &out);
        }
    }
}

/// What a terminal, a browser or a program is shown: UTF-8 that neither moves the cursor nor turns the reading direction.
fn is_clean(format: Format, out: &[u8]) {
    let text = std::str::from_utf8(out).expect("a report is UTF-8");
    for char in text.chars() {
        let bidirectional = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let moves = char.is_control() && !matches!(char, '\n' | '\t' | '\r');
        assert!(!bidirectional && !moves, "{format:?} shows {char:?}");
    }
}

/// Opens one piece, and then what is in it.
pub fn open(form: Form, data: &[u8]) {
    open_all(&decode::opened(form, data));
}

/// Opens everything in a text as an examination does.
pub fn open_all(text: &[u8]) {
    deeper(text, decode::DEPTH, &mut Account::of_blob(text.len()));
}

fn deeper(text: &[u8], depth: usize, account: &mut Account) {
    if depth == 0 {
        return decode::close_all(text, account);
    }
    let answer: Result<(), Infallible> = decode::open_all(text, account, &mut |batch, account| {
        for part in &batch.parts {
            assert!(part.range.end <= batch.bytes.len() && part.step.span.end <= text.len());
            assert!(part.step.span.start <= part.step.span.end);
        }
        deeper(&batch.bytes, depth - 1, account);
        Ok(())
    });
    answer.expect("never fails");
}

struct Place {
    folder: PathBuf,
    repository: Repository,
    gate: Gate,
}

/// A repository in memory, made by git once a process. A target runs on one thread.
fn place() -> &'static Place {
    thread_local! {
        static PLACE: &'static Place = Box::leak(Box::new(made()));
    }
    PLACE.with(|place| *place)
}

fn made() -> Place {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    let folder = tempfile::Builder::new()
        .prefix("stagegate-fuzz")
        .tempdir_in(parent);
    let folder = folder.expect("a folder").keep();
    let made = Command::new("git")
        .args(["init", "-q"])
        .arg(&folder)
        .status();
    assert!(made.expect("git runs").success());
    for first in 0..=255_u8 {
        let objects = folder.join(format!(".git/objects/{first:02x}"));
        std::fs::create_dir_all(objects).expect("a folder");
    }
    let repository = Repository::open_at(&folder).expect("a repository");
    let gate = Gate::open(&folder, Policy::builtin()).expect("a repository");
    Place {
        folder,
        repository,
        gate,
    }
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(data).expect("memory");
    out.finish().expect("memory")
}

fn path_of(place: &Place, oid: Oid) -> PathBuf {
    let hex = oid.to_string();
    place
        .folder
        .join(".git/objects")
        .join(&hex[..2])
        .join(&hex[2..])
}

/// Reads an index, and compares it with a tree.
pub fn with_index(tree: &[u8], index: &[u8]) {
    let place = place();
    let object = [format!("tree {}\0", tree.len()).as_bytes(), tree].concat();
    let oid = Oid::from_bytes(&Sha1::digest(&object)).expect("twenty bytes");
    let at = path_of(place, oid);
    std::fs::write(&at, deflated(&object)).expect("written");
    let file = place.folder.join(".git/index");
    std::fs::write(&file, index).expect("written");
    if let Ok(index) = Index::open(&place.repository, Some(file)) {
        for parents in [&[][..], &[oid]] {
            let _ = index.changes(&place.repository, parents, &mut |_| Ok(()));
        }
    }
    std::fs::remove_file(at).expect("removed");
}

/// Reads a loose object that is `file`, or into which `file` was packed.
pub fn with_loose(file: &[u8], pack: bool) {
    let place = place();
    let oid = Oid::from_bytes(&Sha1::digest(file)).expect("twenty bytes");
    let at = path_of(place, oid);
    let packed = if pack { deflated(file) } else { file.to_vec() };
    std::fs::write(&at, packed).expect("written");
    let _ = place.repository.size(oid);
    let _ = place.repository.read(oid);
    let _ = place.repository.read_as(oid, Kind::Tree);
    let _ = place.repository.commit(oid);
    let _ = place.repository.peel(oid);
    std::fs::remove_file(at).expect("removed");
}
