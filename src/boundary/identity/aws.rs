//! IAM of AWS, in JSON, Terraform, CloudFormation and Serverless: statements, managed policies, trust, access keys.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

use crate::syntax::Entry;

use super::super::record::{Record, is_key, records};
use super::super::{Crossing, File};
use super::grant;

/// Managed policies that hold the account, and what each may do.
const MANAGED: [(&str, &str); 3] = [
    ("AdministratorAccess", "may do everything in the account"),
    (
        "PowerUserAccess",
        "may do everything in the account but manage identities",
    ),
    ("IAMFullAccess", "may give itself any right in the account"),
];

/// Actions that start something with the role that was passed to it.
const STARTS: [&str; 14] = [
    "cloudformation:CreateStack",
    "datapipeline:CreatePipeline",
    "ec2:*",
    "ec2:RunInstances",
    "ecs:*",
    "ecs:RunTask",
    "glue:*",
    "glue:CreateDevEndpoint",
    "lambda:*",
    "lambda:CreateFunction",
    "cloudformation:*",
    "codebuild:*",
    "codebuild:CreateProject",
    "sagemaker:CreateNotebookInstance",
];

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    let statements = records(file, |entry| {
        let at = entry.path.iter().rposition(|key| {
            ["statement", "iamrolestatement"]
                .iter()
                .any(|wanted| is_key(key, wanted))
        })?;
        // Only a boundary on what others grant, or a filter on the way to a service: neither grants anything.
        let grants = !entry.path[..at].iter().any(|key| {
            let key = key.to_ascii_lowercase();
            key.contains("boundary") || key.contains("organizations") || key.contains("endpoint")
        });
        grants.then_some(at + 1)
    });
    for (at, statement) in statements.iter().enumerate() {
        // The statements of one policy stand together.
        let is_same = |other: &&Record<'_>| other.parent == statement.parent;
        let before = statements[..at]
            .iter()
            .rev()
            .take(MOST_TOGETHER)
            .take_while(is_same);
        let after = statements[at..]
            .iter()
            .take(MOST_TOGETHER)
            .take_while(is_same);
        let policy: Vec<&Record<'_>> = before.chain(after).collect();
        of_statement(file, statement, &policy, crossings);
    }
    for entry in file.entries {
        managed(file, entry, crossings);
    }
    super::gcp::block(
        file,
        "aws_iam_access_key",
        "identity-aws-access-key",
        "makes a key that lives until somebody removes it",
        crossings,
    );
}

/// So many statements of a policy before and after one are looked at together with it.
const MOST_TOGETHER: usize = 32;

