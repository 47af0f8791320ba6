//! What stands at the tips of refs beside credentials: pointers over the boundary, grants of access, production's data. It has no
//! value that somebody rotates, so it is counted by rule and environment, and has no history here.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use jiff::civil::Date;

use crate::judge::is_productions_own;
use crate::model::{AuditedBoundary, Family, Origin, Verdict};
use crate::origin;
use crate::policy::Subject;

use super::history::Story;
use super::ledger::Ledger;
use super::standing::{RefOf, Refs, Standing};

/// Path and what was found there, by number, with the kinds of refs at whose tips it stands, and its line.
#[derive(Default)]
pub(super) struct Beside {
    at: HashMap<(u32, u32), (u64, u32)>,
}

/// What it comes to.
pub(super) struct Told {
    pub(super) told: Vec<AuditedBoundary>,
    /// Values that an exception lets pass, with the environment.
    pub(super) excepted: HashSet<(String, String)>,
}

/// Strictest first.
type Group<'l> = (Reverse<Verdict>, Family, &'l str, String);

impl Beside {
    /// What stands at the tip of a ref.
    pub(super) fn standing(&mut self, one: &RefOf, standing: &[Rc<Standing>]) {
        for there in standing {
            for seen in &there.beside {
                let at = self.at.entry((there.path, seen.found)).or_default();
                at.0 |= 1 << one.kind;
                at.1 = seen.line;
            }
        }
    }

    /// The counts of what would be refused or warned about if it came today.
    pub(super) fn finish(
        self,
        ledger: &Ledger<'_>,
        story: &Story,
        refs: &Refs,
        as_of: Date,
    ) -> Told {
        let mut groups: BTreeMap<Group<'_>, BTreeSet<(&str, u32)>> = BTreeMap::new();
        let mut excepted = HashSet::new();
        for ((path, found), (kinds, line)) in &self.at {
            let path = story.paths[*path as usize].as_str();
            let found = &ledger.founds[*found as usize];
            let keys: Vec<&str> = found.keys.iter().map(String::as_str).collect();
            let Some((_, rule)) = ledger.rules.get(found.rule.as_str()) else {
                continue;
            };
            let policy = ledger.policy;
            if matches!(found.family, Family::Reference | Family::Identity)
                && is_productions_own(policy, path, &keys, (found.family, found.proven))
            {
                continue;
            }
            let mut signals = found.signals();
            // As the gate weighs it: whoever keeps a dump names it, and a path says nothing of what a pointer points to.
            if found.family == Family::Data && !rule.sensitive {
                signals = origin::with_path(&signals, path, policy.vocabulary());
            }
            let weighed = origin::weigh(&signals);
            let is_told = rule.sensitive || weighed.environment != Origin::Unknown;
            if found.family == Family::Data && !is_told {
                continue;
            }
            let fingerprint = || found.fingerprint.clone();
            for kind in (0..refs.kinds.len()).filter(|kind| kinds & (1 << kind) != 0) {
                let claims = policy.claims(refs.kinds[kind].as_deref(), Some(path), &keys);
                let subject = Subject {
                    rule: &found.rule,
                    provider: &found.provider,
                    family: found.family,
                    origin: weighed,
                    issued: rule.provider_issued(),
                    lifetime: found.lifetime,
                    privileged: found.privileged,
                    public: rule.public,
                    path,
                    declared: found.proven,
                    revoked: found.revoked,
                    fingerprint: &fingerprint,
                };
                let decision = policy.decide(&subject, &claims, as_of);
                let environment = decision.claim.as_ref();
                let environment = environment
                    .map_or("unclaimed", |claim| &claim.environment)
                    .to_owned();
                if decision.exception.is_some() {
                    excepted.insert((found.fingerprint.clone(), environment));
                } else if decision.verdict != Verdict::Allow {
                    let group = (
                        Reverse(decision.verdict),
                        found.family,
                        found.rule.as_str(),
                        environment,
                    );
                    groups.entry(group).or_default().insert((path, *line));
                }
            }
        }
        let told = groups.into_iter().map(|(group, places)| {
            let (Reverse(verdict), family, rule, environment) = group;
            let title = ledger.rules.get(rule);
            AuditedBoundary {
                family,
                rule: rule.to_owned(),
                title: title.map_or_else(|| rule.to_owned(), |(_, rule)| rule.title.clone()),
                environment,
                verdict,
                places: places.len(),
                first: places
                    .first()
                    .map_or_else(String::new, |(path, line)| format!("{path}:{line}")),
            }
        });
        Told {
            told: told.collect(),
            excepted,
        }
    }
}
