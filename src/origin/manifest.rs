//! Kubernetes manifests: the namespace and the labels of the object that holds the value. They say where it is going, so
//! only production speaks: an object of production's that stands in staging.

use super::name::{is_name, label, of_name};
use super::{Evidence, Surroundings};

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let Some(part) = around.document.part(&around.span) else {
        return;
    };
    if !part.has_kind {
        return;
    }
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
    found.only_production(from);
}
