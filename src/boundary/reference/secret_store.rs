//! Secret stores: Vault, AWS Secrets Manager and Parameter Store by name, Secret Manager of GCP, Azure Key Vault, 1Password,
//! Doppler, Infisical, and the Kubernetes resources that read from them. (What has an ARN is in `resource`.)

use crate::syntax::Entry;

use super::super::{Crossing, File};
use super::{Finder, List, Pointer, Sought, addresses, judge, pointing, tokens};

/// Kubernetes mappings whose child names a secret: the Secret's own reference, External Secrets Operator
/// (<https://external-secrets.io/latest/api/spec/>).
const KUBERNETES: [(&str, &str); 9] = [
    ("secretKeyRef", "name"),
    ("secretRef", "name"),
    ("secretStoreRef", "name"),
    ("remoteRef", "key"),
    ("extract", "key"),
    ("dataFrom", "key"),
    ("volumes", "secretName"),
    ("secret", "secretName"),
    ("csi", "secretProviderClass"),
];

/// Terraform data sources that read a secret, and the argument that names it.
const TERRAFORM: [(&str, &[&str]); 11] = [
    ("vault_generic_secret", &["path"]),
    ("vault_kv_secret", &["path"]),
    ("vault_kv_secret_v2", &["mount", "name"]),
    ("aws_secretsmanager_secret", &["name"]),
    ("aws_secretsmanager_secret_version", &["secret_id"]),
    ("aws_ssm_parameter", &["name"]),
    ("aws_ssm_parameters_by_path", &["path"]),
    ("google_secret_manager_secret", &["secret_id"]),
    ("google_secret_manager_secret_version", &["secret"]),
    ("azurerm_key_vault", &["name"]),
    ("azurerm_key_vault_secret", &["name"]),
];

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    let is_vault_resource = file.entries.iter().any(|entry| {
        entry.path.len() == 1 && entry.path[0] == "kind" && entry.value.starts_with("Vault")
    });
    for entry in addresses(file) {
        by_value(file, entry, crossings);
    }
    for entry in pointing(file) {
        by_key(file, entry, is_vault_resource, crossings);
    }
}

