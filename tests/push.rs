//! Real pushes to a bare repository with the gate as its pre-receive hook: what is refused, and the harmless twin that
//! passes. The same push over ssh and http is in `servers.rs`, what cannot be decided in `failures.rs`.

mod support;

use std::{fs, os::unix::fs::symlink};

use support::{TestEnv, ZERO, live_key, payments, secret, test_key};

const STAGING: &str = "refs/heads/staging";

#[test]
fn a_production_key_on_staging_is_refused_and_explained() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let before = server.tip(STAGING);
    let key = live_key(1);
    work.switch("staging");
    work.commit_file("config/staging.yml", payments(&key));

    let push = work.push(["staging"]);

    push.refused().hides(&key);
    assert_eq!(server.gate_said(), Some(1));
    assert_eq!(server.tip(STAGING), before, "the ref moved");
    push.says("stripe-secret-key")
        .says("config/staging.yml:2")
        .says("production")
        .says("_live_")
        .says("sandbox key")
        .says("default policy");
    for line in push.stderr.lines().filter(|line| line.contains("stripe")) {
        assert!(line.starts_with("remote: "), "not from the gate: {line}");
    }
}

#[test]
fn the_sandbox_twin_passes() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.switch("staging");
    let commit = work.commit_file("config/staging.yml", payments(&test_key(1)));

    work.push(["staging"]).succeeded().hides(&test_key(1));

    assert_eq!(server.gate_said(), Some(0));
    assert_eq!(server.tip(STAGING), Some(commit));
}

#[test]
fn one_commit_passes_where_nothing_claims_it_and_no_way_leads_on_to_staging() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let policy = env.file(
        "policy.toml",
        "version = 1\n[environment.staging]\ntier = \"staging\"\nrefs = [\"staging\", \"staging-*\"]\n",
    );
    server.guard(&["--policy".as_ref(), policy.as_os_str()]);
    let before = server.tip(STAGING);
    let key = live_key(2);

    work.branch("feature/x");
    let commit = work.commit_file("lib/pay.txt", format!("key {key}\n"));
    work.push(["feature/x"]).succeeded();
    assert_eq!(server.tip("refs/heads/feature/x"), Some(commit));

    // The server has every object by now: these pushes send none that holds the key.
    let forward = work.push(["feature/x:staging"]);
    forward
        .refused()
        .says("lib/pay.txt:1")
        .says("policy.toml:4")
        .hides(&key);
    let new = work.push(["feature/x:staging-2"]);
    new.refused().says("lib/pay.txt:1").hides(&key);
    assert_eq!(server.tip("refs/heads/staging-2"), None);

    work.switch("staging");
    work.git(["merge", "-q", "--no-ff", "-m", "Merge", "feature/x"]);
    let merge = work.push(["staging"]);
    merge.refused().says("lib/pay.txt:1").hides(&key);

    assert_eq!(server.tip(STAGING), before, "the ref moved");
    // The twin: a branch that only looks like a claimed one.
    work.push(["feature/x:unstaging"]).succeeded();
}

#[test]
fn added_in_one_commit_and_removed_in_the_next_is_refused() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(3);
    work.switch("staging");
    let added = work.commit_file("lib/pay.txt", format!("one\n{key}\n"));
    work.commit_file("lib/pay.txt", "one\n");

    let push = work.push(["staging"]);

    push.refused()
        .says("lib/pay.txt:2")
        .says(&added[..7])
        .hides(&key);
    assert_eq!(server.gate_said(), Some(1));
    // The twin: the same content without the way it took.
    work.git(["reset", "-q", "--soft", "origin/staging"]);
    work.commit("Squashed");
    work.push(["staging"]).succeeded();
}

#[test]
fn a_feature_branch_that_held_the_key_for_a_day_is_refused_on_staging() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    let key = live_key(4);
    work.branch("feature/day");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.commit_file("lib/pay.txt", "clean\n");
    work.push(["feature/day"]).succeeded();

    let push = work.push(["feature/day:staging"]);

    push.refused().says("lib/pay.txt:1").hides(&key);
}

