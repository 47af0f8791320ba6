//! What stands on a side of the boundary: read when the first value is compared with it, and once for a tree.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::examine::{self, Knowledge, Scalar};
use crate::git::{self, GitError, Index, IndexChange, Kind, Repository};
use crate::model::Oid;
use crate::scan::ValueId;
use crate::scan::decode::Encoding;
use crate::syntax::{self, Syntax};

use super::super::{Blob, Judge, JudgeError, Source};
use super::{Side, is_shared_by_design};

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

/// The values of one side of the boundary.
#[derive(Default)]
pub(super) struct Standing {
    /// Values that a rule knows, or whose key says that they are secret.
    /// Where they were seen; whether they are secret there is told by [`Judge::held_secret`].
    secret: HashMap<ValueId, Vec<Held>>,
    /// Values under keys that say nothing.
    pub(super) scalar: HashMap<ValueId, Held>,
}

/// Where a value stands.
#[derive(Clone)]
pub(super) struct Held {
    /// The ref, where it is not the tree that is judged.
    pub(super) ref_name: Option<Rc<str>>,
    pub(super) path: Rc<str>,
    pub(super) oid: Oid,
    pub(super) line: usize,
    pub(super) key_path: Vec<String>,
}

/// What the comparison has read so far.
#[derive(Default)]
pub(in crate::judge) struct Reuse<'j> {
    landscape: Landscape<'j>,
    /// The values of a side, without those of the ref that is judged.
    standing: HashMap<(Side, Option<String>), Rc<Standing>>,
    /// The refs of a side, without the one that is judged.
    trees: HashMap<(Side, Option<String>), Trees>,
}

/// Refs with their trees.
pub(super) type Trees = Rc<[(String, Oid)]>;

/// Larger files are not compared: they are data, not configuration.
const LARGEST: usize = 4 << 20;

/// So many files of a side are compared, the others said.
const MOST: usize = 50_000;

