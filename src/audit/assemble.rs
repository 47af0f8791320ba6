//! What is known of each value, put together: its places, its days, whose it is, what crosses a boundary.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use jiff::civil::Date;

use crate::git::{Author, Kind};
use crate::judge::JudgeError;
use crate::model::{
    AuditedCredential, AuditedException, AuditedPlace, Claim, Confidence, ExceptionState, Family,
    MOST_PLACES, MOST_REFS, Origin, OriginOf, POSTURE_SCHEMA, Since, Tier, Verdict,
};
use crate::origin;
use crate::policy::{Policy, Row, Subject, days};
use crate::scan;

use super::history::{Event, Story};
use super::ledger::Ledger;
use super::standing::{RefOf, Refs, Standing};

/// A value at a path and key, all three by number.
type PlaceKey = (u32, u32, u32);

/// What is known of a place.
#[derive(Default)]
struct Place {
    found: u32,
    line: u32,
    /// The first commit that brought the value there.
    came: Option<u32>,
    /// The last one that took it away.
    went: Option<u32>,
    /// The last one that put it in the place of another, and that other.
    replaced: Option<(u32, u32)>,
    /// Kinds of refs whose history held it.
    held: u64,
    /// Kinds of refs at whose tips it stands.
    stands: u64,
    refs: Vec<u32>,
    more_refs: usize,
}

/// Puts together.
pub(super) struct Assembly {
    as_of: Date,
    authors: bool,
    places: HashMap<PlaceKey, Place>,
    values: HashMap<String, u32>,
    keys: HashMap<Vec<String>, u32>,
    /// The number of the value and of the keys of each that was found.
    numbers: Vec<(u32, u32)>,
    refs: u32,
}

/// What it comes to.
pub(super) struct PutTogether {
    pub(super) credentials: Vec<AuditedCredential>,
    pub(super) exceptions: Vec<AuditedException>,
}

/// An exception that ends in so many days is told.
const SOON: i64 = 30;

/// Seconds. A rotation reaches branches one after the other.
const A_DAY: i64 = 86_400;

/// So many sentences of evidence are told.
const MOST_EVIDENCE: usize = 3;

