//! What stands on a side of the boundary: its files are read once, when the first value is compared with them, and those
//! that may hold the value are parsed.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::examine::{self, Knowledge, Scalar};
use crate::git::{self, GitError, Index, IndexChange, Kind, Repository};
use crate::model::{Oid, Secret};
use crate::scan::ValueId;
use crate::scan::decode::Encoding;
use crate::syntax::{self, Syntax};

use super::super::{Blob, Judge, JudgeError, Source};
use super::sketch::{Sketch, Wanted};
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

/// The files of one side of the boundary.
#[derive(Default)]
pub(super) struct Standing {
    files: Vec<SideFile>,
}

/// One file of a side.
struct SideFile {
    /// The ref, where it is not the tree that is judged.
    ref_name: Option<Rc<str>>,
    path: Rc<str>,
    oid: Oid,
}

/// The values of a blob, with their lines and keys.
#[derive(Default)]
struct Values {
    /// Values that a rule knows, or whose key says that they are secret. Whether they are secret there, with all that is
    /// said around them, is told by [`Judge::held_secret`].
    secret: HashMap<ValueId, Vec<Seen>>,
    /// Values under keys that say nothing.
    scalar: HashMap<ValueId, Seen>,
}

/// Line and key path.
type Seen = (usize, Vec<String>);

/// Where a value stands.
#[derive(Clone)]
pub(super) struct Held {
    /// The ref, where it is not the tree that is judged.
    pub(super) ref_name: Option<Rc<str>>,
    pub(super) path: Rc<str>,
    pub(super) line: usize,
    pub(super) key_path: Vec<String>,
}

impl Held {
    fn in_file(file: &SideFile, (line, key_path): &Seen) -> Self {
        Self {
            ref_name: file.ref_name.clone(),
            path: Rc::clone(&file.path),
            line: *line,
            key_path: key_path.clone(),
        }
    }
}

/// What the comparison has read so far.
#[derive(Default)]
pub(in crate::judge) struct Reuse<'j> {
    landscape: Landscape<'j>,
    /// Whether a change has been compared.
    compared: bool,
    /// The files of a side, without those of the ref that is judged.
    standing: HashMap<(Side, Option<String>), Rc<Standing>>,
    /// The refs of a side, without the one that is judged.
    trees: HashMap<(Side, Option<String>), Trees>,
    /// What may stand in a blob; none where it cannot be compared.
    sketches: HashMap<Oid, Option<Rc<Sketch>>>,
    /// What stands in the few blobs that had to be parsed.
    values: HashMap<(Oid, Syntax), Rc<Values>>,
}

/// Refs with their trees.
pub(super) type Trees = Rc<[(String, Oid)]>;

/// Larger files are not compared: they are data, not configuration.
const LARGEST: usize = 4 << 20;

/// So many files of a side are compared, the others said.
const MOST: usize = 50_000;

/// At so many places of a side it is asked whether a value is secret.
const MOST_PLACES: usize = 64;

