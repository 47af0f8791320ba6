//! What fetches production's data: commands that dump, copy or restore it, named jobs, and snapshots to begin from.
//!
//! What a command reads from counts, not what it writes to. A dump alone may be production's own backup, so it is proven
//! only in a text that restores or seeds something too.

use std::ops::Range;

use once_cell::sync::Lazy;
use regex::bytes::Regex;

use crate::model::{Family, Signal, Tier};

use super::origin::{What, is_proof, of_name, strongest};
use super::{Crossing, File, expression, holds};

/// Scripts and configuration are smaller.
const LARGEST: usize = 1 << 20;
/// Longer lines are no commands that anybody wrote.
const LONGEST_LINE: usize = 4 << 10;

/// Commands that dump a database.
const DUMPS: [&str; 11] = [
    "pg_dump",
    "pg_dumpall",
    "pg_basebackup",
    "mysqldump",
    "mariadb-dump",
    "mysqlpump",
    "mydumper",
    "mongodump",
    "mongoexport",
    "sqlpackage",
    "redis-cli",
];

/// Commands that copy files, and what stands before their source.
const COPIES: [(&[&str], &str); 14] = [
    (&["aws", "s3", "sync"], "bucket"),
    (&["aws", "s3", "cp"], "bucket"),
    (&["aws", "s3", "mv"], "bucket"),
    (&["gsutil", "rsync"], "bucket"),
    (&["gsutil", "cp"], "bucket"),
    (&["gcloud", "storage", "cp"], "bucket"),
    (&["gcloud", "storage", "rsync"], "bucket"),
    (&["azcopy", "copy"], "container"),
    (&["azcopy", "sync"], "container"),
    (&["rclone", "sync"], "remote"),
    (&["rclone", "copy"], "remote"),
    (&["mc", "mirror"], "bucket"),
    (&["rsync"], "host"),
    (&["scp"], "host"),
];

/// Words of a job that fetches.
const FETCHES: [&str; 13] = [
    "pull", "sync", "copy", "clone", "restore", "import", "refresh", "seed", "load", "fetch",
    "download", "mirror", "dump",
];
/// Words of what it fetches.
const DATA: [&str; 17] = [
    "db",
    "database",
    "databases",
    "data",
    "dump",
    "dumps",
    "snapshot",
    "snapshots",
    "backup",
    "uploads",
    "bucket",
    "records",
    "daily",
    "nightly",
    "postgres",
    "mysql",
    "mongo",
];

/// Settings that name what a database begins from (Terraform, CloudFormation, the AWS CLI).
static SNAPSHOT: Lazy<Regex> = Lazy::new(|| {
    expression(concat!(
        r#"(?i-u)(?:^|[\s"'{,(-])((?:db[_-]?(?:cluster[_-]?)?)?snapshot[_-]?(?:identifier|arn)|source[_-]?db[_-]?(?:instance|cluster)[_-]?(?:identifier|arn)"#,
        r#"|replicate[_-]?source[_-]?db)["']?(?:\s*[:=]\s*|\s+)["']?([A-Za-z][A-Za-z0-9:_./-]{2,200})"#,
    ))
});

/// What reads data, and where its name stands.
struct Source {
    signal: Signal,
    span: Range<usize>,
    /// A dump alone is no transfer.
    wants_restore: bool,
}

/// The words one of which stands on every line that is told: those that the rule has for keywords. Most lines hold none, and are
/// not cut into words.
static WORDS: Lazy<Regex> = Lazy::new(|| {
    expression(concat!(
        "(?i-u)",
        "pg_dump|pg_basebackup|mysqldump|mariadb-dump|mysqlpump|mydumper|mongodump|mongoexport|",
        "sqlpackage|redis-cli|aws s3|gsutil|gcloud storage|azcopy|rclone|mc mirror|rsync|scp |",
        "pg:copy|pg:pull|pg:backups|snapshot_identifier|snapshotidentifier|snapshot-identifier|",
        "source_db_|source-db-|sourcedb|replicate_source_db|snapshot_arn|pull_|pull-|from_prod|",
        "from-prod|fromprod|_prod|-prod|:prod",
    ))
});

pub(super) fn look(file: &File<'_>, crossings: &mut Vec<Crossing>) {
    if file.text.len() > LARGEST {
        return;
    }
    let restores = once_cell::unsync::Lazy::new(|| restores(file.text));
    let mut start = 0;
    while let Some(word) = WORDS.find_at(file.text, start) {
        // The words have no line end in them.
        let at = memchr::memrchr(b'\n', &file.text[..word.start()]).map_or(0, |end| end + 1);
        start = memchr::memchr(b'\n', &file.text[word.end()..])
            .map_or(file.text.len(), |end| word.end() + end + 1);
        let line = &file.text[at..start];
        if line.len() > LONGEST_LINE || is_comment(line) {
            continue;
        }
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        let line = line.trim_end();
        let source = command(file, line)
            .or_else(|| snapshot(file, line))
            .or_else(|| job(file, line));
        let Some(Source {
            signal,
            span,
            wants_restore,
        }) = source.filter(|source| source.signal.environment == Some(Tier::Production))
        else {
            continue;
        };
        crossings.push(Crossing {
            rule: "data-from-production",
            family: Family::Data,
            span: at + span.start..at + span.end,
            key_path: Vec::new(),
            proven: is_proof(&signal) && (!wants_restore || *restores),
            signals: vec![signal],
        });
    }
}

fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    [&b"#"[..], b"//", b"--", b"*", b"/*", b";", b"<!--"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// Whether a script puts data somewhere.
fn restores(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    [
        &b"restore"[..],
        b"psql",
        b"| mysql",
        b"mysql ",
        b"seed",
        b"import",
        b"refresh",
        b"staging",
    ]
    .iter()
    .any(|word| holds(&text, word))
}

/// The words of a command line, without quotes, and where each stands.
fn words(line: &str) -> Vec<(&str, usize)> {
    let mut words = Vec::new();
    let mut from = None;
    for (at, character) in line.char_indices().chain([(line.len(), ' ')]) {
        let parts = character.is_whitespace() || "\"'`()[],".contains(character);
        match (from, parts) {
            (None, false) => from = Some(at),
            (Some(start), true) => {
                words.push((&line[start..at], start));
                from = None;
            }
            _ => {}
        }
    }
    words
}

fn span_of(word: &str, start: usize, part: &str) -> Range<usize> {
    let at = start + word.find(part).unwrap_or(0);
    at..at + part.len()
}

fn command(file: &File<'_>, line: &str) -> Option<Source> {
    let words = words(line);
    let tool = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    for (at, (word, _)) in words.iter().enumerate() {
        let name = tool(word);
        let after = &words[at + 1..];
        let ends = after
            .iter()
            .position(|(word, _)| matches!(*word, "|" | "||" | "&&" | ";" | ">" | ">>" | "<"));
        let after = &after[..ends.unwrap_or(after.len())];
        if DUMPS.contains(&name.as_str()) {
            let is_dump = name != "redis-cli" || after.iter().any(|(word, _)| *word == "--rdb");
            return is_dump.then(|| dumped(file, after)).flatten();
        }
        if name == "heroku" {
            return heroku(file, after);
        }
        for (command, what) in COPIES {
            let (first, rest) = command.split_first()?;
            let plain: Vec<&(&str, usize)> = after
                .iter()
                .filter(|(word, _)| !word.starts_with('-'))
                .collect();
            let follows = name == *first
                && plain.len() >= rest.len() + 2
                && plain.iter().zip(rest).all(|((word, _), part)| word == part);
            if follows {
                return copied(file, what, &plain[rest.len()..]);
            }
        }
    }
    None
}

/// The host, database or variable that a dump is made of.
fn dumped(file: &File<'_>, arguments: &[(&str, usize)]) -> Option<Source> {
    let mut found: Vec<(Signal, Range<usize>)> = Vec::new();
    let mut flag = "";
    for &(word, start) in arguments {
        let (before, value) = match word.split_once('=') {
            Some((name, value)) if word.starts_with('-') => (name, value),
            _ if word.starts_with("--") => {
                flag = word;
                continue;
            }
            _ if word.starts_with("-h") && word.len() > 2 => ("-h", &word[2..]),
            _ if word.starts_with('-') => {
                flag = word;
                continue;
            }
            _ => (std::mem::take(&mut flag), word),
        };
        if matches!(
            before,
            "-f" | "--file"
                | "-o"
                | "--out"
                | "--archive"
                | "--rdb"
                | "-U"
                | "-u"
                | "--username"
                | "--user"
                | "-p"
                | "-r"
                | "--result-file"
                | "-D"
        ) {
            continue;
        }
        for (what, name) in named(before, value) {
            if let Some(signal) = of_name(file, what, name) {
                found.push((signal, span_of(word, start, name)));
            }
        }
    }
    let strongest = strongest(found.iter().map(|(signal, _)| signal.clone()))?;
    let span = found
        .into_iter()
        .find(|(signal, _)| *signal == strongest)?
        .1;
    Some(Source {
        signal: strongest,
        span,
        wants_restore: true,
    })
}

/// What an argument of a dump names.
fn named<'a>(flag: &str, value: &'a str) -> Vec<(What, &'a str)> {
    if let Some((_, rest)) = value.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        let database = path.split(['?', '#']).next().unwrap_or_default();
        return vec![(What::Host, host), (What::Database, database)];
    }
    if value.starts_with('$') {
        let name = value.trim_matches(|mark| "${}".contains(mark));
        return vec![(What::Other("variable"), name)];
    }
    match flag {
        "-h" | "--host" | "-S" => vec![(What::Host, value)],
        _ => vec![(What::Database, value)],
    }
}

