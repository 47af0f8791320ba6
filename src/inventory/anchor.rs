//! Pieces of a text by which values are found. A value's *anchor* is one of its own pieces; where the value stands in a
//! text, reading the text yields that very piece, whatever stands around.
//!
//! | class | piece |
//! | --- | --- |
//! | mixed | a run of at least 8 letters and digits with both in it |
//! | plain | a run of at least 8 letters or digits |
//! | signs | a run of at least 4 that has one of `!#$%^*+~-_.` inside, none at its ends |
//!
//! Pieces are looked for whose length the anchor of an entry has. Texts are full of words and names, which are plain or have
//! dots and hyphens, and poor in mixed runs; issued tokens and generated keys have a mixed run, and so an inventory of those
//! costs no more than a look at the mixed runs.

use std::ops::Range;

use super::classes::{self, Kinds, Run};

/// Shorter runs of letters and digits are no anchors.
pub(super) const SHORTEST_RUN: usize = 8;
/// Shorter pieces with signs are none.
pub(super) const SHORTEST_SIGNS: usize = 4;
/// All longer pieces count as of this length in [`Lengths`].
const LONGEST: usize = 63;
/// A run of this length is as good as any longer one.
const ENOUGH: usize = 24;

/// Kinds of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Letters and digits, both of them.
    Mixed,
    /// Letters, or digits.
    Plain,
    /// With signs inside.
    Signs,
}

/// Which lengths the anchors of each class have, one bit a length: what no entry has is not looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Lengths {
    mixed: u64,
    plain: u64,
    signs: u64,
}

impl Lengths {
    pub(super) fn add(&mut self, class: Class, len: usize) {
        let bit = 1 << len.min(LONGEST);
        match class {
            Class::Mixed => self.mixed |= bit,
            Class::Plain => self.plain |= bit,
            Class::Signs => self.signs |= bit,
        }
    }

    fn has(lengths: u64, len: usize) -> bool {
        lengths & 1 << len.min(LONGEST) != 0
    }
}

/// Whether a byte is one of the signs that may stand inside an anchor.
pub(super) const fn is_sign(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#' | b'$' | b'%' | b'^' | b'*' | b'+' | b'~' | b'-' | b'_' | b'.'
    )
}

/// A run without the signs at its ends, where one is left inside.
fn between_signs(text: &[u8], run: Range<usize>) -> Option<Range<usize>> {
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric();
    let start = run.start + text[run.clone()].iter().position(is_inner)?;
    let end = run.start + text[run].iter().rposition(is_inner)? + 1;
    let inner = &text[start..end];
    let signs = inner.iter().any(|&byte| is_sign(byte));
    (signs && inner.len() >= SHORTEST_SIGNS).then_some(start..end)
}

/// A place in a text where a value may stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// This may be a value's anchor.
    Anchor(Range<usize>),
    /// This may be base64 of a value: at least eleven digits.
    Base64(Range<usize>),
}

/// Calls `visit` with every piece of `text` that can be an anchor, and where `base64` is wanted with what may be that.
pub(super) fn pieces(text: &[u8], lengths: Lengths, base64: bool, visit: &mut impl FnMut(Piece)) {
    let kinds = Kinds {
        signs: lengths.signs != 0,
        base64,
    };
    classes::runs(text, kinds, &mut |run| match run {
        Run::Alphanumeric(run, true) => {
            // Letters that tools put before a value without anything between: `0x`, and options such as `-p`.
            let glued = if text[run.clone()].starts_with(b"0x") {
                2
            } else {
                usize::from(run.start > 0 && text[run.start - 1] == b'-')
            };
            let mut offer = |piece: Range<usize>| {
                if piece.len() >= SHORTEST_RUN && Lengths::has(lengths.mixed, piece.len()) {
                    visit(Piece::Anchor(piece));
                }
            };
            offer(run.clone());
            if glued > 0 {
                offer(run.start + glued..run.end);
            }
        }
        Run::Alphanumeric(run, false) => {
            if Lengths::has(lengths.plain, run.len()) {
                visit(Piece::Anchor(run));
            }
        }
        Run::Signs(run) => {
            if let Some(piece) = between_signs(text, run)
                && Lengths::has(lengths.signs, piece.len())
            {
                visit(Piece::Anchor(piece));
            }
        }
        Run::Base64(run) => visit(Piece::Base64(run)),
    });
}

