//! Hosts, databases, projects and accounts that the pattern of a rule found around the value: `postgres://u:p@HOST/DB`.

use std::net::IpAddr;

use crate::model::{Strength, Tier};

use super::name::{declared, of_name, strong, supporting};
use super::{Evidence, Surroundings, false_friend, provider_host};

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    for (group, text) in around.groups {
        let Ok(text) = std::str::from_utf8(text) else {
            continue;
        };
        match *group {
            "host" => {
                for host in text.split(',') {
                    of_host(host, around, found);
                }
            }
            // A database is often called the same in every environment (`publisher_production`), so its name only agrees.
            "database" => of_name(
                "database",
                "database",
                text,
                |facts| &facts.databases,
                supporting,
                around,
                found,
            ),
            "user" if !text.contains('@') => of_name(
                "user",
                "user",
                text,
                |facts| &facts.tenants,
                supporting,
                around,
                found,
            ),
            "project" => of_name(
                "project",
                "project",
                text,
                |facts| &facts.gcp_projects,
                strong,
                around,
                found,
            ),
            "account" => of_account(text, around, found),
            _ => {}
        }
    }
}

/// What an account's name says. Some may hold no separators (`acmeprodstore` of Azure's storage), so their ends are looked
/// at too.
pub(super) fn of_account(name: &str, around: &Surroundings<'_>, found: &mut Evidence) {
    let before = found.signals.len();
    of_name(
        "account",
        "account",
        name,
        |facts| &facts.tenants,
        strong,
        around,
        found,
    );
    if found.signals.len() > before || !around.rule.id.starts_with("azure-") {
        return;
    }
    if name == "devstoreaccount1" {
        let text = "account devstoreaccount1 is the storage emulator's".to_owned();
        found.say("account", Tier::Test, Strength::Decisive, text);
    } else if let Some((tier, word)) = squashed(name) {
        let text = format!("account {name} names {tier} (\"{word}\")");
        found.say("account", tier, Strength::Strong, text);
    }
}

/// The environment at the end of a name without separators, numbers and what it is left aside. Only words that end no
/// other word: `latest` and `contest` end in `test`.
fn squashed(name: &str) -> Option<(Tier, &'static str)> {
    const WORDS: [(&str, Tier); 9] = [
        ("nonprod", Tier::Staging),
        ("preprod", Tier::Staging),
        ("staging", Tier::Staging),
        ("production", Tier::Production),
        ("prod", Tier::Production),
        ("stg", Tier::Staging),
        ("uat", Tier::Staging),
        ("prd", Tier::Production),
        ("dev", Tier::Development),
    ];
    const WHAT: [&str; 8] = [
        "storageaccount",
        "storage",
        "store",
        "stor",
        "data",
        "blob",
        "sa",
        "st",
    ];
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let name = name.trim_end_matches(|last: char| last.is_ascii_digit());
    let bare = WHAT.iter().find_map(|what| name.strip_suffix(what));
    [Some(name), bare].into_iter().flatten().find_map(|name| {
        let (word, tier) = WORDS.into_iter().find(|(word, _)| name.ends_with(word))?;
        // `noprod` and `notprod` are not production's either.
        let rest = &name[..name.len() - word.len()];
        let negated = tier == Tier::Production
            && ["no", "not", "pre", "non"]
                .iter()
                .any(|no| rest.ends_with(no));
        (!negated).then_some((tier, word))
    })
}

/// The host of a URL or of `host:port`, without either; `None` where it can be none.
pub fn host_in(address: &str) -> Option<&str> {
    let address = address.trim();
    let address = address.strip_prefix("jdbc:").unwrap_or(address);
    let address = address.strip_prefix("tcp:").unwrap_or(address);
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let end = address
        .find(['/', '?', ';', ',', '#', '\\'])
        .unwrap_or(address.len());
    let authority = &address[..end];
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None if host.parse::<IpAddr>().is_ok() => host,
        None => host.split(':').next()?,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    (!host.is_empty() && host.len() <= 253 && host.bytes().all(is_part)).then_some(host)
}

