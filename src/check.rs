//! The whole story: what a commit, a push, a range or a tree brings, judged.
//!
//! For every ref two questions are asked. *What will newly stand there?* The tree of the old tip against the tree of the new
//! one; for a new ref, the whole tree. *What did the new history hold meanwhile?* Every commit that is not reachable from
//! the current refs of the same environment, against all its parents. Objects that the repository has already are judged
//! again when they become reachable from a ref of another environment.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use crate::git::{self, GitError, Index, IndexChange, Kind, Repository};
use crate::hook::pre_commit;
use crate::inventory::Inventory;
use crate::judge::{Clock, Granted, Judge, JudgeError, Landscape, Message, Source};
use crate::model::{Oid, RefUpdate, Report, Unexamined, Verdict};
use crate::policy::{History, InlineAllow, Policy};
use crate::rules::{Pack, Rule};
use crate::scan::{self, Scanner};

mod late;
mod past;
mod policy_changes;
mod walk;

use past::{Judged, Past};
use policy_changes::PolicyChanges;

/// What judges: the same for every mode.
pub struct Gate<'g> {
    /// The repository.
    pub repository: &'g Repository,
    /// The policy.
    pub policy: &'g Policy,
    /// The rules.
    pub scanner: &'g Scanner<'static>,
    /// Values that are known already.
    pub inventory: Option<&'g Inventory>,
    /// Remarks that were there before anything was judged.
    pub notes: &'g [String],
    /// The day that exceptions are compared with.
    pub today: jiff::civil::Date,
    /// Keep the findings that the policy allows.
    pub keep_allowed: bool,
    /// Whether this runs where people work, and not where pushes and ranges are decided.
    pub laptop: bool,
    /// Full name of the ref from which the policy is taken when nothing else names one; `None` where something does.
    pub policy_ref: Option<String>,
    /// The time that a run may take.
    pub clock: Option<Arc<Clock>>,
    /// Values that somebody lets pass once.
    pub granted: &'g [Granted],
}

/// One value in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingValue {
    /// Id of the value.
    pub fingerprint: String,
    /// The environment whose claim decided, or `unclaimed`.
    pub environment: String,
    /// Id of the rule.
    pub rule: String,
    /// The strictest that the policy says of it there.
    pub verdict: Verdict,
}

/// What a ref update brings to a ref.
struct Brought<'s> {
    source: Source<'s>,
    claimed: bool,
    /// What will stand there.
    tree: Oid,
    /// What stood there.
    before: Vec<Oid>,
}

/// Name of the policy file in a repository.
pub const POLICY_FILE: &str = "stagegate.toml";

/// Inline comments that are told one by one.
const IGNORED: usize = 10;

/// The scanner over all rules: the built-in ones that the policy neither leaves out nor replaces, and its own.
pub fn scanner(policy: &Policy) -> Scanner<'static> {
    if !policy.changes_rules() {
        return Scanner::shipped();
    }
    // A run has one policy, and its rules live as long as the run.
    let own: &'static [Pack] = Vec::leak(policy.own_packs().to_vec());
    let own_rule = |rule: &Rule| {
        own.iter()
            .any(|pack| pack.rules.iter().any(|own| std::ptr::eq(own, rule)))
    };
    Scanner::without(own.iter().chain(crate::rules::builtin()), &|rule| {
        policy.disables(&rule.id) || policy.replaces(&rule.id) && !own_rule(rule)
    })
}

