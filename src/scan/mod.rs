//! Pure: bytes to candidates. One pass of a multi-pattern search over each blob; a rule's regular expression is compiled
//! when one of its keywords is first seen, and tried only on the lines around it.

pub mod allow;
pub mod assignment;
mod candidate;
pub mod decode;
mod excerpt;
mod filter;
mod fingerprint;
pub mod gitleaks_ignore;
mod lines;
mod placeholder;
mod prefilter;
mod rejected;

pub use candidate::{Candidate, ScanError, Scanner};
pub use excerpt::{MASK, excerpt, redact};
pub use fingerprint::{ValueId, fingerprint, value_id};
pub use lines::Positions;
pub use placeholder::{documentation_example, rejected};
pub use rejected::{Reason, Rejected};
