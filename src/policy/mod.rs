//! Decision: which environment claims a place, and what may go there. Knows neither git nor secret bytes.
//!
//! A [`Policy`] is the default one or read from `stagegate.toml`; `docs/policy.md` documents every key.

mod administrator;
mod baseline;
mod beside;
mod cases;
mod changed;
mod conventions;
mod decide;
mod declared;
mod exception;
mod keys;
mod limits;
mod lookalike;
mod mistake;
mod own;
mod patterns;
mod preset;
mod schema;
mod table;
mod validate;

use std::borrow::Cow;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use crate::model::{Claim, Facts, Tier, Verdict, Vocabulary};
pub use administrator::{LogSettings, MayOverride, WHO};
use baseline::AuditSettings;
pub use baseline::{Baseline, Entry as BaselineEntry, days};
pub use cases::{Tried, try_cases};
pub use changed::Changes;
use conventions::{Found, Words};
pub use decide::{Decision, Subject};
pub use declared::Declared;
use declared::DeclaredWords;
use exception::Exception;
pub use exception::ExceptionOf;
pub use keys::{reference, schema as json_schema};
pub use limits::{Limits, duration, size};
pub use mistake::{Mistake, PolicyErrors};
use patterns::Pattern;
pub use preset::Preset;
pub use table::Row;

/// The policy that `stagegate policy init` writes: everything that can be said, with comments, and nothing said but the
/// version.
pub const STARTER: &str = include_str!("starter.toml");

/// Which new commits of a push are walked for what they held meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum History {
    /// Those not reachable from the refs of the same environment: a feature branch is judged when it is merged.
    #[default]
    Environment,
    /// Those new to the repository.
    Repository,
    /// None: only what stands in the new tip counts.
    Tip,
}

impl History {
    /// The word in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Repository => "repository",
            Self::Tip => "tip",
        }
    }
}

/// Which claim counts where several claim a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precedence {
    /// All of them; the strictest verdict holds.
    Strictest,
    /// Those by path and section, and those by ref only where there is no other.
    Path,
}

impl Precedence {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Strictest => "strictest",
            Self::Path => "path",
        }
    }
}

/// Where an inline comment `stagegate:allow` lets a value pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InlineAllow {
    /// In the hooks that run where people work: whoever pushes does not decide for a server.
    Laptop,
    /// On servers and in CI too.
    Always,
    /// Nowhere.
    Never,
}

impl InlineAllow {
    /// The word in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Laptop => "laptop",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// A policy: claims, verdicts, facts, words and exceptions, all of them valid.
#[derive(Debug)]
pub struct Policy {
    source: String,
    /// SHA-256 of its text, in hexadecimal digits; empty for the default one.
    digest: String,
    /// The commit that it was taken from.
    commit: Option<String>,
    history: History,
    precedence: Precedence,
    conventions: bool,
    inline_allow: InlineAllow,
    inline_allow_line: String,
    words: Words,
    words_declared: DeclaredWords,
    vocabulary: Vocabulary,
    /// The four default ones, then the declared ones.
    environments: Vec<Environment>,
    unclaimed: Vec<Override>,
    exceptions: Vec<Exception>,
    rules: own::OwnRules,
    facts: Facts,
    inventory: Option<KnownSecrets>,
    audit: AuditSettings,
    limits: Limits,
    log: LogSettings,
    may_override: Vec<MayOverride>,
    /// Its text, where it opens keys: it is read again together with the repository's.
    text: String,
    /// The keys that the repository's policy may set beside this one.
    open: Vec<&'static str>,
    /// The repository's policy that counts beside this one.
    beside: Option<beside::Beside>,
    /// What it says and has no say in.
    ignored: Vec<String>,
}

/// Where the policy says that the inventory of known secrets is. Paths as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSecrets {
    /// The file.
    pub file: String,
    /// The file of its key; none where the environment has it.
    pub key_file: Option<String>,
    /// The line that says so.
    pub policy_line: String,
}

#[derive(Debug)]
struct Environment {
    name: String,
    tier: Tier,
    /// The line of its heading; `None` where the policy says nothing of it.
    declared_at: Option<String>,
    refs: Vec<Pattern>,
    paths: Vec<Pattern>,
    sections: Vec<Section>,
    verdicts: Vec<Override>,
}

