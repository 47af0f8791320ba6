//! Words as shells, Dockerfiles and systemd cut them: quotes, escapes, expansions, and where in the file a value stands.

use std::ops::Range;

use super::physical;

/// Whose rules count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// POSIX shell with what bash adds: expansions are left as written, operators end a word.
    Shell,
    /// `ENV` and `ARG` of a Dockerfile, with the character that escapes.
    Docker(u8),
    /// `Environment=` of a systemd unit: escapes of C, in both kinds of quotes.
    Systemd,
}

impl Manner {
    fn escape(self) -> u8 {
        match self {
            Self::Docker(escape) => escape,
            Self::Shell | Self::Systemd => b'\\',
        }
    }
}

/// A part of a word that stands in quotes.
#[derive(Debug, Clone)]
struct Quotes {
    outer: Range<usize>,
    inner: Range<usize>,
}

/// One word.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// The word without quotes and escapes.
    pub(super) text: String,
    /// Where it stands, with its quotes.
    pub(super) span: Range<usize>,
    /// Commands whose output is part of it.
    pub(super) commands: Vec<Range<usize>>,
    quotes: Option<Quotes>,
    /// Whether there is more than one part in quotes.
    mixed: bool,
    /// Behind its first `=`: in the text, and in the file.
    equals: Option<(usize, usize)>,
}

/// A word that sets a name.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) span: Range<usize>,
    pub(super) quoted: bool,
}

impl Word {
    /// `A=b`, with the dashes of an option taken off (`--password=x`); `None` where the word sets nothing.
    pub(super) fn setting(&self) -> Option<Setting> {
        let (in_text, in_file) = self.equals?;
        let key = self.text[..in_text - 1].trim_start_matches('-');
        let key = key.strip_suffix('+').unwrap_or(key);
        let key = match key.split_once('[') {
            Some((name, index)) if index.ends_with(']') => name,
            _ => key,
        };
        let value = &self.text[in_text..];
        if !is_key(key) || value.is_empty() || value.starts_with('=') {
            return None;
        }
        let (span, quoted) = match &self.quotes {
            Some(quotes) if !self.mixed && quotes.outer.end == self.span.end => {
                if quotes.outer.start <= in_file {
                    (quotes.inner.start.max(in_file)..quotes.inner.end, true)
                } else {
                    (in_file..self.span.end, false)
                }
            }
            _ => (in_file..self.span.end, false),
        };
        Some(Setting {
            key: key.to_owned(),
            value: value.to_owned(),
            span,
            quoted,
        })
    }

    /// The whole word as a value: where it stands without the quotes around all of it, and whether there were any.
    pub(super) fn value(&self) -> (Range<usize>, bool) {
        match &self.quotes {
            Some(quotes) if !self.mixed && quotes.outer == self.span => {
                (quotes.inner.clone(), true)
            }
            _ => (self.span.clone(), false),
        }
    }
}

/// Whether text can be the name of a variable or an option.
pub(super) fn is_key(key: &str) -> bool {
    key.bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte))
}

/// Why no word could be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unterminated;

/// The word at `at`, which holds no blank, in `text[..limit]`; empty where none begins there.
pub(super) fn word(
    text: &str,
    at: usize,
    limit: usize,
    manner: Manner,
) -> Result<Word, Unterminated> {
    let bytes = text.as_bytes();
    let mut word = Word {
        span: at..at,
        ..Word::default()
    };
    let mut here = at;
    while here < limit {
        match bytes[here] {
            b' ' | b'\t' | b'\n' | b'\r' | 0 => break,
            b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' if manner == Manner::Shell => break,
            byte if byte == manner.escape() => {
                match continued(text, here, limit) {
                    // systemd reads a continued line as a blank.
                    Some(_) if manner == Manner::Systemd => break,
                    Some(next) => here = next,
                    None => here = escaped(text, here, limit, manner, None, &mut word.text),
                };
            }
            quote @ (b'"' | b'\'') => {
                let inner = here + 1;
                let close = quoted(text, inner, limit, quote, manner, &mut word)?;
                word.note(here..close + 1, inner..close);
                here = close + 1;
            }
            b'$' if manner == Manner::Shell => here = dollar(text, here, limit, &mut word)?,
            b'`' if manner == Manner::Shell => {
                let end = expansion(text, here, limit)?;
                word.commands.push(here + 1..end - 1);
                word.text.push_str(&text[here..end]);
                here = end;
            }
            b'=' => {
                word.push_equals(here);
                here += 1;
            }
            _ => here = copy(text, here, limit, &mut word.text),
        }
    }
    word.span.end = here;
    Ok(word)
}

