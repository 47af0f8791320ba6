//! The entries of the same mapping as another, and what names the mappings around it: what a file says of the thing that a
//! value belongs to.
//!
//! Items of a list have no key, so the entries of two items have the same keys above them. Whether two entries stand in the
//! same item is read from the text between them, as a reader would: a bracket that closes what both would have to stand in, a
//! hyphen that begins another item, another document or table, or the own key once more. That holds for what no parser
//! understood, too: an example in a comment, a literal in source code.

use std::ops::Range;

use crate::origin::Label;
use crate::syntax::Entry;

/// As many entries before and after are looked at: enough for any mapping a person writes, and linear in a file of one.
const MOST: usize = 50;
/// And so many bytes of text between them.
const FARTHEST: usize = 16 << 10;
/// As many are looked at for the names of the mappings around it, which may be longer.
const MOST_AROUND: usize = 200;

/// Mappings that hold a credential and nothing of what it opens: that stands beside them.
const CREDENTIALS: [&str; 11] = [
    "auth",
    "authentication",
    "basicAuth",
    "basic_auth",
    "credential",
    "credentials",
    "http_auth",
    "login",
    "secureJsonData",
    "secrets",
    "security",
];

/// Keys and values of the entries beside the one at `at`, in the order of the file.
pub(super) fn of<'e>(text: &[u8], entries: &'e [Entry], at: usize) -> Vec<(&'e str, &'e str)> {
    let own = &entries[at];
    let Some((own_key, parent)) = own.path.split_last() else {
        return Vec::new();
    };
    let place = Place::of(text, own, own_key, parent.last().map(String::as_str));
    let same = |entry: &&'e Entry| {
        entry.span != own.span
            && entry
                .path
                .split_last()
                .is_some_and(|(_, above)| above == parent)
    };
    // What comes after a boundary, or after the own key once more, is of another mapping.
    let belongs = |entry: &&'e Entry| {
        entry.path.last() != Some(own_key) && !place.is_parted_from(text, &entry.span)
    };
    let before = entries[at.saturating_sub(MOST)..at].iter().rev();
    let after = entries[at + 1..entries.len().min(at + MOST)].iter();
    let mut all: Vec<&Entry> = before.filter(same).take_while(belongs).collect();
    all.reverse();
    all.extend(after.filter(same).take_while(belongs));
    if let Some((last, outer)) = parent.split_last()
        && CREDENTIALS.contains(&last.as_str())
    {
        all.extend(near(entries, at, MOST).filter(|entry| {
            entry.path.len() == outer.len() + 1
                && entry.path.starts_with(outer)
                && is_of_mapping_around(text, entry, own, 0)
        }));
    }
    all.into_iter()
        .filter_map(|entry| Some((entry.path.last()?.as_str(), entry.value.as_str())))
        .collect()
}

/// What the mappings around the entry at `at` say of themselves, the innermost first.
pub(super) fn labels<'e>(text: &[u8], entries: &'e [Entry], at: usize) -> Vec<Label<'e>> {
    let own = &entries[at];
    let Some((own_key, parent)) = own.path.split_last() else {
        return Vec::new();
    };
    let mut found: Vec<Label<'e>> = near(entries, at, MOST_AROUND)
        .filter_map(|entry| {
            let (key, above) = entry.path.split_last()?;
            let is_metadata = above.last().is_some_and(|last| last == "metadata");
            let inside = usize::from(is_metadata && !above.is_empty() && above != parent);
            let of = &above[..above.len() - inside];
            // `name: PASSWORD` beside `value: x` is the name of the value.
            let fits = Label::may_be(key)
                && parent.starts_with(of)
                && entry.span != own.span
                && (entry.value != *own_key || of.len() < parent.len());
            if !fits || !is_of_mapping_around(text, entry, own, inside) {
                return None;
            }
            Some(Label {
                above: of.len(),
                key,
                value: &entry.value,
                is_metadata: inside == 1,
                is_item: is_of_item(text, entry.span.start),
            })
        })
        .collect();
    found.sort_by_key(|label| std::cmp::Reverse(label.above));
    found
}

/// The entries before and behind the one at `at`.
fn near(entries: &[Entry], at: usize, most: usize) -> impl Iterator<Item = &Entry> {
    let before = &entries[at.saturating_sub(most)..at];
    let after = &entries[at + 1..entries.len().min(at + most)];
    before.iter().chain(after)
}

