//! The tolerant reader: one assignment a line, `[section]` headers, and indentation as nesting where a line ends in `:`.
//! Takes dotenv, INI, properties, TOML, shell exports, HCL, templated YAML, and the literals of source code; never fails.

use super::{Entry, Format, Joined, Meaning, Syntax};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Lines,
    knows: |_| true,
    read: |text| Some(read(text, &mut State::default())),
    joined: Some(|text| Some(joined(text))),
};

/// What the lines before say of those that follow.
#[derive(Debug, Default)]
pub(super) struct State {
    section: Vec<String>,
    /// Keys of enclosing lines that ended in `:` or `{`, with their indentation.
    parents: Vec<(usize, String)>,
}

/// Longer names of sections and blocks name none.
const LONGEST_KEY: usize = 128;
/// Deeper blocks are not told apart.
const DEEPEST: usize = 32;

/// The assignments of `text`; linear in its length, whatever the length of its lines.
pub(super) fn read(text: &str, state: &mut State) -> Vec<Entry> {
    read_with(text, state, &mut |_| {})
}

/// The same of a whole file, with its joints: lines that stand in no block, as long as there is no section, and headers of sections.
pub(super) fn joined(text: &str) -> Joined {
    let mut joints = Vec::new();
    let entries = read_with(text, &mut State::default(), &mut |at| joints.push(at));
    Joined { entries, joints }
}

fn read_with(text: &str, state: &mut State, joint: &mut dyn FnMut(usize)) -> Vec<Entry> {
    let State { section, parents } = state;
    let mut entries = Vec::new();
    let mut at = 0;
    // A NUL ends a line too: what stands on both sides of it belongs together least of all.
    while at < text.len() {
        let start = at;
        let end = memchr::memchr3(b'\n', b'\r', 0, &text.as_bytes()[start..]);
        at = end.map_or(text.len(), |end| start + end + 1);
        let line = &text[start..at];
        let content = line.trim_end_matches('\0').trim_end();
        let indent = content.len() - content.trim_start().len();
        let content = content.trim_start();
        if content.is_empty() {
            continue;
        }
        if is_comment(content) && !has_assignment_like(content) {
            continue;
        }
        if let Some(header) = content
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let header = header.trim_matches(['[', ']', ' ']);
            // Written down with every entry below it: a longer one is hostile.
            if !header.is_empty()
                && header.len() <= LONGEST_KEY
                && !header.contains(['"', ',', '{'])
            {
                joint(start);
                *section = header
                    .split('.')
                    .map(|part| part.trim().to_owned())
                    .collect();
                parents.clear();
                continue;
            }
        }
        while parents.last().is_some_and(|(outer, _)| *outer >= indent) {
            parents.pop();
        }
        if parents.is_empty() && section.is_empty() {
            joint(start);
        }
        if let Some(key) = opened_key(content)
            && key.len() <= LONGEST_KEY
            && parents.len() < DEEPEST
        {
            parents.push((indent, key.to_owned()));
            continue;
        }
        for (key, value, quoted) in assignments(content) {
            let offset = start + indent + value.start;
            let mut path = section.clone();
            path.extend(parents.iter().map(|(_, key)| key.clone()));
            path.push(key.to_owned());
            entries.push(Entry {
                path,
                value: content[value.clone()].to_owned(),
                span: offset..offset + value.len(),
                quoted,
                meaning: Meaning::Literal,
            });
        }
    }
    entries
}

fn is_comment(content: &str) -> bool {
    ["#", "//", ";", "--", "<!--"]
        .iter()
        .any(|mark| content.starts_with(mark))
}

/// A commented-out setting still holds its value.
pub(super) fn has_assignment_like(content: &str) -> bool {
    content.contains('=') || content.contains(": ")
}

/// The key of a line that opens a block: `staging:`, `"staging": {`, `staging {`.
fn opened_key(content: &str) -> Option<&str> {
    let key = content
        .trim_start_matches("- ")
        .trim_end_matches('{')
        .trim_end();
    let opens = key.len() < content.trim_start_matches("- ").len();
    let key = match key.strip_suffix([':', '=']) {
        Some(key) => key.trim_end(),
        None if opens => key,
        None => return None,
    };
    let key = key.trim_matches(['"', '\'']);
    (!key.is_empty() && key.bytes().all(is_key_byte)).then_some(key)
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.@/".contains(&byte)
}

