//! Secret stores: Vault paths, AWS Secrets Manager and Parameter Store, as ARNs and by name.

use super::super::{Crossing, File};
use super::{Pointer, judge};

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    for entry in file.entries {
        let value = entry.value.as_str();
        if let Some(arn) = value.strip_prefix("arn:aws") {
            // arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE (AWS General Reference, "Amazon Resource Names").
            let mut parts = arn.splitn(6, ':').skip(1);
            let service = parts.next().unwrap_or_default();
            let account = parts.nth(1).unwrap_or_default();
            let resource = parts.next().unwrap_or_default();
            if !["secretsmanager", "ssm", "kms"].contains(&service) {
                continue;
            }
            let before = crossings.len();
            judge(
                file,
                entry,
                &Pointer {
                    rule: "reference-aws-secret",
                    what: "AWS account",
                    name: account,
                    span: entry.span.clone(),
                    list: |facts| &facts.aws_accounts,
                },
                crossings,
            );
            if crossings.len() == before {
                judge(
                    file,
                    entry,
                    &Pointer {
                        rule: "reference-aws-secret",
                        what: "secret",
                        name: resource,
                        span: entry.span.clone(),
                        list: |_| &[],
                    },
                    crossings,
                );
            }
        }
    }
}
