//! What the policy leaves open: names that look like an environment's and are claimed by none, environments that nothing
//! here belongs to, credentials of which it cannot tell whose they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, Ref};
use crate::judge::JudgeError;
use crate::model::{AuditedCredential, Oid, Origin, Tier, Unclaimed, Verdict};
use crate::policy::Policy;
use crate::scan;

use super::ledger::Ledger;
use super::standing::{Refs, claimed_name};

/// What was seen.
pub(super) struct Open {
    pub(super) unclaimed: Vec<Unclaimed>,
    /// Tiers that claim a path at HEAD.
    of_paths: BTreeSet<Tier>,
}

/// So many names of a kind are told.
const MOST: usize = 100;

/// Looks at the names of branches, and of folders and configuration files at HEAD.
pub(super) fn look(
    ledger: &mut Ledger<'_>,
    refs: &[Ref],
    head: Option<Oid>,
) -> Result<Open, JudgeError> {
    let (policy, scanner) = (ledger.policy, ledger.scanner);
    let words = policy.vocabulary();
    let mut branches = BTreeMap::new();
    for Ref { name, .. } in refs {
        let known = claimed_name(name);
        let Some(branch) = known.strip_prefix("refs/heads/") else {
            continue;
        };
        if let Some((tier, word)) = words.tier_of_name(branch)
            && policy.claims_of_ref(&known).is_empty()
        {
            branches.insert(branch.to_owned(), (word, tier));
        }
    }
    let mut folders: BTreeMap<String, (Tier, String, usize)> = BTreeMap::new();
    let mut of_paths = BTreeSet::new();
    if let Some(tree) = head {
        let walked = git::changes(ledger.repository, tree, &[], &mut |change| {
            let path = String::from_utf8_lossy(&change.path);
            let claims = policy.claims_of_path(&path);
            of_paths.extend(claims.iter().map(|claim| claim.tier));
            if !claims.is_empty() {
                return Ok(());
            }
            let mut end = 0;
            for component in path.split('/') {
                let is_folder = end + component.len() < path.len();
                end += component.len();
                // A source file is named for what it does: `production_line.rb`.
                let counts = is_folder || policy.may_have_sections(&path);
                if counts && let Some((tier, word)) = words.tier_of_name(component) {
                    let name = format!("{}{}", &path[..end], if is_folder { "/" } else { "" });
                    folders.entry(name).or_insert((tier, word, 0)).2 += 1;
                    break;
                }
                end += 1;
            }
            Ok(())
        });
        if let Err(error) = walked {
            ledger.not_read("HEAD".to_owned(), error.to_string());
        }
    }
    let redact = |name: &str| scan::redact(scanner, name, &[]);
    let branches = branches.iter().map(|(name, (word, tier))| Unclaimed {
        what: "branch".to_owned(),
        name: redact(name),
        word: word.clone(),
        tier: *tier,
        files: 0,
    });
    let mut unclaimed: Vec<Unclaimed> = branches.take(MOST).collect();
    let mut folders: Vec<_> = folders.into_iter().collect();
    folders.sort_by(|a, b| b.1.2.cmp(&a.1.2).then_with(|| a.0.cmp(&b.0)));
    unclaimed.extend(
        folders
            .into_iter()
            .take(MOST)
            .map(|(name, (tier, word, files))| Unclaimed {
                what: if name.ends_with('/') {
                    "folder"
                } else {
                    "file"
                }
                .to_owned(),
                name: redact(&name),
                word,
                tier,
                files,
            }),
    );
    Ok(Open {
        unclaimed,
        of_paths,
    })
}

/// The rest, in sentences.
pub(super) fn sentences(
    open: &Open,
    refs: &Refs,
    policy: &Policy,
    credentials: &[AuditedCredential],
) -> Vec<String> {
    let mut told = Vec::new();
    for tier in [Tier::Staging, Tier::Production] {
        let of_refs = refs.kinds.iter().flatten().any(|name| {
            let claims = policy.claims_of_ref(name);
            claims.iter().any(|claim| claim.tier == tier)
        });
        let names: Vec<&str> = policy
            .environments()
            .filter(|(_, of, _)| *of == tier)
            .map(|(name, ..)| name)
            .collect();
        let of_sections = credentials
            .iter()
            .flat_map(|credential| &credential.environments)
            .any(|environment| names.contains(&environment.as_str()));
        if !of_refs && !of_sections && !open.of_paths.contains(&tier) {
            told.push(format!(
                "No ref, path or section here is {tier}'s: declare what is, or nothing is judged for it."
            ));
        }
    }
    let standing = || credentials.iter().filter(|one| one.standing && !one.public);
    let unclaimed = standing().filter(|one| one.environments.is_empty()).count();
    if unclaimed > 0 {
        let of_production = standing()
            .filter(|one| {
                one.environments.is_empty() && one.origin.environment == Origin::Production
            })
            .count();
        told.push(format!(
            "{unclaimed} of {} credentials that stand here stand where nothing claims the place, {of_production} of them \
             production's: what is there passes.",
            standing().count()
        ));
    }
    let unknown = standing()
        .filter(|one| {
            one.origin.environment == Origin::Unknown
                && one.verdict != Verdict::Allow
                && !one.environments.is_empty()
        })
        .count();
    if unknown > 0 {
        told.push(format!(
            "Of {} in claimed places nothing says whose: declare hosts and accounts under [environment.NAME.identity].",
            if unknown == 1 {
                "1 credential".to_owned()
            } else {
                format!("{unknown} credentials")
            }
        ));
    }
    told
}
