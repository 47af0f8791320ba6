//! Policies to begin with: three ways to be strict, each explained in the file that it becomes.

use super::Row;
use crate::model::{Tier, Verdict};

/// How strict a policy begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Production's credentials, proven pointers, proven data and standing admin access are blocked in staging.
    Boundary,
    /// What nobody can tell is blocked in staging too.
    Strict,
    /// Nothing is blocked: everything is shown.
    Advisory,
}

impl Preset {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Boundary, Self::Strict, Self::Advisory];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boundary => "boundary",
            Self::Strict => "strict",
            Self::Advisory => "advisory",
        }
    }

    /// The policy, explained: settings and verdicts. It declares nothing.
    pub fn text(self) -> String {
        let mut text = format!(
            "# stagegate's policy, preset \"{}\": which environment a place belongs to, and what may go there.\n#\n",
            self.name()
        );
        for line in self.explained() {
            text += &format!("# {line}\n");
        }
        text += "#\n\
                 # Branches, paths and sections are recognised by their usual names (staging, stg, uat, qa ...; production, prod ...).\n\
                 # Lines that begin with \"#:\" are proposals; remove the \"#: \" of those that are true.\n\
                 #\n\
                 #   stagegate policy check                              is it sound?\n\
                 #   stagegate policy show                               every verdict, with the line that decides\n\
                 #   docs/policy.md                                      every key\n\n\
                 version = 1\n";
        text += &self.verdicts();
        text
    }

    const fn explained(self) -> &'static [&'static str] {
        match self {
            Self::Boundary => &[
                "Staging refuses production's credentials, provider-issued ones of unknown origin, pointers and data that are",
                "proven to be production's, and standing admin access. It warns of what only a name says, and of passwords of",
                "unknown origin. These are the verdicts that hold without a policy; those below are written out to be seen.",
            ],
            Self::Strict => &[
                "Like \"boundary\", and staging refuses what nobody can tell the origin of: generic passwords and short-lived",
                "credentials too. Declare staging's hosts and accounts below first, or its own passwords will be refused.",
            ],
            Self::Advisory => &[
                "Nothing is refused: what would be blocked is warned about. For the first weeks in a repository that has grown;",
                "then change to \"boundary\". Only a value that the inventory knows as revoked is still refused.",
            ],
        }
    }

    fn verdicts(self) -> String {
        let rows = |told: &[(Row, Verdict, &str)]| {
            told.iter()
                .map(|(row, verdict, why)| {
                    let why = if why.is_empty() {
                        String::new()
                    } else {
                        format!("# {why}\n")
                    };
                    format!("{why}{} = \"{}\"\n", row.key(), verdict.as_str())
                })
                .collect::<String>()
        };
        let heading = |name: &str| format!("\n[{name}.verdicts]\n");
        match self {
            Self::Boundary => {
                let blocked: Vec<_> = blocked_in(Some(Tier::Staging))
                    .map(|row| (row, Verdict::Block, ""))
                    .collect();
                heading("environment.staging") + &rows(&blocked)
            }
            Self::Strict => {
                heading("environment.staging")
                    + &rows(&[
                        (
                            Row::GenericUnknown,
                            Verdict::Block,
                            "A password that could be anybody's could be production's. Declared hosts tell whose it is.",
                        ),
                        (
                            Row::IssuedUnknownShortLived,
                            Verdict::Block,
                            "It ends soon, and may open production until then.",
                        ),
                    ])
            }
            Self::Advisory => {
                let mut text = String::new();
                for (name, tier) in [
                    ("environment.staging", Some(Tier::Staging)),
                    ("environment.production", Some(Tier::Production)),
                    ("environment.development", Some(Tier::Development)),
                    ("environment.test", Some(Tier::Test)),
                    ("unclaimed", None),
                ] {
                    let told: Vec<_> = blocked_in(tier)
                        .map(|row| (row, Verdict::Warn, ""))
                        .collect();
                    if !told.is_empty() {
                        text += &(heading(name) + &rows(&told));
                    }
                }
                text
            }
        }
    }
}

/// What a destination refuses where the policy says nothing.
fn blocked_in(tier: Option<Tier>) -> impl Iterator<Item = Row> {
    Row::ALL
        .into_iter()
        .filter(move |row| row.default_verdict(tier) == Verdict::Block)
        // A revoked value is refused everywhere: no policy says otherwise.
        .filter(|row| *row != Row::Revoked)
}
