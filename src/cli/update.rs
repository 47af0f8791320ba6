//! `stagegate update`.

use std::io::Write;

use crate::check::Gate;
use crate::hook;

use super::source::{self, Fallback};
use super::trace::Trace;
use super::{Failure, Global, confine, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate update refs/heads/staging OLD NEW     as hooks/update does, on a server"
)]
pub(crate) struct Args {
    /// Append a line about this push to the audit log; without it, to the one that the policy names under `[log]`
    #[arg(long, value_name = "FILE")]
    log: Option<std::path::PathBuf>,
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
    Trace::around(|trace| judge(args, global, out, trace))
}

/// Judges the update; what is left in `trace` was not written down.
fn judge(
    args: &Args,
    global: &Global,
    out: &mut dyn Write,
    trace: &mut Option<Trace>,
) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let mut update = hook::update::read(&args.name, &args.old, &args.new)?;
    update.old = repository.ref_target(&update.name)?;
    let fallback = Fallback::Commit(repository.head_commit()?, "HEAD");
    let policy = source::policy(global, &repository, &fallback)?;
    let log = args.log.as_ref();
    let left = trace.insert(Trace::new(log, "update", global, &repository, &policy));
    let scanner = source::scanner(&policy)?;
    let inventories = source::inventory(global, &repository, &policy, false)?;
    let gate = Gate {
        policy_ref: source::policy_ref(global, &repository, &policy),
        ..source::gate(global, &repository, &policy, &scanner, &inventories)
    };
    // After the gate's own clock: the last one is watched.
    let gate = Gate {
        clock: source::clock(global, &policy, true),
        ..gate
    };
    let current = repository.refs()?;
    let unconfined = confine::confine(global, &repository, &left.files());
    let mut report = gate.updates("update", vec![update], &current)?;
    report.notes.extend(unconfined);
    output::write_traced(report, trace.take(), &[], global, out)
}
