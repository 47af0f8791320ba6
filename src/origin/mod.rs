//! Pure: a candidate and its surroundings to evidence, and evidence to an origin. One file a kind of evidence.
//!
//! Never guesses from the folder that a file is in, beyond a supporting word: where a value is going is the very thing
//! under test.

mod aws;
mod block;
mod certificate;
mod comment;
mod config_name;
mod connection;
mod declarable;
mod document;
mod encryption;
mod false_friend;
mod format;
mod host;
mod item;
mod jwt;
mod key_name;
mod kubeconfig;
mod manifest;
mod name;
mod path;
mod pipeline;
mod privilege;
mod provider_host;
mod service_account;
mod sibling;
mod weigh;
mod well_known;

use std::ops::Range;

use jiff::civil::Date;

pub use declarable::declarable;
pub use document::Document;
pub use host::host_in;
pub use item::Label;
pub use provider_host::of as mode_of_host;
pub use weigh::{TABLE, contribution, weigh, weigh_by_row};

use crate::model::{Facts, Lifetime, Signal, Strength, Tier, Vocabulary};
use crate::rules::Rule;

/// What stands around a value.
pub struct Surroundings<'a> {
    /// The rule that found it.
    pub rule: &'a Rule,
    /// The value. Evidence may look, and may not quote.
    pub value: &'a [u8],
    /// Named groups of the pattern: `host`, `account`, `user`, `database`, `project`.
    pub groups: &'a [(&'a str, &'a [u8])],
    /// The key path, from the root of the file; empty where the syntax gives none.
    pub key_path: &'a [String],
    /// Other entries of the same mapping: last key and value.
    pub siblings: &'a [(&'a str, &'a str)],
    /// What the mappings around it say of themselves, the innermost first.
    pub labels: &'a [Label<'a>],
    /// The text that it stands in, and what that is as a whole.
    pub document: &'a Document<'a>,
    /// Where the value stands in the text.
    pub span: Range<usize>,
    /// What the policy declares.
    pub facts: &'a Facts,
    /// Environment words.
    pub vocabulary: &'a Vocabulary,
}

/// What the surroundings say of a value.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Whose it is, sentence by sentence.
    pub signals: Vec<Signal>,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// Whether it opens more than one application needs.
    pub privileged: bool,
    /// The day (in UTC) on which it ends by its own account.
    pub ends: Option<Date>,
}

impl Evidence {
    /// Speaks for a tier.
    fn say(&mut self, kind: &'static str, tier: Tier, strength: Strength, text: String) {
        self.signals.push(Signal {
            kind,
            environment: Some(tier),
            strength,
            text,
        });
    }

    /// Speaks for none: it is shown and has no vote.
    fn remark(&mut self, kind: &'static str, text: String) {
        self.signals.push(Signal {
            kind,
            environment: None,
            strength: Strength::Supporting,
            text,
        });
    }

    /// Says why it is privileged.
    fn privileged(&mut self, kind: &'static str, text: String) {
        self.privileged = true;
        self.remark(kind, text);
    }

    /// Keeps, of the signals from `from` on, those for production: for what says where a value is going, or could be written
    /// by whoever pastes it there.
    fn only_production(&mut self, from: usize) {
        let mut at = 0;
        self.signals.retain(|signal| {
            at += 1;
            at <= from || signal.environment == Some(Tier::Production)
        });
    }

    /// Says, of every signal from `from` on, where it was seen.
    fn seen_at(&mut self, from: usize, kind: &'static str, place: &str) {
        for signal in &mut self.signals[from..] {
            signal.kind = kind;
            signal.text = format!("{place}: {}", signal.text);
        }
    }
}

/// A kind of evidence: looks at the surroundings and says what it sees.
type Kind = fn(&Surroundings<'_>, &mut Evidence);

/// Every kind of evidence that depends on the content of a file only.
const KINDS: &[Kind] = &[
    format::evidence,
    well_known::evidence,
    config_name::evidence,
    aws::evidence,
    service_account::evidence,
    jwt::evidence,
    host::evidence,
    connection::evidence,
    certificate::evidence,
    kubeconfig::evidence,
    manifest::evidence,
    item::evidence,
    pipeline::evidence,
    sibling::evidence,
    key_name::evidence,
    block::evidence,
    encryption::evidence,
    comment::evidence,
    privilege::evidence,
];

/// All evidence of a candidate, strongest signal first.
pub fn evidence(surroundings: &Surroundings<'_>) -> Evidence {
    let mut evidence = Evidence {
        lifetime: surroundings.rule.lifetime.into(),
        privileged: surroundings.rule.privileged,
        ..Evidence::default()
    };
    for kind in KINDS {
        kind(surroundings, &mut evidence);
    }
    sort(&mut evidence.signals);
    evidence.signals.dedup();
    evidence
}

/// The signals of content together with what its path adds.
pub fn with_path(signals: &[Signal], path: &str, vocabulary: &Vocabulary) -> Vec<Signal> {
    let mut all = signals.to_vec();
    path::signals(path, vocabulary, &mut all);
    sort(&mut all);
    all
}

/// The remark on a credential whose own account says that it has ended; still a leak, and dead for whoever finds it.
pub fn ended(ends: Option<Date>, today: Date) -> Option<Signal> {
    let ends = ends.filter(|ends| *ends < today)?;
    Some(Signal {
        kind: "lifetime",
        environment: None,
        strength: Strength::Supporting,
        text: format!("by its own account it expired on {ends}"),
    })
}

fn sort(signals: &mut [Signal]) {
    signals.sort_by_key(|signal| {
        (
            std::cmp::Reverse(signal.strength),
            signal.environment.is_none(),
        )
    });
}
