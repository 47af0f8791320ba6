//! The posture as a table for a terminal of 80 columns: numbers first, then what matters most, two lines a credential.

use std::collections::BTreeMap;
use std::io;

use super::Options;
use crate::model::{
    AuditedCredential, AuditedPlace, AuditedRepository, ExceptionState, Posture, Verdict,
};
use crate::report::escape::printable;
use crate::report::words::{count, wrap};

/// Columns of a terminal.
const COLUMNS: usize = 80;
/// So many lines of a list are shown without `--all`.
const MOST: usize = 20;

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

pub(super) fn write(
    posture: &Posture,
    options: Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut text = String::new();
    if options.quiet {
        quiet(posture, options, &mut text);
        return out.write_all(text.as_bytes());
    }
    head(posture, options, &mut text);
    credentials(posture, options, &mut text);
    for repository in &posture.repositories {
        about(
            repository,
            posture.repositories.len() > 1,
            options,
            &mut text,
        );
    }
    out.write_all(text.as_bytes())
}

fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

/// One line for all, one a credential that counts, and what could not be looked at: a list that is short for want of reading
/// must say so.
fn quiet(posture: &Posture, options: Options, text: &mut String) {
    let standing = posture.credentials.iter().filter(|one| one.standing);
    let (mut stand, mut refused) = (0, 0);
    for one in standing {
        stand += 1;
        refused += usize::from(one.verdict == Verdict::Block);
    }
    line(
        text,
        &format!(
            "stagegate: {}: {} at the tip of a ref, {refused} would be refused if {} came today",
            of(posture),
            count(stand, "credential stands", "credentials stand"),
            if refused == 1 { "it" } else { "they" },
        ),
    );
    for one in posture
        .credentials
        .iter()
        .filter(|one| counts(one, options))
    {
        let whither = if one.crosses.is_empty() {
            environments(one)
        } else {
            one.crosses.join(", ")
        };
        let repository = named(&one.repository, posture.repositories.len() > 1);
        let place = worst(one).map_or_else(String::new, |place| format!("{}: ", at(place)));
        line(
            text,
            &format!(
                "{repository}{place}{}: {} ({})",
                printable(&one.rule),
                printable(&whither),
                says(one)
            ),
        );
    }
    for repository in &posture.repositories {
        let name = printable(&repository.repository);
        if let Some(error) = &repository.error {
            line(
                text,
                &format!("{name} was not audited: {}", printable(error)),
            );
        }
        for one in &repository.unexamined {
            let told = format!("{name}: not read: {}: {}", one.what, one.reason);
            line(text, &printable(&told));
        }
    }
}

/// Whose posture it is.
fn of(posture: &Posture) -> String {
    match posture.repositories.as_slice() {
        [only] => format!("{} on {}", printable(&only.repository), only.as_of),
        many => count(many.len(), "repository", "repositories"),
    }
}

fn head(posture: &Posture, options: Options, text: &mut String) {
    let (bold, plain) = if options.color {
        (BOLD, PLAIN)
    } else {
        ("", "")
    };
    let of = of(posture);
    line(text, &format!("{bold}stagegate: posture of {of}{plain}"));
    line(text, "");
    let standing: Vec<_> = posture
        .credentials
        .iter()
        .filter(|one| one.standing)
        .collect();
    let history = posture.credentials.len() - standing.len();
    let number = |number: usize, what: &str| format!("{number:>7}  {what}");
    line(
        text,
        &number(standing.len(), "credentials stand at the tip of a ref"),
    );
    line(text, &number(history, "more stand in history only"));
    let crossing: Vec<_> = standing
        .iter()
        .filter(|one| !one.crosses.is_empty())
        .collect();
    let mut boundaries: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &crossing {
        for boundary in &one.crosses {
            *boundaries.entry(boundary).or_default() += 1;
        }
    }
    let told: Vec<String> = boundaries
        .iter()
        .map(|(boundary, many)| format!("{boundary} {many}"))
        .collect();
    let told = if told.is_empty() {
        String::new()
    } else {
        format!(": {}", told.join(", "))
    };
    line(
        text,
        &number(crossing.len(), &format!("of them cross a boundary{told}")),
    );
    let refused = standing
        .iter()
        .filter(|one| one.verdict == Verdict::Block)
        .count();
    line(
        text,
        &number(refused, "would be refused if they came today"),
    );
    let overdue = posture.credentials.iter().filter(|one| one.overdue).count();
    let age = match posture.repositories.as_slice() {
        [only] => count(only.rotation_age as usize, "day", "days"),
        _ => "their policy's rotation age".to_owned(),
    };
    line(
        text,
        &number(overdue, &format!("stand, or stood, for more than {age}")),
    );
    let in_baseline = standing.iter().filter(|one| one.baseline.is_some()).count();
    if in_baseline > 0 {
        line(text, &number(in_baseline, "are in the baseline"));
    }
}

