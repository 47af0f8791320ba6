//! No mode, format or verbosity shows a planted value: not raw, not its second half, not in base64, not URL-encoded.
//!
//! The values are those of every built-in rule's own examples, and passwords; they are planted as content, in file and
//! folder names, in keys, in messages, beside each other, and beside encodings of themselves. Not here: whether each
//! is found, which the rules' own tests show; only that enough is found for the output to be worth reading.

mod support;

use std::{collections::BTreeSet, fmt::Write as _, fs};

use aho_corasick::AhoCorasick;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use regex::bytes::{Regex, RegexBuilder};
use stagegate::rules::{Kind, Rule};
use support::{Ran, Repo, Server, TestEnv, live_key, secret};

const STAGING: &str = "refs/heads/staging";

/// What is on a command line beside the mode: text and JSON at every verbosity; all formats are written by one run more. A run of the debug binary over all that
/// is planted takes a second, so what cannot differ (JSON knows no verbosity but `--all`) is not tried in every mix.
const WAYS: &[&[&str]] = &[
    &[],
    &["-q"],
    &["-v"],
    &["-vv"],
    &["--all", "-vv"],
    &["--format", "json", "-q"],
    &["--format", "json", "-vv"],
    &["--format", "json", "--all"],
];

/// Those of the other modes: the report is made the same way, what goes into it is not.
const FEW: &[&[&str]] = &[&["-vv"], &["--format", "json", "--all"]];

#[test]
fn scan_shows_no_value() {
    let env = TestEnv::new();
    let stage = Stage::set(&env);
    stage.drive(WAYS, |args| {
        stage.work.stagegate(
            ["scan", "--rev", "kept", "--ref", STAGING]
                .into_iter()
                .chain(args.iter().copied()),
        )
    });
}

#[test]
fn check_shows_no_value() {
    let env = TestEnv::new();
    let stage = Stage::set(&env);
    stage.drive(FEW, |args| {
        stage.work.stagegate(
            [
                "check", "--base", "main", "--head", "kept", "--ref", STAGING,
            ]
            .into_iter()
            .chain(args.iter().copied()),
        )
    });
}

#[test]
fn what_is_explained_shows_no_value() {
    let env = TestEnv::new();
    let stage = Stage::set(&env);
    // Each reads all that is planted, so there are few of them.
    for (format, verbosity) in [("text", "-vv"), ("json", "-q")] {
        let ran = stage.work.stagegate([
            "scan",
            "--rev",
            "kept",
            "--ref",
            STAGING,
            "--explain-rejections",
            "--format",
            format,
            verbosity,
        ]);
        ran.exits(1);
        stage.watch.nothing_in("--explain-rejections", &ran);
    }
    // Every finding of some lines, each by its place, in the index and in the tree.
    for (path, format, rev) in [
        ("config/staging/.env:1", "text", &[][..]),
        ("keys/0.yml:3", "json", &["--rev", "kept"]),
    ] {
        let args = ["explain", path, "--ref", STAGING, "--format", format];
        let ran = stage
            .work
            .stagegate(args.into_iter().chain(rev.iter().copied()));
        ran.succeeded();
        stage.watch.nothing_in(path, &ran);
    }
    // Some of what is planted, through standard input.
    for (rule, number, text, _) in examples().into_iter().step_by(23) {
        let path = format!("names/{}-{number}.env", rule.id);
        let mut command = env.command(support::STAGEGATE, &stage.work.dir);
        command.args(["explain", "--path", &path, "--ref", STAGING]);
        if number > 0 {
            command.args(["--format", "json", "--key", "prod.api_key"]);
        }
        let ran = support::run_with_input(&mut command, text.as_bytes());
        ran.succeeded();
        stage.watch.nothing_in(&path, &ran);
    }
}

#[test]
fn pre_commit_shows_no_value() {
    let env = TestEnv::new();
    let stage = Stage::set(&env);
    stage.drive(FEW, |args| {
        stage
            .work
            .stagegate(["pre-commit"].into_iter().chain(args.iter().copied()))
    });
}

#[test]
fn pre_receive_shows_no_value() {
    let env = TestEnv::new();
    let stage = Stage::set(&env);
    let line = format!(
        "{} {} {STAGING}\n",
        stage.work.tip("main"),
        stage.work.tip("kept")
    );
    stage.drive(FEW, |args| stage.server.pre_receive(&line, args));

    // And once through a real push, as a pusher sees it.
    let push = stage.work.push(["kept:refs/heads/staging"]);
    push.refused();
    stage.watch.nothing_in("push", &push);
}

