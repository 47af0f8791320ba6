//! Plain data that flows between the rooms. Imports nothing of ours, does nothing clever.
//!
//! The words are those of the glossary in `docs/design.md`.

mod base32;
mod environment;
mod explanation;
mod facts;
mod finding;
mod oid;
mod place;
mod posture;
mod report;
mod secret;
mod vocabulary;

pub use base32::base32;
pub use environment::{Confidence, Origin, OriginOf, Tier};
pub use explanation::{Asked, Declaration, Explanation, Rejection};
pub use facts::{EnvironmentFacts, Facts, Network};
pub use finding::{
    Because, Claim, Declarable, Destination, Excerpt, Exemption, Family, Finding, Lifetime, Signal,
    Strength, Verdict,
};
pub use oid::Oid;
pub use place::Place;
pub use posture::{
    AuditedBaseline, AuditedBoundary, AuditedCredential, AuditedException, AuditedPlace,
    AuditedRepository, EnvironmentOfPolicy, ExceptionState, GoneEntry, MOST_PLACES, MOST_REFS,
    POSTURE_SCHEMA, Posture, PostureRecord, Since, Unclaimed,
};
pub use report::{Outcome, RefUpdate, Report, Stats, Unexamined};
pub use secret::Secret;
pub use vocabulary::{Vocabulary, has_word_of, words_of};