impl Word {
    fn note(&mut self, outer: Range<usize>, inner: Range<usize>) {
        self.mixed |= self.quotes.is_some();
        self.quotes = Some(Quotes { outer, inner });
    }

    /// Keeps the command of `$(…)` and of backticks; `${…}` has none.
    fn note_command(&mut self, bytes: &[u8], expansion: Range<usize>) {
        let opening = match (bytes[expansion.start], bytes.get(expansion.start + 1)) {
            (b'`', _) => 1,
            (_, Some(b'(')) => 2,
            _ => return,
        };
        self.commands
            .push(expansion.start + opening..expansion.end - 1);
    }

    /// Adds a part of the text in which nothing but an equals sign means anything.
    fn push_as_it_stands(&mut self, text: &str, part: Range<usize>) {
        let added = &text[part.clone()];
        if self.equals.is_none()
            && let Some(at) = memchr::memchr(b'=', added.as_bytes())
        {
            self.equals = Some((self.text.len() + at + 1, part.start + at + 1));
        }
        self.text.push_str(added);
    }

    fn push_equals(&mut self, at: usize) {
        self.text.push('=');
        if self.equals.is_none() {
            self.equals = Some((self.text.len(), at + 1));
        }
    }
}

/// Copies a character and the letters and digits behind it, which mean nothing else anywhere; where the text goes on.
fn copy(text: &str, at: usize, limit: usize, to: &mut String) -> usize {
    copy_until(text, at, limit, |byte| !byte.is_ascii_alphanumeric(), to)
}

/// Copies a character and what stands behind it up to an ASCII byte that may mean something; where the text goes on.
fn copy_until(
    text: &str,
    at: usize,
    limit: usize,
    means: impl Fn(&u8) -> bool,
    to: &mut String,
) -> usize {
    let Some(character) = text[at..].chars().next() else {
        return at + 1;
    };
    let next = at + character.len_utf8();
    let behind = text.as_bytes().get(next..limit).unwrap_or_default();
    let end = next + behind.iter().position(means).unwrap_or(behind.len());
    to.push_str(&text[at..end]);
    end
}

/// Where the text goes on behind an escape that ends its line; `None` where it does not.
pub(super) fn continued(text: &str, escape: usize, limit: usize) -> Option<usize> {
    let next = escape + 1;
    (next < limit && matches!(text.as_bytes()[next], b'\n' | b'\r'))
        .then(|| physical::next(text, next))
}

/// Writes what an escape at `at` stands for; where the text goes on.
fn escaped(
    text: &str,
    at: usize,
    limit: usize,
    manner: Manner,
    quote: Option<u8>,
    to: &mut String,
) -> usize {
    let bytes = text.as_bytes();
    let next = at + 1;
    if next >= limit {
        to.push(char::from(bytes[at]));
        return next;
    }
    let stands_for = match (manner, quote, bytes[next]) {
        (Manner::Systemd, _, b'n') => Some('\n'),
        (Manner::Systemd, _, b't') => Some('\t'),
        (Manner::Systemd, _, b'r') => Some('\r'),
        (Manner::Systemd, _, b's') => Some(' '),
        _ => None,
    };
    if let Some(character) = stands_for {
        to.push(character);
        return next + 1;
    }
    // In double quotes a shell's backslash escapes only what is special there.
    let special = bytes[next] == manner.escape() || b"\"$`".contains(&bytes[next]);
    if matches!(manner, Manner::Shell | Manner::Docker(_)) && quote.is_some() && !special {
        to.push(char::from(bytes[at]));
    }
    copy(text, next, limit, to)
}

