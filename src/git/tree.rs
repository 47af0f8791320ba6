//! One tree, parsed once: where its entries begin, so that two trees are compared as bytes and only what differs is looked at.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::model::Oid;

use super::object::{Object, TreeEntry};
use super::{GitError, Mode};

/// A tree and its entries, in the order in which they are stored, which hostile trees need not sort.
pub(super) struct Tree {
    object: Rc<Object>,
    /// Bytes of an object id.
    width: usize,
    /// Where each entry begins, and the end.
    starts: Vec<u32>,
    /// The entries by name, where they are not in git's order, or have a name twice.
    by_name: Option<Vec<u32>>,
}

impl Tree {
    /// Parses the raw tree that is called `oid`.
    pub(super) fn parse(oid: Oid, object: Rc<Object>) -> Result<Self, GitError> {
        let data = &object.data;
        let malformed = |reason| GitError::Malformed { oid, reason };
        let width = oid.as_bytes().len();
        if u32::try_from(data.len()).is_err() {
            return Err(malformed("a tree of more than 4 GiB"));
        }
        // An entry has some forty bytes.
        let mut starts = Vec::with_capacity(data.len() / 32 + 1);
        let mut at = 0;
        while at < data.len() {
            starts.push(at as u32);
            let rest = &data[at..];
            let space =
                memchr::memchr(b' ', rest).ok_or_else(|| malformed("a tree entry has no mode"))?;
            if mode(&rest[..space]).is_none() {
                return Err(malformed("a tree entry's mode is not octal"));
            }
            let nul = memchr::memchr(0, &rest[space + 1..])
                .ok_or_else(|| malformed("a tree entry's name does not end"))?;
            at += space + 1 + nul + 1 + width;
            if at > data.len() {
                return Err(malformed("a tree entry's object id is cut"));
            }
        }
        starts.push(at as u32);
        let mut tree = Self {
            object,
            width,
            starts,
            by_name: None,
        };
        if !tree.is_in_order() {
            let mut by_name: Vec<u32> = (0..tree.len() as u32).collect();
            by_name.sort_by_key(|&entry| tree.entry(entry as usize).name);
            tree.by_name = Some(by_name);
        }
        Ok(tree)
    }

    fn is_in_order(&self) -> bool {
        let mut entries = (0..self.len()).map(|entry| self.entry(entry));
        let Some(mut last) = entries.next() else {
            return true;
        };
        entries.all(|next| {
            let ordered = order(last.key(), next.key()) == Ordering::Less;
            last = next;
            ordered
        })
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Bytes that it takes in memory.
    pub(super) fn size(&self) -> usize {
        self.object.data.capacity() + 4 * self.starts.capacity()
    }

    /// One of its entries.
    pub(super) fn entry(&self, number: usize) -> TreeEntry<'_> {
        let raw = self.raw(number);
        let (head, id) = raw.split_at(raw.len() - self.width);
        let space = memchr::memchr(b' ', head).expect("seen when it was parsed");
        TreeEntry {
            mode: mode(&head[..space]).expect("seen when it was parsed"),
            name: &head[space + 1..head.len() - 1],
            oid: Oid::from_bytes(id).expect("as wide as the id of the tree"),
        }
    }

    /// All of its entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = TreeEntry<'_>> {
        (0..self.len()).map(|number| self.entry(number))
    }

    fn raw(&self, number: usize) -> &[u8] {
        &self.object.data[self.starts[number] as usize..self.starts[number + 1] as usize]
    }

    /// Which of its entries are left once those are taken away that `other` has at the same place from its start or its end.
    pub(super) fn apart(&self, other: &Self) -> std::ops::Range<usize> {
        let (own, others) = (&self.object.data, &other.object.data);
        let head = common_head(own, others);
        // The last entry that begins in the common bytes may end beyond them.
        let first = self.starts.partition_point(|&start| start as usize <= head) - 1;
        let most = own.len().min(others.len()) - head;
        let tail = common_tail(&own[own.len() - most..], &others[others.len() - most..]);
        let mut last = self
            .starts
            .partition_point(|&start| (start as usize) < own.len() - tail);
        // Equal bytes are equal entries where an entry begins in both.
        while last < self.len() {
            let from_end = own.len() - self.starts[last] as usize;
            let start = (others.len() - from_end) as u32;
            if other.starts.binary_search(&start).is_ok() {
                break;
            }
            last += 1;
        }
        first.min(last)..last
    }

    /// Calls `visit` with every entry of this name that is a folder, or is none. `finger` is where the last one was found:
    /// names are most often asked for in their order.
    pub(super) fn each_named<'t>(
        &'t self,
        name: &[u8],
        is_tree: bool,
        finger: &mut usize,
        visit: &mut dyn FnMut(TreeEntry<'t>),
    ) {
        if let Some(by_name) = &self.by_name {
            let named = |number: &u32| self.entry(*number as usize);
            let from = by_name.partition_point(|number| named(number).name < name);
            by_name[from..]
                .iter()
                .map(named)
                .take_while(|entry| entry.name == name)
                .filter(|entry| entry.mode.is_tree() == is_tree)
                .for_each(visit);
            return;
        }
        let key = (name, is_tree);
        let compared = |number: usize| order(self.entry(number).key(), key);
        let near = (*finger).min(self.len());
        let (mut from, mut to) = (0, self.len());
        if near > 0 && compared(near - 1) != Ordering::Less {
            to = near - 1;
        } else {
            // In steps that grow, as it is most often the next one.
            from = near;
            let mut step = 1;
            while from < to {
                let probe = (from + step - 1).min(to - 1);
                if compared(probe) != Ordering::Less {
                    to = probe;
                    break;
                }
                from = probe + 1;
                step *= 2;
            }
        }
        while from < to {
            let middle = from.midpoint(to);
            if compared(middle) == Ordering::Less {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        *finger = from;
        if from < self.len() {
            let found = self.entry(from);
            if found.key() == key {
                *finger = from + 1;
                visit(found);
            }
        }
    }
}

/// Bytes that are compared at once.
const STRIDE: usize = 256;

/// How many bytes two slices begin with that are equal.
fn common_head(one: &[u8], other: &[u8]) -> usize {
    let strides = one.chunks_exact(STRIDE).zip(other.chunks_exact(STRIDE));
    let at = STRIDE * strides.take_while(|(one, other)| one == other).count();
    let rest = one[at..].iter().zip(&other[at..]);
    at + rest.take_while(|(one, other)| one == other).count()
}

/// How many bytes two slices end with that are equal.
fn common_tail(one: &[u8], other: &[u8]) -> usize {
    let strides = one.rchunks_exact(STRIDE).zip(other.rchunks_exact(STRIDE));
    let at = STRIDE * strides.take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[..one.len() - at], &other[..other.len() - at]);
    let rest = one.iter().rev().zip(other.iter().rev());
    at + rest.take_while(|(one, other)| one == other).count()
}

