//! Pure: bytes to candidates. One pass of a multi-pattern search over each blob; a rule's regular expression is compiled
//! when one of its keywords is first seen, and tried only on the lines around it.

pub mod allow;
pub mod assignment;
pub mod beside;
mod candidate;
pub mod decode;
mod excerpt;
mod filter;
mod fingerprint;
pub mod gitleaks_ignore;
#[expect(unreachable_pub, reason = "`build.rs` reads it as a module of its own")]
mod keywords;
mod likeness;
mod lines;
mod pattern;
mod prefilter;
pub mod reason;
mod rejected;

pub use candidate::{Candidate, ScanError, Scanner};
pub use excerpt::{MASK, excerpt, excerpt_of_data, excerpt_of_pointer, redact};
pub use fingerprint::{ValueId, fingerprint, value_id};
pub use lines::Positions;
pub use reason::Reason;
pub use rejected::Rejected;