/// In so many files of a side it is asked whether a value is secret.
const MOST_PLACES: usize = 64;

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

    /// Whether it is known by now that nothing stands on a side.
    pub(super) fn is_known_to_be_empty(&self, side: Side, source: Source<'_>) -> bool {
        let key = (side, source.ref_name.map(str::to_owned));
        let standing = self.reuse.standing.get(&key);
        standing.is_some_and(|known| known.secret.is_empty() && known.scalar.is_empty())
    }

    /// What stands on a side: read when the first value is compared.
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
        let mut files = 0;
        for (path, oid) in self.files_of(side)? {
            files += 1;
            if files > MOST {
                self.leave_out(side, "tree", oid, "more files than are compared");
                break;
            }
            self.add_file(&mut standing, None, &path, oid)?;
        }
        for (name, tree) in self.trees_of(side, source)?.iter() {
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
                files += 1;
                if files > MOST {
                    self.leave_out(side, name, oid, "more files than are compared");
                    break;
                }
                let path = String::from_utf8_lossy(&path).into_owned();
                // On a ref everything belongs to the environment; only configuration is compared, not its tests and code.
                if syntax::of_path(&path) != Syntax::Code {
                    self.add_file(&mut standing, Some(name), &path, oid)?;
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
        let key = (side, source.ref_name.map(str::to_owned));
        if let Some(known) = self.reuse.trees.get(&key) {
            return Ok(Rc::clone(known));
        }
        let mut trees: Vec<(String, Oid)> = Vec::new();
        for current in self.repository.refs()? {
            let name = match current.name.strip_prefix("refs/remotes/") {
                Some(rest) => match rest.split_once('/') {
                    Some((_, branch)) => format!("refs/heads/{branch}"),
                    None => continue,
                },
                None => current.name.clone(),
            };
            if source.ref_name == Some(&name)
                || Side::of(&self.policy.claims_of_ref(&name)) != Some(side)
            {
                continue;
            }
            // A ref that cannot be read is not this push's fault, and git says it elsewhere.
            let Ok((_, tip, Kind::Commit)) = self.repository.peel(current.oid) else {
                continue;
            };
            let tree = self.repository.commit(tip)?.tree;
            if trees.iter().all(|(_, known)| *known != tree) {
                trees.push((current.name, tree));
            }
        }
        let trees: Trees = trees.into();
        self.reuse.trees.insert(key, Rc::clone(&trees));
        Ok(trees)
    }

    fn add_file(
        &mut self,
        standing: &mut Standing,
        ref_name: Option<&str>,
        path: &str,
        oid: Oid,
    ) -> Result<(), JudgeError> {
        let syntax = syntax::of_path(path);
        match self.repository.size(oid) {
            Ok((Kind::Blob, size)) if size <= LARGEST => {}
            Ok(_) => return Ok(()),
            Err(error) => return self.not_compared(path, oid, &error),
        }
        // Whose a value is by its surroundings is asked of the few that a change holds too.
        let knowledge = Knowledge {
            evidence: false,
            ..self.knowledge()
        };
        let (blob, read) = match self.look(oid, syntax, &knowledge) {
            Ok(seen) => seen,
            Err(JudgeError::Git(error)) => return self.not_compared(path, oid, &error),
            Err(error) => return Err(error),
        };
        self.stats.blobs += 1;
        self.stats.bytes += read;
        let (ref_name, path): (Option<Rc<str>>, Rc<str>) = (ref_name.map(Rc::from), Rc::from(path));
        let held = |line: usize, key_path: &[String]| Held {
            ref_name: ref_name.clone(),
            path: Rc::clone(&path),
            oid,
            line,
            key_path: key_path.to_vec(),
        };
        for sighting in blob.sightings().filter(|s| !is_shared_by_design(s)) {
            let places = standing.secret.entry(sighting.value).or_default();
            if places.len() < MOST_PLACES {
                places.push(held(sighting.line, &sighting.key_path));
            }
        }
        for scalar in self.scalars_beside(oid, syntax, &blob)? {
            standing
                .scalar
                .entry(scalar.value)
                .or_insert_with(|| held(scalar.line, &scalar.key_path));
        }
        Ok(())
    }

    /// Where a value stands as a secret on a side.
    pub(super) fn held_secret(
        &mut self,
        standing: &Standing,
        value: ValueId,
    ) -> Result<Option<Held>, JudgeError> {
        for held in standing.secret.get(&value).into_iter().flatten() {
            let blob = match self.examine(held.oid, syntax::of_path(&held.path)) {
                Ok(blob) => blob,
                Err(JudgeError::Git(_)) => continue,
                Err(error) => return Err(error),
            };
            let mut sightings = blob.sightings();
            if sightings.any(|s| s.value == value && !is_shared_by_design(s)) {
                return Ok(Some(held.clone()));
            }
        }
        Ok(None)
    }

    fn not_compared(&mut self, path: &str, oid: Oid, error: &GitError) -> Result<(), JudgeError> {
        let reason = format!("values were not compared with it: {error}");
        self.not_read(path, oid, &reason, false);
        Ok(())
    }

    /// The scalars of a blob. Not kept: of most blobs they are asked for once, and large ones have many.
    pub(super) fn scalars(&mut self, oid: Oid, syntax: Syntax) -> Result<Vec<Scalar>, JudgeError> {
        if !self.has_scalars(oid, syntax) {
            return Ok(Vec::new());
        }
        match self.examine(oid, syntax) {
            Ok(blob) => self.scalars_beside(oid, syntax, &blob),
            Err(JudgeError::Git(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Whether a blob is small enough and of a format in which scalars are compared.
    fn has_scalars(&self, oid: Oid, syntax: Syntax) -> bool {
        syntax != Syntax::Code
            && matches!(self.repository.size(oid), Ok((Kind::Blob, size)) if size <= LARGEST)
    }

    /// The scalars of a blob beside what was found in it.
    fn scalars_beside(
        &self,
        oid: Oid,
        syntax: Syntax,
        blob: &Blob,
    ) -> Result<Vec<Scalar>, JudgeError> {
        if !self.has_scalars(oid, syntax) {
            return Ok(Vec::new());
        }
        let sightings: Vec<_> = blob.sightings().collect();
        Ok(self.repository.with_blob(oid, |bytes| {
            let text = Encoding::of(bytes).text(bytes, true);
            examine::scalars(&text, syntax, &sightings)
        })?)
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
