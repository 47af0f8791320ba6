//! `stagegate uninstall`: takes the gate's hooks out, and puts back what was there before.

use std::io::Write;

use crate::install;
use crate::report::printable;

use super::install::Place;
use super::{Failure, Global};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate uninstall                    this repository\n  stagegate uninstall --below /srv/git   every repository of a server\n  stagegate uninstall --dry-run          say what would be done"
)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let target = args.place.target(global)?;
    let mut say = |sentence: &str| writeln!(out, "{}", printable(sentence));
    install::uninstall(&target, &args.place.options()?, &mut say)?;
    Ok(0)
}