/// Whether a credential has a line of its own.
fn counts(one: &AuditedCredential, options: Options) -> bool {
    options.all
        || one.verdict != Verdict::Allow
        || !one.crosses.is_empty()
        || one.standing && one.overdue
}

fn credentials(posture: &Posture, options: Options, text: &mut String) {
    let all = posture.credentials.iter();
    let shown: Vec<_> = all.filter(|one| counts(one, options)).collect();
    if shown.is_empty() {
        return;
    }
    line(text, "");
    line(
        text,
        " SAYS      AGE  ROTATED     STANDS IN             CREDENTIAL",
    );
    let most = if options.all { usize::MAX } else { MOST };
    for one in shown.iter().take(most) {
        row(one, posture.repositories.len() > 1, options, text);
    }
    let more = posture.credentials.len() - shown.len().min(most);
    if more > 0 {
        line(text, &format!("      and {more} more: --all shows them"));
    }
}

/// What is to be said of a credential in one word.
fn says(one: &AuditedCredential) -> &'static str {
    match (one.revoked, one.standing, one.verdict) {
        (true, ..) => "revoked",
        (_, false, _) => "history",
        (_, _, Verdict::Block) => "block",
        (_, _, Verdict::Warn) => "warn",
        (_, _, Verdict::Allow) => "allow",
    }
}

fn environments(one: &AuditedCredential) -> String {
    if one.environments.is_empty() {
        "(unclaimed)".to_owned()
    } else {
        one.environments.join(", ")
    }
}

/// Of several places, of those judged worst the one it came to last: where a copy should not be, not where it came from.
fn worst(one: &AuditedCredential) -> Option<&AuditedPlace> {
    let places = one.places.iter().rev();
    places.max_by_key(|place| (place.verdict, place.since.date))
}

/// The repository in front of a place, where there are several.
fn named(repository: &str, many: bool) -> String {
    if many {
        format!("{}: ", printable(repository))
    } else {
        String::new()
    }
}

fn row(one: &AuditedCredential, many: bool, options: Options, text: &mut String) {
    let says = says(one);
    let color = match says {
        "revoked" | "block" => RED,
        "warn" => YELLOW,
        _ => "",
    };
    let says = if options.color && !color.is_empty() {
        format!("{color}{says:<7}{PLAIN}")
    } else {
        format!("{says:<7}")
    };
    let rotated = one
        .rotated
        .as_ref()
        .map_or_else(|| "never".to_owned(), |since| since.date.to_string());
    line(
        text,
        &format!(
            " {says}{:>5}d  {rotated:<10}  {:<20}  {}",
            one.days(),
            short(&printable(&environments(one)), 20),
            short(&printable(&one.title), 30),
        ),
    );
    let repository = named(&one.repository, many);
    if let Some(place) = worst(one) {
        let more = one.places.len() - 1 + one.more_places;
        let more = if more > 0 {
            format!(", {more} more")
        } else {
            String::new()
        };
        let where_ = format!("{repository}{}{more}", at(place));
        line(text, &format!("         {}", middle(&where_, COLUMNS - 9)));
    }
    let by = one
        .first
        .author
        .as_deref()
        .map_or_else(String::new, |author| format!(" by {}", printable(author)));
    let crosses = if one.crosses.is_empty() {
        String::new()
    } else {
        format!(", {}", one.crosses.join(", "))
    };
    let since = format!(
        "{}, since {}{by} ({}){crosses}",
        one.fingerprint,
        one.first.date,
        one.first.commit.get(..10).unwrap_or("cut short"),
    );
    for part in wrap(&since, COLUMNS - 9) {
        line(text, &format!("         {part}"));
    }
}

