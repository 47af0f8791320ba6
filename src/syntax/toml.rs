//! TOML through the `toml` crate's own tables, which carry positions. Comments are read for settings that were commented out.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Format, Meaning, Syntax, ending, physical, tree};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Toml,
    knows: |name| {
        ["toml", "tml"].contains(&ending(name))
            || [
                "pipfile",
                "cargo.lock",
                "poetry.lock",
                "uv.lock",
                "pdm.lock",
                "gopkg.lock",
            ]
            .contains(&name)
    },
    read,
    joined: None,
};

/// Deeper documents are hostile.
const DEEPEST: usize = 80;

/// The entries of a document; `None` where it is not TOML (a key that stands twice makes it so). The crate refuses documents
/// that are nested deeper than 80 levels.
fn read(text: &str) -> Option<Vec<Entry>> {
    let start = physical::start(text);
    let document = &text[start..];
    // The crate's limit does not count the keys of a header, and every level of them is one of the stack.
    let levels = |line: &str| line.bytes().filter(|&byte| byte == b'.').count();
    let long = |line: &&str| {
        line.len() > DEEPEST && levels(line.split('=').next().unwrap_or(line)) > DEEPEST
    };
    if document.lines().any(|line| long(&line)) {
        return None;
    }
    let table = DeTable::parse(document).ok()?;
    let mut entries = Vec::new();
    add_table(table.get_ref(), document, &mut Vec::new(), &mut entries);
    // Tables come sorted by key.
    entries.sort_by_key(|entry| entry.span.start);
    add_comments(document, &mut entries);
    for entry in &mut entries {
        entry.span = entry.span.start + start..entry.span.end + start;
    }
    Some(entries)
}

fn add_table(table: &DeTable<'_>, text: &str, path: &mut Vec<String>, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        path.push(physical::key(key.get_ref()));
        add_value(value, text, path, entries);
        path.pop();
    }
}

fn add_value(
    value: &Spanned<DeValue<'_>>,
    text: &str,
    path: &mut Vec<String>,
    entries: &mut Vec<Entry>,
) {
    let depth = path.len();
    let mut span = value.span();
    let (value, quoted) = match value.get_ref() {
        DeValue::Table(table) => return add_table(table, text, path, entries),
        DeValue::Array(items) => {
            let named_items = path.last().is_some_and(|key| tree::names_items(key));
            for item in items {
                // An item of a list of environments goes by its name, as in a tree.
                let name = match item.get_ref() {
                    DeValue::Table(table) if named_items => name_of(table),
                    _ => None,
                };
                path.extend(name.map(|name| physical::key(&name)));
                add_value(item, text, path, entries);
                path.truncate(depth);
            }
            return;
        }
        DeValue::String(string) => {
            let Some(raw) = text.get(span.clone()) else {
                return;
            };
            let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") {
                3
            } else {
                1
            };
            span = span.start + quotes..span.end.saturating_sub(quotes).max(span.start + quotes);
            if quotes == 3 {
                // A line end right behind the quotes is no part of the value.
                let raw = &text[span.clone()];
                let len = raw.strip_prefix("\r\n").or(raw.strip_prefix('\n'));
                span.start = span.end - len.unwrap_or(raw).len();
            }
            (string.to_string(), true)
        }
        _ => match text.get(span.clone()) {
            Some(raw) => (raw.to_owned(), false),
            None => return,
        },
    };
    entries.push(Entry {
        path: path.clone(),
        value,
        span,
        quoted,
        meaning: Meaning::Literal,
    });
}

fn name_of(table: &DeTable<'_>) -> Option<String> {
    let (_, value) = table
        .iter()
        .find(|(key, _)| matches!(key.get_ref().as_ref(), "name" | "id"))?;
    match value.get_ref() {
        DeValue::String(name) if tree::is_name_of_item(name) => Some(name.to_string()),
        _ => None,
    }
}

