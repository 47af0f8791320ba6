//! Packs, read directly: each base of a delta once while it is remembered, every step checked against the bounds of what it
//! is in. What is odd here (a pack that is damaged, a base in another pack, too many packs) is nobody's error yet: the
//! object is left to whoever reads it next, and the hash of the object decides.

mod delta;
mod index;
mod pages;
pub(super) mod soundness;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::ZlibDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use once_cell::unsync::OnceCell;

use crate::model::Oid;

use super::lru::Lru;
use super::object::{Kind, Object};
use index::Index;
use pages::Pages;

/// The packs of all object directories of a repository.
pub(super) struct Packs {
    folders: Vec<PathBuf>,
    /// Bytes of an object id.
    width: usize,
    /// Bytes of indexes that are held.
    indexes: usize,
    /// Looked for when the first object is asked for.
    packs: OnceCell<Vec<Pack>>,
    state: RefCell<State>,
}

struct Pack {
    index: Index,
    file: File,
    /// Where its objects end.
    end: u64,
}

/// An object of a pack on its way.
pub(super) struct Stream {
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) content: ZlibDecoder<BufReader<Packed>>,
}

/// The bytes of a pack from an offset on.
pub(super) struct Packed {
    file: File,
    at: u64,
    end: u64,
}

impl Read for Packed {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let len = into.len().min(left);
        let read = self.file.read_at(&mut into[..len], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// What changes with each read.
struct State {
    pages: Pages,
    inflater: Decompress,
    bases: Lru<Place, Object>,
    /// What was looked for last: size and content are often asked for one after the other.
    last: Option<(Oid, Place)>,
    /// The pack that held it.
    recent: usize,
}

/// The number of a pack, and an offset in it.
type Place = (usize, u64);

/// Bytes of indexes that are held.
const INDEXES: usize = 5 << 20;

/// What stands at the beginning of an entry.
enum Form {
    Whole(Kind),
    /// Made from the entry at this offset of the same pack.
    Delta(u64),
}

struct Entry {
    form: Form,
    /// Bytes of the object, or of the delta, once inflated.
    size: u64,
    /// Where the packed bytes begin.
    packed_at: u64,
}

/// Bases and results that are remembered.
const BASES: usize = 6 << 20;

/// Larger objects are left to libgit2: 512 MiB, above which git makes no deltas (`core.bigFileThreshold`).
const LARGEST: usize = 512 << 20;

/// More packs are left to libgit2, which reads an index over all of them, and to the limit on open files.
const MOST_PACKS: usize = 100;

/// git makes chains of 50, and at most of 4,095.
const DEEPEST: usize = 10_000;

/// The longest beginning of an entry: a size of ten bytes, and an offset or a name.
const LONGEST_START: usize = 10 + 32;

impl Packs {
    /// The same with a part of the memory.
    #[must_use]
    pub(super) fn with_less_memory(self) -> Self {
        self.state.borrow_mut().bases = Lru::new(BASES / 2);
        Self {
            indexes: INDEXES / 2,
            ..self
        }
    }

    /// The object directories.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        self.folders.clone()
    }

    /// Over the packs of these object directories, for ids of `width` bytes.
    pub(super) fn new(folders: Vec<PathBuf>, width: usize) -> Self {
        Self {
            folders,
            width,
            indexes: INDEXES,
            packs: OnceCell::new(),
            state: RefCell::new(State {
                pages: Pages::default(),
                inflater: Decompress::new(true),
                bases: Lru::new(BASES),
                last: None,
                recent: 0,
            }),
        }
    }

    fn packs(&self) -> &[Pack] {
        self.packs.get_or_init(|| {
            let mut paths = Vec::new();
            for folder in &self.folders {
                let Ok(entries) = std::fs::read_dir(folder.join("pack")) else {
                    continue;
                };
                let indexes = entries.flatten().map(|entry| entry.path());
                paths.extend(
                    indexes.filter(|path| {
                        path.extension().is_some_and(|extension| extension == "idx")
                    }),
                );
            }
            if paths.len() > MOST_PACKS {
                // The largest ones have what libgit2 cannot read in pieces.
                let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
                paths.sort_by_cached_key(|path| {
                    std::cmp::Reverse(size(&path.with_extension("pack")))
                });
                paths.truncate(MOST_PACKS);
            }
            let memory = Rc::new(Cell::new(self.indexes));
            let open = |path: &PathBuf| Pack::open(path, self.width, &memory);
            paths.iter().filter_map(open).collect()
        })
    }

    /// Every pack that has the object, the likely one first.
    fn places(&self, oid: Oid) -> impl Iterator<Item = Place> {
        let packs = self.packs();
        let (last, recent) = {
            let state = self.state.borrow();
            (state.last, state.recent.min(packs.len()))
        };
        let known = last.filter(|(known, _)| *known == oid).map(|(_, at)| at);
        let others = (recent..packs.len()).chain(0..recent);
        let others = others
            .filter(move |&number| known.is_none_or(|(known, _)| known != number))
            .filter_map(move |number| Some((number, packs[number].index.find(oid)?)));
        known.into_iter().chain(others)
    }

    /// The object, whole, and found good by `is_named`. `None` where no pack gives one.
    pub(super) fn read(
        &self,
        oid: Oid,
        is_named: &dyn Fn(Kind, &[u8]) -> bool,
    ) -> Option<Rc<Object>> {
        for place in self.places(oid) {
            let state = &mut *self.state.borrow_mut();
            if let Some(content) = state.content(self.packs(), place)
                && is_named(content.kind, &content.data)
            {
                (state.last, state.recent) = (Some((oid, place)), place.0);
                return Some(content);
            }
        }
        None
    }

    /// The object to be read piece by piece, unless it is packed as a delta. Nothing vouches for it before its end.
    pub(super) fn stream(&self, oid: Oid) -> Option<Stream> {
        for place in self.places(oid) {
            let entry = self.state.borrow_mut().entry(self.packs(), place);
            let pack = &self.packs()[place.0];
            if let Some(entry) = entry
                && let Form::Whole(kind) = entry.form
            {
                let packed = Packed {
                    file: pack.file.try_clone().ok()?,
                    at: entry.packed_at,
                    end: pack.end,
                };
                return Some(Stream {
                    kind,
                    size: entry.size,
                    content: ZlibDecoder::new(BufReader::with_capacity(1 << 16, packed)),
                });
            }
        }
        None
    }

    /// Kind and size, as the entry and its bases say them: nothing vouches for them.
    pub(super) fn size(&self, oid: Oid) -> Option<(Kind, u64)> {
        for place in self.places(oid) {
            let state = &mut *self.state.borrow_mut();
            if let Some(answer) = state.size(self.packs(), place) {
                (state.last, state.recent) = (Some((oid, place)), place.0);
                return Some(answer);
            }
        }
        None
    }

    /// The same objects in the order in which they are read with the least work: bases before what is made from them, and
    /// one family of objects after the other. What is in no pack comes last.
    pub(super) fn in_order(&self, oids: Vec<Oid>) -> Vec<Oid> {
        let mut wanted: BTreeMap<Place, Oid> = BTreeMap::new();
        let mut others = Vec::new();
        for oid in oids {
            match self.places(oid).next() {
                // Two at one place: the index is damaged.
                Some(place) => others.extend(wanted.insert(place, oid)),
                None => others.push(oid),
            }
        }
        let state = &mut *self.state.borrow_mut();
        let mut roots = Vec::new();
        let mut made: HashMap<Place, Vec<u64>> = HashMap::new();
        let mut known: HashMap<Place, ()> = HashMap::new();
        for &place in wanted.keys() {
            let mut at = place;
            while known.insert(at, ()).is_none() {
                match state.entry(self.packs(), at).map(|entry| entry.form) {
                    Some(Form::Delta(base)) => {
                        made.entry((at.0, base)).or_default().push(at.1);
                        at.1 = base;
                    }
                    _ => {
                        roots.push(at);
                        break;
                    }
                }
            }
        }
        roots.sort_unstable();
        let mut ordered = Vec::with_capacity(wanted.len() + others.len());
        let mut stack: Vec<Place> = roots.into_iter().rev().collect();
        while let Some(place) = stack.pop() {
            ordered.extend(wanted.remove(&place));
            if let Some(children) = made.remove(&place) {
                stack.extend(children.into_iter().rev().map(|child| (place.0, child)));
            }
        }
        // A circle of bases has no root.
        ordered.extend(wanted.into_values());
        ordered.append(&mut others);
        ordered
    }
}

impl Pack {
    /// Opens the pack of an index; `None` where one of them is not there or is not of a kind that is known here.
    fn open(index: &Path, width: usize, memory: &Rc<Cell<usize>>) -> Option<Self> {
        let file = File::open(index.with_extension("pack")).ok()?;
        let mut start = [0; 12];
        file.read_exact_at(&mut start, 0).ok()?;
        let version = u32::from_be_bytes([start[4], start[5], start[6], start[7]]);
        if start[..4] != *b"PACK" || !matches!(version, 2 | 3) {
            return None;
        }
        let end = file.metadata().ok()?.len().checked_sub(width as u64)?;
        let index = Index::open(index, width, memory)?;
        Some(Self { index, file, end })
    }
}

impl State {
    fn entry(&mut self, packs: &[Pack], (number, at): Place) -> Option<Entry> {
        let pack = &packs[number];
        if at < 12 || at >= pack.end {
            return None;
        }
        let mut buffer = [0; LONGEST_START];
        let read = self
            .pages
            .copy((number, &pack.file), at, pack.end, &mut buffer)
            .ok()?;
        let mut bytes = buffer[..read].iter();
        let mut next = || bytes.next().copied();
        let first = next()?;
        let mut size = u64::from(first & 15);
        let mut shift = 4;
        let mut more = first & 0x80 != 0;
        while more {
            let byte = next()?;
            if shift > 56 {
                return None;
            }
            size |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            more = byte & 0x80 != 0;
        }
        let form = match first >> 4 & 7 {
            1 => Form::Whole(Kind::Commit),
            2 => Form::Whole(Kind::Tree),
            3 => Form::Whole(Kind::Blob),
            4 => Form::Whole(Kind::Tag),
            6 => {
                let mut byte = next()?;
                let mut back = u64::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = next()?;
                    if back >= 1 << 56 {
                        return None;
                    }
                    back = (back + 1) << 7 | u64::from(byte & 0x7f);
                }
                Form::Delta(at.checked_sub(back).filter(|_| back > 0)?)
            }
            7 => {
                let name = bytes.as_slice().get(..pack.index.width())?;
                let base = pack.index.find(Oid::from_bytes(name)?)?;
                bytes = bytes.as_slice()[name.len()..].iter();
                Form::Delta(base)
            }
            _ => return None,
        };
        Some(Entry {
            form,
            size,
            packed_at: at + (read - bytes.len()) as u64,
        })
    }

