//! What stands at the tips of refs. Trees that tips share are looked at once.

use std::collections::HashMap;
use std::rc::Rc;

use crate::git::{self, GitError, Kind, RecentTrees, tree_entries};
use crate::judge::JudgeError;
use crate::model::Oid;
use crate::policy::Policy;
use crate::scan;
use crate::syntax;

use super::history::Story;
use super::ledger::{Ledger, Seen};

/// Refs by what claims them: those of one kind are claimed alike. At most 64 kinds; what is beyond counts as unclaimed.
pub(super) struct Refs {
    /// One ref of each kind, as the policy knows it; the first is claimed by nothing.
    pub(super) kinds: Vec<Option<String>>,
    /// Every ref: its name as told, its kind, and the commit or tree that it means.
    pub(super) all: Vec<RefOf>,
    /// Annotated tags, each with what it means.
    pub(super) tags: Vec<(Oid, Oid)>,
}

/// One ref.
pub(super) struct RefOf {
    /// Its name, redacted.
    pub(super) name: String,
    /// Its kind, an index into [`Refs::kinds`].
    pub(super) kind: usize,
    pub(super) tip: Oid,
    pub(super) is_commit: bool,
}

/// The name by which the policy knows a ref: what a clone has of a remote's branch is that branch.
pub fn claimed_name(name: &str) -> String {
    let of_remote = name
        .strip_prefix("refs/remotes/")
        .and_then(|rest| rest.split_once('/'));
    match of_remote {
        Some((_, branch)) => format!("refs/heads/{branch}"),
        None => name.to_owned(),
    }
}

impl Refs {
    pub(super) fn read(ledger: &mut Ledger<'_>, refs: &[git::Ref]) -> Self {
        let mut of_claims: HashMap<Vec<String>, usize> = HashMap::from([(Vec::new(), 0)]);
        let mut read = Self {
            kinds: vec![None],
            all: Vec::with_capacity(refs.len()),
            tags: Vec::new(),
        };
        for git::Ref { name, oid } in refs {
            let shown = scan::redact(ledger.scanner, name, &[]);
            let (tags, tip, kind) = match ledger.repository.peel(*oid) {
                Ok(peeled) => peeled,
                Err(error) => {
                    ledger.not_read(shown, error.to_string());
                    continue;
                }
            };
            read.tags.extend(tags.into_iter().map(|tag| (tag, tip)));
            if !matches!(kind, Kind::Commit | Kind::Tree) {
                continue;
            }
            let known = claimed_name(name);
            let environments = environments(ledger.policy, &known);
            let next = read.kinds.len();
            let kind_of_ref = *of_claims.entry(environments).or_insert(next);
            let kind_of_ref = if kind_of_ref < 64 { kind_of_ref } else { 0 };
            if kind_of_ref == next {
                read.kinds.push(Some(known));
            }
            read.all.push(RefOf {
                name: shown,
                kind: kind_of_ref,
                tip,
                is_commit: kind == Kind::Commit,
            });
        }
        read.tags.sort_unstable();
        read.tags.dedup();
        // Claimed ones first: of many refs, those are told.
        read.all.sort_by(|a, b| {
            let rank = |one: &RefOf| (one.kind == 0, !one.name.starts_with("refs/heads/"));
            rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name))
        });
        read
    }
}

fn environments(policy: &Policy, name: &str) -> Vec<String> {
    policy
        .claims_of_ref(name)
        .into_iter()
        .map(|claim| claim.environment)
        .collect()
}

/// A folder with only what is of interest in it. Folders that trees share are held once.
struct HotFolder {
    entries: Vec<(Vec<u8>, HotEntry)>,
}

#[derive(Clone)]
enum HotEntry {
    Blob(Oid),
    Folder(Rc<HotFolder>),
}

/// A file at a tip: the number of its path, and what is believed there.
pub(super) struct Standing {
    pub(super) path: u32,
    pub(super) seen: Vec<Seen>,
    /// What is no credential: pointers, grants, data.
    pub(super) beside: Vec<Seen>,
}

/// Looks at tips.
pub(super) struct Tips<'r> {
    trees: RecentTrees<'r>,
    hot: HashMap<Oid, Rc<HotFolder>>,
    at: HashMap<(Oid, Vec<u8>), Rc<Standing>>,
}

/// Deeper trees are hostile.
const DEEPEST: usize = 1024;
/// As many places of one tree are looked at: a dozen trees whose entries are all one tree unfold to more than there is time.
const MOST: usize = 200_000;

