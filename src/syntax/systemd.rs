//! systemd units: sections, lines continued by a backslash, and the words of `Environment=` and of command lines.

use std::ops::Range;

use super::words::{self, Manner};
use super::{Entry, Format, Meaning, Syntax, ending, physical};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Systemd,
    knows: |name| {
        name.contains('.')
            && [
                "service",
                "socket",
                "timer",
                "mount",
                "automount",
                "swap",
                "path",
                "slice",
                "target",
                "scope",
                "container",
                "nspawn",
                "network",
                "netdev",
            ]
            .contains(&ending(name))
    },
    read,
    joined: None,
};

/// Whether a text has the sections of a unit that holds settings of an environment.
pub(super) fn is_unit(text: &str) -> bool {
    let mut rest = 0;
    while let Some(at) = text[rest..].find("[Service]") {
        let at = rest + at;
        if at == 0 || matches!(text.as_bytes()[at - 1], b'\n' | b'\r' | 0xbf) {
            return true;
        }
        rest = at + 1;
    }
    false
}

/// The entries of a unit; `None` where it is a template or no unit.
pub(super) fn read(text: &str) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut section: Option<String> = None;
    let mut at = physical::start(text);
    while at < text.len() {
        let end = physical::end(text, at);
        let begin = physical::skip_blank(text, at);
        let line = text[begin..end].trim_end();
        at = physical::next(text, end);
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix(['#', ';']) {
            let section: Vec<String> = section.iter().cloned().collect();
            physical::add_commented_out(comment, begin + 1, &section, &mut entries);
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = Some(physical::key(name));
            continue;
        }
        let (Some(section), Some(equals)) = (&section, line.find('=')) else {
            return None;
        };
        let key = line[..equals].trim_end();
        if !words::is_key(key) {
            return None;
        }
        let end = logical_end(text, begin);
        at = physical::next(text, end);
        let value = physical::skip_blank(text, begin + equals + 1).min(end);
        add(text, [section, key], value..end, &mut entries);
    }
    Some(entries)
}

/// Where the last of the lines ends that a backslash joins to the one at `at`. Comments in between are no part of it, and do
/// not end it.
fn logical_end(text: &str, at: usize) -> usize {
    let mut end = physical::end(text, at);
    let mut from = at;
    while physical::ends_in_escape(&text.as_bytes()[from..end]) {
        from = physical::next(text, end);
        loop {
            end = physical::end(text, from);
            let line = text[from..end].trim_start();
            if !line.starts_with(['#', ';']) || end == text.len() {
                break;
            }
            from = physical::next(text, end);
        }
        if from >= text.len() {
            return text.len();
        }
    }
    end
}

fn add(text: &str, keys: [&str; 2], value: Range<usize>, entries: &mut Vec<Entry>) {
    let stands = text[value.clone()].trim_end();
    let value = value.start..value.start + stands.len();
    if value.is_empty() {
        return;
    }
    let path: Vec<String> = keys.iter().map(|key| physical::key(key)).collect();
    let before = entries.len();
    let [_, key] = keys;
    let is_environment = key.eq_ignore_ascii_case("Environment");
    if is_environment || key.starts_with("Exec") || key == "PodmanArgs" {
        add_words(text, &path, value.clone(), entries);
    }
    if key == "SetCredential"
        && let Some(colon) = text[value.clone()].find(':')
    {
        let (id, rest) = text[value.clone()].split_at(colon);
        if rest.len() > 1 {
            let start = value.start + colon + 1;
            push(
                text,
                [path.as_slice(), &[id.to_owned()]].concat(),
                start..value.end,
                entries,
            );
        }
        return;
    }
    if before == entries.len() {
        push(text, path, value, entries);
    }
}

fn push(text: &str, path: Vec<String>, span: Range<usize>, entries: &mut Vec<Entry>) {
    let (span, quoted) = physical::unquoted(text, span);
    if span.is_empty() {
        return;
    }
    let mut value = String::new();
    let mut at = span.start;
    while at < span.end {
        let end = physical::end(text, at).min(span.end);
        let line = &text[at..end];
        let is_comment = at > span.start && line.trim_start().starts_with(['#', ';']);
        match line.strip_suffix('\\') {
            _ if is_comment => {}
            Some(line) if end < span.end => {
                value.push_str(line);
                value.push(' ');
            }
            _ => value.push_str(line),
        }
        at = physical::next(text, end);
    }
    entries.push(Entry {
        path,
        value,
        span,
        quoted,
        meaning: Meaning::Literal,
    });
}

fn add_words(text: &str, path: &[String], value: Range<usize>, entries: &mut Vec<Entry>) {
    let mut at = value.start;
    while at < value.end {
        match text.as_bytes()[at] {
            b' ' | b'\t' => at += 1,
            b'\\' if words::continued(text, at, value.end).is_some() => {
                at = physical::next(text, at + 1);
            }
            b'\n' | b'\r' | 0 => at = physical::next(text, at),
            b'#' | b';' if begins_line(text, at) => at = physical::end(text, at),
            _ => {
                let Ok(word) = words::word(text, at, value.end, Manner::Systemd) else {
                    physical::add_loose(&text[at..value.end], at, path, entries);
                    return;
                };
                at = word.span.end.max(at + 1);
                while !text.is_char_boundary(at) {
                    at += 1;
                }
                if let Some(setting) = word.setting().filter(|setting| !setting.span.is_empty()) {
                    let mut path = path.to_vec();
                    path.push(setting.key);
                    entries.push(Entry {
                        path,
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

fn begins_line(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches([' ', '\t']);
    before.is_empty() || before.ends_with(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use crate::syntax::shapes::{broken, gives, knows};

    use super::FORMAT;

    #[test]
    fn names() {
        knows(
            &FORMAT,
            &["shop.service", "shop@.service", "x.socket"],
            &["service", "x.service.yaml"],
        );
    }

    #[test]
    fn environment() {
        gives(
            &FORMAT,
            "\u{feff}# a=b\r\n[Unit]\r\nDescription=A thing: of mine\r\n[Service]\r\nEnvironment=\"A=b c\" D=e 'F=g'\r\n\
             Environment=H=i \\\r\n  \"J=k\\n\" \\\r\n; note\r\n  L=ü\r\nEnvironmentFile=-/etc/default/x\r\nExecStart=/bin/x --password=y z\r\n",
            &[
                ("a", "b"),
                ("Unit.Description", "A thing: of mine"),
                ("Service.Environment.A", "b c"),
                ("Service.Environment.D", "e"),
                ("Service.Environment.F", "g"),
                ("Service.Environment.H", "i"),
                ("Service.Environment.J", "k\n"),
                ("Service.Environment.L", "ü"),
                ("Service.EnvironmentFile", "-/etc/default/x"),
                ("Service.ExecStart.password", "y"),
            ],
        );
        gives(
            &FORMAT,
            "[Service]\nSetCredential=db:x y\nExecStart=/bin/a \\\n  b\nEnvironment=\"A=b\n",
            &[
                ("Service.SetCredential.db", "x y"),
                ("Service.ExecStart", "/bin/a    b"),
                ("Service.Environment.A", "b"),
            ],
        );
    }

    #[test]
    fn what_is_no_unit_is_none() {
        broken(
            &FORMAT,
            &[
                "a=b\n",
                "[Service]\nsome words\n",
                "[Service]\n{{ x }}\n",
                "[Service]\n{% if a == b %}\n",
            ],
        );
    }
}
