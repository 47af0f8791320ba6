//! Policies and tokens of Vault. <https://developer.hashicorp.com/vault/docs/concepts/policies>

use super::super::{Crossing, File};
use super::grant;

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    if !file.is_configuration() {
        return;
    }
    let mut told: &[String] = &[];
    for entry in file.entries {
        let (last, above) = match entry.path.split_last() {
            Some((last, above)) => (last.as_str(), above),
            None => continue,
        };
        // path "sys/*" { capabilities = [...] }
        let path = above
            .split_last()
            .filter(|(_, above)| above.last().is_some_and(|key| key == "path"));
        if last == "capabilities"
            && let Some((path, _)) = path
        {
            let everything = ["*", "/*", "+/*"].contains(&path.as_str());
            let may_change =
                ["sudo", "create", "update", "delete", "root"].contains(&entry.value.as_str());
            let rules = [
                "sys/*",
                "auth/*",
                "sys/policy/*",
                "sys/policies/*",
                "sys/auth/*",
            ]
            .contains(&path.as_str());
            if told == above {
                // One path, one crossing.
            } else if everything && may_change {
                told = above;
                let says = format!("may {} everything in the store", entry.value);
                grant(
                    "identity-vault-everything",
                    entry,
                    entry.span.clone(),
                    true,
                    says,
                    crossings,
                );
            } else if rules && entry.value == "sudo" {
                told = above;
                let says = format!("may change who has which right, at {path}");
                grant(
                    "identity-vault-everything",
                    entry,
                    entry.span.clone(),
                    false,
                    says,
                    crossings,
                );
            }
        }
        let is_policies = ["policies", "token_policies", "allowed_policies"].contains(&last);
        let of_vault = above.iter().any(|key| key.starts_with("vault"));
        if is_policies && of_vault && entry.value == "root" {
            let says = "a token with the policy root may do everything and never ends";
            grant(
                "identity-vault-root",
                entry,
                entry.span.clone(),
                true,
                says,
                crossings,
            );
        }
    }
}
