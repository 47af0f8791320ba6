//! Exceptions: a person let one value through, at one environment, for a time, and said why.

use jiff::civil::Date;

use super::Subject;
use super::patterns::Pattern;

/// One `[[exception]]`.
#[derive(Debug)]
pub(super) struct Exception {
    pub(super) fingerprint: String,
    /// The environment where it may pass, or `unclaimed`.
    pub(super) environment: String,
    pub(super) rule: Option<String>,
    pub(super) path: Option<Pattern>,
    pub(super) reason: String,
    pub(super) approver: String,
    /// The last day on which it holds.
    pub(super) expires: Date,
    pub(super) policy_line: String,
}

/// An exception as others see it.
#[derive(Debug, Clone, Copy)]
pub struct ExceptionOf<'p> {
    /// Id of the value.
    pub fingerprint: &'p str,
    /// The environment where it may pass, or `unclaimed`.
    pub environment: &'p str,
    /// Who answers for it.
    pub approver: &'p str,
    /// Why.
    pub reason: &'p str,
    /// The last day on which it holds.
    pub expires: Date,
    /// The line that says so.
    pub policy_line: &'p str,
}

impl Exception {
    pub(super) fn shown(&self) -> ExceptionOf<'_> {
        ExceptionOf {
            fingerprint: &self.fingerprint,
            environment: &self.environment,
            approver: &self.approver,
            reason: &self.reason,
            expires: self.expires,
            policy_line: &self.policy_line,
        }
    }

    /// Whether it holds for the subject at a destination, the fingerprint apart: that is asked last, because it is dear.
    pub(super) fn could_apply(
        &self,
        subject: &Subject<'_>,
        environment: &str,
        today: Date,
    ) -> bool {
        today <= self.expires
            && self.environment == environment
            && self.rule.as_deref().is_none_or(|rule| rule == subject.rule)
            && self
                .path
                .as_ref()
                .is_none_or(|pattern| pattern.matches(subject.path))
    }

    /// The remark on an exception that no longer holds.
    pub(super) fn note(&self, today: Date) -> Option<String> {
        (today > self.expires).then(|| {
            format!(
                "{}: the exception for {} in {} expired on {} and holds no longer: remove it, or let {} renew it",
                self.policy_line, self.fingerprint, self.environment, self.expires, self.approver
            )
        })
    }

    /// Reason and approver in one line, for reports.
    pub(super) fn told(&self) -> String {
        format!(
            "{} (approved by {} until {})",
            self.reason, self.approver, self.expires
        )
    }
}
