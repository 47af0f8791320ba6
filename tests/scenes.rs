//! The scenes: every way that we know of for content to reach a staging ref or file, played with real git. A scene is data
//! (`fixtures/scenes/*.toml`, whose `README.md` explains the keys); here is the stage on which it is played, once with a
//! production value and once as its harmless twin. Not here: what a script cannot say, which the other tests hold and a
//! scene names in `covered-by`.

mod support;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use support::{Ran, STAGEGATE, TestEnv, run, secret};

/// The numbers that must have a scene and a twin.
const NUMBERS: std::ops::RangeInclusive<u32> = 1..=56;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    scene: Vec<Scene>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Scene {
    number: u32,
    name: String,
    #[serde(default)]
    mode: Mode,
    /// Tests that hold scene and twin instead: `tests/FILE.rs::FUNCTION`.
    #[serde(default)]
    covered_by: Vec<String>,
    /// Why the scene goes otherwise for now. It fails when it does not, so that nobody forgets to take this away.
    known_fault: Option<String>,
    /// The templates of production's value and of the harmless one.
    #[serde(default = "live")]
    live: String,
    #[serde(default = "test")]
    test: String,
    #[serde(default)]
    setup: String,
    act: Option<String>,
    #[serde(default = "blocked")]
    exit: Exit,
    #[serde(default)]
    findings: Vec<Expected>,
    #[serde(default)]
    unexamined: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
    /// The refs that must move if the act is let through, and must stay if it is not.
    watch: Option<Vec<String>>,
    #[serde(default)]
    twin: Twin,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Twin {
    setup: Option<String>,
    act: Option<String>,
    #[serde(default)]
    exit: Exit,
    #[serde(default)]
    findings: Vec<Expected>,
    #[serde(default)]
    unexamined: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
    watch: Option<Vec<String>>,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// A push to a guarded server.
    #[default]
    Push,
    /// A commit in a guarded working tree.
    Commit,
    /// A command line: the act ends as the gate does.
    Command,
}

/// How the gate must end.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Exit {
    Code(i32),
    Word(ExitWord),
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ExitWord {
    /// The gate does not run, and the act goes through.
    NotRun,
    /// The act fails, and the gate, if it came so far, has not said 0.
    Refused,
}

impl Exit {
    fn passes(self) -> bool {
        matches!(self, Self::Code(0) | Self::Word(ExitWord::NotRun))
    }

    fn is(self, code: Option<i32>) -> bool {
        match self {
            Self::Code(expected) => code == Some(expected),
            Self::Word(ExitWord::NotRun) => code.is_none(),
            Self::Word(ExitWord::Refused) => code != Some(0),
        }
    }
}

impl Default for Exit {
    fn default() -> Self {
        Self::Code(0)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Expected {
    Place(String),
    Full {
        at: String,
        #[serde(default = "stripe")]
        rule: String,
        #[serde(rename = "ref")]
        on: Option<String>,
    },
}

fn live() -> String {
    "sk_live_{alnum:24}".to_owned()
}
fn test() -> String {
    "sk_test_{alnum:24}".to_owned()
}
fn stripe() -> String {
    "stripe-secret-key".to_owned()
}
const fn blocked() -> Exit {
    Exit::Code(1)
}

/// A finding that refuses: rule, ref, path, line.
type Found = (String, String, String, String);

impl Expected {
    fn is(&self, (rule, on, path, line): &Found) -> bool {
        let (at, want, expected_on) = match self {
            Self::Place(at) => (at, &stripe(), &None),
            Self::Full { at, rule, on } => (at, rule, on),
        };
        let on_as_expected = match expected_on {
            Some(name) => name == on || name == "*",
            None => on.is_empty() || on == "refs/heads/staging",
        };
        let there = at == "*" || at == path || *at == format!("{path}:{line}");
        on_as_expected && want == rule && there
    }
}

/// One of the two performances of a scene.
struct Play<'s> {
    scene: &'s Scene,
    setup: &'s str,
    act: &'s str,
    exit: Exit,
    findings: &'s [Expected],
    unexamined: &'s [String],
    says: &'s [String],
    watch: Vec<String>,
    template: &'s str,
}

impl Scene {
    fn plays(&self) -> [Play<'_>; 2] {
        let act = self.act.as_deref().unwrap_or_else(|| match self.mode {
            Mode::Push => "git push origin staging",
            Mode::Commit => "git commit -m Work",
            Mode::Command => panic!("{}: no act", self.name),
        });
        let watch = |named: &Option<Vec<String>>| match (named, self.mode) {
            (Some(named), _) => named.clone(),
            (None, Mode::Push) => vec!["refs/heads/staging".to_owned()],
            (None, Mode::Commit) => vec!["HEAD".to_owned()],
            (None, Mode::Command) => Vec::new(),
        };
        let twin = &self.twin;
        let scene = Play {
            scene: self,
            setup: &self.setup,
            act,
            exit: self.exit,
            findings: &self.findings,
            unexamined: &self.unexamined,
            says: &self.says,
            watch: watch(&self.watch),
            template: &self.live,
        };
        let twin = Play {
            scene: self,
            setup: twin.setup.as_deref().unwrap_or(&self.setup),
            act: twin.act.as_deref().unwrap_or(act),
            exit: twin.exit,
            findings: &twin.findings,
            unexamined: &twin.unexamined,
            says: &twin.says,
            watch: watch(if twin.watch.is_some() {
                &twin.watch
            } else {
                &self.watch
            }),
            // Where the twin must be refused it is the scene that is harmless, and the value that is not.
            template: if twin.exit.passes() && !self.exit.passes() {
                &self.test
            } else {
                &self.live
            },
        };
        [scene, twin]
    }
}

/// Shell words that every script knows.
const PRELUDE: &str = r#"
set -u
# put PATH TEXT: writes a file, and the folders above it.
put() { case $1 in */*) mkdir -p -- "${1%/*}";; esac; printf '%s\n' "$2" >"./$1"; }
# save [MESSAGE]: commits everything past all hooks.
save() { git add --all && git commit -q --no-verify --allow-empty -m "${1:-Work}"; }
# on_server COMMANDS: in the folder of the server, as git runs a hook there.
on_server() { (cd "$SERVER" && export GIT_DIR=. && eval "$1"); }
# blob TEXT: writes an object, and tells its id.
blob() { printf '%s\n' "$1" | git hash-object -w --stdin; }
"#;

/// Runs the gate twice, for people and for programs, and keeps what it said. It stands still while the stage is set.
const GATE: &str = r#"#!/bin/sh
[ -z "${OPEN-}" ] || exit 0
n=0; while ! mkdir "@runs@/$n" 2>/dev/null; do n=$((n+1)); done
run="@runs@/$n"
case $1 in pre-receive|pre-push) cat >"$run/in";; *) : >"$run/in";; esac
'@stagegate@' "$@" <"$run/in" >"$run/out" 2>"$run/err"; code=$?
'@stagegate@' "$@" --format json --output "$run/report.json" <"$run/in" >"$run/json" 2>&1
echo "$code $?" >"$run/code"
cat "$run/out"; cat "$run/err" >&2
exit $code
"#;

/// A shop that has been pushed, made once and copied for every play.
struct Template(TestEnv);

impl Template {
    fn new() -> Self {
        let env = TestEnv::new();
        let work = env.repo("work");
        let server = env.server("server.git");
        work.git(["remote", "add", "origin", "../server.git"]);
        work.git(["branch", "staging"]);
        work.push(["-q", "main", "staging"]).succeeded();
        drop((work, server));
        Self(env)
    }
}

struct Stage {
    env: TestEnv,
    values: Vec<(String, String)>,
}

impl Stage {
    fn new(template: &Template, play: &Play<'_>) -> Self {
        let env = TestEnv::new();
        run(Command::new("cp")
            .arg("-a")
            .arg(template.0.path("work"))
            .arg(template.0.path("server.git"))
            .arg(env.path("")))
        .succeeded();
        fs::create_dir(env.path("runs")).expect("a folder");
        let runs = env.path("runs");
        let gate = GATE
            .replace("@runs@", runs.to_str().expect("a plain name"))
            .replace("@stagegate@", STAGEGATE);
        executable(&env.path("gate"), &gate);
        let called = |mode: &str| {
            let gate = env.path("gate");
            format!("#!/bin/sh\nexec '{}' {mode} \"$@\"\n", gate.display())
        };
        executable(
            &env.path("server.git/hooks/pre-receive"),
            &called("pre-receive"),
        );
        if play.scene.mode == Mode::Commit {
            executable(
                &env.path("work/.git/hooks/pre-commit"),
                &called("pre-commit"),
            );
        }
        let seed = u64::from(play.scene.number) * 10;
        let values = (1..=3)
            .map(|n| {
                let name = if n == 1 {
                    "KEY".to_owned()
                } else {
                    format!("KEY{n}")
                };
                (name, secret(play.template, seed + n))
            })
            .collect();
        Self { env, values }
    }

    fn script(&self, text: &str, open: bool) -> Ran {
        let mut command = self.env.command("sh", &self.env.path("work"));
        command
            .envs(self.values.iter().cloned())
            .env("GATE", self.env.path("gate"))
            .env("STAGEGATE", STAGEGATE)
            .env("SERVER", self.env.path("server.git"))
            .env("STAGE", self.env.path(""));
        if open {
            command.env("OPEN", "1");
        }
        let strict = if open { "set -e\n" } else { "" };
        run(command.arg("-c").arg(format!("{PRELUDE}{strict}{text}")))
    }

    /// Where the watched refs stand: a server's, or the working tree's where the mode is a commit.
    fn stand(&self, play: &Play<'_>) -> Vec<String> {
        let dir = match play.scene.mode {
            Mode::Commit => "work",
            _ => "server.git",
        };
        let tip = |name: &String| {
            run(self.env.command("git", &self.env.path(dir)).args([
                "rev-parse",
                "--verify",
                "-q",
                name,
            ]))
            .stdout
        };
        play.watch.iter().map(tip).collect()
    }

    /// The folders of the gate's runs, in order.
    fn runs(&self) -> Vec<PathBuf> {
        (0..)
            .map(|n| self.env.path(format!("runs/{n}")))
            .take_while(|folder| folder.is_dir())
            .collect()
    }
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

/// Plays it; what is not as it should be, in words.
fn perform(template: &Template, play: &Play<'_>) -> Result<(), String> {
    let stage = Stage::new(template, play);
    let set = stage.script(play.setup, true);
    if set.code != 0 {
        return Err(format!("the setup fails:\n{}{}", set.stdout, set.stderr));
    }
    let before = stage.stand(play);
    let acted = stage.script(play.act, false);
    let after = stage.stand(play);
    let runs = stage.runs();
    let mut wrong = Vec::new();

    let mut said = String::new();
    let mut findings: BTreeSet<Found> = BTreeSet::new();
    let mut unexamined: BTreeSet<String> = BTreeSet::new();
    let mut code = None;
    for folder in &runs {
        let read = |name: &str| {
            fs::read(folder.join(name))
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .unwrap_or_default()
        };
        let (text, json) = (read("out") + &read("err"), read("report.json"));
        for value in stage.values.iter().flat_map(|(_, value)| telling(value)) {
            let encoded = STANDARD.encode(value);
            for output in [&text, &json, &read("json")] {
                if output.contains(value) || output.contains(&encoded) {
                    // Nothing more is said: every message could show it.
                    return Err("the output shows the value".to_owned());
                }
            }
        }
        if text.contains("panicked") {
            wrong.push("the gate panics".to_owned());
        }
        let codes = read("code");
        let (of_text, of_json) = codes.trim().split_once(' ').unwrap_or(("", ""));
        if of_text != of_json {
            wrong.push(format!("text ends with {of_text} and JSON with {of_json}"));
        }
        code = of_text.parse().ok();
        if let Ok(report) = serde_json::from_str::<serde_json::Value>(&json) {
            collect(&report, &mut findings, &mut unexamined);
        }
        said.push_str(&text);
    }
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let acted_words = format!("{} {}", acted.stdout, acted.stderr)
        .split_whitespace()
        .filter(|word| *word != "remote:")
        .collect::<Vec<_>>()
        .join(" ");

    if !play.exit.is(code) {
        wrong.push(format!("the gate ends with {code:?}, not {:?}", play.exit));
    }
    let as_the_gate =
        play.scene.mode != Mode::Command || code.is_none_or(|code| code == acted.code);
    if (acted.code == 0) != play.exit.passes() || !as_the_gate {
        wrong.push(format!("the act ends with {}", acted.code));
    }
    for ((name, before), after) in play.watch.iter().zip(&before).zip(&after) {
        if play.exit.passes() && before == after {
            wrong.push(format!("{name} stays"));
        } else if !play.exit.passes() && before != after {
            wrong.push(format!("{name} moves"));
        }
    }
    for expected in play.findings {
        if !findings.iter().any(|found| expected.is(found)) {
            wrong.push(format!("does not find {expected:?}"));
        }
    }
    for found in &findings {
        if !play.findings.iter().any(|expected| expected.is(found)) {
            wrong.push(format!("finds {found:?}"));
        }
    }
    for expected in play.unexamined {
        if !unexamined.iter().any(|what| what.contains(expected)) {
            wrong.push(format!("does not say unexamined {expected:?}"));
        }
    }
    for what in &unexamined {
        if !play.unexamined.iter().any(|text| what.contains(text)) {
            wrong.push(format!("says unexamined {what:?}"));
        }
    }
    for text in play.says {
        if !words.contains(text.as_str()) && !acted_words.contains(text.as_str()) {
            wrong.push(format!("does not say {text:?}"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let shown = if acted.stderr.contains(&stage.values[0].1) {
        "(git shows the value)".to_owned()
    } else {
        format!("{}{}", acted.stdout, acted.stderr)
    };
    Err(format!("{}\n--- act said\n{shown}", wrong.join("\n")))
}

/// The parts of a value that tell it: of a key of several lines those between its armour.
fn telling(value: &str) -> impl Iterator<Item = &str> {
    value
        .lines()
        .filter(|line| line.len() >= 16 && !line.starts_with("-----"))
}

/// Adds what a report refuses for and what it has not read.
fn collect(
    report: &serde_json::Value,
    findings: &mut BTreeSet<Found>,
    unexamined: &mut BTreeSet<String>,
) {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    for finding in report["findings"].as_array().into_iter().flatten() {
        if finding["verdict"] == "block" {
            let place = &finding["place"];
            findings.insert((
                text(&finding["rule"]),
                text(&place["ref"]),
                text(&place["path"]),
                place["line"].to_string(),
            ));
        }
    }
    // Where nothing could be decided at all there is no policy, and what is said is the failure, which the play names itself.
    if report["policy"] == "" {
        return;
    }
    for what in report["unexamined"].as_array().into_iter().flatten() {
        unexamined.insert(format!(
            "{}: {}",
            text(&what["what"]),
            text(&what["reason"])
        ));
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenes() -> Vec<Scene> {
    let folder = root().join("fixtures/scenes");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the scenes")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    let mut scenes = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a book of scenes");
        let book: Book =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        scenes.extend(book.scene);
    }
    scenes
}

/// All of them; `SCENE=17` in the environment plays that number only.
#[test]
fn every_scene_and_its_twin() {
    let only: Option<u32> = std::env::var("SCENE")
        .ok()
        .and_then(|number| number.parse().ok());
    let scenes: Vec<_> = scenes()
        .into_iter()
        .filter(|scene| only.is_none_or(|only| only == scene.number))
        .filter(|scene| scene.covered_by.is_empty())
        .collect();
    let plays: Vec<_> = scenes.iter().flat_map(Scene::plays).collect();
    let template = Template::new();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    // A push waits for disks and pipes now and then: more threads than processors.
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get()) + 1;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(play) = plays.get(at) else { break };
                    let mut played = perform(&template, play);
                    if at.is_multiple_of(2) && play.scene.known_fault.is_some() {
                        played = match played {
                            Ok(()) => Err("the fault is gone: take `known-fault` away".to_owned()),
                            // It must be missed as it is known to be, and not fail in another way.
                            Err(why) if why.contains("does not find") => Ok(()),
                            Err(why) => Err(why),
                        };
                    }
                    if let Err(why) = played {
                        let twin = if at % 2 == 1 { " (twin)" } else { "" };
                        let (number, name) = (play.scene.number, &play.scene.name);
                        let line = format!("{number}. {name}{twin}: {why}");
                        failed.lock().expect("a lock").push((number, line));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().expect("a lock");
    failed.sort();
    let lines: Vec<_> = failed.into_iter().map(|(_, line)| line).collect();
    assert!(
        lines.is_empty(),
        "{} of {} plays\n\n{}",
        lines.len(),
        plays.len(),
        lines.join("\n\n")
    );
}

#[test]
fn every_number_has_a_scene_and_a_twin() {
    let scenes = scenes();
    for number in NUMBERS {
        let mut here = scenes.iter().filter(|scene| scene.number == number);
        let covered = here.clone().any(|scene| !scene.covered_by.is_empty());
        let noticed = |play: &Play<'_>| !play.exit.passes() || !play.unexamined.is_empty();
        let played = here.any(|scene| {
            scene.covered_by.is_empty() && {
                let plays = scene.plays();
                plays.iter().any(noticed) && plays.iter().any(|play| play.exit.passes())
            }
        });
        assert!(covered || played, "no scene has the number {number}");
    }
    let mut names = BTreeSet::new();
    for scene in &scenes {
        assert!(names.insert(&scene.name), "twice: {}", scene.name);
        for test in &scene.covered_by {
            let (file, function) = test.split_once("::").expect("FILE::FUNCTION");
            let text = fs::read_to_string(root().join(file)).expect("the file is there");
            let tests = text.split("#[test]\n").skip(1).filter_map(|test| {
                // Other attributes may stand between.
                test.lines().find_map(|line| line.strip_prefix("fn "))
            });
            assert!(
                tests
                    .into_iter()
                    .any(|test| test.starts_with(&format!("{function}("))),
                "{}: {file} has no test {function}",
                scene.name
            );
        }
    }
}

/// A table of tests in which nothing can fail proves nothing.
#[test]
fn a_scene_that_goes_otherwise_fails() {
    let right = r#"
        [[scene]]
        number = 100
        name = "a key on staging"
        setup = 'git switch -q staging; put lib/pay.txt "$KEY"; save'
        findings = ["lib/pay.txt:1"]
    "#;
    let template = Template::new();
    let failure = |text: &str| {
        let book: Book = toml::from_str(text).expect("a scene");
        let [play, twin] = book.scene[0].plays();
        perform(&template, &play)
            .and(perform(&template, &twin))
            .err()
            .unwrap_or_default()
    };
    assert_eq!(failure(right), "");
    for (from, to, why) in [
        ("[\"lib/pay.txt:1\"]", "[]", "finds ("),
        ("pay.txt:1", "pay.txt:2", "does not find"),
        (
            "$KEY",
            "harmless",
            "the gate ends with Some(0), not Code(1)",
        ),
        ("git switch", "exit 3; git switch", "the setup fails"),
        (
            "findings",
            "exit = 0\nfindings",
            "the gate ends with Some(1), not Code(0)",
        ),
        (
            "findings",
            "unexamined = ['x']\nfindings",
            "does not say unexamined",
        ),
        (
            "findings",
            "says = ['a sentence']\nfindings",
            "does not say \"a sentence\"",
        ),
        (
            "findings",
            "act = 'OPEN=1 git push origin staging'\nfindings",
            "moves",
        ),
        (
            "findings",
            "act = '\"$GATE\" pre-receive </dev/null'\nfindings",
            "the gate ends with Some(2)",
        ),
        ("findings", "live = 'harmless'\nfindings", "does not find"),
        (
            "findings",
            "test = 'sk_live_{alnum:24}'\nfindings",
            "not Code(0)",
        ),
    ] {
        let failed = failure(&right.replace(from, to));
        assert!(failed.contains(why), "{to}: {failed}");
    }
}
