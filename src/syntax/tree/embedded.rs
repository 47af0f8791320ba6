//! Values that are files of their own: `application.yml: |` in a ConfigMap, JSON in a string, a script of a CI job. Their
//! entries have places in the outer file.

use std::ops::Range;

use super::super::{Entry, Syntax, hcl, json, of_path, read_as, xml, yaml};
use super::Scalar;

/// A file in a file in a file.
const DEEPEST_NESTING: usize = 2;

/// Keys of prose, in which `Password: at least ten letters` is no assignment.
const PROSE: [&str; 10] = [
    "description",
    "message",
    "comment",
    "help",
    "notes",
    "text",
    "summary",
    "title",
    "readme",
    "documentation",
];

/// The entries of a value that is a file; none where it is an ordinary value.
pub(super) fn entries(name: &str, scalar: &Scalar, outer: &str, nesting: usize) -> Vec<Entry> {
    let text = scalar.text.as_str();
    let trimmed = text.trim();
    if nesting >= DEEPEST_NESTING || trimmed.len() < 6 || trimmed.starts_with("-----BEGIN") {
        return Vec::new();
    }
    let is_json = trimmed.starts_with(['{', '[']) && !trimmed.starts_with("{{");
    let has_lines = trimmed.contains('\n');
    if !is_json && !has_lines {
        return Vec::new();
    }
    let Some(places) = Places::of(scalar, outer) else {
        return Vec::new();
    };
    let prose = PROSE.contains(&name.to_ascii_lowercase().as_str());
    let syntax = match of_path(name) {
        _ if prose => Syntax::Code,
        Syntax::Lines if is_json => Syntax::Json,
        syntax => syntax,
    };
    let nesting = nesting + 1;
    let read = match syntax {
        Syntax::Yaml => yaml::read_nested(text, nesting),
        Syntax::Json => json::read_nested(text, nesting),
        Syntax::Xml => xml::read_nested(text, nesting),
        Syntax::Hcl => hcl::read_nested(text, nesting),
        _ => None,
    };
    let entries = match read {
        Some(entries) => entries,
        None if !has_lines => return Vec::new(),
        None => read_as(text, flat(syntax)).unwrap_or_default(),
    };
    entries
        .into_iter()
        .filter_map(|entry| {
            let span = places.outer(&entry.span)?;
            (span.end <= scalar.span.end).then_some(Entry { span, ..entry })
        })
        .collect()
}

/// The reader of what a tree format did not take.
fn flat(syntax: Syntax) -> Syntax {
    match syntax {
        Syntax::Yaml | Syntax::Json | Syntax::Xml | Syntax::Hcl => Syntax::Lines,
        flat => flat,
    }
}

/// Where the bytes of a value stand in the file that it is written in.
struct Places {
    /// Places in the value with theirs in the file: what follows runs on side by side up to the next.
    starts: Vec<(usize, usize)>,
}

impl Places {
    fn of(scalar: &Scalar, outer: &str) -> Option<Self> {
        let raw = outer.get(scalar.span.clone())?;
        let starts = if raw == scalar.text {
            vec![(0, scalar.span.start)]
        } else if scalar.quoted {
            escaped(&scalar.text, raw, scalar.span.start)?
        } else {
            indented(&scalar.text, outer, &scalar.span)?
        };
        Some(Self { starts })
    }

    fn outer(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let place = |at: usize| {
            let next = self.starts.partition_point(|(inner, _)| *inner <= at);
            let (inner, outer) = self.starts.get(next.checked_sub(1)?)?;
            Some(outer + (at - inner))
        };
        let (start, end) = (place(span.start)?, place(span.end)?);
        (start <= end).then_some(start..end)
    }
}

/// A literal block: every line is the end of a line of the file.
fn indented(value: &str, outer: &str, span: &Range<usize>) -> Option<Vec<(usize, usize)>> {
    let mut line_start = outer[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let mut starts = Vec::new();
    let mut at = 0;
    let mut begun = false;
    for line in value.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        // The span begins with the first line that is not blank.
        begun |= !content.trim().is_empty();
        if begun {
            let line_end = outer[line_start..]
                .find('\n')
                .map_or(outer.len(), |length| line_start + length);
            let written = outer[line_start..line_end].trim_end_matches('\r');
            if !content.trim().is_empty() && !written.ends_with(content) {
                return None;
            }
            let indent = written.len().saturating_sub(content.len());
            starts.push((at, line_start + indent));
            line_start = (line_end + 1).min(outer.len());
        }
        at += line.len();
    }
    Some(starts)
}

/// A string with escapes: each of them is a place of its own.
fn escaped(value: &str, raw: &str, start: usize) -> Option<Vec<(usize, usize)>> {
    let bytes = raw.as_bytes();
    let mut starts = vec![(0, start)];
    let mut at = 0;
    for (inner, character) in value.char_indices() {
        if bytes.get(at) == Some(&b'\\') {
            let length = match bytes.get(at + 1)? {
                b'x' => 4,
                b'u' if character > '\u{ffff}' => 12,
                b'u' => 6,
                b'U' => 10,
                _ => 2,
            };
            starts.push((inner, start + at));
            at += length;
            starts.push((inner + character.len_utf8(), start + at));
        } else if raw.get(at..)?.starts_with(character) {
            at += character.len_utf8();
        } else {
            return None;
        }
    }
    Some(starts)
}
