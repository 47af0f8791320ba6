//! The inventory: keyed fingerprints of secrets that are known to somebody's store, looked up anywhere in a text without a
//! rule that had to find them first. `docs/inventory.md` has the threat model and the figures.
//!
//! A value is found by its *anchor*, one piece of it that reading a text yields anyway (`anchor`). The keyed hash of the
//! piece is looked up in a filter that is read a page at a time (`filter`); only where that says yes, a few records are read
//! from the file (`store`), which say how far the value reaches to both sides, and the keyed hash of the whole of it
//! decides. Nothing of a value is written but these two hashes, its length and where in it the anchor stands.

mod anchor;
mod classes;
mod encoded;
mod filter;
pub mod input;
mod key;
mod merge;
mod store;
mod strength;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::Tier;

pub use key::Key;
pub use merge::{Added, Draft, Removed};
pub use store::Inventory;
pub use strength::{Weak, weakness};

/// What is known of a value beside its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct About {
    /// Name of the environment whose it is; none where nobody said.
    pub environment: Option<String>,
    /// The environment's tier.
    pub tier: Option<TierOf>,
    /// Where it was read from, in the words of who added it.
    pub source: String,
    /// The day it was first added, `2030-12-31`.
    pub added: String,
    /// The day it was revoked.
    pub revoked: Option<String>,
}

/// Tier, as written in the file: the order of the variants is the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TierOf {
    /// Serves real users.
    Production,
    /// Mirrors production.
    Staging,
    /// Where developers work.
    Development,
    /// Sandboxes.
    Test,
}

impl From<Tier> for TierOf {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Production => Self::Production,
            Tier::Staging => Self::Staging,
            Tier::Development => Self::Development,
            Tier::Test => Self::Test,
        }
    }
}

impl From<TierOf> for Tier {
    fn from(tier: TierOf) -> Self {
        match tier {
            TierOf::Production => Self::Production,
            TierOf::Staging => Self::Staging,
            TierOf::Development => Self::Development,
            TierOf::Test => Self::Test,
        }
    }
}

/// An entry of the inventory, as it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its id: `sgi1:` and 24 characters of lower-case base32. Says nothing without the key.
    pub id: String,
    /// What is known of it.
    pub about: About,
}

/// A known value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Where it stands, or where the base64 of it stands.
    pub span: Range<usize>,
    /// Where it stands in what the span means in base64; none where it stands there in the clear.
    pub decoded: Option<Range<usize>>,
    /// Everything that is known of it: a value can belong to two environments.
    pub known: Vec<Known>,
}

/// Why an inventory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// It cannot be opened or read.
    #[error("the inventory {} cannot be read: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: std::io::Error,
    },
    /// It cannot be written.
    #[error("the inventory {} cannot be written: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: std::io::Error,
    },
    /// The key is not the one it was made with.
    #[error("the key is not the one that the inventory {} was made with", .0.display())]
    WrongKey(PathBuf),
    /// It was cut short, changed, or is no inventory.
    #[error("the inventory {} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// Another version of the program wrote it.
    #[error("the inventory {} is of version {found}, and this stagegate knows version {}: make it again, or look into it with the stagegate that wrote it", path.display(), store::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Somebody else is writing it.
    #[error("the inventory {} is being written by another process", .0.display())]
    Locked(PathBuf),
    /// The key cannot be read, or is none.
    #[error("the key {name}: {what}")]
    Key {
        /// The file or the variable.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// More than the format holds.
    #[error("the inventory {} would hold more than the format can: {what}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What there is too much of.
        what: &'static str,
    },
}

fn damaged(path: &Path, what: &'static str) -> InventoryError {
    InventoryError::Damaged {
        path: path.to_owned(),
        what,
    }
}
