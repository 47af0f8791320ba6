//! What the gate said against what is right, added up by kind, rule, format and origin.

use std::collections::BTreeMap;

use serde::Serialize;

use super::case::{Expected, Label};
use super::repository::{Finding, Report};

/// Counts of one group.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Count {
    pub(crate) positives: u64,
    pub(crate) found: u64,
    pub(crate) negatives: u64,
    pub(crate) false_alarms: u64,
}

impl Count {
    /// Of the positives, how many were found; `None` where there are none.
    pub(crate) fn recall(&self) -> Option<f64> {
        ratio(self.found, self.positives)
    }

    /// Of the cases with an alarm, how many are positives.
    pub(crate) fn precision(&self) -> Option<f64> {
        ratio(self.found, self.found + self.false_alarms)
    }

    /// Harmonic mean of the two.
    pub(crate) fn f1(&self) -> Option<f64> {
        let (recall, precision) = (self.recall()?, self.precision()?);
        (recall + precision > 0.0).then(|| 2.0 * recall * precision / (recall + precision))
    }
}

/// Share of `part` in `whole`; `None` where the whole is nothing.
pub(crate) fn ratio(part: u64, whole: u64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // Counts of cases are far below 2^52.
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Counts of the rule that a positive names, or that raised a false alarm.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct RuleCount {
    pub(crate) positives: u64,
    pub(crate) found: u64,
    /// Of the found ones, those found by the rule that the case names.
    pub(crate) by_itself: u64,
    pub(crate) false_alarms: u64,
}

/// A false alarm: which case, and which rules.
#[derive(Debug, Serialize)]
pub(crate) struct FalseAlarm {
    pub(crate) id: String,
    pub(crate) rules: Vec<String>,
}

/// A found credential with another origin than expected.
#[derive(Debug, Serialize)]
pub(crate) struct WrongOrigin {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) expected: String,
    pub(crate) said: String,
}

/// All counts.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Score {
    pub(crate) all: Count,
    pub(crate) by_kind: BTreeMap<String, Count>,
    pub(crate) by_format: BTreeMap<&'static str, Count>,
    pub(crate) by_rule: BTreeMap<String, RuleCount>,
    /// Expected origin, then said origin: those that are only possible with a question mark, `(missed)` where nothing
    /// was found.
    pub(crate) origins: BTreeMap<String, BTreeMap<String, u64>>,
    pub(crate) origins_by_kind: BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>,
    /// Alarms in positive cases that do not cover the labelled secret.
    pub(crate) beside: u64,
    /// Positives whose secret does not stand in the text as given; any alarm counts for them.
    pub(crate) unplaced: u64,
    /// What the gate said it had not read.
    pub(crate) unexamined: u64,
    pub(crate) misses: Vec<String>,
    pub(crate) false_alarms: Vec<FalseAlarm>,
    pub(crate) wrong_origins: Vec<WrongOrigin>,
}

impl Score {
    /// Adds a batch; the number in a finding's path is the index in `cases`.
    pub(crate) fn add(&mut self, cases: &[Expected], report: &Report) {
        self.unexamined += report.unexamined.len() as u64;
        let mut alarms: Vec<Vec<&Finding>> = vec![Vec::new(); cases.len()];
        for finding in report.findings.iter().filter(|finding| finding.is_alarm()) {
            if let Some(of_case) = finding.case().and_then(|index| alarms.get_mut(index)) {
                of_case.push(finding);
            }
        }
        for (case, alarms) in cases.iter().zip(alarms) {
            match case.label {
                Label::Positive => self.positive(case, &alarms),
                Label::Negative => self.negative(case, &alarms),
            }
        }
    }

    fn groups(&mut self, case: &Expected) -> [&mut Count; 3] {
        [
            &mut self.all,
            self.by_kind.entry(case.kind.clone()).or_default(),
            self.by_format.entry(case.format).or_default(),
        ]
    }

    fn positive(&mut self, case: &Expected, alarms: &[&Finding]) {
        let covering: Vec<&&Finding> = alarms
            .iter()
            .filter(|alarm| case.covered_by((alarm.place.line, alarm.place.column), &alarm.rule))
            .collect();
        let own = |alarm: &&&&Finding| Some(&alarm.rule) == case.rule.as_ref();
        let best = covering.iter().find(own).or(covering.first());
        self.beside += (alarms.len() - covering.len()) as u64;
        self.unplaced += u64::from(case.places.is_empty());
        for count in self.groups(case) {
            count.positives += 1;
            count.found += u64::from(best.is_some());
        }
        if let Some(rule) = &case.rule {
            let count = self.by_rule.entry(rule.clone()).or_default();
            count.positives += 1;
            count.found += u64::from(best.is_some());
            count.by_itself += u64::from(best.is_some_and(|alarm| alarm.rule == *rule));
        }
        if best.is_none() {
            self.misses.push(case.id.clone());
        }
        if let Some(expected) = &case.origin {
            let said = best.map_or_else(|| "(missed)".to_owned(), |alarm| alarm.origin());
            if said != *expected {
                self.wrong_origins.push(WrongOrigin {
                    id: case.id.clone(),
                    kind: case.kind.clone(),
                    expected: expected.clone(),
                    said: said.clone(),
                });
            }
            for table in [
                &mut self.origins,
                self.origins_by_kind.entry(case.kind.clone()).or_default(),
            ] {
                let row = table.entry(expected.clone()).or_default();
                *row.entry(said.clone()).or_default() += 1;
            }
        }
    }

    fn negative(&mut self, case: &Expected, alarms: &[&Finding]) {
        for count in self.groups(case) {
            count.negatives += 1;
            count.false_alarms += u64::from(!alarms.is_empty());
        }
        if alarms.is_empty() {
            return;
        }
        let mut rules: Vec<String> = alarms.iter().map(|alarm| alarm.rule.clone()).collect();
        rules.sort();
        rules.dedup();
        for rule in &rules {
            self.by_rule.entry(rule.clone()).or_default().false_alarms += 1;
        }
        self.false_alarms.push(FalseAlarm {
            id: case.id.clone(),
            rules,
        });
    }
}

/// How often production was said of those that are production's, and how often rightly.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct OfProduction {
    pub(crate) expected: u64,
    pub(crate) said: u64,
    pub(crate) rightly: u64,
}

impl OfProduction {
    /// From a table of expected and said origins.
    pub(crate) fn of(table: &BTreeMap<String, BTreeMap<String, u64>>) -> Self {
        let mut sum = Self::default();
        for (expected, row) in table {
            for (said, count) in row {
                let is = expected == "production";
                let says = said == "production";
                sum.expected += if is { *count } else { 0 };
                sum.said += if says { *count } else { 0 };
                sum.rightly += if is && says { *count } else { 0 };
            }
        }
        sum
    }
}
