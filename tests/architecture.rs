//! Holds the wall of `docs/design.md`: who may import whom. Reads the sources as text, so that it needs no compiler
//! and sees private code too. Not here: style, which rustfmt and clippy hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The rooms of the house, and which rooms each may name. A room that is not in this table does not exist.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("rules", &["model"]),
    ("syntax", &["model"]),
    ("inventory", &["model", "syntax"]),
    ("scan", &["model", "rules", "syntax"]),
    ("origin", &["model", "rules", "scan", "syntax"]),
    ("policy", &["model", "rules"]),
    ("git", &["model"]),
    ("hook", &["model", "git"]),
    ("install", &["git"]),
    ("journal", &[]),
    ("report", &["model"]),
    ("boundary", &["model", "syntax", "origin"]),
    (
        "examine",
        &[
            "model",
            "rules",
            "syntax",
            "inventory",
            "scan",
            "origin",
            "boundary",
        ],
    ),
    (
        "judge",
        &[
            "model",
            "rules",
            "syntax",
            "inventory",
            "scan",
            "origin",
            "policy",
            "git",
            "examine",
        ],
    ),
    (
        "check",
        &[
            "model",
            "rules",
            "syntax",
            "inventory",
            "scan",
            "origin",
            "policy",
            "git",
            "hook",
            "examine",
            "judge",
        ],
    ),
    (
        "api",
        &["model", "policy", "git", "hook", "judge", "scan", "check"],
    ),
    (
        "audit",
        &[
            "model",
            "rules",
            "syntax",
            "inventory",
            "scan",
            "origin",
            "policy",
            "git",
            "examine",
            "judge",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "rules",
            "policy",
            "inventory",
            "git",
            "hook",
            "judge",
            "scan",
            "check",
            "audit",
            "install",
            "journal",
            "report",
        ],
    ),
    ("main", &["cli"]),
];

/// Crates that have one home, and where that is.
const HOMES: &[(&str, &[&str])] = &[
    ("git2", &["git"]),
    ("aho_corasick", &["scan", "inventory"]),
    ("regex_syntax", &["rules"]),
    ("toml", &["rules", "policy", "syntax"]),
    ("clap", &["cli", "main"]),
    ("annotate_snippets", &["report"]),
];

/// Names that a room must not use, whatever they are imported from.
const UNSPOKEN: &[(&str, &str)] = &[("policy", "Secret"), ("report", "Secret")];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "manager", "misc",
];

#[test]
fn the_wall_stands() {
    let mut complaints = Vec::new();
    for file in sources() {
        let text = fs::read_to_string(root().join(&file)).expect("a source file");
        complaints.extend(complaints_about(&file, &text));
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn the_table_has_no_circles() {
    let table: BTreeMap<_, _> = ROOMS.iter().copied().collect();
    let mut settled = BTreeSet::new();
    for (room, uses) in ROOMS {
        for used in *uses {
            assert!(
                table.contains_key(used),
                "{room} may use {used}, which is no room"
            );
            assert!(
                settled.contains(used),
                "{room} may use {used}, which stands below it: the table is read from the ground up"
            );
        }
        settled.insert(*room);
    }
}

#[test]
fn the_table_of_the_page_is_this_one() {
    let page = fs::read_to_string(root().join("docs/design.md")).expect("docs/design.md");
    let section = page
        .split("## Rooms, and who may import whom")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("a section on rooms");
    let rows: Vec<(String, Vec<String>)> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"))
        .map(|row| {
            let room = row.split('`').next().unwrap_or_default();
            let knows = row.rsplit(" | ").next().unwrap_or_default();
            let names = knows.split('`').skip(1).step_by(2);
            (room.to_owned(), names.map(str::to_owned).collect())
        })
        .collect();
    let table: Vec<(String, Vec<String>)> = ROOMS
        .iter()
        .map(|(room, uses)| {
            let uses = uses.iter().map(|used| (*used).to_owned()).collect();
            ((*room).to_owned(), uses)
        })
        .collect();
    assert_eq!(rows, table);
}

#[test]
fn the_binary_is_the_library_and_an_exit() {
    let text = fs::read_to_string(root().join("src/main.rs")).expect("src/main.rs");
    let modules = tokens(&text).iter().filter(|token| *token == "mod").count();
    assert_eq!(modules, 0, "src/main.rs has modules of its own");
}

#[test]
fn every_pack_is_loaded() {
    let loaded: BTreeSet<_> = stagegate::rules::builtin()
        .iter()
        .map(|pack| pack.provider.clone())
        .collect();
    assert_eq!(loaded, names_in("src/rules/builtin", "toml"));
}

#[test]
fn every_report_format_is_in_the_list() {
    let listed: BTreeSet<_> = stagegate::report::ALL
        .iter()
        .map(|format| format.as_str().to_owned())
        .collect();
    // A file of the room that offers `write` is a format; the others serve formats.
    let formats: BTreeSet<_> = names_in("src/report", "rs")
        .into_iter()
        .filter(|name| {
            let text = fs::read_to_string(root().join(format!("src/report/{name}.rs")));
            name != "mod" && has_function(&text.expect("a report file"), "write")
        })
        .map(|name| name.replace('_', "-"))
        .collect();
    assert_eq!(listed, formats);
}

#[test]
fn every_hook_mode_has_a_subcommand() {
    let help = Command::new(env!("CARGO_BIN_EXE_stagegate"))
        .arg("--help")
        .output()
        .expect("the binary runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let subcommands: BTreeSet<_> = help
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for mode in names_in("src/hook", "rs") {
        // CI asks by hand: its mode is the subcommand `check`.
        let subcommand = match mode.as_str() {
            "mod" => continue,
            "ci" => "check".to_owned(),
            other => other.replace('_', "-"),
        };
        assert!(
            subcommands.contains(subcommand.as_str()),
            "src/hook/{mode}.rs has no subcommand {subcommand}:\n{help}"
        );
    }
}

/// The package's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file, from the package's folder.
fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path.strip_prefix(root()).expect("below the root").into());
            }
        }
    }
    files.sort();
    assert!(files.len() > 10, "the sources are somewhere else");
    files
}

