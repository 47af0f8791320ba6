//! Shell scripts: every word that sets a name (`A=b`, `export A=b`, `env A=b command`, `--option=value`). What stands in other
//! quotes, in here-documents and in the output of commands is read line by line, as it may be configuration of any kind.

use std::ops::Range;

use super::words::{self, Manner, Word};
use super::{Entry, Format, Joined, Meaning, Syntax, ending, lines, physical};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Shell,
    knows: |name| {
        ["sh", "bash", "zsh", "ksh", "envrc", "bats"].contains(&ending(name))
            || NAMES.contains(&name)
    },
    read: |text| Some(joined(text)?.entries),
    joined: Some(joined),
};

/// The entries of a script, and the lines that begin outside of everything.
fn joined(text: &str) -> Option<Joined> {
    let (mut entries, mut joints) = (Vec::new(), Vec::new());
    let whole = physical::start(text)..text.len();
    let joint = &mut |at| joints.push(at);
    read_with(text, whole, DEEPEST, &mut entries, joint)?;
    Some(Joined { entries, joints })
}

const NAMES: [&str; 12] = [
    ".bashrc",
    ".bash_profile",
    ".bash_aliases",
    ".bash_login",
    ".profile",
    ".zshrc",
    ".zprofile",
    ".zshenv",
    ".zlogin",
    ".kshrc",
    ".xprofile",
    ".pam_environment",
];

/// Commands in commands are read as such to this depth.
const DEEPEST: usize = 4;

/// Adds the entries of a command that stands in a file of another format.
pub(super) fn add_command(text: &str, part: Range<usize>, entries: &mut Vec<Entry>) {
    add_nested(text, part, DEEPEST, entries);
}

fn add_nested(text: &str, part: Range<usize>, depth: usize, entries: &mut Vec<Entry>) {
    let before = entries.len();
    if depth == 0 || read(text, part.clone(), depth - 1, entries).is_none() {
        entries.truncate(before);
        add_lines(text, part, entries);
    }
}

/// Adds the entries of a part of a text; `None` where its quotes do not close.
fn read(text: &str, part: Range<usize>, depth: usize, entries: &mut Vec<Entry>) -> Option<()> {
    read_with(text, part, depth, entries, &mut |_| {})
}

fn read_with(
    text: &str,
    part: Range<usize>,
    depth: usize,
    entries: &mut Vec<Entry>,
    joint: &mut dyn FnMut(usize),
) -> Option<()> {
    let bytes = text.as_bytes();
    // Here-documents that begin behind the end of this line.
    let mut documents: Vec<Document> = Vec::new();
    let mut at = part.start;
    let mut begins_line = true;
    while at < part.end {
        if begins_line {
            begins_line = false;
            joint(at);
            if physical::is_foreign(&text[physical::skip_blank(text, at).min(part.end)..part.end]) {
                return None;
            }
        }
        match bytes[at] {
            b' ' | b'\t' => at += 1,
            b'\n' | b'\r' | 0 => {
                at = physical::next(text, at).min(part.end);
                for document in documents.drain(..) {
                    let body = document.body(text, at..part.end);
                    add_lines(text, body.clone(), entries);
                    at = body.end;
                }
                begins_line = true;
            }
            b'\\' if words::continued(text, at, part.end).is_some() => {
                at = physical::next(text, at + 1).min(part.end);
            }
            b'#' => {
                let end = physical::end(text, at).min(part.end);
                physical::add_commented_out(&text[at + 1..end], at + 1, &[], entries);
                at = end;
            }
            b'<' if bytes[at..part.end].starts_with(b"<<<") => at += 3,
            b'<' if bytes[at..part.end].starts_with(b"<<") => {
                at += 2;
                let tabs = bytes[at..part.end].first() == Some(&b'-');
                at = physical::skip_blank(text, at + usize::from(tabs)).min(part.end);
                let word = words::word(text, at, part.end, Manner::Shell).ok()?;
                if !word.text.is_empty() {
                    documents.push(Document {
                        delimiter: word.text,
                        tabs,
                    });
                }
                at = word.span.end;
            }
            b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => at += 1,
            _ if let Some(end) = plain_word(bytes, at, part.end) => at = end,
            _ => {
                let word = words::word(text, at, part.end, Manner::Shell).ok()?;
                at = word.span.end;
                add_word(text, &word, depth, entries);
            }
        }
    }
    Some(())
}

/// Where a word ends that sets nothing and holds nothing, as most do: no quotes, expansions, escapes, `=` or `:`.
fn plain_word(bytes: &[u8], at: usize, limit: usize) -> Option<usize> {
    let rest = &bytes[at..limit];
    let len = rest.iter().position(|byte| {
        !byte.is_ascii_alphanumeric() && b" \t\n\r\0;&|()<>\\\"'$`=:".contains(byte)
    });
    let len = len.unwrap_or(rest.len());
    let means = rest
        .get(len)
        .is_some_and(|byte| b"\\\"'$`=:".contains(byte));
    (!means).then_some(at + len)
}

