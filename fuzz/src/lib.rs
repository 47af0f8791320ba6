//! What several fuzz targets share: opening pieces, and a repository on disk whose files are hostile.

use std::convert::Infallible;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use sha1::{Digest as _, Sha1};
use stagegate::git::{Index, Kind, Repository};
use stagegate::model::Oid;
use stagegate::scan::decode::{self, Account, Form};

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
    let made = Command::new("git").args(["init", "-q"]).arg(&folder).status();
    assert!(made.expect("git runs").success());
    for first in 0..=255_u8 {
        let objects = folder.join(format!(".git/objects/{first:02x}"));
        std::fs::create_dir_all(objects).expect("a folder");
    }
    let repository = Repository::open_at(&folder).expect("a repository");
    Place { folder, repository }
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(data).expect("memory");
    out.finish().expect("memory")
}

fn path_of(place: &Place, oid: Oid) -> PathBuf {
    let hex = oid.to_string();
    place.folder.join(".git/objects").join(&hex[..2]).join(&hex[2..])
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
