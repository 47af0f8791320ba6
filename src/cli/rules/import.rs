//! `stagegate rules import`: rules of another scanner as rules of ours. The rules go to standard output or a file, what
//! could not be carried over to standard error.

use std::io::Write;
use std::path::Path;

use crate::cli::Failure;
use crate::report::printable;
use crate::rules::import;

pub(super) fn write(
    file: &Path,
    output: Option<&Path>,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("cannot read {name}: {error}")))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let imported = import::gitleaks(&text, &name, &|path| {
        std::fs::read_to_string(folder.join(path))
    })
    .map_err(|error| {
        Failure::new(format!("{name} is no configuration of gitleaks: {error}"))
            .hint("give a gitleaks.toml of version 8, or a betterleaks.toml")
    })?;
    let mut told = std::io::stderr().lock();
    for note in &imported.notes {
        // A reader that has gone away does not change what was made.
        let _ = writeln!(told, "{}", printable(&note.to_string()));
    }
    let left_out = imported.left_out;
    let _ = writeln!(
        told,
        "{} rules carried over, {left_out} left out, {} remarks",
        imported.rules,
        imported.notes.len() - left_out
    );
    match output {
        Some(path) => std::fs::write(path, &imported.toml)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?,
        None => out.write_all(imported.toml.as_bytes())?,
    }
    Ok(0)
}
