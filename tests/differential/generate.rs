//! Random histories, the same for the same seed.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::history::{Commit, Content, Edit, Files, History, Kind, Push, Step, Target};

/// As many values are planted at most in one history.
pub(crate) const VALUES: u8 = 10;

pub(crate) const PATHS: &[&str] = &[
    "app.env",
    "src/main.rs",
    "src/util/mod.rs",
    "config",
    "config/app.yml",
    "config/staging",
    "config/staging/db.env",
    "config/staging/deep/er/key.txt",
    "config/production/db.env",
    "config/production/settings.yml",
    "settings.yml",
    "services/a/settings.yml",
    "services/a",
    "docs/notes.md",
    "link",
    "odd/%ff%0aname.env",
    "odd/two%20words.yml",
    "keys/%v3.env",
    "keys/%v4",
    "%v5/note.txt",
    "config/staging/%v6",
    // Longer than one byte of an index of version 4 can say.
    "long/a-name-that-is-longer-than-most-and-goes-on-and-on-for-the-sake-of-an-index-of-version-four-whose-numbers-take-a-second-byte-from-128-on.env",
    "run.sh",
    "Run.sh",
];

const REFS: &[&str] = &[
    "refs/heads/main",
    "refs/heads/alias",
    "refs/heads/feature/a",
    "refs/heads/feature/b",
    "refs/heads/staging",
    "refs/heads/staging",
    "refs/heads/staging",
    "refs/heads/staging-2",
    "refs/heads/staging-3",
    "refs/heads/stagingnot",
    "refs/heads/production",
    "refs/heads/production",
    "refs/tags/v1",
    "refs/tags/v2",
    "refs/tags/staging-1",
    "refs/tags/staging-2",
    "refs/for/staging",
    "refs/notes/commits",
];

/// How the clocks of a history run.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    Steady,
    Stopped,
    Coarse,
    Random,
    Wild,
}

impl Clock {
    pub(crate) fn any(rng: &mut Rng) -> Self {
        match rng.u8(..10) {
            0..4 => Self::Steady,
            4 => Self::Stopped,
            5 => Self::Coarse,
            6..8 => Self::Random,
            _ => Self::Wild,
        }
    }

    pub(crate) fn time(self, rng: &mut Rng, number: u32) -> i64 {
        let now = 1_700_000_000 + i64::from(number) * 100;
        match self {
            Self::Steady => now,
            Self::Stopped => 1_700_000_000,
            Self::Coarse => now / 1000 * 1000,
            Self::Random => 1_700_000_000 + rng.i64(0..3000),
            Self::Wild => match rng.u8(..6) {
                0 => 0,
                1 => 1,
                2 => 4_000_000_000,
                3 => rng.i64(0..2_000_000_000),
                _ => now,
            },
        }
    }
}

struct Maker {
    rng: Rng,
    files: BTreeMap<u32, Files>,
}

pub(crate) fn history(seed: u64) -> History {
    let mut maker = Maker {
        rng: Rng::with_seed(seed),
        files: BTreeMap::new(),
    };
    maker.history()
}

impl Maker {
    fn history(&mut self) -> History {
        let clock = Clock::any(&mut self.rng);
        let reach = match self.rng.u8(..8) {
            0 => "repository",
            1 => "tip",
            _ => "environment",
        };
        let mut history = History {
            reach: reach.to_owned(),
            steps: Vec::new(),
        };
        let commits = if self.rng.u8(..16) == 0 {
            self.rng.u32(20..50)
        } else {
            self.rng.u32(1..16)
        };
        let mut current: Vec<(String, u32)> = Vec::new();
        for id in 1..=commits {
            let commit = self.commit(id, clock, &current);
            self.files.insert(id, commit.files(&self.files));
            history.steps.push(Step::Commit(commit));
            if self.rng.u8(..5) < 2 || id == commits {
                for _ in 0..self.rng.u8(1..3) {
                    let push = self.push(id, &mut current);
                    history.steps.push(Step::Push(push));
                }
            }
        }
        history
    }

    fn pick(&mut self, from: &[&str]) -> String {
        from[self.rng.usize(..from.len())].to_owned()
    }

    /// A commit, the newest more likely than an old one.
    fn earlier(&mut self, id: u32) -> u32 {
        if self.rng.bool() {
            id - 1
        } else {
            self.rng.u32(1..id)
        }
    }

    fn commit(&mut self, id: u32, clock: Clock, current: &[(String, u32)]) -> Commit {
        let mut parents = Vec::new();
        if id > 1 && self.rng.u8(..12) > 0 {
            parents.push(if !current.is_empty() && self.rng.u8(..3) == 0 {
                current[self.rng.usize(..current.len())].1
            } else {
                self.earlier(id)
            });
            let more = match self.rng.u8(..12) {
                0..3 => 1,
                3 => self.rng.u8(2..5),
                _ => 0,
            };
            for _ in 0..more {
                let parent = self.rng.u32(1..id);
                if !parents.contains(&parent) {
                    parents.push(parent);
                }
            }
        }
        let mut edits = Vec::new();
        // A merge takes from all sides, and sometimes what stands in none of them.
        for &parent in parents.iter().skip(1) {
            let theirs: Vec<String> = self.files[&parent].keys().cloned().collect();
            for path in theirs {
                if self.rng.u8(..3) > 0 {
                    edits.push(Edit::Take(parent, path.clone(), path));
                }
            }
        }
        let own = if parents.len() > 1 {
            self.rng.u8(..3)
        } else {
            self.rng.u8(..5)
        };
        for _ in 0..own {
            let edit = self.edit(id, &parents);
            edits.push(edit);
        }
        let message = if self.rng.u8(..10) == 0 {
            vec![self.rng.u8(..VALUES)]
        } else {
            Vec::new()
        };
        Commit {
            id,
            time: clock.time(&mut self.rng, id),
            parents,
            message,
            edits,
        }
    }

