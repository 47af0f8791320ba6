//! The map: kinds of credentials by environments, and what crosses the boundary.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{chip, shown, thousands, tier_of};
use crate::model::{AuditedCredential, Posture};

/// So many rows are shown; the rest is added up.
const ROWS: usize = 18;

/// A cell: how many stand there, and how many of them cross.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    standing: usize,
    crossing: usize,
}

#[derive(Default)]
struct Row {
    cells: BTreeMap<String, Cell>,
    standing: usize,
    crossing: usize,
}

/// The name of the column for places that nothing claims; no environment can have it.
const UNCLAIMED: &str = "";

pub(super) fn section(posture: &Posture) -> Markup {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut columns = BTreeSet::new();
    let mut boundaries: BTreeMap<&str, usize> = BTreeMap::new();
    for one in posture.credentials.iter().filter(|one| one.standing) {
        let row = rows.entry(&one.provider).or_default();
        row.standing += 1;
        row.crossing += usize::from(!one.crosses.is_empty());
        for boundary in &one.crosses {
            *boundaries.entry(boundary).or_default() += 1;
        }
        for environment in environments(one) {
            let cell = row.cells.entry(environment.clone()).or_default();
            cell.standing += 1;
            cell.crossing += usize::from(crosses_into(posture, one, &environment));
            columns.insert(environment);
        }
    }
    let mut columns: Vec<String> = columns.into_iter().collect();
    columns.sort_by_key(|name| (name.is_empty(), tier_of(posture, name), name.clone()));
    let mut sorted: Vec<(String, Row)> = rows
        .into_iter()
        .map(|(provider, row)| (group(provider), row))
        .collect();
    sorted.sort_by(|a, b| {
        let key = |row: &Row| (row.crossing, row.standing);
        key(&b.1).cmp(&key(&a.1)).then_with(|| a.0.cmp(&b.0))
    });
    let rest = sorted.split_off(sorted.len().min(ROWS));
    if !rest.is_empty() {
        sorted.push((format!("{} other kinds", rest.len()), sum(rest)));
    }
    let most = sorted
        .iter()
        .flat_map(|(_, row)| row.cells.values())
        .map(|cell| cell.standing)
        .max()
        .unwrap_or(1);
    html! {
        section #map aria-labelledby="map-title" {
            h2 #map-title { "What stands where" }
            @if sorted.is_empty() {
                p.quiet { "No credential stands at the tip of any ref." }
            } @else {
                @if boundaries.is_empty() {
                    p.quiet { "Nothing crosses a boundary." }
                } @else {
                    ul.boundaries aria-label="Boundaries that are crossed" {
                        @for (boundary, many) in &boundaries {
                            li { (flow(posture, boundary)) strong { (thousands(*many)) } }
                        }
                    }
                }
                div.scroll tabindex="0" role="region" aria-label="Map" {
                    table.map {
                        caption { "Credentials at the tips of refs, by kind and environment. Red cells hold some that cross a boundary: the second number." }
                        thead { tr {
                            th scope="col" { "Kind" }
                            @for column in &columns {
                                th scope="col" {
                                    @if column == UNCLAIMED { span.chip.unclaimed { "unclaimed" } }
                                    @else { (chip(posture, column)) }
                                }
                            }
                            th.number scope="col" { "All" }
                        } }
                        tbody {
                            @for (name, row) in &sorted {
                                tr {
                                    th scope="row" { (shown(name)) }
                                    @for column in &columns {
                                        (cell(row.cells.get(column).copied().unwrap_or_default(), most))
                                    }
                                    td.number { (thousands(row.standing)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `production > staging`, drawn.
pub(super) fn flow(posture: &Posture, boundary: &str) -> Markup {
    let (from, to) = boundary.split_once(" > ").unwrap_or((boundary, ""));
    html! {
        span.flow { (chip(posture, from)) span.arrow aria-hidden="true" { "→" } span.spoken { " into " } (chip(posture, to)) }
    }
}

fn cell(cell: Cell, most: usize) -> Markup {
    if cell.standing == 0 {
        return html! { td.empty { span aria-hidden="true" { "·" } span.spoken { "none" } } };
    }
    // Five steps, by magnitude: a few thousand of one kind must not make the rest look alike.
    let share = (cell.standing as f64).ln_1p() / (most.max(1) as f64).ln_1p();
    let heat = (share * 4.0).round() as usize + 1;
    let class = if cell.crossing > 0 {
        "crosses".to_owned()
    } else {
        format!("heat{heat}")
    };
    html! {
        td class=(class) {
            (thousands(cell.standing))
            @if cell.crossing > 0 {
                span.crossing { (thousands(cell.crossing)) span.spoken { " cross a boundary" } }
            }
        }
    }
}

fn environments(one: &AuditedCredential) -> Vec<String> {
    if one.environments.is_empty() {
        vec![UNCLAIMED.to_owned()]
    } else {
        one.environments.clone()
    }
}

fn crosses_into(posture: &Posture, one: &AuditedCredential, environment: &str) -> bool {
    let Some(tier) = tier_of(posture, environment) else {
        return false;
    };
    one.crosses
        .iter()
        .filter_map(|boundary| boundary.split_once(" > "))
        .any(|(_, to)| to == tier.as_str())
}

fn sum(rows: Vec<(String, Row)>) -> Row {
    let mut all = Row::default();
    for (_, row) in rows {
        all.standing += row.standing;
        all.crossing += row.crossing;
        for (column, cell) in row.cells {
            let sum = all.cells.entry(column).or_default();
            sum.standing += cell.standing;
            sum.crossing += cell.crossing;
        }
    }
    all
}

/// The name of a pack for people.
fn group(provider: &str) -> String {
    match provider {
        "generic" => "Passwords and tokens by their key".to_owned(),
        "private_key" => "Private keys".to_owned(),
        "database_url" => "Database addresses".to_owned(),
        "jwt" => "JSON web tokens".to_owned(),
        other => {
            let words = other.replace('_', " ");
            let mut letters = words.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).collect()
            })
        }
    }
}
