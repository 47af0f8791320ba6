//! The header of a block, and what it says: `if env == "production"`, `class ProductionConfig`, `"production": {`.

use crate::model::{Strength, Tier, Vocabulary, words_of};

use super::super::name::label;

/// What a header says of the block.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Tier(Tier, Strength, String),
    /// Nothing; what is around it may say more.
    Nothing,
    /// That it is for several environments or for all but one, or a test; what is around it does not count.
    Stop,
}

/// What opens a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opener {
    /// Indentation, or a word at the end of the line.
    None,
    Bracket(char),
    /// `production)` of a shell's `case`.
    Arm,
    /// What a value is assigned to: `config['production']['password']`.
    Target,
    Condition,
}

/// The text before a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'t> {
    text: &'t str,
    opener: Opener,
}

/// Words that begin a condition.
const CONDITIONS: [&str; 14] = [
    "if", "elif", "elsif", "elseif", "when", "case", "unless", "[", "[[", "test", "#if", "#ifdef",
    "guard", "else",
];
const CLASSES: [&str; 11] = [
    "class",
    "enum",
    "extension",
    "impl",
    "interface",
    "module",
    "namespace",
    "object",
    "record",
    "struct",
    "trait",
];
const FUNCTIONS: [&str; 8] = [
    "def", "defp", "fn", "fun", "func", "function", "proc", "sub",
];
/// Calls and blocks that hold a test.
const TESTS: [&str; 9] = [
    "context", "describe", "feature", "it", "scenario", "specify", "suite", "test", "given",
];
/// Blocks that are for no branch of a choice.
const OTHERS: [&str; 14] = [
    "catch", "do", "except", "finally", "for", "foreach", "match", "select", "switch", "try",
    "until", "using", "while", "with",
];
/// Words beside an environment in the name of what holds its settings. `ProductionLine` is a thing of its own.
const NOUNS: [&str; 44] = [
    "account",
    "api",
    "app",
    "application",
    "auth",
    "base",
    "client",
    "cluster",
    "conf",
    "config",
    "configs",
    "configuration",
    "connection",
    "const",
    "constants",
    "cred",
    "credentials",
    "creds",
    "data",
    "database",
    "db",
    "defaults",
    "endpoint",
    "env",
    "environment",
    "host",
    "in",
    "is",
    "keys",
    "key",
    "mode",
    "on",
    "opts",
    "options",
    "params",
    "profile",
    "properties",
    "secret",
    "secrets",
    "server",
    "service",
    "settings",
    "site",
    "vars",
];

/// The brackets that are open where a line ends, each with the text before it, and the text behind the last.
pub(super) struct Parts<'t> {
    pub(super) around: Vec<Header<'t>>,
    pub(super) own: &'t str,
}

pub(super) fn parts(line: &str) -> Parts<'_> {
    let bytes = line.as_bytes();
    let mut open: Vec<(usize, usize, char)> = Vec::new();
    let mut arms: Vec<Header<'_>> = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => {
                match bytes[at + 1..].iter().position(|&byte| byte == quote) {
                    Some(len) => at += len + 1,
                    // The value itself stands in it, or it is an apostrophe.
                    None if at + 1 == bytes.len() => break,
                    None => {}
                }
            }
            bracket @ (b'{' | b'[' | b'(') => {
                open.push((start, at, bracket as char));
                start = at + 1;
            }
            b'}' | b']' | b')' => match open.pop() {
                Some((outer, ..)) => start = outer,
                None => {
                    if bytes[at] == b')' {
                        arms.push(Header::new(&line[start..at], Opener::Arm));
                    }
                    start = at + 1;
                }
            },
            b';' if line[at + 1..].trim_start().starts_with("then") => {}
            b',' | b';' => start = at + 1,
            _ => {}
        }
        at += 1;
    }
    let mut around = arms;
    around.extend(
        open.into_iter()
            .map(|(from, to, bracket)| Header::new(&line[from..to], Opener::Bracket(bracket))),
    );
    Parts {
        around,
        own: &line[start..],
    }
}

