//! One change to findings: examines its blob once, subtracts what stood there before, asks the policy for every (ref, path,
//! blob), and writes down what could not be read.

use std::cell::RefCell;
use std::collections::hash_map;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

mod ahead;
pub mod clock;
mod explain;
mod gitleaks;
mod in_hand;
mod look;
mod memo;
mod reject;
mod reuse;

use jiff::civil::Date;

use crate::examine::{self, Dismissed, Knowledge, Sighting, Values};
use crate::git::{Change, GitError, Kind, Repository};
use crate::inventory::Inventory;
use crate::model::{
    Because, Declarable, Destination, Exemption, Explanation, Family, Finding, Oid, Origin, Place,
    Rejection, Secret, Signal, Stats, Tier, Unexamined, Verdict,
};
use crate::origin;
use crate::policy::{Decision, InlineAllow, Policy, Row, Subject};
use crate::rules::frameworks;
use crate::scan::decode::Encoding;
use crate::scan::gitleaks_ignore::GitleaksIgnore;
use crate::scan::{self, ScanError, Scanner, ValueId};
use crate::syntax::{self, Entry, Syntax};

pub use clock::Clock;
use look::Looker;
pub use look::{View, each_view};
use memo::Memo;
pub use reuse::{Landscape, is_selective, is_shared_by_design};

/// What stops a run: everything else is written down and the run goes on.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// Git cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A rule does not work.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The time budget ended.
    #[error("the time budget ended before everything was examined")]
    OutOfTime,
}

/// A value that somebody may let pass once, and does.
#[derive(Debug, Clone)]
pub struct Granted {
    /// Id of the value.
    pub fingerprint: String,
    /// Who: variable and name.
    pub by: String,
    /// Why, redacted.
    pub reason: String,
    /// The families they may let pass.
    pub families: Vec<Family>,
    /// The line of the policy that lets them.
    pub policy_line: String,
}

impl Granted {
    /// As a report says it.
    pub fn told(&self) -> String {
        format!("overridden by {}: {}", self.by, self.reason)
    }
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
    inventory: Option<&'j Inventory>,
    today: Date,
    /// Keep the findings that the policy allows.
    keep_allowed: bool,
    /// Whether inline comments let a value pass.
    inline_allow: bool,
    /// What the `.gitleaksignore` beside the policy lets pass, where it counts.
    gitleaks_ignore: Option<GitleaksIgnore>,
    examined: Memo<(Oid, Syntax), Blob>,
    /// What is remembered of every blob in which nothing was found.
    nothing: Rc<Blob>,
    looker: RefCell<Looker>,
    /// What the syntax of the last blobs reads: what is not secret by itself is looked at when their changes are judged.
    read: RefCell<Memo<(Oid, Syntax), Vec<Entry>>>,
    fingerprints: HashMap<(ValueId, bool), String>,
    said: HashMap<Said, SaidOf>,
    /// Where in `not_read` it is said.
    unexamined: HashMap<(String, Oid), usize>,
    heard: usize,
    /// Values that somebody lets pass once.
    pub granted: &'j [Granted],
    /// The time that there is.
    pub clock: Option<Arc<Clock>>,
    /// New commits of the ref that is being judged.
    pub expected: usize,
    /// Changes that a tree held when the time ended, not judged; and whether those are all.
    pub left: Option<(usize, bool)>,
    rejected: HashSet<reject::RejectedAt>,
    reuse: reuse::Reuse<'j>,
    /// What is to be said.
    pub findings: Vec<Finding>,
    /// What was not read.
    pub not_read: Vec<Unexamined>,
    /// Inline comments that let nothing pass, and why.
    pub ignored: Vec<String>,
    /// What looked like a credential and is taken for none; empty unless the scanner explains.
    pub rejections: Vec<Rejection>,
    /// What led to each of the findings, in their order; empty unless the scanner explains.
    pub explanations: Vec<Explanation>,
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
    ignored: usize,
    explanations: usize,
    stats: Stats,
}

