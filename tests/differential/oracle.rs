//! What the gate must say, by brute force from what git's plumbing shows, and from the design alone: no libgit2, no walk
//! of the gate's, no policy of the gate's.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use crate::repository::{Hex, Listing, Objects};

/// What a place is claimed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Environment {
    Production,
    Staging,
}

/// The policy that the oracle has in its head.
pub(crate) fn policy(reach: &str) -> String {
    format!(
        "version = 1\nhistory = \"{reach}\"\nconventions = false\n\
         [environment.staging]\n\
         refs = [\"staging\", \"staging-*\", \"refs/tags/staging-*\"]\n\
         paths = [\"config/staging/**\"]\nsections = [\"staging\"]\n\
         [environment.production]\nrefs = [\"production\"]\npaths = [\"config/production/**\"]\n"
    )
}

pub(crate) fn of_ref(name: &str) -> Option<Environment> {
    match name {
        "refs/heads/staging" => Some(Environment::Staging),
        "refs/heads/production" => Some(Environment::Production),
        _ if name.starts_with("refs/heads/staging-") || name.starts_with("refs/tags/staging-") => {
            Some(Environment::Staging)
        }
        _ => None,
    }
}

/// The ref that a push of `name` moves: `refs/heads/alias` is a symbolic ref on the server.
pub(crate) fn moved(name: &str) -> &str {
    if name == "refs/heads/alias" {
        "refs/heads/staging"
    } else {
        name
    }
}

fn of_path(path: &[u8]) -> Option<Environment> {
    if path.starts_with(b"config/staging/") {
        Some(Environment::Staging)
    } else if path.starts_with(b"config/production/") {
        Some(Environment::Production)
    } else {
        None
    }
}

/// Ref, path, number of the value: the strictest environment that claims it.
pub(crate) type Findings = BTreeMap<(String, String, usize), Environment>;

/// The current refs.
pub(crate) type Refs = BTreeMap<String, Hex>;

pub(crate) struct Oracle<'o> {
    pub(crate) objects: &'o mut Objects,
    pub(crate) values: &'o [String],
    /// `git rev-list TIP --not EXCLUDED`.
    pub(crate) rev_list: &'o dyn Fn(&str, &[Hex]) -> Vec<Hex>,
}

/// Values in a text, and whether each stands below the key `staging` of a YAML file.
fn planted(text: &str, path: &[u8], values: &[String]) -> Vec<(usize, bool)> {
    let mut found = Vec::new();
    let yaml = path.ends_with(b".yml");
    let mut section = "";
    for line in text.lines() {
        if !line.starts_with(' ') {
            section = line.split(':').next().unwrap_or("");
        }
        for (number, value) in values.iter().enumerate() {
            if line.contains(value.as_str()) {
                found.push((
                    number,
                    yaml && section == "staging" && line.starts_with(' '),
                ));
            }
        }
    }
    found
}

