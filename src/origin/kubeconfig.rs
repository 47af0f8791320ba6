//! A kubeconfig: the clusters that a user's token or key opens, by the contexts that join the two. Where no context has the
//! user, all clusters of the file count, and say nothing where they do not agree.
//!
//! Names: `arn:aws:eks:REGION:ACCOUNT:cluster/NAME` (EKS), `gke_PROJECT_ZONE_NAME` (GKE), `clusterAdmin_GROUP_NAME` (the
//! local administrator of AKS).

use crate::model::{Strength, Tier};

use super::document::Cluster;
use super::name::{declared, is_name, label, of_name, strong};
use super::{Evidence, Surroundings, aws, host};

/// Clusters on the developer's own machine.
const LOCAL: [&str; 5] = [
    "minikube",
    "docker-desktop",
    "kind-",
    "k3d-",
    "rancher-desktop",
];

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    if !matches!(around.key_path, [first, second, ..] if first == "users" && second == "user") {
        return;
    }
    let Some(part) = around.document.part(&around.span) else {
        return;
    };
    let user = around
        .labels
        .iter()
        .find(|label| label.above == 1 && label.key == "name" && !label.is_metadata)
        .map(|label| label.value);
    let joined: Vec<&Cluster> = part
        .contexts
        .iter()
        .filter(|context| user.is_some() && context.user.as_deref() == user)
        .filter_map(|context| context.cluster.as_deref())
        .flat_map(|name| {
            let is_named = move |cluster: &&Cluster| cluster.name.as_deref() == Some(name);
            part.clusters.iter().filter(is_named)
        })
        .collect();
    let (place, clusters) = if joined.is_empty() {
        (
            "a cluster of this kubeconfig",
            part.clusters.iter().collect(),
        )
    } else {
        ("the cluster of its user", joined)
    };
    let mut seen = Evidence::default();
    for cluster in clusters {
        if let Some(server) = &cluster.server {
            host::of_host(server, around, &mut seen);
        }
        if let Some(name) = cluster.name.as_deref().filter(|name| is_name(name)) {
            of_cluster(name, around, &mut seen);
        }
    }
    seen.seen_at(0, "kubeconfig", place);
    let mut tiers: Vec<Tier> = seen.signals.iter().filter_map(|s| s.environment).collect();
    tiers.sort_unstable();
    tiers.dedup();
    let of_user = user.filter(|_| tiers.len() != 1);
    if let [_] = tiers[..] {
        found.signals.append(&mut seen.signals);
    } else if tiers.len() > 1 {
        found.remark(
            "kubeconfig",
            "this kubeconfig has clusters of several environments".to_owned(),
        );
    }
    // Where the clusters say nothing of this user, its name may: an author's label.
    if let Some(name) = of_user {
        let list: super::name::List = |facts| &facts.clusters;
        of_name("kubeconfig", "user", name, list, label, around, found);
    }
    if part.users.len() == 1 && part.users[0].starts_with("clusterAdmin_") {
        found.privileged(
            "privilege",
            "it is the local administrator of an AKS cluster".to_owned(),
        );
    }
}

fn of_cluster(name: &str, around: &Surroundings<'_>, found: &mut Evidence) {
    if declared(
        "kubeconfig",
        "cluster",
        name,
        |facts| &facts.clusters,
        around,
        found,
    ) {
        return;
    }
    if LOCAL.iter().any(|local| name.starts_with(local)) {
        let text = format!("{name} is a cluster on the developer's machine");
        found.say("kubeconfig", Tier::Development, Strength::Strong, text);
        return;
    }
    if let Some(account) = aws::account_of_arn(name)
        && declared(
            "kubeconfig",
            "AWS account",
            account,
            |facts| &facts.aws_accounts,
            around,
            found,
        )
    {
        return;
    }
    let project = name
        .strip_prefix("gke_")
        .and_then(|rest| rest.split('_').next());
    if let Some(project) = project
        && declared(
            "kubeconfig",
            "project",
            project,
            |facts| &facts.gcp_projects,
            around,
            found,
        )
    {
        return;
    }
    of_name(
        "kubeconfig",
        "name",
        name,
        |facts| &facts.clusters,
        strong,
        around,
        found,
    );
}
