//! Environment words: `prod`, `stg`, `uat`, and how a name is cut into words.

use std::collections::HashMap;

use super::Tier;

/// Words that name environments.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Lower-case word to tier. Only words that are safe inside any name (not `live`, `stage`, `test`). A word of two
    /// parts has a hyphen: `blue-lab`.
    pub clear: HashMap<String, Tier>,
    /// Lower-case word to tier, for words that mean an environment only as a whole component (`live`, `stage`, `demo`).
    pub ambiguous: HashMap<String, Tier>,
    /// Names of several words, lower-case, in which an environment word is none: `production line`.
    pub false_friends: Vec<Vec<String>>,
}

impl Vocabulary {
    /// The tier that a name speaks for by its clear words. The rightmost word wins; a negation of production (`non-prod`,
    /// `pre_prod`) is one word, another negation and a question (`non_staging`, `is_production`) speak for nothing; a
    /// number behind a word is an instance of it (`prod2`).
    pub fn tier_of_name(&self, name: &str) -> Option<(Tier, String)> {
        let mut words = words_of(name);
        self.forget_false_friends(&mut words);
        let mut end = words.len();
        while let Some(at) = end.checked_sub(1) {
            let word = words[at].as_str();
            let before = at.checked_sub(1).map(|before| words[before].as_str());
            if let Some(before) = before {
                let negates = matches!(before, "non" | "not" | "pre" | "un");
                let joined = format!("{before}{word}");
                if negates && let Some(&tier) = self.clear.get(&joined) {
                    return Some((tier, joined));
                }
                let hyphenated = format!("{before}-{word}");
                if let Some(&tier) = self.clear.get(&hyphenated) {
                    return Some((tier, hyphenated));
                }
                let tier = self
                    .clear_tier(word)
                    .or_else(|| self.ambiguous.get(word).copied());
                if negates && tier == Some(Tier::Production) {
                    return Some((Tier::Staging, joined));
                }
                if tier.is_some() && (before == "is" || negates && before != "pre") {
                    end -= 2;
                    continue;
                }
            }
            if let Some(tier) = self.clear_tier(word) {
                return Some((tier, word.to_owned()));
            }
            end -= 1;
        }
        None
    }

    /// The tier that the whole of a text names (`live`, `Production`, `eu-staging`), where it is known to name an
    /// environment and nothing else: there the ambiguous words count too.
    pub fn tier_of_environment(&self, name: &str) -> Option<(Tier, String)> {
        let mut words = words_of(name);
        self.forget_false_friends(&mut words);
        if let [word] = &words[..]
            && let Some(&tier) = self.ambiguous.get(word)
        {
            return Some((tier, word.clone()));
        }
        self.tier_of_name(name)
    }

    /// Blanks the words of false friends.
    fn forget_false_friends(&self, words: &mut [String]) {
        for friend in &self.false_friends {
            let mut at = 0;
            while at + friend.len() <= words.len() {
                if words[at..].starts_with(friend) {
                    words[at..at + friend.len()].fill(String::new());
                }
                at += 1;
            }
        }
    }

    fn clear_tier(&self, word: &str) -> Option<Tier> {
        let instance = || word.trim_end_matches(|last: char| last.is_ascii_digit());
        self.clear
            .get(word)
            .or_else(|| self.clear.get(instance()))
            .copied()
    }
}

/// The words of a name, lower-case: cut at everything that is not a letter or a digit, between lower and upper case
/// (`dbPassword`), and before the last capital of a run (`AWSKey` is `aws`, `key`).
pub fn words_of(name: &str) -> Vec<String> {
    if name.is_ascii() {
        return ascii_words(name)
            .map(|word| word.to_ascii_lowercase())
            .collect();
    }
    words_of_any(name)
}

/// Whether one of the words of a name is `wanted`, which are in lower case: as [`words_of`], and nothing is copied.
pub fn has_word_of(name: &str, wanted: &[&str]) -> bool {
    if name.is_ascii() {
        return ascii_words(name).any(|word| {
            wanted
                .iter()
                .any(|wanted| word.eq_ignore_ascii_case(wanted))
        });
    }
    words_of_any(name)
        .iter()
        .any(|word| wanted.contains(&word.as_str()))
}

