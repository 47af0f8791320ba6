//! Words for people: what to call a finding, plural forms, and lines short enough for git's `remote: ` prefix.

use crate::model::{Family, Finding, Origin};

/// Columns a line may have: 80 less `remote: `.
pub(super) const COLUMNS: usize = 72;

/// `1 change`, `2 changes`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What a finding is, as one thing and as several: `production credential`, `production credentials`.
pub(super) fn noun(finding: &Finding) -> (String, String) {
    let origin = finding.origin.environment;
    let known = origin != Origin::Unknown;
    let (one, many) = match (finding.family, known) {
        (Family::Credential, true) => ("@ credential", "@ credentials"),
        (Family::Credential, false) => (
            "credential of unknown origin",
            "credentials of unknown origin",
        ),
        (Family::Reuse, true) => ("copy of a @ value", "copies of @ values"),
        (Family::Reuse, false) => ("copied value", "copied values"),
        (Family::Inventory, true) => ("known @ secret", "known @ secrets"),
        (Family::Inventory, false) => ("known secret", "known secrets"),
        (Family::Reference, true) => ("reference to @", "references to @"),
        (Family::Reference, false) => ("unknown reference", "unknown references"),
        (Family::Identity, _) => ("privileged identity", "privileged identities"),
        (Family::Data, true) => ("piece of @ data", "pieces of @ data"),
        (Family::Data, false) => ("piece of real data", "pieces of real data"),
    };
    let fill = |words: &str| words.replace('@', origin.as_str());
    (fill(one), fill(many))
}

/// Breaks `text` at spaces into lines of at most `width` characters. A word that is longer stays whole: it is a path, a
/// command or an id, and somebody will want to copy it.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut columns = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if columns > 0 && columns + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            columns = 0;
        }
        if columns > 0 {
            line.push(' ');
            columns += 1;
        }
        line.push_str(word);
        columns += length;
    }
    if columns > 0 || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{count, wrap};

    #[test]
    fn lines_are_filled_and_long_words_stay_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("a incomprehensible b", 5),
            ["a", "incomprehensible", "b"]
        );
        assert_eq!(wrap("ää öö üü", 5), ["ää öö", "üü"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "change", "changes"), "1 change");
        assert_eq!(count(0, "change", "changes"), "0 changes");
    }
}
