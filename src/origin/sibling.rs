//! Other entries of the same mapping that belong to the same thing: the host, account, project, tenant beside a password,
//! and what a provider's mode is set to (`PLAID_ENV` beside `PLAID_SECRET`).

use crate::model::{EnvironmentFacts, Strength, Tier, Vocabulary, words_of};

use super::name::{declared, is_name, label, of_name, strong, supporting};
use super::{Evidence, Surroundings, aws, false_friend, host, provider_host};

/// What a key holds, by its last words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Address,
    Account,
    Subscription,
    Tenant,
    Project,
    Namespace,
    Database,
    Cluster,
    User,
    VaultPath,
    Arn,
    Environment,
}

/// The longer ones first.
const ROLES: &[(&[&str], Role)] = &[
    (&["account", "id"], Role::Account),
    (&["account", "number"], Role::Account),
    (&["account", "name"], Role::Account),
    (&["subscription", "id"], Role::Subscription),
    (&["tenant", "id"], Role::Tenant),
    (&["tenant", "name"], Role::Tenant),
    (&["workspace", "id"], Role::Tenant),
    (&["organization", "id"], Role::Tenant),
    (&["org", "id"], Role::Tenant),
    (&["project", "id"], Role::Project),
    (&["project", "name"], Role::Project),
    (&["database", "name"], Role::Database),
    (&["db", "name"], Role::Database),
    (&["user", "name"], Role::User),
    (&["user", "id"], Role::User),
    (&["cluster", "name"], Role::Cluster),
    (&["vault", "path"], Role::VaultPath),
    (&["secret", "path"], Role::VaultPath),
    (&["role", "arn"], Role::Arn),
    (&["host"], Role::Address),
    (&["hostname"], Role::Address),
    (&["server"], Role::Address),
    (&["servers"], Role::Address),
    (&["url"], Role::Address),
    (&["uri"], Role::Address),
    (&["endpoint"], Role::Address),
    (&["addr"], Role::Address),
    (&["address"], Role::Address),
    (&["domain"], Role::Address),
    (&["fqdn"], Role::Address),
    (&["account"], Role::Account),
    (&["subscription"], Role::Subscription),
    (&["tenant"], Role::Tenant),
    (&["workspace"], Role::Tenant),
    (&["organization"], Role::Tenant),
    (&["org"], Role::Tenant),
    (&["realm"], Role::Tenant),
    (&["project"], Role::Project),
    (&["namespace"], Role::Namespace),
    (&["database"], Role::Database),
    (&["dbname"], Role::Database),
    (&["db"], Role::Database),
    (&["cluster"], Role::Cluster),
    (&["username"], Role::User),
    (&["user"], Role::User),
    (&["login"], Role::User),
    (&["arn"], Role::Arn),
    (&["environment"], Role::Environment),
    (&["env"], Role::Environment),
    (&["mode"], Role::Environment),
    (&["stage"], Role::Environment),
];

/// Last words of a key that say what kind of credential it holds, and not for what.
const CREDENTIALS: [&str; 21] = [
    "access",
    "admin",
    "api",
    "auth",
    "base",
    "client",
    "credential",
    "credentials",
    "id",
    "key",
    "master",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "private",
    "pwd",
    "root",
    "secret",
    "signing",
    "token",
];

/// Mappings in which the entries belong to different things.
const FLAT: [&str; 10] = [
    "config",
    "data",
    "env",
    "environment",
    "environment_variables",
    "envs",
    "stringData",
    "variables",
    "vars",
    "secrets",
];

/// What a key is of: `DB_HOST` and `DB_PASSWORD` are of `db`, both without an environment.
#[derive(Debug, PartialEq, Eq)]
struct Subject {
    thing: Vec<String>,
    environments: Vec<Tier>,
}

impl Subject {
    fn new(mut words: Vec<String>, vocabulary: &Vocabulary) -> Self {
        let mut environments = Vec::new();
        words.retain(|word| match vocabulary.tier_of_name(word) {
            Some((tier, _)) => {
                environments.push(tier);
                false
            }
            None => true,
        });
        while words
            .last()
            .is_some_and(|last| CREDENTIALS.contains(&last.as_str()))
        {
            words.pop();
        }
        for word in &mut words {
            if word == "database" {
                "db".clone_into(word);
            }
        }
        Self {
            thing: words,
            environments,
        }
    }

    fn contradicts(&self, other: &Self) -> bool {
        !self.environments.is_empty()
            && !other.environments.is_empty()
            && self.environments != other.environments
    }
}

/// A sibling that belongs to the value.
struct Sibling<'a> {
    role: Role,
    /// Its key in words joined by `_`.
    words: String,
    key: &'a str,
    value: &'a str,
    /// 2 where it is of the same thing, 1 where it is of the mapping as a whole.
    closeness: u8,
}

