//! Flags and subcommands: one file a subcommand.

mod agent;
mod audit;
mod check;
mod completions;
mod confine;
mod doctor;
mod explain;
mod failure;
mod install;
mod inventory;
mod log;
mod man;
mod output;
mod policy;
mod pre_commit;
mod pre_push;
mod pre_receive;
mod rules;
mod scan;
mod source;
mod trace;
mod uninstall;
mod update;
mod watch;

use std::io::Write;
use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

pub(crate) use crate::report::Format;
pub(crate) use failure::Failure;
pub(crate) use output::Output;

/// A git gate between environments: stops production credentials from entering staging.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 allowed, 1 blocked, 2 could not decide.\n\nExamples:\n  stagegate pre-commit                              judge what is staged\n  stagegate check --base main --head HEAD --ref staging   judge a range as if pushed to staging\n  stagegate check                                   judge what CI's variables name\n  stagegate scan --rev staging                      judge everything that stands in a tree\n  stagegate audit                                   what stands where, over all refs and history\n  stagegate explain config/staging.yml:12           why it is refused, and what would change that\n  stagegate policy show --ref staging --path config/staging/db.yml\n\n`stagegate help COMMAND` has examples of each command."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every subcommand.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Repository to judge; without it, the one that git's environment or the current directory names
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) repo: Option<PathBuf>,
    /// Policy file; without it, see `stagegate policy --help`
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Inventory of known secrets; without it, STAGEGATE_INVENTORY, git's `stagegate.inventory`, or the policy's
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) inventory: Option<PathBuf>,
    /// File of the inventory's key; without it, STAGEGATE_INVENTORY_KEY or what names a file as above
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) inventory_key: Option<PathBuf>,
    /// How long the answer may take (`4s`, `500ms`); what was not examined by then is refused. Without it, on a server
    /// what the policy says under `[limits]`
    #[arg(long, global = true, value_name = "DURATION", value_parser = crate::policy::duration)]
    pub(crate) time_budget: Option<std::time::Duration>,
    /// How much memory the process may take (`512MiB`, `2GiB`); what would need more is refused as not examined. Without it, on a
    /// server what the policy says under `[limits]`
    #[arg(long, global = true, value_name = "SIZE", value_parser = crate::policy::size)]
    pub(crate) max_memory: Option<u64>,
    /// When this process began to work
    #[arg(skip = std::time::Instant::now())]
    pub(crate) started: std::time::Instant,
    /// Who waits for the answer
    #[arg(skip)]
    pub(crate) watch: watch::Watch,
    /// How to say why nothing could be decided, on standard error: `json` is one line for a program that gathers logs
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
    /// How to write the report
    #[arg(long, global = true, value_name = "FORMAT", value_parser = output::formats(), default_value = "text")]
    pub(crate) format: Format,
    /// Write the report there instead of to the standard streams; as often as wanted, each with a format of its own:
    /// `--output sarif=FILE --output text=-`, where `-` is standard output
    #[arg(long, global = true, value_name = "[FORMAT=]FILE")]
    pub(crate) output: Vec<Output>,
    /// Text in sentences without drawing, for screen readers; STAGEGATE_PLAIN=1 does the same
    #[arg(long, global = true)]
    pub(crate) plain: bool,
    /// Whether text is coloured; `auto` does so on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(crate) color: Color,
    /// Show the findings that the policy allows, too
    #[arg(long, global = true)]
    pub(crate) all: bool,
    /// Only the outcome, and a line for each finding
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more; twice for all of it
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// How a failure is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// In lines for people
    Text,
    /// In one line of JSON
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge what is staged (git's pre-commit hook)
    PreCommit(pre_commit::Args),
    /// Judge a push before it leaves (git's pre-push hook; reads ref updates on standard input)
    PrePush(pre_push::Args),
    /// Judge a push on the server (git's pre-receive hook; reads ref updates on standard input)
    PreReceive(pre_receive::Args),
    /// Judge one ref of a push on the server (git's update hook, gitolite's virtual refs)
    Update(update::Args),
    /// Judge a range of commits, by hand or in CI
    Check(check::Args),
    /// Judge everything that stands in a tree
    Scan(scan::Args),
    /// Say which credentials stand where over all refs and history, since when, and what crosses a boundary
    Audit(Box<audit::Args>),
    /// Say why a finding is judged as it is, or why something is none; or what a rule finds
    Explain(explain::Args),
    /// Keep the inventory of known secrets (reads values on standard input)
    Inventory(inventory::Args),
    /// Check, explain, test or start a policy
    Policy(policy::Args),
    /// Look at the rules
    Rules(rules::Args),
    /// Verify the audit log of a server
    Log(log::Args),
    /// Put the hooks in place: a repository, a server, everything of this user
    Install(install::Args),
    /// Take the hooks out, and put back what was there before
    Uninstall(uninstall::Args),
    /// Judge what a coding agent is about to write (reads its hook's JSON on standard input)
    Agent(agent::Args),
    /// Say whether the gate is installed here, which policy applies, and what would be refused
    Doctor(doctor::Args),
    /// Write the script that completes the command line in a shell
    Completions(completions::Args),
    /// Write the manual page, or all of them to a folder
    Man(man::Args),
}

