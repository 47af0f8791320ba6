//! Walking and reading alone, without matching: every new blob of a range of commits once, as `stagegate check` reads them.
//!
//! `cargo bench --bench reading -- REPOSITORY BASE HEAD`; `benches/ranges.py --reading BINARY` compares it with git.

#![allow(clippy::print_stdout)]

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;

use stagegate::git::{self, Kind, Repository, SLOP};
use stagegate::model::Oid;

/// Blobs that are put in order together.
const TOGETHER: usize = 8192;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "--bench")
        .collect();
    let &[folder, base, head] = &words[..] else {
        // `cargo bench` without words runs every bench.
        return Ok(());
    };
    let repository = Repository::open_at(Path::new(folder))?;
    let (base, head) = (repository.revision(base)?, repository.revision(head)?);
    let new = git::new_commits(&repository, head, &[base], SLOP)?;
    let mut seen: HashSet<Oid> = HashSet::new();
    let mut waiting = Vec::new();
    let (mut blobs, mut bytes) = (0_u64, 0_u64);
    let mut read = |waiting: Vec<Oid>| -> Result<(), git::GitError> {
        for oid in repository.in_order(waiting) {
            repository.with_blob(oid, |data| bytes += data.len() as u64)?;
            blobs += 1;
        }
        Ok(())
    };
    for &oid in new.commits.iter().rev() {
        let commit = repository.commit(oid)?;
        repository.read_as(oid, Kind::Commit)?;
        let parents = commit
            .parents
            .iter()
            .map(|&parent| Ok(repository.commit(parent)?.tree))
            .collect::<Result<Vec<_>, git::GitError>>()?;
        git::changes(&repository, commit.tree, &parents, &mut |change| {
            if !change.mode.is_gitlink() && seen.insert(change.oid) {
                waiting.push(change.oid);
            }
            Ok(())
        })?;
        if waiting.len() >= TOGETHER {
            read(std::mem::take(&mut waiting))?;
        }
    }
    read(waiting)?;
    println!(
        "{} commits, {blobs} blobs, {bytes} bytes",
        new.commits.len()
    );
    Ok(())
}
