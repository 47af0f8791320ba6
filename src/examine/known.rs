//! Values that the inventory knows, as sightings: evidence for what a rule found at the same place, or a sighting of their
//! own. Not here: how they are found, which `inventory` does.

use std::borrow::Cow;

use super::{Knowledge, Seen, Sighting};
use crate::inventory::{About, Hit, Known};
use crate::model::{Family, Signal, Strength, Tier};
use crate::rules;
use crate::scan::decode::{self, Form};
use crate::scan::{Candidate, ScanError};

/// The rule of what no other rule found.
pub(super) const RULE: &str = "inventory-secret";

/// A known value that no rule found.
pub(super) struct New<'h, 'b, 'r> {
    pub(super) seen: Seen<'b, 'r>,
    pub(super) hit: &'h Hit,
}

/// The known values of a text.
pub(super) fn find(text: &[u8], knowledge: &Knowledge<'_, '_>) -> Result<Vec<Hit>, ScanError> {
    knowledge.inventory.map_or(Ok(Vec::new()), |inventory| {
        inventory
            .find(text)
            .map_err(|error| ScanError::Known(error.to_string()))
    })
}

/// Tells the sightings of the rules what the inventory knows of them, and returns what none of them is about.
pub(super) fn tell<'h, 'b, 'r>(
    text: &'b [u8],
    hits: &'h [Hit],
    sightings: &mut [Sighting<'r>],
) -> Vec<New<'h, 'b, 'r>> {
    let mut new = Vec::new();
    for hit in hits {
        let mut told = false;
        for sighting in sightings.iter_mut() {
            if sighting.span.start < hit.span.end && hit.span.start < sighting.span.end {
                tell_one(sighting, hit);
                told = true;
            }
        }
        if !told {
            new.push(New {
                seen: seen(text, hit),
                hit,
            });
        }
    }
    new
}

fn seen<'b, 'r>(text: &'b [u8], hit: &Hit) -> Seen<'b, 'r> {
    let piece = &text[hit.span.clone()];
    let (provider, rule) = rules::structural(RULE);
    Seen {
        candidate: Candidate::known(provider, rule, text, hit.span.clone()),
        decoded: hit
            .decoded
            .as_ref()
            .map(|inner| decode::opened(Form::Base64, piece)[inner.clone()].to_vec()),
    }
}

/// Makes a sighting one of the inventory.
pub(super) fn add(sighting: &mut Sighting<'_>, hit: &Hit) {
    if let Some(inner) = &hit.decoded {
        sighting.inner = inner.clone();
    }
    tell_one(sighting, hit);
}

fn tell_one(sighting: &mut Sighting<'_>, hit: &Hit) {
    sighting.family = Family::Inventory;
    for known in &hit.known {
        sighting.revoked |= known.about.revoked.is_some();
        let signal = signal(known);
        if !sighting.signals.contains(&signal) {
            sighting.signals.push(signal);
        }
    }
}

/// What the inventory said of one sighting, to another of the same value.
pub(super) fn pass_on(from: &Sighting<'_>, to: &mut Sighting<'_>) {
    if from.family != Family::Inventory {
        return;
    }
    to.family = Family::Inventory;
    to.revoked |= from.revoked;
    for signal in &from.signals {
        if signal.kind == KIND && !to.signals.contains(signal) {
            to.signals.push(signal.clone());
        }
    }
}

/// The kind of the evidence.
const KIND: &str = "inventory";

fn signal(known: &Known) -> Signal {
    let About {
        environment,
        tier,
        source,
        added,
        revoked,
    } = &known.about;
    let whose: Cow<'_, str> = match environment {
        Some(environment) => format!(" of {environment}").into(),
        None => "".into(),
    };
    let id = &known.id;
    let text = match revoked {
        Some(day) => format!("known secret{whose}, revoked on {day} (source {source}, {id})"),
        None => format!("known secret{whose} (source {source}, added {added}, {id})"),
    };
    Signal {
        kind: KIND,
        environment: tier.map(Tier::from),
        strength: Strength::Decisive,
        text,
    }
}
