//! Identity facts: what a policy declares about environments, so that evidence can be looked up instead of guessed.

use std::net::IpAddr;

use super::Tier;

/// Facts of all environments of a policy.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// One entry an environment, in the order of the policy.
    pub environments: Vec<EnvironmentFacts>,
}

/// Facts that prove one environment. Every list holds patterns in which `*` stands for any run of characters; among hosts
/// there may be networks too (`10.20.0.0/16`).
#[derive(Debug, Clone)]
pub struct EnvironmentFacts {
    /// The environment's name.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// Where the policy declares them: `stagegate.toml:20`.
    pub policy_line: String,
    /// Host names, addresses and networks: `db.prod.example.com`, `*.prod.example.com`, `10.20.0.0/16`.
    pub hosts: Vec<String>,
    /// AWS account ids of 12 digits.
    pub aws_accounts: Vec<String>,
    /// GCP project ids.
    pub gcp_projects: Vec<String>,
    /// Azure subscription ids.
    pub azure_subscriptions: Vec<String>,
    /// Tenant, workspace, organisation or team ids of any provider.
    pub tenants: Vec<String>,
    /// Kubernetes namespaces.
    pub namespaces: Vec<String>,
    /// Kubernetes clusters by the name or ARN that a kubeconfig gives them.
    pub clusters: Vec<String>,
    /// Database names.
    pub databases: Vec<String>,
    /// Paths in a secret store: `secret/data/prod/*`.
    pub vault_paths: Vec<String>,
    /// Keys of key management services: ARNs, resource names, URLs.
    pub kms_keys: Vec<String>,
    /// Public keys that files are encrypted for with age.
    pub age_recipients: Vec<String>,
}

/// A network: `10.20.0.0/16`, `fd00:1::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many leading bits count.
    pub bits: u8,
}