#[test]
fn a_ref_name_that_is_a_key_is_masked() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let (named, held) = (live_key(1), live_key(2));
    let mut watch = Watch::default();
    watch.plant("the ref's name", named.as_bytes());
    watch.plant("the content", held.as_bytes());
    let watch = watch.ready();
    work.commit_file("config/staging.yml", format!("key: {held}\n"));
    let name = format!("release/{named}");
    for format in ["text", "json"] {
        let name = format!("refs/heads/{name}");
        let ran = work.stagegate(["scan", "--ref", &name, "--format", format, "-vv"]);
        ran.exits(1);
        watch.nothing_in(format, &ran);
    }
    work.git(["branch", &name]);
    for format in AUDIT {
        let ran = work.stagegate(["audit", "--format", format, "--all", "-vv"]);
        ran.exits(0);
        // The table names no refs.
        assert!(
            *format == "text" || ran.stdout.contains("release/"),
            "{format}: the ref is told"
        );
        watch.nothing_in(format, &ran);
    }
}

/// The forms of a posture.
const AUDIT: &[&str] = &["text", "json", "json-lines", "html"];

/// The page and the records of a posture, what is kept between runs, what is merged, and the baseline.
#[test]
fn audit_shows_no_value() {
    let env = TestEnv::new();
    let stage = Stage::set(&env);
    let work = &stage.work;
    // A ref that staging claims holds all of it, a tag says it, and one that production claims holds it, too.
    work.git(["branch", "stg", "kept"]);
    work.git(["branch", "production", "kept"]);
    let message = work.git(["log", "-1", "--format=%B", "kept"]);
    work.git(["tag", "-a", "-m", &message, "v1", "kept"]);

    let files: Vec<_> = AUDIT
        .iter()
        .map(|format| {
            let file = env.path(format!("posture.{format}"));
            (format!("{format}={}", file.display()), file)
        })
        .collect();
    let baseline = env.path("baseline.jsonl");
    let cache = env.path("cache");
    let mut args = vec!["audit", "--all", "-vv"];
    for (output, _) in &files {
        args.extend(["--output", output]);
    }
    let baseline_text = baseline.display().to_string();
    let cache_text = cache.display().to_string();
    args.extend(["--baseline", &baseline_text, "--cache", &cache_text]);
    let ran = work.stagegate(args);
    ran.exits(0);
    stage.watch.nothing_in("audit", &ran);
    for (output, file) in &files {
        let written = fs::read(file).expect("a posture was written");
        assert!(!written.is_empty(), "{output}: the posture is empty");
        stage.watch.nothing_in_bytes(output, &written);
    }
    let json = fs::read(&files[1].1).expect("the posture");
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let found: BTreeSet<_> = json["credentials"]
        .as_array()
        .expect("a list of credentials")
        .iter()
        .filter_map(|one| one["rule"].as_str())
        .collect();
    assert!(found.len() > 300, "only {} rules are told", found.len());

    // Without --all, and from what the first run kept.
    for format in ["text", "html"] {
        let ran = work.stagegate(["audit", "--format", format, "--cache", &cache_text]);
        ran.exits(0);
        stage.watch.nothing_in(format, &ran);
    }
    let records = files[2].1.display().to_string();
    for format in ["text", "json"] {
        let ran = work.stagegate(["audit", "--from", &records, "--format", format, "--all"]);
        ran.exits(0);
        stage.watch.nothing_in(&format!("--from, {format}"), &ran);
    }
    let kept = fs::read(&baseline).expect("the baseline");
    assert!(!kept.is_empty(), "nothing is in the baseline");
    stage.watch.nothing_in_bytes("baseline", &kept);
    let mut all = 0;
    for entry in fs::read_dir(&cache).expect("the cache") {
        let kept = fs::read(entry.expect("an entry").path()).expect("a file of the cache");
        all += kept.len();
        stage.watch.nothing_in_bytes("cache", &kept);
    }
    assert!(all > 0, "nothing was kept");
}

