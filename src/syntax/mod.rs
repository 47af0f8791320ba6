//! Configuration formats to key paths and scalar values with spans: one file a format. A file that its format's parser does
//! not take (templated, broken) is read by the tolerant line reader, and the answer says which was used.

mod code;
mod dockerfile;
mod dotenv;
#[cfg(test)]
mod every_reader;
mod hcl;
mod ini;
mod json;
mod lines;
mod netrc;
mod pairs;
mod physical;
mod properties;
mod prose;
#[cfg(test)]
mod shapes;
mod shell;
mod systemd;
mod toml;
mod tree;
mod words;
mod xml;
mod yaml;

use std::borrow::Cow;
use std::ops::Range;

/// A configuration format: one file of this folder, one line of [`FORMATS`].
struct Format {
    syntax: Syntax,
    /// Whether a file of this name, in lower case, is of this format.
    knows: fn(name: &str) -> bool,
    /// The entries of a text; `None` where it is not of this format, which the tolerant reader then takes.
    read: fn(text: &str) -> Option<Vec<Entry>>,
    /// The same with the joints, of a format that has them.
    joined: Option<fn(text: &str) -> Option<Joined>>,
}

/// The entries of a text with its joints.
struct Joined {
    entries: Vec<Entry>,
    joints: Vec<usize>,
}

/// Every format. The first that knows a file's name reads it; what none knows is read line by line.
const FORMATS: &[Format] = &[
    yaml::FORMAT,
    json::FORMAT,
    hcl::FORMAT,
    xml::FORMAT,
    toml::FORMAT,
    shell::FORMAT,
    dockerfile::FORMAT,
    systemd::FORMAT,
    properties::FORMAT,
    ini::FORMAT,
    netrc::FORMAT,
    code::FORMAT,
    prose::FORMAT,
    dotenv::FORMAT,
    lines::FORMAT,
];

/// A reader of a configuration format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Syntax {
    /// YAML.
    Yaml,
    /// JSON, with comments, trailing commas and the other liberties of its dialects.
    Json,
    /// HCL: Terraform, Nomad, Packer.
    Hcl,
    /// XML: .NET, Maven, Spring, property lists.
    Xml,
    /// TOML.
    Toml,
    /// Shell scripts.
    Shell,
    /// Dockerfiles.
    Dockerfile,
    /// Units of systemd.
    Systemd,
    /// Java properties.
    Properties,
    /// INI and what is like it.
    Ini,
    /// netrc.
    Netrc,
    /// dotenv.
    Dotenv,
    /// `key = value`, `key: value`, `[section]`, one line at a time: dotenv, INI, properties, and everything else.
    Lines,
    /// Source code: only literals in quotes are values.
    Code,
    /// Prose: literals in quotes, and with caution what somebody wrote down.
    Prose,
}

/// One scalar value with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Keys from the root of the file; sections count as keys. Items of a list have no key of their own.
    pub path: Vec<String>,
    /// The value, unescaped.
    pub value: String,
    /// Where the value stands, without quotes.
    pub span: Range<usize>,
    /// Whether it stands in quotes.
    pub quoted: bool,
    /// What the format says of it.
    pub meaning: Meaning,
}

/// What a format says of a value beside its text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing: it is what it says.
    #[default]
    Literal,
    /// Base64 by definition: `data` of a Kubernetes Secret, `!!binary`.
    Base64,
    /// The name of what is kept elsewhere: `valueFrom`, `!reference`, `var.password`.
    Reference,
    /// A ciphertext: `!vault`, `encryptedData`.
    Encrypted,
}