impl Network {
    /// Reads one; `None` where it is none, or has bits set behind its prefix.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let bits: u8 = bits.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let network = Self { address, bits };
        (bits <= width && number(address) == number(address) & network.mask()).then_some(network)
    }

    /// Whether an address is of the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4()
            && number(address) & self.mask() == number(self.address)
    }

    /// The bits that count, of 128: an IPv4 address takes the upper 32.
    fn mask(&self) -> u128 {
        u128::MAX
            .checked_shl(128 - u32::from(self.bits))
            .unwrap_or(0)
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => u128::from(address),
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters; ASCII case is ignored.
fn matches(pattern: &str, text: &str) -> bool {
    if let Some(network) = Network::parse(pattern) {
        return text
            .parse()
            .is_ok_and(|address: IpAddr| network.contains(address));
    }
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            retry = Some((p, t));
            p += 1;
        } else if p < pattern.len() && pattern[p].eq_ignore_ascii_case(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, from)) = retry {
            p = star + 1;
            t = from + 1;
            retry = Some((star, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

impl EnvironmentFacts {
    /// An environment with a name and a tier and no facts yet.
    pub fn new(name: &str, tier: Tier, policy_line: &str) -> Self {
        Self {
            name: name.to_owned(),
            tier,
            policy_line: policy_line.to_owned(),
            hosts: Vec::new(),
            aws_accounts: Vec::new(),
            gcp_projects: Vec::new(),
            azure_subscriptions: Vec::new(),
            tenants: Vec::new(),
            namespaces: Vec::new(),
            clusters: Vec::new(),
            databases: Vec::new(),
            vault_paths: Vec::new(),
            kms_keys: Vec::new(),
            age_recipients: Vec::new(),
        }
    }
}

impl Facts {
    /// Whether anything is declared that identifies production.
    pub fn identify_production(&self) -> bool {
        self.environments.iter().any(|facts| {
            facts.tier == Tier::Production
                && [
                    &facts.hosts,
                    &facts.aws_accounts,
                    &facts.gcp_projects,
                    &facts.azure_subscriptions,
                    &facts.tenants,
                    &facts.namespaces,
                    &facts.clusters,
                    &facts.vault_paths,
                    &facts.kms_keys,
                    &facts.age_recipients,
                ]
                .iter()
                .any(|list| !list.is_empty())
        })
    }

    /// The environment one of whose patterns in the list chosen by `list` matches `text`, with that pattern. Of several
    /// the most specific speaks: one that is written out, then the one with the most written-out characters
    /// (`*.example.com` may be production's and `*.staging.example.com` staging's); of networks the smallest.
    pub fn lookup(
        &self,
        list: impl Fn(&EnvironmentFacts) -> &[String],
        text: &str,
    ) -> Option<(&EnvironmentFacts, &str)> {
        let written_out = |pattern: &str| match Network::parse(pattern) {
            Some(network) => (false, usize::from(network.bits) / 4),
            None => (
                !pattern.contains('*'),
                pattern.bytes().filter(|&byte| byte != b'*').count(),
            ),
        };
        let mut found: Option<(&EnvironmentFacts, &str)> = None;
        for environment in &self.environments {
            for pattern in list(environment) {
                let better =
                    found.is_none_or(|(_, known)| written_out(pattern) > written_out(known));
                if better && matches(pattern, text) {
                    found = Some((environment, pattern));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{EnvironmentFacts, Facts, matches};
    use crate::model::Tier;

    #[test]
    fn the_most_specific_pattern_speaks() {
        let mut production = EnvironmentFacts::new("production", Tier::Production, "");
        production.hosts = vec!["*.example.com".to_owned()];
        let mut staging = EnvironmentFacts::new("staging", Tier::Staging, "");
        staging.hosts = vec!["*.staging.example.com".to_owned()];
        for environments in [
            vec![production.clone(), staging.clone()],
            vec![staging, production],
        ] {
            let facts = Facts { environments };
            let tier = |host| {
                facts
                    .lookup(|facts| &facts.hosts, host)
                    .map(|(facts, _)| facts.tier)
            };
            assert_eq!(tier("db.staging.example.com"), Some(Tier::Staging));
            assert_eq!(tier("db.example.com"), Some(Tier::Production));
            assert_eq!(tier("example.org"), None);
        }
    }

    #[test]
    fn networks_hold_addresses() {
        for (pattern, text, expected) in [
            ("10.20.0.0/16", "10.20.3.4", true),
            ("10.20.0.0/16", "10.21.3.4", false),
            ("10.20.0.0/16", "10.20.example.com", false),
            ("10.20.3.4/32", "10.20.3.4", true),
            ("fd00:1::/32", "fd00:1::5", true),
            ("fd00:1::/32", "fd00:2::5", false),
            ("fd00:1::/32", "10.20.3.4", false),
            ("10.20.3.4/16", "10.20.3.4", false),
            ("10.20.0.0/33", "10.20.3.4", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
        let mut production = EnvironmentFacts::new("production", Tier::Production, "");
        production.hosts = vec!["10.0.0.0/8".to_owned(), "10.20.3.4".to_owned()];
        let mut staging = EnvironmentFacts::new("staging", Tier::Staging, "");
        staging.hosts = vec!["10.20.0.0/16".to_owned()];
        let facts = Facts {
            environments: vec![production, staging],
        };
        let tier = |host| {
            facts
                .lookup(|facts| &facts.hosts, host)
                .map(|(facts, _)| facts.tier)
        };
        assert_eq!(tier("10.1.1.1"), Some(Tier::Production));
        assert_eq!(tier("10.20.1.1"), Some(Tier::Staging));
        assert_eq!(tier("10.20.3.4"), Some(Tier::Production));
    }

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, text, expected) in [
            ("db.prod.example.com", "DB.prod.example.com", true),
            ("*.prod.example.com", "db.eu.prod.example.com", true),
            ("*.prod.example.com", "prod.example.com", false),
            ("*-prod-*", "acme-prod-storage", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("", "", true),
            ("*", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