/// Every `key = value` of a line with the value's range in it. Most lines have one; JSON and code may have several.
pub(super) fn assignments(content: &str) -> Vec<(&str, std::ops::Range<usize>, bool)> {
    let bytes = content.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    let mut comment = 0;
    while let Some(offset) = memchr::memchr2(b'=', b':', &bytes[at..]) {
        let operator = at + offset;
        at = operator + 1;
        // The operator: `=`, `:`, `:=`, `=>`, `?=`, `+=`, but not `==`, `!=`, `::`, `://`.
        if matches!(bytes.get(at), Some(b'=' | b'>')) {
            at += 1;
            if bytes[operator] == b'=' && bytes[at - 1] == b'=' {
                continue;
            }
        }
        if bytes[operator] == b':' && matches!(bytes.get(at), Some(b':' | b'/'))
            || operator > 0 && b"!<>=:".contains(&bytes[operator - 1])
        {
            continue;
        }
        let before = content[..operator].trim_end_matches([' ', '\t', '?', '+', ']']);
        let before = before.trim_end_matches(['"', '\'', '`']);
        let key_start = before
            .bytes()
            .rposition(|byte| !is_key_byte(byte))
            .map_or(0, |at| at + 1);
        let key = &before[key_start..];
        if key.is_empty() || key.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let value_start = at + content[at..].len() - content[at..].trim_start().len();
        if value_start >= content.len() {
            break;
        }
        let quote = bytes[value_start];
        if opens_literal(&content[value_start..]) {
            continue;
        }
        if b"\"'`".contains(&quote) {
            let inner = value_start + 1;
            match closing_quote(&bytes[inner..], quote) {
                Some(len) => {
                    found.push((key, inner..inner + len, true));
                    at = inner + len + 1;
                }
                None => break,
            }
            continue;
        }
        // Known until it is passed: a line of a hundred megabytes is not searched anew for every value.
        if comment < value_start {
            comment = value_start + unquoted_end(&content[value_start..]);
        }
        let rest = &content[value_start..comment];
        // `key: "quoted"` later on the line would be swallowed by an unquoted value: `a = b, password = "x"`.
        let inner_operator = rest
            .find([' ', ',', ';', '&'])
            .filter(|&cut| memchr::memchr2(b'=', b':', &rest.as_bytes()[cut..]).is_some());
        let value = &rest[..inner_operator.unwrap_or(rest.len())];
        let value = value.trim_end_matches([',', ';']).trim_end();
        if !value.is_empty() {
            found.push((key, value_start..value_start + value.len(), false));
        }
        at = value_start + value.len().max(1);
        while !content.is_char_boundary(at) {
            at += 1;
        }
    }
    found
}

/// Whether a literal of keys and values begins, whose first key is no value: `default = {"host": "x"}`.
fn opens_literal(rest: &str) -> bool {
    const LONGEST: usize = 64;
    let inner = rest.trim_start_matches(['{', '[', '(', ' ']);
    if inner.len() == rest.len() || rest.starts_with("{{") || inner.len() > rest.len() - 1 {
        return false;
    }
    let bytes = inner.as_bytes();
    let quoted = usize::from(matches!(bytes.first(), Some(b'"' | b'\'')));
    let len = bytes[quoted..]
        .iter()
        .take(LONGEST)
        .take_while(|byte| is_key_byte(**byte))
        .count();
    let behind = &inner[quoted + len..];
    let behind = if quoted == 1 {
        behind.strip_prefix(['"', '\''])
    } else {
        Some(behind)
    };
    len > 0
        && behind.is_some_and(|behind| {
            let behind = behind.trim_start_matches(' ');
            behind.starts_with([':', '=']) && !behind.starts_with("==") && !behind.starts_with("::")
        })
}

fn closing_quote(rest: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// Where an unquoted value ends: at a comment that stands apart.
fn unquoted_end(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let begins = |&at: &usize| {
        matches!(
            bytes[at..],
            [_, b'#', ..] | [b' ', b';', ..] | [b' ', b'/', b'/', ..]
        )
    };
    memchr::memchr2_iter(b' ', b'\t', bytes)
        .find(begins)
        .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::{State, read};

    fn of(text: &str) -> Vec<(String, String)> {
        read(text, &mut State::default())
            .into_iter()
            .map(|entry| {
                assert_eq!(&text[entry.span.clone()], entry.value);
                (entry.path.join("."), entry.value)
            })
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn dotenv_ini_and_properties() {
        assert_eq!(
            of("export A=1x # note\nB='two words'\n\n[db.main]\npassword = p#w\n; c = d\n"),
            pairs(&[
                ("A", "1x"),
                ("B", "two words"),
                ("db.main.password", "p#w"),
                ("db.main.c", "d")
            ])
        );
    }

    #[test]
    fn templated_yaml_keeps_its_nesting() {
        assert_eq!(
            of("staging:\n  {{- if .x }}\n  db:\n    password: abc\n  user: me\nother: 1a\n"),
            pairs(&[
                ("staging.db.password", "abc"),
                ("staging.user", "me"),
                ("other", "1a")
            ])
        );
    }

    #[test]
    fn code_and_json_lines() {
        assert_eq!(
            of(
                "connect(user = \"u\", password = \"p:q\")\nif a == b { c != d }\n{\"a\": \"x\", \"b\": \"y\"}\n"
            ),
            pairs(&[("user", "u"), ("password", "p:q"), ("a", "x"), ("b", "y")])
        );
    }

    #[test]
    fn rubbish_is_survived() {
        for text in [
            "=",
            ":::",
            "a=",
            "\"",
            "'=\"",
            "é=ü\nñ: '",
            "a = \"unterminated",
            "[",
            "[]",
            "[x",
        ] {
            read(text, &mut State::default());
        }
    }

    #[test]
    fn every_line_end_and_a_nul_end_a_line() {
        assert_eq!(
            of("a: 1x\rb: 2x\r\nc: 3x\0d: 4x"),
            pairs(&[("a", "1x"), ("b", "2x"), ("c", "3x"), ("d", "4x")])
        );
    }

    #[test]
    fn sections_reach_into_what_is_read_next() {
        let mut state = State::default();
        read("[production]\na = b\n", &mut state);
        assert_eq!(read("c = d\n", &mut state)[0].path, ["production", "c"]);
    }

    #[test]
    fn long_lines_are_read_to_their_end() {
        let text = format!("{}password=swordfish9", "a=b,c:d;".repeat(20_000));
        assert_eq!(
            of(&text).last().map(|(_, value)| value.as_str()),
            Some("swordfish9")
        );
    }
}
