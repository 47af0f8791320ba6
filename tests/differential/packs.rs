//! Packs as they are read here against libgit2 alone and against git itself: packs of every make, and damaged ones. Whatever
//! is read is what git says it is, and whatever libgit2 reads is read here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use stagegate::git::{GitError, Kind, Repository};
use stagegate::model::Oid;

use crate::repository::{bare, git};
use crate::support::TestEnv;
use crate::{number, oid};

/// What git says of every object: its kind and its bytes.
type Truth = BTreeMap<Oid, (Kind, Vec<u8>)>;

/// Texts of a few families, each a little different from one before it; some are longer than a page or a copy of a delta.
fn texts(rng: &mut Rng) -> Vec<Vec<u8>> {
    let line = |rng: &mut Rng| -> Vec<u8> {
        let len = rng.usize(1..60);
        let mut line: Vec<u8> = (0..len).map(|_| rng.alphanumeric() as u8).collect();
        line.push(b'\n');
        line
    };
    let mut texts = vec![Vec::new()];
    for _ in 0..rng.usize(2..5) {
        let lines = [3, 40, 400, 4000][rng.usize(..4)];
        let mut text: Vec<Vec<u8>> = (0..lines).map(|_| line(rng)).collect();
        for _ in 0..rng.usize(2..if lines > 1000 { 6 } else { 60 }) {
            for _ in 0..rng.usize(1..4) {
                let at = rng.usize(..text.len());
                match rng.u8(..3) {
                    0 => text[at] = line(rng),
                    1 => text.insert(at, line(rng)),
                    _ if text.len() > 1 => drop(text.remove(at)),
                    _ => {}
                }
            }
            texts.push(text.concat());
        }
    }
    texts
}

/// A history with a text in each commit, imported by git: commits, trees, blobs and a tag. Everything is loose then.
fn import(env: &TestEnv, dir: &Path, texts: &[Vec<u8>]) {
    bare(dir);
    let mut stream = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let head = format!(
            "commit refs/heads/main\ncommitter C <c@example.com> {} +0000\ndata 2\nm\nM 100644 inline f{}/{}\ndata {}\n",
            1_700_000_000 + at,
            at % 3,
            at % 7,
            text.len()
        );
        stream.extend(head.into_bytes());
        stream.extend(text);
        stream.push(b'\n');
    }
    stream.extend(b"tag one\nfrom refs/heads/main\ntagger T <t@example.com> 1 +0000\ndata 2\nt\n");
    let args = [
        "-c",
        "fastimport.unpackLimit=100000",
        "fast-import",
        "--quiet",
    ];
    git(env, dir, &args, &stream);
}

fn truth(env: &TestEnv, dir: &Path) -> Truth {
    let all = git(
        env,
        dir,
        &["cat-file", "--batch-all-objects", "--batch"],
        b"",
    );
    let mut truth = Truth::new();
    let mut rest = &all[..];
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n').expect("a line");
        let head = std::str::from_utf8(&rest[..end]).expect("text");
        let fields: Vec<&str> = head.split(' ').collect();
        let size: usize = fields[2].parse().expect("a size");
        let kind = match fields[1] {
            "commit" => Kind::Commit,
            "tree" => Kind::Tree,
            "blob" => Kind::Blob,
            _ => Kind::Tag,
        };
        let data = rest[end + 1..end + 1 + size].to_vec();
        truth.insert(oid(fields[0]), (kind, data));
        rest = &rest[end + 1 + size + 1..];
    }
    truth
}

fn pack(env: &TestEnv, dir: &Path, options: &[&str], oids: &[Oid]) {
    let list: String = oids.iter().map(|oid| format!("{oid}\n")).collect();
    let mut args = vec!["-c", "pack.threads=1", "pack-objects", "-q"];
    args.extend(options);
    args.push("objects/pack/pack");
    git(env, dir, &args, list.as_bytes());
}

