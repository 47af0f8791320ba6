//! Where a report goes: text to standard error, as hooks must; anything for programs to standard output; or files, several at
//! once. Files are written whole or not at all, and what the outcome is does not depend on any of it.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::judge::Granted;
use crate::model::{Outcome, Report, Stats, Unexamined};
use crate::report::{self, Format, Options};

use super::trace::Trace;
use super::{Color, Failure, Global};

/// One place to write to: `sarif=FILE`, `text=-`, or `FILE` in the format of `--format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    format: Option<Format>,
    to: PathBuf,
}

impl Output {
    /// The file; none for standard output.
    pub(super) fn path(&self) -> Option<&Path> {
        (!self.is_stream()).then_some(&self.to)
    }

    /// Standard output.
    fn is_stream(&self) -> bool {
        self.to == Path::new("-")
    }
}

impl std::str::FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, to) = match text.split_once('=') {
            Some((name, to)) => match Format::from_name(name) {
                Some(format) => (Some(format), to),
                None if is_name(name) => {
                    let all: Vec<&str> = report::ALL.iter().map(|one| one.as_str()).collect();
                    return Err(format!(
                        "`{name}` is no format; there are {}. A file of that name is `./{text}`",
                        all.join(", ")
                    ));
                }
                None => (None, text),
            },
            None => (None, text),
        };
        if to.is_empty() {
            return Err("the name of a file is missing; `-` is standard output".to_owned());
        }
        Ok(Self {
            format,
            to: PathBuf::from(to),
        })
    }
}

/// Whether it looks like a format's name and not like a path.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The formats, as the command line takes and explains them.
pub(super) fn formats() -> impl TypedValueParser<Value = Format> {
    let values = report::ALL
        .iter()
        .chain([&Format::Html])
        .map(|format| PossibleValue::new(format.as_str()).help(format.about()));
    PossibleValuesParser::new(values)
        .try_map(|name| Format::from_name(&name).ok_or("there is no such format"))
}

/// Writes the report to every output and returns the exit code of its outcome.
pub(super) fn write(report: &Report, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let written = |format, color| written(report, format, global, color);
    write_each(global, report::ALL, &written, Stream::Error, out)?;
    Ok(report.outcome().exit_code())
}

/// The same on a server: first written down, then answered.
pub(super) fn write_traced(
    mut report: Report,
    trace: Option<Trace>,
    granted: &[Granted],
    global: &Global,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let left = trace.map_or(Ok(()), |trace| trace.record(&report, granted));
    if let Err(failure) = left {
        if report.outcome() == Outcome::Allowed {
            return Err(failure);
        }
        // It is refused anyway, and why matters more.
        report.news.push(failure.what().to_owned());
    }
    write(&report, global, out)
}

/// Where text for people goes when nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// As hooks must.
    Error,
    /// What was asked for by hand, and may go through a pager.
    Standard,
}

/// Writes to every output what `written` makes of its format, and whether that is coloured.
pub(super) fn write_each(
    global: &Global,
    known: &[Format],
    written: &dyn Fn(Format, bool) -> Result<Vec<u8>, Failure>,
    people: Stream,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let streams = global.output.iter().filter(|output| output.is_stream());
    if streams.count() > 1 {
        return Err(Failure::new("two outputs go to standard output")
            .hint("let one of them go to a file: `--output json=report.json`"));
    }
    let of_output = |output: &Output| output.format.unwrap_or_else(|| of(global));
    let mut formats = global.output.iter().map(of_output).chain([of(global)]);
    if let Some(other) = formats.find(|format| !known.contains(format)) {
        let names: Vec<&str> = known.iter().map(|format| format.as_str()).collect();
        return Err(
            Failure::new(format!("this has no format `{}`", other.as_str()))
                .hint(format!("it has {}", names.join(", "))),
        );
    }
    // All in memory first: a report cut in the middle is worse than none.
    let mut files = Vec::new();
    for output in global.output.iter().filter(|output| !output.is_stream()) {
        let format = of_output(output);
        let color = format == Format::Text && global.color == Color::Always;
        files.push((&output.to, written(format, color)?));
    }
    for (path, text) in &files {
        write_file(path, text)?;
    }
    // A reader that has gone away does not change the answer, which is the exit code.
    if let Some(output) = global.output.iter().find(|output| output.is_stream()) {
        let format = of_output(output);
        let color = colored(format, global, io::stdout().is_terminal());
        let text = written(format, color)?;
        drop(out.write_all(&text).and_then(|()| out.flush()));
    } else if global.output.is_empty() {
        let format = of(global);
        if format.is_for_people() && people == Stream::Error {
            let color = colored(format, global, io::stderr().is_terminal());
            let text = written(format, color)?;
            drop(io::stderr().lock().write_all(&text));
        } else {
            let text = written(format, colored(format, global, io::stdout().is_terminal()))?;
            drop(out.write_all(&text).and_then(|()| out.flush()));
        }
    }
    Ok(())
}

