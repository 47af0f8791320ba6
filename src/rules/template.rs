//! The little language in which fixtures and the examples of rule packs are written, so that no real-looking secret
//! stands in any file: `sk_live_{alnum:24}` becomes a key only while a test runs.
//!
//! It is deterministic (one seed, one text) and knows nothing of rules. It is not for production secrets: the random
//! numbers are those of a test generator.
//!
//! | placeholder | what it becomes |
//! | --- | --- |
//! | `{alnum:n}` `{alpha:n}` `{lower:n}` `{upper:n}` `{digit:n}` `{lowalnum:n}` `{upalnum:n}` | n random letters and digits |
//! | `{hex:n}` `{hexupper:n}` | n hexadecimal digits |
//! | `{base64:n}` `{base64url:n}` `{base32:n}` `{lowbase32:n}` `{bech32upper:n}` | n characters of that alphabet, no padding |
//! | `{uuid}` `{uuid4}` | lower-case UUID; `uuid4` has version and variant bits |
//! | `{aws_key_id:ACCOUNT}` `{aws_session_key_id:ACCOUNT}` | key id of 20 characters whose account is ACCOUNT |
//! | `{crc32_base62:n}` `{crc32_hex:n}` | n random characters and their CRC-32, as GitHub and Cloudflare write it |
//! | `{b64:T}` `{b64nopad:T}` `{b64urlnopad:T}` `{urlencode:T}` `{jsonstr:T}` | the expanded T, encoded |
//! | `{jwt:T}` | a signed JWT whose claims are the expanded T |
//! | `{pem_private_key}` `{pem_private_key:RSA}` | a PEM block of several lines; also EC, DSA, OPENSSH, ENCRYPTED, PGP |
//! | `{password:n}` | a strong password: both cases, digits, symbols |
//! | `{pan:P}` | a card number that begins with P, of its issuer's length, with its check digit |
//! | `{iban:CC}` | an account of DE, FR, NL, ES or AT whose digits are random, with its check digits |
//! | `{rows:n:T}` | T expanded n times |
//! | `{lit:text}` | text as it stands, braces and all |
//!
//! Arguments nest as long as their braces balance. Braces that do not look like a placeholder (`${X}`, `{{ x }}`, JSON)
//! stay as they are; an unknown lower-case name is an error, so that a typing mistake cannot pass for a fixture.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::checksum::{crc32_base62, crc32_hex};

/// A template that cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template, byte {at}: {what}")]
pub struct TemplateError {
    /// What is wrong with it.
    pub what: String,
    /// Offset of the placeholder in the template (in its argument, where it is nested).
    pub at: usize,
}

/// Expands every placeholder of `template`; the same seed gives the same text.
pub fn expand(template: &str, seed: u64) -> Result<String, TemplateError> {
    expand_with(template, &mut fastrand::Rng::with_seed(seed))
}

const DIGITS: &str = "0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ALPHA: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ALNUM: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LOWALNUM: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
const UPALNUM: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const HEX: &str = "0123456789abcdef";
const HEXUPPER: &str = "0123456789ABCDEF";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LOWBASE32: &str = "abcdefghijklmnopqrstuvwxyz234567";
const BECH32UPPER: &str = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
/// Symbols that need no quoting in URLs, YAML, dotenv files and shells' double quotes.
const SYMBOLS: &str = "*^~";

/// Longest random run and largest `n`; a bound, so that a mistyped number cannot fill the memory.
const LONGEST: usize = 65_536;

fn expand_with(template: &str, rng: &mut fastrand::Rng) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let at = template.len() - rest.len();
        let fault = |what: String| TemplateError { what, at };
        let Some(name) = placeholder_name(rest) else {
            out.push('{');
            rest = &rest[1..];
            continue;
        };
        let close = matching_brace(rest)
            .ok_or_else(|| fault(format!("the braces of {{{name} do not balance")))?;
        let argument = rest[1 + name.len()..close].strip_prefix(':');
        let value = placeholder(name, argument, rng)
            .map_err(|what| fault(format!("{{{name}}}: {what}")))?;
        out.push_str(&value);
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The name, if `text` (which starts with a brace) looks like a placeholder.
fn placeholder_name(text: &str) -> Option<&str> {
    let body = &text[1..];
    let end = body
        .find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .unwrap_or(body.len());
    let name = &body[..end];
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    (starts_well && body[end..].starts_with([':', '}'])).then_some(name)
}

