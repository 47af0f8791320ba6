//! Names and sentences made of plain words, and values too short or too plain for what their key asks.

use crate::model::words_of;
use crate::rules::schema::Value;
use crate::scan::likeness::{RANDOM, VERY_RANDOM, randomness};

use super::Reason;

/// Words that make a sentence of their neighbours.
const OF_SENTENCES: [&str; 46] = [
    "a",
    "an",
    "the",
    "your",
    "you",
    "is",
    "are",
    "be",
    "must",
    "not",
    "for",
    "to",
    "of",
    "in",
    "on",
    "and",
    "or",
    "with",
    "at",
    "from",
    "this",
    "that",
    "has",
    "have",
    "can",
    "cannot",
    "please",
    "enter",
    "invalid",
    "incorrect",
    "new",
    "old",
    "current",
    "confirm",
    "forgot",
    "reset",
    "change",
    "no",
    "if",
    "it",
    "use",
    "wrong",
    "missing",
    "required",
    "de",
    "le",
];

/// Words with digits that name something: `oauth2-client`, `s3-bucket`.
const WITH_DIGITS: [&str; 26] = [
    "oauth2", "oauth1", "oauth20", "s3", "ec2", "k8s", "md5", "sha1", "sha256", "sha512", "base64",
    "utf8", "x509", "http2", "ipv4", "ipv6", "auth0", "log4j", "p12", "b64", "hs256", "rs256",
    "aes256", "route53", "bip39", "i18n",
];

/// Words that a name of a secret has and a password has not beside others.
const OF_NAMES: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "tokens",
    "key",
    "keys",
    "credential",
    "credentials",
    "auth",
    "login",
    "certificate",
    "cert",
    "config",
];

/// Why the words of a value make it no secret of the kind that its key asks for.
pub(super) fn says(key: &str, text: &str, kind: Value) -> Option<Reason> {
    let shape = Shape::of(text);
    let of_words = key.contains("phrase");
    match kind {
        Value::Format => None,
        Value::Password => password(text, &shape, of_words),
        Value::Secret => secret(text, &shape),
        Value::Token => token(text, RANDOM, 8),
        Value::Random => token(text, VERY_RANDOM, 12),
    }
}

/// Which kinds of characters a value has.
struct Shape {
    /// Characters.
    len: usize,
    digits: bool,
    letters: bool,
    /// Others than what joins words.
    symbols: bool,
    spaces: usize,
}

impl Shape {
    fn of(text: &str) -> Self {
        Self {
            len: text.chars().count(),
            digits: text.bytes().any(|byte| byte.is_ascii_digit()),
            letters: text.chars().any(char::is_alphabetic),
            symbols: text
                .chars()
                .any(|character| !character.is_alphanumeric() && !"-_. /:,;|'".contains(character)),
            spaces: text.matches(' ').count(),
        }
    }
}

/// `hunter2`, `Summer2024!` and `Tr0ub4dor` are passwords; `admin-user`, `changes` and `Please enter` are words.
fn password(text: &str, shape: &Shape, of_words: bool) -> Option<Reason> {
    let mixed = shape.digits && (shape.letters || shape.symbols) || shape.letters && shape.symbols;
    if shape.len < 6 && !mixed || shape.len < 5 {
        return Some(Reason::Short);
    }
    // `correct-horse-battery-7` names nothing where words are asked for.
    if is_sentence(text, shape) || is_name_of_secret(text) || !of_words && names_many(text) {
        return Some(Reason::Words);
    }
    if !shape.digits && !shape.symbols {
        // Letters only. Of a tongue unless the pairs of letters say otherwise; two abbreviations (`aws:kms`) say little.
        let abbreviated = shape.len <= 9 && text.contains([':', '/']);
        let threshold = if abbreviated { RANDOM } else { RANDOM / 2.0 };
        return (randomness(text) < threshold).then_some(Reason::Words);
    }
    if !shape.digits && shape.symbols && is_spoken_apart(text) {
        return Some(Reason::Words);
    }
    let joined: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let is_named = WITH_DIGITS.contains(&joined.to_lowercase().as_str());
    (is_named || shape.len > 8 && is_technical(text)).then_some(Reason::Words)
}

/// As a password, but `my-secret-2` and `app_v2` are names.
fn secret(text: &str, shape: &Shape) -> Option<Reason> {
    if shape.len < 6 {
        return Some(Reason::Short);
    }
    if shape.spaces > 0 && randomness(text) < RANDOM {
        return Some(Reason::Words);
    }
    if is_numbered_name(text) || is_name_in_capitals(text) {
        return Some(Reason::Words);
    }
    password(text, shape, false)
}

fn token(text: &str, threshold: f32, shortest: usize) -> Option<Reason> {
    // The scheme before a token says nothing of it.
    let text = ["Bearer ", "Basic ", "Token ", "bearer ", "token "]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    let shape = Shape::of(text);
    if shape.len < shortest {
        return Some(Reason::Short);
    }
    if text.contains(' ') {
        return Some(Reason::Words);
    }
    if !shape.letters && shape.len < 16 {
        return Some(Reason::Constant);
    }
    let only_digits = !shape.letters && !shape.symbols;
    (!only_digits && randomness(text) < threshold || is_numbered_name(text) || is_constant(text))
        .then_some(Reason::Words)
}