    fn edit(&mut self, id: u32, parents: &[u32]) -> Edit {
        // In a merge, of any side: a resolution changes what came from one of them.
        let there = if parents.is_empty() {
            Files::new()
        } else {
            self.files[&parents[self.rng.usize(..parents.len())]].clone()
        };
        let known: Vec<&str> = there.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            PATHS.to_vec()
        } else {
            known
        };
        match self.rng.u8(..20) {
            // A rename's other half, or a deletion.
            0..3 => Edit::Remove(self.pick(&known)),
            // Copies, reverts and cherry-picks of a file.
            3..6 if id > 1 => {
                let from = self.rng.u32(1..id);
                let stands: Vec<String> = self.files[&from].keys().cloned().collect();
                let stands: Vec<&str> = stands.iter().map(String::as_str).collect();
                let stands = if stands.is_empty() {
                    PATHS.to_vec()
                } else {
                    stands
                };
                let path = self.pick(&stands);
                let to = if self.rng.bool() {
                    path.clone()
                } else {
                    self.pick(PATHS)
                };
                Edit::Take(from, path, to)
            }
            6 if id > 1 => Edit::Reset(self.rng.u32(1..id)),
            // A change of what stands.
            7..12 => {
                let path = self.pick(&known);
                match there.get(&path).cloned() {
                    Some(mut content) => {
                        match self.rng.u8(..7) {
                            0 => content.kind = self.kind(),
                            1 => drop(content.values.pop()),
                            2 => content.values.reverse(),
                            3 => std::mem::swap(&mut content.values, &mut content.staged),
                            4 => content.values.push(self.rng.u8(..VALUES)),
                            5 => content.staged.push(self.rng.u8(..VALUES)),
                            _ => content.noise = self.rng.u32(..1000),
                        }
                        Edit::Put(path, content)
                    }
                    None => Edit::Put(path, self.content()),
                }
            }
            _ => Edit::Put(self.pick(PATHS), self.content()),
        }
    }

    fn kind(&mut self) -> Kind {
        match self.rng.u8(..16) {
            0 => Kind::Exec,
            1 => Kind::Wide,
            2 => Kind::Binary,
            3 => Kind::Link,
            4 => Kind::Gitlink,
            _ => Kind::File,
        }
    }

    fn content(&mut self) -> Content {
        let mut values = || {
            let count = [0, 0, 1, 1, 2][self.rng.usize(..5)];
            (0..count).map(|_| self.rng.u8(..VALUES)).collect()
        };
        let (values, staged) = (values(), values());
        Content {
            kind: self.kind(),
            noise: self.rng.u32(..4),
            values,
            staged,
        }
    }

    fn push(&mut self, id: u32, current: &mut Vec<(String, u32)>) -> Push {
        let mut push = Push {
            refused: self.rng.u8(..4) == 0,
            updates: Vec::new(),
        };
        for _ in 0..[1, 1, 1, 2, 3, 5][self.rng.usize(..6)] {
            let name = self.pick(REFS);
            // git itself refuses a push that moves a ref and its alias to different commits.
            let staging = ["refs/heads/alias", "refs/heads/staging"];
            let moved = |other: &str| {
                other == name || staging.contains(&other) && staging.contains(&name.as_str())
            };
            if push.updates.iter().any(|(other, _)| moved(other)) {
                continue;
            }
            let commit = match self.rng.u8(..4) {
                0 if !current.is_empty() => current[self.rng.usize(..current.len())].1,
                1 => self.rng.u32(1..=id),
                _ => id,
            };
            let target = match self.rng.u8(..16) {
                0 if name != "refs/heads/alias" => Target::Delete,
                1 | 2 if name.starts_with("refs/tags/") => Target::Tree(commit),
                3 if name.starts_with("refs/tags/") => {
                    let paths: Vec<String> = self.files[&commit].keys().cloned().collect();
                    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
                    let paths = if paths.is_empty() {
                        PATHS.to_vec()
                    } else {
                        paths
                    };
                    Target::Blob(commit, self.pick(&paths))
                }
                4..10 if name.starts_with("refs/tags/") => {
                    let values = if self.rng.bool() {
                        vec![self.rng.u8(..VALUES)]
                    } else {
                        Vec::new()
                    };
                    Target::Tag(commit, values, u32::from(self.rng.u8(..3) == 0))
                }
                _ => Target::Commit(commit),
            };
            if !push.refused {
                current.retain(|(other, _)| *other != name);
                if let Target::Commit(commit) = target {
                    current.push((name.clone(), commit));
                }
            }
            push.updates.push((name, target));
        }
        push
    }
}
