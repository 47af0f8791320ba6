//! Where ref updates come from: one file a mode. Knows neither rules nor policy.

use std::borrow::Cow;
use std::io::Read;

pub mod ci;
pub mod pre_commit;
pub mod pre_push;
pub mod pre_receive;
pub mod update;

/// An input that a mode cannot understand. Every one of them refuses.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct HookError {
    /// What is wrong, where.
    pub what: String,
    /// What to do.
    pub hint: Cow<'static, str>,
}

impl HookError {
    /// What is wrong and what to do.
    fn new(what: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self {
            what: what.into(),
            hint: hint.into(),
        }
    }
}

/// More than any push has: a line is about 100 bytes, so this is over ten million refs.
const MOST: u64 = 1 << 30;

/// The lines of standard input that are not empty, each with its number from 1.
fn lines<T>(
    input: impl Read,
    hook: &str,
    parse: impl Fn(&[u8], usize) -> Result<T, HookError>,
) -> Result<Vec<T>, HookError> {
    let mut text = Vec::new();
    input.take(MOST).read_to_end(&mut text).map_err(|error| {
        HookError::new(
            format!("cannot read the ref updates on standard input: {error}"),
            format!("run it as a {hook} hook of git, which writes them there"),
        )
    })?;
    if text.len() as u64 == MOST {
        return Err(HookError::new(
            "standard input holds more than 1 GiB of ref updates",
            "push fewer refs at once",
        ));
    }
    text.split(|&byte| byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(at, line)| parse(line, at + 1))
        .collect()
}
