//! Does every rule keep what the packs promise? All complaints of all packs in one run, each with its rule.
//!
//! It judges rules by their own examples, the way the scanner will try them: on the lines that hold a keyword and the
//! few after it. It does not judge whether a vendor's format is described rightly; the references are for that.

use std::collections::{BTreeMap, BTreeSet};

use regex::bytes::{Regex, RegexBuilder};

use super::schema::{Example, Kind, Marker, Pack, Rule, WITHIN};
use super::template::expand;
use crate::model::Tier;

/// How many texts each template becomes.
pub const SEEDS: u64 = 20;

/// The named groups a pattern may have beside `secret`.
const GROUPS: [&str; 7] = [
    "host", "account", "project", "user", "database", "id", "key",
];

/// Scanners of infrastructure code whose checks a structural rule may name beside pages: `Trivy KSV-0111`.
const SCANNERS: [&str; 5] = ["Checkov ", "KICS ", "Prowler ", "Trivy ", "zizmor "];

fn is_structural_check(rule: &Rule, reference: &str) -> bool {
    rule.kind == Kind::Structural && SCANNERS.iter().any(|name| reference.starts_with(name))
}

/// Something a rule promises and does not keep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// Id of the rule, or of the pack's provider where the pack itself is wrong.
    pub rule: String,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

/// Everything that is wrong with `packs`, in the order of the packs.
pub fn lint(packs: &[Pack]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut providers = BTreeSet::new();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    let ids: BTreeSet<&str> = packs
        .iter()
        .flat_map(|pack| pack.rules.iter().map(|rule| rule.id.as_str()))
        .collect();
    for pack in packs {
        let provider = &pack.provider;
        let mut complain = |what: String| {
            complaints.push(Complaint {
                rule: provider.clone(),
                what,
            });
        };
        if !providers.insert(provider) {
            complain("another pack has the same provider".to_owned());
        }
        if pack.name.trim().is_empty() {
            complain("the provider has no name".to_owned());
        }
        if pack.rules.is_empty() {
            complain("the pack has no rule".to_owned());
        }
        for rule in &pack.rules {
            let mut found = of_rule(pack, rule);
            let beside = rule.beside.iter().filter(|id| !ids.contains(id.as_str()));
            found.extend(beside.map(|id| format!("it stands beside {id}, which is no rule")));
            if let Some(owner) = owners.insert(&rule.id, provider) {
                found.push(format!("its id is taken by a rule of {owner}"));
            }
            complaints.extend(found.into_iter().map(|what| Complaint {
                rule: rule.id.clone(),
                what,
            }));
        }
    }
    complaints
}

/// An example of one rule in which another provider's rule, too, finds something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overlap {
    /// The rule whose example it is.
    pub example_of: String,
    /// The other rule, which asks for no context word or finds one.
    pub found_by: String,
}

/// Which rules find something in the examples of other providers' rules. That is no fault: vendors share shapes, and
/// the scanner has an order of preference; but whoever changes a pattern wants to know.
pub fn overlaps(packs: &[Pack]) -> Vec<Overlap> {
    let compiled: Vec<(&str, &Rule, Regex)> = packs
        .iter()
        .flat_map(|pack| pack.rules.iter().map(|rule| (pack.provider.as_str(), rule)))
        .filter_map(|(provider, rule)| Some((provider, rule, compile(&rule.pattern).ok()?)))
        .collect();
    let mut overlaps = BTreeSet::new();
    for (provider, rule, _) in &compiled {
        for example in &rule.examples {
            let Ok(text) = expand(&example.text, 0) else {
                continue;
            };
            for (other, by, regex) in &compiled {
                let candidate = other != provider && holds_context(by, &text);
                if candidate && !found(by, regex, text.as_bytes()).is_empty() {
                    overlaps.insert(Overlap {
                        example_of: rule.id.clone(),
                        found_by: by.id.clone(),
                    });
                }
            }
        }
    }
    overlaps.into_iter().collect()
}

