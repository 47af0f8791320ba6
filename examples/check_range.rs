//! Judges a range with the library, as `stagegate check` does, and lists the findings:
//! `cargo run --example check_range -- REPOSITORY origin/staging HEAD staging`.

use std::io::Write as _;
use std::process::ExitCode;

use stagegate::api::{Gate, Policy};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [repository, base, head, destination] = arguments.as_slice() else {
        return Err("REPOSITORY BASE HEAD DESTINATION are wanted".into());
    };
    let gate = Gate::open(repository.as_ref(), Policy::builtin())?;
    let report = gate.range(base, head, destination)?;
    let mut out = std::io::stdout().lock();
    for finding in &report.findings {
        writeln!(
            out,
            "{}: {}:{}: {} ({})",
            finding.verdict.as_str(),
            finding.place.path,
            finding.place.line,
            finding.title,
            finding.because.text
        )?;
        for signal in &finding.evidence {
            writeln!(out, "    {}", signal.text)?;
        }
    }
    for unread in &report.unexamined {
        writeln!(out, "not read: {}: {}", unread.what, unread.reason)?;
    }
    Ok(ExitCode::from(report.outcome().exit_code()))
}
