//! The name of the key and the keys above it: `PROD_DB_PASSWORD`, `production.database.password`. A label that its author
//! chose: production's is believed, any other only agrees.

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
    }
}
