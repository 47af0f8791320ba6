//! Report formats: one file each, every one a pure projection of [`crate::model::Report`].
//!
//! Nothing here decides, counts verdicts anew or reads anything; what a format shows, the report holds.

mod azure;
mod bitbucket;
mod code_quality;
mod csv;
mod escape;
mod explain;
mod github;
mod gitlab;
mod group;
mod headline;
mod identity;
mod json;
mod json_lines;
mod junit;
mod markdown;
mod plain;
pub mod posture;
mod sarif;
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
    /// The same in sentences, for whoever has the screen read to them.
    Plain,
    /// `stagegate-report/1`, for programs; documented in `docs/report.md`.
    Json,
    /// The same, one object a line.
    JsonLines,
    /// SARIF 2.1.0 of OASIS.
    Sarif,
    /// GitLab's report of secret detection.
    Gitlab,
    /// GitLab's (and Code Climate's) report of code quality.
    CodeQuality,
    /// Workflow commands of GitHub Actions, which annotate lines of a pull request.
    Github,
    /// A summary for a job's page or a comment, in GitHub's Markdown.
    Markdown,
    /// JUnit's XML, one test case a finding.
    Junit,
    /// Logging commands of Azure Pipelines.
    Azure,
    /// Code Insights of Bitbucket: the report and its annotations.
    Bitbucket,
    /// A table.
    Csv,
    /// One page for a browser; only a posture has it.
    Html,
}

/// Every format of what is judged.
pub const ALL: &[Format] = &[
    Format::Text,
    Format::Plain,
    Format::Json,
    Format::JsonLines,
    Format::Sarif,
    Format::Gitlab,
    Format::CodeQuality,
    Format::Github,
    Format::Markdown,
    Format::Junit,
    Format::Azure,
    Format::Bitbucket,
    Format::Csv,
];

impl Format {
    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Plain => "plain",
            Self::Json => "json",
            Self::JsonLines => "json-lines",
            Self::Sarif => "sarif",
            Self::Gitlab => "gitlab",
            Self::CodeQuality => "code-quality",
            Self::Github => "github",
            Self::Markdown => "markdown",
            Self::Junit => "junit",
            Self::Azure => "azure",
            Self::Bitbucket => "bitbucket",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }

    /// What it is for, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Text => "for people",
            Self::Plain => "for people, in sentences without drawing, for screen readers",
            Self::Json => "for programs: schema stagegate-report/1",
            Self::JsonLines => "the same, one object a line",
            Self::Sarif => "SARIF 2.1.0: code scanning, IDEs, Jenkins",
            Self::Gitlab => "GitLab's secret detection report",
            Self::CodeQuality => "GitLab's code quality report",
            Self::Github => "annotations of GitHub Actions",
            Self::Markdown => "a summary for a job's page or a comment",
            Self::Junit => "JUnit XML: any CI system's test report",
            Self::Azure => "logging commands of Azure Pipelines",
            Self::Bitbucket => "Bitbucket's Code Insights",
            Self::Csv => "a table",
            Self::Html => "one self-contained page: only `stagegate audit` writes it",
        }
    }

    /// Whether people read it, so that it goes to standard error where nothing else is said.
    pub const fn is_for_people(self) -> bool {
        matches!(self, Self::Text | Self::Plain)
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter()
            .chain(posture::FORMATS)
            .copied()
            .find(|format| format.as_str() == name)
    }
}

/// How much to show, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// -1 quiet, 0 normal, 1 every diagnostic with all its evidence, 2 every place as well. For people only.
    pub verbosity: i8,
    /// Whether to colour. Text only.
    pub color: bool,
    /// Whether to show the findings that the policy allowed.
    pub show_allowed: bool,
    /// When the run ended, in seconds since 1970 began (UTC), for formats that must say so.
    pub finished: i64,
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
        Format::Plain => plain::write(report, options, out),
        Format::Json => json::write(report, options, out),
        Format::JsonLines => json_lines::write(report, options, out),
        Format::Sarif => sarif::write(report, options, out),
        Format::Gitlab => gitlab::write(report, options, out),
        Format::CodeQuality => code_quality::write(report, options, out),
        Format::Github => github::write(report, options, out),
        Format::Markdown => markdown::write(report, options, out),
        Format::Junit => junit::write(report, options, out),
        Format::Azure => azure::write(report, options, out),
        Format::Bitbucket => bitbucket::write(report, options, out),
        Format::Csv => csv::write(report, options, out),
        Format::Html => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a push has no page",
        )),
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
