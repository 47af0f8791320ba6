//! The timeline: a line a place, a bar for each value that stood there, and where one took the place of another.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use maud::{Markup, html};

use super::shown;
use crate::model::{AuditedCredential, AuditedPlace, Posture};
use crate::report::words::count;

/// So many lines are drawn.
const ROWS: usize = 28;
/// Of one place so many values.
const BARS: usize = 60;

/// Units of the drawing.
const WIDTH: i32 = 1040;
const LEFT: i32 = 330;
const RIGHT: i32 = 16;
const ROW: i32 = 24;
const TOP: i32 = 30;
/// Characters that fit left of the bars.
const LABEL: usize = 46;

/// One value at a place.
struct Bar<'p> {
    one: &'p AuditedCredential,
    from: Date,
    to: Date,
    stands: bool,
}

/// A place and all its values.
struct Line<'p> {
    label: String,
    bars: Vec<Bar<'p>>,
    crosses: bool,
}

pub(super) fn section(posture: &Posture) -> Markup {
    let lines = lines(posture);
    let shown_lines = lines.len().min(ROWS);
    let more = lines.len() - shown_lines;
    html! {
        section #timeline aria-labelledby="timeline-title" {
            h2 #timeline-title { "Age and rotation" }
            @if lines.is_empty() {
                p.quiet { "No credential stands at the tip of any ref." }
            } @else {
                p {
                    "Each line is a place, each bar a value that stood there. A new bar is a rotation, and its colour says whose the value is; the hatched part is older than the policy's rotation age. "
                    @if more > 0 { (count(more, "line is", "lines are")) " not drawn; the table below has every one." }
                }
                ul.legend aria-label="Legend" {
                    @for tier in ["production", "staging", "development", "test"] {
                        li { span class={ "swatch " (tier) } {} (tier) }
                    }
                    li { span.swatch.unknown {} "unknown" }
                    li { span.swatch.late {} "overdue" }
                    li { span.dot {} "stands today" }
                }
                div.scroll tabindex="0" role="region" aria-label="Timeline" {
                    (drawing(posture, &lines[..shown_lines]))
                }
            }
        }
    }
}

/// A value at one of the places where it stands.
type Standing<'p> = (&'p AuditedCredential, &'p AuditedPlace);

fn lines(posture: &Posture) -> Vec<Line<'_>> {
    let many = posture.repositories.len() > 1;
    // A key holds one value after the other; where there is none, each value is a line of its own.
    let mut by_place: BTreeMap<(&str, &str, &str, &str), Vec<Standing<'_>>> = BTreeMap::new();
    for one in posture.credentials.iter().filter(|one| !one.public) {
        for place in &one.places {
            let (key, value) = match &place.key {
                Some(key) => (key.as_str(), ""),
                None => ("", one.fingerprint.as_str()),
            };
            by_place
                .entry((&one.repository, &place.path, key, value))
                .or_default()
                .push((one, place));
        }
    }
    let mut lines: Vec<Line<'_>> = by_place
        .into_iter()
        .filter(|(_, values)| values.iter().any(|(_, place)| place.verdict.is_some()))
        .map(|((repository, path, key, _), values)| line(many, repository, path, key, &values))
        .collect();
    lines.sort_by_cached_key(|line| {
        let age = line
            .bars
            .iter()
            .filter(|bar| bar.stands)
            .map(|bar| (bar.to - bar.from).get_days())
            .max();
        std::cmp::Reverse((line.crosses, line.bars.len().min(2), age))
    });
    lines
}

fn line<'p>(
    many: bool,
    repository: &str,
    path: &str,
    key: &str,
    values: &[(&'p AuditedCredential, &AuditedPlace)],
) -> Line<'p> {
    let mut bars: Vec<Bar<'p>> = values
        .iter()
        .map(|(one, place)| Bar {
            one,
            from: place.since.date,
            to: place
                .until
                .as_ref()
                .map_or(one.as_of, |until| until.date)
                .max(place.since.date),
            stands: place.verdict.is_some(),
        })
        .collect();
    bars.sort_by_key(|bar| (bar.from, bar.to));
    let skip = bars.len().saturating_sub(BARS);
    let bars = bars.split_off(skip);
    let mut label = String::new();
    if many {
        label = format!("{repository}: ");
    }
    label.push_str(path);
    if !key.is_empty() {
        label.push_str(" · ");
        label.push_str(key);
    }
    Line {
        label: shown(&label),
        crosses: bars
            .iter()
            .any(|bar| bar.stands && !bar.one.crosses.is_empty()),
        bars,
    }
}

/// Both ends say something: the folder, and the key.
fn short(label: &str) -> String {
    let length = label.chars().count();
    if length <= LABEL {
        return label.to_owned();
    }
    let end: String = label.chars().skip(length - (LABEL * 2 / 3)).collect();
    let start: String = label.chars().take(LABEL / 3 - 1).collect();
    format!("{start}…{end}")
}

/// Days to units.
struct Scale {
    first: Date,
    days: i32,
}

