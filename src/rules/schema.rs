//! A rule pack as it is written in TOML: one file a provider. `build.rs` reads the same types, so a pack that does not
//! fit the schema does not build.

use serde::{Deserialize, Serialize};

/// One provider's rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Id of the provider, equal to the file's name: `stripe`.
    pub provider: String,
    /// Human name: `Stripe`.
    pub name: String,
    /// The provider's rules, in order of preference where two match the same bytes equally well.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    /// What none of the rules finds. No built-in pack has any.
    #[serde(default)]
    pub allow: Vec<Allow>,
}

/// One kind of credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique id: `stripe-secret-key`.
    pub id: String,
    /// Human name: `Stripe secret key`.
    #[serde(default)]
    pub title: String,
    /// Literals of at least three bytes, in lower case, compared without case: the pattern is tried only on lines that
    /// hold one of them.
    pub keywords: Vec<String>,
    /// Regular expression of the `regex` crate on bytes, Unicode off, with the value in a group named `secret`. Other
    /// named groups are evidence: `host`, `account`, `project`, `user`, `database`.
    pub pattern: String,
    /// Lines after the keyword's own that the pattern may reach into (a private key, a JSON object); 0 for one line.
    #[serde(default)]
    pub lines: u16,
    /// Words one of which must stand within five lines of the match, without case, where the shape alone is ambiguous.
    #[serde(default)]
    pub context: Vec<String>,
    /// How the rule believes a match.
    #[serde(default)]
    pub kind: Kind,
    /// Whether a provider issued it. False for what its owner made or chose (passwords in URLs, key pairs, tokens that any
    /// server signs): the shape is proof of a secret, but says nothing of whose service it opens.
    #[serde(default = "yes")]
    pub issued: bool,
    /// What the value itself says of the environment; the first that matches speaks.
    #[serde(default)]
    pub environment: Vec<Marker>,
    /// Check digits of the format.
    #[serde(default)]
    pub checksum: Option<Checksum>,
    /// How long such a credential lives.
    #[serde(default)]
    pub lifetime: LifetimeOf,
    /// Whether it grants administration of the whole account.
    #[serde(default)]
    pub privileged: bool,
    /// Publishable by design: an identifier, not a secret.
    #[serde(default)]
    pub public: bool,
    /// Bits of Shannon entropy per byte that a value must exceed, where the shape says little.
    #[serde(default)]
    pub entropy: Option<f32>,
    /// Regular expression that some part of the path must match, where the rule is for certain files only.
    #[serde(default)]
    pub path: Option<String>,
    /// What the rule does not find although its pattern does.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// What to do about it, in one or two sentences.
    #[serde(default)]
    pub remedy: String,
    /// The vendor's pages on the format and on rotation.
    #[serde(default)]
    pub references: Vec<String>,
    /// Templates that must be found, see [`super::template`].
    #[serde(default)]
    pub examples: Vec<Example>,
    /// Templates that must not be found by this rule.
    #[serde(default)]
    pub counterexamples: Vec<String>,
}

/// A statement that something which looks like a credential is none. It holds where one of its tests does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// Whether every kind of test that is given must hold, not only one.
    #[serde(default)]
    pub all: bool,
    /// Regular expressions, one of which matches some part of the path.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Regular expressions, one of which matches some part of the value.
    #[serde(default)]
    pub values: Vec<String>,
    /// Regular expressions, one of which matches some part of everything that the rule's pattern took.
    #[serde(default)]
    pub matches: Vec<String>,
    /// Regular expressions, one of which matches some part of the lines on which that stands.
    #[serde(default)]
    pub lines: Vec<String>,
    /// Words, one of which stands in the value, without case.
    #[serde(default)]
    pub stopwords: Vec<String>,
}

const fn yes() -> bool {
    true
}

/// How a match is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Issued by a provider: the shape is proof enough, apart from documentation examples.
    #[default]
    Issued,
    /// A password or token known by the name of its key only: placeholders, references and words are filtered out.
    Generic,
}

/// One statement of a format about the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// Literal that the value starts with, with case.
    #[serde(default)]
    pub starts: Option<String>,
    /// Literal that the value contains, with case.
    #[serde(default)]
    pub contains: Option<String>,
    /// The tier it means: `production`, `staging`, `development`, `test`.
    pub is: TierOf,
    /// True where the live form is told only by the absence of a sandbox label: such a statement is strong, not decisive.
    #[serde(default)]
    pub by_absence: bool,
}

/// Tier, as written in a pack. (The pack's types stand alone because `build.rs` reads them too.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TierOf {
    /// Live.
    Production,
    /// A provider's own staging.
    Staging,
    /// A development instance.
    Development,
    /// Sandbox, test mode, paper trading, emulator.
    Test,
}

/// Lifetime, as written in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LifetimeOf {
    /// Hours at most.
    Short,
    /// Until revoked, or months.
    Long,
    /// Not told.
    #[default]
    Unknown,
}

/// Check digits that separate issued tokens from made-up ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// The last six characters are base62(CRC-32) of the thirty before them
    /// (<https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/>).
    Crc32Base62,
    /// The last eight characters are the lower-case hexadecimal CRC-32 of the forty before them
    /// (<https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/>).
    Crc32Hex,
}

/// A template that must be found, and what the format says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The template of the text.
    pub text: String,
    /// The tier the value itself tells; none where the format does not say.
    #[serde(default)]
    pub is: Option<TierOf>,
}
