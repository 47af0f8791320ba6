//! Grants in SQL: all rights on every database, and accounts that no right binds. Accounts in connection strings are told of
//! with their passwords, see `origin::privilege`.

use std::ops::Range;

use crate::syntax::{Entry, Syntax};

use super::super::{Crossing, File, places};
use super::grant;

/// More of a statement is not read: none that grants is longer.
const LONGEST: usize = 400;

/// Whether a line of a text grants.
pub(in crate::boundary) fn grants(text: &[u8], syntax: Syntax) -> bool {
    let mut found = false;
    each_grant(text, syntax, &mut |_, _, _| found = true);
    found
}

pub(in crate::boundary) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    let part = file.text.get(file.part.clone()).unwrap_or_default();
    let start = file.part.start;
    each_grant(part, file.syntax, &mut |span, proven, says| {
        let entry = Entry {
            path: Vec::new(),
            value: String::new(),
            span: start + span.start..start + span.end,
            quoted: false,
            meaning: Default::default(),
        };
        grant(
            "identity-database-superuser",
            &entry,
            entry.span.clone(),
            proven,
            says,
            crossings,
        );
    });
}

/// Visits the statements that grant, with whether each is one beyond doubt, and what it does.
fn each_grant(
    text: &[u8],
    syntax: Syntax,
    visit: &mut dyn FnMut(Range<usize>, bool, &'static str),
) {
    // What a page says how to do is not done.
    if syntax == Syntax::Prose {
        return;
    }
    let words = places(text, b"grant all ").chain(places(text, b"superuser"));
    let mut words: Vec<usize> = words.collect();
    words.sort_unstable();
    let mut start = 0;
    for word in words {
        // Another one on that line.
        if word < start {
            continue;
        }
        let at = memchr::memrchr(b'\n', &text[start..word]).map_or(start, |end| start + end + 1);
        start = memchr::memchr(b'\n', &text[word..]).map_or(text.len(), |end| word + end + 1);
        let line = &text[at..start.min(at + LONGEST)];
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        let trimmed = line.trim_start();
        if trimmed.starts_with("--")
            || trimmed.starts_with('#')
            || trimmed.starts_with("//")
            || trimmed.starts_with('*')
        {
            continue;
        }
        let upper = line.to_ascii_uppercase();
        let found = all_rights(&upper).or_else(|| superuser(&upper));
        if let Some((from, to, is_here, says)) = found {
            // In quotes it may be any server's: a test's, a container's.
            let is_statement = from == line.len() - trimmed.len();
            visit(at + from..at + to, is_statement && !is_here, says);
        }
    }
}

type Found = (usize, usize, bool, &'static str);

/// `GRANT ALL [PRIVILEGES] ON *.* TO …` of MySQL.
fn all_rights(upper: &str) -> Option<Found> {
    let from = upper.find("GRANT ALL ")?;
    let rest = &upper[from + "GRANT ALL ".len()..];
    let rest = rest.strip_prefix("PRIVILEGES ").unwrap_or(rest);
    let rest = rest.strip_prefix("ON ")?;
    let rest = rest
        .strip_prefix("*.*")
        .or_else(|| rest.strip_prefix("`*`.`*`"))?;
    rest.trim_start().starts_with("TO ").then_some(())?;
    let to = upper.len() - rest.len();
    let is_here = rest.contains("LOCALHOST") || rest.contains("127.0.0.1");
    Some((
        from,
        to,
        is_here,
        "grants every right on every database of the server",
    ))
}

/// `CREATE|ALTER ROLE|USER … SUPERUSER` of PostgreSQL.
fn superuser(upper: &str) -> Option<Found> {
    let from = ["CREATE ROLE ", "CREATE USER ", "ALTER ROLE ", "ALTER USER "]
        .iter()
        .find_map(|start| upper.find(start))?;
    let end = upper[from..]
        .find(';')
        .map_or(upper.len(), |end| from + end);
    let mut words = upper[from..end].split_whitespace();
    // A password in quotes may hold any word.
    let before = upper[from..end].split('\'').step_by(2);
    let is_granted = words.any(|word| word == "SUPERUSER")
        && before
            .flat_map(str::split_whitespace)
            .any(|word| word == "SUPERUSER");
    let name_end = upper[from..end]
        .match_indices(' ')
        .nth(1)
        .map_or(end, |(at, _)| from + at);
    is_granted.then_some((
        from,
        name_end,
        false,
        "makes an account that no right of the server binds",
    ))
}
