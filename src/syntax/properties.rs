//! Java properties: `key=value`, `key: value`, `key value`, escapes, lines continued by a backslash. In Spring's, `#---` begins
//! another document, and the profile that activates it is its section.

use std::ops::Range;

use super::{Entry, Format, Meaning, Syntax, ending, physical};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Properties,
    knows: |name| ending(name) == "properties",
    read,
    joined: None,
};

/// Keys that say for which profile of Spring a document is.
const PROFILES: [&str; 2] = ["spring.config.activate.on-profile", "spring.profiles"];

/// The entries of a file; `None` where it is a template.
fn read(text: &str) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut document = 0;
    let mut at = physical::start(text);
    while at < text.len() {
        let end = physical::end(text, at);
        let begin = physical::skip_blank(text, at);
        let line = &text[begin..end];
        if physical::is_foreign(line) {
            return None;
        }
        if let Some(comment) = line.strip_prefix(['#', '!']) {
            if comment.trim_end() == "---" {
                add_section(&mut entries[document..]);
                document = entries.len();
            } else {
                physical::add_commented_out(comment, begin + 1, &[], &mut entries);
            }
            at = physical::next(text, end);
            continue;
        }
        let end = logical_end(text, begin);
        at = physical::next(text, end);
        add(text, begin..end, &mut entries);
    }
    add_section(&mut entries[document..]);
    Some(entries)
}

/// Where the last of the lines ends that a backslash joins to the one at `at`.
fn logical_end(text: &str, mut at: usize) -> usize {
    loop {
        let end = physical::end(text, at);
        if end == text.len() || !physical::ends_in_escape(&text.as_bytes()[at..end]) {
            return end;
        }
        at = physical::next(text, end);
    }
}

fn add(text: &str, line: Range<usize>, entries: &mut Vec<Entry>) {
    let bytes = text.as_bytes();
    let mut key_end = line.start;
    while key_end < line.end && !matches!(bytes[key_end], b'=' | b':' | b' ' | b'\t' | 0x0c) {
        key_end += if bytes[key_end] == b'\\' { 2 } else { 1 };
    }
    let key_end = key_end.min(line.end);
    if !text.is_char_boundary(key_end) {
        return;
    }
    let mut value = skip(text, key_end, line.end);
    if value < line.end && matches!(bytes[value], b'=' | b':') {
        value = skip(text, value + 1, line.end);
    }
    let stands = text[value..line.end].trim_end();
    let (span, quoted) = physical::unquoted(text, value..value + stands.len());
    let key = unescaped(&text[line.start..key_end]);
    if key.is_empty() || span.is_empty() {
        return;
    }
    entries.push(Entry {
        path: vec![key],
        value: unescaped(&text[span.clone()]),
        span,
        quoted,
        meaning: Meaning::Literal,
    });
}

/// Skips blanks and continued line ends.
fn skip(text: &str, mut at: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    while at < end {
        match bytes[at] {
            b' ' | b'\t' | 0x0c => at += 1,
            b'\\' if at + 1 < end && matches!(bytes[at + 1], b'\n' | b'\r' | 0) => {
                at = physical::next(text, at + 1);
            }
            _ => break,
        }
    }
    at.min(end)
}

fn unescaped(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    let mut value = String::with_capacity(raw.len());
    // Halves of a pair that stand for one character.
    let mut units: Vec<u16> = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        let rest = &raw[at..];
        let unit = rest
            .strip_prefix("\\u")
            .and_then(|digits| digits.get(..4))
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u16::from_str_radix(digits, 16).ok());
        if let Some(unit) = unit {
            units.push(unit);
            at += 6;
            continue;
        }
        value.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
        let mut characters = rest.chars();
        let Some(first) = characters.next() else {
            break;
        };
        at += first.len_utf8();
        if first != '\\' {
            value.push(first);
            continue;
        }
        let Some(next) = characters.next() else {
            break;
        };
        at += next.len_utf8();
        match next {
            'n' => value.push('\n'),
            't' => value.push('\t'),
            'r' => value.push('\r'),
            'f' => value.push('\u{c}'),
            '\n' | '\r' | '\0' => {
                if next == '\r' && raw[at..].starts_with('\n') {
                    at += 1;
                }
                at += raw[at..].len() - raw[at..].trim_start_matches([' ', '\t', '\u{c}']).len();
            }
            other => value.push(other),
        }
    }
    value.push_str(&String::from_utf16_lossy(&units));
    value
}

/// Puts the profile that a document declares before the keys of its entries.
fn add_section(document: &mut [Entry]) {
    let profile = document
        .iter()
        .find(|entry| PROFILES.contains(&entry.path[0].as_str()))
        .map(|entry| physical::key(&entry.value));
    // `!prod` is every profile but that.
    let Some(profile) = profile.filter(|profile| !profile.contains('!')) else {
        return;
    };
    for entry in document {
        entry.path.insert(0, profile.clone());
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
            &["application-prod.properties", "gradle.properties"],
            &["properties.json"],
        );
    }

    #[test]
    fn separators_and_comments() {
        gives(
            &FORMAT,
            "\u{feff}a.b=c\r\nd : e f \r\ng h\r\n ! i=j\r\n#plain words\r\nk\\ l = m\r\nn==\r\no=\r\np=\"q r\"\r\na.b=again\r\n",
            &[
                ("a.b", "c"),
                ("d", "e f"),
                ("g", "h"),
                ("i", "j"),
                ("k l", "m"),
                ("n", "="),
                ("p", "q r"),
                ("a.b", "again"),
            ],
        );
    }

    #[test]
    fn escapes_and_continued_lines() {
        gives(
            &FORMAT,
            "a=b\\\n    c\\\r\n\td\ne=\\u00fc\\ud83d\\ude00\\t\\q\nf=g\\\\\nh=i\nj\\\n =k\nl=C\\:\\\\m\\uZZ",
            &[
                ("a", "bcd"),
                ("e", "ü😀\tq"),
                ("f", "g\\"),
                ("h", "i"),
                ("j", "k"),
                ("l", "C:\\muZZ"),
            ],
        );
        gives(&FORMAT, "a=b\\", &[("a", "b")]);
        gives(&FORMAT, "password=s\u{fc}\\", &[("password", "s\u{fc}")]);
        gives(&FORMAT, "k\\", &[]);
    }

    #[test]
    fn documents_of_spring() {
        gives(
            &FORMAT,
            "a=b\n#---\nspring.config.activate.on-profile=production\nc=d\n!---\nc=e\nspring.profiles=staging\n#---\n\
             spring.profiles=!prod\nf=g\n",
            &[
                ("a", "b"),
                ("production.spring.config.activate.on-profile", "production"),
                ("production.c", "d"),
                ("staging.c", "e"),
                ("staging.spring.profiles", "staging"),
                ("spring.profiles", "!prod"),
                ("f", "g"),
            ],
        );
    }

    #[test]
    fn templates_are_none() {
        broken(&FORMAT, &["a=b\n{{#if x}}\n", "<% if x %>\na=b\n"]);
    }
}