#[test]
fn a_key_in_a_merge_resolution_only_is_refused() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(5);
    work.branch("feature/merge");
    work.commit_file("lib/theirs.txt", "theirs\n");
    work.switch("staging");
    work.commit_file("lib/ours.txt", "ours\n");
    work.git(["merge", "-q", "--no-commit", "--no-ff", "feature/merge"]);
    work.write("lib/ours.txt", format!("ours\n{key}\n"));
    work.commit("Merge");

    work.push(["staging"])
        .refused()
        .says("lib/ours.txt:2")
        .hides(&key);

    work.write("lib/ours.txt", "ours\nresolved\n");
    work.stage();
    work.git(["commit", "-q", "--amend", "-m", "Merge"]);
    work.push(["staging"]).succeeded();
    assert_eq!(server.gate_said(), Some(0));
}

#[test]
fn a_stale_branch_cannot_bring_a_removed_key_back() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    server.unguard();
    let key = live_key(6);
    work.switch("staging");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.branch("stale");
    work.switch("staging");
    work.commit_file("lib/pay.txt", "removed\n");
    work.push(["staging", "stale"]).succeeded();
    server.guard::<&str>(&[]);

    // Nothing of this merge is in any log -p: its tree is its first parent's.
    work.switch("stale");
    work.git(["merge", "-q", "-s", "ours", "-m", "Merge", "staging"]);
    work.push(["stale:staging"])
        .refused()
        .says("lib/pay.txt:1")
        .hides(&key);
}

#[test]
fn moving_or_copying_from_production_to_staging_is_refused() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    server.unguard();
    let key = live_key(7);
    work.commit_file("config/production/pay.yml", payments(&key));
    work.push(["main"]).succeeded();
    server.guard::<&str>(&[]);

    work.branch("feature/move");
    fs::create_dir_all(work.dir.join("config/staging")).expect("a folder");
    work.git(["mv", "config/production/pay.yml", "config/staging/pay.yml"]);
    work.commit("Move");
    work.push(["feature/move"])
        .refused()
        .says("config/staging/pay.yml:2")
        .hides(&key);

    work.switch("main");
    work.branch("feature/copy");
    work.commit_file("config/staging/pay.yml", payments(&key));
    work.push(["feature/copy"])
        .refused()
        .says("config/staging/pay.yml:2")
        .hides(&key);

    // The twin: a move inside production.
    work.switch("main");
    work.branch("feature/tidy");
    work.git([
        "mv",
        "config/production/pay.yml",
        "config/production/payments.yml",
    ]);
    work.commit("Tidy");
    work.push(["feature/tidy"]).succeeded().hides(&key);
}

#[test]
fn the_same_blob_at_a_production_path_first_is_still_judged_at_stagings() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    let key = live_key(8);
    work.branch("feature/both");
    work.write("config/production/pay.yml", payments(&key));
    work.write("config/staging/pay.yml", payments(&key));
    work.commit("Both");

    work.push(["feature/both"])
        .refused()
        .says("config/staging/pay.yml:2")
        .hides(&key);
}

#[test]
fn a_key_that_already_stood_there_may_go_and_may_move_within_its_file() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    server.unguard();
    // A removal that arrives as a pack brings the old blob along as a delta base: that is not an addition.
    server.git(["config", "receive.unpackLimit", "1"]);
    let filler: String = (0..200).map(|n| format!("  line_{n}: {n}\n")).collect();
    let key = live_key(9);
    work.switch("staging");
    work.commit_file("config/staging.yml", format!("{}{filler}", payments(&key)));
    work.push(["staging"]).succeeded();
    server.guard::<&str>(&[]);

    work.commit_file(
        "config/staging.yml",
        format!("# moved\n{filler}payments:\n    eu:\n        stripe_secret_key:   {key}\n"),
    );
    work.push(["staging"]).succeeded().hides(&key);

    work.git(["update-index", "--chmod=+x", "config/staging.yml"]);
    work.git(["commit", "-q", "-m", "Mode only"]);
    work.push(["staging"]).succeeded();

    // Not the same thing: another value in the old one's place.
    let other = live_key(10);
    work.commit_file(
        "config/staging.yml",
        format!("{filler}{}", payments(&other)),
    );
    work.push(["staging"]).refused().hides(&key).hides(&other);
    work.git(["reset", "-q", "--hard", "HEAD^"]);

    work.commit_file("config/staging.yml", filler);
    work.push(["staging"]).succeeded().hides(&key);
    assert_eq!(server.gate_said(), Some(0));
}

