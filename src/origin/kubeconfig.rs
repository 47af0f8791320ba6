//! A kubeconfig: the clusters that a user's token or key opens. Which of several is not told apart: where they do not agree
//! they say nothing.
//!
//! Names: `arn:aws:eks:REGION:ACCOUNT:cluster/NAME` (EKS), `gke_PROJECT_ZONE_NAME` (GKE), `clusterAdmin_GROUP_NAME` (the
//! local administrator of AKS).

use crate::model::{Strength, Tier};

use super::name::{declared, is_name, of_name, strong};
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
    if around.key_path.first().is_none_or(|first| first != "users") {
        return;
    }
    let Some(part) = around.document.part(&around.span) else {
        return;
    };
    let mut seen = Evidence::default();
    for server in &part.servers {
        host::of_host(server, around, &mut seen);
    }
    for name in part.clusters.iter().filter(|name| is_name(name)) {
        of_cluster(name, around, &mut seen);
    }
    seen.seen_at(0, "kubeconfig", "a cluster of this kubeconfig");
    let mut tiers: Vec<Tier> = seen.signals.iter().filter_map(|s| s.environment).collect();
    tiers.sort_unstable();
    tiers.dedup();
    if let [_] = tiers[..] {
        found.signals.append(&mut seen.signals);
    } else if tiers.len() > 1 {
        found.remark(
            "kubeconfig",
            "this kubeconfig has clusters of several environments".to_owned(),
        );
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