fn of_rule(pack: &Pack, rule: &Rule) -> Vec<String> {
    let mut complaints = of_words(pack, rule);
    if rule.kind.is_coded() {
        let unused = [
            ("a pattern", rule.pattern.is_empty()),
            ("examples", rule.examples.is_empty()),
            ("context", rule.context.is_empty()),
        ];
        complaints.extend(
            unused
                .into_iter()
                .filter(|(_, is_empty)| !is_empty)
                .map(|(what, _)| {
                    format!("it is structural and has {what}, which nothing looks at")
                }),
        );
        return complaints;
    }
    complaints.extend(of_keywords(rule));
    complaints.extend(rule.environment.iter().filter_map(of_marker));
    let regex = match compile(&rule.pattern) {
        Ok(regex) => regex,
        Err(reason) => {
            complaints.push(format!("its pattern does not compile: {reason}"));
            return complaints;
        }
    };
    for group in regex.capture_names().flatten() {
        if group != "secret" && !GROUPS.contains(&group) {
            complaints.push(format!(
                "its pattern has a group {group:?}, which nothing reads"
            ));
        }
    }
    if !regex.capture_names().flatten().any(|name| name == "secret") {
        complaints.push("its pattern has no group named secret".to_owned());
        return complaints;
    }
    if regex.is_match(b"") {
        complaints.push("its pattern finds something in nothing".to_owned());
    }
    if rule.kind == Kind::Issued {
        complaints.extend(of_bystanders(&regex));
    }
    for example in &rule.examples {
        complaints.extend(of_example(rule, &regex, example));
    }
    for template in &rule.counterexamples {
        complaints.extend(of_counterexample(rule, &regex, template));
    }
    let told: BTreeSet<Tier> = rule
        .environment
        .iter()
        .map(|marker| marker.is.into())
        .collect();
    let shown: BTreeSet<Tier> = rule
        .examples
        .iter()
        .filter_map(|example| example.is.map(Tier::from))
        .collect();
    for tier in told.difference(&shown) {
        complaints.push(format!("no example shows how its format tells {tier}"));
    }
    complaints
}

/// The parts that people read.
fn of_words(pack: &Pack, rule: &Rule) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut ask = |good: bool, what: &str| {
        if !good {
            complaints.push(what.to_owned());
        }
    };
    let provider = pack.provider.replace('_', "-");
    let own = rule
        .id
        .strip_prefix(&provider)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ask(own, "its id does not start with the provider's");
    ask(
        rule.id.chars().all(plain),
        "its id holds more than lower-case letters, digits and hyphens",
    );
    ask(!rule.title.trim().is_empty(), "it has no title");
    ask(!rule.remedy.trim().is_empty(), "it has no remedy");
    ask(
        rule.remedy.trim().is_empty() || rule.remedy.ends_with('.'),
        "its remedy is no sentence: it does not end with a full stop",
    );
    ask(!rule.references.is_empty(), "it has no reference");
    ask(
        rule.references
            .iter()
            .all(|page| page.starts_with("https://") || is_structural_check(rule, page)),
        "a reference is no https page",
    );
    let is_tried = !rule.kind.is_coded();
    ask(!is_tried || !rule.examples.is_empty(), "it has no example");
    ask(
        !is_tried || !rule.counterexamples.is_empty(),
        "it has no counterexample",
    );
    ask(
        !(rule.public && rule.privileged),
        "it is public and privileged at once",
    );
    ask(
        rule.public || rule.beside.is_empty(),
        "it stands beside other rules' secrets, but is no public identifier",
    );
    ask(
        !(rule.public && rule.keyed() && rule.pattern.contains(WITHIN)),
        "it is public, and its key is not close to its name: a secret's key could be taken for it",
    );
    complaints
}

fn of_keywords(rule: &Rule) -> Vec<String> {
    let mut complaints = Vec::new();
    if rule.keywords.is_empty() {
        complaints.push("it has no keyword, so it is never tried".to_owned());
    }
    for (words, name) in [(&rule.keywords, "keyword"), (&rule.context, "context word")] {
        for word in words {
            if word.len() < 3 {
                complaints.push(format!("{name} {word:?} is shorter than three bytes"));
            }
            if word.to_lowercase() != *word {
                complaints.push(format!("{name} {word:?} is not in lower case"));
            }
        }
    }
    complaints
}

