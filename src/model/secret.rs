//! The one type that holds secret bytes: borrowed, silent, and impossible to print by accident.

/// Secret bytes, borrowed from the blob they stand in.
///
/// There is no `Display` and no `Serialize`, and `Debug` tells the length only. Nothing that outlives the blob can
/// hold one, so no report, log line or panic can carry a value out: the borrow checker is the redactor.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Secret<'b>(&'b [u8]);

impl<'b> Secret<'b> {
    /// Marks `bytes` as secret.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// The raw bytes, for those who must look at them: rules, evidence and fingerprints.
    pub const fn expose(self) -> &'b [u8] {
        self.0
    }

    /// Length in bytes.
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes at all.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_tells_the_length_only() {
        assert_eq!(format!("{:?}", Secret::new(b"hunter2")), "Secret(7 bytes)");
    }
}
