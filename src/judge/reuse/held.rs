//! Which files of a side hold a value, and where: few are parsed, those that may hold it by their sketch; or all of them once
//! so many values have been asked for that this is cheaper.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use crate::examine::{self, Knowledge, Scalar};
use crate::git::{GitError, Kind};
use crate::model::{Oid, Secret};
use crate::scan::ValueId;
use crate::scan::decode::Encoding;
use crate::syntax::{self, Syntax};

use super::super::{Blob, Judge, JudgeError};
use super::sketch::{Sketch, Wanted};
use super::standing::{SideFile, Standing};
use super::{is_selective, is_shared_by_design};

/// Larger files are not compared: they are data, not configuration.
const LARGEST: usize = 4 << 20;

/// At so many places of a side it is asked whether a value is secret.
const MOST_PLACES: usize = 64;

/// After so many different values all files are parsed: to ask a sketch takes a ten-thousandth of the time that parsing takes.
const MANY: usize = 4_000;

/// What has been asked of a side.
#[derive(Default)]
pub(super) struct Known {
    /// How many values have been asked for.
    asked: usize,
    /// Values with the numbers of the files that hold them, once all files have been parsed.
    index: Option<HashMap<ValueId, Vec<u32>>>,
    /// Answers.
    secret: HashMap<ValueId, Option<Held>>,
    scalar: HashMap<ValueId, Option<Held>>,
}

/// The values of a blob, with their lines and keys.
#[derive(Default)]
pub(super) struct Values {
    /// Values that a rule knows, or whose key says that they are secret. Whether they are secret there, with all that is
    /// said around them, is told by [`Judge::held_secret`].
    secret: HashMap<ValueId, Vec<Seen>>,
    /// Values under keys that say nothing.
    scalar: HashMap<ValueId, Seen>,
}

/// A scalar, and what must stand where it is held, where it is no chance.
pub(in crate::judge) struct Kept {
    pub(super) scalar: Scalar,
    pub(super) wanted: Wanted,
}

/// Of blobs with more scalars none are kept.
const MOST_KEPT: usize = 64;

/// About as many bytes as one takes.
const KEPT: usize = 1 << 10;

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

