//! Hosts, databases, projects and accounts that the pattern of a rule found around the value: `postgres://u:p@HOST/DB`.

use crate::model::{EnvironmentFacts, Signal, Strength, Tier};

use super::Surroundings;

/// The facts that a named group is looked up in.
type List = fn(&EnvironmentFacts) -> &[String];

pub(super) fn signals(around: &Surroundings<'_>, signals: &mut Vec<Signal>) {
    for (group, text) in around.groups {
        let Ok(text) = std::str::from_utf8(text) else {
            continue;
        };
        match *group {
            "host" => {
                for host in text.split(',') {
                    of_host(host, around, signals);
                }
            }
            "database" => of_name("database", text, |facts| &facts.databases, around, signals),
            "project" => of_name(
                "project",
                text,
                |facts| &facts.gcp_projects,
                around,
                signals,
            ),
            "account" => of_name("account", text, |facts| &facts.tenants, around, signals),
            _ => {}
        }
    }
}

/// What a host name says: a declared fact, the local machine, or the environment words in its labels.
pub(super) fn of_host(host: &str, around: &Surroundings<'_>, signals: &mut Vec<Signal>) {
    let host = host.trim();
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(address),
        None => host.split(':').next().unwrap_or(host),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    if host.is_empty() || host.len() > 253 || !host.bytes().all(is_name) {
        return;
    }
    if let Some((environment, pattern)) = around.facts.lookup(|facts| &facts.hosts, host) {
        signals.push(Signal {
            kind: "host",
            environment: Some(environment.tier),
            strength: Strength::Decisive,
            text: format!(
                "host {host} is declared as {}'s by {} (\"{pattern}\")",
                environment.name, environment.policy_line
            ),
        });
        return;
    }
    let local = [
        "localhost",
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "host.docker.internal",
    ]
    .contains(&host)
        || [".local", ".localhost", ".test", ".localdomain"]
            .iter()
            .any(|ending| host.ends_with(ending));
    if local {
        signals.push(Signal {
            kind: "host",
            environment: Some(Tier::Development),
            strength: Strength::Strong,
            text: format!("host {host} is the local machine"),
        });
        return;
    }
    if let Some((tier, word)) = around.vocabulary.tier_of_name(host) {
        signals.push(Signal {
            kind: "host",
            environment: Some(tier),
            strength: Strength::Strong,
            text: format!("host {host} names {tier} (\"{word}\")"),
        });
    }
}

fn of_name(
    what: &'static str,
    name: &str,
    list: List,
    around: &Surroundings<'_>,
    signals: &mut Vec<Signal>,
) {
    if let Some((environment, pattern)) = around.facts.lookup(list, name) {
        signals.push(Signal {
            kind: what,
            environment: Some(environment.tier),
            strength: Strength::Decisive,
            text: format!(
                "{what} {name} is declared as {}'s by {} (\"{pattern}\")",
                environment.name, environment.policy_line
            ),
        });
    } else if let Some((tier, word)) = around.vocabulary.tier_of_name(name) {
        // A database is often called the same in every environment (`publisher_production`), so its name only agrees.
        let strength = if what == "database" {
            Strength::Supporting
        } else {
            Strength::Strong
        };
        signals.push(Signal {
            kind: what,
            environment: Some(tier),
            strength,
            text: format!("{what} {name} names {tier} (\"{word}\")"),
        });
    }
}
