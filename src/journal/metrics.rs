//! Counters of a server in the text format of Prometheus, for the textfile collector of node_exporter: read, counted up and
//! written again as a whole, under a lock.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Upper bounds of the histogram, in seconds.
const BOUNDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const PUSHES: &str = "stagegate_pushes_total";
const SECONDS: &str = "stagegate_duration_seconds";
const LAST: &str = "stagegate_last_run_timestamp_seconds";
const OVERRIDES: &str = "stagegate_overrides_total";

/// Counts one run.
///
/// # Errors
/// Where the file cannot be read or written.
pub fn count(file: &Path, outcome: &str, overrides: usize, seconds: f64) -> io::Result<()> {
    let mut lock = file.as_os_str().to_owned();
    lock.push(".lock");
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(lock)?;
    lock.lock()?;
    let mut values = match fs::read_to_string(file) {
        Ok(text) => read(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    let mut add = |name: String, by: f64| *values.entry(name).or_insert(0.0) += by;
    for known in ["allowed", "blocked", "undecided"] {
        let by = if known == outcome { 1.0 } else { 0.0 };
        add(format!("{PUSHES}{{outcome=\"{known}\"}}"), by);
    }
    for bound in BOUNDS {
        let by = if seconds <= bound { 1.0 } else { 0.0 };
        add(format!("{SECONDS}_bucket{{le=\"{bound}\"}}"), by);
    }
    add(format!("{SECONDS}_bucket{{le=\"+Inf\"}}"), 1.0);
    add(format!("{SECONDS}_sum"), seconds);
    add(format!("{SECONDS}_count"), 1.0);
    add(OVERRIDES.to_owned(), overrides as f64);
    values.insert(LAST.to_owned(), jiff::Timestamp::now().as_second() as f64);
    let mut beside = file.as_os_str().to_owned();
    // The collector reads what ends in `.prom`.
    beside.push(".tmp");
    let mut new = fs::File::create(&beside)?;
    new.write_all(written(&values).as_bytes())?;
    fs::rename(&beside, file)
}

fn read(text: &str) -> BTreeMap<String, f64> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        })
        .collect()
}

fn written(values: &BTreeMap<String, f64>) -> String {
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, keys: &[String]| {
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        for key in keys {
            let value = values.get(key).copied().unwrap_or(0.0);
            text.push_str(&format!("{key} {value}\n"));
        }
    };
    let outcomes = ["allowed", "blocked", "undecided"];
    family(
        PUSHES,
        "counter",
        "Pushes that were judged, by what came of it (exit 0, 1, 2).",
        &outcomes.map(|outcome| format!("{PUSHES}{{outcome=\"{outcome}\"}}")),
    );
    let mut keys: Vec<String> = BOUNDS
        .iter()
        .map(|bound| format!("{SECONDS}_bucket{{le=\"{bound}\"}}"))
        .collect();
    keys.push(format!("{SECONDS}_bucket{{le=\"+Inf\"}}"));
    keys.push(format!("{SECONDS}_sum"));
    keys.push(format!("{SECONDS}_count"));
    family(SECONDS, "histogram", "How long the answer took.", &keys);
    let one = |name: &str| [name.to_owned()];
    family(
        OVERRIDES,
        "counter",
        "Values that an override let pass.",
        &one(OVERRIDES),
    );
    family(LAST, "gauge", "When a push was last judged.", &one(LAST));
    text
}
