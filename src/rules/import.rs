//! Rules of gitleaks and betterleaks as rules of ours. What cannot be carried over is told with its line and the reason; a
//! rule that would find more than its author meant is left out, not widened.

mod filter_expression;
mod go_regex;

use std::collections::BTreeMap;
use std::fmt;

use regex_syntax::ast;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::schema::Allow;
use super::shape::Shape;

/// What became of a configuration.
pub struct Imported {
    /// A file of rules.
    pub toml: String,
    /// How many rules stand in it.
    pub rules: usize,
    /// How many were left out.
    pub left_out: usize,
    /// What could not be carried over, in the order of the file.
    pub notes: Vec<Note>,
}

/// Something that could not be carried over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A rule as it is written, with what extends it.
#[derive(Default)]
struct Written {
    line: usize,
    file: String,
    description: String,
    regex: String,
    path: String,
    secret_group: usize,
    entropy: f32,
    keywords: Vec<String>,
    allow: Vec<Allow>,
    /// Why it cannot be carried over, whatever else it says.
    lost: Option<String>,
}

/// Configurations that extend each other at most.
const DEEPEST: usize = 2;

struct Importer<'r> {
    read: &'r dyn Fn(&str) -> std::io::Result<String>,
    rules: BTreeMap<String, Written>,
    order: Vec<String>,
    allow: Vec<Allow>,
    notes: Vec<Note>,
}

/// Reads a configuration. `name` is what it is called in notes, `read` reads a file that it extends.
///
/// # Errors
/// What is wrong, where it is no TOML.
pub fn gitleaks(
    text: &str,
    name: &str,
    read: &dyn Fn(&str) -> std::io::Result<String>,
) -> Result<Imported, String> {
    let mut importer = Importer {
        read,
        rules: BTreeMap::new(),
        order: Vec::new(),
        allow: Vec::new(),
        notes: Vec::new(),
    };
    importer.file(text, name, 0)?;
    let mut toml = format!(
        "# Made of {} by `stagegate rules import`.\n\n",
        one_line(name)
    );
    toml.push_str("provider = \"imported\"\nname = \"Imported rules\"\n");
    for allow in &importer.allow {
        toml.push_str(&written_allow("allow", allow));
    }
    let (mut rules, mut left_out) = (0, 0);
    let mut ids = std::collections::BTreeSet::new();
    for id in importer.order {
        let Some(written) = importer.rules.remove(&id) else {
            continue;
        };
        let mut note = |what: String| {
            importer.notes.push(Note {
                file: written.file.clone(),
                line: written.line,
                what: format!("rule {}: {what}", one_line(&id)),
            });
        };
        match carried(&id, &written, &mut note) {
            Ok((own, _)) if !ids.insert(own.clone()) => {
                left_out += 1;
                note(format!("left out: another rule became {own}"));
            }
            Ok((_, text)) => {
                toml.push_str(&text);
                rules += 1;
            }
            Err(why) => {
                left_out += 1;
                note(format!("left out: {why}"));
            }
        }
    }
    importer.notes.sort();
    Ok(Imported {
        toml,
        rules,
        left_out,
        notes: importer.notes,
    })
}

type Table<'d, 'i> = &'d DeTable<'i>;

fn get<'d, 'i>(table: Table<'d, 'i>, key: &str) -> Option<&'d Spanned<DeValue<'i>>> {
    // Viper, which reads these files, compares keys without case.
    let mut entries = table.iter();
    entries
        .find(|(name, _)| name.get_ref().eq_ignore_ascii_case(key))
        .map(|(_, value)| value)
}

fn text(table: Table<'_, '_>, key: &str) -> Option<String> {
    get(table, key)?.get_ref().as_str().map(str::to_owned)
}

fn texts(table: Table<'_, '_>, key: &str) -> Vec<String> {
    let items = get(table, key).and_then(|value| value.get_ref().as_array());
    let items = items.into_iter().flat_map(|items| items.iter());
    items
        .filter_map(|item| item.get_ref().as_str().map(str::to_owned))
        .collect()
}

