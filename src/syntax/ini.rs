//! INI and what is like it: git's configuration, `.npmrc`, `.pypirc`, AWS profiles, Python's configparser, Ansible inventories.

use super::{Entry, Format, Meaning, Syntax, ending, physical, systemd};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Ini,
    knows: |name| {
        ["ini", "cfg", "cnf", "conf", "desktop", "gitconfig"].contains(&ending(name))
            || NAMES.contains(&name)
    },
    read,
    joined: None,
};

const NAMES: [&str; 16] = [
    ".gitmodules",
    ".npmrc",
    "npmrc",
    ".pypirc",
    "credentials",
    ".credentials",
    "aws_credentials",
    "aws_config",
    ".boto",
    ".s3cfg",
    ".hgrc",
    ".editorconfig",
    ".coveragerc",
    ".pylintrc",
    ".flake8",
    "pip.conf",
];

/// The entries of a file; `None` where it is a template, or of another kind that goes by the same names (nginx, Apache, HOCON).
fn read(text: &str) -> Option<Vec<Entry>> {
    // A drop-in of a unit ends in `.conf`.
    if systemd::is_unit(text) {
        return systemd::read(text);
    }
    let mut reader = Reader {
        text,
        section: Vec::new(),
        open: None,
        entries: Vec::new(),
    };
    let mut at = physical::start(text);
    while at < text.len() {
        let end = physical::end(text, at);
        let begin = physical::skip_blank(text, at);
        at = match text[begin..end].trim_end() {
            "" => physical::next(text, end),
            line => reader.line(line, begin, begin - at)?,
        };
    }
    Some(reader.entries)
}

struct Reader<'t> {
    text: &'t str,
    section: Vec<String>,
    /// The key that deeper lines continue: its indentation, its path, and whether it had no value of its own.
    open: Option<(usize, Vec<String>, bool)>,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    /// Reads a line of `indent` blanks and what continues it; where the next one begins.
    fn line(&mut self, line: &str, begin: usize, indent: usize) -> Option<usize> {
        let next = physical::next(self.text, physical::end(self.text, begin));
        if physical::is_foreign(line) || line.ends_with('{') || line == "}" || line.starts_with('<')
        {
            return None;
        }
        if let Some(comment) = line.strip_prefix(['#', ';']) {
            physical::add_commented_out(comment, begin + 1, &self.section, &mut self.entries);
            return Some(next);
        }
        if let Some(section) = section_of(line) {
            self.section = section;
            self.open = None;
            return Some(next);
        }
        let above = self.open.take().filter(|(outer, ..)| *outer < indent);
        let Some(Assignment { keys, value }) = assignment(line) else {
            match above {
                // The value goes on: every line of it is one.
                Some((outer, path, empty)) => {
                    self.push(path.clone(), line, begin);
                    self.open = Some((outer, path, empty));
                }
                None => physical::add_loose(line, begin, &self.section, &mut self.entries),
            }
            return Some(next);
        };
        let mut path = match &above {
            // tox and buildout: settings as the value of a setting.
            Some((_, above, true)) => above.clone(),
            _ => self.section.clone(),
        };
        path.extend(keys.iter().map(|key| physical::key(key)));
        self.open = match above {
            Some(above) => Some(above),
            None => Some((indent, path.clone(), value == line.len())),
        };
        // An inventory names a host and settings on one line: they are the host's.
        if let Some((host, key)) = host_and_key(keys[0]) {
            let mut section = self.section.clone();
            section.push(physical::key(host));
            let at = begin + line.len() - line[host.len()..].trim_start().len();
            let is_one = !has_further_assignment(&line[value..]);
            if !is_one {
                physical::add_loose(&line[at - begin..], at, &section, &mut self.entries);
                return Some(next);
            }
            if key.starts_with("ansible_") {
                section.push(physical::key(key));
                self.open = None;
                self.push(section, &line[value..], begin + value);
                return Some(next);
            }
        }
        if keys[0].contains([' ', '\t']) && has_further_assignment(&line[value..]) {
            physical::add_loose(line, begin, &self.section, &mut self.entries);
            return Some(next);
        }
        let (joined, next) = self.continued(line, begin, next);
        match joined {
            Some(end) => self.push_joined(path, begin + value, end),
            None => self.push(path, &line[value..], begin + value),
        }
        Some(next)
    }

    /// A value that a backslash continues (git's): where it ends, and the next line. In other dialects the backslash is the
    /// last character of a path, so a line that is an assignment itself is never taken.
    fn continued(&self, line: &str, begin: usize, mut next: usize) -> (Option<usize>, usize) {
        let mut end = begin + line.len();
        let mut joined = None;
        while self.text.as_bytes()[begin..end].ends_with(b"\\")
            && physical::ends_in_escape(&self.text.as_bytes()[begin..end])
            && next < self.text.len()
        {
            let line_end = physical::end(self.text, next);
            let line = self.text[next..line_end].trim();
            if line.is_empty() || line.starts_with(['#', ';', '[']) || assignment(line).is_some() {
                break;
            }
            end = next + self.text[next..line_end].trim_end().len();
            joined = Some(end);
            next = physical::next(self.text, line_end);
        }
        (joined, next)
    }

    fn push_joined(&mut self, path: Vec<String>, start: usize, end: usize) {
        let (span, quoted) = physical::unquoted(self.text, start..end);
        let mut value = String::new();
        let mut at = span.start;
        while at < span.end {
            let line_end = physical::end(self.text, at).min(span.end);
            let part = &self.text[at..line_end];
            let goes_on = line_end < span.end;
            value.push_str(part.strip_suffix('\\').filter(|_| goes_on).unwrap_or(part));
            at = physical::next(self.text, line_end);
        }
        self.entries.push(Entry {
            path,
            value: unescaped(&value, quoted),
            span,
            quoted,
            meaning: Meaning::Literal,
        });
    }

    fn push(&mut self, path: Vec<String>, value: &str, start: usize) {
        let (span, quoted) = match closing(value) {
            Some(close) => (start + 1..start + close, true),
            None => {
                let value = value[..comment_start(value)].trim_end();
                physical::unquoted(self.text, start..start + value.len())
            }
        };
        if span.is_empty() {
            return;
        }
        self.entries.push(Entry {
            path,
            value: unescaped(&self.text[span.clone()], quoted),
            span,
            quoted,
            meaning: Meaning::Literal,
        });
    }
}

