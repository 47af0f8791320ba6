//! Every kind of index that git writes, against git itself: what the gate says is staged is what `git diff-index --cached`
//! says, entry by entry. In process, since only the library shows unjudged changes.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use stagegate::git::{self, Index, IndexChange, Repository};
use stagegate::model::Oid;
use support::{TestEnv, run, run_with_input};

struct Work<'e> {
    env: &'e TestEnv,
    dir: PathBuf,
}

impl<'e> Work<'e> {
    fn init(env: &'e TestEnv, name: &str, args: &[&str]) -> Self {
        let work = Self {
            env,
            dir: env.path(name),
        };
        fs::create_dir_all(&work.dir).expect("a folder");
        let all: Vec<&str> = ["init", "-q", "-b", "main", "--template="]
            .iter()
            .chain(args)
            .copied()
            .collect();
        work.git(&all);
        work
    }

    fn try_git(&self, args: &[&str]) -> Result<String, String> {
        let ran = run(self.env.command("git", &self.dir).args(args));
        if ran.code == 0 {
            Ok(ran.stdout)
        } else {
            Err(ran.stderr)
        }
    }

    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        self.try_git(args)
            .unwrap_or_else(|error| panic!("git {args:?}: {error}"))
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().expect("inside")).expect("folders");
        fs::write(path, content).expect("a file");
    }

    /// What git says is staged: path and new object, deletions left out.
    fn by_git(&self) -> BTreeSet<String> {
        let raw = self.git(&[
            "diff-index",
            "--cached",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--ita-invisible-in-index",
            "HEAD",
        ]);
        let mut fields = raw.split('\0');
        let mut staged = BTreeSet::new();
        while let (Some(meta), Some(path)) = (fields.next(), fields.next()) {
            let meta: Vec<&str> = meta.split(' ').collect();
            match meta[4] {
                "D" => {}
                "U" => {
                    staged.insert(format!("conflict {path}"));
                }
                _ => {
                    staged.insert(format!("{} {path}", meta[3]));
                }
            }
        }
        staged
    }

    fn by_us(&self, index: Option<PathBuf>) -> Result<BTreeSet<String>, git::GitError> {
        let repository = Repository::open_at(&self.dir)?;
        let index = Index::open(&repository, index)?;
        let head = repository.head_commit()?.expect("a commit");
        let tree = repository.commit(head)?.tree;
        let mut staged = BTreeSet::new();
        let mut add = |path: &[u8], oid: Oid| {
            staged.insert(format!("{oid} {}", String::from_utf8_lossy(path)));
        };
        let mut conflicts = BTreeSet::new();
        index.changes(&repository, &[tree], &mut |change| {
            match change {
                IndexChange::Staged(change) => add(&change.path, change.oid),
                IndexChange::Conflicted(path) => {
                    conflicts.insert(format!("conflict {}", String::from_utf8_lossy(&path)));
                }
                IndexChange::SparseFolder {
                    path,
                    tree,
                    parents,
                } => {
                    git::changes(&repository, tree, &parents, &mut |change| {
                        add(&[&path[..], &change.path].concat(), change.oid);
                        Ok(())
                    })?;
                }
            }
            Ok(())
        })?;
        staged.extend(conflicts);
        Ok(staged)
    }

    #[track_caller]
    fn agrees(&self, what: &str) {
        let by_us = self
            .by_us(None)
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(by_us, self.by_git(), "{what}");
    }
}

/// A repository with some history and a seeded series of changes in its index.
fn change(work: &Work<'_>, random: &mut fastrand::Rng, steps: usize) {
    let paths = [
        "a",
        "a.b",
        "a/b",
        "a-b",
        "b/c/d",
        "b/c",
        "ü/ö",
        "with space",
        "z/long/way/down/there",
        "b/c.d",
    ];
    for _ in 0..steps {
        let path = paths[random.usize(..paths.len())];
        let full = work.dir.join(path);
        match random.u8(..6) {
            0 => {
                let _ = work.try_git(&["rm", "-q", "-r", "-f", "--ignore-unmatch", "--", path]);
            }
            1 => {
                let _ = work.try_git(&["update-index", "--chmod=+x", path]);
            }
            _ => {
                // What stands in the way gives way.
                let _ = fs::remove_dir_all(&full);
                for above in Path::new(path).ancestors().skip(1) {
                    if work.dir.join(above).is_file() {
                        fs::remove_file(work.dir.join(above)).expect("a file");
                    }
                }
                work.write(path, &format!("{}\n", random.u8(..20)));
                work.git(&["add", "-A", "."]);
            }
        }
    }
}

