//! What is taken for no credential, at one path.

use super::{Judge, JudgeError, Source};
use crate::examine::{Dismissed, Sighting};
use crate::model::{Family, Oid, Place, Rejection, Secret};
use crate::scan::{self, Rejected};

/// What has been rejected already: path, line, column, rule, reason and blob.
pub(super) type RejectedAt = (String, usize, usize, String, &'static str, Oid);

impl Judge<'_> {
    /// Whether a rule that asks for certain paths still believes its match at this one.
    pub(super) fn is_believed_at(
        &mut self,
        source: Source<'_>,
        oid: Oid,
        path: &str,
        sighting: &Sighting<'static>,
        known: &[Secret<'_>],
    ) -> Result<bool, JudgeError> {
        let rule = sighting.rule;
        // What the inventory knows is a secret, whatever a rule makes of its path.
        if sighting.family == Family::Inventory {
            return Ok(true);
        }
        let Some(reason) = self.scanner.rejects_at(rule, &sighting.pending, path)? else {
            return Ok(true);
        };
        if self.scanner.explains() {
            let keys = sighting.key_path.join(".");
            let key_path = (!keys.is_empty()).then(|| scan::redact(self.scanner, &keys, known));
            let dismissed = Dismissed {
                rejected: Rejected {
                    provider: sighting.provider,
                    rule,
                    reason,
                    span: sighting.span.clone(),
                },
                line: sighting.line,
                column: sighting.column,
                key_path,
                excerpt: sighting.excerpt.clone(),
            };
            self.reject(source, oid, path, &dismissed);
        }
        Ok(false)
    }

    /// Writes down what is taken for no credential, once a place.
    pub(super) fn reject(
        &mut self,
        source: Source<'_>,
        oid: Oid,
        path: &str,
        dismissed: &Dismissed<'_>,
    ) {
        let rejected = &dismissed.rejected;
        let redact = |name: &str| scan::redact(self.scanner, name, &[]);
        let rejection = Rejection {
            rule: rejected.rule.id.clone(),
            provider: rejected.provider.to_owned(),
            reason: rejected.reason.code(),
            sentence: rejected.reason.words(),
            place: Place {
                ref_name: source.ref_name.map(redact),
                commit: source.commit,
                path: redact(path),
                oid,
                line: dismissed.line,
                column: dismissed.column,
                key_path: dismissed.key_path.clone(),
            },
            excerpt: dismissed.excerpt.clone(),
        };
        let key = (
            rejection.place.path.clone(),
            rejection.place.line,
            rejection.place.column,
            rejection.rule.clone(),
            rejection.reason,
            oid,
        );
        if self.rejected.insert(key) {
            self.rejections.push(rejection);
        }
    }
}
