//! `stagegate inventory`: keeps the inventory of known secrets. Values come on standard input, never on the command line,
//! which other users of a machine can see; nothing of a value is printed.

use std::collections::BTreeMap;
use std::io::{Read as _, Write};
use std::path::Path;

use crate::inventory::input::{self, Form, Given};
use crate::inventory::{About, Added, Draft, Inventory, Key, Known, TierOf, weakness};
use crate::rules::schema::Value;
use crate::scan::reason::{Asked, Reason, documentation_example, of_value};

use super::{Failure, Format, Global, output, source};

/// Arguments of `stagegate inventory`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  vault kv get -format=json secret/shop | stagegate inventory add --environment production --source vault:secret/shop\n  kubectl get secret shop -o json | stagegate inventory add --environment production --source k8s:shop\n  sops -d prod.yaml | stagegate inventory add --environment production --source sops:prod.yaml\n  stagegate inventory add --revoked --source incident-42 < leaked.txt"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Add the values on standard input; a new inventory, and a new key where its file is named, are made
    Add {
        /// Name of the environment whose they are
        #[arg(long, value_name = "NAME", required_unless_present = "revoked")]
        environment: Option<String>,
        /// Tier of an environment that is not named like one
        #[arg(long, value_enum)]
        tier: Option<TierName>,
        /// Where they come from, in your words; readable by who has the file
        #[arg(long, value_name = "TEXT", default_value = "standard input")]
        source: String,
        /// They were revoked: blocked everywhere from now on, and exceptions for them end
        #[arg(long)]
        revoked: bool,
        /// How they are written; found out without it
        #[arg(long, value_enum)]
        input: Option<Input>,
    },
    /// List the entries: ids, environments, sources and days
    List,
    /// Remove entries: those with the ids given, or those of the values on standard input
    Remove {
        /// Ids as `list` and findings show them: sgi1:...
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Of the values on standard input, only the entries of this environment
        #[arg(long, value_name = "NAME", conflicts_with = "ids")]
        environment: Option<String>,
        /// How they are written; found out without it
        #[arg(long, value_enum)]
        input: Option<Input>,
    },
    /// Tell which of the values on standard input are known; exit 1 if any is
    Check {
        /// How they are written; found out without it
        #[arg(long, value_enum)]
        input: Option<Input>,
    },
    /// Count the entries; verifies the whole file
    Stats,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TierName {
    Production,
    Staging,
    Development,
    Test,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Input {
    Json,
    Yaml,
    /// KEY=VALUE
    Pairs,
    /// One value a line
    Lines,
}

impl From<Input> for Form {
    fn from(input: Input) -> Self {
        match input {
            Input::Json => Self::Json,
            Input::Yaml => Self::Yaml,
            Input::Pairs => Self::Pairs,
            Input::Lines => Self::Lines,
        }
    }
}

/// Runs it; 1 where `check` knows a value.
pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    let path =
        source::named(global.inventory.as_deref(), source::FILE_VARIABLE).ok_or_else(|| {
            Failure::new("no inventory is named").hint(format!(
                "name its file with --inventory FILE or the variable {}",
                source::FILE_VARIABLE
            ))
        })?;
    let key_file = source::named(global.inventory_key.as_deref(), source::KEY_FILE_VARIABLE);
    let mut made = false;
    if let (What::Add { .. }, Some(file)) = (&args.what, &key_file)
        && !file.exists()
        && !path.exists()
        && std::env::var_os(source::KEY_VARIABLE).is_none()
    {
        Key::create(file)?;
        made = true;
    }
    let key = source::inventory_key(key_file.as_deref())?;
    match &args.what {
        What::Add {
            environment,
            tier,
            source,
            revoked,
            input,
        } => {
            let today = source::today().to_string();
            let about = About {
                tier: tier_of(environment.as_deref(), *tier)?,
                environment: environment.clone(),
                source: source.clone(),
                added: today.clone(),
                revoked: revoked.then_some(today),
            };
            let given = given(*input)?;
            let draft = Draft::open(&path, &key)?;
            if let Some(file) = key_file.filter(|_| made) {
                writeln!(
                    out,
                    "new key: {} (keep a copy of it where the inventory is not)",
                    file.display()
                )?;
            }
            add(draft, &given, &about, out)
        }
        What::List => {
            output::is_json(global)?;
            list(&Inventory::open(&path, &key)?, global.format, out)
        }
        What::Remove {
            ids,
            environment,
            input,
        } => remove(&path, &key, ids, environment.as_deref(), *input, out),
        What::Check { input } => check(&Inventory::open(&path, &key)?, &given(*input)?, out),
        What::Stats => stats(&Inventory::open(&path, &key)?, out),
    }
}

