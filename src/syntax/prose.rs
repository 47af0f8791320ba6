//! Prose: assignments whose value is a literal in quotes, as in source code. What somebody wrote down without quotes
//! (`Password: x`) is found beside its name, see `scan::beside`.

use super::{Format, Syntax, code, ending};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Prose,
    knows: |name| {
        [
            "md", "markdown", "mdx", "rst", "adoc", "asciidoc", "tex", "org", "rtf", "wiki",
        ]
        .contains(&ending(name))
    },
    read: |text| Some(code::read(text)),
    joined: None,
};
