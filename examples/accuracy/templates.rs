//! Templates of cases (`fixtures/accuracy/`, `fixtures/twins/`) to cases. The format is described in
//! `fixtures/accuracy/README.md`.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use stagegate::rules::template;
use toml::Spanned;

use super::case::{Case, Label};

type Fault = Box<dyn std::error::Error>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What the file is about, for its reader.
    #[serde(rename = "about")]
    _about: String,
    #[serde(default)]
    frames: BTreeMap<String, Vec<Frame>>,
    #[serde(default)]
    positive: Vec<Set>,
    #[serde(default)]
    negative: Vec<Set>,
    #[serde(default)]
    twin: Vec<Twin>,
}

/// A file name, and a text with places to fill.
type Frame = (String, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    kind: Option<String>,
    file: Option<String>,
    frames: Option<Vec<String>>,
    rule: Option<String>,
    lines: Option<Spanned<String>>,
    text: Option<Spanned<String>>,
}

/// One text for several origins: only what fills its places differs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Twin {
    kind: Spanned<String>,
    file: Option<String>,
    text: Option<String>,
    frames: Option<Vec<String>>,
    rule: Option<String>,
    #[serde(default)]
    production: Vec<Vec<String>>,
    #[serde(default)]
    staging: Vec<Vec<String>>,
    #[serde(default)]
    development: Vec<Vec<String>>,
    #[serde(default)]
    test: Vec<Vec<String>>,
    #[serde(default)]
    unknown: Vec<Vec<String>>,
}

/// Every case of every template file below `path` (or of the one file), once per seed from 1 to `seeds`.
pub(crate) fn load(path: &Path, seeds: u64) -> Result<Vec<Case>, Fault> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        files = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.retain(|file| {
            file.extension().is_some_and(|ending| ending == "toml")
                && file.file_name().is_some_and(|name| name != "policy.toml")
        });
        files.sort();
    }
    let mut cases = Vec::new();
    for path in files {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&path)?;
        let named = |error: Fault| format!("{}: {error}", path.display());
        let file: File = toml::from_str(&text).map_err(|error| named(error.into()))?;
        let maker = Maker {
            stem: &stem,
            text: &text,
            frames: &file.frames,
            seeds,
        };
        for (sets, label) in [
            (&file.positive, Label::Positive),
            (&file.negative, Label::Negative),
        ] {
            for set in sets {
                maker.set(set, label, &mut cases).map_err(named)?;
            }
        }
        for twin in &file.twin {
            maker.twin(twin, &mut cases).map_err(named)?;
        }
    }
    Ok(cases)
}

struct Maker<'f> {
    stem: &'f str,
    text: &'f str,
    frames: &'f BTreeMap<String, Vec<Frame>>,
    seeds: u64,
}