fn given(form: Option<Input>) -> Result<Vec<Given>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    let given = input::read(&bytes, form.map(Form::from)).map_err(|error| {
        Failure::new(error.to_string())
            .hint("say how it is written with --input json, yaml, pairs or lines")
    })?;
    if given.is_empty() {
        return Err(Failure::new("there is no value on standard input")
            .hint("did the command before the pipe fail?"));
    }
    Ok(given)
}

fn tier_of(environment: Option<&str>, tier: Option<TierName>) -> Result<Option<TierOf>, Failure> {
    let of_name = match environment {
        None => return Ok(None),
        Some("production") => Some(TierOf::Production),
        Some("staging") => Some(TierOf::Staging),
        Some("development") => Some(TierOf::Development),
        Some("test") => Some(TierOf::Test),
        Some(_) => None,
    };
    let of_flag = tier.map(|tier| match tier {
        TierName::Production => TierOf::Production,
        TierName::Staging => TierOf::Staging,
        TierName::Development => TierOf::Development,
        TierName::Test => TierOf::Test,
    });
    of_flag.or(of_name).map(Some).ok_or_else(|| {
        Failure::new(format!(
            "the environment {} has no tier",
            environment.unwrap_or_default()
        ))
        .hint("say of which kind it is: --tier production, staging, development or test")
    })
}

/// Why a value must not go into an inventory, in words.
fn refusal(given: &Given) -> Option<&'static str> {
    if let Some(reason) = given.passed_over {
        return Some(reason);
    }
    if documentation_example(given.value.as_bytes()) {
        return Some("an example from documentation");
    }
    if given.value.starts_with("-----BEGIN ") || is_one_random_run(&given.value) {
        return weakness(given.value.as_bytes()).map(|weak| weak.words());
    }
    // The name of the key does not count here: what a store keeps under a strange one is a secret all the same.
    let asked = Asked {
        key: "",
        value: &given.value,
        quoted: true,
        kind: Value::Password,
    };
    let reason = match of_value(&asked) {
        Some(Reason::Short) => "too short",
        Some(Reason::Reference) => "a reference, and no value",
        Some(Reason::Placeholder) => "a placeholder",
        Some(Reason::Constant) => "a constant",
        Some(Reason::Encrypted | Reason::Digest) => {
            "encrypted or hashed: add what it was made from"
        }
        Some(Reason::Path) => "a path or an address",
        Some(Reason::Words) => "made of plain words, which stand in texts by chance",
        Some(Reason::Default) => "a public default",
        Some(Reason::Measure) => "a date, a version or a size",
        _ => return weakness(given.value.as_bytes()).map(|weak| weak.words()),
    };
    Some(reason)
}

fn add(
    mut draft: Draft,
    given: &[Given],
    about: &About,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let mut refused: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut taken = 0;
    let before = draft.len();
    for given in given {
        let reason = match refusal(given) {
            Some(reason) => Some(reason),
            None => match draft.add(given.value.as_bytes(), about)? {
                Added::Taken => None,
                Added::Weak(weak) => Some(weak.words()),
            },
        };
        match reason {
            Some(reason) => refused.entry(reason).or_default().push(&given.key),
            None => taken += 1,
        }
    }
    draft.settle()?;
    let new = draft.len().saturating_sub(before);
    let all = if taken > 0 { draft.write()? } else { before };
    let what = if about.revoked.is_some() {
        "revoked"
    } else {
        "taken"
    };
    writeln!(out, "{taken} {what}, {new} of them new; {all} entries")?;
    for (reason, keys) in refused {
        let shown: Vec<&str> = keys.iter().take(SHOWN).copied().collect();
        let more = keys.len() - shown.len();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        writeln!(
            out,
            "{} refused, {reason}: {}{more}",
            keys.len(),
            crate::report::printable(&shown.join(", "))
        )?;
    }
    Ok(0)
}