fn number(table: Table<'_, '_>, key: &str) -> Option<f32> {
    match get(table, key)?.get_ref() {
        DeValue::Integer(integer) => integer.as_str().parse().ok(),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}

/// The tables of `[[key]]`, or the one of `[key]`.
fn tables<'d, 'i>(table: Table<'d, 'i>, key: &str) -> Vec<(usize, Table<'d, 'i>)> {
    let Some(value) = get(table, key) else {
        return Vec::new();
    };
    match value.get_ref() {
        DeValue::Table(one) => vec![(value.span().start, one)],
        DeValue::Array(many) => many
            .iter()
            .filter_map(|item| Some((item.span().start, item.get_ref().as_table()?)))
            .collect(),
        _ => Vec::new(),
    }
}

impl Importer<'_> {
    fn file(&mut self, content: &str, name: &str, depth: usize) -> Result<(), String> {
        let document = DeTable::parse(content).map_err(|error| error.message().to_owned())?;
        let document = document.get_ref();
        let line = |offset: usize| {
            content.as_bytes()[..offset.min(content.len())]
                .iter()
                .filter(|&&b| b == b'\n')
                .count()
                + 1
        };
        let mut notes = Vec::new();
        let mut note = |offset: usize, what: String| {
            notes.push(Note {
                file: name.to_owned(),
                line: line(offset),
                what,
            });
        };
        let mut disabled = Vec::new();
        let mut extended = None;
        if let Some((offset, extend)) = tables(document, "extend").first() {
            disabled = texts(extend, "disabledRules");
            if matches!(
                get(extend, "useDefault").map(|v| v.get_ref()),
                Some(DeValue::Boolean(true))
            ) {
                note(*offset, "extend.useDefault: the default rules of the other tool are not in this file; import its own configuration to have them, or be content with the built-in ones".to_owned());
            }
            if get(extend, "url").is_some() {
                note(*offset, "extend.url: nothing is fetched".to_owned());
            }
            extended = text(extend, "path").map(|path| (*offset, path));
        }
        if let Some((offset, path)) = extended {
            if depth >= DEEPEST {
                note(
                    offset,
                    format!("extend.path: more than {DEEPEST} files in a row are not followed"),
                );
            } else {
                match (self.read)(&path) {
                    Ok(content) => self.file(&content, &path, depth + 1)?,
                    Err(error) => note(
                        offset,
                        format!("extend.path: {path} cannot be read: {error}"),
                    ),
                }
            }
        }
        for id in disabled {
            if self.rules.remove(&id).is_none() {
                note(
                    0,
                    format!(
                        "extend.disabledRules: no rule {} is here; to leave out a built-in one, write [rules] disable in the policy",
                        one_line(&id)
                    ),
                );
            }
        }
        for (offset, rule) in tables(document, "rules") {
            let Some(id) = text(rule, "id") else {
                note(offset, "a rule without an id was left out".to_owned());
                continue;
            };
            let known = self.rules.contains_key(&id);
            let written = self.rules.entry(id.clone()).or_default();
            if !known {
                self.order.push(id.clone());
            }
            written.line = line(offset);
            name.clone_into(&mut written.file);
            for (key, into) in [
                ("description", &mut written.description),
                ("regex", &mut written.regex),
                ("path", &mut written.path),
            ] {
                if let Some(text) = text(rule, key).filter(|text| !text.is_empty()) {
                    *into = text;
                }
            }
            if let Some(group) = number(rule, "secretGroup") {
                written.secret_group = group as usize;
            }
            if let Some(bits) = number(rule, "entropy") {
                written.entropy = bits;
            }
            written.keywords.extend(texts(rule, "keywords"));
            for key in ["allowlist", "allowlists"] {
                for (offset, list) in tables(rule, key) {
                    match allow(list) {
                        Ok((allow, remark)) => {
                            written.allow.extend(allow);
                            remark.into_iter().for_each(|what| {
                                note(offset, format!("rule {}: {what}", one_line(&id)))
                            });
                        }
                        Err(what) => note(offset, format!("rule {}: {what}", one_line(&id))),
                    }
                }
            }
            if !tables(rule, "required").is_empty() {
                written.lost = Some("it counts only beside a match of another rule, which no rule of ours can ask for".to_owned());
            }
            if matches!(
                get(rule, "skipReport").map(|v| v.get_ref()),
                Some(DeValue::Boolean(true))
            ) {
                written.lost = Some("it is no finding by itself (skipReport)".to_owned());
            }
            if get(rule, "validate").is_some() {
                note(
                    offset,
                    format!(
                        "rule {}: `validate` asks a network service, which no gate of ours does",
                        one_line(&id)
                    ),
                );
            }
            if let Some(expression) = text(rule, "filter") {
                match filter_expression::read(&expression) {
                    Some(filter) => {
                        written.entropy = filter.entropy.unwrap_or(written.entropy);
                        written.allow.extend(filter.allow);
                    }
                    None => written.lost = Some("its `filter` is no list of entropy, matchesAny and containsAny, and without it the rule would find more than was meant".to_owned()),
                }
            }
        }
        for key in ["allowlist", "allowlists"] {
            for (offset, list) in tables(document, key) {
                let targets = texts(list, "targetRules");
                match allow(list) {
                    Ok((read, remark)) => {
                        remark.into_iter().for_each(|what| note(offset, what));
                        for target in &targets {
                            match self.rules.get_mut(target) {
                                Some(rule) => rule.allow.extend(read.clone()),
                                None => note(
                                    offset,
                                    format!(
                                        "an allowlist is for the rule {}, which is not here",
                                        one_line(target)
                                    ),
                                ),
                            }
                        }
                        if targets.is_empty() {
                            self.allow.extend(read);
                        }
                    }
                    Err(what) => note(offset, what),
                }
            }
        }
        for key in ["prefilter", "filter"] {
            if let (Some(expression), Some(value)) = (text(document, key), get(document, key)) {
                match filter_expression::read(&expression).filter(|filter| filter.entropy.is_none())
                {
                    Some(filter) => self.allow.extend(filter.allow),
                    None => note(
                        value.span().start,
                        format!("`{key}` is no list of matchesAny and containsAny"),
                    ),
                }
            }
        }
        self.notes.append(&mut notes);
        Ok(())
    }
}