/// The names of the files of a folder with this ending, without it.
fn names_in(folder: &str, ending: &str) -> BTreeSet<String> {
    fs::read_dir(root().join(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// Everything that is wrong with one file.
fn complaints_about(file: &Path, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut complain = |what: String| complaints.push(format!("{}: {what}", file.display()));

    if !text.starts_with("//!") {
        complain("does not open with what it is (`//!`)".to_owned());
    }
    let module = module_of(file);
    for name in &module {
        if EMPTY_NAMES.contains(&name.as_str()) {
            complain(format!("is named {name}, which says nothing"));
        }
    }
    let is_root = file == Path::new("src/lib.rs");
    let room = module.first().map_or("lib", String::as_str);
    let uses = match ROOMS.iter().find(|(name, _)| *name == room) {
        Some((_, uses)) => *uses,
        None if is_root => &[],
        None => {
            complain(format!("the room {room} is not in the table"));
            return complaints;
        }
    };

    // A file or folder of tests is declared behind `#[cfg(test)]`, and may look anywhere, as the modules inside files may.
    if module.iter().any(|part| part == "tests") {
        return complaints;
    }
    let tokens = without_tests(tokens(text));
    for path in paths(&tokens, &module) {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let shown = words.join("::");
        match words.as_slice() {
            ["std", "process", "exit" | "abort"] | ["process", "exit" | "abort"]
                if room != "main" =>
            {
                complain(format!("{shown}: only src/main.rs exits"));
            }
            ["crate" | "stagegate", "*"] => complain(format!("{shown}: names everything")),
            ["crate" | "stagegate", used, ..] => {
                let known = ROOMS.iter().any(|(name, _)| name == used);
                if is_root {
                    complain(format!("{shown}: the table of contents only lists"));
                } else if !known {
                    complain(format!("{shown}: {used} is not a room"));
                } else if *used != room && !uses.contains(used) {
                    complain(format!("{shown}: {room} must not know {used}"));
                }
            }
            [outside, ..] => {
                if let Some((_, homes)) = HOMES.iter().find(|(name, _)| name == outside)
                    && !homes.contains(&room)
                {
                    complain(format!("{shown}: {outside} is at home in {homes:?} only"));
                }
            }
            [] => {}
        }
    }
    for (place, name) in UNSPOKEN {
        if room == *place && tokens.iter().any(|token| token == name) {
            complain(format!("names {name}, which {room} must never see"));
        }
    }
    for pair in tokens.windows(2) {
        if pair[0] == "mod" && EMPTY_NAMES.contains(&pair[1].as_str()) {
            complain(format!("has a module {}, which says nothing", pair[1]));
        }
    }
    complaints
}

/// The module that a file is: `src/hook/pre_commit.rs` is `[hook, pre_commit]`, `src/lib.rs` is `[]`.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix("src").expect("a source file");
    let mut module: Vec<String> = inside
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
        module.pop();
    }
    module
}

/// The words and signs of a Rust text; comments, strings and character literals are left out.
fn tokens(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: usize| characters.get(index).copied().unwrap_or('\0');
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut tokens = Vec::new();
    let mut here = 0;
    while here < characters.len() {
        let character = at(here);
        if character == '/' && at(here + 1) == '/' {
            while here < characters.len() && at(here) != '\n' {
                here += 1;
            }
        } else if character == '/' && at(here + 1) == '*' {
            let mut depth = 0;
            while here < characters.len() {
                match (at(here), at(here + 1)) {
                    ('/', '*') => (depth, here) = (depth + 1, here + 2),
                    ('*', '/') => (depth, here) = (depth - 1, here + 2),
                    _ => here += 1,
                }
                if depth == 0 {
                    break;
                }
            }
        } else if character == '"' {
            here = end_of_string(&characters, here);
        } else if character == '\'' {
            // A character literal, or a lifetime, which is a sign and a word.
            if at(here + 1) == '\\' {
                here += 3;
                while here < characters.len() && at(here) != '\'' {
                    here += 1;
                }
                here += 1;
            } else if at(here + 2) == '\'' {
                here += 3;
            } else {
                here += 1;
            }
        } else if is_word(character) {
            let start = here;
            while is_word(at(here)) {
                here += 1;
            }
            let word: String = characters[start..here].iter().collect();
            let raw = matches!(word.as_str(), "r" | "br" | "cr");
            if raw && matches!(at(here), '"' | '#') {
                let mut fence = 0;
                while at(here + fence) == '#' {
                    fence += 1;
                }
                if at(here + fence) == '"' {
                    here = end_of_raw_string(&characters, here + fence + 1, fence);
                } else {
                    // A raw identifier: the next round reads its name.
                    here += fence;
                }
            } else if !(matches!(word.as_str(), "b" | "c") && at(here) == '"') {
                tokens.push(word);
            }
        } else if character == ':' && at(here + 1) == ':' {
            tokens.push("::".to_owned());
            here += 2;
        } else {
            if !character.is_whitespace() {
                tokens.push(character.to_string());
            }
            here += 1;
        }
    }
    tokens
}

/// The index behind the string literal that begins at `start`.
fn end_of_string(characters: &[char], start: usize) -> usize {
    let mut here = start + 1;
    while here < characters.len() && characters[here] != '"' {
        here += if characters[here] == '\\' { 2 } else { 1 };
    }
    here + 1
}

/// The index behind the raw string literal whose content begins at `start`.
fn end_of_raw_string(characters: &[char], start: usize, fence: usize) -> usize {
    let mut here = start;
    while here < characters.len() {
        let closes =
            characters[here] == '"' && (1..=fence).all(|n| characters.get(here + n) == Some(&'#'));
        if closes {
            return here + 1 + fence;
        }
        here += 1;
    }
    here
}

/// Leaves out what `#[cfg(test)]` stands before: an item up to its closing brace or its semicolon.
fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut here = 0;
    while here < tokens.len() {
        if !tokens[here..].iter().take(7).eq(attribute.iter()) {
            kept.push(tokens[here].clone());
            here += 1;
            continue;
        }
        here += attribute.len();
        let mut depth = 0;
        while here < tokens.len() {
            match tokens[here].as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            here += 1;
            let ended = match tokens[here - 1].as_str() {
                "}" | ";" => depth == 0,
                _ => false,
            };
            if ended {
                break;
            }
        }
    }
    kept
}

