//! Candidates that are not believed: which rule took them for one, and why they are none. Gathered only where somebody asks.

use std::ops::Range;

use crate::rules::Rule;

use super::reason::Reason;

/// A match that is not believed.
#[derive(Debug, Clone)]
pub struct Rejected<'r> {
    /// Id of the provider's pack.
    pub provider: &'r str,
    /// The rule.
    pub rule: &'r Rule,
    /// Why.
    pub reason: Reason,
    /// Where the value stands in the searched bytes.
    pub span: Range<usize>,
}
