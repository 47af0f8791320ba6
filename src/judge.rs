//! One change to findings: examines its blob once, subtracts what stood there before, asks the policy for every (ref, path,
//! blob), and writes down what could not be read.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use jiff::civil::Date;

use crate::examine::{self, Knowledge, Sighting};
use crate::git::{Change, GitError, Kind, Repository};
use crate::model::{Destination, Finding, Oid, Place, Secret, Signal, Stats, Unexamined, Verdict};
use crate::origin;
use crate::policy::{Policy, Subject};
use crate::scan::{self, ScanError, Scanner, ValueId};
use crate::syntax::{self, Syntax};

/// What stops a run: everything else is written down and the run goes on.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// Git cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A rule does not work.
    #[error(transparent)]
    Scan(#[from] ScanError),
}

/// Where a change comes from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'s> {
    /// The ref it is on its way to.
    pub ref_name: Option<&'s str>,
    /// The commit that holds it; `None` for what stands in a tip or in the index.
    pub commit: Option<Oid>,
}

/// Judges changes and collects what is to be said of them.
pub struct Judge<'j> {
    repository: &'j Repository,
    policy: &'j Policy,
    scanner: &'j Scanner<'static>,
    today: Date,
    /// Keep the findings that the policy allows.
    keep_allowed: bool,
    examined: HashMap<(Oid, Syntax), Rc<Vec<Sighting<'static>>>>,
    fingerprints: HashMap<(ValueId, bool), String>,
    said: HashMap<Said, SaidOf>,
    unexamined: HashSet<(String, Oid)>,
    /// What is to be said.
    pub findings: Vec<Finding>,
    /// What was not read.
    pub not_read: Vec<Unexamined>,
    /// Counters.
    pub stats: Stats,
}

/// What has been judged already: ref, path, rule and value.
type Said = (Option<String>, Vec<u8>, String, ValueId);

/// Of what it was said, and the strictest verdict so far.
struct SaidOf {
    blob: Oid,
    commit: Option<Oid>,
    strictest: Verdict,
}

/// A moment in a run, to go back to.
pub struct Mark {
    findings: usize,
    stats: Stats,
}

/// Content that has no path.
#[derive(Debug, Clone, Copy)]
pub enum Message {
    /// A commit object: author, committer, extra headers, message.
    Commit,
    /// An annotated tag object.
    Tag,
}