/// The piece by which a value is found; `None` where it has none.
///
/// The beginning of a value is often shared (`-----BEGIN`, the header of a JWT), and its ends may be glued to what stands
/// around: of pieces that are long enough the last one inside is taken.
pub(super) fn of_value(value: &[u8]) -> Option<(Range<usize>, Class)> {
    let mut best: Option<(usize, Range<usize>, Class)> = None;
    let mut offer = |rank: usize, run: Range<usize>, class: Class| {
        let inside = run.start > 0 && run.end < value.len();
        let score = rank * 100 + run.len().min(ENOUGH) + if inside { 4 } else { 0 };
        if best.as_ref().is_none_or(|(known, ..)| score >= *known) {
            best = Some((score, run, class));
        }
    };
    let mut offer_signs = Vec::new();
    let kinds = Kinds {
        signs: true,
        base64: false,
    };
    classes::runs(value, kinds, &mut |run| match run {
        Run::Alphanumeric(run, true) => offer(2, run, Class::Mixed),
        Run::Alphanumeric(run, false) => offer(0, run, Class::Plain),
        Run::Signs(run) => offer_signs.extend(between_signs(value, run)),
        Run::Base64(_) => {}
    });
    for piece in offer_signs {
        offer(1, piece, Class::Signs);
    }
    best.map(|(_, run, class)| (run, class))
}

#[cfg(test)]
mod tests {
    use super::{Class, Lengths, Piece, of_value, pieces};

    fn anchor(value: &str) -> Option<(&str, Class)> {
        of_value(value.as_bytes()).map(|(range, class)| (&value[range], class))
    }

    #[test]
    fn a_value_has_the_anchor_that_texts_are_poorest_in() {
        assert_eq!(anchor("a1b2c3d4e5"), Some(("a1b2c3d4e5", Class::Mixed)));
        assert_eq!(anchor("x-a1b2c3d4-words"), Some(("a1b2c3d4", Class::Mixed)));
        assert_eq!(anchor("a1#b2$c3@d4"), Some(("a1#b2$c3", Class::Signs)));
        assert_eq!(anchor("abcdefgh@x"), Some(("abcdefgh", Class::Plain)));
        assert_eq!(anchor("a1@b2@c3@d4"), None);
        assert_eq!(anchor(""), None);
    }

    #[test]
    fn a_value_is_anchored_behind_its_beginning() {
        let key = format!(
            "-----BEGIN KEY-----\n{}\n{}\n",
            "A1".repeat(20),
            "B2".repeat(20)
        );
        assert_eq!(anchor(&key).map(|(piece, _)| &piece[..2]), Some("B2"));
    }

    #[test]
    fn a_text_yields_the_anchor_of_every_value_in_it() {
        for value in [
            "a1b2c3d4e5",
            "x-a1b2c3d4-words",
            "a1#b2$c3@d4",
            "abcdefgh@x",
            "ab-cd-ef-gh",
            "a1#b2",
        ] {
            let (range, class) = of_value(value.as_bytes()).expect("an anchor");
            let mut lengths = Lengths::default();
            lengths.add(class, range.len());
            for (before, after) in [
                ("", ""),
                ("key=", "\n"),
                ("\"", "\","),
                ("//u:", "@host"),
                ("(", ");"),
                (" ", "."),
                ("$", "!"),
                ("-p", " "),
                ("0x", ""),
            ] {
                if before == "-p" && class != Class::Mixed || before == "0x" && range.start > 0 {
                    continue;
                }
                if before == "0x" && class != Class::Mixed {
                    continue;
                }
                let text = format!("{before}{value}{after}");
                let wanted = range.start + before.len()..range.end + before.len();
                let mut seen = false;
                pieces(text.as_bytes(), lengths, false, &mut |piece| {
                    seen |= piece == Piece::Anchor(wanted.clone());
                });
                assert!(seen, "{value} in {text}");
            }
        }
    }

    #[test]
    fn what_no_entry_has_is_not_looked_for() {
        let text = b"fn configuration_of(self.environment) { aaaaaaaa1 }";
        let seen = |lengths| {
            let mut seen = Vec::new();
            pieces(text, lengths, false, &mut |piece| seen.push(piece));
            seen
        };
        assert_eq!(seen(Lengths::default()), []);
        let mut lengths = Lengths::default();
        lengths.add(Class::Mixed, 9);
        assert_eq!(seen(lengths), [Piece::Anchor(40..49)]);
        lengths.add(Class::Plain, 11);
        assert_eq!(seen(lengths).len(), 2);
    }
}
