//! `stagegate completions SHELL`: the script that completes the command line, on standard output.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::install::Document;

use super::{Cli, Failure, Global, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate completions bash >/usr/share/bash-completion/completions/stagegate\n  stagegate completions zsh >/usr/local/share/zsh/site-functions/_stagegate\n  stagegate completions fish >~/.config/fish/completions/stagegate.fish\n  stagegate completions powershell >>$PROFILE"
)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    output::put(&script(args.shell), global, out)?;
    Ok(0)
}

/// In memory first: the generator panics where it cannot write, as where `head` has read enough.
fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "stagegate", &mut script);
    script
}

/// Those that a shell finds by itself, for an installation.
pub(super) fn documents() -> impl Iterator<Item = Document> {
    [
        (Shell::Bash, "bash-completion/completions/stagegate"),
        (Shell::Zsh, "zsh/site-functions/_stagegate"),
        (Shell::Fish, "fish/vendor_completions.d/stagegate.fish"),
    ]
    .into_iter()
    .map(|(shell, path)| Document {
        path: path.into(),
        text: script(shell),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_has_a_script_that_knows_every_subcommand() {
        for shell in <Shell as clap::ValueEnum>::value_variants() {
            let script = String::from_utf8(script(*shell)).expect("text");
            for subcommand in Cli::command().get_subcommands() {
                assert!(
                    script.contains(subcommand.get_name()),
                    "{shell}: {}",
                    subcommand.get_name()
                );
            }
        }
    }
}