#[test]
fn every_kind_of_index_says_what_git_says() {
    type Setup<'s> = (&'s str, &'s [&'s str], &'s [&'s [&'s str]]);
    let setups: [Setup<'_>; 8] = [
        (
            "version 2",
            &[],
            &[&["update-index", "--index-version", "2"]],
        ),
        (
            "version 4",
            &[],
            &[
                &["config", "index.version", "4"],
                &["update-index", "--index-version", "4"],
            ],
        ),
        ("no checksum", &[], &[&["config", "index.skipHash", "true"]]),
        (
            "untracked cache",
            &[],
            &[&["update-index", "--force-untracked-cache"]],
        ),
        (
            "split",
            &[],
            &[
                &["config", "core.splitIndex", "true"],
                &["config", "splitIndex.maxPercentChange", "100"],
                &["update-index", "--split-index"],
            ],
        ),
        (
            "split, version 4",
            &[],
            &[
                &["config", "core.splitIndex", "true"],
                &["config", "index.version", "4"],
                &["config", "splitIndex.maxPercentChange", "100"],
                &["update-index", "--split-index"],
            ],
        ),
        ("SHA-256", &["--object-format=sha256"], &[]),
        (
            "SHA-256, split",
            &["--object-format=sha256"],
            &[
                &["config", "core.splitIndex", "true"],
                &["config", "splitIndex.maxPercentChange", "100"],
                &["update-index", "--split-index"],
            ],
        ),
    ];
    for (what, init, configure) in setups {
        for seed in 0..2 {
            let env = TestEnv::new();
            let mut random = fastrand::Rng::with_seed(seed);
            let work = Work::init(&env, "work", init);
            work.write("README.md", "A shop.\n");
            work.git(&["add", "-A"]);
            for step in configure {
                work.git(step);
            }
            change(&work, &mut random, 4);
            work.git(&["commit", "-q", "-m", "Work"]);
            for round in 0..3 {
                let what = format!("{what}, seed {seed}, round {round}");
                change(&work, &mut random, 3);
                work.agrees(&what);
                if round == 1 {
                    work.git(&["commit", "-q", "--allow-empty", "-m", "More"]);
                    work.agrees(&what);
                }
            }
            if what.contains("split") {
                let shared = fs::read_dir(work.dir.join(".git"))
                    .expect("the folder")
                    .flatten();
                let halves = shared.filter(|entry| {
                    entry
                        .file_name()
                        .to_string_lossy()
                        .starts_with("sharedindex.")
                });
                assert!(halves.count() > 0, "{what}: git did not split it");
            }
        }
    }
}

#[test]
fn half_an_index_is_refused() {
    let env = TestEnv::new();
    let work = Work::init(&env, "work", &[]);
    work.write("README.md", "A shop.\n");
    work.git(&["add", "-A"]);
    work.git(&["commit", "-q", "-m", "Work"]);
    // Otherwise git writes another half when a fifth of the entries has changed.
    work.git(&["config", "splitIndex.maxPercentChange", "100"]);
    work.git(&["update-index", "--split-index"]);
    work.write("more", "More.\n");
    work.git(&["add", "-A"]);
    work.agrees("split");
    let half = fs::read_dir(work.dir.join(".git"))
        .expect("the folder")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains("sharedindex."))
        .expect("the other half");
    let whole = fs::read(&half).expect("readable");
    fs::write(&half, &whole[..whole.len() - 1]).expect("mine");
    let error = work.by_us(None).expect_err("cut").to_string();
    assert!(error.contains("sharedindex."), "{error}");
    fs::remove_file(&half).expect("mine");
    let error = work.by_us(None).expect_err("gone").to_string();
    assert!(error.contains("sharedindex."), "{error}");
}