#[test]
fn two_refs_in_one_push_the_harmless_first_are_refused_together() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let before = server.tip(STAGING);
    let key = live_key(11);
    work.branch("a-feature");
    work.commit_file("lib/a.txt", "harmless\n");
    work.switch("staging");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.git(["branch", "z-feature", "main"]);

    for atomic in [None, Some("--atomic")] {
        let args = atomic
            .into_iter()
            .chain(["a-feature", "staging", "z-feature"]);
        let push = work.push(args);
        push.refused().says("lib/pay.txt:1").hides(&key);
        assert_eq!(server.gate_said(), Some(1));
        assert_eq!(server.tip(STAGING), before);
        assert_eq!(server.tip("refs/heads/a-feature"), None);
        assert_eq!(server.tip("refs/heads/z-feature"), None);
    }
    work.push(["a-feature", "z-feature"]).succeeded();
}

#[test]
fn a_forced_push_is_judged_by_what_will_stand_there() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(12);
    work.branch("feature/old");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.push(["feature/old"]).succeeded();
    // The commit stays on the server, but no ref reaches it any more.
    work.push(["--delete", "feature/old"]).succeeded();
    work.switch("staging");
    work.commit_file("lib/other.txt", "other\n");
    work.push(["staging"]).succeeded();

    work.push(["--force", "feature/old:staging"])
        .refused()
        .says("lib/pay.txt:1")
        .hides(&key);

    work.push(["--force", "main:staging"]).succeeded();
    assert_eq!(server.tip(STAGING), Some(work.tip("main")));
}

#[test]
fn an_orphan_history_is_judged_whole() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(13);
    work.git(["switch", "-q", "--orphan", "fresh"]);
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.push(["--force", "fresh:staging"])
        .refused()
        .says("lib/pay.txt:1")
        .hides(&key);

    work.git(["switch", "-q", "--orphan", "clean"]);
    work.commit_file("lib/clean.txt", "clean\n");
    work.push(["--force", "clean:staging"]).succeeded();
    assert_eq!(server.gate_said(), Some(0));
}

#[test]
fn deletions_pass_alone_and_do_not_cover_for_an_update() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.push(["main:refs/heads/old", "main:refs/heads/older"])
        .succeeded();
    let key = live_key(14);
    work.switch("staging");
    work.commit_file("lib/pay.txt", format!("{key}\n"));

    work.push([":old", "staging"]).refused().hides(&key);
    assert!(server.tip("refs/heads/old").is_some());

    work.push([":older"]).succeeded();
    work.push([":staging"]).succeeded();
    assert_eq!(server.gate_said(), Some(0));
    assert_eq!(server.tip(STAGING), None);
}

#[test]
fn tags_that_nothing_claims_pass() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.branch("feature/tagged");
    work.commit_file("lib/pay.txt", format!("{}\n", live_key(15)));
    work.git(["tag", "-a", "-m", "First", "v1"]);
    work.git(["tag", "light"]);
    work.git(["tag", "-a", "-m", "A blob", "blob", "HEAD:lib/pay.txt"]);
    work.git(["tag", "-a", "-m", "Of a tag", "nested", "v1"]);

    work.push(["v1", "light", "blob", "nested"])
        .succeeded()
        .hides(&live_key(15));
    assert_eq!(server.gate_said(), Some(0));
}