/// Reads what stands between quotes into the word; where the closing one is.
fn quoted(
    text: &str,
    inner: usize,
    limit: usize,
    quote: u8,
    manner: Manner,
    word: &mut Word,
) -> Result<usize, Unterminated> {
    let bytes = text.as_bytes();
    let escapes = quote == b'"' || manner == Manner::Systemd;
    if !escapes {
        let len = memchr::memchr(quote, &bytes[inner..limit]).ok_or(Unterminated)?;
        word.push_as_it_stands(text, inner..inner + len);
        return Ok(inner + len);
    }
    let mut here = inner;
    while here < limit {
        match bytes[here] {
            byte if byte == quote => return Ok(here),
            byte if byte == manner.escape() => match continued(text, here, limit) {
                Some(next) => {
                    if manner == Manner::Systemd {
                        word.text.push(' ');
                    }
                    here = next;
                }
                None => here = escaped(text, here, limit, manner, Some(quote), &mut word.text),
            },
            b'$' | b'`' if quote == b'"' && manner == Manner::Shell => {
                if bytes[here] == b'$' && !matches!(bytes.get(here + 1), Some(b'(' | b'{')) {
                    here = copy(text, here, limit, &mut word.text);
                    continue;
                }
                let end = expansion(text, here, limit)?;
                word.note_command(bytes, here..end);
                word.text.push_str(&text[here..end]);
                here = end;
            }
            b'=' => {
                word.push_equals(here);
                here += 1;
            }
            _ => {
                let means =
                    |&byte: &u8| byte == quote || byte == manner.escape() || b"$`=".contains(&byte);
                here = copy_until(text, here, limit, means, &mut word.text);
            }
        }
    }
    Err(Unterminated)
}

/// `$x`, `${x}`, `$(x)`, `$'x'`.
fn dollar(text: &str, at: usize, limit: usize, word: &mut Word) -> Result<usize, Unterminated> {
    let bytes = text.as_bytes();
    match bytes[..limit].get(at + 1) {
        Some(b'(' | b'{') => {
            let end = expansion(text, at, limit)?;
            word.note_command(bytes, at..end);
            word.text.push_str(&text[at..end]);
            Ok(end)
        }
        Some(b'\'') => {
            let mut here = at + 2;
            while here < limit && bytes[here] != b'\'' {
                here = if bytes[here] == b'\\' {
                    escaped(text, here, limit, Manner::Systemd, None, &mut word.text)
                } else {
                    copy(text, here, limit, &mut word.text)
                };
            }
            if here >= limit {
                return Err(Unterminated);
            }
            word.note(at..here + 1, at + 2..here);
            Ok(here + 1)
        }
        _ => Ok(copy(text, at, limit, &mut word.text)),
    }
}

