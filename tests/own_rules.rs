//! Rules of users, with the real binary: in the policy, in files beside it, imported from gitleaks; built-in ones left out or
//! replaced; what gitleaks lets pass; and that every mistake has its place.

mod support;

use support::{TestEnv, live_key, payments, secret};

const RULE: &str = "[[rule]]\nid = \"acme-key\"\ntitle = \"Acme key\"\nkeywords = [\"acme_\"]\npattern = '\\b(?P<secret>acme_(?:live|try)_[a-z0-9]{20})\\b'\nenvironment = [{ contains = \"_live_\", is = \"production\" }]\n";

#[test]
fn a_rule_of_the_policy_judges() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let key = secret("acme_live_{lowalnum:20}", 1);
    work.branch("staging");
    work.commit_file("config/app.yml", format!("a: {key}\n"));
    work.stagegate(["scan", "--ref", "staging"]).exits(0);
    work.write("stagegate.toml", format!("version = 1\n{RULE}"));
    let ran = work.stagegate(["scan", "--ref", "staging"]);
    ran.exits(1).says("acme-key").says("Acme key").hides(&key);
    work.stagegate(["rules", "list"])
        .succeeded()
        .says("acme-key");
    work.stagegate(["rules", "show", "acme-key"])
        .succeeded()
        .says("_live_");
}

#[test]
fn entropy_paths_and_allow_are_asked() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("staging");
    let asked = "entropy = 3.0\npath = '^config/'\n[[rule.allow]]\nstopwords = [\"aaaab\"]\n[[rule.allow]]\nall = true\npaths = ['\\.try$']\nlines = ['demo']\n";
    work.write("stagegate.toml", format!("version = 1\n{RULE}{asked}"));
    let key = |seed| secret("acme_live_{lowalnum:20}", seed);
    work.write("config/found.yml", format!("a: {}\n", key(1)));
    work.write("other/path.yml", format!("a: {}\n", key(2)));
    work.write(
        "config/low.yml",
        format!("a: acme_live_{}\n", "a".repeat(20)),
    );
    work.write(
        "config/stop.yml",
        format!(
            "a: {}aaaab{}\n",
            secret("acme_live_{lowalnum:8}", 3),
            secret("{digit:7}", 3)
        ),
    );
    work.write("config/demo.try", format!("demo: {}\n", key(4)));
    work.write("config/demo.yml", format!("demo: {}\n", key(5)));
    work.commit("Keys");
    let ran = work.stagegate([
        "scan",
        "--ref",
        "staging",
        "--explain-rejections",
        "--format",
        "json",
    ]);
    let report = ran.json();
    let mut found: Vec<&str> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|f| f["place"]["path"].as_str())
        .collect();
    found.sort_unstable();
    assert_eq!(found, ["config/demo.yml", "config/found.yml"]);
    let mut why: Vec<(&str, &str)> = report["rejections"]["candidates"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["rule"] == "acme-key")
        .filter_map(|one| Some((one["place"]["path"].as_str()?, one["reason"].as_str()?)))
        .collect();
    why.sort_unstable();
    assert_eq!(
        why,
        [
            ("config/demo.try", "allowed"),
            // Of one letter: a drawing of a key.
            ("config/low.yml", "documentation"),
            ("config/stop.yml", "allowed"),
            ("other/path.yml", "other-path"),
        ]
    );
}

#[test]
fn builtin_rules_can_be_left_out_and_replaced() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("staging");
    work.commit_file("config/app.yml", payments(&live_key(1)));
    work.stagegate(["scan", "--ref", "staging"]).exits(1);
    work.write("stagegate.toml", "version = 1\n[rules]\ndisable = [\"stripe-secret-key\", \"generic-key\", \"generic-secret\"]\n");
    work.stagegate(["scan", "--ref", "staging"])
        .exits(0)
        .does_not_say("stripe-secret-key");
    work.stagegate(["rules", "list"])
        .succeeded()
        .does_not_say("stripe-secret-key ");
    work.write(
        "stagegate.toml",
        "version = 1\n[[rule]]\nid = \"stripe-secret-key\"\ntitle = \"Our Stripe\"\nkeywords = [\"sk_live_\"]\npattern = '(?P<secret>sk_live_[0-9A-Za-z]+)'\n",
    );
    work.stagegate(["scan", "--ref", "staging"])
        .exits(1)
        .says("Our Stripe");
}