impl Gate<'_> {
    /// Ref updates that a push or a range brings. `current` are the refs as they stand; a range given by hand excludes its
    /// base only.
    pub fn updates(
        &self,
        mode: &'static str,
        updates: Vec<RefUpdate>,
        current: &[git::Ref],
    ) -> Result<Report, JudgeError> {
        self.ranges(mode, updates, None, current)
    }

    /// One ref update whose changes are to be merged: what stands at its place in `merge_base` is not new either, although
    /// the ref may have moved on since. A merge keeps what only the ref has changed.
    pub fn range(
        &self,
        update: RefUpdate,
        merge_base: Option<Oid>,
        current: &[git::Ref],
    ) -> Result<Report, JudgeError> {
        self.ranges("check", vec![update], merge_base, current)
    }

    fn ranges(
        &self,
        mode: &'static str,
        updates: Vec<RefUpdate>,
        merge_base: Option<Oid>,
        current: &[git::Ref],
    ) -> Result<Report, JudgeError> {
        let started = Instant::now();
        let mut judge = self.judge();
        let mut judged = Vec::with_capacity(updates.len());
        let mut policies = PolicyChanges::new(self);
        let aliases = self.aliases(current);
        let mut past = Past::new(self, current, updates.len() + aliases.len() > 1);
        let mut late = late::Late::new(self, &updates, &aliases);
        for update in updates {
            let name = self.repository.resolve_ref_name(&update.name);
            let update = RefUpdate {
                environment: self.environment(&name),
                ..update
            };
            late.begin(&judge);
            let done = self.update(&mut judge, &name, &update, merge_base, &mut past);
            late.end(&mut judge, &update, done)?;
            policies.look_at(&name, &update)?;
            for (alias, _) in aliases.iter().filter(|(_, moves)| *moves == name) {
                let update = RefUpdate {
                    name: alias.clone(),
                    environment: self.environment(alias),
                    ..update
                };
                if update.environment != self.environment(&name) {
                    let done = self.update(&mut judge, alias, &update, merge_base, &mut past);
                    late.end(&mut judge, &update, done)?;
                    judged.push(update);
                }
            }
            judged.push(update);
        }
        for refused in policies.refused.drain(..) {
            judge.not_read.push(Unexamined {
                reason: scan::redact(self.scanner, &refused.reason, &[]),
                ..refused
            });
        }
        let mut news = self.look_alikes(&judged);
        news.extend(policies.news());
        late.say(&mut judge);
        let report = self.report(mode, judge, judged, started);
        Ok(self.told_first(report, news))
    }

    fn environment(&self, ref_name: &str) -> Option<String> {
        self.policy
            .claim_of_ref(ref_name)
            .map(|claim| claim.environment)
    }

    /// The refs that are claimed for what their names look like, in words.
    fn look_alikes(&self, updates: &[RefUpdate]) -> Vec<String> {
        let alike = |update: &RefUpdate| {
            let (plain, spelled) = self.policy.alike(&update.name)?;
            Some(format!(
                "{spelled} is judged as {plain}: a person reads its look-alike or hidden characters so; rename it, or delete it if \
                 nobody knows it"
            ))
        };
        updates.iter().filter_map(alike).collect()
    }

    /// The claimed refs that are symbolic, each with the ref that it stands for: who moves that moves them.
    fn aliases(&self, current: &[git::Ref]) -> Vec<(String, String)> {
        current
            .iter()
            .filter(|current| self.environment(&current.name).is_some())
            .map(|current| {
                let moves = self.repository.resolve_ref_name(&current.name);
                (current.name.clone(), moves)
            })
            .filter(|(name, moves)| name != moves)
            .collect()
    }

    /// The report with `news` before its own. A ref name in it can hold a value.
    pub fn told_first(&self, mut report: Report, news: Vec<String>) -> Report {
        let redacted = news
            .iter()
            .map(|told| scan::redact(self.scanner, told, &[]));
        report.news.splice(0..0, redacted);
        report
    }

    fn update(
        &self,
        judge: &mut Judge<'_>,
        name: &str,
        update: &RefUpdate,
        merge_base: Option<Oid>,
        past: &mut Past<'_>,
    ) -> Result<(), JudgeError> {
        let Some(new) = update.new else {
            // A deletion brings nothing.
            return Ok(());
        };
        let source = Source {
            ref_name: Some(name),
            commit: None,
        };
        let claimed = update.environment.is_some();
        let (tags, tip, kind) = self.repository.peel(new)?;
        for tag in tags {
            let data = self.repository.read_as(tag, Kind::Tag)?;
            judge.message(source, tag, &data, Message::Tag)?;
        }
        let tree = match kind {
            Kind::Commit => self.repository.commit(tip)?.tree,
            Kind::Tree => tip,
            // A ref to a bare blob: content without a path.
            _ => {
                let change = git::Change {
                    path: b"(blob)".to_vec(),
                    mode: git::Mode::FILE,
                    oid: tip,
                    parents: Vec::new(),
                };
                return judge.change(source, &change);
            }
        };
        judge.among(Landscape::Tree(tree));
        let mut before: Vec<Oid> = Vec::new();
        let mut old = None;
        if let Some(oid) = update.old {
            match self.repository.peel(oid)? {
                (_, tip, Kind::Commit) => {
                    before.push(self.repository.commit(tip)?.tree);
                    old = Some(tip);
                }
                (_, tree, Kind::Tree) => before.push(tree),
                _ => {}
            }
        }
        if let Some(ancestor) = merge_base {
            before.push(self.repository.commit(ancestor)?.tree);
        }
        if kind != Kind::Commit {
            return walk::tree(self.repository, tree, &before, judge, source);
        }
        let brought = Brought {
            source,
            claimed,
            tree,
            before,
        };
        let heard = judge.heard();
        let many = past.many;
        let judged = past.of(name, update, old);
        let quick = judged.excluded.new_commits(tip, git::SLOP)?;
        judge.expected = quick.commits.len();
        let start = judge.mark();
        let mut quiet = self.tip(judge, &brought, &quick, judged)?;
        if judge.heard() == heard {
            judged.excluded.add(tip);
        } else if !quick.exact && judge.has_said_since(&start) {
            // Skewed clocks can make old commits look new. A refusal that they alone would explain is not said.
            let patient = judged.excluded.new_commits(tip, git::PATIENT)?;
            if patient.commits.len() < quick.commits.len() {
                judge.take_back(start, name);
                quiet = self.tip(judge, &brought, &patient, judged)?;
            }
        }
        if many && judge.heard() != heard {
            for (oid, quiet) in quiet {
                judged.excluded.pass(oid, quiet)?;
            }
        }
        Ok(())
    }

    /// Judges the new commits of a ref and what will stand there; of each commit, oldest first, whether nothing was heard.
    fn tip(
        &self,
        judge: &mut Judge<'_>,
        brought: &Brought<'_>,
        new: &git::NewCommits,
        judged: &mut Judged<'_>,
    ) -> Result<Vec<(Oid, bool)>, JudgeError> {
        let (repository, source) = (self.repository, brought.source);
        let commits = if !brought.claimed || self.policy.history() != History::Tip {
            walk::commits(repository, &new.commits, judge, source)?
        } else {
            new.commits.iter().rev().map(|&oid| (oid, true)).collect()
        };
        let mut before = brought.before.clone();
        if !brought.claimed {
            // Where no environment claims the ref, only paths and sections are claimed, and they are claimed alike on
            // every ref: what already stands there on another has been judged there.
            for boundary in &new.boundary {
                before.push(repository.commit(*boundary)?.tree);
            }
        }
        if before.is_empty() {
            let known = judged.whole.as_ref();
            let whole = walk::whole_tree(repository, brought.tree, known, judge, source)?;
            judged.whole = Some(whole);
        } else {
            let quiet = judged.whole.as_ref().filter(|whole| whole.heard.is_empty());
            before.extend(quiet.map(|whole| whole.tree));
            walk::tree(repository, brought.tree, &before, judge, source)?;
        }
        Ok(commits)
    }

    /// The staged blobs against HEAD, for every ref that the commit is on its way to.
    pub fn staged(&self, commit: pre_commit::Commit) -> Result<Report, JudgeError> {
        let started = Instant::now();
        let index = Index::open(self.repository, commit.index)?;
        let mut judge = self.judge();
        judge.among(Landscape::Index(&index));
        let parents = commit
            .parents
            .iter()
            .map(|&parent| Ok(self.repository.commit(parent)?.tree))
            .collect::<Result<Vec<_>, GitError>>()?;
        let mut conflicts = Vec::new();
        // Of a merge all parents count where no environment claims the ref, as in a push: what the other side brings has
        // been judged there. On a claimed ref it is new.
        let merged = self.staged_against(&index, &parents, &mut conflicts)?;
        let of_claimed = if parents.len() > 1 {
            Some(self.staged_against(&index, &parents[..1], &mut Vec::new())?)
        } else {
            None
        };
        let refs: Vec<Option<&str>> = if commit.refs.is_empty() {
            vec![None]
        } else {
            commit.refs.iter().map(|name| Some(name.as_str())).collect()
        };
        for ref_name in refs {
            let source = Source {
                ref_name,
                commit: None,
            };
            let claimed = ref_name.is_some_and(|name| self.environment(name).is_some());
            let changes = match &of_claimed {
                Some(changes) if claimed => changes,
                _ => &merged,
            };
            for change in changes {
                judge.change(source, change)?;
            }
        }
        for path in conflicts {
            // git refuses to commit a conflicted index by itself; said here too, so that nothing passes unread.
            let path = String::from_utf8_lossy(&path).into_owned();
            let nothing = Oid::from_bytes(&[0; 20]).expect("20 bytes");
            judge.not_read(
                &path,
                nothing,
                "it is in conflict: resolve it and `git add` it",
                true,
            );
        }
        let updates = commit
            .refs
            .iter()
            .map(|name| RefUpdate {
                name: name.clone(),
                old: commit.parents.first().copied(),
                new: None,
                environment: self.environment(name),
            })
            .collect();
        Ok(self.report("pre-commit", judge, updates, started))
    }

    fn staged_against(
        &self,
        index: &Index,
        parents: &[Oid],
        conflicts: &mut Vec<Vec<u8>>,
    ) -> Result<Vec<git::Change>, GitError> {
        let mut changes = Vec::new();
        index.changes(self.repository, parents, &mut |change| {
            match change {
                IndexChange::Staged(change) => changes.push(change),
                IndexChange::Conflicted(path) => conflicts.push(path),
                IndexChange::SparseFolder {
                    path,
                    tree,
                    parents,
                } => git::changes(self.repository, tree, &parents, &mut |mut change| {
                    change.path = [&path[..], &change.path].concat();
                    changes.push(change);
                    Ok(())
                })?,
            }
            Ok(())
        })?;
        Ok(changes)
    }

    /// Everything that stands in the tree of `commit`.
    pub fn standing(&self, commit: Oid, ref_name: Option<&str>) -> Result<Report, JudgeError> {
        let started = Instant::now();
        let mut judge = self.judge();
        let (_, tip, kind) = self.repository.peel(commit)?;
        let tree = match kind {
            Kind::Commit => self.repository.commit(tip)?.tree,
            _ => tip,
        };
        let source = Source {
            ref_name,
            commit: None,
        };
        judge.among(Landscape::Tree(tree));
        walk::tree(self.repository, tree, &[], &mut judge, source)?;
        let updates = ref_name.map(|name| RefUpdate {
            name: name.to_owned(),
            old: None,
            new: Some(tip),
            environment: self.environment(name),
        });
        Ok(self.report("scan", judge, updates.into_iter().collect(), started))
    }

    /// Every value that stands at any of these refs, and where, in the order of fingerprints. The trees of refs that nothing
    /// claims are compared with the first of them: paths and sections claim alike on every ref.
    pub fn standing_values(
        &self,
        refs: &[(Option<String>, Oid)],
    ) -> Result<Vec<StandingValue>, JudgeError> {
        let mut judge = self.judge();
        let mut seen = HashSet::new();
        let mut unclaimed = Vec::new();
        let mut values: BTreeMap<(String, String), StandingValue> = BTreeMap::new();
        for (name, oid) in refs {
            let (_, tip, kind) = self.repository.peel(*oid)?;
            let tree = match kind {
                Kind::Commit => self.repository.commit(tip)?.tree,
                Kind::Tree => tip,
                _ => continue,
            };
            let claims = name
                .as_deref()
                .map_or_else(Vec::new, |name| self.policy.claims_of_ref(name));
            let environments: Vec<String> =
                claims.into_iter().map(|claim| claim.environment).collect();
            let is_claimed = !environments.is_empty();
            if !seen.insert((environments, tree)) {
                continue;
            }
            let source = Source {
                ref_name: name.as_deref(),
                commit: None,
            };
            judge.among(Landscape::Tree(tree));
            let before: &[Oid] = if is_claimed { &[] } else { &unclaimed };
            walk::tree(self.repository, tree, before, &mut judge, source)?;
            if !is_claimed && unclaimed.is_empty() {
                unclaimed.push(tree);
            }
            for finding in judge.findings.drain(..) {
                let environment = finding.destination.environment;
                let environment = environment.unwrap_or_else(|| "unclaimed".to_owned());
                let value = StandingValue {
                    fingerprint: finding.fingerprint,
                    environment,
                    rule: finding.rule,
                    verdict: finding.verdict,
                };
                let key = (value.fingerprint.clone(), value.environment.clone());
                let known = values.entry(key).or_insert_with(|| value.clone());
                known.verdict = known.verdict.max(value.verdict);
            }
        }
        Ok(values.into_values().collect())
    }

    /// Everything that stands in the index.
    pub fn indexed(
        &self,
        index: Option<std::path::PathBuf>,
        ref_name: Option<&str>,
    ) -> Result<Report, JudgeError> {
        let started = Instant::now();
        let index = Index::open(self.repository, index)?;
        let mut judge = self.judge();
        judge.among(Landscape::Index(&index));
        let source = Source {
            ref_name,
            commit: None,
        };
        for change in self.staged_against(&index, &[], &mut Vec::new())? {
            judge.change(source, &change)?;
        }
        Ok(self.report("explain", judge, Vec::new(), started))
    }

    /// What somebody holds in their hand, as if it stood at `path`; with `keys`, as the value of that key.
    pub fn in_hand(
        &self,
        ref_name: Option<&str>,
        path: &str,
        keys: Option<&[String]>,
        text: &[u8],
    ) -> Result<Report, JudgeError> {
        let started = Instant::now();
        let mut judge = self.judge();
        let source = Source {
            ref_name,
            commit: None,
        };
        judge.in_hand(source, path, keys, text)?;
        Ok(self.report("explain", judge, Vec::new(), started))
    }

    fn judge(&self) -> Judge<'_> {
        let mut judge = Judge::new(
            self.repository,
            self.policy,
            self.scanner,
            self.inventory,
            self.today,
            self.keep_allowed,
            match self.policy.inline_allow() {
                InlineAllow::Always => true,
                InlineAllow::Laptop => self.laptop,
                InlineAllow::Never => false,
            },
        );
        judge.granted = self.granted;
        judge.clock.clone_from(&self.clock);
        judge
    }

    fn report(
        &self,
        mode: &'static str,
        judge: Judge<'_>,
        mut refs: Vec<RefUpdate>,
        started: Instant,
    ) -> Report {
        if let Some(clock) = &self.clock {
            clock.say_or_wait();
        }
        for update in &mut refs {
            update.name = scan::redact(self.scanner, &update.name, &[]);
        }
        let mut news = judge.ignored;
        let more = news.len().saturating_sub(IGNORED);
        if more > 0 {
            news.truncate(IGNORED);
            news.push(format!(
                "and {more} more comments `stagegate:allow` that changed nothing"
            ));
        }
        let rejections = self.scanner.explains().then_some(judge.rejections);
        let mut explanations = judge.explanations;
        explanations.sort_by_key(|explained| std::cmp::Reverse(explained.finding.verdict));
        let mut findings = judge.findings;
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
        let mut stats = judge.stats;
        stats.refs = refs.len();
        stats.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Report {
            mode,
            policy: self.policy.identified(),
            refs,
            findings,
            unexamined: judge.not_read,
            news,
            notes: [self.notes.to_vec(), self.policy.notes(self.today)].concat(),
            rejections,
            explanations,
            stats,
        }
    }
}