impl Judge<'_> {
    /// The files that may hold a value, as their numbers, in order: those whose sketch says so, or once many values have been
    /// asked for, those that do hold it.
    fn candidates(
        &mut self,
        standing: &Standing,
        value: ValueId,
        wanted: &Wanted,
    ) -> Result<Vec<u32>, JudgeError> {
        let mut known = standing.known.borrow_mut();
        known.asked += 1;
        if known.index.is_none() && known.asked > MANY {
            let mut index: HashMap<ValueId, Vec<u32>> = HashMap::new();
            for (number, file) in (0..).zip(&standing.files) {
                let values = self.values(file)?;
                let scalars = values.scalar.keys();
                let scalars = scalars.filter(|value| !values.secret.contains_key(value));
                for &value in values.secret.keys().chain(scalars) {
                    index.entry(value).or_default().push(number);
                }
            }
            known.index = Some(index);
        }
        if let Some(index) = &known.index {
            return Ok(index.get(&value).cloned().unwrap_or_default());
        }
        let mut candidates = Vec::new();
        for (number, file) in (0..).zip(&standing.files) {
            if self.may_hold(file, wanted)? {
                candidates.push(number);
            }
        }
        Ok(candidates)
    }

    /// Whether a file may hold a value: told by its sketch, which is made when it is first asked for.
    fn may_hold(&mut self, file: &SideFile, wanted: &Wanted) -> Result<bool, JudgeError> {
        if file.sketch.get().is_none() {
            let sketch = match self.reuse.sketches.get(&file.oid) {
                Some(known) => known.clone(),
                None => {
                    let made = self.sketch(file)?.map(Rc::new);
                    self.reuse.sketches.insert(file.oid, made.clone());
                    made
                }
            };
            let _ = file.sketch.set(sketch);
        }
        let sketch = file.sketch.get().and_then(Option::as_ref);
        Ok(sketch.is_some_and(|sketch| sketch.may_hold(wanted)))
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
                // No other is asked for.
                self.each_scalar(
                    file.oid,
                    syntax,
                    &blob,
                    &is_selective,
                    &mut |scalar, _, _| {
                        let seen = (scalar.line, scalar.key_path);
                        values.scalar.entry(scalar.value).or_insert(seen);
                    },
                )?;
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
        if let Some(told) = standing.known.borrow().secret.get(&value) {
            return Ok(told.clone());
        }
        let told = self.find_secret(standing, value, wanted)?;
        let mut known = standing.known.borrow_mut();
        known.secret.insert(value, told.clone());
        Ok(told)
    }

    fn find_secret(
        &mut self,
        standing: &Standing,
        value: ValueId,
        wanted: &Wanted,
    ) -> Result<Option<Held>, JudgeError> {
        let mut asked = 0;
        for number in self.candidates(standing, value, wanted)? {
            let file = &standing.files[number as usize];
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
        if let Some(told) = standing.known.borrow().scalar.get(&value) {
            return Ok(told.clone());
        }
        let mut told = None;
        for number in self.candidates(standing, value, wanted)? {
            let file = &standing.files[number as usize];
            if let Some(seen) = self.values(file)?.scalar.get(&value) {
                told = Some(Held::in_file(file, seen));
                break;
            }
        }
        let mut known = standing.known.borrow_mut();
        known.scalar.insert(value, told.clone());
        Ok(told)
    }

    fn not_compared(&mut self, path: &str, oid: Oid, error: &GitError) -> Result<(), JudgeError> {
        let reason = format!("values were not compared with it: {error}");
        self.not_read(path, oid, &reason, false);
        Ok(())
    }

    /// Shows the scalars of a blob that `may` be of interest by what stands for them in the text, each with its value and with
    /// that; none are kept, because large blobs have many.
    pub(super) fn scalars(
        &mut self,
        oid: Oid,
        syntax: Syntax,
        may: &dyn Fn(Secret<'_>) -> bool,
        visit: &mut dyn FnMut(Scalar, Secret<'_>, Secret<'_>),
    ) -> Result<(), JudgeError> {
        if !self.has_scalars(oid, syntax) {
            return Ok(());
        }
        match self.examine(oid, syntax) {
            Ok(blob) => self.each_scalar(oid, syntax, &blob, may, visit),
            Err(JudgeError::Git(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The scalars of a blob that are no chance.
    pub(super) fn kept_scalars(
        &mut self,
        oid: Oid,
        syntax: Syntax,
    ) -> Result<Rc<Vec<Kept>>, JudgeError> {
        if let Some(known) = self.reuse.scalars.get((oid, syntax)) {
            return Ok(known);
        }
        let mut kept = Vec::new();
        // Short values may be the same by chance. No ciphertext is short.
        self.scalars(oid, syntax, &is_selective, &mut |scalar, value, _| {
            let wanted = if scalar.encrypted {
                Wanted::ciphertext(value)
            } else {
                Wanted::value(value)
            };
            kept.push(Kept { scalar, wanted });
        })?;
        let kept = Rc::new(kept);
        if kept.len() <= MOST_KEPT {
            let size = kept.len() * KEPT;
            self.reuse
                .scalars
                .put((oid, syntax), Rc::clone(&kept), size);
        }
        Ok(kept)
    }

    /// The values of those scalars of a blob.
    pub(super) fn scalar_values(
        &mut self,
        oid: Oid,
        syntax: Syntax,
        visit: &mut dyn FnMut(ValueId),
    ) -> Result<(), JudgeError> {
        if let Some(known) = self.reuse.scalars.get((oid, syntax)) {
            known.iter().for_each(|kept| visit(kept.scalar.value));
            return Ok(());
        }
        self.scalars(oid, syntax, &is_selective, &mut |scalar, _, _| {
            visit(scalar.value)
        })
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
        may: &dyn Fn(Secret<'_>) -> bool,
        visit: &mut dyn FnMut(Scalar, Secret<'_>, Secret<'_>),
    ) -> Result<(), JudgeError> {
        if !self.has_scalars(oid, syntax) {
            return Ok(());
        }
        let sightings: Vec<_> = blob.sightings().collect();
        Ok(self.repository.with_blob(oid, |bytes| {
            let text = Encoding::of(bytes).text(bytes, true);
            let read = self.read.borrow().get((oid, syntax));
            let entries = match &read {
                Some(entries) => Cow::Borrowed(&***entries),
                None => Cow::Owned(syntax::read(&text, syntax).entries),
            };
            let told = &mut *self.reuse.told.borrow_mut();
            examine::scalars(
                &text,
                &entries,
                &sightings,
                told,
                may,
                &mut |scalar, value| {
                    let written = Secret::new(&text[scalar.span.clone()]);
                    visit(scalar, value, written);
                },
            );
        })?)
    }
}
