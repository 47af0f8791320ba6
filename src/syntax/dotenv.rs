//! dotenv: `KEY=value` with an optional `export`, three kinds of quotes, values over several lines in them, `#` comments. The
//! dialects differ; where they do, the reading that keeps more of a value is taken.

use super::{Entry, Format, Meaning, Syntax, physical};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Dotenv,
    knows: |name| {
        let after = |prefix| name.strip_prefix(prefix);
        after(".env").is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
            || after(".dev.vars").is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            || name.starts_with("env.")
            || name.ends_with(".env")
            || name.contains(".env.")
            || name == ".flaskenv"
    },
    read,
    joined: None,
};

/// The entries of a file; `None` where it is a template.
fn read(text: &str) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut quotes = Quotes::default();
    let mut at = physical::start(text);
    while at < text.len() {
        let end = physical::end(text, at);
        let begin = physical::skip_blank(text, at);
        let line = text[begin..end].trim_end();
        at = physical::next(text, end);
        if physical::is_foreign(line) {
            return None;
        }
        if let Some(comment) = line.strip_prefix('#') {
            physical::add_commented_out(comment, begin + 1, &[], &mut entries);
            continue;
        }
        let Some((key, value)) = key_of(line) else {
            physical::add_loose(line, begin, &[], &mut entries);
            continue;
        };
        let value = begin + value;
        if let Some(quote @ (b'"' | b'\'' | b'`')) = text.as_bytes().get(value).copied()
            && value < end
            && let Some(close) = quotes.close(text, value + 1, quote)
        {
            let span = value + 1..close;
            let inner = &text[span.clone()];
            let value = if quote == b'"' {
                unescaped(inner)
            } else {
                inner.to_owned()
            };
            let last = physical::end(text, close);
            // What stands behind the quotes may be another setting: `A="b" C="d"`.
            let rest = close + 1;
            at = physical::next(text, last);
            push(key, value, span, true, &mut entries);
            if !text[rest..last].trim_start().starts_with('#') {
                physical::add_loose(&text[rest..last], rest, &[], &mut entries);
            }
            continue;
        }
        let raw = &text[value..begin + line.len()];
        // A quote that nothing closes is dropped: it was forgotten, or its end was.
        let opening = usize::from(raw.starts_with(['"', '\'', '`']));
        let raw = &raw[opening..];
        let raw = raw[..comment_start(raw)].trim_end();
        let value = value + opening;
        push(
            key,
            raw.to_owned(),
            value..value + raw.len(),
            false,
            &mut entries,
        );
    }
    Some(entries)
}

fn push(key: &str, value: String, span: std::ops::Range<usize>, quoted: bool, to: &mut Vec<Entry>) {
    if !span.is_empty() {
        to.push(Entry {
            path: vec![key.to_owned()],
            value,
            span,
            quoted,
            meaning: Meaning::Literal,
        });
    }
}

/// The key of a line, and where its value begins: behind `=`, or behind `: `, which some dialects take too.
fn key_of(line: &str) -> Option<(&str, usize)> {
    let operator = line.find(['=', ':'])?;
    let mut key = line[..operator].trim_end();
    for word in ["export", "set", "setx", "declare -x"] {
        if let Some(rest) = key.strip_prefix(word)
            && rest.starts_with([' ', '\t'])
        {
            key = rest.trim_start();
            break;
        }
    }
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if key.is_empty() || !key.bytes().all(is_key) {
        return None;
    }
    let rest = &line[operator + 1..];
    if line.as_bytes()[operator] == b':' && !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    Some((key, line.len() - rest.trim_start_matches([' ', '\t']).len()))
}

/// Where a comment begins that stands apart from the value.
fn comment_start(value: &str) -> usize {
    let bytes = value.as_bytes();
    memchr::memchr_iter(b'#', bytes)
        .find(|&at| at == 0 || matches!(bytes[at - 1], b' ' | b'\t'))
        .unwrap_or(value.len())
}

/// Closing quotes, looked for in linear time whatever the number of those that nothing closes.
#[derive(Default)]
struct Quotes {
    /// Kinds of which the file has no more.
    ended: Vec<u8>,
}