#[derive(Debug)]
struct Section {
    parts: Vec<String>,
    policy_line: String,
}

/// A row of the verdict table that the policy replaces.
#[derive(Debug)]
struct Override {
    row: Row,
    verdict: Verdict,
    policy_line: String,
}

/// How strict a tier is where two claims say the same: staging before production before the rest.
const fn rank(tier: Tier) -> u8 {
    match tier {
        Tier::Staging => 3,
        Tier::Production => 2,
        Tier::Development => 1,
        Tier::Test => 0,
    }
}

impl Environment {
    fn new(name: &str, tier: Tier) -> Self {
        Self {
            name: name.to_owned(),
            tier,
            declared_at: None,
            refs: Vec::new(),
            paths: Vec::new(),
            sections: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    fn claim(&self, claimed_by: String, policy_line: &str) -> Claim {
        Claim {
            environment: self.name.clone(),
            tier: self.tier,
            claimed_by,
            policy_line: policy_line.to_owned(),
        }
    }
}

impl Section {
    /// A name is the first component or stands below `environments`, `stages` and the like; a key path is a prefix.
    fn claims(&self, key_path: &[&str]) -> bool {
        let begins = key_path.len() >= self.parts.len()
            && self
                .parts
                .iter()
                .zip(key_path)
                .all(|(part, component)| part.eq_ignore_ascii_case(component));
        begins
            || matches!(self.parts.as_slice(), [name]
                if conventions::below_section_parent(key_path, name))
    }
}

impl Policy {
    /// The policy of a repository that has none.
    pub fn builtin() -> Self {
        validate::builtin()
    }

    /// Reads a policy. `source` names it in messages: `stagegate.toml`, `HEAD:stagegate.toml`.
    ///
    /// # Errors
    /// Every mistake of the file, each with its place.
    pub fn parse(text: &str, source: &str) -> Result<Self, PolicyErrors> {
        let mut mistakes = mistake::Mistakes::new(text);
        match schema::read(text, &mut mistakes) {
            Some(written) => {
                let mut policy = validate::validate(written, source, mistakes)?;
                policy.digest = sha256(text);
                if policy.opens_keys() {
                    policy.text = text.to_owned();
                }
                Ok(policy)
            }
            None => Err(mistakes.into_errors(source)),
        }
    }

    /// Says in which commit the policy stood; of two, the repository's.
    pub fn set_commit(&mut self, commit: &str) {
        let of = self
            .beside
            .as_mut()
            .map_or(&mut self.commit, |beside| &mut beside.commit);
        *of = Some(commit.to_owned());
    }

    /// Which policy it is, so that somebody can hold it against the one that should have judged: what it is called, the digest of
    /// its text, and the commit that it was taken from. Of two that judge together both.
    pub fn identified(&self) -> String {
        if self.digest.is_empty() {
            return self.source.clone();
        }
        let one = |source: &str, digest: &str, commit: Option<&String>| {
            let commit = commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
            format!("{source} (sha256 {digest}{commit})")
        };
        let own = one(&self.source, &self.digest, self.commit.as_ref());
        match &self.beside {
            Some(beside) => {
                let other = one(&beside.source, &beside.digest, beside.commit.as_ref());
                format!("{own} and beside it {other}")
            }
            None => own,
        }
    }

    /// What the policy is called: `stagegate.toml`, or `default policy`; of two that judge together both.
    pub fn source(&self) -> Cow<'_, str> {
        match &self.beside {
            Some(beside) => format!("{} and beside it {}", self.source, beside.source).into(),
            None => self.source.as_str().into(),
        }
    }

    /// Which new commits are walked.
    pub const fn history(&self) -> History {
        self.history
    }

    /// Where inline comments let a value pass.
    pub const fn inline_allow(&self) -> InlineAllow {
        self.inline_allow
    }

    /// The line that says so.
    pub fn inline_allow_line(&self) -> &str {
        &self.inline_allow_line
    }

    /// The facts that prove an environment.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The words that speak for an environment in names.
    pub const fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Where the inventory of known secrets is, if the policy names one.
    pub const fn inventory(&self) -> Option<&KnownSecrets> {
        self.inventory.as_ref()
    }

    /// How long a run may take, and how much memory.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether there is any exception, so that unused ones can be told.
    pub const fn has_exceptions(&self) -> bool {
        !self.exceptions.is_empty()
    }

    /// Remarks that change nothing: exceptions and grants of overrides that hold no longer, what is written and has no say.
    pub fn notes(&self, today: Date) -> Vec<String> {
        self.exceptions
            .iter()
            .filter_map(|exception| exception.note(today))
            .chain(self.may_override.iter().filter_map(|may| may.note(today)))
            .chain(self.ignored.iter().cloned())
            .collect()
    }

    /// Every exception, as it is written.
    pub fn exceptions(&self) -> impl Iterator<Item = ExceptionOf<'_>> {
        self.exceptions.iter().map(Exception::shown)
    }