    /// What is packed at `at`, which must be `size` bytes, neither more nor less.
    fn inflate(&mut self, packs: &[Pack], number: usize, at: u64, size: usize) -> Option<Vec<u8>> {
        let pack = &packs[number];
        let mut data = Vec::new();
        // One more, so that one that is longer is noticed, and the checksum at its end is read.
        data.try_reserve_exact(size.checked_add(1)?).ok()?;
        self.inflater.reset(true);
        loop {
            let at = at + self.inflater.total_in();
            let input = self.pages.from((number, &pack.file), at, pack.end).ok()?;
            let before = self.inflater.total_in();
            let status = self
                .inflater
                .decompress_vec(input, &mut data, FlushDecompress::Finish)
                .ok()?;
            match status {
                Status::StreamEnd => return (data.len() == size).then_some(data),
                _ if data.len() > size || self.inflater.total_in() == before => return None,
                _ => {}
            }
        }
    }

    /// What a delta at this place makes: the size of its result.
    fn result_size(&mut self, packs: &[Pack], number: usize, at: u64) -> Option<u64> {
        let pack = &packs[number];
        // Two sizes of at most nine bytes.
        let mut start = Vec::with_capacity(24);
        self.inflater.reset(true);
        while start.len() < 18 {
            let at = at + self.inflater.total_in();
            let input = self.pages.from((number, &pack.file), at, pack.end).ok()?;
            let before = self.inflater.total_in();
            let held = start.len();
            let status = self
                .inflater
                .decompress_vec(input, &mut start, FlushDecompress::None)
                .ok()?;
            if status == Status::StreamEnd {
                break;
            }
            if start.len() == held && self.inflater.total_in() == before {
                return None;
            }
        }
        delta::sizes(&start).map(|(_, result, _)| result)
    }