impl Entry {
    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        let keys: usize = self
            .path
            .iter()
            .map(|key| size_of::<String>() + key.len())
            .sum();
        size_of::<Self>() + self.value.len() + keys
    }

    /// The key that says what the value is: the last one, or the one above where the last says no more than that it is a
    /// value (`variables.DB_PASSWORD.value`, `variable.db_password.default`).
    pub fn key(&self) -> Option<&str> {
        const VALUES: [&str; 7] = [
            "value",
            "default",
            "defaultValue",
            "default_value",
            "Default",
            "Value",
            "_value",
        ];
        let (last, above) = self.path.split_last()?;
        let named = above.last().filter(|_| VALUES.contains(&last.as_str()));
        Some(named.unwrap_or(last))
    }
}

/// A file as entries.
#[derive(Debug)]
pub struct Document {
    /// Every scalar that has a key, in the order of the file: by begin, and of those with the same begin the longer ones
    /// first. Two stand at one place where a value counts in two places (an alias), and one in another where a value is a file
    /// or a connection string.
    pub entries: Vec<Entry>,
    /// Which reader was used.
    pub syntax: Syntax,
    /// Where the file could be cut in two and each part read for itself, in increasing order: the beginnings of lines that stand in
    /// nothing. `None` where that is not known.
    pub joints: Option<Vec<usize>>,
}

impl Document {
    /// A file, or a part of one, of which no joints are known.
    fn of(entries: Vec<Entry>, syntax: Syntax) -> Self {
        Self {
            entries,
            syntax,
            joints: None,
        }
    }
}

/// Every reader, in the order in which they are asked for a file's name.
pub fn all() -> impl Iterator<Item = Syntax> {
    FORMATS.iter().map(|format| format.syntax)
}

/// The reader that a file's name asks for.
pub fn of_path(path: &str) -> Syntax {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let of_name = |name: &str| {
        FORMATS
            .iter()
            .find(|format| (format.knows)(name))
            .map_or(Syntax::Lines, |format| format.syntax)
    };
    // `config.yml.example` is YAML, or nearly.
    let copied = name
        .rsplit_once('.')
        .filter(|(_, ending)| COPIES.contains(ending))
        .map(|(name, _)| of_name(name));
    copied
        .filter(|syntax| *syntax != Syntax::Lines)
        .unwrap_or_else(|| of_name(&name))
}

/// Endings of copies and templates, which stand behind the ending of the format.
const COPIES: [&str; 19] = [
    "example", "sample", "template", "tmpl", "tpl", "gotmpl", "tftpl", "dist", "default", "in",
    "j2", "jinja", "jinja2", "erb", "ejs", "bak", "orig", "old", "save",
];

/// What follows the last dot of a name; the whole name where it has none.
fn ending(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or("")
}

/// Larger files are read by the line reader alone, part by part: a parser of the whole file would hold a copy of it in pieces.
pub const LARGEST_PARSED: usize = 2 << 20;

/// Size of such a part.
const PART: usize = 1 << 20;

/// So much of a part is read again with the next one where no line ends between them.
const SEAM: usize = 64 << 10;

/// Reads a file with `syntax`, falling back to lines. `visit` gets the entries part by part, each with the part's range; most
/// files have one.
pub fn read_parts<E>(
    bytes: &[u8],
    syntax: Syntax,
    visit: &mut dyn FnMut(Range<usize>, Document) -> Result<(), E>,
) -> Result<(), E> {
    if bytes.len() <= LARGEST_PARSED {
        return visit(0..bytes.len(), read(bytes, syntax));
    }
    let mut state = lines::State::default();
    let mut start = 0;
    // Entries that begin in the seam belong to the part before up to its middle.
    let mut from = 0;
    loop {
        let end = part_end(bytes, start);
        let whole_line = end == bytes.len() || matches!(bytes[end - 1], b'\n' | b'\r');
        let to = if whole_line { end } else { end - SEAM / 2 };
        let part = &bytes[start..end];
        if !is_binary(part) {
            let mut entries = lines::read(&text_of(part), &mut state);
            entries.retain(|entry| {
                (from..to).contains(&(entry.span.start + start))
                    && (entry.quoted || !matches!(syntax, Syntax::Code | Syntax::Prose))
            });
            for entry in &mut entries {
                entry.span = entry.span.start + start..entry.span.end + start;
            }
            visit(from..to, Document::of(entries, Syntax::Lines))?;
        } else {
            visit(from..to, Document::of(Vec::new(), Syntax::Lines))?;
        }
        if end == bytes.len() {
            return Ok(());
        }
        start = if whole_line { end } else { end - SEAM };
        from = to;
    }
}

