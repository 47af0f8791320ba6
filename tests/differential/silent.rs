//! Packed versions of a file come one after the other, and each is judged by what is new in it; loose ones come in the order of their
//! ids, and most are judged whole. Both say the same of histories in which values come, go, move and are put together from halves.

use fastrand::Rng;

use crate::number;
use crate::repository::{bare, git, unpack};
use crate::support::{TestEnv, live_key, secret};

/// A file of source code that people work on.
struct Module {
    lines: Vec<String>,
}

impl Module {
    fn new(rng: &mut Rng) -> Self {
        let line = |at| format!("    total_{at} = count(items, \"of {at}\\n\")  # a line of code");
        let lines = (0..rng.usize(150..900)).map(line).collect();
        Self { lines }
    }

    fn change(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..self.lines.len());
            let seed = rng.u64(..12);
            let key = live_key(seed);
            let new = match rng.u8(..16) {
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
    let mut modules: Vec<Module> = (0..modules).map(|_| Module::new(rng)).collect();
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
                "M 644 inline src/m{number}.py\ndata {}\n{text}\n",
                text.len()
            );
        }
    }
    stream
}

/// What the gate says of the last commits of a branch: findings without their order, and how many bytes it read.
fn said(env: &TestEnv, dir: &std::path::Path, base: &str) -> (Vec<String>, u64) {
    let args = [
        "check", "--base", base, "--head", "main", "--ref", "staging", "--format", "json",
    ];
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
        let packed = said(&env, &dir, base.trim());
        unpack(&env, &dir);
        let loose = said(&env, &dir, base.trim());
        assert_eq!(packed, loose, "STAGEGATE_SEED={seed}");
        found += loose.0.len();
        silent += usize::from(loose.0.is_empty());
    }
    assert!(
        found > 0,
        "no value in {rounds} histories, {silent} of them silent"
    );
}
