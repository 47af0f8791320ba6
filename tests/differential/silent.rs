//! Packed versions of a file come one after the other, and each is judged by what is new in it; loose ones come in the order of their
//! ids, and most are judged whole; where rejections are explained, all are. All three say the same of histories in which values come,
//! go, move and are put together from halves, in source code, scripts and files that are read line by line.

use fastrand::Rng;

use crate::number;
use crate::repository::{bare, git, unpack};
use crate::support::{TestEnv, live_key, secret};

/// A file that people work on.
struct Module {
    lines: Vec<String>,
    ending: &'static str,
}

impl Module {
    fn new(rng: &mut Rng, ending: &'static str) -> Self {
        let code = |at| format!("    total_{at} = count(items, \"of {at}\\n\")  # a line of code");
        // Names of secrets, and values that are none.
        let script = |at| match at % 7 {
            0 => format!("export TOKEN_{at}=\"$1\""),
            1 => format!("echo 'the total of {at}"),
            2 => "is: one line' | sort".to_owned(),
            3 => "cat <<-EOF >password.txt".to_owned(),
            4 => format!("\tpassword: ${{PASSWORD_{at}}}"),
            5 => "\tEOF".to_owned(),
            _ => format!("test -n \"$total_{at}\" && count {at}"),
        };
        let settings = |at| match at % 5 {
            0 => format!("# Whether {at} is counted."),
            1 => format!("token-{at} = $TOKEN_{at}"),
            2 => format!("group{at} {{"),
            3 => format!("    secret_name: total-{at}"),
            _ => "}".to_owned(),
        };
        let lines = rng.usize(150..900);
        let lines = match ending {
            "sh" => (0..lines).map(script).collect(),
            "conf" => (0..lines).map(settings).collect(),
            _ => (0..lines).map(code).collect(),
        };
        Self { lines, ending }
    }

    fn change(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..self.lines.len());
            let seed = rng.u64(..12);
            let key = live_key(seed);
            let more = if self.ending == "py" { 16 } else { 26 };
            let new = match rng.u8(..more) {
                0 => format!("    key = \"{key}\""),
                1 => format!("    key = \"{}", &key[..14]),
                2 => format!("{}\"", &key[14..]),
                3 => secret("password = \"{password:14}\"", seed),
                4 => "    password =".to_owned(),
                5 => secret("        \"{password:14}\"", seed),
                6 => "-----BEGIN RSA PRIVATE KEY-----".to_owned(),
                7 => secret("{base64:64}", seed),
                8 => secret(
                    "url = 'postgres://shop:{alnum:14}@db.prod.acme.io/shop'",
                    seed,
                ),
                9 => "GRANT ALL ON *.* TO 'root'@'%';".to_owned(),
                10 => {
                    self.lines.remove(at);
                    continue;
                }
                11 => {
                    let line = self.lines.remove(at);
                    let to = rng.usize(..=self.lines.len());
                    self.lines.insert(to, line);
                    continue;
                }
                16 => "echo 'and so on".to_owned(),
                17 => "cat <<EOF".to_owned(),
                18 => "EOF".to_owned(),
                19 => "erlang:".to_owned(),
                20 => secret("  cookie: {alnum:32}", seed),
                21 => "kind: Secret".to_owned(),
                22 => "[passwords]".to_owned(),
                23 => secret("admin = {password:14}", seed),
                24 => secret("DB_PASSWORD={password:14} \\", seed),
                _ => format!("    other_{seed} = count({seed})"),
            };
            if rng.bool() {
                self.lines[at] = new;
            } else {
                self.lines.insert(at, new);
            }
        }
    }

    fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// A history of so many files, for `git fast-import`.
pub(crate) fn history(rng: &mut Rng, modules: usize) -> String {
    let endings = ["py", "sh", "conf"].into_iter().cycle();
    let mut modules: Vec<Module> = endings
        .take(modules)
        .map(|ending| Module::new(rng, ending))
        .collect();
    let mut stream = String::new();
    for commit in 0..40 {
        stream +=
            &format!("commit refs/heads/main\ncommitter A <a@x.io> {commit} +0000\ndata 1\nx\n");
        for (number, module) in modules.iter_mut().enumerate() {
            if commit > 0 && rng.u8(..3) > 0 {
                continue;
            }
            if commit > 0 {
                module.change(rng);
            }
            let text = module.text();
            stream += &format!(
                "M 644 inline src/m{number}.{}\ndata {}\n{text}\n",
                module.ending,
                text.len()
            );
        }
    }
    stream
}

/// What the gate says of the last commits of a branch: findings without their order, and how many bytes it read.
fn said(
    env: &TestEnv,
    dir: &std::path::Path,
    base: &str,
    more: Option<&str>,
) -> (Vec<String>, u64) {
    let args = [
        "check", "--base", base, "--head", "main", "--ref", "staging", "--format", "json",
    ];
    let args = args.into_iter().chain(more);
    let report = env.stagegate(dir, args).json();
    let findings = report["findings"].as_array().expect("a list");
    let mut findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    findings.sort();
    (
        findings,
        report["stats"]["bytes"].as_u64().expect("a number"),
    )
}

#[test]
fn what_is_made_of_silent_texts_is_judged_as_it_is_judged_whole() {
    let seed = number("STAGEGATE_SEED", 1);
    let rounds = number("STAGEGATE_DIFFERENTIAL", 400).div_ceil(50).max(4);
    let (mut found, mut silent) = (0, 0);
    for seed in seed..seed + rounds {
        let mut rng = Rng::with_seed(seed);
        let env = TestEnv::new();
        let dir = env.path("made.git");
        bare(&dir);
        let stream = history(&mut rng, 3);
        git(&env, &dir, &["fast-import", "--quiet"], stream.as_bytes());
        git(
            &env,
            &dir,
            &["repack", "-adfq", "--window=50", "--depth=50"],
            b"",
        );
        let base = git(&env, &dir, &["rev-list", "--max-parents=0", "main"], b"");
        let base = String::from_utf8(base).expect("an id");
        let packed = said(&env, &dir, base.trim(), None);
        let whole = said(&env, &dir, base.trim(), Some("--explain-rejections"));
        assert_eq!(packed.0, whole.0, "STAGEGATE_SEED={seed}");
        unpack(&env, &dir);
        let loose = said(&env, &dir, base.trim(), None);
        assert_eq!(packed, loose, "STAGEGATE_SEED={seed}");
        found += loose.0.len();
        silent += usize::from(loose.0.is_empty());
    }
    assert!(
        found > 0,
        "no value in {rounds} histories, {silent} of them silent"
    );
}
