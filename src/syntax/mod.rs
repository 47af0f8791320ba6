//! Configuration formats to key paths and scalar values with spans: one file a format. A file that its format's parser does
//! not take (templated, broken) is read by the tolerant line reader, and the answer says which was used.

mod lines;
mod yaml;

use std::ops::Range;

/// A reader of a configuration format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Syntax {
    /// YAML, and JSON, which is nearly a subset of it.
    Yaml,
    /// `key = value`, `key: value`, `[section]`, one line at a time: dotenv, INI, properties, and everything else.
    Lines,
    /// Source code: only literals in quotes are values.
    Code,
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
}

/// A file as entries.
#[derive(Debug)]
pub struct Document {
    /// Every scalar that has a key, in the order of the file.
    pub entries: Vec<Entry>,
    /// Which reader was used.
    pub syntax: Syntax,
}

/// The reader that a file's name asks for.
pub fn of_path(path: &str) -> Syntax {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    match name.rsplit('.').next().unwrap_or("") {
        "yaml" | "yml" | "json" | "eyaml" | "sls" | "jsonc" | "webmanifest" => Syntax::Yaml,
        "rs" | "go" | "py" | "js" | "mjs" | "cjs" | "jsx" | "ts" | "tsx" | "java" | "kt" | "kts" | "scala" | "rb" | "php"
        | "c" | "h" | "cc" | "cpp" | "hpp" | "cs" | "fs" | "vb" | "swift" | "m" | "mm" | "pl" | "pm" | "ex" | "exs" | "erl" | "clj"
        | "groovy" | "gradle" | "dart" | "lua" | "r" | "jl" | "hs" | "vue" | "svelte" | "html" | "htm" | "erb" | "md" | "rst"
        | "adoc" | "sql" | "proto" | "graphql" | "css" | "scss" | "ipynb" | "tex" | "po" | "svg" => Syntax::Code,
        _ => Syntax::Lines,
    }
}

/// Reads a file with `syntax`, falling back to lines.
pub fn read(bytes: &[u8], syntax: Syntax) -> Document {
    if syntax == Syntax::Yaml
        && let Ok(text) = std::str::from_utf8(bytes)
        && let Some(entries) = yaml::read(text)
    {
        return Document { entries, syntax };
    }
    let entries = lines::read(bytes);
    let entries = if syntax == Syntax::Code {
        entries.into_iter().filter(|entry| entry.quoted).collect()
    } else {
        entries
    };
    Document {
        entries,
        syntax: if syntax == Syntax::Code { syntax } else { Syntax::Lines },
    }
}