/// The quote that closes a value, where nothing but a comment follows it.
fn closing(value: &str) -> Option<usize> {
    let bytes = value.as_bytes();
    let quote = *bytes.first().filter(|byte| b"\"'".contains(byte))?;
    let mut at = 1;
    while *bytes.get(at)? != quote {
        at += if bytes[at] == b'\\' && quote == b'"' {
            2
        } else {
            1
        };
    }
    let rest = value[at + 1..].trim_start();
    (rest.is_empty() || rest.starts_with(['#', ';'])).then_some(at)
}

fn unescaped(value: &str, quoted: bool) -> String {
    if !quoted || !value.contains('\\') {
        return value.to_owned();
    }
    // Only what every dialect escapes in quotes: `"C:\new"` is a path.
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some(&next @ ('"' | '\\'))) => {
                characters.next();
                plain.push(next);
            }
            _ => plain.push(character),
        }
    }
    plain
}

/// Where a comment begins that stands apart from the value.
fn comment_start(value: &str) -> usize {
    let bytes = value.as_bytes();
    memchr::memchr2_iter(b'#', b';', bytes)
        .find(|&at| at == 0 || matches!(bytes[at - 1], b' ' | b'\t'))
        .unwrap_or(value.len())
}

/// The keys of `[a.b]`, `[a:b]`, `[a "b"]`; a comment may follow.
fn section_of(line: &str) -> Option<Vec<String>> {
    let rest = line.strip_prefix('[')?;
    let close = rest.rfind(']')?;
    let behind = rest[close + 1..].trim_start();
    if !behind.is_empty() && !behind.starts_with(['#', ';']) {
        return None;
    }
    let header = rest[..close].trim_matches(['[', ']', ' ', '\t']);
    if header.is_empty() {
        return None;
    }
    if let Some((name, quoted)) = header.split_once('"') {
        let sub = quoted.trim_end().trim_end_matches('"');
        return Some(vec![physical::key(name.trim()), physical::key(sub)]);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.: ".contains(&byte);
    if !header.bytes().all(plain) || header.contains("://") || header.len() > 256 {
        return Some(vec![physical::key(header)]);
    }
    let parts = header.split(['.', ':']).map(|part| part.trim().to_owned());
    Some(parts.filter(|part| !part.is_empty()).collect())
}

struct Assignment<'l> {
    keys: Vec<&'l str>,
    /// Where the value begins in the line.
    value: usize,
}

fn assignment(line: &str) -> Option<Assignment<'_>> {
    // npm: `//registry/:_authToken=…` is of that registry, `@scope:registry=…` is one key.
    let operator = if line.starts_with("//") || line.starts_with('@') {
        line.find('=')?
    } else {
        let operator = line.find(['=', ':'])?;
        // An address, or C++'s and Perl's names.
        if line[operator..].starts_with("://") || line[operator..].starts_with("::") {
            return None;
        }
        operator
    };
    let key = line[..operator].trim_end();
    if key.is_empty() || key.starts_with(['"', '\'', '{', '(', ',']) {
        return None;
    }
    let keys = match key.strip_prefix("//").and_then(|key| key.rsplit_once(':')) {
        Some((registry, key)) => vec![registry.trim_end_matches('/'), key],
        None => vec![key],
    };
    let rest = &line[operator + 1..];
    let value = line.len() - rest.trim_start().len();
    Some(Assignment { keys, value })
}

