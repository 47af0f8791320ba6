//! Values that hold settings themselves: connection strings (`Server=db;Password=x`), options of a command line on one line.

use std::ops::Range;

use super::{Entry, Meaning};

/// Adds to every entry whose value is written as it stands the settings in it. The caller puts them in the order of the file.
pub(super) fn add_inner(text: &str, entries: Vec<Entry>) -> Vec<Entry> {
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        let is_plain = entry.meaning == Meaning::Literal;
        if is_plain && text.get(entry.span.clone()) == Some(entry.value.as_str()) {
            for (key, value) in settings(&entry.value, entry.quoted) {
                let mut path = entry.path.clone();
                path.push(entry.value[key].to_owned());
                let (value, quoted) = super::physical::unquoted(&entry.value, value);
                all.push(Entry {
                    path,
                    value: entry.value[value.clone()].to_owned(),
                    span: entry.span.start + value.start..entry.span.start + value.end,
                    quoted: quoted || entry.quoted,
                    meaning: Meaning::Literal,
                });
            }
        }
        all.push(entry);
    }
    all
}

/// Keys and values of the settings in a value. In quotes only of one that is nothing but a list of them, as a sentence may
/// hold an equals sign; a list has two at least, as the end of a base64 text looks like one.
fn settings(value: &str, quoted: bool) -> Vec<(Range<usize>, Range<usize>)> {
    let none = Vec::new();
    let connection = value.starts_with("jdbc:");
    let address = value.find("://").is_some_and(|at| {
        value[..at]
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    // The hash of a password has settings, too: `$argon2id$v=19$m=65536,t=3,p=4$...`.
    let hashed = value
        .strip_prefix('$')
        .is_some_and(|rest| rest.find('$').is_some_and(|end| end <= 16));
    if address || hashed || value.contains(['\n', '\r']) {
        return none;
    }
    let bytes = value.as_bytes();
    let mut keys: Vec<Range<usize>> = Vec::new();
    let mut part = 0;
    let mut named = false;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b';' | b',' => (part, named) = (at + 1, false),
            // Blanks separate where what stands before them is a setting already: `User Id=x` is one.
            b' ' | b'\t' if named => (part, named) = (at + 1, false),
            b'=' if !named => {
                named = true;
                let blanks = value[part..at].len() - value[part..at].trim_start().len();
                let mut start = part + blanks;
                // A word that is no key stands before it: `mysql --password=x`.
                if let Some(blank) = value[start..at].trim_end().rfind([' ', '\t'])
                    && !value[start..at]
                        .bytes()
                        .all(|byte| byte.is_ascii_alphabetic() || byte == b' ')
                {
                    start += blank + 1;
                }
                start += value[start..at].len() - value[start..at].trim_start_matches('-').len();
                let key = start..start + value[start..at].trim_end().len();
                let letter = bytes.get(key.start).is_some_and(u8::is_ascii_alphabetic);
                let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte);
                let holds = bytes
                    .get(at + 1)
                    .is_some_and(|next| !b"=;,>".contains(next));
                if letter && holds && value[key.clone()].bytes().all(is_key) {
                    keys.push(key);
                }
            }
            _ => {}
        }
    }
    let starts_with_one = keys.first().is_some_and(|key| key.start == 0);
    let enough = match (quoted, starts_with_one) {
        (_, true) => keys.len() >= 2,
        // `cache.example.com:6380,password=x,ssl=True`: a host stands first.
        (true, false) => {
            connection && !keys.is_empty()
                || keys.len() >= 2
                    && keys.first().is_some_and(|key| {
                        value[..key.start].ends_with([',', ';'])
                            && !value[..key.start].contains([' ', '\t', '(', '{'])
                    })
        }
        (false, false) => !keys.is_empty(),
    };
    if !enough {
        return none;
    }
    let ends = keys
        .iter()
        .skip(1)
        .map(|key| key.start)
        .chain([value.len()]);
    keys.iter()
        .zip(ends)
        .filter_map(|(key, end)| {
            let rest = &value[key.end..end];
            let equals = key.end + rest.find('=')? + 1;
            let start = equals + value[equals..end].len() - value[equals..end].trim_start().len();
            let kept = value[start..end].trim_end_matches(['-', ' ', '\t']);
            let kept = if end < value.len() {
                kept
            } else {
                &value[start..end]
            };
            let kept = kept.trim_end_matches([';', ',', ' ', '\t']);
            (!kept.is_empty()).then(|| (key.clone(), start..start + kept.len()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::settings;

    #[track_caller]
    fn holds(value: &str, quoted: bool, expected: &[(&str, &str)]) {
        let found: Vec<(&str, &str)> = settings(value, quoted)
            .into_iter()
            .map(|(key, inner)| (&value[key], &value[inner]))
            .collect();
        assert_eq!(found, expected, "{value}");
    }

    #[test]
    fn connection_strings() {
        for quoted in [true, false] {
            holds(
                "Server=tcp:db,1433;User Id=sa; Password=p=w d;",
                quoted,
                &[
                    ("Server", "tcp:db,1433"),
                    ("User Id", "sa"),
                    ("Password", "p=w d"),
                ],
            );
            holds(
                "host=db user=me password=x",
                quoted,
                &[("host", "db"), ("user", "me"), ("password", "x")],
            );
            holds(
                "jdbc:sqlserver://db:1433;user=sa;password=x",
                quoted,
                &[("user", "sa"), ("password", "x")],
            );
            holds(
                "A=\"b c\",D=\"e\"",
                quoted,
                &[("A", "\"b c\""), ("D", "\"e\"")],
            );
        }
    }

    #[test]
    fn command_lines_outside_quotes() {
        holds(
            "mysql --user=root --password=x db",
            false,
            &[("user", "root"), ("password", "x db")],
        );
        holds("mysql --user=root --password=x", true, &[]);
    }

    #[test]
    fn what_is_one_value() {
        for value in [
            "",
            "abc==",
            "ab=cd",
            "https://h/?token=abc&x=y",
            "postgres://a,b/?x=y",
            "a = b ",
            "x;y;z",
            "=;=",
            "a==b",
            "one\ntwo=x three=y",
        ] {
            holds(value, false, &[]);
        }
        holds("a sentence with x=y in it", true, &[]);
    }
}