/// Merges what comments hold into the entries. A `#` inside a value is none: values are where entries stand.
fn add_comments(text: &str, entries: &mut Vec<Entry>) {
    let mut commented = Vec::new();
    let mut values = entries.iter().peekable();
    let mut section: Vec<String> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = physical::end(text, at);
        while values.next_if(|entry| entry.span.end <= at).is_some() {}
        let inside = values
            .peek()
            .is_some_and(|entry| entry.span.start <= at && entry.span.end > at);
        let begin = physical::skip_blank(text, at);
        let line = &text[begin..end];
        if let Some(comment) = line.strip_prefix('#')
            && !inside
        {
            physical::add_commented_out(comment, begin + 1, &section, &mut commented);
        } else if line.starts_with('[') && !inside {
            let header = line.split(']').next().unwrap_or(line);
            section = header
                .trim_start_matches('[')
                .split('.')
                .take(DEEPEST)
                .map(|key| physical::key(key.trim_matches([' ', '\t', '"', '\''])))
                .collect();
        }
        at = physical::next(text, end);
    }
    if !commented.is_empty() {
        entries.append(&mut commented);
        entries.sort_by_key(|entry| entry.span.start);
    }
}

#[cfg(test)]
mod tests {
    use crate::syntax::shapes::{broken, gives, knows};

    use super::FORMAT;

    #[test]
    fn names() {
        knows(
            &FORMAT,
            &[
                "Cargo.toml",
                "Pipfile",
                "poetry.lock",
                ".streamlit/secrets.toml",
            ],
            &["yarn.lock", "toml.rs"],
        );
    }

    #[test]
    fn tables_and_arrays() {
        gives(
            &FORMAT,
            "\u{feff}a = \"b\"\r\n[one.two]\r\nc.d = 'e # f'\r\n\"g.h\" = 1_000\r\ni = { j = \"k\", l = [\"m\", \"n\"] }\r\n\
             [[o]]\r\np = true\r\n[[o]]\r\np = 2024-01-01\r\n[one.z]\r\n\"ü\" = \"ñ\"\r\n",
            &[
                ("a", "b"),
                ("one.two.c.d", "e # f"),
                ("one.two.g.h", "1_000"),
                ("one.two.i.j", "k"),
                ("one.two.i.l", "m"),
                ("one.two.i.l", "n"),
                ("o.p", "true"),
                ("o.p", "2024-01-01"),
                ("one.z.ü", "ñ"),
            ],
        );
    }

    #[test]
    fn strings() {
        gives(
            &FORMAT,
            "a = \"b\\tc\\u00fc\"\nd = \"\"\"\ne\\\n   f\ng\"\"\"\nh = '''\r\ni\\j'''\nk = ''''''\nl = \"\"\"m\"\"\"\n",
            &[
                ("a", "b\tcü"),
                ("d", "ef\ng"),
                ("h", "i\\j"),
                ("k", ""),
                ("l", "m"),
            ],
        );
    }

    #[test]
    fn settings_that_were_commented_out() {
        gives(
            &FORMAT,
            "# a = \"b\"\n[c.\"d\"] # note\n  #e = 'f'\n# some words\ng = \"\"\"\n# h = i\n\"\"\"\n",
            &[("a", "b"), ("c.d.e", "f"), ("c.d.g", "# h = i\n")],
        );
    }

    #[test]
    fn what_is_no_toml_is_none() {
        let deep = format!("a = {}", "[".repeat(100_000));
        let dotted = format!("{}a = 1\n", "a.".repeat(200_000));
        let header = format!("[{}a]\nb = 1\n", "a.".repeat(200_000));
        let inline = format!("x = {{ {}a = 1 }}\n", "a.".repeat(200_000));
        broken(
            &FORMAT,
            &[
                "a = b\n",
                "a = \"b\n",
                "a = 1\na = 2\n",
                "{{ x }}\n",
                "[a\nb = 1\n",
                &deep,
                &dotted,
                &header,
                &inline,
            ],
        );
    }

    #[test]
    fn long_lines_are_read() {
        let list = "\"x\", ".repeat(100_000);
        let entries = (FORMAT.read)(&format!("a = [{list}]\n")).expect("TOML");
        assert_eq!(entries.len(), 100_000);
    }
}
