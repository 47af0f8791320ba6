//! How the tests of the formats look at what a reader gives.

use super::{Entry, Format};

/// What must hold of every reader, whatever it reads.
#[track_caller]
pub(super) fn holds(text: &str, entries: &[Entry]) {
    let mut last = 0;
    for entry in entries {
        let stands = text.get(entry.span.clone());
        let stands = stands.expect("a span lies in the file, between characters");
        assert!(entry.span.start >= last, "{entry:?} begins before {last}");
        last = entry.span.start;
        assert!(!entry.path.is_empty());
        let escapes = ['\\', '`', '"', '\'', '$', '\n', '\r', '\0'];
        if !entry.quoted && !stands.contains(escapes) {
            assert_eq!(stands, entry.value);
        }
    }
}

/// The reader gives exactly these values, each by its keys joined with dots.
#[track_caller]
pub(super) fn gives(format: &Format, text: &str, expected: &[(&str, &str)]) {
    let entries = (format.read)(text).expect("a text of the format");
    holds(text, &entries);
    let found: Vec<(String, String)> = entries
        .into_iter()
        .map(|entry| (entry.path.join("."), entry.value))
        .collect();
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(found, expected, "{text}");
}

/// The reader leaves these texts to the tolerant one.
#[track_caller]
pub(super) fn broken(format: &Format, texts: &[&str]) {
    for text in texts {
        assert!((format.read)(text).is_none(), "{text}");
    }
}

/// The format is asked for files of these names, and not of those.
#[track_caller]
pub(super) fn knows(format: &Format, names: &[&str], others: &[&str]) {
    for name in names {
        assert_eq!(super::of_path(name), format.syntax, "{name}");
    }
    for name in others {
        assert_ne!(super::of_path(name), format.syntax, "{name}");
    }
}
