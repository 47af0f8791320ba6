//! IAM of Google Cloud: basic roles and keys of service accounts. <https://cloud.google.com/iam/docs/roles-overview#basic>

use super::super::record::records;
use super::super::{Crossing, File};
use super::grant;

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    if !file.is_configuration() {
        return;
    }
    for entry in file.entries {
        let role = entry.value.as_str();
        let may = match role {
            "roles/owner" => "may do everything in the project and give rights to others",
            "roles/editor" => "may change everything in the project",
            _ => continue,
        };
        let of_role = entry
            .path
            .iter()
            .rev()
            .take(2)
            .any(|key| key.to_ascii_lowercase().contains("role"));
        if of_role {
            // A list of roles that a variable offers is granted elsewhere.
            let offers = entry
                .path
                .first()
                .is_some_and(|first| first == "variable" || first == "locals");
            grant(
                "identity-gcp-basic-role",
                entry,
                entry.span.clone(),
                !offers,
                format!("{role} {may}"),
                crossings,
            );
        }
    }
    let says = "makes a key that lives until somebody removes it";
    block(
        file,
        "google_service_account_key",
        "identity-gcp-service-account-key",
        says,
        crossings,
    );
}

/// Tells of every Terraform resource of a type: of access that outlives its use, so it is never proven to be too much.
pub(super) fn block(
    file: &File<'_>,
    kind: &str,
    rule: &'static str,
    says: &str,
    crossings: &mut Vec<Crossing>,
) {
    let blocks = records(file, |entry| {
        let is_one = entry.path.len() > 3 && entry.path[0] == "resource" && entry.path[1] == kind;
        is_one.then_some(3)
    });
    for block in blocks {
        if let Some(entry) = block.entries.first() {
            grant(
                rule,
                entry,
                file.place_before(entry, kind),
                false,
                says,
                crossings,
            );
        }
    }
}
