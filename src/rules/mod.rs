//! Knowledge: what is a credential, and what its format says. Data, not code: one TOML pack a provider in `builtin/`.

mod checksum;
pub mod frameworks;
pub mod import;
pub mod lead;
pub mod lint;
pub mod own;
pub mod schema;
pub mod shape;
pub mod template;

use once_cell::sync::{Lazy, OnceCell};

use crate::model::{Lifetime, Tier};
pub use schema::{Checksum, Kind, Pack, Rule};

/// The packs that ship with the binary, in the order of their file names.
pub fn builtin() -> &'static [Pack] {
    static PACKS: Lazy<Vec<Pack>> =
        Lazy::new(|| decode(include_bytes!(concat!(env!("OUT_DIR"), "/packs.postcard"))));
    &PACKS
}

/// A rule that ships, without its examples, as searching needs it: decoded when its first word is seen.
pub struct Shipped {
    /// Id of the provider's pack.
    pub provider: &'static str,
    /// What leads to it.
    pub lead: lead::Lead,
    encoded: &'static [u8],
    rule: OnceCell<Box<Rule>>,
}

impl Shipped {
    /// The rule.
    pub fn rule(&self) -> &Rule {
        self.rule.get_or_init(|| Box::new(decode(self.encoded)))
    }
}

/// The rules that ship, in the order of the packs.
pub fn shipped() -> &'static [Shipped] {
    static RULES: Lazy<Vec<Shipped>> = Lazy::new(|| {
        let rules: &'static [u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.postcard"));
        let leads = include_bytes!(concat!(env!("OUT_DIR"), "/leads.postcard"));
        let leads: Vec<(&'static str, lead::Lead, u32, u32)> = decode(leads);
        let shipped = |(provider, lead, from, to): (_, _, u32, u32)| Shipped {
            provider,
            lead,
            encoded: &rules[from as usize..to as usize],
            rule: OnceCell::new(),
        };
        leads.into_iter().map(shipped).collect()
    });
    &RULES
}

/// A structural rule or one on data of the built-in packs, by its id, and its provider.
///
/// # Panics
/// Where there is none of this id, which a test of every caller would show.
pub fn structural(id: &str) -> (&'static str, &'static Rule) {
    shipped()
        .iter()
        .filter(|shipped| shipped.lead.kind.is_coded())
        .map(|shipped| (shipped.provider, shipped.rule()))
        .find(|(_, rule)| rule.id == id)
        .expect("a structural rule of the built-in packs")
}

fn decode<T: serde::Deserialize<'static>>(encoded: &'static [u8]) -> T {
    // Made by build.rs from the same types; it can only fail to decode if the build itself is broken.
    postcard::from_bytes(encoded).expect("the embedded rules decode")
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

    /// The first marker that speaks for `value`.
    pub fn marker(&self, value: &[u8]) -> Option<&schema::Marker> {
        self.environment
            .iter()
            .find(|marker| marker.speaks_for(value))
    }
}
