//! What a pattern says of itself: its groups, how large it becomes, which words every match holds, how many lines it may
//! reach over. Read from the parsed expression, so that nothing has to be compiled.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Longest pattern in bytes.
pub const LONGEST: usize = 8192;
/// Most states that repetitions may add up to.
const MOST_STATES: usize = 200_000;
/// Most words that are followed, where a pattern has alternatives.
const MOST_WORDS: usize = 64;
/// A pattern without an end reaches over so many lines.
const MOST_LINES: u16 = 100;

/// A parsed pattern.
pub struct Shape {
    hir: Hir,
}

impl Shape {
    /// Parses a pattern as the scanner does: on bytes, Unicode off.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn of(pattern: &str) -> Result<Self, String> {
        if pattern.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} bytes"));
        }
        let mut parser = ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .nest_limit(100)
            .build();
        let hir = parser.parse(pattern).map_err(|error| match error {
            regex_syntax::Error::Parse(error) => {
                format!("{} (at byte {})", error.kind(), error.span().start.offset)
            }
            regex_syntax::Error::Translate(error) => {
                format!("{} (at byte {})", error.kind(), error.span().start.offset)
            }
            _ => "it cannot be read".to_owned(),
        })?;
        let states = states(&hir);
        if states > MOST_STATES {
            return Err(format!(
                "its repetitions add up to {states} states; at most {MOST_STATES} are tried"
            ));
        }
        Ok(Self { hir })
    }

    /// Whether it finds something in nothing.
    pub fn may_be_empty(&self) -> bool {
        self.hir
            .properties()
            .minimum_len()
            .is_none_or(|least| least == 0)
    }

    /// The names of its groups; `None` for a group without a name.
    pub fn groups(&self) -> Vec<Option<String>> {
        let mut names = Vec::new();
        groups(&self.hir, &mut names);
        names
    }

    /// Whether the group of this number, from 1, takes at least one byte in every match.
    pub fn always_takes(&self, number: usize) -> bool {
        fn asks(hir: &Hir, number: u32) -> bool {
            match hir.kind() {
                HirKind::Capture(capture) if capture.index == number => capture
                    .sub
                    .properties()
                    .minimum_len()
                    .is_some_and(|least| least > 0),
                HirKind::Capture(capture) => asks(&capture.sub, number),
                HirKind::Concat(parts) => parts.iter().any(|part| asks(part, number)),
                HirKind::Repetition(repetition) => {
                    repetition.min > 0 && asks(&repetition.sub, number)
                }
                _ => false,
            }
        }
        u32::try_from(number).is_ok_and(|number| asks(&self.hir, number))
    }

    /// Words in lower case, one of which every match holds; the set whose shortest word is longest. Empty where none is sure.
    pub fn words(&self) -> Vec<String> {
        required(&self.hir).best
    }

    /// How many line ends a match may take, up to a bound.
    pub fn lines(&self) -> u16 {
        line_ends(&self.hir).min(MOST_LINES)
    }
}

fn states(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(_) => 1,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.max(1)).max(1);
            states(&repetition.sub).saturating_mul(times as usize)
        }
        HirKind::Capture(capture) => states(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts
            .iter()
            .fold(0, |sum, part| states(part).saturating_add(sum)),
    }
}

fn groups(hir: &Hir, names: &mut Vec<Option<String>>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            names.push(capture.name.as_deref().map(str::to_owned));
            groups(&capture.sub, names);
        }
        HirKind::Repetition(repetition) => groups(&repetition.sub, names),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| groups(part, names));
        }
        _ => {}
    }
}

/// What is sure of a part of a pattern.
struct Sure {
    /// All it can be, in lower case; `None` where that is much or unknown.
    whole: Option<Vec<String>>,
    /// Words, one of which it holds.
    best: Vec<String>,
}

fn shortest(words: &[String]) -> usize {
    words.iter().map(String::len).min().unwrap_or(0)
}

fn better(one: Vec<String>, other: Vec<String>) -> Vec<String> {
    if shortest(&other) > shortest(&one) {
        other
    } else {
        one
    }
}

