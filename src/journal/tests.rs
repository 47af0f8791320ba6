//! The chain, its breaks, rotation, and several writers at once.

use super::*;

fn entry(outcome: &str) -> Entry {
    Entry {
        outcome: outcome.to_owned(),
        ..Entry::default()
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn first_broken(file: &Path) -> Option<usize> {
    let answer = verify(&[file.to_owned()]).expect("readable");
    answer.err().map(|broken| broken.line)
}

#[test]
fn a_changed_a_missing_and_a_cut_line_are_found() {
    let folder = folder();
    let file = folder.path().join("log");
    for outcome in ["allowed", "blocked", "allowed", "undecided"] {
        append(&file, entry(outcome)).expect("written");
    }
    assert_eq!(first_broken(&file), None);
    let whole = fs::read_to_string(&file).expect("text");
    fs::write(&file, whole.replacen("blocked", "allowed", 1)).expect("written");
    assert_eq!(first_broken(&file), Some(3));
    let lines: Vec<&str> = whole.lines().collect();
    fs::write(&file, [lines[0], lines[2], lines[3], ""].join("\n")).expect("written");
    assert_eq!(first_broken(&file), Some(2));
    fs::write(&file, [lines[0], lines[1], ""].join("\n")).expect("written");
    assert_eq!(first_broken(&file), Some(3));
    fs::write(&file, "nonsense\n").expect("written");
    assert_eq!(first_broken(&file), Some(1));
}

#[test]
fn who_is_killed_in_the_middle_of_a_line_breaks_nothing() {
    let folder = folder();
    let file = folder.path().join("log");
    append(&file, entry("allowed")).expect("written");
    let mut text = fs::read_to_string(&file).expect("text");
    text.push_str("{\"version\":1,\"ti");
    fs::write(&file, text).expect("written");
    append(&file, entry("blocked")).expect("written");
    let verified = verify(&[file]).expect("readable").expect("it holds");
    assert_eq!(verified.lines, 3);
    assert!(
        verified.notes[0].contains("cut short"),
        "{:?}",
        verified.notes
    );
}

#[test]
fn the_chain_goes_on_after_a_rotation() {
    let folder = folder();
    let (file, old) = (folder.path().join("log"), folder.path().join("log.1"));
    append(&file, entry("allowed")).expect("written");
    append(&file, entry("allowed")).expect("written");
    fs::rename(&file, &old).expect("rotated");
    append(&file, entry("blocked")).expect("written");
    let all = [old.clone(), file.clone()];
    assert_eq!(verify(&all).expect("readable").expect("it holds").lines, 3);
    let alone = verify(std::slice::from_ref(&file))
        .expect("readable")
        .expect("it holds");
    assert_eq!(alone.notes.len(), 1);
    // A line of the old file is gone.
    let text = fs::read_to_string(&old).expect("text");
    let first = text.lines().next().expect("a line");
    fs::write(&old, format!("{first}\n")).expect("written");
    let broken = verify(&all).expect("readable").expect_err("broken");
    assert_eq!((broken.file, broken.line), (file, 1));
}

#[test]
fn several_writers_make_one_chain() {
    let folder = folder();
    let file = folder.path().join("log");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    append(&file, entry("allowed")).expect("written");
                }
            });
        }
    });
    let verified = verify(&[file]).expect("readable").expect("it holds");
    assert_eq!((verified.lines, verified.notes.len()), (80, 0));
}

#[test]
fn an_override_is_used_once_also_after_a_rotation() {
    let folder = folder();
    let file = folder.path().join("log");
    let overriding = Entry {
        overrides: vec![Override {
            fingerprint: "sg1:a".to_owned(),
            by: "REMOTE_USER=ada".to_owned(),
            reason: "a demo".to_owned(),
        }],
        ..Entry::default()
    };
    append(&file, overriding.clone()).expect("written");
    fs::remove_file(&file).expect("rotated away");
    let again = append(&file, overriding);
    assert!(matches!(again, Err(JournalError::Used { .. })), "{again:?}");
    append(&file, entry("allowed")).expect("written");
}

#[test]
fn counters_count_up() {
    let folder = folder();
    let file = folder.path().join("stagegate.prom");
    count(&file, "allowed", 0, 0.02).expect("written");
    count(&file, "blocked", 1, 3.0).expect("written");
    let text = fs::read_to_string(&file).expect("text");
    for line in [
        "# TYPE stagegate_duration_seconds histogram",
        "stagegate_pushes_total{outcome=\"allowed\"} 1",
        "stagegate_pushes_total{outcome=\"undecided\"} 0",
        "stagegate_duration_seconds_bucket{le=\"0.01\"} 0",
        "stagegate_duration_seconds_bucket{le=\"0.025\"} 1",
        "stagegate_duration_seconds_bucket{le=\"5\"} 2",
        "stagegate_duration_seconds_bucket{le=\"+Inf\"} 2",
        "stagegate_duration_seconds_count 2",
        "stagegate_overrides_total 1",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}:\n{text}");
    }
}