#[test]
fn a_key_in_a_commit_message_is_refused_on_staging() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(16);
    work.switch("staging");
    work.write("lib/a.txt", "a\n");
    work.commit(&format!("Pay\n\nTested with {key}\n"));

    work.push(["staging"])
        .refused()
        .says("stripe-secret-key")
        .says("commit message")
        .hides(&key);
    assert_eq!(server.gate_said(), Some(1));
    work.push(["staging:feature/message"]).succeeded();

    work.git([
        "commit",
        "-q",
        "--amend",
        "-m",
        "Pay\n\nTested with the sandbox's key",
    ]);
    work.push(["staging"]).succeeded();
}

#[test]
fn attributes_hide_nothing() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(17);
    work.switch("staging");
    work.write(
        ".gitattributes",
        "*.txt -diff\n*.dat binary\n*.nul diff=none\n",
    );
    work.write("lib/a.txt", format!("{key}\n"));
    work.write("lib/b.dat", format!("{key}\n"));
    work.write("lib/c.nul", format!("\0\0{key}\n"));
    work.commit("Attributes");

    work.push(["staging"])
        .refused()
        .says("lib/a.txt:1")
        .says("lib/b.dat:1")
        .says("lib/c.nul:1")
        .hides(&key);

    work.write("lib/a.txt", "a\n");
    work.write("lib/b.dat", "b\n");
    work.write("lib/c.nul", "\0c\n");
    work.stage();
    work.git(["commit", "-q", "--amend", "-m", "Attributes"]);
    work.push(["staging"]).succeeded();
    assert_eq!(server.gate_said(), Some(0));
}

#[test]
fn odd_file_names_are_read_and_shown_safely() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    let key = live_key(18);
    work.switch("staging");
    work.write("lib/a b.txt", format!("{key}\n"));
    work.write("lib/\"quoted\" 'twice'.txt", format!("{key}\n"));
    work.write("lib/Zürich-東京.txt", format!("{key}\n"));
    work.write("lib/new\nline.txt", format!("{key}\n"));
    work.write("lib/\u{1b}[31mred.txt", format!("{key}\n"));
    work.write("lib/-rf", format!("{key}\n"));
    work.commit("Odd names");

    let push = work.push(["staging"]);

    push.refused()
        .says("lib/a b.txt:1")
        .says("'twice'.txt")
        .says("rich-")
        .says("line.txt")
        .says("red.txt")
        .says("lib/-rf:1")
        .hides(&key)
        .hides("\u{1b}[31m");
    assert!(
        !push
            .stderr
            .lines()
            .any(|line| line.trim_start_matches("remote: ").starts_with("line.txt")),
        "a line break in a file name breaks a line of the output"
    );
}

#[test]
fn symlink_targets_are_content() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    let key = live_key(19);
    work.switch("staging");
    symlink(format!("/run/{key}"), work.dir.join("pay")).expect("a symlink");
    work.commit("Symlink");
    work.push(["staging"]).refused().says("pay:1").hides(&key);

    fs::remove_file(work.dir.join("pay")).expect("the symlink was there");
    symlink("README.md", work.dir.join("pay")).expect("a symlink");
    work.stage();
    work.git(["commit", "-q", "--amend", "-m", "Symlink"]);
    work.push(["staging"]).succeeded();
}

#[test]
fn file_and_folder_names_are_content_and_masked() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let (file, folder, inside) = (live_key(20), live_key(21), live_key(22));
    work.switch("staging");
    work.commit_file(&format!("lib/{file}.txt"), "harmless\n");
    work.push(["staging"])
        .refused()
        .says("stripe-secret-key")
        .says("lib/")
        .hides(&file);

    work.git(["reset", "-q", "--hard", "HEAD^"]);
    work.commit_file(&format!("{folder}/pay.txt"), format!("{inside}\n"));
    work.push(["staging"])
        .refused()
        .says("pay.txt")
        .hides(&folder)
        .hides(&inside);
    assert_eq!(server.gate_said(), Some(1));

    // The twin: the name stood there before, and only what is under it changes.
    server.unguard();
    work.commit_file(&format!("{folder}/pay.txt"), "harmless\n");
    work.push(["--force", "staging"]).succeeded();
    server.guard::<&str>(&[]);
    work.commit_file(&format!("{folder}/pay.txt"), "harmless still\n");
    work.push(["staging"]).succeeded().hides(&folder);
}