impl<'r> Tips<'r> {
    pub(super) fn new(trees: RecentTrees<'r>) -> Self {
        Self {
            trees,
            hot: HashMap::new(),
            at: HashMap::new(),
        }
    }

    /// Everything that stands in a tree.
    pub(super) fn standing(
        &mut self,
        ledger: &mut Ledger<'_>,
        story: &mut Story,
        tree: Oid,
    ) -> Result<Vec<Rc<Standing>>, JudgeError> {
        let mut standing = Vec::new();
        for (path, oid) in self.files(ledger, tree)? {
            let key = (oid, path);
            if let Some(known) = self.at.get(&key) {
                standing.push(Rc::clone(known));
                continue;
            }
            let text = String::from_utf8_lossy(&key.1);
            let seen = ledger.at(oid, &text)?;
            let beside = ledger.beside(oid, &text)?;
            let told = scan::redact(ledger.scanner, &text, &[]);
            let there = Rc::new(Standing {
                path: story.path(&told),
                seen,
                beside,
            });
            standing.push(Rc::clone(&there));
            self.at.insert(key, there);
        }
        Ok(standing)
    }

    /// What was left closed in the files of a tree.
    pub(super) fn closed(&mut self, ledger: &mut Ledger<'_>, tree: Oid) -> Result<(), JudgeError> {
        for (path, oid) in self.files(ledger, tree)? {
            let path = String::from_utf8_lossy(&path);
            if let Some(reason) = ledger.closed_at(oid, &path).map(str::to_owned) {
                let what = scan::redact(ledger.scanner, &path, &[]);
                ledger.not_read(what, reason);
            }
        }
        Ok(())
    }

    /// The files of interest, with their paths.
    fn files(
        &mut self,
        ledger: &mut Ledger<'_>,
        tree: Oid,
    ) -> Result<Vec<(Vec<u8>, Oid)>, JudgeError> {
        let root = self.below(ledger, tree, 0)?;
        let mut files = Vec::new();
        let mut stack = vec![(Vec::new(), root)];
        while let Some((prefix, folder)) = stack.pop() {
            for (name, entry) in &folder.entries {
                let mut path = prefix.clone();
                path.extend_from_slice(name);
                match entry {
                    HotEntry::Blob(oid) => files.push((path, *oid)),
                    HotEntry::Folder(below) => {
                        path.push(b'/');
                        stack.push((path, Rc::clone(below)));
                    }
                }
            }
            if files.len() + stack.len() > MOST {
                let reason = "more than 200,000 of its files hold credentials";
                return Err(GitError::Malformed { oid: tree, reason }.into());
            }
        }
        Ok(files)
    }

    fn below(
        &mut self,
        ledger: &mut Ledger<'_>,
        tree: Oid,
        depth: usize,
    ) -> Result<Rc<HotFolder>, JudgeError> {
        if let Some(known) = self.hot.get(&tree) {
            return Ok(Rc::clone(known));
        }
        if depth > DEEPEST {
            let reason = "the tree is nested deeper than 1,024 folders";
            return Err(GitError::Malformed { oid: tree, reason }.into());
        }
        let raw = self.trees.read(tree)?;
        let mut entries = Vec::new();
        for entry in tree_entries(tree, &raw)? {
            if entry.mode.is_tree() {
                let below = self.below(ledger, entry.oid, depth + 1)?;
                if !below.entries.is_empty() {
                    entries.push((entry.name.to_vec(), HotEntry::Folder(below)));
                }
            } else if !entry.mode.is_gitlink() {
                // Every blob of a tip came with some commit, unless history is cut short. The syntax is in the name alone.
                let name = String::from_utf8_lossy(entry.name);
                ledger.examine(entry.oid, syntax::of_path(&name), &name)?;
                if ledger.is_hot(entry.oid) || ledger.closed_at(entry.oid, &name).is_some() {
                    entries.push((entry.name.to_vec(), HotEntry::Blob(entry.oid)));
                }
            }
        }
        let folder = Rc::new(HotFolder { entries });
        self.hot.insert(tree, Rc::clone(&folder));
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::claimed_name;

    #[test]
    fn a_clones_branches_are_the_remotes_own() {
        for (name, known) in [
            ("refs/remotes/origin/staging", "refs/heads/staging"),
            ("refs/remotes/up/release/1", "refs/heads/release/1"),
            ("refs/heads/staging", "refs/heads/staging"),
            ("refs/tags/rc-1", "refs/tags/rc-1"),
            ("refs/remotes/odd", "refs/remotes/odd"),
        ] {
            assert_eq!(claimed_name(name), known);
        }
    }
}
