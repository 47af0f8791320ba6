//! Rules that users write: `[[rule]]` in a policy, and files of rules beside it. The schema is that of the built-in packs;
//! titles, remedies and examples may be left out. Every mistake is told with its place.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::schema::{Allow, Kind, Pack, Rule, Value};
use super::shape::Shape;

/// Something wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Byte offset in the file.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// Id of the provider of rules that name none.
pub const PROVIDER: &str = "own";
/// Lines that a rule may reach over.
const MOST_LINES: u16 = 500;
/// The named groups a pattern may have beside `secret`.
const GROUPS: [&str; 6] = ["host", "account", "project", "user", "database", "id"];
/// The group of the key in a pattern that a table stands for.
const KEY: &str = "key";

/// A file of rules: `[[rule]]`, `[[allow]]`, and `provider` and `name` where it is one provider's.
///
/// # Errors
/// Every mistake of the file.
pub fn read_file(text: &str) -> Result<Pack, Vec<Fault>> {
    let mut faults = Vec::new();
    let (document, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        return Err(vec![Fault {
            offset: error.span().map_or(0, |span| span.start),
            what: format!("not TOML: {}", error.message()),
            hint: "mend this first; the rest of the file is checked once it can be read".to_owned(),
        }]);
    }
    let mut pack = Pack {
        provider: PROVIDER.to_owned(),
        name: "Own rules".to_owned(),
        rules: Vec::new(),
        allow: Vec::new(),
    };
    for (key, value) in document.get_ref().iter() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("provider", DeValue::String(text)) => pack.provider = text.clone().into_owned(),
            ("name", DeValue::String(text)) => pack.name = text.clone().into_owned(),
            ("rule", _) => pack.rules = read_rules(value, &mut faults),
            ("allow", _) => pack.allow = read_allows(value, &mut faults),
            (other, _) => faults.push(Fault {
                offset: key.span().start,
                what: format!(
                    "`{}` is no part of a file of rules, or of the wrong type",
                    brief(other)
                ),
                hint: "a file of rules has `provider`, `name`, `[[rule]]` and `[[allow]]`"
                    .to_owned(),
            }),
        }
    }
    if faults.is_empty() {
        Ok(pack)
    } else {
        Err(faults)
    }
}

/// The rules of an array of tables, as far as they are sound.
pub fn read_rules(value: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut ids = BTreeSet::new();
    each(value, "rule", faults, &mut |item, faults| {
        let Some(mut rule) = parsed::<Rule>(item, faults) else {
            return;
        };
        // Where the key's name is all there is, the value has to look like one that machines make.
        if rule.kind == Kind::Generic && !has(item, "value") {
            rule.value = Value::Token;
        }
        check(&rule, item, faults);
        if ids.insert(rule.id.clone()) {
            rules.push(rule);
        } else {
            faults.push(Fault {
                offset: place(item, "id"),
                what: format!("the id `{}` is taken by a rule above", brief(&rule.id)),
                hint: "give each rule an id of its own".to_owned(),
            });
        }
    });
    rules
}

