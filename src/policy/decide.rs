//! The decision: a finding and the claims on its place go in, a verdict with its reason comes out.

use jiff::civil::Date;

use super::exception::Exception;
use super::table::Row;
use super::validate::UNCLAIMED;
use super::{Policy, rank};
use crate::model::{
    Because, Claim, Confidence, Exemption, Family, Lifetime, Origin, OriginOf, Tier, Verdict,
};

/// What the policy needs to know of a finding. There is no secret in it.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Id of the rule.
    pub rule: &'a str,
    /// Id of the provider's pack.
    pub provider: &'a str,
    /// Which part of the boundary it is about.
    pub family: Family,
    /// Whose it is.
    pub origin: OriginOf,
    /// Whether a provider issued it, as opposed to a password known by its key's name.
    pub issued: bool,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// Whether it opens more than one application needs.
    pub privileged: bool,
    /// Publishable by design.
    pub public: bool,
    /// Path in the tree.
    pub path: &'a str,
    /// Whether a reference, identity or data is proven by a declared fact, a decisive format or an unambiguous grant.
    pub declared: bool,
    /// Known to be revoked.
    pub revoked: bool,
    /// Makes the fingerprint; costly, asked only where an exception could apply.
    pub fingerprint: &'a dyn Fn() -> String,
}

/// What the policy says of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, and which line of the policy decided.
    pub because: Because,
    /// The claim that decided; `None` where nothing claims the place.
    pub claim: Option<Claim>,
    /// Reason and approver, where an exception let it through.
    pub exception: Option<String>,
}

impl Subject<'_> {
    /// The row of the verdict table it falls into.
    pub fn row(&self) -> Row {
        if self.revoked {
            return Row::Revoked;
        }
        if self.public {
            return Row::Public;
        }
        let from_below = matches!(
            self.origin.environment,
            Origin::Staging | Origin::Development | Origin::Test
        );
        match self.family {
            // Standing access is dangerous whoever holds it.
            Family::Identity if self.declared => Row::IdentityDeclared,
            Family::Identity => Row::IdentityByConvention,
            Family::Reference | Family::Data if from_below => Row::ReferenceNonproduction,
            Family::Reference if self.declared => Row::ReferenceDeclared,
            Family::Reference => Row::ReferenceByConvention,
            Family::Data if self.declared => Row::DataDeclared,
            Family::Data => Row::DataByConvention,
            // The value stands in production's files: whatever else it looks like, production uses it.
            Family::Reuse => Row::ProductionCredential,
            Family::Credential | Family::Inventory => self.credential_row(from_below),
        }
    }

    fn credential_row(&self, from_below: bool) -> Row {
        // Nothing but supporting words speaks for production: that shows, and is not enough to refuse.
        let possible = self.origin.confidence == Some(Confidence::Possible);
        let origin = match self.origin.environment {
            Origin::Production if possible => Origin::Unknown,
            origin => origin,
        };
        match (origin, self.lifetime) {
            (Origin::Production, _) => Row::ProductionCredential,
            (Origin::Unknown, Lifetime::Short) if self.issued => Row::IssuedUnknownShortLived,
            (Origin::Unknown, _) if self.issued => Row::IssuedUnknown,
            (Origin::Unknown, _) => Row::GenericUnknown,
            (_, Lifetime::Short) => Row::NonproductionShortLived,
            _ if from_below && self.privileged => Row::NonproductionPrivileged,
            // A password lives until somebody changes it.
            (_, lifetime) if from_below && (lifetime == Lifetime::Long || !self.issued) => {
                Row::NonproductionLongLived
            }
            _ => Row::NonproductionShortLived,
        }
    }
}

