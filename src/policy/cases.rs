//! A policy's own tests: cases of a place and a kind of finding, each with the verdict that is meant. A case may list several
//! refs, paths, keys and kinds; every combination is one.

#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::mistake::{Mistakes, did_you_mean};
use super::table::Row;
use super::{Decision, Policy, PolicyErrors, Subject};
use crate::model::{Confidence, Family, Lifetime, Origin, OriginOf, Tier, Verdict};
use crate::rules::{Pack, Rule, frameworks};

/// Combinations that one file may ask for.
const MOST: usize = 100_000;

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "case")]
    cases: Vec<Spanned<Case>>,
}

/// One case as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    name: Option<String>,
    #[serde(default, rename = "ref")]
    refs: OneOrMore,
    #[serde(default, rename = "path")]
    paths: OneOrMore,
    #[serde(default, rename = "key")]
    keys: OneOrMore,
    /// Rows of the verdict table.
    #[serde(default)]
    what: SpannedTexts,
    /// Ids of rules, and whose it is.
    #[serde(default, rename = "rule")]
    rules: SpannedTexts,
    origin: Option<Spanned<String>>,
    confidence: Option<Spanned<String>>,
    privileged: Option<bool>,
    lifetime: Option<Spanned<String>>,
    /// For exceptions.
    fingerprint: Option<String>,
    on: Option<Spanned<toml::value::Datetime>>,
    verdict: Option<Spanned<String>>,
    /// The environment whose claim decides, or `unclaimed`.
    environment: Option<Spanned<String>>,
}

/// A text or a list of them.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    #[default]
    None,
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    /// Each, or once nothing where there is none.
    fn each(&self) -> Vec<Option<&str>> {
        match self {
            Self::None => vec![None],
            Self::One(text) => vec![Some(text)],
            Self::More(texts) => texts.iter().map(|text| Some(text.as_str())).collect(),
        }
    }
}

/// The same with its place.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
struct SpannedTexts(Option<Spanned<OneOrMore>>);

impl SpannedTexts {
    fn texts(&self) -> Vec<(usize, &str)> {
        let Some(spanned) = &self.0 else {
            return Vec::new();
        };
        let texts = spanned.get_ref().each();
        let start = spanned.span().start;
        texts
            .into_iter()
            .flatten()
            .map(|text| (start, text))
            .collect()
    }
}

/// What is added, as far as the policy cares.
#[derive(Debug, Clone)]
struct Kind {
    /// In words, for whoever reads that a case failed.
    told: String,
    rule: String,
    provider: String,
    family: Family,
    origin: OriginOf,
    issued: bool,
    lifetime: Lifetime,
    privileged: bool,
    public: bool,
    declared: bool,
    revoked: bool,
}

/// One combination, and what came of it.
#[derive(Debug)]
pub struct Tried {
    /// Line of the case in the file, from 1.
    pub line: usize,
    /// What the case is called.
    pub name: Option<String>,
    /// The combination in words: `ref refs/heads/staging, path a.yml, production-credential`.
    pub asked: String,
    /// What was meant.
    pub wanted: Verdict,
    /// The environment that was to decide; `unclaimed` for none.
    pub wanted_environment: Option<String>,
    /// What the policy says.
    pub decision: Decision,
}

impl Tried {
    /// Whether the policy says what was meant.
    pub fn holds(&self) -> bool {
        let environment = self.environment();
        self.decision.verdict == self.wanted
            && self
                .wanted_environment
                .as_deref()
                .is_none_or(|wanted| wanted == environment)
    }

    /// The environment that decided; `unclaimed` for none.
    pub fn environment(&self) -> &str {
        let claim = self.decision.claim.as_ref();
        claim.map_or("unclaimed", |claim| claim.environment.as_str())
    }
}