/// Offset of the brace that closes the one `text` starts with.
fn matching_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(offset);
                }
            }
            _ => {}
        }
    }
    None
}

fn placeholder(
    name: &str,
    argument: Option<&str>,
    rng: &mut fastrand::Rng,
) -> Result<String, String> {
    let alphabet = match name {
        "alnum" => ALNUM,
        "alpha" => ALPHA,
        "lower" => LOWER,
        "upper" => UPPER,
        "digit" => DIGITS,
        "lowalnum" => LOWALNUM,
        "upalnum" => UPALNUM,
        "hex" => HEX,
        "hexupper" => HEXUPPER,
        "base64" => BASE64,
        "base64url" => BASE64URL,
        "base32" => BASE32,
        "lowbase32" => LOWBASE32,
        "bech32upper" => BECH32UPPER,
        _ => return composed(name, argument, rng),
    };
    Ok(random(alphabet, length(argument)?, rng))
}

fn composed(name: &str, argument: Option<&str>, rng: &mut fastrand::Rng) -> Result<String, String> {
    match name {
        "lit" => Ok(text(argument)?.to_owned()),
        "uuid" => Ok(uuid(rng)),
        "uuid4" => {
            let mut value = uuid(rng);
            value.replace_range(14..15, "4");
            value.replace_range(19..20, rng.choice(["8", "9", "a", "b"]).unwrap_or("8"));
            Ok(value)
        }
        "aws_key_id" => aws_key_id("AKIA", text(argument)?, rng),
        "aws_session_key_id" => aws_key_id("ASIA", text(argument)?, rng),
        "crc32_base62" => {
            let entropy = random(ALNUM, length(argument)?, rng);
            let check = crc32_base62(entropy.as_bytes());
            Ok(entropy + &check.map(char::from).iter().collect::<String>())
        }
        "crc32_hex" => {
            let body = random(ALNUM, length(argument)?, rng);
            Ok(format!("{body}{}", crc32_hex(body.as_bytes())))
        }
        "b64" => Ok(STANDARD.encode(inner(argument, rng)?)),
        "b64nopad" => Ok(STANDARD_NO_PAD.encode(inner(argument, rng)?)),
        "b64urlnopad" => Ok(URL_SAFE_NO_PAD.encode(inner(argument, rng)?)),
        "urlencode" => Ok(urlencode(&inner(argument, rng)?)),
        "jsonstr" => Ok(inner(argument, rng)?
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")),
        "jwt" => {
            let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
            let claims = URL_SAFE_NO_PAD.encode(inner(argument, rng)?);
            Ok(format!("{header}.{claims}.{}", random(BASE64URL, 43, rng)))
        }
        "pem_private_key" => pem_private_key(argument.unwrap_or(""), rng),
        "password" => password(length(argument)?, rng),
        "pan" => pan(text(argument)?, rng),
        "iban" => iban(text(argument)?, rng),
        "rows" => {
            let (count, inner) = text(argument)?
                .split_once(':')
                .ok_or("wants a number and a text")?;
            let count = length(Some(count))?;
            (0..count)
                .map(|_| expand_with(inner, rng).map_err(|error| error.to_string()))
                .collect()
        }
        _ => Err(
            "no such placeholder; write {lit:...} around text that only looks like one".to_owned(),
        ),
    }
}

fn text(argument: Option<&str>) -> Result<&str, String> {
    argument.ok_or_else(|| "wants an argument after a colon".to_owned())
}

fn inner(argument: Option<&str>, rng: &mut fastrand::Rng) -> Result<String, String> {
    expand_with(text(argument)?, rng).map_err(|error| error.to_string())
}

fn length(argument: Option<&str>) -> Result<usize, String> {
    text(argument)?
        .parse()
        .ok()
        .filter(|n| (1..=LONGEST).contains(n))
        .ok_or_else(|| format!("wants a length from 1 to {LONGEST}"))
}

/// `n` characters of `alphabet`; the first and the last are letters or digits, so that a word boundary stands at
/// both ends whatever the alphabet.
fn random(alphabet: &str, n: usize, rng: &mut fastrand::Rng) -> String {
    let all = alphabet.as_bytes();
    let plain: Vec<u8> = all
        .iter()
        .copied()
        .filter(u8::is_ascii_alphanumeric)
        .collect();
    (0..n)
        .map(|index| {
            let from = if index == 0 || index + 1 == n {
                &plain
            } else {
                all
            };
            char::from(from[rng.usize(..from.len())])
        })
        .collect()
}

fn uuid(rng: &mut fastrand::Rng) -> String {
    [8, 4, 4, 4, 12].map(|n| random(HEX, n, rng)).join("-")
}

/// Nine base-32 characters hold the generation bit, the account in 40 bits, and four bits of something else.
fn aws_key_id(prefix: &str, account: &str, rng: &mut fastrand::Rng) -> Result<String, String> {
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = account
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or("wants an account id of 12 digits")?;
    let value = (1 << 44) | (number << 4) | rng.u64(..16);
    let encoded: String = (0..9)
        .rev()
        .map(|place| char::from(BASE32.as_bytes()[(value >> (5 * place)) as usize & 31]))
        .collect();
    Ok(format!("{prefix}{encoded}{}", random(BASE32, 7, rng)))
}

fn urlencode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A block that looks like a private key and is none. The header is put together here because the finished line, in
/// a source file, is what every secret scanner looks for.
fn pem_private_key(kind: &str, rng: &mut fastrand::Rng) -> Result<String, String> {
    let (label, opening) = match kind {
        "" => ("PRIVATE KEY".to_owned(), "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"),
        "RSA" => ("RSA PRIVATE KEY".to_owned(), "MIIEpAIBAAKCAQEA"),
        "EC" => ("EC PRIVATE KEY".to_owned(), "MHcCAQEEI"),
        "DSA" => ("DSA PRIVATE KEY".to_owned(), "MIIBuwIBAAKBgQD"),
        "OPENSSH" => (
            "OPENSSH PRIVATE KEY".to_owned(),
            "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
        ),
        "ENCRYPTED" => (
            "ENCRYPTED PRIVATE KEY".to_owned(),
            "MIIFHDBOBgkqhkiG9w0BBQ0w",
        ),
        "PGP" => ("PGP PRIVATE KEY BLOCK".to_owned(), "lQdGBG"),
        _ => return Err("wants nothing, RSA, EC, DSA, OPENSSH, ENCRYPTED or PGP".to_owned()),
    };
    let rule = "-".repeat(5);
    let mut lines = vec![format!("{rule}BEGIN {label}{rule}")];
    if kind == "PGP" {
        lines.push(String::new());
    }
    lines.push(format!(
        "{opening}{}",
        random(BASE64, 64 - opening.len(), rng)
    ));
    let middle = if kind == "EC" { 1 } else { 24 };
    lines.extend((0..middle).map(|_| random(BASE64, 64, rng)));
    lines.push(format!("{}==", random(BASE64, 22, rng)));
    lines.push(format!("{rule}END {label}{rule}"));
    Ok(lines.join("\n"))
}

fn password(n: usize, rng: &mut fastrand::Rng) -> Result<String, String> {
    if n < 8 {
        return Err("a password of fewer than 8 characters is not strong".to_owned());
    }
    // One character of each class, the symbol neither first nor last; the rest letters and digits, mixed.
    let mut middle: Vec<u8> = random(ALNUM, n - 5, rng).into_bytes();
    for class in [DIGITS, SYMBOLS, UPPER] {
        middle.push(class.as_bytes()[rng.usize(..class.len())]);
    }
    rng.shuffle(&mut middle);
    let middle: String = middle.into_iter().map(char::from).collect();
    Ok(random(UPPER, 1, rng) + &middle + &random(LOWER, 1, rng))
}

/// Every other digit from the right counts double (Luhn). No digit stands twice in a row, so that none looks made up.
fn pan(prefix: &str, rng: &mut fastrand::Rng) -> Result<String, String> {
    let len = match prefix.as_bytes() {
        [b'3', b'4' | b'7', ..] => 15,
        [b'2' | b'4' | b'5' | b'6', ..] => 16,
        _ => return Err("wants the first digits of an issuer: 4, 51, 2221, 34, 6011".to_owned()),
    };
    if prefix.len() > 8 || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("wants at most eight digits".to_owned());
    }
    let mut digits = prefix.to_owned();
    while digits.len() + 1 < len {
        let digit = char::from(DIGITS.as_bytes()[rng.usize(..10)]);
        if !digits.ends_with(digit) {
            digits.push(digit);
        }
    }
    let sum: usize = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = usize::from(byte - b'0');
            let double = digit * 2;
            match place % 2 {
                0 => double / 10 + double % 10,
                _ => digit,
            }
        })
        .sum();
    let check = (10 - sum % 10) % 10;
    Ok(digits + &check.to_string())
}