/// Whether a mapping that holds `outer`, or that it lies `inside` of, is around `own`, too: nothing between them ends it.
fn is_of_mapping_around(text: &[u8], outer: &Entry, own: &Entry, inside: usize) -> bool {
    let (forward, between) = if outer.span.end <= own.span.start {
        (true, outer.span.end..own.span.start)
    } else if own.span.end <= outer.span.start {
        (false, own.span.end..outer.span.start)
    } else {
        return false;
    };
    let Some(between) = text.get(between).filter(|text| text.len() <= FARTHEST) else {
        return false;
    };
    let (lowest, last) = depths(between);
    // Brackets of the mapping are not closed, or were opened behind `own` only.
    let left = if forward { -lowest } else { last - lowest };
    if left > inside as isize {
        return false;
    }
    let Some(mut column) = column_of(text, outer.span.start) else {
        return false;
    };
    if inside > 0 && lines_above(text, outer.span.start).any(|line| content_of(line) < column) {
        column = lines_above(text, outer.span.start)
            .map(content_of)
            .find(|&above| above < column)
            .unwrap_or(column);
    }
    let is_parted = between.split(|&byte| byte == b'\n').skip(1).any(|line| {
        let item = line.trim_ascii();
        let begins = item.starts_with(b"- ") || item == b"-";
        begins && content_of(line) <= column || line.starts_with(b"---") || line.starts_with(b"[[")
    });
    let element = outer.path.len().checked_sub(2 + inside);
    let element = element.map(|at| outer.path[at].as_str());
    !is_parted && !element.is_some_and(|name| has_tag_of(between, name))
}

/// Whether the mapping that holds what begins at `at` is one of several, in a list or as an element.
fn is_of_item(text: &[u8], at: usize) -> bool {
    if text.trim_ascii_start().first() == Some(&b'<') {
        return true;
    }
    let before = &text[at.saturating_sub(4 << 10).min(at)..at];
    // In brackets.
    let mut depth = 0_usize;
    for (place, byte) in before.iter().enumerate().rev() {
        match byte {
            b'}' | b']' | b')' => depth += 1,
            b'{' | b'[' | b'(' if depth > 0 => depth -= 1,
            b'{' => {
                let outside = before[..place].trim_ascii_end();
                let is_apart = outside.len() < place;
                return match outside.last() {
                    Some(b'[' | b',' | b'{' | b'-') => true,
                    // A block of HCL.
                    Some(last) => is_apart && last.is_ascii_alphanumeric(),
                    None => false,
                };
            }
            b'[' => return false,
            // Arguments of what makes a thing: `Server(name="production", password="x")`.
            b'(' => {
                return before[..place]
                    .last()
                    .is_some_and(|last| last.is_ascii_alphanumeric());
            }
            // A table of an array.
            b'\n' if before[place + 1..].starts_with(b"[[") => return true,
            b'\n' if depth == 0 && before[place + 1..].starts_with(b"[") => return false,
            _ => {}
        }
    }
    if before.len() == at && before.starts_with(b"[[") {
        return true;
    }
    let Some(column) = column_of(text, at) else {
        return false;
    };
    let near = &text[at.saturating_sub(FARTHEST)..at];
    let line_start = memchr::memrchr(b'\n', near).map_or(0, |end| end + 1);
    let own = near[line_start..].trim_ascii_start();
    if own.starts_with(b"- ") {
        return true;
    }
    lines_above(text, at)
        .take_while(|line| content_of(line) >= column)
        .any(|line| content_of(line) == column && line.trim_ascii_start().starts_with(b"- "))
}

/// Where the content of the line begins that holds `at`.
fn column_of(text: &[u8], at: usize) -> Option<usize> {
    let before = text.get(at.saturating_sub(FARTHEST)..at)?;
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    Some(content_of(&before[start..]))
}

/// The lines above the one that holds `at` that say something, the nearest first.
fn lines_above(text: &[u8], at: usize) -> impl Iterator<Item = &[u8]> {
    let before = &text[at.saturating_sub(FARTHEST)..at];
    before
        .rsplit(|&byte| byte == b'\n')
        .skip(1)
        .filter(|line| !line.trim_ascii().is_empty())
}