/// What the value itself says to be a pointer into a store.
fn by_value(file: &File<'_>, entry: &Entry, crossings: &mut Vec<Crossing>) {
    for token in tokens(&entry.value) {
        // `vault:PATH#KEY` (bank-vaults), `ref+vault://PATH#/KEY` (vals), `vault://PATH`.
        let vault = token
            .strip_prefix("ref+vault://")
            .or_else(|| token.strip_prefix("vault://"))
            .or_else(|| token.strip_prefix("vault:"));
        if let Some(path) = vault.filter(|path| path.contains('/')) {
            vault_path(file, entry, path, crossings);
        } else if let Some(path) = token.strip_prefix("op://") {
            let mut parts = path.split('/');
            let vault = parts.next().unwrap_or("");
            let item = parts.next().unwrap_or("");
            let name = match file.vocabulary.tier_of_name(item) {
                Some(_) => item,
                None => vault,
            };
            add(
                file,
                entry,
                "reference-onepassword",
                "item",
                name,
                &[],
                crossings,
            );
        } else if let Some((name, host)) = key_vault(token) {
            let known: &[(&'static str, &str, List)] = &[
                ("host", host, |facts| &facts.hosts),
                ("key", token, |facts| &facts.kms_keys),
            ];
            add(
                file,
                entry,
                "reference-azure-key-vault",
                "key vault",
                name,
                known,
                crossings,
            );
        } else if let Some((project, secret)) = gcp_secret(token) {
            let known: &[(&'static str, &str, List)] =
                &[("GCP project", project, |facts| &facts.gcp_projects)];
            let name = if file.vocabulary.tier_of_name(secret).is_some() {
                secret
            } else {
                project
            };
            add(
                file,
                entry,
                "reference-gcp-secret",
                "secret",
                name,
                known,
                crossings,
            );
        } else {
            // `${ssm:/PATH}` (Serverless), `{{resolve:ssm:PATH}}`, `{{resolve:secretsmanager:NAME}}` (CloudFormation).
            let token = token.trim_start_matches('$');
            let name = token
                .strip_prefix("resolve:ssm:")
                .or_else(|| token.strip_prefix("resolve:ssm-secure:"))
                .or_else(|| token.strip_prefix("resolve:secretsmanager:"))
                .or_else(|| token.strip_prefix("ssm:/"))
                .filter(|name| !name.starts_with("arn:"));
            if let Some(name) = name {
                add(
                    file,
                    entry,
                    "reference-aws-secret",
                    "secret",
                    name,
                    &[],
                    crossings,
                );
            }
        }
    }
}

/// What the key says to be a pointer into a store.
fn by_key(file: &File<'_>, entry: &Entry, is_vault_resource: bool, crossings: &mut Vec<Crossing>) {
    let Some((last, above)) = entry.path.split_last() else {
        return;
    };
    let value = entry.value.as_str();
    if !is_name(value) {
        return;
    }
    let parent = above.last().map_or("", String::as_str);
    let has = |wanted: &str| entry.path.iter().any(|key| key == wanted);
    if is_vault_resource && last == "path" && has("spec")
        || parent.starts_with("vault.hashicorp.com") && last.is_empty()
        || last.starts_with("vault.hashicorp.com/agent-inject-secret-")
    {
        vault_path(file, entry, value, crossings);
    } else if above.first().is_some_and(|first| first == "data")
        && let Some((kind, _)) = TERRAFORM.iter().find(|(kind, keys)| {
            above.get(1).is_some_and(|own| own == kind) && keys.contains(&last.as_str())
        })
    {
        if kind.starts_with("vault") {
            vault_path(file, entry, value, crossings);
        } else {
            let rule = match kind.split('_').next() {
                Some("aws") => "reference-aws-secret",
                Some("google") => "reference-gcp-secret",
                _ => "reference-azure-key-vault",
            };
            add(file, entry, rule, "secret", value, &[], crossings);
        }
    } else if KUBERNETES
        .iter()
        .any(|(above, own)| parent == *above && last == own)
        || last == "existingSecret"
        || last == "secretProviderClass"
    {
        let known: &[(&'static str, &str, List)] =
            &[("Vault path", value, |facts| &facts.vault_paths)];
        add(
            file,
            entry,
            "reference-kubernetes-secret",
            "secret",
            value,
            known,
            crossings,
        );
    } else if [
        "keyvaultName",
        "keyVaultName",
        "key_vault_name",
        "KeyVaultName",
    ]
    .contains(&last.as_str())
    {
        add(
            file,
            entry,
            "reference-azure-key-vault",
            "key vault",
            value,
            &[],
            crossings,
        );
    } else if has_word(&entry.path, "doppler") && last == "config"
        || has_word(&entry.path, "infisical")
            && ["envSlug", "environmentSlug"].contains(&last.as_str())
        || last == "envSlug"
    {
        add(
            file,
            entry,
            "reference-secret-manager",
            "configuration",
            value,
            &[],
            crossings,
        );
    }
}

fn has_word(path: &[String], word: &str) -> bool {
    path.iter()
        .any(|key| key.to_ascii_lowercase().contains(word))
}

/// A name or a path, and no template of one.
fn is_name(value: &str) -> bool {
    value.len() <= 200
        && !value.is_empty()
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._/:@+".contains(&byte))
}

/// `MOUNT/data/PATH` is how version 2 of the store is asked for `MOUNT/PATH`.
fn vault_path(file: &File<'_>, entry: &Entry, path: &str, crossings: &mut Vec<Crossing>) {
    let path = path.split(['#', '?']).next().unwrap_or(path);
    let path = path.trim_matches('/');
    let plain = path.replacen("/data/", "/", 1);
    let with_data = plain.replacen('/', "/data/", 1);
    let known: &[(&'static str, &str, List)] = &[
        ("Vault path", path, |facts| &facts.vault_paths),
        ("Vault path", &plain, |facts| &facts.vault_paths),
        ("Vault path", &with_data, |facts| &facts.vault_paths),
    ];
    add(
        file,
        entry,
        "reference-vault-path",
        "Vault path",
        path,
        known,
        crossings,
    );
}

static KEY_VAULT: Sought = Sought::new(|| Finder::new(".vault.azure.net"));
static PROJECTS: Sought = Sought::new(|| Finder::new("projects/"));

/// The name and host of a key vault in a URL or a host.
fn key_vault(token: &str) -> Option<(&str, &str)> {
    let at = KEY_VAULT.find(token)?;
    let start = token[..at]
        .rfind(['/', '=', '@'])
        .map_or(0, |slash| slash + 1);
    let name = &token[start..at];
    Some((name, &token[start..at + ".vault.azure.net".len()]))
}

/// Project and secret in `projects/P/secrets/S`.
fn gcp_secret(token: &str) -> Option<(&str, &str)> {
    let at = PROJECTS.find(token)?;
    let mut parts = token[at..].split('/').skip(1);
    let project = parts.next()?;
    (parts.next()? == "secrets").then_some(())?;
    Some((project, parts.next()?))
}

fn add(
    file: &File<'_>,
    entry: &Entry,
    rule: &'static str,
    what: &'static str,
    name: &str,
    known: &[(&'static str, &str, List)],
    crossings: &mut Vec<Crossing>,
) {
    let pointer = Pointer {
        rule,
        what,
        known,
        name,
        span: file.place(entry, name),
    };
    judge(file, entry, pointer, crossings);
}