/// The check digits make the remainder of 97 one, with the country's letters as numbers behind the account.
fn iban(country: &str, rng: &mut fastrand::Rng) -> Result<String, String> {
    let account = match country {
        "DE" => random(DIGITS, 18, rng),
        "FR" => random(DIGITS, 23, rng),
        "NL" => random(UPPER, 4, rng) + &random(DIGITS, 10, rng),
        "ES" => random(DIGITS, 20, rng),
        "AT" => random(DIGITS, 16, rng),
        _ => return Err("wants DE, FR, NL, ES or AT".to_owned()),
    };
    let left = format!("{account}{country}00")
        .chars()
        .fold(0, |left, character| {
            let value = character.to_digit(36).unwrap_or(0);
            (left * if value < 10 { 10 } else { 100 } + value) % 97
        });
    Ok(format!("{country}{:02}{account}", 98 - left))
}

#[cfg(test)]
mod tests {
    use super::expand;
    use crate::rules::Checksum;

    fn of(template: &str) -> String {
        expand(template, 7).expect("the template is good")
    }

    #[test]
    fn the_same_seed_gives_the_same_text_and_another_seed_another() {
        assert_eq!(of("sk_live_{alnum:24}"), of("sk_live_{alnum:24}"));
        assert_ne!(
            expand("{alnum:24}", 1).expect("good"),
            expand("{alnum:24}", 2).expect("good")
        );
    }