/// An allowlist, and a remark on what of it was left behind.
fn allow(list: Table<'_, '_>) -> Result<(Option<Allow>, Option<String>), String> {
    let condition = text(list, "condition")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let all = matches!(condition.as_str(), "and" | "&&");
    let regexes: Vec<String> = texts(list, "regexes")
        .iter()
        .map(|go| go_regex::translated(go))
        .collect();
    let mut allow = Allow {
        all,
        paths: texts(list, "paths")
            .iter()
            .map(|go| go_regex::translated(go))
            .collect(),
        stopwords: texts(list, "stopwords"),
        ..Allow::default()
    };
    match text(list, "regexTarget").as_deref() {
        None | Some("" | "secret") => allow.values = regexes,
        Some("match") => allow.matches = regexes,
        Some("line") => allow.lines = regexes,
        Some(other) => {
            return Err(format!(
                "an allowlist of the target {} was left out",
                one_line(other)
            ));
        }
    }
    for pattern in [&allow.paths, &allow.values, &allow.matches, &allow.lines]
        .into_iter()
        .flatten()
    {
        if let Err(what) = Shape::of(pattern) {
            return Err(format!(
                "an allowlist was left out, because one of its patterns does not compile: {what}"
            ));
        }
    }
    let mut remark = None;
    if !texts(list, "commits").is_empty() {
        if all {
            return Err("an allowlist of commits was left out: what stands in a tree is judged, whichever commit brought it".to_owned());
        }
        remark = Some("the commits of an allowlist were left out: what stands in a tree is judged, whichever commit brought it".to_owned());
    }
    let empty = allow.paths.is_empty()
        && allow.values.is_empty()
        && allow.matches.is_empty()
        && allow.lines.is_empty()
        && allow.stopwords.is_empty();
    Ok(((!empty).then_some(allow), remark))
}

/// The id of ours and the TOML of a rule, or why there is none.
fn carried(
    id: &str,
    written: &Written,
    note: &mut dyn FnMut(String),
) -> Result<(String, String), String> {
    if let Some(lost) = &written.lost {
        return Err(lost.clone());
    }
    if written.regex.is_empty() {
        return Err(if written.path.is_empty() {
            "it has no regex here: it changes a rule of a configuration that was not read"
                .to_owned()
        } else {
            "it looks at names of files only, and a gate judges what stands in them".to_owned()
        });
    }
    let translated = go_regex::translated(&written.regex);
    let pattern = with_secret(&translated, written.secret_group)?;
    let shape =
        Shape::of(&pattern).map_err(|what| format!("its pattern does not compile: {what}"))?;
    if shape.may_be_empty() {
        return Err("its pattern finds something in nothing".to_owned());
    }
    let path = go_regex::translated(&written.path);
    Shape::of(&path).map_err(|what| format!("its path does not compile: {what}"))?;
    let (keywords, context) = keywords(written, &shape, note)?;
    let own: String = id
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(100)
        .collect();
    if own != id {
        note(format!("its id became {own}"));
    }
    let mut out = String::from("\n[[rule]]\n");
    let mut line = |key: &str, value: String| out.push_str(&format!("{key} = {value}\n"));
    line("id", quoted(&own));
    let title = if written.description.is_empty() {
        &own
    } else {
        &written.description
    };
    line("title", quoted(&one_line(title)));
    line("keywords", list(&keywords));
    if !context.is_empty() {
        line("context", list(&context));
    }
    line("pattern", quoted(&pattern));
    if shape.lines() > 0 {
        line("lines", shape.lines().to_string());
    }
    // Nobody says that a provider issued it, so a value of unknown origin warns and does not block.
    line("issued", "false".to_owned());
    if written.entropy > 0.0 {
        line("entropy", format!("{:?}", written.entropy));
    }
    if !path.is_empty() {
        line("path", quoted(&path));
    }
    for allow in &written.allow {
        out.push_str(&written_allow("rule.allow", allow));
    }
    Ok((own, out))
}

