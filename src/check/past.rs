//! What counts as past for a ref update: the tips whose history has been judged for its destination, before this run and in
//! it. Kept over all refs of a push, so that ten thousand of them cost what each brings, and not what each sees.
//!
//! What was judged in this run counts only where nothing was heard of it, and only for refs of the same environments: then
//! judging it again would be silent too. Whatever was heard is judged for every ref that brings it, and said of each.

use std::collections::{HashMap, HashSet};

use crate::git::{Excluded, Kind, Ref};
use crate::model::{Oid, RefUpdate};
use crate::policy::History;

use super::Gate;
use super::walk::Whole;

/// The past of all refs of a run.
pub(super) struct Past<'g> {
    gate: &'g Gate<'g>,
    current: &'g [Ref],
    /// Asked for once.
    tips: Option<Tips>,
    judged: HashMap<Destination, Judged<'g>>,
    /// Whether more than one ref is judged: then it pays to remember what was.
    pub(super) many: bool,
}

/// The commits that the current refs point to.
#[derive(Default)]
struct Tips {
    /// Of all refs that people push.
    all: HashSet<Oid>,
    /// By the environment that claims the ref. One whose refs point to no commit is here too.
    of: HashMap<String, HashSet<Oid>>,
}

impl Tips {
    fn read(gate: &Gate<'_>, current: &[Ref]) -> Self {
        let mut tips = Self::default();
        for Ref { name, oid } in current {
            let tip = match gate.repository.peel(*oid) {
                Ok((_, tip, Kind::Commit)) => Some(tip),
                _ => None,
            };
            if is_pushed(name) {
                tips.all.extend(tip);
            }
            if let Some(claim) = gate.policy.claim_of_ref(name) {
                tips.of.entry(claim.environment).or_default().extend(tip);
            }
        }
        tips
    }
}

/// Whether a ref is one that people push, so that what it holds has been judged. Servers make others by themselves
/// (`refs/pull/`, `refs/merge-requests/`, `refs/keep-around/`), of forks too, and no hook is asked.
fn is_pushed(name: &str) -> bool {
    ["refs/heads/", "refs/tags/", "refs/remotes/"]
        .iter()
        .any(|folder| name.starts_with(folder))
}

/// Ref updates of one destination have the same past.
#[derive(PartialEq, Eq, Hash)]
struct Destination {
    /// The environments that claim the ref.
    environments: Vec<String>,
    /// The environment whose refs exclude their history; `None` where all pushed refs do.
    excluding: Option<String>,
    /// What stood there, where no current ref stands for it.
    old: Option<Oid>,
}

/// The past of one destination.
pub(super) struct Judged<'g> {
    /// Commits that are not new, and those of which nothing was heard.
    pub(super) excluded: Excluded<'g>,
    /// The last tree that was judged whole.
    pub(super) whole: Option<Whole>,
}

impl<'g> Past<'g> {
    pub(super) fn new(gate: &'g Gate<'g>, current: &'g [Ref], many: bool) -> Self {
        Self {
            gate,
            current,
            tips: None,
            judged: HashMap::new(),
            many,
        }
    }

    /// The past of an update of `name`, which pointed to the commit `old`.
    pub(super) fn of(
        &mut self,
        name: &str,
        update: &RefUpdate,
        old: Option<Oid>,
    ) -> &mut Judged<'g> {
        let (gate, current) = (self.gate, self.current);
        let tips = self.tips.get_or_insert_with(|| Tips::read(gate, current));
        // Under this policy all refs are judged alike.
        let alike = gate.policy.history() == History::Repository;
        let own = update.environment.clone().filter(|_| !alike);
        let same = own.as_ref().and_then(|own| tips.of.get(own));
        let nothing = HashSet::new();
        let (excluding, excluded) = match same {
            Some(same) => (own, same),
            None if own.is_some() && old.is_some() => (own, &nothing),
            // Also of the first ref of an environment: an old repository's past must not forbid its first staging branch.
            None => (None, &tips.all),
        };
        let old = old.filter(|old| !excluded.contains(old));
        let destination = Destination {
            environments: gate
                .policy
                .claims_of_ref(name)
                .into_iter()
                .map(|claim| claim.environment)
                .collect(),
            excluding,
            old,
        };
        self.judged.entry(destination).or_insert_with(|| {
            let excluded: Vec<Oid> = excluded.iter().copied().chain(old).collect();
            Judged {
                excluded: Excluded::new(gate.repository, &excluded),
                whole: None,
            }
        })
    }
}