fn next(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Assembly {
    pub(super) fn new(as_of: Date, authors: bool) -> Self {
        Self {
            as_of,
            authors,
            places: HashMap::new(),
            values: HashMap::new(),
            keys: HashMap::new(),
            numbers: Vec::new(),
            refs: 0,
        }
    }

    fn place(&mut self, ledger: &Ledger<'_>, path: u32, found: u32) -> &mut Place {
        while self.numbers.len() <= found as usize {
            let found = &ledger.founds[self.numbers.len()];
            let value = next(self.values.len());
            let value = *self
                .values
                .entry(found.fingerprint.clone())
                .or_insert(value);
            let keys = next(self.keys.len());
            let keys = *self.keys.entry(found.keys.clone()).or_insert(keys);
            self.numbers.push((value, keys));
        }
        let (value, keys) = self.numbers[found as usize];
        let place = self.places.entry((value, path, keys)).or_default();
        place.found = found;
        place
    }

    /// Something came to a path, or went.
    pub(super) fn event(&mut self, ledger: &Ledger<'_>, story: &Story, event: &Event) {
        let place = self.place(ledger, event.path, event.seen.found);
        let time = |commit: u32| story.commits[commit as usize].time;
        let now = time(event.commit);
        if event.came {
            place.held |= story.commits[event.commit as usize].reached;
            place.line = event.seen.line;
            if place.came.is_none_or(|first| now < time(first)) {
                place.came = Some(event.commit);
            }
            if let Some(replaced) = event.replaced
                && place.replaced.is_none_or(|(last, _)| time(last) <= now)
            {
                place.replaced = Some((event.commit, replaced));
            }
        } else if place.went.is_none_or(|last| time(last) <= now) {
            place.went = Some(event.commit);
        }
    }

    /// What stands at the tip of a ref. Refs come in their order.
    pub(super) fn standing(&mut self, ledger: &Ledger<'_>, one: &RefOf, standing: &[Rc<Standing>]) {
        let number = self.refs;
        self.refs += 1;
        for there in standing {
            for seen in &there.seen {
                let place = self.place(ledger, there.path, seen.found);
                place.stands |= 1 << one.kind;
                place.line = seen.line;
                if place.refs.last() == Some(&number) {
                    continue;
                }
                if place.refs.len() < MOST_REFS {
                    place.refs.push(number);
                } else {
                    place.more_refs += 1;
                }
            }
        }
    }

    /// The records.
    pub(super) fn finish(
        self,
        ledger: &Ledger<'_>,
        story: &Story,
        refs: &Refs,
        repository: &str,
        excepted: HashSet<(String, String)>,
    ) -> Result<PutTogether, JudgeError> {
        let mut keys: Vec<&Vec<String>> = vec![&EMPTY; self.keys.len()];
        for (text, number) in &self.keys {
            keys[*number as usize] = text;
        }
        let mut of_value: Vec<Vec<(u32, u32, &Place)>> = Vec::new();
        of_value.resize_with(self.values.len(), Vec::new);
        for ((value, path, keys), place) in &self.places {
            of_value[*value as usize].push((*path, *keys, place));
        }
        let mut finisher = Finisher {
            assembly: &self,
            ledger,
            story,
            refs,
            keys,
            since: HashMap::new(),
            excepted,
        };
        let mut credentials = Vec::with_capacity(of_value.len());
        for mut places in of_value {
            // The same on every machine: the order of a map is not.
            places.sort_by(|a, b| {
                let name = |place: &(u32, u32, &Place)| {
                    (
                        place.2.stands == 0,
                        &story.paths[place.0 as usize],
                        finisher.keys[place.1 as usize],
                    )
                };
                name(a).cmp(&name(b))
            });
            credentials.extend(finisher.credential(&places, repository)?);
        }
        let exceptions = finisher.exceptions(&credentials);
        Ok(PutTogether {
            credentials,
            exceptions,
        })
    }
}

static EMPTY: Vec<String> = Vec::new();

struct Finisher<'f, 'a> {
    assembly: &'f Assembly,
    ledger: &'f Ledger<'a>,
    story: &'f Story,
    refs: &'f Refs,
    keys: Vec<&'f Vec<String>>,
    since: HashMap<u32, Since>,
    /// Values that an exception lets pass somewhere, with the environment.
    excepted: HashSet<(String, String)>,
}

/// What is said of one place.
struct Judged {
    verdict: Verdict,
    because: String,
    origin: OriginOf,
    evidence: Vec<String>,
    claims: Vec<Claim>,
    crosses: BTreeSet<String>,
}

impl Finisher<'_, '_> {
    fn policy(&self) -> &Policy {
        self.ledger.policy
    }

    /// The claims on a place by each of the kinds of refs.
    fn claims(&self, kinds: u64, path: &str, keys: &[&str]) -> Vec<Vec<Claim>> {
        let kinds = (0..self.refs.kinds.len()).filter(|kind| kinds & (1 << kind) != 0);
        let mut claims: Vec<Vec<Claim>> = Vec::new();
        for kind in kinds {
            let name = self.refs.kinds[kind].as_deref();
            let of_kind = self.policy().claims(name, Some(path), keys);
            if !claims.contains(&of_kind) {
                claims.push(of_kind);
            }
        }
        claims
    }

    fn since(&mut self, commit: u32) -> Result<Since, JudgeError> {
        if let Some(known) = self.since.get(&commit) {
            return Ok(known.clone());
        }
        let node = &self.story.commits[commit as usize];
        let raw = self.ledger.repository.read_as(node.oid, Kind::Commit)?;
        let author = Author::parse(&raw);
        let since = Since {
            commit: node.oid.to_string(),
            date: day(author.time).min(self.assembly.as_of),
            author: self
                .assembly
                .authors
                .then(|| scan::redact(self.ledger.scanner, &author.name, &[])),
        };
        self.since.insert(commit, since.clone());
        Ok(since)
    }

    fn credential(
        &mut self,
        places: &[(u32, u32, &Place)],
        repository: &str,
    ) -> Result<Option<AuditedCredential>, JudgeError> {
        let Some((_, _, leading)) = places.first() else {
            return Ok(None);
        };
        let found = &self.ledger.founds[leading.found as usize];
        let standing = places.iter().any(|(.., place)| place.stands != 0);
        // Of a value that stands anywhere, where it stands is what counts.
        let counted: Vec<_> = places
            .iter()
            .filter(|(.., place)| !standing || place.stands != 0)
            .collect();
        let of_production = self.productions_own(&counted);
        let rule = self
            .ledger
            .rules
            .get(found.rule.as_str())
            .map(|(_, rule)| *rule);
        let public = rule.is_some_and(|rule| rule.public) && found.family != Family::Inventory;
        let mut credential = AuditedCredential {
            schema: POSTURE_SCHEMA.to_owned(),
            repository: repository.to_owned(),
            as_of: self.assembly.as_of,
            fingerprint: found.fingerprint.clone(),
            rule: found.rule.clone(),
            title: rule.map_or_else(|| found.rule.clone(), |rule| rule.title.clone()),
            provider: found.provider.clone(),
            family: found.family,
            origin: OriginOf::UNKNOWN,
            evidence: Vec::new(),
            lifetime: found.lifetime,
            privileged: found.privileged,
            public,
            revoked: false,
            standing,
            verdict: Verdict::Allow,
            because: String::new(),
            environments: Vec::new(),
            crosses: Vec::new(),
            shared: Vec::new(),
            first: Since {
                commit: String::new(),
                date: self.assembly.as_of,
                author: None,
            },
            gone: None,
            rotated: None,
            overdue: false,
            baseline: None,
            places: Vec::new(),
            more_places: 0,
            remedy: String::new(),
        };
        let mut environments = BTreeSet::new();
        let mut tiers = BTreeSet::new();
        let mut crosses = BTreeSet::new();
        let time = |commit: u32| self.story.commits[commit as usize].time;
        let mut first: Option<u32> = None;
        let mut gone: Option<u32> = None;
        let mut replacing: Vec<u32> = Vec::new();
        let mut is_gone = true;
        for (path, keys, place) in places {
            let judged = self.judge(*path, *keys, place, &of_production);
            let stands = place.stands != 0;
            credential.revoked |= self.ledger.founds[place.found as usize].revoked;
            if !standing || stands {
                for claim in &judged.claims {
                    environments.insert(claim.environment.clone());
                    if self.ledger.founds[place.found as usize].telling {
                        tiers.insert(claim.tier);
                    }
                }
                crosses.extend(judged.crosses.iter().cloned());
                if sureness(judged.origin) > sureness(credential.origin)
                    || credential.evidence.is_empty()
                {
                    credential.origin = judged.origin;
                    credential.evidence.clone_from(&judged.evidence);
                }
            }
            if stands && (judged.verdict > credential.verdict || credential.because.is_empty()) {
                credential.verdict = judged.verdict;
                credential.because.clone_from(&judged.because);
            }
            if let Some(came) = place.came
                && first.is_none_or(|first| time(came) < time(first))
            {
                first = Some(came);
            }
            match place.went {
                Some(went) => {
                    if gone.is_none_or(|last| time(last) < time(went)) {
                        gone = Some(went);
                    }
                }
                // A message, or what a merge took away by side.
                None => is_gone = false,
            }
            replacing.extend(place.replaced.map(|(commit, _)| commit));
            if credential.places.len() < MOST_PLACES {
                let told = self.place(*path, *keys, place, judged)?;
                credential.places.push(told);
            } else {
                credential.more_places += 1;
            }
        }
        if let Some(first) = first {
            credential.first = self.since(first)?;
        }
        if !standing && is_gone {
            credential.gone = gone.map(|gone| self.since(gone)).transpose()?;
        }
        // A value that was there before is not new for having been copied over another.
        let rotated = replacing
            .into_iter()
            .filter(|commit| first.is_some_and(|first| time(*commit) - time(first) <= A_DAY))
            .max_by_key(|commit| time(*commit));
        credential.rotated = rotated.map(|at| self.since(at)).transpose()?;
        credential.environments = environments.into_iter().collect();
        credential.crosses = crosses.into_iter().collect();
        if tiers.len() > 1 {
            credential.shared = tiers.into_iter().collect();
        }
        credential.overdue = !public && credential.days() > i64::from(self.policy().rotation_age());
        if let Some(rule) = rule {
            credential.remedy.clone_from(&rule.remedy);
        }
        credential.baseline = credential
            .environments
            .iter()
            .filter_map(|environment| {
                let baseline = self.policy().baseline();
                baseline.entry(&credential.fingerprint, environment)
            })
            .map(|entry| entry.added)
            .min();
        Ok(Some(credential))
    }

    /// Path and keys of places that are production's and nobody else's.
    fn productions_own(&self, places: &[&(u32, u32, &Place)]) -> Vec<(u32, u32)> {
        places
            .iter()
            .filter(|(path, keys, place)| {
                let text = &self.story.paths[*path as usize];
                let words: Vec<&str> = self.keys[*keys as usize]
                    .iter()
                    .map(String::as_str)
                    .collect();
                self.claims(place.stands, text, &words)
                    .iter()
                    .any(|claims| {
                        !claims.is_empty()
                            && claims.iter().all(|claim| claim.tier == Tier::Production)
                    })
            })
            .map(|(path, keys, _)| (*path, *keys))
            .collect()
    }

    fn judge(
        &mut self,
        path: u32,
        keys: u32,
        place: &Place,
        of_production: &[(u32, u32)],
    ) -> Judged {
        let found = &self.ledger.founds[place.found as usize];
        let text = self.story.paths[path as usize].as_str();
        let words: Vec<&str> = self.keys[keys as usize]
            .iter()
            .map(String::as_str)
            .collect();
        let stands = place.stands != 0;
        let kinds = if stands { place.stands } else { place.held };
        let by_kind = self.claims(kinds, text, &words);
        let policy = self.ledger.policy;
        let mut signals = origin::with_path(&found.signals(), text, policy.vocabulary());
        signals.extend(origin::ended(found.ends, self.assembly.as_of));
        let weighed = origin::weigh(&signals);
        let evidence = signals
            .iter()
            .filter(|signal| signal.environment.is_some())
            .chain(signals.iter().filter(|signal| signal.environment.is_none()))
            .take(MOST_EVIDENCE)
            .map(|signal| scan::redact(self.ledger.scanner, &signal.text, &[]))
            .collect();
        // A branch of production and one of staging share the file: that is no copy.
        let is_elsewhere = of_production.iter().any(|other| *other != (path, keys));
        let rule = self
            .ledger
            .rules
            .get(found.rule.as_str())
            .map(|(_, rule)| *rule);
        let fingerprint = || found.fingerprint.clone();
        let mut judged = Judged {
            verdict: Verdict::Allow,
            because: String::new(),
            origin: weighed,
            evidence,
            claims: Vec::new(),
            crosses: BTreeSet::new(),
        };
        for claims in by_kind {
            let to_staging = claims.iter().any(|claim| claim.tier == Tier::Staging);
            let is_copy = stands && found.telling && to_staging && is_elsewhere;
            let subject = Subject {
                rule: &found.rule,
                provider: &found.provider,
                family: if is_copy { Family::Reuse } else { found.family },
                origin: weighed,
                issued: rule.is_some_and(|rule| rule.provider_issued()),
                lifetime: found.lifetime,
                privileged: found.privileged,
                public: rule.is_some_and(|rule| rule.public) && found.family != Family::Inventory,
                path: text,
                declared: false,
                revoked: found.revoked,
                fingerprint: &fingerprint,
            };
            let row = subject.row();
            let decision = policy.decide(&subject, &claims, self.assembly.as_of);
            if decision.exception.is_some() {
                let environment = decision.claim.as_ref();
                let environment = environment.map_or("unclaimed", |claim| &claim.environment);
                let used = (found.fingerprint.clone(), environment.to_owned());
                self.excepted.insert(used);
            }
            if judged.because.is_empty() || decision.verdict > judged.verdict {
                judged.verdict = decision.verdict;
                judged.because = decision.because.text;
            }
            for claim in &claims {
                if policy.verdict(row, Some(claim)).0 != Verdict::Allow {
                    judged.crosses.extend(crossing(row, weighed, claim.tier));
                }
            }
            for claim in claims {
                if !judged
                    .claims
                    .iter()
                    .any(|known| known.environment == claim.environment)
                {
                    judged.claims.push(claim);
                }
            }
        }
        judged
    }

    fn place(
        &mut self,
        path: u32,
        keys: u32,
        place: &Place,
        judged: Judged,
    ) -> Result<AuditedPlace, JudgeError> {
        let stands = place.stands != 0;
        let keys = self.keys[keys as usize].join(".");
        let since = match place.came {
            Some(came) => self.since(came)?,
            // History is cut short before it came.
            None => Since {
                commit: String::new(),
                date: self.assembly.as_of,
                author: None,
            },
        };
        let until = place.went.filter(|_| !stands);
        Ok(AuditedPlace {
            path: self.story.paths[path as usize].clone(),
            key: (!keys.is_empty()).then_some(keys),
            line: place.line as usize,
            refs: place
                .refs
                .iter()
                .map(|number| self.refs.all[*number as usize].name.clone())
                .collect(),
            more_refs: place.more_refs,
            environments: judged
                .claims
                .iter()
                .map(|claim| claim.environment.clone())
                .collect(),
            claimed_by: judged
                .claims
                .iter()
                .map(|claim| {
                    let by = format!("{} ({})", claim.claimed_by, claim.policy_line);
                    scan::redact(self.ledger.scanner, &by, &[])
                })
                .collect(),
            verdict: stands.then_some(judged.verdict),
            since,
            until: until.map(|went| self.since(went)).transpose()?,
            replaced: place
                .replaced
                .map(|(_, other)| self.ledger.founds[other as usize].fingerprint.clone()),
        })
    }

    fn exceptions(&self, credentials: &[AuditedCredential]) -> Vec<AuditedException> {
        let as_of = self.assembly.as_of;
        let stands: HashSet<&str> = credentials
            .iter()
            .filter(|one| one.standing)
            .map(|one| one.fingerprint.as_str())
            .collect();
        let redact = |text: &str| scan::redact(self.ledger.scanner, text, &[]);
        self.policy()
            .exceptions()
            .map(|one| {
                let needed = (one.fingerprint.to_owned(), one.environment.to_owned());
                let state = if one.expires < as_of {
                    ExceptionState::Expired
                } else if !self.excepted.contains(&needed) && !stands.contains(one.fingerprint) {
                    ExceptionState::Unused
                } else if days(as_of, one.expires) <= SOON {
                    ExceptionState::Expiring
                } else {
                    ExceptionState::Active
                };
                AuditedException {
                    fingerprint: one.fingerprint.to_owned(),
                    environment: one.environment.to_owned(),
                    approver: redact(one.approver),
                    reason: redact(one.reason),
                    expires: one.expires,
                    state,
                    policy_line: one.policy_line.to_owned(),
                }
            })
            .collect()
    }
}

/// The boundary that a value goes over, from whose it is to where it stands.
fn crossing(row: Row, origin: OriginOf, to: Tier) -> Option<String> {
    let is_sure = origin.confidence >= Some(Confidence::Likely);
    match (row, origin.environment) {
        (Row::ProductionCredential, _) if to != Tier::Production => {
            Some(format!("production > {to}"))
        }
        (Row::Revoked | Row::Public | Row::ProductionCredential, _) => None,
        (_, from @ (Origin::Staging | Origin::Development | Origin::Test))
            if is_sure && to == Tier::Production =>
        {
            Some(format!("{from} > {to}"))
        }
        _ => None,
    }
}

/// Production that is certain outranks all; what is known outranks what is not.
fn sureness(origin: OriginOf) -> (bool, Option<Confidence>) {
    let is_sure = origin.confidence >= Some(Confidence::Likely);
    (
        is_sure && origin.environment == Origin::Production,
        origin.confidence,
    )
}

/// The day of a time in seconds, in UTC; of one that is none, the first.
fn day(seconds: i64) -> Date {
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}