fn of_marker(marker: &Marker) -> Option<String> {
    let literals = [&marker.starts, &marker.contains];
    let given = literals.iter().filter_map(|literal| literal.as_deref());
    let mut given = given.peekable();
    (given.peek().is_none() || given.any(str::is_empty))
        .then(|| "a marker names no literal, so it speaks for every value".to_owned())
}

fn of_example(rule: &Rule, regex: &Regex, example: &Example) -> Option<String> {
    let template = &example.text;
    (0..SEEDS).find_map(|seed| {
        let text = match expand(template, seed) {
            Ok(text) => text,
            Err(error) => return Some(format!("example {template:?}: {error}")),
        };
        if !holds_context(rule, &text) {
            return Some(format!("example {template:?} holds no context word"));
        }
        if !rule
            .keywords
            .iter()
            .any(|word| text.to_ascii_lowercase().contains(word))
        {
            return Some(format!("example {template:?} holds no keyword"));
        }
        let values = found(rule, regex, text.as_bytes());
        let Some(value) = values.first() else {
            return Some(format!("example {template:?} is not found (seed {seed})"));
        };
        if value.is_empty() {
            return Some(format!("example {template:?} gives an empty value"));
        }
        let told = rule.marker(value).map(|marker| Tier::from(marker.is));
        let expected = example.is.map(Tier::from);
        if told != expected {
            let name = |tier: Option<Tier>| tier.map_or("nothing", |tier| tier.as_str());
            return Some(format!(
                "example {template:?}: the format tells {}, the example says {} (seed {seed})",
                name(told),
                name(expected)
            ));
        }
        let checks = rule.checksum.is_none_or(|checksum| checksum.holds(value));
        (!checks).then(|| format!("example {template:?} has wrong check digits (seed {seed})"))
    })
}

fn of_counterexample(rule: &Rule, regex: &Regex, template: &str) -> Option<String> {
    (0..SEEDS).find_map(|seed| match expand(template, seed) {
        Err(error) => Some(format!("counterexample {template:?}: {error}")),
        Ok(text) if holds_context(rule, &text) => (!found(rule, regex, text.as_bytes()).is_empty())
            .then(|| format!("counterexample {template:?} is found (seed {seed})")),
        Ok(_) => Some(format!(
            "counterexample {template:?} holds no context word, so it shows nothing"
        )),
    })
}

/// Digests, ids and encoded bytes as files of all kinds hold them, with the words that stand before them there. A rule that
/// finds something in them would shout at every lock file.
const BYSTANDERS: [&str; 12] = [
    "{hex:32}",
    "{hex:40}",
    "{hex:64}",
    "commit {hex:40}",
    "sha256: {hex:64}",
    "\"checksum\": \"{hex:64}\"",
    "integrity sha512-{base64:86}==",
    "id: {uuid4}",
    "{base64:40}",
    "{alnum:32}",
    "digest = \"sha256:{hex:64}\"",
    "etag: {hex:32}",
];

/// Keywords do not count here: a word of them may stand anywhere on such a line.
fn of_bystanders(regex: &Regex) -> Option<String> {
    BYSTANDERS.iter().find_map(|template| {
        let text = expand(template, 1).ok()?;
        regex
            .is_match(text.as_bytes())
            .then(|| format!("it finds something in {template:?}, which is no credential"))
    })
}

fn holds_context(rule: &Rule, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    rule.context.is_empty() || rule.context.iter().any(|word| text.contains(word))
}

fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .build()
        .map_err(|error| error.to_string())
}

