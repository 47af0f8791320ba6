//! `stagegate man`: the manual page on standard output, or a page for each subcommand in a folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use crate::install::Document;

use super::{Cli, Failure, Global, output};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate man | man -l -\n  stagegate man --dir /usr/local/share/man/man1"
)]
pub(crate) struct Args {
    /// Write stagegate.1 and a page for each subcommand there
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let mut command = Cli::command();
    // The subcommands then have their global flags, and their whole names.
    command.build();
    match &args.dir {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
            for (name, text) in pages(&command, "stagegate")? {
                output::write_file(&folder.join(name), &text)?;
            }
        }
        None => output::put(&page(&command, "stagegate")?, global, out)?,
    }
    Ok(0)
}

/// The page of a command and those of its subcommands by the names of their files: `stagegate-policy-show.1`.
fn pages(command: &clap::Command, name: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut all = vec![(format!("{name}.1"), page(command, name)?)];
    for subcommand in command.get_subcommands() {
        if !subcommand.is_hide_set() && subcommand.get_name() != "help" {
            let name = format!("{name}-{}", subcommand.get_name());
            all.extend(pages(subcommand, &name)?);
        }
    }
    Ok(all)
}

/// All pages, for an installation.
pub(super) fn documents() -> Result<Vec<Document>, Failure> {
    let mut command = Cli::command();
    command.build();
    let pages = pages(&command, "stagegate")?.into_iter();
    let folder = Path::new("man/man1");
    Ok(pages
        .map(|(name, text)| Document {
            path: folder.join(name),
            text,
        })
        .collect())
}

fn page(command: &clap::Command, name: &str) -> Result<Vec<u8>, Failure> {
    let page = clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .source(format!("stagegate {}", env!("CARGO_PKG_VERSION")))
        .manual("stagegate");
    let mut text = Vec::new();
    page.render(&mut text)?;
    Ok(text)
}

fn cannot(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "cannot write the pages to {}: {error}",
        folder.display()
    ))
    .hint("name a folder that you may write to: `--dir DIR`")
}
