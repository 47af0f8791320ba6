//! How likely a text is the work of a machine rather than of a tongue: the evidence of its pairs of letters, in bits.
//!
//! A value is cut into words as a name is (`words_of`), so that capitals and digits in odd places make short, odd words.
//! Each pair of neighbours (letters, any digit, the ends of a word) was counted in words that people wrote, and in random
//! texts over the usual alphabets; the table `likeness.tsv` holds log2 of the ratio of the two, in quarters of a bit. The
//! sum over a text is the logarithm of how much better the machine explains it. Nothing is tuned by hand: the threshold is
//! a place on the curve that `docs/detection.md` shows, and the test below measures it again.

use once_cell::sync::Lazy;

use crate::model::words_of;

/// Bits of evidence from which a value counts as a machine's work; see `docs/detection.md` for what that costs and brings.
pub(super) const RANDOM: f32 = 4.0;

/// The same where the key says little.
pub(super) const VERY_RANDOM: f32 = 12.0;

/// Letters, one class for digits, one for the ends of words.
const CLASSES: usize = 28;
const DIGIT: usize = 26;
const EDGE: usize = 27;

static TABLE: Lazy<Vec<i8>> = Lazy::new(|| {
    include_str!("likeness.tsv")
        .split_ascii_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect()
});

/// The class of a character; none for letters of other alphabets, which say nothing.
fn class(character: char) -> Option<usize> {
    match character {
        'a'..='z' => Some(character as usize - 'a' as usize),
        '0'..='9' => Some(DIGIT),
        _ => None,
    }
}

/// The pairs of neighbours in a text.
fn pairs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    words_of(text).into_iter().flat_map(|word| {
        let classes: Vec<usize> = std::iter::once(Some(EDGE))
            .chain(word.chars().map(class))
            .chain([Some(EDGE)])
            .flatten()
            .collect();
        (1..classes.len())
            .map(|at| (classes[at - 1], classes[at]))
            .collect::<Vec<_>>()
    })
}

/// Bits of evidence that `text` was made by a machine; negative where it was more likely written by a person.
pub(super) fn randomness(text: &str) -> f32 {
    // Longer than any word or name: the answer is known by then.
    let end = text
        .char_indices()
        .nth(200)
        .map_or(text.len(), |(at, _)| at);
    let quarters: i32 = pairs(&text[..end])
        .map(|(first, second)| i32::from(TABLE.get(first * CLASSES + second).copied().unwrap_or(0)))
        .sum();
    quarters as f32 / 4.0 + hexadecimal(text)
}