/// The last word of every role, with its letters.
const ENDINGS: [(&str, u32); ROLES.len()] = {
    let mut endings = [("", 0); ROLES.len()];
    let mut at = 0;
    while at < ROLES.len() {
        if let Some(last) = ROLES[at].0.last() {
            endings[at] = (*last, letters(last));
        }
        at += 1;
    }
    endings
};

/// The letters of a word in lower case, a bit each.
const fn letters(word: &str) -> u32 {
    let (bytes, mut found, mut at) = (word.as_bytes(), 0, 0);
    while at < bytes.len() {
        if bytes[at].is_ascii_lowercase() {
            found |= 1 << (bytes[at] - b'a');
        }
        at += 1;
    }
    found
}

/// Whether a key may have a role; cheap, because a mapping may be long and full of credentials: few words are made of letters
/// of the key.
fn may_have_role(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let has = letters(&key);
    let mut endings = ENDINGS.iter();
    endings.any(|(word, letters)| letters & !has == 0 && key.contains(word))
}

/// The siblings that belong to the value, of each role the closest.
fn siblings<'a>(around: &Surroundings<'a>) -> Vec<Sibling<'a>> {
    let Some((key, above)) = around.key_path.split_last() else {
        return Vec::new();
    };
    let own = Subject::new(words_of(key), around.vocabulary);
    let is_flat = above
        .last()
        .is_none_or(|name| FLAT.contains(&name.as_str()));
    let mut found: Vec<Sibling<'a>> = around
        .siblings
        .iter()
        .filter(|(key, value)| {
            !value.is_empty() && !value.contains(['$', '{', '<', ' ']) && may_have_role(key)
        })
        .filter_map(|&(key, value)| {
            let all = words_of(key);
            let mut words = all.clone();
            words.retain(|word| around.vocabulary.tier_of_name(word).is_none());
            let (ending, role) = ROLES.iter().find(|(ending, _)| {
                words.len() >= ending.len()
                    && words[words.len() - ending.len()..].iter().eq(ending.iter())
            })?;
            // `db` of `DB_PASSWORD` is the thing, and `DB` beside it the database's name.
            let mut thing = all.clone();
            let at = thing.len()
                - thing
                    .windows(ending.len())
                    .rev()
                    .position(|window| window.iter().eq(ending.iter()))?
                - ending.len();
            thing.drain(at..at + ending.len());
            let of = Subject::new(thing, around.vocabulary);
            if own.contradicts(&of) {
                return None;
            }
            // Its own key says whose it is.
            if *role == Role::Environment && !own.environments.is_empty() {
                return None;
            }
            let closeness = if own.thing == of.thing {
                2
            } else if !is_flat
                && of.thing.is_empty()
                && (own.thing.is_empty() || !around.rule.provider_issued())
            {
                1
            } else {
                0
            };
            Some(Sibling {
                role: *role,
                words: all.join("_"),
                key,
                value,
                closeness,
            })
        })
        .collect();
    // `password` and one `db_host` in a mapping: whose else?
    if !is_flat && own.thing.is_empty() {
        let mut addresses = found.iter_mut().filter(|s| s.role == Role::Address);
        if let (Some(only), None) = (addresses.next(), addresses.next()) {
            only.closeness = only.closeness.max(1);
        }
    }
    let closest = |role: Role, list: &[Sibling<'_>]| {
        list.iter()
            .filter(|sibling| sibling.role == role)
            .map(|sibling| sibling.closeness)
            .max()
            .unwrap_or(0)
    };
    let keep: Vec<bool> = found
        .iter()
        .map(|s| {
            s.role == Role::Environment || s.closeness > 0 && s.closeness == closest(s.role, &found)
        })
        .collect();
    let mut keep = keep.into_iter();
    found.retain(|_| keep.next().unwrap_or(false));
    found
}

/// The account that a sibling names.
pub(super) fn user<'a>(around: &Surroundings<'a>) -> Option<&'a str> {
    of_role(around, Role::User)
}

/// The address that a sibling names.
pub(super) fn address<'a>(around: &Surroundings<'a>) -> Option<&'a str> {
    of_role(around, Role::Address)
}

/// What the siblings name that a policy could declare, each with its list in `[environment.NAME.identity]`; nothing beside
/// a token that speaks for itself.
pub(super) fn names<'a>(around: &Surroundings<'a>) -> Vec<(&'static str, &'a str)> {
    if speaks_for_itself(around) {
        return Vec::new();
    }
    let mut names = Vec::new();
    for sibling in siblings(around) {
        let list = match sibling.role {
            Role::Address => {
                let addresses = sibling.value.split(',').take(8);
                names.extend(addresses.filter_map(|one| Some(("hosts", host::host_in(one)?))));
                continue;
            }
            Role::Account if is_account_number(sibling.value) => "aws-accounts",
            Role::Subscription => "azure-subscriptions",
            Role::Tenant => "tenants",
            Role::Project => "gcp-projects",
            Role::Namespace => "namespaces",
            Role::Cluster => "clusters",
            Role::Database => "databases",
            _ => continue,
        };
        if is_name(sibling.value) {
            names.push((list, sibling.value));
        }
    }
    names
}

