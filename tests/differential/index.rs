//! The index against `git diff-index --cached`: what the gate reads out of the file itself is what git says is staged, and
//! what it reports of it is what brute force reports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fastrand::Rng;
use stagegate::check::Gate;
use stagegate::git::{Index, IndexChange, Repository};
use stagegate::hook::pre_commit::Commit;
use stagegate::policy::Policy;

use crate::generate::{self, VALUES};
use crate::history::{Content, History, Kind, Push, Step, Target};
use crate::oracle::{self, Findings, Oracle};
use crate::repository::{Hex, Store, bytes_of, decoded, elsewhere, quoted};
use crate::support::TestEnv;
use crate::{TODAY, difference, findings, fingerprints, number, oid, scanner, values};

const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

struct Stage<'s> {
    env: &'s TestEnv,
    dir: &'s Path,
    index: PathBuf,
    /// What was done, to be printed.
    script: Vec<String>,
}

impl Stage<'_> {
    /// Runs git on the index.
    fn git(&mut self, args: &[&str], input: &str) -> Vec<u8> {
        self.script.push(format!(
            "git {}{}{}",
            args.join(" "),
            if input.is_empty() { "" } else { " <<EOF\n" },
            input
        ));
        let output = self.run(args, input);
        assert!(
            output.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.script.join("\n")
        );
        output.stdout
    }

    /// The same, where git may refuse: a conflicted index writes no tree and reads no other.
    fn try_git(&mut self, args: &[&str]) {
        self.script.push(format!("git {} || true", args.join(" ")));
        self.run(args, "");
    }

    fn run(&self, args: &[&str], input: &str) -> std::process::Output {
        use std::io::Write as _;
        let mut child = self
            .env
            .command("git", self.dir)
            .args(["--git-dir=.", "--work-tree=../work"])
            .args(args)
            .env("GIT_INDEX_FILE", &self.index)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("git runs");
        child
            .stdin
            .take()
            .expect("piped")
            .write_all(input.as_bytes())
            .expect("git reads");
        child.wait_with_output().expect("git ends")
    }

    /// Path, mode, object and status of what differs from `tree`.
    fn staged(&mut self, tree: &str) -> BTreeMap<Vec<u8>, (String, Hex, char)> {
        let args = [
            "diff-index",
            "--cached",
            "--raw",
            "-z",
            "--no-abbrev",
            "--no-renames",
            "--ita-invisible-in-index",
            tree,
        ];
        let output = self.git(&args, "");
        let mut fields = output.split(|&byte| byte == 0);
        let mut staged: BTreeMap<Vec<u8>, (String, Hex, char)> = BTreeMap::new();
        while let (Some(head), Some(path)) = (fields.next(), fields.next()) {
            let head = String::from_utf8_lossy(head).into_owned();
            let words: Vec<&str> = head.split(' ').collect();
            let status = words[4].chars().next().expect("a status");
            // An unmerged path can be listed a second time, as what it is beside that.
            let said = (words[1].to_owned(), words[3].to_owned(), status);
            if staged.get(path).is_none_or(|(.., before)| *before != 'U') {
                staged.insert(path.to_vec(), said);
            }
        }
        staged
    }
}

/// Objects that can be staged, by mode.
struct Pool {
    blobs: Vec<Hex>,
    commits: Vec<Hex>,
}

/// Histories that give trees and blobs to stage from; the commits are what their pushes point to.
fn pool(rng: &mut Rng) -> Vec<History> {
    (0..12)
        .map(|_| {
            let mut history = generate::history(rng.u64(..));
            history.steps.retain(|step| matches!(step, Step::Commit(_)));
            let targets = history
                .steps
                .iter()
                .filter_map(|step| match step {
                    Step::Commit(commit) => Some((
                        format!("refs/heads/c{}", commit.id),
                        Target::Commit(commit.id),
                    )),
                    Step::Push(_) => None,
                })
                .collect();
            history.steps.push(Step::Push(Push {
                refused: false,
                updates: targets,
            }));
            history
        })
        .collect()
}

fn entries(rng: &mut Rng, pool: &Pool, paths: &[&str], conflicts: bool) -> String {
    let mut lines = String::new();
    let zero = "0".repeat(40);
    for _ in 0..rng.usize(1..5) {
        let path = quoted(paths[rng.usize(..paths.len())], &values());
        let blob = &pool.blobs[rng.usize(..pool.blobs.len())];
        match rng.u8(..12) {
            0..3 => lines.push_str(&format!("0 {zero}\t{path}\n")),
            3 => lines.push_str(&format!("120000 {blob}\t{path}\n")),
            4 => lines.push_str(&format!("100755 {blob}\t{path}\n")),
            5 => lines.push_str(&format!("160000 {}\t{path}\n", elsewhere(rng.u32(..3)))),
            6 if conflicts => {
                lines.push_str(&format!("0 {zero}\t{path}\n"));
                for stage in 1..=3 {
                    if rng.bool() || stage == 2 {
                        lines.push_str(&format!("100644 {blob} {stage}\t{path}\n"));
                    }
                }
            }
            _ => lines.push_str(&format!("100644 {blob}\t{path}\n")),
        }
    }
    lines
}

