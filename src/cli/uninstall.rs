//! `stagegate uninstall`: takes the gate's hooks out, and puts back what was there before.

use std::io::Write;

use crate::install;
use crate::report::printable;

use super::install::Place;
use super::{Failure, Global};

#[derive(Debug, clap::Args)]
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
