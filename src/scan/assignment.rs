//! Generic credentials, the whole way of a value: a name that may bear a secret (`rules/builtin/generic.toml`, tried on the
//! normalised assignment `db_password=VALUE`), the name's parents where it says nothing of its own, then the reasons against
//! the value (`scan::reason`). Who finds names and values: `syntax` in configuration, `scan::beside` everywhere.

use std::ops::Range;

use crate::model::{Secret, words_of};

use super::filter::Heard;
use super::reason::{Asked, of_value};
use super::{Candidate, Rejected, ScanError, Scanner};

/// One assignment, as a syntax or the surroundings of a name give it.
#[derive(Debug, Clone)]
pub struct Assignment<'b> {
    /// The key as written.
    pub key: &'b str,
    /// The value, unescaped by the syntax.
    pub value: &'b str,
    /// Where the value stands in the file, without quotes.
    pub span: Range<usize>,
    /// Whether it stands in quotes.
    pub quoted: bool,
}

/// What a generic rule says of an assignment.
pub enum Judged<'b, 'r> {
    /// It bears a secret.
    Candidate(Candidate<'b, 'r>),
    /// A secret-bearing key whose value is none: the rule and why.
    Rejected(Rejected<'r>),
}

/// The longest normalised key that is tried.
const LONGEST_KEY: usize = 128;

/// Mappings whose entries are secrets, whatever their names.
const HOLDERS: [&str; 12] = [
    "secret",
    "secrets",
    "credential",
    "credentials",
    "creds",
    "password",
    "passwords",
    "token",
    "tokens",
    "api_keys",
    "apikeys",
    "access_tokens",
];

/// Names of entries that describe a secret instead of being one.
const DESCRIBING: [&str; 40] = [
    "name",
    "names",
    "key",
    "id",
    "path",
    "file",
    "filename",
    "type",
    "kind",
    "user",
    "username",
    "host",
    "hostname",
    "port",
    "url",
    "uri",
    "endpoint",
    "region",
    "namespace",
    "version",
    "mode",
    "enabled",
    "description",
    "email",
    "provider",
    "engine",
    "bucket",
    "database",
    "db",
    "mount",
    "role",
    "server",
    "address",
    "ref",
    "store",
    "backend",
    "format",
    "algorithm",
    "arn",
    "label",
];

/// The keys by which an entry may be known, most telling first: its own; with its parent's (`password: {value: x}`,
/// `jwt: {key: x}`); as an entry of a mapping of secrets.
pub fn keys_of(path: &[String], in_secret: bool) -> Vec<String> {
    let Some((last, parents)) = path.split_last() else {
        return Vec::new();
    };
    let mut keys = vec![last.clone()];
    let parent = parents.last();
    if let Some(parent) = parent {
        keys.push(format!("{parent}_{last}"));
    }
    let words = words_of(last);
    let describes = words
        .last()
        .is_some_and(|word| DESCRIBING.contains(&word.as_str()));
    let held = parent.is_some_and(|parent| HOLDERS.contains(&words_of(parent).join("_").as_str()));
    if (held || in_secret) && !describes {
        keys.push("secret_entry".to_owned());
    }
    keys
}

impl<'r> Scanner<'r> {
    /// Whether any generic rule may know `key`. The answer for a key is always the same, so it can be kept.
    pub fn may_know(&self, key: &str) -> bool {
        let key = words_of(key).join("_");
        !key.is_empty() && self.knows_key(&key)
    }

    /// Judges one assignment; `None` where no rule knows the key.
    ///
    /// `bytes` is the whole file, which the candidate borrows from.
    pub fn judge_assignment<'b>(
        &self,
        bytes: &'b [u8],
        assignment: &Assignment<'_>,
    ) -> Result<Option<Judged<'b, 'r>>, ScanError> {
        let key = words_of(assignment.key).join("_");
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Ok(None);
        }
        for known in self.generic(&key) {
            let known = known?;
            let (provider, rule) = (known.provider, known.rule);
            let normalised = format!("{key}={}", assignment.value);
            let regex = known.compiled.regex_on(normalised.as_bytes())?;
            let mut captures = regex.create_captures();
            regex.captures(&normalised, &mut captures);
            let Some(secret) = captures.get_group_by_name("secret") else {
                continue;
            };
            let value = &normalised[secret.range()];
            let span = assignment.span.clone();
            let mut pending = Vec::new();
            let mut reason = of_value(&Asked {
                key: &key,
                value,
                quoted: assignment.quoted,
                kind: rule.value,
            });
            if let (None, Some(filter)) = (reason, known.filter) {
                match filter.hears(value.as_bytes(), normalised.as_bytes(), bytes, &span)? {
                    Heard::Rejected(found) => reason = Some(found),
                    Heard::Believed(entries) => pending = entries,
                }
            }
            if let Some(reason) = reason {
                return Ok(Some(Judged::Rejected(Rejected {
                    provider,
                    rule,
                    reason,
                    span,
                })));
            }
            return Ok(Some(Judged::Candidate(Candidate {
                provider,
                rule,
                secret: Secret::new(&bytes[span.clone()]),
                span,
                groups: Vec::new(),
                context: None,
                lead: 0,
                pending,
            })));
        }
        Ok(None)
    }
}
