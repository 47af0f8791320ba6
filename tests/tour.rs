//! docs/tour.md shows what the binary prints: the page is made again, in a scratch folder, and compared.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_tour_is_what_the_binary_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new(root.join("tests/tour.sh"))
        .arg(env!("CARGO_BIN_EXE_stagegate"))
        .output()
        .expect("tests/tour.sh runs");
    let error = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{error}");
    let printed = String::from_utf8(ran.stdout).expect("text");
    let page = std::fs::read_to_string(root.join("docs/tour.md")).expect("the page");
    let differs = printed
        .lines()
        .zip(page.lines())
        .position(|(printed, page)| printed != page)
        .unwrap_or_else(|| printed.lines().count().min(page.lines().count()));
    assert!(
        printed == page,
        "docs/tour.md:{} differs; make it again: tests/tour.sh BINARY > docs/tour.md\n  page:    {}\n  printed: {}",
        differs + 1,
        page.lines().nth(differs).unwrap_or("(its end)"),
        printed.lines().nth(differs).unwrap_or("(its end)"),
    );
}

/// The first screen of the README: its push is the one that `install.sh --try` makes, up to where it is cut.
#[test]
fn the_push_of_the_readme_is_what_the_binary_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new(root.join("install.sh"))
        .args(["--try", "--binary", env!("CARGO_BIN_EXE_stagegate")])
        .output()
        .expect("install.sh runs");
    assert!(ran.status.success());
    let printed = String::from_utf8(ran.stdout).expect("text");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let push = |text: &str| -> Vec<String> {
        text.lines()
            .skip_while(|line| *line != "$ git push origin staging")
            .take_while(|line| !line.starts_with("[ ") && !line.contains("= fingerprint"))
            // The name of a commit of this minute.
            .map(|line| line.split("   (commit").next().unwrap_or(line).to_owned())
            .collect()
    };
    let shown = push(&readme);
    assert!(shown.len() > 15, "the README shows a push: {shown:?}");
    assert_eq!(shown, push(&printed));
}
