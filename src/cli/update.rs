//! `stagegate update`.

use std::io::Write;

use crate::check::Gate;
use crate::hook;

use super::source::{self, Fallback};
use super::{Failure, Global, confine, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate update refs/heads/staging OLD NEW     as hooks/update does, on a server"
)]
pub(crate) struct Args {
    /// Full name of the ref
    #[arg(value_name = "REF")]
    name: String,
    /// The object it points to
    old: String,
    /// The object it is to point to
    new: String,
    /// What gitolite gives after these to a virtual ref; of no meaning here
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let mut update = hook::update::read(&args.name, &args.old, &args.new)?;
    update.old = repository.ref_target(&update.name)?;
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
    let mut report = gate.updates("update", vec![update], &current)?;
    report.notes.extend(unconfined);
    output::write(&report, global, out)
}