/// Bits that a run of hexadecimal digits gives beside its pairs: only six letters occur in it, of which a tongue makes three
/// letters in ten, and digits stand among them.
fn hexadecimal(text: &str) -> f32 {
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let only = text
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let one_case = !text.bytes().any(|byte| byte.is_ascii_uppercase())
        || !text.bytes().any(|byte| byte.is_ascii_lowercase());
    if only && one_case && letters > 0 && letters < text.len() && text.len() >= 8 {
        letters as f32 * 1.75
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::rules::template::expand;

    /// Words of the sources below a folder: names as they are written, long enough to be taken for a value.
    fn names(folder: &Path, names: &mut BTreeSet<String>) {
        let mut entries: Vec<_> = std::fs::read_dir(folder)
            .expect("readable")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                names_of_folder(&path, names);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let words =
                    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'));
                names.extend(words.filter(|word| is_name(word)).map(str::to_owned));
            }
        }
    }

    /// Digests and keys stand in sources, too: what is a quarter digits, or longer than names are, is left out.
    fn is_name(word: &str) -> bool {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        (3..=40).contains(&word.len())
            && digits * 4 < word.len()
            && word.bytes().any(|byte| byte.is_ascii_lowercase())
    }

    fn names_of_folder(folder: &Path, all: &mut BTreeSet<String>) {
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        if !name.starts_with('.') && name != "target" {
            names(folder, all);
        }
    }

    const ALPHABETS: [&str; 5] = ["alnum", "hex", "lower", "base64url", "lowalnum"];

    fn random(len: usize, seeds: std::ops::Range<u64>) -> Vec<String> {
        ALPHABETS
            .iter()
            .flat_map(|alphabet| seeds.clone().map(move |seed| (alphabet, seed)))
            .filter_map(|(alphabet, seed)| expand(&format!("{{{alphabet}:{len}}}"), seed).ok())
            .collect()
    }

    /// Writes the table anew from the texts below the folder `STAGEGATE_WORDS`.
    #[test]
    #[ignore = "makes the table from a folder of sources"]
    fn make_the_table() {
        let folder = std::env::var("STAGEGATE_WORDS").expect("a folder");
        let mut spoken = BTreeSet::new();
        names(Path::new(&folder), &mut spoken);
        let count = |texts: &mut dyn Iterator<Item = &String>| {
            let mut counts = vec![1.0_f64; CLASSES * CLASSES];
            for (first, second) in texts.flat_map(|text| pairs(text)) {
                counts[first * CLASSES + second] += 1.0;
            }
            for row in counts.chunks_mut(CLASSES) {
                let sum: f64 = row.iter().sum();
                row.iter_mut().for_each(|cell| *cell /= sum);
            }
            counts
        };
        let human = count(&mut spoken.iter());
        let machine: Vec<String> = [8, 12, 20, 32, 40]
            .into_iter()
            .flat_map(|len| random(len, 1000..3000))
            .collect();
        let machine = count(&mut machine.iter());
        let mut table = String::new();
        for (at, (machine, human)) in machine.iter().zip(&human).enumerate() {
            let quarters = ((machine / human).log2() * 4.0).round().clamp(-40.0, 40.0);
            table.push_str(&format!(
                "{quarters}{}",
                if at % CLASSES == CLASSES - 1 {
                    '\n'
                } else {
                    '\t'
                }
            ));
        }
        std::fs::write("src/scan/likeness.tsv", table).expect("writable");
    }

    /// Shares of texts above a threshold: of the names of this source tree, and of random texts of three lengths.
    fn curve(threshold: f32, names: &BTreeSet<String>) -> (f64, Vec<f64>) {
        let share = |texts: &mut dyn Iterator<Item = &String>| {
            let mut all = 0.0;
            let above = texts
                .inspect(|_| all += 1.0)
                .filter(|text| randomness(text) >= threshold)
                .count();
            above as f64 / all
        };
        let found = [8, 12, 20, 32]
            .map(|len| share(&mut random(len, 0..400).iter()))
            .to_vec();
        (share(&mut names.iter()), found)
    }

    #[test]
    fn the_curve_is_as_documented() {
        let mut spoken = BTreeSet::new();
        // Not `rules` and `scan`, whose sources hold pieces of keys.
        for room in ["git", "hook", "policy", "report", "syntax"] {
            names(&Path::new("src").join(room), &mut spoken);
        }
        spoken.retain(|name| name.len() >= 6);
        let mut shown = String::new();
        for threshold in [-4.0, 0.0, 4.0, 8.0, 12.0, 16.0] {
            let (wrong, right) = curve(threshold, &spoken);
            shown.push_str(&format!(
                "{threshold}: names {wrong:.4}, random {right:.3?}\n"
            ));
        }
        let (wrong, right) = curve(RANDOM, &spoken);
        assert!(wrong < 0.02, "{} names\n{shown}", spoken.len());
        assert!(right[2] > 0.9 && right[3] > 0.97, "{shown}");
    }

    #[test]
    fn letters_of_other_alphabets_say_nothing() {
        assert_eq!(TABLE.len(), CLASSES * CLASSES);
        assert!(randomness("пароль").abs() < 8.0);
        assert_eq!(randomness(""), 0.0);
    }
}
