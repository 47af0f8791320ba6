//! Kubernetes manifests: the namespace and the labels of the object that holds the value. They say where it is going, so
//! only production speaks: an object of production's that stands in staging.

use crate::model::{Strength, Tier};

use super::name::{is_name, label, of_name};
use super::{Evidence, Surroundings, host};

/// Objects of one file that are compared.
const MOST_PARTS: usize = 100;

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let Some(part) = around.document.part(&around.span) else {
        return;
    };
    let Some(kind) = &part.kind else {
        return;
    };
    let from = found.signals.len();
    if let Some(namespace) = &part.namespace {
        of_name(
            "namespace",
            "the object's namespace",
            namespace,
            |facts| &facts.namespaces,
            label,
            around,
            found,
        );
    }
    for value in part.labels.iter().filter(|value| is_name(value)) {
        if let Some((tier, word)) = around.vocabulary.tier_of_environment(value) {
            let text = format!("the object's label says {tier} (\"{word}\")");
            found.say("label", tier, label(tier), text);
        }
    }
    // The name of what holds values is theirs; any other is often that of a release, which is `production` everywhere.
    if let Some(name) = part.name.as_deref().filter(|name| is_name(name))
        && let Some((tier, word)) = around.vocabulary.tier_of_name(name)
    {
        let elsewhere = part.namespace.as_deref().is_some_and(|namespace| {
            let of = around.vocabulary.tier_of_name(namespace);
            of.is_some_and(|(other, _)| other != tier)
        });
        let holds_values = matches!(kind.as_str(), "Secret" | "ConfigMap");
        let strength = if holds_values && !elsewhere {
            label(tier)
        } else {
            Strength::Supporting
        };
        let text = format!("the object's name {name} names {tier} (\"{word}\")");
        found.say("object-name", tier, strength, text);
    }
    for place in part.destinations.iter().filter(|place| is_name(place)) {
        let place = host::host_in(place).unwrap_or(place);
        if let Some((tier, word)) = around.vocabulary.tier_of_name(place) {
            let text = format!("the application goes to {place}, which names {tier} (\"{word}\")");
            found.say("destination", tier, label(tier), text);
        }
    }
    // Beside an object of production's, another environment's name tells the two apart, and not only where they are going.
    let says_production = |name: &Option<String>| {
        let tier = name
            .as_deref()
            .and_then(|name| around.vocabulary.tier_of_name(name));
        matches!(tier, Some((Tier::Production, _)))
    };
    let parts = around.document.parts();
    let side_by_side = parts.iter().take(MOST_PARTS).any(|other| {
        !std::ptr::eq(other, part)
            && (says_production(&other.namespace) || says_production(&other.name))
    });
    if side_by_side {
        for signal in &mut found.signals[from..] {
            if signal.environment != Some(Tier::Production) {
                signal.strength = signal.strength.min(Strength::Supporting);
            }
        }
    } else {
        found.only_production(from);
    }
}
