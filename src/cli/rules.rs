//! `stagegate rules`: what the gate knows as a credential. `list` is a table, `show` one sheet a rule, `lint` tells
//! whether the rules keep what they promise. It shows the embedded packs and judges nothing.

use std::io::Write;

use crate::model::{Family, Lifetime, Tier};
use crate::rules::frameworks::{self, Control, Framework};
use crate::rules::schema::Marker;
use crate::rules::{Kind, Pack, Rule, builtin, lint};

use super::source::{self, Fallback};
use super::{Failure, Global, output};

mod docs;
mod import;

/// Arguments of `stagegate rules`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  stagegate rules list --provider stripe\n  stagegate rules show stripe-secret-key\n  stagegate rules docs --output pages\n  stagegate rules import gitleaks.toml --output gate/gitleaks.toml\n  stagegate rules matrix --format json"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the rules
    List {
        /// Only the rules of one provider
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
    },
    /// Show all that is known of one rule
    Show {
        /// Id of the rule, as a finding names it
        #[arg(value_name = "RULE")]
        id: String,
    },
    /// Write a page for each rule, in Markdown
    ///
    /// With --output DIR, a file for each provider and an index; else all of it to standard output.
    Docs,
    /// Make rules of a configuration of gitleaks or betterleaks; what cannot be carried over is told
    Import {
        /// The configuration
        #[arg(value_name = "FILE")]
        file: std::path::PathBuf,
    },
    /// Say which controls of published frameworks the rules are about
    Matrix {
        /// As the page docs/frameworks.md
        #[arg(long)]
        page: bool,
    },
    /// Check that the rules find their examples and nothing of their counterexamples
    Lint,
}

/// Runs it; 1 where `lint` has complaints.
pub(crate) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<u8, Failure> {
    match &args.what {
        What::List { provider } => list(&used(global)?, provider.as_deref(), out),
        What::Show { id } => show(&used(global)?, id, out),
        What::Lint => check(builtin(), out),
        What::Docs => docs::write(&used(global)?, output::file(global)?, out),
        What::Import { file } => import::write(file, output::file(global)?, out),
        What::Matrix { page: true } => matrix_page(builtin(), out),
        What::Matrix { page: false } if output::is_json(global)? => matrix_json(builtin(), out),
        What::Matrix { page: false } => matrix_text(builtin(), out),
    }
}

/// The rules that a run here would use, with their examples. Outside of a repository they are the built-in ones.
fn used(global: &Global) -> Result<Vec<Pack>, Failure> {
    let policy = match (source::repository(global), &global.policy) {
        (Ok(repository), _) => source::policy(global, &repository, &Fallback::WorkTree)?,
        (Err(_), Some(file)) => source::from_file(file)?,
        (Err(_), None) => return Ok(builtin().to_vec()),
    };
    let mut packs = policy.own_packs().to_vec();
    packs.extend(builtin().iter().cloned().map(|mut pack| {
        pack.rules.retain(|rule| !policy.replaces(&rule.id));
        pack
    }));
    for pack in &mut packs {
        pack.rules.retain(|rule| !policy.disables(&rule.id));
    }
    packs.retain(|pack| !pack.rules.is_empty());
    Ok(packs)
}

fn list(packs: &[Pack], provider: Option<&str>, out: &mut dyn Write) -> Result<u8, Failure> {
    let chosen: Vec<&Pack> = packs
        .iter()
        .filter(|pack| provider.is_none_or(|id| pack.provider == id))
        .collect();
    if let (Some(id), true) = (provider, chosen.is_empty()) {
        let known = packs.iter().map(|pack| pack.provider.as_str());
        return Err(unknown("provider", id, known).hint_or("`stagegate rules list` shows them all"));
    }
    let rules: Vec<&Rule> = chosen.iter().flat_map(|pack| &pack.rules).collect();
    let rows: Vec<[&str; 4]> = rules
        .iter()
        .map(|rule| [rule.id.as_str(), &rule.title, told(rule), lifetime(rule)])
        .collect();
    let header = ["RULE", "TITLE", "ENVIRONMENT", "LIFETIME"];
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).max(header[column].len())
    };
    let widths = [width(0), width(1), width(2)];
    for [id, title, told, lifetime] in std::iter::once(header).chain(rows.iter().copied()) {
        writeln!(
            out,
            "{id:0$}  {title:1$}  {told:2$}  {lifetime}",
            widths[0], widths[1], widths[2]
        )?;
    }
    let telling = rules
        .iter()
        .filter(|rule| !rule.environment.is_empty())
        .count();
    writeln!(
        out,
        "\n{} rules, {} providers; the format of {telling} tells the environment.",
        rules.len(),
        chosen.len()
    )?;
    Ok(0)
}

