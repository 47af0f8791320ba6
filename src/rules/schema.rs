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
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Regular expression of the `regex` crate on bytes, Unicode off, with the value in a group named `secret`. Other
    /// named groups are evidence: `host`, `account`, `project`, `user`, `database`. A pack may write a [`Keyed`] table instead.
    #[serde(default, deserialize_with = "expression_or_keyed")]
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
    /// What the value has to look like, where the pattern alone is no proof.
    #[serde(default)]
    pub value: Value,
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
    /// Of what is no credential: what it finds may not be shown (a card number, an address).
    #[serde(default)]
    pub sensitive: bool,
    /// Ids of the rules of the secrets that make this identifier matter: alone it opens nothing.
    #[serde(default)]
    pub beside: Vec<String>,
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

/// A value without a shape of its own (`[a-f0-9]{32}`), known by the key that it is assigned to. The short way to write
/// the expression that all such rules share.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyed {
    /// Expression, without case, for the provider's name. It stands in the key, or before it on its line, or as the name of the
    /// mapping, block or section that holds the key. Left out where the key's words are the provider's own, or where the
    /// rule has `context` words.
    #[serde(default)]
    pub name: Option<String>,
    /// Expression, without case, for the words of the key that bear the value: `api[_-]?key`. More of the key may follow.
    pub key: String,
    /// Expression for the value. What precedes and follows it is no part of it.
    pub value: String,
    /// Nothing but separators and words such as `web` or `prod` may stand around the key's words. For identifiers that are public,
    /// so that `AMPLITUDE_SECRET_API_KEY` is never taken for one.
    #[serde(default)]
    pub close: bool,
}

/// Between a provider's name and the key: some of the line; or the end of a line that opens a block, and indented lines; or the
/// end of a section's header, and lines of the section. `BEFORE` stands for what may precede the key on its own line.
const FROM_NAME_TO_KEY: &str = concat!(
    r#"(?:SAME|["']?[ \t]*[:=]?>?[ \t]*[{(\[]?[ \t]*\r?\n(?:[ \t]+[^\n]{0,99}\n){0,4}?[ \t]+BEFORE"#,
    r#"|["']?\][ \t]*\r?\n(?:[^\n\[]{0,99}\n){0,4}?BEFORE)"#,
);

/// Between a provider's name and the key on one line, where they need not be close.
pub const WITHIN: &str = r"[^\n;}]{0,40}?";

/// Words that may stand around the words of a public identifier's key.
const PLAIN_WORDS: &str = "(?i:prod|production|staging|stg|dev|development|test|live|web|js|browser|client|public|project|ios|android|app|init|set|token)";

impl Keyed {
    /// The expression that it stands for.
    pub fn expression(&self) -> String {
        let Self {
            name,
            key,
            value,
            close,
        } = self;
        let (same, before, after) = if *close {
            let apart = r#"[^0-9A-Za-z\n;}]{0,6}"#;
            (
                format!("{apart}(?:{PLAIN_WORDS}{apart}){{0,2}}"),
                r#"["' \t<]{0,3}"#,
                format!("(?:[_-]?{PLAIN_WORDS})?[0-9]?"),
            )
        } else {
            (
                WITHIN.to_owned(),
                r"[^\n\[]{0,20}?",
                "[0-9A-Za-z_-]{0,20}".to_owned(),
            )
        };
        let name = name.as_ref().map_or_else(String::new, |name| {
            let between = FROM_NAME_TO_KEY
                .replace("SAME", &same)
                .replace("BEFORE", before);
            format!("(?i:{name}){between}")
        });
        // Between key and value: separators and quotes, or `value:` of a list of names and values.
        format!(
            r"{name}(?P<key>(?i:{key}){after})[^0-9A-Za-z]{{1,40}}(?:(?i:value|string|str)[^0-9A-Za-z]{{1,12}})?(?P<secret>{value})(?:[^0-9A-Za-z+/=_-]|$)"
        )
    }
}

/// Where a human writes, an expression or a [`Keyed`] table; between the build and the binary, always an expression.
fn expression_or_keyed<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "an expression, or a table of `name`, `key` and `value`"
    )]
    enum Written {
        Expression(String),
        Keyed(Keyed),
    }
    if !from.is_human_readable() {
        return String::deserialize(from);
    }
    Ok(match Written::deserialize(from)? {
        Written::Expression(expression) => expression,
        Written::Keyed(keyed) => keyed.expression(),
    })
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
    /// Found by what the gate knows of the whole repository or of a file's structure, not by a pattern of its own.
    Structural,
    /// Found in a text as a whole, whatever its format: dumps, tables of customers.
    Data,
}

/// What a value has to look like to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// As the pattern says: only stand-ins are refused.
    #[default]
    Format,
    /// What people choose: short and weak ones count, plain words do not.
    Password,
    /// What people choose or machines make: words with digits count, names of secrets do not.
    Secret,
    /// What machines make: it must look random.
    Token,
    /// What machines make, beside a name that says little (`salt`, a child of `secrets`): it must look very random.
    Random,
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
