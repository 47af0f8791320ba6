//! Booleans, nothing, the names of methods, and measures.

use super::Reason;

const CONSTANTS: [&str; 40] = [
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "null",
    "nil",
    "none",
    "enabled",
    "disabled",
    "required",
    "optional",
    "always",
    "never",
    "default",
    "auto",
    "basic",
    "bearer",
    "digest",
    "plain",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "base64",
    "bcrypt",
    "hmac",
    "aes256",
    "rs256",
    "hs256",
    "hs512",
    "es256",
    "oauth",
    "oauth2",
    "scram-sha-256",
    "trust",
    "peer",
    "varchar(255)",
    "x509",
];

const UNITS: [&str; 17] = [
    "s", "m", "h", "d", "ms", "kb", "mb", "gb", "mi", "gi", "min", "minutes", "hours", "days",
    "seconds", "z", "px",
];

pub(super) fn says(lower: &str) -> Option<Reason> {
    let small_number = lower.len() < 6 && lower.bytes().all(|byte| byte.is_ascii_digit());
    (small_number || CONSTANTS.contains(&lower) || is_signature_algorithm(lower))
        .then_some(Reason::Constant)
}

/// `RS512`, `es384`: algorithms of JSON Web Signatures.
fn is_signature_algorithm(lower: &str) -> bool {
    lower == "eddsa"
        || lower.len() == 5
            && ["hs", "rs", "es", "ps"]
                .iter()
                .any(|start| lower.starts_with(start))
            && ["256", "384", "512"]
                .iter()
                .any(|bits| lower.ends_with(bits))
}

/// `2024-01-31`, `10.5.3`, `^1.0.0`, `30d`, `1h30m`, `5 minutes`, but not a long run of digits, which may be a PIN or a key.
pub(super) fn measures(lower: &str) -> Option<Reason> {
    // The range of a version: `~> 1.2`, `>=1.0`.
    let lower = lower.trim_start_matches(['^', '~', '>', '<', '=', ' ']);
    let digits = lower.bytes().filter(u8::is_ascii_digit).count();
    let rest = lower.trim_start_matches(|character: char| {
        character.is_ascii_digit() || ".-:/ t+".contains(character)
    });
    let is_measure = digits > 0
        && (UNITS.contains(&rest)
            || rest.is_empty() && digits < 20 && lower.bytes().any(|byte| b".-:/".contains(&byte)));
    (is_measure || is_duration(lower)).then_some(Reason::Measure)
}

/// Digits and units in turn: `1h30m`, `36h0m0s`.
fn is_duration(lower: &str) -> bool {
    let mut parts = lower.split_inclusive(['w', 'd', 'h', 'm', 's']);
    lower.ends_with(['w', 'd', 'h', 'm', 's'])
        && parts.all(|part| {
            let digits = &part[..part.len() - 1];
            !digits.is_empty()
                && digits.len() < 6
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
}
