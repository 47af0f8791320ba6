//! The baseline: taking stock, and taking out what is gone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::audit::claimed_name;
use crate::check::{Gate, StandingValue};
use crate::git::Repository;
use crate::model::{AuditedBaseline, AuditedCredential, GoneEntry, Oid, Verdict};
use crate::policy::{Baseline, BaselineEntry, Policy};
use crate::scan::Scanner;

use super::super::source::{self, Inventories};
use super::super::{Failure, Global, output};
use super::Args;

/// The name that the documents use.
const USUAL: &str = "stagegate-baseline.jsonl";

/// What keeps a baseline.
pub(super) struct Keeper<'k> {
    pub(super) global: &'k Global,
    pub(super) repository: &'k Repository,
    pub(super) scanner: &'k Scanner<'static>,
    pub(super) inventories: &'k Inventories,
    pub(super) as_of: Date,
}

impl Keeper<'_> {
    /// Compares the baseline with what stands, and writes it where the command line says so.
    pub(super) fn keep(
        &mut self,
        args: &Args,
        policy: &mut Policy,
        credentials: &mut [AuditedCredential],
    ) -> Result<Option<AuditedBaseline>, Failure> {
        let given = args.baseline.as_ref().and_then(Option::as_ref);
        let named = policy.baseline_file().map(str::to_owned);
        let writes = args.baseline.is_some() || args.prune;
        let (told, file) = match (given, &named) {
            (Some(file), _) => (file.display().to_string(), Some(file.clone())),
            (None, Some(name)) => (name.clone(), self.beside(name)),
            (None, None) => {
                return Err(Failure::new("the policy names no baseline").hint(format!(
                    "add `[audit]` with `baseline = \"{USUAL}\"` to stagegate.toml, or name a file: --baseline {USUAL}"
                )));
            }
        };
        if let Some(given) = given
            && given.exists()
        {
            policy.set_baseline(read(given)?);
        }
        let mut baseline = policy.baseline().clone();
        let mut standing = self.standing(policy)?;
        if args.baseline.is_some() {
            // Where two environments refuse a place, the second shows only once the first does no longer.
            while self.add(&standing, credentials, &mut baseline) {
                policy.set_baseline(baseline.clone());
                standing = self.standing(policy)?;
            }
        }
        let stands: HashSet<(&str, &str)> = standing
            .iter()
            .map(|value| (value.fingerprint.as_str(), value.environment.as_str()))
            .collect();
        // A place may be claimed twice, and the gate tells the claim that decided.
        let of_places: HashSet<(&str, &str)> = credentials
            .iter()
            .filter(|one| one.standing)
            .flat_map(|one| {
                let of_one = |environment| (one.fingerprint.as_str(), environment);
                one.environments.iter().map(String::as_str).map(of_one)
            })
            .collect();
        let mut pruned = baseline.clone();
        let gone = pruned.prune(|fingerprint, environment| {
            stands.contains(&(fingerprint, environment))
                || of_places.contains(&(fingerprint, environment))
        });
        if args.prune {
            baseline = pruned;
        }
        if writes {
            let Some(file) = file else {
                return Err(Failure::new(format!(
                    "a bare repository has no folder for the baseline {told}"
                ))
                .hint("name a file: --baseline FILE, and commit it where the policy is"));
            };
            output::write_file(&file, baseline.to_text().as_bytes())?;
        }
        for one in credentials.iter_mut() {
            one.baseline = one
                .environments
                .iter()
                .filter_map(|environment| baseline.entry(&one.fingerprint, environment))
                .map(|entry| entry.added)
                .min();
        }
        let gone = if args.prune { Vec::new() } else { gone };
        Ok(Some(AuditedBaseline {
            file: told,
            entries: baseline.len(),
            gone: gone
                .into_iter()
                .map(|entry| GoneEntry {
                    fingerprint: entry.fingerprint,
                    environment: entry.environment,
                    added: entry.added,
                })
                .collect(),
        }))
    }

    /// Adds what is refused or warned about; tells whether anything that was refused is new.
    fn add(
        &self,
        standing: &[StandingValue],
        credentials: &[AuditedCredential],
        baseline: &mut Baseline,
    ) -> bool {
        let known: HashMap<&str, &AuditedCredential> = credentials
            .iter()
            .map(|one| (one.fingerprint.as_str(), one))
            .collect();
        let mut again = false;
        for value in standing
            .iter()
            .filter(|value| value.verdict != Verdict::Allow)
        {
            let credential = known.get(value.fingerprint.as_str());
            if credential.is_some_and(|one| one.revoked) {
                continue;
            }
            let added = baseline.add(BaselineEntry {
                fingerprint: value.fingerprint.clone(),
                environment: value.environment.clone(),
                rule: value.rule.clone(),
                since: credential.map(|one| one.first.date),
                added: self.as_of,
            });
            again |= added && value.verdict == Verdict::Block;
        }
        again
    }

    /// What the gate itself says of everything that stands.
    fn standing(&self, policy: &Policy) -> Result<Vec<StandingValue>, Failure> {
        let gate = Gate {
            repository: self.repository,
            policy,
            scanner: self.scanner,
            inventory: self.inventories.known.as_ref(),
            notes: &[],
            today: self.as_of,
            keep_allowed: true,
            laptop: false,
            policy_ref: None,
            clock: None,
            granted: &[],
        };
        let mut refs: Vec<(Option<String>, Oid)> = Vec::new();
        if let Some(head) = self.repository.head_commit()? {
            refs.push((self.repository.head_branch(), head));
        }
        let by_name: BTreeMap<String, Oid> = self
            .repository
            .refs()?
            .into_iter()
            .map(|one| (one.name, one.oid))
            .collect();
        let is_pushed = |name: &str| {
            ["refs/heads/", "refs/tags/", "refs/remotes/"]
                .iter()
                .any(|folder| name.starts_with(folder))
        };
        refs.extend(
            by_name
                .into_iter()
                .filter(|(name, _)| is_pushed(name))
                .map(|(name, oid)| (Some(claimed_name(&name)), oid)),
        );
        Ok(gate.standing_values(&refs)?)
    }

    /// Where a file beside the policy is.
    fn beside(&self, name: &str) -> Option<PathBuf> {
        let policy = self
            .global
            .policy
            .clone()
            .or_else(|| self.repository.config_path("stagegate.policy"));
        let folder = match &policy {
            Some(file) => file.parent().map(Path::to_owned),
            None => self.repository.work_dir().map(Path::to_owned),
        };
        folder.map(|folder| folder.join(name))
    }
}

fn read(file: &Path) -> Result<Baseline, Failure> {
    let text = std::fs::read(file).map_err(|error| {
        Failure::new(format!(
            "cannot read the baseline {}: {error}",
            file.display()
        ))
    })?;
    source::baseline(&text, &file.display().to_string())
}
