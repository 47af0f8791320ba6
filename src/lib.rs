//! stagegate: a git gate between environments.
//!
//! It reads what a commit or a push adds, decides for every credential *whose* it is (production, staging, development,
//! test, unknown) and *where it is going* (the branch, the path, the section of the file), and blocks what brings
//! production into staging.
//!
//! The module list is the table of contents; `docs/design.md` says who may import whom, `tests/architecture.rs` holds it.

pub mod audit;
pub mod boundary;
pub mod check;
pub mod cli;
pub mod examine;
pub mod git;
pub mod hook;
pub mod inventory;
pub mod judge;
pub mod model;
pub mod origin;
pub mod policy;
pub mod report;
pub mod rules;
pub mod scan;
pub mod syntax;