/// What the text right before a value and behind it says: a choice (`x ? "a" : "b"`, `"a" if x else "b"`, `x && y="a"`), and
/// the target of the assignment. Whether the header of the next line is not the value's, or is the condition of its choice.
pub(super) fn of_value<'t>(own: &'t str, behind: &'t str) -> (Vec<Header<'t>>, bool, bool) {
    let mut found = Vec::new();
    let behind = behind.trim_start_matches(['"', '\'', '`', ' ', ',', ')', ';']);
    if let Some(condition) = behind.strip_prefix("if ") {
        let end = condition.find(" else ").unwrap_or(condition.len());
        found.push(Header::condition(&condition[..end]));
    }
    let trimmed = own.trim();
    if trimmed.starts_with("? ") || trimmed == "?" {
        return (found, false, true);
    }
    if trimmed.starts_with(": ") || trimmed.starts_with(":'") || trimmed.starts_with(":\"") {
        return (found, true, false);
    }
    let choice = own.find(" ? ").map(|at| (&own[..at], &own[at + 3..]));
    if let Some((condition, first)) = choice {
        if !first.contains(" : ") {
            found.push(Header::condition(condition));
        }
    } else if let Some((condition, _)) = own.rsplit_once("&& ")
        && !own.contains("||")
        && is_condition(condition)
    {
        found.push(Header::condition(condition));
    } else if let Some(rest) = trimmed
        .strip_prefix("if (")
        .or_else(|| trimmed.strip_prefix("if("))
        && let Some(end) = closing(rest)
    {
        found.push(Header::condition(&rest[..end]));
    } else if let Some(rest) = trimmed.strip_prefix("if ")
        && !own.contains(" else ")
        && let Some(end) = rest.find(": ").or_else(|| rest.find("then "))
    {
        found.push(Header::condition(&rest[..end]));
    }
    let target = own.trim_end_matches(['"', '\'', '`', ' ', '\\']);
    if let Some(target) = target.strip_suffix(['=', ':', '>']) {
        let target = target.trim_end_matches(['=', ':', '-', ' ']);
        let from = target
            .rfind(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | '{' | ';'))
            .map_or(0, |at| at + 1);
        if target[from..].contains(['[', '.', '>']) {
            found.push(Header::new(
                target.get(from..).unwrap_or(""),
                Opener::Target,
            ));
        }
    }
    (found, false, false)
}

/// Where the parenthesis closes that was opened before a text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => return true,
            b')' => depth -= 1,
            _ => {}
        }
        false
    })
}

/// Whether what stands before `&&` is asked, and not a command that goes before another.
fn is_condition(text: &str) -> bool {
    let last = text.rsplit(';').next().unwrap_or(text).trim();
    last.starts_with(['[', '('])
        || last.starts_with("test ")
        || last.contains("==")
        || !last.contains(' ')
}

/// Whether a line is the pattern of a shell's `case`.
pub(super) fn is_arm(line: &str) -> bool {
    line.strip_suffix(')').is_some_and(|pattern| {
        !pattern.is_empty()
            && pattern
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"|*\"'-_ .?[]".contains(&byte))
    })
}

/// Whether a line opens a block by its words, in a text that is not known to be source code.
pub(super) fn opens_in_words(line: &str) -> bool {
    ["then", "do"].contains(&line.split_whitespace().last().unwrap_or(""))
        || line.starts_with("if ") && line.ends_with(':')
        || line.starts_with("when ")
}

pub(super) fn is_comment(line: &str) -> bool {
    let is_directive = ["#if", "#el", "#end"]
        .iter()
        .any(|word| line.starts_with(word));
    !is_directive
        && ["#", "//", "--", "/*", "* ", "*/", "%", "<!--"]
            .iter()
            .any(|mark| line.starts_with(mark))
}

impl<'t> Header<'t> {
    pub(super) const fn new(text: &'t str, opener: Opener) -> Self {
        Self { text, opener }
    }

    pub(super) const fn condition(text: &'t str) -> Self {
        Self::new(text, Opener::Condition)
    }

