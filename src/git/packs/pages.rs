//! The bytes of packs, a page at a time, as many as fit: positioned reads, since a mapping would need `unsafe` code, and
//! would count as memory. What has been read a moment ago is most often asked for again: objects that belong together stand
//! together.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// Bytes of a page.
const PAGE: u64 = 16 << 10;

/// Pages that are held: a mebibyte.
const PAGES: usize = 64;

#[derive(Default)]
pub(super) struct Pages {
    held: Vec<Page>,
}

struct Page {
    /// The pack and which page of it; `None` for nothing yet.
    of: Option<(usize, u64)>,
    bytes: Vec<u8>,
}

impl Pages {
    /// The bytes of a pack from `at` to the end of the page that they stand on, or to `end` where the pack's objects end;
    /// none where there are no more.
    pub(super) fn from(
        &mut self,
        (number, file): (usize, &File),
        at: u64,
        end: u64,
    ) -> std::io::Result<&[u8]> {
        if self.held.is_empty() {
            self.held.resize_with(PAGES, || Page {
                of: None,
                bytes: Vec::new(),
            });
        }
        let page = at / PAGE;
        let slot = (page as usize).wrapping_add(number.wrapping_mul(7)) % PAGES;
        let held = &mut self.held[slot];
        if held.of != Some((number, page)) {
            held.of = None;
            let start = page * PAGE;
            let len = PAGE.min(end.saturating_sub(start)) as usize;
            held.bytes.resize(len, 0);
            file.read_exact_at(&mut held.bytes, start)?;
            held.of = Some((number, page));
        }
        Ok(held.bytes.get((at % PAGE) as usize..).unwrap_or_default())
    }

    /// As many bytes from `at` on as there are, up to the length of `into`; how many.
    pub(super) fn copy(
        &mut self,
        file: (usize, &File),
        at: u64,
        end: u64,
        into: &mut [u8],
    ) -> std::io::Result<usize> {
        let mut done = 0;
        while done < into.len() {
            let bytes = self.from(file, at + done as u64, end)?;
            if bytes.is_empty() {
                break;
            }
            let len = bytes.len().min(into.len() - done);
            into[done..done + len].copy_from_slice(&bytes[..len]);
            done += len;
        }
        Ok(done)
    }
}
