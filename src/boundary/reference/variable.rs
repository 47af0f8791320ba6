//! Template references to variables that are named after production: `{{ vault_prod_db_password }}`, `${PROD_DB_PASSWORD}`,
//! `secrets.PROD_TOKEN`. Told by the name only.

use crate::model::{Tier, has_word_of};

use super::super::{Crossing, File};
use super::{Pointer, judge, pointing};

/// Words one of which the name must have, so that it is a secret or the way to one, and no mode or switch.
const SECRET: [&str; 26] = [
    "accesskey",
    "apikey",
    "auth",
    "bucket",
    "cert",
    "certificate",
    "connection",
    "connectionstring",
    "credential",
    "credentials",
    "creds",
    "database",
    "db",
    "dsn",
    "key",
    "keys",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "pat",
    "pwd",
    "secret",
    "secrets",
    "token",
    "vault",
];

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    for entry in pointing(file) {
        if entry
            .path
            .last()
            .is_some_and(|last| ["if", "when", "condition", "unless"].contains(&last.as_str()))
        {
            continue;
        }
        for line in entry.value.lines() {
            if !line.contains(['$', '{'])
                && !line.starts_with("var.")
                && !line.starts_with("secrets.")
            {
                continue;
            }
            let tier = |name: &str| file.vocabulary.tier_of_name(name).map(|(tier, _)| tier);
            // A choice between environments names them all.
            let chooses = [" if ", "?", "==", "||", "&&", "${{ if"]
                .iter()
                .any(|sign| line.contains(sign));
            if chooses
                || names(line).any(|name| tier(name).is_some_and(|tier| tier != Tier::Production))
            {
                continue;
            }
            let found = names(line).find(|name| {
                tier(name) == Some(Tier::Production)
                    && (name.starts_with("secrets.") || has_word_of(name, &SECRET))
            });
            if let Some(name) = found {
                let pointer = Pointer {
                    rule: "reference-variable",
                    what: "variable",
                    known: &[],
                    name,
                    span: file.place(entry, name),
                };
                judge(file, entry, pointer, crossings);
            }
        }
    }
}

/// The names inside `{{ … }}` and `${…}`, and of `$NAME`; of what Terraform computes, all. Not what stands in where nothing has
/// the name: `${JWT_SECRET:-change-in-production}`, `default('production')`.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
    let mut open = line.starts_with("var.") || line.starts_with("secrets.");
    let mut before = ' ';
    let mut quoted = None;
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(character) = line[at..].chars().next() {
            if character.is_ascii_alphabetic() || character == '_' {
                let rest = &line[at..];
                let length = rest
                    .find(|character| !is_name(character))
                    .unwrap_or(rest.len());
                at += length;
                let named = (open && quoted.is_none()) || before == '$';
                before = ' ';
                if named {
                    return Some(&rest[..length]);
                }
                continue;
            }
            match character {
                '{' if before == '{' || before == '$' => open = true,
                '}' => (open, quoted) = (false, None),
                ':' if open && quoted.is_none() => open = false,
                '\'' | '"' if quoted == Some(character) => quoted = None,
                '\'' | '"' if open && quoted.is_none() => quoted = Some(character),
                _ => {}
            }
            before = character;
            at += character.len_utf8();
        }
        None
    })
}