    pub(super) fn read(self, vocabulary: &Vocabulary) -> Said {
        let text = self
            .text
            .trim_matches([' ', '\t', '\r', '}', ')', ']', ';', ',']);
        if text.is_empty() || self.text.trim().is_empty() {
            return Said::Nothing;
        }
        match self.opener {
            Opener::Condition => return of_condition(self.text, vocabulary),
            Opener::Arm => return of_arm(self.text, vocabulary),
            Opener::Target => return of_target(self.text, vocabulary),
            Opener::Bracket(_) | Opener::None => {}
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let first = words[0].split('(').next().unwrap_or("");
        if CONDITIONS.contains(&first) && !is_key_of_words(text) {
            let is_subject = first == "case" && text.ends_with(" in");
            let is_else =
                first == "else" && words.get(1).is_none_or(|next| !next.starts_with("if"));
            if is_subject || is_else {
                return Said::Nothing;
            }
            return of_condition(text, vocabulary);
        }
        if OTHERS.contains(&first) && !is_key_of_words(text) {
            return Said::Nothing;
        }
        let is_call =
            self.opener == Opener::Bracket('(') || text.ends_with("do") || text.contains('(');
        if TESTS.contains(&first) && is_call {
            return Said::Stop;
        }
        if is_arm(self.text.trim()) {
            return of_arm(self.text.trim().trim_end_matches(')'), vocabulary);
        }
        if let Some(name) = declared(&words, &FUNCTIONS) {
            return of_function(name, vocabulary);
        }
        if let Some(name) = declared(&words, &CLASSES) {
            return of_name(name, Strictness::Nouns, vocabulary);
        }
        if let Some((arm, _)) = text.rsplit_once("=>").or_else(|| text.rsplit_once("->")) {
            let arm = arm.trim();
            return if arm.contains('(')
                || arm.contains(' ') && !arm.contains('|') && !arm.starts_with(['"', '\''])
            {
                Said::Nothing
            } else {
                of_arm(arm, vocabulary)
            };
        }
        if let Some(target) = assigned(text) {
            return of_target(target, vocabulary);
        }
        match self.opener {
            Opener::Bracket('(') => of_name(last_name(text), Strictness::Nouns, vocabulary),
            Opener::Bracket('{') if text.ends_with("()") => {
                of_function(last_name(text.trim_end_matches("()")), vocabulary)
            }
            Opener::Bracket('{') | Opener::None => of_block(text, vocabulary),
            _ => Said::Nothing,
        }
    }
}

/// `case: {` and `test = [` are keys.
fn is_key_of_words(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or("");
    let second = words.next().unwrap_or("");
    (first.ends_with(':') && second.is_empty() && first != "else:")
        || ["=", ":", "=>", ":="].contains(&second)
}

/// The name that a keyword declares.
fn declared<'t>(words: &[&'t str], keywords: &[&str]) -> Option<&'t str> {
    let at = words
        .iter()
        .take(4)
        .rposition(|word| keywords.contains(word))?;
    let name = words.get(at + 1)?;
    let end = name
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(name.len());
    (end > 0).then(|| &name[..end])
}

/// What stands before the operator of an assignment or behind a key.
fn assigned(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                at += bytes[at + 1..].iter().position(|&byte| byte == quote)? + 1;
            }
            b':' if bytes.get(at + 1) == Some(&b':') => at += 1,
            b':' if at > 0 && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) => {}
            b':' if at == 0 => {}
            b':' => return Some(&text[..at]),
            b'=' if matches!(bytes.get(at + 1), Some(b'=' | b'>' | b'~')) => return None,
            b'=' if at > 0 && b"!<>=".contains(&bytes[at - 1]) => return None,
            b'=' => return Some(&text[..at]),
            _ => {}
        }
        at += 1;
    }
    None
}

/// `connect` of `return shop.connect`.
fn last_name(text: &str) -> &str {
    let text = text.trim_end();
    let from = text
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(0, |at| {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        });
    &text[from..]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// Any other words may stand in the name.
    Any,
    /// Only such as belong to settings; another name supports.
    Nouns,
}

