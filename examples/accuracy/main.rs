//! Measures how well the gate finds credentials, and whose it says they are: labelled cases become a real repository,
//! the real gate scans it, and what it says is held against the labels. `docs/accuracy.md` has the figures.
//!
//! Not here: any shortcut into the library. What is measured is the program that people run.

mod case;
mod measure;
mod repository;
mod score;
mod show;
mod templates;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser as _;

use measure::{Cases, measure};
use repository::Gate;

type Fault = Box<dyn std::error::Error>;

/// Recall, precision and origins of the gate on labelled cases.
#[derive(Debug, clap::Parser)]
struct Args {
    /// JSONL of cases: {id, text, filename, label, rule?, secret?, origin?, kind?}; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "templates")]
    cases: Option<PathBuf>,
    /// Template file, or folder of them, instead of a JSONL
    #[arg(long, value_name = "PATH", default_value = "fixtures/accuracy")]
    templates: PathBuf,
    /// How often each template is expanded
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,
    /// The gate; by default the one that was built beside this program
    #[arg(long, value_name = "PATH")]
    gate: Option<PathBuf>,
    /// Policy of the gate
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Branch as which the cases are judged
    #[arg(long = "ref", value_name = "NAME")]
    ref_name: Option<String>,
    /// Cases in one commit; bounds the memory
    #[arg(long, value_name = "N", default_value_t = 5000)]
    batch: usize,
    /// How many misses and false alarms are listed
    #[arg(long, value_name = "N", default_value_t = 100)]
    list: usize,
    /// The figures as JSON
    #[arg(long)]
    json: bool,
    /// Write the expanded cases as JSONL and measure nothing
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "accuracy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Fault> {
    if let Some(path) = &args.write {
        let mut out = BufWriter::new(File::create(path)?);
        for case in cases(args)? {
            serde_json::to_writer(&mut out, &case?)?;
            out.write_all(b"\n")?;
        }
        return Ok(out.flush()?);
    }
    let gate = Gate {
        program: match &args.gate {
            Some(path) => path.canonicalize()?,
            None => beside()?,
        },
        policy: args
            .policy
            .as_ref()
            .map(|path| path.canonicalize())
            .transpose()?,
        ref_name: args.ref_name.clone(),
    };
    let score = measure(cases(args)?, &gate, args.batch.max(1))?;
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &score)?;
        writeln!(out)?;
    } else {
        show::write(&score, args.list, &mut out)?;
    }
    Ok(())
}

fn cases(args: &Args) -> Result<Cases, Fault> {
    let Some(path) = &args.cases else {
        let cases = templates::load(&args.templates, args.seeds)?;
        return Ok(Box::new(cases.into_iter().map(Ok)));
    };
    let input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(path)?))
    };
    Ok(Box::new(input.lines().enumerate().filter_map(
        |(index, line)| {
            match line {
                Ok(line) if line.trim().is_empty() => None,
                Ok(line) => Some(
                    serde_json::from_str(&line)
                        .map_err(|error| format!("line {}: {error}", index + 1).into()),
                ),
                Err(error) => Some(Err(error.into())),
            }
        },
    )))
}

/// `stagegate` in the folder above the one of the examples.
fn beside() -> Result<PathBuf, Fault> {
    let own = std::env::current_exe()?;
    let folder = own
        .parent()
        .and_then(Path::parent)
        .ok_or("no folder above this program")?;
    let gate = folder.join(format!("stagegate{}", std::env::consts::EXE_SUFFIX));
    if gate.is_file() {
        Ok(gate)
    } else {
        Err(format!(
            "{}: no gate there; build it, or name one with --gate",
            gate.display()
        )
        .into())
    }
}
