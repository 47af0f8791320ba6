//! How projects name environments when nobody has declared anything: words, branches, paths and sections.
//!
//! The rules were counted on public repositories (see `docs/policy.md`). Three of them carry the rest: whole words only,
//! never substrings (`product`, `delivery`); a negation is read before the word it negates (`non-prod`); and the rightmost
//! word of a path names its environment. Everything is code over constant tables: a run without a policy parses no TOML
//! and compiles no glob.

use std::collections::HashMap;

use crate::model::{Tier, words_of};

/// The environments that exist without a policy, by the index the word table refers to.
pub(super) const ENVIRONMENTS: [(&str, Tier); 4] = [
    ("production", Tier::Production),
    ("staging", Tier::Staging),
    ("development", Tier::Development),
    ("test", Tier::Test),
];
const PRODUCTION: usize = 0;
const STAGING: usize = 1;
const DEVELOPMENT: usize = 2;
const TEST: usize = 3;

/// How far a word can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Means an environment inside any name.
    Clear,
    /// Means an environment only as a whole component in a known place (`overlays/live/`, `values-stage.yaml`), or as a
    /// whole branch name.
    Ambiguous,
    /// As ambiguous, and as a branch name it means something else (`canary`, `integration`, `review`).
    NotABranch,
}
use Trust::{Ambiguous, Clear, NotABranch};

/// The built-in words. A sandbox or a playground is where a provider's test modes are used, hence test; demo, training,
/// review and preview are deployed, seen by people and fed with staging's credentials, hence staging.
const WORDS: &[(&str, usize, Trust)] = &[
    ("staging", STAGING, Clear),
    ("stg", STAGING, Clear),
    ("stage", STAGING, Ambiguous),
    ("stag", STAGING, Ambiguous),
    ("preprod", STAGING, Clear),
    ("preproduction", STAGING, Clear),
    ("prelive", STAGING, Clear),
    ("nonprod", STAGING, Clear),
    ("nonproduction", STAGING, Clear),
    ("nonlive", STAGING, Clear),
    ("uat", STAGING, Clear),
    ("qa", STAGING, Clear),
    ("perftest", STAGING, Clear),
    ("homolog", STAGING, Clear),
    ("hmlg", STAGING, Clear),
    ("hml", STAGING, Ambiguous),
    ("homologation", STAGING, NotABranch),
    // A Rails environment that holds production's data outside of production.
    ("productiondata", STAGING, Clear),
    ("sit", STAGING, Ambiguous),
    ("aat", STAGING, Ambiguous),
    ("ithc", STAGING, Ambiguous),
    ("perf", STAGING, NotABranch),
    ("acceptance", STAGING, Ambiguous),
    ("acc", STAGING, NotABranch),
    ("integration", STAGING, NotABranch),
    ("pp", STAGING, NotABranch),
    ("lower", STAGING, NotABranch),
    ("demo", STAGING, Ambiguous),
    ("training", STAGING, NotABranch),
    ("review", STAGING, NotABranch),
    ("preview", STAGING, NotABranch),
    ("production", PRODUCTION, Clear),
    ("prod", PRODUCTION, Clear),
    ("prd", PRODUCTION, Ambiguous),
    ("live", PRODUCTION, Ambiguous),
    ("canary", PRODUCTION, NotABranch),
    ("development", DEVELOPMENT, Clear),
    ("dev", DEVELOPMENT, Clear),
    ("develop", DEVELOPMENT, Ambiguous),
    ("local", DEVELOPMENT, NotABranch),
    ("test", TEST, Ambiguous),
    ("sandbox", TEST, Ambiguous),
    ("sbox", TEST, Clear),
    ("playground", TEST, NotABranch),
];

/// Words before a production word that turn it around.
const NEGATIONS: &[&str] = &["non", "not", "pre", "un"];
/// Words before an environment word that make it name no environment: `shared_production` is what staging inherits,
/// `is-production` a label, `prevent-prod-merges` a rule.
const BREAKERS: &[&str] = &["is", "shared", "common", "base", "prevent"];

