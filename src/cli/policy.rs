//! stub
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}
pub(crate) fn run(_: &Args, _: &mut dyn std::io::Write) -> Result<u8, super::Failure> { Err(super::Failure::new("not yet")) }
