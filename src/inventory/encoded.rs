//! Values in base64 that are too short for `scan::decode`, which opens runs of 24 digits and more: passwords of a Kubernetes
//! Secret are. Here a run is not opened for its own sake but looked at for known values, so that short ones are cheap.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 of eight bytes, the shortest run that is an anchor.
pub(super) const SHORTEST: usize = 11;
/// From here on `scan::decode` opens it.
const LONGEST: usize = 23;

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// The text that a run of base64 digits stands for; `None` where it is none, or where `scan::decode` opens the run.
pub(super) fn open<'b>(digits: &[u8], buffer: &'b mut Buffer) -> Option<&'b [u8]> {
    if digits.len() > LONGEST || !may_be_text(digits) {
        return None;
    }
    let len = STANDARD
        .decode_slice(digits, &mut buffer[..])
        .or_else(|_| URL_SAFE.decode_slice(digits, &mut buffer[..]))
        .ok()?;
    let bytes = buffer[..len].trim_ascii_end();
    bytes
        .iter()
        .all(|byte| matches!(byte, 0x20..=0x7e))
        .then_some(bytes)
}

/// Room for what the longest of these runs stands for.
pub(super) type Buffer = [u8; LONGEST / 4 * 3 + 3];

/// Whether the first three bytes are printable: a word or a name hardly ever passes, and this is cheaper than to decode it.
fn may_be_text(digits: &[u8]) -> bool {
    let Some(first) = digits.first_chunk::<4>() else {
        return false;
    };
    let [a, b, c, d] = first.map(|digit| SEXTET[usize::from(digit)]);
    [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]
        .iter()
        .all(|byte| matches!(byte, 0x20..=0x7e))
}

/// What a digit stands for, in either alphabet.
static SEXTET: [u8; 256] = {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [0; 256];
    let mut value = 0;
    while value < 64 {
        table[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{Buffer, open};

    #[test]
    fn short_runs_are_opened_and_words_are_not() {
        for value in ["a1b2c3d4", "a1b2c3d4e", "a1b2c3d4e5f6", "a1b2c3d4e5f6g7h8"] {
            for encoded in [
                STANDARD.encode(value),
                STANDARD.encode(format!("{value}\n")),
            ] {
                let digits = encoded.trim_end_matches('=');
                let mut buffer = Buffer::default();
                assert_eq!(
                    open(digits.as_bytes(), &mut buffer),
                    Some(value.as_bytes()),
                    "{encoded}"
                );
            }
        }
        for word in ["getElementById", "getElementsBy", "a", "", "some-long-name"] {
            assert_eq!(
                open(word.as_bytes(), &mut Buffer::default()),
                None,
                "{word}"
            );
        }
    }
}
