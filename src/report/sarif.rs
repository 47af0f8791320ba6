//! SARIF 2.1.0: code scanning of GitHub and Azure DevOps, IDEs, Jenkins (warnings-ng), DefectDojo.
//!
//! What a finding is about stands as taxonomies, what an exception lets pass as a suppression, and what could not be read as a
//! notification of the tool, so that a run without results is not taken for a clean one.

use std::io;

use serde_json::{Map, Value, json};

use super::{
    Options, headline, identity,
    json::emit,
    shown,
    words::{belongs_to, file, goes_to, message},
};
use crate::model::{Exemption, Finding, Outcome, Report, Verdict};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// How references name the controls of a framework, what it is called, its version, and where it is published.
pub(super) const TAXONOMIES: [(&str, &str, &str, &str); 6] = [
    (
        "OWASP ",
        "OWASP Non-Human Identities Top 10",
        "2025",
        "https://owasp.org/www-project-non-human-identities-top-10/2025/top-10-2025",
    ),
    (
        "NIST CSF 2.0 ",
        "NIST CSF",
        "2.0",
        "https://doi.org/10.6028/NIST.CSWP.29",
    ),
    (
        "NIST SP 800-207 ",
        "NIST SP 800-207",
        "2020",
        "https://doi.org/10.6028/NIST.SP.800-207",
    ),
    (
        "PCI DSS 4.0 ",
        "PCI DSS",
        "4.0",
        "https://www.pcisecuritystandards.org/document_library/",
    ),
    (
        "ISO/IEC 27001:2022 ",
        "ISO/IEC 27001",
        "2022",
        "https://www.iso.org/standard/27001",
    ),
    ("CWE-", "CWE", "", "https://cwe.mitre.org/"),
];

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = shown(report, options);
    let ids = identity::ids(&findings);
    let taxa = Taxa::of(&findings);
    let mut rules: Vec<&Finding> = Vec::new();
    for finding in &findings {
        if !rules.iter().any(|known| known.rule == finding.rule) {
            rules.push(finding);
        }
    }
    let results: Vec<Value> = findings
        .iter()
        .zip(&ids)
        .map(|(finding, id)| result(finding, id, &rules, &taxa))
        .collect();
    let outcome = report.outcome();
    let notifications: Vec<Value> = report
        .unexamined
        .iter()
        .map(|entry| {
            json!({
                "level": if entry.refuses { "error" } else { "note" },
                "message": { "text": format!("Not examined: {}: {}", entry.what, entry.reason) },
                "descriptor": { "id": "unexamined" },
            })
        })
        .chain(report.news.iter().chain(&report.notes).map(|note| {
            json!({
                "level": "note",
                "message": { "text": note },
                "descriptor": { "id": "remark" },
            })
        }))
        .collect();
    let run = json!({
        "tool": { "driver": driver(&rules, &taxa) },
        // What stands before the last slash is a category to code scanning: a later run of the mode replaces the former.
        "automationDetails": { "id": format!("stagegate/{}/", report.mode) },
        "invocations": [{
            "executionSuccessful": outcome != Outcome::Undecided,
            "exitCode": outcome.exit_code(),
            "exitCodeDescription": headline::always(report, &findings),
            "toolExecutionNotifications": notifications,
        }],
        "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "The top of the repository." } } },
        "results": results,
        "taxonomies": taxa.taxonomies(),
        "properties": {
            "mode": report.mode,
            "policy": report.policy,
            "outcome": outcome,
            "refs": report.refs,
            "stats": report.stats,
        },
    });
    emit(
        &json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }),
        out,
    )
}

fn driver(rules: &[&Finding], taxa: &Taxa<'_>) -> Value {
    let rules: Vec<Value> = rules.iter().map(|first| rule(first)).collect();
    json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
        "notifications": [
            { "id": "unexamined", "shortDescription": { "text": "Something could not be read." } },
            { "id": "remark", "shortDescription": { "text": "A remark on the run." } },
        ],
        "supportedTaxonomies": taxa.used().map(|(at, (_, name, ..))| json!({ "name": name, "index": at })).collect::<Vec<_>>(),
    })
}

/// A rule, as its first finding describes it.
fn rule(first: &Finding) -> Value {
    let mut rule = json!({
        "id": first.rule,
        "shortDescription": { "text": first.title },
        "properties": {
            "provider": first.provider,
            "tags": ["security", first.family.as_str()],
            // GitHub reads it here. The strictest finding of a rule comes first.
            "security-severity": level(first).2,
        },
    });
    if !first.remedy.is_empty() {
        rule["help"] = json!({ "text": first.remedy });
    }
    if let Some(url) = first
        .references
        .iter()
        .find(|one| one.starts_with("https://"))
    {
        rule["helpUri"] = url.as_str().into();
    }
    rule
}