/// Whether a host is the machine itself, or a container beside it.
pub(super) fn is_local(host: &str) -> bool {
    host.parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback() || address.is_unspecified())
        || ["localhost", "host.docker.internal"].contains(&host)
        || [".localhost", ".test", ".localdomain"]
            .iter()
            .any(|ending| host.ends_with(ending))
}

/// What a host name says: a declared fact, the local machine, a provider's live or test mode, or the environment words in
/// its labels.
pub(super) fn of_host(address: &str, around: &Surroundings<'_>, found: &mut Evidence) {
    let Some(host) = host_in(address) else {
        return;
    };
    if declared("host", "host", host, |facts| &facts.hosts, around, found) {
        return;
    }
    let lower = host.to_ascii_lowercase();
    if is_local(&lower) {
        let text = format!("host {host} is the local machine");
        found.say("host", Tier::Development, Strength::Strong, text);
    } else if let Some((tier, provider)) = provider_host::of(&lower) {
        let text = format!("host {host} is where {provider} serves {tier}");
        found.say("host", tier, Strength::Strong, text);
    } else if let Some(namespace) = namespace_of_service(&lower) {
        // A service's name is often its release's (`eventgate-production`); its namespace is where it runs.
        let name = "in-cluster host of namespace";
        of_name(
            "host",
            name,
            namespace,
            |facts| &facts.namespaces,
            strong,
            around,
            found,
        );
    } else if !false_friend::is_shared_host(&lower)
        && let Some((tier, word)) = around.vocabulary.tier_of_name(without_last_label(host))
    {
        let text = format!("host {host} names {tier} (\"{word}\")");
        found.say("host", tier, Strength::Strong, text);
    }
}

/// `payments` of `db.payments.svc.cluster.local`.
fn namespace_of_service(host: &str) -> Option<&str> {
    let labels: Vec<&str> = host.split('.').collect();
    let at = labels.iter().position(|label| *label == "svc")?;
    (at >= 2).then(|| labels[at - 1])
}

/// The labels of a host that somebody chose: `dev` in `shop.example.dev` is a registry's, and says nothing.
fn without_last_label(host: &str) -> &str {
    match host.rsplit_once('.') {
        Some((labels, last)) if last.bytes().all(|byte| byte.is_ascii_alphabetic()) => labels,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_addresses() {
        for (address, host) in [
            ("db.example.com", Some("db.example.com")),
            ("db.example.com:5432", Some("db.example.com")),
            ("db.example.com.", Some("db.example.com")),
            (
                "postgres://u:p@db.example.com:5432/shop",
                Some("db.example.com"),
            ),
            (
                "jdbc:postgresql://db.example.com/shop",
                Some("db.example.com"),
            ),
            (
                "tcp:acme.database.windows.net,1433",
                Some("acme.database.windows.net"),
            ),
            ("sql01\\INSTANCE", Some("sql01")),
            ("[fd00::1]:5432", Some("fd00::1")),
            ("fd00::1", Some("fd00::1")),
            ("https://example.com?x=y", Some("example.com")),
            ("${DB_HOST}", None),
            ("two words", None),
            ("", None),
        ] {
            assert_eq!(host_in(address), host, "{address}");
        }
    }

    #[test]
    fn ends_of_names_without_separators() {
        for (name, tier) in [
            ("acmeprod", Some(Tier::Production)),
            ("acmeprodstorage", Some(Tier::Production)),
            ("acmeprod01", Some(Tier::Production)),
            ("acmenonprod", Some(Tier::Staging)),
            ("acmepreprodsa", Some(Tier::Staging)),
            ("acmenoprod", None),
            ("acmestgdata", Some(Tier::Staging)),
            ("acmedev", Some(Tier::Development)),
            ("productstore", None),
            ("latest", None),
            ("acmereproduce", None),
        ] {
            assert_eq!(squashed(name).map(|(tier, _)| tier), tier, "{name}");
        }
    }
}