/// Names in which an environment word is none. A policy adds its own (`false-friends`).
const FALSE_FRIENDS: &[&[&str]] = &[
    &["dev", "dependencies"],
    &["dev", "null"],
    &["dev", "tools"],
    // Issuers of certificates whose production is the authority's.
    &["letsencrypt", "prod"],
    &["letsencrypt", "production"],
    &["prod", "like"],
    &["production", "like"],
    &["prod", "category"],
    &["prod", "code"],
    &["prod", "desc"],
    &["prod", "id"],
    &["prod", "name"],
    &["prod", "sku"],
    &["production", "company"],
    &["production", "date"],
    &["production", "line"],
    &["production", "order"],
    &["qa", "pair"],
    &["qa", "pairs"],
    &["staging", "area"],
];

/// Directories directly below which a directory is an environment's.
const PARENTS: &[&str] = &[
    "account",
    "accounts",
    "argocd",
    "cluster",
    "clusters",
    "conf",
    "config",
    "configs",
    "configuration",
    "credentials",
    "deploy",
    "deployment",
    "deployments",
    "env",
    "environment",
    "environments",
    "envs",
    "global_config",
    "group_vars",
    "helm",
    "helm_deploy",
    "helmfile",
    "helmfile.d",
    "hieradata",
    "host_vars",
    "infra",
    "infrastructure",
    "inventories",
    "inventory",
    "k8s",
    "kubernetes",
    "kustomize",
    "manifests",
    "namespaces",
    "ops",
    "overlay",
    "overlays",
    "overrides",
    "profiles",
    "secrets",
    "settings",
    "stacks",
    "stages",
    "tenants",
    "terraform",
    "values",
    "variables",
    "vars",
    "workspace_variables",
];
/// The parents that make even an ambiguous word an environment. `apps` is not among them: `apps/demo` and `apps/review`
/// are applications in many repositories.
const STRONG_PARENTS: &[&str] = &[
    "accounts",
    "clusters",
    "config",
    "credentials",
    "deploy",
    "deployments",
    "env",
    "environment",
    "environments",
    "envs",
    "group_vars",
    "helmfile",
    "hieradata",
    "inventories",
    "inventory",
    "namespaces",
    "overlay",
    "overlays",
    "overrides",
    "profiles",
    "stages",
    "terraform",
    "variables",
    "workspace_variables",
];
/// Directories below which names are made up or other people's.
const ELSEWHERE: &[&str] = &[
    "__fixtures__",
    "__snapshots__",
    "bower_components",
    "cassettes",
    "fixtures",
    "node_modules",
    "site-packages",
    "testdata",
];

/// Words that may follow the environment in a name: what the file is, not whose.
const TAILS: &[&str] = &[
    "auto",
    "backend",
    "conf",
    "config",
    "configs",
    "credentials",
    "dec",
    "enc",
    "encrypted",
    "env",
    "local",
    "override",
    "overrides",
    "params",
    "parameters",
    "secret",
    "secrets",
    "settings",
    "sops",
    "template",
    "values",
    "variables",
    "vars",
    "vault",
];
/// Words that number or place one environment: `prod-eu-west-1`, `staging-blue`.
const PLACES: &[&str] = &[
    "af",
    "ap",
    "blue",
    "ca",
    "central",
    "cluster",
    "east",
    "eu",
    "green",
    "me",
    "north",
    "northeast",
    "northwest",
    "primary",
    "sa",
    "secondary",
    "south",
    "southeast",
    "southwest",
    "uk",
    "us",
    "west",
];
/// First words of file names whose qualifier is an environment even where the word is ambiguous.
const HEADS: &[&str] = &[
    "application",
    "appsettings",
    "backend",
    "bootstrap",
    "buildspec",
    "compose",
    "config",
    "credentials",
    "database",
    "docker",
    "dockerfile",
    "env",
    "hosts",
    "inventory",
    "jenkinsfile",
    "locals",
    "parameters",
    "procfile",
    "pulumi",
    "secret",
    "secrets",
    "serverless",
    "settings",
    "values",
    "variables",
    "vars",
    "web",
];
/// The same for files that are source code or prose by their ending: `environment.staging.ts`, `settings_production.py`.
const CODE_HEADS: &[&str] = &[
    "config",
    "credentials",
    "env",
    "environment",
    "secrets",
    "settings",
];

