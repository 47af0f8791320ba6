//! Dockerfiles: `ENV` in both forms, the defaults of `ARG`, and the commands of `RUN` and its like as a shell reads them. Labels
//! are metadata that everyone reads, and no secrets.

use std::ops::Range;

use super::words::{self, Manner};
use super::{Entry, Format, Meaning, Syntax, ending, physical, shell};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Dockerfile,
    knows: |name| {
        ["dockerfile", "containerfile"].iter().any(|own| {
            ending(name) == *own
                || name
                    .strip_prefix(own)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
        })
    },
    read,
    joined: None,
};

/// Instructions whose arguments a shell reads.
const COMMANDS: [&str; 4] = ["RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"];

/// Instructions that set nothing that a program sees.
const OTHERS: [&str; 12] = [
    "FROM",
    "LABEL",
    "MAINTAINER",
    "COPY",
    "ADD",
    "EXPOSE",
    "VOLUME",
    "USER",
    "WORKDIR",
    "STOPSIGNAL",
    "SHELL",
    "ONBUILD",
];

/// The entries of a file; `None` where it has lines that are no instruction.
fn read(text: &str) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut escape = b'\\';
    let mut at = physical::start(text);
    while at < text.len() {
        let end = physical::end(text, at);
        let begin = physical::skip_blank(text, at);
        let line = text[begin..end].trim_end();
        if let Some(comment) = line.strip_prefix('#') {
            if entries.is_empty() && comment.replace(' ', "").eq_ignore_ascii_case("escape=`") {
                escape = b'`';
            } else {
                physical::add_commented_out(comment, begin + 1, &[], &mut entries);
            }
        }
        if line.is_empty() || line.starts_with('#') {
            at = physical::next(text, end);
            continue;
        }
        let mut end = logical_end(text, begin, escape);
        let mut start = begin;
        let mut word;
        loop {
            let len = text[start..end].find([' ', '\t', '\n', '\r', '\0']);
            word = text[start..len.map_or(end, |len| start + len)].to_ascii_uppercase();
            start = physical::skip_blank(text, start + word.len()).min(end);
            // What it runs later is an instruction itself.
            if word != "ONBUILD" {
                break;
            }
        }
        match word.as_str() {
            "ENV" | "ARG" => add_words(text, start..end, escape, word == "ENV", &mut entries),
            command if COMMANDS.contains(&command) => {
                end = documents_end(text, start, end);
                add_command(text, start..end, &mut entries);
            }
            "COPY" | "ADD" => {
                // A file that is written here may be any configuration.
                let body = documents_end(text, start, end);
                if body > end {
                    add_command(text, start..body, &mut entries);
                }
                end = body;
            }
            other if OTHERS.contains(&other) => {}
            _ => return None,
        }
        at = physical::next(text, end);
    }
    Some(entries)
}

/// Where the last of the lines ends that belong to an instruction. Comments and empty lines in between are no part of it, and
/// do not end it.
fn logical_end(text: &str, at: usize, escape: u8) -> usize {
    let mut end = physical::end(text, at);
    let mut from = at;
    while text[from..end].trim_end().as_bytes().last() == Some(&escape) {
        loop {
            from = physical::next(text, end);
            end = physical::end(text, from);
            let line = text[from..end].trim_start();
            if end >= text.len() || !(line.is_empty() || line.starts_with('#')) {
                break;
            }
        }
    }
    end
}

/// Where the here-documents of an instruction end.
fn documents_end(text: &str, start: usize, end: usize) -> usize {
    let mut last = end;
    let mut rest = start;
    while let Some(at) = text[rest..end].find("<<") {
        rest += at + 2;
        let from = rest + usize::from(text[rest..end].starts_with('-'));
        let Ok(word) = words::word(text, from, end, Manner::Shell) else {
            break;
        };
        if word.text.is_empty() || !words::is_key(&word.text) {
            continue;
        }
        let mut at = last;
        while at < text.len() {
            let from = physical::next(text, at);
            at = physical::end(text, from);
            if text[from..at].trim_start_matches('\t') == word.text {
                break;
            }
        }
        last = at;
    }
    last
}

fn add_command(text: &str, part: Range<usize>, entries: &mut Vec<Entry>) {
    let stands = text[part.clone()].trim_end();
    if stands.starts_with('[') && stands.ends_with(']') {
        shell::add_arguments(text, part, entries);
    } else {
        shell::add_command(text, part, entries);
    }
}

