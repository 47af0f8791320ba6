//! A comment on the line of the value or directly above it: `# prod key, do not use`. Anybody writes anything there, so it
//! only supports, and only production: and not where it speaks of what is to be done in production (`# change in prod`).

use crate::model::{Strength, Tier, words_of};

use super::{Evidence, Surroundings};

/// Bytes of a line that are looked at.
const REACH: usize = 300;
/// Comment lines above the value that are looked at.
const LINES: usize = 2;

/// What follows an environment word where the value is meant.
const NOUNS: [&str; 20] = [
    "account",
    "api",
    "cred",
    "credential",
    "credentials",
    "creds",
    "database",
    "db",
    "instance",
    "key",
    "keys",
    "login",
    "one",
    "pass",
    "password",
    "secret",
    "secrets",
    "token",
    "user",
    "value",
];
/// What turns it around, up to three words before.
const NEGATIONS: [&str; 8] = [
    "isn", "never", "no", "non", "not", "replace", "unlike", "without",
];

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let text = around.document.text();
    let after = &text[around.span.end..text.len().min(around.span.end + REACH)];
    let after = after.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    let behind = after.and_then(|after| {
        let after = std::str::from_utf8(after).ok()?;
        let rest = after.trim_start_matches(['"', '\'', '`', ',', ';', ')', '}']);
        comment_in(rest.trim_start())
    });
    if speaks(behind, around) {
        return say(found);
    }
    let mut end = text[..around.span.start]
        .iter()
        .rev()
        .take(REACH)
        .position(|&byte| byte == b'\n')
        .map(|back| around.span.start - back - 1);
    for _ in 0..LINES {
        let Some(line_end) = end else { return };
        let reach = &text[line_end.saturating_sub(REACH)..line_end];
        let start = reach.iter().rposition(|&byte| byte == b'\n');
        let line = &reach[start.map_or(0, |at| at + 1)..];
        let comment = std::str::from_utf8(line)
            .ok()
            .and_then(|line| comment_in(line.trim_start()));
        let Some(comment) = comment else { return };
        // A setting that is commented out says nothing of the next one.
        if !comment.contains('=') && speaks(Some(comment), around) {
            return say(found);
        }
        end = line_end.checked_sub(line.len() + 1);
    }
}

/// The words of a text that begins with a mark of comments.
fn comment_in(text: &str) -> Option<&str> {
    ["#", "//", "--", "<!--", "/*", "* "]
        .iter()
        .find_map(|mark| text.strip_prefix(mark))
}

fn speaks(comment: Option<&str>, around: &Surroundings<'_>) -> bool {
    let Some(comment) = comment else { return false };
    let words = words_of(comment);
    let is_production = |word: &str| {
        word == "live"
            || matches!(
                around.vocabulary.tier_of_name(word),
                Some((Tier::Production, _))
            )
    };
    words.iter().enumerate().any(|(at, word)| {
        let next = words.get(at + 1).map(String::as_str);
        let is_meant = next.is_some_and(|next| NOUNS.contains(&next)) || words.len() == 1;
        let negated = words[at.saturating_sub(3)..at]
            .iter()
            .any(|word| NEGATIONS.contains(&word.as_str()));
        is_meant && !negated && is_production(word)
    })
}

fn say(found: &mut Evidence) {
    found.say(
        "comment",
        Tier::Production,
        Strength::Supporting,
        "a comment beside it calls it production's".to_owned(),
    );
}
