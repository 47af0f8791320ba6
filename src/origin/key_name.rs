//! The name of the key and the keys above it: `PROD_DB_PASSWORD`, `production.database.password`. A label that its author
//! chose: production's is believed, any other only agrees.

use crate::model::Tier;

use super::name::label;
use super::{Evidence, Surroundings};

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let Some((key, above)) = around.key_path.split_last() else {
        return;
    };
    if let Some((tier, word)) = around.vocabulary.tier_of_name(key) {
        let text = format!("its key says {tier} (\"{word}\")");
        found.say("key-name", tier, label(tier), text);
    }
    let section = above
        .iter()
        .rev()
        .find_map(|key| around.vocabulary.tier_of_name(key));
    if let Some((tier, word)) = section {
        let text = format!("it stands in a section of {tier}'s (\"{word}\")");
        found.say("section", tier, label(tier), text);
    } else if let Some((tier, word)) = among_environments(above, around) {
        let text = format!("it stands in a section of {tier}'s (\"{word}\"), beside others");
        found.say("section", tier, label(tier), text);
    }
}

/// What an ambiguous word (`live`, `test`, `stage`) says as a section beside those of other environments.
fn among_environments(above: &[String], around: &Surroundings<'_>) -> Option<(Tier, String)> {
    (0..above.len()).rev().find_map(|at| {
        let found = around.vocabulary.tier_of_environment(&above[at])?;
        let document = around.document;
        document
            .has_environment_below(&above[..at], around.vocabulary)
            .then_some(found)
    })
}
