//! What is no secret although it stands where one would: placeholders, references, encrypted values, paths, code. Each with
//! a reason, so that a rejected candidate can be explained.

use crate::rules::Kind;

/// Why a value is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing, or too short to be anything.
    Short,
    /// Filled in later: `${DB_PASSWORD}`, `{{ vault_x }}`, `%(x)s`, `process.env.X`.
    Reference,
    /// A stand-in: `changeme`, `<password>`, `xxxxx`, `your-key-here`.
    Placeholder,
    /// A boolean, null, or a small number.
    Constant,
    /// Already encrypted or hashed: `ENC[...]`, `$2b$...`.
    Encrypted,
    /// A file name or an address without credentials.
    Path,
    /// A name made of plain words: `my-app-secret`, `db-credentials`.
    Words,
    /// A well-known default: `postgres`, `guest`.
    Default,
    /// An expression of a programming language.
    Code,
    /// An example from a vendor's documentation.
    Documentation,
    /// A value that repeats the name of its key.
    KeyName,
    /// A date, a version, a duration, a size.
    Measure,
    /// Its key says that everybody may have it: `PublicKeyToken`, `NEXT_PUBLIC_API_KEY`.
    Public,
    /// A token that names a place and not a person: `ContinuationToken`, `next_page_token`.
    Passing,
    /// The check digits of the format do not fit.
    Checksum,
    /// The rule asks for a word near it, and there is none.
    Context,
    /// Less random than the rule asks for.
    Entropy,
    /// An `allow` of the rule holds.
    Allowed,
    /// The rule is for files of other paths.
    OtherPath,
}

