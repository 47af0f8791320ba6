//! What the pages say in numbers must be what the code does. Not here: `docs/design.md`'s table of rooms, which
//! `tests/architecture.rs` holds.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn the_limits_of_the_page_are_those_of_the_code() {
    let page = read("docs/how-a-push-is-read.md");
    // File, what stands there, and what the page makes of it.
    for (file, code, said) in [
        ("src/git/commits.rs", "SLOP: usize = 5;", "`SLOP` = 5 "),
        (
            "src/git/commits.rs",
            "PATIENT: usize = 100_000;",
            "`PATIENT` = 100,000",
        ),
        (
            "src/git/trees.rs",
            "DEEPEST: usize = 4096;",
            "| `DEEPEST` | 4,096 folders |",
        ),
        (
            "src/git/alternates.rs",
            "DEEPEST: usize = 5;",
            "`DEEPEST` = 5 in a row",
        ),
        (
            "src/scan/decode/mod.rs",
            "DEPTH: usize = 3;",
            "`DEPTH` = 3 layers",
        ),
        (
            "src/scan/decode/mod.rs",
            "BUDGET: usize = 64 << 20;",
            "`BUDGET` = 64 MiB",
        ),
        (
            "src/scan/decode/runs.rs",
            "SHORTEST: usize = 24;",
            "`SHORTEST` = 24 ",
        ),
        (
            "src/examine.rs",
            "SHORTEST_ENCODED: usize = 16;",
            "`SHORTEST_ENCODED` = 16",
        ),
        (
            "src/scan/decode/mod.rs",
            "LARGEST_BLOB: usize = 512 << 20;",
            "| `LARGEST_BLOB` | 512 MiB |",
        ),
        (
            "src/judge/look.rs",
            "PIECE: usize = 16 << 20;",
            "`PIECE` = 16 MiB",
        ),
        (
            "src/judge/look.rs",
            "OVERLAP: usize = 128 << 10;",
            "`OVERLAP` = 128 KiB",
        ),
        (
            "src/judge/look.rs",
            "LARGEST_IN_PIECES: usize = 8 << 30;",
            "| `LARGEST_IN_PIECES` | 8 GiB |",
        ),
        (
            "src/syntax/mod.rs",
            "LARGEST_PARSED: usize = 2 << 20;",
            "| `LARGEST_PARSED` | 2 MiB |",
        ),
        (
            "src/scan/candidate.rs",
            "REACH: usize = 64 << 10;",
            "| `REACH`, `REACH_BACK` | 64 KiB, ",
        ),
        (
            "src/scan/candidate.rs",
            "REACH_BACK: usize = 8 << 10;",
            ", 8 KiB |",
        ),
        (
            "src/hook/mod.rs",
            "MOST: u64 = 1 << 30;",
            "| `MOST` | 1 GiB |",
        ),
    ] {
        assert!(
            read(file).contains(code),
            "{file} has no `{code}`: mend the page, then this"
        );
        assert!(page.contains(said), "the page does not say {said:?}");
    }
}

#[test]
fn the_parameters_of_the_inventory_are_those_of_the_code() {
    let page = read("docs/inventory.md");
    for (file, code, said) in [
        (
            "src/inventory/key.rs",
            "ANCHOR_BITS: u32 = 36;",
            "| 36 bits |",
        ),
        (
            "src/inventory/key.rs",
            "STRONG: usize = 18;",
            "| 144 bits |",
        ),
        (
            "src/inventory/strength.rs",
            "FLOOR: f64 = 50.0;",
            "under 50 bits",
        ),
        (
            "src/inventory/store.rs",
            "PER_BUCKET: usize = 100;",
            "about 100 records",
        ),
        (
            "src/inventory/encoded.rs",
            "SHORTEST: usize = 11;",
            "runs of 11 to",
        ),
        (
            "src/inventory/encoded.rs",
            "LONGEST: usize = 23;",
            "to 23 digits",
        ),
        (
            "src/scan/fingerprint.rs",
            "MEMORY_KIB: u32 = 4096;",
            "with 4 MiB",
        ),
    ] {
        assert!(
            read(file).contains(code),
            "{file} has no `{code}`: mend the page, then this"
        );
        assert!(page.contains(said), "the page does not say {said:?}");
    }
}

#[test]
fn the_names_that_the_pages_point_to_are_there() {
    for (file, name) in [
        ("src/check/past.rs", "fn of("),
        ("src/check.rs", "fn tip("),
        ("src/check.rs", "fn range("),
        ("src/judge.rs", "fn say_closed("),
        ("src/model/report.rs", "fn outcome("),
        ("src/scan/reason/mod.rs", "enum Reason"),
        ("src/hook/ci/mod.rs", "const SYSTEMS"),
    ] {
        assert!(
            read(file).contains(name),
            "{file} has no `{name}`: mend docs/ and this"
        );
    }
}