    #[test]
    fn every_alphabet_keeps_its_length_and_a_word_boundary_at_both_ends() {
        for name in [
            "alnum",
            "alpha",
            "lower",
            "upper",
            "digit",
            "lowalnum",
            "upalnum",
            "hex",
            "hexupper",
            "base64",
            "base64url",
            "base32",
            "lowbase32",
            "bech32upper",
            "password",
        ] {
            for seed in 0..200 {
                let value = expand(&format!("{{{name}:40}}"), seed).expect("good");
                assert_eq!(value.len(), 40, "{name}");
                assert!(
                    value.starts_with(|c: char| c.is_ascii_alphanumeric()),
                    "{name}"
                );
                assert!(
                    value.ends_with(|c: char| c.is_ascii_alphanumeric()),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn braces_that_are_no_placeholder_stay() {
        for literal in [
            "${X}",
            "{{ x }}",
            r#"{"a": {"b": 1}}"#,
            "{}",
            "{ name }",
            "{Name}",
            "a { b",
            "{-}",
            "{{.Values.x}}",
        ] {
            assert_eq!(of(literal), literal);
        }
        assert_eq!(of("{lit:{env}} and {lit:{a:{b}}}"), "{env} and {a:{b}}");
        assert_eq!(of("{{lit:a}}"), "{a}");
    }

    #[test]
    fn a_typing_mistake_is_an_error() {
        for (template, at) in [
            ("{alnun:24}", 0),
            ("x{env}", 1),
            ("{alnum}", 0),
            ("{alnum:}", 0),
            ("{alnum:0}", 0),
            ("{alnum:many}", 0),
            ("ab{alnum:3", 2),
            ("{b64:{nope}}", 0),
            ("{aws_key_id:12345}", 0),
            ("{aws_key_id:99999999999x}", 0),
            ("{pem_private_key:XYZ}", 0),
            ("{password:4}", 0),
        ] {
            assert_eq!(
                expand(template, 1).expect_err("is wrong").at,
                at,
                "{template}"
            );
        }
    }

    #[test]
    fn aws_key_ids_hold_their_account() {
        // Accounts with their published or recomputed nine characters, of which the last keeps one bit only.
        for (account, characters) in [
            ("111122223333", "RTX3GSDS"),
            ("123456789012", "RZPUZDIK"),
            ("609629065308", "Y34FZKBO"),
            ("171436882533", "SP2TPHJS"),
            ("029608264753", "QNZGKIQY"),
        ] {
            for seed in 0..20 {
                let id = expand(&format!("{{aws_key_id:{account}}}"), seed).expect("good");
                assert_eq!(id.len(), 20);
                assert_eq!(&id[..4], "AKIA");
                assert_eq!(&id[4..12], characters);
            }
        }
        assert!(of("{aws_session_key_id:111122223333}").starts_with("ASIA"));
    }

    #[test]
    fn checksums_follow_their_body() {
        let token = of("{crc32_base62:30}");
        assert_eq!(token.len(), 36);
        assert!(Checksum::Crc32Base62.holds(token.as_bytes()));
        let token = of("{crc32_hex:40}");
        assert_eq!(token.len(), 48);
        assert!(Checksum::Crc32Hex.holds(token.as_bytes()));
    }

    #[test]
    fn encodings_nest() {
        assert_eq!(of("{b64:ab}"), "YWI=");
        assert_eq!(of("{b64nopad:ab}"), "YWI");
        assert_eq!(of("{b64urlnopad:??>>}"), "Pz8-Pg");
        assert_eq!(of("{urlencode:a b/ü}"), "a%20b%2F%C3%BC");
        assert_eq!(of("{b64:{lit:{a}}}"), "e2F9");
        assert_eq!(of(r#"{b64:{"a":"{lit:x}"}}"#), of(r#"{b64:{"a":"x"}}"#));
        assert_eq!(of("{jsonstr:a\n\"b\\}"), r#"a\n\"b\\"#);
        let jwt = of(r#"{jwt:{"iss":"https://example.com/{hex:4}"}}"#);
        assert_eq!(jwt.split('.').count(), 3);
        assert!(jwt.starts_with("eyJ"));
    }

    #[test]
    fn a_private_key_has_header_body_and_footer() {
        for (template, label) in [
            ("{pem_private_key}", "PRIVATE KEY"),
            ("{pem_private_key:RSA}", "RSA PRIVATE KEY"),
            ("{pem_private_key:PGP}", "PGP PRIVATE KEY BLOCK"),
        ] {
            let block = of(template);
            let lines: Vec<&str> = block.lines().collect();
            assert_eq!(lines[0], format!("-----BEGIN {label}-----"));
            assert_eq!(lines[lines.len() - 1], format!("-----END {label}-----"));
            assert!(lines.len() > 10);
        }
        assert!(!of("{jsonstr:{pem_private_key}}").contains('\n'));
    }

    #[test]
    fn uuids_have_their_shape() {
        let value = of("{uuid4}");
        assert_eq!(value.len(), 36);
        assert_eq!(&value[14..15], "4");
        assert!("89ab".contains(&value[19..20]));
        assert_eq!(of("{uuid}").matches('-').count(), 4);
    }

    #[test]
    fn passwords_mix_their_classes() {
        for seed in 0..200 {
            let value = expand("{password:16}", seed).expect("good");
            for class in [
                |c: char| c.is_ascii_lowercase(),
                |c: char| c.is_ascii_uppercase(),
                |c: char| c.is_ascii_digit(),
                |c: char| c.is_ascii_punctuation(),
            ] {
                assert!(value.contains(class));
            }
        }
    }
}