fn of_name(name: &str, strictness: Strictness, vocabulary: &Vocabulary) -> Said {
    let Some((tier, word)) = vocabulary.tier_of_name(name) else {
        return Said::Nothing;
    };
    let plain = || {
        words_of(name).iter().all(|other| {
            NOUNS.contains(&other.as_str())
                || word.ends_with(other.trim_end_matches(|c: char| c.is_ascii_digit()))
                || word.starts_with(other.as_str())
        })
    };
    if strictness == Strictness::Any || plain() {
        Said::Tier(tier, label(tier), word)
    } else {
        Said::Tier(tier, Strength::Supporting, word)
    }
}

/// What a function does says little of the values in it.
fn of_function(name: &str, vocabulary: &Vocabulary) -> Said {
    let words = words_of(name);
    if words.first().is_some_and(|word| word == "test") {
        return Said::Stop;
    }
    match vocabulary.tier_of_name(name) {
        Some((tier, word)) => Said::Tier(tier, Strength::Supporting, word),
        None => Said::Nothing,
    }
}

/// `production|prod)`, `"production" =>`, `Env::Production =>`.
fn of_arm(text: &str, vocabulary: &Vocabulary) -> Said {
    let mut all: Option<(Tier, String)> = None;
    for pattern in text.split(['|', ',']) {
        let pattern = pattern.trim().trim_matches(['"', '\'', '(', '*', ' ', '`']);
        let pattern = pattern.trim_start_matches(':');
        let last = pattern.rsplit(['.', ':']).next().unwrap_or(pattern);
        let name = if pattern.contains("::") || pattern.contains('.') {
            last
        } else {
            pattern
        };
        let Some((tier, word)) = vocabulary.tier_of_environment(name) else {
            return if all.is_some() {
                Said::Stop
            } else {
                Said::Nothing
            };
        };
        if all.as_ref().is_some_and(|(known, _)| *known != tier) {
            return Said::Stop;
        }
        all = Some((tier, word));
    }
    all.map_or(Said::Nothing, |(tier, word)| {
        Said::Tier(tier, label(tier), word)
    })
}

/// `$db['production']`, `export const prodConfig`.
fn of_target(text: &str, vocabulary: &Vocabulary) -> Said {
    let text = text.trim();
    // A type may follow, and modifiers come before; a chain has no blanks.
    let chain = if text.ends_with(['"', '\'']) {
        text
    } else {
        text.split_whitespace().last().unwrap_or(text)
    };
    // A map's own type: `map[string]Config`.
    if chain.len() > 128 || words_of(chain).len() > 12 {
        return Said::Nothing;
    }
    of_name(chain, Strictness::Any, vocabulary)
}

/// `configure :production do`, `stage('Deploy to production') {`, `node 'db.prod.example.com' {`, `production {`.
fn of_block(text: &str, vocabulary: &Vocabulary) -> Said {
    for piece in pieces(text) {
        let told = match piece {
            Piece::String(string) if string.contains(' ') => {
                let words = words_of(string);
                vocabulary.tier_of_name(string).map(|(tier, word)| {
                    let ends = words
                        .last()
                        .is_some_and(|last| word.ends_with(last.as_str()));
                    let sure =
                        ends && words.len() <= 4 && !words.iter().any(|word| is_negation(word));
                    (
                        tier,
                        if sure {
                            label(tier)
                        } else {
                            Strength::Supporting
                        },
                        word,
                    )
                })
            }
            Piece::String(string) => {
                let name = match string.rsplit_once('.') {
                    Some((labels, _)) => labels,
                    None => string,
                };
                vocabulary
                    .tier_of_name(name)
                    .map(|(tier, word)| (tier, label(tier), word))
            }
            Piece::Name(name) => match of_name(name, Strictness::Nouns, vocabulary) {
                Said::Tier(tier, strength, word)
                    if strength != Strength::Supporting || tier != Tier::Production =>
                {
                    Some((tier, strength, word))
                }
                _ => None,
            },
        };
        if let Some((tier, strength, word)) = told {
            return Said::Tier(tier, strength, word);
        }
    }
    Said::Nothing
}

