//! Values in base64 that are too short for `scan::decode`, which opens runs of 24 digits and more: passwords of a Kubernetes
//! Secret are. Here a run is not opened for its own sake but looked at for known values, so that short ones are cheap.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 of eight bytes, the shortest run that is an anchor.
const SHORTEST: usize = 11;
/// From here on `scan::decode` opens it.
const LONGEST: usize = 23;

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Calls `visit` with every short run that is text in base64, and the text.
pub(super) fn find(text: &[u8], visit: &mut impl FnMut(Range<usize>, &[u8])) {
    let mut at = 0;
    let mut buffer = [0; LONGEST / 4 * 3 + 3];
    while at + SHORTEST <= text.len() {
        let window = &text[at..at + SHORTEST];
        if let Some(gap) = window.iter().rposition(|&byte| !is_digit(byte)) {
            at += gap + 1;
            continue;
        }
        let more = text[at + SHORTEST..]
            .iter()
            .position(|&byte| !is_digit(byte));
        let end = more.map_or(text.len(), |more| at + SHORTEST + more);
        if end - at <= LONGEST && may_be_text(&text[at..at + 4]) {
            let digits = &text[at..end];
            let len = STANDARD
                .decode_slice(digits, &mut buffer)
                .or_else(|_| URL_SAFE.decode_slice(digits, &mut buffer));
            if let Ok(len) = len {
                let bytes = buffer[..len].trim_ascii_end();
                if bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e)) {
                    visit(at..end, bytes);
                }
            }
        }
        at = end + 1;
    }
}

/// Whether the first three bytes are printable: a word or a name hardly ever passes, and this is cheaper than to decode it.
fn may_be_text(digits: &[u8]) -> bool {
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| SEXTET[usize::from(digits[at])]);
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

    #[test]
    fn short_runs_are_opened_and_words_are_not() {
        for value in ["a1b2c3d4", "a1b2c3d4e", "a1b2c3d4e5f6", "a1b2c3d4e5f6g7h8"] {
            for text in [
                format!("password: {}\n", STANDARD.encode(value)),
                format!("password: {}\n", STANDARD.encode(format!("{value}\n"))),
                format!("\"{}\"", STANDARD.encode(value).trim_end_matches('=')),
            ] {
                let mut seen = Vec::new();
                super::find(text.as_bytes(), &mut |_, bytes| seen.push(bytes.to_vec()));
                assert_eq!(seen, [value.as_bytes()], "{text}");
            }
        }
        super::find(b"getElementById getElementsBy", &mut |_, bytes| {
            panic!("{bytes:?}")
        });
    }
}
