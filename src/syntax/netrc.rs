//! netrc: `machine host login user password word`, over as many lines as one likes. The host is the section.

use std::ops::Range;

use super::{Entry, Format, Meaning, Syntax, physical};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Netrc,
    knows: |name| ["netrc", ".netrc", "_netrc"].contains(&name) || name.starts_with(".netrc."),
    read,
    joined: None,
};

/// The entries of a file; `None` where it does not begin as a netrc does.
fn read(text: &str) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut host: Option<String> = None;
    let mut at = physical::start(text);
    while let Some(word) = word(text, at) {
        at = word.end;
        if text[word.clone()].starts_with('#') {
            let end = physical::end(text, word.start);
            at = end;
            // A machine that was commented out still has its password.
            let section: Vec<String> = host.iter().cloned().collect();
            let comment = &text[word.start + 1..end];
            for mut entry in read_line(comment).unwrap_or_default() {
                entry.span = entry.span.start + word.start + 1..entry.span.end + word.start + 1;
                if entry.path.len() == 1 {
                    entry.path.splice(0..0, section.iter().cloned());
                }
                entries.push(entry);
            }
            continue;
        }
        match &text[word.clone()] {
            "machine" => {
                let Some((span, value, quoted)) = value(text, at) else {
                    break;
                };
                at = span.end + usize::from(quoted);
                host = Some(physical::key(&value));
                push(&host, "machine", span, value, quoted, &mut entries);
            }
            "default" => host = Some("default".to_owned()),
            "macdef" => at = macro_end(text, at),
            key @ ("login" | "user" | "password" | "passwd" | "account") => {
                host.as_ref()?;
                let Some((span, value, quoted)) = value(text, at) else {
                    break;
                };
                at = span.end + usize::from(quoted);
                push(&host, key, span, value, quoted, &mut entries);
            }
            // Other tools have words of their own; a file that does not begin with a machine is something else.
            _ => {
                host.as_ref()?;
            }
        }
    }
    Some(entries)
}

/// A line that was commented out: only where it is of words that netrc knows.
fn read_line(comment: &str) -> Option<Vec<Entry>> {
    let line = comment.trim_start();
    let machine = ["machine ", "default "]
        .iter()
        .any(|word| line.starts_with(word));
    (machine && !line.starts_with('#'))
        .then(|| read(comment))
        .flatten()
}

fn push(
    host: &Option<String>,
    key: &str,
    span: Range<usize>,
    value: String,
    quoted: bool,
    entries: &mut Vec<Entry>,
) {
    if !span.is_empty() {
        let mut path: Vec<String> = host.iter().cloned().collect();
        path.push(key.to_owned());
        entries.push(Entry {
            path,
            value,
            span,
            quoted,
            meaning: Meaning::Literal,
        });
    }
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0
}

/// The next word at or behind `at`.
fn word(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let start = at + bytes[at..].iter().position(|&byte| !is_blank(byte))?;
    let len = bytes[start..].iter().position(|&byte| is_blank(byte));
    Some(start..len.map_or(text.len(), |len| start + len))
}

/// The next word as a value, in quotes or not: where it stands, and what it says.
fn value(text: &str, at: usize) -> Option<(Range<usize>, String, bool)> {
    let word = word(text, at)?;
    let bytes = text.as_bytes();
    let end = physical::end(text, word.start);
    if bytes[word.start] == b'"' {
        let inner = word.start + 1;
        let mut close = inner;
        while close < end && bytes[close] != b'"' {
            close += if bytes[close] == b'\\' { 2 } else { 1 };
        }
        if close < end {
            return Some((inner..close, unescaped(&text[inner..close]), true));
        }
    }
    let value = unescaped(&text[word.clone()]);
    Some((word, value, false))
}

fn unescaped(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            value.extend(characters.next());
        } else {
            value.push(character);
        }
    }
    value
}

/// A macro goes to the next empty line.
fn macro_end(text: &str, at: usize) -> usize {
    let mut at = physical::next(text, physical::end(text, at));
    while at < text.len() {
        let end = physical::end(text, at);
        if text[at..end].trim().is_empty() {
            return end;
        }
        at = physical::next(text, end);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use crate::syntax::shapes::{broken, gives, knows};

    use super::FORMAT;

    #[test]
    fn names() {
        knows(&FORMAT, &[".netrc", "_netrc", "netrc"], &["netrc.py"]);
    }

    #[test]
    fn machines() {
        gives(
            &FORMAT,
            "\u{feff}machine a.example login me password p#w\r\nmachine b.example\r\n  login \"m e\"\r\n  password ü\\\"x\r\n\
             # machine c.example login a password d\r\nmacdef init\r\nput machine x\r\n\r\ndefault login anonymous password y",
            &[
                ("a.example.machine", "a.example"),
                ("a.example.login", "me"),
                ("a.example.password", "p#w"),
                ("b.example.machine", "b.example"),
                ("b.example.login", "m e"),
                ("b.example.password", "ü\"x"),
                ("c.example.machine", "c.example"),
                ("c.example.login", "a"),
                ("c.example.password", "d"),
                ("default.login", "anonymous"),
                ("default.password", "y"),
            ],
        );
    }

    #[test]
    fn broken_ones() {
        broken(
            &FORMAT,
            &["some words\n", "{{ x }}\nmachine a\n", "password x\n"],
        );
        gives(
            &FORMAT,
            "machine a password \"b\n",
            &[("a.machine", "a"), ("a.password", "\"b")],
        );
        gives(&FORMAT, "machine", &[]);
        gives(&FORMAT, "", &[]);
    }
}
