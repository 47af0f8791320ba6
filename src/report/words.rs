//! Words for people: what to call a finding, plural forms, and lines short enough for git's `remote: ` prefix.

use crate::model::{
    Confidence, Family, Finding, Lifetime, Oid, Origin, Signal, Strength, Tier, Verdict,
};

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

/// The word for a verdict in a sentence.
pub(super) const fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Block => "blocked",
        Verdict::Warn => "warning",
        Verdict::Allow => "allowed",
    }
}

/// How sure an origin is.
pub(super) const fn sureness(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

/// How long a credential lives.
pub(super) const fn lifetime(lifetime: Lifetime) -> &'static str {
    match lifetime {
        Lifetime::Short => "short",
        Lifetime::Long => "long",
        Lifetime::Unknown => "unknown",
    }
}

/// How much a signal weighs.
pub(super) const fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Supporting => "supporting",
        Strength::Strong => "strong",
        Strength::Decisive => "decisive",
    }
}

/// A signal in a sentence, with its weight, and whom it speaks for where that is not who is believed.
pub(super) fn evidence(signal: &Signal, finding: &Finding) -> String {
    let aside = match signal.environment.map(Origin::from) {
        Some(origin) if origin != finding.origin.environment => format!(", for {origin}"),
        _ => String::new(),
    };
    format!("{} ({}{aside})", signal.text, strength(signal.strength))
}

/// `path:line`.
pub(super) fn place(finding: &Finding) -> String {
    format!("{}:{}", finding.place.path, finding.place.line)
}

/// A path of the tree; `None` for content without one, such as a commit's message.
pub(super) fn file(finding: &Finding) -> Option<&str> {
    let path = finding.place.path.as_str();
    without_path(path).is_none().then_some(path)
}

/// What stands in parentheses in place of a path: `(commit message)` is `commit message`.
pub(super) fn without_path(path: &str) -> Option<&str> {
    path.strip_prefix('(')?.strip_suffix(')')
}

/// All that a tool which shows one text for a finding should show, in sentences.
pub(super) fn message(finding: &Finding) -> String {
    let mut text = format!("{}. ", capital(&title(finding)));
    text.push_str(&format!(
        "{} ({}).",
        capital(&finding.because.text),
        finding.because.policy_line
    ));
    if let Some(signal) = finding.evidence.first() {
        text.push_str(&format!(" Evidence: {}.", signal.text));
    }
    if !finding.remedy.is_empty() {
        text.push_str(&format!(" {}", finding.remedy));
    }
    text
}

/// With a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// What the finding is, where it goes, and its human name.
pub(super) fn title(finding: &Finding) -> String {
    let (what, _) = noun(finding);
    let way = match (&finding.destination.environment, finding.family) {
        (Some(environment), Family::Credential) => format!(" for {environment}"),
        (Some(environment), _) => format!(" in {environment}"),
        (None, _) => String::new(),
    };
    format!("{what}{way}: {}", finding.title)
}

/// The words under the carets.
pub(super) fn belongs_to(finding: &Finding) -> String {
    let origin = finding.origin;
    match origin.confidence {
        // What is granted is nobody's: it is too much, wherever it comes from.
        _ if finding.family == Family::Identity => "grants too much".to_owned(),
        _ if origin.environment == Origin::Unknown => "origin unknown".to_owned(),
        Some(confidence) => format!("{} ({})", origin.environment, sureness(confidence)),
        None => origin.environment.to_string(),
    }
}

/// How much the credential opens and for how long, as far as it is known.
pub(super) fn access(finding: &Finding) -> Option<String> {
    let lifetime = match finding.lifetime {
        Lifetime::Short => Some("short-lived"),
        Lifetime::Long => Some("long-lived"),
        Lifetime::Unknown => None,
    };
    let privileged = finding.privileged.then_some("privileged");
    let known: Vec<&str> = privileged.into_iter().chain(lifetime).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// Where it goes and what says so.
pub(super) fn goes_to(finding: &Finding) -> String {
    let destination = &finding.destination;
    let mut text = match (&destination.environment, destination.tier) {
        (None, _) => "a place that no environment claims".to_owned(),
        (Some(name), Some(tier)) if name != Tier::as_str(tier) => format!("{name} ({tier})"),
        (Some(name), _) => name.clone(),
    };
    if let Some(claimed_by) = &destination.claimed_by {
        text.push_str(&format!(", claimed by {claimed_by}"));
    }
    if let Some(name) = &finding.place.ref_name {
        let named = destination.claimed_by.as_deref().unwrap_or_default();
        if !named.contains(name.as_str()) {
            text.push_str(&format!(", on {name}"));
        }
    }
    text
}

/// One more place of the same value, with what is different there.
pub(super) fn also_at(other: &Finding, first: &Finding) -> String {
    let place = &other.place;
    let mut text = format!("{}:{}", place.path, place.line);
    if let Some(commit) = place.commit {
        text.push_str(&format!(" (commit {})", short(commit)));
    }
    if other.destination.environment != first.destination.environment {
        let environment = other.destination.environment.as_deref();
        text.push_str(&format!(
            ", for {}",
            environment.unwrap_or("no environment")
        ));
    }
    if other.place.ref_name != first.place.ref_name
        && let Some(name) = &place.ref_name
    {
        text.push_str(&format!(", on {name}"));
    }
    text
}

/// An oid as people write it.
pub(super) fn short(oid: Oid) -> String {
    let mut hex = oid.to_string();
    hex.truncate(10);
    hex
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
