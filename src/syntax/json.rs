//! JSON, and what passes for it: comments, trailing commas, single quotes, bare keys, several values in one file. Tokens come
//! from jsonc-parser; the tree is built here without recursion.

use jsonc_parser::tokens::Token;
use jsonc_parser::{Scanner, ScannerOptions};

use super::tree::{self, Builder};
use super::{Entry, Format, Meaning, Syntax, ending};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Json,
    knows: |name| {
        ENDINGS.contains(&ending(name))
            || [".babelrc", ".eslintrc", "composer.lock"].contains(&name)
    },
    read: |text| read_nested(text, 0),
    joined: None,
};

const ENDINGS: [&str; 13] = [
    "json",
    "jsonc",
    "json5",
    "jsonl",
    "ndjson",
    "ejson",
    "webmanifest",
    "tfstate",
    "har",
    "avsc",
    "geojson",
    "code-workspace",
    "dockerconfigjson",
];

/// The entries of a text that stands in `nesting` others.
pub(super) fn read_nested(text: &str, nesting: usize) -> Option<Vec<Entry>> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shift = text.len() - body.len();
    let mut scanner = Scanner::new(body, &ScannerOptions::default());
    let mut builder = Builder::default();
    // Whether a value may come, and whether a colon must.
    let mut colon = false;
    let mut after_value = false;
    while let Some(token) = scanner.scan().ok()? {
        let span = scanner.token_start() + shift..scanner.token_end() + shift;
        if !matches!(
            token,
            Token::Colon | Token::CommentLine(_) | Token::CommentBlock(_)
        ) && colon
        {
            return None;
        }
        let (value, quoted) = match token {
            Token::CommentLine(_) | Token::CommentBlock(_) => continue,
            Token::OpenBrace | Token::OpenBracket => {
                if after_value && builder.depth() > 0 || builder.wants_key() {
                    return None;
                }
                builder.open(token == Token::OpenBrace, Meaning::Literal)?;
                after_value = false;
                continue;
            }
            Token::CloseBrace | Token::CloseBracket => {
                let closes = builder.is_mapping()? == (token == Token::CloseBrace);
                if !closes || builder.wants_value() {
                    return None;
                }
                builder.close(None)?;
                after_value = true;
                continue;
            }
            Token::Comma => {
                if !after_value || builder.depth() == 0 {
                    return None;
                }
                after_value = false;
                continue;
            }
            Token::Colon => {
                if !colon {
                    return None;
                }
                colon = false;
                continue;
            }
            Token::String(value) => (value.into_owned(), true),
            Token::Word(value) | Token::Number(value) => (value.to_owned(), false),
            Token::Boolean(_) | Token::Null => (token.as_str().to_owned(), false),
        };
        if after_value && builder.depth() > 0 {
            return None;
        }
        if builder.wants_key() {
            builder.key(value);
            colon = true;
            continue;
        }
        let span = if quoted {
            span.start + 1..span.end - 1
        } else {
            span
        };
        let id = builder.tree.scalar(value, span, quoted, Meaning::Literal);
        builder.put(id);
        after_value = true;
    }
    let tree = builder.finish()?;
    tree::entries(&tree, text, nesting)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{rows, takes};
    use super::*;

    fn read(text: &str) -> Option<Vec<Entry>> {
        (FORMAT.read)(text)
    }

    #[test]
    fn what_passes_for_json() {
        for (text, expected) in [
            (
                r#"{"a": {"b": "c"}, "d": [1, 2]}"#,
                &[("a.b", "c"), ("d", "1"), ("d", "2")] as &[_],
            ),
            (
                "\u{feff}{ // comment\n 'a': /* b */ \"x\\u00e9\\n\", }",
                &[("a", "x\u{e9}\n")],
            ),
            (
                r#"{"staging": {"Db": {"Pw": "a\"b"}}}"#,
                &[("staging.Db.Pw", "a\"b")],
            ),
            ("{\"a\":1}\n{\"a\":\"z\"}\n", &[("a", "1"), ("a", "z")]),
            ("{a: true}", &[("a", "true")]),
        ] {
            assert_eq!(rows(text, read), takes(expected), "{text}");
        }
    }

    #[test]
    fn real_files() {
        for (text, expected) in [
            // appsettings.json
            (
                r#"{"ConnectionStrings": {"Default": "Server=db;Password=x1"}, "Jwt": {"Key": "k"}}"#,
                &[
                    ("ConnectionStrings.Default", "Server=db;Password=x1"),
                    ("Jwt.Key", "k"),
                ] as &[_],
            ),
            // A task definition of ECS
            (
                r#"{"containerDefinitions": [{"environment": [{"name": "DB_PASSWORD", "value": "v1"}]}]}"#,
                &[
                    ("containerDefinitions.environment.name", "DB_PASSWORD"),
                    ("containerDefinitions.environment.DB_PASSWORD", "v1"),
                ],
            ),
            // Parameters of CloudFormation and of Azure
            (
                r#"[{"ParameterKey": "DbPassword", "ParameterValue": "v2"}]"#,
                &[("ParameterKey", "DbPassword"), ("DbPassword", "v2")],
            ),
            (
                r#"[{"name": "ApiKey", "value": "v3", "slotSetting": false}]"#,
                &[
                    ("name", "ApiKey"),
                    ("ApiKey", "v3"),
                    ("slotSetting", "false"),
                ],
            ),
            // JSON in JSON
            (
                r#"{"policy": "{\"password\": \"v4\"}"}"#,
                &[
                    ("policy", "{\"password\": \"v4\"}"),
                    ("policy.password", "v4"),
                ],
            ),
        ] {
            assert_eq!(rows(text, read), takes(expected), "{text}");
        }
    }

    #[test]
    fn references_are_marked() {
        let text = r#"{"secrets": [{"name": "A_TOKEN", "valueFrom": "arn:x"}], "p": {"Ref": "Q"}}"#;
        let meanings: Vec<_> = read(text)
            .expect("JSON")
            .iter()
            .map(|e| e.meaning)
            .collect();
        let (literal, reference) = (Meaning::Literal, Meaning::Reference);
        assert_eq!(meanings, [literal, reference, reference]);
    }

    #[test]
    fn what_is_no_json_is_left_to_the_lines() {
        for text in [
            "{\"a\" 1}",
            "{\"a\": 1 \"b\": 2}",
            "{\"a\": 1",
            "{\"a\": }",
            "[1}",
            "{\"a\": {{ .Values.x }}}",
            "\"unterminated",
            &"[".repeat(100_000),
        ] {
            assert!(read(text).is_none(), "{}", &text[..text.len().min(40)]);
        }
    }
}
