//! YAML 1.2 through saphyr-parser, whose events carry positions. Takes JSON too.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Entry, Format, Syntax, ending};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Yaml,
    knows: |name| {
        [
            "yaml",
            "yml",
            "json",
            "eyaml",
            "sls",
            "jsonc",
            "webmanifest",
        ]
        .contains(&ending(name))
    },
    read,
};

/// Deeper documents are hostile; the line reader takes them.
const DEEPEST: usize = 256;

enum Level {
    /// In a mapping: the key whose value comes next, if a key has been read.
    Mapping(Option<String>),
    /// In a list.
    Sequence,
}

/// The entries of every document in `text`; `None` where it is not YAML.
fn read(text: &str) -> Option<Vec<Entry>> {
    let offsets = ByteOffsets::new(text);
    let mut entries = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut path: Vec<Option<String>> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if levels.len() >= DEEPEST {
                    return None;
                }
                path.push(take_key(&mut levels));
                levels.push(if matches!(event, Event::MappingStart(..)) {
                    Level::Mapping(None)
                } else {
                    Level::Sequence
                });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                path.pop();
            }
            Event::Alias(_) => {
                take_key(&mut levels);
            }
            Event::Scalar(value, style, ..) => {
                if let Some(Level::Mapping(key @ None)) = levels.last_mut() {
                    *key = Some(value.into_owned());
                    continue;
                }
                let key = take_key(&mut levels);
                let mut keys: Vec<String> = path.iter().flatten().cloned().collect();
                keys.extend(key);
                if keys.is_empty() {
                    continue;
                }
                let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
                let mut start = offsets.byte(span.start.index());
                let mut end = offsets.byte(span.end.index()).max(start);
                if quoted && end >= start + 2 {
                    // A comment on the line may be reported as part of the scalar.
                    let inner = text.as_bytes().get(start + 1..end)?;
                    let len = closing_quote(inner, text.as_bytes()[start]);
                    (start, end) = (start + 1, start + 1 + len.unwrap_or(inner.len() - 1));
                }
                let raw = text.get(start..end)?;
                // Plain scalars may be reported with the space or comment after them.
                let end = start + raw.trim_end().len();
                entries.push(Entry {
                    path: keys,
                    value: value.into_owned(),
                    span: start..end,
                    quoted,
                });
            }
            _ => {}
        }
    }
    Some(entries)
}

/// Where the quote that was opened before `inner` closes.
fn closing_quote(inner: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    while at < inner.len() {
        match inner[at] {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && inner.get(at + 1) == Some(&b'\'') => at += 2,
            byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
}

fn take_key(levels: &mut [Level]) -> Option<String> {
    match levels.last_mut() {
        Some(Level::Mapping(key)) => key.take(),
        _ => None,
    }
}

/// Markers count characters; spans count bytes.
struct ByteOffsets<'t> {
    text: &'t str,
    /// Byte offset of every character, kept only where the two differ.
    of_character: Option<Vec<usize>>,
}

impl<'t> ByteOffsets<'t> {
    fn new(text: &'t str) -> Self {
        let of_character =
            (!text.is_ascii()).then(|| text.char_indices().map(|(byte, _)| byte).collect());
        Self { text, of_character }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.of_character {
            None => character.min(self.text.len()),
            Some(offsets) => offsets.get(character).copied().unwrap_or(self.text.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn of(text: &str) -> Vec<(String, String)> {
        read(text)
            .expect("YAML")
            .into_iter()
            .map(|entry| (entry.path.join("."), text[entry.span].to_owned()))
            .collect()
    }

    #[test]
    fn key_paths_and_spans() {
        let text = "staging:\n  db: {user: me, password: 'p w'}\n  list:\n    - name: \"ä\"\n    - x\nother: plain # note\n";
        let expected = [
            ("staging.db.user", "me"),
            ("staging.db.password", "p w"),
            ("staging.list.name", "ä"),
            ("staging.list", "x"),
            ("other", "plain"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(of(text), expected);
    }

    #[test]
    fn a_comment_behind_quotes_is_no_part_of_the_value() {
        let text = "a: \"x\\\"y\" # not \"this\"\nb: 'it''s' # nor this\n";
        let expected = [("a", "x\\\"y"), ("b", "it''s")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(of(text), expected);
    }

    #[test]
    fn json_is_taken() {
        assert_eq!(
            of("{\n  \"a\": {\"b\": \"c\"},\n  \"d\": [1, 2]\n}\n")[0],
            ("a.b".to_owned(), "c".to_owned())
        );
    }

    #[test]
    fn several_documents() {
        assert_eq!(of("a: 1\n---\nb: 2\n").len(), 2);
    }

    #[test]
    fn templated_text_is_not_yaml() {
        assert!(read("{{- if .Values.x }}\na: b\n{{- end }}\n").is_none());
    }
}
