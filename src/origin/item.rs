//! What the mapping around a value says of itself: `name: shop-production` or `env: prod` in an item of a list, an element,
//! a table of an array. An author's label of this thing among others, as a section's name is: production's is believed, any
//! other agrees. Outside of a list the same words may be how a program runs, or the name of a database, and only support.

use crate::model::{Strength, Tier, words_of};

use super::name::{is_name, label};
use super::{Evidence, Surroundings, false_friend};

/// An entry of a mapping around a value that may name the mapping.
#[derive(Debug, Clone, Copy)]
pub struct Label<'a> {
    /// How many keys stand above the mapping.
    pub above: usize,
    /// Its key.
    pub key: &'a str,
    /// What it says.
    pub value: &'a str,
    /// It stands in the `metadata` of the mapping.
    pub is_metadata: bool,
    /// The mapping is one of several.
    pub is_item: bool,
}

/// Keys that name an environment and nothing else. `ENV` is a variable of a process: how it runs.
const ENVIRONMENTS: [&str; 10] = [
    "Env",
    "Environment",
    "Stage",
    "deployment",
    "env",
    "env_name",
    "environment",
    "environmentName",
    "environment_name",
    "stage",
];

/// Keys that name a thing.
const NAMES: [&str; 16] = [
    "Id",
    "Label",
    "Name",
    "alias",
    "displayName",
    "display_name",
    "hosts",
    "id",
    "jndi-name",
    "job_name",
    "label",
    "name",
    "namespace",
    "pool-name",
    "slug",
    "title",
];

/// Lists whose items may go by the same name in every environment: databases and their users.
const SAME_EVERYWHERE: [&str; 9] = [
    "database",
    "databases",
    "db",
    "dbs",
    "schema",
    "schemas",
    "user",
    "users",
    "roles",
];

/// Words that turn the environment around that a sentence ends in.
const NEGATIONS: [&str; 8] = [
    "before", "from", "like", "never", "no", "non", "not", "unlike",
];

/// Longer names are sentences.
const MOST_WORDS: usize = 5;

impl Label<'_> {
    /// Whether a key can name the mapping that it stands in.
    pub fn may_be(key: &str) -> bool {
        ENVIRONMENTS.contains(&key) || NAMES.contains(&key)
    }

    fn says_environment(&self) -> bool {
        ENVIRONMENTS.contains(&self.key)
    }
}

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let mut labels = around.labels.iter().peekable();
    while let Some(first) = labels.next() {
        let mut of_mapping = vec![first];
        while let Some(next) = labels.next_if(|next| next.above == first.above) {
            of_mapping.push(next);
        }
        // What names the environment says more than what names the thing.
        of_mapping.sort_by_key(|label| !label.says_environment());
        let told = of_mapping
            .iter()
            .find_map(|label| Some((*label, of_label(label, around)?)));
        if let Some((label, (tier, strength, word))) = told {
            let text = format!(
                "what it stands in has the {} {} (\"{word}\")",
                label.key,
                if is_name(label.value) {
                    label.value
                } else {
                    tier.as_str()
                },
            );
            return found.say("item", tier, strength, text);
        }
    }
}

fn of_label(label: &Label<'_>, around: &Surroundings<'_>) -> Option<(Tier, Strength, String)> {
    let key = words_of(label.key).join("_");
    if label.says_environment() {
        let told = is_name(label.value) && !false_friend::is_run_mode(&key);
        let (tier, word) = told
            .then(|| around.vocabulary.tier_of_environment(label.value))
            .flatten()?;
        // Not of a list: `environment` and `sibling-environment` say it. Only a step of a pipeline has a `deployment`.
        let speaks = label.is_item || label.key == "deployment";
        return speaks.then(|| (tier, self::label(tier), word));
    }
    if label.key == "namespace" && !label.is_metadata || label.is_metadata && label.above == 0 {
        return None;
    }
    let words = words_of(label.value);
    let (tier, word) = if words.len() <= MOST_WORDS {
        around.vocabulary.tier_of_name(label.value)?
    } else {
        return None;
    };
    let above = label.above.checked_sub(1);
    let list = above.and_then(|at| around.key_path.get(at));
    let last = words
        .last()
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
    let ends_in_it = last.is_some_and(|last| word.ends_with(last));
    let is_turned = words.iter().any(|word| NEGATIONS.contains(&word.as_str()));
    let is_label = (is_name(label.value) || ends_in_it) && !is_turned;
    // `prod-123` is a product.
    if list.is_some_and(|list| {
        words_of(list)
            .iter()
            .any(|word| word.starts_with("product"))
    }) {
        return None;
    }
    let is_own = !list.is_some_and(|list| SAME_EVERYWHERE.contains(&list.as_str()));
    let is_strong = match (label.is_metadata, label.key) {
        (true, "namespace") => true,
        (true, _) => false,
        _ => is_own && is_label && label.is_item,
    };
    if is_strong {
        return Some((tier, self::label(tier), word));
    }
    // A database's name, a title: no more than a hint, and what says staging there says where it is going.
    (tier == Tier::Production).then_some((tier, Strength::Supporting, word))
}
