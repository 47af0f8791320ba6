//! Source code: an assignment whose value is a literal in quotes. Templates of pages are source code, and so are source maps,
//! which hold it.

use super::{Entry, Format, Syntax, ending, lines};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Code,
    knows: |name| ENDINGS.contains(&ending(name)) || is_source_map(name),
    read: |text| Some(read(text)),
    joined: None,
};

const ENDINGS: [&str; 82] = [
    "rs", "go", "py", "js", "mjs", "cjs", "jsx", "ts", "tsx", "java", "kt", "kts", "scala", "rb",
    "php", "c", "h", "cc", "cpp", "hpp", "cs", "fs", "vb", "swift", "m", "mm", "pl", "pm", "ex",
    "exs", "erl", "clj", "groovy", "gradle", "dart", "lua", "r", "jl", "hs", "vue", "svelte",
    "html", "htm", "erb", "sql", "proto", "graphql", "css", "scss", "ipynb", "po", "svg", "ejs",
    "jst", "hbs", "twig", "jsp", "cshtml", "tcl", "awk", "zig", "nim", "ml", "mli", "fsx", "cxx",
    "hxx", "hh", "inl", "coffee", "less", "sass", "sol", "cljs", "cljc", "hrl", "el", "m4", "cu",
    "pas", "f90", "asm",
];

/// `app.js.map`; `routes.map` may be a configuration.
fn is_source_map(name: &str) -> bool {
    name.strip_suffix(".map").is_some_and(|of| {
        matches!(
            ending(of),
            "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "css"
        )
    })
}

pub(super) fn read(text: &str) -> Vec<Entry> {
    let mut entries = lines::read(text, &mut lines::State::default());
    entries.retain(|entry| entry.quoted);
    entries
}
