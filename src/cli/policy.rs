//! `stagegate policy check|show|test|schema|init`: is the policy sound, what does it say of a place, does it say what was meant, and how
//! does one begin.
//!
//! Judges nothing. The answers of `check` and `show` go to standard output.

mod cases;
mod layout;

use std::io::Write;
use std::path::{Path, PathBuf};

use super::source;
use super::{Failure, Global, output};
use crate::model::{Claim, EnvironmentFacts, Verdict};
use crate::policy::{self, Policy, Preset, Row, STARTER};
use crate::report::printable;

/// Name of the policy file.
const FILE: &str = "stagegate.toml";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate policy init --preset boundary                  begin one\n  stagegate policy check                                   every mistake, with its place\n  stagegate policy show --ref staging --path .env.prod     what applies there, and which line says so\n  stagegate policy test cases.toml                         does it say what was meant?"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say every mistake of a policy: exit 0 where there is none, else 2
    Check {
        /// The policy; without it, the one that a run here would use
        file: Option<PathBuf>,
    },
    /// Say what applies to a place, and why; without a place, the whole policy
    Show {
        /// A ref: `staging` is short for refs/heads/staging
        #[arg(long = "ref", value_name = "REF")]
        ref_name: Option<String>,
        /// A path from the root of the tree
        #[arg(long, value_name = "PATH")]
        path: Option<String>,
        /// A key path in that file: staging.database.password
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Try cases of your own against the policy: exit 0 where all hold, 1 where one does not, 2 where the file has mistakes
    #[command(after_help = cases::HELP)]
    Test {
        /// The cases
        #[arg(value_name = "CASES.toml")]
        cases: PathBuf,
    },
    /// Write the JSON schema of stagegate.toml, which editors check and complete with
    #[command(
        after_help = "Examples:\n  stagegate policy schema --output stagegate.schema.json\n  and as the first line of stagegate.toml, for Taplo, Even Better TOML and Zed:\n    #:schema ./stagegate.schema.json"
    )]
    Schema {
        /// Every key as a page of Markdown instead
        #[arg(long)]
        reference: bool,
    },
    /// Write a starter stagegate.toml, with every setting explained, to the current directory
    Init {
        /// Replace the one that is there
        #[arg(long)]
        force: bool,
        /// Begin with one of three, and with what this repository shows of its environments, as comments to confirm
        #[arg(long, value_enum, value_name = "PRESET")]
        preset: Option<PresetName>,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum PresetName {
    /// Refuse what is production's, or may be, in staging
    Boundary,
    /// Refuse passwords of unknown origin too
    Strict,
    /// Refuse nothing, warn of everything
    Advisory,
}

impl From<PresetName> for Preset {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Boundary => Self::Boundary,
            PresetName::Strict => Self::Strict,
            PresetName::Advisory => Self::Advisory,
        }
    }
}

pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    match &args.command {
        Command::Check { file } => match file.clone().or_else(|| used_file(global)) {
            Some(file) => check(&file, out),
            None => Err(Failure::new(format!(
                "there is no {FILE} here, so the default policy holds"
            ))
            .hint("begin one with `stagegate policy init`, or name another")),
        },
        Command::Show {
            ref_name,
            path,
            key,
        } => {
            let policy = policy(global)?;
            let place = Asked {
                ref_name: ref_name.as_deref().map(full_ref),
                path: path.as_deref(),
                key: key.as_deref(),
            };
            if place.ref_name.is_none() && place.path.is_none() && place.key.is_none() {
                show_all(&policy, out)
            } else {
                show_place(&policy, &place, out)
            }
        }
        Command::Test { cases } => cases::run(&policy(global)?, cases, global, out),
        Command::Schema { reference } => {
            let text = if *reference {
                policy::reference()
            } else {
                policy::json_schema()
            };
            output::put(text.as_bytes(), global, out)?;
            Ok(0)
        }
        Command::Init { force, preset } => {
            let text = match preset {
                None => STARTER.to_owned(),
                Some(name) => begun(Preset::from(*name), global)?,
            };
            match output::file(global)? {
                Some(file) => init(file, &text, *force, out),
                None if global.output.is_empty() => init(Path::new(FILE), &text, *force, out),
                None => {
                    output::put(text.as_bytes(), global, out)?;
                    Ok(0)
                }
            }
        }
    }
}