/// Endings of configuration, keys and dumps: files whose name says whose they are.
const CONFIG_ENDINGS: &[&str] = &[
    "bash",
    "bicep",
    "bicepparam",
    "cer",
    "cfg",
    "cnf",
    "conf",
    "config",
    "crt",
    "csv",
    "cue",
    "dhall",
    "dump",
    "env",
    "hcl",
    "ini",
    "jks",
    "json",
    "json5",
    "jsonc",
    "jsonnet",
    "kdbx",
    "key",
    "keystore",
    "libsonnet",
    "nix",
    "ovpn",
    "p12",
    "pem",
    "pfx",
    "plist",
    "ppk",
    "properties",
    "ps1",
    "pub",
    "service",
    "sh",
    "sql",
    "tf",
    "tfbackend",
    "tfstate",
    "tfvars",
    "toml",
    "xml",
    "yaml",
    "yml",
];
/// Endings that wrap another one.
const WRAPPERS: &[&str] = &[
    "age", "asc", "bak", "dist", "enc", "erb", "example", "gotmpl", "gpg", "gz", "j2", "jinja",
    "jinja2", "old", "orig", "sample", "sops", "template", "tftpl", "tmpl", "tpl", "zst",
];
/// Configuration formats with named sections.
const SECTION_ENDINGS: &[&str] = &[
    "cfg",
    "cnf",
    "conf",
    "ini",
    "json",
    "json5",
    "jsonc",
    "properties",
    "toml",
    "yaml",
    "yml",
];

/// Components of a key path whose children are environments.
const SECTION_PARENTS: &[&str] = &[
    "env",
    "environment",
    "environments",
    "envs",
    "profiles",
    "stages",
];
/// Branch folders that hold one branch an environment.
const BRANCH_FOLDERS: &[&str] = &[
    "deploy",
    "env",
    "environment",
    "environments",
    "envs",
    "stages",
];

#[derive(Debug, Clone, Copy)]
struct Word {
    environment: usize,
    tier: Tier,
    trust: Trust,
}

/// The words of a policy: the built-in ones, less the ignored ones, and those that the policy adds.
#[derive(Debug, Default)]
pub(super) struct Words {
    entries: HashMap<String, Word>,
    /// Whether the policy adds words of several parts: `blue-lab`.
    has_joined: bool,
    /// Names of several words in which an environment word is none.
    false_friends: Vec<Vec<String>>,
}

/// A word of a name that names an environment.
#[derive(Debug)]
struct Hit {
    from: usize,
    to: usize,
    word: String,
    environment: usize,
    tier: Tier,
    trust: Trust,
}

/// What a convention found: the environment by index, the word, and where it stood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) environment: usize,
    pub(super) word: String,
    pub(super) place: &'static str,
}

impl Words {
    /// The built-in words, with the tiers that the policy gives the four default environments.
    pub(super) fn builtin(tiers: [Tier; 4]) -> Self {
        let entries = WORDS
            .iter()
            .map(|&(text, environment, trust)| {
                let tier = tiers[environment];
                (
                    text.to_owned(),
                    Word {
                        environment,
                        tier,
                        trust,
                    },
                )
            })
            .collect();
        let false_friends = FALSE_FRIENDS
            .iter()
            .map(|words| words.iter().map(|&word| word.to_owned()).collect())
            .collect();
        Self {
            entries,
            has_joined: false,
            false_friends,
        }
    }

    /// The name of a declared environment: as clear as the built-in word it is, or clear.
    pub(super) fn add_name(&mut self, name: &str, environment: usize, tier: Tier) {
        let trust = WORDS
            .iter()
            .find(|(text, ..)| *text == name)
            .map_or(Clear, |&(_, _, trust)| trust);
        self.insert(name, environment, tier, trust);
    }

