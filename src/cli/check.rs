//! `stagegate check`.

use std::collections::HashMap;
use std::io::Write;

use crate::git::Repository;
use crate::hook::ci::{self, Environment, Occasion, Resolved, Told};

use super::source::{self, Fallback};
use super::{Failure, Global, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate check                                                the range of the CI system around\n  stagegate check --base origin/staging --head HEAD --ref staging\n  stagegate check --output sarif=stagegate.sarif --output text=-   several reports at once\n  stagegate check --format github                                annotations of GitHub Actions"
)]
pub(crate) struct Args {
    /// The commit that stood there before; zeros for a new branch. Without it, what the CI system around says
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The commit that is to stand there. Without it HEAD; without --base too, what the CI system around says
    #[arg(long, value_name = "REV")]
    head: Option<String>,
    /// The branch it is on its way to: `staging` or `refs/heads/staging`. Without it, the branch that the CI system around
    /// says (of a pull request, its target), or the one that --head names
    #[arg(long = "ref", value_name = "NAME")]
    ref_name: Option<String>,
    /// Show what looks like a credential and is taken for none, too, each with its reason
    #[arg(long)]
    explain_rejections: bool,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let repository = source::repository(global)?;
    let asked = ask(args, &repository)?;
    let update = asked.update;
    // A range is given by its base; a new branch is what no other ref holds yet.
    let mut others = Vec::new();
    let mut judging = update.old;
    if update.old.is_none() {
        others = ci::others(&repository, &update)?;
        judging = repository.ref_target("refs/remotes/origin/HEAD")?;
    }
    let named = if update.old.is_some() {
        "base"
    } else {
        "origin/HEAD"
    };
    let policy = source::policy(global, &repository, &Fallback::Commit(judging, named))?;
    let scanner = source::scanner(&policy)?.explaining(args.explain_rejections);
    let inventories = source::inventory(global, &repository, &policy, false)?;
    let gate = source::gate(global, &repository, &policy, &scanner, &inventories);
    let report = gate.range(update, asked.merge_base, &others)?;
    output::write(&gate.told_first(report, asked.news), global, out)
}

/// What is given by hand wins; what is not is asked of the CI system.
fn ask(args: &Args, repository: &Repository) -> Result<Resolved, Failure> {
    let variables: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let environment = Environment {
        variables: &variables,
        read: &|path| std::fs::read(path),
    };
    let by_hand = args.ref_name.as_deref();
    let Some(base) = &args.base else {
        let Some(mut range) = ci::range(&environment)? else {
            let systems: Vec<&str> = ci::systems().collect();
            return Err(Failure::new("nothing says which commits to judge: --base is missing, and no CI system is around")
                .hint(format!(
                    "by hand: `stagegate check --base origin/staging --head HEAD --ref staging`\nin CI: the variables of {} are understood",
                    systems.join(", ")
                )));
        };
        if let Some(head) = &args.head {
            range.head = Some(Told {
                value: head.clone(),
                from: "--head",
            });
        }
        return Ok(ci::resolve(repository, &range, by_hand)?);
    };
    let head = args.head.as_deref().unwrap_or("HEAD");
    let mut news = Vec::new();
    let mut name = by_hand.map(str::to_owned);
    // Where the range is given by hand, the system is asked for the destination only, and may be silent.
    let mut pull_request = false;
    if name.is_none()
        && let Ok(Some(range)) = ci::range(&environment)
        && let Some(told) = range.destination
    {
        pull_request = range.occasion == Occasion::PullRequest;
        news.push(format!(
            "destination taken from {}: {} ({})",
            range.system, told.value, told.from
        ));
        name = Some(told.value);
    }
    let update = ci::read(repository, base, head, name.as_deref())?;
    if update.old.is_some() && update.old == update.new {
        news.push("base and head are the same commit: nothing is new".to_owned());
    }
    let mut merge_base = None;
    if pull_request && let (Some(old), Some(new)) = (update.old, update.new) {
        merge_base = repository.merge_base(old, new)?;
    }
    Ok(Resolved {
        update,
        merge_base,
        news,
    })
}
