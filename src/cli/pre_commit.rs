//! `stagegate pre-commit`.

use std::io::Write;

use crate::check::Gate;
use crate::hook;

use super::source::{self, Fallback};
use super::{Failure, Global, output};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let policy = source::policy(global, &repository, &Fallback::WorkTree)?;
    let scanner = source::scanner();
    let inventories = source::inventory(global, &repository, &policy, true)?;
    let gate = Gate {
        laptop: true,
        ..source::gate(global, &repository, &policy, &scanner, &inventories)
    };
    let commit = hook::pre_commit::read(&repository, global.repo.is_none())?;
    output::write(&gate.staged(commit)?, global, out)
}
