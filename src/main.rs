//! The binary: parse, run, write, exit. The only file that exits.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A panic's payload may quote what was being read. Its place is enough for a report, and the abort that follows
    // refuses the push or commit.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = writeln!(
            std::io::stderr(),
            "stagegate: could not decide: internal error at {place}; nothing was let through, please report it"
        );
    }));
    ExitCode::from(stagegate::cli::main())
}