/// Keywords that stand in every match, and words that stand beside it.
fn keywords(
    written: &Written,
    shape: &Shape,
    note: &mut dyn FnMut(String),
) -> Result<(Vec<String>, Vec<String>), String> {
    let long = |words: &[String]| !words.is_empty() && words.iter().all(|word| word.len() >= 3);
    let mut theirs: Vec<String> = written
        .keywords
        .iter()
        .map(|word| word.to_lowercase())
        .collect();
    theirs.sort();
    theirs.dedup();
    let sure = shape.words();
    let inside = long(&theirs)
        && !sure.is_empty()
        && sure
            .iter()
            .all(|word| theirs.iter().any(|own| word.contains(own.as_str())));
    if inside {
        return Ok((theirs, Vec::new()));
    }
    match (long(&theirs), long(&sure)) {
        (_, true) if theirs.is_empty() => Ok((sure, Vec::new())),
        (true, true) => {
            note("its keywords may stand anywhere in a file; here one must stand within five lines".to_owned());
            Ok((sure, theirs))
        }
        (false, true) => Ok((sure, Vec::new())),
        (true, false) => {
            note("not every match is sure to hold a keyword; here it is tried on the lines of one only".to_owned());
            Ok((theirs, Vec::new()))
        }
        (false, false) => Err("no word of three bytes or more stands in every match, so it would be tried on every line".to_owned()),
    }
}

/// The pattern with the group of the secret named, and the others without a number.
fn with_secret(pattern: &str, wanted: usize) -> Result<String, String> {
    let mut parser = ast::parse::ParserBuilder::new().nest_limit(100).build();
    let parsed = parser.parse(pattern).map_err(|error| {
        format!(
            "its pattern does not compile: {} (at byte {})",
            error.kind(),
            error.span().start.offset
        )
    })?;
    let mut groups: Vec<(u32, usize, usize)> = Vec::new();
    captures(&parsed, &mut groups);
    groups.sort_unstable();
    let count = groups.len();
    let chosen = match (wanted, count) {
        (0, 0) => return Ok(format!("(?P<secret>{pattern})")),
        (0, 1) => 1,
        // The first group that took something holds the secret: that is the first one where it always takes something.
        (0, _) if Shape::of(pattern).is_ok_and(|shape| shape.always_takes(1)) => 1,
        (0, _) => {
            return Err("which of its groups holds the secret depends on the match".to_owned());
        }
        (wanted, count) if wanted <= count => wanted,
        (wanted, count) => return Err(format!("it asks for group {wanted} of {count}")),
    };
    if count == 1 && Shape::of(pattern).is_ok_and(|shape| !shape.always_takes(1)) && wanted == 0 {
        return Err(
            "its group may take nothing, and then all of the match is the secret".to_owned(),
        );
    }
    let mut out = pattern.to_owned();
    for (number, start, end) in groups.into_iter().rev() {
        let name = if number as usize == chosen {
            "(?P<secret>"
        } else {
            "(?:"
        };
        out.replace_range(start..end, name);
    }
    Ok(out)
}

/// Number of each group that captures, and where its opening stands.
fn captures(parsed: &ast::Ast, found: &mut Vec<(u32, usize, usize)>) {
    match parsed {
        ast::Ast::Group(group) => {
            let start = group.span.start.offset;
            match &group.kind {
                ast::GroupKind::CaptureIndex(number) => found.push((*number, start, start + 1)),
                ast::GroupKind::CaptureName { name, .. } => {
                    found.push((name.index, start, name.span.end.offset + 1));
                }
                ast::GroupKind::NonCapturing(_) => {}
            }
            captures(&group.ast, found);
        }
        ast::Ast::Repetition(repetition) => captures(&repetition.ast, found),
        ast::Ast::Alternation(alternation) => {
            alternation.asts.iter().for_each(|one| captures(one, found))
        }
        ast::Ast::Concat(concat) => concat.asts.iter().for_each(|one| captures(one, found)),
        _ => {}
    }
}

fn written_allow(heading: &str, allow: &Allow) -> String {
    let mut out = format!("\n[[{heading}]]\n");
    if allow.all {
        out.push_str("all = true\n");
    }
    for (key, items) in [
        ("paths", &allow.paths),
        ("values", &allow.values),
        ("matches", &allow.matches),
        ("lines", &allow.lines),
        ("stopwords", &allow.stopwords),
    ] {
        if !items.is_empty() {
            let items: Vec<String> = items
                .iter()
                .map(|item| format!("  {},\n", quoted(item)))
                .collect();
            out.push_str(&format!("{key} = [\n{}]\n", items.concat()));
        }
    }
    out
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A string of TOML: literal where it may be, so that a pattern reads as it is.
fn quoted(text: &str) -> String {
    if text.contains(['\'', '\n', '\r']) || text.chars().any(char::is_control) {
        toml::Value::String(text.to_owned()).to_string()
    } else {
        format!("'{text}'")
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
