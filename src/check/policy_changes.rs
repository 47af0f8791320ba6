//! What a push would change about the policy that stands in the repository. It is never asked while it is being pushed:
//! this only says what will hold later, and refuses a policy with which nothing could be decided later.

use crate::git::{GitError, Kind, find};
use crate::model::{Oid, RefUpdate, Unexamined};
use crate::policy::{Baseline, Policy};
use crate::scan;

use super::{Gate, POLICY_FILE};

/// Mistakes that are told one by one.
const MISTAKES: usize = 5;
/// Changes that are told one by one.
const CHANGES: usize = 12;

/// Gathers the changes of the policy file over all refs of a push.
pub(super) struct PolicyChanges<'g> {
    gate: &'g Gate<'g>,
    /// Each kind of change once, with the refs that bring it.
    seen: Vec<(Option<Oid>, Option<Oid>, Vec<String>)>,
    /// What changes of the baseline, each once.
    baselines: Vec<String>,
    /// Policies that must not become the one that judges.
    pub(super) refused: Vec<Unexamined>,
}

impl<'g> PolicyChanges<'g> {
    pub(super) fn new(gate: &'g Gate<'g>) -> Self {
        Self {
            gate,
            seen: Vec::new(),
            baselines: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Compares the policy file before and after an update of `name`.
    pub(super) fn look_at(&mut self, name: &str, update: &RefUpdate) -> Result<(), GitError> {
        let Some(new) = update.new else {
            return Ok(());
        };
        self.look_at_baseline(name, update, new)?;
        let after = self.file_at(new, POLICY_FILE)?;
        let before = match update.old {
            Some(old) => self.file_at(old, POLICY_FILE)?,
            // A new ref is compared with what judges: most new branches carry it unchanged.
            None => match &self.gate.policy_ref {
                Some(judging) => match self.gate.repository.ref_target(judging)? {
                    Some(tip) => self.file_at(tip, POLICY_FILE)?,
                    None => None,
                },
                None => after,
            },
        };
        if before == after {
            return Ok(());
        }
        if self.judges(name)
            && let Some(after) = after
            && let Err(mistakes) = self.parse(after)?
        {
            self.refused.push(Unexamined {
                what: POLICY_FILE.to_owned(),
                reason: format!(
                    "{name} is where the policy is taken from, and with the new one no later push could be decided: \
                     {mistakes}; mend it (`stagegate policy check {POLICY_FILE}`) and push again"
                ),
                refuses: true,
            });
            return Ok(());
        }
        match self
            .seen
            .iter_mut()
            .find(|(old, new, _)| (*old, *new) == (before, after))
        {
            Some((_, _, names)) => names.push(name.to_owned()),
            None => self.seen.push((before, after, vec![name.to_owned()])),
        }
        Ok(())
    }

    /// Compares the baseline that the judging policy names. Like the policy it never judges its own push: it was read
    /// before.
    fn look_at_baseline(
        &mut self,
        name: &str,
        update: &RefUpdate,
        new: Oid,
    ) -> Result<(), GitError> {
        let Some(file) = self.gate.policy.baseline_file() else {
            return Ok(());
        };
        let Some(old) = update.old.filter(|_| self.judges(name)) else {
            return Ok(());
        };
        let (before, after) = (self.file_at(old, file)?, self.file_at(new, file)?);
        if before == after {
            return Ok(());
        }
        let read = |blob: Option<Oid>| -> Result<_, GitError> {
            let bytes = match blob {
                Some(blob) => self.gate.repository.read_as(blob, Kind::Blob)?,
                None => Vec::new(),
            };
            Ok(Baseline::parse(&String::from_utf8_lossy(&bytes), file))
        };
        match (read(before)?, read(after)?) {
            (_, Err(mistakes)) => self.refused.push(Unexamined {
                what: file.to_owned(),
                reason: format!(
                    "{name} is where the baseline is taken from, and with the new one no later push could be decided: \
                     {} lines of it are no entries; write it again with `stagegate audit --baseline`",
                    mistakes.mistakes().len()
                ),
                refuses: true,
            }),
            (old, Ok(new)) => {
                let (added, removed) = old.unwrap_or_default().difference(&new);
                self.baselines.push(format!(
                    "{name} changes the baseline {file}: {added} values more are let pass, {removed} no longer. It has no say \
                     in this push; it judges from the next one on"
                ));
            }
        }
        Ok(())
    }

    /// A note for each change.
    pub(super) fn news(&self) -> Vec<String> {
        self.seen
            .iter()
            .map(|(before, after, names)| self.told(*before, *after, names))
            .chain(self.baselines.iter().cloned())
            .collect()
    }

    fn told(&self, before: Option<Oid>, after: Option<Oid>, names: &[String]) -> String {
        let refs = match names {
            [only] => only.clone(),
            [first, others @ ..] => format!("{first} and {} more refs", others.len()),
            [] => String::new(),
        };
        let blob = |oid: Option<Oid>| match oid {
            Some(oid) => oid.to_string().chars().take(12).collect(),
            None => "none".to_owned(),
        };
        let used = self.gate.policy.source();
        let later = match &self.gate.policy_ref {
            Some(judging) if names.contains(judging) => {
                "the new one judges from the next push on".to_owned()
            }
            Some(judging) => format!("the new one judges once it stands on {judging}"),
            None => "the new one judges only where the repository's own policy is used".to_owned(),
        };
        format!(
            "{refs} changes {POLICY_FILE} (blob {} -> {}). This was judged by {used}; {later}. {}",
            blob(before),
            blob(after),
            self.effect(before, after)
        )
    }

    fn effect(&self, before: Option<Oid>, after: Option<Oid>) -> String {
        let read = |oid: Option<Oid>| match oid {
            None if self.gate.policy.opens_keys() => Ok(self
                .gate
                .policy
                .beside("version = 1", POLICY_FILE)
                .map_err(|errors| errors.to_string())),
            None => Ok(Ok(Policy::builtin())),
            Some(oid) => self.parse(oid),
        };
        let new = match read(after) {
            Ok(Ok(policy)) => policy,
            Ok(Err(mistakes)) => return format!("It cannot be used: {mistakes}"),
            Err(error) => return format!("It cannot be read: {error}"),
        };
        let Ok(Ok(old)) = read(before) else {
            return "It is sound; the one before cannot be used".to_owned();
        };
        let changes = old.changes(&new);
        let more = changes.told.len().saturating_sub(CHANGES);
        let mut told = changes.told;
        told.truncate(CHANGES);
        if more > 0 {
            told.push(format!("{more} more changes"));
        }
        let removed = if after.is_none() {
            "Without it the defaults hold. "
        } else {
            ""
        };
        let what = if told.is_empty() {
            "It changes no claim, verdict or exception".to_owned()
        } else {
            format!("It changes: {}", told.join("; "))
        };
        let standing = if changes.claims_more {
            ". What stands already where it newly claims is not judged by that: `stagegate scan --rev BRANCH` does it"
        } else {
            ""
        };
        format!("{removed}{what}{standing}")
    }

    /// Whether the policy is taken from this ref.
    fn judges(&self, name: &str) -> bool {
        self.gate.policy_ref.as_deref() == Some(name) && !self.gate.laptop
    }

    /// The blob of a file in the commit that `oid` means; `None` where there is none.
    fn file_at(&self, oid: Oid, file: &str) -> Result<Option<Oid>, GitError> {
        let repository = self.gate.repository;
        match repository.peel(oid)? {
            (_, commit, Kind::Commit) => find(repository, repository.commit(commit)?.tree, file),
            _ => Ok(None),
        }
    }

    /// The policy in a blob, or its mistakes in one line.
    fn parse(&self, blob: Oid) -> Result<Result<Policy, String>, GitError> {
        let bytes = self.gate.repository.read_as(blob, Kind::Blob)?;
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return Ok(Err("it is not UTF-8".to_owned()));
        };
        let judging = self.gate.policy;
        let read = if judging.opens_keys() {
            judging.beside(text, POLICY_FILE)
        } else {
            Policy::parse(text, POLICY_FILE)
        };
        Ok(read.map_err(|errors| {
            let all = errors.mistakes();
            let mut told: Vec<String> = all
                .iter()
                .take(MISTAKES)
                .map(|mistake| format!("line {}: {}", mistake.line, mistake.what))
                .collect();
            if all.len() > MISTAKES {
                told.push(format!("{} more mistakes", all.len() - MISTAKES));
            }
            // A mistake quotes the file, and a pushed file may hold anything.
            scan::redact(self.gate.scanner, &told.join("; "), &[])
        }))
    }
}