/// The words of a name in ASCII, as they are written.
fn ascii_words(name: &str) -> impl Iterator<Item = &str> {
    let bytes = name.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        at += bytes[at..]
            .iter()
            .take_while(|byte| !byte.is_ascii_alphanumeric())
            .count();
        let start = at;
        while let Some(byte) = bytes.get(at).filter(|byte| byte.is_ascii_alphanumeric()) {
            let begins = at > start && byte.is_ascii_uppercase() && {
                let before = bytes[at - 1];
                let next = bytes.get(at + 1);
                !before.is_ascii_uppercase() || next.is_some_and(u8::is_ascii_lowercase)
            };
            if begins {
                break;
            }
            at += 1;
        }
        (at > start).then(|| &name[start..at])
    })
}

fn words_of_any(name: &str) -> Vec<String> {
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
            false_friends: vec![vec!["prod".to_owned(), "studio".to_owned()]],
        }
    }

    #[test]
    fn names_are_cut_into_words() {
        assert_eq!(words_of("PROD_DB-password"), ["prod", "db", "password"]);
        assert_eq!(words_of("prodDbPassword"), ["prod", "db", "password"]);
        assert_eq!(words_of("AWSSecretKey2"), ["aws", "secret", "key2"]);
        assert_eq!(words_of(""), [""; 0]);
    }

    proptest::proptest! {
        /// Names in ASCII, which have a way of their own, are cut as others are.
        #[test]
        fn names_in_ascii_are_cut_alike(name in "[ -~]{0,12}|[aB1_-]{0,12}") {
            let words = super::words_of_any(&name);
            proptest::prop_assert_eq!(words_of(&name), words.clone());
            let wanted: Vec<&str> = words.iter().map(String::as_str).collect();
            proptest::prop_assert!(wanted.iter().all(|word| super::has_word_of(&name, &[word])));
            proptest::prop_assert!(!super::has_word_of(&name, &["no such word"]));
        }
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
    fn false_friends_name_nothing() {
        let vocabulary = vocabulary();
        let tier = |name| vocabulary.tier_of_name(name).map(|(tier, _)| tier);
        assert_eq!(tier("PROD_STUDIO_TOKEN"), None);
        assert_eq!(tier("prod.prod-studio.example"), Some(Tier::Production));
        assert_eq!(tier("studio-prod"), Some(Tier::Production));
        let tier = |name| vocabulary.tier_of_environment(name).map(|(tier, _)| tier);
        assert_eq!(tier("Live"), Some(Tier::Production));
        assert_eq!(tier("live-stream"), None);
        assert_eq!(tier("eu-staging"), Some(Tier::Staging));
    }

    #[test]
    fn negations_are_one_word() {
        let vocabulary = vocabulary();
        let tier = |name| vocabulary.tier_of_name(name).map(|(tier, _)| tier);
        assert_eq!(tier("non-prod-key"), Some(Tier::Staging));
        assert_eq!(tier("PRE_PROD_KEY"), Some(Tier::Staging));
        assert_eq!(tier("non_live_key"), Some(Tier::Staging));
        assert_eq!(tier("preprod"), Some(Tier::Staging));
        assert_eq!(tier("prod_not_staging"), Some(Tier::Production));
        assert_eq!(tier("pre_staging_key"), Some(Tier::Staging));
        assert_eq!(tier("is_production"), None);
        assert_eq!(tier("isProduction"), None);
        assert_eq!(tier("staging_is_production"), Some(Tier::Staging));
    }

    #[test]
    fn a_number_is_an_instance() {
        let vocabulary = vocabulary();
        let tier = |name| vocabulary.tier_of_name(name).map(|(tier, _)| tier);
        assert_eq!(tier("PROD2_KEY"), Some(Tier::Production));
        assert_eq!(tier("staging1"), Some(Tier::Staging));
        assert_eq!(tier("live1"), None);
        assert_eq!(tier("42"), None);
    }

    #[test]
    fn a_word_of_two_parts_has_a_hyphen() {
        let mut vocabulary = vocabulary();
        vocabulary.clear.extend([
            ("blue-lab".to_owned(), Tier::Test),
            ("qa".to_owned(), Tier::Staging),
        ]);
        let tier = |name| vocabulary.tier_of_name(name).map(|(tier, _)| tier);
        assert_eq!(tier("BLUE_LAB_KEY"), Some(Tier::Test));
        assert_eq!(tier("blueLabKey"), Some(Tier::Test));
        assert_eq!(tier("Q_A_KEY"), None);
        assert_eq!(tier("qa_key"), Some(Tier::Staging));
    }
}
