//! What every match of a pattern has, read off the pattern: where it is missing, the pattern need not be tried, nor be compiled.
//! To compile one takes longer than to search a small commit.

use regex_syntax::hir::{Hir, HirKind};
use serde::{Deserialize, Serialize};

/// Bytes of one class at a known place behind the beginning of a match: `path` is a word of half the source code there is,
/// `pat` and fourteen letters and digits is not, and the pattern need not be tried to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    from: u8,
    len: u8,
    class: Class,
}

/// Classes of bytes, each with all that is in those before it that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Class {
    /// `0-9`
    Digits,
    /// `0-9a-f` in any case.
    Hexadecimal,
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits and what base64 and names have beside them: `+/=_-.`
    Token,
}

impl Class {
    const ALL: [Self; 4] = [
        Self::Digits,
        Self::Hexadecimal,
        Self::Alphanumeric,
        Self::Token,
    ];

    const fn holds(self, byte: u8) -> bool {
        HELD[byte as usize] & 1 << self as u8 != 0
    }

    /// The smallest that holds all bytes of a part of a pattern, if it is a class.
    fn of(hir: &Hir) -> Option<Self> {
        let HirKind::Class(class) = hir.kind() else {
            return None;
        };
        let regex_syntax::hir::Class::Bytes(class) = class else {
            return None;
        };
        let bytes = || {
            let ranges = class.iter();
            ranges.flat_map(|range| range.start()..=range.end())
        };
        Self::ALL
            .into_iter()
            .find(|own| bytes().all(|byte| own.holds(byte)))
    }
}

/// For each byte the classes that hold it, one bit a class.
const HELD: [u8; 256] = {
    let mut held = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let alphanumeric = byte.is_ascii_alphanumeric();
        let token = alphanumeric || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'.');
        held[at] = (byte.is_ascii_digit() as u8) << Class::Digits as u8
            | (byte.is_ascii_hexdigit() as u8) << Class::Hexadecimal as u8
            | (alphanumeric as u8) << Class::Alphanumeric as u8
            | (token as u8) << Class::Token as u8;
        at += 1;
    }
    held
};

impl Run {
    /// The longest of a rule's pattern whose place is known.
    pub(super) fn of(hir: &Hir) -> Option<Self> {
        fn flat<'h>(hir: &'h Hir, parts: &mut Vec<&'h Hir>) {
            match hir.kind() {
                HirKind::Concat(more) => more.iter().for_each(|part| flat(part, parts)),
                HirKind::Capture(capture) => flat(&capture.sub, parts),
                _ => parts.push(hir),
            }
        }
        let mut parts = Vec::new();
        flat(hir, &mut parts);
        let mut longest: Option<Self> = None;
        let mut from = 0;
        for part in parts {
            if let HirKind::Repetition(repetition) = part.kind()
                && let Some(class) = Class::of(&repetition.sub)
                && longest.is_none_or(|run| repetition.min > u32::from(run.len))
            {
                longest = u8::try_from(from).ok().map(|from| Self {
                    from,
                    len: repetition.min.min(u32::from(u8::MAX)) as u8,
                    class,
                });
            }
            let properties = part.properties();
            let len = properties.minimum_len()?;
            if properties.maximum_len() != Some(len) {
                break;
            }
            from += len;
        }
        longest.filter(|run| run.len > 3)
    }

    /// Whether it stands behind a beginning at `at`.
    pub fn stands(self, bytes: &[u8], at: usize) -> bool {
        let from = at + usize::from(self.from);
        bytes
            .get(from..from + usize::from(self.len))
            .is_some_and(|run| run.iter().all(|&byte| self.class.holds(byte)))
    }
}

/// Needs of a rule that are kept.
pub(super) const MOST: usize = 3;
/// A shorter run stands everywhere.
const SHORTEST: u32 = 6;

/// What every match has somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Need {
    /// So many bytes of one class without another between them.
    Run(Class, u8),
    /// A sign.
    Sign(u8),
}

impl Need {
    /// Whether a text has it.
    pub fn stands(self, text: &[u8]) -> bool {
        match self {
            Self::Sign(sign) => text.contains(&sign),
            Self::Run(class, len) => {
                let (mut at, len) = (0, usize::from(len));
                // From behind: what does not belong to the class rules out all that would hold it.
                while let Some(run) = text.get(at..at + len) {
                    match run.iter().rposition(|&byte| !class.holds(byte)) {
                        Some(other) => at += other + 1,
                        None => return true,
                    }
                }
                false
            }
        }
    }

    /// How much it says: the more, the fewer texts have it by chance.
    const fn weight(self) -> u32 {
        match self {
            Self::Run(class, len) => {
                // Words are runs of letters, paths and names are such of tokens.
                let each = match class {
                    Class::Digits => 6,
                    Class::Hexadecimal => 5,
                    Class::Alphanumeric => 3,
                    Class::Token => 2,
                };
                each * len as u32
            }
            Self::Sign(_) => 40,
        }
    }
}

/// What every match of a pattern has, the most telling first. A sign that stands in a keyword says nothing more than the keyword.
pub(super) fn needs(hir: &Hir, keywords: &[String]) -> [Option<Need>; MOST] {
    let mut all = needed(hir);
    all.retain(|need| match need {
        Need::Run(_, len) => u32::from(*len) >= SHORTEST,
        Need::Sign(sign) => !keywords.iter().any(|word| word.as_bytes().contains(sign)),
    });
    all.sort_by_key(|need| std::cmp::Reverse(need.weight()));
    let implied = |need: &Need, by: &Need| match (need, by) {
        (Need::Run(class, len), Need::Run(narrower, longer)) => {
            (*narrower as u8) < *class as u8 && longer >= len
        }
        _ => false,
    };
    let telling = |need: &&Need| !all.iter().any(|by| implied(need, by));
    let mut all = all.iter().filter(telling).copied();
    std::array::from_fn(|_| all.next())
}

