//! The table of credentials, with filters that need no script.

use maud::{Markup, html};

use super::{chip, map::flow, shown, thousands};
use crate::model::{AuditedCredential, AuditedPlace, Confidence, Family, Posture, Since, Verdict};
use crate::report::posture::Options;
use crate::report::words::count;

/// So many rows are shown without `--all`.
const ROWS: usize = 2000;

pub(super) fn section(posture: &Posture, options: Options) -> Markup {
    let most = if options.all { usize::MAX } else { ROWS };
    let shown_rows = posture.credentials.len().min(most);
    let more = posture.credentials.len() - shown_rows;
    let many = posture.repositories.len() > 1;
    html! {
        section #credentials aria-labelledby="credentials-title" {
            h2 #credentials-title { "Credentials" }
            @if posture.credentials.is_empty() {
                p.quiet { "None was found in any ref or commit." }
            } @else {
                (filters())
                @if more > 0 {
                    p { "The first " (thousands(shown_rows)) " are shown; " code { "--all" } " shows " (thousands(more)) " more." }
                }
                p.nothing { "No credential passes these filters." }
                div.scroll tabindex="0" role="region" aria-label="Table of credentials" {
                    table #list {
                        caption { "Every credential by the fingerprint of its value, what matters most first" }
                        thead { tr {
                            @if many { th scope="col" { "Repository" } }
                            th scope="col" { "Credential" }
                            th scope="col" { "Policy" }
                            th scope="col" { "Whose" }
                            th scope="col" { "Stands in" }
                            th.number scope="col" { "Age" }
                            th scope="col" { "Rotated" }
                            th scope="col" { "Places" }
                        } }
                        tbody {
                            @for one in posture.credentials.iter().take(most) {
                                (row(posture, one, many))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn filters() -> Markup {
    html! {
        div.filters role="group" aria-label="Filters" {
            fieldset {
                legend { "Policy says" }
                (check("show-block", "block", true))
                (check("show-warn", "warn", true))
                (check("show-allow", "allow", true))
            }
            fieldset {
                legend { "Show" }
                (check("show-standing", "standing", true))
                (check("show-history", "history only", true))
            }
            fieldset {
                legend { "Only" }
                (check("only-crossing", "crossing", false))
                (check("only-overdue", "overdue", false))
                (check("only-new", "not in the baseline", false))
            }
            div.search hidden data-script {
                label for="search" { "Search" }
                input #search type="search" placeholder="path, key, rule, author" autocomplete="off";
                p #matches aria-live="polite" {}
            }
        }
    }
}

fn check(id: &str, label: &str, checked: bool) -> Markup {
    html! {
        span.check {
            input id=(id) type="checkbox" checked[checked] autocomplete="off";
            label for=(id) { (label) }
        }
    }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Block => "block",
        Verdict::Warn => "warn",
        Verdict::Allow => "allow",
    }
}

fn row(posture: &Posture, one: &AuditedCredential, many: bool) -> Markup {
    let state = if one.standing { "standing" } else { "history" };
    let days = usize::try_from(one.days()).unwrap_or(0);
    html! {
        tr data-verdict=(word(one.verdict)) data-state=(state)
            data-crosses[!one.crosses.is_empty()] data-overdue[one.overdue] data-baseline[one.baseline.is_some()] {
            @if many { td { (shown(&one.repository)) } }
            th scope="row" {
                (shown(&one.title))
                code.fingerprint { (shown(&one.fingerprint)) }
                @if one.revoked { span.state.expired { "revoked" } }
                @if one.privileged { span.tag { "privileged" } }
                @if one.public { span.tag { "public" } }
                @if one.family == Family::Inventory { span.tag { "known" } }
            }
            td {
                span class={ "state " (word(one.verdict)) } { (if one.standing { word(one.verdict) } else { "history" }) }
                @if let Some(added) = one.baseline { span.tag { "baseline " (added.to_string()) } }
            }
            td {
                span class={ "chip " (one.origin.environment.as_str()) } { (one.origin.environment.as_str()) }
                @if let Some(confidence) = one.origin.confidence {
                    span.sure { (match confidence {
                        Confidence::Certain => "certain",
                        Confidence::Likely => "likely",
                        Confidence::Possible => "possible",
                    }) }
                }
            }
            td {
                @if one.environments.is_empty() { span.chip.unclaimed { "unclaimed" } }
                @for environment in &one.environments { (chip(posture, environment)) " " }
                @for boundary in &one.crosses { div.crossed { (flow(posture, boundary)) } }
            }
            td class=(if one.overdue { "number overdue" } else { "number" }) data-sort=(days) {
                (thousands(days)) " d"
                @if one.overdue { span.spoken { ", overdue" } }
            }
            td.date { @match &one.rotated { Some(since) => (since.date.to_string()), None => "never" } }
            td.places { (places(one)) }
        }
    }
}

fn places(one: &AuditedCredential) -> Markup {
    let all = one.places.len() + one.more_places;
    html! {
        details {
            summary {
                @if let Some(first) = one.places.first() { code { (shown(&first.path)) ":" (first.line) } }
                @if all > 1 { " and " (thousands(all - 1)) " more" }
            }
            dl.about {
                dt { "First" } dd { (since(&one.first)) }
                @if let Some(gone) = &one.gone { dt { "Gone" } dd { (since(gone)) } }
                @if !one.because.is_empty() { dt { "Policy" } dd { (shown(&one.because)) } }
                @if !one.evidence.is_empty() {
                    dt { "Evidence" } dd { @for sentence in &one.evidence { div { (shown(sentence)) } } }
                }
                @if !one.remedy.is_empty() { dt { "What to do" } dd { (shown(&one.remedy)) } }
            }
            ul.held {
                @for place in &one.places { li { (held(place)) } }
                @if one.more_places > 0 { li { "and " (count(one.more_places, "more place", "more places")) } }
            }
        }
    }
}

fn held(place: &AuditedPlace) -> Markup {
    html! {
        code { (shown(&place.path)) ":" (place.line) }
        @if let Some(key) = &place.key { " " code { (shown(key)) } }
        div.small {
            "since " (since(&place.since))
            @if let Some(until) = &place.until { ", until " (since(until)) }
            @if let Some(replaced) = &place.replaced { ", in the place of " code { (shown(replaced)) } }
        }
        @if !place.refs.is_empty() {
            div.small {
                "on "
                @for (at, name) in place.refs.iter().enumerate() {
                    @if at > 0 { ", " }
                    (shown(name))
                }
                @if place.more_refs > 0 { " and " (thousands(place.more_refs)) " more" }
            }
        }
    }
}

fn since(since: &Since) -> Markup {
    html! {
        (since.date.to_string())
        @if let Some(author) = &since.author { " by " (shown(author)) }
        " (" code { (since.commit.get(..10).unwrap_or("history is cut short")) } ")"
    }
}
