//! What stands on a side of the boundary: files of the tree, of the index and of refs. Which of them holds a value: `held`.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::examine::Told;
use crate::git::{self, GitError, Index, IndexChange, Kind, Repository};
use crate::model::Oid;
use crate::syntax::{self, Syntax};

use super::super::memo::Memo;
use super::super::{Judge, JudgeError, Source};
use super::Side;
use super::held::{Kept, Known, Values};
use super::sketch::Sketch;

/// Where a value that is judged could have been copied from, beside the refs of the repository.
#[derive(Clone, Copy, Default)]
pub enum Landscape<'j> {
    /// Nothing: a message, or a blob alone.
    #[default]
    Nothing,
    /// What will stand in the tree that a ref update brings.
    Tree(Oid),
    /// What is staged.
    Index(&'j Index),
}

/// The files of one side of the boundary.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) files: Vec<SideFile>,
    /// What has been asked of them.
    pub(super) known: RefCell<Known>,
}

/// One file of a side.
pub(super) struct SideFile {
    /// The ref, where it is not the tree that is judged.
    pub(super) ref_name: Option<Rc<str>>,
    pub(super) path: Rc<str>,
    pub(super) oid: Oid,
    /// What may stand in it, once it was asked; none where it cannot be compared.
    pub(super) sketch: OnceCell<Option<Rc<Sketch>>>,
}

/// What the comparison has read so far.
pub(in crate::judge) struct Reuse<'j> {
    landscape: Landscape<'j>,
    /// Whether a change has been compared.
    compared: bool,
    /// The files of a side, without those of the ref that is judged.
    standing: HashMap<(Side, Option<String>), Rc<Standing>>,
    /// The refs of a side.
    tips: HashMap<Side, Rc<Tips>>,
    /// The same without the one that is judged, each tree once.
    trees: HashMap<(Side, Option<String>), Trees>,
    /// What may stand in a blob; none where it cannot be compared.
    pub(super) sketches: HashMap<Oid, Option<Rc<Sketch>>>,
    /// What stands in the few blobs that had to be parsed.
    pub(super) values: HashMap<(Oid, Syntax), Rc<Values>>,
    /// The scalars of the last blobs: what a change brings is what the next one finds there.
    pub(super) scalars: Memo<(Oid, Syntax), Vec<Kept>>,
    /// What is known of values.
    pub(super) told: RefCell<Told>,
}

/// Refs with their trees.
pub(super) type Trees = Rc<[(String, Oid)]>;

/// Bytes of scalars that are remembered.
const SCALARS: usize = 3 << 20;

impl Default for Reuse<'_> {
    fn default() -> Self {
        Self {
            landscape: Landscape::default(),
            compared: false,
            standing: HashMap::new(),
            tips: HashMap::new(),
            trees: HashMap::new(),
            sketches: HashMap::new(),
            values: HashMap::new(),
            scalars: Memo::new(SCALARS),
            told: RefCell::default(),
        }
    }
}

/// The refs of a side.
#[derive(Default)]
struct Tips {
    all: Vec<Tip>,
    branches: HashSet<String>,
}

/// One ref of a side.
struct Tip {
    /// The branch that it counts as.
    branch: String,
    ref_name: String,
    tree: Oid,
}

/// So many files of a side are compared, the others said.
const MOST: usize = 50_000;

impl Standing {
    fn add(&mut self, ref_name: Option<&Rc<str>>, path: &str, oid: Oid) {
        self.files.push(SideFile {
            ref_name: ref_name.cloned(),
            path: path.into(),
            oid,
            sketch: OnceCell::new(),
        });
    }
}

impl<'j> Judge<'j> {
    /// Where values may have been copied from, from here on.
    pub fn among(&mut self, landscape: Landscape<'j>) {
        let same = matches!(
            (self.reuse.landscape, landscape),
            (Landscape::Tree(old), Landscape::Tree(new)) if old == new
        );
        if !same {
            self.reuse.landscape = landscape;
            self.reuse.standing.clear();
        }
    }