/// A host of an inventory and the key of its first setting: `web1 ansible_host`.
fn host_and_key(key: &str) -> Option<(&str, &str)> {
    let (host, key) = key.split_once([' ', '\t'])?;
    let key = key.trim_start();
    let is_word = |word: &str, more: &[u8]| {
        word.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    (is_word(host, b"._-[]:") && is_word(key, b"_") && !key.is_empty()).then_some((host, key))
}

fn has_further_assignment(value: &str) -> bool {
    value
        .split([' ', '\t'])
        .skip(1)
        .any(|word| word.find('=').is_some_and(|at| at > 0))
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
                "php.ini",
                "setup.cfg",
                "app.conf",
                ".gitconfig",
                ".npmrc",
                ".pypirc",
                "credentials",
                "my.cnf",
            ],
            &["config", "conf.yaml", "credentials.json"],
        );
    }

    #[test]
    fn sections_keys_and_comments() {
        gives(
            &FORMAT,
            "\u{feff}a=b\r\n[one.two]\r\nc : d e ; f\r\n; g = h\r\n[x \"y.z\"]\r\n\ti = \"j # k\" # l\r\n[app:main]\r\nm=p#w\r\nm=again\r\nn=\r\n",
            &[
                ("a", "b"),
                ("one.two.c", "d e"),
                ("one.two.g", "h"),
                ("x.y.z.i", "j # k"),
                ("app.main.m", "p#w"),
                ("app.main.m", "again"),
            ],
        );
        gives(
            &FORMAT,
            "[a]\nb = \"c\\\\d \\\"e\\\" \\f\"\ng='h'i\nj=\"k\nl=ü\n",
            &[
                ("a.b", "c\\d \"e\" \\f"),
                ("a.g", "'h'i"),
                ("a.j", "\"k"),
                ("a.l", "ü"),
            ],
        );
    }

    #[test]
    fn npm_and_cloud_credentials() {
        gives(
            &FORMAT,
            "@acme:registry=https://npm.acme.example/\n//npm.acme.example:8080/a/:_authToken=abc\nemail=x@y\n",
            &[
                ("@acme:registry", "https://npm.acme.example/"),
                ("npm.acme.example:8080/a._authToken", "abc"),
                ("email", "x@y"),
            ],
        );
        gives(
            &FORMAT,
            "[profile staging]\naws_access_key_id = A1\n[prod]\naws_secret_access_key=b/c+d=\n",
            &[
                ("profile staging.aws_access_key_id", "A1"),
                ("prod.aws_secret_access_key", "b/c+d="),
            ],
        );
    }

    #[test]
    fn values_over_lines() {
        gives(
            &FORMAT,
            "[global]\nindex-url = https://a\nextra =\n    https://b\n    https://c\n[testenv]\nsetenv =\n  A = b\n  C: d\nlast = e\n",
            &[
                ("global.index-url", "https://a"),
                ("global.extra", "https://b"),
                ("global.extra", "https://c"),
                ("testenv.setenv.A", "b"),
                ("testenv.setenv.C", "d"),
                ("testenv.last", "e"),
            ],
        );
        gives(
            &FORMAT,
            "[alias]\n\tx = !f \\\n    g\\\n    h\n\ty = z\n[p]\ndir = C:\\a\\\nnext = b\n",
            &[
                ("alias.x", "!f     g    h"),
                ("alias.y", "z"),
                ("p.dir", "C:\\a\\"),
                ("p.next", "b"),
            ],
        );
    }

    #[test]
    fn an_inventory_has_several_settings_on_a_line() {
        gives(
            &FORMAT,
            "[web]\nhost1 ansible_host=10.0.0.1 ansible_password=\"a b\"\nhost2 ansible_password=c\n[web:vars]\nx=y\n",
            &[
                ("web.host1.ansible_host", "10.0.0.1"),
                ("web.host1.ansible_password", "a b"),
                ("web.host2.ansible_password", "c"),
                ("web.vars.x", "y"),
            ],
        );
    }

    #[test]
    fn other_kinds_of_conf_are_none() {
        broken(
            &FORMAT,
            &[
                "server {\n  listen 80;\n}\n",
                "<VirtualHost *:80>\n",
                "db {\n password = x\n}\n",
                "{{ x }}\na=b\n",
                "[a]\n{% for x in y %}\nb=c\n",
            ],
        );
    }

    #[test]
    fn a_drop_in_of_a_unit() {
        gives(
            &FORMAT,
            "[Service]\nEnvironment=\"A=b\" C=d\n",
            &[
                ("Service.Environment.A", "b"),
                ("Service.Environment.C", "d"),
            ],
        );
    }
}
