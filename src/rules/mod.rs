//! Knowledge: what is a credential, and what its format says. Data, not code: one TOML pack a provider in `builtin/`.

mod checksum;
pub mod frameworks;
pub mod import;
pub mod lint;
pub mod own;
pub mod schema;
pub mod shape;
pub mod template;

use once_cell::sync::Lazy;

use crate::model::{Lifetime, Tier};
pub use schema::{Checksum, Kind, Pack, Rule};

/// The packs that ship with the binary, in the order of their file names.
pub fn builtin() -> &'static [Pack] {
    static PACKS: Lazy<Vec<Pack>> =
        Lazy::new(|| decode(include_bytes!(concat!(env!("OUT_DIR"), "/packs.postcard"))));
    &PACKS
}

/// The same without examples: all that judging needs, in half the time.
pub fn for_judging() -> &'static [Pack] {
    static PACKS: Lazy<Vec<Pack>> = Lazy::new(|| {
        decode(include_bytes!(concat!(
            env!("OUT_DIR"),
            "/judging.postcard"
        )))
    });
    &PACKS
}

/// A structural rule or one on data of the built-in packs, by its id.
///
/// # Panics
/// Where there is none of this id, which a test of every caller would show.
pub fn structural(id: &str) -> (&'static Pack, &'static Rule) {
    for_judging()
        .iter()
        .flat_map(|pack| pack.rules.iter().map(move |rule| (pack, rule)))
        .find(|(_, rule)| rule.kind.is_coded() && rule.id == id)
        .expect("a structural rule of the built-in packs")
}

fn decode(packs: &[u8]) -> Vec<Pack> {
    // Made by build.rs from the same types; it can only fail to decode if the build itself is broken.
    postcard::from_bytes(packs).expect("the embedded rule packs decode")
}

impl From<schema::TierOf> for Tier {
    fn from(tier: schema::TierOf) -> Self {
        match tier {
            schema::TierOf::Production => Self::Production,
            schema::TierOf::Staging => Self::Staging,
            schema::TierOf::Development => Self::Development,
            schema::TierOf::Test => Self::Test,
        }
    }
}

impl From<schema::LifetimeOf> for Lifetime {
    fn from(lifetime: schema::LifetimeOf) -> Self {
        match lifetime {
            schema::LifetimeOf::Short => Self::Short,
            schema::LifetimeOf::Long => Self::Long,
            schema::LifetimeOf::Unknown => Self::Unknown,
        }
    }
}

impl schema::Marker {
    /// Whether the marker speaks for `value`.
    pub fn speaks_for(&self, value: &[u8]) -> bool {
        let starts = self
            .starts
            .as_ref()
            .is_none_or(|literal| value.starts_with(literal.as_bytes()));
        let contains = self.contains.as_ref().is_none_or(|literal| {
            value
                .windows(literal.len())
                .any(|window| window == literal.as_bytes())
        });
        starts && contains
    }
}

impl Kind {
    /// Whether code finds it, and no pattern of its own.
    pub const fn is_coded(self) -> bool {
        matches!(self, Self::Structural | Self::Data)
    }
}

impl Rule {
    /// Whether a provider issued what the rule finds, so that the value is long and random and its service is known.
    pub fn provider_issued(&self) -> bool {
        self.kind == Kind::Issued && self.issued
    }

    /// Whether the value has no shape of its own, not even a literal at its start, so that only the key tells whose it is.
    pub fn keyed(&self) -> bool {
        self.pattern.contains("(?P<key>") && self.pattern.contains("(?P<secret>[")
    }

    /// Whether the rule is looked for by its context words (`datadog`) instead of its keywords (`api`), which are words of keys.
    pub fn led_by_context(&self) -> bool {
        !self.context.is_empty() && self.pattern.contains("(?P<key>")
    }

    /// The first marker that speaks for `value`.
    pub fn marker(&self, value: &[u8]) -> Option<&schema::Marker> {
        self.environment
            .iter()
            .find(|marker| marker.speaks_for(value))
    }
}
