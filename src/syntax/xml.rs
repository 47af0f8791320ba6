//! XML through quick-xml: elements and attributes are keys. No entity but the predefined ones is resolved, no document type
//! read. A property list's `<key>` names the element after it.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::tree::{self, DEEPEST, Kind, NO_KEY, NodeId, Tree};
use super::{Entry, Format, Meaning, Syntax, ending};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Xml,
    knows: |name| ENDINGS.contains(&ending(name)),
    read: |text| read_nested(text, 0),
    joined: None,
};

const ENDINGS: [&str; 15] = [
    "xml",
    "config",
    "csproj",
    "fsproj",
    "vbproj",
    "props",
    "targets",
    "pubxml",
    "publishsettings",
    "plist",
    "mobileconfig",
    "nuspec",
    "xsd",
    "resx",
    "xconf",
];

/// An element that is open.
struct Element {
    name: String,
    pairs: Vec<(String, NodeId)>,
    text: Text,
}

/// The text of an element, from its first byte to its last.
#[derive(Default)]
struct Text {
    value: String,
    span: Option<Range<usize>>,
}

impl Text {
    fn add(&mut self, value: &str, span: Range<usize>) {
        let blank = value.trim().is_empty();
        match &mut self.span {
            None if blank => return,
            None => self.span = Some(span),
            Some(own) => own.end = span.end,
        }
        self.value.push_str(value);
    }
}

