//! `stagegate pre-receive`.

use std::io::Write;

use crate::check::Gate;
use crate::hook;

use super::source::{self, Fallback};
use super::{Failure, Global, confine, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate pre-receive --policy /etc/stagegate.toml <updates     as hooks/pre-receive does, on a server\n\nhooks/README.md says how to install it on each server."
)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let mut updates = hook::pre_receive::read(std::io::stdin().lock())?;
    for update in &mut updates {
        // The old object id is the client's claim, which git compares with the ref only after the hook.
        update.old = repository.ref_target(&update.name)?;
    }
    let fallback = Fallback::Commit(repository.head_commit()?, "HEAD");
    let policy = source::policy(global, &repository, &fallback)?;
    let scanner = source::scanner(&policy)?;
    let inventories = source::inventory(global, &repository, &policy, false)?;
    let gate = Gate {
        policy_ref: source::policy_ref(global, &repository),
        ..source::gate(global, &repository, &policy, &scanner, &inventories)
    };
    let current = repository.refs()?;
    let unconfined = confine::confine(global, &[]);
    let mut report = gate.updates("pre-receive", updates, &current)?;
    report.notes.extend(unconfined);
    output::write(&report, global, out)
}
