//! Other entries of the same mapping: the host beside a password, the environment that a file declares of itself.

use crate::model::{Signal, words_of};

use super::{Surroundings, host};

/// Last words of keys that hold an address.
const ADDRESSES: [&str; 10] = [
    "host", "hostname", "server", "url", "uri", "endpoint", "addr", "address", "domain", "fqdn",
];

pub(super) fn signals(around: &Surroundings<'_>, signals: &mut Vec<Signal>) {
    for (key, host) in addresses(around) {
        let from = signals.len();
        host::of_host(host, around, signals);
        for signal in &mut signals[from..] {
            signal.kind = "sibling-host";
            signal.text = format!("beside it, `{key}`: {}", signal.text);
        }
    }
}

/// The hosts that stand beside the value, each with its key.
pub(super) fn addresses<'a>(around: &Surroundings<'a>) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    // A neighbour says something of a password, whose meaning lies in where it opens; an issued token speaks for itself.
    if around.rule.kind == crate::rules::Kind::Issued && around.rule.marker(around.value).is_some()
    {
        return found;
    }
    let own = around
        .key_path
        .last()
        .map(|key| words_of(key))
        .unwrap_or_default();
    for (key, value) in around.siblings {
        let words = words_of(key);
        let Some(last) = words.last() else { continue };
        if !ADDRESSES.contains(&last.as_str()) || value.contains(['$', '{', '<', ' ']) {
            continue;
        }
        // In a flat file every key is a sibling: only those of the same thing count (`DB_HOST` of `DB_PASSWORD`).
        let flat = around.key_path.len() < 2;
        let same_thing = words[..words.len() - 1]
            .first()
            .is_some_and(|first| own.len() > 1 && own.first() == Some(first));
        if flat && !same_thing {
            continue;
        }
        let address = value.split_once("://").map_or(*value, |(_, rest)| {
            rest.rsplit_once('@').map_or(rest, |(_, rest)| rest)
        });
        let name = address
            .split(['/', '?', ';', ','])
            .next()
            .unwrap_or(address);
        found.push((*key, name));
    }
    found
}
