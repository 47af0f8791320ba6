//! Where ref updates come from: one file a mode. Knows neither rules nor policy.

pub mod ci;
pub mod pre_commit;
pub mod pre_receive;

/// An input that a mode cannot understand. Every one of them refuses.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct HookError {
    /// What is wrong, where.
    pub what: String,
    /// What to do.
    pub hint: &'static str,
}