/// As git stores the same objects in one way or another.
fn store(env: &TestEnv, dir: &Path, make: usize, rng: &mut Rng) -> &'static str {
    let all: Vec<Oid> = truth(env, dir).into_keys().collect();
    let some: Vec<Oid> = all.iter().copied().filter(|_| rng.bool()).collect();
    let pruned = |args: &[&str]| {
        git(env, dir, args, b"");
        git(env, dir, &["prune-packed"], b"");
    };
    match make {
        0 => {
            pack(env, dir, &["--delta-base-offset", "--window=20"], &all);
            pruned(&["prune-packed"]);
            "one pack"
        }
        1 => {
            pack(env, dir, &["--window=20"], &all);
            pruned(&["prune-packed"]);
            "bases by name"
        }
        2 => {
            pack(
                env,
                dir,
                &["--window=200", "--depth=4000", "--delta-base-offset"],
                &all,
            );
            pruned(&["prune-packed"]);
            "deep chains"
        }
        3 => {
            pack(env, dir, &["--window=20", "--delta-base-offset"], &all);
            pack(env, dir, &["--window=20"], &some);
            pack(
                env,
                dir,
                &["--window=0", "--index-version=1"],
                &some[..some.len() / 2],
            );
            pruned(&["prune-packed"]);
            "the same objects in several packs"
        }
        4 => {
            pack(env, dir, &["--window=20"], &some);
            pruned(&["prune-packed"]);
            "some in a pack, some loose"
        }
        5 => {
            pack(env, dir, &["--window=20", "--index-version=1"], &all);
            pruned(&["prune-packed"]);
            "an index of the first version"
        }
        6 => {
            pack(env, dir, &["--window=20", "--index-version=2,0x40"], &all);
            pruned(&["prune-packed"]);
            "long offsets"
        }
        7 => {
            let others: Vec<Oid> = all
                .iter()
                .copied()
                .filter(|oid| !some.contains(oid))
                .collect();
            pack(env, dir, &["--window=20"], &some);
            pack(env, dir, &["--window=20"], &others);
            pruned(&["multi-pack-index", "write"]);
            "an index over several packs"
        }
        8 => {
            // Half of history is there; the other half comes as a push brings it, its bases completed.
            let old = git(
                env,
                dir,
                &["rev-list", "--objects", "--no-object-names", "main~3"],
                b"",
            );
            let old: Vec<Oid> = old
                .split(|&byte| byte == b'\n')
                .filter_map(Oid::from_hex)
                .collect();
            pack(env, dir, &["--window=20"], &old);
            let args = [
                "pack-objects",
                "-q",
                "--revs",
                "--thin",
                "--stdout",
                "--delta-base-offset",
            ];
            let thin = git(env, dir, &args, b"main\n^main~3\n");
            git(env, dir, &["index-pack", "--stdin", "--fix-thin"], &thin);
            pruned(&["prune-packed"]);
            "a thin pack, completed"
        }
        _ => {
            pack(env, dir, &["--window=20"], &all);
            pruned(&["prune-packed"]);
            let elsewhere = dir.join("elsewhere");
            fs::create_dir_all(&elsewhere).expect("a folder");
            fs::rename(dir.join("objects/pack"), elsewhere.join("pack")).expect("moved");
            fs::create_dir(dir.join("objects/pack")).expect("a folder");
            // Relative to the objects directory, so that it is true of a copy as well.
            fs::write(dir.join("objects/info/alternates"), "../elsewhere\n").expect("written");
            "in an alternate"
        }
    }
}

const MAKES: usize = 10;

fn read(repository: &Repository, oid: Oid) -> Result<(Kind, Vec<u8>), GitError> {
    repository
        .read(oid)
        .map(|object| (object.kind, object.data))
}