    /// Whether claims by path or section outrank claims by ref.
    pub fn paths_outrank_refs(&self) -> bool {
        self.precedence == Precedence::Path
    }

    /// Names and tiers of all environments, with the line that declares each; `None` for a default one.
    pub fn environments(&self) -> impl Iterator<Item = (&str, Tier, Option<&str>)> {
        self.environments
            .iter()
            .map(|e| (e.name.as_str(), e.tier, e.declared_at.as_deref()))
    }

    /// The strictest claim on a ref by its full name.
    pub fn claim_of_ref(&self, ref_name: &str) -> Option<Claim> {
        // `max_by_key` takes the last of equals; the first declared is wanted.
        self.claims_of_ref(ref_name)
            .into_iter()
            .rev()
            .max_by_key(|claim| rank(claim.tier))
    }

    /// Every claim that counts for a place: by ref, path and section. Where the policy says `precedence = "path"`, claims
    /// by ref are left out if there are others.
    pub fn claims(
        &self,
        ref_name: Option<&str>,
        path: Option<&str>,
        key_path: &[&str],
    ) -> Vec<Claim> {
        let mut claims = path.map_or(Vec::new(), |path| self.claims_of_path(path));
        if path.is_none_or(|path| self.may_have_sections(path)) {
            claims.extend(self.claims_of_section(key_path));
        }
        if claims.is_empty() || self.precedence == Precedence::Strictest {
            let mut all = ref_name.map_or(Vec::new(), |name| self.claims_of_ref(name));
            all.append(&mut claims);
            return all;
        }
        claims
    }

    /// Whether sections of the file could be claimed: it is in a configuration format, and something claims sections.
    pub fn may_have_sections(&self, path: &str) -> bool {
        (self.conventions || self.environments.iter().any(|e| !e.sections.is_empty()))
            && conventions::has_sections(path)
    }

    /// Every claim on a ref, declared ones first; then those on the name that a person reads.
    pub fn claims_of_ref(&self, ref_name: &str) -> Vec<Claim> {
        let mut claims = self.claims_of_ref_as_written(ref_name);
        if let Some(plain) = lookalike::read_as(ref_name) {
            self.add_alike(&mut claims, self.claims_of_ref_as_written(&plain));
        }
        claims
    }

    /// The plain name of a ref whose name holds look-alike or hidden characters, and the claimed name spelled out, where it is claimed
    /// for that.
    pub fn alike(&self, ref_name: &str) -> Option<(String, String)> {
        let plain = lookalike::read_as(ref_name)?;
        let as_written = self.claims_of_ref_as_written(ref_name).len();
        (self.claims_of_ref(ref_name).len() > as_written)
            .then(|| (plain, lookalike::spelled_out(ref_name).into_owned()))
    }

    fn claims_of_ref_as_written(&self, ref_name: &str) -> Vec<Claim> {
        let (mut claims, written_out) = self.claims_declared(
            |e| &e.refs,
            ref_name,
            |pattern| {
                if pattern.is_literal() {
                    format!("{} {ref_name}", kind_of_ref(ref_name))
                } else {
                    format!("{} pattern \"{}\"", kind_of_ref(ref_name), pattern.text)
                }
            },
        );
        if self.conventions
            && !written_out
            && let Some(branch) = ref_name.strip_prefix("refs/heads/")
            && let Some(found) = self.words.of_branch(branch)
        {
            self.add(&mut claims, &found, format!("branch {ref_name}"));
        }
        claims
    }

