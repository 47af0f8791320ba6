//! Blobs examined before their changes are judged: in the order in which they are read with the least work, which is not the
//! order of the commits that show them.

use std::collections::BTreeMap;
use std::sync::{Mutex, mpsc};

use crate::examine::Knowledge;
use crate::git::{Again, Change};
use crate::model::Oid;
use crate::syntax::{self, Syntax};

use super::look::{Looked, Looker};
use super::{Judge, JudgeError};

/// Fewer are read as they come.
const FEW: usize = 4;

/// From so many on another thread helps: it opens the repository once more.
const MANY: usize = 96;

/// Larger blobs are left to one thread, so that the process never holds two of them.
const LARGEST: usize = 2 << 20;

/// A blob, and how it is read.
type Wanted = (Oid, Syntax);

impl Judge<'_> {
    /// Examines the blobs of changes on their way to a ref that will be read when they are judged. What cannot be read is
    /// written down then.
    pub fn look_ahead<'c>(
        &mut self,
        ref_name: Option<&str>,
        changes: impl Iterator<Item = &'c Change>,
    ) -> Result<(), JudgeError> {
        let mut wanted: BTreeMap<Oid, Vec<Syntax>> = BTreeMap::new();
        for change in changes {
            let path = String::from_utf8_lossy(&change.path);
            let claimed = !self.policy.claims(ref_name, Some(&path), &[]).is_empty();
            if change.mode.is_gitlink() || !self.reads(&path, claimed) {
                continue;
            }
            let syntax = syntax::of_path(&path);
            if self.examined.get((change.oid, syntax)).is_none() {
                let wanted = wanted.entry(change.oid).or_default();
                if !wanted.contains(&syntax) {
                    wanted.push(syntax);
                }
            }
        }
        if wanted.len() < FEW {
            return Ok(());
        }
        let order = self.repository.in_order(wanted.keys().copied().collect());
        let blobs: Vec<Wanted> = order
            .into_iter()
            .flat_map(|oid| wanted[&oid].iter().map(move |&syntax| (oid, syntax)))
            .collect();
        // An inventory is read by one thread.
        if blobs.len() >= MANY
            && self.inventory.is_none()
            && has_processors()
            && let Some(again) = self.repository.again()
        {
            return self.look_side_by_side(&blobs, &again);
        }
        let failed = blobs
            .into_iter()
            .find_map(|(oid, syntax)| failure(self.examine(oid, syntax).map(|_| ())));
        failed.map_or(Ok(()), Err)
    }

    /// Examines blobs with the help of another thread: one comes from the front and the other from the back, so that both find
    /// one version of a file after the other.
    fn look_side_by_side(&mut self, blobs: &[Wanted], again: &Again) -> Result<(), JudgeError> {
        let left = Mutex::new(blobs.iter());
        let next = |back: bool| {
            let mut left = left.lock().ok()?;
            if back { left.next_back() } else { left.next() }.copied()
        };
        let (tell, told) = mpsc::channel();
        let (scanner, policy, clock) = (self.scanner, self.policy, self.clock.clone());
        std::thread::scope(|scope| {
            let helper = move || {
                // Where it cannot be opened, the other one does all, and says what is to be said.
                let Some(repository) = again.open() else {
                    return;
                };
                let knowledge = Knowledge {
                    scanner,
                    facts: policy.facts(),
                    vocabulary: policy.vocabulary(),
                    inventory: None,
                    evidence: true,
                };
                let mut looker = Looker::default();
                while let Some(blob) = next(true) {
                    if !matches!(repository.size(blob.0), Ok((_, size)) if size <= LARGEST) {
                        continue;
                    }
                    let looked = looker.look(&repository, clock.as_deref(), blob, &knowledge);
                    let goes_on = matches!(looked, Ok(_) | Err(JudgeError::Git(_)));
                    if tell.send((blob, looked)).is_err() || !goes_on {
                        return;
                    }
                }
            };
            let started = std::thread::Builder::new().spawn_scoped(scope, helper);
            drop(started);
            while let Some((oid, syntax)) = next(false) {
                let here = self.examine(oid, syntax).map(|_| ());
                let failed = told
                    .try_iter()
                    .map(|(blob, looked)| self.take(blob, looked))
                    .chain([here])
                    .find_map(failure);
                if let Some(error) = failed {
                    // Nothing is left for the other one.
                    while next(false).is_some() {}
                    return Err(error);
                }
            }
            let failed = told
                .iter()
                .map(|(blob, looked)| self.take(blob, looked))
                .find_map(failure);
            failed.map_or(Ok(()), Err)
        })
    }

    /// Takes what the other thread has found.
    fn take(&mut self, blob: Wanted, looked: Result<Looked, JudgeError>) -> Result<(), JudgeError> {
        let looked = looked?;
        self.remember(blob, looked.entries);
        self.keep(blob, looked.blob, looked.read);
        Ok(())
    }
}

/// What ends the look ahead. What cannot be read is read again, and written down, when its change is judged.
fn failure(looked: Result<(), JudgeError>) -> Option<JudgeError> {
    looked
        .err()
        .filter(|error| !matches!(error, JudgeError::Git(_)))
}

/// Whether there is more than one processor for this process.
fn has_processors() -> bool {
    std::thread::available_parallelism().is_ok_and(|count| count.get() > 1)
}
