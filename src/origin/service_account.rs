//! Google Cloud: the project that a service account's key says it belongs to, twice: as `project_id` and in `client_email`
//! (`NAME@PROJECT.iam.gserviceaccount.com`, <https://cloud.google.com/iam/docs/service-account-types>).

use super::name::{List, of_name, strong};
use super::{Evidence, Surroundings};

const KIND: &str = "project";
const PROJECTS: List = |facts| &facts.gcp_projects;

/// The project of a service account by its address.
pub(super) fn project_of(email: &str) -> Option<&str> {
    let (name, domain) = email.split_once('@')?;
    match domain {
        "appspot.gserviceaccount.com" => Some(name),
        _ => domain.strip_suffix(".iam.gserviceaccount.com"),
    }
}

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let group = |wanted| {
        let (_, value) = around.groups.iter().find(|(name, _)| *name == wanted)?;
        std::str::from_utf8(value).ok()
    };
    let sibling = |wanted| {
        let (_, value) = around.siblings.iter().find(|(name, _)| *name == wanted)?;
        Some(*value)
    };
    let email = group("user")
        .filter(|user| user.contains('@'))
        .or_else(|| sibling("client_email"));
    let Some(email) = email else { return };
    let Some(of_email) = project_of(email) else {
        return;
    };
    let of_key = group("project").or_else(|| sibling("project_id"));
    match of_key {
        Some(project) if project != of_email => {
            found.remark(
                KIND,
                "its project_id and its client_email name different projects".to_owned(),
            );
            of_name(
                KIND,
                "service account of project",
                of_email,
                PROJECTS,
                strong,
                around,
                found,
            );
        }
        // The rule's own group has said it.
        Some(_) if group("project").is_some() => {}
        _ => of_name(
            KIND,
            "service account of project",
            of_email,
            PROJECTS,
            strong,
            around,
            found,
        ),
    }
    // Made by Firebase for its own administration: every database, every user of the project.
    if email.starts_with("firebase-adminsdk") {
        found.privileged(
            "privilege",
            "it is the administration account of a Firebase project".to_owned(),
        );
    }
}
