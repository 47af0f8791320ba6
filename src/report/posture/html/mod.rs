//! The posture as one page that needs nothing else: no network, and no script for anything but searching and sorting.
//!
//! Everything from a repository goes through `maud`, which escapes, after [`printable`], which shows what hides. The page
//! says by its Content-Security-Policy that nothing may be loaded, and that only its own style and script may run: they are
//! named by their hashes.

mod map;
mod table;
mod timeline;

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::Options;
use crate::model::{AuditedRepository, ExceptionState, Posture, Tier, Verdict};
use crate::report::escape::printable;
use crate::report::words::count;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// So many names of a list are shown without `--all`.
const MOST: usize = 200;

pub(super) fn write(
    posture: &Posture,
    options: Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let page = page(posture, options).into_string();
    out.write_all(page.as_bytes())
}

/// Untrusted text as it may stand in the page.
fn shown(text: &str) -> String {
    printable(text).into_owned()
}

/// `'sha256-...'`, as a Content-Security-Policy names what may run.
fn source_of(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

fn page(posture: &Posture, options: Options) -> Markup {
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        source_of(STYLE),
        source_of(SCRIPT)
    );
    let (of, day) = match posture.repositories.as_slice() {
        [only] => (shown(&only.repository), only.as_of.to_string()),
        many => (
            count(many.len(), "repository", "repositories"),
            many.iter()
                .map(|one| one.as_of)
                .max()
                .map_or_else(String::new, |day| day.to_string()),
        ),
    };
    let title = format!("Posture of {of}");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " - stagegate" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    p.brand { "stagegate" }
                    h1 { (title) }
                    p.about { (about(posture, &day)) }
                    nav aria-label="Sections" {
                        ul {
                            li { a href="#map" { "Map" } }
                            li { a href="#timeline" { "Timeline" } }
                            li { a href="#credentials" { "Credentials" } }
                            @if posture.repositories.iter().any(|one| !one.boundary.is_empty()) {
                                li { a href="#beside" { "Beside credentials" } }
                            }
                            li { a href="#policy" { "Policy" } }
                        }
                    }
                }
                main #main tabindex="-1" {
                    (numbers(posture))
                    (map::section(posture))
                    (timeline::section(posture))
                    (table::section(posture, options))
                    (beside_section(posture, options))
                    (policy_section(posture, options))
                }
                footer {
                    p {
                        "Written by stagegate " (env!("CARGO_PKG_VERSION")) ". Values are told by fingerprints; no secret is in this page."
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn about(posture: &Posture, day: &str) -> String {
    let commits: usize = posture.repositories.iter().map(|one| one.commits).sum();
    let refs: usize = posture.repositories.iter().map(|one| one.refs).sum();
    let policy = match posture.repositories.as_slice() {
        [only] => format!(", judged by {}", shown(&only.policy)),
        _ => String::new(),
    };
    format!(
        "{day}, {} and {}{policy}",
        count(refs, "ref", "refs"),
        count(commits, "commit", "commits")
    )
}

/// The numbers that matter, the worst marked.
fn numbers(posture: &Posture) -> Markup {
    let standing = || posture.credentials.iter().filter(|one| one.standing);
    let exceptions = posture
        .repositories
        .iter()
        .flat_map(|one| &one.exceptions)
        .filter(|one| one.state != ExceptionState::Active)
        .count();
    let crossing = standing().filter(|one| !one.crosses.is_empty()).count();
    let refused = standing()
        .filter(|one| one.verdict == Verdict::Block)
        .count();
    let overdue = standing().filter(|one| one.overdue).count();
    let age = match posture.repositories.as_slice() {
        [only] => format!("older than {} days", only.rotation_age),
        _ => "older than their policy wants".to_owned(),
    };
    let tiles = [
        (crossing, "cross a boundary", "bad"),
        (refused, "would be refused today", "bad"),
        (overdue, age.as_str(), "warn"),
        (standing().count(), "credentials stand at a tip", ""),
        (
            posture.credentials.len() - standing().count(),
            "more in history only",
            "",
        ),
        (exceptions, "exceptions to look at", "warn"),
    ];
    html! {
        section.numbers aria-label="In numbers" {
            dl {
                @for (number, what, class) in tiles {
                    div class=(if number > 0 { class } else { "" }) {
                        dt { (what) }
                        dd { (thousands(number)) }
                    }
                }
            }
        }
    }
}

/// `12,345`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The class of an environment, by its tier.
fn tier_class(tier: Option<Tier>) -> &'static str {
    tier.map_or("unclaimed", Tier::as_str)
}

/// The tier of an environment by its name, in any of the policies.
fn tier_of(posture: &Posture, environment: &str) -> Option<Tier> {
    posture
        .repositories
        .iter()
        .flat_map(|one| &one.environments)
        .find(|one| one.name == environment)
        .map(|one| one.tier)
}

/// An environment as a mark with its name.
fn chip(posture: &Posture, environment: &str) -> Markup {
    html! {
        span class={ "chip " (tier_class(tier_of(posture, environment))) } { (shown(environment)) }
    }
}

/// Pointers, grants and data, where any stand.
fn beside_section(posture: &Posture, options: Options) -> Markup {
    let many = posture.repositories.len() > 1;
    let most = if options.all { usize::MAX } else { MOST };
    let rows: Vec<_> = posture
        .repositories
        .iter()
        .flat_map(|repository| repository.boundary.iter().map(move |one| (repository, one)))
        .collect();
    html! {
        @if !rows.is_empty() {
            section #beside aria-labelledby="beside-title" {
                h2 #beside-title { "Beside credentials" }
                div.scroll tabindex="0" role="region" aria-label="Pointers, grants and data" {
                    table {
                        thead { tr {
                            th scope="col" { "Today" }
                            th scope="col" { "Where" }
                            th scope="col" { "What" }
                            th scope="col" { "Family" }
                            th scope="col" { "Places" }
                            th scope="col" { "The first" }
                            @if many { th scope="col" { "Repository" } }
                        } }
                        tbody {
                            @for (repository, one) in rows.iter().take(most) {
                                tr {
                                    td { (one.verdict.as_str()) }
                                    td { (shown(&one.environment)) }
                                    td { (shown(&one.title)) }
                                    td { (one.family.as_str()) }
                                    td { (one.places) }
                                    td { code { (shown(&one.first)) } }
                                    @if many { td { (shown(&repository.repository)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn policy_section(posture: &Posture, options: Options) -> Markup {
    let many = posture.repositories.len() > 1;
    html! {
        section #policy aria-labelledby="policy-title" {
            h2 #policy-title { "What the policy leaves open" }
            @for repository in &posture.repositories {
                (policy_of(repository, many, options))
            }
        }
    }
}

fn policy_of(repository: &AuditedRepository, many: bool, options: Options) -> Markup {
    let most = if options.all { usize::MAX } else { MOST };
    let nothing = repository.uncovered.is_empty()
        && repository.exceptions.is_empty()
        && repository.unclaimed.is_empty()
        && repository.unexamined.is_empty()
        && repository.baseline.is_none()
        && repository.error.is_none();
    html! {
        @if many && !nothing { h3 { (shown(&repository.repository)) } }
        @if nothing && !many { p.quiet { "Nothing." } }
        @if let Some(error) = &repository.error {
            p.failed { "Not audited: " (shown(error)) }
        }
        @if !repository.uncovered.is_empty() {
            ul.open {
                @for sentence in &repository.uncovered { li { (shown(sentence)) } }
            }
        }
        @if let Some(baseline) = &repository.baseline {
            p {
                "The baseline " code { (shown(&baseline.file)) } " holds "
                (count(baseline.entries, "value", "values")) "; "
                (baseline.gone.len()) " of them stand no longer"
                @if !baseline.gone.is_empty() { " (" code { "stagegate audit --prune" } ")" }
                "."
            }
        }
        @if !repository.exceptions.is_empty() {
            div.scroll tabindex="0" role="region" aria-label={ "Exceptions of " (shown(&repository.repository)) } {
                table {
                    caption { "Exceptions" }
                    thead { tr {
                        th scope="col" { "State" }
                        th scope="col" { "Ends" }
                        th scope="col" { "Value" }
                        th scope="col" { "Where" }
                        th scope="col" { "Approved by" }
                        th scope="col" { "Reason" }
                    } }
                    tbody {
                        @for one in repository.exceptions.iter().take(most) {
                            tr {
                                td { span class={ "state " (one.state.as_str()) } { (one.state.as_str()) } }
                                td.date { (one.expires.to_string()) }
                                td { code { (shown(&one.fingerprint)) } }
                                td { (shown(&one.environment)) }
                                td { (shown(&one.approver)) }
                                td { (shown(&one.reason)) }
                            }
                        }
                    }
                }
            }
        }
        @if !repository.unclaimed.is_empty() {
            div.scroll tabindex="0" role="region" aria-label={ "Names that nothing claims in " (shown(&repository.repository)) } {
                table {
                    caption { "Names that look like an environment's, and that nothing claims" }
                    thead { tr {
                        th scope="col" { "What" }
                        th scope="col" { "Name" }
                        th scope="col" { "Word" }
                        th scope="col" { "Would mean" }
                        th.number scope="col" { "Files" }
                    } }
                    tbody {
                        @for one in repository.unclaimed.iter().take(most) {
                            tr {
                                td { (shown(&one.what)) }
                                td { code { (shown(&one.name)) } }
                                td { (shown(&one.word)) }
                                td { span class={ "chip " (one.tier.as_str()) } { (one.tier.as_str()) } }
                                td.number { @if one.files > 0 { (thousands(one.files)) } }
                            }
                        }
                    }
                }
            }
        }
        @if !repository.unexamined.is_empty() {
            details {
                summary { (count(repository.unexamined.len(), "thing was", "things were")) " not read" }
                ul {
                    @for one in repository.unexamined.iter().take(most) {
                        li { code { (shown(&one.what)) } ": " (shown(&one.reason)) }
                    }
                }
            }
        }
    }
}