#[test]
fn rules_without_a_pattern_can_be_left_out() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let shared = secret("{alnum:20}", 1);
    work.write("config/production/app.yml", format!("password: {shared}\n"));
    work.write(
        "config/staging/app.yml",
        format!("warehouse:\n  blue: {shared}\n"),
    );
    work.write(
        "config/staging/secret.yml",
        "secret: arn:aws:secretsmanager:eu-west-1:121212121212:secret:prod/shop/db\n",
    );
    let policy =
        "version = 1\n[environment.production.identity]\naws-accounts = [\"121212121212\"]\n";
    work.write("stagegate.toml", policy);
    work.commit("Two environments");
    let rules = |ran: support::Ran| -> Vec<String> {
        let report = ran.json();
        let findings = report["findings"].as_array().expect("findings").iter();
        let mut rules: Vec<String> = findings
            .filter_map(|finding| finding["rule"].as_str())
            .filter(|rule| rule.starts_with("re"))
            .map(str::to_owned)
            .collect();
        rules.sort_unstable();
        rules
    };
    let found = rules(work.stagegate(["scan", "--format", "json"]));
    assert!(found.len() == 2, "{found:?}");
    let disable = found.iter().map(|id| format!("{id:?}")).collect::<Vec<_>>();
    work.write(
        "stagegate.toml",
        format!("{policy}[rules]\ndisable = [{}]\n", disable.join(", ")),
    );
    assert!(rules(work.stagegate(["scan", "--format", "json"])).is_empty());
}

#[test]
fn every_mistake_has_its_place() {
    let env = TestEnv::new();
    let work = env.repo("work");
    for (rule, said) in [
        (
            "[[rule]]\nid = \"a-b\"\nkeywords = [\"abc\"]\npattern = '('\n",
            "stagegate.toml:5:11: rule `a-b`: its pattern does not compile",
        ),
        (
            "[[rule]]\nid = \"a-b\"\nkeywords = [\"ab\"]\npattern = '(?P<secret>ab+)'\n",
            "stagegate.toml:4:12: rule `a-b`: the word \"ab\" is shorter",
        ),
        (
            "[[rule]]\nid = \"a-b\"\nkeywords = [\"abc\"]\npattern = 'abc'\n",
            "has no group named secret",
        ),
        (
            "[[rule]]\nid = \"a-b\"\nkeywords = [\"abc\"]\npattern = '(?P<secret>(?:[a-z]{1000}){1000})'\n",
            "states",
        ),
        (
            "[rules]\ndisable = [\"stripe-secret-kye\"]\n",
            "did you mean `stripe-secret-key`?",
        ),
        (
            "[rules]\nfiles = [\"../x.toml\"]\n",
            "names no file of rules",
        ),
        ("honour = [\"gitleaks\"]\n", "`honour` cannot hold"),
    ] {
        work.write("stagegate.toml", format!("version = 1\n{rule}"));
        work.stagegate(["scan"]).could_not_decide().says(said);
    }
}

#[test]
fn files_of_rules_come_from_where_the_policy_comes_from() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = secret("acme_live_{lowalnum:20}", 1);
    work.write(
        "stagegate.toml",
        "version = 1\n[rules]\nfiles = [\"gate/*.toml\"]\n",
    );
    work.stagegate(["scan"])
        .could_not_decide()
        .says("gate/*.toml is not there");
    work.write("gate/acme.toml", RULE);
    work.commit("Rules");
    work.push(["main"]).succeeded();
    work.switch("staging");
    // The pushed commit has rules of its own, which have no say.
    work.write("stagegate.toml", "version = 1\n");
    work.write("config/app.yml", format!("a: {key}\n"));
    work.commit("A key");
    let push = work.push(["staging"]);
    push.refused().says("acme-key").hides(&key);
    assert_eq!(server.gate_said(), Some(1));
    work.switch("main");
    work.write("gate/acme.toml", RULE.replace("acme_(?:", "(acme_(?:"));
    work.stagegate(["scan"])
        .could_not_decide()
        .says("gate/acme.toml:5:11: rule `acme-key`: its pattern does not compile");
}

#[test]
fn remarks_of_gitleaks_count_only_where_the_policy_says_so() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.switch("staging");
    work.write(
        "config/a.yml",
        format!("key: {} # gitleaks:allow\n", live_key(1)),
    );
    work.write("config/b.yml", payments(&live_key(2)));
    work.write(".gitleaksignore", "config/b.yml:stripe-access-token:2\n");
    work.stage();
    work.stagegate(["pre-commit"])
        .exits(1)
        .says("config/a.yml:1")
        .says("config/b.yml:2");
    work.write(
        "stagegate.toml",
        "version = 1\nhonour = [\"gitleaks:allow\"]\n",
    );
    work.stagegate(["pre-commit"])
        .exits(1)
        .does_not_say("config/a.yml:1")
        .says("config/b.yml:2");
    let both = "version = 1\nhonour = [\"gitleaks:allow\", \".gitleaksignore\"]\n";
    work.write("stagegate.toml", both);
    work.stagegate(["pre-commit"]).exits(0);
    // A name that is one of ours must be that of the finding.
    work.write(".gitleaksignore", "config/b.yml:generic-key:2\n");
    work.stagegate(["pre-commit"]).exits(1);
    work.write(".gitleaksignore", "config/b.yml:stripe-access-token:2\n");
    work.commit("Keys");
    // Whoever pushes does not decide for a server, not even with the policy of its own main.
    work.push(["staging"]).refused();
    work.switch("main");
    work.write("stagegate.toml", both);
    work.commit("Policy");
    work.push(["main"]).succeeded();
    work.push(["staging"]).refused().says("config/a.yml:1");
    work.write(
        "stagegate.toml",
        format!("{both}inline-allow = \"always\"\n"),
    );
    work.write(".gitleaksignore", "config/b.yml:stripe-access-token:2\n");
    work.commit("Policy");
    work.push(["main"]).succeeded();
    work.push(["staging"]).succeeded();
    assert_eq!(server.gate_said(), Some(0));
}

