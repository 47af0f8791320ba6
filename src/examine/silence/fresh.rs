//! What is new in a version of a text: quick rather than small. Where two versions differ, the next line of the new one that
//! stands in the old one, not far behind, is where they are together again.

use std::ops::Range;

use memchr::memmem;

/// Shorter lines, such as brackets, stand in many places.
const SHORTEST: usize = 16;
/// So many lines of the new text are looked for,
const MOST_LINES: usize = 32;
/// in so many bytes of the old one.
const FARTHEST: usize = 32 << 10;
/// After so many vain searches the texts have little to do with each other.
const MOST_MISSES: usize = 8;
/// So many lines, spread over the new text, tell beforehand whether they do.
const SAMPLES: usize = 5;

/// The parts of `after` that do not stand in `before` so: new bytes, and seams between pieces that do not follow each other there, as
/// a line or as an empty range at the end. In order, without overlaps. `None` where that is most of it, as far as can be told quickly.
pub(super) fn parts(before: &[u8], after: &[u8]) -> Option<Vec<Range<usize>>> {
    if !are_akin(before, after) {
        return None;
    }
    let mut fresh: Vec<Range<usize>> = Vec::new();
    let (mut old, mut new) = (0, 0);
    let mut misses = 0;
    loop {
        let same = common(&before[old..], &after[new..]);
        old += same;
        new += same;
        if new == after.len() {
            if old < before.len() {
                fresh.push(new..new);
            }
            return Some(fresh);
        }
        let from = new;
        match meet(&before[old..], after, new) {
            Meeting::At(skipped, line) => (old, new) = (old + skipped, line),
            Meeting::Nowhere(line) => {
                misses += 1;
                if misses > MOST_MISSES {
                    return None;
                }
                new = line;
            }
        }
        match fresh.last_mut() {
            Some(last) if last.end == from => last.end = new,
            _ => fresh.push(from..new),
        }
    }
}

/// Where two texts are together again.
enum Meeting {
    /// So far on in the old one, and there in the new one.
    At(usize, usize),
    /// Not before there in the new one.
    Nowhere(usize),
}

fn meet(before: &[u8], after: &[u8], from: usize) -> Meeting {
    let near = &before[..before.len().min(FARTHEST)];
    let mut at = from;
    for _ in 0..MOST_LINES {
        let Some(end) = memchr::memchr(b'\n', &after[at..]) else {
            return Meeting::Nowhere(after.len());
        };
        at += end + 1;
        let line = line_at(after, at);
        if line.len() >= SHORTEST
            && let Some(skipped) = memmem::find(near, line)
        {
            return Meeting::At(skipped, at);
        }
    }
    Meeting::Nowhere(at)
}

/// The line that begins at `at`, with its end.
fn line_at(text: &[u8], at: usize) -> &[u8] {
    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end + 1);
    &text[at..end]
}

/// Whether most of some lines of one text stand in another.
fn are_akin(before: &[u8], after: &[u8]) -> bool {
    let sample = |number: usize| {
        let at = after.len() / (SAMPLES + 1) * number;
        let at = at + memchr::memchr(b'\n', &after[at..])? + 1;
        let mut lines = after[at..]
            .split_inclusive(|&byte| byte == b'\n')
            .take(MOST_LINES);
        lines.find(|line| line.len() >= SHORTEST)
    };
    let lines: Vec<&[u8]> = (1..=SAMPLES).filter_map(sample).collect();
    let known = lines
        .iter()
        .filter(|line| memmem::find(before, line).is_some());
    known.count() * 2 > lines.len()
}

/// How many bytes two texts begin with in common.
fn common(one: &[u8], other: &[u8]) -> usize {
    const STEP: usize = 128;
    let steps = one.chunks_exact(STEP).zip(other.chunks_exact(STEP));
    let same = STEP * steps.take_while(|(one, other)| one == other).count();
    let rest = one[same..].iter().zip(&other[same..]);
    same + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            if let Some(fresh) = parts(old.as_bytes(), new.as_bytes()) {
                let (mut at, mut from) = (0, 0);
                for part in fresh.iter().cloned().chain([new.len()..new.len()]) {
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
