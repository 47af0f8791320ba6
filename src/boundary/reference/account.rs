//! Accounts, projects, subscriptions, tenants, namespaces and clusters that the policy declares; identities that belong to a
//! project; and the subjects that a trust names.

use super::super::{Crossing, File};
use super::{Finder, List, Pointer, Sought, judge, key_has, may_be_address, pointing, tokens};

/// What the key of a declared name has to say, and where the name is looked up.
const NAMED: [(&str, &[&str], List); 5] = [
    ("AWS account", &["account", "accounts", "owner"], |facts| {
        &facts.aws_accounts
    }),
    ("GCP project", &["project", "projects"], |facts| {
        &facts.gcp_projects
    }),
    (
        "tenant",
        &[
            "tenant",
            "organization",
            "organisation",
            "org",
            "workspace",
            "team",
            "directory",
        ],
        |facts| &facts.tenants,
    ),
    ("namespace", &["namespace", "namespaces"], |facts| {
        &facts.namespaces
    }),
    (
        "cluster",
        &["cluster", "context", "destination", "name"],
        |facts| &facts.clusters,
    ),
];

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    let declared = file.facts.identify_production();
    for entry in pointing(file) {
        let value = entry.value.trim();
        // Names of their own say nothing.
        for (what, keys, list) in NAMED.into_iter().filter(|_| declared) {
            if value.len() <= 200 && key_has(entry, keys) {
                let known: &[(&'static str, &str, List)] = &[(what, value, list)];
                let pointer = Pointer {
                    rule: "reference-account",
                    what,
                    known,
                    name: "",
                    span: entry.span.clone(),
                };
                judge(file, entry, pointer, crossings);
            }
        }
        // The id of a subscription is known by its key.
        if !declared && !may_be_address(value) {
            continue;
        }
        for token in tokens(&entry.value) {
            let subscription = subscription(token, entry);
            let project = service_account(token).unwrap_or("");
            let named = if project.is_empty() || !key_is_identity(entry) {
                ""
            } else {
                token
            };
            let subject = subject(token).unwrap_or("");
            if subscription.is_empty() && project.is_empty() && subject.is_empty() {
                continue;
            }
            let known: &[(&'static str, &str, List)] = &[
                ("Azure subscription", subscription, |facts| {
                    &facts.azure_subscriptions
                }),
                ("GCP project", project, |facts| &facts.gcp_projects),
            ];
            let (rule, what, name) = if subject.is_empty() {
                let account = named.split('@').next().unwrap_or("");
                let speaks = file
                    .vocabulary
                    .tier_of_name(project)
                    .map_or(account, |_| project);
                let name = if named.is_empty() { "" } else { speaks };
                let rule = if project.is_empty() {
                    "reference-account"
                } else {
                    "reference-role"
                };
                (rule, "service account", name)
            } else {
                ("reference-trust-subject", "environment", subject)
            };
            let pointer = Pointer {
                rule,
                what,
                known,
                name,
                span: file.place(entry, token),
            };
            judge(file, entry, pointer, crossings);
        }
    }
}

static SUBSCRIPTIONS: Sought = Sought::new(|| Finder::new("/subscriptions/"));

/// The subscription in `/subscriptions/ID`, or the id itself where the key speaks of one.
fn subscription<'t>(token: &'t str, entry: &crate::syntax::Entry) -> &'t str {
    if let Some(at) = SUBSCRIPTIONS.find(token) {
        let rest = &token[at + "/subscriptions/".len()..];
        return rest.split('/').next().unwrap_or("");
    }
    if key_has(entry, &["subscription", "subscriptions", "subscriptionid"]) {
        token
    } else {
        ""
    }
}

/// The project of a service account's address.
fn service_account(token: &str) -> Option<&str> {
    let address = token.strip_prefix("serviceAccount:").unwrap_or(token);
    let (name, host) = address.split_once('@')?;
    match host.strip_suffix(".iam.gserviceaccount.com") {
        Some(project) => Some(project),
        None => (host == "appspot.gserviceaccount.com").then_some(name),
    }
}

fn key_is_identity(entry: &crate::syntax::Entry) -> bool {
    let words = [
        "account",
        "email",
        "member",
        "members",
        "impersonate",
        "principal",
        "sa",
    ];
    key_has(entry, &words)
        || entry
            .path
            .last()
            .is_some_and(|key| key.contains("gcp-service-account"))
}

/// The environment in the subject of a GitHub token: `repo:ORG/REPO:environment:NAME`
/// (<https://docs.github.com/en/actions/reference/security/oidc>).
fn subject(token: &str) -> Option<&str> {
    let (_, environment) = token.strip_prefix("repo:")?.split_once(":environment:")?;
    Some(environment)
}