/// The entries of a text that stands in `nesting` others.
pub(super) fn read_nested(text: &str, nesting: usize) -> Option<Vec<Entry>> {
    let begin = text.trim_start_matches('\u{feff}').trim_start();
    if !begin.starts_with('<') {
        return None;
    }
    let shift = text.len() - begin.len();
    let mut reader = Reader::from_str(begin);
    reader.config_mut().allow_dangling_amp = true;
    let mut tree = Tree::default();
    let mut open: Vec<Element> = Vec::new();
    let mut found = false;
    loop {
        let start = place(&reader, shift);
        let event = reader.read_event().ok()?;
        let span = start..place(&reader, shift);
        match event {
            Event::Start(tag) => {
                if open.len() >= DEEPEST {
                    return None;
                }
                found = true;
                open.push(element(&tag, text, &mut tree)?);
            }
            Event::Empty(tag) => {
                found = true;
                let element = element(&tag, text, &mut tree)?;
                close(element, text, &mut tree, &mut open);
            }
            Event::End(_) => {
                let element = open.pop()?;
                close(element, text, &mut tree, &mut open);
            }
            Event::Text(content) => {
                if let Some(element) = open.last_mut() {
                    element.text.add(&content.xml10_content(), span);
                }
            }
            Event::CData(content) => {
                if let Some(element) = open.last_mut() {
                    let inner = span.start + "<![CDATA[".len()..span.end - "]]>".len();
                    element.text.add(&content.xml10_content(), inner);
                }
            }
            Event::GeneralRef(_) => {
                if let Some(element) = open.last_mut() {
                    let raw = text.get(span.clone())?;
                    element.text.add(&unescaped(raw), span);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    (found && open.is_empty()).then_some(())?;
    tree::entries(&tree, text, nesting)
}

fn place(reader: &Reader<&[u8]>, shift: usize) -> usize {
    usize::try_from(reader.buffer_position()).map_or(usize::MAX, |at| at + shift)
}

fn unescaped(raw: &str) -> Cow<'_, str> {
    unescape(raw).unwrap_or(Cow::Borrowed(raw))
}

fn element(tag: &BytesStart<'_>, text: &str, tree: &mut Tree) -> Option<Element> {
    let mut pairs = Vec::new();
    // Without the check for doubles, which compares each with all.
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.ok()?;
        let value: &str = &attribute.value;
        let start = (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
        let span = start..start + value.len();
        if text.get(span.clone()) != Some(value) {
            return None;
        }
        let id = tree.scalar(unescaped(value), span, true, Meaning::Literal);
        let name = attribute.key.local_name().into_inner();
        pairs.push((name.to_owned(), id));
    }
    Some(Element {
        name: tag.local_name().into_inner().to_owned(),
        pairs,
        text: Text::default(),
    })
}

/// Puts an element that has ended into the one around it.
fn close(element: Element, text: &str, tree: &mut Tree, open: &mut [Element]) {
    let Element {
        name,
        mut pairs,
        text: content,
    } = element;
    let scalar = content.span.and_then(|span| {
        let raw = text.get(span.clone())?;
        let start = span.start + (raw.len() - raw.trim_start().len());
        let end = span.end - (raw.len() - raw.trim_end().len());
        let value = content.value.trim().to_owned();
        Some(tree.scalar(value, start..end.max(start), false, Meaning::Literal))
    });
    let id = match scalar {
        Some(id) if pairs.is_empty() => id,
        _ => {
            pairs.extend(scalar.map(|id| (NO_KEY.to_owned(), id)));
            if name == "dict" {
                pairs = of_property_list(pairs, tree);
            }
            tree.add(Kind::Mapping(pairs), Meaning::Literal)
        }
    };
    match open.last_mut() {
        Some(around) => around.pairs.push((name, id)),
        None => {
            let root = tree.add(Kind::Mapping(vec![(name, id)]), Meaning::Literal);
            tree.roots.push(root);
        }
    }
}

fn of_property_list(pairs: Vec<(String, NodeId)>, tree: &Tree) -> Vec<(String, NodeId)> {
    let mut name: Option<String> = None;
    let mut named = Vec::with_capacity(pairs.len() / 2);
    for (element, id) in pairs {
        match name.take() {
            None if element == "key" => name = tree.text(id).map(str::to_owned),
            None => named.push((element, id)),
            Some(name) => named.push((name, id)),
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::super::testing::{rows, takes};
    use super::*;

    fn read(text: &str) -> Option<Vec<Entry>> {
        (FORMAT.read)(text)
    }

    #[test]
    fn real_files() {
        for (text, expected) in [
            (
                // web.config
                "\u{feff}<?xml version=\"1.0\"?>\n<configuration>\n<!-- x --><appSettings><add key=\"DbPassword\" value=\"p&amp;1\" /></appSettings>\n\
                 <connectionStrings><add name='Main' connectionString='Server=a;Password=b1' /></connectionStrings></configuration>",
                &[
                    ("configuration.appSettings.add.key", "DbPassword"),
                    ("configuration.appSettings.add.DbPassword", "p&1"),
                    ("configuration.connectionStrings.add.name", "Main"),
                    (
                        "configuration.connectionStrings.add.Main",
                        "Server=a;Password=b1",
                    ),
                ] as &[_],
            ),
            (
                // Maven's settings.xml
                "<settings><servers><server>\n <id>nexus</id>\n <password>\n  s1 </password></server></servers></settings>",
                &[
                    ("settings.servers.server.id", "nexus"),
                    ("settings.servers.server.password", "s1"),
                ],
            ),
            (
                // Spring: a bean, and beans of one profile
                "<beans profile=\"prod\"><property name=\"password\" value=\"v1\"/><property name=\"t\"><value>v2</value></property></beans>",
                &[
                    ("beans.profiles.prod.profile", "prod"),
                    ("beans.profiles.prod.property.name", "password"),
                    ("beans.profiles.prod.property.password", "v1"),
                    ("beans.profiles.prod.property.name", "t"),
                    ("beans.profiles.prod.property.t", "v2"),
                ],
            ),
            (
                // A profile of Maven, Hadoop's properties, Android's strings, CDATA
                "<p><profile><id>staging</id><db.password>v</db.password></profile><property><name>fs.key</name><value>w</value></property>\
                 <string name=\"api_key\">x</string><a><![CDATA[y<z]]></a></p>",
                &[
                    ("p.profile.profiles.staging.id", "staging"),
                    ("p.profile.profiles.staging.db.password", "v"),
                    ("p.property.name", "fs.key"),
                    ("p.property.fs.key", "w"),
                    ("p.string.name", "api_key"),
                    ("p.string.api_key", "x"),
                    ("p.a", "y<z"),
                ],
            ),
            (
                // A property list
                "<plist><dict><key>ApiSecret</key><string>a&lt;b</string><key>N</key><dict><key>K</key><true/></dict></dict></plist>",
                &[("plist.dict.ApiSecret", "a<b")],
            ),
        ] {
            assert_eq!(rows(text, read), takes(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_xml_is_left_to_the_lines() {
        for text in [
            "key = value",
            "",
            "<a><b></a>",
            "<a",
            "<a b=c>",
            "<a>{{ x }}",
            &"<a>".repeat(10_000),
        ] {
            assert!(read(text).is_none(), "{}", &text[..text.len().min(40)]);
        }
    }
}
