//! `stagegate check`.

use std::io::Write;

use crate::check::Gate;
use crate::hook;

use super::source::{self, Fallback};
use super::{Failure, Global, output};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The commit that stood there before; zeros for a new branch
    #[arg(long, value_name = "REV")]
    base: String,
    /// The commit that is to stand there
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    head: String,
    /// The branch it is on its way to: `staging` or `refs/heads/staging`; without it, the branch that --head names
    #[arg(long = "ref", value_name = "NAME")]
    ref_name: Option<String>,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let update = hook::ci::read(&repository, &args.base, &args.head, args.ref_name.as_deref())?;
    let policy = source::policy(global, &repository, &Fallback::Commit(update.old, "base"))?;
    let scanner = source::scanner()?;
    let gate = Gate {
        repository: &repository,
        policy: &policy,
        scanner: &scanner,
        today: source::today(),
        keep_allowed: global.all,
    };
    // A range is given by its base; a new branch is what no other ref holds yet.
    let mut others = Vec::new();
    if update.old.is_none() {
        others = repository.refs()?;
        others.retain(|other| Some(other.oid) != update.new && other.name != update.name);
    }
    output::write(&gate.updates("check", vec![update], &others)?, global, out)
}
