//! Resources by their ARN and storage by its URL: roles to assume, buckets, queues, tables.

use crate::syntax::{Entry, Meaning};

use super::super::{Crossing, File};
use super::arn::Arn;
use super::{Finder, Pointer, Sought, addresses, judge, key_has, pointing, tokens, url};

static STORAGE: Sought = Sought::new(|| Finder::new(".blob.core.windows.net"));

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    for entry in addresses(file) {
        for token in tokens(&entry.value) {
            if let Some(arn) = Arn::parse(token) {
                of_arn(file, entry, token, &arn, crossings);
            } else if let Some((scheme, rest)) = url(token)
                && ["s3", "s3a", "s3n", "gs"].contains(&scheme)
            {
                bucket(file, entry, rest.split('/').next().unwrap_or(""), crossings);
            } else if let Some(at) = STORAGE.find(token) {
                let name = token[..at].rsplit(['/', '.']).next().unwrap_or("");
                let host = url(token)
                    .map_or(token, |(_, rest)| rest)
                    .split(['/', ':'])
                    .next()
                    .unwrap_or("");
                judge(
                    file,
                    entry,
                    Pointer {
                        rule: "reference-bucket",
                        what: "storage account",
                        known: &[("host", host, |facts| &facts.hosts)],
                        name,
                        span: file.place(entry, token),
                    },
                    crossings,
                );
            }
        }
    }
    for entry in pointing(file) {
        let value = entry.value.as_str();
        let is_name = value.len() <= 63
            && value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        let is_state = entry
            .path
            .iter()
            .any(|key| key == "backend" || key.contains("remote_state"));
        // What is computed has a name of its own, and of a state the key says more than the bucket, see `state`.
        if is_name
            && !is_state
            && entry.meaning == Meaning::Literal
            && key_has(entry, &["bucket", "queue"])
        {
            bucket(file, entry, value, crossings);
        }
    }
}

fn bucket(file: &File<'_>, entry: &Entry, name: &str, crossings: &mut Vec<Crossing>) {
    let pointer = Pointer {
        rule: "reference-bucket",
        what: "name",
        known: &[],
        name,
        span: file.place(entry, name),
    };
    judge(file, entry, pointer, crossings);
}

fn of_arn(
    file: &File<'_>,
    entry: &Entry,
    token: &str,
    arn: &Arn<'_>,
    crossings: &mut Vec<Crossing>,
) {
    let (rule, what, name) = match arn.service {
        "secretsmanager" | "ssm" => (
            "reference-aws-secret",
            "secret",
            arn.resource.strip_prefix("secret:").unwrap_or(arn.resource),
        ),
        // The id of a key says nothing, its alias does.
        "kms" => (
            "reference-decryption-key",
            "key",
            arn.resource.strip_prefix("alias/").unwrap_or(""),
        ),
        "iam" | "sts" => (
            "reference-role",
            "role",
            arn.resource
                .strip_prefix("role/")
                .or_else(|| arn.resource.strip_prefix("assumed-role/"))
                .unwrap_or(""),
        ),
        "s3" => (
            "reference-bucket",
            "bucket",
            arn.resource.split('/').next().unwrap_or(""),
        ),
        // One registry serves all environments, and certificates are public.
        "ecr" | "acm" => return,
        "dynamodb" | "kafka" | "kinesis" | "rds" | "sns" | "sqs" | "elasticache" | "lambda"
        | "states" | "events" | "eks" | "ecs" => {
            ("reference-aws-resource", "resource", arn.resource)
        }
        _ => ("reference-aws-resource", "resource", ""),
    };
    let pointer = Pointer {
        rule,
        what,
        known: &[
            (
                "key",
                if arn.service == "kms" { token } else { "" },
                |facts| &facts.kms_keys,
            ),
            (
                "cluster",
                if arn.service == "eks" { token } else { "" },
                |facts| &facts.clusters,
            ),
            ("AWS account", arn.account, |facts| &facts.aws_accounts),
        ],
        name,
        span: file.place(entry, token),
    };
    judge(file, entry, pointer, crossings);
}
