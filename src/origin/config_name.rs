//! Tokens of secret managers that carry the name of the configuration they open: `dp.st.CONFIG.…` of Doppler
//! (<https://docs.doppler.com/docs/service-tokens>). The usual names are markers of the rule; this reads the house's own.

use super::name::{is_name, strong};
use super::{Evidence, Surroundings};

/// How such a token begins; the name follows, up to the next full stop.
const BEGINNINGS: [&str; 1] = ["dp.st."];

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    if around.rule.marker(around.value).is_some() {
        return;
    }
    let Ok(value) = std::str::from_utf8(around.value) else {
        return;
    };
    let name = BEGINNINGS
        .iter()
        .find_map(|beginning| value.strip_prefix(beginning))
        .and_then(|rest| rest.split_once('.'));
    let Some((name, _)) = name.filter(|(name, _)| is_name(name)) else {
        return;
    };
    if let Some((tier, word)) = around.vocabulary.tier_of_environment(name) {
        let text =
            format!("the token is for the configuration {name}, which names {tier} (\"{word}\")");
        found.say("config-name", tier, strong(tier), text);
    }
}