#[test]
fn what_is_meant_to_be_added_later_is_not_staged() {
    let env = TestEnv::new();
    for version in ["3", "4"] {
        let work = Work::init(&env, version, &[]);
        work.git(&["config", "index.version", version]);
        work.write("README.md", "A shop.\n");
        work.git(&["add", "-A"]);
        work.git(&["commit", "-q", "-m", "Work"]);
        work.write("config/later.yml", "later: true\n");
        work.git(&["add", "-N", "config/later.yml"]);
        work.agrees("intent to add");
        work.write("config/now.yml", "now: true\n");
        work.git(&["add", "config/now.yml"]);
        work.git(&["update-index", "--assume-unchanged", "README.md"]);
        work.git(&["update-index", "--skip-worktree", "config/now.yml"]);
        work.agrees("beside one that is staged");
        assert_eq!(work.by_us(None).expect("readable").len(), 1);
    }
}

#[test]
fn a_conflict_is_said_and_an_empty_or_absent_index_stages_nothing() {
    let env = TestEnv::new();
    let work = Work::init(&env, "work", &[]);
    work.write("a/f", "base\n");
    work.git(&["add", "-A"]);
    work.git(&["commit", "-q", "-m", "Base"]);
    work.git(&["branch", "other"]);
    work.write("a/f", "ours\n");
    work.git(&["commit", "-q", "-a", "-m", "Ours"]);
    work.git(&["switch", "-q", "other"]);
    work.write("a/f", "theirs\n");
    work.git(&["commit", "-q", "-a", "-m", "Theirs"]);
    assert!(
        work.try_git(&["merge", "main"]).is_err(),
        "there is a conflict"
    );
    work.agrees("in conflict");
    let empty = env.file("empty", "");
    for index in [empty, env.path("absent")] {
        assert!(work.by_us(Some(index)).expect("nothing").is_empty());
    }
}

#[test]
fn a_folder_outside_a_sparse_checkout_is_read() {
    let env = TestEnv::new();
    let work = Work::init(&env, "work", &[]);
    for path in ["in/a", "out/b", "out/deep/c"] {
        work.write(path, "1\n");
    }
    work.git(&["add", "-A"]);
    work.git(&["commit", "-q", "-m", "Work"]);
    work.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    work.agrees("nothing staged");
    work.write("in/a", "2\n");
    work.git(&["add", "-A"]);
    work.agrees("inside");
    // Outside, as a merge or a read-tree stages it: the folder's entry takes another tree.
    let blob = run_with_input(
        work.env
            .command("git", &work.dir)
            .args(["hash-object", "-w", "--stdin"]),
        b"3\n",
    );
    let tree = |input: String| {
        let ran = run_with_input(
            work.env.command("git", &work.dir).arg("mktree"),
            input.as_bytes(),
        );
        ran.succeeded();
        ran.stdout.trim().to_owned()
    };
    let deep = tree(format!("100644 blob {}\tc\n", blob.stdout.trim()));
    let out = tree(format!("040000 tree {deep}\tdeep\n"));
    let inside = work.git(&["rev-parse", "HEAD:in"]);
    let root = tree(format!(
        "040000 tree {}\tin\n040000 tree {out}\tout\n",
        inside.trim()
    ));
    work.git(&["read-tree", &root]);
    work.agrees("outside");
    let index = fs::read(work.dir.join(".git/index")).expect("the index");
    assert!(
        index.windows(4).any(|four| four == b"sdir"),
        "git did not write a sparse index"
    );
}

#[test]
fn an_index_that_is_cut_or_altered_is_refused_or_read_as_git_reads_it() {
    let env = TestEnv::new();
    let work = Work::init(&env, "work", &[]);
    for path in ["README.md", "a/b", "a/c/d"] {
        work.write(path, "1\n");
    }
    work.git(&["add", "-A"]);
    work.git(&["commit", "-q", "-m", "Work"]);
    work.write("a/c/d", "2\n");
    work.git(&["add", "-A"]);
    let path = work.dir.join(".git/index");
    let whole = fs::read(&path).expect("the index");
    for cut in [1, 11, 12, 40, 100, whole.len() / 2, whole.len() - 21] {
        let copy = env.file("cut", &whole[..cut]);
        assert!(work.by_us(Some(copy)).is_err(), "cut at {cut}");
    }
    for at in (0..whole.len() - 20).step_by(7) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x40;
        let copy = env.file("flipped", &flipped);
        // Whatever it says, it says it calmly.
        let _ = work.by_us(Some(copy));
    }
}