fn add_words(
    text: &str,
    part: Range<usize>,
    escape: u8,
    may_be_old: bool,
    entries: &mut Vec<Entry>,
) {
    let manner = Manner::Docker(escape);
    let bytes = text.as_bytes();
    let mut at = part.start;
    let mut first = true;
    while at < part.end {
        match bytes[at] {
            b' ' | b'\t' => at += 1,
            b'\n' | b'\r' | 0 => {
                at = physical::next(text, at).min(part.end);
                let line = physical::skip_blank(text, at).min(part.end);
                if text[line..part.end].starts_with('#') {
                    let end = physical::end(text, line).min(part.end);
                    physical::add_commented_out(&text[line + 1..end], line + 1, &[], entries);
                    at = end;
                }
            }
            // Blanks may stand behind the character that continues the line.
            byte if byte == escape && text[at + 1..physical::end(text, at)].trim().is_empty() => {
                at = physical::end(text, at).min(part.end);
            }
            _ => {
                let Ok(word) = words::word(text, at, part.end, manner) else {
                    let line = at..physical::end(text, at).min(part.end);
                    physical::add_loose(&text[line.clone()], at, &[], entries);
                    at = line.end;
                    continue;
                };
                if first && may_be_old && !word.text.contains('=') {
                    return add_old(text, &word.text, word.span.end..part.end, escape, entries);
                }
                first = false;
                at = word.span.end.max(at + 1);
                if let Some(setting) = word.setting().filter(|setting| !setting.span.is_empty()) {
                    entries.push(Entry {
                        path: vec![setting.key],
                        value: setting.value,
                        span: setting.span,
                        quoted: setting.quoted,
                        meaning: Meaning::Literal,
                    });
                }
            }
        }
    }
}

/// `ENV KEY the rest of the line`
fn add_old(text: &str, key: &str, rest: Range<usize>, escape: u8, entries: &mut Vec<Entry>) {
    let start = physical::skip_blank(text, rest.start).min(rest.end);
    let stands = text[start..rest.end].trim_end();
    let (span, quoted) = physical::unquoted(text, start..start + stands.len());
    if span.is_empty() || !words::is_key(key) {
        return;
    }
    let raw = &text[span.clone()];
    let mut value = String::new();
    for (number, line) in raw.split_inclusive('\n').enumerate() {
        let line = if number > 0 && line.trim_start().starts_with('#') {
            ""
        } else {
            line
        };
        let kept = line.trim_end();
        match kept.strip_suffix(char::from(escape)) {
            Some(kept) if line.len() > kept.len() + 1 => value.push_str(kept),
            _ => value.push_str(line),
        }
    }
    entries.push(Entry {
        path: vec![key.to_owned()],
        value,
        span,
        quoted,
        meaning: Meaning::Literal,
    });
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
                "Dockerfile",
                "Dockerfile.staging",
                "app.dockerfile",
                "Containerfile",
            ],
            &["dockerfiles", "docker-compose.yml"],
        );
    }

    #[test]
    fn instructions() {
        gives(
            &FORMAT,
            "\u{feff}# syntax=docker/dockerfile:1\r\nFROM node:20 AS production\r\nARG A=b\r\nARG C\r\nENV D=e F=\"g h\" \\\r\n  # note\r\n\r\n  I=j\\ k\r\n\
             env L m n\r\nLABEL password=x\r\nENV O ü\r\nONBUILD ENV P=q\r\nRUN export R=s && T=u make --v=w\r\nCMD [\"x\", \"--y=z\"]\r\n",
            &[
                ("syntax", "docker/dockerfile:1"),
                ("A", "b"),
                ("D", "e"),
                ("F", "g h"),
                ("I", "j k"),
                ("L", "m n"),
                ("O", "ü"),
                ("P", "q"),
                ("R", "s"),
                ("T", "u"),
                ("v", "w"),
                ("y", "z"),
            ],
        );
    }

    #[test]
    fn continued_values_and_here_documents() {
        gives(
            &FORMAT,
            "ENV A=b\\\nc\nENV D e\\\nf\nRUN <<EOF\nexport G=h\nEOF\nCOPY <<X /x\ni=j\nX\nENV K=l\n",
            &[("A", "bc"), ("D", "ef"), ("G", "h"), ("i", "j"), ("K", "l")],
        );
        gives(
            &FORMAT,
            "# escape=`\nENV A=C:\\b `\n  D=e\n",
            &[("A", "C:\\b"), ("D", "e")],
        );
        gives(&FORMAT, "ENV A=\"b\nENV C=d\n", &[("C", "d")]);
    }

    #[test]
    fn what_is_no_instruction_is_none() {
        broken(
            &FORMAT,
            &["some words\n", "FROM x\n{{ y }}\n", "%%HEAD%%\nENV A=b\n"],
        );
    }
}