    /// A word that the policy declares: clear, because somebody decided so.
    pub(super) fn add_word(&mut self, word: &str, environment: usize, tier: Tier) {
        self.insert(word, environment, tier, Clear);
    }

    fn insert(&mut self, word: &str, environment: usize, tier: Tier, trust: Trust) {
        let word_of_names = Word {
            environment,
            tier,
            trust,
        };
        for form in self.forms(word) {
            self.entries.insert(form, word_of_names);
        }
    }

    /// How a word is looked up: joined, and if it has several parts with hyphens too. (Only declared words are looked
    /// up with hyphens: `Q&A` is not `qa`.)
    fn forms(&mut self, word: &str) -> Vec<String> {
        let parts = words_of(word);
        if parts.len() > 1 {
            self.has_joined = true;
            vec![parts.concat(), parts.join("-")]
        } else {
            parts
        }
    }

    /// Makes a word mean nothing.
    pub(super) fn ignore(&mut self, word: &str) {
        for form in self.forms(word) {
            self.entries.remove(&form);
        }
    }

    /// Makes a name of several words mean nothing; `false` where none of them would mean anything.
    pub(super) fn add_false_friend(&mut self, words: &[String]) -> bool {
        let means_something = words.iter().any(|word| self.get(word).is_some());
        if means_something {
            self.false_friends.push(words.to_vec());
        }
        means_something
    }

    /// Names of several words in which an environment word is none.
    pub(super) fn false_friends(&self) -> &[Vec<String>] {
        &self.false_friends
    }

