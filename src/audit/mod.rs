//! The posture of a repository over all refs and the whole history: every credential by its fingerprint, where it stands and
//! stood, since when, what took its place, and what crosses a boundary. Says what is; refuses nothing.
//!
//! `history` tells the story commit by commit, `standing` looks at the tips, `ledger` examines each blob once and remembers it
//! (`cache`), `assemble` puts together what is known of each value, `beside` counts what is no credential, `uncovered` says what the
//! policy leaves open.

mod assemble;
mod beside;
mod cache;
mod found;
mod history;
mod ledger;
mod standing;
mod uncovered;

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::git::{RecentTrees, Repository};
use crate::inventory::Inventory;
use crate::judge::JudgeError;
use crate::model::{AuditedCredential, AuditedRepository, EnvironmentOfPolicy, POSTURE_SCHEMA};
use crate::policy::Policy;
use crate::scan::Scanner;

use assemble::Assembly;
use beside::Beside;
use history::Story;
use ledger::Ledger;
pub use standing::claimed_name;
use standing::{Refs, Tips};

/// An audit of one repository.
pub struct Audit<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// What it is called.
    pub name: String,
    /// The policy.
    pub policy: &'a Policy,
    /// The rules.
    pub scanner: &'a Scanner<'static>,
    /// Values that are known already.
    pub inventory: Option<&'a Inventory>,
    /// The day of which everything is said.
    pub as_of: Date,
    /// Whether to say who wrote what.
    pub authors: bool,
    /// Where what was examined is kept between runs; `None` keeps nothing.
    pub cache: Option<PathBuf>,
    /// What else decides: the text of a policy that no commit holds, and the like.
    pub decided_by: Vec<u8>,
}

/// What an audit tells.
pub struct Audited {
    /// Of the repository.
    pub repository: AuditedRepository,
    /// Of each credential, what matters most first.
    pub credentials: Vec<AuditedCredential>,
    /// Blobs that were read in this run, and not remembered from one before.
    pub blobs_read: usize,
    /// Why nothing is kept for the next run, where something should be.
    pub not_kept: Option<String>,
}

/// How far an audit is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// How many of it are done,
    pub done: usize,
    /// and of how many.
    pub total: usize,
}

/// What an audit is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading the history.
    Commits,
    /// Looking at what refs hold.
    Refs,
}