/// Tries every case of a file; `source` is what the file is called.
///
/// # Errors
/// Every mistake of the file, each with its place. A file without a case is one.
pub fn try_cases(
    policy: &Policy,
    text: &str,
    source: &str,
    today: Date,
) -> Result<Vec<Tried>, PolicyErrors> {
    let mut mistakes = Mistakes::new(text);
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            mistakes.add(
                at,
                error.message().trim(),
                "docs/policy.md has an example of every key",
            );
            return Err(mistakes.into_errors(source));
        }
    };
    if file.cases.is_empty() {
        mistakes.add(
            0,
            "there is no case",
            "write `[[case]]` with `what` and `verdict` below it",
        );
    }
    let mut tried = Vec::new();
    for case in &file.cases {
        let at = case.span().start;
        let mut reader = Reader {
            policy,
            mistakes: &mut mistakes,
            at,
        };
        if let Some(read) = reader.read(case.get_ref()) {
            let line = mistakes.line(at);
            if !combine(policy, case.get_ref(), &read, line, today, &mut tried) {
                mistakes.add(
                    at,
                    format!("more than {MOST} combinations"),
                    "ask for fewer in one file",
                );
                break;
            }
        }
    }
    if mistakes.is_empty() {
        Ok(tried)
    } else {
        Err(mistakes.into_errors(source))
    }
}

/// What a case means.
struct Meant {
    kinds: Vec<Kind>,
    verdict: Verdict,
    environment: Option<String>,
    on: Option<Date>,
}

struct Reader<'p, 'm, 't> {
    policy: &'p Policy,
    mistakes: &'m mut Mistakes<'t>,
    at: usize,
}