fn of_statement(
    file: &File<'_>,
    statement: &Record<'_>,
    policy: &[&Record<'_>],
    crossings: &mut Vec<Crossing>,
) {
    if statement
        .values("effect")
        .any(|effect| !effect.value.eq_ignore_ascii_case("allow"))
    {
        return;
    }
    // Without an effect it is a statement only where Terraform lets it be left out.
    if statement.values("effect").next().is_none()
        && !statement.parent.iter().any(|key| key == "statement")
    {
        return;
    }
    let conditioned = statement.below("condition").next().is_some();
    let has_principal = statement.below("principal").next().is_some();
    if has_principal {
        trust(file, statement, conditioned, crossings);
        return;
    }
    let everywhere = statement.says("resource", "*");
    if !everywhere {
        return;
    }
    let denies = policy.iter().any(|other| other.says("effect", "deny"));
    for action in statement.values("action") {
        let says = match action.value.as_str() {
            "*" | "*:*" => "allows every action on every resource",
            action if action.eq_ignore_ascii_case("iam:*") => {
                "allows every action of IAM on every resource, and so to give itself any right"
            }
            _ => continue,
        };
        let proven = !conditioned && !denies;
        grant(
            "identity-aws-admin",
            action,
            action.span.clone(),
            proven,
            says,
            crossings,
        );
        return;
    }
    let passes = statement
        .values("action")
        .find(|action| action.value.eq_ignore_ascii_case("iam:PassRole"));
    if let Some(action) = passes.filter(|_| !conditioned) {
        let starts = policy
            .iter()
            .flat_map(|other| other.values("action"))
            .find(|action| {
                STARTS
                    .iter()
                    .any(|start| start.eq_ignore_ascii_case(&action.value))
            });
        let mut says = "may pass every role of the account to a service".to_owned();
        if let Some(start) = starts {
            says.push_str(&format!(", and start one with it ({})", start.value));
        }
        let proven = starts.is_some() && !denies;
        grant(
            "identity-aws-pass-role",
            action,
            action.span.clone(),
            proven,
            says,
            crossings,
        );
    }
    let not_action = statement.values("notaction").next();
    if let Some(action) = not_action.filter(|_| !conditioned && !denies) {
        let says = "allows on every resource all but what it lists";
        grant(
            "identity-aws-admin",
            action,
            action.span.clone(),
            false,
            says,
            crossings,
        );
    }
}

/// Who may take a role.
fn trust(
    file: &File<'_>,
    statement: &Record<'_>,
    conditioned: bool,
    crossings: &mut Vec<Crossing>,
) {
    let assumes = statement.values("action").any(|action| {
        action
            .value
            .to_ascii_lowercase()
            .starts_with("sts:assumerole")
            || action.value == "sts:*"
    });
    if !assumes {
        return;
    }
    let any = statement.below("principal").find(|entry| {
        let last = entry.path.last().map_or("", String::as_str);
        entry.value == "*"
            && (is_key(last, "principal") || last == "AWS" || is_key(last, "identifier"))
    });
    if let Some(entry) = any.filter(|_| !conditioned) {
        let says = "lets every account of AWS take the role";
        grant(
            "identity-aws-open-trust",
            entry,
            entry.span.clone(),
            true,
            says,
            crossings,
        );
        return;
    }
    let github = statement
        .below("principal")
        .find(|entry| entry.value.contains("token.actions.githubusercontent.com"));
    let Some(github) = github else {
        return;
    };
    let speaks_of_subject = statement.below("condition").any(|entry| {
        entry
            .path
            .iter()
            .any(|key| key.contains(":sub") || key.contains("job_workflow_ref"))
            || entry.value.contains(":sub")
            || entry.value.contains("job_workflow_ref")
    });
    let wide = statement
        .below("condition")
        .find(|entry| ["*", "repo:*", "repo:*/*", "repo:*:*"].contains(&entry.value.as_str()));
    let computed = !conditioned && github.path.iter().any(|key| key == "dynamic");
    if let Some(entry) = wide {
        let says = "lets every repository on GitHub take the role";
        grant(
            "identity-aws-open-trust",
            entry,
            entry.span.clone(),
            true,
            says,
            crossings,
        );
    } else if !speaks_of_subject && !computed {
        let span = file.place(github, "token.actions.githubusercontent.com");
        let says = "lets every repository on GitHub take the role: no condition names a subject";
        grant(
            "identity-aws-open-trust",
            github,
            span,
            true,
            says,
            crossings,
        );
    }
}

/// A managed policy that is attached.
fn managed(file: &File<'_>, entry: &Entry, crossings: &mut Vec<Crossing>) {
    // Longer than any ARN of a managed policy.
    if entry.value.len() > 200 || !file.is_configuration() {
        return;
    }
    let Some((name, may)) = MANAGED.iter().find(|(name, _)| entry.value.ends_with(name)) else {
        return;
    };
    let before = entry.value.strip_suffix(name).unwrap_or("");
    let keys = entry.path.iter().map(|key| key.to_ascii_lowercase());
    let is_condition = keys.clone().any(|key| {
        key.contains("condition")
            || key.contains("deny")
            || key.contains("boundary")
            || key.contains("resource_types")
    });
    // Of a statement it is the object, and of an output or a comment only a word.
    let last = entry.path.last().map_or("", String::as_str);
    let is_object = is_key(last, "resource") || is_key(last, "notresource");
    if is_condition || is_object {
        return;
    }
    let is_arn = before.starts_with("arn:aws") && before.ends_with(":iam::aws:policy/")
        || before.starts_with("arn:${") && before.ends_with("iam::aws:policy/");
    let of_policy = keys.clone().any(|key| key.contains("polic"));
    let is_data = entry.path.first().is_some_and(|first| first == "data");
    let proven = match (is_arn, before.is_empty()) {
        // People take such a set for a session.
        (true, _) => {
            !is_data
                && !keys
                    .clone()
                    .any(|key| key.contains("ssoadmin") || key.contains("permission_set"))
        }
        (_, true) if of_policy => false,
        _ => return,
    };
    let says = format!("{name} {may}");
    grant(
        "identity-aws-managed-policy",
        entry,
        file.place(entry, name),
        proven,
        says,
        crossings,
    );
}
