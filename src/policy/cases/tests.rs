//! Cases that hold, cases that do not, and files of cases with mistakes.

use super::*;

const TODAY: Date = Date::constant(2026, 6, 1);

fn tried(policy: &str, cases: &str) -> Result<Vec<Tried>, String> {
    let policy = Policy::parse(policy, "stagegate.toml").expect("a sound policy");
    try_cases(&policy, cases, "cases.toml", TODAY).map_err(|errors| errors.to_string())
}

#[test]
fn what_stands_for_a_row_falls_into_it() {
    for row in Row::ALL {
        let kind = of_row(row);
        assert_eq!(kind.subject("", &String::new).row(), row);
    }
}

#[test]
fn the_example_holds_with_the_policy_beside_it() {
    let tried = tried(
        include_str!("../../../fixtures/policy/cases/stagegate.toml"),
        include_str!("../../../fixtures/policy/cases/cases.toml"),
    )
    .expect("sound cases");
    assert!(tried.len() > 30, "{}", tried.len());
    for one in &tried {
        assert!(
            one.holds(),
            "line {}: {}: {:?}",
            one.line,
            one.asked,
            one.decision
        );
    }
    // With another policy some of them do not.
    let others = super::try_cases(
        &Policy::builtin(),
        include_str!("../../../fixtures/policy/cases/cases.toml"),
        "cases.toml",
        TODAY,
    );
    assert!(others.is_err_and(|errors| errors.to_string().contains("no environment is called")));
}

#[test]
fn a_case_that_does_not_hold_says_what_was_decided() {
    let tried = tried(
        "version = 1\n",
        "[[case]]\nref = \"staging\"\nwhat = [\"production-credential\", \"public\"]\nverdict = \"allow\"\nenvironment = \"production\"\n",
    )
    .expect("sound cases");
    assert_eq!(tried.len(), 2);
    assert_eq!(tried[0].line, 1);
    assert_eq!(
        tried[0].asked,
        "ref refs/heads/staging, production-credential"
    );
    assert_eq!(tried[0].decision.verdict, Verdict::Block);
    assert_eq!(tried[0].environment(), "staging");
    // The verdict alone is not enough where an environment is named.
    assert_eq!(tried[1].decision.verdict, Verdict::Allow);
    assert!(!tried[0].holds() && !tried[1].holds());
}

#[test]
fn every_mistake_has_its_place() {
    for (case, said) in [
        ("", "there is no case"),
        (
            "[[case]]\nwhat = \"public\"\n",
            "1:1: the case has no verdict",
        ),
        (
            "[[case]]\nverdict = \"warn\"\n",
            "does not say what is added",
        ),
        (
            "[[case]]\nverdict = \"warn\"\nwhat = \"publik\"\n",
            "3:8: no row of the verdict table is called `publik`\n  did you mean `public`?",
        ),
        (
            "[[case]]\nverdict = \"warn\"\nrule = \"stripe-secret-kye\"\norigin = \"prod\"\n",
            "did you mean `stripe-secret-key`?",
        ),
        (
            "[[case]]\nverdict = \"refuse\"\nwhat = \"public\"\n",
            "`verdict` cannot be \"refuse\"",
        ),
        (
            "[[case]]\nverdict = \"warn\"\nwhat = \"public\"\norigin = \"test\"\n",
            "`origin` goes with `rule`",
        ),
        (
            "[[case]]\nverdict = \"warn\"\nwhat = \"public\"\nbranch = \"a\"\n",
            "4:1: unknown field `branch`",
        ),
        (
            "[[case]]\nverdict = \"warn\"\nwhat = \"public\"\nenvironment = \"stagin\"\n",
            "did you mean `staging`?",
        ),
    ] {
        let errors = tried("version = 1\n", case).expect_err(said);
        assert!(errors.contains(said), "{errors}");
    }
}
