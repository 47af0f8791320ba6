//! The alphabet of the ids that people read: fingerprints, and entries of an inventory.

/// RFC 4648 base32, lower case, of a whole number of five-byte groups.
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(bytes.len() / 5 * 8);
    for group in bytes.chunks_exact(5) {
        let bits = group
            .iter()
            .fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
        for at in (0..8).rev() {
            text.push(ALPHABET[(bits >> (at * 5) & 31) as usize] as char);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base32;

    #[test]
    fn base32_is_rfc_4648s() {
        assert_eq!(base32(b"fooba"), "mzxw6ytb");
    }
}
