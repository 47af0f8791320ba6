//! `stagegate pre-commit`.

use std::io::Write;

use crate::check::Gate;
use crate::hook;

use super::source::{self, Fallback};
use super::{Failure, Global, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate pre-commit                   judge what is staged, as git's hook does\n  stagegate pre-commit --plain           in sentences, for a screen reader\n  git config stagegate.target staging    the branch that this one is merged into, if it is not its own"
)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let policy = source::policy(global, &repository, &Fallback::WorkTree)?;
    let scanner = source::scanner(&policy)?;
    let inventories = source::inventory(global, &repository, &policy, true)?;
    let gate = Gate {
        laptop: true,
        ..source::gate(global, &repository, &policy, &scanner, &inventories)
    };
    let commit = hook::pre_commit::read(&repository, global.repo.is_none())?;
    output::write(&gate.staged(commit)?, global, out)
}
