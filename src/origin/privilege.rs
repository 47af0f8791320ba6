//! Whether a credential opens more than one application needs, by the account it is for.

use super::{Evidence, Surroundings, host, sibling};

/// Accounts that own every database of a server: of the server itself, and of managed ones.
const OWNERS: [&str; 17] = [
    "admin",
    "administrator",
    "avnadmin",
    "azure_superuser",
    "cloudsqlsuperuser",
    "dbadmin",
    "doadmin",
    "elastic",
    "masteruser",
    "neo4j",
    "neondb_owner",
    "postgres",
    "rdsadmin",
    "root",
    "sa",
    "sys",
    "system",
];

/// Rights that are all rights.
const RIGHTS: [&str; 18] = [
    "*",
    "*.*",
    "*:*",
    "accountadmin",
    "admin",
    "admin:*",
    "administrator",
    "cluster-admin",
    "global_admin",
    "owner",
    "root",
    "service_role",
    "super-admin",
    "super_admin",
    "superadmin",
    "superuser",
    "supabase_admin",
    "system:masters",
];

/// Whether a right is all rights.
pub(super) fn is_right(right: &str) -> bool {
    RIGHTS.contains(&right.to_ascii_lowercase().as_str())
}

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    // An issued token is what its rule says it is.
    if around.rule.provider_issued()
        || !(around.rule.id.starts_with("database-url") || around.groups.is_empty())
    {
        return;
    }
    let group = |wanted| {
        let (_, value) = around.groups.iter().find(|(name, _)| *name == wanted)?;
        std::str::from_utf8(value).ok()
    };
    let user = group("user").or_else(|| sibling::user(around));
    let address = group("host").or_else(|| sibling::address(around));
    let (Some(user), Some(address)) = (user, address) else {
        return;
    };
    // The container beside the application has no other account.
    let is_remote = host::host_in(address).is_some_and(|host| {
        (host.contains(['.', ':'])) && !host::is_local(&host.to_ascii_lowercase())
    });
    let user = user.to_ascii_lowercase();
    // `postgres.REF` of a pooler
    let name = user.split('.').next().unwrap_or("");
    if is_remote && OWNERS.contains(&name) {
        found.privileged(
            "privilege",
            format!("user {name} owns every database of the server"),
        );
    }
}
