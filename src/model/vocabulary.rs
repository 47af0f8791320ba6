//! Environment words: `prod`, `stg`, `uat`, and how a name is cut into words.

use std::collections::HashMap;

use super::Tier;

/// Words that name environments.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Lower-case word to tier. Only words that are safe inside any name (not `live`, `stage`, `test`).
    pub clear: HashMap<String, Tier>,
    /// Lower-case word to tier, for words that mean an environment only as a whole component (`live`, `stage`, `demo`).
    pub ambiguous: HashMap<String, Tier>,
}

impl Vocabulary {
    /// The tier that a name speaks for by its clear words; the rightmost word wins, and a negation (`non-prod`,
    /// `pre_prod`) is one word.
    pub fn tier_of_name(&self, name: &str) -> Option<(Tier, String)> {
        let words = words_of(name);
        for at in (0..words.len()).rev() {
            let word = &words[at];
            if at > 0 && matches!(words[at - 1].as_str(), "non" | "pre" | "not" | "un") {
                let joined = format!("{}{word}", words[at - 1]);
                if let Some(&tier) = self.clear.get(&joined) {
                    return Some((tier, joined));
                }
                if self.clear.contains_key(word) || self.ambiguous.contains_key(word) {
                    return Some((Tier::Staging, joined));
                }
            }
            if let Some(&tier) = self.clear.get(word) {
                return Some((tier, word.clone()));
            }
        }
        None
    }
}

/// The words of a name, lower-case: cut at everything that is not a letter or a digit, between lower and upper case
/// (`dbPassword`), and before the last capital of a run (`AWSKey` is `aws`, `key`).
pub fn words_of(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let characters: Vec<char> = name.chars().collect();
    for (at, &character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let previous = at.checked_sub(1).map(|before| characters[before]);
        let starts_word = character.is_uppercase()
            && previous.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase()
                        && characters
                            .get(at + 1)
                            .is_some_and(|next| next.is_lowercase()))
            });
        if starts_word && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.extend(character.to_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{Tier, Vocabulary, words_of};

    fn vocabulary() -> Vocabulary {
        Vocabulary {
            clear: [
                ("prod", Tier::Production),
                ("production", Tier::Production),
                ("staging", Tier::Staging),
                ("preprod", Tier::Staging),
            ]
            .map(|(word, tier)| (word.to_owned(), tier))
            .into(),
            ambiguous: [("live".to_owned(), Tier::Production)].into(),
        }
    }

    #[test]
    fn names_are_cut_into_words() {
        assert_eq!(words_of("PROD_DB-password"), ["prod", "db", "password"]);
        assert_eq!(words_of("prodDbPassword"), ["prod", "db", "password"]);
        assert_eq!(words_of("AWSSecretKey2"), ["aws", "secret", "key2"]);
        assert_eq!(words_of(""), [""; 0]);
    }

    #[test]
    fn only_whole_words_count_and_the_rightmost_wins() {
        let vocabulary = vocabulary();
        let tier = |name| vocabulary.tier_of_name(name).map(|(tier, _)| tier);
        assert_eq!(tier("PROD_DB_PASSWORD"), Some(Tier::Production));
        assert_eq!(tier("PRODUCT_TOKEN"), None);
        assert_eq!(tier("reproduce"), None);
        assert_eq!(tier("prod-mirror-staging"), Some(Tier::Staging));
        assert_eq!(tier("liveness_token"), None);
    }

    #[test]
    fn negations_are_one_word() {
        let vocabulary = vocabulary();
        let tier = |name| vocabulary.tier_of_name(name).map(|(tier, _)| tier);
        assert_eq!(tier("non-prod-key"), Some(Tier::Staging));
        assert_eq!(tier("PRE_PROD_KEY"), Some(Tier::Staging));
        assert_eq!(tier("non_live_key"), Some(Tier::Staging));
        assert_eq!(tier("preprod"), Some(Tier::Staging));
    }
}
