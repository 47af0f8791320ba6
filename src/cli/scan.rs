//! `stagegate scan`.

use std::io::Write;

use crate::git::{GitError, Kind};
use crate::hook::pre_commit::full_name;

use super::source::{self, Fallback};
use super::{Failure, Global, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate scan                               all that stands in HEAD\n  stagegate scan --rev feature/x --ref staging  as if that branch stood in staging\n  stagegate scan --all --format json           what is allowed, too\n  stagegate scan --explain-rejections          what is taken for no credential, and why"
)]
pub(crate) struct Args {
    /// The commit or tree to look at
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    rev: String,
    /// The branch it is judged as; without it, the branch that --rev names
    #[arg(long = "ref", value_name = "NAME")]
    ref_name: Option<String>,
    /// Show what looks like a credential and is taken for none, too, each with its reason
    #[arg(long)]
    explain_rejections: bool,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let tip = repository.revision(&args.rev)?;
    let (_, object, kind) = repository.peel(tip)?;
    if !matches!(kind, Kind::Commit | Kind::Tree) {
        return Err(GitError::Revision {
            name: args.rev.clone(),
            reason: "it is neither a commit nor a tree".to_owned(),
        }
        .into());
    }
    let ref_name = match &args.ref_name {
        Some(name) => Some(full_name(name)),
        None => repository.branch_named(&args.rev)?,
    };
    let fallback = if repository.work_dir().is_some() && args.rev == "HEAD" {
        Fallback::WorkTree
    } else {
        Fallback::Commit(
            (kind == Kind::Commit).then_some(object),
            "the scanned commit",
        )
    };
    let policy = source::policy(global, &repository, &fallback)?;
    let scanner = source::scanner(&policy)?.explaining(args.explain_rejections);
    let inventories = source::inventory(global, &repository, &policy, false)?;
    let gate = source::gate(global, &repository, &policy, &scanner, &inventories);
    output::write(&gate.standing(tip, ref_name.as_deref())?, global, out)
}
