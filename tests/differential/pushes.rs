//! The same comparison through the front door: real pushes to a bare repository with the real hook, quarantine and all.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::generate;
use crate::oracle::{self, Environment, Findings, Oracle, Refs};
use crate::repository::{Hex, Store, bare, git};
use crate::support::{STAGEGATE, TestEnv};
use crate::{difference, fingerprints, number, values};

/// The findings of a JSON report.
fn read(file: &Path, fingerprints: &HashMap<String, usize>) -> Findings {
    let text = std::fs::read_to_string(file).expect("the hook writes its report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let unexamined = report["unexamined"].as_array().expect("a list");
    assert!(
        unexamined
            .iter()
            .all(|unexamined| unexamined["refuses"] == false)
    );
    let mut found = Findings::new();
    for finding in report["findings"].as_array().expect("a list") {
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        let place = &finding["place"];
        let value = fingerprints[finding["fingerprint"].as_str().expect("text")];
        let claim = match finding["verdict"].as_str() {
            Some("block") => Environment::Staging,
            Some("warn") => Environment::Production,
            other => panic!("the verdict is {other:?}"),
        };
        let said = found
            .entry((text(&place["ref"]), text(&place["path"]), value))
            .or_insert(claim);
        *said = claim.max(*said);
    }
    found
}

#[test]
fn real_pushes_are_judged_as_brute_force_judges_them() {
    let seed = number("STAGEGATE_SEED", 1);
    let count = number("STAGEGATE_DIFFERENTIAL", 400).div_ceil(20).max(2);
    let started = std::time::Instant::now();
    let values = values();
    let fingerprints = fingerprints(&values);
    let (mut pushes, mut refused, mut findings) = (0, 0, 0);
    for seed in 1_000_000 + seed..1_000_000 + seed + count {
        let history = generate::history(seed);
        let env = TestEnv::new();
        let source = env.path("source.git");
        let server = env.path("server.git");
        let mut store = Store::new(
            &env,
            source.clone(),
            std::slice::from_ref(&history),
            &values,
        );
        bare(&server);
        // Few objects arrive loose, or as a pack, as the limit says.
        let limit = if seed % 2 == 0 { "1" } else { "1000" };
        git(
            &env,
            &server,
            &["config", "receive.unpackLimit", limit],
            b"",
        );
        git(
            &env,
            &server,
            &["config", "receive.denyDeleteCurrent", "ignore"],
            b"",
        );
        let policy = env.file("policy.toml", oracle::policy(&history.reach));
        let report = env.path("report.json");
        let hook = server.join("hooks/pre-receive");
        // A server that only watches lets history go on where one that refuses would stand still.
        let watches = seed % 4 < 2;
        let script = format!(
            "#!/bin/sh\n'{STAGEGATE}' pre-receive --policy '{}' --format json --output '{}'\nexit {}\n",
            policy.display(),
            report.display(),
            if watches { "0" } else { "$?" }
        );
        std::fs::write(&hook, script).expect("a hook");
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755))
            .expect("executable");
        for (at, update) in store.pushes[0].iter().enumerate() {
            let listed = git(
                &env,
                &server,
                &["for-each-ref", "--format=%(refname) %(objectname)"],
                b"",
            );
            let current: Refs = String::from_utf8(listed)
                .expect("UTF-8")
                .lines()
                .filter_map(|line| line.split_once(' '))
                .map(|(name, oid)| (name.to_owned(), oid.to_owned()))
                .collect();
            // git sends no line for what does not change.
            let lines: Vec<&(String, Option<Hex>)> = update
                .refs
                .iter()
                .filter(|(name, new)| current.get(oracle::moved(name)) != new.as_ref())
                .collect();
            if lines.is_empty() {
                continue;
            }
            let rev_list = |tip: &str, excluded: &[Hex]| -> Vec<Hex> {
                let mut args = vec!["rev-list", tip, "--not"];
                args.extend(excluded.iter().map(String::as_str));
                let listed = git(&env, &source, &args, b"");
                String::from_utf8(listed)
                    .expect("ids")
                    .lines()
                    .map(str::to_owned)
                    .collect()
            };
            let mut expected = Findings::new();
            for (name, new) in &lines {
                let mut oracle = Oracle {
                    objects: &mut store.objects,
                    values: &values,
                    rev_list: &rev_list,
                };
                expected.extend(oracle.update(&history.reach, name, new.as_ref(), &current));
            }
            let _ = std::fs::remove_file(&report);
            let mut push = env.command("git", &source);
            push.args(["push", "--quiet", "--force"]).arg(&server);
            push.args(
                lines
                    .iter()
                    .map(|(name, new)| format!("{}:{name}", new.as_deref().unwrap_or(""))),
            );
            let output = push.output().expect("git runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let place = format!("seed {seed}, push {}: {said}\n{history}", at + 1);
            assert!(report.exists(), "the hook did not run: {place}");
            let difference = difference(&expected, &read(&report, &fingerprints));
            assert!(difference.is_empty(), "{difference}{place}");
            let blocks = expected
                .values()
                .any(|claim| *claim == Environment::Staging);
            assert_eq!(output.status.success(), watches || !blocks, "{place}");
            pushes += 1;
            refused += usize::from(!output.status.success());
            findings += expected.len();
        }
    }
    eprintln!(
        "{count} histories pushed, {pushes} pushes, {refused} refused, {findings} findings compared, {:.1} s",
        started.elapsed().as_secs_f64()
    );
}