impl Reader<'_, '_, '_> {
    fn read(&mut self, case: &Case) -> Option<Meant> {
        let verdict = match &case.verdict {
            Some(text) => self.choice(
                text,
                "verdict",
                &[
                    ("block", Verdict::Block),
                    ("warn", Verdict::Warn),
                    ("allow", Verdict::Allow),
                ],
            ),
            None => {
                self.mistakes.add(
                    self.at,
                    "the case has no verdict",
                    "write `verdict = \"block\"`, `\"warn\"` or `\"allow\"`",
                );
                None
            }
        };
        let kinds = self.kinds(case);
        let environment = case
            .environment
            .as_ref()
            .and_then(|name| self.environment(name));
        let on = case.on.as_ref().and_then(|day| self.day(day));
        Some(Meant {
            kinds: kinds?,
            verdict: verdict?,
            environment,
            on,
        })
    }

    fn kinds(&mut self, case: &Case) -> Option<Vec<Kind>> {
        let (rows, rules) = (case.what.texts(), case.rules.texts());
        let details = [
            case.origin.as_ref().map(|_| "origin"),
            case.confidence.as_ref().map(|_| "confidence"),
            case.lifetime.as_ref().map(|_| "lifetime"),
            case.privileged.map(|_| "privileged"),
        ];
        if rows.is_empty() == rules.is_empty() {
            self.mistakes.add(
                self.at,
                "the case does not say what is added, or says it twice",
                "write either `what = \"production-credential\"` (a row of the verdict table) or `rule` and `origin`",
            );
            return None;
        }
        let before = self.mistakes.count();
        let mut kinds = Vec::new();
        if let Some(detail) = details.into_iter().flatten().next()
            && !rows.is_empty()
        {
            self.mistakes.add(
                self.at,
                format!(
                    "`{detail}` goes with `rule`, and a row of the verdict table says it already"
                ),
                "leave it out, or name a rule instead of `what`",
            );
        }
        for (at, name) in rows {
            match Row::of_key(name) {
                Some(row) => kinds.push(of_row(row)),
                None => {
                    let known: Vec<&str> = Row::ALL.iter().map(|row| row.key()).collect();
                    let what = format!("no row of the verdict table is called `{name}`");
                    self.mistakes.add(at, what, did_you_mean(name, &known));
                }
            }
        }
        let origin = match &case.origin {
            Some(text) => self.choice(
                text,
                "origin",
                &[
                    ("production", Origin::Production),
                    ("staging", Origin::Staging),
                    ("development", Origin::Development),
                    ("test", Origin::Test),
                    ("unknown", Origin::Unknown),
                ],
            ),
            None => Some(Origin::Unknown),
        };
        let confidence = match &case.confidence {
            Some(text) => self.choice(
                text,
                "confidence",
                &[
                    ("certain", Confidence::Certain),
                    ("likely", Confidence::Likely),
                    ("possible", Confidence::Possible),
                ],
            ),
            None => Some(Confidence::Certain),
        };
        let lifetime = case.lifetime.as_ref().and_then(|text| {
            self.choice(
                text,
                "lifetime",
                &[
                    ("short", Lifetime::Short),
                    ("long", Lifetime::Long),
                    ("unknown", Lifetime::Unknown),
                ],
            )
        });
        for (at, id) in rules {
            let Some((pack, rule)) = self.rule(id) else {
                let known: Vec<&str> = crate::rules::builtin()
                    .iter()
                    .chain(self.policy.own_packs())
                    .flat_map(|pack| &pack.rules)
                    .map(|rule| rule.id.as_str())
                    .collect();
                let hint = did_you_mean(id, &known);
                let hint = if hint.len() < 200 {
                    hint
                } else {
                    "`stagegate rules list` shows them all".to_owned()
                };
                self.mistakes
                    .add(at, format!("no rule is called `{id}`"), hint);
                continue;
            };
            if let (Some(origin), Some(confidence)) = (origin, confidence) {
                let mut kind = of_rule(pack, rule, origin, confidence);
                kind.lifetime = lifetime.unwrap_or(kind.lifetime);
                kind.privileged = case.privileged.unwrap_or(kind.privileged);
                kinds.push(kind);
            }
        }
        (self.mistakes.count() == before).then_some(kinds)
    }

    /// A rule of the policy's own, or else a built-in one.
    fn rule(&self, id: &str) -> Option<(&Pack, &Rule)> {
        let own = self.policy.own_packs().iter();
        let packs = own.chain(crate::rules::builtin());
        packs
            .flat_map(|pack| pack.rules.iter().map(move |rule| (pack, rule)))
            .find(|(_, rule)| rule.id == id)
    }

    fn environment(&mut self, name: &Spanned<String>) -> Option<String> {
        let wanted = name.get_ref().as_str();
        let mut known: Vec<&str> = self.policy.environments().map(|(name, ..)| name).collect();
        known.push("unclaimed");
        if known.contains(&wanted) {
            return Some(wanted.to_owned());
        }
        let hint = did_you_mean(wanted, &known);
        let what = format!("no environment is called `{wanted}`");
        self.mistakes.add(name.span().start, what, hint);
        None
    }

    fn day(&mut self, day: &Spanned<toml::value::Datetime>) -> Option<Date> {
        let date = day.get_ref().date.filter(|_| day.get_ref().time.is_none());
        let date = date.and_then(|date| {
            let year = i16::try_from(date.year).ok()?;
            let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
            Date::new(year, month, day).ok()
        });
        if date.is_none() {
            let hint = "write `on = 2030-12-31`, a day without quotes and without a time";
            self.mistakes.add(day.span().start, "`on` is a day", hint);
        }
        date
    }

    fn choice<T: Copy>(
        &mut self,
        text: &Spanned<String>,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let written = text.get_ref().as_str();
        let chosen = choices.iter().find(|(name, _)| *name == written);
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.mistakes.add(
                text.span().start,
                format!("`{key}` cannot be \"{written}\""),
                did_you_mean(written, &names),
            );
        }
        chosen.map(|(_, value)| *value)
    }
}

