//! Generic credentials: the value of a key whose name bears a secret (`db.password`, `JWT_SECRET`). The names are data, in
//! `rules/builtin/generic.toml`: each pattern is tried on the normalised assignment `db_password=VALUE`.

use std::ops::Range;

use crate::model::{Secret, words_of};
use crate::rules::Rule;

use super::filter::Heard;
use super::placeholder::{rejected, stands_in};
use super::{Candidate, Rejected, ScanError, Scanner};

/// One assignment of a configuration file, as a syntax gives it.
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
    /// A secret-bearing key whose value is none, and why.
    Rejected(Rejected<'r>),
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
        if key.is_empty() || key.len() > 128 {
            return Ok(None);
        }
        for known in self.generic(&key) {
            let known = known?;
            let (provider, rule) = (known.provider, known.rule);
            let normalised = format!("{key}={}", assignment.value);
            let Some(secret) = known
                .pattern
                .captures(normalised.as_bytes())
                .and_then(|captures| captures.name("secret"))
            else {
                continue;
            };
            let value = &normalised[secret.range()];
            let password = rule.id == "generic-password";
            let span = assignment.span.clone();
            let mut pending = Vec::new();
            let mut reason = rejected(&key, value, assignment.quoted, password);
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
                in_context: false,
                pending,
            })));
        }
        Ok(None)
    }
}

/// Whether the value of an issued candidate is a stand-in after all (`postgres://user:<password>@host`).
pub fn is_stand_in(rule: &Rule, value: &[u8]) -> bool {
    let labelled = rule.marker(value).is_some();
    std::str::from_utf8(value).is_ok_and(|value| stands_in(rule.kind, value, labelled))
}
