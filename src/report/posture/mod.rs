//! The posture of repositories, in the formats of an audit: one file each, every one a pure projection of
//! [`crate::model::Posture`].

mod html;
mod json;
mod json_lines;
mod text;

#[cfg(test)]
mod tests;

pub use json_lines::{ReadError, read};

use std::io;

use super::Format;
use crate::model::Posture;

/// Every format.
pub const FORMATS: &[Format] = &[Format::Text, Format::Json, Format::JsonLines, Format::Html];

/// How much to show, and how. Text and the page cut long lists; JSON never does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether to show what the policy allows, too.
    pub all: bool,
    /// Whether text is a line for all and a line for each credential.
    pub quiet: bool,
    /// Whether to colour.
    pub color: bool,
}

/// Writes `posture` to `out`.
///
/// # Errors
/// Those of `out`; [`io::ErrorKind::Unsupported`] for what is not in [`FORMATS`].
pub fn write(
    posture: &Posture,
    format: Format,
    options: Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(posture, options, out),
        Format::Json => json::write(posture, out),
        Format::JsonLines => json_lines::write(posture, out),
        Format::Html => html::write(posture, options, out),
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a posture has no such format",
        )),
    }
}