/// The values that `rule` finds in `text`: on each line that holds a keyword, and as many lines after it as it asks for.
/// What it finds counts only if the keyword stands in it; otherwise the prefilter would miss it elsewhere.
fn found<'t>(rule: &Rule, regex: &Regex, text: &'t [u8]) -> Vec<&'t [u8]> {
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let mut values = Vec::new();
    let mut start = 0;
    for (number, line) in lines.iter().enumerate() {
        let end = start
            + lines[number..]
                .iter()
                .take(usize::from(rule.lines) + 1)
                .map(|line| line.len())
                .sum::<usize>();
        if holds_keyword(rule, line) {
            for captures in regex.captures_iter(&text[start..end]) {
                let whole = captures
                    .get(0)
                    .is_some_and(|whole| holds_keyword(rule, whole.as_bytes()));
                if let Some(secret) = captures.name("secret").filter(|_| whole) {
                    values.push(secret.as_bytes());
                }
            }
        }
        start += line.len();
    }
    values
}

fn holds_keyword(rule: &Rule, bytes: &[u8]) -> bool {
    rule.keywords.iter().any(|word| {
        bytes
            .windows(word.len().max(1))
            .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_finds_digests_or_names_a_stranger_is_complained_of() {
        let mut bare = rule();
        bare.pattern = r"\b(?P<secret>[a-f0-9]{32})\b".to_owned();
        bare.beside = vec!["acme-nothing".to_owned()];
        let said = complaints(bare);
        for part in [
            "which is no credential",
            "acme-nothing, which is no rule",
            "but is no public",
        ] {
            assert!(
                said.iter().any(|what| what.contains(part)),
                "{part}: {said:?}"
            );
        }
    }

    #[test]
    fn a_public_key_is_close_to_its_name() {
        let keyed = |close: bool| schema::Keyed {
            name: Some("acme".to_owned()),
            key: "api_key".to_owned(),
            value: "[a-f0-9]{32}".to_owned(),
            close,
        };
        let said = |close: bool| {
            let mut public = rule();
            public.public = true;
            public.pattern = keyed(close).expression();
            let found = complaints(public);
            found.iter().any(|what| what.contains("taken for it"))
        };
        assert!(said(false));
        assert!(!said(true));
        let regex = compile(&keyed(true).expression()).expect("compiles");
        let value = expand("{hex:32}", 1).expect("template");
        for (key, found) in [
            ("ACME_API_KEY=", true),
            ("NEXT_PUBLIC_ACME_WEB_API_KEY=", true),
            ("acme:\n  site: eu\n  api_key: ", true),
            ("ACME_SECRET_API_KEY=", false),
            ("ACME_API_KEY_SECRET=", false),
            ("ACME=1\nAPI_KEY=", false),
            ("acme:\n  secret_api_key: ", false),
        ] {
            assert_eq!(
                regex.is_match(format!("{key}{value}").as_bytes()),
                found,
                "{key}"
            );
        }
    }

    fn complaints(rule: Rule) -> Vec<String> {
        let pack = Pack {
            provider: "acme".to_owned(),
            name: "Acme".to_owned(),
            rules: vec![rule],
            allow: Vec::new(),
        };
        lint(&[pack])
            .into_iter()
            .map(|complaint| complaint.what)
            .collect()
    }
    use crate::rules::schema::{self, Checksum, LifetimeOf, TierOf};

    fn rule() -> Rule {
        Rule {
            id: "acme-key".to_owned(),
            title: "Acme key".to_owned(),
            keywords: vec!["acme_".to_owned()],
            pattern: r"\b(?P<secret>acme_(?:live|test)_[a-z0-9]{20})\b".to_owned(),
            lines: 0,
            context: Vec::new(),
            kind: Kind::Issued,
            issued: true,
            value: Default::default(),
            environment: vec![
                marker("acme_live_", TierOf::Production),
                marker("acme_test_", TierOf::Test),
            ],
            checksum: None,
            lifetime: LifetimeOf::Long,
            privileged: false,
            public: false,
            entropy: None,
            path: None,
            allow: Vec::new(),
            sensitive: false,
            beside: Vec::new(),
            remedy: "Use a test key.".to_owned(),
            references: vec!["https://example.com/keys".to_owned()],
            examples: vec![
                example("acme_live_{lowalnum:20}", Some(TierOf::Production)),
                example("acme_test_{lowalnum:20}", Some(TierOf::Test)),
            ],
            counterexamples: vec!["acme_live_{lowalnum:10}".to_owned()],
        }
    }

    fn marker(starts: &str, is: TierOf) -> Marker {
        Marker {
            starts: Some(starts.to_owned()),
            contains: None,
            is,
            by_absence: false,
        }
    }

    fn example(text: &str, is: Option<TierOf>) -> Example {
        Example {
            text: text.to_owned(),
            is,
        }
    }

    fn pack(provider: &str, rules: Vec<Rule>) -> Pack {
        Pack {
            provider: provider.to_owned(),
            name: provider.to_uppercase(),
            rules,
            allow: Vec::new(),
        }
    }

    /// The complaints about the good rule after `change`.
    fn after(change: impl FnOnce(&mut Rule)) -> Vec<String> {
        let mut rule = rule();
        change(&mut rule);
        lint(&[pack("acme", vec![rule])])
            .into_iter()
            .map(|complaint| complaint.what)
            .collect()
    }

    #[test]
    fn a_good_rule_has_no_complaint() {
        assert_eq!(after(|_| {}), [""; 0]);
    }

    /// Each way to break the rule, with a part of the complaint that it must bring.
    #[test]
    fn each_broken_rule_gets_its_complaint() {
        type Break = (&'static str, fn(&mut Rule));
        let breaks: [Break; 30] = [
            ("does not start with the provider's", |rule| {
                rule.id = "other-key".to_owned()
            }),
            ("does not start with the provider's", |rule| {
                rule.id = "acmekey".to_owned()
            }),
            ("more than lower-case letters", |rule| {
                rule.id = "acme-Key".to_owned()
            }),
            ("no title", |rule| rule.title = " ".to_owned()),
            ("no remedy", |rule| rule.remedy.clear()),
            ("no sentence", |rule| rule.remedy = "rotate it".to_owned()),
            ("no reference", |rule| rule.references.clear()),
            ("no https page", |rule| {
                rule.references = vec!["http://example.com".to_owned()]
            }),
            ("no example", |rule| rule.examples.clear()),
            ("no counterexample", |rule| rule.counterexamples.clear()),
            ("public and privileged", |rule| {
                (rule.public, rule.privileged) = (true, true)
            }),
            ("no keyword, so", |rule| rule.keywords.clear()),
            ("shorter than three", |rule| {
                rule.keywords = vec!["ac".to_owned()]
            }),
            ("not in lower case", |rule| {
                rule.keywords = vec!["ACME_".to_owned()]
            }),
            ("holds no keyword", |rule| {
                rule.keywords = vec!["other".to_owned()]
            }),
            ("context word \"ac\" is shorter", |rule| {
                rule.context = vec!["ac".to_owned()]
            }),
            ("context word \"Acme\" is not in lower", |rule| {
                rule.context = vec!["Acme".to_owned()]
            }),
            ("holds no context word", |rule| {
                rule.context = vec!["elsewhere".to_owned()]
            }),
            ("shows nothing", |rule| {
                rule.context = vec!["_test_".to_owned()]
            }),
            ("does not compile", |rule| rule.pattern = "(".to_owned()),
            ("no group named secret", |rule| {
                rule.pattern = "acme_[a-z_0-9]+".to_owned()
            }),
            ("which nothing reads", |rule| {
                rule.pattern = "(?P<secret>acme_(?P<hsot>[a-z]+)_[a-z0-9]{20})".to_owned();
            }),
            ("something in nothing", |rule| {
                rule.pattern = "(?P<secret>(?:acme_[a-z0-9_]*)?)".to_owned()
            }),
            ("an empty value", |rule| {
                rule.pattern = r"(?P<secret>)acme_(?:live|test)_[a-z0-9]{20}".to_owned()
            }),
            ("is not found", |rule| {
                rule.examples[0].text = "acme_live_{lowalnum:5}".to_owned()
            }),
            ("is not found", |rule| {
                rule.examples[0].text = "acme_live_{alnum:20}".to_owned()
            }),
            ("example \"{oops}\"", |rule| {
                rule.examples[0].text = "{oops}".to_owned()
            }),
            ("counterexample \"{oops}\"", |rule| {
                rule.counterexamples = vec!["{oops}".to_owned()]
            }),
            ("is found", |rule| {
                rule.counterexamples = vec!["acme_live_{lowalnum:20}".to_owned()]
            }),
            ("wrong check digits", |rule| {
                rule.checksum = Some(Checksum::Crc32Base62)
            }),
        ];
        for (part, change) in breaks {
            let complaints = after(change);
            assert!(
                complaints.iter().any(|what| what.contains(part)),
                "{part}: {complaints:?}"
            );
        }
    }

    #[test]
    fn the_environment_must_be_told_as_the_example_says() {
        let wrong = after(|rule| rule.examples[0].is = Some(TierOf::Staging));
        assert!(
            wrong[0].contains("tells production, the example says staging"),
            "{wrong:?}"
        );
        let silent = after(|rule| rule.examples[1].is = None);
        assert!(
            silent[0].contains("tells test, the example says nothing"),
            "{silent:?}"
        );
        assert!(
            silent[1].contains("no example shows how its format tells test"),
            "{silent:?}"
        );
        let everything = after(|rule| rule.environment[0].starts = None);
        assert!(
            everything
                .iter()
                .any(|what| what.contains("speaks for every value"))
        );
        let empty = after(|rule| rule.environment[0].starts = Some(String::new()));
        assert!(
            empty
                .iter()
                .any(|what| what.contains("speaks for every value"))
        );
    }

    #[test]
    fn a_pattern_that_needs_more_lines_than_it_asks_for_is_caught() {
        let change = |rule: &mut Rule| {
            rule.keywords = vec!["acme:".to_owned()];
            rule.pattern = r"acme:\s+(?P<secret>acme_(?:live|test)_[a-z0-9]{20})".to_owned();
            rule.examples = vec![
                example("acme:\n acme_live_{lowalnum:20}", Some(TierOf::Production)),
                example("acme: acme_test_{lowalnum:20}", Some(TierOf::Test)),
            ];
        };
        assert!(after(change)[0].contains("is not found"));
        let enough = after(|rule| {
            change(rule);
            rule.lines = 1;
        });
        assert_eq!(enough, [""; 0]);
    }

    #[test]
    fn a_keyword_beside_the_match_does_not_count() {
        let complaints = after(|rule| {
            rule.keywords = vec!["near".to_owned()];
            for example in &mut rule.examples {
                example.text.insert_str(0, "near ");
            }
        });
        assert!(complaints[0].contains("is not found"), "{complaints:?}");
    }

    #[test]
    fn packs_are_judged_too() {
        let unnamed = Pack {
            name: String::new(),
            ..pack("acme", Vec::new())
        };
        let what: Vec<String> = lint(&[unnamed, pack("acme", vec![rule(), rule()])])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            what,
            [
                "acme: the provider has no name",
                "acme: the pack has no rule",
                "acme: another pack has the same provider",
                "acme-key: its id is taken by a rule of acme",
            ]
        );
    }

    #[test]
    fn overlaps_name_both_rules() {
        let mut other = rule();
        other.id = "zeta-key".to_owned();
        let packs = [
            pack("acme", vec![rule()]),
            pack("zeta", vec![other.clone()]),
        ];
        let names: Vec<(String, String)> = overlaps(&packs)
            .into_iter()
            .map(|overlap| (overlap.example_of, overlap.found_by))
            .collect();
        let (acme, zeta) = ("acme-key".to_owned(), "zeta-key".to_owned());
        assert_eq!(names, [(acme.clone(), zeta.clone()), (zeta, acme)]);
        other.context = vec!["zeta".to_owned()];
        let packs = [pack("acme", vec![rule()]), pack("zeta", vec![other])];
        assert!(
            overlaps(&packs)
                .iter()
                .all(|overlap| overlap.found_by == "acme-key")
        );
    }
}