#[test]
fn a_configuration_of_gitleaks_is_imported_and_judges() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.branch("staging");
    let config = r#"
title = "ours"
[extend]
useDefault = true
[[rules]]
id = "Acme_Token"
description = "Acme token"
regex = '''(?i)acme[\w.-]{0,20}\s{0,3}[=:]\s{0,3}['"]?([a-z0-9]{24})(?:['"\s]|$)'''
entropy = 3
keywords = ["acme"]
[rules.allowlist]
stopwords = ["abcabc"]
[[rules.allowlists]]
condition = "AND"
paths = ['''\.sample$''']
regexTarget = "line"
regexes = ['''{demo}''']
[[rules]]
id = "no-keyword"
regex = '''zeta_[0-9]{12}\b'''
[[rules]]
id = "only-path"
path = '''\.p12$'''
[[rules]]
id = "everything"
regex = '''([a-z0-9]{40})'''
[[rules]]
id = "two-groups"
regex = '''omega(?:_([0-9]{9})|-([a-z]{9}))'''
keywords = ["omega"]
[[rules]]
id = "second"
regex = '''(theta)_([0-9]{9})'''
secretGroup = 2
keywords = ["theta"]
[[allowlists]]
commits = ["0123456789012345678901234567890123456789"]
paths = ['''(^|/)vendor/''']
"#;
    work.write("gitleaks.toml", config);
    let ran = work.stagegate([
        "rules",
        "import",
        "gitleaks.toml",
        "--output",
        "gate/gitleaks.toml",
    ]);
    ran.exits(2);
    std::fs::create_dir(work.dir.join("gate")).expect("a folder");
    let ran = work.stagegate([
        "rules",
        "import",
        "gitleaks.toml",
        "--output",
        "gate/gitleaks.toml",
    ]);
    ran.succeeded();
    for said in [
        "gitleaks.toml:3: extend.useDefault",
        "gitleaks.toml:5: rule Acme_Token: its id became acme-token",
        "gitleaks.toml:21: rule only-path: left out: it looks at names of files only",
        "gitleaks.toml:24: rule everything: left out: no word of three bytes",
        "gitleaks.toml:27: rule two-groups: left out: which of its groups",
        "gitleaks.toml:36: the commits of an allowlist were left out",
        "3 rules carried over, 3 left out, 3 remarks",
    ] {
        ran.says(said);
    }
    work.write(
        "stagegate.toml",
        "version = 1\n[rules]\nfiles = [\"gate/gitleaks.toml\"]\n",
    );
    let value = |seed| secret("{lowalnum:24}", seed);
    work.write(
        "app/found.txt",
        format!(
            "Acme.id = '{}'\nzeta_{}\ntheta_{}\n",
            value(1),
            secret("{digit:12}", 2),
            secret("{digit:9}", 3)
        ),
    );
    work.write("vendor/x.txt", format!("acme = '{}'\n", value(4)));
    work.write("app/x.sample", format!("acme = '{}' {{demo}}\n", value(5)));
    work.write(
        "app/stop.txt",
        format!("acme = 'abcabc{}'\n", secret("{lowalnum:18}", 6)),
    );
    work.commit("Values");
    let report = work
        .stagegate(["scan", "--ref", "staging", "--format", "json", "--all"])
        .json();
    let mut found: Vec<(String, u64)> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|one| one["provider"] == "imported")
        .filter_map(|one| {
            Some((
                format!(
                    "{} {}",
                    one["rule"].as_str()?,
                    one["place"]["path"].as_str()?
                ),
                one["place"]["line"].as_u64()?,
            ))
        })
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            ("acme-token app/found.txt".to_owned(), 1),
            ("no-keyword app/found.txt".to_owned(), 2),
            ("second app/found.txt".to_owned(), 3),
        ]
    );
}

#[test]
fn pages_are_written_for_every_rule() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.write("stagegate.toml", format!("version = 1\n{RULE}"));
    work.stagegate(["rules", "docs", "--output", "pages"])
        .succeeded();
    let index = std::fs::read_to_string(work.dir.join("pages/index.md")).expect("an index");
    for rule in stagegate::rules::builtin()
        .iter()
        .flat_map(|pack| &pack.rules)
    {
        assert!(index.contains(&format!("[{}]", rule.id)), "{}", rule.id);
    }
    assert!(index.contains("[acme-key](own.md#acme-key)"));
    let page = std::fs::read_to_string(work.dir.join("pages/stripe.md")).expect("a page");
    for part in [
        "sk_live_{alnum:24}",
        "**What to do.**",
        "docs.stripe.com",
        "production, where the value contains _live_",
    ] {
        assert!(page.contains(part), "{part}");
    }
}
