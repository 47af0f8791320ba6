//! What stands beside a value and speaks for all of a mapping: the environment of a CI job, the profile of a Spring document,
//! the kind of a Kubernetes object, keys whose values are references.

use super::super::Meaning;
use super::{Kind, NodeId, Tree};

/// Keys of lists whose items are named environments.
const LISTS: [&str; 5] = ["environments", "stages", "profiles", "envs", "workspaces"];

pub(in crate::syntax) fn lists(key: &str) -> bool {
    LISTS.contains(&key)
}

/// The name of an item of such a list.
pub(super) fn name_of_item(tree: &Tree, item: NodeId) -> Option<&str> {
    let pairs = tree.pairs(item)?;
    let named = |name| pairs.iter().find(|(key, _)| *key == name);
    let (_, id) = named("name").or_else(|| named("id"))?;
    let has_value = named("value").is_some();
    tree.text(*id).filter(|name| !has_value && is_name(name))
}

/// Keys that only a job of CI has: GitHub, GitLab, Azure.
const JOB: [&str; 6] = [
    "runs-on",
    "script",
    "deployment",
    "uses",
    "trigger",
    "steps",
];

/// A name that is written out, and not the result of something.
pub(in crate::syntax) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && !name.contains(['$', '{', '<', ' ', '\n', '!', '*'])
}

/// Most profiles that one document is for.
const MOST_PROFILES: usize = 8;

/// The keys to put above what a mapping holds, once for each environment that it says it is for. They read as if the
/// mapping stood below `profiles:` or `environment:`, which is what the policy's sections know.
pub(super) fn of_mapping<'t>(
    tree: &'t Tree,
    id: NodeId,
    pairs: &[(&str, NodeId)],
    path: &[String],
    is_document: bool,
) -> Vec<Vec<&'t str>> {
    if is_document {
        return spring(tree, id);
    }
    let job = pairs.iter().any(|(key, _)| JOB.contains(key));
    if job
        && let Some(name) = pairs.iter().find_map(|&(key, id)| {
            let name = (key == "environment").then(|| match tree.text(id) {
                Some(name) => Some(name),
                None => tree.text(tree.below(id, "name")?),
            });
            name.flatten()
        })
    {
        // GitLab shows `production/eu` as a folder, Azure writes `production.resource`.
        let parts: Vec<&str> = name.split(['/', '.']).collect();
        if parts.iter().all(|part| is_name(part)) {
            return vec![[&["environment"], parts.as_slice()].concat()];
        }
    }
    let beans = path.last().is_some_and(|key| key == "beans");
    let maven = path.last().is_some_and(|key| key == "profile");
    for &(key, id) in pairs {
        if (beans && key == "profile" || maven && key == "id")
            && let Some(names) = tree.text(id)
        {
            return profiles(names);
        }
    }
    Vec::new()
}

fn spring(tree: &Tree, document: NodeId) -> Vec<Vec<&str>> {
    // The profile of the document, now and up to Spring Boot 2.3.
    let found = ["spring.config.activate.on-profile", "spring.profiles"]
        .into_iter()
        .find_map(|name| tree.below(document, name));
    match found.map(|id| &tree.node(id).kind) {
        Some(Kind::Scalar(scalar)) => profiles(&scalar.text),
        Some(Kind::List(items)) => items
            .iter()
            .filter_map(|&item| tree.text(item))
            .take(MOST_PROFILES)
            .flat_map(profiles)
            .collect(),
        _ => Vec::new(),
    }
}

/// Profiles of an expression: `prod`, `prod, eu`, `prod & (eu | us)`. One with `!` says what it is not for.
fn profiles(expression: &str) -> Vec<Vec<&str>> {
    if expression.contains('!') || expression.len() > 256 {
        return Vec::new();
    }
    expression
        .split([',', '|', '&', '(', ')', ' '])
        .filter(|name| is_name(name))
        .take(MOST_PROFILES)
        .map(|name| vec!["profiles", name])
        .collect()
}

/// Objects of Kubernetes whose data is not what it seems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kubernetes {
    Secret,
    SealedSecret,
    Other,
}

impl Kubernetes {
    pub(super) fn of(tree: &Tree, pairs: &[(&str, NodeId)]) -> Self {
        let kind = pairs
            .iter()
            .find(|(key, _)| *key == "kind")
            .and_then(|(_, id)| tree.text(*id));
        match kind {
            Some("Secret") => Self::Secret,
            Some("SealedSecret") => Self::SealedSecret,
            _ => Self::Other,
        }
    }
}

/// Keys whose values are names of things that are kept elsewhere.
const REFERENCES: [&str; 5] = [
    "valueFrom",
    "Ref",
    "Fn::GetAtt",
    "Fn::ImportValue",
    "Fn::Sub",
];

/// What a key says of everything below it.
pub(super) fn meaning_below(
    tree: &Tree,
    key: &str,
    child: NodeId,
    kubernetes: Kubernetes,
) -> Meaning {
    let is_mapping = !matches!(tree.node(child).kind, Kind::Scalar(_) | Kind::List(_));
    match (kubernetes, key) {
        (Kubernetes::Secret, "data") if is_mapping => Meaning::Base64,
        (_, "encryptedData") if is_mapping => Meaning::Encrypted,
        _ if REFERENCES.contains(&key) => Meaning::Reference,
        // `secretKeyRef`, `remoteRef`, `secretStoreRef`, `passwordSecretRef`.
        _ if is_mapping && key.ends_with("Ref") => Meaning::Reference,
        _ => Meaning::Literal,
    }
}