/// The source of a copy, unless it goes to production itself.
fn copied(file: &File<'_>, what: &'static str, arguments: &[&(&str, usize)]) -> Option<Source> {
    let (&&(source, start), rest) = arguments.split_first()?;
    // A path of this machine is no production, whatever it is called.
    let is_remote = source.contains(':') || source.starts_with('$');
    let to = rest.last().map_or("", |(word, _)| word);
    let to_production = file
        .vocabulary
        .tier_of_name(to)
        .is_some_and(|(tier, _)| tier == Tier::Production);
    if !is_remote || to_production {
        return None;
    }
    let place = source.split_once("://").map_or(source, |(_, rest)| rest);
    let host = place.split([':', '/']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let mut said = Vec::new();
    if what == "host" {
        said.extend(of_name(file, What::Host, host).map(|signal| (signal, host)));
    } else {
        let place = place.trim_matches(|mark| "${}".contains(mark));
        said.extend(of_name(file, What::Other(what), place).map(|signal| (signal, place)));
    }
    let (signal, name) = said.into_iter().next()?;
    Some(Source {
        signal,
        span: span_of(source, start, name),
        wants_restore: false,
    })
}

/// `heroku pg:copy SOURCE::DATABASE TARGET`, `pg:backups:restore SOURCE::BACKUP`, `pg:pull DATABASE TARGET --app SOURCE`
/// (<https://devcenter.heroku.com/articles/managing-heroku-postgres-using-cli>).
fn heroku(file: &File<'_>, arguments: &[(&str, usize)]) -> Option<Source> {
    let at = arguments.iter().position(|(word, _)| {
        matches!(
            *word,
            "pg:copy" | "pg:backups:restore" | "pg:pull" | "pg:backups:download"
        )
    })?;
    let after = &arguments[at + 1..];
    let app = || {
        let at = after
            .iter()
            .position(|(word, _)| matches!(*word, "-a" | "--app" | "-r" | "--remote"))?;
        after.get(at + 1)
    };
    let &(word, start) = match arguments[at].0 {
        "pg:pull" | "pg:backups:download" => app()?,
        _ => after.iter().find(|(word, _)| !word.starts_with('-'))?,
    };
    let name = word.split("::").next().unwrap_or_default();
    let signal = of_name(file, What::Other("application"), name)?;
    Some(Source {
        signal,
        span: start..start + name.len(),
        wants_restore: false,
    })
}

fn snapshot(file: &File<'_>, line: &str) -> Option<Source> {
    let found = SNAPSHOT.captures(line.as_bytes())?;
    let value = found.get(2)?;
    let name = &line[value.range()];
    // arn:PARTITION:rds:REGION:ACCOUNT:snapshot:NAME
    let account = name
        .strip_prefix("arn:")
        .and_then(|arn| arn.split(':').nth(3));
    let declared = account
        .and_then(|account| of_name(file, What::Account, account))
        .filter(|signal| signal.kind == "declared");
    let resource = if account.is_some() {
        name.splitn(6, ':').nth(5).unwrap_or_default()
    } else {
        name
    };
    let signal = declared.or_else(|| of_name(file, What::Other("snapshot"), resource))?;
    Some(Source {
        signal,
        span: value.range(),
        wants_restore: false,
    })
}

/// A name such as `pull_shop_production_daily` or `refresh-db-from-prod`.
fn job(file: &File<'_>, line: &str) -> Option<Source> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || "_-:".contains(character);
    let mut start = 0;
    while start < line.len() {
        let rest = &line[start..];
        let skipped = rest.find(is_name)?;
        let from = start + skipped;
        let len = line[from..]
            .find(|character| !is_name(character))
            .unwrap_or(line.len() - from);
        start = from + len;
        let name = line[from..start].trim_matches(|mark| "-:_".contains(mark));
        if name.len() < 9 || name.len() > 120 {
            continue;
        }
        let words = crate::model::words_of(name);
        let Some(fetches) = words
            .iter()
            .position(|word| FETCHES.contains(&word.as_str()))
        else {
            continue;
        };
        // What stands behind `to` is where it goes.
        let to = words
            .iter()
            .position(|word| matches!(word.as_str(), "to" | "into" | "2"));
        let to = to.filter(|to| *to > fetches).unwrap_or(words.len());
        let of = &words[fetches + 1..to];
        let Some(signal) = of_name(file, What::Other("job"), &of.join("-"))
            .filter(|signal| signal.environment == Some(Tier::Production))
        else {
            continue;
        };
        let has = |known: &[&str]| of.iter().any(|word| known.contains(&word.as_str()));
        let is_pull = words[fetches] == "pull"
            && !has(&[
                "request", "image", "images", "secret", "secrets", "docker", "policy",
            ]);
        if is_pull || has(&["from"]) || has(&DATA) {
            let text = format!("{name} fetches from production by its name");
            return Some(Source {
                signal: Signal { text, ..signal },
                span: from..from + len,
                wants_restore: false,
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::WORDS;

    #[test]
    fn every_keyword_of_the_rule_is_a_word_that_leads_here() {
        let rules = crate::rules::builtin().iter().flat_map(|pack| &pack.rules);
        let rule = rules
            .clone()
            .find(|rule| rule.id == "data-from-production")
            .expect("the rule");
        for keyword in &rule.keywords {
            assert!(WORDS.is_match(keyword.as_bytes()), "{keyword}");
        }
        assert!(!WORDS.is_match(b"let card = email.account();"));
    }
}