/// Every path of two words or more, and every one-word import; braces are spread out, `self::` and `super::` resolved.
fn paths(tokens: &[String], module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    // The modules inside the file that are open here, each with the depth of braces it began at.
    let mut inner: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut here = 0;
    while here < tokens.len() {
        let token = tokens[here].as_str();
        let before = here.checked_sub(1).map_or("", |index| &tokens[index]);
        if token == "{" {
            if let Some([keyword, name]) = here.checked_sub(2).map(|from| &tokens[from..here])
                && keyword == "mod"
            {
                inner.push((name.clone(), depth));
            }
            depth += 1;
        } else if token == "}" {
            depth = depth.saturating_sub(1);
            if inner.last().is_some_and(|(_, began)| *began == depth) {
                inner.pop();
            }
        }
        let begins = match token {
            "::" => before == "use" || !is_name(before),
            _ => before != "::" && is_name(token) && token != "use",
        };
        let imports = before == "use" || before == "crate" && token != "::";
        if begins && before != "." && (imports || token == "::" || next_is(tokens, here, "::")) {
            let mut spread = Vec::new();
            let start = if token == "::" { here + 1 } else { here };
            here = spread_out(tokens, start, &mut Vec::new(), &mut spread).max(here + 1);
            let whole: Vec<String> = module
                .iter()
                .chain(inner.iter().map(|(name, _)| name))
                .cloned()
                .collect();
            found.extend(spread.into_iter().map(|path| resolve(path, &whole)));
            continue;
        }
        here += 1;
    }
    found
}

