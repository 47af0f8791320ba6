//! `stagegate pre-push`.

use std::io::Write;

use crate::check::Gate;
use crate::hook;

use super::source::{self, Fallback};
use super::{Failure, Global, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  echo \"HEAD $(git rev-parse HEAD) refs/heads/staging $(git rev-parse origin/staging)\" | stagegate pre-push origin URL\n\nBy hand, `stagegate check` is easier."
)]
pub(crate) struct Args {
    /// Name of the remote, as git gives it
    #[arg(default_value = "origin")]
    remote: String,
    /// Its URL, as git gives it; never shown, for it may hold a password
    #[arg(hide = true)]
    url: Option<String>,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let mut updates = hook::pre_push::read(std::io::stdin().lock())?;
    let policy = source::policy(global, &repository, &Fallback::WorkTree)?;
    let scanner = source::scanner(&policy)?;
    let inventories = source::inventory(global, &repository, &policy, true)?;
    let gate = Gate {
        laptop: true,
        ..source::gate(global, &repository, &policy, &scanner, &inventories)
    };
    let current = hook::pre_push::remote_refs(&repository, &args.remote, &updates)?;
    let news = hook::pre_push::forget_unknown(&repository, &mut updates);
    let report = gate.updates("pre-push", updates, &current)?;
    output::write(&gate.told_first(report, news), global, out)
}
