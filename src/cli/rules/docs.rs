//! `stagegate rules docs`: a page for each rule, generated from the rules themselves.

use std::io::Write;
use std::path::Path;

use super::{believed, lifetime, privilege, sentence};
use crate::cli::Failure;
use crate::rules::{Kind, Pack, Rule, lead};

/// Writes a file for each provider and an index into `folder`, or all of it to `out`.
pub(super) fn write(
    packs: &[Pack],
    folder: Option<&Path>,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let Some(folder) = folder else {
        for pack in packs {
            out.write_all(page(pack).as_bytes())?;
            writeln!(out)?;
        }
        return Ok(0);
    };
    let cannot = |error: std::io::Error| {
        Failure::new(format!(
            "cannot write the pages to {}: {error}",
            folder.display()
        ))
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let mut index = String::from(
        "# Rules\n\n| rule | what it is | environment | lifetime |\n| --- | --- | --- | --- |\n",
    );
    for pack in packs {
        let file = format!("{}.md", file_name(&pack.provider));
        std::fs::write(folder.join(&file), page(pack)).map_err(cannot)?;
        for rule in &pack.rules {
            index.push_str(&format!(
                "| [{id}]({file}#{id}) | {} | {} | {} |\n",
                cell(&rule.title),
                super::told(rule),
                lifetime(rule),
                id = rule.id
            ));
        }
    }
    std::fs::write(folder.join("index.md"), index).map_err(cannot)?;
    writeln!(
        out,
        "wrote {} pages and index.md to {}",
        packs.len(),
        folder.display()
    )?;
    Ok(0)
}

fn file_name(provider: &str) -> String {
    provider
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn page(pack: &Pack) -> String {
    let mut text = format!("# {}\n", pack.name);
    for rule in &pack.rules {
        text.push_str(&format!("\n## {}\n\n", rule.id));
        of_rule(rule, &mut text);
    }
    text
}

fn of_rule(rule: &Rule, text: &mut String) {
    if !rule.title.is_empty() {
        text.push_str(&format!("{}.\n\n", rule.title.trim_end_matches('.')));
    }
    let mut row =
        |name: &str, value: &str| text.push_str(&format!("| {name} | {} |\n", cell(value)));
    row("what", "it is");
    row("---", "---");
    row("believed", believed(rule));
    let tried = match rule.kind {
        Kind::Issued if lead::Lead::of(rule).by_context => Some("its keys hold"),
        Kind::Issued => Some("tried on lines that hold"),
        Kind::Generic => Some("tried on keys that hold"),
        Kind::Structural | Kind::Data => None,
    };
    if let Some(tried) = tried {
        row(tried, &listed(&rule.keywords));
    }
    if rule.lines > 0 {
        row("reaches", &format!("{} lines further", rule.lines));
    }
    if !rule.context.is_empty() {
        row("only near", &listed(&rule.context));
    }
    if let Some(bits) = rule.entropy {
        row("entropy", &format!("more than {bits} bits per byte"));
    }
    if let Some(path) = &rule.path {
        row("only in files", &code(path));
    }
    if !rule.allow.is_empty() {
        row(
            "does not find",
            &format!("what {} statements `allow`", rule.allow.len()),
        );
    }
    if rule.checksum.is_some() {
        row(
            "checksum",
            "the last characters are check digits; a value with wrong ones is not believed",
        );
    }
    if rule.environment.is_empty() {
        row("its format says", "nothing about the environment");
    }
    for marker in &rule.environment {
        row("its format says", &sentence(marker));
    }
    if !rule.beside.is_empty() {
        row("matters beside", &listed(&rule.beside));
    }
    row("lifetime", lifetime(rule));
    row("privilege", privilege(rule));
    if !rule.pattern.is_empty() {
        text.push_str(&format!(
            "\nIts pattern:\n\n```text\n{}\n```\n",
            rule.pattern
        ));
    }
    if !rule.examples.is_empty() {
        text.push_str("\nShapes it finds, as templates:\n\n```text\n");
        for example in &rule.examples {
            text.push_str(&format!("{}\n", example.text));
        }
        text.push_str("```\n");
    }
    if !rule.counterexamples.is_empty() {
        text.push_str("\nShapes it does not find:\n\n```text\n");
        for template in &rule.counterexamples {
            text.push_str(&format!("{template}\n"));
        }
        text.push_str("```\n");
    }
    if !rule.remedy.is_empty() {
        text.push_str(&format!("\n**What to do.** {}\n", rule.remedy));
    }
    if !rule.references.is_empty() {
        text.push('\n');
        for page in &rule.references {
            text.push_str(&format!("- <{page}>\n"));
        }
    }
}

fn listed(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| code(word)).collect();
    words.join(", ")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}
