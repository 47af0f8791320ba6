//! The only home of `git2`: opening repositories, reading objects, walking commits and trees, reading the index.
//!
//! Nothing here knows rules or policy. Content is never hidden by attributes, textconv, binary flags or rename
//! detection, because no diff of libgit2's is ever computed: trees are compared by object id.

mod commits;
mod error;
mod index;
mod lfs;
mod object;
mod repository;
mod trees;

pub use commits::{NewCommits, PATIENT, SLOP, new_commits};
pub use error::GitError;
pub use index::{Index, IndexChange};
pub use lfs::is_lfs_pointer;
pub use object::{Commit, Kind, Object, Tag, TreeEntry};
pub use repository::{Piece, Ref, Repository};
pub use trees::{Change, Mode, changes, find};
