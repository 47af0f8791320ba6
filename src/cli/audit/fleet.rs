//! Many repositories, in parts that any engine can spread: each repository's records go into a file of its own, written whole
//! or not at all, and left alone where they are still true. Whatever is killed is started again.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::git::Repository;
use crate::model::{AuditedRepository, POSTURE_SCHEMA, Posture, PostureRecord};
use crate::report::posture::{self, Options};

use super::super::source::{self, Fallback};
use super::super::{Failure, Format, Global, output};
use super::{Args, Records};

/// One of several parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shard {
    /// From 1.
    number: u64,
    of: u64,
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("a part is K/N with K from 1 to N: `3/8`".to_owned()),
        }
    }
}

impl Shard {
    /// Whether a repository is in this part: by its name, so that the order of the list does not matter.
    fn holds(self, name: &str) -> bool {
        let hash = blake3::hash(name.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(first) % self.of == self.number - 1
    }
}

/// A repository of the list.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    name: String,
    path: PathBuf,
}

pub(super) fn run(
    args: &Args,
    list: &Path,
    global: &Global,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let text = read(list)?;
    let listed = parse(&text)?;
    let into = args.into.as_deref().unwrap_or(Path::new("."));
    std::fs::create_dir_all(into).map_err(|error| {
        Failure::new(format!(
            "cannot make the folder {}: {error}",
            into.display()
        ))
    })?;
    let (mut done, mut left, mut failed) = (0, 0, 0);
    let part = listed
        .iter()
        .filter(|one| args.shard.is_none_or(|shard| shard.holds(&one.name)));
    for one in part {
        let file = into.join(file_name(&one.name));
        match audit(args, global, one, &file) {
            Ok(None) => left += 1,
            Ok(Some(records)) => {
                write(&records, &file)?;
                done += 1;
            }
            Err(failure) => {
                failed += 1;
                let said = failure.to_string();
                drop(std::io::stderr().lock().write_all(
                    format!("{}: {said}", crate::report::printable(&one.name)).as_bytes(),
                ));
                write(&failure_of(args, one, &said), &file)?;
            }
        }
    }
    if !global.quiet {
        let told = format!("{done} audited, {left} unchanged, {failed} failed\n");
        drop(out.write_all(told.as_bytes()).and_then(|()| out.flush()));
    }
    Ok(if failed > 0 { 2 } else { 0 })
}

/// The records of a repository; `None` where those in `file` are still true.
fn audit(
    args: &Args,
    global: &Global,
    one: &Listed,
    file: &Path,
) -> Result<Option<Records>, Failure> {
    let repository = Repository::open_at(&one.path)?;
    let policy = source::policy(global, &repository, &Fallback::WorkTree)?;
    let scanner = source::scanner(&policy)?;
    let inventories = source::inventory(global, &repository, &policy, false)?;
    let audit = super::audit(
        args,
        global,
        &repository,
        &policy,
        &scanner,
        inventories.known.as_ref(),
        one.name.clone(),
    )?;
    if is_true(file, &audit.input()?) {
        return Ok(None);
    }
    let audited = audit.run(&mut |_| {})?;
    Ok(Some(Records {
        repository: audited.repository,
        credentials: audited.credentials,
    }))
}

/// Whether the file holds the records of just this input. It was written whole, so its first line is enough.
fn is_true(file: &Path, input: &str) -> bool {
    let Ok(text) = std::fs::read_to_string(file) else {
        return false;
    };
    let first = text.lines().next().unwrap_or_default();
    matches!(
        serde_json::from_str(first),
        Ok(PostureRecord::Repository(one)) if one.input == input && one.error.is_none()
    )
}

fn write(records: &Records, file: &Path) -> Result<(), Failure> {
    let posture = Posture {
        repositories: vec![records.repository.clone()],
        credentials: records.credentials.clone(),
    };
    let mut text = Vec::new();
    posture::write(&posture, Format::JsonLines, Options::default(), &mut text)?;
    output::write_file(file, &text)
}

/// What is told of a repository that could not be audited; tried again the next time.
fn failure_of(args: &Args, one: &Listed, said: &str) -> Records {
    Records {
        repository: AuditedRepository {
            schema: POSTURE_SCHEMA.to_owned(),
            repository: one.name.clone(),
            as_of: args.as_of.unwrap_or_else(source::today),
            tool: concat!("stagegate ", env!("CARGO_PKG_VERSION")).to_owned(),
            input: String::new(),
            policy: String::new(),
            rotation_age: 0,
            environments: Vec::new(),
            refs: 0,
            commits: 0,
            exceptions: Vec::new(),
            unclaimed: Vec::new(),
            uncovered: Vec::new(),
            boundary: Vec::new(),
            unexamined: Vec::new(),
            baseline: None,
            error: Some(said.trim_end().to_owned()),
        },
        credentials: Vec::new(),
    }
}

fn read(list: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if list == Path::new("-") {
        std::io::stdin()
            .lock()
            .read_to_string(&mut text)
            .map(|_| ())
    } else {
        std::fs::read_to_string(list).map(|read| text = read)
    };
    read.map_err(|error| {
        Failure::new(format!("cannot read the list {}: {error}", list.display()))
            .hint("it is text with one repository a line: a path, or a name, a tab and a path")
    })?;
    Ok(text)
}

fn parse(text: &str) -> Result<Vec<Listed>, Failure> {
    let lines = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut listed = Vec::new();
    let mut names = HashSet::new();
    for line in lines {
        let (name, path) = line.split_once('\t').unwrap_or((line, line));
        if !names.insert(name) {
            return Err(Failure::new(format!("the list names {name} twice"))
                .hint("give each a name of its own: NAME, a tab and the path"));
        }
        listed.push(Listed {
            name: name.to_owned(),
            path: PathBuf::from(path),
        });
    }
    Ok(listed)
}

/// A name for a file that says which repository it is, and that no two share.
fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() || character == '-' {
                character
            } else {
                '_'
            }
        })
        .collect();
    let from = plain.len().saturating_sub(60);
    let hash = blake3::hash(name.as_bytes()).to_hex();
    format!(
        "{}-{}.jsonl",
        plain[from..].trim_start_matches(['-', '_']),
        &hash[..12]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repository_is_in_one_part_whatever_the_order() {
        let of = 7;
        let parts: Vec<Shard> = (1..=of)
            .map(|number| format!("{number}/{of}").parse().expect("a part"))
            .collect();
        let mut sizes = vec![0; parts.len()];
        for number in 0..700 {
            let name = format!("team/repository-{number}");
            let holders: Vec<usize> = (0..parts.len())
                .filter(|at| parts[*at].holds(&name))
                .collect();
            assert_eq!(holders.len(), 1, "{name}");
            sizes[holders[0]] += 1;
        }
        assert!(sizes.iter().all(|size| *size > 60), "{sizes:?}");
        for wrong in ["0/3", "4/3", "1", "1/0", "a/b", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_is_paths_or_names_and_paths() {
        let listed = parse("# ours\n\nrepos/a.git\nteam/b\t/srv/b.git\r\n").expect("a list");
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0].name, "repos/a.git");
        assert_eq!(listed[1].name, "team/b");
        assert_eq!(listed[1].path, Path::new("/srv/b.git"));
        assert!(parse("a\na\n").is_err());
    }

    #[test]
    fn file_names_are_plain_and_apart() {
        let name = file_name("../../etc/pass wd");
        assert!(name.starts_with("etc_pass_wd-"), "{name}");
        assert_ne!(file_name("a/b"), file_name("a_b"));
        assert!(file_name(&"x".repeat(5000)).len() < 90);
    }
}
