//! What the issuer wrote into the value: live and test prefixes, sandbox infixes.

use crate::model::Strength;

use super::{Evidence, Surroundings};

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let Some(marker) = around.rule.marker(around.value) else {
        return;
    };
    let literal = marker.contains.as_ref().or(marker.starts.as_ref());
    let literal = literal.map_or("", String::as_str);
    let tier = marker.is.into();
    if marker.by_absence {
        found.say(
            "format",
            tier,
            Strength::Strong,
            "the issuer labels sandbox values, and this one carries no such label".to_owned(),
        );
    } else {
        let text = format!("the issuer marks the value as {tier}'s with \"{literal}\"");
        found.say("format", tier, Strength::Decisive, text);
    }
}
