//! The report for people: diagnostics in the shape compilers use. First the outcome and why, then what was found,
//! strictest first, and what was not read; last what to do, where the eye lands.
//!
//! Every line but a path, a command or an id fits 72 columns, because git puts `remote: ` before each.

use std::{cell::Cell, collections::HashMap, io};

use annotate_snippets::{AnnotationKind, Group as Diagnostic, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use super::{
    Options,
    escape::{printable, shell_word},
    explain, shown, steps,
    words::{COLUMNS, count, noun, wrap},
};
use crate::model::{
    Confidence, Family, Finding, Lifetime, Oid, Origin, Outcome, RefUpdate, Report, Strength, Tier,
    Unexamined, Verdict,
};

/// Diagnostics of one kind that are shown unless `-v` asks for all.
const DIAGNOSTICS: usize = 20;
/// Further places of one value that are named unless `-vv` asks for all.
const PLACES: usize = 5;
/// Signals of one finding that are shown unless `-v` asks for all.
const SIGNALS: usize = 3;

/// Findings of one value with one verdict: the first is shown, the others are named.
pub(super) struct Group<'r> {
    /// The finding that is shown whole.
    pub(super) first: &'r Finding,
    /// The places where the same value stands too.
    pub(super) others: Vec<&'r Finding>,
}

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
            let groups = self.groups(verdict);
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
        let (line, color) = match self.report.outcome() {
            Outcome::Blocked => {
                let refused = self.groups(Verdict::Block);
                (self.headline_of("refused", &refused), AnsiColor::Red)
            }
            Outcome::Undecided => {
                let unread: Vec<&Unexamined> = self.unread(true).collect();
                let why = match unread.as_slice() {
                    [only] => format!("{} was not examined", printable(&only.what)),
                    many => format!("{} things were not examined", many.len()),
                };
                let line = format!("stagegate: could not decide: {why}");
                (line, AnsiColor::Red)
            }
            Outcome::Allowed => {
                let warned = self.groups(Verdict::Warn);
                if warned.is_empty() {
                    return Ok(false);
                }
                let outcome = "allowed with a warning";
                (self.headline_of(outcome, &warned), AnsiColor::Yellow)
            }
        };
        let bold = self.style(Some(color));
        self.gap(out)?;
        writeln!(out, "{bold}{line}{bold:#}")?;
        Ok(true)
    }

    fn headline_of(&self, outcome: &str, groups: &[Group<'_>]) -> String {
        let mut kinds: Vec<((String, String), usize)> = Vec::new();
        let mut destinations: Vec<String> = Vec::new();
        for group in groups {
            let noun = noun(group.first);
            match kinds.iter_mut().find(|(known, _)| *known == noun) {
                Some((_, number)) => *number += 1,
                None => kinds.push((noun, 1)),
            }
            for finding in std::iter::once(&group.first).chain(&group.others) {
                if let Some(environment) = &finding.destination.environment {
                    let name = printable(environment).into_owned();
                    if !destinations.contains(&name) {
                        destinations.push(name);
                    }
                }
            }
        }
        let numbers: Vec<usize> = kinds.iter().map(|(_, number)| *number).collect();
        let kinds: Vec<String> = kinds
            .iter()
            .map(|((one, many), number)| count(*number, one, many))
            .collect();
        let to = match destinations.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [one, two] => format!("{one} and {two}"),
            many => format!("{} environments", many.len()),
        };
        let whose = if groups.len() == 1 { "its" } else { "their" };
        let (way, short_way) = match to.as_str() {
            "" => (String::new(), String::new()),
            to if self.report.mode == "scan" => (format!(" in {to}"), format!(" in {to}")),
            to => (format!(" on {whose} way to {to}"), format!(" for {to}")),
        };
        let all = kinds.join(", ");
        let rest = groups.len() - numbers.first().copied().unwrap_or_default();
        let first = match kinds.first() {
            Some(first) if rest > 0 => format!("{first} and {rest} more"),
            _ => all.clone(),
        };
        // One line, as full as it may be.
        let lines = [
            format!("stagegate: {outcome}: {all}{way}"),
            format!("stagegate: {outcome}: {all}{short_way}"),
            format!("stagegate: {outcome}: {first}{short_way}"),
        ];
        let fits = lines.iter().find(|line| line.chars().count() <= COLUMNS);
        fits.unwrap_or(&lines[2]).clone()
    }

    /// The findings of one verdict, those of one value together, in the report's order.
    fn groups(&self, verdict: Verdict) -> Vec<Group<'r>> {
        let mut groups: Vec<Group<'r>> = Vec::new();
        let mut known: HashMap<(&str, &str), usize> = HashMap::new();
        for &finding in self.findings.iter().filter(|f| f.verdict == verdict) {
            let value = (finding.rule.as_str(), finding.fingerprint.as_str());
            match known.get(&value) {
                Some(&at) => groups[at].others.push(finding),
                None => {
                    // Without a fingerprint nobody can say that two values are one.
                    if !finding.fingerprint.is_empty() {
                        known.insert(value, groups.len());
                    }
                    groups.push(Group {
                        first: finding,
                        others: Vec::new(),
                    });
                }
            }
        }
        groups
    }

    fn diagnostics(
        &self,
        verdict: Verdict,
        groups: &[Group<'_>],
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let limit = self.unless_verbose(1, DIAGNOSTICS);
        for group in groups.iter().take(limit) {
            self.diagnostic(group, out)?;
        }
        let rest = groups.len().saturating_sub(limit);
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

    fn diagnostic(&self, group: &Group<'_>, out: &mut dyn io::Write) -> io::Result<()> {
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
        for (label, message) in self.messages(group) {
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
    fn messages(&self, group: &Group<'_>) -> Vec<(&'static str, String)> {
        let finding = group.first;
        let detailed = self.options.verbosity >= 1;
        let mut messages = Vec::new();
        if let Some(key_path) = &finding.place.key_path {
            messages.push(("key", key_path.clone()));
        }
        let signals = self.unless_verbose(1, SIGNALS);
        for signal in finding.evidence.iter().take(signals) {
            let strength = match signal.strength {
                Strength::Supporting => "supporting",
                Strength::Strong => "strong",
                Strength::Decisive => "decisive",
            };
            let speaks_for = signal.environment.map(Origin::from);
            let aside = match speaks_for {
                Some(origin) if origin != finding.origin.environment => format!(", for {origin}"),
                _ => String::new(),
            };
            messages.push(("evidence", format!("{} ({strength}{aside})", signal.text)));
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

/// What the finding is, where it goes, and its human name.
fn title(finding: &Finding) -> String {
    let (what, _) = noun(finding);
    let way = match (&finding.destination.environment, finding.family) {
        (Some(environment), Family::Credential) => format!(" for {environment}"),
        (Some(environment), _) => format!(" in {environment}"),
        (None, _) => String::new(),
    };
    format!("{what}{way}: {}", finding.title)
}

/// The words under the carets.
fn belongs_to(finding: &Finding) -> String {
    let origin = finding.origin;
    match origin.confidence {
        // What is granted is nobody's: it is too much, wherever it comes from.
        _ if finding.family == Family::Identity => "grants too much".to_owned(),
        _ if origin.environment == Origin::Unknown => "origin unknown".to_owned(),
        Some(Confidence::Certain) => format!("{} (certain)", origin.environment),
        Some(Confidence::Likely) => format!("{} (likely)", origin.environment),
        Some(Confidence::Possible) => format!("{} (possible)", origin.environment),
        None => origin.environment.to_string(),
    }
}

/// How much the credential opens and for how long, as far as it is known.
fn access(finding: &Finding) -> Option<String> {
    let lifetime = match finding.lifetime {
        Lifetime::Short => Some("short-lived"),
        Lifetime::Long => Some("long-lived"),
        Lifetime::Unknown => None,
    };
    let privileged = finding.privileged.then_some("privileged");
    let known: Vec<&str> = privileged.into_iter().chain(lifetime).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// Where it goes and what says so.
fn goes_to(finding: &Finding) -> String {
    let destination = &finding.destination;
    let mut text = match (&destination.environment, destination.tier) {
        (None, _) => "a place that no environment claims".to_owned(),
        (Some(name), Some(tier)) if name != Tier::as_str(tier) => format!("{name} ({tier})"),
        (Some(name), _) => name.clone(),
    };
    if let Some(claimed_by) = &destination.claimed_by {
        text.push_str(&format!(", claimed by {claimed_by}"));
    }
    if let Some(name) = &finding.place.ref_name {
        let named = destination.claimed_by.as_deref().unwrap_or_default();
        if !named.contains(name.as_str()) {
            text.push_str(&format!(", on {name}"));
        }
    }
    text
}

/// One more place of the same value, with what is different there.
fn also_at(other: &Finding, first: &Finding) -> String {
    let place = &other.place;
    let mut text = format!("{}:{}", place.path, place.line);
    if let Some(commit) = place.commit {
        text.push_str(&format!(" (commit {})", short(commit)));
    }
    if other.destination.environment != first.destination.environment {
        let environment = other.destination.environment.as_deref();
        text.push_str(&format!(
            ", for {}",
            environment.unwrap_or("no environment")
        ));
    }
    if other.place.ref_name != first.place.ref_name
        && let Some(name) = &place.ref_name
    {
        text.push_str(&format!(", on {name}"));
    }
    text
}

/// An oid as people write it.
pub(super) fn short(oid: Oid) -> String {
    let mut hex = oid.to_string();
    hex.truncate(10);
    hex
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
