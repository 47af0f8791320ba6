//! The page of a posture, looked at in a real browser (headless Chromium), and as text: nothing from outside, nothing of a
//! secret, nothing that a repository says run as a script. What the browser needs `tests/setup.sh` installs; without it
//! that part says that it was skipped.
//!
//! `STAGEGATE_PICTURES=1` writes the screenshots of the documents anew instead of comparing with them.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::TestEnv;
use support::history::{audit, hostile, shop};

/// A file of the tools that `tests/setup.sh` installs.
fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/test-tools")
        .join(name)
}

/// The browser, Python with Playwright, and the checker of accessibility; none if one of them is missing.
fn browser() -> Option<[PathBuf; 3]> {
    let found = [
        PathBuf::from("/usr/bin/chromium"),
        tool("bin/python"),
        tool("node_modules/axe-core/axe.min.js"),
    ];
    let has_playwright = Command::new(&found[1])
        .args(["-c", "import playwright"])
        .output()
        .is_ok_and(|ran| ran.status.success());
    (has_playwright && found.iter().all(|file| file.exists())).then_some(found)
}

#[allow(clippy::print_stderr)] // who reads the log of a run must see what was not tested
fn look(page: &Path, folder: &Path, pictures: Option<&Path>) {
    let Some([chromium, python, axe]) = browser() else {
        eprintln!("skipped: no browser here, tests/setup.sh installs it");
        return;
    };
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/look.py"))
        .args([&chromium, &axe])
        .args([page, folder]);
    command.args(pictures);
    let ran = command.output().expect("python runs");
    assert!(
        ran.status.success(),
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn the_page_looks_as_in_the_documents() {
    let env = TestEnv::new();
    let (work, values) = shop(&env, "shop");
    let page = env.path("posture.html");
    let output = format!("html={}", page.display());
    audit(&env, &work, &["--output", &output]).exits(0);
    let text = std::fs::read_to_string(&page).expect("the page");
    for value in &values.all {
        assert!(!text.contains(value.as_str()), "a value is in the page");
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images");
    let writes = std::env::var_os("STAGEGATE_PICTURES").is_some();
    let folder = if writes { docs.clone() } else { env.path("") };
    look(&page, &folder, (!writes).then_some(docs.as_path()));
}

#[test]
fn what_a_repository_says_is_text() {
    let env = TestEnv::new();
    let (work, values) = shop(&env, "shop");
    hostile(&env, &work);
    let page = env.path("posture.html");
    let output = format!("html={}", page.display());
    audit(&env, &work, &["--output", &output]).exits(0);
    let text = std::fs::read_to_string(&page).expect("the page");
    for value in &values.all {
        assert!(!text.contains(value.as_str()), "a value is in the page");
    }
    // Escaped, and there.
    assert!(text.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert!(text.contains("svg onload=alert(3)\\u{202e}Eve"));
    assert!(text.contains("&lt;svg/onload=alert(4)&gt;"));
    for raw in [
        "<img",
        "<svg/",
        "<svg onload",
        "alert(2)</script>",
        "\u{202e}",
    ] {
        assert!(!text.contains(raw), "{raw}");
    }
    assert_eq!(text.matches("<script>").count(), 1, "our own");
    // Nothing is loaded from anywhere, and no style or handler stands in an attribute, which the page's own policy forbids.
    for outside in [
        "http://",
        "https://",
        "src=\"",
        " style=\"",
        " onclick=",
        "@import",
    ] {
        let mut said = text.match_indices(outside);
        // An SVG needs no namespace in HTML; remedies name pages of vendors, as text.
        let harmless =
            |(at, _): (usize, &str)| !text[..at].ends_with('"') && outside.starts_with("http");
        assert!(said.all(harmless), "{outside}");
    }
    look(&page, &env.path(""), None);
}
