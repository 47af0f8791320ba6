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