/// Runs the command line and returns the exit code.
pub(crate) fn run(cli: &Cli, out: &mut dyn Write) -> Result<u8, Failure> {
    let answer = if cli.command.judges() {
        answer(cli, out)
    } else {
        answer(cli, &mut output::Shown(out))
    };
    if let (Err(failure), Some(mode)) = (&answer, cli.command.mode()) {
        output::write_failure(failure, mode, &cli.global, out);
    }
    answer
}

impl Command {
    /// The mode of a subcommand that writes a report.
    const fn mode(&self) -> Option<&'static str> {
        match self {
            Self::PreCommit(_) => Some("pre-commit"),
            Self::PrePush(_) => Some("pre-push"),
            Self::PreReceive(_) => Some("pre-receive"),
            Self::Update(_) => Some("update"),
            Self::Check(_) => Some("check"),
            Self::Scan(_) => Some("scan"),
            _ => None,
        }
    }

    /// Whether something passes or is refused by its answer.
    const fn judges(&self) -> bool {
        self.mode().is_some() || matches!(self, Self::Agent(_))
    }
}

fn answer(cli: &Cli, out: &mut dyn Write) -> Result<u8, Failure> {
    match &cli.command {
        Command::PreCommit(args) => pre_commit::run(args, &cli.global, out),
        Command::PrePush(args) => pre_push::run(args, &cli.global, out),
        Command::Update(args) => update::run(args, &cli.global, out),
        Command::PreReceive(args) => pre_receive::run(args, &cli.global, out),
        Command::Check(args) => check::run(args, &cli.global, out),
        Command::Audit(args) => audit::run(args, &cli.global, out),
        Command::Scan(args) => scan::run(args, &cli.global, out),
        Command::Explain(args) => explain::run(args, &cli.global, out),
        Command::Inventory(args) => inventory::run(args, &cli.global, out),
        Command::Policy(args) => policy::run(args, &cli.global, out),
        Command::Rules(args) => rules::run(args, &cli.global, out),
        Command::Log(args) => log::run(args, &cli.global, out),
        Command::Install(args) => install::run(args, &cli.global, out),
        Command::Uninstall(args) => uninstall::run(args, &cli.global, out),
        Command::Agent(args) => agent::run(args, &cli.global, out),
        Command::Doctor(args) => doctor::run(args, &cli.global, out),
        Command::Completions(args) => completions::run(args, &cli.global, out),
        Command::Man(args) => man::run(args, &cli.global, out),
    }
}

/// Parses the arguments of the process, runs them, and says what failed. The exit code is the answer: 0 allowed,
/// 1 blocked, 2 could not decide.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, everything else is a mistake. A closed stream must not turn either around.
            let _ = error.print();
            return if error.use_stderr() { 2 } else { 0 };
        }
    };
    if cli.may_have_a_budget() {
        return watch::main(cli);
    }
    answered(&cli, &mut std::io::stdout().lock())
}

/// Runs the command line and says what failed.
fn answered(cli: &Cli, out: &mut dyn Write) -> u8 {
    match run(cli, out) {
        Ok(code) => code,
        Err(failure) => {
            failure.say(cli.global.log_format);
            2
        }
    }
}

impl Cli {
    /// Whether this run may have to answer in time.
    const fn may_have_a_budget(&self) -> bool {
        self.global.time_budget.is_some()
            || self.global.max_memory.is_some()
            || matches!(self.command, Command::PreReceive(_) | Command::Update(_))
    }
}
