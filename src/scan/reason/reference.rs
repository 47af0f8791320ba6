//! Values that are filled in elsewhere: variables, templates, pointers into secret stores.

use super::Reason;

/// What a variable, a template or a pointer into a store begins with, in lower case.
const STARTS: [&str; 48] = [
    "${",
    "$(",
    "%(",
    "{{",
    "<%",
    "#{",
    "@{",
    "env.",
    "env(",
    "env:",
    "env[",
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
    "secret://",
    "var.",
    "local.",
    "module.",
    "data.",
    "valuefrom",
    "!ref",
    "!vault",
    "!env",
    "!secret",
    "!sub",
    "!getatt",
    "!lookup",
    "keyvault://",
    "vault://",
    "sops:",
    "kms:",
    "resolve:",
];

pub(super) fn says(text: &str, lower: &str) -> Option<Reason> {
    let enclosed = |open: &str, close: &str| {
        text.len() > open.len() + close.len() && text.starts_with(open) && text.ends_with(close)
    };
    let refers = STARTS.iter().any(|start| lower.starts_with(start))
        || text.starts_with('$') && is_shell_variable(text)
        || text.starts_with('`')
        || enclosed("%", "%")
        || enclosed("$", "$")
        || enclosed("__", "__")
        || enclosed("@", "@")
        || enclosed("#{", "}#")
        || enclosed("{", "}") && !text.contains([':', '"', '\''])
        || enclosed(":", "") && text[1..].bytes().all(is_lower_name)
        || ["${", "{{", "$(", "<%", "#{", "\\(", "%s", "%v", "%@"]
            .iter()
            .any(|part| text.contains(part));
    refers.then_some(Reason::Reference)
}

/// Whether a template or a variable opens at the end of a text: `"{{ `, `${`.
pub(super) fn opens(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    [
        &b"{{"[..],
        b"{{-",
        b"${",
        b"$(",
        b"$",
        b"%(",
        b"#{",
        b"@{",
        b"<%",
        b"<%=",
    ]
    .iter()
    .any(|opening| before.ends_with(opening))
}

fn is_lower_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

/// `$DB_PASSWORD`, `$password`, `$this->password`; `$ecret99` is a password.
fn is_shell_variable(text: &str) -> bool {
    let name = text.trim_start_matches('$');
    text.starts_with("$$")
        || text.contains("->")
        || (!name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.:[]".contains(&byte))
            && (name.bytes().all(|byte| !byte.is_ascii_lowercase())
                || name.contains('_')
                || !name.bytes().any(|byte| byte.is_ascii_digit())))
}
