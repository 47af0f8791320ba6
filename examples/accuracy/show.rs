//! The figures as text. Never a value: cases are named by their id.

use std::io::{self, Write};

use super::score::{Count, OfProduction, Score, ratio};

/// Writes the tables, and up to `list` ids of each kind of fault.
pub(crate) fn write(score: &Score, list: usize, out: &mut dyn Write) -> io::Result<()> {
    let all = &score.all;
    writeln!(
        out,
        "{} positives, {} negatives: recall {}, precision {}, F1 {}",
        all.positives,
        all.negatives,
        percent(all.recall()),
        percent(all.precision()),
        percent(all.f1())
    )?;
    writeln!(
        out,
        "{} alarms in positives beside the labelled secret, {} secrets not in their text, {} notes of something unread",
        score.beside, score.unplaced, score.unexamined
    )?;
    counts("kind", score.by_kind.iter(), out)?;
    counts("format", score.by_format.iter(), out)?;
    if !score.by_rule.is_empty() {
        writeln!(
            out,
            "\n{:<44} {:>9} {:>8} {:>8} {:>6}",
            "rule", "positives", "recall", "by itself", "false"
        )?;
        for (rule, count) in &score.by_rule {
            writeln!(
                out,
                "{rule:<44} {:>9} {:>8} {:>9} {:>6}",
                count.positives,
                percent(ratio(count.found, count.positives)),
                percent(ratio(count.by_itself, count.found)),
                count.false_alarms
            )?;
        }
    }
    origins(score, out)?;
    ids("missed", score.misses.iter().cloned(), list, out)?;
    let alarms = score
        .false_alarms
        .iter()
        .map(|alarm| format!("{} ({})", alarm.id, alarm.rules.join(", ")));
    ids("false alarms", alarms, list, out)?;
    let wrong = score.wrong_origins.iter().map(|it| {
        format!(
            "{} [{}] {} taken for {}",
            it.id, it.kind, it.expected, it.said
        )
    });
    ids("wrong origins", wrong, list, out)
}

fn counts<'s, N: std::fmt::Display + 's>(
    title: &str,
    rows: impl Iterator<Item = (&'s N, &'s Count)>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "\n{title:<44} {:>9} {:>8} {:>9} {:>6} {:>9} {:>8}",
        "positives", "recall", "negatives", "false", "precision", "F1"
    )?;
    for (name, count) in rows {
        writeln!(
            out,
            "{:<44} {:>9} {:>8} {:>9} {:>6} {:>9} {:>8}",
            name.to_string(),
            count.positives,
            percent(count.recall()),
            count.negatives,
            count.false_alarms,
            percent(count.precision()),
            percent(count.f1())
        )?;
    }
    Ok(())
}

fn origins(score: &Score, out: &mut dyn Write) -> io::Result<()> {
    if score.origins.is_empty() {
        return Ok(());
    }
    writeln!(out, "\norigin: expected, then said (? is only possible)")?;
    for (expected, row) in &score.origins {
        let cells: Vec<String> = row.iter().map(|(said, n)| format!("{said} {n}")).collect();
        writeln!(out, "  {expected:<12} {}", cells.join(", "))?;
    }
    writeln!(
        out,
        "\n{:<28} {:>10} {:>8} {:>10}  others: expected > said",
        "production's, by kind", "production", "recall", "precision"
    )?;
    for (kind, table) in &score.origins_by_kind {
        let production = OfProduction::of(table);
        let others: Vec<String> = table
            .iter()
            .filter(|(expected, _)| *expected != "production")
            .flat_map(|(expected, row)| {
                row.iter()
                    .map(move |(said, n)| format!("{expected} > {said} {n}"))
            })
            .collect();
        writeln!(
            out,
            "{kind:<28} {:>10} {:>8} {:>10}  {}",
            production.expected,
            percent(ratio(production.rightly, production.expected)),
            percent(ratio(production.rightly, production.said)),
            others.join(", ")
        )?;
    }
    Ok(())
}

fn ids(
    title: &str,
    ids: impl ExactSizeIterator<Item = String>,
    list: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let total = ids.len();
    if total == 0 {
        return Ok(());
    }
    writeln!(out, "\n{title}: {total}")?;
    for id in ids.take(list) {
        writeln!(out, "  {id}")?;
    }
    if total > list {
        writeln!(out, "  and {} more", total - list)?;
    }
    Ok(())
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}
