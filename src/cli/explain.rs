//! `stagegate explain`: why a finding is judged as it is, or why something is none; or a rule. Judges nothing: it exits 0 where it has
//! explained something and 2 where it could not.
//!
//! A value is read from standard input only: an argument stands in the shell's history and in the list of processes.

use std::io::{Read, Write};

use super::source::{self, Fallback};
use super::{Failure, Global, output, rules};
use crate::git::Kind;
use crate::hook::pre_commit::{self, full_name};
use crate::model::Report;
use crate::report;

/// More than that of standard input is not read.
const MOST: u64 = 64 << 20;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate explain config/staging.yml:12\n  stagegate explain stripe-secret-key\n  stagegate explain sg1:7d1c0a52f3e84b96 --rev staging\n  stagegate explain --path config/staging.yml --ref staging <config/staging.yml\n  stagegate explain --path .env --ref staging --key DB_PASSWORD     (the value on standard input)"
)]
pub(crate) struct Args {
    /// PATH:LINE or fingerprint of a finding, or the id of a rule; without it, standard input is explained. Never a value
    #[arg(value_name = "RULE|FINDING", allow_hyphen_values = true)]
    finding: Option<String>,
    /// Anything more is taken for a value that fell apart, and not repeated
    #[arg(hide = true)]
    rest: Vec<String>,
    /// The commit or tree to look in; without it, the index, or HEAD where there is none
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// The branch it is judged as; without it, the current one, or the one that --rev names
    #[arg(long = "ref", value_name = "NAME")]
    ref_name: Option<String>,
    /// Where standard input would stand
    #[arg(
        long,
        value_name = "PATH",
        requires = "ref_name",
        conflicts_with = "rev"
    )]
    path: Option<String>,
    /// Standard input is the value of this key, with dots between its parts
    #[arg(long, value_name = "KEY", requires = "path")]
    key: Option<String>,
}

/// What is to be explained.
enum Wanted {
    Fingerprint(String),
    Place(String, usize),
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let wanted = match &args.finding {
        _ if !args.rest.is_empty() => return Err(no_value()),
        None => None,
        Some(only) => match wanted(only) {
            Some(wanted) => Some(wanted),
            None => match rules::explained(only, global, out)? {
                Ok(code) => return Ok(code),
                Err(Some(near)) => {
                    return Err(no_value().hint(format!(
                        "for a rule: `stagegate explain {near}`; `stagegate rules list` shows them all"
                    )));
                }
                Err(None) => return Err(no_value()),
            },
        },
    };
    let repository = source::repository(global)?;
    let tip = args
        .rev
        .as_deref()
        .map(|rev| repository.revision(rev))
        .transpose()?;
    let fallback = match tip {
        Some(tip) => {
            let (_, object, kind) = repository.peel(tip)?;
            Fallback::Commit((kind == Kind::Commit).then_some(object), "the commit")
        }
        None => Fallback::WorkTree,
    };
    let policy = source::policy(global, &repository, &fallback)?;
    let scanner = source::scanner(&policy)?.explaining(true);
    let inventories = source::inventory(global, &repository, &policy, true)?;
    let gate = crate::check::Gate {
        keep_allowed: true,
        laptop: true,
        ..source::gate(global, &repository, &policy, &scanner, &inventories)
    };
    let named = match (&args.ref_name, &args.rev) {
        (Some(name), _) => Some(full_name(name)),
        (None, Some(rev)) => repository.branch_named(rev)?,
        (None, None) => pre_commit::read(&repository, global.repo.is_none())?
            .refs
            .into_iter()
            .next(),
    };
    let ref_name = named.as_deref();
    let report = match (&wanted, &args.path) {
        (None, Some(path)) => {
            let mut text = Vec::new();
            std::io::stdin().lock().take(MOST).read_to_end(&mut text)?;
            let keys: Option<Vec<String>> = args.key.as_ref().map(|key| {
                // Whoever echoes a value ends it with a line end, which is no part of it.
                let end = text
                    .iter()
                    .rposition(|byte| !b"\r\n".contains(byte))
                    .map_or(0, |at| at + 1);
                text.truncate(end);
                key.split('.').map(str::to_owned).collect()
            });
            gate.in_hand(ref_name, path, keys.as_deref(), &text)?
        }
        (None, None) => {
            return Err(Failure::new("nothing says what is to be explained").hint(
                "give PATH:LINE or a fingerprint, or --path and --ref and something on standard input",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(Failure::new(
                "--path is for standard input, and a finding is named as well",
            )
            .hint("leave one of them away"));
        }
        (Some(wanted), None) => {
            let report = match tip {
                Some(tip) => gate.standing(tip, ref_name)?,
                None if repository.work_dir().is_some() => gate.indexed(None, ref_name)?,
                None => match repository.head_commit()? {
                    Some(head) => gate.standing(head, ref_name)?,
                    None => return Err(Failure::new("the repository has no commit yet")),
                },
            };
            only(report, wanted)
        }
    };
    if let Some(Wanted::Fingerprint(_)) = wanted
        && report.explanations.is_empty()
    {
        return Err(Failure::new("no value of this fingerprint stands there").hint(
            "--rev names another commit; `stagegate scan --all --format json` shows the fingerprints of all that stands in one",
        ));
    }
    let mut text = Vec::new();
    if output::is_json(global)? {
        report::explained_json(&report, &mut text)?;
    } else {
        report::explained_text(&report, &mut text)?;
    }
    output::put(&text, global, out)?;
    Ok(0)
}

/// The argument is not repeated: it may be a value after all.
fn no_value() -> Failure {
    Failure::new("the argument is neither PATH:LINE, nor a fingerprint, nor the id of a rule").hint(
        "a value is read from standard input only, where no shell and no list of processes keeps it:\n\
         `stagegate explain --path config/staging.yml --ref staging --key db.password`, then the value and Ctrl-D",
    )
}

fn wanted(text: &str) -> Option<Wanted> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if let Some(rest) = text.strip_prefix("sg1:") {
        let good = (16..=64).contains(&rest.len()) && rest.bytes().all(plain);
        return good.then(|| Wanted::Fingerprint(text.to_owned()));
    }
    let (path, line) = text.rsplit_once(':')?;
    // `path:line:column`, as a report has it.
    let (path, line) = match path.rsplit_once(':') {
        Some((shorter, middle)) if middle.parse::<usize>().is_ok() => (shorter, middle),
        _ => (path, line),
    };
    let line = line.parse().ok().filter(|&line| line > 0)?;
    Some(Wanted::Place(path.to_owned(), line))
}

/// The part of a report that is about one place or one value.
fn only(mut report: Report, wanted: &Wanted) -> Report {
    match wanted {
        Wanted::Fingerprint(fingerprint) => {
            report
                .explanations
                .retain(|one| one.finding.fingerprint == *fingerprint);
            report.rejections = Some(Vec::new());
            report.unexamined.clear();
        }
        Wanted::Place(path, line) => {
            let here = |place: &crate::model::Place| place.path == *path && place.line == *line;
            report.explanations.retain(|one| here(&one.finding.place));
            if let Some(rejections) = &mut report.rejections {
                rejections.retain(|one| here(&one.place));
            }
            report.unexamined.retain(|unread| unread.what == *path);
        }
    }
    report
}