/// Whether an issued-looking value is one from documentation: it says so, or most of it is one character.
pub fn documentation_example(value: &[u8]) -> bool {
    let contains = |needle: &[u8]| {
        value
            .windows(needle.len())
            .any(|window| window.eq_ignore_ascii_case(needle))
    };
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

fn most_frequent(bytes: &[u8]) -> usize {
    let mut counts = [0_usize; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    counts.into_iter().max().unwrap_or(0)
}

/// Why the value of a secret-bearing key is no secret; `None` where it is believed to be one.
///
/// `key` is the normalised key (`db_password`), `quoted` whether the value stands in quotes, `password` whether the key
/// asks for a password, where short and weak values count.
pub fn rejected(key: &str, value: &str, quoted: bool, password: bool) -> Option<Reason> {
    let text = value.trim();
    let lower = text.to_ascii_lowercase();
    if text.len() < 4 {
        return Some(Reason::Short);
    }
    if let Some(reason) = said_by_key(key) {
        return Some(reason);
    }
    let checks: [fn(&str, &str) -> bool; 5] = [
        is_reference,
        is_placeholder,
        is_constant,
        is_encrypted,
        is_path,
    ];
    let reasons = [
        Reason::Reference,
        Reason::Placeholder,
        Reason::Constant,
        Reason::Encrypted,
        Reason::Path,
    ];
    for (check, reason) in checks.into_iter().zip(reasons) {
        if check(text, &lower) {
            return Some(reason);
        }
    }
    if crate::model::words_of(text).join("_") == key {
        return Some(Reason::KeyName);
    }
    if !quoted && is_code(text) {
        return Some(Reason::Code);
    }
    if DEFAULTS.contains(&lower.as_str()) {
        return Some(Reason::Default);
    }
    if is_measure(&lower) {
        return Some(Reason::Measure);
    }
    if documentation_example(text.as_bytes()) {
        return Some(Reason::Documentation);
    }
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let symbols = text
        .bytes()
        .filter(|byte| !byte.is_ascii_alphanumeric() && !b"-_. /:".contains(byte))
        .count();
    if password {
        let mixed = text.bytes().any(|byte| byte.is_ascii_uppercase())
            && text.bytes().any(|byte| byte.is_ascii_lowercase());
        // `hunter2`, `Summer2024!` and `Tr0ub4dor` are passwords; `admin-user` and `changes` are words.
        if text.len() < 6 && !(has_digit && has_letter) {
            return Some(Reason::Short);
        }
        if !has_digit && symbols == 0 && (is_words(text) || !mixed && text.len() < 16) {
            return Some(Reason::Words);
        }
        // `pm-27086-update-password-dialog` names something; so does a sentence.
        let parts = || text.split(['-', '_', '.']);
        let many = parts().count() >= 4
            && parts().all(|part| {
                part.bytes().all(|byte| byte.is_ascii_digit())
                    || looks_spoken(&part.to_ascii_lowercase())
                        && part.bytes().all(|byte| byte.is_ascii_alphabetic())
            });
        if many || text.matches(' ').count() > 3 {
            return Some(Reason::Words);
        }
        return None;
    }
    if text.len() < 8 {
        return Some(Reason::Short);
    }
    if text.contains(' ') {
        return Some(Reason::Words);
    }
    if !has_digit && symbols == 0 && (is_words(text) || text.len() < 20) {
        return Some(Reason::Words);
    }
    if is_words_and_numbers(text) {
        return Some(Reason::Words);
    }
    None
}

/// Whether a value of a URL's password field is a stand-in; a rule of issued kind needs no more. A value that carries
/// its format's label refers to nothing, even where it starts like a variable (`$aact_prod_...`).
pub(super) fn stands_in(kind: Kind, value: &str, labelled: bool) -> bool {
    kind == Kind::Issued && {
        let lower = value.to_ascii_lowercase();
        !labelled && is_reference(value, &lower)
            || is_placeholder(value, &lower)
            || lower == "pass"
            || DEFAULTS.contains(&lower.as_str())
    }
}

/// What the words of a key say of its value, whatever that is.
fn said_by_key(key: &str) -> Option<Reason> {
    const PASSING: [&str; 7] = [
        "continuation_token",
        "cancellation_token",
        "page_token",
        "pagination_token",
        "csrf_token",
        "xsrf_token",
        "antiforgery_token",
    ];
    if PASSING.iter().any(|token| key.ends_with(token)) {
        return Some(Reason::Passing);
    }
    key.split('_').find_map(|word| match word {
        "public" | "publishable" => Some(Reason::Public),
        "encrypted" | "hashed" => Some(Reason::Encrypted),
        "mock" | "fake" | "dummy" | "example" | "sample" => Some(Reason::Placeholder),
        _ => None,
    })
}

fn is_reference(text: &str, lower: &str) -> bool {
    const STARTS: [&str; 34] = [
        "$",
        "%(",
        "{{",
        "<%",
        "#{",
        "@{",
        "env.",
        "env(",
        "env:",
        "process.env",
        "os.environ",
        "os.getenv",
        "getenv",
        "system.getenv",
        "import.meta",
        "vault:",
        "ref+",
        "op://",
        "arn:aws",
        "projects/",
        "@microsoft.keyvault",
        "secretsmanager:",
        "ssm:",
        "aws-ssm:",
        "awssecret",
        "gcp:",
        "azurekeyvault",
        "secrets.",
        "var.",
        "local.",
        "module.",
        "data.",
        "valuefrom",
        "!ref",
    ];
    if STARTS.iter().any(|start| lower.starts_with(start)) {
        // `$ecret99` is a password, `$DB_PASSWORD` a variable, `$2b$10$...` a hash, which the next check names.
        return !text.starts_with('$') || is_shell_variable(text);
    }
    if [
        "!vault",
        "!env",
        "!secret",
        "!sub",
        "!getatt",
        "keyvault://",
        "vault://",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
    {
        return true;
    }
    let enclosed = |open: &str, close: &str| text.starts_with(open) && text.ends_with(close);
    enclosed("%", "%")
        || enclosed("__", "__")
        || enclosed("@", "@")
        || enclosed("#{", "}#")
        || text.contains("${")
        || text.contains("{{")
        || text.contains("$(")
        || text.contains("<%")
}

fn is_shell_variable(text: &str) -> bool {
    let name = text.trim_start_matches('$').trim_start_matches(['{', '(']);
    let name = name.trim_end_matches(['}', ')']);
    text.starts_with("${")
        || text.starts_with("$(")
        || text.starts_with("$$")
        || (!name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.:[]".contains(&byte))
            && (name.bytes().all(|byte| !byte.is_ascii_lowercase())
                || name.contains('_')
                || !name.bytes().any(|byte| byte.is_ascii_digit())))
}

fn is_placeholder(text: &str, lower: &str) -> bool {
    const CONTAINED: [&str; 42] = [
        "changeme",
        "change-me",
        "change_me",
        "change this",
        "changethis",
        "change-this",
        "change_this",
        "replaceme",
        "replace-me",
        "replace_me",
        "replace with",
        "replace-with",
        "replace_with",
        "your_",
        "your-",
        "yourpassword",
        "yoursecret",
        "yourtoken",
        "your password",
        "example",
        "placeholder",
        "redacted",
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
        "notasecret",
        "not-a-secret",
        "not_a_secret",
        "not-so-secret",
        "notsosecret",
        "tobedefined",
        "fake",
        "sample",
        "xxxx",
        "supersecret",
    ];
    if CONTAINED.iter().any(|word| lower.contains(word)) {
        return text.len() < 64;
    }
    if matches!(
        lower,
        "tbd"
            | "n/a"
            | "none"
            | "null"
            | "undefined"
            | "unset"
            | "empty"
            | "secret"
            | "password"
            | "passwd"
            | "token"
            | "string"
            | "value"
            | "hidden"
            | "masked"
            | "foobar"
            | "foo"
            | "bar"
            | "testing"
            | "test"
    ) {
        return true;
    }
    let enclosed = |open: char, close: char| text.starts_with(open) && text.ends_with(close);
    if enclosed('<', '>') || enclosed('[', ']') || enclosed('(', ')') {
        return true;
    }
    if text.starts_with("...") || text.ends_with("...") || text.ends_with('…') {
        return true;
    }
    // Stars, dashes, dots, one repeated character.
    most_frequent(text.as_bytes()) * 10 >= text.len() * 8
}

fn is_constant(text: &str, lower: &str) -> bool {
    matches!(
        lower,
        "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "null"
            | "nil"
            | "none"
            | "enabled"
            | "disabled"
            | "required"
            | "optional"
            | "always"
            | "never"
            | "default"
            | "auto"
            | "basic"
            | "bearer"
            | "digest"
            | "plain"
            | "md5"
            | "scram-sha-256"
            | "trust"
            | "peer"
    ) || (text.len() < 6 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_encrypted(text: &str, lower: &str) -> bool {
    const STARTS: [&str; 22] = [
        "enc[",
        "enc(",
        "encrypted:",
        "{cipher}",
        "$ansible_vault",
        "$2a$",
        "$2b$",
        "$2y$",
        "$argon2",
        "$pbkdf2",
        "$scrypt",
        "$5$",
        "$6$",
        "$1$",
        "$apr1$",
        "{ssha",
        "{sha",
        "{bcrypt}",
        "{pbkdf2}",
        "scram-sha-256$",
        "pbkdf2_sha256$",
        "aga",
    ];
    STARTS.iter().any(|start| {
        lower.starts_with(start)
            // SealedSecrets start with the base64 of a two-byte key length; only a long value is one.
            && (*start != "aga" || text.starts_with("Ag") && text.len() > 200)
    }) || lower.starts_with("-----begin pgp message")
}

fn is_path(text: &str, lower: &str) -> bool {
    let rooted = ["/", "./", "../", "~/", "file:", "classpath:", "c:\\"]
        .iter()
        .any(|start| lower.starts_with(start));
    if rooted && !text.contains(' ') {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~\\:@".contains(&byte);
        let has_file_shape =
            text.matches('/').count() >= 2 || text.contains('.') || text.contains('\\');
        return text.bytes().all(is_name) && has_file_shape && !is_random(text);
    }
    if let Some((scheme, rest)) = lower.split_once("://") {
        let userinfo = rest
            .split(['/', '?'])
            .next()
            .is_some_and(|authority| authority.contains('@'));
        return !userinfo
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
    }
    [
        ".pem", ".key", ".crt", ".cer", ".json", ".yaml", ".yml", ".txt", ".p12", ".jks", ".pfx",
        ".env", ".conf", ".asc", ".gpg", ".pub",
    ]
    .iter()
    .any(|ending| lower.ends_with(ending))
}

/// Whether a run of 20 or more letters and digits mixes them as random text does.
fn is_random(text: &str) -> bool {
    text.split(|character: char| !character.is_ascii_alphanumeric())
        .any(|run| {
            run.len() >= 20
                && run.bytes().any(|byte| byte.is_ascii_digit())
                && run.bytes().any(|byte| byte.is_ascii_uppercase())
                && run.bytes().any(|byte| byte.is_ascii_lowercase())
        })
}

fn is_code(text: &str) -> bool {
    let identifier = |part: &str| {
        !part.is_empty()
            && !part.starts_with(|character: char| character.is_ascii_digit())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_$?!".contains(&byte))
    };
    // `config.password`, `self.token`, `Foo::bar`, `a->b`: identifiers joined by member access, few digits.
    let joined = text.replace("->", ".").replace("::", ".");
    let parts: Vec<&str> = joined.split('.').collect();
    if parts.len() > 1 && parts.iter().all(|part| identifier(part)) && !is_random(text) {
        return true;
    }
    let call = text.find('(').is_some_and(|at| {
        at > 0
            && text[..at]
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.:>-".contains(&byte))
    });
    let indexed = text.find('[').is_some_and(|at| {
        at > 0
            && text[..at]
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
            && text.contains(']')
    });
    call || indexed
        || text.starts_with('{')
        || text.starts_with('(')
        || text.starts_with('&')
        || text.contains("=>")
}

fn is_measure(lower: &str) -> bool {
    let digits = lower.bytes().filter(u8::is_ascii_digit).count();
    let rest = lower.trim_start_matches(|character: char| {
        character.is_ascii_digit() || ".-:/ t+".contains(character)
    });
    // `2024-01-31`, `10.5.3`, `30d`, `5 minutes`, but not a long run of digits, which may be a PIN or a key.
    digits > 0
        && (matches!(
            rest,
            "s" | "m"
                | "h"
                | "d"
                | "ms"
                | "kb"
                | "mb"
                | "gb"
                | "mi"
                | "gi"
                | "min"
                | "minutes"
                | "hours"
                | "days"
                | "seconds"
                | "z"
        ) || rest.is_empty()
            && lower.bytes().any(|byte| b".-:/".contains(&byte))
            && digits < 20)
}

/// Words joined by separators, or one in lower case: `my-app-secret`, `dbCredentials`.
fn is_words(text: &str) -> bool {
    let words = crate::model::words_of(text);
    !words.is_empty()
        && words
            .iter()
            .all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()) && looks_spoken(word))
}

/// `app-v2-token`, `s3-bucket-name`, `client1-secret`: words whose digits only number them.
fn is_words_and_numbers(text: &str) -> bool {
    let words = crate::model::words_of(text);
    words.len() >= 2
        && words.iter().all(|word| {
            let letters = word.trim_end_matches(|character: char| character.is_ascii_digit());
            let digits = word.len() - letters.len();
            digits <= 3
                && (letters.is_empty()
                    || (letters.bytes().all(|byte| byte.is_ascii_lowercase())
                        && looks_spoken(letters)))
        })
        && words
            .iter()
            .any(|word| word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        && words.iter().all(|word| word.len() <= 14)
        && words.iter().map(String::len).sum::<usize>() / words.len() >= 3
}

/// A rough test of pronounceability: vowels, and no long run of consonants.
fn looks_spoken(word: &str) -> bool {
    let is_vowel = |byte: u8| b"aeiouy".contains(&byte);
    let vowels = word.bytes().filter(|&byte| is_vowel(byte)).count();
    let mut run = 0;
    let mut longest = 0;
    for byte in word.bytes() {
        run = if is_vowel(byte) { 0 } else { run + 1 };
        longest = longest.max(run);
    }
    word.len() <= 4 || (longest <= 4 && vowels * 5 >= word.len() && word.len() <= 16)
}

/// Passwords that everybody knows open nothing of production's by themselves.
const DEFAULTS: [&str; 24] = [
    "postgres",
    "mysql",
    "mariadb",
    "redis",
    "rabbitmq",
    "guest",
    "admin",
    "root",
    "user",
    "username",
    "test1234",
    "minioadmin",
    "minio123",
    "password1",
    "password123",
    "admin123",
    "root123",
    "letmein",
    "qwerty",
    "123456",
    "12345678",
    "123456789",
    "passw0rd",
    "secret123",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_cases() {
        use Reason::*;
        for (value, quoted, reason) in [
            ("abc", false, Short),
            ("${DB_PASSWORD}", true, Reference),
            ("$DB_PASSWORD", false, Reference),
            ("{{ vault_db_password }}", true, Reference),
            ("%DB_PASSWORD%", false, Reference),
            ("process.env.DB_PASSWORD", false, Reference),
            ("op://vault/item/field", false, Reference),
            ("changeme", false, Placeholder),
            ("<your password>", false, Placeholder),
            ("xxxxxxxxxx", false, Placeholder),
            ("**********", false, Placeholder),
            ("true", false, Constant),
            ("required", false, Constant),
            ("ENC[AES256_GCM,data:abc]", false, Encrypted),
            ("/run/secrets/db_password", false, Path),
            ("https://example.com/reset", false, Placeholder),
            ("https://login.acme.io/reset", false, Path),
            ("config.database.password", false, Code),
            ("getPassword()", false, Code),
            ("postgres", false, Default),
            ("db-credentials", false, Words),
            ("2024-01-31", false, Measure),
        ] {
            assert_eq!(
                rejected("db_password", value, quoted, true),
                Some(reason),
                "{value}"
            );
        }
        assert_eq!(
            rejected("db_password", "db_password", true, true),
            Some(KeyName)
        );
    }

    #[test]
    fn a_key_can_say_that_its_value_is_none() {
        for (key, reason) in [
            ("public_key_token", Reason::Public),
            ("next_public_api_key", Reason::Public),
            ("encrypted_password", Reason::Encrypted),
            ("mock_private_key", Reason::Placeholder),
            ("next_page_token", Reason::Passing),
        ] {
            assert_eq!(
                rejected(key, "b77a5c561934e089", true, false),
                Some(reason),
                "{key}"
            );
        }
        assert_eq!(
            rejected("landing_page_api_key", "b77a5c561934e089", true, false),
            None
        );
        assert_eq!(
            rejected("publication_key", "b77a5c561934e089", true, false),
            None
        );
    }

    #[test]
    fn names_of_many_words_are_no_passwords() {
        assert_eq!(
            rejected(
                "input_password",
                "pm-27086-update-authentication-apis",
                true,
                true
            ),
            Some(Reason::Words)
        );
        assert_eq!(rejected("input_password", "winter-2024", true, true), None);
    }

    #[test]
    fn weak_real_passwords_are_believed() {
        for value in [
            "hunter2",
            "Summer2024!",
            "tr0ub4dor&3",
            "P@ssw0rd!",
            "correct horse battery9",
            "$ecret99",
        ] {
            assert_eq!(rejected("db_password", value, true, true), None, "{value}");
        }
    }

    #[test]
    fn names_are_no_tokens() {
        for value in [
            "my-app-secret",
            "app-v2-token",
            "github-token",
            "default",
            "S3_BUCKET_NAME",
        ] {
            assert!(
                rejected("api_token", value, true, false).is_some(),
                "{value}"
            );
        }
    }

    #[test]
    fn examples_from_documentation_are_known() {
        assert!(documentation_example(b"AKIAIOSFODNN7EXAMPLE"));
        assert!(documentation_example(b"abcd_000000000000000000000000"));
        assert!(!documentation_example(b"abcd_k3J9sQ0aLm2VbN7xYt5RwZ1c"));
    }
}
