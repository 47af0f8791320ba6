//! stagegate: a git gate between environments.
//!
//! It reads what a commit or a push adds, decides for every credential *whose* it is (production, staging, development,
//! test, unknown) and *where it is going* (the branch, the path, the section of the file), and blocks what brings
//! production into staging.
//!
//! The module list is the table of contents; `docs/design.md` says who may import whom, `tests/architecture.rs` holds it.
//!
//! For other programs there is [`api`]. The other rooms are public for this project's own tests and tools only.

pub mod api;
#[doc(hidden)]
pub mod audit;
#[doc(hidden)]
pub mod boundary;
#[doc(hidden)]
pub mod check;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod examine;
#[doc(hidden)]
pub mod git;
#[doc(hidden)]
pub mod hook;
#[doc(hidden)]
pub mod install;
#[doc(hidden)]
pub mod inventory;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod judge;
#[doc(hidden)]
pub mod model;
#[doc(hidden)]
pub mod origin;
#[doc(hidden)]
pub mod policy;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod rules;
#[doc(hidden)]
pub mod scan;
#[doc(hidden)]
pub mod syntax;