impl Policy {
    /// Judges a finding under every claim on its place; the strictest verdict holds.
    pub fn decide(&self, subject: &Subject<'_>, claims: &[Claim], today: Date) -> Decision {
        let row = subject.row();
        // One fingerprint is enough for all claims and exceptions.
        let fingerprint = once_cell::unsync::Lazy::new(|| (subject.fingerprint)());
        let judge = |claim: Option<&Claim>| {
            let (verdict, policy_line) = self.verdict(row, claim);
            let environment = claim.map_or(UNCLAIMED, |claim| claim.environment.as_str());
            let exception = (verdict != Verdict::Allow && row != Row::Revoked)
                .then(|| {
                    self.exceptions.iter().find(|exception| {
                        exception.could_apply(subject, environment, today)
                            && exception.fingerprint == **fingerprint
                    })
                })
                .flatten();
            if let Some(exception) = exception {
                return excepted(row, claim, exception);
            }
            // A revoked value is a debt that nobody may carry.
            let debt = (verdict == Verdict::Block
                && row != Row::Revoked
                && self.audit.entries.knows(environment))
            .then(|| self.audit.entries.entry(&fingerprint, environment))
            .flatten();
            let (verdict, text) = match debt {
                Some(entry) => (
                    Verdict::Warn,
                    format!(
                        "{}, and this one {}",
                        sentence(row, verdict, claim),
                        entry.told(today)
                    ),
                ),
                None => (verdict, sentence(row, verdict, claim)),
            };
            Decision {
                verdict,
                because: Because {
                    text,
                    policy_line,
                    exempted_by: None,
                },
                claim: claim.cloned(),
                exception: None,
            }
        };
        let mut decided: Option<Decision> = None;
        for claim in claims {
            let decision = judge(Some(claim));
            let stricter = decided.as_ref().is_none_or(|so_far| {
                let key = |decision: &Decision| {
                    (
                        decision.verdict,
                        decision.exception.is_some(),
                        decision.claim.as_ref().map(|claim| rank(claim.tier)),
                    )
                };
                key(&decision) > key(so_far)
            });
            if stricter {
                decided = Some(decision);
            }
        }
        decided.unwrap_or_else(|| judge(None))
    }

    /// The strictest verdict of a row under several claims, and the line that says so.
    pub fn strictest(&self, row: Row, claims: &[Claim]) -> (Verdict, String) {
        claims
            .iter()
            .map(|claim| (rank(claim.tier), self.verdict(row, Some(claim))))
            .max_by_key(|(rank, (verdict, _))| (*verdict, *rank))
            .map_or_else(|| self.verdict(row, None), |(_, verdict)| verdict)
    }

    /// The verdict of a row at a destination, and the line that says so.
    pub fn verdict(&self, row: Row, claim: Option<&Claim>) -> (Verdict, String) {
        let (name, tier, overrides) = match claim {
            None => (UNCLAIMED.to_owned(), None, Some(&self.unclaimed)),
            Some(claim) => (
                format!("environment.{}", claim.environment),
                Some(claim.tier),
                self.environments
                    .iter()
                    .find(|environment| environment.name == claim.environment)
                    .map(|environment| &environment.verdicts),
            ),
        };
        let line = overrides
            .into_iter()
            .flatten()
            .find(|verdict| verdict.row == row);
        match line {
            Some(line) => (line.verdict, line.policy_line.clone()),
            None => (
                row.default_verdict(tier),
                format!("default policy: {name}.verdicts.{}", row.key()),
            ),
        }
    }
}

fn excepted(row: Row, claim: Option<&Claim>, exception: &Exception) -> Decision {
    Decision {
        verdict: Verdict::Allow,
        because: Because {
            text: format!(
                "an exception lets {} pass {}: {}",
                row.subject().trim_end_matches(','),
                destination(claim),
                exception.told()
            ),
            policy_line: exception.policy_line.clone(),
            exempted_by: Some(Exemption::Exception),
        },
        claim: claim.cloned(),
        exception: Some(exception.told()),
    }
}

fn sentence(row: Row, verdict: Verdict, claim: Option<&Claim>) -> String {
    let says = match verdict {
        Verdict::Block => "is blocked",
        Verdict::Warn => "is warned about",
        Verdict::Allow => "may pass",
    };
    let more = match (row, verdict, claim.map(|claim| claim.tier)) {
        (Row::IssuedUnknown, Verdict::Block, _) => " until the policy declares whose it is",
        (
            Row::NonproductionPrivileged | Row::NonproductionLongLived,
            Verdict::Warn,
            Some(Tier::Production),
        ) => ": it goes the wrong way round",
        (Row::ProductionCredential, Verdict::Warn, Some(Tier::Production)) => {
            ": it stands there in plain text"
        }
        (Row::NonproductionPrivileged, Verdict::Warn, _) => {
            ": it opens more than one application needs"
        }
        (Row::NonproductionLongLived, Verdict::Warn, _) => ": a short-lived one would pass",
        _ => "",
    };
    format!("{} {says} {}{more}", row.subject(), destination(claim))
}

fn destination(claim: Option<&Claim>) -> String {
    match claim {
        None => "where nothing claims the place".to_owned(),
        Some(claim) if claim.environment == claim.tier.as_str() => {
            format!("where {} claims the place", claim.environment)
        }
        Some(claim) => format!(
            "where {} (tier {}) claims the place",
            claim.environment, claim.tier
        ),
    }
}