/// The policy file that a run here would use; outside of a repository the one in the current directory.
fn used_file(global: &Global) -> Option<PathBuf> {
    if let Some(file) = &global.policy {
        return Some(file.clone());
    }
    let file = match source::repository(global) {
        Ok(repository) => {
            if let Some(file) = repository.config_path("stagegate.policy") {
                return Some(file);
            }
            repository.work_dir()?.join(FILE)
        }
        Err(_) => PathBuf::from(FILE),
    };
    file.exists().then_some(file)
}

/// The policy that a run here would use.
fn policy(global: &Global) -> Result<Policy, Failure> {
    if global.repo.is_some() {
        source::repository(global)?;
    }
    let Some(file) = used_file(global) else {
        return Ok(Policy::builtin());
    };
    let (name, text) = read_policy(&file)?;
    let policy = Policy::parse(&text, &name).map_err(|errors| {
        Failure::new(format!("the policy {name} has mistakes:\n{errors}"))
            .hint("docs/policy.md explains every key")
    })?;
    match source::repository(global) {
        Ok(repository) => source::with_repository(policy, &repository, &source::Fallback::WorkTree),
        Err(_) => Ok(policy),
    }
}

/// A policy file and what to call it.
fn read_policy(file: &Path) -> Result<(String, String), Failure> {
    let hint = "give another with --policy FILE, or correct `git config stagegate.policy`";
    read(file, "policy", hint)
}

/// A text file of a kind and what to call it: one in the current directory by its name alone.
fn read(file: &Path, kind: &str, hint: &str) -> Result<(String, String), Failure> {
    let here = std::env::current_dir().unwrap_or_default();
    let here = here.canonicalize().unwrap_or(here);
    let name = file
        .strip_prefix(&here)
        .unwrap_or(file)
        .display()
        .to_string();
    let text = std::fs::read(file).map_err(|error| {
        Failure::new(format!("cannot read the {kind} {name}: {error}")).hint(hint)
    })?;
    let text = String::from_utf8(text).map_err(|_| {
        Failure::new(format!("the {kind} {name} is not UTF-8")).hint("save it as UTF-8")
    })?;
    Ok((name, text))
}

fn full_ref(name: &str) -> String {
    if name.starts_with("refs/") {
        name.to_owned()
    } else {
        format!("refs/heads/{name}")
    }
}

fn check(file: &Path, out: &mut dyn Write) -> Result<u8, Failure> {
    let (name, text) = read_policy(file)?;
    match Policy::parse(&text, &name) {
        Ok(policy) => {
            for note in policy.notes(source::today()) {
                writeln!(out, "note: {}", printable(&note))?;
            }
            writeln!(out, "{}: sound", printable(&name))?;
            Ok(0)
        }
        Err(errors) => {
            for line in errors.to_string().lines() {
                writeln!(out, "{}", printable(line))?;
            }
            let many = errors.mistakes().len();
            let noun = if many == 1 { "mistake" } else { "mistakes" };
            writeln!(out, "{}: {many} {noun}", printable(&name))?;
            Ok(2)
        }
    }
}

/// A preset, and below it what the repository shows.
fn begun(preset: Preset, global: &Global) -> Result<String, Failure> {
    let layout = layout::Layout::of(&source::repository(global)?)?;
    Ok(preset.text() + &layout.proposals())
}

