//! Kubernetes: bindings to `cluster-admin` (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles>).

use crate::model::{Family, Signal, Strength};

use super::super::{Crossing, File};

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    for entry in file.entries {
        let Some([.., parent, last]) = entry.path.get(..) else {
            continue;
        };
        if parent == "roleRef" && last == "name" && entry.value == "cluster-admin" {
            crossings.push(Crossing {
                rule: "identity-kubernetes-cluster-admin",
                family: Family::Identity,
                span: entry.span.clone(),
                key_path: entry.path.clone(),
                proven: true,
                signals: vec![Signal {
                    kind: "grant",
                    environment: None,
                    strength: Strength::Decisive,
                    text: "binds to cluster-admin, which may do everything in the cluster"
                        .to_owned(),
                }],
            });
        }
    }
}