/// Whether the format tells the environment.
fn told(rule: &Rule) -> &'static str {
    if rule.environment.is_empty() {
        "not told"
    } else if rule.environment.iter().any(|marker| marker.by_absence) {
        "told (by absence)"
    } else {
        "told"
    }
}

fn lifetime(rule: &Rule) -> &'static str {
    match rule.lifetime.into() {
        Lifetime::Short => "short",
        Lifetime::Long => "long",
        Lifetime::Unknown => "not told",
    }
}

/// Shows a rule to `stagegate explain`, which does not know whether it was given one; otherwise the id of the nearest one, if
/// any is near. The argument is not repeated: it may be a value.
pub(super) fn explained(
    id: &str,
    global: &Global,
    out: &mut dyn Write,
) -> Result<Result<u8, Option<String>>, Failure> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !id.bytes().all(plain) {
        return Ok(Err(None));
    }
    let packs = used(global)?;
    let mut known = packs.iter().flat_map(|pack| &pack.rules);
    if known.any(|rule| rule.id == id) {
        return show(&packs, id, out).map(Ok);
    }
    let known = packs.iter().flat_map(|pack| &pack.rules);
    Ok(Err(
        unknown("rule", id, known.map(|rule| rule.id.as_str())).meant
    ))
}

fn show(packs: &[Pack], id: &str, out: &mut dyn Write) -> Result<u8, Failure> {
    let all = || {
        packs
            .iter()
            .flat_map(|pack| pack.rules.iter().map(move |rule| (pack, rule)))
    };
    let Some((pack, rule)) = all().find(|(_, rule)| rule.id == id) else {
        let known = all().map(|(_, rule)| rule.id.as_str());
        return Err(unknown("rule", id, known).hint_or("`stagegate rules list` shows them all"));
    };
    let mut line = |name: &str, text: &str| writeln!(out, "{name:12}{text}");
    line("rule", &rule.id)?;
    line("what", &rule.title)?;
    line("provider", &format!("{} ({})", pack.name, pack.provider))?;
    line("believed", believed(rule))?;
    line("keywords", &rule.keywords.join(", "))?;
    line("pattern", &rule.pattern)?;
    if rule.lines > 0 {
        line("lines", &format!("reaches {} lines further", rule.lines))?;
    }
    if !rule.context.is_empty() {
        line(
            "context",
            &format!("near one of: {}", rule.context.join(", ")),
        )?;
    }
    if rule.environment.is_empty() {
        line("format says", "nothing about the environment")?;
    }
    for marker in &rule.environment {
        line("format says", &sentence(marker))?;
    }
    if rule.checksum.is_some() {
        line(
            "checksum",
            "the last characters are check digits; a value with wrong ones is not believed",
        )?;
    }
    line("lifetime", lifetime(rule))?;
    line("privilege", privilege(rule))?;
    line("remedy", &rule.remedy)?;
    for (number, page) in rule.references.iter().enumerate() {
        line(if number == 0 { "references" } else { "" }, page)?;
    }
    Ok(0)
}

fn believed(rule: &Rule) -> &'static str {
    match rule.kind {
        Kind::Issued => "by its shape",
        Kind::Structural => "by where else it stands, or by its value",
        Kind::Data => "by the shape of the text that it stands in",
        Kind::Generic => {
            "by the name of its key, unless the value is a placeholder, a reference or words"
        }
    }
}

fn privilege(rule: &Rule) -> &'static str {
    match (rule.privileged, rule.public) {
        (true, _) => "administers a whole account",
        (_, true) => "none: publishable by design",
        _ => "as granted to it",
    }
}

fn sentence(marker: &Marker) -> String {
    let mut parts = Vec::new();
    if let Some(literal) = &marker.starts {
        parts.push(format!("starts with {literal}"));
    }
    if let Some(literal) = &marker.contains {
        parts.push(format!("contains {literal}"));
    }
    let tier = Tier::from(marker.is);
    let note = if marker.by_absence {
        " (only because no other label is there)"
    } else {
        ""
    };
    format!("{tier}, where the value {}{note}", parts.join(" and "))
}

