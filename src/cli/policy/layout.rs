//! What a repository says of its own environments: branches and folders that the usual names claim, and what stands in
//! production's files and in no other's. It proposes and decides nothing: every line is a comment.

use std::collections::{BTreeMap, BTreeSet};

use once_cell::sync::Lazy;
use regex::bytes::Regex;

use crate::git::{self, GitError, Repository};
use crate::model::{Oid, Tier};
use crate::policy::Policy;

/// So many files of an environment are read,
const FILES: usize = 400;
/// and none that is larger, in bytes.
const LARGEST: usize = 256 << 10;
/// So many proposals of a kind are written.
const PROPOSED: usize = 12;

/// Facts that can be seen: the key of the policy, and the expressions whose first group is the name.
static FACTS: Lazy<Vec<(&str, Regex)>> = Lazy::new(|| {
    [
        ("hosts", r"(?i-u)://(?:[^\s/@:]{0,80}(?::[^\s/@]{0,80})?@)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)"),
        ("hosts", r#"(?im-u)^[\s"'-]*[\w.-]{0,40}(?:host|hostname|endpoint|server)["']?\s*[:=]\s*["']?([a-z0-9-]+(?:\.[a-z0-9-]+){1,8})\b"#),
        ("aws-accounts", r"(?-u)\barn:aws[a-z-]{0,10}:[a-z0-9-]{0,30}:[a-z0-9-]{0,20}:([0-9]{12}):"),
        ("aws-accounts", r#"(?i-u)account[_-]?(?:id)?["']?\s*[:=]\s*["']?([0-9]{12})\b"#),
        ("gcp-projects", r"(?-u)\bprojects/([a-z][a-z0-9-]{4,28}[a-z0-9])\b"),
        ("gcp-projects", r#"(?m-u)^[\s"'-]*(?:gcp_|google_)?project(?:_id)?["']?\s*[:=]\s*["']?([a-z][a-z0-9-]{4,28}[a-z0-9])\b"#),
        ("azure-subscriptions", r"(?i-u)/subscriptions/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b"),
        ("azure-subscriptions", r#"(?i-u)subscription[_-]?id["']?\s*[:=]\s*["']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b"#),
    ]
    .into_iter()
    .map(|(key, text)| (key, Regex::new(text).expect("an expression of the layout")))
    .collect()
});

/// Hosts that are everybody's, or nobody's.
const NO_ONES: [&str; 18] = [
    "github.com",
    "gitlab.com",
    "bitbucket.org",
    "docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "k8s.io",
    "w3.org",
    "googleapis.com",
    "schema.org",
    "terraform.io",
    "hashicorp.com",
    "example.com",
    "example.org",
    "apache.org",
    "localhost",
    "svc.cluster.local",
];

/// What was seen.
#[derive(Default)]
pub(super) struct Layout {
    /// Branches, local and remote, by the environment that claims them; none where nobody does.
    branches: BTreeMap<Option<String>, BTreeSet<String>>,
    /// Folders and files by environment.
    places: BTreeMap<String, BTreeSet<String>>,
    /// Facts by environment, key and name, with the file that shows them.
    facts: BTreeMap<(String, &'static str), BTreeMap<String, String>>,
    /// Something of it was left out.
    cut: bool,
}

impl Layout {
    /// Looks at the branches and at what the current commit holds.
    pub(super) fn of(repository: &Repository) -> Result<Self, GitError> {
        let policy = Policy::builtin();
        let mut layout = Self::default();
        for reference in repository.refs()? {
            let local = reference.name.strip_prefix("refs/heads/");
            let remote = reference.name.strip_prefix("refs/remotes/");
            let Some(branch) = local.or_else(|| remote?.split_once('/').map(|(_, branch)| branch))
            else {
                continue;
            };
            if branch == "HEAD" || !is_plain(branch) {
                continue;
            }
            let claims = policy.claims_of_ref(&format!("refs/heads/{branch}"));
            let by = claims.first().map(|claim| claim.environment.clone());
            layout
                .branches
                .entry(by)
                .or_default()
                .insert(branch.to_owned());
        }
        if let Some(commit) = repository.head_commit()? {
            let mut files: Vec<(String, String, Oid)> = Vec::new();
            let tree = repository.commit(commit)?.tree;
            git::changes(repository, tree, &[], &mut |change| {
                let path = String::from_utf8_lossy(&change.path).into_owned();
                let claims = policy.claims_of_path(&path);
                // A file of two environments shows neither's facts.
                if let ([claim], false, true) =
                    (&claims[..], change.mode.is_gitlink(), is_plain(&path))
                {
                    files.push((claim.environment.clone(), path, change.oid));
                }
                Ok(())
            })?;
            layout.read(repository, &policy, files)?;
        }
        Ok(layout)
    }

    fn read(
        &mut self,
        repository: &Repository,
        policy: &Policy,
        mut files: Vec<(String, String, Oid)>,
    ) -> Result<(), GitError> {
        files.sort();
        let mut read: BTreeMap<String, usize> = BTreeMap::new();
        for (environment, path, oid) in files {
            let ends = path
                .match_indices('/')
                .map(|(at, _)| at)
                .chain([path.len()]);
            let place = ends
                .map(|end| &path[..end])
                .find(|place| !policy.claims_of_path(place).is_empty())
                .unwrap_or(&path);
            self.places
                .entry(environment.clone())
                .or_default()
                .insert(place.to_owned());
            let count = read.entry(environment.clone()).or_default();
            *count += 1;
            if *count > FILES || repository.size(oid)?.1 > LARGEST {
                self.cut = true;
                continue;
            }
            repository.with_blob(oid, |text| {
                for (key, expression) in &*FACTS {
                    for found in expression
                        .captures_iter(text)
                        .filter_map(|found| found.get(1))
                    {
                        let name = String::from_utf8_lossy(found.as_bytes()).to_ascii_lowercase();
                        if is_someones(key, &name) {
                            let known = self.facts.entry((environment.clone(), key)).or_default();
                            known.entry(name).or_insert_with(|| path.clone());
                        }
                    }
                }
            })?;
        }
        Ok(())
    }

    /// The comments that go below a policy.
    pub(super) fn proposals(&self) -> String {
        let mut text = "\n# ---- seen in this repository when this file was written\n".to_owned();
        for (environment, branches) in &self.branches {
            let told = listed(branches.iter().map(String::as_str));
            match environment {
                Some(environment) => {
                    text += &format!("# branches of {environment}, by their names: {told}\n")
                }
                None => text += &format!("# branches that no environment claims: {told}\n"),
            }
        }
        for (environment, places) in &self.places {
            let told = listed(places.iter().map(String::as_str));
            text += &format!("# files of {environment}, by their names: {told}\n");
        }
        if self.branches.is_empty() && self.places.is_empty() {
            text += "# nothing: no branch and no committed file has the name of an environment\n";
        }
        if self.cut {
            text += &format!(
                "# (of an environment with more than {FILES} files, or of large files, not everything was read)\n"
            );
        }
        let policy = Policy::builtin();
        for (environment, tier, _) in policy.environments() {
            text += &self.of_environment(environment, tier);
        }
        text
    }

    fn of_environment(&self, environment: &str, tier: Tier) -> String {
        let mut text = String::new();
        let unclaimed = self.branches.get(&None);
        let trunk = unclaimed.and_then(|branches| {
            ["main", "master", "trunk"]
                .into_iter()
                .find(|name| branches.contains(*name))
        });
        if let (Tier::Production, Some(trunk)) = (tier, trunk) {
            text += &format!(
                "\n# Is what stands on {trunk} what production runs? Then it is production's, and its values are compared with staging's:\n\
                 #: [environment.{environment}]\n#: refs = [\"{trunk}\"]\n"
            );
        }
        let mut lists = String::new();
        for ((of, key), names) in &self.facts {
            if of != environment {
                continue;
            }
            let elsewhere = |name: &String| {
                self.facts.iter().any(|((other, other_key), names)| {
                    other != of && other_key == key && names.contains_key(name)
                })
            };
            let (shared, own): (Vec<_>, Vec<_>) =
                names.iter().partition(|(name, _)| elsewhere(name));
            for (name, path) in own.iter().take(PROPOSED) {
                lists += &format!("# {name}: {path}\n");
            }
            if !own.is_empty() {
                let names: Vec<String> = own
                    .iter()
                    .take(PROPOSED)
                    .map(|(name, _)| format!("\"{name}\""))
                    .collect();
                lists += &format!("#: {key} = [{}]\n", names.join(", "));
            }
            if own.len() > PROPOSED {
                lists += &format!("# and {} more {key}\n", own.len() - PROPOSED);
            }
            if !shared.is_empty() {
                let shared = listed(shared.iter().map(|(name, _)| name.as_str()));
                lists += &format!(
                    "# {key} that stand in files of several environments, and are not proposed: {shared}\n"
                );
            }
        }
        if lists.contains("#: ") {
            text += &format!(
                "\n# These stand in {environment}'s files, and in no other's. Are they {environment}'s?\n#: [environment.{environment}.identity]\n{lists}"
            );
        } else {
            text += &lists;
        }
        text
    }
}

/// Some of many names.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(PROPOSED);
    let told = names[..names.len() - more].join(", ");
    if more > 0 {
        format!("{told} and {more} more")
    } else {
        told
    }
}

/// Names that need no quoting in a comment or in TOML: others are left out.
fn is_plain(name: &str) -> bool {
    name.len() <= 200
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-/+@".contains(&byte))
}

fn is_someones(key: &str, name: &str) -> bool {
    if key != "hosts" {
        return true;
    }
    let of_no_one = NO_ONES.iter().any(|host| {
        name == *host
            || name
                .strip_suffix(host)
                .is_some_and(|rest| rest.ends_with('.'))
    });
    // A version, an address of this machine, the name of a file.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_file = [
        "yml", "yaml", "json", "js", "rb", "py", "sh", "tf", "xml", "html", "local",
    ]
    .contains(&last);
    let is_number = name
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_address = is_number
        && name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| !address.is_loopback() && !address.is_unspecified());
    !of_no_one && !is_file && (!is_number || is_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_everybody_are_not_proposed() {
        for host in [
            "github.com",
            "api.github.com",
            "127.0.0.1",
            "1.2.3",
            "values.yaml",
            "db.svc.cluster.local",
        ] {
            assert!(!is_someones("hosts", host), "{host}");
        }
        for host in ["db.prod.example.net", "10.1.4.2"] {
            assert!(is_someones("hosts", host), "{host}");
        }
        assert_eq!(FACTS.len(), 8);
    }
}