impl Quotes {
    /// The quote that closes the one before `from`: on the same line, or on a later one where nothing follows it but a comment.
    /// Without that, a quote that was forgotten would swallow the settings up to the next one.
    fn close(&mut self, text: &str, from: usize, quote: u8) -> Option<usize> {
        if self.ended.contains(&quote) {
            return None;
        }
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            let Some(offset) = memchr::memchr2(b'\\', quote, &bytes[at..]) else {
                self.ended.push(quote);
                return None;
            };
            at += offset;
            if bytes[at] == quote {
                break;
            }
            // A backslash before a quote escapes it in quotes of every kind, unless the line ends there: `'C:\'`.
            let escapes =
                quote == b'"' || bytes.get(at + 1) == Some(&quote) && !ends_line(text, at + 2);
            at += if escapes { 2 } else { 1 };
            if at > bytes.len() {
                self.ended.push(quote);
                return None;
            }
        }
        let same_line = physical::end(text, from) >= at;
        (same_line || ends_line(text, at + 1)).then_some(at)
    }
}

/// Whether nothing but a comment follows on the line.
fn ends_line(text: &str, at: usize) -> bool {
    let at = physical::skip_blank(text, at.min(text.len()));
    matches!(
        text.as_bytes().get(at),
        None | Some(b'\n' | b'\r' | b'#' | 0)
    )
}

/// What stands between double quotes, without its escapes.
fn unescaped(inner: &str) -> String {
    if !inner.contains('\\') {
        return inner.to_owned();
    }
    let mut value = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            value.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some('t') => value.push('\t'),
            Some(special @ ('"' | '\\' | '\'' | '$' | '`')) => value.push(special),
            Some(other) => value.extend(['\\', other]),
            None => value.push('\\'),
        }
    }
    value
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
                ".env",
                ".env.production",
                ".env-staging",
                ".env_uat",
                "app.env",
                "env.staging",
                "app.env.example",
                ".dev.vars",
                ".flaskenv",
            ],
            &[".envrc", "environment", "venv", "env", ".environment"],
        );
    }

    #[test]
    fn settings() {
        gives(
            &FORMAT,
            "\u{feff}A=1x # note\r\nexport B='two words'\r\n  C = \"d # e\" # f\r\nD=p#w\r\nE: f\r\nG=`h\"i`\r\n",
            &[
                ("A", "1x"),
                ("B", "two words"),
                ("C", "d # e"),
                ("D", "p#w"),
                ("E", "f"),
                ("G", "h\"i"),
            ],
        );
        gives(
            &FORMAT,
            "A=ü\nB=\"ñ\"\nA=again\nC=\nD=''\n#E=f\n# plain words\n",
            &[("A", "ü"), ("B", "ñ"), ("A", "again"), ("E", "f")],
        );
        gives(
            &FORMAT,
            "A=postgres://u:p@h/d?x=y\nB.c-d=e\n",
            &[("A", "postgres://u:p@h/d?x=y"), ("B.c-d", "e")],
        );
    }

    #[test]
    fn values_over_lines() {
        gives(
            &FORMAT,
            "A=\"one\ntwo\"\nB='three\r\nfour' # c\nD=\"e\\nf \\\"g\\\" \\$h \\i\"\n",
            &[
                ("A", "one\ntwo"),
                ("B", "three\r\nfour"),
                ("D", "e\nf \"g\" $h \\i"),
            ],
        );
    }

    #[test]
    fn a_forgotten_quote_swallows_nothing() {
        gives(
            &FORMAT,
            "A=\"one\nB=\"two\"\nC='three\nD=four\nE=\"\n",
            &[("A", "one"), ("B", "two"), ("C", "three"), ("D", "four")],
        );
        gives(
            &FORMAT,
            "A='C:\\'\nB='it\\'s'\n",
            &[("A", "C:\\"), ("B", "it\\'s")],
        );
        gives(
            &FORMAT,
            "A=\"b\" C=\"d\"\nE=\"f\"g\n",
            &[("A", "b"), ("C", "d"), ("E", "f")],
        );
        let many = "A=\"\\\"x\n".repeat(100_000);
        assert!(super::read(&many).is_some());
    }

    #[test]
    fn templates_are_none() {
        broken(
            &FORMAT,
            &["{% if x %}\nA=b\n{% endif %}\n", "A=b\n<<<<<<< HEAD\n"],
        );
    }
}