/// The entries of an array of `allow`.
fn read_allows(value: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Vec<Allow> {
    let mut allows = Vec::new();
    each(value, "allow", faults, &mut |item, faults| {
        if let Some(allow) = parsed::<Allow>(item, faults) {
            check_allow(&allow, item.span().start, faults);
            allows.push(allow);
        }
    });
    allows
}

fn each(
    value: &Spanned<DeValue<'_>>,
    key: &str,
    faults: &mut Vec<Fault>,
    look: &mut dyn FnMut(&Spanned<DeValue<'_>>, &mut Vec<Fault>),
) {
    match value.get_ref().as_array() {
        Some(items) => items.iter().for_each(|item| look(item, faults)),
        None => faults.push(Fault {
            offset: value.span().start,
            what: format!("`{key}` is a list of tables"),
            hint: format!("write `[[{key}]]`, in double brackets"),
        }),
    }
}

fn parsed<'d, T: Deserialize<'d>>(
    item: &Spanned<DeValue<'d>>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    match T::deserialize(ValueDeserializer::from(item.clone())) {
        Ok(read) => Some(read),
        Err(error) => {
            faults.push(Fault {
                offset: error.span().map_or(item.span().start, |span| span.start),
                what: error.message().to_owned(),
                hint: "docs/rules.md explains every key of a rule".to_owned(),
            });
            None
        }
    }
}

/// Where the value of a key stands, or the table itself.
fn place(item: &Spanned<DeValue<'_>>, key: &str) -> usize {
    let table = item.get_ref().as_table();
    let found = table.and_then(|table| table.iter().find(|(name, _)| name.get_ref() == key));
    found.map_or(item.span().start, |(_, value)| value.span().start)
}

/// Whether a key of a table is written.
fn has(item: &Spanned<DeValue<'_>>, key: &str) -> bool {
    let table = item.get_ref().as_table();
    table.is_some_and(|table| table.iter().any(|(name, _)| name.get_ref() == key))
}

/// Whether a built-in rule of this id has no pattern, so that nothing can stand in its place.
fn is_structural(id: &str) -> bool {
    let mut rules = super::builtin().iter().flat_map(|pack| &pack.rules);
    rules.any(|rule| rule.kind == Kind::Structural && rule.id == id)
}

fn check(rule: &Rule, item: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) {
    let mut say = |key: &str, what: String, hint: &str| {
        faults.push(Fault {
            offset: place(item, key),
            what: format!("rule `{}`: {what}", brief(&rule.id)),
            hint: hint.to_owned(),
        });
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if rule.id.is_empty() || rule.id.len() > 100 || !rule.id.chars().all(plain) {
        say(
            "id",
            "this is no id".to_owned(),
            "use lower-case letters, digits and hyphens, at most 100",
        );
    }
    if is_structural(&rule.id) {
        say(
            "id",
            "the built-in rule of this id has no pattern that could be replaced".to_owned(),
            "choose another id, and leave that rule out with `disable` in [rules]",
        );
    }
    if rule.kind == Kind::Structural {
        say(
            "kind",
            "only built-in rules are structural".to_owned(),
            "write \"generic\", or leave `kind` away",
        );
        return;
    }
    if rule.keywords.is_empty() {
        say(
            "keywords",
            "it has no keyword, so it is never tried".to_owned(),
            "name a word of at least three bytes that stands on the line of every value",
        );
    }
    for (key, words) in [("keywords", &rule.keywords), ("context", &rule.context)] {
        for word in words {
            if word.len() < 3 {
                say(
                    key,
                    format!("the word \"{}\" is shorter than three bytes", brief(word)),
                    "a short word stands everywhere, and the rule would be tried on every line",
                );
            } else if word.to_ascii_lowercase() != *word {
                say(
                    key,
                    format!("the word \"{}\" is not in lower case", brief(word)),
                    "words are compared without case; write them in lower case",
                );
            }
        }
    }
    if rule.lines > MOST_LINES {
        say(
            "lines",
            format!("it reaches over more than {MOST_LINES} lines"),
            "give it fewer",
        );
    }
    if rule
        .entropy
        .is_some_and(|bits| !(0.0..=8.0).contains(&bits))
    {
        say(
            "entropy",
            "entropy is in bits per byte, from 0 to 8".to_owned(),
            "random letters and digits have about 4 to 5",
        );
    }
    for marker in &rule.environment {
        let mut literals = [&marker.starts, &marker.contains]
            .into_iter()
            .flatten()
            .peekable();
        if literals.peek().is_none() || literals.any(|literal| literal.is_empty()) {
            say(
                "environment",
                "a marker names no literal, so it speaks for every value".to_owned(),
                "give it `starts` or `contains`",
            );
        }
    }
    if let Some(path) = &rule.path
        && let Err(what) = Shape::of(path)
    {
        say(
            "path",
            format!("its path does not compile: {what}"),
            "it is a regular expression of the Rust crate `regex`",
        );
    }
    match Shape::of(&rule.pattern) {
        Err(what) => say(
            "pattern",
            format!("its pattern does not compile: {what}"),
            "it is a regular expression of the Rust crate `regex`: no look-around, no back-references, Unicode off",
        ),
        Ok(shape) => {
            let groups = shape.groups();
            let mut named = groups.iter().flatten();
            if !named.clone().any(|name| name == "secret") {
                say(
                    "pattern",
                    "its pattern has no group named secret".to_owned(),
                    "put `(?P<secret>...)` around the value",
                );
            }
            if let Some(other) = named
                .find(|name| *name != "secret" && *name != KEY && !GROUPS.contains(&name.as_str()))
            {
                say(
                    "pattern",
                    format!(
                        "its pattern has a group `{}`, which nothing reads",
                        brief(other)
                    ),
                    "groups beside `secret` are host, account, project, user, database and id",
                );
            }
            if shape.may_be_empty() {
                say(
                    "pattern",
                    "its pattern finds something in nothing".to_owned(),
                    "ask for at least one character",
                );
            }
            if rule.kind == Kind::Generic && !rule.pattern.contains('=') {
                say(
                    "pattern",
                    "a generic rule's pattern is tried on `key=value`, and this one has no `=`"
                        .to_owned(),
                    "write `^(?:[a-z0-9_]+_)?my_key=(?P<secret>.+)$`, or leave `kind` away",
                );
            }
        }
    }
    for allow in &rule.allow {
        check_allow(allow, place(item, "allow"), faults);
    }
}

fn check_allow(allow: &Allow, offset: usize, faults: &mut Vec<Fault>) {
    let lists = [&allow.paths, &allow.values, &allow.matches, &allow.lines];
    if lists.iter().all(|list| list.is_empty()) && allow.stopwords.is_empty() {
        faults.push(Fault {
            offset,
            what: "an `allow` tests nothing".to_owned(),
            hint: "give it paths, values, matches, lines or stopwords".to_owned(),
        });
    }
    if allow.stopwords.iter().any(String::is_empty) {
        faults.push(Fault {
            offset,
            what: "an empty stopword stands in every value".to_owned(),
            hint: "remove it".to_owned(),
        });
    }
    for pattern in lists.into_iter().flatten() {
        if let Err(what) = Shape::of(pattern) {
            faults.push(Fault {
                offset,
                what: format!(
                    "the pattern \"{}\" of an `allow` does not compile: {what}",
                    brief(pattern)
                ),
                hint: "it is a regular expression of the Rust crate `regex`".to_owned(),
            });
        }
    }
}

/// The beginning of a text, without control characters.
fn brief(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(40)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let line = |offset: usize| text[..offset].matches('\n').count() + 1;
        match read_file(text) {
            Ok(_) => Vec::new(),
            Err(faults) => faults
                .into_iter()
                .map(|fault| format!("{}: {}", line(fault.offset), fault.what))
                .collect(),
        }
    }

    const GOOD: &str = "[[rule]]\nid = \"acme-key\"\nkeywords = [\"acme_\"]\npattern = '\\b(?P<secret>acme_[a-z]{20})\\b'\n";

    #[test]
    fn a_rule_needs_three_keys() {
        assert_eq!(faults(GOOD), [""; 0]);
    }

    #[test]
    fn each_mistake_has_its_line() {
        for (from, to, expected) in [
            (
                "acme_[",
                "(acme_[",
                "4: rule `acme-key`: its pattern does not compile: unclosed group (at byte 2)",
            ),
            (
                "?P<secret>",
                "",
                "4: rule `acme-key`: its pattern has no group named secret",
            ),
            (
                "\"acme_\"",
                "\"ac\"",
                "3: rule `acme-key`: the word \"ac\" is shorter than three bytes",
            ),
            ("\"acme-key\"", "\"Acme\"", "2: rule `Acme`: this is no id"),
            ("keywords", "keyword", "3: unknown field `keyword`"),
        ] {
            let told = faults(&GOOD.replacen(from, to, 1));
            assert!(
                told.len() == 1 && told[0].starts_with(expected),
                "{to}: {told:?}"
            );
        }
        let twice = format!("{GOOD}\n{GOOD}");
        assert_eq!(
            faults(&twice),
            ["7: the id `acme-key` is taken by a rule above"]
        );
    }

    #[test]
    fn a_table_is_a_pattern() {
        let text = "[[rule]]\nid = \"acme-key\"\nkeywords = [\"acme\"]\npattern = { name = 'acme', key = 'api[_-]?key', value = '[a-f0-9]{32}' }\n";
        let pack = read_file(text).expect("a sound rule");
        assert!(pack.rules[0].keyed());
        let wrong = text.replace("value = '", "values = '");
        assert_eq!(faults(&wrong).len(), 1);
    }

    #[test]
    fn a_generic_rule_asks_for_a_token_unless_it_says_what() {
        let text = "[[rule]]\nid = \"acme-pin\"\nkind = \"generic\"\nkeywords = [\"pin\"]\npattern = '^acme_pin=(?P<secret>.+)$'\n";
        let value = |text: &str| read_file(text).expect("a sound rule").rules[0].value;
        assert_eq!(value(text), Value::Token);
        assert_eq!(value(&format!("{text}value = \"format\"\n")), Value::Format);
        assert_eq!(value(GOOD), Value::Format);
    }

    #[test]
    fn structural_rules_are_built_in() {
        let kind = format!("{GOOD}kind = \"structural\"\n");
        assert_eq!(
            faults(&kind),
            ["5: rule `acme-key`: only built-in rules are structural"]
        );
        let id = GOOD.replace("acme-key", "reuse-value");
        assert_eq!(
            faults(&id),
            [
                "2: rule `reuse-value`: the built-in rule of this id has no pattern that could be replaced"
            ]
        );
    }
}
