//! `stagegate pre-receive`.

use std::io::Write;

use crate::check::Gate;
use crate::hook;

use super::source::{self, Fallback};
use super::trace::Trace;
use super::{Failure, Global, confine, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate pre-receive --policy /etc/stagegate.toml <updates     as hooks/pre-receive does, on a server\n\nhooks/README.md says how to install it on each server."
)]
pub(crate) struct Args {
    /// Append a line about this push to the audit log; without it, to the one that the policy names under `[log]`
    #[arg(long, value_name = "FILE")]
    log: Option<std::path::PathBuf>,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    Trace::around(|trace| judge(args, global, out, trace))
}

/// Judges the push; what is left in `trace` was not written down.
fn judge(
    args: &Args,
    global: &Global,
    out: &mut dyn Write,
    trace: &mut Option<Trace>,
) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let mut updates = hook::pre_receive::read(std::io::stdin().lock())?;
    for update in &mut updates {
        // The old object id is the client's claim, which git compares with the ref only after the hook.
        update.old = repository.ref_target(&update.name)?;
    }
    let fallback = Fallback::Commit(repository.head_commit()?, "HEAD");
    let policy = source::policy(global, &repository, &fallback)?;
    let log = args.log.as_ref();
    let left = trace.insert(Trace::new(log, "pre-receive", global, &repository, &policy));
    let scanner = source::scanner(&policy)?;
    let (granted, news) = left.granted(&policy, &scanner, source::today());
    let inventories = source::inventory(global, &repository, &policy, false)?;
    let gate = Gate {
        policy_ref: source::policy_ref(global, &repository, &policy),
        granted: &granted,
        ..source::gate(global, &repository, &policy, &scanner, &inventories)
    };
    // After the gate's own clock: the last one is watched.
    let gate = Gate {
        clock: source::clock(global, &policy, true),
        ..gate
    };
    let current = repository.refs()?;
    let unconfined = confine::confine(global, &repository, &left.files());
    let report = gate.updates("pre-receive", updates, &current)?;
    let mut report = gate.told_first(report, news);
    report.notes.extend(unconfined);
    output::write_traced(report, trace.take(), &granted, global, out)
}
