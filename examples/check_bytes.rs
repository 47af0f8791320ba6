//! Judges standard input with the library as if it stood at a path on a branch, before it stands anywhere:
//! `cargo run --example check_bytes -- config/staging.yml staging <draft.yml`.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use stagegate::api::{Gate, Policy, Verdict};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a path is wanted")?;
    let branch = arguments.next();
    let policy = match std::fs::read_to_string("stagegate.toml") {
        Ok(text) => Policy::parse(&text, "stagegate.toml")?,
        Err(_) => Policy::builtin(),
    };
    let gate = Gate::open(".".as_ref(), policy)?;
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text)?;
    let report = gate.bytes(&text, &path, branch.as_deref())?;
    let mut out = std::io::stdout().lock();
    for finding in &report.findings {
        if finding.verdict == Verdict::Block {
            let line = finding.place.line;
            writeln!(out, "{path}:{line}: {}: {}", finding.title, finding.remedy)?;
        }
    }
    Ok(ExitCode::from(report.outcome().exit_code()))
}
