//! The only home of `git2` and of the `git` commands: opening repositories, reading objects, walking commits and trees, reading the index.
//!
//! Nothing here knows rules or policy. Content is never hidden by attributes, textconv, binary flags or rename
//! detection, because no diff of libgit2's is ever computed: trees are compared by object id.

mod alternates;
mod commit_graph;
mod commits;
mod error;
mod hash;
mod history;
mod index;
mod lfs;
mod libgit2;
mod loose;
mod lru;
mod merge_base;
mod object;
mod packs;
mod plumbing;
mod refs;
mod repository;
mod revision;
mod seeded;
pub mod settings;
mod sorted;
mod tree;
mod trees;

pub use commits::{Excluded, NewCommits, PATIENT, SLOP, new_commits};
pub use error::GitError;
pub use history::{Author, RecentTrees, Step, tree_entries};
pub use index::{Index, IndexChange};
pub use lfs::is_lfs_pointer;
pub use object::{Commit, Kind, Object, Tag, TreeEntry};
pub use repository::{Again, Peeled, Piece, Ref, Repository};
pub use trees::{Change, Mode, changes, find, stands};
