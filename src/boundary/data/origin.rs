//! Whose a database, host or bucket is, by its name: declared by the policy, or told by an environment's word.

use crate::model::{EnvironmentFacts, Signal, Strength, Tier};

use super::File;

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Host,
    Database,
    Account,
    /// A bucket, an application, a snapshot, a variable: nothing that a policy declares.
    Other(&'static str),
}

impl What {
    fn list(self) -> fn(&EnvironmentFacts) -> &[String] {
        match self {
            Self::Host => |facts| &facts.hosts,
            Self::Database => |facts| &facts.databases,
            Self::Account => |facts| &facts.aws_accounts,
            Self::Other(_) => |_| &[],
        }
    }

    const fn told(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Database => "database",
            Self::Account => "AWS account",
            Self::Other(what) => what,
        }
    }
}

/// What a name says; `None` where it says nothing of an environment.
pub(super) fn of_name(file: &File<'_>, what: What, name: &str) -> Option<Signal> {
    let told = what.told();
    if let Some((environment, pattern)) = file.facts.lookup(what.list(), name) {
        return Some(Signal {
            kind: "declared",
            environment: Some(environment.tier),
            strength: Strength::Decisive,
            text: format!(
                "{told} {name} is declared as {}'s by {} (\"{pattern}\")",
                environment.name, environment.policy_line
            ),
        });
    }
    let (tier, word) = file.vocabulary.tier_of_name(name)?;
    Some(Signal {
        kind: "name",
        environment: Some(tier),
        strength: Strength::Strong,
        text: format!("{told} {name} names {tier} (\"{word}\")"),
    })
}

/// What several names say together: a declared one outranks words, and of two alike production's speaks.
pub(super) fn strongest(signals: impl IntoIterator<Item = Signal>) -> Option<Signal> {
    signals.into_iter().max_by_key(|signal| {
        (
            signal.strength,
            signal.environment == Some(Tier::Production),
        )
    })
}

/// Whether a signal is a declared one of production.
pub(super) fn is_proof(signal: &Signal) -> bool {
    signal.strength == Strength::Decisive && signal.environment == Some(Tier::Production)
}