/// Writes to every output that was asked for that nothing could be decided, so that no report of an earlier run, which may have
/// been clean, is taken for one of this. What it cannot write changes nothing: the answer is exit 2 already.
pub(super) fn write_failure(
    failure: &Failure,
    mode: &'static str,
    global: &Global,
    out: &mut dyn Write,
) {
    if global.output.is_empty() {
        return;
    }
    let (what, reason) = failure.told();
    let report = Report {
        mode,
        policy: String::new(),
        refs: Vec::new(),
        findings: Vec::new(),
        unexamined: vec![Unexamined {
            what,
            reason,
            refuses: true,
        }],
        news: Vec::new(),
        notes: Vec::new(),
        rejections: None,
        explanations: Vec::new(),
        stats: Stats::default(),
    };
    // Each by itself: the one that could not be written may be why this is a failure.
    for output in &global.output {
        let format = output.format.unwrap_or_else(|| of(global));
        let Ok(text) = written(&report, format, global, false) else {
            continue;
        };
        if output.is_stream() {
            // For people it stands on standard error already.
            if !format.is_for_people() {
                drop(out.write_all(&text).and_then(|()| out.flush()));
            }
        } else {
            drop(write_file(&output.to, &text));
        }
    }
}

/// The format of what has none of its own.
fn of(global: &Global) -> Format {
    let wanted = || std::env::var_os("STAGEGATE_PLAIN").is_some_and(|value| !value.is_empty());
    if global.format == Format::Text && (global.plain || wanted()) {
        Format::Plain
    } else {
        global.format
    }
}

fn written(
    report: &Report,
    format: Format,
    global: &Global,
    color: bool,
) -> Result<Vec<u8>, Failure> {
    let options = Options {
        verbosity: if global.quiet {
            -1
        } else {
            i8::try_from(global.verbose).unwrap_or(2).min(2)
        },
        color,
        show_allowed: global.all,
        finished: jiff::Timestamp::now().as_second(),
    };
    let mut text = Vec::new();
    report::write(report, format, &options, &mut text)?;
    Ok(text)
}

/// Whether to colour what goes to a stream.
fn colored(format: Format, global: &Global, terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    format == Format::Text
        && match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !set("NO_COLOR") && !dumb(),
        }
}

/// Whether a subcommand that knows text and JSON is to write JSON.
pub(super) fn is_json(global: &Global) -> Result<bool, Failure> {
    match global.format {
        Format::Text | Format::Plain => Ok(false),
        Format::Json => Ok(true),
        other => Err(Failure::new(format!(
            "this has no format `{}`: that is one for reports",
            other.as_str()
        ))
        .hint("it writes text, and with --format json JSON")),
    }
}

/// The file that a subcommand with one output is to write; none for standard output.
pub(super) fn file(global: &Global) -> Result<Option<&Path>, Failure> {
    match global.output.as_slice() {
        [] => Ok(None),
        [only] if only.is_stream() && only.format.is_none() => Ok(None),
        [only] if only.format.is_none() => Ok(Some(&only.to)),
        _ => Err(Failure::new("this writes one thing, in one format")
            .hint("name one file: `--output FILE`")),
    }
}

/// Writes what a subcommand with one output has made.
pub(super) fn put(text: &[u8], global: &Global, out: &mut dyn Write) -> Result<(), Failure> {
    match file(global)? {
        Some(path) => write_file(path, text),
        // A reader that has gone away does not change the answer.
        None => {
            drop(out.write_all(text).and_then(|()| out.flush()));
            Ok(())
        }
    }
}

/// The output of a command that shows or does something. A reader that has read enough (`| head`, a pager that was left) is no
/// failure: what is left goes nowhere, and the exit code is what it would have been.
pub(super) struct Shown<'o>(pub(super) &'o mut dyn Write);

impl Write for Shown<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        unless_left(self.0.write(text), text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_left(self.0.flush(), ())
    }
}

fn unless_left<T>(written: io::Result<T>, otherwise: T) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(otherwise),
        written => written,
    }
}

/// Writes a file whole or not at all: beside it first, then in its place. What is no regular file (a pipe, `/dev/stderr`)
/// is written to as it is.
pub(super) fn write_file(path: &Path, text: &[u8]) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::new(format!(
            "cannot write the report to {}: {error}",
            path.display()
        ))
        .hint("nothing was let through: the report has to be written first")
    };
    let known = fs::metadata(path).ok();
    if known.as_ref().is_some_and(|known| !known.is_file()) {
        return fs::write(path, text).map_err(failed);
    }
    // Through a link, so that the link stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = (|| {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).open(&beside)?;
        file.write_all(text)?;
        if let Some(known) = &known {
            file.set_permissions(known.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&beside, &path)
    })();
    written.map_err(|error| {
        // What is left of the try; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}
