//! Identity facts: what a policy declares about environments, so that evidence can be looked up instead of guessed.

use super::Tier;

/// Facts of all environments of a policy.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// One entry an environment, in the order of the policy.
    pub environments: Vec<EnvironmentFacts>,
}

/// Facts that prove one environment. Every list holds patterns in which `*` stands for any run of characters.
#[derive(Debug, Clone)]
pub struct EnvironmentFacts {
    /// The environment's name.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// Where the policy declares them: `stagegate.toml:20`.
    pub policy_line: String,
    /// Host names: `db.prod.example.com`, `*.prod.example.com`.
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
    /// Database names.
    pub databases: Vec<String>,
}

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters; ASCII case is ignored.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
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
            databases: Vec::new(),
        }
    }
}

impl Facts {
    /// The environment one of whose patterns in the list chosen by `list` matches `text`, with that pattern. Of several
    /// the most specific speaks, the one with the most written-out characters: `*.example.com` may be production's and
    /// `*.staging.example.com` staging's.
    pub fn lookup(
        &self,
        list: impl Fn(&EnvironmentFacts) -> &[String],
        text: &str,
    ) -> Option<(&EnvironmentFacts, &str)> {
        let written_out = |pattern: &str| pattern.bytes().filter(|&byte| byte != b'*').count();
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