    /// Whether nothing stands on the other side of any of these. A side's files are listed from the second change on: in a
    /// large repository that costs more than to read one file.
    pub(super) fn is_known_to_be_empty(
        &mut self,
        sides: &[Side],
        source: Source<'_>,
    ) -> Result<bool, JudgeError> {
        let first = !std::mem::replace(&mut self.reuse.compared, true);
        for side in sides {
            let key = (side.other(), source.ref_name.map(str::to_owned));
            if first && !self.reuse.standing.contains_key(&key)
                || !self.standing(side.other(), source)?.files.is_empty()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The files that stand on a side; none of them is read.
    pub(super) fn standing(
        &mut self,
        side: Side,
        source: Source<'_>,
    ) -> Result<Rc<Standing>, JudgeError> {
        let key = (side, source.ref_name.map(str::to_owned));
        if let Some(known) = self.reuse.standing.get(&key) {
            return Ok(Rc::clone(known));
        }
        let mut standing = Standing::default();
        for (path, oid) in self.files_of(side)? {
            if standing.files.len() == MOST {
                self.leave_out(side, "tree", oid, "more files than are compared");
                break;
            }
            standing.add(None, &path, oid);
        }
        for (name, tree) in self.trees_of(side, source)?.iter() {
            let ref_name: Rc<str> = name.as_str().into();
            let mut differing = Vec::new();
            let here: Vec<Oid> = match self.reuse.landscape {
                Landscape::Tree(tree) => vec![tree],
                _ => Vec::new(),
            };
            git::changes(self.repository, *tree, &here, &mut |there| {
                differing.push((there.path, there.oid));
                Ok(())
            })?;
            if let Landscape::Index(index) = self.reuse.landscape {
                let mut staged = HashSet::new();
                each_staged(index, self.repository, &mut |path, oid| {
                    staged.insert((path.to_vec(), oid));
                })?;
                differing.retain(|file| !staged.contains(file));
            }
            for (path, oid) in differing {
                if standing.files.len() == MOST {
                    self.leave_out(side, name, oid, "more files than are compared");
                    break;
                }
                let path = String::from_utf8_lossy(&path);
                // On a ref everything belongs to the environment; only configuration is compared, not its tests and code.
                if syntax::of_path(&path) != Syntax::Code {
                    standing.add(Some(&ref_name), &path, oid);
                }
            }
        }
        let standing = Rc::new(standing);
        self.reuse.standing.insert(key, Rc::clone(&standing));
        Ok(standing)
    }

    fn leave_out(&mut self, side: Side, what: &str, oid: Oid, reason: &str) {
        let what = format!("{}'s {what}", side.tier());
        let reason = format!("values were not compared with it: {reason}");
        self.not_read(&what, oid, &reason, false);
    }

    /// The files of the landscape that a side claims by path.
    fn files_of(&self, side: Side) -> Result<Vec<(String, Oid)>, JudgeError> {
        let mut files = Vec::new();
        let mut look = |path: &[u8], oid: Oid| {
            let path = String::from_utf8_lossy(path);
            if Side::of(&self.policy.claims_of_path(&path)) == Some(side) {
                files.push((path.into_owned(), oid));
            }
        };
        match self.reuse.landscape {
            Landscape::Nothing => {}
            Landscape::Index(index) => each_staged(index, self.repository, &mut look)?,
            Landscape::Tree(tree) => git::changes(self.repository, tree, &[], &mut |there| {
                if !there.mode.is_gitlink() {
                    look(&there.path, there.oid);
                }
                Ok(())
            })?,
        }
        Ok(files)
    }

    /// The trees of the refs that a side claims, each with the ref's name, without the one that is judged. A clone knows the
    /// branches of its remotes: they count like the branches themselves.
    pub(super) fn trees_of(&mut self, side: Side, source: Source<'_>) -> Result<Trees, JudgeError> {
        let tips = self.tips_of(side)?;
        // The refs that do not stand on that side, which most do not, share one list.
        let own = source.ref_name.filter(|name| tips.branches.contains(*name));
        let key = (side, own.map(str::to_owned));
        if let Some(known) = self.reuse.trees.get(&key) {
            return Ok(Rc::clone(known));
        }
        let mut seen = HashSet::new();
        let others = tips.all.iter().filter(|tip| own != Some(&tip.branch));
        let trees: Trees = others
            .filter(|tip| seen.insert(tip.tree))
            .map(|tip| (tip.ref_name.clone(), tip.tree))
            .collect();
        self.reuse.trees.insert(key, Rc::clone(&trees));
        Ok(trees)
    }

    /// The refs that a side claims. They are listed once: a push can bring thousands of refs to a server of thousands.
    fn tips_of(&mut self, side: Side) -> Result<Rc<Tips>, JudgeError> {
        if let Some(known) = self.reuse.tips.get(&side) {
            return Ok(Rc::clone(known));
        }
        let mut tips = Tips::default();
        for current in self.repository.refs()? {
            let branch = match current.name.strip_prefix("refs/remotes/") {
                Some(rest) => match rest.split_once('/') {
                    Some((_, branch)) => format!("refs/heads/{branch}"),
                    None => continue,
                },
                None => current.name.clone(),
            };
            if Side::of(&self.policy.claims_of_ref(&branch)) != Some(side) {
                continue;
            }
            // A ref that cannot be read is not this push's fault, and git says it elsewhere.
            let Ok((_, tip, Kind::Commit)) = self.repository.peel(current.oid) else {
                continue;
            };
            tips.branches.insert(branch.clone());
            tips.all.push(Tip {
                branch,
                ref_name: current.name,
                tree: self.repository.commit(tip)?.tree,
            });
        }
        let tips = Rc::new(tips);
        self.reuse.tips.insert(side, Rc::clone(&tips));
        Ok(tips)
    }
}

fn each_staged(
    index: &Index,
    repository: &Repository,
    look: &mut dyn FnMut(&[u8], Oid),
) -> Result<(), GitError> {
    index.changes(repository, &[], &mut |entry| {
        match entry {
            IndexChange::Staged(there) if !there.mode.is_gitlink() => look(&there.path, there.oid),
            // What stands outside of a sparse checkout stands in the tree all the same.
            IndexChange::SparseFolder { path, tree, .. } => {
                git::changes(repository, tree, &[], &mut |there| {
                    look(&[&path[..], &there.path].concat(), there.oid);
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })
}