fn next_is(tokens: &[String], here: usize, sign: &str) -> bool {
    tokens.get(here + 1).is_some_and(|next| next == sign)
}

fn is_name(token: &str) -> bool {
    token
        .chars()
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
}

/// Reads one path, with the braces of an import, and tells where it ends.
fn spread_out(
    tokens: &[String],
    start: usize,
    prefix: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> usize {
    let before = prefix.len();
    let mut here = start;
    loop {
        let token = tokens.get(here).map_or("", String::as_str);
        if token == "{" && (here > start || before > 0) {
            here += 1;
            while tokens.get(here).is_some_and(|token| token != "}") {
                let next = spread_out(tokens, here, prefix, found);
                // `as other`, commas, and whatever else stands between the branches.
                here = next.max(here + 1);
                while tokens
                    .get(here)
                    .is_some_and(|token| token != "," && token != "}")
                {
                    here += 1;
                }
                if tokens.get(here).is_some_and(|token| token == ",") {
                    here += 1;
                }
            }
            here += 1;
            break;
        }
        if !is_name(token) && token != "*" {
            found.push(prefix.clone());
            break;
        }
        prefix.push(token.to_owned());
        here += 1;
        if tokens.get(here).is_some_and(|token| token == "::") {
            here += 1;
        } else {
            found.push(prefix.clone());
            break;
        }
    }
    prefix.truncate(before);
    here
}

/// Turns `self::` and `super::` into `crate::`.
fn resolve(path: Vec<String>, module: &[String]) -> Vec<String> {
    let climbs = path.iter().take_while(|word| *word == "super").count();
    let own = path.first().is_some_and(|word| word == "self");
    if climbs == 0 && !own {
        return path;
    }
    let skip = if own { 1 } else { climbs };
    let more = if own {
        path[1..].iter().take_while(|word| *word == "super").count()
    } else {
        0
    };
    let stays = module.len().saturating_sub(climbs + more);
    let mut whole = vec!["crate".to_owned()];
    whole.extend_from_slice(&module[..stays]);
    whole.extend_from_slice(&path[skip + more..]);
    whole
}

/// Whether a Rust text has a function of this name outside its tests.
fn has_function(text: &str, name: &str) -> bool {
    without_tests(tokens(text))
        .windows(2)
        .any(|pair| pair[0] == "fn" && pair[1] == name)
}

/// The checker must be able to complain.
mod checker {
    use super::*;

    fn about(file: &str, text: &str) -> Vec<String> {
        complaints_about(Path::new(file), &format!("//! A file.\n{text}"))
    }

    #[track_caller]
    fn complains(file: &str, text: &str, about_what: &str) {
        let complaints = about(file, text);
        assert!(
            complaints
                .iter()
                .any(|complaint| complaint.contains(about_what)),
            "{text:?} in {file}: {complaints:?}"
        );
    }

    #[track_caller]
    fn is_content(file: &str, text: &str) {
        let complaints = about(file, text);
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    #[test]
    fn a_forbidden_room_is_seen_however_it_is_named() {
        for text in [
            "use crate::git::Repository;",
            "use crate::{model::Oid, git::{self, Tree}};",
            "pub(crate) use crate::git;",
            "use crate::git as harmless;",
            "fn f() { let x = crate::git::open(); }",
            "fn f(x: &crate::git::Tree) {}",
            "mod inner { use super::super::super::git::Tree; }",
            "use super::super::git;",
            "use self::super::super::git;",
        ] {
            complains("src/scan/mask.rs", text, "scan must not know git");
        }
        complains(
            "src/check.rs",
            "use super::cli::Failure;",
            "check must not know cli",
        );
        complains(
            "src/report/mod.rs",
            "use super::policy;",
            "report must not know policy",
        );
        complains(
            "src/main.rs",
            "use stagegate::policy::Policy;",
            "main must not know policy",
        );
        complains(
            "src/model/oid.rs",
            "use crate::rules::Rule;",
            "model must not know rules",
        );
    }

    #[test]
    fn a_crate_outside_its_home_is_seen() {
        complains(
            "src/hook/mod.rs",
            "use git2::Repository;",
            "git2 is at home",
        );
        complains(
            "src/hook/mod.rs",
            "use ::git2::Repository;",
            "git2 is at home",
        );
        complains("src/hook/mod.rs", "use git2;", "git2 is at home");
        complains("src/cli/mod.rs", "extern crate git2;", "git2 is at home");
        complains(
            "src/origin/aws.rs",
            "fn f() { aho_corasick::x(); }",
            "at home",
        );
        complains(
            "src/report/json.rs",
            "use {serde::Serialize, toml::Value};",
            "toml",
        );
    }

    #[test]
    fn exits_unspoken_names_and_empty_names_are_seen() {
        complains(
            "src/cli/mod.rs",
            "fn f() { std::process::exit(1) }",
            "only src/main.rs exits",
        );
        complains(
            "src/cli/mod.rs",
            "use std::process::{Command, exit};",
            "only src/main.rs exits",
        );
        complains(
            "src/cli/mod.rs",
            "use std::process; fn f() { process::exit(1) }",
            "exits",
        );
        complains(
            "src/policy/mod.rs",
            "use crate::model::{Oid, Secret};",
            "names Secret",
        );
        complains("src/scan/utils.rs", "", "says nothing");
        complains("src/scan/mod.rs", "mod helpers;", "says nothing");
        complains("src/extra/mod.rs", "", "not in the table");
        complains("src/lib.rs", "pub use crate::git::Tree;", "only lists");
        complains("src/scan/mod.rs", "use crate::Tree;", "is not a room");
        complains("src/scan/mod.rs", "use crate::*;", "names everything");
        let bare = complaints_about(Path::new("src/scan/mod.rs"), "fn f() {}");
        assert!(bare[0].contains("does not open"), "{bare:?}");
    }

    #[test]
    fn what_is_allowed_quoted_or_a_test_is_left_alone() {
        is_content("src/git/mod.rs", "use git2::Repository;");
        is_content(
            "src/scan/mod.rs",
            "use crate::{model::Secret, rules::Rule};",
        );
        is_content(
            "src/scan/mod.rs",
            "// use crate::git;\n/* crate::git::x /* y */ */",
        );
        is_content(
            "src/scan/mod.rs",
            r##"fn f() -> &'static str { "crate::git::x" }"##,
        );
        is_content(
            "src/scan/mod.rs",
            "const A: &[u8] = br#\"use crate::git\"; crate::git::x\"#; const B: char = '\"';",
        );
        is_content(
            "src/scan/mod.rs",
            "fn f<'a>(x: &'a u8) { let git = 1; x.git(); }",
        );
        is_content("src/scan/mod.rs", "mod inner { use super::mask::Mask; }");
        is_content("src/scan/mask.rs", "use super::prefilter::Prefilter;");
        is_content(
            "src/scan/mod.rs",
            "#[cfg(test)] mod tests { use crate::git::Tree; }",
        );
        is_content("src/report/mod.rs", "use super::report::text;");
        is_content(
            "src/main.rs",
            "fn main() { std::process::exit(stagegate::cli::run()) }",
        );
        complains(
            "src/scan/mod.rs",
            "#[cfg(test)] mod tests { fn f() {} } use crate::git::Tree;",
            "scan must not know git",
        );
        complains(
            "src/scan/mod.rs",
            "#[cfg(test)] use std::fs; use crate::git::Tree;",
            "scan must not know git",
        );
    }
}
