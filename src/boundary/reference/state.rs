//! Terraform: backends and remote state, and data sources that read what production owns.

use crate::model::Tier;

use super::super::record::records;
use super::super::{Crossing, File};
use super::{Pointer, judge};

/// Arguments that say whose state it is (<https://developer.hashicorp.com/terraform/language/backend>).
const NAMES: [&str; 9] = [
    "bucket",
    "key",
    "prefix",
    "path",
    "workspace",
    "name",
    "container_name",
    "storage_account_name",
    "resource_group_name",
];

/// Data sources whose name is that of a thing with an owner.
const READ: [&str; 12] = [
    "aws_db_instance",
    "aws_eks_cluster",
    "aws_iam_role",
    "aws_rds_cluster",
    "aws_s3_bucket",
    "aws_sqs_queue",
    "azurerm_kubernetes_cluster",
    "azurerm_resource_group",
    "azurerm_storage_account",
    "google_container_cluster",
    "google_sql_database_instance",
    "google_storage_bucket",
];

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    let blocks = records(file, |entry| {
        // Asked first, since most entries are others.
        let first = entry.path.first().map(String::as_str);
        if !matches!(first, Some("terraform" | "data" | "remote_state")) {
            return None;
        }
        let path: Vec<&str> = entry.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["terraform", "backend", _, _, ..] | ["data", "terraform_remote_state", _, _, ..] => {
                Some(3)
            }
            ["data", kind, _, _, ..] if READ.contains(kind) => Some(3),
            // Terragrunt.
            ["remote_state", "config", _, ..] => Some(2),
            _ => None,
        }
    });
    for block in blocks {
        // One bucket for the states of all environments: the key says whose this one is.
        let is_another = block.entries.iter().any(|entry| {
            let tier = file.vocabulary.tier_of_name(&entry.value);
            tier.is_some_and(|(tier, _)| tier != Tier::Production)
        });
        if is_another {
            continue;
        }
        let is_state = block
            .parent
            .iter()
            .any(|key| key.contains("state") || key == "backend");
        let named = block.entries.iter().find(|entry| {
            let is_name = entry
                .path
                .last()
                .is_some_and(|last| NAMES.contains(&last.as_str()));
            let tier = file.vocabulary.tier_of_name(&entry.value);
            is_name && tier.is_some_and(|(tier, _)| tier == Tier::Production)
        });
        if let Some(entry) = named {
            let (rule, what) = if is_state {
                ("reference-terraform-state", "state")
            } else {
                ("reference-terraform-data", "resource")
            };
            let pointer = Pointer {
                rule,
                what,
                known: &[],
                name: &entry.value,
                span: entry.span.clone(),
            };
            judge(file, entry, pointer, crossings);
        }
    }
}