/// Of each class the longest run, and the signs.
fn needed(hir: &Hir) -> Vec<Need> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) => runs(&[hir]),
        HirKind::Literal(literal) => {
            let mut all = runs(&[hir]);
            let signs = literal.0.iter().filter(|byte| byte.is_ascii_punctuation());
            all.extend(signs.map(|&sign| Need::Sign(sign)));
            all
        }
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min == 0 => Vec::new(),
        HirKind::Repetition(repetition) => {
            let mut all = runs(&[hir]);
            all.extend(needed(&repetition.sub));
            longest(all)
        }
        HirKind::Concat(parts) => {
            let mut all = runs(&parts.iter().collect::<Vec<_>>());
            all.extend(parts.iter().flat_map(needed));
            longest(all)
        }
        HirKind::Alternation(ways) => {
            let mut ways = ways.iter().map(needed);
            let first = ways.next().unwrap_or_default();
            ways.fold(first, |all, way| common(&all, &way))
        }
    }
}

/// Of each class the longest run, and each sign once.
fn longest(all: Vec<Need>) -> Vec<Need> {
    let mut kept: Vec<Need> = Vec::new();
    for need in all {
        match (need, kept.iter_mut().find(|kept| same_kind(**kept, need))) {
            (Need::Run(_, len), Some(Need::Run(_, known))) => *known = len.max(*known),
            (_, Some(_)) => {}
            (_, None) => kept.push(need),
        }
    }
    kept
}

fn same_kind(one: Need, other: Need) -> bool {
    match (one, other) {
        (Need::Run(one, _), Need::Run(other, _)) => one == other,
        (Need::Sign(one), Need::Sign(other)) => one == other,
        _ => false,
    }
}

/// What matches of both ways have.
fn common(one: &[Need], other: &[Need]) -> Vec<Need> {
    let shared = one.iter().filter_map(|&need| {
        let twin = other.iter().find(|&&twin| same_kind(need, twin))?;
        Some(match (need, twin) {
            (Need::Run(class, len), Need::Run(_, twin)) => Need::Run(class, len.min(*twin)),
            _ => need,
        })
    });
    shared.collect()
}

/// Of each class the longest run that parts which follow each other have together.
fn runs(parts: &[&Hir]) -> Vec<Need> {
    let of_class = |class: Class| {
        let (mut longest, mut so_far) = (0_usize, 0_usize);
        for part in parts {
            match only(part, class) {
                true => {
                    so_far = so_far.saturating_add(part.properties().minimum_len().unwrap_or(0))
                }
                false => so_far = 0,
            }
            longest = longest.max(so_far);
        }
        Need::Run(class, u8::try_from(longest).unwrap_or(u8::MAX))
    };
    Class::ALL
        .map(of_class)
        .into_iter()
        .filter(|need| !matches!(need, Need::Run(_, 0)))
        .collect()
}

/// Whether whatever a part matches is made of bytes of a class, and of nothing else.
fn only(hir: &Hir, class: Class) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|&byte| class.holds(byte)),
        HirKind::Class(_) => Class::of(hir).is_some_and(|own| own as u8 <= class as u8),
        HirKind::Repetition(repetition) => only(&repetition.sub, class),
        HirKind::Capture(capture) => only(&capture.sub, class),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().all(|part| only(part, class))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Need, needs};

    fn of(pattern: &str, keywords: &[&str]) -> Vec<Need> {
        let mut parser = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build();
        let keywords: Vec<String> = keywords.iter().map(|&word| word.to_owned()).collect();
        let hir = parser.parse(pattern).expect("a pattern");
        needs(&hir, &keywords).into_iter().flatten().collect()
    }

    #[test]
    fn runs_and_signs_are_read_off_a_pattern() {
        assert_eq!(
            of(r"bot(?P<secret>[0-9]{8,10}:[A-Za-z0-9_-]{35})\b", &["bot"]),
            [
                Need::Run(Class::Token, 35),
                Need::Run(Class::Digits, 8),
                Need::Sign(b':'),
            ]
        );
        assert_eq!(
            of(r"://[^\s:@/]+:(?P<secret>[^\s@]+)@[a-z.]+", &["://"]),
            [Need::Sign(b'@')]
        );
        assert_eq!(
            of(r"\bAKIA[0-9A-Z]{16}\b", &["akia"]),
            [Need::Run(Class::Alphanumeric, 20)]
        );
    }

    #[test]
    fn what_may_be_missing_is_not_needed() {
        assert_eq!(of(r"(?:[0-9a-f]{32}@)?x", &[]), []);
        assert_eq!(of(r"x(?:[0-9a-f]{32}|[^@]{40})", &[]), []);
        assert_eq!(
            of(r"x(?:[0-9a-f]{32}|[0-9]{20}-)", &[]),
            [
                Need::Run(Class::Hexadecimal, 20),
                Need::Run(Class::Token, 22)
            ]
        );
        assert_eq!(
            of(r"(?:ab[0-9]{5} ){9}", &[]),
            [Need::Run(Class::Hexadecimal, 7)]
        );
    }

    #[test]
    fn a_run_is_found_wherever_it_stands() {
        let need = Need::Run(Class::Digits, 6);
        for (text, stands) in [
            ("", false),
            ("12345", false),
            ("123456", true),
            ("12345x123456", true),
            ("a12345b12345c", false),
            ("abcdefghijk1234567", true),
        ] {
            assert_eq!(need.stands(text.as_bytes()), stands, "{text}");
        }
    }
}