fn is_account_number(value: &str) -> bool {
    value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// A neighbour says something of a password, whose meaning lies in where it opens; a labelled token speaks for itself.
fn speaks_for_itself(around: &Surroundings<'_>) -> bool {
    around.rule.kind == crate::rules::Kind::Issued && around.rule.marker(around.value).is_some()
}

fn of_role<'a>(around: &Surroundings<'a>, role: Role) -> Option<&'a str> {
    siblings(around)
        .into_iter()
        .find(|sibling| sibling.role == role)
        .map(|sibling| sibling.value)
}

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    if speaks_for_itself(around) {
        return;
    }
    for sibling in siblings(around) {
        let from = found.signals.len();
        of_sibling(&sibling, around, found);
        let kind = match sibling.role {
            Role::Address => "sibling-host",
            Role::Environment => "sibling-environment",
            _ => "sibling",
        };
        found.seen_at(from, kind, &format!("beside it, `{}`", sibling.key));
    }
}

fn of_sibling(sibling: &Sibling<'_>, around: &Surroundings<'_>, found: &mut Evidence) {
    let value = sibling.value;
    // An issued token is not the neighbour's: a word of staging beside it does not make it staging's.
    let by_words = if around.rule.provider_issued() {
        label
    } else {
        strong
    };
    let mut name = |what: &str, list: super::name::List, by_words: fn(Tier) -> Strength| {
        of_name("sibling", what, value, list, by_words, around, found);
    };
    match sibling.role {
        Role::Address => {
            let from = found.signals.len();
            for address in value.split(',').take(8) {
                host::of_host(address, around, found);
            }
            if around.rule.provider_issued() {
                weaken(&mut found.signals[from..]);
            }
        }
        Role::Account => {
            if is_name(value)
                && !declared(
                    "sibling",
                    "AWS account",
                    value,
                    |facts| &facts.aws_accounts,
                    around,
                    found,
                )
            {
                host::of_account(value, around, found);
            }
        }
        Role::Arn => {
            if let Some(account) = aws::account_of_arn(value) {
                let list: fn(&EnvironmentFacts) -> &[String] = |facts| &facts.aws_accounts;
                let from = found.signals.len();
                declared("sibling", "AWS account", account, list, around, found);
                // A role may be of another account than the password beside it.
                if !around.rule.id.starts_with("aws-") {
                    for signal in &mut found.signals[from..] {
                        signal.strength = Strength::Strong;
                    }
                }
            }
        }
        Role::Subscription => {
            if is_name(value) {
                declared(
                    "sibling",
                    "subscription",
                    value,
                    |facts| &facts.azure_subscriptions,
                    around,
                    found,
                );
            }
        }
        Role::Tenant => name("tenant", |facts| &facts.tenants, by_words),
        Role::Project => name("project", |facts| &facts.gcp_projects, by_words),
        Role::Namespace => name("namespace", |facts| &facts.namespaces, by_words),
        Role::Cluster => name("cluster", |facts| &facts.clusters, by_words),
        Role::Database => name("database", |facts| &facts.databases, supporting),
        Role::User => name("user", |facts| &facts.tenants, supporting),
        Role::VaultPath => name("path", |facts| &facts.vault_paths, by_words),
        Role::Environment => environment(sibling, around, found),
    }
}

/// A neighbour's word of staging is a supporting one for an issued token; a declared fact or a provider's host is not a word.
fn weaken(signals: &mut [crate::model::Signal]) {
    for signal in signals {
        if signal.strength == Strength::Strong
            && matches!(signal.environment, Some(Tier::Staging | Tier::Development))
        {
            signal.strength = Strength::Supporting;
        }
    }
}

fn environment(sibling: &Sibling<'_>, around: &Surroundings<'_>, found: &mut Evidence) {
    if !is_name(sibling.value) || false_friend::is_run_mode(&sibling.words) {
        return;
    }
    let Some((tier, word)) = around.vocabulary.tier_of_environment(sibling.value) else {
        return;
    };
    // The mode of a provider is a setting that its key must fit, or nothing works.
    let mut of = sibling
        .words
        .split('_')
        .map(str::to_owned)
        .collect::<Vec<_>>();
    if let [.., mapping, _] = around.key_path {
        of.extend(words_of(mapping));
    }
    if sibling.closeness > 0 && of.iter().any(|word| provider_host::has_modes(word)) {
        let text = format!("the provider's mode is {tier} (\"{word}\")");
        found.say("sibling-environment", tier, Strength::Strong, text);
    } else if tier == Tier::Production {
        let text = format!("it says {tier} (\"{word}\")");
        found.say("sibling-environment", tier, Strength::Supporting, text);
    }
}
