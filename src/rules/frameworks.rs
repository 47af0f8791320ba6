//! Which controls of published frameworks a finding is about. Data: `frameworks.toml` beside this file.

use once_cell::sync::Lazy;
use serde::{Deserialize, Serialize};

use super::{Kind, Pack, Rule};
use crate::model::Family;

/// A published framework.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// What findings call it, with its version: an id means another thing in another one.
    pub name: String,
    /// Its whole title.
    pub title: String,
    /// Where it is published.
    pub source: String,
    /// Whether findings show a control's title behind its id.
    #[serde(default, skip_serializing)]
    pub named: bool,
    /// Whether its ids hold its name already: `CWE-798`.
    #[serde(default, skip_serializing)]
    pub numbered: bool,
    /// The controls that findings are about.
    #[serde(rename(deserialize = "control", serialize = "controls"))]
    pub controls: Vec<Control>,
}

/// A control, and what a finding has to be to be about it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// `NHI8:2025`, `PR.AA-05`.
    pub id: String,
    /// As published.
    pub title: String,
    /// What is to be known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Families whose findings are about it,
    #[serde(default)]
    pub families: Vec<Family>,
    /// of values only in these rows of the verdict table; in all where there are none.
    #[serde(default)]
    pub rows: Vec<String>,
    /// Ids of rules whose findings are about it; `*` at the end stands for any ending.
    #[serde(default)]
    pub rules: Vec<String>,
}

/// The frameworks, in the order in which a finding names them.
pub fn frameworks() -> &'static [Framework] {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(rename = "framework")]
        frameworks: Vec<Framework>,
    }
    // Read when the first finding is said: most runs have none.
    static FRAMEWORKS: Lazy<Vec<Framework>> = Lazy::new(|| {
        toml::from_str::<File>(include_str!("frameworks.toml"))
            .expect("the embedded frameworks are read by a test")
            .frameworks
    });
    &FRAMEWORKS
}

/// The references of a finding: of a rule, in a family and a row of the verdict table.
pub fn references(rule: &str, family: Family, row: &str) -> Vec<String> {
    frameworks()
        .iter()
        .flat_map(|framework| {
            framework
                .controls
                .iter()
                .map(move |control| (framework, control))
        })
        .filter(|(_, control)| control.is_about(rule, family, row))
        .map(|(framework, control)| framework.told(control))
        .collect()
}

impl Framework {
    /// A control as a finding names it.
    pub fn told(&self, control: &Control) -> String {
        let Control { id, title, .. } = control;
        match (self.numbered, self.named) {
            (true, _) => id.clone(),
            (_, true) => format!("{} {id} {title}", self.name),
            _ => format!("{} {id}", self.name),
        }
    }
}

impl Control {
    /// Whether a finding is about it.
    pub fn is_about(&self, rule: &str, family: Family, row: &str) -> bool {
        let in_row = !self.asks_for_row(family) || self.rows.iter().any(|known| known == row);
        self.families.contains(&family) && in_row || self.names(rule)
    }

    /// Whether, of a family, only findings in some rows are meant.
    pub fn asks_for_row(&self, family: Family) -> bool {
        let of_values = matches!(
            family,
            Family::Credential | Family::Reuse | Family::Inventory
        );
        of_values && !self.rows.is_empty()
    }

    /// Whether a rule may find something that is about it, whatever its row.
    pub fn may_be_about(&self, rule: &str, family: Family) -> bool {
        self.families.contains(&family) || self.names(rule)
    }

    fn names(&self, rule: &str) -> bool {
        self.rules
            .iter()
            .any(|known| match known.strip_suffix('*') {
                Some(start) => rule.starts_with(start),
                None => known == rule,
            })
    }
}

/// The family of what a rule finds.
pub fn family(pack: &Pack, rule: &Rule) -> Family {
    match (rule.kind, pack.provider.as_str()) {
        (Kind::Issued | Kind::Generic, _) => Family::Credential,
        (Kind::Data, _) => Family::Data,
        (Kind::Structural, "reference") => Family::Reference,
        (Kind::Structural, "identity") => Family::Identity,
        (Kind::Structural, "inventory") => Family::Inventory,
        (Kind::Structural, _) => Family::Reuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::builtin;

    #[test]
    fn every_rule_is_about_a_control_and_every_control_has_a_rule() {
        let rules: Vec<(&str, Family)> = builtin()
            .iter()
            .flat_map(|pack| {
                pack.rules
                    .iter()
                    .map(move |rule| (rule.id.as_str(), family(pack, rule)))
            })
            .collect();
        for (rule, family) in &rules {
            let count = references(rule, *family, "production-credential").len();
            assert!(count >= 4, "{rule} ({family:?}) is about {count} controls");
        }
        for framework in frameworks() {
            assert!(
                framework.source.starts_with("https://"),
                "{}",
                framework.name
            );
            for control in &framework.controls {
                let is_covered = rules
                    .iter()
                    .any(|(rule, family)| control.may_be_about(rule, *family));
                assert!(is_covered, "nothing is about {}", control.id);
                for named in &control.rules {
                    let is_there = rules.iter().any(|(rule, _)| match named.strip_suffix('*') {
                        Some(start) => rule.starts_with(start),
                        None => named == rule,
                    });
                    assert!(is_there, "{} names {named}, which is no rule", control.id);
                }
            }
        }
    }

    #[test]
    fn what_a_finding_is_about_follows_its_family_and_row() {
        let of = |rule, family, row| references(rule, family, row).join("; ");
        let production = of(
            "stripe-secret-key",
            Family::Credential,
            "production-credential",
        );
        assert!(
            production.starts_with(
                "OWASP NHI8:2025 Environment Isolation; OWASP NHI2:2025 Secret Leakage; "
            ),
            "{production}"
        );
        assert!(
            production.contains("NIST CSF 2.0 PR.AA-05; ") && production.contains("; CWE-798"),
            "{production}"
        );
        assert!(!production.contains("NHI7"), "{production}");
        let long = of(
            "stripe-secret-key",
            Family::Credential,
            "nonproduction-long-lived",
        );
        assert!(
            long.contains("OWASP NHI7:2025 Long-Lived Secrets"),
            "{long}"
        );
        let card = of("data-card-numbers", Family::Data, "data-declared");
        assert!(
            card.contains("PCI DSS 4.0 6.5.5") && card.contains("ISO/IEC 27001:2022 A.8.33"),
            "{card}"
        );
        assert!(!card.contains("CWE-798"), "{card}");
        assert!(!of("data-ibans", Family::Data, "data-declared").contains("6.5.5"));
    }
}
