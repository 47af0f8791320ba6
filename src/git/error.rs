//! What can go wrong while reading git, said so that a person knows what, where and what to do.

use crate::model::Oid;

/// An error while reading a repository. Every one of them means that something was not examined.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// Not a repository, or one that libgit2 does not open.
    #[error("cannot open the repository at {place}: {reason}")]
    Open {
        /// Where it was looked for.
        place: String,
        /// libgit2's reason.
        reason: String,
    },
    /// A repository that is there, but is not read: its format, or its owner.
    #[error("cannot read the repository at {place}: {reason}")]
    Unsupported {
        /// Where it is.
        place: String,
        /// Why.
        reason: String,
        /// What makes it readable.
        mend: String,
    },
    /// A directory of objects that does not exist or cannot be listed.
    #[error("cannot read the object directory {directory}, which {named_by} names: {reason}")]
    ObjectDirectory {
        /// The directory.
        directory: String,
        /// What names it.
        named_by: String,
        /// Why.
        reason: String,
    },
    /// A revision that does not exist.
    #[error("unknown revision `{name}`: {reason}")]
    Revision {
        /// As given.
        name: String,
        /// libgit2's reason.
        reason: String,
    },
    /// Whoever asked for a walk wants no more of it.
    #[error("the walk was stopped")]
    Stopped,
    /// An object that is not there.
    #[error("object {oid} is missing: {mend}")]
    Missing {
        /// Its id.
        oid: Oid,
        /// Why it may be, and what brings it.
        mend: &'static str,
    },
    /// An object that is damaged or cannot be read.
    #[error("cannot read object {oid}: {reason}")]
    Object {
        /// Its id.
        oid: Oid,
        /// Why.
        reason: String,
    },
    /// An object of an unexpected kind or shape.
    #[error("object {oid} is malformed: {reason}")]
    Malformed {
        /// Its id.
        oid: Oid,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The index cannot be read.
    #[error("cannot read the index {path}: {reason}")]
    Index {
        /// Path of the index file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The references cannot be read.
    #[error("cannot read the references: {reason}")]
    Refs {
        /// libgit2's reason.
        reason: String,
    },
}