/// An octal mode.
fn mode(digits: &[u8]) -> Option<Mode> {
    let bits = digits.iter().try_fold(0_u32, |mode, digit| match digit {
        b'0'..=b'7' if mode < 0o10_000_000 => Some(mode * 8 + u32::from(digit - b'0')),
        _ => None,
    });
    bits.map(Mode::new)
}

/// Git's order of names: a folder's name is compared as if a `/` ended it.
fn order((one, one_is_tree): (&[u8], bool), (other, other_is_tree): (&[u8], bool)) -> Ordering {
    let len = one.len().min(other.len());
    let next = |name: &[u8], is_tree| match name.get(len) {
        Some(&byte) => byte,
        None if is_tree => b'/',
        None => 0,
    };
    one[..len]
        .cmp(&other[..len])
        .then_with(|| next(one, one_is_tree).cmp(&next(other, other_is_tree)))
        // Beyond that byte only one of them goes on, or neither.
        .then_with(|| one.len().cmp(&other.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Kind;
    use proptest::prelude::*;

    type Entries = Vec<(bool, String, u8)>;

    fn oid(digit: u8) -> Oid {
        Oid::from_bytes(&[digit; 20]).expect("20 bytes")
    }

    fn parse(data: Vec<u8>) -> Result<Tree, GitError> {
        let kind = Kind::Tree;
        Tree::parse(oid(9), Rc::new(Object { kind, data }))
    }

    fn tree(entries: &Entries) -> Tree {
        let mut raw = Vec::new();
        for (is_tree, name, id) in entries {
            raw.extend(if *is_tree { &b"40000 "[..] } else { b"100644 " });
            raw.extend(name.as_bytes());
            raw.push(0);
            raw.extend([*id; 20]);
        }
        parse(raw).expect("a tree")
    }

    fn sorted(mut entries: Entries) -> Entries {
        let key = |(is_tree, name, _): &(bool, String, u8)| {
            format!("{name}{}", if *is_tree { "/" } else { "" })
        };
        entries.sort_by_key(key);
        entries.dedup_by_key(|entry| key(entry));
        entries
    }

    fn some(number: std::ops::Range<usize>) -> impl Strategy<Value = Entries> {
        proptest::collection::vec((any::<bool>(), "[a-c.-]{1,3}", 0..3_u8), number)
    }

    #[test]
    fn entries_keep_their_order() {
        let tree = tree(&vec![(false, "b".into(), 1), (true, "a".into(), 2)]);
        assert_eq!(tree.entry(0).name, b"b");
        assert_eq!(tree.entry(1).oid, oid(2));
        assert!(tree.entry(1).mode.is_tree());
        assert!(tree.by_name.is_some());
    }

    #[test]
    fn rubbish_is_an_error() {
        for raw in [&b"100644"[..], b"100644 name", b"9 a\0", b"100644 a\0short"] {
            assert!(parse(raw.to_vec()).is_err(), "{raw:?}");
        }
    }

    proptest! {
        /// What is left out is in the other tree, and every name is found that a plain search finds.
        #[test]
        fn two_trees_are_told_apart(
            one in some(0..12), other in some(0..12), shared in some(0..40), ordered: bool, from in 0..40_usize, to in 0..40_usize,
        ) {
            let make = |own: &Entries| {
                let at = shared.len().min(from);
                let end = shared.len().min(at.max(to));
                let all = [&shared[..at], own, &shared[end..]].concat();
                tree(&if ordered { sorted(all) } else { all })
            };
            let (one, other) = (make(&one), make(&other));
            prop_assert!(!ordered || one.by_name.is_none());
            let apart = one.apart(&other);
            prop_assert!(apart.start <= apart.end && apart.end <= one.len());
            for number in (0..apart.start).chain(apart.end..one.len()) {
                prop_assert!(other.entries().any(|entry| entry == one.entry(number)));
            }
            let mut finger = 0;
            for entry in one.entries() {
                let mut found = Vec::new();
                other.each_named(entry.name, entry.mode.is_tree(), &mut finger, &mut |entry| found.push(entry));
                let mut expected: Vec<_> = other.entries().filter(|there| there.key() == entry.key()).collect();
                found.sort_by_key(|entry| entry.oid);
                expected.sort_by_key(|entry| entry.oid);
                prop_assert_eq!(found, expected);
            }
        }
    }
}