#[test]
fn a_push_to_an_alias_of_staging_is_a_push_to_staging() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    server.git(["symbolic-ref", "refs/heads/alias", STAGING]);
    let before = server.tip(STAGING);
    let key = live_key(23);
    work.branch("feature/alias");
    work.commit_file("lib/pay.txt", format!("{key}\n"));

    work.push(["feature/alias:alias"])
        .refused()
        .says("lib/pay.txt:1")
        .hides(&key);
    assert_eq!(server.tip(STAGING), before);
}

#[test]
fn a_lying_old_id_changes_nothing() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(24);
    work.branch("feature/lie");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    let new = work.tip("HEAD");
    work.push(["feature/lie"]).succeeded();

    // The client claims that staging already stands where it wants to put it.
    for old in [new.as_str(), ZERO] {
        server
            .pre_receive(format!("{old} {new} {STAGING}\n"), &[])
            .exits(1)
            .says("lib/pay.txt:1")
            .hides(&key);
    }
    server
        .pre_receive(format!("{ZERO} {new} refs/heads/feature/lie\n"), &[])
        .succeeded();
}

#[test]
fn a_push_finds_the_same_whether_it_arrives_loose_or_packed() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.switch("staging");
    for n in 0..4 {
        work.write(format!("lib/{n}.txt"), format!("{}\n", live_key(30 + n)));
        work.commit("One more");
    }
    let loose = work.push(["staging"]);
    server.git(["config", "receive.unpackLimit", "1"]);
    let packed = work.push(["staging"]);

    loose.refused();
    packed.refused();
    let findings = |said: &str| {
        let mut lines: Vec<_> = said
            .lines()
            .filter(|line| line.contains("lib/"))
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    };
    assert!(findings(&loose.stderr).len() >= 4);
    assert_eq!(findings(&loose.stderr), findings(&packed.stderr));
}

#[test]
fn values_of_many_providers_are_told_from_their_twins() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.branch("feature/many");
    // Paths claim here, not the ref: the word `staging` in a folder's name.
    let live = [secret("rk_live_{alnum:40}", 40), live_key(41)];
    let test = [secret("rk_test_{alnum:40}", 42), test_key(43)];
    for (n, value) in test.iter().enumerate() {
        work.write(format!("deploy/staging/{n}.env"), format!("KEY={value}\n"));
    }
    work.commit("Sandbox");
    work.push(["feature/many"]).succeeded();
    for (n, value) in live.iter().enumerate() {
        work.write(format!("deploy/staging/{n}.env"), format!("KEY={value}\n"));
    }
    work.commit("Live");

    let push = work.push(["feature/many"]);

    push.refused()
        .says("deploy/staging/0.env:1")
        .says("deploy/staging/1.env:1");
    for value in &live {
        push.hides(value);
    }
    assert_eq!(server.gate_said(), Some(1));
}

#[test]
fn odd_contents_are_read() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    let key = live_key(50);
    work.switch("staging");
    work.write("lib/crlf.txt", format!("one\r\nkey: {key}\r\nthree\r\n"));
    work.write("lib/no-end.txt", format!("one\n{key}"));
    work.write("lib/bom.txt", format!("\u{feff}{key}\n"));
    work.write(
        "lib/late-nul.bin",
        format!("{}\n{key}\n\0", "x".repeat(9_000)),
    );
    work.write("lib/long.txt", format!("{} {key}", "y ".repeat(500_000)));
    work.write(
        "lib/latin1.txt",
        [b"caf\xe9\n".as_slice(), key.as_bytes()].concat(),
    );
    work.commit("Odd contents");

    work.push(["staging"])
        .refused()
        .says("lib/crlf.txt:2")
        .says("lib/no-end.txt:2")
        .says("lib/bom.txt:1")
        .says("lib/late-nul.bin:2")
        .says("lib/long.txt:1")
        .says("lib/latin1.txt:2")
        .hides(&key);
}

