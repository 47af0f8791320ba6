//! The crate as a library: what `stagegate::api` promises, on real repositories. What is found and why is other tests' matter.

mod support;

use stagegate::api::{Gate, Outcome, Policy, Verdict};
use support::{TestEnv, live_key, payments, test_key};

#[test]
fn a_range_a_tree_and_bytes_are_judged() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("staging");
    let clean = work.commit_file("config/staging.yml", payments(&test_key(1)));
    let dirty = work.commit_file("config/staging.yml", payments(&live_key(1)));
    let gate = Gate::open(&work.dir, Policy::builtin()).expect("a repository");

    let report = gate.range("main", &dirty, "staging").expect("judged");
    assert_eq!(report.outcome(), Outcome::Blocked);
    let finding = &report.findings[0];
    assert_eq!(finding.verdict, Verdict::Block);
    assert_eq!(
        (finding.place.path.as_str(), finding.place.line),
        ("config/staging.yml", 2)
    );
    assert_eq!(finding.destination.environment.as_deref(), Some("staging"));
    assert!(!finding.evidence.is_empty() && !finding.remedy.is_empty());
    assert!(
        !format!("{report:?}").contains(&live_key(1)),
        "a value gets out"
    );
    assert_eq!(
        gate.range("main", &clean, "staging")
            .expect("judged")
            .outcome(),
        Outcome::Allowed
    );
    assert_eq!(
        gate.range(support::ZERO, &dirty, "staging")
            .expect("judged")
            .outcome(),
        Outcome::Blocked
    );

    assert_eq!(
        gate.tree(&dirty, Some("staging"))
            .expect("judged")
            .outcome(),
        Outcome::Blocked
    );
    assert_eq!(
        gate.tree(&clean, Some("staging"))
            .expect("judged")
            .outcome(),
        Outcome::Allowed
    );

    for (key, outcome) in [
        (live_key(2), Outcome::Blocked),
        (test_key(2), Outcome::Allowed),
    ] {
        let draft = payments(&key);
        let report = gate.bytes(draft.as_bytes(), "lib/pay.yml", Some("staging"));
        assert_eq!(report.expect("judged").outcome(), outcome);
    }
    // Where nothing claims the place it may stand.
    let elsewhere = gate.bytes(
        payments(&live_key(2)).as_bytes(),
        "lib/pay.yml",
        Some("topic"),
    );
    assert_eq!(elsewhere.expect("judged").outcome(), Outcome::Allowed);
}

#[test]
fn a_policy_is_the_callers_and_mistakes_are_said() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let text = "version = 1\n[environment.staging]\nrefs = [\"pre/*\"]\n";
    let policy = Policy::parse(text, "mine").expect("a policy");
    let gate = Gate::open(&work.dir, policy).expect("a repository");
    let draft = payments(&live_key(3));
    let report = gate.bytes(draft.as_bytes(), "lib/pay.yml", Some("pre/eu"));
    assert_eq!(report.expect("judged").outcome(), Outcome::Blocked);
    assert!(gate.range("nowhere", "HEAD", "staging").is_err());
    assert!(Policy::parse("version = 1\nno-such-key = 1\n", "mine").is_err());
    assert!(Gate::open(&env.path("home"), Policy::builtin()).is_err());
}
