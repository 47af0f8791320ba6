//! Stand-ins and values that everybody knows.

use crate::rules::schema::Value;
use crate::scan::Candidate;

use super::{Reason, most_frequent};

/// Parts that only a stand-in has, in lower case.
const PARTS: [&str; 60] = [
    "changeme",
    "change-me",
    "change_me",
    "change me",
    "changeit",
    "change this",
    "changethis",
    "change-this",
    "change_this",
    "replaceme",
    "replace-me",
    "replace_me",
    "replace this",
    "replace-this",
    "replace_this",
    "replacethis",
    "replace with",
    "replace-with",
    "replace_with",
    "your_",
    "your-",
    "yourpassword",
    "yoursecret",
    "yourtoken",
    "yourkey",
    "yourapikey",
    "yourown",
    "your password",
    "your secret",
    "your own",
    "example",
    "placeholder",
    "redacted",
    "removed",
    "dummy",
    "todo",
    "fixme",
    "insert_",
    "insert-",
    "enter_",
    "enter-",
    "_here",
    "-here",
    " here",
    "goeshere",
    "notasecret",
    "not-a-secret",
    "not_a_secret",
    "not-so-secret",
    "notsosecret",
    "not-a-real",
    "tobedefined",
    "fake",
    "sample",
    "xxxx",
    "some-secret",
    "some_secret",
    "supersecret",
    "loremipsum",
    "deadbeef",
];

/// Whole values that stand in for others.
const WHOLE: [&str; 44] = [
    "tbd",
    "n/a",
    "none",
    "null",
    "undefined",
    "unset",
    "empty",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pass",
    "psw",
    "p@ss",
    "p%40ss",
    "foo@bar",
    "foo%40bar",
    "mypassword",
    "mysecret",
    "mytoken",
    "somepassword",
    "default",
    "token",
    "string",
    "value",
    "hidden",
    "masked",
    "foobar",
    "foo",
    "bar",
    "baz",
    "testing",
    "test",
    "tests",
    "abcd",
    "abcde",
    "abcdef",
    "asdf",
    "qwer",
    "unknown",
    "blank",
    "omitted",
    "nopassword",
    "nopass",
];

/// Passwords that products are delivered with: they open nothing of production's by themselves.
const DEFAULTS: [&str; 27] = [
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongo",
    "mongodb",
    "redis",
    "rabbitmq",
    "elastic",
    "guest",
    "admin",
    "administrator",
    "root",
    "user",
    "username",
    "anonymous",
    "nobody",
    "minioadmin",
    "letmein",
    "qwerty",
    "passw0rd",
    "vagrant",
    "ansible",
    "docker",
    "jenkins",
    "welcome",
    // `scott:tiger`, Oracle's example since 1977, and SQLAlchemy's.
    "tiger",
];

/// "Password" in other tongues: what stands beside a field of a form.
const TRANSLATED: [&str; 24] = [
    "passwort",
    "kennwort",
    "contraseña",
    "contrasena",
    "clave",
    "senha",
    "palavra-passe",
    "mot de passe",
    "wachtwoord",
    "adgangskode",
    "lösenord",
    "passord",
    "salasana",
    "hasło",
    "haslo",
    "heslo",
    "geslo",
    "lozinka",
    "parola",
    "parolă",
    "jelszó",
    "şifre",
    "пароль",
    "密码",
];

/// Names of secrets: counted in any way (`password123`) they name one still.
const OF_SECRETS: [&str; 5] = ["password", "passwd", "passphrase", "secret", "token"];

/// Examples that vendors print, and the keys of their emulators, by the beginning of what is random in them: Azurite, the
/// emulator of Cosmos DB, Stripe's documentation, the token that jwt.io opens with.
const PUBLISHED: [&[u8]; 5] = [
    b"Eby8vdM02xNOcqFlqUwJ",
    b"C2y6yDjf5/R+ob0N8A7C",
    b"4eC39HqLyjWDarjtT1zd",
    b"BQokikJOvBiI2HlWgH4o",
    b"SflKxwRJSMeKKF2QT4fw",
];

/// A stand-in by its words or its drawing.
pub(super) fn says(text: &str, lower: &str) -> Option<Reason> {
    let labelled = lower.trim_end_matches(['*', ':', '?', ' ']);
    let stands_in = PARTS.iter().any(|part| lower.contains(part)) && text.len() < 64
        || [&WHOLE[..], &TRANSLATED[..]]
            .iter()
            .any(|words| words.contains(&labelled))
        || is_numbered_stand_in(lower)
        || is_drawn(text);
    stands_in.then_some(Reason::Placeholder)
}