    /// Every word with its tier and whether it is clear.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Tier, bool)> {
        self.entries
            .iter()
            .map(|(text, word)| (text.as_str(), word.tier, word.trust == Clear))
    }

    fn get(&self, token: &str) -> Option<Word> {
        // `uat2` and `prod1` are instances of an environment.
        self.entries
            .get(token)
            .or_else(|| {
                self.entries
                    .get(token.trim_end_matches(|c: char| c.is_ascii_digit()))
            })
            .copied()
    }

    /// The environment words among the tokens of one component, left to right.
    fn hits(&self, tokens: &[String]) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let token = tokens[at].as_str();
            let friend = self
                .false_friends
                .iter()
                .find(|words| tokens[at..].starts_with(words));
            if let Some(words) = friend {
                at += words.len();
                continue;
            }
            if let Some(next) = tokens.get(at + 1) {
                let joined = format!("{token}{next}");
                let word = self.get(next);
                if self.has_joined
                    && let Some(&word) = self.entries.get(&format!("{token}-{next}"))
                {
                    hits.push(Hit::new(at, at + 2, format!("{token}-{next}"), word));
                    at += 2;
                    continue;
                }
                if BREAKERS.contains(&token) && word.is_some() {
                    at += 2;
                    continue;
                }
                if NEGATIONS.contains(&token) {
                    let negated = self.get(&joined).or_else(|| {
                        word.filter(|word| word.tier == Tier::Production)
                            .map(|_| Word {
                                environment: STAGING,
                                tier: Tier::Staging,
                                trust: Clear,
                            })
                    });
                    if let Some(word) = negated {
                        hits.push(Hit::new(at, at + 2, joined, word));
                        at += 2;
                        continue;
                    }
                    if word.is_some() && token != "pre" {
                        at += 2;
                        continue;
                    }
                }
            }
            if let Some(word) = self.get(token) {
                hits.push(Hit::new(at, at + 1, token.to_owned(), word));
            }
            at += 1;
        }
        hits
    }

    /// The word that is all of a name, numbering left aside: `staging-2`, `pre_prod`, `UAT`.
    fn whole(&self, name: &str) -> Option<Hit> {
        let tokens = words_of(name);
        let end = without_numbers(&tokens);
        self.hits(&tokens[..end])
            .into_iter()
            .find(|hit| hit.from == 0 && hit.to == end)
    }

    /// The environment of a branch by its exact name. Feature branches that merely contain a word belong to nobody.
    pub(super) fn of_branch(&self, branch: &str) -> Option<Found> {
        let name = match branch.split_once('/') {
            None => branch,
            Some((folder, name)) => {
                if !is_one_of(BRANCH_FOLDERS, folder) || name.contains('/') {
                    return None;
                }
                name
            }
        };
        self.whole(name)
            .filter(|hit| hit.trust != NotABranch)
            .map(|hit| Found {
                environment: hit.environment,
                word: hit.word,
                place: "branch",
            })
    }

    /// The environment of a section of a configuration file by its key path.
    pub(super) fn of_section(&self, key_path: &[&str]) -> Option<Found> {
        let found = |hit: Hit| Found {
            environment: hit.environment,
            word: hit.word,
            place: "section",
        };
        for at in (1..key_path.len()).rev() {
            if is_one_of(SECTION_PARENTS, key_path[at - 1])
                && let Some(hit) = self.whole(key_path[at])
            {
                return Some(found(hit));
            }
        }
        let first = *key_path.first()?;
        let name = first
            .strip_prefix("when@")
            .or_else(|| first.strip_prefix("profile "))
            .unwrap_or(first);
        self.whole(name)
            .filter(|hit| hit.trust == Clear || hit.word == "test")
            .map(found)
    }

    /// The environment of a path. A production word in a file's name does not take the file out of a staging directory:
    /// production's file inside staging is what the gate is for.
    pub(super) fn of_path(&self, path: &str) -> Option<Found> {
        // Asked for every changed path, and most hold no word at all.
        if !self.may_speak(path) {
            return None;
        }
        self.of_speaking_path(path)
    }

    /// Whether any word of the path is one of ours, without an allocation; `true` where that cannot be told so cheaply.
    fn may_speak(&self, path: &str) -> bool {
        const LONGEST: usize = 32;
        if self.has_joined || !path.is_ascii() {
            return true;
        }
        let bytes = path.as_bytes();
        let mut start = 0;
        for at in 0..=bytes.len() {
            let ends = match bytes.get(at) {
                None => true,
                Some(byte) if !byte.is_ascii_alphanumeric() => true,
                Some(byte) => {
                    byte.is_ascii_uppercase() && at > start && {
                        let before = bytes[at - 1];
                        !before.is_ascii_uppercase()
                            || bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase)
                    }
                }
            };
            if !ends {
                continue;
            }
            let token = &bytes[start..at];
            let mut lower = [0; LONGEST];
            if let Some(lower) = lower.get_mut(..token.len()) {
                lower.copy_from_slice(token);
                lower.make_ascii_lowercase();
                if std::str::from_utf8(lower)
                    .is_ok_and(|token| self.get(token).is_some() || NEGATIONS.contains(&token))
                {
                    return true;
                }
            } else {
                return true;
            }
            let separated = bytes
                .get(at)
                .is_none_or(|byte| !byte.is_ascii_alphanumeric());
            start = if separated { at + 1 } else { at };
        }
        false
    }

    fn of_speaking_path(&self, path: &str) -> Option<Found> {
        let components: Vec<&str> = path.split('/').collect();
        let (file, directories) = components.split_last()?;
        if directories.iter().any(|name| is_one_of(ELSEWHERE, name)) {
            return None;
        }
        let kind = FileKind::of(file, self);
        let of_file = self.of_file(&kind, directories);
        if let Some(hit) = &of_file
            && hit.tier != Tier::Production
        {
            return of_file.map(Hit::into_file);
        }
        let of_directory = (0..directories.len())
            .rev()
            .find_map(|at| self.of_directory(directories, at, kind.is_config));
        match (of_file, of_directory) {
            (Some(file), Some(directory)) if directory.tier != Tier::Staging => {
                Some(file.into_file())
            }
            (_, Some(directory)) => Some(Found {
                environment: directory.environment,
                word: directory.word,
                place: "directory",
            }),
            (file, None) => file.map(Hit::into_file),
        }
    }

    fn of_directory(&self, directories: &[&str], at: usize, is_config: bool) -> Option<Hit> {
        let tokens = words_of(directories[at]);
        let end = without_places(&tokens);
        let hit = self.hits(&tokens[..end]).pop()?;
        let parent = at.checked_sub(1).map_or("", |before| directories[before]);
        let known = is_one_of(PARENTS, parent);
        let whole = hit.from == 0 && hit.to == end;
        let claims = match hit.trust {
            Clear => {
                if whole || hit.to == end {
                    is_config || known
                } else {
                    // `host_vars/staging.example.org`
                    hit.from == 0 && known
                }
            }
            Ambiguous | NotABranch => whole && is_one_of(STRONG_PARENTS, parent),
        };
        claims.then_some(hit)
    }

    fn of_file(&self, kind: &FileKind, directories: &[&str]) -> Option<Hit> {
        let tokens = &kind.tokens;
        let end = without_tails(tokens);
        if end == 0 {
            // `.env.local`: the tail is all there is.
            let last = tokens.len().checked_sub(1)?;
            return self
                .hits(&tokens[last..])
                .pop()
                .filter(|_| kind.is_config && last > 0 && tokens[0] == "env");
        }
        let near = directories.iter().rev().take(2);
        let below_strong = near.clone().any(|name| is_one_of(STRONG_PARENTS, name));
        let headed = |heads: &[&str]| end > 1 && heads.contains(&tokens[0].as_str());
        let mut hits = self.hits(&tokens[..end]);
        let at_end = hits.pop_if(|hit| hit.to == end);
        if let Some(hit) = at_end {
            let whole = hit.from == 0;
            let claims = match (hit.trust, kind.is_config) {
                (Clear, true) => true,
                (Clear, false) => {
                    whole && below_strong_or_settings(directories) || headed(CODE_HEADS)
                }
                (_, true) => {
                    headed(HEADS)
                        || whole
                            && (below_strong
                                || kind.ends_with_values
                                || tokens[end..]
                                    .iter()
                                    .any(|tail| tail == "values" || tail == "env"))
                }
                (_, false) => whole && below_strong_or_settings(directories),
            };
            return claims.then_some(hit);
        }
        let first = hits.into_iter().next()?;
        (first.from == 0 && first.trust == Clear && kind.is_config).then_some(first)
    }
}

