//! X.509: whom a certificate beside a private key was issued to (subject, alternative names), by whom, and for how long.
//! RFC 5280. Certificates of authorities say nothing of the key: they stand in every environment's bundle.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, DecodePem as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};

use crate::model::Lifetime;

use super::name::{is_name, strong};
use super::{Evidence, Surroundings, host};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// `-----BEGIN CERTIFICATE-----` in base64.
const ENCODED: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t";
/// Larger ones are not parsed.
const LARGEST: usize = 64 << 10;
/// So many of a text: a chain has three or four.
const MOST: usize = 8;
/// Alternative names of one certificate that are looked at.
const MOST_NAMES: usize = 100;
/// Seconds that a short-lived certificate lives at most.
const SHORT: u64 = 24 * 3600 + 600;

/// What a certificate says, as far as it is evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// Common name and organisation of the subject.
    subject: Vec<String>,
    hosts: Vec<String>,
    is_short: bool,
    is_cluster_admin: bool,
}

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let id = around.rule.id.as_str();
    if !id.contains("private-key")
        && id != "kubernetes-client-key"
        && !around.value.starts_with(b"-----BEGIN ")
    {
        return;
    }
    // `tls.crt` beside `tls.key`, `client-certificate-data` beside `client-key-data`.
    let beside = around
        .siblings
        .iter()
        .filter_map(|(_, value)| of_value(value))
        .find_map(|pem| parse(&pem));
    // In a file of PEM blocks the first that is no authority's.
    let said = beside.or_else(|| around.document.certificate().cloned());
    let Some(said) = said else { return };
    let from = found.signals.len();
    for name in &said.hosts {
        host::of_host(name, around, found);
    }
    for name in &said.subject {
        if name.contains('.') {
            host::of_host(name, around, found);
        } else if let Some((tier, word)) = around.vocabulary.tier_of_name(name) {
            let text = format!("subject {name} names {tier} (\"{word}\")");
            found.say("certificate", tier, strong(tier), text);
        }
    }
    found.seen_at(from, "certificate", "the certificate beside it");
    if said.is_short {
        found.lifetime = Lifetime::Short;
    }
    if said.is_cluster_admin {
        found.privileged(
            "privilege",
            "the certificate beside it is of system:masters, which administers the cluster"
                .to_owned(),
        );
    }
}

/// The certificate in PEM that a value is, or is once decoded.
fn of_value(value: &str) -> Option<String> {
    let value = value.trim();
    if value.len() > LARGEST {
        return None;
    }
    if value.starts_with(BEGIN) {
        return Some(value.replace("\\n", "\n"));
    }
    if !value.starts_with(ENCODED) {
        return None;
    }
    String::from_utf8(STANDARD.decode(value).ok()?).ok()
}

/// The first certificate of a text that is no authority's.
pub(super) fn first_in(text: &str) -> Option<Said> {
    let mut rest = text;
    for _ in 0..MOST {
        let start = rest.find(BEGIN)?;
        rest = &rest[start..];
        let end = rest.find(END)? + END.len();
        if end <= LARGEST
            && let Some(said) = parse(&rest[..end].replace("\\n", "\n"))
        {
            return Some(said);
        }
        rest = &rest[end..];
    }
    None
}

fn parse(pem: &str) -> Option<Said> {
    let end = pem.find(END)? + END.len();
    // Indented in YAML.
    let lines: Vec<&str> = pem[..end].lines().map(str::trim).collect();
    let certificate = Certificate::from_pem(lines.join("\n"))
        .ok()?
        .tbs_certificate;
    let mut said = Said {
        subject: Vec::new(),
        hosts: Vec::new(),
        is_short: false,
        is_cluster_admin: false,
    };
    for extension in certificate.extensions.iter().flatten() {
        let value = extension.extn_value.as_bytes();
        if let Ok(constraints) = BasicConstraints::from_der(value)
            && extension.extn_id.to_string() == "2.5.29.19"
        {
            if constraints.ca {
                return None;
            }
        } else if extension.extn_id.to_string() == "2.5.29.17"
            && let Ok(SubjectAltName(names)) = SubjectAltName::from_der(value)
        {
            said.hosts
                .extend(names.iter().take(MOST_NAMES).filter_map(|name| {
                    let name = match name {
                        GeneralName::DnsName(name) => name.as_str(),
                        GeneralName::UniformResourceIdentifier(name) => name.as_str(),
                        _ => return None,
                    };
                    let name = name.trim_start_matches("*.");
                    (is_name(name) && !host::is_local(name)).then(|| name.to_owned())
                }));
        }
    }
    for attribute in certificate
        .subject
        .0
        .iter()
        .flat_map(|names| names.0.iter())
    {
        let of = attribute.oid.to_string();
        let text = std::str::from_utf8(attribute.value.value()).unwrap_or("");
        match of.as_str() {
            // Common name, organisation, organisational unit.
            "2.5.4.3" | "2.5.4.10" | "2.5.4.11" if is_name(text) => {
                said.is_cluster_admin |= of == "2.5.4.10" && text == "system:masters";
                if !host::is_local(text) {
                    said.subject.push(text.to_owned());
                }
            }
            _ => {}
        }
    }
    let validity = &certificate.validity;
    let lives = validity
        .not_after
        .to_unix_duration()
        .checked_sub(validity.not_before.to_unix_duration());
    said.is_short = lives.is_some_and(|lives| lives.as_secs() <= SHORT);
    Some(said)
}