impl Scale {
    fn x(&self, day: Date) -> i32 {
        let at = (day - self.first).get_days().clamp(0, self.days);
        // Days of a century times the width stay far below 2^31.
        LEFT + at * (WIDTH - LEFT - RIGHT) / self.days
    }
}

fn drawing(posture: &Posture, lines: &[Line<'_>]) -> Markup {
    let last = posture.credentials.iter().map(|one| one.as_of).max();
    let last = last.unwrap_or(Date::constant(1970, 1, 1));
    let first = lines
        .iter()
        .flat_map(|line| &line.bars)
        .map(|bar| bar.from)
        .min()
        .unwrap_or(last);
    let days = (last - first).get_days();
    // A few weeks at least, or one day would fill the page.
    let first = if days < 30 {
        last.saturating_sub(30.days())
    } else {
        first
    };
    let scale = Scale {
        first,
        days: (last - first).get_days().max(1),
    };
    let height = TOP + ROW * i32::try_from(lines.len()).unwrap_or(0) + 10;
    let oldest = lines
        .iter()
        .flat_map(|line| &line.bars)
        .filter(|bar| bar.stands)
        .map(|bar| (bar.to - bar.from).get_days())
        .max()
        .unwrap_or(0);
    html! {
        svg.timeline viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-labelledby="timeline-name timeline-text" {
            title #timeline-name { "Timeline of values at " (count(lines.len(), "place", "places")) }
            desc #timeline-text {
                "From " (first.to_string()) " to " (last.to_string()) ". The oldest value that stands has stood for " (count(usize::try_from(oldest).unwrap_or(0), "day", "days")) ". The table of credentials holds the same days."
            }
            defs {
                pattern id="late" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.late-ground width="6" height="6" {}
                    rect.late-line width="2.5" height="6" {}
                }
            }
            @for tick in ticks(first, last) {
                line.tick x1=(scale.x(tick)) x2=(scale.x(tick)) y1=(TOP - 6) y2=(height - 8) {}
                text.axis x=(scale.x(tick)) y=(TOP - 12) text-anchor="middle" { (tick.strftime("%b %Y").to_string()) }
            }
            @for (at, line) in lines.iter().enumerate() {
                (row(posture, line, TOP + ROW * i32::try_from(at).unwrap_or(0), &scale))
            }
        }
    }
}

fn row(posture: &Posture, line: &Line<'_>, y: i32, scale: &Scale) -> Markup {
    let middle = y + ROW / 2;
    html! {
        g {
            text class=(if line.crosses { "place crosses" } else { "place" }) x=(LEFT - 12) y=(middle + 4) text-anchor="end" {
                title { (line.label) }
                (short(&line.label))
            }
            line.guide x1=(LEFT) x2=(WIDTH - RIGHT) y1=(middle) y2=(middle) {}
            @for bar in &line.bars {
                (drawn(posture, bar, middle, scale))
            }
        }
    }
}

fn drawn(posture: &Posture, bar: &Bar<'_>, middle: i32, scale: &Scale) -> Markup {
    let (from, to) = (scale.x(bar.from), scale.x(bar.to));
    let width = (to - from - 1).max(3);
    let age = posture
        .repositories
        .iter()
        .find(|one| one.repository == bar.one.repository)
        .map_or(90, |one| one.rotation_age);
    let due = bar.from.saturating_add(i64::from(age).days());
    let late = scale.x(due.min(bar.to));
    let days = (bar.to - bar.from).get_days();
    html! {
        g class=(if bar.stands { "bar" } else { "bar gone" }) {
            title {
                (shown(&bar.one.title)) ", " (bar.one.fingerprint) ": " (bar.from.to_string()) " to "
                @if bar.stands { "today" } @else { (bar.to.to_string()) }
                ", " (count(usize::try_from(days).unwrap_or(0), "day", "days"))
            }
            rect class=(bar.one.origin.environment.as_str()) x=(from) y=(middle - 6) width=(width) height="12" rx="2" {}
            @if due < bar.to && to - late > 1 {
                rect.late x=(late) y=(middle - 6) width=((to - late - 1).max(1)) height="12" rx="2" {}
            }
            @if bar.stands {
                circle.today cx=(to) cy=(middle) r="4" {}
            }
        }
    }
}

/// Some six to twelve first days of months.
fn ticks(first: Date, last: Date) -> Vec<Date> {
    let days = (last - first).get_days();
    let months = [1_i64, 2, 3, 6, 12, 24, 60, 120]
        .into_iter()
        .find(|months| i64::from(days) / (months * 30) <= 9)
        .unwrap_or(240);
    let month = i64::from(first.month()) - 1;
    let mut tick = first
        .first_of_month()
        .saturating_sub((month % months).months());
    let mut ticks = Vec::new();
    while tick <= last && ticks.len() < 40 {
        // One at the edge would be cut.
        if tick >= first {
            ticks.push(tick);
        }
        let next = tick.saturating_add(months.months());
        if next == tick {
            break;
        }
        tick = next;
    }
    ticks
}
