//! One labelled case, and what is remembered of it while the gate runs: where its secret stands, never the text.

use serde::{Deserialize, Serialize};

/// A line of the JSONL.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Case {
    /// Names the case in lists of misses and false alarms.
    pub(crate) id: String,
    /// The whole file.
    pub(crate) text: String,
    /// Path of the file; its name and its folders mean something to the gate.
    pub(crate) filename: String,
    /// What is right.
    pub(crate) label: Label,
    /// The rule that should find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    /// What must be found, as it stands in the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
    /// Whose it is: `production`, `staging`, `development`, `test` or `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    /// Category, for the figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
}

/// Whether something is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Label {
    /// Holds a credential.
    Positive,
    /// Holds none.
    Negative,
}

/// A case without its text.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) id: String,
    pub(crate) label: Label,
    pub(crate) kind: String,
    pub(crate) format: &'static str,
    pub(crate) rule: Option<String>,
    pub(crate) origin: Option<String>,
    /// Every place where the secret stands.
    pub(crate) places: Vec<Occurrence>,
}

/// Line and column, from 1, the column in bytes, as the report counts.
pub(crate) type Position = (u32, u32);

/// One place of a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurrence {
    start: Position,
    end: Position,
    /// Where the run of bytes begins, without blanks and quotes, that leads to the secret. A finding that starts there
    /// covers the secret: the report says where a value starts, not where it ends.
    run: Position,
}

impl Expected {
    /// What is remembered of `case`.
    pub(crate) fn of(case: &Case) -> Self {
        let places = match case.secret.as_deref() {
            Some(secret) if !secret.is_empty() && case.label == Label::Positive => {
                occurrences(&case.text, secret)
            }
            _ => Vec::new(),
        };
        Self {
            id: case.id.clone(),
            label: case.label,
            kind: case.kind.clone().unwrap_or_else(|| "-".to_owned()),
            format: format_of(&case.filename),
            rule: case.rule.clone(),
            origin: case.origin.clone(),
            places,
        }
    }

    /// Whether a finding at `position` covers the secret; any finding does where the secret stands nowhere as given.
    pub(crate) fn covered_by(&self, position: Position, rule: &str) -> bool {
        self.places.is_empty()
            || self.places.iter().any(|place| {
                let within = place.run <= position && position < place.end;
                // The block of a private key is found at its header, and may be labelled by a part of its body.
                let above = rule.contains("private-key")
                    && position < place.start
                    && place.start.0 - position.0 < 100;
                within || above
            })
    }
}

fn occurrences(text: &str, secret: &str) -> Vec<Occurrence> {
    text.match_indices(secret)
        .take(1000)
        .map(|(start, _)| {
            let run = text[..start]
                .rfind(|c: char| c.is_whitespace() || "\"'`;,".contains(c))
                .map_or(0, |at| at + 1);
            Occurrence {
                start: position(text, start),
                end: position(text, start + secret.len()),
                run: position(text, run),
            }
        })
        .collect()
}

fn position(text: &str, mut offset: usize) -> Position {
    let mut line_start = 0;
    while !text.is_char_boundary(offset) {
        offset += 1;
    }
    let line = 1 + text[..offset].bytes().filter(|&byte| byte == b'\n').count();
    if let Some(at) = text[..offset].rfind('\n') {
        line_start = at + 1;
    }
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (number(line), number(offset - line_start + 1))
}

/// The format that a file's name says.
fn format_of(filename: &str) -> &'static str {
    let path = filename.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let ending = name.rsplit('.').next().unwrap_or(name);
    if name.starts_with(".env") || name.ends_with(".env") || ending == "envrc" {
        return "dotenv";
    }
    if name.starts_with("dockerfile") || ending == "dockerfile" {
        return "dockerfile";
    }
    match ending {
        "yml" | "yaml" => "yaml",
        "json" | "jsonc" | "json5" | "ipynb" => "json",
        "toml" => "toml",
        "ini" | "cfg" | "conf" | "cnf" | "npmrc" | "pypirc" | "netrc" | "editorconfig" => {
            "ini/conf"
        }
        "properties" => "properties",
        "tf" | "tfvars" | "hcl" => "hcl",
        "xml" | "config" | "csproj" | "plist" => "xml",
        "sh" | "bash" | "zsh" | "ps1" | "bat" | "cmd" => "shell",
        "service" | "socket" | "timer" => "systemd",
        "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "vue" | "map" => "javascript",
        "py" => "python",
        "rb" | "erb" => "ruby",
        "java" | "kt" | "scala" | "groovy" | "gradle" => "jvm",
        "go" => "go",
        "rs" => "rust",
        "php" => "php",
        "cs" | "vb" => ".net",
        "c" | "h" | "cpp" | "hpp" | "cc" => "c/c++",
        "swift" | "m" | "dart" => "mobile",
        "ex" | "exs" | "pl" | "pm" | "lua" | "r" => "other code",
        "sql" => "sql",
        "html" | "htm" | "css" | "scss" | "svg" => "html/css",
        "md" | "rst" | "txt" | "adoc" => "text",
        "lock" | "sum" => "lock",
        "pem" | "key" | "crt" | "pub" | "p12" => "keys",
        _ => "other",
    }
}