impl<'j> Judge<'j> {
    /// A judge that has seen nothing yet.
    pub fn new(
        repository: &'j Repository,
        policy: &'j Policy,
        scanner: &'j Scanner<'static>,
        today: Date,
        keep_allowed: bool,
    ) -> Self {
        Self {
            repository,
            policy,
            scanner,
            today,
            keep_allowed,
            examined: HashMap::new(),
            fingerprints: HashMap::new(),
            said: HashMap::new(),
            unexamined: HashSet::new(),
            findings: Vec::new(),
            not_read: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// What has been said so far.
    pub fn mark(&self) -> Mark {
        Mark {
            findings: self.findings.len(),
            stats: self.stats.clone(),
        }
    }

    /// Whether anything has been found since `mark`.
    pub fn has_said_since(&self, mark: &Mark) -> bool {
        self.findings.len() > mark.findings
    }

    /// Takes back everything found since `mark`, all of it on its way to `ref_name`.
    pub fn take_back(&mut self, mark: Mark, ref_name: &str) {
        self.findings.truncate(mark.findings);
        // A ref that two lines of a push move is said twice then, which harms less than not at all.
        self.said.retain(|(name, ..), _| name.as_deref() != Some(ref_name));
        self.stats = mark.stats;
    }

    /// Judges one change under every environment that claims it.
    pub fn change(&mut self, source: Source<'_>, change: &Change) -> Result<(), JudgeError> {
        self.stats.changes += 1;
        let path = String::from_utf8_lossy(&change.path).into_owned();
        let claims = self.policy.claims(source.ref_name, Some(&path), &[]);
        let claimed = !claims.is_empty();
        if change.parents.is_empty() {
            self.name(source, &path, change.oid)?;
        }
        if change.mode.is_gitlink() {
            return Ok(());
        }
        if !claimed && !self.keep_allowed && !self.policy.may_have_sections(&path) {
            return Ok(());
        }
        let syntax = syntax::of_path(&path);
        let sightings = match self.examine(change.oid, syntax) {
            Ok(sightings) => sightings,
            Err(JudgeError::Git(error)) => {
                self.not_read(&path, change.oid, &error.to_string(), claimed);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if sightings.is_empty() {
            return Ok(());
        }
        let mut before: HashMap<(&str, ValueId), Vec<&[String]>> = HashMap::new();
        let mut old = Vec::new();
        for &parent in &change.parents {
            match self.examine(parent, syntax) {
                Ok(sightings) => old.push(sightings),
                // What stood before cannot be told: then all of it counts as new.
                Err(JudgeError::Git(_)) => {}
                Err(error) => return Err(error),
            }
        }
        for s in old.iter().flat_map(|old| old.iter()) {
            before.entry((s.rule.id.as_str(), s.value)).or_default().push(&s.key_path);
        }
        let text = self.text(change.oid)?;
        for sighting in sightings.iter() {
            let stood = before
                .get(&(sighting.rule.id.as_str(), sighting.value))
                .is_some_and(|places| self.stood(source, &path, &sighting.key_path, places));
            if !stood {
                self.sighting(source, change, &path, sighting, &text);
            }
        }
        Ok(())
    }

    /// Whether a value that stood at `places` of the file stood where it stands now: a move within a file is none, unless
    /// it goes to a section of another environment.
    fn stood(&self, source: Source<'_>, path: &str, now: &[String], places: &[&[String]]) -> bool {
        if !self.policy.may_have_sections(path) || places.contains(&now) {
            return true;
        }
        let claims = |keys: &[String]| {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            self.policy.claims(source.ref_name, Some(path), &keys)
        };
        let now = claims(now);
        places.iter().any(|place| {
            let then = claims(place);
            now.iter().all(|now| then.iter().any(|then| then.environment == now.environment))
        })
    }

    /// Judges content without a path, which only the ref can claim.
    pub fn message(
        &mut self,
        source: Source<'_>,
        oid: Oid,
        data: &[u8],
        message: Message,
    ) -> Result<(), JudgeError> {
        let claimed = source
            .ref_name
            .is_some_and(|name| self.policy.claim_of_ref(name).is_some());
        if !claimed && !self.keep_allowed {
            return Ok(());
        }
        let place = match message {
            Message::Commit => "(commit message)",
            Message::Tag => "(tag message)",
        };
        self.pathless(source, place, oid, data)
    }

    /// A name is content: a path can hold a value too.
    fn name(&mut self, source: Source<'_>, path: &str, oid: Oid) -> Result<(), JudgeError> {
        // Components stand alone: `/` belongs to the path, not to a value.
        let components = path.replace('/', "\n");
        if self.scanner.search(components.as_bytes())?.issued.is_empty() {
            return Ok(());
        }
        self.pathless(source, path, oid, components.as_bytes())
    }

    fn pathless(
        &mut self,
        source: Source<'_>,
        place: &str,
        oid: Oid,
        data: &[u8],
    ) -> Result<(), JudgeError> {
        let sightings = examine::examine(data, Syntax::Code, &self.knowledge())?;
        let change = Change {
            path: place.as_bytes().to_vec(),
            mode: crate::git::Mode::FILE,
            oid,
            parents: Vec::new(),
        };
        for sighting in &sightings {
            self.sighting(source, &change, place, sighting, data);
        }
        Ok(())
    }

    /// Writes down something that was not read.
    pub fn not_read(&mut self, what: &str, oid: Oid, reason: &str, refuses: bool) {
        if self.unexamined.insert((what.to_owned(), oid)) {
            self.not_read.push(Unexamined {
                what: scan::redact(self.scanner, what, &[]),
                reason: reason.to_owned(),
                refuses,
            });
        }
    }

    fn knowledge(&self) -> Knowledge<'j, 'static> {
        Knowledge {
            scanner: self.scanner,
            facts: self.policy.facts(),
            vocabulary: self.policy.vocabulary(),
        }
    }

    fn text(&self, oid: Oid) -> Result<Vec<u8>, JudgeError> {
        let bytes = self.repository.read_as(oid, Kind::Blob)?;
        Ok(scan::decode::text_of(&bytes).into_owned())
    }

    fn examine(
        &mut self,
        oid: Oid,
        syntax: Syntax,
    ) -> Result<Rc<Vec<Sighting<'static>>>, JudgeError> {
        if let Some(known) = self.examined.get(&(oid, syntax)) {
            return Ok(Rc::clone(known));
        }
        let bytes = self.repository.read_as(oid, Kind::Blob)?;
        self.stats.blobs += 1;
        self.stats.bytes += bytes.len() as u64;
        let text = scan::decode::text_of(&bytes);
        let sightings = Rc::new(examine::examine(&text, syntax, &self.knowledge())?);
        self.examined.insert((oid, syntax), Rc::clone(&sightings));
        Ok(sightings)
    }

    fn sighting(
        &mut self,
        source: Source<'_>,
        change: &Change,
        path: &str,
        sighting: &Sighting<'static>,
        text: &[u8],
    ) {
        let said = (
            source.ref_name.map(str::to_owned),
            change.path.clone(),
            sighting.rule.id.clone(),
            sighting.value,
        );
        // Said once for a ref and path; in one blob every place of the value is said.
        let here = |said: &SaidOf| (said.blob, said.commit) == (change.oid, source.commit);
        let before = self.said.get(&said).filter(|said| !here(said)).map(|said| said.strictest);
        if before == Some(Verdict::Block) {
            return;
        }
        let secret = examine::value_of(text, sighting);
        let keys: Vec<&str> = sighting.key_path.iter().map(String::as_str).collect();
        let claims = self.policy.claims(source.ref_name, Some(path), &keys);
        let signals = origin::with_path(&sighting.signals, path, self.policy.vocabulary());
        let origin = origin::weigh(&signals);
        let fingerprint = {
            let known = &self.fingerprints;
            let issued = sighting.rule.provider_issued();
            let key = (sighting.value, issued);
            move || {
                known
                    .get(&key)
                    .cloned()
                    .unwrap_or_else(|| scan::fingerprint(secret, issued))
            }
        };
        let decision = self.policy.decide(
            &Subject {
                rule: &sighting.rule.id,
                provider: sighting.provider,
                family: crate::model::Family::Credential,
                origin,
                issued: sighting.rule.provider_issued(),
                lifetime: sighting.lifetime,
                public: sighting.rule.public,
                path,
                declared: false,
                revoked: false,
                fingerprint: &fingerprint,
            },
            &claims,
            self.today,
        );
        // The same value in another blob may stand in another section, or beside other evidence: a stricter verdict than
        // the one said before is news.
        if before.is_some_and(|before| before >= decision.verdict) {
            return;
        }
        let strictest = self.said.get(&said).map_or(decision.verdict, |said| said.strictest.max(decision.verdict));
        self.said.insert(
            said,
            SaidOf {
                blob: change.oid,
                commit: source.commit,
                strictest,
            },
        );
        if decision.verdict == Verdict::Allow {
            self.stats.allowed += 1;
            if !self.keep_allowed {
                return;
            }
        }
        let fingerprint = fingerprint();
        self.fingerprints.insert(
            (sighting.value, sighting.rule.provider_issued()),
            fingerprint.clone(),
        );
        let redact = |name: &str, known: &[Secret<'_>]| scan::redact(self.scanner, name, known);
        let known = [secret];
        self.findings.push(Finding {
            rule: sighting.rule.id.clone(),
            title: sighting.rule.title.clone(),
            provider: sighting.provider.to_owned(),
            family: crate::model::Family::Credential,
            verdict: decision.verdict,
            because: decision.because,
            origin,
            destination: decision
                .claim
                .as_ref()
                .map_or(Destination::UNCLAIMED, Destination::from),
            place: Place {
                ref_name: source.ref_name.map(|name| redact(name, &known)),
                commit: source.commit,
                path: redact(path, &known),
                oid: change.oid,
                line: sighting.line,
                column: sighting.column,
                key_path: (!keys.is_empty()).then(|| redact(&keys.join("."), &known)),
            },
            excerpt: sighting.excerpt.clone(),
            fingerprint,
            lifetime: sighting.lifetime,
            evidence: signals
                .into_iter()
                .map(|signal| Signal {
                    text: redact(&signal.text, &known),
                    ..signal
                })
                .collect(),
            references: references(sighting, &decision.verdict),
            remedy: sighting.rule.remedy.clone(),
        });
    }
}

/// The frameworks' words for a production credential in staging come first, the vendor's pages after them.
fn references(sighting: &Sighting<'_>, verdict: &Verdict) -> Vec<String> {
    let mut references = Vec::new();
    if *verdict != Verdict::Allow {
        references.extend(
            [
                "OWASP NHI8:2025 Environment Isolation",
                "OWASP NHI2:2025 Secret Leakage",
                "NIST CSF 2.0 PR.AA-05",
                "CWE-798",
            ]
            .map(str::to_owned),
        );
    }
    references.extend(sighting.rule.references.iter().cloned());
    references
}