impl Maker<'_> {
    fn set(&self, set: &Set, label: Label, cases: &mut Vec<Case>) -> Result<(), Fault> {
        let frames = self.chosen(set.frames.as_deref(), set.file.as_deref(), "@LINE@")?;
        let mut items = Vec::new();
        if let Some(lines) = &set.lines {
            // The end of the line behind the opening quotes is none of the text.
            let first = self.line_of(lines.span().start + "'''\n".len());
            for (index, line) in lines.get_ref().lines().enumerate() {
                if !line.trim().is_empty() {
                    items.push((first + index, line.to_owned()));
                }
            }
        }
        if let Some(text) = &set.text {
            items.push((self.line_of(text.span().start), text.get_ref().clone()));
        }
        if items.is_empty() {
            return Err("a set has neither lines nor text".into());
        }
        let sample = Case {
            id: String::new(),
            text: String::new(),
            filename: String::new(),
            label,
            rule: set.rule.clone(),
            secret: None,
            origin: None,
            kind: Some(match &set.kind {
                Some(kind) => format!("{}/{kind}", self.stem),
                None => self.stem.to_owned(),
            }),
        };
        for (line, item) in items {
            for (name, frame) in &frames {
                let (key, value) = item.split_once(" => ").unwrap_or(("", &item));
                let text = frame
                    .replace("@LINE@", &item)
                    .replace("@KEY@", key)
                    .replace("@VALUE@", value);
                self.expand(line, name, &text, &sample, cases)
                    .map_err(|error| format!("line {line}: {error}"))?;
            }
        }
        Ok(())
    }

    fn twin(&self, twin: &Twin, cases: &mut Vec<Case>) -> Result<(), Fault> {
        let text = twin.text.as_deref().unwrap_or_default();
        let frames = self.chosen(twin.frames.as_deref(), twin.file.as_deref(), text)?;
        let line = self.line_of(twin.kind.span().start);
        for (origin, variants) in [
            ("production", &twin.production),
            ("staging", &twin.staging),
            ("development", &twin.development),
            ("test", &twin.test),
            ("unknown", &twin.unknown),
        ] {
            let sample = Case {
                id: String::new(),
                text: String::new(),
                filename: String::new(),
                label: Label::Positive,
                rule: twin.rule.clone(),
                secret: None,
                origin: Some(origin.to_owned()),
                kind: Some(twin.kind.get_ref().clone()),
            };
            for variant in variants {
                for (name, frame) in &frames {
                    let mut text = frame.clone();
                    let mut name = name.clone();
                    for (index, value) in variant.iter().enumerate() {
                        let place = format!("@{}@", index + 1);
                        text = text.replace(&place, value);
                        name = name.replace(&place, value);
                    }
                    self.expand(line, &name, &text, &sample, cases)
                        .map_err(|error| format!("line {line}: {error}"))?;
                }
            }
        }
        Ok(())
    }

    /// The named frames, or the one file with `text`.
    fn chosen(
        &self,
        names: Option<&[String]>,
        file: Option<&str>,
        text: &str,
    ) -> Result<Vec<Frame>, Fault> {
        let mut frames = Vec::new();
        for name in names.unwrap_or_default() {
            let named = self.frames.get(name);
            frames.extend(
                named
                    .ok_or_else(|| format!("no frames named {name}"))?
                    .iter()
                    .cloned(),
            );
        }
        if let Some(file) = file {
            frames.push((file.to_owned(), text.to_owned()));
        }
        if frames.is_empty() {
            return Err("a set has neither file nor frames".into());
        }
        Ok(frames)
    }

    fn line_of(&self, offset: usize) -> usize {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        1 + before.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// One case per seed and marked secret.
    fn expand(
        &self,
        line: usize,
        name: &str,
        text: &str,
        sample: &Case,
        cases: &mut Vec<Case>,
    ) -> Result<(), Fault> {
        for seed in 1..=self.seeds {
            let mixed = mix(&[self.stem, name, text], seed);
            let (expanded, secrets) = fill(text, mixed)?;
            let base = format!("{}:{line}:{name}#{seed}", self.stem);
            match (sample.label, secrets.as_slice()) {
                (Label::Positive, []) => return Err("a positive marks no secret with «»".into()),
                (Label::Negative, [_, ..]) => return Err("a negative marks a secret".into()),
                (Label::Negative, []) => cases.push(Case {
                    id: base,
                    text: expanded,
                    filename: name.to_owned(),
                    ..sample.clone()
                }),
                (Label::Positive, secrets) => {
                    for (index, secret) in secrets.iter().enumerate() {
                        cases.push(Case {
                            id: format!("{base}.{index}"),
                            text: expanded.clone(),
                            filename: name.to_owned(),
                            secret: Some(secret.clone()),
                            ..sample.clone()
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

/// FNV-1a: a seed of its own for every case, the same in every run.
fn mix(parts: &[&str], seed: u64) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes
        .chain(seed.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// Expands `«template»` (a secret) and `‹template›` (none); everything else stays as it is.
fn fill(text: &str, mut seed: u64) -> Result<(String, Vec<String>), Fault> {
    let mut out = String::with_capacity(text.len() + 64);
    let mut secrets = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['«', '‹']) {
        out.push_str(&rest[..open]);
        let is_secret = rest[open..].starts_with('«');
        let inner = rest[open..].chars().next().map_or(0, char::len_utf8) + open;
        let closing = if is_secret { '»' } else { '›' };
        let len = rest[inner..].find(closing).ok_or("a mark is not closed")?;
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let value = template::expand(&words(&rest[inner..inner + len], seed), seed)?;
        out.push_str(&value);
        if is_secret {
            secrets.push(value);
        }
        rest = &rest[inner + len + closing.len_utf8()..];
    }
    out.push_str(rest);
    Ok((out, secrets))
}

/// Words of which people make passwords. They stand alone here: no password stands in a file.
const WORDS: &[&str] = &[
    "summer", "winter", "dragon", "london", "monkey", "shadow", "coffee", "orange", "tiger",
    "falcon", "rocket", "berlin", "garden", "silver", "bridge", "planet", "purple", "wizard",
    "harbor", "castle", "autumn", "pepper", "guitar", "hockey", "mango", "river", "turtle",
    "banana", "cobalt", "thunder",
];

/// Puts words for `{word}` and `{Word}`, which the template language of the rules does not have.
fn words(template: &str, seed: u64) -> String {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut text = template.to_owned();
    for capital in [false, true] {
        let mark = if capital { "{Word}" } else { "{word}" };
        while let Some(at) = text.find(mark) {
            let mut word = WORDS[rng.usize(..WORDS.len())].to_owned();
            if capital {
                word[..1].make_ascii_uppercase();
            }
            text.replace_range(at..at + mark.len(), &word);
        }
    }
    text
}