fn result(finding: &Finding, id: &str, rules: &[&Finding], taxa: &Taxa<'_>) -> Value {
    let (kind, level, severity) = level(finding);
    let mut prints = Map::new();
    // The value in its file, whatever its line; and the value alone, to see where else it stands.
    prints.insert("stagegateFinding/v1".to_owned(), id.into());
    if !finding.fingerprint.is_empty() {
        prints.insert(
            "stagegateValue/v1".to_owned(),
            finding.fingerprint.as_str().into(),
        );
    }
    let place = &finding.place;
    let properties = json!({
        "verdict": finding.verdict,
        "family": finding.family,
        "because": finding.because,
        "origin": finding.origin,
        "destination": finding.destination,
        "whose": belongs_to(finding),
        "goesTo": goes_to(finding),
        "ref": place.ref_name,
        "commit": place.commit,
        "column": place.column,
        "lifetime": finding.lifetime,
        "privileged": finding.privileged,
        "evidence": finding.evidence,
        "references": finding.references,
        "security-severity": severity,
    });
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": rules.iter().position(|rule| rule.rule == finding.rule),
        "level": level,
        "kind": kind,
        "message": { "text": message(finding) },
        "locations": [location(finding)],
        "partialFingerprints": prints,
        "taxa": taxa.references(finding),
        "properties": properties,
    });
    if let Some(by) = finding.because.exempted_by {
        result["suppressions"] = json!([{
            "kind": match by {
                Exemption::Comment => "inSource",
                Exemption::Exception | Exemption::List => "external",
            },
            "status": "accepted",
            "justification": format!("{} ({})", finding.because.text, finding.because.policy_line),
        }]);
    }
    result
}

/// Kind and level of a result, and its severity out of 10.
fn level(finding: &Finding) -> (&'static str, &'static str, &'static str) {
    match finding.verdict {
        Verdict::Block if finding.privileged => ("fail", "error", "9.5"),
        Verdict::Block => ("fail", "error", "8.5"),
        Verdict::Warn => ("fail", "warning", "5.0"),
        // What an exception lets pass is a failure that is suppressed.
        Verdict::Allow if finding.because.exempted_by.is_some() => ("fail", "error", "8.5"),
        // What is no failure has this level in SARIF, and no other.
        Verdict::Allow => ("informational", "none", "0.0"),
    }
}

fn location(finding: &Finding) -> Value {
    let place = &finding.place;
    let Some(path) = file(finding) else {
        // A message of a commit or tag is in no file.
        return json!({
            "logicalLocations": [{ "fullyQualifiedName": place.path }],
            "properties": { "line": place.line },
        });
    };
    let mut region = json!({
        "startLine": place.line,
        "snippet": { "text": finding.excerpt.text },
    });
    // Our columns count bytes and SARIF's characters. They are the same where the line is seen to begin in plain ASCII.
    let before = finding.excerpt.text.get(..finding.excerpt.start);
    if before.is_some_and(|text| text.is_ascii() && text.len() + 1 == place.column) {
        region["startColumn"] = place.column.into();
    }
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" },
            "region": region,
        },
    });
    if let Some(key) = &place.key_path {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": key, "kind": "member" }]);
    }
    location
}

/// A path as a relative reference of RFC 3986.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// The controls that the findings of a run are about.
struct Taxa<'r> {
    /// For each of [`TAXONOMIES`] the ids, each with what is said behind it.
    controls: [Vec<(&'r str, &'r str)>; TAXONOMIES.len()],
}

impl<'r> Taxa<'r> {
    fn of(findings: &[&'r Finding]) -> Self {
        let mut controls: [Vec<(&str, &str)>; TAXONOMIES.len()] = Default::default();
        for reference in findings.iter().flat_map(|finding| &finding.references) {
            if let Some((at, id, title)) = control(reference)
                && !controls[at].iter().any(|(known, _)| *known == id)
            {
                controls[at].push((id, title));
            }
        }
        Self { controls }
    }

    /// The taxonomies of which a control is named, with their place among those.
    fn used(
        &self,
    ) -> impl Iterator<
        Item = (
            usize,
            &'static (&'static str, &'static str, &'static str, &'static str),
        ),
    > {
        let named = TAXONOMIES.iter().zip(&self.controls);
        named
            .filter(|(_, controls)| !controls.is_empty())
            .map(|(taxonomy, _)| taxonomy)
            .enumerate()
    }

    fn taxonomies(&self) -> Vec<Value> {
        let named = TAXONOMIES.iter().zip(&self.controls);
        named
            .filter(|(_, controls)| !controls.is_empty())
            .map(|((_, name, version, source), controls)| {
                let taxa: Vec<Value> = controls
                    .iter()
                    .map(|(id, title)| match *title {
                        "" => json!({ "id": id }),
                        title => json!({ "id": id, "shortDescription": { "text": title } }),
                    })
                    .collect();
                let mut taxonomy = json!({
                    "name": name,
                    "informationUri": source,
                    "organization": name.split(' ').next(),
                    "taxa": taxa,
                    "isComprehensive": false,
                });
                if !version.is_empty() {
                    taxonomy["version"] = (*version).into();
                }
                taxonomy
            })
            .collect()
    }

    /// The controls of one finding.
    fn references(&self, finding: &Finding) -> Vec<Value> {
        let controls = finding.references.iter().filter_map(|text| control(text));
        controls
            .filter_map(|(at, id, _)| {
                let (_, name, ..) = TAXONOMIES[at];
                let (index, _) = self.used().find(|(_, taxonomy)| taxonomy.1 == name)?;
                let place = self.controls[at].iter().position(|(known, _)| *known == id);
                Some(json!({
                    "id": id,
                    "index": place,
                    "toolComponent": { "name": name, "index": index },
                }))
            })
            .collect()
    }
}

/// The taxonomy, the id of the control in it, and its title where the reference has it.
fn control(reference: &str) -> Option<(usize, &str, &str)> {
    let at = TAXONOMIES
        .iter()
        .position(|(prefix, ..)| reference.starts_with(prefix))?;
    let rest = &reference[TAXONOMIES[at].0.len()..];
    Some(match TAXONOMIES[at].0 {
        // The one whose titles references hold.
        "OWASP " => {
            let (id, title) = rest.split_once(' ').unwrap_or((rest, ""));
            (at, id, title)
        }
        "CWE-" => (at, reference, ""),
        _ => (at, rest, ""),
    })
}