/// One random index: what the gate says of it against what git says; the difference and the script.
fn state(
    rng: &mut Rng,
    stage: &mut Stage<'_>,
    store: &mut Store,
    pool: &Pool,
    repository: &Repository,
    totals: &mut [usize; 3],
) -> Option<String> {
    let _ = std::fs::remove_file(&stage.index);
    stage.script.clear();
    let commit = |rng: &mut Rng| pool.commits[rng.usize(..pool.commits.len())].clone();
    let start = commit(rng);
    let conflicts = rng.u8(..4) == 0;
    match rng.u8(..6) {
        0 => {}
        1 => drop(stage.git(&["read-tree", "--empty"], "")),
        _ => drop(stage.git(&["read-tree", &start], "")),
    }
    let paths = generate::PATHS;
    for _ in 0..rng.u8(1..5) {
        match rng.u8(..13) {
            0..5 => {
                let lines = entries(rng, pool, paths, conflicts);
                stage.git(&["update-index", "--index-info"], &lines);
            }
            5 | 6 => {
                let version = ["2", "3", "4"][rng.usize(..3)];
                stage.git(&["update-index", "--index-version", version], "");
            }
            // Another mode of what stands.
            11 if !conflicts => {
                let listed = stage.git(&["ls-files", "--stage"], "");
                let listed = String::from_utf8_lossy(&listed).into_owned();
                let plain: Vec<&str> = listed
                    .lines()
                    .filter(|line| !line.starts_with("160000"))
                    .collect();
                if !plain.is_empty() {
                    let mode = ["100644", "100755", "120000"][rng.usize(..3)];
                    let entry = &plain[rng.usize(..plain.len())][6..];
                    stage.git(
                        &["update-index", "--index-info"],
                        &format!("{mode}{entry}\n"),
                    );
                }
            }
            // What a commit leaves: a cache tree that is valid. Not possible with conflicts.
            7 | 8 => stage.try_git(&["write-tree"]),
            9 => stage.try_git(&["add", "-N", ["ita", "deep/ita"][rng.usize(..2)]]),
            10 => {
                // Flags that say nothing of content, on entries that exist.
                let listed = stage.git(&["ls-files"], "");
                let listed = String::from_utf8_lossy(&listed).into_owned();
                let plain: Vec<&str> = listed
                    .lines()
                    .filter(|name| !name.starts_with('"'))
                    .collect();
                if !plain.is_empty() && !conflicts {
                    let flag = ["--skip-worktree", "--assume-unchanged"][rng.usize(..2)];
                    stage.git(&["update-index", flag, plain[rng.usize(..plain.len())]], "");
                }
            }
            _ => {
                let other = commit(rng);
                stage.try_git(&[
                    "read-tree",
                    &format!("--prefix=vendor{}", rng.u32(..)),
                    &other,
                ]);
            }
        }
    }
    let mut parents: Vec<Hex> = match rng.u8(..5) {
        0 => Vec::new(),
        1 => vec![start.clone(), commit(rng)],
        2 => vec![commit(rng)],
        _ => vec![start.clone()],
    };
    parents.dedup();
    let trees: Vec<Hex> = parents
        .iter()
        .map(|parent| store.objects.commit(parent).tree.clone())
        .collect();
    let against: Vec<Hex> = if trees.is_empty() {
        vec![EMPTY_TREE.to_owned()]
    } else {
        trees.clone()
    };
    let staged: Vec<_> = against.iter().map(|tree| stage.staged(tree)).collect();
    let mut expected: BTreeMap<Vec<u8>, (String, Hex)> = BTreeMap::new();
    let mut conflicted = BTreeSet::new();
    for (path, (mode, hex, status)) in &staged[0] {
        if *status == 'U' {
            conflicted.insert(path.clone());
        } else if *status != 'D' && staged.iter().all(|other| other.contains_key(path)) {
            expected.insert(path.clone(), (mode.clone(), hex.clone()));
        }
    }
    let index = Index::open(repository, Some(stage.index.clone())).expect("a readable index");
    let ids: Vec<_> = trees.iter().map(|tree| oid(tree)).collect();
    let mut found = BTreeMap::new();
    let mut in_conflict = BTreeSet::new();
    index
        .changes(repository, &ids, &mut |change| {
            match change {
                IndexChange::Staged(change) => {
                    let gitlink = change.mode.is_gitlink();
                    assert!(
                        found
                            .insert(change.path, (gitlink, change.oid.to_string()))
                            .is_none()
                    );
                }
                IndexChange::Conflicted(path) => drop(in_conflict.insert(path)),
                IndexChange::SparseFolder { .. } => panic!("no index here is sparse"),
            }
            Ok(())
        })
        .expect("readable");
    let wanted: BTreeMap<_, _> = expected
        .iter()
        .map(|(path, (mode, hex))| (path.clone(), (mode == "160000", hex.clone())))
        .collect();
    let script = |stage: &Stage<'_>| format!("parents {parents:?}\n{}", stage.script.join("\n"));
    if wanted != found || conflicted != in_conflict {
        return Some(format!(
            "staged for git: {wanted:?}\nfor the gate: {found:?}\nin conflict for git: {conflicted:?}\nfor the gate: {in_conflict:?}\n{}",
            script(stage)
        ));
    }
    let name = [
        "refs/heads/staging",
        "refs/heads/feature/a",
        "refs/heads/production",
    ][rng.usize(..3)];
    let values = values();
    let mut said = Findings::new();
    let mut oracle = Oracle {
        objects: &mut store.objects,
        values: &values,
        rev_list: &|_, _| Vec::new(),
    };
    // What a merge brings onto a claimed branch is new to it, wherever else it stands: only HEAD counts as before.
    let judged = if name == "refs/heads/feature/a" {
        oracle.between(name, &expected, &trees, &mut said);
        expected.len()
    } else {
        let staged: BTreeMap<_, _> = staged[0]
            .iter()
            .filter(|(_, (_, _, status))| !matches!(status, 'U' | 'D'))
            .map(|(path, (mode, hex, _))| (path.clone(), (mode.clone(), hex.clone())))
            .collect();
        oracle.between(name, &staged, &trees[..trees.len().min(1)], &mut said);
        staged.len()
    };
    totals[0] += 1;
    totals[1] += judged;
    totals[2] += said.len();
    let gate = Gate {
        inventory: None,
        clock: None,
        granted: &[],
        notes: &[],
        repository,
        policy: &Policy::parse(&oracle::policy("environment"), "policy").expect("a policy"),
        scanner: &scanner(),
        today: TODAY,
        keep_allowed: false,
        laptop: false,
        policy_ref: None,
    };
    let report = gate
        .staged(Commit {
            refs: vec![name.to_owned()],
            parents: parents.iter().map(|parent| oid(parent)).collect(),
            index: Some(stage.index.clone()),
        })
        .expect("it can be judged");
    assert_eq!(
        report
            .unexamined
            .iter()
            .filter(|unexamined| unexamined.refuses)
            .count(),
        conflicted.len(),
        "what is in conflict is said"
    );
    let difference = difference(&said, &findings(&report, &fingerprints(&values)));
    (!difference.is_empty()).then(|| format!("{difference}{}", script(stage)))
}

