//! Role-based access control of Kubernetes: bindings to `cluster-admin`, roles that allow everything, the group that no rule
//! binds, and tokens without an end. <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles>

use super::super::record::{Record, is_key, records};
use super::super::{Crossing, File};
use super::grant;

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    if !file.is_configuration() {
        return;
    }
    let has_kind = file
        .entries
        .iter()
        .any(|entry| entry.path.iter().any(|key| is_key(key, "kind")));
    // A document, or an item of a List.
    let manifests = records(file, |entry| {
        let depth = usize::from(entry.path.first().is_some_and(|key| key == "items"));
        has_kind.then_some(depth)
    });
    for manifest in &manifests {
        let kind = manifest
            .values("kind")
            .next()
            .map_or("", |kind| kind.value.as_str());
        match kind {
            "ClusterRoleBinding" | "RoleBinding" => {
                let bound = manifest.below("roleref").find(|entry| {
                    entry.value == "cluster-admin"
                        && entry.path.last().is_some_and(|last| last == "name")
                });
                if let Some(entry) = bound {
                    let everywhere = kind == "ClusterRoleBinding";
                    let of_controller = is_of_controller(manifest);
                    let says = if of_controller {
                        "binds a GitOps controller to cluster-admin: who may change what it applies may do everything"
                    } else if everywhere {
                        "binds to cluster-admin, which may do everything in the cluster"
                    } else {
                        "binds to cluster-admin in one namespace, where it may do everything"
                    };
                    grant(
                        "identity-kubernetes-cluster-admin",
                        entry,
                        entry.span.clone(),
                        everywhere && !of_controller,
                        says,
                        crossings,
                    );
                }
            }
            "Secret" => {
                let token = manifest
                    .values("type")
                    .find(|entry| entry.value == "kubernetes.io/service-account-token");
                if let Some(entry) = token {
                    let says = "the token of this Secret never ends";
                    grant(
                        "identity-kubernetes-token",
                        entry,
                        entry.span.clone(),
                        false,
                        says,
                        crossings,
                    );
                }
            }
            "ClusterRole" | "Role" => roles(
                file,
                manifest.entries,
                manifest.parent.len(),
                kind,
                crossings,
            ),
            _ => {}
        }
    }
    for entry in file.entries {
        let last = entry.path.iter().rev().take(2).any(|key| {
            ["name", "subjects", "group", "groups"].contains(&key.to_ascii_lowercase().as_str())
        });
        if entry.value == "system:masters" && last {
            let says =
                "members of system:masters pass every check of the cluster, whatever its roles say";
            grant(
                "identity-kubernetes-masters",
                entry,
                entry.span.clone(),
                true,
                says,
                crossings,
            );
        }
    }
}

/// Whether everything bound is the controller of Flux that applies what stands in a repository: it needs every right, unless
/// it takes on others' (<https://fluxcd.io/flux/installation/configuration/multitenancy/>).
fn is_of_controller(manifest: &Record<'_>) -> bool {
    let mut names = manifest
        .below("subject")
        .filter(|entry| entry.path.last().is_some_and(|last| last == "name"))
        .peekable();
    names.peek().is_some()
        && names
            .all(|name| ["kustomize-controller", "helm-controller"].contains(&name.value.as_str()))
}

/// The rules of a role.
fn roles(
    file: &File<'_>,
    entries: &[crate::syntax::Entry],
    depth: usize,
    kind: &str,
    crossings: &mut Vec<Crossing>,
) {
    let of_role = File {
        entries,
        pointing: Vec::new(),
        addresses: Vec::new(),
        part: file.part.clone(),
        ..*file
    };
    let rules = records(&of_role, |entry| {
        let is_rule = entry.path.get(depth).is_some_and(|key| key == "rules");
        is_rule.then_some(depth + 1)
    });
    for rule in rules {
        let every = |key| rule.says(key, "*");
        let verbs = rule.values("verb").find(|entry| entry.value == "*");
        if let Some(entry) = verbs.filter(|_| every("resource") && every("apigroup")) {
            let everywhere = kind == "ClusterRole";
            let says = if everywhere {
                "allows every verb on every resource of every group"
            } else {
                "allows every verb on every resource of one namespace"
            };
            grant(
                "identity-kubernetes-wildcard-role",
                entry,
                entry.span.clone(),
                everywhere,
                says,
                crossings,
            );
        }
    }
}