/// What is known of a blob once it has been examined.
#[derive(Default)]
struct Blob {
    /// What was found in each of its views.
    views: Vec<Vec<Sighting<'static>>>,
    /// What was left closed in it, in words.
    closed: Vec<String>,
    /// What is taken for no credential.
    dismissed: Vec<Dismissed<'static>>,
    /// It stands for content that is kept elsewhere.
    lfs: bool,
}

impl Blob {
    fn sightings(&self) -> impl Iterator<Item = &Sighting<'static>> {
        self.views.iter().flatten()
    }

    /// Whether nothing was found in it and nothing is said of it, as of most.
    fn is_nothing(&self) -> bool {
        let said = self.lfs || !self.closed.is_empty() || !self.dismissed.is_empty();
        !said && self.sightings().next().is_none()
    }

    /// About as many bytes as it takes.
    fn size(&self) -> usize {
        let seen = self.sightings().count();
        size_of::<Self>() + 1024 * (seen + self.dismissed.len()) + 128 * self.closed.len()
    }
}

/// Bytes of what was found in blobs that are remembered,
const EXAMINED: usize = 6 << 20;
/// and of what their syntax reads, of one blob no more than a part of them.
const READ: usize = 6 << 20;
const MOST_READ: usize = READ / 24;

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
        inventory: Option<&'j Inventory>,
        today: Date,
        keep_allowed: bool,
        inline_allow: bool,
    ) -> Self {
        Self {
            repository,
            policy,
            scanner,
            inventory,
            today,
            keep_allowed,
            inline_allow,
            gitleaks_ignore: policy
                .gitleaks_ignore()
                .filter(|_| inline_allow)
                .map(GitleaksIgnore::read),
            examined: Memo::new(EXAMINED),
            nothing: Rc::default(),
            looker: RefCell::default(),
            read: RefCell::new(Memo::new(READ)),
            fingerprints: HashMap::new(),
            said: HashMap::new(),
            unexamined: HashMap::new(),
            heard: 0,
            granted: &[],
            clock: None,
            expected: 0,
            left: None,
            rejected: HashSet::new(),
            reuse: reuse::Reuse::default(),
            findings: Vec::new(),
            not_read: Vec::new(),
            ignored: Vec::new(),
            rejections: Vec::new(),
            explanations: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// What has been said so far.
    pub fn mark(&self) -> Mark {
        Mark {
            findings: self.findings.len(),
            ignored: self.ignored.len(),
            explanations: self.explanations.len(),
            stats: self.stats.clone(),
        }
    }

    /// Whether anything has been found since `mark`.
    pub fn has_said_since(&self, mark: &Mark) -> bool {
        self.findings.len() > mark.findings
    }

    /// How often there was anything to judge or to write down, whether or not it was said. What leaves this as it is would
    /// do so again on its way to any ref of the same environments.
    pub fn heard(&self) -> usize {
        self.heard
    }

    /// Takes back everything found since `mark`, all of it on its way to `ref_name`.
    pub fn take_back(&mut self, mark: Mark, ref_name: &str) {
        self.findings.truncate(mark.findings);
        self.ignored.truncate(mark.ignored);
        self.explanations.truncate(mark.explanations);
        // A ref that two lines of a push move is said twice then, which harms less than not at all.
        self.said
            .retain(|(name, ..), _| name.as_deref() != Some(ref_name));
        self.stats = mark.stats;
    }

    /// An error once the time is over.
    pub fn in_time(&self) -> Result<(), JudgeError> {
        look::in_time(self.clock.as_deref())
    }

    /// Judges one change under every environment that claims it.
    pub fn change(&mut self, source: Source<'_>, change: &Change) -> Result<(), JudgeError> {
        self.in_time()?;
        self.stats.changes += 1;
        let path = String::from_utf8_lossy(&change.path).into_owned();
        let claims = self.policy.claims(source.ref_name, Some(&path), &[]);
        let claimed = !claims.is_empty();
        if change.parents.is_empty() {
            self.name(source, &path, change.oid)?;
        }
        if change.mode.is_gitlink() {
            if claimed {
                let reason = "a submodule: its content is in another repository, which needs a gate of its own";
                self.not_read(&path, change.oid, reason, false);
            }
            return Ok(());
        }
        if !self.reads(&path, claimed) {
            self.stats.unclaimed += 1;
            return Ok(());
        }
        let syntax = syntax::of_path(&path);
        let blob = match self.examine(change.oid, syntax) {
            Ok(blob) => blob,
            Err(JudgeError::Git(error)) => {
                self.not_read(&path, change.oid, &error.to_string(), claimed);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.say_closed(&path, change.oid, &blob, claimed);
        for dismissed in &blob.dismissed {
            self.reject(source, change.oid, &path, dismissed);
        }
        self.copied(source, change, &path)?;
        if blob.sightings().next().is_none() {
            return Ok(());
        }
        let mut before: HashMap<(&str, ValueId), Vec<&[String]>> = HashMap::new();
        let mut old = Vec::new();
        for &parent in &change.parents {
            match self.examine(parent, syntax) {
                Ok(blob) => old.push(blob),
                // What stood before cannot be told: then all of it counts as new.
                Err(JudgeError::Git(_)) => {}
                Err(error) => return Err(error),
            }
        }
        for s in old.iter().flat_map(|old| old.sightings()) {
            before
                .entry((s.rule.id.as_str(), s.value))
                .or_default()
                .push(&s.key_path);
        }
        let is_new = |sighting: &&Sighting<'static>| {
            !before
                .get(&(sighting.rule.id.as_str(), sighting.value))
                .is_some_and(|places| self.stood(source, &path, &sighting.key_path, places))
        };
        let new: Vec<Vec<_>> = blob
            .views
            .iter()
            .map(|view| view.iter().filter(is_new).collect())
            .collect();
        if new.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let copies = self.copies(source, change, &path, &new)?;
        let mut views = new.iter();
        each_view(self.repository, change.oid, &mut |view| {
            let mut values = Values::new(view.text);
            let seen = views.next().map(Vec::as_slice).unwrap_or_default();
            for one in seen.chunk_by(|a, b| is_one_place(a, b)) {
                let before = self.findings.len();
                for sighting in one {
                    let values = values.of(sighting);
                    if !self.is_believed_at(source, change.oid, &path, sighting, &values)? {
                        continue;
                    }
                    let copy = copies
                        .get(&sighting.value)
                        .filter(|_| reuse::is_selective(values[0]));
                    self.sighting(source, change, &path, sighting, view.text, values, copy);
                }
                self.keep_strictest(before);
            }
            Ok(())
        })
    }

    /// Of what was said of one place since there were `before` findings: the strictest, and of those the first.
    fn keep_strictest(&mut self, before: usize) {
        if self.findings.len() <= before + 1 {
            return;
        }
        let strictest = (before..self.findings.len())
            .rev()
            .max_by_key(|&at| self.findings[at].verdict)
            .unwrap_or(before);
        self.findings.swap(before, strictest);
        self.findings.truncate(before + 1);
        // Empty, or one for each finding.
        if self.explanations.len() > strictest {
            self.explanations.swap(before, strictest);
            self.explanations.truncate(before + 1);
        }
    }

    /// Whether the content of a file is of interest: no more is read than a claim asks for.
    fn reads(&self, path: &str, claimed: bool) -> bool {
        claimed || self.looks_everywhere() || self.policy.may_have_sections(path)
    }

    /// Whether something may have to be said of a place that nothing claims: a revoked value is blocked everywhere.
    fn looks_everywhere(&self) -> bool {
        self.keep_allowed || self.inventory.is_some_and(Inventory::has_revoked)
    }

    /// Judges the values that no rule knows, and that stand on the other side of the boundary.
    fn copied(
        &mut self,
        source: Source<'_>,
        change: &Change,
        path: &str,
    ) -> Result<(), JudgeError> {
        let copied = self.copied_scalars(source, change, path)?;
        if copied.is_empty() {
            return Ok(());
        }
        let bytes = self.repository.read_as(change.oid, Kind::Blob)?;
        let text = Encoding::of(&bytes).text(&bytes, true);
        for (scalar, signal) in &copied {
            let value = Secret::new(&text[scalar.span.clone()]);
            let sighting = reuse::sighting(&text, scalar);
            let is_told = scalar.encrypted || reuse::is_selective(value);
            if is_told && !self.scanner.leaves_out(&sighting.rule.id) {
                let values = [value, value];
                self.sighting(source, change, path, &sighting, &text, values, Some(signal));
            }
        }
        Ok(())
    }

    /// Says what stands in a blob and was not looked at.
    ///
    /// Content in LFS is refused where a path says that the file belongs to an environment (its configuration must be
    /// readable), and only said where it merely rides on a branch: images and models do. Nothing that is encoded deeper or
    /// larger than the limits refuses: git handed it over, and there is always one more way to pack something.
    fn say_closed(&mut self, path: &str, oid: Oid, blob: &Blob, claimed: bool) {
        if !claimed {
            return;
        }
        if blob.lfs {
            let refuses = !self.policy.claims_of_path(path).is_empty();
            let reason = "a pointer to Git LFS: its content is not in git and was not read";
            self.not_read(path, oid, reason, refuses);
        }
        if !blob.closed.is_empty() {
            self.not_read(path, oid, &blob.closed.join("; "), false);
        }
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
            now.iter()
                .all(|now| then.iter().any(|then| then.environment == now.environment))
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
        if !claimed && !self.looks_everywhere() {
            return Ok(());
        }
        let (header, body) = match message {
            Message::Commit => ("(commit header)", "(commit message)"),
            Message::Tag => ("(tag header)", "(tag message)"),
        };
        // An empty line ends the headers; lines are counted as an editor shows the message.
        let end = data
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .unwrap_or(data.len());
        self.pathless(source, header, oid, &data[..end])?;
        self.pathless(source, body, oid, data.get(end + 2..).unwrap_or_default())
    }

    /// A name is content: a path can hold a value too.
    fn name(&mut self, source: Source<'_>, path: &str, oid: Oid) -> Result<(), JudgeError> {
        // Components stand alone: `/` belongs to the path, not to a value.
        let components = path.replace('/', "\n");
        self.pathless(source, path, oid, components.as_bytes())
    }

    fn pathless(
        &mut self,
        source: Source<'_>,
        place: &str,
        oid: Oid,
        data: &[u8],
    ) -> Result<(), JudgeError> {
        let examined = examine::examine(data, Syntax::Code, &self.knowledge())?;
        for dismissed in &examined.dismissed {
            self.reject(source, oid, place, dismissed);
        }
        let sightings = examined.sightings;
        if sightings.is_empty() {
            return Ok(());
        }
        let mut values = Values::new(data);
        let change = Change {
            path: place.as_bytes().to_vec(),
            mode: crate::git::Mode::FILE,
            oid,
            parents: Vec::new(),
        };
        for sighting in &sightings {
            let values = values.of(sighting);
            self.sighting(source, &change, place, sighting, data, values, None);
        }
        Ok(())
    }

    /// Writes down something that was not read.
    pub fn not_read(&mut self, what: &str, oid: Oid, reason: &str, refuses: bool) {
        self.heard += 1;
        match self.unexamined.entry((what.to_owned(), oid)) {
            hash_map::Entry::Vacant(new) => {
                new.insert(self.not_read.len());
                self.not_read.push(Unexamined {
                    what: scan::redact(self.scanner, what, &[]),
                    reason: reason.to_owned(),
                    refuses,
                });
            }
            // It may be on its way to a ref where it does no harm, and to one where it does.
            hash_map::Entry::Occupied(said) => {
                let said = &mut self.not_read[*said.get()];
                if refuses && !said.refuses {
                    reason.clone_into(&mut said.reason);
                    said.refuses = true;
                }
            }
        }
    }

    fn knowledge(&self) -> Knowledge<'j, 'static> {
        Knowledge {
            scanner: self.scanner,
            facts: self.policy.facts(),
            vocabulary: self.policy.vocabulary(),
            inventory: self.inventory,
            evidence: true,
        }
    }

    fn examine(&mut self, oid: Oid, syntax: Syntax) -> Result<Rc<Blob>, JudgeError> {
        if let Some(known) = self.examined.get((oid, syntax)) {
            return Ok(known);
        }
        self.in_time()?;
        if let Some(clock) = &self.clock {
            let reading = self.repository.size(oid).ok().map(|(_, size)| (oid, size));
            clock.note(|now| {
                now.reading = reading;
                now.changes = self.stats.changes;
                now.commits = self.stats.commits;
                now.bytes = self.stats.bytes;
            });
        }
        let (blob, read) = self.look(oid, syntax, &self.knowledge())?;
        Ok(self.keep((oid, syntax), blob, read))
    }

    /// Remembers what was found in a blob of which so many bytes of text were read.
    fn keep(&mut self, key: (Oid, Syntax), blob: Blob, read: u64) -> Rc<Blob> {
        self.stats.blobs += 1;
        self.stats.bytes += read;
        let (blob, size) = if blob.is_nothing() {
            (Rc::clone(&self.nothing), 0)
        } else {
            let size = blob.size();
            (Rc::new(blob), size)
        };
        self.examined.put(key, Rc::clone(&blob), size);
        blob
    }

    /// Examines a blob; with it, how many bytes of text were read.
    fn look(
        &self,
        oid: Oid,
        syntax: Syntax,
        knowledge: &Knowledge<'_, 'static>,
    ) -> Result<(Blob, u64), JudgeError> {
        let looker = &mut *self.looker.borrow_mut();
        let looked = looker.look(
            self.repository,
            self.clock.as_deref(),
            (oid, syntax),
            knowledge,
        )?;
        self.remember((oid, syntax), looked.entries);
        Ok((looked.blob, looked.read))
    }

    /// Remembers what the syntax of a blob reads.
    fn remember(&self, blob: (Oid, Syntax), entries: Option<Vec<Entry>>) {
        if let Some(entries) = entries {
            let size = entries.iter().map(Entry::size).sum();
            if size <= MOST_READ {
                self.read.borrow_mut().put(blob, Rc::new(entries), size);
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a sighting, where it stands, and what stands there"
    )]
    fn sighting(
        &mut self,
        source: Source<'_>,
        change: &Change,
        path: &str,
        sighting: &Sighting<'static>,
        text: &[u8],
        known: [Secret<'_>; 2],
        copy: Option<&Signal>,
    ) {
        self.heard += 1;
        let said = (
            source.ref_name.map(str::to_owned),
            change.path.clone(),
            sighting.rule.id.clone(),
            sighting.value,
        );
        // Said once for a ref and path; in one blob every place of the value is said.
        let here = |said: &SaidOf| (said.blob, said.commit) == (change.oid, source.commit);
        let before = self
            .said
            .get(&said)
            .filter(|said| !here(said))
            .map(|said| said.strictest);
        if before == Some(Verdict::Block) {
            return;
        }
        let secret = known[0];
        let keys: Vec<&str> = sighting.key_path.iter().map(String::as_str).collect();
        let claims = self.policy.claims(source.ref_name, Some(path), &keys);
        let family = match copy {
            Some(_) => Family::Reuse,
            None => sighting.family,
        };
        if matches!(family, Family::Reference | Family::Identity)
            && is_productions_own(self.policy, path, &keys, (family, sighting.proven))
        {
            return;
        }
        let mut signals = match family {
            Family::Credential | Family::Inventory => {
                origin::with_path(&sighting.signals, path, self.policy.vocabulary())
            }
            // A dump most often says nothing of itself; whoever keeps it names it.
            Family::Data if !sighting.rule.sensitive => {
                origin::with_path(&sighting.signals, path, self.policy.vocabulary())
            }
            // A path says nothing of what a pointer points to.
            _ => sighting.signals.clone(),
        };
        signals.splice(0..0, copy.cloned());
        signals.extend(origin::ended(sighting.ends, self.today));
        let origin = origin::weigh(&signals);
        let is_told = sighting.rule.sensitive || origin.environment != Origin::Unknown;
        if family == Family::Data && !is_told {
            // A dump, and nothing says that it is production's.
            return;
        }
        let fingerprint = {
            let computed = &self.fingerprints;
            let issued = is_hard_to_guess(sighting);
            let key = (sighting.value, issued);
            move || {
                computed
                    .get(&key)
                    .cloned()
                    .unwrap_or_else(|| scan::fingerprint(secret, issued))
            }
        };
        let subject = Subject {
            rule: &sighting.rule.id,
            provider: sighting.provider,
            family,
            origin,
            issued: sighting.rule.provider_issued(),
            lifetime: sighting.lifetime,
            privileged: sighting.privileged,
            // What its owner keeps in a store is no less secret for looking like what others publish.
            public: sighting.rule.public && sighting.family != Family::Inventory,
            path,
            declared: sighting.proven,
            revoked: sighting.revoked,
            fingerprint: &fingerprint,
        };
        let row = subject.row();
        let mut decision = self.policy.decide(&subject, &claims, self.today);
        let mut ignored = None;
        if decision.verdict != Verdict::Allow && row != Row::Revoked {
            ignored = self.inline(&mut decision, path, sighting, text, &known);
            if decision.verdict != Verdict::Allow {
                self.of_gitleaks(&mut decision, source, path, sighting, text);
            }
        }
        if decision.verdict == Verdict::Block && row != Row::Revoked && !self.granted.is_empty() {
            let fingerprint = fingerprint();
            let granted = self.granted.iter().find(|granted| {
                granted.fingerprint == fingerprint && granted.families.contains(&family)
            });
            if let Some(granted) = granted {
                // Not allowed: it is said.
                decision.verdict = Verdict::Warn;
                decision.because = Because {
                    text: granted.told(),
                    policy_line: granted.policy_line.clone(),
                    exempted_by: None,
                };
            }
        }
        // The same value in another blob may stand in another section, or beside other evidence: a stricter verdict than
        // the one said before is news.
        if before.is_some_and(|before| before >= decision.verdict) {
            return;
        }
        let strictest = self.said.get(&said).map_or(decision.verdict, |said| {
            said.strictest.max(decision.verdict)
        });
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
        if let Some(told) = ignored
            && !self.ignored.contains(&told)
        {
            self.ignored.push(told);
        }
        self.fingerprints.insert(
            (sighting.value, is_hard_to_guess(sighting)),
            fingerprint.clone(),
        );
        // A pointer is no secret, and its name is the evidence.
        let is_secret = holds_secret(family) || sighting.rule.sensitive;
        let known: &[Secret<'_>] = if is_secret { &known } else { &[] };
        let redact = |name: &str, known: &[Secret<'_>]| scan::redact(self.scanner, name, known);
        let finding = Finding {
            rule: sighting.rule.id.clone(),
            title: sighting.rule.title.clone(),
            provider: sighting.provider.to_owned(),
            family,
            verdict: decision.verdict,
            because: decision.because,
            origin,
            destination: decision
                .claim
                .as_ref()
                .map_or(Destination::UNCLAIMED, Destination::from),
            place: Place {
                ref_name: source.ref_name.map(|name| redact(name, known)),
                commit: source.commit,
                path: redact(path, known),
                oid: change.oid,
                line: sighting.line,
                column: sighting.column,
                key_path: (!keys.is_empty()).then(|| redact(&keys.join("."), known)),
            },
            excerpt: sighting.excerpt.clone(),
            fingerprint,
            lifetime: sighting.lifetime,
            privileged: sighting.privileged,
            evidence: signals
                .iter()
                .map(|signal| Signal {
                    text: redact(&signal.text, known),
                    ..signal.clone()
                })
                .collect(),
            declarable: if decision.verdict == Verdict::Block
                && origin.environment == Origin::Unknown
            {
                declarable(sighting, |name| redact(name, known))
            } else {
                Vec::new()
            },
            references: references(sighting, family, row, decision.verdict),
            remedy: remedy(sighting, origin.environment),
        };
        if self.scanner.explains() {
            let mut explained =
                explain::explanation(self.policy, sighting, &finding, &signals, row, &claims);
            for asked in &mut explained.asked {
                asked.claim.claimed_by = redact(&asked.claim.claimed_by, known);
            }
            for declaration in &mut explained.declarations {
                declaration.effect = redact(&declaration.effect, known);
                declaration.toml = redact(&declaration.toml, known);
            }
            self.explanations.push(explained);
        }
        self.findings.push(finding);
    }
}

impl Judge<'_> {
    /// Lets a value pass where a comment beside it says so and the policy listens. Says why a comment changes nothing.
    fn inline(
        &self,
        decision: &mut Decision,
        path: &str,
        sighting: &Sighting<'static>,
        text: &[u8],
        known: &[Secret<'_>],
    ) -> Option<String> {
        let allow = scan::allow::beside(text, &sighting.span)?;
        let rule = &sighting.rule.id;
        let why = if !allow.is_for(rule) {
            let other = allow.rule.unwrap_or_default();
            format!("is for `{other}`, and this is a {rule}")
        } else if self.inline_allow {
            let reason = scan::redact(self.scanner, &allow.reason, known);
            decision.verdict = Verdict::Allow;
            decision.because = Because {
                text: if reason.is_empty() {
                    "an inline comment lets it pass".to_owned()
                } else {
                    format!("an inline comment lets it pass: {reason}")
                },
                policy_line: self.policy.inline_allow_line().to_owned(),
                exempted_by: Some(Exemption::Comment),
            };
            return None;
        } else if self.policy.inline_allow() == InlineAllow::Never {
            "was ignored: the policy says inline-allow = \"never\"".to_owned()
        } else {
            "was ignored: here it counts only if the policy says inline-allow = \"always\""
                .to_owned()
        };
        Some(format!(
            "the comment `stagegate:allow` at {}:{} {}",
            scan::redact(self.scanner, path, known),
            sighting.line,
            scan::redact(self.scanner, &why, known)
        ))
    }
}

/// What could be declared around a value so that somebody could tell whose it is.
fn declarable(sighting: &Sighting<'_>, redact: impl Fn(&str) -> String) -> Vec<Declarable> {
    let named = sighting.declarable.iter();
    named
        .map(|(list, name)| Declarable {
            list,
            name: redact(name),
        })
        .collect()
}

/// Whether two sightings are of one value at one place of the file, which counts in two of its sections (an alias).
fn is_one_place(a: &Sighting<'_>, b: &Sighting<'_>) -> bool {
    (a.span == b.span && a.steps == b.steps && a.inner == b.inner) && a.rule.id == b.rule.id
}

/// Whether what a family finds is a secret, and not a pointer, a grant or data.
const fn holds_secret(family: Family) -> bool {
    matches!(
        family,
        Family::Credential | Family::Reuse | Family::Inventory
    )
}

/// Whether the fingerprint of what was found needs no stretching: an issued value is random, and a pointer is no secret.
pub fn is_hard_to_guess(sighting: &Sighting<'_>) -> bool {
    sighting.rule.provider_issued() || !(holds_secret(sighting.family) || sighting.rule.sensitive)
}

/// Whether a pointer or a grant stands where production speaks of itself, though a ref of another environment brings it: a
/// branch holds the configuration of every environment. By words alone, a workflow that no environment claims serves all.
pub fn is_productions_own(
    policy: &Policy,
    path: &str,
    keys: &[&str],
    (family, proven): (Family, bool),
) -> bool {
    let claims = policy.claims(None, Some(path), keys);
    if !claims.is_empty() {
        return claims.iter().all(|claim| claim.tier == Tier::Production);
    }
    let words = policy.vocabulary().tier_of_name(path);
    let by_words = family == Family::Reference && !proven;
    words.is_some_and(|(tier, _)| tier == Tier::Production)
        || by_words && path.starts_with(".github/")
}

/// A rule's remedy is written for production's value, or for one that may be.
fn remedy(sighting: &Sighting<'_>, origin: Origin) -> String {
    match origin {
        Origin::Production | Origin::Unknown => sighting.rule.remedy.clone(),
        _ => format!(
            "It is {origin}'s, so it may be here. Better still, keep it in the environment's secret store and refer to it by name, or use a short-lived one."
        ),
    }
}

/// The controls of frameworks come first, the vendor's pages after them.
fn references(sighting: &Sighting<'_>, family: Family, row: Row, verdict: Verdict) -> Vec<String> {
    let mut references = Vec::new();
    if verdict != Verdict::Allow {
        references = frameworks::references(&sighting.rule.id, family, row.key());
    }
    references.extend(sighting.rule.references.iter().cloned());
    references
}
