//! Keys that decrypt: what SOPS encrypts for (<https://getsops.io/docs/>). Only declared facts speak: a recipient has no name.

use crate::model::Tier;
use crate::syntax::Entry;

use super::super::record::records;
use super::super::{Crossing, File};
use super::arn::Arn;
use super::{List, Pointer, judge};

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    if !file.is_configuration() {
        return;
    }
    for entry in file.entries {
        let in_metadata = entry
            .path
            .iter()
            .any(|key| key == "sops" || key.starts_with("sops_"));
        if in_metadata {
            recipients(file, entry, crossings);
        }
    }
    // A rule that is for production's files names production's key with good reason.
    let rules = records(file, |entry| {
        let first = entry.path.first().filter(|key| *key == "creation_rules");
        first.map(|_| 1)
    });
    for rule in rules {
        let is_productions = rule.values("pathregex").any(|regex| {
            let tier = file.vocabulary.tier_of_name(&regex.value);
            tier.is_some_and(|(tier, _)| tier == Tier::Production)
        });
        if !is_productions {
            for entry in rule
                .entries
                .iter()
                .filter(|entry| entry.path[1] != "path_regex")
            {
                recipients(file, entry, crossings);
            }
        }
    }
}

fn recipients(file: &File<'_>, entry: &Entry, crossings: &mut Vec<Crossing>) {
    for token in super::tokens(&entry.value) {
        let account = Arn::parse(token).map_or("", |arn| arn.account);
        let project = token
            .strip_prefix("projects/")
            .and_then(|rest| rest.split('/').next())
            .unwrap_or("");
        let host = if token.contains("://") {
            crate::origin::host_in(token).unwrap_or("")
        } else {
            ""
        };
        let known: &[(&'static str, &str, List)] = &[
            ("age recipient", token, |facts| &facts.age_recipients),
            ("key", token, |facts| &facts.kms_keys),
            ("AWS account", account, |facts| &facts.aws_accounts),
            ("GCP project", project, |facts| &facts.gcp_projects),
            ("host", host, |facts| &facts.hosts),
        ];
        let pointer = Pointer {
            rule: "reference-decryption-key",
            what: "key",
            known,
            name: "",
            span: file.place(entry, token),
        };
        judge(file, entry, pointer, crossings);
    }
}