/// What a control is about, in words: whole families, parts of them, and single rules.
fn covered(packs: &[Pack], control: &Control) -> Vec<String> {
    let mut covered = Vec::new();
    for family in Family::ALL {
        if control.families.contains(&family) {
            let rows = if control.asks_for_row(family) {
                format!(" in the verdict row {}", control.rows.join(" or "))
            } else {
                String::new()
            };
            covered.push(format!(
                "every rule of the family {}{rows}",
                family.as_str()
            ));
        }
    }
    covered.extend(
        ids(packs, |rule, family| {
            control.may_be_about(&rule.id, family) && !control.families.contains(&family)
        })
        .map(str::to_owned),
    );
    covered
}

/// The ids of the rules that `is` chooses.
fn ids(packs: &[Pack], is: impl Fn(&Rule, Family) -> bool) -> impl Iterator<Item = &str> {
    packs
        .iter()
        .flat_map(|pack| {
            pack.rules
                .iter()
                .map(move |rule| (rule, frameworks::family(pack, rule)))
        })
        .filter(move |(rule, family)| is(rule, *family))
        .map(|(rule, _)| rule.id.as_str())
}

fn matrix_text(packs: &[Pack], out: &mut dyn Write) -> Result<u8, Failure> {
    for framework in frameworks::frameworks() {
        writeln!(out, "{}", framework.title)?;
        for control in &framework.controls {
            writeln!(out, "  {} {}", control.id, control.title)?;
            for what in covered(packs, control) {
                writeln!(out, "      {what}")?;
            }
        }
        writeln!(out)?;
    }
    for family in Family::ALL {
        let rules: Vec<&str> = ids(packs, |_, of| of == family).collect();
        write!(out, "family {}: {} rules", family.as_str(), rules.len())?;
        // `stagegate rules list` has those of credentials: there are hundreds.
        if family != Family::Credential {
            write!(out, ": {}", rules.join(", "))?;
        }
        writeln!(out)?;
    }
    Ok(0)
}

fn matrix_json(packs: &[Pack], out: &mut dyn Write) -> Result<u8, Failure> {
    #[derive(serde::Serialize)]
    struct Matrix<'m> {
        schema: &'m str,
        frameworks: &'m [Framework],
        families: Vec<Members<'m>>,
    }
    #[derive(serde::Serialize)]
    struct Members<'m> {
        family: Family,
        rules: Vec<&'m str>,
    }
    let matrix = Matrix {
        schema: "stagegate-matrix-1",
        frameworks: frameworks::frameworks(),
        families: Family::ALL
            .into_iter()
            .map(|family| Members {
                family,
                rules: ids(packs, |_, of| of == family).collect(),
            })
            .collect(),
    };
    let text = serde_json::to_string_pretty(&matrix)
        .map_err(|error| Failure::new(format!("the matrix cannot be written: {error}")))?;
    writeln!(out, "{text}")?;
    Ok(0)
}

fn matrix_page(packs: &[Pack], out: &mut dyn Write) -> Result<u8, Failure> {
    writeln!(
        out,
        "# Controls that the rules are about\n\nMade by `stagegate rules matrix --page` of `src/rules/frameworks.toml`; a test keeps it \
         equal.\nA finding that is blocked or warned about carries the ids of its controls as references."
    )?;
    for framework in frameworks::frameworks() {
        writeln!(
            out,
            "\n## {}\n\nSource: <{}>\n",
            framework.title, framework.source
        )?;
        writeln!(out, "| control | title | covered by |\n| --- | --- | --- |")?;
        for control in &framework.controls {
            let note = control
                .note
                .as_ref()
                .map_or_else(String::new, |note| format!(" ({note})"));
            let covered = covered(packs, control).join("; ");
            writeln!(
                out,
                "| {} | {}{note} | {covered} |",
                control.id, control.title
            )?;
        }
    }
    Ok(0)
}

fn check(packs: &[Pack], out: &mut dyn Write) -> Result<u8, Failure> {
    let complaints = lint::lint(packs);
    for complaint in &complaints {
        writeln!(out, "{complaint}")?;
    }
    let rules: usize = packs.iter().map(|pack| pack.rules.len()).sum();
    writeln!(
        out,
        "{rules} rules, {} providers, each example tried {} times; complaints: {}.",
        packs.len(),
        lint::SEEDS,
        complaints.len()
    )?;
    Ok(u8::from(!complaints.is_empty()))
}

/// A name that nothing has, and what was probably meant.
struct Unknown {
    what: String,
    meant: Option<String>,
}

