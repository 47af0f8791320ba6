//! Signals to an origin: a table, not a score. The same table stands in `docs/origin.md`.
//!
//! | decisive | strong | supporting | origin | confidence |
//! | --- | --- | --- | --- | --- |
//! | agree | any | any | theirs | certain |
//! | differ, production among them | any | any | production | likely |
//! | differ, none production's | any | any | unknown | - |
//! | none | agree | any | theirs | likely |
//! | none | differ, production among them | any | production | likely |
//! | none | differ, none production's | any | unknown | - |
//! | none | none | agree | theirs | possible |
//! | none | none | differ, or none | unknown | - |

use crate::model::{Confidence, Origin, OriginOf, Signal, Strength, Tier};

/// The rows of the table in words: decisive, strong and supporting signals, origin, confidence.
pub const TABLE: [[&str; 5]; 8] = [
    ["agree", "any", "any", "theirs", "certain"],
    [
        "differ, production among them",
        "any",
        "any",
        "production",
        "likely",
    ],
    [
        "differ, none of them production's",
        "any",
        "any",
        "unknown",
        "",
    ],
    ["none", "agree", "any", "theirs", "likely"],
    [
        "none",
        "differ, production among them",
        "any",
        "production",
        "likely",
    ],
    [
        "none",
        "differ, none of them production's",
        "any",
        "unknown",
        "",
    ],
    ["none", "none", "agree", "theirs", "possible"],
    ["none", "none", "differ, or there are none", "unknown", ""],
];

/// The origin that the signals add up to.
pub fn weigh(signals: &[Signal]) -> OriginOf {
    weigh_by_row(signals).0
}

/// The same, and the row of [`TABLE`] that decided, from 0.
pub fn weigh_by_row(signals: &[Signal]) -> (OriginOf, usize) {
    use Confidence::{Certain, Likely, Possible};
    for (first_row, strength, agreed, conflict) in [
        (0, Strength::Decisive, Certain, Some(Likely)),
        (3, Strength::Strong, Likely, Some(Likely)),
        (6, Strength::Supporting, Possible, None),
    ] {
        let mut tiers: Vec<Tier> = signals
            .iter()
            .filter(|signal| signal.strength == strength)
            .filter_map(|signal| signal.environment)
            .collect();
        tiers.sort_unstable();
        tiers.dedup();
        let (row, environment, confidence) = match (&tiers[..], conflict) {
            ([], _) => continue,
            ([tier], _) => (0, Origin::from(*tier), Some(agreed)),
            // Production sorts first. To be wrong about it is what the gate is there to prevent.
            ([Tier::Production, ..], Some(conflict)) => (1, Origin::Production, Some(conflict)),
            (_, Some(_)) => (2, Origin::Unknown, None),
            (_, None) => (1, Origin::Unknown, None),
        };
        let origin = OriginOf {
            environment,
            confidence,
        };
        return (origin, first_row + row);
    }
    (OriginOf::UNKNOWN, TABLE.len() - 1)
}

/// What a signal contributed to an origin that a row of [`TABLE`] decided.
pub fn contribution(signal: &Signal, origin: OriginOf, row: usize) -> &'static str {
    let deciding = match row {
        0..=2 => Strength::Decisive,
        3..=5 => Strength::Strong,
        _ => Strength::Supporting,
    };
    let Some(tier) = signal.environment else {
        return "a remark, which has no vote";
    };
    let agrees = Origin::from(tier) == origin.environment;
    match (signal.strength == deciding, agrees) {
        (true, true) => "decided",
        (true, false) if origin.environment == Origin::Unknown => {
            "contradicts another of its strength, so that nothing is decided"
        }
        (true, false) => "contradicts, and production is believed",
        (false, true) => "agrees, and was not needed",
        (false, false) if origin.environment == Origin::Unknown => {
            "is weaker than those that contradict each other"
        }
        (false, false) => "speaks against it, and is outweighed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(signals: &[(Strength, Tier)]) -> (Origin, Option<Confidence>) {
        let signals: Vec<Signal> = signals
            .iter()
            .map(|&(strength, tier)| Signal {
                kind: "test",
                environment: Some(tier),
                strength,
                text: String::new(),
            })
            .collect();
        let origin = weigh(&signals);
        (origin.environment, origin.confidence)
    }

    #[test]
    fn every_row_of_the_table() {
        use Confidence::{Certain, Likely, Possible};
        use Strength::{Decisive, Strong, Supporting};
        use Tier::{Development, Production, Staging, Test};
        let unknown = (Origin::Unknown, None);
        for (signals, expected) in [
            (vec![], unknown),
            (
                vec![
                    (Decisive, Production),
                    (Strong, Staging),
                    (Supporting, Staging),
                ],
                (Origin::Production, Some(Certain)),
            ),
            (
                vec![(Decisive, Test), (Decisive, Test), (Strong, Production)],
                (Origin::Test, Some(Certain)),
            ),
            (
                vec![(Decisive, Test), (Decisive, Production)],
                (Origin::Production, Some(Likely)),
            ),
            (vec![(Decisive, Test), (Decisive, Staging)], unknown),
            (
                vec![(Strong, Production), (Supporting, Staging)],
                (Origin::Production, Some(Likely)),
            ),
            (
                vec![(Strong, Staging), (Strong, Production)],
                (Origin::Production, Some(Likely)),
            ),
            (vec![(Strong, Staging), (Strong, Development)], unknown),
            (
                vec![(Supporting, Staging)],
                (Origin::Staging, Some(Possible)),
            ),
            (
                vec![(Supporting, Staging), (Supporting, Production)],
                unknown,
            ),
        ] {
            assert_eq!(row(&signals), expected, "{signals:?}");
        }
    }

    #[test]
    fn each_row_is_named() {
        use Strength::{Decisive, Strong, Supporting};
        use Tier::{Production, Staging, Test};
        let both = |strength, one, other| vec![(strength, one), (strength, other)];
        for (row, signals) in [
            vec![(Decisive, Production)],
            both(Decisive, Production, Test),
            both(Decisive, Staging, Test),
            vec![(Strong, Staging)],
            both(Strong, Production, Test),
            both(Strong, Staging, Test),
            vec![(Supporting, Staging)],
            both(Supporting, Staging, Production),
        ]
        .iter()
        .enumerate()
        {
            let signals: Vec<Signal> = signals
                .iter()
                .map(|&(strength, tier)| Signal {
                    kind: "test",
                    environment: Some(tier),
                    strength,
                    text: String::new(),
                })
                .collect();
            let (origin, decided) = weigh_by_row(&signals);
            assert_eq!(decided, row);
            let known = origin.environment != Origin::Unknown;
            let decided = contribution(&signals[0], origin, row) == "decided";
            assert_eq!(decided, known, "row {row}");
        }
        assert_eq!(weigh_by_row(&[]).1, 7);
    }

    #[test]
    fn remarks_do_not_vote() {
        let remark = Signal {
            kind: "test",
            environment: None,
            strength: Strength::Decisive,
            text: String::new(),
        };
        assert_eq!(weigh(&[remark]), OriginOf::UNKNOWN);
    }
}