/// Whether a part of the value is what no one writes as a word: twelve letters and digits, where a letter follows a
/// digit or capitals and small letters take turns. What is looked for in the values of configuration would take some of these for names.
fn is_one_random_run(value: &str) -> bool {
    value
        .split(|character: char| !character.is_ascii_alphanumeric())
        .any(|run| {
            let turns = run
                .as_bytes()
                .windows(2)
                .any(|pair| pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic());
            let alternates = run.as_bytes().windows(4).any(|four| {
                four.iter().all(u8::is_ascii_alphabetic)
                    && four
                        .windows(2)
                        .all(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase())
            });
            run.len() >= 12
                && (turns || alternates)
                && run
                    .bytes()
                    .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
                && !documentation_example(run.as_bytes())
        })
        && ![
            "${", "{{", "$(", "ENC[", "ENC(", "$2", "$argon2", "{cipher}", "://",
        ]
        .iter()
        .any(|sign| value.contains(sign))
}

/// Keys of refused values that are named.
const SHOWN: usize = 10;

fn list(inventory: &Inventory, format: Format, out: &mut dyn Write) -> Result<u8, Failure> {
    let mut lines = Vec::new();
    inventory.each(&mut |known| lines.push(line(&known, format)))?;
    lines.sort_unstable();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(0)
}

fn line(known: &Known, format: Format) -> String {
    let About {
        environment,
        tier,
        source,
        added,
        revoked,
    } = &known.about;
    match format {
        Format::Json => serde_json::json!({
            "id": known.id, "environment": environment, "tier": tier.map(|tier| crate::model::Tier::from(tier).as_str()),
            "source": source, "added": added, "revoked": revoked,
        })
        .to_string(),
        _ => {
            let revoked = revoked
                .as_ref()
                .map_or(String::new(), |day| format!("  revoked {day}"));
            let text = format!(
                "{}  {}  added {added}  {source}{revoked}",
                known.id,
                environment.as_deref().unwrap_or("-")
            );
            crate::report::printable(&text).into_owned()
        }
    }
}

fn remove(
    path: &Path,
    key: &Key,
    ids: &[String],
    environment: Option<&str>,
    input: Option<Input>,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let values = if ids.is_empty() {
        given(input)?
    } else {
        Vec::new()
    };
    // Opened to be read first: to remove from one that is not there must not make it.
    Inventory::open(path, key)?;
    let mut draft = Draft::open(path, key)?;
    let mut done = draft.remove_ids(ids);
    for given in &values {
        let more = draft.remove_value(given.value.as_bytes(), environment);
        done.entries += more.entries;
        done.unknown += more.unknown;
    }
    let left = if done.entries > 0 {
        draft.write()?
    } else {
        draft.len()
    };
    writeln!(
        out,
        "{} entries removed, {} not there; {left} entries",
        done.entries, done.unknown
    )?;
    if done.entries == 0 {
        return Err(
            Failure::new("nothing was removed: none of them is in the inventory")
                .hint("`stagegate inventory list` shows the ids"),
        );
    }
    Ok(0)
}

fn check(inventory: &Inventory, given: &[Given], out: &mut dyn Write) -> Result<u8, Failure> {
    let mut code = 0;
    for given in given {
        let known = inventory.about(given.value.as_bytes())?;
        let key = crate::report::printable(&given.key).into_owned();
        if known.is_empty() {
            match refusal(given) {
                Some(reason) => writeln!(out, "{key}: not known, and would be refused: {reason}")?,
                None => writeln!(out, "{key}: not known")?,
            }
        }
        for known in known {
            code = 1;
            writeln!(out, "{key}: {}", line(&known, Format::Text))?;
        }
    }
    Ok(code)
}

fn stats(inventory: &Inventory, out: &mut dyn Write) -> Result<u8, Failure> {
    let mut counts: BTreeMap<(String, String, bool), usize> = BTreeMap::new();
    inventory.each(&mut |known| {
        let about = known.about;
        let environment = about.environment.unwrap_or_else(|| "-".to_owned());
        *counts
            .entry((environment, about.source, about.revoked.is_some()))
            .or_default() += 1;
    })?;
    inventory.verify_filter()?;
    let size = std::fs::metadata(inventory.path())?.len();
    writeln!(
        out,
        "{} entries, {size} bytes; all of it as it was written",
        inventory.len()
    )?;
    for ((environment, source, revoked), count) in counts {
        let revoked = if revoked { ", revoked" } else { "" };
        let text = format!("{count:>10}  {environment}  {source}{revoked}");
        writeln!(out, "{}", crate::report::printable(&text))?;
    }
    Ok(0)
}