fn is_negation(word: &str) -> bool {
    matches!(
        word,
        "not"
            | "isnt"
            | "ne"
            | "unless"
            | "except"
            | "ifndef"
            | "non"
            | "no"
            | "never"
            | "like"
            | "before"
            | "from"
    )
}

fn of_condition(text: &str, vocabulary: &Vocabulary) -> Said {
    let mut tiers: Vec<(Tier, Strength, String)> = Vec::new();
    let mut negated =
        text.replace("!!", "").contains('!') || text.contains("<>") || text.contains("-z ");
    let mut others = text.matches("||").count();
    let mut is_string_before = false;
    for (at, piece) in pieces(text).enumerate() {
        let told = match piece {
            Piece::String(string) => {
                is_string_before = true;
                // What is compared, and not what it is compared with.
                let is_variable = string.contains('$')
                    || ["env", "environment", "stage", "mode"]
                        .contains(&string.to_ascii_lowercase().as_str());
                let named = (!string.contains(' ') && !is_variable)
                    .then(|| vocabulary.tier_of_environment(string));
                named
                    .flatten()
                    .map(|(tier, word)| (tier, label(tier), word))
            }
            Piece::Name(name) => {
                let lower = name.to_ascii_lowercase();
                negated |= is_negation(&lower) || name == "unless";
                others += usize::from(lower == "or");
                if at == 0 && lower == "test"
                    || TESTS.contains(&lower.as_str()) && !is_string_before
                {
                    continue;
                }
                let name = ["is_", "is", "Is", "in_"]
                    .iter()
                    .find_map(|prefix| name.strip_prefix(prefix))
                    .filter(|rest| {
                        rest.starts_with(|c: char| c.is_uppercase() || c.is_lowercase())
                            && !rest.is_empty()
                    })
                    .filter(|rest| vocabulary.tier_of_name(rest).is_some())
                    .unwrap_or(name);
                match of_name(name, Strictness::Nouns, vocabulary) {
                    Said::Tier(tier, strength, word) => Some((tier, strength, word)),
                    _ => None,
                }
            }
        };
        tiers.extend(told);
    }
    let Some((tier, ..)) = tiers.first() else {
        return Said::Nothing;
    };
    let agree = tiers.iter().all(|(other, ..)| other == tier);
    if negated || !agree || others >= tiers.len() {
        return Said::Stop;
    }
    let best = tiers.into_iter().max_by_key(|(_, strength, _)| *strength);
    best.map_or(Said::Nothing, |(tier, strength, word)| {
        Said::Tier(tier, strength, word)
    })
}

enum Piece<'t> {
    String(&'t str),
    Name(&'t str),
}

/// The literals and names of a text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        while at < bytes.len() {
            let byte = bytes[at];
            if matches!(byte, b'"' | b'\'' | b'`')
                && let Some(len) = bytes[at + 1..].iter().position(|&other| other == byte)
            {
                let piece = &text[at + 1..at + 1 + len];
                at += len + 2;
                return Some(Piece::String(piece));
            }
            if is_name(byte) {
                // `non-prod` of a shell is one word.
                let len = bytes[at..]
                    .iter()
                    .position(|&byte| !(is_name(byte) || byte == b'-'))
                    .unwrap_or(bytes.len() - at);
                let piece = &text[at..at + len];
                let is_bare = at > 0 && matches!(bytes[at - 1], b':' | b' ' | b'.');
                // A symbol: `:test`.
                let is_symbol = at > 0
                    && bytes[at - 1] == b':'
                    && at
                        .checked_sub(2)
                        .is_none_or(|at| bytes[at] == b' ' || bytes[at] == b'(');
                at += len;
                return Some(if is_symbol || is_bare && piece.contains('-') {
                    Piece::String(piece)
                } else {
                    Piece::Name(piece)
                });
            }
            at += 1;
        }
        None
    })
}