#[test]
fn the_readme_counts_the_rules_that_are_there() {
    let list = Command::new(env!("CARGO_BIN_EXE_stagegate"))
        .args(["rules", "list"])
        .output()
        .expect("the binary runs");
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let last = list.lines().last().unwrap_or_default();
    let numbers = |text: &str| -> Vec<String> {
        text.split(|character: char| !character.is_ascii_digit())
            .filter(|digits| !digits.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let readme = read("README.md");
    let told = readme
        .lines()
        .find(|line| line.contains("stagegate rules list "))
        .expect("a line on `rules list`");
    assert_eq!(numbers(told), numbers(last), "{last}");
}

#[test]
fn the_page_of_the_frameworks_is_what_the_matrix_prints() {
    let matrix = |options: &[&str]| {
        let ran = Command::new(env!("CARGO_BIN_EXE_stagegate"))
            .args(["rules", "matrix"])
            .args(options)
            .output()
            .expect("the binary runs");
        assert!(ran.status.success());
        String::from_utf8(ran.stdout).expect("text")
    };
    assert!(
        read("docs/frameworks.md") == matrix(&["--page"]),
        "make it again: stagegate rules matrix --page > docs/frameworks.md"
    );
    let text = matrix(&[]);
    for told in [
        "NHI8:2025 Environment Isolation",
        "PR.AA-05 ",
        "6.5.5 ",
        "A.8.31 ",
        "family data: ",
    ] {
        assert!(text.contains(told), "{told} is not in\n{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&matrix(&["--format", "json"])).expect("JSON");
    let controls = json["frameworks"][0]["controls"]
        .as_array()
        .expect("controls");
    assert_eq!(controls[0]["id"], "NHI8:2025");
    let families = json["families"].as_array().expect("families");
    assert!(families.iter().all(|family| {
        family["rules"]
            .as_array()
            .is_some_and(|rules| !rules.is_empty())
    }));
}

/// Every Markdown file that a reader may open, from the root of the project. Not those of fixtures, which are data.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root.join(&folder)).expect("a folder can be read");
        for entry in entries.map(|entry| entry.expect("an entry")) {
            let name = entry.file_name().into_string().expect("text");
            let path = folder.join(&name);
            let kind = entry.file_type().expect("a kind");
            if kind.is_dir() {
                let skipped = ["target", "fixtures", "fuzz", "node_modules"];
                if !name.starts_with('.') && !skipped.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(".md") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 30, "hardly any page: {found:?}");
    found.sort();
    found
}

/// Text without blocks of code and without `code`, where brackets are no links.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            for (at, part) in line.split('`').enumerate() {
                if at % 2 == 0 {
                    prose.push_str(part);
                } else {
                    // What a heading says in code belongs to its anchor, what else it says links nowhere.
                    prose.push_str(&part.replace("](", "] ("));
                }
            }
            prose.push('\n');
        }
    }
    prose
}

/// File and anchor of each link that stays in the project.
fn links(page: &Path) -> Vec<(PathBuf, String)> {
    let text = prose(&read(&page.display().to_string()));
    let folder = page.parent().unwrap_or(Path::new(""));
    let mut links = Vec::new();
    for link in text.split("](").skip(1) {
        let target = link.split(')').next().unwrap_or_default();
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let mut path = PathBuf::new();
        let whole = if file.is_empty() {
            page.to_owned()
        } else {
            folder.join(file)
        };
        for part in whole.components() {
            match part {
                Component::ParentDir => {
                    path.pop();
                }
                part => path.push(part),
            }
        }
        links.push((path, anchor.to_owned()));
    }
    links
}

/// The anchors of a page as GitHub makes them.
fn anchors(page: &Path) -> BTreeSet<String> {
    prose(&read(&page.display().to_string()))
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim();
            let text: String = heading
                .split("](")
                .enumerate()
                .map(|(at, part)| match at {
                    0 => part,
                    _ => part.split_once(')').map_or("", |(_, rest)| rest),
                })
                .collect();
            text.to_lowercase()
                .chars()
                .filter_map(|character| match character {
                    ' ' => Some('-'),
                    '-' | '_' => Some(character),
                    character => character.is_alphanumeric().then_some(character),
                })
                .collect()
        })
        .collect()
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for page in pages() {
        for (target, anchor) in links(&page) {
            if !root.join(&target).exists() {
                broken.push(format!("{}: {}", page.display(), target.display()));
            } else if !anchor.is_empty()
                && target.extension().is_some_and(|ending| ending == "md")
                && !anchors(&target).contains(&anchor)
            {
                broken.push(format!("{}: {}#{anchor}", page.display(), target.display()));
            }
        }
    }
    assert!(broken.is_empty(), "lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_page_of_the_book_is_in_its_contents() {
    let linked: BTreeSet<PathBuf> = links(Path::new("docs/README.md"))
        .into_iter()
        .map(|(target, _)| target)
        .collect();
    for page in pages() {
        if page.starts_with("docs") && page != Path::new("docs/README.md") {
            assert!(
                linked.contains(&page),
                "docs/README.md does not link to {}",
                page.display()
            );
        }
    }
    assert!(
        links(Path::new("README.md"))
            .iter()
            .any(|(target, _)| target == Path::new("docs/README.md")),
        "README.md does not link to the book"
    );
}
