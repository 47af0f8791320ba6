//! The block of source code around a value: the branch of a condition, a class, a literal, a call. What a program uses where
//! its environment is production is production's, whatever it is called. A block's header is read as a key is: production's
//! is believed, any other agrees.
//!
//! No language is parsed. A line that is indented less is the header of what follows, and an open bracket has one before it
//! on its line; that holds for what people write and what their formatters make of it. Conditions of template engines and
//! of preprocessors are counted instead, because their indentation says nothing.

mod directive;
mod header;

use crate::model::{Strength, Tier, Vocabulary};
use crate::syntax::Syntax;

use super::{Evidence, Surroundings};
use header::{Header, Opener, Said};

/// Bytes before a value that are looked at.
const REACH: usize = 32 << 10;
/// Headers around a value that are read.
const MOST: usize = 12;
/// Longer lines are nobody's headers.
const LONGEST: usize = 400;

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    // The line reader knows the simple ones as sections.
    if found.signals.iter().any(|signal| signal.kind == "section") {
        return;
    }
    let text = around.document.text();
    let (start, end) = (around.span.start, around.span.end);
    let (Some(before), Some(behind)) = (
        text.get(start.saturating_sub(REACH)..start),
        text.get(end..text.len().min(end + LONGEST)),
    ) else {
        return;
    };
    let syntax = around.document.syntax();
    let told = directive::of(before, around.vocabulary).or_else(|| {
        if syntax == Syntax::Hcl {
            return of_choice(before, behind, around.vocabulary);
        }
        let is_code = matches!(syntax, Syntax::Code | Syntax::Shell);
        (is_code || syntax == Syntax::Lines)
            .then(|| of_code(before, behind, is_code, around.vocabulary))
            .flatten()
    });
    if let Some((tier, strength, word)) = told {
        let text = format!("the block around it is for {tier} (\"{word}\")");
        found.say("block", tier, strength, text);
    }
}

type Told = (Tier, Strength, String);

/// What the choice says that the value is an outcome of: `terraform.workspace == "production" ? "a" : "b"`.
fn of_choice(before: &[u8], behind: &[u8], vocabulary: &Vocabulary) -> Option<Told> {
    let line = before.rsplit(|&byte| byte == b'\n').next()?;
    let line = std::str::from_utf8(line)
        .ok()
        .filter(|line| line.len() <= LONGEST)?;
    let behind = String::from_utf8_lossy(behind.split(|&byte| byte == b'\n').next()?);
    let (_, choice) = line
        .split_once('=')
        .filter(|(_, choice)| choice.contains(" ? "))?;
    let (headers, ..) = header::of_value(choice, &behind);
    match headers.into_iter().next()?.read(vocabulary) {
        Said::Tier(tier, strength, word) => Some((tier, strength, word)),
        Said::Nothing | Said::Stop => None,
    }
}

fn of_code(before: &[u8], behind: &[u8], is_code: bool, vocabulary: &Vocabulary) -> Option<Told> {
    let read = |header: Header<'_>| header.read(vocabulary);
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let line = String::from_utf8_lossy(&before[line_start..]);
    let behind = behind.split(|&byte| byte == b'\n').next().unwrap_or(b"");
    let behind = String::from_utf8_lossy(behind);
    // A minified file is one line.
    let from = line.len().saturating_sub(LONGEST);
    let own = line.get(from..).unwrap_or("");
    let parts = header::parts(own);
    let mut headers: Vec<Header<'_>> = Vec::new();
    let (of_value, skip_next, is_chosen) = header::of_value(parts.own, &behind);
    headers.extend(of_value);
    headers.extend(parts.around.into_iter().rev());
    for header in headers {
        match read(header) {
            Said::Tier(tier, strength, word) => return Some((tier, strength, word)),
            Said::Nothing => {}
            Said::Stop => return None,
        }
    }
    let mut skip_next = skip_next;
    let mut is_chosen = is_chosen;
    let mut indent = indent_of(&before[line_start..]);
    let mut left = MOST;
    let mut ended = false;
    let mut decorated = false;
    for line in before[..line_start.saturating_sub(1)].rsplit(|&byte| byte == b'\n') {
        if line.len() > LONGEST {
            return None;
        }
        let line = String::from_utf8_lossy(line);
        let content = line.trim();
        if content.is_empty() || header::is_comment(content) {
            continue;
        }
        let here = indent_of(line.as_bytes());
        // `@Profile("prod")` stands above the header that it is about.
        if here == indent && decorated && content.starts_with('@') {
            match read(Header::condition(content.trim_start_matches('@'))) {
                Said::Tier(tier, strength, word) if content.starts_with("@Profile") => {
                    return Some((tier, strength, word));
                }
                Said::Stop if content.starts_with("@Profile") => return None,
                _ => continue,
            }
        }
        decorated = false;
        let is_arm = here == indent && !ended && header::is_arm(content);
        ended |= here == indent && content.ends_with(";;");
        if here >= indent && !is_arm {
            continue;
        }
        // A bracket on a line of its own has its header above.
        let is_bracket = matches!(content, "{" | "(" | "[");
        indent = here + usize::from(is_bracket);
        if is_bracket {
            continue;
        }
        decorated = true;
        ended = is_arm;
        left = left.checked_sub(1)?;
        // The other branch of a choice whose condition stands on the line above.
        if std::mem::take(&mut skip_next) {
            return None;
        }
        let parts = header::parts(content);
        let opened = parts.around;
        let headers: Vec<Header<'_>> = if opened.is_empty() {
            let is_header = is_code || is_arm || header::opens_in_words(content);
            let header = match std::mem::take(&mut is_chosen) {
                true => Header::condition(content),
                false => Header::new(content, Opener::None),
            };
            is_header.then_some(header).into_iter().collect()
        } else {
            opened.into_iter().rev().collect()
        };
        for header in headers {
            match read(header) {
                Said::Tier(tier, strength, word) => return Some((tier, strength, word)),
                Said::Nothing => {}
                Said::Stop => return None,
            }
        }
    }
    None
}

/// Blanks at the beginning of a line; a tab is as good as eight of them.
fn indent_of(line: &[u8]) -> usize {
    line.iter()
        .map_while(|byte| match byte {
            b' ' => Some(1),
            b'\t' => Some(8),
            _ => None,
        })
        .sum()
}
