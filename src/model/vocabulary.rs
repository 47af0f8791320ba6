//! Environment words: `prod`, `stg`, `uat`, and how a name is cut into words.

use std::collections::HashMap;

use super::Tier;

/// Words that name environments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    clear: HashMap<String, Tier>,
    ambiguous: HashMap<String, Tier>,
    false_friends: Vec<Vec<String>>,
    openings: Openings,
}

impl Vocabulary {
    /// Of these words, all of them in lower case:
    ///
    /// * `clear` ones, which are safe inside any name (not `live`, `stage`, `test`); one of two parts has a hyphen: `blue-lab`;
    /// * `ambiguous` ones, which mean an environment only as a whole component (`live`, `stage`, `demo`);
    /// * `false_friends`: names of several words in which an environment word is none (`production line`).
    pub fn new(
        clear: HashMap<String, Tier>,
        ambiguous: HashMap<String, Tier>,
        false_friends: Vec<Vec<String>>,
    ) -> Self {
        let mut openings = Openings::default();
        for word in clear.keys() {
            openings.add(word);
            // The part that a name is known by.
            openings.add(word.rsplit('-').next().unwrap_or(word));
        }
        Self {
            clear,
            ambiguous,
            false_friends,
            openings,
        }
    }

    /// All of it written out, in an order of its own.
    pub fn written_out(&self) -> String {
        let mut words: Vec<String> = [&self.clear, &self.ambiguous]
            .into_iter()
            .enumerate()
            .flat_map(|(list, words)| {
                words
                    .iter()
                    .map(move |(word, tier)| format!("{list} {word} {tier}\n"))
            })
            .collect();
        words.sort();
        words.push(format!("{:?}", self.false_friends));
        words.concat()
    }

    /// Whether a name may have a word that speaks for a tier: most have none, which is told by how their words begin.
    fn may_speak(&self, name: &str) -> bool {
        let mut before = "";
        !name.is_ascii()
            || ascii_words(name).any(|word| {
                let negates = NEGATIONS.iter().any(|not| before.eq_ignore_ascii_case(not));
                before = word;
                negates || self.openings.may_have(word) || self.openings.may_have(instance(word))
            })
    }

    /// The tier that a name speaks for by its clear words. The rightmost word wins; a negation of production (`non-prod`,
    /// `pre_prod`) is one word, another negation and a question (`non_staging`, `is_production`) speak for nothing; a
    /// number behind a word is an instance of it (`prod2`).
    pub fn tier_of_name(&self, name: &str) -> Option<(Tier, String)> {
        if !self.may_speak(name) {
            return None;
        }
        let mut words = words_of(name);
        self.forget_false_friends(&mut words);
        let mut end = words.len();
        while let Some(at) = end.checked_sub(1) {
            let word = words[at].as_str();
            let before = at.checked_sub(1).map(|before| words[before].as_str());
            if let Some(before) = before {
                let negates = NEGATIONS.contains(&before);
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
        // The ambiguous words are none of several.
        if name.is_ascii() && ascii_words(name).nth(1).is_some() {
            return self.tier_of_name(name);
        }
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
        self.clear
            .get(word)
            .or_else(|| self.clear.get(instance(word)))
            .copied()
    }
}

/// Words that turn the one behind them around.
const NEGATIONS: [&str; 4] = ["non", "not", "pre", "un"];

/// A word without the number behind it.
fn instance(word: &str) -> &str {
    word.trim_end_matches(|last: char| last.is_ascii_digit())
}

/// How words begin: a set of hashes of their first three bytes, in which a beginning may stand by chance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Openings([u64; 16]);

impl Openings {
    fn place(word: &str) -> (usize, u32) {
        let first = word.bytes().take(3);
        let mixed = first.fold(0_u32, |mixed, byte| {
            mixed << 8 | u32::from(byte.to_ascii_lowercase())
        });
        // By the golden ratio (Knuth, volume 3, section 6.4).
        let hash = mixed.wrapping_mul(0x9e37_79b1) >> 22;
        (hash as usize / 64, hash % 64)
    }

    fn add(&mut self, word: &str) {
        let (at, bit) = Self::place(word);
        self.0[at] |= 1 << bit;
    }

    fn may_have(&self, word: &str) -> bool {
        let (at, bit) = Self::place(word);
        self.0[at] >> bit & 1 == 1
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
        vocabulary_with(&[])
    }

    fn vocabulary_with(more: &[(&str, Tier)]) -> Vocabulary {
        let clear = [
            ("prod", Tier::Production),
            ("production", Tier::Production),
            ("staging", Tier::Staging),
            ("preprod", Tier::Staging),
        ];
        let clear = clear.iter().chain(more);
        Vocabulary::new(
            clear.map(|&(word, tier)| (word.to_owned(), tier)).collect(),
            [("live".to_owned(), Tier::Production)].into(),
            vec![vec!["prod".to_owned(), "studio".to_owned()]],
        )
    }

    proptest::proptest! {
        /// Names in other scripts are not looked at before they are cut into words, and say the same.
        #[test]
        fn whether_a_name_may_speak_changes_nothing(
            parts in proptest::collection::vec("(prod|production|staging|preprod|live|lab|blue|qa|non|not|pre|un|is|studio|x|db2|Prod|QA)[0-9]?[-_. ]?", 0..5),
        ) {
            let vocabulary = vocabulary_with(&[("blue-lab", Tier::Test), ("qa", Tier::Staging)]);
            let name = parts.concat();
            let tier = |name: &str| (vocabulary.tier_of_name(name), vocabulary.tier_of_environment(name));
            let (inside, whole) = tier(&name);
            let (inside_of_other, _) = tier(&format!("é {name}"));
            // The word in front is none, but for what stands behind it alone.
            proptest::prop_assert_eq!(&inside, &inside_of_other);
            proptest::prop_assert!(whole == inside || words_of(&name).len() == 1);
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
        let vocabulary = vocabulary_with(&[("blue-lab", Tier::Test), ("qa", Tier::Staging)]);
        let tier = |name| vocabulary.tier_of_name(name).map(|(tier, _)| tier);
        assert_eq!(tier("BLUE_LAB_KEY"), Some(Tier::Test));
        assert_eq!(tier("blueLabKey"), Some(Tier::Test));
        assert_eq!(tier("Q_A_KEY"), None);
        assert_eq!(tier("qa_key"), Some(Tier::Staging));
    }
}
