//! Makes untrusted text safe to print: paths, refs, key paths and excerpts come from whoever pushes.
//!
//! Older git clients hand the bytes of `remote:` lines to the terminal as they are, so the escaping is done here. The logs
//! of CI systems are read for commands (`##vso[task.setvariable ...]`, `::add-mask::`), and what a report quotes must not
//! be one, whatever format it is in.

use std::borrow::Cow;

/// Whether a terminal could act on the character or hide it instead of showing it.
pub(super) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Arabic letter mark, zero-width characters and marks, line and paragraph separators, embeddings and
            // overrides, isolates, byte order mark, language tags.
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// `text` with every hidden character written as `\u{..}`, and so the first sign of what a CI system would obey.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) && !text.contains("##") && !text.contains("::") {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let rest = &text[at..];
        let commands =
            begins_agent_command(rest) || before.is_whitespace() && begins_workflow_command(rest);
        if is_hidden(character) || commands {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
        before = character;
    }
    Cow::Owned(safe)
}

/// Whether an agent would take what follows for a command, wherever on a line it stands: Azure Pipelines `##vso[`, the
/// older form of GitHub's runner `##[`, TeamCity `##teamcity[`.
pub(super) fn begins_agent_command(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("##") else {
        return false;
    };
    let name = |prefix: &str| {
        rest.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    name("[") || name("vso[") || name("teamcity[")
}

/// Whether GitHub's runner would take what follows for a command, if it stood first on a line: `::name ...::`.
fn begins_workflow_command(text: &str) -> bool {
    text.strip_prefix("::").is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_alphabetic()) && rest.contains("::")
    })
}

/// `text` as one word of a shell command, so that a command we print can be pasted; `None` where the text holds
/// characters that cannot be shown, and so cannot be pasted either.
pub(super) fn shell_word(text: &str) -> Option<String> {
    if text.contains(is_hidden) || text.contains(char::REPLACEMENT_CHARACTER) {
        return None;
    }
    let plain = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-' | '/' | '@' | '+')
    };
    if !text.is_empty() && text.chars().all(plain) {
        Some(text.to_owned())
    } else {
        Some(format!("'{}'", text.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::{printable, shell_word};

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        for (text, expected) in [
            ("config/staging.yml", "config/staging.yml"),
            ("schlüssel/日本.yml", "schlüssel/日本.yml"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\nb\tc\u{7f}", "a\\u{a}b\\u{9}c\\u{7f}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}lmy.b\u{2066}", "a\\u{202e}lmy.b\\u{2066}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("a ##vso[x]b", "a \\u{23}#vso[x]b"),
            ("###[warning]x", "#\\u{23}#[warning]x"),
            ("##TeamCity[x]", "\\u{23}#TeamCity[x]"),
            ("## heading", "## heading"),
            ("::set-env name=a::b", "\\u{3a}:set-env name=a::b"),
            ("it ::debug::b", "it \\u{3a}:debug::b"),
            ("std::fs::read", "std::fs::read"),
            ("host ::1 or ::ffff:1", "host ::1 or ::ffff:1"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }

    #[test]
    fn commands_can_be_pasted_or_are_not_offered() {
        assert_eq!(shell_word("a/b-1.yml").as_deref(), Some("a/b-1.yml"));
        assert_eq!(shell_word("a b").as_deref(), Some("'a b'"));
        assert_eq!(shell_word("it's$(x)").as_deref(), Some(r"'it'\''s$(x)'"));
        assert_eq!(shell_word("").as_deref(), Some("''"));
        assert_eq!(shell_word("a\nb"), None);
    }
}
