//! The report for people: diagnostics in the shape compilers use. First the outcome and why, then what was found,
//! strictest first, and what was not read; last what to do, where the eye lands.
//!
//! Every line but a path, a command or an id fits 72 columns, because git puts `remote: ` before each.

use std::{cell::Cell, io};

use annotate_snippets::{AnnotationKind, Group as Diagnostic, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use super::{
    Options,
    escape::{printable, shell_word},
    explain,
    group::{Group, by_kind, by_value},
    headline, shown, steps,
    words::{
        COLUMNS, access, also_at, belongs_to, count, evidence, goes_to, place, short, title, wrap,
    },
};
use crate::model::{Finding, Outcome, RefUpdate, Report, Tier, Unexamined, Verdict};

/// Diagnostics of one kind that are shown unless `-v` asks for all.
const DIAGNOSTICS: usize = 20;
/// Further places of one value that are named unless `-vv` asks for all.
const PLACES: usize = 5;
/// Further values of one kind that are named unless `-v` asks for all.
const ALIKE: usize = 5;
/// Signals of one finding that are shown unless `-v` asks for all.
const SIGNALS: usize = 3;

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = shown(report, options);
    let text = Text {
        report,
        findings: &findings,
        options,
        started: Cell::new(false),
    };
    if options.verbosity < 0 {
        text.quiet(out)
    } else {
        text.full(out)
    }
}

struct Text<'r> {
    report: &'r Report,
    findings: &'r [&'r Finding],
    options: &'r Options,
    /// Whether something was written, so that an empty line is due before the next part.
    started: Cell<bool>,
}

impl<'r> Text<'r> {
    fn gap(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.started.replace(true) {
            writeln!(out)?;
        }
        Ok(())
    }

    /// Only the outcome and one line a finding.
    fn quiet(&self, out: &mut dyn io::Write) -> io::Result<()> {
        self.headline(out)?;
        for finding in self.findings {
            let place = &finding.place;
            let destination = finding.destination.environment.as_deref();
            let aside = match finding.verdict {
                Verdict::Block => "",
                Verdict::Warn => " (warning)",
                Verdict::Allow => " (allowed)",
            };
            writeln!(
                out,
                "{}:{}: {}: {} -> {}{aside}",
                printable(&place.path),
                place.line,
                printable(&finding.rule),
                finding.origin.environment,
                printable(destination.unwrap_or("unclaimed")),
            )?;
        }
        for entry in self.report.unexamined.iter().filter(|entry| entry.refuses) {
            writeln!(
                out,
                "{}: not examined: {}",
                printable(&entry.what),
                printable(&entry.reason)
            )?;
        }
        Ok(())
    }

    fn full(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let report = self.report;
        let detailed = self.options.verbosity >= 1;
        let by_hand = matches!(report.mode, "check" | "scan");
        let spoke = self.headline(out)?;

        let mut blocked = Vec::new();
        for verdict in [Verdict::Block, Verdict::Warn, Verdict::Allow] {
            let groups = by_value(self.findings, verdict);
            self.diagnostics(verdict, &groups, out)?;
            if verdict == Verdict::Block {
                blocked = groups;
            }
        }
        self.unexamined(out)?;
        for news in &report.news {
            self.gap(out)?;
            self.block(out, "note: ", Some(AnsiColor::Green), news)?;
        }
        // In a hook a passing commit is met with silence: an exception that was not needed today is no news.
        if spoke || by_hand || detailed {
            for note in &report.notes {
                self.gap(out)?;
                self.block(out, "note: ", Some(AnsiColor::Green), note)?;
            }
        }
        self.rejections(out)?;
        if by_hand || detailed {
            self.gap(out)?;
            self.closing(out)?;
        }
        self.steps(&blocked, out)
    }

