//! Every blob that was examined, and what was found in it. Memory grows with distinct objects (about a hundred bytes each)
//! and with distinct values, not with bytes.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::examine::{self, Knowledge, Values};
use crate::git::Repository;
use crate::inventory::Inventory;
use crate::judge::{JudgeError, each_view};
use crate::model::{Oid, Unexamined};
use crate::policy::Policy;
use crate::rules::{self, Rule};
use crate::scan::{self, Scanner, ValueId};
use crate::syntax::{self, Syntax};

use super::cache::{Cache, KeptStep, Record};
use super::found::{Found, FoundId, is_credential, is_issued};

/// What was found, by its number, and the line where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) found: u32,
    pub(super) line: u32,
}

/// What a commit did to the values at one path.
pub(super) struct StepOf {
    /// The path, redacted.
    pub(super) path: String,
    /// What came, and what it took the place of.
    pub(super) came: Vec<(Seen, Option<u32>)>,
    /// What went.
    pub(super) went: Vec<u32>,
}

/// What was examined.
pub(super) struct Ledger<'a> {
    pub(super) repository: &'a Repository,
    pub(super) policy: &'a Policy,
    pub(super) scanner: &'a Scanner<'static>,
    inventory: Option<&'a Inventory>,
    pub(super) rules: HashMap<&'a str, (&'a str, &'a Rule)>,
    pub(super) founds: Vec<Found>,
    ids: Vec<FoundId>,
    by_id: HashMap<FoundId, u32>,
    blobs: HashMap<(Oid, u8), Box<[Seen]>>,
    /// Blobs in which anything was found, with any syntax.
    hot: HashSet<Oid>,
    closed: HashMap<(Oid, u8), String>,
    commits: HashMap<Oid, Vec<KeptStep>>,
    fingerprints: HashMap<(ValueId, bool), String>,
    cache: Option<Cache>,
    /// What could not be read.
    pub(super) unread: Vec<Unexamined>,
    unreadable: HashSet<Oid>,
    /// Blobs that were read in this run.
    pub(super) read: usize,
}

/// So much of what was not read is told.
const MOST_UNREAD: usize = 200;