fn init(file: &Path, text: &str, force: bool, out: &mut dyn Write) -> Result<u8, Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut written = options.open(file).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            Failure::new(format!("{} is there already", file.display()))
                .hint("edit it, or replace it with `stagegate policy init --force`")
        } else {
            Failure::new(format!("cannot write {}: {error}", file.display()))
                .hint("run it in the top directory of your repository")
        }
    })?;
    written.write_all(text.as_bytes())?;
    writeln!(
        out,
        "wrote {}: declare your environments in it, then `stagegate policy check`",
        file.display()
    )?;
    Ok(0)
}

/// The place asked about.
struct Asked<'a> {
    ref_name: Option<String>,
    path: Option<&'a str>,
    key: Option<&'a str>,
}

fn show_place(policy: &Policy, asked: &Asked<'_>, out: &mut dyn Write) -> Result<u8, Failure> {
    let key: Vec<&str> = asked.key.map_or(Vec::new(), |key| key.split('.').collect());
    let ref_name = asked.ref_name.as_deref();
    let counting = policy.claims(ref_name, asked.path, &key);
    writeln!(out, "policy: {}", printable(&policy.source()))?;
    if let Some(name) = ref_name {
        show_claims("ref", name, &policy.claims_of_ref(name), &counting, out)?;
    }
    if let Some(path) = asked.path {
        show_claims("path", path, &policy.claims_of_path(path), &counting, out)?;
    }
    if let Some(written) = asked.key {
        let claims = policy.claims_of_section(&key);
        show_claims("key", written, &claims, &counting, out)?;
        if asked
            .path
            .is_some_and(|path| !policy.may_have_sections(path))
        {
            writeln!(
                out,
                "    (this file is in no format whose sections are read)"
            )?;
        }
    }
    writeln!(out)?;
    if counting.is_empty() {
        writeln!(out, "Nothing claims the place. What is added there:")?;
    } else {
        writeln!(
            out,
            "What is added there, by the strictest of the claims that count:"
        )?;
    }
    for row in Row::ALL {
        let strictest = policy.strictest(row, &counting);
        writeln!(
            out,
            "  {:<28}{:<7}{}",
            row.key(),
            strictest.0.as_str(),
            printable(&strictest.1)
        )?;
    }
    let of_claims: Vec<&EnvironmentFacts> = policy
        .facts()
        .environments
        .iter()
        .filter(|facts| counting.iter().any(|claim| claim.environment == facts.name))
        .collect();
    show_facts(&of_claims, out)?;
    show_notes(policy, out)
}

fn show_claims(
    kind: &str,
    name: &str,
    claims: &[Claim],
    counting: &[Claim],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    writeln!(out, "{kind}: {}", printable(name))?;
    if claims.is_empty() {
        writeln!(out, "    claimed by nobody")?;
    }
    for claim in claims {
        let outranked = if counting.contains(claim) {
            ""
        } else {
            ", outranked: precedence = \"path\""
        };
        writeln!(
            out,
            "    {} (tier {}), by {} [{}{outranked}]",
            claim.environment,
            claim.tier,
            printable(&claim.claimed_by),
            printable(&claim.policy_line)
        )?;
    }
    Ok(())
}