/// `password1`, `secret2`, `test-1`, `password123`: a stand-in that is counted.
fn is_numbered_stand_in(lower: &str) -> bool {
    let word = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &lower[word.len()..];
    let word = word.trim_end_matches(['-', '_', '.', ' ']);
    let named = TRANSLATED.contains(&word) || OF_SECRETS.contains(&word);
    digits.len() == 1 && (named || WHOLE.contains(&word))
        || digits.len() > 1 && named && "1234567890".starts_with(digits)
}

/// In brackets, with dots for the rest, of stars, dashes, dots, or one repeated character.
fn is_drawn(text: &str) -> bool {
    let enclosed = |open: char, close: char| text.starts_with(open) && text.ends_with(close);
    enclosed('<', '>')
        || enclosed('[', ']')
        || enclosed('(', ')')
        || text.starts_with("...")
        || text.starts_with("**")
        || text.ends_with("...")
        || text.contains('…')
        || text.contains('•')
        || opens_a_stand_in(text)
        || is_repeated(text.as_bytes())
        || most_frequent(text.as_bytes()) * 10 >= text.len() * 8
}

/// `<your`, `[your`: a reader ended the value at the blank.
fn opens_a_stand_in(text: &str) -> bool {
    text.strip_prefix(['<', '[']).is_some_and(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || b"_-".contains(&byte))
    })
}

/// A short run over and over, longer than people type one: `cafe0123cafe0123`.
fn is_repeated(bytes: &[u8]) -> bool {
    (2..=16).any(|period| {
        bytes.len() >= 16
            && bytes.len() >= 2 * period
            && bytes[period..]
                .iter()
                .zip(bytes)
                .all(|(one, other)| one == other)
    })
}

/// A value that everybody knows: a default, or what fingers do without thinking (`123456`, `abcdefgh`).
pub(super) fn of_everybody(text: &str, lower: &str, kind: Value) -> Option<Reason> {
    let known = DEFAULTS.contains(&lower)
        || is_sequence(text.as_bytes())
        || kind == Value::Format && lower == "pass";
    known.then_some(Reason::Default)
}

/// `postgres://shop:shop@localhost/shop`: the user's name once more, on the machine itself, opens nothing elsewhere.
pub(super) fn of_this_machine(candidate: &Candidate<'_, '_>, password: &str) -> Option<Reason> {
    let group = |name| {
        let group = candidate.groups.iter().find(|(group, _)| *group == name);
        group.map(|(_, bytes)| *bytes)
    };
    let host = group("host")?;
    let host = host.split(|&byte| byte == b':').next()?;
    let is_local = [&b"localhost"[..], b"127.0.0.1", b"0.0.0.0"].contains(&host);
    (is_local && group("user") == Some(password.as_bytes())).then_some(Reason::Default)
}

/// Whether nearly every character is the next one of the alphabet or of the digits: `1234567890abcdef`.
fn is_sequence(bytes: &[u8]) -> bool {
    let follows = |pair: &&[u8]| {
        let (first, second) = (pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase());
        second == first.wrapping_add(1)
            || matches!(
                (first, second),
                (b'9', b'0') | (b'0', b'a') | (b'9', b'a') | (b'0', b'1')
            )
            // `abc123`.
            || first.is_ascii_lowercase() && second == b'1'
    };
    bytes.len() >= 5 && bytes.windows(2).filter(follows).count() * 10 >= (bytes.len() - 1) * 9
}

/// Whether an issued-looking value is one from documentation: it says so, or most of it is one character.
pub fn documentation_example(value: &[u8]) -> bool {
    let contains = |needle: &[u8]| {
        value
            .windows(needle.len())
            .any(|window| window.eq_ignore_ascii_case(needle))
    };
    if PUBLISHED
        .iter()
        .any(|published| memchr::memmem::find(value, published).is_some())
    {
        return true;
    }
    if contains(b"example")
        || contains(b"xxxxxx")
        || contains(b"redacted")
        || contains(b"placeholder")
    {
        return value.len() < 400;
    }
    // The tail holds the randomness; a key of one repeated character is a drawing of a key.
    let tail = &value[value.len() / 2..];
    tail.len() >= 8 && most_frequent(tail) * 10 >= tail.len() * 7
}