    /// Every claim on a path, declared ones first; then those on the path that a person reads.
    pub fn claims_of_path(&self, path: &str) -> Vec<Claim> {
        let mut claims = self.claims_of_path_as_written(path);
        if let Some(plain) = lookalike::read_as(path) {
            self.add_alike(&mut claims, self.claims_of_path_as_written(&plain));
        }
        claims
    }

    fn claims_of_path_as_written(&self, path: &str) -> Vec<Claim> {
        // The path itself is not repeated: a file's name may hold a secret, and the report shows it redacted.
        let (mut claims, written_out) = self.claims_declared(
            |e| &e.paths,
            path,
            |pattern| format!("path pattern \"{}\"", pattern.text),
        );
        if self.conventions
            && !written_out
            && let Some(found) = self.words.of_path(path)
        {
            let claimed_by = format!("path ({} word \"{}\")", found.place, found.word);
            self.add(&mut claims, &found, claimed_by);
        }
        claims
    }

    /// Every claim on a section, declared ones first.
    pub fn claims_of_section(&self, key_path: &[&str]) -> Vec<Claim> {
        if key_path.is_empty() {
            return Vec::new();
        }
        let mut claims: Vec<Claim> = self
            .environments
            .iter()
            .filter_map(|environment| {
                let section = environment
                    .sections
                    .iter()
                    .find(|section| section.claims(key_path))?;
                let claimed_by = format!("section \"{}\"", section.parts.join("."));
                Some(environment.claim(claimed_by, &section.policy_line))
            })
            .collect();
        if self.conventions
            && claims.is_empty()
            && let Some(found) = self.words.of_section(key_path)
        {
            let claimed_by = format!("section \"{}\"", found.word);
            self.add(&mut claims, &found, claimed_by);
        }
        claims
    }

    /// The claims that the file declares, one an environment, and whether one of them is written out: such a one
    /// outranks the conventions, while a glob adds to them.
    fn claims_declared(
        &self,
        list: impl Fn(&Environment) -> &[Pattern],
        name: &str,
        claimed_by: impl Fn(&Pattern) -> String,
    ) -> (Vec<Claim>, bool) {
        let mut written_out = false;
        let claims = self
            .environments
            .iter()
            .filter_map(|environment| {
                let patterns = list(environment);
                let literal = patterns.iter().find(|p| p.is_literal() && p.matches(name));
                written_out |= literal.is_some();
                let pattern = literal.or_else(|| patterns.iter().find(|p| p.matches(name)))?;
                Some(environment.claim(claimed_by(pattern), &pattern.policy_line))
            })
            .collect();
        (claims, written_out)
    }

    /// Adds the claims of a plain name. A look-alike of production's name is no reason to allow what production may hold.
    fn add_alike(&self, claims: &mut Vec<Claim>, plain: Vec<Claim>) {
        for mut claim in plain {
            let known = claims.iter().any(|c| c.environment == claim.environment);
            if !known && claim.tier != Tier::Production {
                claim
                    .claimed_by
                    .push_str(", as which its look-alike or hidden characters are read");
                claims.push(claim);
            }
        }
    }

    /// Adds a claim by convention, unless the same environment claims the place already.
    fn add(&self, claims: &mut Vec<Claim>, found: &Found, claimed_by: String) {
        let environment = &self.environments[found.environment];
        if !claims
            .iter()
            .any(|claim| claim.environment == environment.name)
        {
            claims.push(environment.claim(claimed_by, "default policy"));
        }
    }
}

/// SHA-256 of a text, in hexadecimal digits.
fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn kind_of_ref(ref_name: &str) -> &'static str {
    if ref_name.starts_with("refs/heads/") {
        "branch"
    } else if ref_name.starts_with("refs/tags/") {
        "tag"
    } else {
        "ref"
    }
}