#[test]
fn the_index_is_read_as_git_reads_it() {
    let seed = number("STAGEGATE_SEED", 1);
    let count = number("STAGEGATE_DIFFERENTIAL", 400).div_ceil(2);
    let started = std::time::Instant::now();
    let mut rng = Rng::with_seed(seed);
    let env = TestEnv::new();
    let values = values();
    let dir = env.path("store.git");
    let mut store = Store::new(&env, dir.clone(), &pool(&mut rng), &values);
    let work = env.path("work");
    std::fs::create_dir_all(work.join("deep")).expect("a folder");
    for name in ["ita", "deep/ita"] {
        std::fs::write(work.join(name), bytes_of(&any_content(&mut rng), &values)).expect("a file");
    }
    let commits: Vec<Hex> = store
        .pushes
        .iter()
        .flatten()
        .flat_map(|push| push.refs.iter().filter_map(|(_, oid)| oid.clone()))
        .collect();
    let mut blobs = BTreeSet::new();
    for commit in &commits {
        let tree = store.objects.commit(commit).tree.clone();
        for (mode, blob) in store.objects.files(&tree).values() {
            if mode != "160000" {
                blobs.insert(blob.clone());
            }
        }
    }
    let pool = Pool {
        blobs: blobs.into_iter().collect(),
        commits,
    };
    let repository = Repository::open_at(&dir).expect("a repository");
    let mut stage = Stage {
        env: &env,
        dir: &dir,
        index: env.path("index"),
        script: Vec::new(),
    };
    let mut totals = [0; 3];
    for _ in 0..count {
        let own = rng.u64(..);
        let failed = state(
            &mut Rng::with_seed(own),
            &mut stage,
            &mut store,
            &pool,
            &repository,
            &mut totals,
        );
        if let Some(text) = failed {
            panic!("seed {seed}, index {own}: {text}");
        }
    }
    let [indexes, staged, said] = totals;
    eprintln!(
        "{indexes} indexes, {staged} staged entries, {said} findings compared, {:.1} s",
        started.elapsed().as_secs_f64()
    );
    assert!(said > 0 || count < 20);
}

fn any_content(rng: &mut Rng) -> Content {
    Content {
        kind: Kind::File,
        noise: 1,
        values: vec![rng.u8(..VALUES)],
        staged: Vec::new(),
    }
}

#[test]
fn paths_are_decoded() {
    assert_eq!(
        decoded("a%0a%ff%v1", &["x".to_owned(), "y".to_owned()]),
        b"a\n\xffy"
    );
}