fn required(hir: &Hir) -> Sure {
    let exact = |words: Vec<String>| Sure {
        best: if words.iter().any(String::is_empty) {
            Vec::new()
        } else {
            words.clone()
        },
        whole: Some(words),
    };
    let unknown = |best| Sure { whole: None, best };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => exact(vec![String::new()]),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) if text.is_ascii() => exact(vec![text.to_ascii_lowercase()]),
            _ => unknown(Vec::new()),
        },
        HirKind::Class(class) => match letters(class) {
            Some(words) => exact(words),
            None => unknown(Vec::new()),
        },
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) => {
            let inner = required(&repetition.sub);
            match (repetition.min, repetition.max) {
                (0, _) => unknown(Vec::new()),
                (1, Some(1)) => inner,
                _ => unknown(inner.best),
            }
        }
        HirKind::Alternation(parts) => {
            let all: Vec<Sure> = parts.iter().map(required).collect();
            let whole: Option<Vec<String>> = all
                .iter()
                .map(|sure| sure.whole.clone())
                .collect::<Option<Vec<_>>>()
                .map(|all| all.concat());
            let sure = all.iter().all(|sure| !sure.best.is_empty());
            let best: Vec<String> = if sure {
                all.into_iter().flat_map(|sure| sure.best).collect()
            } else {
                Vec::new()
            };
            let few = |words: &Vec<String>| words.len() <= MOST_WORDS;
            Sure {
                whole: whole.filter(few),
                best: Some(best).filter(few).unwrap_or_default(),
            }
        }
        HirKind::Concat(parts) => {
            let mut best = Vec::new();
            // What the parts so far can be, since the last unknown one.
            let mut run: Option<Vec<String>> = Some(vec![String::new()]);
            let mut whole = true;
            for part in parts {
                let sure = required(part);
                best = better(best, sure.best);
                run = match (run, sure.whole) {
                    (Some(run), Some(next)) if run.len() * next.len() <= MOST_WORDS => Some(
                        run.iter()
                            .flat_map(|start| next.iter().map(move |end| format!("{start}{end}")))
                            .collect(),
                    ),
                    (run, next) => {
                        whole = false;
                        best = better(best, run.unwrap_or_default());
                        next.or_else(|| Some(vec![String::new()]))
                    }
                };
            }
            let run = run.unwrap_or_default();
            best = better(best, run.clone());
            Sure {
                whole: whole.then_some(run),
                best,
            }
        }
    }
}

/// The characters of a small class, in lower case: `[Aa]` is one.
fn letters(class: &Class) -> Option<Vec<String>> {
    let mut all: Vec<String> = match class {
        Class::Bytes(bytes) => bytes
            .ranges()
            .iter()
            .flat_map(|range| (range.start()..=range.end()).take(9))
            .map(|byte| char::from(byte).to_ascii_lowercase().to_string())
            .collect(),
        Class::Unicode(characters) => characters
            .ranges()
            .iter()
            .flat_map(|range| (range.start()..=range.end()).take(9))
            .map(|character| character.to_ascii_lowercase().to_string())
            .collect(),
    };
    all.sort();
    all.dedup();
    (all.len() <= 4 && all.iter().all(|letter| letter.is_ascii())).then_some(all)
}

fn line_ends(hir: &Hir) -> u16 {
    match hir.kind() {
        HirKind::Literal(literal) => u16::from(literal.0.contains(&b'\n')),
        HirKind::Class(Class::Bytes(bytes)) => u16::from(
            bytes
                .ranges()
                .iter()
                .any(|range| (range.start()..=range.end()).contains(&b'\n')),
        ),
        HirKind::Class(Class::Unicode(characters)) => u16::from(
            characters
                .ranges()
                .iter()
                .any(|range| (range.start()..=range.end()).contains(&'\n')),
        ),
        HirKind::Repetition(repetition) => {
            let times = repetition
                .max
                .map_or(MOST_LINES, |most| u16::try_from(most).unwrap_or(MOST_LINES));
            line_ends(&repetition.sub).saturating_mul(times)
        }
        HirKind::Capture(capture) => line_ends(&capture.sub),
        HirKind::Concat(parts) => parts
            .iter()
            .fold(0_u16, |sum, part| sum.saturating_add(line_ends(part))),
        HirKind::Alternation(parts) => parts.iter().map(line_ends).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;

    fn words(pattern: &str) -> Vec<String> {
        Shape::of(pattern).expect("a pattern").words()
    }

    #[test]
    fn words_are_those_of_every_match() {
        assert_eq!(words(r"\b(acme_[a-z]{20})\b"), ["acme_"]);
        assert_eq!(words(r"(?i)acme[0-9]+key"), ["acme"]);
        assert_eq!(words(r"(?:live|test)_[0-9]{3}"), ["live_", "test_"]);
        assert_eq!(words(r"(?:acme)?[0-9]{9}"), [""; 0]);
        assert_eq!(words(r"[a-z]{32}"), [""; 0]);
    }

    #[test]
    fn lines_are_counted_up_to_a_bound() {
        let lines = |pattern| Shape::of(pattern).expect("a pattern").lines();
        assert_eq!(lines("abc[a-z]+"), 0);
        assert_eq!(lines(r"a[\s']{0,3}b\n"), 4);
        assert_eq!(lines(r"begin(?s:.)*end"), 100);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        assert!(Shape::of("(?:(?:[a-z]{1000}){1000})").is_err());
        assert!(Shape::of(&"a".repeat(9000)).is_err());
        assert!(Shape::of("(").is_err());
    }
}