/// Tries every combination of a case; `false` where there are too many.
fn combine(
    policy: &Policy,
    case: &Case,
    meant: &Meant,
    line: usize,
    today: Date,
    tried: &mut Vec<Tried>,
) -> bool {
    for name in case.refs.each() {
        let full = name.map(|name| {
            if name.starts_with("refs/") {
                name.to_owned()
            } else {
                format!("refs/heads/{name}")
            }
        });
        for path in case.paths.each() {
            for key in case.keys.each() {
                let keys: Vec<&str> = key.map_or(Vec::new(), |key| key.split('.').collect());
                let claims = policy.claims(full.as_deref(), path, &keys);
                for kind in &meant.kinds {
                    if tried.len() >= MOST {
                        return false;
                    }
                    let fingerprint = || case.fingerprint.clone().unwrap_or_default();
                    let subject = kind.subject(path.unwrap_or_default(), &fingerprint);
                    let place = [
                        full.as_ref().map(|name| format!("ref {name}")),
                        path.map(|path| format!("path {path}")),
                        key.map(|key| format!("key {key}")),
                        Some(kind.told.clone()),
                    ];
                    let place: Vec<String> = place.into_iter().flatten().collect();
                    tried.push(Tried {
                        line,
                        name: case.name.clone(),
                        asked: place.join(", "),
                        wanted: meant.verdict,
                        wanted_environment: meant.environment.clone(),
                        decision: policy.decide(&subject, &claims, meant.on.unwrap_or(today)),
                    });
                }
            }
        }
    }
    true
}

impl Kind {
    fn subject<'a>(&'a self, path: &'a str, fingerprint: &'a dyn Fn() -> String) -> Subject<'a> {
        Subject {
            rule: &self.rule,
            provider: &self.provider,
            family: self.family,
            origin: self.origin,
            issued: self.issued,
            lifetime: self.lifetime,
            privileged: self.privileged,
            public: self.public,
            path,
            declared: self.declared,
            revoked: self.revoked,
            fingerprint,
        }
    }
}

/// What a rule finds, of one origin.
fn of_rule(pack: &Pack, rule: &Rule, origin: Origin, confidence: Confidence) -> Kind {
    Kind {
        told: format!("{} of {origin}", rule.id),
        rule: rule.id.clone(),
        provider: pack.provider.clone(),
        family: frameworks::family(pack, rule),
        origin: OriginOf {
            environment: origin,
            confidence: (origin != Origin::Unknown).then_some(confidence),
        },
        issued: rule.provider_issued(),
        lifetime: rule.lifetime.into(),
        privileged: rule.privileged,
        public: rule.public,
        declared: confidence == Confidence::Certain,
        revoked: false,
    }
}

/// Something that falls into a row.
fn of_row(row: Row) -> Kind {
    let mut kind = Kind {
        told: row.key().to_owned(),
        rule: String::new(),
        provider: String::new(),
        family: Family::Credential,
        origin: OriginOf::UNKNOWN,
        issued: true,
        lifetime: Lifetime::Long,
        privileged: false,
        public: false,
        declared: true,
        revoked: false,
    };
    let of = |tier: Tier| OriginOf {
        environment: tier.into(),
        confidence: Some(Confidence::Certain),
    };
    match row {
        Row::ProductionCredential => kind.origin = of(Tier::Production),
        Row::Revoked => kind.revoked = true,
        Row::IssuedUnknown => {}
        Row::IssuedUnknownShortLived => kind.lifetime = Lifetime::Short,
        Row::GenericUnknown => kind.issued = false,
        Row::NonproductionPrivileged => {
            kind.origin = of(Tier::Staging);
            kind.privileged = true;
        }
        Row::NonproductionLongLived => kind.origin = of(Tier::Staging),
        Row::NonproductionShortLived => {
            kind.origin = of(Tier::Staging);
            kind.lifetime = Lifetime::Short;
        }
        Row::Public => kind.public = true,
        Row::ReferenceDeclared => {
            (kind.family, kind.origin) = (Family::Reference, of(Tier::Production))
        }
        Row::ReferenceByConvention => {
            (kind.family, kind.origin) = (Family::Reference, of(Tier::Production));
            kind.declared = false;
        }
        Row::ReferenceNonproduction => {
            (kind.family, kind.origin) = (Family::Reference, of(Tier::Staging))
        }
        Row::IdentityDeclared => kind.family = Family::Identity,
        Row::IdentityByConvention => (kind.family, kind.declared) = (Family::Identity, false),
        Row::DataDeclared => (kind.family, kind.origin) = (Family::Data, of(Tier::Production)),
        Row::DataByConvention => {
            (kind.family, kind.origin) = (Family::Data, of(Tier::Production));
            kind.declared = false;
        }
    }
    kind
}