/// UTF-16 with a byte-order mark as text; anything else byte by byte.
fn text_of(bytes: &[u8]) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => {
            let units: Vec<u16> = rest
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

impl Oracle<'_> {
    fn values(&mut self, oid: &str, path: &[u8]) -> Vec<(usize, bool)> {
        let blob: Rc<Vec<u8>> = self.objects.blob(oid);
        planted(&text_of(&blob), path, self.values)
    }

    /// The object that tags lead to, its kind, and the tags' own bytes.
    pub(crate) fn peel(&mut self, oid: &str) -> (Hex, String, Vec<Vec<u8>>) {
        let mut tags = Vec::new();
        let mut at = oid.to_owned();
        loop {
            let (kind, bytes) = self.objects.read(&at);
            if kind != "tag" {
                return (at, kind, tags);
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            at = text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("object "))
                .expect("a tag")
                .to_owned();
            tags.push(bytes);
        }
    }

    fn reachable(&mut self, from: &[Hex]) -> HashSet<Hex> {
        let mut seen = HashSet::new();
        let mut stack = from.to_vec();
        while let Some(oid) = stack.pop() {
            if seen.insert(oid.clone()) {
                stack.extend(self.objects.commit(&oid).parents.iter().cloned());
            }
        }
        seen
    }

    /// Says what stands at `path` of `tree` and in none of `before`.
    fn added(&mut self, name: &str, tree: &str, before: &[Hex], out: &mut Findings) {
        let new: Listing = self.objects.files(tree);
        self.between(name, &new, before, out);
    }

    /// Says what stands among these files and in none of the trees `before`.
    pub(crate) fn between(
        &mut self,
        name: &str,
        new: &BTreeMap<Vec<u8>, (String, Hex)>,
        before: &[Hex],
        out: &mut Findings,
    ) {
        let old: Vec<Listing> = before.iter().map(|tree| self.objects.files(tree)).collect();
        for (path, entry) in new {
            let (mode, oid) = entry;
            let mut there: Vec<&(String, Hex)> =
                old.iter().filter_map(|files| files.get(path)).collect();
            if there.contains(&entry) {
                continue;
            }
            if mode != "160000" {
                there.retain(|(mode, _)| mode != "160000");
            }
            let claim = of_ref(name).max(of_path(path));
            if there.is_empty() {
                for (value, _) in planted(&String::from_utf8_lossy(path), b"", self.values) {
                    self.say(name, path, value, claim, out);
                }
            }
            if mode == "160000" {
                continue;
            }
            let mut stood = BTreeSet::new();
            for (_, oid) in there {
                stood.extend(self.values(oid, path));
            }
            let claimed_by_staging =
                [of_ref(name), of_path(path)].contains(&Some(Environment::Staging));
            for (value, in_section) in self.values(oid, path) {
                // What stood in the section stood in the file; what stood in the file is new to the section, unless
                // staging claimed the whole file.
                let stood = stood.contains(&(value, true))
                    || (stood.contains(&(value, false)) && (!in_section || claimed_by_staging));
                if !stood {
                    let section = in_section.then_some(Environment::Staging);
                    self.say(name, path, value, claim.max(section), out);
                }
            }
        }
    }

    /// Every finding of one ref update.
    pub(crate) fn update(
        &mut self,
        reach: &str,
        name: &str,
        new: Option<&Hex>,
        current: &Refs,
    ) -> Findings {
        let mut out = Findings::new();
        let Some(new) = new else {
            return out;
        };
        let name = moved(name);
        let claim = of_ref(name);
        let (tip, kind, tags) = self.peel(new);
        for tag in tags {
            for (value, _) in planted(&text_of(&tag), b"", self.values) {
                self.say(name, b"(tag message)", value, claim, &mut out);
            }
        }
        let tree = match kind.as_str() {
            "blob" => {
                for (value, _) in self.values(&tip, b"") {
                    self.say(name, b"(blob)", value, claim, &mut out);
                }
                return out;
            }
            "tree" => tip.clone(),
            _ => self.objects.commit(&tip).tree.clone(),
        };
        let old = current.get(name).map(|old| self.peel(old));
        let mut before: Vec<Hex> = match &old {
            Some((oid, kind, _)) if kind == "commit" => vec![self.objects.commit(oid).tree.clone()],
            Some((oid, kind, _)) if kind == "tree" => vec![oid.clone()],
            _ => Vec::new(),
        };
        if kind == "commit" {
            let same: Vec<&Hex> = current
                .iter()
                .filter(|(other, _)| of_ref(other) == claim)
                .map(|(_, oid)| oid)
                .collect();
            let excluded: Vec<Hex> = if claim.is_none() || reach == "repository" || same.is_empty()
            {
                // What servers make by themselves has been judged by nobody.
                let pushed = |other: &str| {
                    other == name
                        || other.starts_with("refs/heads/")
                        || other.starts_with("refs/tags/")
                };
                current
                    .iter()
                    .filter(|(other, _)| pushed(other))
                    .map(|(_, oid)| oid.clone())
                    .collect()
            } else {
                same.into_iter().cloned().collect()
            };
            let excluded: Vec<Hex> = excluded
                .iter()
                .map(|oid| self.peel(oid))
                .filter(|(_, kind, _)| kind == "commit")
                .map(|(oid, ..)| oid)
                .collect();
            let known = self.reachable(&excluded);
            let fresh: Vec<Hex> = self
                .reachable(std::slice::from_ref(&tip))
                .difference(&known)
                .cloned()
                .collect();
            self.agrees_with_rev_list(&tip, &excluded, &fresh);
            if claim.is_none() || reach != "tip" {
                for oid in &fresh {
                    let commit = self.objects.commit(oid);
                    let parents: Vec<Hex> = commit
                        .parents
                        .iter()
                        .map(|parent| self.objects.commit(parent).tree.clone())
                        .collect();
                    self.added(name, &commit.tree, &parents, &mut out);
                    for (value, _) in planted(&text_of(&commit.bytes), b"", self.values) {
                        self.say(name, b"(commit message)", value, claim, &mut out);
                    }
                }
            }
            if claim.is_none() {
                let mut boundary = BTreeSet::new();
                for oid in &fresh {
                    boundary.extend(self.objects.commit(oid).parents.iter().cloned());
                }
                boundary.retain(|oid| !fresh.contains(oid));
                if fresh.is_empty() {
                    boundary.insert(tip);
                }
                for oid in boundary {
                    before.push(self.objects.commit(&oid).tree.clone());
                }
            }
        }
        self.added(name, &tree, &before, &mut out);
        out
    }

    fn say(
        &self,
        name: &str,
        path: &[u8],
        value: usize,
        claim: Option<Environment>,
        out: &mut Findings,
    ) {
        if let Some(claim) = claim {
            let mut path = String::from_utf8_lossy(path).into_owned();
            for value in self.values {
                path = path.replace(value, "****");
            }
            let said = out.entry((name.to_owned(), path, value)).or_insert(claim);
            *said = claim.max(*said);
        }
    }

    /// Reachability by brute force and git's own: where clocks are skewed, git may list commits too many, never too few.
    fn agrees_with_rev_list(&mut self, tip: &str, excluded: &[Hex], fresh: &[Hex]) {
        let listed: BTreeSet<Hex> = (self.rev_list)(tip, excluded).into_iter().collect();
        let fresh: BTreeSet<Hex> = fresh.iter().cloned().collect();
        assert!(
            listed.is_superset(&fresh),
            "git rev-list lists too few commits"
        );
        if listed != fresh {
            let everything = [std::slice::from_ref(&tip.to_owned()), excluded].concat();
            let skewed = self.reachable(&everything).into_iter().any(|oid| {
                let commit = self.objects.commit(&oid);
                commit
                    .parents
                    .iter()
                    .any(|parent| self.objects.commit(parent).time > commit.time)
            });
            assert!(
                skewed,
                "git rev-list lists too many commits with clocks that run"
            );
        }
    }
}
