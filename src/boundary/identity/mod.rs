//! Standing or excessive access: whoever holds it holds all of staging, and often more.
//!
//! Proven is what a grant says by itself, whatever the names in it. What is common and narrowed elsewhere, or limited in time,
//! is told only.

pub(super) mod aws;
pub(super) mod azure;
pub(super) mod database;
pub(super) mod gcp;
pub(super) mod kubernetes;
pub(super) mod vault;
pub(super) mod workflow;

use std::ops::Range;

use crate::model::{Family, Signal, Strength};
use crate::syntax::Entry;

use super::Crossing;

/// Adds a grant.
fn grant(
    rule: &'static str,
    entry: &Entry,
    span: Range<usize>,
    proven: bool,
    text: impl Into<String>,
    crossings: &mut Vec<Crossing>,
) {
    crossings.push(Crossing {
        rule,
        family: Family::Identity,
        span,
        key_path: entry.path.clone(),
        proven,
        signals: vec![Signal {
            kind: "grant",
            environment: None,
            strength: if proven {
                Strength::Decisive
            } else {
                Strength::Strong
            },
            text: text.into(),
        }],
    });
}
