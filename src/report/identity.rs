//! What makes a finding the same one in the next run, for systems that keep a list: the value, its file and where it goes.
//! Not its line and not its commit, which move with every rebase.

use std::collections::HashMap;

use crate::model::Finding;

/// For each finding an id of 32 hexadecimal digits. The same value several times in one file is counted through, so
/// that ids are unique in a report.
pub(super) fn ids(findings: &[&Finding]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    findings
        .iter()
        .map(|finding| {
            let base = id(finding, 0);
            let nth = seen.entry(base.clone()).or_default();
            *nth += 1;
            match *nth {
                1 => base,
                nth => id(finding, nth),
            }
        })
        .collect()
}

/// Of a finding that stands there for the `nth` time.
fn id(finding: &Finding, nth: usize) -> String {
    // Without a fingerprint, which only what is allowed may be, the masked line has to do.
    let value = match finding.fingerprint.as_str() {
        "" => finding.excerpt.text.as_str(),
        fingerprint => fingerprint,
    };
    let destination = finding.destination.environment.as_deref();
    let nth = nth.to_string();
    let mut hash = blake3::Hasher::new();
    for part in [
        finding.rule.as_str(),
        finding.place.path.as_str(),
        value,
        destination.unwrap_or_default(),
        nth.as_str(),
    ] {
        // The length keeps the parts apart.
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().to_hex()[..32].to_owned()
}