impl Hit {
    fn new(from: usize, to: usize, word: String, found: Word) -> Self {
        Self {
            from,
            to,
            word,
            environment: found.environment,
            tier: found.tier,
            trust: found.trust,
        }
    }

    fn into_file(self) -> Found {
        Found {
            environment: self.environment,
            word: self.word,
            place: "file name",
        }
    }
}

/// What a file's name says of the file.
#[derive(Debug)]
struct FileKind {
    /// The words of the name without its endings.
    tokens: Vec<String>,
    /// Configuration, keys, dumps and scripts; not source code, prose or pictures.
    is_config: bool,
    /// `.tfvars` and `.env`: nothing but values of one environment.
    ends_with_values: bool,
}

impl FileKind {
    fn of(name: &str, words: &Words) -> Self {
        let mut stem = name;
        while let Some((before, ending)) = stem.rsplit_once('.') {
            if before.is_empty() || !is_one_of(WRAPPERS, ending) {
                break;
            }
            stem = before;
        }
        let mut is_config = false;
        let mut ends_with_values = false;
        match stem.rsplit_once('.') {
            // No ending: a script, an inventory, a key.
            None => is_config = true,
            Some((before, ending)) if is_one_of(CONFIG_ENDINGS, ending) => {
                is_config = true;
                ends_with_values = is_one_of(&["tfvars", "env"], ending);
                if before.is_empty() {
                    // `.env`
                } else {
                    stem = before;
                    while let Some((before, ending)) = stem.rsplit_once('.') {
                        if before.is_empty() || !is_one_of(CONFIG_ENDINGS, ending) {
                            break;
                        }
                        ends_with_values |= is_one_of(&["tfvars", "env"], ending);
                        // `config.staging.json`, but `staging.env.json` and `x.tfvars.json` lose both.
                        stem = before;
                    }
                }
            }
            Some((before, ending)) => {
                let qualified = words.whole(ending).is_some();
                let dotenv = words_of(before).first().is_some_and(|word| word == "env")
                    || name.starts_with(".env");
                if qualified || dotenv {
                    // `.env.staging`, `Procfile.nonprod`, `database.yml.staging`
                    is_config = true;
                } else {
                    stem = before;
                }
            }
        }
        let mut tokens = words_of(stem);
        // `config.yml.staging`: the ending inside is no word.
        if tokens.len() > 2 {
            let last = tokens.len() - 1;
            tokens = tokens
                .into_iter()
                .enumerate()
                .filter(|(at, token)| {
                    *at == 0 || *at == last || !matches!(token.as_str(), "yml" | "yaml" | "json")
                })
                .map(|(_, token)| token)
                .collect();
        }
        Self {
            tokens,
            is_config,
            ends_with_values,
        }
    }
}

