//! Candidates that are not believed: which rule took them for one, and why they are none. Gathered only where somebody asks.

use std::ops::Range;

use crate::rules::Rule;

pub use super::placeholder::Reason;

/// A match that is not believed.
#[derive(Debug, Clone)]
pub struct Rejected<'r> {
    /// Id of the provider's pack.
    pub provider: &'r str,
    /// The rule.
    pub rule: &'r Rule,
    /// Why.
    pub reason: Reason,
    /// Where the value stands in the searched bytes.
    pub span: Range<usize>,
}

impl Reason {
    /// The code in reports. Never changes its meaning.
    pub const fn code(self) -> &'static str {
        self.told().0
    }

    /// One sentence on it.
    pub const fn words(self) -> &'static str {
        self.told().1
    }

    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Short => ("short", "it is too short to be a secret"),
            Self::Reference => ("reference", "it refers to a value that is kept elsewhere"),
            Self::Placeholder => (
                "placeholder",
                "it stands in for a value that is filled in later",
            ),
            Self::Constant => (
                "constant",
                "it is a constant, such as a boolean or a setting",
            ),
            Self::Encrypted => ("encrypted", "it is encrypted or hashed already"),
            Self::Path => (
                "path",
                "it is the name of a file, or an address without credentials",
            ),
            Self::Words => ("words", "it is made of plain words, as names are"),
            Self::Default => ("default", "it is a default that everybody knows"),
            Self::Code => ("code", "it is an expression of a programming language"),
            Self::Documentation => (
                "documentation",
                "it is an example, as documentation has them",
            ),
            Self::KeyName => ("key-name", "it repeats the name of its key"),
            Self::Measure => ("measure", "it is a date, a version, a duration or a size"),
            Self::Public => ("public", "its key says that everybody may have it"),
            Self::Passing => (
                "passing",
                "it is a token that marks a place and opens nothing",
            ),
            Self::Checksum => (
                "checksum",
                "its check digits are wrong, so nobody issued it",
            ),
            Self::Context => (
                "context",
                "none of the words that the rule asks for stands near it",
            ),
            Self::Entropy => ("entropy", "it is less random than the rule asks for"),
            Self::Allowed => ("allowed", "an `allow` of the rule says that it is none"),
            Self::OtherPath => ("other-path", "the rule is for files of other paths"),
        }
    }
}