/// Where an expansion that begins at `at` ends: `$(…)`, `${…}`, `` `…` ``, with quotes and further ones inside.
fn expansion(text: &str, at: usize, limit: usize) -> Result<usize, Unterminated> {
    let bytes = text.as_bytes();
    let mut closers: Vec<u8> = Vec::new();
    let mut here = at;
    loop {
        if here >= limit {
            return Err(Unterminated);
        }
        let byte = bytes[here];
        let next = bytes[..limit].get(here + 1).copied();
        let in_quotes = closers.last() == Some(&b'"');
        if byte == b'\\' {
            here += 2;
            continue;
        }
        if closers.last() == Some(&byte) {
            closers.pop();
            here += 1;
            if closers.is_empty() {
                return Ok(here);
            }
            continue;
        }
        match (byte, next) {
            (b'$', Some(b'(')) => {
                closers.push(b')');
                here += 1;
            }
            (b'$', Some(b'{')) => {
                closers.push(b'}');
                here += 1;
            }
            (b'`', _) => closers.push(b'`'),
            (b'"', _) => closers.push(b'"'),
            (b'(', _) if !in_quotes && closers.last() == Some(&b')') => closers.push(b')'),
            (b'\'', _) if !in_quotes => {
                let rest = &bytes[here + 1..limit];
                here += 1 + memchr::memchr(b'\'', rest).ok_or(Unterminated)?;
            }
            _ => {}
        }
        here += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str, manner: Manner) -> Option<(String, String, String, bool)> {
        let word = word(text, 0, text.len(), manner).ok()?;
        let setting = word.setting()?;
        let stands = text[setting.span].to_owned();
        Some((setting.key, setting.value, stands, setting.quoted))
    }

    #[track_caller]
    fn sets(text: &str, manner: Manner, key: &str, value: &str, stands: &str, quoted: bool) {
        let expected = (key.to_owned(), value.to_owned(), stands.to_owned(), quoted);
        assert_eq!(setting(text, manner), Some(expected), "{text}");
    }

    #[test]
    fn words_of_shells() {
        let shell = Manner::Shell;
        sets("A=b c", shell, "A", "b", "b", false);
        sets("A=b;c", shell, "A", "b", "b", false);
        sets("A='b c'", shell, "A", "b c", "b c", true);
        sets(
            r#"A="b \"c\" \d""#,
            shell,
            "A",
            r#"b "c" \d"#,
            r#"b \"c\" \d"#,
            true,
        );
        sets("A=b\\\nc d", shell, "A", "bc", "b\\\nc", false);
        sets("A=b\\\r\nc d", shell, "A", "bc", "b\\\r\nc", false);
        sets("A=b'c'd", shell, "A", "bcd", "b'c'd", false);
        sets("'A=b c'", shell, "A", "b c", "b c", true);
        sets("--a-b=c", shell, "a-b", "c", "c", false);
        sets("A+=b", shell, "A", "b", "b", false);
        sets("A[1]=b", shell, "A", "b", "b", false);
        sets(r"A=$'b\'c'", shell, "A", "b'c", r"b\'c", true);
        sets("A=${B:-c d} e", shell, "A", "${B:-c d}", "${B:-c d}", false);
        sets(
            "A=$(b \"c )\" ')' (d)) e",
            shell,
            "A",
            "$(b \"c )\" ')' (d))",
            "$(b \"c )\" ')' (d))",
            false,
        );
        sets("A=ü", shell, "A", "ü", "ü", false);
        for text in ["A", "=", "A=", "A==b", "a b=c", "1=2", ""] {
            assert_eq!(setting(text, shell), None, "{text}");
        }
        for text in [
            "A='b", "A=\"b", "A=$(b", "A=${b", "A=`b", "A=$'b", "A=\"$(\"", "A=$(b \\",
        ] {
            assert_eq!(
                word(text, 0, text.len(), shell).err(),
                Some(Unterminated),
                "{text}"
            );
        }
    }

    #[test]
    fn words_of_dockerfiles_and_units() {
        sets(
            r"A=b\ c d",
            Manner::Docker(b'\\'),
            "A",
            "b c",
            r"b\ c",
            false,
        );
        sets(
            "A=C:\\b` c",
            Manner::Docker(b'`'),
            "A",
            "C:\\b c",
            "C:\\b` c",
            false,
        );
        sets("\"A=b c\" d", Manner::Systemd, "A", "b c", "b c", true);
        sets(
            r"'A=b\n\'c'",
            Manner::Systemd,
            "A",
            "b\n'c",
            r"b\n\'c",
            true,
        );
        sets("A=b\\\nc", Manner::Systemd, "A", "b", "b", false);
    }
}
