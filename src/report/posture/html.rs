//! One page.
use std::io;
use super::Options;
use crate::model::Posture;

pub(super) fn write(posture: &Posture, options: Options, out: &mut dyn io::Write) -> io::Result<()> {
    let _ = (posture, options);
    out.write_all(b"")
}
