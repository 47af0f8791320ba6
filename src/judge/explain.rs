//! What led to a finding, and what could be said in the policy so that it would be judged otherwise.

use crate::examine::Sighting;
use crate::model::{Asked, Claim, Declaration, Explanation, Finding, Origin, Signal, Verdict};
use crate::origin;
use crate::policy::{Policy, Row};

/// Why a finding is judged as it is. `signals` are those of its evidence, as they were weighed.
pub(super) fn explanation(
    policy: &Policy,
    sighting: &Sighting<'_>,
    finding: &Finding,
    signals: &[Signal],
    row: Row,
    claims: &[Claim],
) -> Explanation {
    let (origin, number) = origin::weigh_by_row(signals);
    let contributions = signals
        .iter()
        .map(|signal| origin::contribution(signal, origin, number))
        .collect();
    let asked = claims
        .iter()
        .map(|claim| {
            let (verdict, policy_line) = policy.verdict(row, Some(claim));
            Asked {
                claim: claim.clone(),
                verdict,
                policy_line,
            }
        })
        .collect();
    Explanation {
        contributions,
        origin_row: number + 1,
        origin_table: origin::TABLE[number],
        verdict_row: row.key(),
        asked,
        declarations: declarations(sighting, finding, signals, row),
        finding: finding.clone(),
    }
}

fn declarations(
    sighting: &Sighting<'_>,
    finding: &Finding,
    signals: &[Signal],
    row: Row,
) -> Vec<Declaration> {
    let mut all = Vec::new();
    let mut declare = |effect: String, toml: String| all.push(Declaration { effect, toml });
    let goes_to = finding.destination.environment.as_deref();
    let place = goes_to.unwrap_or("unclaimed");
    let lower = match finding.destination.tier {
        Some(tier) if tier != crate::model::Tier::Production => place,
        _ => "staging",
    };
    if row != Row::Revoked && !sighting.rule.public {
        for (list, name) in &sighting.declarable {
            let line = format!("{list} = [{}]", quoted(name));
            if finding.origin.environment != Origin::Production {
                declare(
                    format!("{name} is production's, and this with it"),
                    format!("[environment.production.identity]\n{line}"),
                );
            }
            if finding.verdict != Verdict::Allow {
                declare(
                    format!(
                        "{name} is {lower}'s, and this with it unless its format says otherwise"
                    ),
                    format!("[environment.{lower}.identity]\n{line}"),
                );
            }
        }
    }
    for word in signals.iter().filter_map(word_of) {
        declare(
            format!("\"{word}\" names no environment in this house, and is no evidence any more"),
            format!("[words]\nignore = [{}]", quoted(word)),
        );
    }
    if goes_to.is_none() {
        let path = quoted(&finding.place.path);
        declare(
            "the file belongs to staging, and what goes there is judged by staging's verdicts"
                .to_owned(),
            format!("[environment.staging]\npaths = [{path}]"),
        );
        if let Some(name) = &finding.place.ref_name {
            declare(
                "the branch belongs to staging, and all of it is judged by staging's verdicts"
                    .to_owned(),
                format!("[environment.staging]\nrefs = [{}]", quoted(name)),
            );
        }
    } else if finding.verdict != Verdict::Allow {
        let by_convention = finding
            .destination
            .claimed_by
            .as_deref()
            .filter(|claimed| claimed.ends_with("(default policy)"));
        let path = quoted(&finding.place.path);
        if by_convention.is_some_and(|claimed| claimed.starts_with("path")) {
            declare(
                format!(
                    "the file belongs to development, whatever its path says, and not to {place}"
                ),
                format!("[environment.development]\npaths = [{path}]"),
            );
        }
    }
    if row != Row::Revoked {
        let table = match goes_to {
            Some(name) => format!("environment.{name}"),
            None => "unclaimed".to_owned(),
        };
        let milder = match finding.verdict {
            Verdict::Block => Some("warn"),
            Verdict::Warn => Some("allow"),
            Verdict::Allow => None,
        };
        if let Some(milder) = milder {
            declare(
                format!("this one value may pass in {place}, until a day"),
                format!(
                    "[[exception]]\nfingerprint = {}\nenvironment = {}\nreason = \"<why it has to pass>\"\napprover = \"<who answers for it>\"\nexpires = <YYYY-MM-DD>",
                    quoted(&finding.fingerprint),
                    quoted(place)
                ),
            );
            declare(
                format!(
                    "all of its kind ({}) get another verdict in {place}",
                    row.key()
                ),
                format!("[{table}.verdicts]\n{} = \"{milder}\"", row.key()),
            );
        } else {
            declare(
                format!("all of its kind ({}) are refused in {place}", row.key()),
                format!("[{table}.verdicts]\n{} = \"block\"", row.key()),
            );
        }
    }
    // Whoever pastes it must get what it says: a name that cannot be written on one line is left out.
    all.retain(|declaration| {
        let all = format!("{}{}", declaration.effect, declaration.toml);
        all.chars()
            .all(|character| character == '\n' || !character.is_control())
    });
    all
}

/// The environment word that a signal goes by.
fn word_of(signal: &Signal) -> Option<&str> {
    signal.environment?;
    // Formats and keys of encryption are not words of the vocabulary.
    let by_word = !["format", "encryption"].contains(&signal.kind);
    let (_, rest) = signal.text.rsplit_once("(\"")?;
    let word = rest.strip_suffix("\")")?;
    let plain = word
        .chars()
        .all(|letter| letter.is_alphanumeric() || "-_".contains(letter));
    let declared = signal.text.contains(" is declared as ");
    (by_word && plain && !declared).then_some(word)
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