impl<'a> Ledger<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        policy: &'a Policy,
        scanner: &'a Scanner<'static>,
        inventory: Option<&'a Inventory>,
    ) -> Self {
        let packs = policy.own_packs().iter().chain(rules::builtin());
        let mut by_name = HashMap::new();
        for pack in packs {
            for rule in &pack.rules {
                // A policy's own rule comes first, and replaces the built-in one.
                by_name
                    .entry(rule.id.as_str())
                    .or_insert((pack.provider.as_str(), rule));
            }
        }
        Self {
            repository,
            policy,
            scanner,
            inventory,
            rules: by_name,
            founds: Vec::new(),
            ids: Vec::new(),
            by_id: HashMap::new(),
            blobs: HashMap::new(),
            hot: HashSet::new(),
            closed: HashMap::new(),
            commits: HashMap::new(),
            fingerprints: HashMap::new(),
            cache: None,
            unread: Vec::new(),
            unreadable: HashSet::new(),
            read: 0,
        }
    }

    /// Takes over what an earlier run kept in `folder`, and keeps what this one does. Tells why nothing is kept.
    pub(super) fn remember(&mut self, folder: &Path, key: &str) -> Result<(), std::io::Error> {
        let opened = Cache::open(folder, key, &mut |record| self.recall(record));
        self.cache = Some(opened?);
        Ok(())
    }

    fn recall(&mut self, record: Record) {
        match record {
            Record::Found(found) => {
                self.number(found);
            }
            Record::Blob {
                oid,
                syntax,
                seen,
                closed,
            } => {
                let Some(oid) = Oid::from_bytes(&oid) else {
                    return;
                };
                let seen: Option<Box<[Seen]>> = seen
                    .into_iter()
                    .map(|(id, line)| {
                        let found = *self.by_id.get(&id)?;
                        Some(Seen { found, line })
                    })
                    .collect();
                if let Some(seen) = seen {
                    self.note(oid, syntax, seen, closed);
                }
            }
            Record::Commit { oid, steps } => {
                let known = |id: &FoundId| self.by_id.contains_key(id);
                let is_whole = steps.iter().all(|step| {
                    step.went.iter().all(known)
                        && step.came.iter().all(|(id, _, replaced)| {
                            known(id) && replaced.as_ref().is_none_or(known)
                        })
                });
                if let Some(oid) = Oid::from_bytes(&oid)
                    && is_whole
                {
                    self.commits.insert(oid, steps);
                }
            }
        }
    }

    fn note(&mut self, oid: Oid, syntax: u8, seen: Box<[Seen]>, closed: Option<String>) {
        if !seen.is_empty() {
            self.hot.insert(oid);
        }
        if let Some(closed) = closed {
            self.closed.insert((oid, syntax), closed);
        }
        self.blobs.insert((oid, syntax), seen);
    }

    /// What an earlier run saw a commit do.
    pub(super) fn kept_commit(&mut self, oid: Oid) -> Option<Vec<StepOf>> {
        let steps = self.commits.remove(&oid)?;
        // All are known: see `recall`.
        let number = |id: &FoundId| self.by_id.get(id).copied().unwrap_or_default();
        let steps = steps.into_iter().map(|step| StepOf {
            path: step.path,
            came: step
                .came
                .iter()
                .map(|(id, line, replaced)| {
                    let seen = Seen {
                        found: number(id),
                        line: *line,
                    };
                    (seen, replaced.as_ref().map(number))
                })
                .collect(),
            went: step.went.iter().map(number).collect(),
        });
        Some(steps.collect())
    }

    /// Keeps what a commit did.
    pub(super) fn keep_commit(&mut self, oid: Oid, steps: &[StepOf]) {
        let Some(cache) = &mut self.cache else {
            return;
        };
        let id = |found: u32| self.ids[found as usize];
        let steps = steps.iter().map(|step| KeptStep {
            path: step.path.clone(),
            came: step
                .came
                .iter()
                .map(|(seen, replaced)| (id(seen.found), seen.line, replaced.map(id)))
                .collect(),
            went: step.went.iter().map(|found| id(*found)).collect(),
        });
        cache.keep(Record::Commit {
            oid: oid.as_bytes().to_vec(),
            steps: steps.collect(),
        });
    }

    /// The number of what was found.
    fn number(&mut self, found: Found) -> u32 {
        let id = found.id();
        if let Some(number) = self.by_id.get(&id) {
            return *number;
        }
        let number = u32::try_from(self.founds.len()).unwrap_or(u32::MAX);
        if let Some(cache) = &mut self.cache {
            cache.keep(Record::Found(found.clone()));
        }
        self.founds.push(found);
        self.ids.push(id);
        self.by_id.insert(id, number);
        number
    }

    /// Whether anything was found in the blob.
    pub(super) fn is_hot(&self, oid: Oid) -> bool {
        self.hot.contains(&oid)
    }

    /// The credentials that are believed of a blob at a path.
    pub(super) fn at(&mut self, oid: Oid, path: &str) -> Result<Vec<Seen>, JudgeError> {
        self.believed(oid, path, true)
    }

    /// What else is believed of it: pointers, grants, data.
    pub(super) fn beside(&mut self, oid: Oid, path: &str) -> Result<Vec<Seen>, JudgeError> {
        self.believed(oid, path, false)
    }

    fn believed(
        &mut self,
        oid: Oid,
        path: &str,
        credentials: bool,
    ) -> Result<Vec<Seen>, JudgeError> {
        let syntax = syntax::of_path(path);
        self.examine(oid, syntax, path)?;
        let Some(seen) = self.blobs.get(&(oid, syntax as u8)) else {
            return Ok(Vec::new());
        };
        if seen.is_empty() {
            return Ok(Vec::new());
        }
        let mut believed = Vec::with_capacity(seen.len());
        for seen in seen {
            let found = &self.founds[seen.found as usize];
            if is_credential(found.family) != credentials {
                continue;
            }
            let rejected = match self.rules.get(found.rule.as_str()) {
                Some((_, rule)) => self.scanner.rejects_at(rule, &found.pending, path)?,
                None => None,
            };
            if rejected.is_none() {
                believed.push(*seen);
            }
        }
        Ok(believed)
    }

    /// What was left closed in a blob at a path.
    pub(super) fn closed_at(&self, oid: Oid, path: &str) -> Option<&str> {
        let syntax = syntax::of_path(path) as u8;
        self.closed.get(&(oid, syntax)).map(String::as_str)
    }

    /// Examines a blob unless it has been. One that cannot be read is written down, and holds nothing.
    pub(super) fn examine(
        &mut self,
        oid: Oid,
        syntax: Syntax,
        path: &str,
    ) -> Result<(), JudgeError> {
        if self.blobs.contains_key(&(oid, syntax as u8)) || self.unreadable.contains(&oid) {
            return Ok(());
        }
        match self.look(oid, syntax) {
            Ok(()) => Ok(()),
            Err(JudgeError::Git(error)) => {
                self.unreadable.insert(oid);
                let what = scan::redact(self.scanner, path, &[]);
                self.not_read(what, error.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes down what could not be read.
    pub(super) fn not_read(&mut self, what: String, reason: String) {
        if self.unread.len() < MOST_UNREAD {
            let refuses = false;
            let unread = Unexamined {
                what,
                reason,
                refuses,
            };
            if !self.unread.contains(&unread) {
                self.unread.push(unread);
            }
        }
    }

    fn look(&mut self, oid: Oid, syntax: Syntax) -> Result<(), JudgeError> {
        let mut seen = Vec::new();
        let mut closed = Vec::new();
        let (repository, scanner) = (self.repository, self.scanner);
        each_view(repository, oid, &mut |view| {
            let knowledge = self.knowledge();
            let sightings = if view.raw {
                examine::in_the_clear(view.text, Syntax::Code, &knowledge)?.sightings
            } else {
                let mut examined = examine::examine(view.text, syntax, &knowledge)?;
                closed.append(&mut examined.closed);
                examined.sightings
            };
            let mut values = Values::new(view.text);
            let counted = sightings
                .iter()
                .filter(|sighting| view.counted.contains(&sighting.span.start));
            for sighting in counted {
                let known = values.of(sighting);
                let key = (sighting.value, is_issued(sighting));
                let fingerprint = self
                    .fingerprints
                    .entry(key)
                    .or_insert_with(|| scan::fingerprint(known[0], key.1))
                    .clone();
                let found = Found::of(sighting, known, fingerprint, scanner);
                let line = sighting.line + view.lines_before;
                seen.push(Seen {
                    found: self.number(found),
                    line: u32::try_from(line).unwrap_or(u32::MAX),
                });
            }
            if view.lfs {
                closed.push("a pointer to Git LFS: its content is not in git".to_owned());
            }
            Ok::<(), JudgeError>(())
        })?;
        self.read += 1;
        seen.sort_by_key(|seen| (seen.found, seen.line));
        seen.dedup_by_key(|seen| seen.found);
        closed.sort();
        closed.dedup();
        let closed = (!closed.is_empty()).then(|| closed.join("; "));
        if let Some(cache) = &mut self.cache {
            let ids = &self.ids;
            cache.keep(Record::Blob {
                oid: oid.as_bytes().to_vec(),
                syntax: syntax as u8,
                seen: seen
                    .iter()
                    .map(|seen: &Seen| (ids[seen.found as usize], seen.line))
                    .collect(),
                closed: closed.clone(),
            });
        }
        self.note(oid, syntax as u8, seen.into_boxed_slice(), closed);
        Ok(())
    }

    /// What stands in a text that is no file: a message, a name.
    pub(super) fn pathless(&mut self, data: &[u8]) -> Result<Vec<Seen>, JudgeError> {
        let examined = examine::examine(data, Syntax::Code, &self.knowledge())?;
        let mut values = Values::new(data);
        let mut seen = Vec::new();
        let credentials = examined.sightings.iter();
        for sighting in credentials.filter(|one| is_credential(one.family)) {
            let known = values.of(sighting);
            let key = (sighting.value, is_issued(sighting));
            let fingerprint = self
                .fingerprints
                .entry(key)
                .or_insert_with(|| scan::fingerprint(known[0], key.1))
                .clone();
            let found = Found::of(sighting, known, fingerprint, self.scanner);
            seen.push(Seen {
                found: self.number(found),
                line: u32::try_from(sighting.line).unwrap_or(u32::MAX),
            });
        }
        Ok(seen)
    }

    fn knowledge(&self) -> Knowledge<'a, 'static> {
        Knowledge {
            scanner: self.scanner,
            facts: self.policy.facts(),
            vocabulary: self.policy.vocabulary(),
            inventory: self.inventory,
            evidence: true,
        }
    }
}