fn part_end(bytes: &[u8], start: usize) -> usize {
    let end = start + PART;
    if end + SEAM >= bytes.len() {
        return bytes.len();
    }
    match memchr::memrchr2(b'\n', b'\r', &bytes[start + PART / 2..end]) {
        Some(at) => start + PART / 2 + at + 1,
        None => end,
    }
}

/// Reads a file with `syntax`, falling back to lines.
pub fn read(bytes: &[u8], syntax: Syntax) -> Document {
    if is_binary(bytes) {
        return Document::of(Vec::new(), syntax);
    }
    let text = text_of(bytes);
    if let Some(mut document) = document(&text, syntax) {
        // Lines and code look at every operator of a line already.
        if !matches!(syntax, Syntax::Lines | Syntax::Code) {
            let entries = &mut document.entries;
            *entries = pairs::add_inner(&text, std::mem::take(entries));
            entries.sort_by_key(|entry| (entry.span.start, std::cmp::Reverse(entry.span.end)));
        }
        return document;
    }
    Document::of(
        lines::read(&text, &mut lines::State::default()),
        Syntax::Lines,
    )
}

fn format_of(syntax: Syntax) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.syntax == syntax)
}

/// The entries of a text; `None` where it is not of this syntax.
fn read_as(text: &str, syntax: Syntax) -> Option<Vec<Entry>> {
    (format_of(syntax)?.read)(text)
}

/// The same, with the joints of the text.
fn document(text: &str, syntax: Syntax) -> Option<Document> {
    match format_of(syntax)?.joined {
        None => Some(Document::of(read_as(text, syntax)?, syntax)),
        Some(joined) => {
            let Joined { entries, joints } = joined(text)?;
            Some(Document {
                entries,
                syntax,
                joints: Some(joints),
            })
        }
    }
}

/// Machine code, images, packed data: one byte in fifty or more is a control character. The names of keys mean nothing there;
/// a few NULs in a text do not make it so.
pub fn is_binary(bytes: &[u8]) -> bool {
    let controls = bytes
        .iter()
        .filter(|&&byte| {
            byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b) || byte == 0x7f
        })
        .count();
    controls > 32 && controls * 50 > bytes.len()
}

