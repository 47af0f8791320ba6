//! What a name says, whatever names it: a declared fact, or the environment words in it.

use crate::model::{EnvironmentFacts, Strength, Tier};

use super::{Evidence, Surroundings};

/// The facts that a name is looked up in.
pub(super) type List = fn(&EnvironmentFacts) -> &[String];

/// Longer ones are no names.
const LONGEST: usize = 253;

/// Whether a text can be quoted as a name: short, in one word, and no reference to something filled in later.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/@~+*=,".contains(&byte))
}

/// Says that the policy declares the name; `false` where it does not.
pub(super) fn declared(
    kind: &'static str,
    what: &str,
    name: &str,
    list: List,
    around: &Surroundings<'_>,
    found: &mut Evidence,
) -> bool {
    let Some((environment, pattern)) = around.facts.lookup(list, name) else {
        return false;
    };
    let text = format!(
        "{what} {name} is declared as {}'s by {} (\"{pattern}\")",
        environment.name, environment.policy_line
    );
    found.say(kind, environment.tier, Strength::Decisive, text);
    true
}

/// Says what a name says: what the policy declares, else its words with the strength that `by_words` gives their tier.
pub(super) fn of_name(
    kind: &'static str,
    what: &str,
    name: &str,
    list: List,
    by_words: fn(Tier) -> Strength,
    around: &Surroundings<'_>,
    found: &mut Evidence,
) {
    if !is_name(name) || declared(kind, what, name, list, around, found) {
        return;
    }
    if let Some((tier, word)) = around.vocabulary.tier_of_name(name) {
        let text = format!("{what} {name} names {tier} (\"{word}\")");
        found.say(kind, tier, by_words(tier), text);
    }
}

/// The strength of a name that a system goes by: it could not work with another one.
pub(super) const fn strong(_: Tier) -> Strength {
    Strength::Strong
}

/// The strength of a name that is often the same everywhere.
pub(super) const fn supporting(_: Tier) -> Strength {
    Strength::Supporting
}

/// The strength of a label that an author chose: production's is believed, any other only agrees, because a label of
/// staging is what production's value is pasted under.
pub(super) const fn label(tier: Tier) -> Strength {
    match tier {
        Tier::Production => Strength::Strong,
        Tier::Staging | Tier::Development | Tier::Test => Strength::Supporting,
    }
}