fn show_all(policy: &Policy, out: &mut dyn Write) -> Result<u8, Failure> {
    writeln!(out, "policy: {}", printable(&policy.source()))?;
    writeln!(out, "history: {}", policy.history().as_str())?;
    let precedence = if policy.paths_outrank_refs() {
        "path"
    } else {
        "strictest"
    };
    writeln!(out, "precedence: {precedence}")?;
    writeln!(out, "inline-allow: {}", policy.inline_allow().as_str())?;
    writeln!(out)?;
    writeln!(out, "environments:")?;
    let mut columns: Vec<(&str, Option<Claim>)> = Vec::new();
    for (name, tier, declared_at) in policy.environments() {
        writeln!(
            out,
            "    {name} (tier {tier}) [{}]",
            printable(declared_at.unwrap_or("default policy"))
        )?;
        columns.push((
            name,
            Some(Claim {
                environment: name.to_owned(),
                tier,
                claimed_by: String::new(),
                policy_line: String::new(),
            }),
        ));
    }
    columns.push(("unclaimed", None));
    writeln!(out)?;
    writeln!(
        out,
        "What is added where one of them claims the place (* by a line of the policy):"
    )?;
    let mut line = format!("  {:<28}", "");
    for (name, _) in &columns {
        line += &format!("{name:<width$}", width = width(name));
    }
    writeln!(out, "{}", line.trim_end())?;
    for row in Row::ALL {
        let mut line = format!("  {:<28}", row.key());
        for (name, claim) in &columns {
            let (verdict, policy_line) = policy.verdict(row, claim.as_ref());
            // Allowed things are the background, not the message.
            let shown = match (verdict, policy_line.starts_with("default policy")) {
                (Verdict::Allow, true) => "-".to_owned(),
                (verdict, true) => verdict.as_str().to_owned(),
                (verdict, false) => format!("{}*", verdict.as_str()),
            };
            line += &format!("{shown:<width$}", width = width(name));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out, "  (- is allow)")?;
    show_facts(&policy.facts().environments.iter().collect::<Vec<_>>(), out)?;
    for (section, declared) in policy.declared() {
        writeln!(out)?;
        writeln!(out, "{section}:")?;
        for (told, line) in declared {
            let line = line.map_or(String::new(), |line| format!(" [{line}]"));
            writeln!(out, "    {}{}", printable(&told), printable(&line))?;
        }
    }
    show_notes(policy, out)
}

/// Width of a column of verdicts.
fn width(name: &str) -> usize {
    name.len().max("block*".len()) + 2
}

fn show_facts(facts: &[&EnvironmentFacts], out: &mut dyn Write) -> Result<(), Failure> {
    if facts.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(out, "facts:")?;
    for environment in facts {
        writeln!(
            out,
            "    {} [{}]",
            environment.name,
            printable(&environment.policy_line)
        )?;
        for (name, list) in [
            ("hosts", &environment.hosts),
            ("aws-accounts", &environment.aws_accounts),
            ("gcp-projects", &environment.gcp_projects),
            ("azure-subscriptions", &environment.azure_subscriptions),
            ("tenants", &environment.tenants),
            ("namespaces", &environment.namespaces),
            ("clusters", &environment.clusters),
            ("databases", &environment.databases),
            ("vault-paths", &environment.vault_paths),
            ("kms-keys", &environment.kms_keys),
            ("age-recipients", &environment.age_recipients),
        ] {
            if !list.is_empty() {
                writeln!(out, "        {name}: {}", printable(&list.join(", ")))?;
            }
        }
    }
    Ok(())
}

fn show_notes(policy: &Policy, out: &mut dyn Write) -> Result<u8, Failure> {
    for note in policy.notes(source::today()) {
        writeln!(out, "note: {}", printable(&note))?;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(run: impl FnOnce(&mut Vec<u8>) -> Result<u8, Failure>) -> (u8, String) {
        let mut out = Vec::new();
        let code = run(&mut out).expect("it runs");
        (code, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn the_starter_is_written_once_and_is_sound() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join(FILE);
        assert_eq!(told(|out| init(&file, STARTER, false, out)).0, 0);
        let (code, text) = told(|out| check(&file, out));
        assert_eq!(code, 0, "{text}");
        std::fs::write(&file, "version = 1\n").expect("written");
        assert!(init(&file, STARTER, false, &mut Vec::new()).is_err());
        assert_eq!(
            std::fs::read_to_string(&file).expect("read"),
            "version = 1\n"
        );
        assert_eq!(told(|out| init(&file, STARTER, true, out)).0, 0);
        assert_eq!(std::fs::read_to_string(&file).expect("read"), STARTER);
    }

    #[test]
    fn check_tells_every_mistake() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join(FILE);
        std::fs::write(&file, "history = \"tips\"\nref = 1\n").expect("written");
        let (code, text) = told(|out| check(&file, out));
        assert_eq!(code, 2);
        assert!(
            text.contains(
                "stagegate.toml:1:11: `history` cannot be \"tips\"\n  did you mean `tip`?"
            ),
            "{text}"
        );
        assert!(
            text.contains("stagegate.toml:2:1: unknown key `ref`"),
            "{text}"
        );
        assert!(text.ends_with("3 mistakes\n"), "{text}");
        assert!(check(&folder.path().join("none.toml"), &mut Vec::new()).is_err());
    }

    #[test]
    fn show_says_what_applies_and_why() {
        let policy = Policy::parse(
            "version = 1\nprecedence = \"path\"\n[environment.staging.verdicts]\ngeneric-unknown = \"block\"\n\
             [environment.staging.identity]\nhosts = [\"*.stg.example.com\"]\n",
            FILE,
        )
        .expect("a good policy");
        let asked = Asked {
            ref_name: Some(full_ref("staging")),
            path: Some("config/production/db.yml"),
            key: None,
        };
        let (_, text) = told(|out| show_place(&policy, &asked, out));
        assert!(
            text.contains("branch refs/heads/staging [default policy, outranked"),
            "{text}"
        );
        assert!(text.contains("(directory word \"production\")"), "{text}");
        assert!(!text.contains("facts:"), "{text}");
        let asked = Asked {
            path: Some("a.yml"),
            key: Some("staging.password"),
            ref_name: None,
        };
        let (_, text) = told(|out| show_place(&policy, &asked, out));
        assert!(
            text.contains("generic-unknown             block  stagegate.toml:4"),
            "{text}"
        );
        assert!(
            text.contains("production-credential       block  default policy: environment.staging.verdicts.production-credential"),
            "{text}"
        );
        assert!(text.contains("hosts: *.stg.example.com"), "{text}");
        let (_, text) = told(|out| show_all(&policy, out));
        assert!(text.contains("block*"), "{text}");
        assert!(!text.contains("inventory:"), "{text}");
    }

    #[test]
    fn show_leaves_out_nothing_that_a_policy_says() {
        let written = r#"version = 1
conventions = false
honour = ["gitleaks:allow"]
[environment.staging]
refs = ["next/*"]
paths = ["deploy/next"]
sections = ["stages.next"]
words = ["preview"]
[environment.production.identity]
tenants = ["acme"]
[words]
ignore = ["live"]
false-friends = ["prod studio"]
[inventory]
file = "/etc/stagegate/inventory"
key-file = "/etc/stagegate/inventory.key"
[rules]
disable = ["stripe-secret-key"]
files = ["rules/own.toml"]
[[exception]]
fingerprint = "sg1:aaaaaaaaaaaaaaaaaaaaaaaaaa"
environment = "staging"
reason = "the sandbox shares it"
approver = "someone@example.com"
expires = 2999-12-31
"#;
        let policy = Policy::parse(written, FILE).expect("a good policy");
        let (_, text) = told(|out| show_all(&policy, out));
        for (shown, line) in [
            ("conventions = false", None),
            ("gitleaks:allow", None),
            ("staging: ref \"next/*\"", Some(5)),
            ("staging: path \"deploy/next\"", Some(6)),
            ("staging: section \"stages.next\"", Some(7)),
            ("staging: preview", Some(8)),
            ("tenants: acme", None),
            ("ignore: live", Some(12)),
            ("false-friends: prod studio", Some(13)),
            ("file: /etc/stagegate/inventory", Some(15)),
            ("key-file: /etc/stagegate/inventory.key", None),
            ("disabled: stripe-secret-key", None),
            ("file: rules/own.toml", Some(19)),
            (
                "sg1:aaaaaaaaaaaaaaaaaaaaaaaaaa in staging: the sandbox shares it",
                Some(20),
            ),
        ] {
            let line = line.map_or(String::new(), |line| format!(" [{FILE}:{line}]"));
            let found = text
                .lines()
                .any(|told| told.contains(shown) && told.ends_with(&line));
            assert!(found, "{shown}{line} in:\n{text}");
        }
    }
}