/// Reads every object both ways; how many libgit2 could not read.
fn compare(dir: &Path, truth: &Truth, sound: bool, rng: &mut Rng, what: &str) -> [usize; 2] {
    let own = Repository::open_at(dir).expect("opens");
    let oracle = Repository::open_at(dir).expect("opens").through_libgit2();
    let mut oids: Vec<Oid> = truth.keys().copied().collect();
    if rng.bool() {
        rng.shuffle(&mut oids);
    } else {
        let ordered = own.in_order(oids.clone());
        let mut sorted = ordered.clone();
        sorted.sort_unstable();
        assert!(sorted == oids, "{what}: not every object once");
        oids = ordered;
    }
    let mut unread = [0; 2];
    for &oid in &oids {
        let expected = &truth[&oid];
        let size = own.size(oid);
        let (here, there) = (read(&own, oid), read(&oracle, oid));
        if sound {
            let size = size.expect("a sound pack");
            assert_eq!(
                size,
                (expected.0, expected.1.len()),
                "{what}: the size of {oid}"
            );
            assert!(here.is_ok(), "{what}: {oid}: {here:?}");
        }
        for read in [&here, &there].into_iter().flatten() {
            assert_eq!(read, expected, "{what}: {oid} is another");
        }
        assert!(
            here.is_ok() || there.is_err(),
            "{what}: {oid} is read by libgit2 alone: {here:?}"
        );
        unread[0] += usize::from(here.is_err());
        unread[1] += usize::from(there.is_err());
    }
    let nothing = Oid::from_bytes(&[7; 20]).expect("20 bytes");
    assert!(own.read(nothing).is_err() && own.size(nothing).is_err());
    unread
}

/// The files of packs below a folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["objects/pack", "elsewhere/pack"] {
        for entry in fs::read_dir(dir.join(folder))
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = entry.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if matches!(extension, Some("pack" | "idx")) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &into);
        } else {
            fs::hard_link(&path, &into).expect("a link");
        }
    }
}

fn damage(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.usize(..bytes.len());
    match rng.u8(..8) {
        0 => bytes.truncate(at),
        1 => {
            let end = bytes.len().min(at + rng.usize(1..300));
            bytes[at..end].fill(0);
        }
        2 => {
            let other = rng.usize(..bytes.len());
            let len = rng.usize(1..100).min(bytes.len() - at.max(other));
            let moved = bytes[at..at + len].to_vec();
            bytes[other..other + len].copy_from_slice(&moved);
        }
        3 => {
            for _ in 0..rng.usize(1..30) {
                let at = rng.usize(..bytes.len());
                bytes[at] = rng.u8(..);
            }
        }
        4 => drop(bytes.drain(at..bytes.len().min(at + rng.usize(1..5)))),
        _ => bytes[at] ^= 1 << rng.u8(..8),
    }
}

/// `STAGEGATE_PACKS=N` sets how many damaged ones there are of each of the ten makes of packs.
#[test]
fn packs_are_read_as_libgit2_and_git_read_them_and_damage_never_passes() {
    let env = TestEnv::new();
    let damaged = number("STAGEGATE_PACKS", 6);
    let seed = number("STAGEGATE_SEED", 1);
    let (mut read, mut unread) = (0, [0; 2]);
    for make in 0..MAKES {
        let mut rng = Rng::with_seed(seed * 1000 + make as u64);
        let dir = env.path(format!("make-{make}.git"));
        import(&env, &dir, &texts(&mut rng));
        let truth = truth(&env, &dir);
        let name = store(&env, &dir, make, &mut rng);
        assert!(!files(&dir).is_empty(), "{name}");
        compare(&dir, &truth, true, &mut rng, name);
        for turn in 0..damaged {
            // At another path: libgit2 shares what it has read of a pack between repositories.
            let copied = env.path(format!("make-{make}-{turn}.git"));
            copy(&dir, &copied);
            let files = files(&copied);
            for _ in 0..rng.usize(1..3) {
                let file = &files[rng.usize(..files.len())];
                let mut bytes = fs::read(file).expect("a file");
                if bytes.is_empty() {
                    continue;
                }
                damage(&mut bytes, &mut rng);
                fs::remove_file(file).expect("a link less");
                fs::write(file, bytes).expect("written");
            }
            let what = format!("{name}, seed {seed}, turn {turn}");
            let seen = compare(&copied, &truth, false, &mut rng, &what);
            read += truth.len();
            unread = [unread[0] + seen[0], unread[1] + seen[1]];
            fs::remove_dir_all(&copied).expect("removed");
        }
    }
    eprintln!(
        "{read} reads of damaged stores: {} not read, {} not by libgit2 alone",
        unread[0], unread[1]
    );
    assert!(damaged == 0 || unread[0] > 0, "damage is noticed");
}