impl Standing {
    fn add(&mut self, ref_name: Option<&Rc<str>>, path: &str, oid: Oid) {
        self.files.push(SideFile {
            ref_name: ref_name.cloned(),
            path: path.into(),
            oid,
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

    /// Whether a file may hold a value: told by its sketch, which is made when it is first asked for.
    fn may_hold(&mut self, file: &SideFile, wanted: &Wanted) -> Result<bool, JudgeError> {
        if let Some(known) = self.reuse.sketches.get(&file.oid) {
            return Ok(known.as_ref().is_some_and(|sketch| sketch.may_hold(wanted)));
        }
        let sketch = self.sketch(file)?;
        let may = sketch
            .as_ref()
            .is_some_and(|sketch| sketch.may_hold(wanted));
        self.reuse.sketches.insert(file.oid, sketch.map(Rc::new));
        Ok(may)
    }

    fn sketch(&mut self, file: &SideFile) -> Result<Option<Sketch>, JudgeError> {
        let read = match self.repository.size(file.oid) {
            Ok((Kind::Blob, size)) if size <= LARGEST => self
                .repository
                .with_blob(file.oid, |bytes| (bytes.len(), Sketch::of(bytes))),
            Ok(_) => return Ok(None),
            Err(error) => Err(error),
        };
        match read {
            Ok((len, sketch)) => {
                self.stats.blobs += 1;
                self.stats.bytes += len as u64;
                Ok(Some(sketch))
            }
            Err(error) => {
                self.not_compared(&file.path, file.oid, &error)?;
                Ok(None)
            }
        }
    }

    /// The values of a file.
    fn values(&mut self, file: &SideFile) -> Result<Rc<Values>, JudgeError> {
        let syntax = syntax::of_path(&file.path);
        if let Some(known) = self.reuse.values.get(&(file.oid, syntax)) {
            return Ok(Rc::clone(known));
        }
        let mut values = Values::default();
        // Whose a value is by its surroundings is asked of the few that a change holds too.
        let knowledge = Knowledge {
            evidence: false,
            ..self.knowledge()
        };
        match self.look(file.oid, syntax, &knowledge) {
            Ok((blob, _)) => {
                for sighting in blob.sightings().filter(|s| !is_shared_by_design(s)) {
                    let seen = values.secret.entry(sighting.value).or_default();
                    seen.push((sighting.line, sighting.key_path.clone()));
                }
                self.each_scalar(file.oid, syntax, &blob, &mut |scalar, _, _| {
                    let seen = (scalar.line, scalar.key_path);
                    values.scalar.entry(scalar.value).or_insert(seen);
                })?;
            }
            Err(JudgeError::Git(error)) => self.not_compared(&file.path, file.oid, &error)?,
            Err(error) => return Err(error),
        }
        let values = Rc::new(values);
        self.reuse
            .values
            .insert((file.oid, syntax), Rc::clone(&values));
        Ok(values)
    }

    /// Where a value stands as a secret on a side.
    pub(super) fn held_secret(
        &mut self,
        standing: &Standing,
        value: ValueId,
        wanted: &Wanted,
    ) -> Result<Option<Held>, JudgeError> {
        let mut asked = 0;
        for file in &standing.files {
            if !self.may_hold(file, wanted)? {
                continue;
            }
            let values = self.values(file)?;
            for seen in values.secret.get(&value).into_iter().flatten() {
                asked += 1;
                if asked > MOST_PLACES {
                    return Ok(None);
                }
                let blob = match self.examine(file.oid, syntax::of_path(&file.path)) {
                    Ok(blob) => blob,
                    Err(JudgeError::Git(_)) => continue,
                    Err(error) => return Err(error),
                };
                let mut sightings = blob.sightings();
                if sightings.any(|s| s.value == value && !is_shared_by_design(s)) {
                    return Ok(Some(Held::in_file(file, seen)));
                }
            }
        }
        Ok(None)
    }

    /// Where a value stands on a side under a key that says nothing.
    pub(super) fn held_scalar(
        &mut self,
        standing: &Standing,
        value: ValueId,
        wanted: &Wanted,
    ) -> Result<Option<Held>, JudgeError> {
        for file in &standing.files {
            if self.may_hold(file, wanted)?
                && let Some(seen) = self.values(file)?.scalar.get(&value)
            {
                return Ok(Some(Held::in_file(file, seen)));
            }
        }
        Ok(None)
    }

    fn not_compared(&mut self, path: &str, oid: Oid, error: &GitError) -> Result<(), JudgeError> {
        let reason = format!("values were not compared with it: {error}");
        self.not_read(path, oid, &reason, false);
        Ok(())
    }

    /// Shows the scalars of a blob, each with its value and with what stands for it in the text; none are kept, because large
    /// blobs have many.
    pub(super) fn scalars(
        &mut self,
        oid: Oid,
        syntax: Syntax,
        visit: &mut dyn FnMut(Scalar, Secret<'_>, Secret<'_>),
    ) -> Result<(), JudgeError> {
        if !self.has_scalars(oid, syntax) {
            return Ok(());
        }
        match self.examine(oid, syntax) {
            Ok(blob) => self.each_scalar(oid, syntax, &blob, visit),
            Err(JudgeError::Git(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether a blob is small enough and of a format in which scalars are compared.
    fn has_scalars(&self, oid: Oid, syntax: Syntax) -> bool {
        syntax != Syntax::Code
            && matches!(self.repository.size(oid), Ok((Kind::Blob, size)) if size <= LARGEST)
    }

    /// Shows the scalars of a blob beside what was found in it.
    fn each_scalar(
        &self,
        oid: Oid,
        syntax: Syntax,
        blob: &Blob,
        visit: &mut dyn FnMut(Scalar, Secret<'_>, Secret<'_>),
    ) -> Result<(), JudgeError> {
        if !self.has_scalars(oid, syntax) {
            return Ok(());
        }
        let sightings: Vec<_> = blob.sightings().collect();
        Ok(self.repository.with_blob(oid, |bytes| {
            let text = Encoding::of(bytes).text(bytes, true);
            examine::scalars(&text, syntax, &sightings, &mut |scalar, value| {
                let written = Secret::new(&text[scalar.span.clone()]);
                visit(scalar, value, written);
            });
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