/// Adds the entries of the words of an exec form: `["program", "--option=value"]`.
pub(super) fn add_arguments(text: &str, part: Range<usize>, entries: &mut Vec<Entry>) {
    let bytes = text.as_bytes();
    let mut at = part.start;
    while let Some(offset) = memchr::memchr(b'"', &bytes[at..part.end]) {
        let start = at + offset;
        at = start + 1;
        while at < part.end && bytes[at] != b'"' {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        if at >= part.end {
            return;
        }
        at += 1;
        if let Ok(word) = words::word(text, start, at, Manner::Docker(b'\\')) {
            add_word(text, &word, DEEPEST, entries);
        }
    }
}

fn add_word(text: &str, word: &Word, depth: usize, entries: &mut Vec<Entry>) {
    if !word.commands.is_empty() {
        for command in &word.commands {
            add_nested(text, command.clone(), depth, entries);
        }
        return;
    }
    let whole_in_quotes = matches!(text.as_bytes()[word.span.start], b'"' | b'\'');
    // `psql "host=db user=app password=x"` sets several things.
    let is_one =
        |value: &str| !whole_in_quotes || value.split(' ').skip(1).all(|more| !more.contains('='));
    if let Some(setting) = word.setting().filter(|setting| is_one(&setting.value)) {
        if setting.span.is_empty() {
            return;
        }
        let mut path = vec![setting.key];
        let mut setting_span = setting.span;
        let mut value = setting.value;
        // `--from-literal=password=x`
        if text[word.span.clone()].starts_with('-')
            && let Some((key, rest)) = value.split_once('=')
            && words::is_key(key)
            && !rest.is_empty()
            && text[setting_span.clone()] == value
        {
            setting_span.start += key.len() + 1;
            path.push(key.to_owned());
            value = rest.to_owned();
        }
        entries.push(Entry {
            path,
            value,
            span: setting_span,
            quoted: setting.quoted,
            meaning: Meaning::Literal,
        });
        return;
    }
    if word.text.contains(['=', ':']) {
        add_lines(text, word.value().0, entries);
    }
}

/// Adds what the tolerant reader finds in a part of the text.
fn add_lines(text: &str, part: Range<usize>, entries: &mut Vec<Entry>) {
    let mut found = lines::read(&text[part.clone()], &mut lines::State::default());
    for entry in &mut found {
        entry.span = entry.span.start + part.start..entry.span.end + part.start;
    }
    entries.append(&mut found);
}

struct Document {
    delimiter: String,
    /// Tabs may stand before the delimiter.
    tabs: bool,
}

impl Document {
    /// The lines up to the delimiter, or all where it never comes.
    fn body(&self, text: &str, part: Range<usize>) -> Range<usize> {
        let mut at = part.start;
        while at < part.end {
            let end = physical::end(text, at).min(part.end);
            let line = &text[at..end];
            let line = if self.tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if line == self.delimiter {
                return part.start..at;
            }
            at = physical::next(text, end).min(part.end);
        }
        part
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
            &["deploy.sh", ".envrc", ".bashrc", "env.sh", ".profile"],
            &["script.py", ".env"],
        );
    }

    #[test]
    fn words_that_set() {
        gives(
            &FORMAT,
            "#!/bin/sh\r\nA=b\r\nexport C='d e' F=\"g\" # h=i\r\nJ=k cmd --l-m=n -e O=p; declare -x Q=\"r\"\r\nif [ \"$A\" = b ]; then S=ü; fi\r\nA=again\r\n",
            &[
                ("A", "b"),
                ("C", "d e"),
                ("F", "g"),
                ("h", "i"),
                ("J", "k"),
                ("l-m", "n"),
                ("O", "p"),
                ("Q", "r"),
                ("S", "ü"),
                ("A", "again"),
            ],
        );
        gives(
            &FORMAT,
            "kubectl create --from-literal=password=x --from-literal='token=y'\n",
            &[("from-literal.password", "x"), ("from-literal.token", "y")],
        );
    }

    #[test]
    fn continued_lines() {
        gives(
            &FORMAT,
            "A=bc\\\nde\nexport \\\r\n  F=g \\\n  H=i\n",
            &[("A", "bcde"), ("F", "g"), ("H", "i")],
        );
        gives(
            &FORMAT,
            "A=\"b\nc\"\nD='e\nf'\n",
            &[("A", "b\nc"), ("D", "e\nf")],
        );
    }

    #[test]
    fn here_documents_quotes_and_commands_hold_lines() {
        gives(
            &FORMAT,
            "cat >x <<EOF && A=b\nC=d\nit's: f\nEOF\ncat <<-'X'\n\tG=h\n\tX\nI=j\ncat <<<K=l\n",
            &[
                ("A", "b"),
                ("C", "d"),
                ("s", "f"),
                ("G", "h"),
                ("I", "j"),
                ("K", "l"),
            ],
        );
        gives(
            &FORMAT,
            "curl -H 'X-Key: a' -d '{\"b\": \"c\"}' \"https://h/?d=e\"\nT=$(get -d password=f)\nU=${V:-g}\n",
            &[
                ("X-Key", "a"),
                ("b", "c"),
                ("d", "e"),
                ("password", "f"),
                ("U", "${V:-g}"),
            ],
        );
        gives(&FORMAT, "cat <<EOF\nA=b\n", &[("A", "b")]);
    }

    #[test]
    fn quotes_that_do_not_close_and_templates_are_none() {
        broken(
            &FORMAT,
            &[
                "A='b\n",
                "A=\"b\n",
                "echo $(x\n",
                "{{ if x }}\nA=b\n",
                "A=b\n<<<<<<< HEAD\n",
            ],
        );
    }

    #[test]
    fn long_scripts_take_linear_time() {
        for piece in [
            "A=$(", "A=\"$", "<<A\n", "a=b;", "'a'", "${", "\\\n", "a[", "$'",
        ] {
            (FORMAT.read)(&piece.repeat(200_000));
        }
    }
}
