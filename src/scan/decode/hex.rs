//! Hexadecimal digits in pairs.

/// The bytes that the digits mean; an odd digit at the end is left out.
pub(super) fn open(digits: &[u8]) -> Vec<u8> {
    digits
        .chunks_exact(2)
        .filter_map(|pair| pair_value(pair[0], pair[1]))
        .collect()
}

/// The byte that two digits mean.
pub(super) fn pair_value(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