/// A repository full of planted values: `kept` holds them, and so does the index of branch `staging`, whose tip is
/// still clean; the server has all objects and a clean `staging`.
struct Stage<'e> {
    env: &'e TestEnv,
    work: Repo<'e>,
    server: Server<'e>,
    watch: Watcher,
}

impl<'e> Stage<'e> {
    fn set(env: &'e TestEnv) -> Self {
        let (work, server) = env.shop();
        let mut watch = Watch::default();
        let mut names = Vec::new();
        let mut message = String::from("Plant\n\n");

        for (rule, number, text, value) in examples() {
            let id = &rule.id;
            watch.plant(&format!("example {number} of {id}"), &value);
            work.write(format!("examples/{id}-{number}.txt"), &text);
            work.write(
                format!("neighbours/{id}-{number}.txt"),
                neighbours(&text, &value),
            );
            if stands_alone(rule, &value) {
                let value = String::from_utf8(value).expect("what stands alone is ASCII");
                if names.len() < 20 {
                    writeln!(message, "Tested with {value} today").expect("text");
                }
                names.push(value);
            }
        }
        assert!(names.len() > 5, "hardly any example stands alone");
        for (at, name) in names.iter().enumerate().take(20) {
            let other = &names[(at + 1) % names.len()];
            let third = &names[(at + 2) % names.len()];
            work.write(format!("names/{name}.txt"), format!("key: {other}\n"));
            work.write(format!("folders/{name}/{at}.env"), format!("KEY={other}\n"));
            work.write(
                format!("keys/{at}.yml"),
                format!("\"prod {name}\":\n  \"{third}\":\n    stripe_secret_key: {other}\n"),
            );
            work.write(
                format!("keys/{at}.json"),
                format!("{{\"{name}\": {{\"api_key\": \"{other}\", \"b\": \"{third}\"}}}}\n"),
            );
            work.write(
                format!("lines/{at}.txt"),
                format!(
                    "{name} {other},{third}\n{name};{name}\n\u{1b}[1m{name}\u{1b}[0m {other}\n"
                ),
            );
        }
        passwords(&work, &mut watch);

        work.switch("staging");
        work.commit(&message);
        work.git(["branch", "kept"]);
        // The objects have to be on the server for a hook that is run by hand; the gate would not let them in.
        server.unguard();
        work.push(["kept:refs/heads/feature/kept"]).succeeded();
        server.guard::<&str>(&[]);
        work.git(["reset", "-q", "--soft", "main"]);
        Self {
            env,
            work,
            server,
            watch: watch.ready(),
        }
    }

    /// Runs one mode in every way, and looks for the values in all it leaves behind.
    fn drive(&self, ways: &[&[&str]], mode: impl Fn(&[&str]) -> Ran) {
        for &way in ways {
            let ran = mode(way);
            ran.exits(1);
            self.watch.nothing_in(&way.join(" "), &ran);
            if way == ["--format", "json", "--all"] {
                enough_was_found(&ran);
            }
        }
        // All formats at once, each to a file.
        let formats = stagegate::report::ALL.iter().map(|format| format.as_str());
        let files: Vec<(String, _)> = formats
            .map(|format| {
                let file = self.env.path(format!("report.{format}"));
                (format!("{format}={}", file.display()), file)
            })
            .collect();
        let mut args = vec!["--all", "-vv"];
        for (output, _) in &files {
            args.extend(["--output", output]);
        }
        let ran = mode(&args);
        ran.exits(1);
        self.watch.nothing_in("beside --output", &ran);
        for (output, file) in &files {
            let written = fs::read(file).expect("a report was written");
            assert!(!written.is_empty(), "{output}: the report is empty");
            self.watch.nothing_in_bytes(output, &written);
        }
    }
}

/// The report must name most of the rules, or the silence would prove nothing.
fn enough_was_found(ran: &Ran) {
    let report = ran.json();
    let found: BTreeSet<_> = report["findings"]
        .as_array()
        .expect("a list of findings")
        .iter()
        .filter_map(|finding| finding["rule"].as_str())
        .collect();
    let all = stagegate::rules::builtin()
        .iter()
        .map(|pack| pack.rules.len())
        .sum::<usize>();
    assert!(
        found.len() * 4 >= all * 3,
        "only {} of {all} rules are in the report",
        found.len()
    );
}

