//! The entries of the same mapping as another: what a file says of the thing that a value belongs to.
//!
//! Items of a list have no key, so the entries of two items have the same keys above them. Whether two entries stand in the
//! same item is read from the text between them, as a reader would: a bracket that closes what both would have to stand in, a
//! hyphen that begins another item, another document or table, or the own key once more. That holds for what no parser
//! understood, too: an example in a comment, a literal in source code.

use std::ops::Range;

use crate::syntax::Entry;

/// As many entries before and after are looked at: enough for any mapping a person writes, and linear in a file of one.
const MOST: usize = 50;
/// And so many bytes of text between them.
const FARTHEST: usize = 16 << 10;

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
    all.into_iter()
        .filter_map(|entry| Some((entry.path.last()?.as_str(), entry.value.as_str())))
        .collect()
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
        self.element.is_some_and(|name| {
            memchr::memmem::find_iter(between, b"</").any(|at| {
                let rest = &between[at + 2..];
                rest.starts_with(name.as_bytes())
                    && !rest
                        .get(name.len())
                        .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
            })
        })
    }
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
    let begins = line.trim_ascii_start().first() == Some(&b'-');
    let rest = &text[end.min(text.len())..];
    let next = memchr::memchr(b'\n', rest).map(|end| &rest[end + 1..]);
    begins
        && next.is_none_or(|next| {
            let blanks = next.iter().take_while(|&&byte| byte == b' ').count();
            blanks < column
        })
}

/// How many brackets that were opened before a text are closed in it: how far its ends are from each other. What stands in
/// double quotes on one line counts nothing.
fn closes(between: &[u8]) -> usize {
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
    lowest.unsigned_abs()
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