    /// The outcome and why, in one line; says nothing and returns `false` where everything passed without a remark.
    fn headline(&self, out: &mut dyn io::Write) -> io::Result<bool> {
        let Some(line) = headline::of(self.report, self.findings) else {
            return Ok(false);
        };
        let color = match self.report.outcome() {
            Outcome::Allowed => AnsiColor::Yellow,
            Outcome::Blocked | Outcome::Undecided => AnsiColor::Red,
        };
        let bold = self.style(Some(color));
        self.gap(out)?;
        writeln!(out, "{bold}stagegate: {line}{bold:#}")?;
        Ok(true)
    }

    fn diagnostics(
        &self,
        verdict: Verdict,
        groups: &[Group<'_>],
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let limit = self.unless_verbose(1, DIAGNOSTICS);
        let mut hidden = 0;
        for (nth, kind) in by_kind(groups).iter().enumerate() {
            if nth >= limit {
                hidden += 1 + kind.alike.len();
            } else if self.options.verbosity >= 1 {
                for group in std::iter::once(&kind.first).chain(&kind.alike) {
                    self.diagnostic(group, &[], out)?;
                }
            } else {
                let named = kind.alike.len().min(ALIKE);
                hidden += kind.alike.len() - named;
                if verdict == Verdict::Warn {
                    self.warning(kind.first, &kind.alike[..named], out)?;
                } else {
                    self.diagnostic(kind.first, &kind.alike[..named], out)?;
                }
            }
        }
        let rest = hidden;
        if rest > 0 {
            let kind = match verdict {
                Verdict::Block => count(rest, "more error", "more errors"),
                Verdict::Warn => count(rest, "more warning", "more warnings"),
                Verdict::Allow => count(rest, "more allowed finding", "more allowed findings"),
            };
            self.gap(out)?;
            writeln!(out, "... and {kind}. To see all:")?;
            writeln!(out, "    {}", self.show_all())?;
        }
        Ok(())
    }

    /// The command that shows what was cut. Whoever pushes cannot set flags on the server, but can ask locally.
    fn show_all(&self) -> String {
        let mut refs = self.report.refs.iter();
        match (self.report.mode, refs.find(|update| update.new.is_some())) {
            ("pre-push" | "pre-receive" | "update" | "check", Some(update)) => local_check(update),
            ("pre-commit", _) => "stagegate pre-commit -v".to_owned(),
            _ => "the same command with -v".to_owned(),
        }
    }

    /// A warning in a few lines: it lets pass, and whoever wants to know why asks with `-v`.
    fn warning(
        &self,
        group: &Group<'_>,
        alike: &[&Group<'_>],
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let finding = group.first;
        let rule = printable(&finding.rule).into_owned();
        let indent = "warning[]: ".len() + rule.chars().count();
        let title = wrap(&printable(&title(finding)), room(indent)).join("\n");
        self.gap(out)?;
        self.render(
            Diagnostic::with_title(Level::WARNING.primary_title(title).id(rule)),
            0,
            out,
        )?;
        let mut location = printable(&place(finding)).into_owned();
        if let Some(commit) = finding.place.commit {
            location.push_str(&format!(" (commit {})", short(commit)));
        }
        // The line itself, where there is room for all of it.
        let line = format!("{location}: {}", SafeExcerpt::of(finding).text.trim());
        let fits =
            line.chars().count() <= room(" --> ".len()) && !finding.excerpt.text.trim().is_empty();
        let shown = if fits { &line } else { &location };
        let arrow = self.style(Some(AnsiColor::BrightBlue));
        writeln!(out, " {arrow}-->{arrow:#} {shown}")?;
        // Of a copy, where the other one stands is the whole point.
        if let Some(copy) = finding.evidence.iter().find(|one| one.kind == "reuse") {
            self.block(out, "  = evidence: ", None, &evidence(copy, finding))?;
        }
        let because = &finding.because;
        let policy = format!("{} ({})", because.text, because.policy_line);
        self.block(out, "  = policy: ", None, &policy)?;
        let others = group.others.iter().map(|other| also_at(other, finding));
        let alike = alike.iter().map(|other| place(other.first));
        let also: Vec<String> = others.chain(alike).collect();
        let named = also.len().min(ALIKE);
        if named > 0 {
            let mut places = also[..named].join(", ");
            if also.len() > named {
                places.push_str(&format!(" and {} more", also.len() - named));
            }
            self.block(out, "  = also at: ", None, &places)?;
        }
        Ok(())
    }

    /// A finding whole, and values of which the same is to be said by name.
    fn diagnostic(
        &self,
        group: &Group<'_>,
        alike: &[&Group<'_>],
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let finding = group.first;
        let level = match finding.verdict {
            Verdict::Block => Level::ERROR,
            Verdict::Warn => Level::WARNING,
            Verdict::Allow => Level::NOTE,
        };
        let place = &finding.place;
        let line = place.line.max(1);
        let rule = printable(&finding.rule).into_owned();
        let label = match finding.verdict {
            Verdict::Block => "error",
            Verdict::Warn => "warning",
            Verdict::Allow => "note",
        };
        let indent = label.len() + rule.chars().count() + "[]: ".len();
        let title = wrap(&printable(&title(finding)), room(indent)).join("\n");

        let mut location = format!("{}:{line}:{}", printable(&place.path), place.column);
        if let Some(commit) = place.commit {
            location.push_str(&format!("   (commit {})", short(commit)));
        }
        let excerpt = SafeExcerpt::of(finding);
        let mut body = Diagnostic::with_level(level.clone());
        let gutter = if excerpt.text.is_empty() {
            body = body.element(annotate_snippets::Padding);
            0
        } else {
            let annotation = AnnotationKind::Primary
                .span(excerpt.start..excerpt.end)
                .label(belongs_to(finding));
            let snippet = Snippet::source(excerpt.text).line_start(line);
            body = body.element(snippet.annotation(annotation));
            line.to_string().len()
        };
        for (label, message) in self.messages(group, alike) {
            let indent = gutter + "  = : ".len() + label.len();
            let message = wrap(&printable(&message), room(indent)).join("\n");
            body = body.element(Level::NOTE.with_name(label).message(message));
        }
        // The title and the body are rendered apart, because the renderer would count the column in the excerpt, which
        // is cut and masked, and has no room for the commit.
        let head = Diagnostic::with_title(level.primary_title(title).id(rule));
        self.gap(out)?;
        self.render(head, 0, out)?;
        let arrow = self.style(Some(AnsiColor::BrightBlue));
        let space = " ".repeat(gutter);
        writeln!(out, "{space}{arrow}-->{arrow:#} {location}")?;
        self.render(body, gutter, out)
    }

    /// The `= label: ...` lines of a finding.
    fn messages(&self, group: &Group<'_>, alike: &[&Group<'_>]) -> Vec<(&'static str, String)> {
        let finding = group.first;
        let detailed = self.options.verbosity >= 1;
        let mut messages = Vec::new();
        if let Some(key_path) = &finding.place.key_path {
            messages.push(("key", key_path.clone()));
        }
        let signals = self.unless_verbose(1, SIGNALS);
        for signal in finding.evidence.iter().take(signals) {
            // Where it stands in production is what everybody asks first.
            let label = match (signal.kind, signal.environment) {
                ("reuse", Some(Tier::Production)) => "production",
                _ => "evidence",
            };
            messages.push((label, evidence(signal, finding)));
        }
        let rest = finding.evidence.len().saturating_sub(signals);
        if rest > 0 {
            let more = count(rest, "weaker signal", "weaker signals");
            messages.push(("evidence", format!("and {more} (-v shows them)")));
        }
        if finding.privileged || detailed {
            messages.extend(access(finding).map(|access| ("access", access)));
        }
        messages.push(("goes to", goes_to(finding)));
        let because = &finding.because;
        messages.push((
            "policy",
            format!("{} ({})", because.text, because.policy_line),
        ));
        let places = self.unless_verbose(2, PLACES);
        for other in group.others.iter().take(places) {
            messages.push(("also at", also_at(other, finding)));
        }
        let rest = group.others.len().saturating_sub(places);
        if rest > 0 {
            let more = count(rest, "more place", "more places");
            messages.push(("also at", format!("{more} (--format json shows all)")));
        }
        if !finding.fingerprint.is_empty() {
            messages.push(("fingerprint", finding.fingerprint.clone()));
        }
        for other in alike {
            let first = other.first;
            let print = match first.fingerprint.as_str() {
                "" => String::new(),
                fingerprint => format!(" ({fingerprint})"),
            };
            messages.push(("likewise", format!("{}{print}", place(first))));
        }
        if detailed {
            for reference in &finding.references {
                messages.push(("see", reference.clone()));
            }
        }
        if !finding.remedy.is_empty() {
            messages.push(("help", finding.remedy.clone()));
        }
        messages
    }

    fn unread(&self, refuses: bool) -> impl Iterator<Item = &'r Unexamined> {
        let entries = self.report.unexamined.iter();
        entries.filter(move |entry| entry.refuses == refuses)
    }

    /// What was not read. Where nothing claims the place it changes nothing, and is only counted unless `-v` asks.
    fn unexamined(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let detailed = self.options.verbosity >= 1;
        let harmless = if detailed { usize::MAX } else { 0 };
        let entries = self.unread(true).chain(self.unread(false).take(harmless));
        for entry in entries {
            let (level, name) = if entry.refuses {
                (Level::ERROR, "error")
            } else {
                (Level::NOTE, "note")
            };
            let indent = name.len() + "[unexamined]: ".len();
            let what = wrap(&printable(&entry.what), room(indent)).join("\n");
            let reason = wrap(&printable(&entry.reason), room("  = reason: ".len())).join("\n");
            let diagnostic = level
                .primary_title(what)
                .id("unexamined")
                .element(Level::NOTE.with_name("reason").message(reason));
            self.gap(out)?;
            self.render(diagnostic, 0, out)?;
        }
        let rest = self.unread(false).count();
        if rest > 0 && !detailed {
            let things = count(rest, "thing", "things");
            let line = format!("{things} not examined, which refuses nothing (-v lists)");
            self.gap(out)?;
            self.block(out, "stagegate: ", None, &line)?;
        }
        Ok(())
    }

    /// What is taken for no credential, where somebody asked.
    fn rejections(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(rejected) = &self.report.rejections else {
            return Ok(());
        };
        self.gap(out)?;
        for one in rejected {
            writeln!(out, "rejected: {}", explain::rejection(one))?;
        }
        let counted = explain::Rejections::of(rejected).counted();
        let candidates = count(rejected.len(), "candidate", "candidates");
        let line = match counted.as_str() {
            "" => "rejected no candidate".to_owned(),
            reasons => format!("rejected {candidates}: {reasons}"),
        };
        self.block(out, "stagegate: ", None, &line)
    }

    /// One line of numbers.
    fn closing(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let stats = &self.report.stats;
        let outcome = match self.report.outcome() {
            Outcome::Allowed => "allowed",
            Outcome::Blocked => "refused",
            Outcome::Undecided => "could not decide",
        };
        let mut line = format!(
            "{outcome}: {}, {}, {} ms",
            count(stats.changes, "change", "changes"),
            count(stats.blobs, "blob", "blobs"),
            stats.milliseconds
        );
        if stats.allowed > 0 && !self.options.show_allowed {
            let findings = count(stats.allowed, "finding", "findings");
            line.push_str(&format!(" ({findings} allowed; --all shows)"));
        }
        if self.options.verbosity >= 1 {
            line.push_str(&format!(
                "; {}, {}, {}; policy: {}",
                count(stats.refs, "ref", "refs"),
                count(stats.commits, "commit", "commits"),
                size(stats.bytes),
                self.report.policy
            ));
        }
        self.block(out, "stagegate: ", None, &line)
    }

    /// What to do now, numbered.
    fn steps(&self, blocked: &[Group<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let steps = steps::of(self.report, blocked);
        if steps.is_empty() {
            return Ok(());
        }
        let bold = self.style(None);
        self.gap(out)?;
        writeln!(out, "{bold}What to do now:{bold:#}")?;
        for (number, step) in steps.iter().enumerate() {
            let label = format!("{:>3}. ", number + 1);
            for (at, line) in wrap(&printable(&step.text), room(label.len()))
                .iter()
                .enumerate()
            {
                let lead = if at == 0 { label.as_str() } else { "     " };
                writeln!(out, "{lead}{line}")?;
            }
            for command in &step.lines {
                let shown = printable(command);
                let space = if shown.is_empty() { "" } else { "       " };
                writeln!(out, "{space}{shown}")?;
            }
        }
        Ok(())
    }

    /// Prose behind a label, its further lines indented below the first.
    fn block(
        &self,
        out: &mut dyn io::Write,
        label: &str,
        color: Option<AnsiColor>,
        text: &str,
    ) -> io::Result<()> {
        let bold = self.style(color);
        for (at, line) in wrap(&printable(text), room(label.len())).iter().enumerate() {
            if at == 0 {
                writeln!(out, "{bold}{label}{bold:#}{line}")?;
            } else {
                writeln!(out, "{}{line}", " ".repeat(label.len()))?;
            }
        }
        Ok(())
    }

    fn render(
        &self,
        diagnostic: Diagnostic<'_>,
        gutter: usize,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let renderer = if self.options.color {
            Renderer::styled().hyperlink(false)
        } else {
            Renderer::plain()
        };
        // The width is that of the excerpt alone, without line number and bar.
        let renderer = renderer.term_width(COLUMNS - gutter - " | ".len());
        let rendered = renderer.render(&[diagnostic]);
        for line in rendered.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn style(&self, color: Option<AnsiColor>) -> Style {
        if self.options.color {
            Style::new().bold().fg_color(color.map(Into::into))
        } else {
            Style::new()
        }
    }

    fn unless_verbose(&self, verbosity: i8, limit: usize) -> usize {
        if self.options.verbosity >= verbosity {
            usize::MAX
        } else {
            limit
        }
    }
}

/// The masked line once more made safe, with the place of the mask moved along. The model promises both; a report that
/// panics or lets an escape through because a promise was broken would be worse than the few comparisons.
struct SafeExcerpt {
    text: String,
    start: usize,
    end: usize,
}

impl SafeExcerpt {
    fn of(finding: &Finding) -> Self {
        let excerpt = &finding.excerpt;
        let text = excerpt.text.as_str();
        let start = boundary(text, excerpt.start);
        let end = boundary(text, excerpt.end).max(start);
        let before = printable(&text[..start]);
        let mask = printable(&text[start..end]);
        let after = printable(&text[end..]);
        Self {
            start: before.len(),
            end: before.len() + mask.len(),
            text: format!("{before}{mask}{after}"),
        }
    }
}

/// The last place between two characters of `text` that is not after `at`.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Columns left behind an indent; never so few that every word stands alone.
fn room(indent: usize) -> usize {
    COLUMNS.saturating_sub(indent).max(24)
}

/// The command that judges a pushed ref update again, locally.
fn local_check(update: &RefUpdate) -> String {
    let new = update.new.map(short).unwrap_or_default();
    let name = shell_word(&update.name).unwrap_or_else(|| "<ref>".to_owned());
    match update.old {
        Some(old) => {
            let old = short(old);
            format!("stagegate check --base {old} --head {new} --ref {name} -v")
        }
        None => format!("stagegate scan --rev {new} --ref {name} -v"),
    }
}

/// Bytes in the unit that keeps the number short.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}
