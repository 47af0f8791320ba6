//! What the issuer wrote into the value: live and test prefixes, sandbox infixes.

use crate::model::{Signal, Strength};

use super::Surroundings;

pub(super) fn signals(around: &Surroundings<'_>, signals: &mut Vec<Signal>) {
    let Some(marker) = around.rule.marker(around.value) else {
        return;
    };
    let literal = marker.contains.as_ref().or(marker.starts.as_ref());
    let literal = literal.map_or("", String::as_str);
    let tier = marker.is.into();
    signals.push(Signal {
        kind: "format",
        environment: Some(tier),
        strength: if marker.by_absence {
            Strength::Strong
        } else {
            Strength::Decisive
        },
        text: if marker.by_absence {
            "the issuer labels sandbox values, and this one carries no such label".to_owned()
        } else {
            format!("the issuer marks the value as {tier}'s with \"{literal}\"")
        },
    });
}
