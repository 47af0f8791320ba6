//! `stagegate doctor`: is the gate installed here, does git run it, which policy applies, what would be refused. Changes
//! nothing. Exit 0 where all is well, 1 where something keeps the gate from its work, 2 where it could not look.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::git::Repository;
use crate::hook::pre_commit::full_name;
use crate::install::{self, Check, Standing};
use crate::model::Verdict;
use crate::policy::{Policy, Row};
use crate::report::printable;

use super::source::{self, Fallback};
use super::{Failure, Global, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 all is well, 1 something keeps the gate from its work, 2 could not look.\n\nExamples:\n  stagegate doctor\n  stagegate doctor --repo /srv/git/shop.git --ref staging\n  stagegate doctor --below /srv/git"
)]
pub(crate) struct Args {
    /// Every bare repository below DIR, a line each
    #[arg(long, value_name = "DIR")]
    below: Option<PathBuf>,
    /// Say what would be refused on this branch; without it, on the current one
    #[arg(long = "ref", value_name = "NAME")]
    ref_name: Option<String>,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    if let Some(folder) = &args.below {
        return server(folder, out);
    }
    let folder = global.repo.clone().unwrap_or_else(|| PathBuf::from("."));
    let mut checks = install::look_after(&folder)?;
    // As a person would ask, not as a hook: the folder counts.
    match Repository::open_at(&folder) {
        Ok(repository) => {
            checks.push(readable(&repository));
            checks.extend(policy(args, global, &repository));
        }
        Err(error) => checks.push(
            Check::new("repository", Standing::Bad, error.to_string())
                .fix("until it can be read, everything is refused here (exit 2)"),
        ),
    }
    let worst = checks
        .iter()
        .map(|check| check.standing)
        .max()
        .unwrap_or(Standing::Good);
    if output::is_json(global)? {
        json(&checks, worst, out)?;
    } else {
        text(&checks, out)?;
    }
    Ok(u8::from(worst == Standing::Bad))
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Good => "good",
        Standing::Note => "note",
        Standing::Bad => "bad",
    }
}

fn text(checks: &[Check], out: &mut dyn Write) -> std::io::Result<()> {
    for check in checks {
        let (standing, about) = (word(check.standing), check.about);
        writeln!(out, "{standing:<5}{about:<11} {}", printable(&check.says))?;
        for line in check.fix.iter().flat_map(|fix| fix.lines()) {
            writeln!(out, "{:17}-> {}", "", printable(line))?;
        }
    }
    Ok(())
}

fn json(checks: &[Check], worst: Standing, out: &mut dyn Write) -> Result<(), Failure> {
    let checks: Vec<serde_json::Value> = checks
        .iter()
        .map(|check| {
            serde_json::json!({
                "about": check.about,
                "standing": word(check.standing),
                "says": printable(&check.says),
                "fix": check.fix.as_deref().map(printable),
            })
        })
        .collect();
    let whole = serde_json::json!({
        "schema": "stagegate-doctor/1",
        "standing": word(worst),
        "checks": checks,
    });
    writeln!(out, "{whole:#}")?;
    Ok(())
}

fn server(folder: &Path, out: &mut dyn Write) -> Result<u8, Failure> {
    let found = install::look_after_below(folder)?;
    let mut bad = 0;
    for (repository, worst) in &found {
        let shown = repository.display().to_string();
        match worst {
            None => writeln!(out, "good {}", printable(&shown))?,
            Some(check) => {
                bad += 1;
                writeln!(
                    out,
                    "bad  {}: {}",
                    printable(&shown),
                    printable(&check.says)
                )?;
            }
        }
    }
    let repositories = match found.len() {
        1 => "1 bare repository".to_owned(),
        many => format!("{many} bare repositories"),
    };
    writeln!(out, "{repositories}, {bad} not guarded")?;
    Ok(u8::from(bad > 0))
}

/// Whether what a run needs can be read.
fn readable(repository: &Repository) -> Check {
    let shown = repository.git_dir().display().to_string();
    let read = repository.head_commit().and_then(|head| {
        if let Some(head) = head {
            repository.commit(head)?;
        }
        Ok(repository.refs()?.len())
    });
    match read {
        Ok(refs) if repository.is_shallow() => Check::new(
            "repository",
            Standing::Note,
            format!(
                "{shown}: {refs} refs; a shallow clone, so older commits cannot be compared with"
            ),
        )
        .fix("git fetch --unshallow"),
        Ok(refs) => Check::new(
            "repository",
            Standing::Good,
            format!("{shown}: {refs} refs"),
        ),
        Err(error) => Check::new("repository", Standing::Bad, error.to_string())
            .fix("`git fsck` says what is damaged; until then everything is refused here (exit 2)"),
    }
}

/// Which policy applies, and what it refuses on the branch.
fn policy(args: &Args, global: &Global, repository: &Repository) -> Vec<Check> {
    let policy = match source::policy(global, repository, &Fallback::WorkTree) {
        Ok(policy) => policy,
        Err(failure) => {
            return vec![Check::new("policy", Standing::Bad, failure.what().to_owned())
                .fix("`stagegate policy check` lists all mistakes; until then everything is refused here (exit 2)")];
        }
    };
    let mut checks = vec![Check::new(
        "policy",
        Standing::Good,
        policy.source().into_owned(),
    )];
    for note in policy.notes(source::today()) {
        checks.push(Check::new("policy", Standing::Note, note));
    }
    if let Err(failure) =
        source::inventory(global, repository, &policy, repository.work_dir().is_some())
    {
        checks.push(Check::new(
            "inventory",
            Standing::Bad,
            failure.what().to_owned(),
        ));
    }
    let named = match &args.ref_name {
        Some(name) => Some(full_name(name)),
        None => repository.head_branch(),
    };
    match named {
        Some(name) => checks.push(refused_on(&policy, &name)),
        None => checks.push(Check::new(
            "refused",
            Standing::Note,
            "HEAD is on no branch; paths and sections claim all the same",
        )),
    }
    if args.ref_name.is_none() {
        let environments: Vec<&str> = policy.environments().map(|(name, ..)| name).collect();
        checks.push(Check::new(
            "refused",
            Standing::Good,
            format!(
                "environments: {}; `stagegate doctor --ref BRANCH` for another branch",
                environments.join(", ")
            ),
        ));
    }
    checks
}

fn refused_on(policy: &Policy, name: &str) -> Check {
    let claims = policy.claims(Some(name), None, &[]);
    let blocked: Vec<&str> = Row::ALL
        .into_iter()
        .filter(|row| policy.strictest(*row, &claims).0 == Verdict::Block)
        .map(Row::key)
        .collect();
    let whose = match claims.first() {
        Some(claim) => format!("belongs to {}", claim.environment),
        None => "is claimed by nobody".to_owned(),
    };
    let what = if blocked.is_empty() {
        "nothing".to_owned()
    } else {
        blocked.join(", ")
    };
    Check::new(
        "refused",
        Standing::Good,
        format!("{name} {whose}; refused there: {what}"),
    )
}