/// Where an entry stands, as far as it tells what parts it from others.
struct Place<'t> {
    span: Range<usize>,
    /// How far its line is indented, behind the hyphen of an item.
    column: usize,
    /// It is an item of its own, in a list that makes one mapping: `name: PASSWORD, value: x`, or `- password: x` alone.
    alone: bool,
    /// The element around it, in XML.
    element: Option<&'t str>,
}

impl<'t> Place<'t> {
    fn of(text: &[u8], own: &Entry, key: &str, element: Option<&'t str>) -> Self {
        let start = own.span.start.min(text.len());
        let before = &text[start.saturating_sub(FARTHEST)..start];
        let line = match memchr::memrchr(b'\n', before) {
            Some(end) => &before[end + 1..],
            None => before,
        };
        let column = content_of(line);
        let is_between = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`:=>|-+".contains(byte);
        let close = before.len()
            - before
                .iter()
                .rev()
                .take_while(|byte| is_between(byte))
                .count();
        let named = !before[..close].ends_with(key.as_bytes());
        Self {
            span: own.span.clone(),
            column,
            alone: named || is_only_of_item(text, own.span.end, line, column),
            element,
        }
    }

    /// Whether the text between this entry and another says that they stand in different mappings.
    fn is_parted_from(&self, text: &[u8], other: &Range<usize>) -> bool {
        let between = if other.end <= self.span.start {
            other.end..self.span.start
        } else if self.span.end <= other.start {
            self.span.end..other.start
        } else {
            return false;
        };
        let Some(between) = text.get(between).filter(|text| text.len() <= FARTHEST) else {
            return false;
        };
        closes(between) > usize::from(self.alone)
            || self.begins_another(between)
            || self.ends_element(between)
    }

    /// A line between that begins another item at this depth or above, another document, or another table of an array.
    fn begins_another(&self, between: &[u8]) -> bool {
        // Most texts hold neither, and a file of thousands of values asks of all that is around each.
        if memchr::memchr2(b'-', b'[', between).is_none() {
            return false;
        }
        between.split(|&byte| byte == b'\n').skip(1).any(|line| {
            let item = line.trim_ascii_start();
            let begins = item.first() == Some(&b'-') && matches!(item.get(1), Some(b' ') | None);
            let column = content_of(line);
            begins && (column < self.column || column == self.column && !self.alone)
                || line.starts_with(b"---")
                || line.starts_with(b"[[")
        })
    }

    fn ends_element(&self, between: &[u8]) -> bool {
        self.element.is_some_and(|name| has_tag_of(between, name))
    }
}

/// Whether an element of that name ends or begins in a text.
fn has_tag_of(between: &[u8], name: &str) -> bool {
    memchr::memchr_iter(b'<', between).any(|at| {
        let rest = &between[at + 1..];
        let rest = rest.strip_prefix(b"/").unwrap_or(rest);
        rest.starts_with(name.as_bytes())
            && !rest
                .get(name.len())
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
    })
}

/// Where the content of a line begins, behind blanks and the hyphens of items.
fn content_of(line: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += line[at..]
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        if line.get(at) == Some(&b'-') && line.get(at + 1) == Some(&b' ') {
            at += 2;
        } else {
            return at;
        }
    }
}

/// Whether an item of a list has one key and no more, so that the list reads as a mapping: `- host: x` above `- password: y`.
fn is_only_of_item(text: &[u8], end: usize, line: &[u8], column: usize) -> bool {
    if line.trim_ascii_start().first() != Some(&b'-') {
        return false;
    }
    // A file of one line is not read to its end for each of its values.
    let rest = &text[end.min(text.len())..];
    let near = &rest[..rest.len().min(FARTHEST)];
    let next = memchr::memchr(b'\n', near).map(|end| &rest[end + 1..]);
    next.is_none_or(|next| {
        let blanks = next.iter().take_while(|&&byte| byte == b' ');
        blanks.take(column).count() < column
    })
}

/// How many brackets that were opened before a text are closed in it: how far its ends are from each other. What stands in
/// double quotes on one line counts nothing.
fn closes(between: &[u8]) -> usize {
    if memchr::memchr2(b'}', b']', between).is_none() {
        return 0;
    }
    depths(between).0.unsigned_abs()
}

/// How deep a text goes at its lowest and at its end, from where it begins.
fn depths(between: &[u8]) -> (isize, isize) {
    // Behind a value, the first quote closes it.
    let between = between.strip_prefix(b"\"").unwrap_or(between);
    let (mut depth, mut lowest, mut quoted) = (0_isize, 0_isize, false);
    for &byte in between {
        match byte {
            b'\n' => quoted = false,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                lowest = lowest.min(depth);
            }
            _ => {}
        }
    }
    (lowest, depth)
}

#[cfg(test)]
mod tests {
    use crate::syntax::{self, Syntax};

    /// The values beside every entry whose key ends in `password`.
    fn beside(text: &str, syntax: Syntax) -> Vec<Vec<String>> {
        let entries = syntax::read(text.as_bytes(), syntax).entries;
        let mut all = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let key = entry.path.last().map(|key| key.to_lowercase());
            if key.is_some_and(|key| key.ends_with("password")) {
                let found = super::of(text.as_bytes(), &entries, at);
                all.push(found.iter().map(|(_, value)| (*value).to_owned()).collect());
            }
        }
        all
    }

    #[test]
    fn items_of_a_list_are_apart() {
        let yaml = "databases:\n  - host: a\n    ports:\n      - 1\n      - 2\n    password: x\n  - password: y\n    host: b\n";
        for syntax in [Syntax::Yaml, Syntax::Lines] {
            let found = beside(yaml, syntax);
            assert_eq!(found.len(), 2, "{found:?}");
            assert_eq!(
                (found[0][0].as_str(), &found[1][..]),
                ("a", &["b".to_owned()][..])
            );
            assert!(!found[0].contains(&"b".to_owned()), "{found:?}");
        }
        let json =
            r#"{"databases": [{"host": "a{", "password": "x"}, {"password": "y", "host": "b"}]}"#;
        for text in [json.to_owned(), json.replace(", ", ",\n ")] {
            for syntax in [Syntax::Json, Syntax::Yaml] {
                assert_eq!(beside(&text, syntax), [["a{"], ["b"]], "{text} {syntax:?}");
            }
        }
        let toml = "[[databases]]\nhost = 'a'\npassword = 'x'\n[[databases]]\npassword = 'y'\nhost = 'b'\n";
        assert_eq!(beside(toml, Syntax::Toml), [["a"], ["b"]]);
        let xml = "<all><db><host>a</host><password>x</password></db><db><password>y</password><host>b</host></db></all>";
        assert_eq!(beside(xml, Syntax::Xml), [["a"], ["b"]]);
        let hcl = "db {\n  host = \"a\"\n  password = \"x\"\n}\ndb {\n  password = \"y\"\n  host = \"b\"\n}\n";
        assert_eq!(beside(hcl, Syntax::Hcl), [["a"], ["b"]]);
    }

    #[test]
    fn a_list_of_names_and_values_is_one_mapping() {
        let yaml = "containers:\n  - name: one\n    env:\n      - name: HOST\n        value: a\n      - name: DB_PASSWORD\n        value: x\n  - name: two\n    env:\n      - name: HOST\n        value: b\n";
        assert_eq!(beside(yaml, Syntax::Yaml), [["HOST", "a", "DB_PASSWORD"]]);
        let json = r#"{"containers": [{"env": [{"name": "HOST", "value": "a"}, {"name": "DB_PASSWORD", "value": "x"}]},
            {"env": [{"name": "HOST", "value": "b"}]}]}"#;
        for text in [json.to_owned(), json.replace([' ', '\n'], "")] {
            assert_eq!(
                beside(&text, Syntax::Json),
                [["HOST", "a", "DB_PASSWORD"]],
                "{text}"
            );
        }
        let prose = "Access:\n\n- host: \"a\"\n- password: \"x\"\n";
        assert_eq!(beside(prose, Syntax::Prose), [["a"]]);
    }

    #[test]
    fn the_same_key_once_more_is_another_things() {
        let dotenv = "HOST=a\nPASSWORD=x\nHOST=b\nPASSWORD=y\n";
        assert_eq!(beside(dotenv, Syntax::Dotenv), [vec!["a", "b"], vec!["b"]]);
    }
}