fn at(place: &AuditedPlace) -> String {
    let key = place
        .key
        .as_deref()
        .map_or_else(String::new, |key| format!(" {key}"));
    printable(&format!("{}:{}{key}", place.path, place.line)).into_owned()
}

fn about(repository: &AuditedRepository, many: bool, options: Options, text: &mut String) {
    let name = if many {
        format!(" of {}", printable(&repository.repository))
    } else {
        String::new()
    };
    if let Some(error) = &repository.error {
        line(text, "");
        paragraph(
            text,
            &format!("{} was not audited: {error}", repository.repository),
        );
        return;
    }
    list(
        text,
        &format!("Beside credentials{name}"),
        options,
        repository.boundary.len(),
        |at| {
            let one = &repository.boundary[at];
            format!(
                "{} in {}: {} ({}, {}), {}",
                one.verdict.as_str(),
                one.environment,
                one.title,
                one.family.as_str(),
                count(one.places, "place", "places"),
                one.first,
            )
        },
    );
    let ending: Vec<_> = repository
        .exceptions
        .iter()
        .filter(|one| options.all || one.state != ExceptionState::Active)
        .collect();
    list(
        text,
        &format!("Exceptions{name}"),
        options,
        ending.len(),
        |at| {
            let one = ending[at];
            format!(
                "{} in {}: {} ({}), approved by {}, {}",
                one.fingerprint,
                one.environment,
                one.state.as_str(),
                one.expires,
                one.approver,
                one.policy_line
            )
        },
    );
    list(
        text,
        &format!("Looks like an environment, and nothing claims it{name}"),
        options,
        repository.unclaimed.len(),
        |at| {
            let one = &repository.unclaimed[at];
            let files = if one.what == "folder" {
                format!(", {}", count(one.files, "file", "files"))
            } else {
                String::new()
            };
            format!(
                "{} {} (\"{}\" means {}{files})",
                one.what, one.name, one.word, one.tier
            )
        },
    );
    list(
        text,
        &format!("Not covered{name}"),
        options,
        repository.uncovered.len(),
        |at| repository.uncovered[at].clone(),
    );
    if let Some(baseline) = &repository.baseline {
        line(text, "");
        paragraph(
            text,
            &format!(
                "Baseline {}: {}, {} of them gone{}",
                baseline.file,
                count(baseline.entries, "entry", "entries"),
                baseline.gone.len(),
                if baseline.gone.is_empty() {
                    ""
                } else {
                    ": `--prune` removes them"
                }
            ),
        );
    }
    list(
        text,
        &format!("Not read{name}"),
        options,
        repository.unexamined.len(),
        |at| {
            let one = &repository.unexamined[at];
            format!("{}: {}", one.what, one.reason)
        },
    );
}

fn list(
    text: &mut String,
    title: &str,
    options: Options,
    length: usize,
    item: impl Fn(usize) -> String,
) {
    if length == 0 {
        return;
    }
    line(text, "");
    line(text, &format!("{title}:"));
    let most = if options.all { usize::MAX } else { MOST };
    for at in 0..length.min(most) {
        let parts = wrap(&printable(&item(at)), COLUMNS - 6);
        for (number, part) in parts.iter().enumerate() {
            line(
                text,
                &format!("  {} {part}", if number == 0 { "-" } else { " " }),
            );
        }
    }
    if length > most {
        line(
            text,
            &format!("    and {} more: --all shows them", length - most),
        );
    }
}

fn paragraph(text: &mut String, words: &str) {
    for part in wrap(&printable(words), COLUMNS) {
        line(text, &part);
    }
}

/// Cut at the end.
fn short(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let start: String = text.chars().take(width - 1).collect();
    format!("{start}…")
}

/// Cut in the middle: both ends of a path say something.
fn middle(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let keep = width - 1;
    let start: String = text.chars().take(keep / 2).collect();
    let end: String = text.chars().skip(length - (keep - keep / 2)).collect();
    format!("{start}…{end}")
}
