//! Check digits of token formats: they tell an issued token from one that somebody made up.

use super::schema::Checksum;

/// The digits of base62 in the order in which GitHub counts them.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Checksum {
    /// Whether the check digits at the end of `value` belong to what stands before them.
    pub fn holds(self, value: &[u8]) -> bool {
        let (body, digits) = match self {
            Self::Crc32Base62 => (30, 6),
            Self::Crc32Hex => (40, 8),
        };
        let Some(start) = value.len().checked_sub(body + digits) else {
            return false;
        };
        let (body, digits) = value[start..].split_at(body);
        match self {
            Self::Crc32Base62 => crc32_base62(body).as_slice() == digits,
            Self::Crc32Hex => crc32_hex(body).as_bytes() == digits,
        }
    }
}

/// The CRC-32 of `body` as six digits of base62, padded with zeros.
pub(super) fn crc32_base62(body: &[u8]) -> [u8; 6] {
    let mut number = crc32fast::hash(body);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(number % 62) as usize];
        number /= 62;
    }
    digits
}

/// The CRC-32 of `body` as eight lower-case hexadecimal digits.
pub(super) fn crc32_hex(body: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(body))
}

#[cfg(test)]
mod tests {
    use super::{Checksum, crc32_base62};

    /// The published vector's entropy; the prefix is left out, so that no whole token stands here.
    const ENTROPY: &str = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ";

    #[test]
    fn github_checksums_follow_the_published_vector() {
        assert_eq!(&crc32_base62(ENTROPY.as_bytes()), b"0mLq17");
        assert!(Checksum::Crc32Base62.holds(format!("xyz_{ENTROPY}0mLq17").as_bytes()));
        assert!(!Checksum::Crc32Base62.holds(format!("xyz_{ENTROPY}0mLq18").as_bytes()));
        assert!(!Checksum::Crc32Base62.holds(b"0mLq17"));
    }

    #[test]
    fn hexadecimal_checksums_hold_for_their_body_only() {
        let token = crate::rules::template::expand("xyz_{crc32_hex:40}", 3).expect("good");
        assert!(Checksum::Crc32Hex.holds(token.as_bytes()));
        assert!(!Checksum::Crc32Hex.holds(token.to_uppercase().as_bytes()));
        assert!(!Checksum::Crc32Hex.holds(b""));
    }
}