    fn size(&mut self, packs: &[Pack], place: Place) -> Option<(Kind, u64)> {
        if let Some(known) = self.bases.get(place) {
            return Some((known.kind, known.data.len() as u64));
        }
        let mut entry = self.entry(packs, place)?;
        let size = match entry.form {
            Form::Whole(_) => entry.size,
            Form::Delta(_) => self.result_size(packs, place.0, entry.packed_at)?,
        };
        for _ in 0..DEEPEST {
            match entry.form {
                Form::Whole(kind) => return Some((kind, size)),
                Form::Delta(base) => {
                    if let Some(known) = self.bases.get((place.0, base)) {
                        return Some((known.kind, size));
                    }
                    entry = self.entry(packs, (place.0, base))?;
                }
            }
        }
        None
    }

    fn content(&mut self, packs: &[Pack], place: Place) -> Option<Rc<Object>> {
        let number = place.0;
        let mut deltas: Vec<(u64, Entry)> = Vec::new();
        let mut at = place.1;
        let mut made = loop {
            if let Some(known) = self.bases.get((number, at)) {
                break known;
            }
            let entry = self.entry(packs, (number, at))?;
            let size = usize::try_from(entry.size).ok()?;
            // A base may be larger than what is made from it, and both have to fit.
            if size > LARGEST || deltas.len() > DEEPEST {
                return None;
            }
            match entry.form {
                Form::Whole(kind) => {
                    let data = self.inflate(packs, number, entry.packed_at, size)?;
                    break self.keep((number, at), Object { kind, data });
                }
                Form::Delta(base) => {
                    deltas.push((at, entry));
                    at = base;
                }
            }
        };
        while let Some((at, entry)) = deltas.pop() {
            let size = usize::try_from(entry.size).ok()?;
            let delta = self.inflate(packs, number, entry.packed_at, size)?;
            let (_, result, _) = delta::sizes(&delta)?;
            if result > LARGEST as u64 {
                return None;
            }
            let data = delta::apply(&made.data, &delta)?;
            let kind = made.kind;
            drop(delta);
            made = self.keep((number, at), Object { kind, data });
        }
        Some(made)
    }

    fn keep(&mut self, place: Place, content: Object) -> Rc<Object> {
        let content = Rc::new(content);
        self.bases
            .put(place, Rc::clone(&content), content.data.len());
        content
    }
}