/// Whether a file is in a format with named sections.
pub(super) fn has_sections(path: &str) -> bool {
    let mut stem = path.rsplit('/').next().unwrap_or(path);
    while let Some((before, ending)) = stem.rsplit_once('.') {
        if is_one_of(SECTION_ENDINGS, ending) {
            return true;
        }
        if !is_one_of(WRAPPERS, ending) {
            return false;
        }
        stem = before;
    }
    // `~/.aws/credentials` and `.aws/config` are INI files without an ending.
    path.ends_with(".aws/credentials") || path.ends_with(".aws/config")
}

fn below_strong_or_settings(directories: &[&str]) -> bool {
    directories.last().is_some_and(|name| {
        is_one_of(STRONG_PARENTS, name) || name.eq_ignore_ascii_case("settings")
    })
}

fn is_one_of(list: &[&str], name: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_number(token: &str) -> bool {
    token.bytes().all(|byte| byte.is_ascii_digit())
}

fn without_numbers(tokens: &[String]) -> usize {
    trimmed(tokens, 1, is_number)
}

fn without_places(tokens: &[String]) -> usize {
    trimmed(tokens, 1, |token| {
        is_number(token) || PLACES.contains(&token.trim_end_matches(|c: char| c.is_ascii_digit()))
    })
}

fn without_tails(tokens: &[String]) -> usize {
    let end = trimmed(tokens, 0, |token| TAILS.contains(&token));
    without_places(&tokens[..end]).min(end)
}

/// The length of `tokens` without those at its end that `drop` names; at least `keep` stay.
fn trimmed(tokens: &[String], keep: usize, drop: impl Fn(&str) -> bool) -> usize {
    let mut end = tokens.len();
    while end > keep && drop(&tokens[end - 1]) {
        end -= 1;
    }
    end
}

/// Whether `name` stands directly below a component whose children are environments.
pub(super) fn below_section_parent(key_path: &[&str], name: &str) -> bool {
    key_path
        .windows(2)
        .any(|pair| is_one_of(SECTION_PARENTS, pair[0]) && pair[1].eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::{ENVIRONMENTS, Words};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_may_not_speak_does_not(
            path in "([a-zA-Z0-9._/-]|prod|Staging|UAT|non|pre|config/|\\.yml|\\.env){0,14}"
        ) {
            let words = Words::builtin(ENVIRONMENTS.map(|(_, tier)| tier));
            if !words.may_speak(&path) {
                prop_assert_eq!(words.of_speaking_path(&path), None);
            }
        }
    }

    #[test]
    fn most_paths_are_silent() {
        let words = Words::builtin(ENVIRONMENTS.map(|(_, tier)| tier));
        assert!(!words.may_speak("src/main/java/org/example/ProductCatalog.java"));
        assert!(words.may_speak("src/appsettings.DeployedUAT2.json"));
        assert!(words.may_speak("a/pre-x"));
    }
}
