//! Blobs examined before their changes are judged: in the order in which they are read with the least work, which is not the
//! order of the commits that show them.

use std::collections::BTreeMap;

use crate::git::Change;
use crate::model::Oid;
use crate::syntax::{self, Syntax};

use super::{Judge, JudgeError};

/// Fewer are read as they come.
const FEW: usize = 4;

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
        for oid in self.repository.in_order(wanted.keys().copied().collect()) {
            for &syntax in &wanted[&oid] {
                match self.examine(oid, syntax) {
                    Ok(_) | Err(JudgeError::Git(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}
