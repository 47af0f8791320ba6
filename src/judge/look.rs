//! A look at a blob: what it shows, piece by piece where it is large, and what is found there.

use std::ops::Range;

use crate::examine::{self, Dismissed, Examined, Knowledge, Silent};
use crate::git::{self, GitError, Kind, Piece, Repository};
use crate::model::Oid;
use crate::scan::decode::{Encoding, LARGEST_BLOB};
use crate::scan::{Positions, ScanError};
use crate::syntax::{Entry, Syntax};

use super::{Blob, Clock, JudgeError};

/// One way to look at a blob, or at a piece of it.
pub struct View<'v> {
    /// The text.
    pub text: &'v [u8],
    /// The bytes behind a text of another encoding: searched for what a reader that takes them for ASCII would see.
    pub raw: bool,
    /// Where a value must begin to be counted here and not in a neighbouring piece.
    pub counted: Range<usize>,
    /// Lines of the blob before it.
    pub lines_before: usize,
    /// It stands for content that is kept elsewhere.
    pub lfs: bool,
}

/// Larger blobs than [`LARGEST_BLOB`] are read in pieces of this size,
const PIECE: usize = 16 << 20;
/// which overlap by so much: a value over a seam stands whole in one of them, with what is around it.
const OVERLAP: usize = 128 << 10;
/// Larger ones are not read: inflating 1 GiB takes some seconds, and a pusher needs 8 MiB to make the gate do it.
const LARGEST_IN_PIECES: usize = 8 << 30;

/// What was found in a blob.
pub(super) struct Looked {
    pub(super) blob: Blob,
    /// Bytes of text that were read.
    pub(super) read: u64,
    /// What the syntax of its only view reads.
    pub(super) entries: Option<Vec<Entry>>,
}

/// Looks at one blob after the other.
#[derive(Default)]
pub(super) struct Looker {
    /// The last text in which nothing asks for a second look.
    last: Silent,
}

impl Looker {
    /// Examines a blob.
    pub(super) fn look(
        &mut self,
        repository: &Repository,
        clock: Option<&Clock>,
        (oid, syntax): (Oid, Syntax),
        knowledge: &Knowledge<'_, 'static>,
    ) -> Result<Looked, JudgeError> {
        let mut blob = Blob::default();
        let mut read = 0;
        let mut entries = None;
        each_view(repository, oid, &mut |view| {
            in_time(clock)?;
            let mut sightings = if view.raw {
                examine::in_the_clear(view.text, Syntax::Code, knowledge)?.sightings
            } else {
                read += view.text.len() as u64;
                let mut examined = self.examine(view.text, syntax, knowledge)?;
                blob.closed.append(&mut examined.closed);
                entries = examined.entries.take();
                let counted = |one: &Dismissed<'_>| view.counted.contains(&one.rejected.span.start);
                examined.dismissed.retain(counted);
                for one in &mut examined.dismissed {
                    one.line += view.lines_before;
                }
                blob.dismissed.append(&mut examined.dismissed);
                examined.sightings
            };
            sightings.retain(|sighting| view.counted.contains(&sighting.span.start));
            for sighting in &mut sightings {
                sighting.line += view.lines_before;
            }
            blob.views.push(sightings);
            blob.lfs |= view.lfs;
            Ok(())
        })?;
        if blob.views.len() > 2 {
            blob.closed.push(format!(
                "read in pieces of {} MiB: what is encoded over a seam was opened in part",
                PIECE >> 20
            ));
        }
        blob.closed.sort();
        blob.closed.dedup();
        // A blob of more views is read in pieces, or in another way as well.
        let entries = entries.filter(|_| blob.views.len() == 1);
        Ok(Looked {
            blob,
            read,
            entries,
        })
    }

    /// Examines a text, or as much of it as differs from the silent one before it: blobs come in the order in which git packed
    /// them, one version of a file after the other.
    fn examine(
        &mut self,
        text: &[u8],
        syntax: Syntax,
        knowledge: &Knowledge<'_, 'static>,
    ) -> Result<Examined<'static>, ScanError> {
        let mut examined = match self.last.changed_to(text, syntax, knowledge)? {
            Some(silence) => Examined {
                silence: Some(silence),
                ..Examined::default()
            },
            None => examine::examine(text, syntax, knowledge)?,
        };
        if let Some(silence) = examined.silence.take() {
            self.last.keep(text, syntax, silence);
        }
        Ok(examined)
    }
}

/// An error once the time is over.
pub(super) fn in_time(clock: Option<&Clock>) -> Result<(), JudgeError> {
    match clock {
        Some(clock) if clock.is_over() => Err(JudgeError::OutOfTime),
        _ => Ok(()),
    }
}

/// Shows a blob to `look`: whole, or piece by piece where it is too large for that.
pub fn each_view(
    repository: &Repository,
    oid: Oid,
    look: &mut dyn FnMut(View<'_>) -> Result<(), JudgeError>,
) -> Result<(), JudgeError> {
    let (kind, size) = repository.size(oid)?;
    if kind != Kind::Blob {
        let reason = "a blob was expected here";
        return Err(GitError::Malformed { oid, reason }.into());
    }
    if size <= LARGEST_BLOB {
        return repository.with_blob(oid, |bytes| {
            let encoding = Encoding::of(bytes);
            look(View {
                text: &encoding.text(bytes, true),
                raw: false,
                counted: 0..usize::MAX,
                lines_before: 0,
                lfs: git::is_lfs_pointer(bytes),
            })?;
            if encoding.hides_bytes() {
                look(View {
                    text: bytes,
                    raw: true,
                    counted: 0..usize::MAX,
                    lines_before: 0,
                    lfs: false,
                })?;
            }
            Ok(())
        })?;
    }
    if size > LARGEST_IN_PIECES {
        let reason = format!(
            "it is {} GiB large: at most {} GiB are read",
            size >> 30,
            LARGEST_IN_PIECES >> 30
        );
        return Err(GitError::Object { oid, reason }.into());
    }
    let mut encoding = Encoding::Bytes;
    let mut lines_before = 0;
    repository.with_pieces(oid, PIECE, OVERLAP, &mut |Piece { bytes, start, last }| {
        let first = start == 0;
        if first {
            encoding = Encoding::of(bytes);
        }
        let text = encoding.text(bytes, first);
        let len_of = |bytes: &[u8], first| encoding.text(bytes, first).len();
        let seam = |overlap: usize| {
            text.len() - len_of(&bytes[bytes.len().saturating_sub(overlap)..], false)
        };
        look(View {
            text: &text,
            raw: false,
            counted: if first {
                0
            } else {
                len_of(&bytes[..OVERLAP / 2], false)
            }..if last { usize::MAX } else { seam(OVERLAP / 2) },
            lines_before,
            lfs: false,
        })?;
        if encoding.hides_bytes() {
            look(View {
                text: bytes,
                raw: true,
                counted: 0..usize::MAX,
                lines_before,
                lfs: false,
            })?;
        }
        if !last {
            lines_before += Positions::new(&text).of(seam(OVERLAP)).0 - 1;
        }
        Ok(())
    })
}
