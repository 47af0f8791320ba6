//! The hash by which git names an object, taken over what was read: a bit of a pack that leads to another base still
//! inflates, and so may an altered file. With the processor's own instructions it costs a fraction of inflating. Not a
//! search for collisions, which git makes when an object comes.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::model::Oid;

use super::Kind;

/// The id of an object whose content comes in pieces.
pub(super) enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

/// A checksum at the end of a file of git's.
pub(super) struct Sum(Hasher);

impl Sum {
    /// Of `width` bytes.
    pub(super) fn new(width: usize) -> Self {
        Self(if width == 20 {
            Hasher::Sha1(Sha1::new())
        } else {
            Hasher::Sha256(Sha256::new())
        })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Whether these are its bytes.
    pub(super) fn is(self, bytes: &[u8]) -> bool {
        Oid::from_bytes(bytes).is_some_and(|own| self.0.names(own))
    }
}

impl Hasher {
    /// For an object that is called `oid`, of this kind and size.
    pub(super) fn new(oid: Oid, kind: Kind, size: u64) -> Self {
        let kind = match kind {
            Kind::Commit => "commit",
            Kind::Tree => "tree",
            Kind::Blob => "blob",
            Kind::Tag => "tag",
        };
        let header = format!("{kind} {size}\0");
        if oid.as_bytes().len() == 20 {
            Self::Sha1(Sha1::new_with_prefix(header))
        } else {
            Self::Sha256(Sha256::new_with_prefix(header))
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }

    /// Whether the content is the one that `oid` names.
    pub(super) fn names(self, oid: Oid) -> bool {
        match self {
            Self::Sha1(hash) => hash.finalize()[..] == *oid.as_bytes(),
            Self::Sha256(hash) => hash.finalize()[..] == *oid.as_bytes(),
        }
    }
}

/// Whether a whole object is the one that `oid` names.
pub(super) fn is_named(oid: Oid, kind: Kind, data: &[u8]) -> bool {
    let mut hasher = Hasher::new(oid, kind, data.len() as u64);
    hasher.update(data);
    hasher.names(oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_blob_has_its_well_known_names() {
        for hex in [
            "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
            "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
        ] {
            let oid = Oid::from_hex(hex.as_bytes()).expect("an id");
            assert!(is_named(oid, Kind::Blob, b""));
            assert!(!is_named(oid, Kind::Blob, b"x"));
            assert!(!is_named(oid, Kind::Tree, b""));
        }
    }
}