/// Every example of every built-in rule, with the value that the rule's own pattern finds in it.
fn examples() -> Vec<(&'static Rule, usize, String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut seed = 1_000;
    for rule in stagegate::rules::builtin()
        .iter()
        .flat_map(|pack| &pack.rules)
    {
        let pattern = pattern(rule);
        for (at, example) in rule.examples.iter().enumerate() {
            // A seed of its own: from one seed, the values of many templates would be each other's beginnings.
            seed += 1;
            let text = secret(&example.text, seed);
            let value = pattern
                .captures(text.as_bytes())
                .and_then(|captures| captures.name("secret"))
                .map(|value| value.as_bytes().to_vec());
            if let Some(value) = value {
                all.push((rule, at, text, value));
            }
        }
    }
    assert!(all.len() > 5, "hardly any example holds a value");
    all
}

fn pattern(rule: &Rule) -> Regex {
    RegexBuilder::new(&rule.pattern)
        .unicode(false)
        .build()
        .expect("a built-in pattern compiles")
}

/// Whether a value is known for what it is without anything around it, and may be a file name.
fn stands_alone(rule: &Rule, value: &[u8]) -> bool {
    let plain = value
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
    let whole = |text: &[u8]| {
        pattern(rule)
            .captures(text)
            .and_then(|captures| captures.name("secret"))
            .is_some_and(|found| found.as_bytes() == value)
    };
    let inside =
        |before: &str, after: &str| whole(&[before.as_bytes(), value, after.as_bytes()].concat());
    rule.kind == Kind::Issued
        && !rule.public
        && rule.context.is_empty()
        && plain
        && value.len() < 120
        && whole(value)
        && inside(" ", " ")
        && inside("names/", ".txt")
        && inside("folders/", "/1.env")
        && inside("\"prod ", "\":")
        && rule.keywords.iter().any(|keyword| {
            String::from_utf8_lossy(value)
                .to_ascii_lowercase()
                .contains(keyword.as_str())
        })
}

/// A text with encodings of its value on the lines around it.
fn neighbours(text: &str, value: &[u8]) -> String {
    format!(
        "encoded: {}\nbasic: {}\n{text}\nurl: https://example.invalid/?key={}\nagain: {}\n",
        STANDARD.encode(value),
        STANDARD.encode([b"ci:".as_slice(), value].concat()),
        url_encoded(value, false),
        URL_SAFE.encode(value),
    )
}

/// Passwords, which are known by their keys only, and those inside URLs, raw and escaped.
fn passwords(work: &Repo<'_>, watch: &mut Watch) {
    let mut yaml = String::new();
    let mut env = String::new();
    for seed in 0..4 {
        let plain = secret("{alnum:22}", seed);
        let odd = format!(
            "{}/@%:{}",
            secret("{alnum:9}", seed + 10),
            secret("{alnum:9}", seed + 20)
        );
        let escaped = url_encoded(odd.as_bytes(), false);
        for (what, value) in [("plain", &plain), ("odd", &odd)] {
            watch.plant(&format!("{what} password {seed}"), value.as_bytes());
        }
        writeln!(yaml, "prod_{seed}:\n  password: \"{plain}\"").expect("text");
        writeln!(
            yaml,
            "  url: postgres://app:{escaped}@db.prod.example.com/app"
        )
        .expect("text");
        writeln!(
            yaml,
            "  both: {{ password: \"{plain}\", secret: \"{plain}\" }}"
        )
        .expect("text");
        writeln!(env, "PROD_DB_PASSWORD='{odd}'\nAPI_TOKEN=\"{plain}\"").expect("text");
        writeln!(env, "DATABASE_URL=mysql://root:{plain}@10.0.0.1/db").expect("text");
    }
    work.write("config/staging/db.yml", yaml);
    work.write("config/staging/.env", env);
}

/// Everything but unreserved characters as `%XX`, or `%xx`.
fn url_encoded(value: &[u8], lower: bool) -> String {
    let mut encoded = String::new();
    for &byte in value {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            if lower {
                write!(encoded, "%{byte:02x}").expect("text");
            } else {
                write!(encoded, "%{byte:02X}").expect("text");
            }
        }
    }
    encoded
}

/// The values that must not be seen, in every form.
#[derive(Default)]
struct Watch {
    labels: Vec<String>,
    forms: Vec<Vec<u8>>,
}

