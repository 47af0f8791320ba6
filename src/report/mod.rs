//! Report formats: one file each, every one a pure projection of [`crate::model::Report`].
//!
//! Nothing here decides, counts verdicts anew or reads anything; what a format shows, the report holds.

mod escape;
mod explain;
mod json;
mod steps;
mod text;
mod words;

#[cfg(test)]
mod tests;

pub use escape::printable;
pub use explain::{explained_json, explained_text};
use std::io;

use crate::model::{Finding, Report, Verdict};

/// A way to write a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Diagnostics for people, in the shape compilers use.
    Text,
    /// `stagegate-report/1`, for programs; documented in `docs/report.md`.
    Json,
}

/// Every format.
pub const ALL: &[Format] = &[Format::Text, Format::Json];

impl Format {
    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|format| format.as_str() == name)
    }
}

/// How much to show, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// -1 quiet, 0 normal, 1 every diagnostic with all its evidence, 2 every place as well. Text only.
    pub verbosity: i8,
    /// Whether to colour. Text only.
    pub color: bool,
    /// Whether to show the findings that the policy allowed.
    pub show_allowed: bool,
}

/// Writes `report` to `out`.
///
/// # Errors
/// Only those of `out`.
pub fn write(
    report: &Report,
    format: Format,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, options, out),
        Format::Json => json::write(report, options, out),
    }
}

/// The findings that every format shows.
fn shown<'r>(report: &'r Report, options: &Options) -> Vec<&'r Finding> {
    report
        .findings
        .iter()
        .filter(|finding| options.show_allowed || finding.verdict != Verdict::Allow)
        .collect()
}
