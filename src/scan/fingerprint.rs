//! Ids of values. [`ValueId`] lives in one run and tells equal values apart from others; the fingerprint is for people and
//! files, and must not reveal the value.

use argon2::{Algorithm, Argon2, Params, Version};
use blake2::digest::consts::U16;
use blake2::{Blake2b, Digest};

use crate::model::{Secret, base32};

/// Equal for equal values. Never leaves the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId([u8; 16]);

type Blake2b128 = Blake2b<U16>;

/// The id of a value in this run.
pub fn value_id(secret: Secret<'_>) -> ValueId {
    ValueId(Blake2b128::digest(secret.expose()).into())
}

/// Argon2id with 4 MiB and one pass, about 3 ms: an issued token needs no stretching, but a password that a person chose
/// could be found by trying a dictionary against a fast hash that lies in a repository (RFC 9106, section 4).
const MEMORY_KIB: u32 = 4096;

/// The stable id of a value: `sg1:` and 24 characters of lower-case base32.
///
/// Values that a provider issued carry far more randomness than can be tried and go through BLAKE2b (RFC 7693); all others
/// go through Argon2id.
pub fn fingerprint(secret: Secret<'_>, issued: bool) -> String {
    const SALT: &[u8] = b"stagegate fingerprint 1";
    let mut digest = [0_u8; 16];
    if issued {
        let mut hash = Blake2b128::new();
        hash.update(SALT);
        hash.update(secret.expose());
        digest.copy_from_slice(&hash.finalize());
    } else {
        // Argon2 takes at most 4 GiB of input and these parameters are constants within its bounds.
        let stretched = Params::new(MEMORY_KIB, 1, 1, Some(digest.len())).and_then(|params| {
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                secret.expose(),
                SALT,
                &mut digest,
            )
        });
        if stretched.is_err() {
            return String::new();
        }
    }
    format!("sg1:{}", base32(&digest[..15]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_stable_and_tell_values_apart() {
        for issued in [true, false] {
            let of = |value: &'static [u8]| fingerprint(Secret::new(value), issued);
            assert_eq!(of(b"one"), of(b"one"));
            assert_ne!(of(b"one"), of(b"two"));
            assert_eq!(of(b"one").len(), 28);
            assert!(of(b"one").starts_with("sg1:"));
        }
    }
}
