//! One Aho-Corasick automaton over all keywords of all rules: most blobs have no keyword near anything and cost one pass.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Which rules to try where.
pub(super) struct Prefilter {
    automaton: AhoCorasick,
    /// Rules of each keyword, by pattern number.
    rules: Vec<Vec<u32>>,
    /// Length of the longest keyword.
    longest: usize,
}

/// Bytes that are put into lower case at a time.
const BLOCK: usize = 1 << 16;

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
            // With case: the bytes are put into lower case instead. For 500 keywords that builds in 0.2 ms, an automaton
            // without case in 0.9 ms, which is a third of a whole pre-commit.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(by_keyword.keys())?;
        let longest = by_keyword.keys().map(String::len).max().unwrap_or(0);
        Ok(Self {
            automaton,
            longest,
            rules: by_keyword.into_values().collect(),
        })
    }

    /// Calls `hit` with a rule and the offset of one of its keywords, in the order of the bytes.
    pub(super) fn hits(&self, bytes: &[u8], mut hit: impl FnMut(u32, usize)) {
        let mut lower = Vec::new();
        for from in (0..bytes.len()).step_by(BLOCK) {
            // A keyword that begins in this block and ends in the next belongs to this one.
            let to = bytes
                .len()
                .min(from + BLOCK + self.longest.saturating_sub(1));
            lower.clear();
            lower.extend_from_slice(&bytes[from..to]);
            lower.make_ascii_lowercase();
            for found in self.automaton.find_overlapping_iter(&lower) {
                if found.start() >= BLOCK {
                    continue;
                }
                for &rule in &self.rules[found.pattern().as_usize()] {
                    hit(rule, from + found.start());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Prefilter};

    fn hits(bytes: &[u8]) -> Vec<(u32, usize)> {
        let keywords = [(1, "Key_"), (2, "key_live_"), (3, "live")];
        let prefilter = Prefilter::new(keywords.into_iter()).expect("keywords");
        let mut found = Vec::new();
        prefilter.hits(bytes, |rule, at| found.push((rule, at)));
        found.sort_by_key(|&(rule, at)| (at, rule));
        found
    }

    #[test]
    fn case_does_not_count_and_keywords_may_overlap() {
        assert_eq!(hits(b"my KEY_Live_ one"), [(1, 3), (2, 3), (3, 7)]);
        assert_eq!(hits(b""), []);
    }

    #[test]
    fn a_keyword_over_a_seam_is_found_once() {
        for at in BLOCK - 10..BLOCK + 2 {
            let mut bytes = vec![b'.'; 2 * BLOCK];
            bytes[at..at + 9].copy_from_slice(b"kEy_lIvE_");
            assert_eq!(hits(&bytes), [(1, at), (2, at), (3, at + 4)], "at {at}");
        }
    }
}
