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
    /// The first environment one of whose patterns in the list chosen by `list` matches `text`, with that pattern.
    pub fn lookup(
        &self,
        list: impl Fn(&EnvironmentFacts) -> &[String],
        text: &str,
    ) -> Option<(&EnvironmentFacts, &str)> {
        self.environments.iter().find_map(|environment| {
            list(environment)
                .iter()
                .find(|pattern| matches(pattern, text))
                .map(|pattern| (environment, pattern.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

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
