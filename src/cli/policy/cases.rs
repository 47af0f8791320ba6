//! `stagegate policy test`: cases of the users' own against the policy, and for each that does not hold what was decided and why.

use std::io::Write;
use std::path::Path;

use super::{Failure, Global, output, read, source};
use crate::policy::{Policy, Tried, try_cases};
use crate::report::printable;

/// What a file of cases looks like.
pub(super) const HELP: &str = "\
A file of cases:
  [[case]]
  name = \"production's credentials never reach staging\"
  ref = [\"staging\", \"release/1.2\"]      # every combination of the lists is tried
  path = \"config/app.yml\"
  what = \"production-credential\"         # a row of the verdict table; or rule = \"stripe-secret-key\", origin = \"test\"
  verdict = \"block\"
  environment = \"staging\"                # optional: whose claim decides

docs/policy.md explains every key.";

pub(super) fn run(
    policy: &Policy,
    file: &Path,
    global: &Global,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let (name, text) = read_cases(file)?;
    let tried = try_cases(policy, &text, &name, source::today()).map_err(|errors| {
        Failure::new(format!("the cases {name} have mistakes:\n{errors}"))
            .hint("docs/policy.md explains every key of a case")
    })?;
    if output::is_json(global)? {
        json(policy, &tried, out)?;
    } else {
        text_of(policy, &name, &tried, global.verbose > 0, out)?;
    }
    Ok(u8::from(tried.iter().any(|one| !one.holds())))
}

fn read_cases(file: &Path) -> Result<(String, String), Failure> {
    read(
        file,
        "cases",
        "give a file of cases; `stagegate policy test --help` has an example",
    )
}

fn text_of(
    policy: &Policy,
    name: &str,
    tried: &[Tried],
    all: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    for one in tried.iter().filter(|one| all || !one.holds()) {
        let called = one
            .name
            .as_deref()
            .map_or(String::new(), |name| format!(": {name}"));
        let holds = if one.holds() { "holds" } else { "FAILED" };
        writeln!(
            out,
            "{}:{}: {holds}{}",
            printable(name),
            one.line,
            printable(&called)
        )?;
        writeln!(out, "  {}", printable(&one.asked))?;
        let meant = match &one.wanted_environment {
            Some(environment) => format!("{}, by {environment}", one.wanted.as_str()),
            None => one.wanted.as_str().to_owned(),
        };
        let decision = &one.decision;
        if !one.holds() {
            writeln!(out, "  meant:   {}", printable(&meant))?;
        }
        writeln!(
            out,
            "  decided: {}, by {}",
            decision.verdict.as_str(),
            printable(one.environment())
        )?;
        writeln!(
            out,
            "  because: {} ({})",
            printable(&decision.because.text),
            printable(&decision.because.policy_line)
        )?;
        if let Some(claim) = &decision.claim {
            writeln!(
                out,
                "  claimed: by {} ({})",
                printable(&claim.claimed_by),
                printable(&claim.policy_line)
            )?;
        }
    }
    let failed = tried.iter().filter(|one| !one.holds()).count();
    let cases = if tried.len() == 1 { "case" } else { "cases" };
    writeln!(
        out,
        "{}: {} {cases}, {failed} failed; policy: {}",
        printable(name),
        tried.len(),
        printable(&policy.source())
    )?;
    Ok(())
}

fn json(policy: &Policy, tried: &[Tried], out: &mut dyn Write) -> Result<(), Failure> {
    let cases: Vec<serde_json::Value> = tried
        .iter()
        .map(|one| {
            serde_json::json!({
                "line": one.line,
                "name": one.name,
                "asked": one.asked,
                "holds": one.holds(),
                "wanted": one.wanted,
                "wanted_environment": one.wanted_environment,
                "verdict": one.decision.verdict,
                "environment": one.environment(),
                "because": one.decision.because,
            })
        })
        .collect();
    let failed = tried.iter().filter(|one| !one.holds()).count();
    let document = serde_json::json!({
        "schema": "stagegate-policy-test/1",
        "policy": policy.source(),
        "cases": cases,
        "failed": failed,
    });
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| Failure::new(format!("the cases cannot be written: {error}")))?;
    writeln!(out, "{text}")?;
    Ok(())
}
