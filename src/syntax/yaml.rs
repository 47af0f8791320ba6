//! YAML 1.2 through saphyr-parser, whose events carry places: documents, anchors, aliases, merge keys and tags. A templated
//! text is tried with its actions put out of the way.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::tree::template::{self, Neutral};
use super::tree::{self, Builder, Kind, NodeId, Tree};
use super::{Entry, Format, Meaning, Syntax, ending};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Yaml,
    knows: |name| ["yaml", "yml", "eyaml", "sls", "kubeconfig"].contains(&ending(name)),
    read: |text| read_nested(text, 0),
    joined: None,
};

/// The entries of every document in a text that stands in `nesting` others.
pub(super) fn read_nested(text: &str, nesting: usize) -> Option<Vec<Entry>> {
    // `{{ x }}` may pass for a mapping that is a key, which nobody writes.
    let tree = match parse(text, text, None) {
        Some((tree, false)) => tree,
        plain => match template::neutralise(text) {
            Some(neutral) => parse(text, &neutral.text, Some(&neutral))?.0,
            None => plain?.0,
        },
    };
    tree::entries(&tree, text, nesting)
}

/// The documents of `text` as a parser sees them in `parsed`, and whether anything but a scalar is a key.
fn parse(text: &str, parsed: &str, neutral: Option<&Neutral>) -> Option<(Tree, bool)> {
    let offsets = ByteOffsets::new(parsed);
    let mut builder = Builder::default();
    let mut anchors: HashMap<usize, NodeId> = HashMap::new();
    let mut open_anchors: Vec<usize> = Vec::new();
    let mut odd_keys = false;
    for event in Parser::new_from_str(parsed) {
        let (event, span) = event.ok()?;
        match event {
            Event::MappingStart(anchor, ref tag) | Event::SequenceStart(anchor, ref tag) => {
                odd_keys |= builder.wants_key();
                let mapping = matches!(event, Event::MappingStart(..));
                builder.open(mapping, meaning(tag.as_deref()))?;
                open_anchors.push(anchor);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let id = builder.close(Some("<<"))?;
                match open_anchors.pop()? {
                    0 => {}
                    anchor => {
                        anchors.insert(anchor, id);
                    }
                }
            }
            Event::Alias(anchor) => {
                // Of what is still open, an alias would hold itself.
                let id = anchors.get(&anchor).copied();
                if builder.wants_key() {
                    let key = id.and_then(|id| builder.tree.text(id)).unwrap_or("*");
                    builder.key(key.to_owned());
                } else {
                    let id = id.unwrap_or_else(|| {
                        let nothing = Kind::List(Vec::new());
                        builder.tree.add(nothing, Meaning::Literal)
                    });
                    builder.put(id);
                }
            }
            Event::Scalar(value, style, anchor, tag) => {
                let range = offsets.byte(span.start.index())..offsets.byte(span.end.index());
                let has_properties = anchor != 0 || tag.is_some();
                let span = place(parsed, range, style, has_properties)?;
                let value = match neutral {
                    Some(neutral) if neutral.fills(&span) => text.get(span.clone())?.to_owned(),
                    _ => value.into_owned(),
                };
                if builder.wants_key() {
                    if anchor != 0 {
                        let id = builder
                            .tree
                            .scalar(value.clone(), span, false, Meaning::Literal);
                        anchors.insert(anchor, id);
                    }
                    builder.key(value);
                    continue;
                }
                let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
                let meaning = meaning(tag.as_deref());
                let id = builder.tree.scalar(value, span, quoted, meaning);
                if anchor != 0 {
                    anchors.insert(anchor, id);
                }
                builder.put(id);
            }
            Event::DocumentEnd => {
                anchors.clear();
            }
            _ => {}
        }
    }
    Some((builder.finish()?, odd_keys))
}

/// What a tag says of the value: Ansible's vault, references of CloudFormation, GitLab, Home Assistant and the like.
fn meaning(tag: Option<&Tag>) -> Meaning {
    let Some(tag) = tag else {
        return Meaning::Literal;
    };
    if tag.is_yaml_core_schema() {
        return match tag.suffix.as_str() {
            "binary" => Meaning::Base64,
            _ => Meaning::Literal,
        };
    }
    match tag.suffix.to_ascii_lowercase().as_str() {
        "vault" | "vault-encrypted" | "encrypted" | "cipher" => Meaning::Encrypted,
        "ref" | "getatt" | "sub" | "importvalue" | "reference" | "env" | "env_var" | "envvar"
        | "secret" | "include" | "lookup" | "file" | "ssm" | "var" | "vaultsecret" => {
            Meaning::Reference
        }
        _ => Meaning::Literal,
    }
}

/// Where the content of a scalar stands: without its tag and anchor, its quotes, the head of its block, a comment after it.
fn place(
    text: &str,
    range: Range<usize>,
    style: ScalarStyle,
    properties: bool,
) -> Option<Range<usize>> {
    let Range { mut start, end } = range;
    let end = end.max(start);
    let skip_space = |start: usize| {
        let raw = text.get(start..end)?;
        Some(start + (raw.len() - raw.trim_start().len()))
    };
    loop {
        if !properties {
            break;
        }
        start = skip_space(start)?;
        let raw = text.get(start..end)?;
        if !raw.starts_with(['!', '&', '#']) {
            break;
        }
        let stop: &[char] = if raw.starts_with('#') {
            &['\n']
        } else {
            &[' ', '\t', '\n', '\r']
        };
        start += raw.find(stop).unwrap_or(raw.len());
    }
    let raw = text.get(start..end)?;
    match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted if raw.starts_with(['\'', '"']) => {
            let length = quoted_length(&raw.as_bytes()[1..], raw.as_bytes()[0])?;
            Some(start + 1..start + 1 + length)
        }
        ScalarStyle::Literal | ScalarStyle::Folded => {
            if properties && raw.starts_with(['|', '>']) {
                start += raw.find('\n').unwrap_or(raw.len());
            }
            let start = skip_space(start)?;
            Some(start..start + text.get(start..end)?.trim_end().len())
        }
        _ => {
            let comment = [" #", "\t#", "\n#"]
                .iter()
                .filter_map(|mark| raw.find(mark))
                .min();
            let raw = &raw[..comment.unwrap_or(raw.len())];
            Some(start..start + raw.trim_end().len())
        }
    }
}

/// The length of what stands before the closing quote.
fn quoted_length(rest: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    while at < rest.len() {
        match rest[at] {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && rest.get(at + 1) == Some(&b'\'') => at += 2,
            byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
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
mod tests;
