//! Role assignments of Azure at the scope of a subscription or above.
//! <https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles/privileged>

use super::super::record::records;
use super::super::{Crossing, File};
use super::grant;

/// Roles, their ids, and what each may do.
const ROLES: [(&str, &str, &str); 4] = [
    (
        "Owner",
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        "may do everything and give rights to others",
    ),
    (
        "Contributor",
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        "may change everything",
    ),
    (
        "User Access Administrator",
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "may give itself any right",
    ),
    (
        "Role Based Access Control Administrator",
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        "may give itself any right",
    ),
];

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    let assignments = records(file, |entry| {
        let is_one = entry.path.len() > 3
            && entry.path[0] == "resource"
            && entry.path[1] == "azurerm_role_assignment";
        is_one.then_some(3)
    });
    for assignment in assignments {
        let role = assignment
            .values("roledefinitionname")
            .chain(assignment.values("roledefinitionid"))
            .find_map(|entry| {
                let role = ROLES.iter().find(|(name, id, _)| {
                    entry.value.eq_ignore_ascii_case(name)
                        || entry.value.to_ascii_lowercase().contains(id)
                });
                role.map(|role| (entry, role))
            });
        let Some((entry, (name, _, may))) = role else {
            continue;
        };
        let wide = assignment
            .values("scope")
            .find_map(|scope| of_scope(&scope.value));
        if let Some(scope) = wide {
            let says = format!("{name} of {scope} {may} in it");
            grant(
                "identity-azure-subscription-role",
                entry,
                entry.span.clone(),
                true,
                says,
                crossings,
            );
        }
    }
}

/// What a scope is where it is a subscription or more.
fn of_scope(scope: &str) -> Option<&'static str> {
    let scope = scope.trim_matches(['"', '/', '$', '{', '}', ' ']);
    let scope = scope.to_ascii_lowercase();
    if scope.contains("managementgroups/") || scope.contains("azurerm_management_group.") {
        return Some("a management group");
    }
    let literal = scope
        .strip_prefix("subscriptions/")
        .is_some_and(|rest| !rest.contains('/'));
    let computed = scope.contains("data.azurerm_subscription.")
        && (scope.ends_with(".id") || scope.ends_with(".subscription_id"));
    (literal || computed).then_some("a subscription")
}
