//! One Aho-Corasick automaton over all keywords of all rules: most blobs have no keyword near anything and cost one pass.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Which rules to try where.
pub(super) struct Prefilter {
    automaton: AhoCorasick,
    /// Rules of each keyword, by pattern number.
    rules: Vec<Vec<u32>>,
}

impl Prefilter {
    /// Builds the automaton from the keywords of rules, given by number.
    pub(super) fn new<'k>(
        keywords: impl Iterator<Item = (u32, &'k str)>,
    ) -> Result<Self, aho_corasick::BuildError> {
        let mut by_keyword: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (rule, keyword) in keywords {
            by_keyword
                .entry(keyword.to_ascii_lowercase())
                .or_default()
                .push(rule);
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // The non-contiguous automaton builds fastest and is what a commit of one file needs; the contiguous one
            // searches twice as fast for a little more building.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(by_keyword.keys())?;
        Ok(Self {
            automaton,
            rules: by_keyword.into_values().collect(),
        })
    }

    /// Calls `hit` with a rule and the offset of one of its keywords, in the order of the bytes.
    pub(super) fn hits(&self, bytes: &[u8], mut hit: impl FnMut(u32, usize)) {
        for found in self.automaton.find_overlapping_iter(bytes) {
            for &rule in &self.rules[found.pattern().as_usize()] {
                hit(rule, found.start());
            }
        }
    }
}
