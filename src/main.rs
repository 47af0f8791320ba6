//! The binary: parse, run, write, exit. The only file that exits.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    keep_memory_to_ourselves();
    // A panic's payload may quote what was being read. Its place is enough for a report. It could not be decided, so the exit code
    // is 2, on whatever thread it happened; without this, a release aborts, which refuses too, but leaves it to git to say why.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = writeln!(
            std::io::stderr(),
            "stagegate: could not decide: internal error at {place}; nothing was let through, please report it"
        );
        #[allow(clippy::exit, reason = "this is the file that exits")]
        std::process::exit(2);
    }));
    // For the test that shows what a panic becomes; no release has it.
    #[cfg(debug_assertions)]
    if let Some(text) = std::env::var_os("STAGEGATE_TEST_PANIC") {
        panic!("{}", text.display());
    }
    ExitCode::from(stagegate::cli::main())
}

/// What is being read may be secret: if the program dies, the system keeps no copy of its memory.
fn keep_memory_to_ourselves() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Core).maximum;
        let none = Rlimit {
            current: Some(0),
            maximum,
        };
        // That it cannot be lowered is no reason to refuse anything.
        let _ = setrlimit(Resource::Core, none);
    }
}
