//! Inline comments that let a value pass: `stagegate:allow`, `stagegate:allow RULE`, `stagegate:allow RULE: reason`,
//! `stagegate:allow: reason`, on the line of the value. Whether they count is the policy's to say.

use std::ops::Range;

const MARK: &[u8] = b"stagegate:allow";
/// The mark of gitleaks, which knows neither rule nor reason.
const GITLEAKS: &[u8] = b"gitleaks:allow";
/// As much is looked at on either side of the value: a line of a person, not one of a minifier.
const FAR: usize = 4096;

/// What a comment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The rule that it is for; `None` for any.
    pub rule: Option<String>,
    /// Why, as written; empty where it does not say.
    pub reason: String,
}

impl Allow {
    /// Whether it is meant for findings of a rule.
    pub fn is_for(&self, rule: &str) -> bool {
        self.rule.as_deref().is_none_or(|own| own == rule)
    }
}

/// Whether gitleaks's own comment stands beside a value.
pub fn gitleaks_beside(text: &[u8], value: &Range<usize>) -> bool {
    let holds = |line: &[u8]| memchr::memmem::find(line, GITLEAKS).is_some();
    let [before, after] = around(text, value);
    holds(before) || holds(after)
}

/// The comment beside a value: on the lines on which the value stands, but not in the value.
pub fn beside(text: &[u8], value: &Range<usize>) -> Option<Allow> {
    let [before, after] = around(text, value);
    said(after).or_else(|| said(before))
}

/// What stands before and after a value on its lines.
fn around<'t>(text: &'t [u8], value: &Range<usize>) -> [&'t [u8]; 2] {
    let start = value.start.saturating_sub(FAR);
    let before = &text[start..value.start];
    let from = before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at + 1);
    let after = &text[value.end..text.len().min(value.end + FAR)];
    let to = after
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(after.len());
    [&before[from..], &after[..to]]
}

fn said(line: &[u8]) -> Option<Allow> {
    let at = line.windows(MARK.len()).position(|window| window == MARK)?;
    let rest = String::from_utf8_lossy(&line[at + MARK.len()..]).into_owned();
    // `stagegate:allowance` is another word.
    if !rest.is_empty() && !rest.starts_with([' ', '\t', '\r', ':', '-', '*', '"', '\'', '#']) {
        return None;
    }
    let rest = rest.trim();
    let is_id = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let (head, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let head = head.trim();
    // Of `RULE -->` the rule; of `because we need it` the first word, which is no rule and so allows nothing.
    let word = head.split_whitespace().next().unwrap_or_default();
    let rule = is_id(word).then(|| word.to_owned());
    if rule.is_none() && word.starts_with(char::is_alphanumeric) {
        return None;
    }
    let reason = reason
        .trim()
        .trim_end_matches("-->")
        .trim_end_matches("*/")
        .trim()
        .to_owned();
    Some(Allow { rule, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &str) -> Option<(Option<String>, String)> {
        let at = line.find("VALUE").expect("a value");
        beside(line.as_bytes(), &(at..at + 5)).map(|allow| (allow.rule, allow.reason))
    }

    #[test]
    fn rule_and_reason_are_optional() {
        let some =
            |rule: Option<&str>, reason: &str| Some((rule.map(str::to_owned), reason.to_owned()));
        for (line, expected) in [
            ("a: VALUE # stagegate:allow", some(None, "")),
            ("a: VALUE # stagegate:allow\r", some(None, "")),
            ("a: VALUE # stagegate:allow: a demo", some(None, "a demo")),
            (
                "a: VALUE # stagegate:allow stripe-secret-key",
                some(Some("stripe-secret-key"), ""),
            ),
            (
                "a: VALUE # stagegate:allow x-1: why: so",
                some(Some("x-1"), "why: so"),
            ),
            (
                "/* stagegate:allow x-1: why */ VALUE",
                some(Some("x-1"), "why"),
            ),
            ("<a>VALUE</a> <!-- stagegate:allow -->", some(None, "")),
            (
                "VALUE // stagegate:allow because",
                some(Some("because"), ""),
            ),
            ("VALUE // stagegate:allow Because", None),
            ("VALUE // stagegate:allowance", None),
            ("# stagegate:allow\nVALUE", None),
            ("VALUE\n# stagegate:allow", None),
            ("VALUE", None),
        ] {
            assert_eq!(ask(line), expected, "{line}");
        }
    }

    #[test]
    fn the_value_itself_says_nothing() {
        let line = b"stagegate:allow";
        assert_eq!(beside(line, &(0..line.len())), None);
    }
}
