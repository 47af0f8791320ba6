//! Findings of one value together, and values of one kind together: a person reads a thing once.

use std::collections::HashMap;

use crate::model::{Finding, Verdict};

/// Findings of one value with one verdict: the first is shown, the others are named.
pub(super) struct Group<'r> {
    /// The finding that is shown whole.
    pub(super) first: &'r Finding,
    /// The places where the same value stands too.
    pub(super) others: Vec<&'r Finding>,
}

/// Values of which the same is to be said: one rule, one origin, one destination, one line of the policy.
pub(super) struct Kind<'g, 'r> {
    /// The value that is shown whole.
    pub(super) first: &'g Group<'r>,
    /// Those that are named.
    pub(super) alike: Vec<&'g Group<'r>>,
}

/// The findings of one verdict, those of one value together, in the report's order.
pub(super) fn by_value<'r>(findings: &[&'r Finding], verdict: Verdict) -> Vec<Group<'r>> {
    let mut groups: Vec<Group<'r>> = Vec::new();
    let mut known: HashMap<(&str, &str), usize> = HashMap::new();
    for &finding in findings.iter().filter(|f| f.verdict == verdict) {
        let value = (finding.rule.as_str(), finding.fingerprint.as_str());
        match known.get(&value) {
            Some(&at) => groups[at].others.push(finding),
            None => {
                // Without a fingerprint nobody can say that two values are one.
                if !finding.fingerprint.is_empty() {
                    known.insert(value, groups.len());
                }
                groups.push(Group {
                    first: finding,
                    others: Vec::new(),
                });
            }
        }
    }
    groups
}

/// The values of one kind together, in their order.
pub(super) fn by_kind<'g, 'r>(groups: &'g [Group<'r>]) -> Vec<Kind<'g, 'r>> {
    let mut kinds: Vec<Kind<'g, 'r>> = Vec::new();
    let mut known = HashMap::new();
    for group in groups {
        let finding = group.first;
        let key = (
            finding.rule.as_str(),
            finding.origin.environment.as_str(),
            finding.origin.confidence,
            finding.destination.environment.as_deref(),
            finding.because.policy_line.as_str(),
        );
        match known.get(&key) {
            Some(&at) => {
                let kind: &mut Kind<'g, 'r> = &mut kinds[at];
                kind.alike.push(group);
            }
            None => {
                known.insert(key, kinds.len());
                kinds.push(Kind {
                    first: group,
                    alike: Vec::new(),
                });
            }
        }
    }
    kinds
}