impl Watch {
    fn plant(&mut self, label: &str, value: &[u8]) {
        if value.len() < 8 {
            return;
        }
        let mut plant = |form: &str, bytes: Vec<u8>| {
            self.labels.push(format!("{label}, {form}"));
            self.forms.push(bytes);
        };
        plant("raw", value.to_vec());
        let trimmed = value.trim_ascii();
        let half = &trimmed[trimmed.len() / 2..];
        if half.len() >= 10 {
            plant("its second half", half.to_vec());
        }
        for line in value.split(|&byte| byte == b'\n' || byte == b'\r') {
            if line.len() >= 16 && line.len() < value.len() && !line.starts_with(b"-----") {
                plant("one of its lines", line.to_vec());
            }
        }
        for lower in [false, true] {
            let encoded = url_encoded(value, lower);
            if encoded.as_bytes() != value {
                plant("URL-encoded", encoded.into_bytes());
            }
        }
        for before in 0..3 {
            for (form, engine) in [("base64", STANDARD), ("URL-safe base64", URL_SAFE)] {
                plant(form, inner_base64(&engine, value, before));
            }
        }
    }

    fn ready(self) -> Watcher {
        Watcher {
            automaton: AhoCorasick::new(&self.forms).expect("an automaton"),
            labels: self.labels,
        }
    }
}

/// The base64 of a value that stands `before` bytes behind a group's begin: what does not depend on its surroundings.
fn inner_base64(engine: &base64::engine::GeneralPurpose, value: &[u8], before: usize) -> Vec<u8> {
    let padded = [&[0; 3][..before], value].concat();
    let whole = padded.len() / 3 * 3;
    let encoded = engine.encode(&padded[..whole]);
    let skip = [0, 2, 3][before];
    encoded.as_bytes()[skip..].to_vec()
}

/// Looks for them.
struct Watcher {
    automaton: AhoCorasick,
    labels: Vec<String>,
}

impl Watcher {
    #[track_caller]
    fn nothing_in(&self, place: &str, ran: &Ran) {
        self.nothing_in_bytes(&format!("{place}: standard output"), ran.stdout.as_bytes());
        self.nothing_in_bytes(&format!("{place}: standard error"), ran.stderr.as_bytes());
    }

    /// The message tells which value it was and where, never the value.
    #[track_caller]
    fn nothing_in_bytes(&self, place: &str, bytes: &[u8]) {
        let seen: BTreeSet<_> = self
            .automaton
            .find_overlapping_iter(bytes)
            .map(|hit| {
                let line = bytes[..hit.start()]
                    .iter()
                    .filter(|&&byte| byte == b'\n')
                    .count()
                    + 1;
                format!("line {line}: {}", self.labels[hit.pattern().as_usize()])
            })
            .collect();
        assert!(
            seen.is_empty(),
            "{place} shows {} values\n{}",
            seen.len(),
            seen.into_iter().take(20).collect::<Vec<_>>().join("\n")
        );
    }
}

/// The watcher must see what it is there to see.
#[test]
fn the_watcher_sees_every_form() {
    let value = format!("{}+/ {}", secret("{alnum:11}", 1), secret("{alnum:10}", 2));
    let mut watch = Watch::default();
    watch.plant("value", value.as_bytes());
    watch.plant(
        "many lines",
        b"-----BEGIN-----\nabcdefghijklmnopqrst\nuvw\n",
    );
    let watcher = watch.ready();
    let shows = |text: String| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            watcher.nothing_in_bytes("here", text.as_bytes());
        }))
        .is_err()
    };

    let half = &value[value.len() / 2..];
    for text in [
        value.clone(),
        format!("xx{value}xx"),
        half.to_owned(),
        url_encoded(value.as_bytes(), false),
        url_encoded(value.as_bytes(), true),
        "…abcdefghijklmnopqrst…".to_owned(),
    ] {
        assert!(shows(text), "a form was not seen");
    }
    for before in ["", "a", "ab", "user:", "longer:"] {
        for after in ["", "z", "zz", "zzz"] {
            let text = format!("{before}{value}{after}");
            assert!(shows(STANDARD.encode(&text)), "{before:?} {after:?}");
            assert!(shows(URL_SAFE.encode(&text)), "{before:?} {after:?}");
        }
    }
    assert!(!shows("harmless sk_live_**** -----BEGIN-----".to_owned()));
    assert!(!shows(value[..value.len() / 2].to_owned()));
}