/// Words that people use, without digits.
pub(super) fn is_spoken(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
        && !text.bytes().any(|byte| byte.is_ascii_digit())
        && randomness(text) < RANDOM / 2.0
}

/// Whether every word of a value with symbols is spoken and stands apart: `*.example-domain`, `user&group`.
fn is_spoken_apart(text: &str) -> bool {
    let words: Vec<&str> = text
        .split(|character: char| !character.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    words.len() >= 3 && words.iter().all(|word| word.len() >= 3 && is_spoken(word))
        || text.ends_with([':', '?']) && words.iter().all(|word| is_spoken(word))
}

fn is_sentence(text: &str, shape: &Shape) -> bool {
    if shape.spaces == 0 {
        return false;
    }
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| {
            word.trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase()
        })
        .collect();
    let spoken = words.iter().filter(|word| is_spoken(word)).count();
    shape.spaces > 3
        || words
            .iter()
            .any(|word| OF_SENTENCES.contains(&word.as_str()))
        || spoken == words.len()
        || words.len() >= 3
            && words
                .iter()
                .all(|word| is_spoken(word) || word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `prod-db-password-v2`, `new_password1`: it names a secret, and has parts.
pub(super) fn is_name_of_secret(text: &str) -> bool {
    let words = words_of(text);
    words.len() >= 2
        && text.contains(['-', '_', '.', '/', ':'])
        && words.iter().any(|word| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
            OF_NAMES.contains(&word)
        })
        && words.iter().all(|word| is_word_or_number(word))
}

/// `whsec_integration_test_secret_value`: a format's prefix before a name of words, where only a machine's work is issued.
pub(super) fn is_named(text: &str) -> bool {
    let parts = || text.split(['_', '-']).skip(1);
    parts().count() >= 3 && parts().all(|part| part.len() >= 2 && is_spoken(part))
}

/// `EnablePropagateAdditionalUserContextData`, `STS.assumeRoleWithWebIdentity`: a name of a program, as long as what is issued.
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() >= 20
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'.')
        && words_of(text).len() >= 3
        && randomness(text) < RANDOM / 2.0
}

/// `HTTP_X_VHM_ROOT`: what people issue has digits or small letters.
fn is_constant(text: &str) -> bool {
    text.matches('_').count() >= 2
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// `pm-27086-update-password-dialog`: four words and more.
fn names_many(text: &str) -> bool {
    let parts = || text.split(['-', '_', '.', '/', ':']);
    parts().count() >= 4 && parts().all(is_word_or_number)
}

/// `app-v2-token`, `s3-bucket-name`, `client1-secret`: words whose digits only number them. Capitals in odd places cut random
/// text into pieces so short that each might be a word.
fn is_numbered_name(text: &str) -> bool {
    let words = words_of(text);
    words.len() >= 2
        && randomness(text) < VERY_RANDOM
        && text.contains(['-', '_', '.', '/', ':', ' '])
        && words.iter().all(|word| is_word_or_number(word))
        && words
            .iter()
            .any(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 3)
}

/// `MyTestDatabaseSecret1`: what AWS calls a `SecretId` is its name.
fn is_name_in_capitals(text: &str) -> bool {
    let words = words_of(text);
    words.len() >= 3
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && words.iter().all(|word| is_word_or_number(word))
        && words.iter().any(|word| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
            OF_NAMES.contains(&word)
        })
}

fn is_technical(text: &str) -> bool {
    let words = words_of(text);
    words
        .iter()
        .any(|word| WITH_DIGITS.contains(&word.as_str()))
        && words.iter().all(|word| is_word_or_number(word))
}

/// A spoken word, one with at most three digits behind it, a short number, or a word that is known with digits.
fn is_word_or_number(part: &str) -> bool {
    let lower = part.to_lowercase();
    let letters = lower.trim_end_matches(|character: char| character.is_ascii_digit());
    let digits = lower.len() - letters.len();
    WITH_DIGITS.contains(&lower.as_str())
        // Up to a time in milliseconds.
        || letters.is_empty() && digits <= 13
        || digits <= 3
            && letters.chars().all(char::is_alphabetic)
            && (letters.len() <= 3 || is_spoken(letters))
}

/// Whether a run of 20 or more letters and digits mixes them as random text does.
pub(super) fn mixes_classes(text: &str) -> bool {
    text.split(|character: char| !character.is_ascii_alphanumeric())
        .any(|run| {
            run.len() >= 20
                && run.bytes().any(|byte| byte.is_ascii_digit())
                && run.bytes().any(|byte| byte.is_ascii_uppercase())
                && run.bytes().any(|byte| byte.is_ascii_lowercase())
        })
}