impl Audit<'_> {
    /// Tells what is decided by refs, policy, rules and program, in 64 hexadecimal digits: the same input, the same records.
    pub fn input(&self) -> Result<String, JudgeError> {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &[u8]| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        };
        add(POSTURE_SCHEMA.as_bytes());
        add(env!("CARGO_PKG_VERSION").as_bytes());
        for git_ref in self.repository.refs()? {
            add(git_ref.name.as_bytes());
            add(git_ref.oid.as_bytes());
        }
        let head = self.repository.head_commit()?;
        add(head.as_ref().map_or(&[], |head| head.as_bytes()));
        add(format!(
            "{:?} {:?}",
            self.policy.own_packs(),
            self.policy.disabled_rules()
        )
        .as_bytes());
        add(self.as_of.to_string().as_bytes());
        add(&[u8::from(self.authors)]);
        add(&self.decided_by);
        add(self.name.as_bytes());
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Audits, and says how far it is.
    pub fn run(&self, progress: &mut dyn FnMut(Progress)) -> Result<Audited, JudgeError> {
        let mut ledger = Ledger::new(self.repository, self.policy, self.scanner, self.inventory);
        let mut not_kept = None;
        if let Some(folder) = &self.cache
            && let Err(error) = ledger.remember(folder, &self.cache_key())
        {
            not_kept = Some(format!("{}: {error}", folder.display()));
        }
        let git_refs = self.repository.refs()?;
        let refs = Refs::read(&mut ledger, &git_refs);
        let tips: Vec<_> = refs
            .all
            .iter()
            .filter(|one| one.is_commit)
            .map(|one| (one.tip, 1 << one.kind))
            .collect();
        let mut story = Story::default();
        story.walk(self.repository, &tips)?;
        story.tell(&mut ledger, progress)?;
        story.tags(&mut ledger, &refs.tags)?;

        let mut tips = Tips::new(RecentTrees::new(self.repository));
        let mut assembly = Assembly::new(self.as_of, self.authors);
        for event in &story.events {
            assembly.event(&ledger, &story, event);
        }
        let mut beside = Beside::default();
        let mut closed = Vec::new();
        for (done, one) in refs.all.iter().enumerate() {
            progress(Progress {
                phase: Phase::Refs,
                done,
                total: refs.all.len(),
            });
            let tree = if one.is_commit {
                self.repository.commit(one.tip)?.tree
            } else {
                one.tip
            };
            match tips.standing(&mut ledger, &mut story, tree) {
                Ok(standing) => {
                    assembly.standing(&ledger, one, &standing);
                    beside.standing(one, &standing);
                }
                Err(JudgeError::Git(error)) => ledger.not_read(one.name.clone(), error.to_string()),
                Err(error) => return Err(error),
            }
            // Of the other refs what is closed is closed in history, and too much to tell.
            if one.kind != 0 {
                closed.push(tree);
            }
        }
        let head = self.repository.head_commit()?;
        let head = head.map(|head| self.repository.commit(head)).transpose()?;
        closed.extend(head.as_ref().map(|head| head.tree));
        closed.sort_unstable();
        closed.dedup();
        for tree in closed {
            if let Err(JudgeError::Scan(error)) = tips.closed(&mut ledger, tree) {
                return Err(error.into());
            }
        }
        let open = uncovered::look(&mut ledger, &git_refs, head.map(|head| head.tree))?;
        let beside = beside.finish(&ledger, &story, &refs, self.as_of);
        let put_together = assembly.finish(&ledger, &story, &refs, &self.name, beside.excepted)?;
        let uncovered = uncovered::sentences(&open, &refs, self.policy, &put_together.credentials);
        let mut credentials = put_together.credentials;
        credentials.sort_by_cached_key(|one| (one.weight(), one.fingerprint.clone()));
        Ok(Audited {
            repository: AuditedRepository {
                schema: POSTURE_SCHEMA.to_owned(),
                repository: self.name.clone(),
                as_of: self.as_of,
                tool: concat!("stagegate ", env!("CARGO_PKG_VERSION")).to_owned(),
                input: self.input()?,
                policy: self.policy.source().into_owned(),
                rotation_age: self.policy.rotation_age(),
                environments: self
                    .policy
                    .environments()
                    .map(|(name, tier, _)| EnvironmentOfPolicy {
                        name: name.to_owned(),
                        tier,
                    })
                    .collect(),
                refs: refs.all.len(),
                commits: story.commits.len(),
                exceptions: put_together.exceptions,
                unclaimed: open.unclaimed,
                uncovered,
                boundary: beside.told,
                unexamined: ledger.unread.clone(),
                baseline: None,
                error: None,
            },
            credentials,
            blobs_read: ledger.read,
            not_kept,
        })
    }

    /// What the cache depends on. Claims and verdicts are asked anew in each run; what is found depends on these.
    fn cache_key(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &[u8]| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        };
        add(env!("CARGO_PKG_VERSION").as_bytes());
        // A program that was built anew may find more.
        add(&stamp(std::env::current_exe().ok().as_deref()));
        add(&stamp(self.inventory.map(Inventory::path)));
        add(format!("{:?}", self.policy.facts()).as_bytes());
        add(self.policy.vocabulary().written_out().as_bytes());
        add(format!(
            "{:?} {:?}",
            self.policy.own_packs(),
            self.policy.disabled_rules()
        )
        .as_bytes());
        hasher.finalize().to_hex().chars().take(24).collect()
    }
}

/// Size and time of a file.
fn stamp(path: Option<&Path>) -> Vec<u8> {
    let Some(metadata) = path.and_then(|path| path.metadata().ok()) else {
        return Vec::new();
    };
    let time = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |time| time.as_nanos());
    format!("{} {time}", metadata.len()).into_bytes()
}