impl Unknown {
    fn hint_or(self, otherwise: &str) -> Failure {
        let hint = match self.meant {
            Some(name) => format!("did you mean {name}?"),
            None => otherwise.to_owned(),
        };
        Failure::new(self.what).hint(hint)
    }
}

fn unknown<'k>(kind: &str, name: &str, known: impl Iterator<Item = &'k str>) -> Unknown {
    let name = name.to_lowercase();
    let nearest = known.map(|id| (distance(&name, id), id)).min();
    Unknown {
        what: format!("no {kind} is called {name}"),
        meant: nearest
            .filter(|(distance, id)| *distance <= name.len().max(id.len()) / 3 + 1)
            .map(|(_, id)| id.to_owned()),
    }
}

/// How many single-letter edits lie between two names; an addition at the end counts once, however long.
fn distance(name: &str, id: &str) -> usize {
    if !name.is_empty() && id.starts_with(name) {
        return 1;
    }
    let id: Vec<char> = id.chars().collect();
    let mut row: Vec<usize> = (0..=id.len()).collect();
    for (line, letter) in name.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in id.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[id.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(what: What) -> Result<(u8, String), Failure> {
        let mut out = Vec::new();
        let global = Global {
            repo: Some("/nowhere".into()),
            policy: None,
            time_budget: None,
            max_memory: None,
            log_format: super::super::LogFormat::Text,
            started: std::time::Instant::now(),
            watch: super::super::watch::Watch::default(),
            inventory: None,
            inventory_key: None,
            format: super::super::Format::Text,
            output: Vec::new(),
            plain: false,
            color: super::super::Color::Auto,
            all: false,
            quiet: false,
            verbose: 0,
        };
        let code = run(&Args { what }, &global, &mut out)?;
        Ok((code, String::from_utf8(out).expect("text")))
    }

    fn shown(id: &str) -> Result<(u8, String), Failure> {
        output(What::Show { id: id.to_owned() })
    }

    #[test]
    fn the_list_of_a_provider_says_what_its_formats_tell() {
        let (code, text) = output(What::List {
            provider: Some("stripe".to_owned()),
        })
        .expect("stripe is known");
        assert_eq!(code, 0);
        let row = text
            .lines()
            .find(|line| line.starts_with("stripe-secret-key "))
            .expect("a row");
        assert!(row.contains("  told ") && row.ends_with("long"), "{row}");
        assert!(text.starts_with("RULE "));
        assert!(!text.contains("github-token"));
    }

    #[test]
    fn the_whole_list_counts() {
        let (_, text) = output(What::List { provider: None }).expect("lists");
        let rules: usize = builtin().iter().map(|pack| pack.rules.len()).sum();
        assert!(text.contains(&format!("\n{rules} rules, {} providers", builtin().len())));
    }

    #[test]
    fn the_sheet_has_every_part() {
        let (code, text) = shown("stripe-secret-key").expect("known");
        assert_eq!(code, 0);
        for name in [
            "rule",
            "what",
            "provider",
            "keywords",
            "pattern",
            "format says",
            "lifetime",
            "privilege",
            "remedy",
            "references",
        ] {
            assert!(text.lines().any(|line| line.starts_with(name)), "{name}");
        }
        assert!(text.contains("production, where the value contains _live_"));
    }

    #[test]
    fn a_mistyped_name_gets_a_proposal() {
        for (name, meant) in [
            ("stripe-secret-kye", "stripe-secret-key"),
            ("Stripe-Secret-Key", "stripe-secret-key"),
            ("github-tokn", "github-token"),
        ] {
            let failure = shown(name).expect_err("unknown").to_string();
            assert!(
                failure.contains(&format!("did you mean {meant}?")),
                "{failure}"
            );
        }
        let failure = shown("qqqqqqqqqqqqqqqqqqqqqq")
            .expect_err("unknown")
            .to_string();
        assert!(failure.contains("rules list"), "{failure}");
        let failure = output(What::List {
            provider: Some("strip".to_owned()),
        });
        let failure = failure.expect_err("unknown").to_string();
        assert!(failure.contains("did you mean stripe?"), "{failure}");
    }

    #[test]
    fn the_builtin_rules_pass_their_lint() {
        let (code, text) = output(What::Lint).expect("lints");
        assert_eq!(code, 0, "{text}");
        assert!(text.ends_with("complaints: 0.\n"));
    }
}