/// The bytes as UTF-8 of the same length: Latin-1 and broken characters become `?`, so that every offset stays.
pub fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod testing {
    use super::Entry;

    pub(super) type Rows = Vec<(String, String)>;

    /// Key paths and values of what a format makes of `text`, once it has been seen that places are right.
    pub(super) fn rows(text: &str, read: fn(&str) -> Option<Vec<Entry>>) -> Rows {
        let entries = read(text).unwrap_or_else(|| panic!("not taken: {text}"));
        let places: Vec<_> = entries
            .iter()
            .map(|entry| (entry.span.start, std::cmp::Reverse(entry.span.end)))
            .collect();
        assert!(places.is_sorted(), "in order: {text}");
        let row = |entry: Entry| {
            let raw = text.get(entry.span.clone()).expect("inside");
            let is_plain = !raw.contains(['\\', '\n', '&', '{']) && !raw.contains("''");
            if is_plain {
                assert_eq!(raw, entry.value.trim(), "{text}");
            }
            (entry.path.join("."), entry.value)
        };
        entries.into_iter().map(row).collect()
    }

    pub(super) fn takes(expected: &[(&str, &str)]) -> Rows {
        let row = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        expected.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(bytes: &[u8]) -> Vec<(String, Range<usize>)> {
        let mut all = Vec::new();
        let mut last = 0;
        let read: Result<(), ()> = read_parts(bytes, Syntax::Yaml, &mut |range, document| {
            assert_eq!(range.start, last);
            last = range.end;
            all.extend(
                document
                    .entries
                    .into_iter()
                    .map(|entry| (entry.path.join("."), entry.span)),
            );
            Ok(())
        });
        assert_eq!((read, last), (Ok(()), bytes.len()));
        all
    }

    #[test]
    fn every_syntax_has_one_format() {
        let mut listed: Vec<Syntax> = FORMATS.iter().map(|format| format.syntax).collect();
        listed.sort();
        listed.dedup();
        assert_eq!(listed.len(), FORMATS.len());
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/syntax"));
        let formats = files.expect("readable").filter(|file| {
            let path = file.as_ref().expect("an entry").path();
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.contains("\npub(super) const FORMAT: Format")
        });
        assert_eq!(formats.count(), FORMATS.len());
    }

    #[test]
    fn copies_and_templates_are_of_the_format_that_they_copy() {
        for (name, syntax) in [
            ("config.yml.example", Syntax::Yaml),
            ("config/settings.ini.j2", Syntax::Ini),
            (".env.sample", Syntax::Dotenv),
            ("index.html.erb", Syntax::Code),
            ("show.erb", Syntax::Code),
            ("x.template", Syntax::Lines),
            ("templates/example", Syntax::Lines),
        ] {
            assert_eq!(of_path(name), syntax, "{name}");
        }
    }

    #[test]
    fn a_reader_that_gives_up_says_so() {
        let answer = |text: &str, syntax| read(text.as_bytes(), syntax);
        let good = answer("a = 'b'\n", Syntax::Toml);
        assert_eq!((good.syntax, good.entries.len()), (Syntax::Toml, 1));
        let twice = answer("a = 'b'\na = 'c'\n", Syntax::Toml);
        assert_eq!((twice.syntax, twice.entries.len()), (Syntax::Lines, 2));
        let templated = answer("{% if x %}\nA=b\n{% endif %}\n", Syntax::Dotenv);
        assert_eq!(
            (templated.syntax, templated.entries.len()),
            (Syntax::Lines, 1)
        );
    }

    #[test]
    fn settings_in_a_value_come_behind_it() {
        let text = "[prod]\nconn = Server=db;Password=x\n";
        let paths: Vec<_> = read(text.as_bytes(), Syntax::Ini)
            .entries
            .into_iter()
            .map(|entry| entry.path.join("."))
            .collect();
        assert_eq!(
            paths,
            ["prod.conn", "prod.conn.Server", "prod.conn.Password"]
        );
    }

    #[test]
    fn large_files_are_read_in_parts_without_loss_or_repetition() {
        let line = "some_key: some value\n";
        let text = line.repeat(3 * PART / line.len());
        assert_eq!(parts(text.as_bytes()).len(), 3 * PART / line.len());
        let json = "\"some_key\":\"some value\",";
        let text = json.repeat(3 * PART / json.len());
        let found = parts(text.as_bytes());
        assert_eq!(found.len(), 3 * PART / json.len());
        assert!(
            found
                .iter()
                .all(|(key, span)| key == "some_key" && &text[span.clone()] == "some value")
        );
    }

    #[test]
    fn latin_1_and_a_few_nuls_are_text_and_machine_code_is_not() {
        let of = |bytes: &[u8]| -> Vec<_> {
            read(bytes, Syntax::Lines)
                .entries
                .into_iter()
                .map(|entry| entry.span)
                .collect()
        };
        assert_eq!(of(b"# caf\xe9\nkey=caf\xe9\n"), vec![11..15]);
        assert_eq!(of(b"\0key=value\0"), vec![5..10]);
        assert!(of(&[b"key=value\n\0\x01\x02".as_slice(); 20].concat()).is_empty());
    }
}
