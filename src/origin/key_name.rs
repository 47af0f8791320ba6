//! The name of the key and the keys above it: `PROD_DB_PASSWORD`, `production.database.password`. A label that its author
//! chose: production's is believed, any other only agrees.

use crate::model::{Signal, Strength, Tier};

use super::Surroundings;

pub(super) fn signals(around: &Surroundings<'_>, signals: &mut Vec<Signal>) {
    let Some((key, above)) = around.key_path.split_last() else {
        return;
    };
    if let Some((tier, word)) = around.vocabulary.tier_of_name(key) {
        signals.push(Signal {
            kind: "key-name",
            environment: Some(tier),
            strength: strength(tier),
            text: format!("its key says {tier} (\"{word}\")"),
        });
    }
    let section = above.iter().rev().find_map(|key| {
        let (tier, word) = around.vocabulary.tier_of_name(key)?;
        Some((tier, word))
    });
    if let Some((tier, word)) = section {
        signals.push(Signal {
            kind: "section",
            environment: Some(tier),
            strength: strength(tier),
            text: format!("it stands in a section of {tier}'s (\"{word}\")"),
        });
    }
}

fn strength(tier: Tier) -> Strength {
    if tier == Tier::Production {
        Strength::Strong
    } else {
        Strength::Supporting
    }
}
