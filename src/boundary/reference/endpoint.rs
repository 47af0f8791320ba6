//! Hosts: those that the policy declares, databases and queues by the words in their names, and the live mode of providers
//! that have a sandbox elsewhere.

use crate::model::{Family, Signal, Strength, Tier, has_word_of};
use crate::origin::{host_in, mode_of_host};
use crate::syntax::{Entry, Meaning};

use super::super::{Crossing, File};
use super::{Pointer, addresses, is_productions_section, judge, key_has, tokens};

/// Schemes of services that hold data: there a word in the host counts.
const STORES: [&str; 17] = [
    "amqp",
    "amqps",
    "clickhouse",
    "jdbc",
    "kafka",
    "mariadb",
    "mongodb",
    "mongodb+srv",
    "mssql",
    "mysql",
    "mysql2",
    "nats",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
    "sqlserver",
];

/// Words of keys, one of each pair, that name the host of a database or a queue.
const STORE_KEYS: [&str; 14] = [
    "db",
    "database",
    "pg",
    "pghost",
    "postgres",
    "postgresql",
    "mysql",
    "mongo",
    "mongodb",
    "redis",
    "kafka",
    "rabbitmq",
    "elasticsearch",
    "amqp",
];

/// Words of keys whose URL people follow, or that a browser may come from: production's own site stands there.
const LINKS: [&str; 34] = [
    "allowed",
    "allow",
    "banner",
    "canonical",
    "contact",
    "cors",
    "docs",
    "documentation",
    "favicon",
    "feedback",
    "help",
    "home",
    "homepage",
    "href",
    "icon",
    "image",
    "img",
    "link",
    "links",
    "logo",
    "origin",
    "origins",
    "policy",
    "privacy",
    "referer",
    "referrer",
    "registry",
    "repo",
    "repository",
    "status",
    "support",
    "terms",
    "website",
    "whitelist",
];

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    for entry in addresses(file) {
        let is_link = key_has(entry, &LINKS) || entry.path.iter().any(|key| key == "annotations");
        if is_link || entry.meaning == Meaning::Reference {
            continue;
        }
        for token in tokens(&entry.value) {
            let url = super::url(token);
            let is_address = url.is_some() || !token.contains('@') && !token.contains('/');
            if !is_address || has_password(token) {
                continue;
            }
            let Some(host) = host_in(token).filter(|host| host.contains(['.', ':'])) else {
                continue;
            };
            let scheme =
                url.map(|(scheme, _)| scheme.trim_start_matches("jdbc:").to_ascii_lowercase());
            let is_store = scheme
                .as_deref()
                .is_some_and(|scheme| STORES.contains(&scheme))
                || url.is_none()
                    && key_has(
                        entry,
                        &[
                            "host", "hostname", "endpoint", "server", "servers", "broker",
                            "brokers", "address", "pghost",
                        ],
                    )
                    && entry_has(entry, &STORE_KEYS);
            let is_inside = host.ends_with(".svc")
                || host.ends_with(".cluster.local")
                || host.ends_with(".internal");
            let pointer = Pointer {
                rule: "reference-host",
                what: "host",
                known: &[("host", host, |facts| &facts.hosts)],
                name: if is_store && !is_inside { host } else { "" },
                span: file.place(entry, host),
            };
            let before = crossings.len();
            judge(file, entry, pointer, crossings);
            if crossings.len() == before && url.is_some() {
                live_mode(file, entry, host, crossings);
            }
        }
    }
}

/// A password in the URL is a credential, which is told of by itself with its host as evidence.
fn has_password(token: &str) -> bool {
    let authority = super::url(token).map_or(token, |(_, rest)| rest);
    let user = authority
        .split('/')
        .next()
        .and_then(|all| all.rsplit_once('@'));
    let password = user.and_then(|(user, _)| user.split_once(':'));
    password.is_some_and(|(_, password)| !password.is_empty() && !password.starts_with(['$', '%']))
}

fn entry_has(entry: &Entry, words: &[&str]) -> bool {
    let mut keys = entry.path.iter().rev().take(2);
    keys.any(|key| has_word_of(key, words))
}

/// A provider's live mode. A sandbox of the same provider stands elsewhere, so this is told and never proven: some are used
/// to read only, or to publish.
fn live_mode(file: &File<'_>, entry: &Entry, host: &str, crossings: &mut Vec<Crossing>) {
    let lower = host.to_ascii_lowercase();
    let Some((Tier::Production, provider)) = mode_of_host(&lower) else {
        return;
    };
    if provider == "PyPI" || is_productions_section(file, entry) {
        return;
    }
    if file.facts.lookup(|facts| &facts.hosts, host).is_some() {
        return;
    }
    crossings.push(Crossing {
        rule: "reference-live-host",
        family: Family::Reference,
        span: file.place(entry, host),
        key_path: entry.path.clone(),
        proven: false,
        signals: vec![Signal {
            kind: "host",
            environment: Some(Tier::Production),
            strength: Strength::Strong,
            text: format!(
                "host {host} is where {provider} serves live mode; its sandbox is elsewhere"
            ),
        }],
    });
}
