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

/// The origin that the signals add up to.
pub fn weigh(signals: &[Signal]) -> OriginOf {
    use Confidence::{Certain, Likely, Possible};
    for (strength, agreed, conflict) in [
        (Strength::Decisive, Certain, Some(Likely)),
        (Strength::Strong, Likely, Some(Likely)),
        (Strength::Supporting, Possible, None),
    ] {
        let mut tiers: Vec<Tier> = signals
            .iter()
            .filter(|signal| signal.strength == strength)
            .filter_map(|signal| signal.environment)
            .collect();
        tiers.sort_unstable();
        tiers.dedup();
        let (environment, confidence) = match (&tiers[..], conflict) {
            ([], _) => continue,
            ([tier], _) => (Origin::from(*tier), Some(agreed)),
            // Production sorts first. To be wrong about it is what the gate is there to prevent.
            ([Tier::Production, ..], Some(conflict)) => (Origin::Production, Some(conflict)),
            _ => (Origin::Unknown, None),
        };
        return OriginOf {
            environment,
            confidence,
        };
    }
    OriginOf::UNKNOWN
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
