//! Values that are encrypted, hashed, or public by their form.

use super::Reason;

/// What encrypted and hashed values begin with, in lower case.
const STARTS: [&str; 30] = [
    "enc[",
    "enc(",
    "enc:",
    "encrypted:",
    "{cipher}",
    "{crypt}",
    "{aes}",
    "$ansible_vault",
    "$2a$",
    "$2b$",
    "$2x$",
    "$2y$",
    "$argon2",
    "$pbkdf2",
    "$scrypt",
    "$5$",
    "$6$",
    "$1$",
    "$y$",
    "$7$",
    "$apr1$",
    "{ssha",
    "{sha",
    "{bcrypt}",
    "{pbkdf2}",
    "scram-sha-256$",
    "pbkdf2_sha256$",
    "pbkdf2:sha256:",
    "age-encryption.org",
    "ciphertext:",
];

/// What digests of contents begin with: container images, subresource integrity, Nix.
const DIGESTS: [&str; 9] = [
    "sha1:", "sha256:", "sha384:", "sha512:", "sha1-", "sha256-", "sha384-", "sha512-", "md5:",
];

/// Public keys and certificates.
const PUBLIC: [&str; 8] = [
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ecdsa-sha2-",
    "-----begin public",
    "-----begin rsa public",
    "-----begin certificate",
    "-----begin ssh2 public",
    "age1",
];

pub(super) fn says(text: &str, lower: &str) -> Option<Reason> {
    let starts = |list: &[&str]| list.iter().any(|start| lower.starts_with(start));
    // A SealedSecret starts with the base64 of a two-byte key length, and is long.
    let sealed = text.starts_with("Ag") && text.len() > 200;
    if starts(&STARTS)
        || sealed
        || is_ciphertext(text)
        || lower.starts_with("-----begin pgp message")
    {
        return Some(Reason::Encrypted);
    }
    if starts(&DIGESTS) {
        return Some(Reason::Digest);
    }
    let public = starts(&PUBLIC) && !(lower.starts_with("age1") && text.len() != 62)
        // The DER of a public key's header in base64: RSA of 1024 to 4096 bits, and P-256.
        || ["MIIBIjANBgkq", "MIICIjANBgkq", "MIGfMA0GCSq", "MFkwEwYHKoZIzj0CAQYI", "LS0tLS1CRUdJTiBDRVJU", "LS0tLS1CRUdJTiBQVUJ"]
            .iter()
            .any(|start| text.starts_with(start));
    public.then_some(Reason::Public)
}

/// Ciphertexts that say so by their form: of AWS KMS (the header of a symmetric one, in base64), of Fernet, of Pulumi
/// (`v1:nonce:text`), of Bitwarden (`2.iv|text|mac`).
fn is_ciphertext(text: &str) -> bool {
    let base64 = |part: &str| {
        part.len() >= 8
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte))
    };
    let envelope = |rest: &str, separator: char| {
        rest.contains(separator)
            && rest
                .split(separator)
                .all(|part| part == "v1" || base64(part))
    };
    let labelled = ["AQICAH", "AQECAH", "gAAAAAB"]
        .iter()
        .any(|start| text.starts_with(start));
    labelled && text.len() >= 80 && base64(text)
        || text
            .strip_prefix("v1:")
            .is_some_and(|rest| envelope(rest, ':'))
        || text.split_once('.').is_some_and(|(kind, rest)| {
            matches!(kind.as_bytes(), [b'0'..=b'7']) && envelope(rest, '|')
        })
}