#[test]
fn a_file_may_become_a_folder_and_back() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(51);
    work.switch("staging");
    work.commit_file("lib/pay", "harmless\n");
    work.push(["staging"]).succeeded();

    work.git(["rm", "-q", "lib/pay"]);
    work.commit_file("lib/pay/key.txt", format!("{key}\n"));
    work.push(["staging"])
        .refused()
        .says("lib/pay/key.txt:1")
        .hides(&key);

    work.git(["reset", "-q", "--hard", "HEAD^"]);
    work.git(["rm", "-q", "lib/pay"]);
    work.commit_file("lib/pay/key.txt", "harmless\n");
    work.git(["rm", "-q", "-r", "lib/pay"]);
    work.commit_file("lib/pay", "harmless\n");
    work.push(["staging"]).succeeded();
    assert_eq!(server.gate_said(), Some(0));
}

#[test]
fn a_submodule_is_a_pointer_and_passes() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.switch("staging");
    let elsewhere = format!("160000,{},vendor/lib", "ab".repeat(20));
    work.git(["update-index", "--add", "--cacheinfo", &elsewhere]);
    work.git(["commit", "-q", "-m", "A submodule"]);
    work.push(["staging"]).succeeded();
    assert_eq!(server.gate_said(), Some(0));
}

#[test]
fn nothing_on_the_server_hides_a_commit() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let key = live_key(52);
    work.branch("feature/hidden");
    let bad = work.commit_file("lib/pay.txt", format!("{key}\n"));
    let good = work.commit_file("lib/pay.txt", "clean\n");
    work.push(["feature/hidden"]).succeeded();
    let main = server.tip("refs/heads/main").expect("main is there");
    let refused = || {
        work.push(["feature/hidden:staging"])
            .refused()
            .says("lib/pay.txt:1")
            .hides(&key);
    };

    // A replacement for the commit, and for its blob.
    server.git(["replace", &bad, &main]);
    let blob = format!("{bad}:lib/pay.txt");
    let clean = format!("{good}:lib/pay.txt");
    server.git(["--no-replace-objects", "replace", &blob, &clean]);
    refused();
    server.git(["replace", "-d", &bad, &work.tip(&blob)]);

    // A graft that leaves the commit out.
    fs::create_dir_all(server.dir.join("info")).expect("info");
    fs::write(server.dir.join("info/grafts"), format!("{good} {main}\n")).expect("a graft");
    refused();
    fs::remove_file(server.dir.join("info/grafts")).expect("the graft was there");

    // A history cut off above it.
    fs::write(server.dir.join("shallow"), format!("{good}\n")).expect("a shallow file");
    let push = work.push(["feature/hidden:staging"]);
    assert_ne!(push.code, 0, "the push went through");
    push.hides(&key);
}

#[test]
fn a_server_with_an_odd_path_and_an_empty_environment_is_guarded() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let server = env.server("we:ird \"quo'ted/ser ver.git");
    work.git(["remote", "add", "origin", &server.url()]);
    work.git(["branch", "staging"]);
    work.push(["main", "staging"]).succeeded();
    server.guard::<&str>(&[]);
    let key = live_key(53);
    work.switch("staging");
    work.commit_file("lib/pay.txt", format!("{key}\n"));
    work.push(["staging"])
        .refused()
        .says("lib/pay.txt:1")
        .hides(&key);
    work.push(["staging:feature/x"]).succeeded();

    let mut command = std::process::Command::new(support::STAGEGATE);
    command
        .current_dir(&server.dir)
        .env_clear()
        .env("GIT_DIR", ".")
        .arg("pre-receive");
    let line = format!("{} {} {STAGING}\n", work.tip("main"), work.tip("staging"));
    support::run_with_input(&mut command, line.as_bytes())
        .exits(1)
        .says("lib/pay.txt:1")
        .hides(&key);
}
