//! Where a finding stands.

use serde::Serialize;

use super::Oid;

/// The place of a finding. Every text in it is already redacted: a secret that is also a file name or a key is masked
/// here, before anything can print it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// Full name of the ref it is on its way to; `None` where there is none (a bare tree).
    #[serde(rename = "ref")]
    pub ref_name: Option<String>,
    /// The commit that holds it, where it is not the tip; `None` for what newly stands in the tip or in the index.
    pub commit: Option<Oid>,
    /// Path in the tree with `/` between components, lossy UTF-8; `(commit message)`, `(tag message)`, for content without a path.
    pub path: String,
    /// The blob (or commit or tag) it was read from.
    pub oid: Oid,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// Dotted key path in a configuration file, where the syntax was understood: `staging.database.password`.
    pub key_path: Option<String>,
}
