//! What is new in a version of a text: quick rather than small. Where two versions differ, the next line of the new one that
//! stands in the old one, not far behind, is where they are together again.

use std::ops::Range;

use memchr::memmem;

/// So many bytes from the beginning of a line on are looked for: a line alone stands in many places.
const SOUGHT: usize = 64;
/// In so many bytes of the old text.
const FARTHEST: usize = 32 << 10;
/// For each byte of the new text so many are searched at most: after that, the texts have little to do with each other.
const MOST: usize = 32;
/// So many pieces, spread over the new text, tell beforehand whether they do: most of them stand near their places.
const SAMPLES: usize = 5;

/// What two versions of a text have in common, and what they have not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// The parts of the new text that do not stand in the old one so: new bytes, and seams between pieces that do not follow each
    /// other there, as a line or as an empty range at the end. In order, without overlaps.
    pub(super) fresh: Vec<Range<usize>>,
    /// The pieces between them: where each stands in the new text, and where it begins in the old one.
    pub(super) same: Vec<(Range<usize>, usize)>,
}

/// What `after` has in common with `before`; `None` where that is not most of it, as far as can be told quickly.
pub(super) fn change(before: &[u8], after: &[u8]) -> Option<Change> {
    let (old, new) = (before.len(), after.len());
    if old.max(new) > 2 * old.min(new) + FARTHEST || !are_akin(before, after) {
        return None;
    }
    let mut change = Change::default();
    let (mut old, mut new) = (0, 0);
    let mut left = MOST * after.len();
    loop {
        let same = common(&before[old..], &after[new..]);
        change.same.push((new..new + same, old));
        old += same;
        new += same;
        if new == after.len() {
            if old < before.len() {
                change.fresh.push(new..new);
            }
            return Some(change);
        }
        let from = new;
        let near = &before[old..before.len().min(old + FARTHEST)];
        loop {
            let Some(end) = memchr::memchr(b'\n', &after[new..]) else {
                new = after.len();
                break;
            };
            new += end + 1;
            left = left.checked_sub(near.len())?;
            if let Some(skipped) = memmem::find(near, piece_at(after, new)) {
                old += skipped;
                break;
            }
        }
        change.fresh.push(from..new);
    }
}

/// What is looked for of what begins at `at`.
fn piece_at(text: &[u8], at: usize) -> &[u8] {
    &text[at..text.len().min(at + SOUGHT)]
}

/// Whether most of some pieces of one text stand in another, not farther from their places than the lengths differ and then some.
fn are_akin(before: &[u8], after: &[u8]) -> bool {
    let far = before.len().abs_diff(after.len()) + FARTHEST;
    let stands = |number: usize| {
        let at = after.len() / (SAMPLES + 1) * number;
        let line = memchr::memchr(b'\n', &after[at..]).map_or(at, |end| at + end + 1);
        let near = before.len().min(line.saturating_sub(far))..before.len().min(line + far);
        memmem::find(&before[near], piece_at(after, line)).is_some()
    };
    // Told as soon as most stand or most do not.
    let (mut standing, mut missing) = (0, 0);
    for number in 1..=SAMPLES {
        let told = if stands(number) {
            &mut standing
        } else {
            &mut missing
        };
        *told += 1;
        if *told * 2 > SAMPLES {
            break;
        }
    }
    standing > missing
}

/// How many bytes two texts begin with in common.
fn common(one: &[u8], other: &[u8]) -> usize {
    /// Steps of so many bytes, the larger ones for a text of which most is the same.
    const STEPS: [usize; 2] = [4096, 64];
    let mut same = 0;
    for step in STEPS {
        let (one, other) = (&one[same..], &other[same..]);
        let steps = one.chunks_exact(step).zip(other.chunks_exact(step));
        same += step * steps.take_while(|(one, other)| one == other).count();
    }
    let rest = one[same..].iter().zip(&other[same..]);
    same + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(before: &[u8], after: &[u8]) -> Option<Vec<Range<usize>>> {
        Some(change(before, after)?.fresh)
    }

    fn text(numbers: &[u32]) -> String {
        let line = |number: &u32| format!("a line of some length, number {number}\n");
        numbers.iter().map(line).collect()
    }

    #[test]
    fn what_is_new_is_found_and_what_is_gone_is_a_seam() {
        let old: Vec<u32> = (0..2000).collect();
        let mut new = old.clone();
        new[500] = 7777;
        new.remove(1000);
        new.insert(1500, 8888);
        new.pop();
        let (old, new) = (text(&old), text(&new));
        let fresh = parts(old.as_bytes(), new.as_bytes()).expect("akin");
        let shown: Vec<&str> = fresh.iter().map(|part| &new[part.clone()]).collect();
        assert_eq!(shown.len(), 4, "{shown:?}");
        assert!(shown[0].starts_with("7777"), "{shown:?}");
        assert!(shown[2].starts_with("8888"), "{shown:?}");
        assert_eq!(shown[3], "");
        assert_eq!(parts(old.as_bytes(), old.as_bytes()), Some(Vec::new()));
        let other = text(&(5000..7000).collect::<Vec<_>>());
        assert_eq!(parts(old.as_bytes(), other.as_bytes()), None);
        assert_eq!(parts(b"", b"x"), None);
    }

    proptest! {
        /// What is not new stands in the old text, in pieces one after the other; between two of them there is something new.
        #[test]
        fn the_rest_stands_in_the_old_text_as_it_stands_here(
            old in proptest::collection::vec(0..60_u32, 0..80),
            edits in proptest::collection::vec((0..80_usize, 0..3_usize, proptest::collection::vec(0..90_u32, 0..4)), 0..6),
        ) {
            let mut new = old.clone();
            for (at, gone, come) in edits {
                let at = at.min(new.len());
                let gone = at..new.len().min(at + gone);
                new.splice(gone, come);
            }
            let (old, new) = (text(&old), text(&new));
            if let Some(Change { fresh, same }) = change(old.as_bytes(), new.as_bytes()) {
                for (here, there) in same {
                    prop_assert_eq!(&new[here.clone()], &old[there..there + here.len()]);
                }
                let (mut at, mut from) = (0, 0);
                for part in fresh.iter().cloned().chain(std::iter::once(new.len()..new.len())) {
                    let piece = &new[at..part.start];
                    let place = old[from..].find(piece);
                    prop_assert!(place.is_some(), "{piece:?}");
                    from += place.unwrap_or(0) + piece.len();
                    at = part.end;
                }
                if fresh.is_empty() {
                    prop_assert_eq!(old, new);
                }
            }
        }
    }
}
