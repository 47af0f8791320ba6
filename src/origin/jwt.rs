//! JSON Web Tokens: what the issuer wrote into the claims, decoded without the key that would verify them. A claim is the
//! issuer's own word, but not proof: anybody could have written it.
//!
//! Registered claims: RFC 7519. Kubernetes: <https://www.kubernetes.dev/resources/keps/1205/>.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::model::{EnvironmentFacts, Lifetime, Strength};

use super::name::{is_name, of_name, strong};
use super::{Evidence, Surroundings, host, privilege};

/// Larger ones are not decoded: headers of HTTP end far below.
const LARGEST: usize = 32 << 10;

/// Seconds that a short-lived token lives at most: a day, and what clocks may differ.
const SHORT: f64 = 24.0 * 3600.0 + 600.0;

/// Claims that name an environment.
const ENVIRONMENTS: [&str; 7] = [
    "env",
    "environment",
    "stage",
    "deployment",
    "deployment_environment",
    "environment_name",
    "environment_type",
];

/// Claims that name a tenant, an application or a project.
const TENANTS: [&str; 16] = [
    "tenant",
    "tid",
    "tenant_id",
    "realm",
    "org",
    "org_id",
    "organization",
    "workspace",
    "client_id",
    "clientId",
    "azp",
    "appid",
    "project",
    "project_id",
    "project_path",
    "ref",
];

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let Some(claims) = claims_of(around.value) else {
        return;
    };
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
    if let Some(issuer) = text("iss").filter(|issuer| issuer.contains("://")) {
        address("iss", issuer, around, found);
        // Keycloak: one issuer a realm.
        let realm = issuer
            .split_once("/realms/")
            .map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
        if let Some(realm) = realm {
            tenant("realm", realm, around, found);
        }
    }
    for audience in strings(claims.get("aud")) {
        if audience.contains("://") {
            address("aud", audience, around, found);
        } else {
            tenant("aud", audience, around, found);
        }
    }
    for claim in ENVIRONMENTS {
        if let Some(name) = text(claim).filter(|name| is_name(name))
            && let Some((tier, word)) = around.vocabulary.tier_of_environment(name)
        {
            let text = format!("its claim `{claim}` names {tier} (\"{word}\")");
            found.say("jwt", tier, Strength::Strong, text);
        }
    }
    for claim in TENANTS {
        if let Some(name) = text(claim) {
            tenant(claim, name, around, found);
        }
    }
    kubernetes(&claims, around, found);
    rights(&claims, found);
    lifetime(&claims, found);
}

/// The claims of a token; `None` where it is none, or encrypted.
fn claims_of(token: &[u8]) -> Option<Map<String, Value>> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    if token.len() > LARGEST || !token.starts_with(b"eyJ") {
        return None;
    }
    let mut parts = token.split(|&byte| byte == b'.');
    let payload = parts.nth(1)?;
    parts.next()?;
    serde_json::from_slice(&ENGINE.decode(payload).ok()?).ok()
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    /// More is no list of rights that a person wrote.
    const MOST: usize = 64;
    let (one, many) = match value {
        Some(Value::String(text)) => (Some(text.as_str()), None),
        Some(Value::Array(list)) => (None, Some(list)),
        _ => (None, None),
    };
    let many = many.into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many).take(MOST)
}

fn address(claim: &str, address: &str, around: &Surroundings<'_>, found: &mut Evidence) {
    let from = found.signals.len();
    host::of_host(address, around, found);
    found.seen_at(from, "jwt", &format!("its claim `{claim}`"));
}

fn tenant(claim: &str, name: &str, around: &Surroundings<'_>, found: &mut Evidence) {
    let from = found.signals.len();
    let list: fn(&EnvironmentFacts) -> &[String] = match claim {
        "project" | "project_id" => |facts| &facts.gcp_projects,
        _ => |facts| &facts.tenants,
    };
    of_name("jwt", "tenant", name, list, strong, around, found);
    found.seen_at(from, "jwt", &format!("its claim `{claim}`"));
}

fn kubernetes(claims: &Map<String, Value>, around: &Surroundings<'_>, found: &mut Evidence) {
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or("");
    let of_subject = subject
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split(':').next());
    let bound = claims
        .get("kubernetes.io")
        .and_then(|nested| nested.get("namespace"));
    let legacy = claims.get("kubernetes.io/serviceaccount/namespace");
    let namespace = bound.or(legacy).and_then(Value::as_str).or(of_subject);
    let Some(namespace) = namespace else { return };
    of_name(
        "jwt",
        "its service account's namespace",
        namespace,
        |facts| &facts.namespaces,
        strong,
        around,
        found,
    );
    if namespace == "kube-system" {
        found.privileged(
            "privilege",
            "it is a service account of kube-system, which runs the cluster".to_owned(),
        );
    }
}

fn rights(claims: &Map<String, Value>, found: &mut Evidence) {
    for claim in [
        "role",
        "roles",
        "groups",
        "scope",
        "scp",
        "permissions",
        "cognito:groups",
    ] {
        let right = strings(claims.get(claim))
            .flat_map(str::split_ascii_whitespace)
            .find(|right| privilege::is_right(right));
        if let Some(right) = right {
            found.privileged(
                "privilege",
                format!("its claim `{claim}` grants \"{right}\""),
            );
            return;
        }
    }
}

fn lifetime(claims: &Map<String, Value>, found: &mut Evidence) {
    let time = |claim: &str| claims.get(claim).and_then(Value::as_f64);
    let Some(end) = time("exp") else {
        found.lifetime = Lifetime::Long;
        found.remark(
            "lifetime",
            "it has no `exp`: it holds until the key that signed it is changed".to_owned(),
        );
        return;
    };
    if let Some(begin) = time("iat").or_else(|| time("nbf"))
        && end >= begin
    {
        found.lifetime = if end - begin <= SHORT {
            Lifetime::Short
        } else {
            Lifetime::Long
        };
        found.remark(
            "lifetime",
            format!("it lives {} by its `exp`", duration(end - begin)),
        );
    }
    found.ends = Timestamp::from_second(end as i64)
        .ok()
        .map(|end| TimeZone::UTC.to_datetime(end).date());
}

fn duration(seconds: f64) -> String {
    let minutes = seconds / 60.0;
    if minutes < 120.0 {
        format!("{minutes:.0} minutes")
    } else if minutes < 48.0 * 60.0 {
        format!("{:.0} hours", minutes / 60.0)
    } else {
        format!("{:.0} days", minutes / 60.0 / 24.0)
    }
}
