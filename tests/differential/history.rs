//! A history as data: commits, and pushes that bring them. It has a text form, so that a failure can be printed, kept in
//! `cases/` and read again, and every part of it can be left out, so that a failure can shrink.
//! Not here: git, and what is expected.

use std::collections::BTreeMap;
use std::fmt;

/// Commits and pushes in the order in which they happen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// The policy's `history`: `environment`, `repository` or `tip`.
    pub(crate) reach: String,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Commit(Commit),
    Push(Push),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) id: u32,
    pub(crate) time: i64,
    pub(crate) parents: Vec<u32>,
    /// Values in the message.
    pub(crate) message: Vec<u8>,
    /// On top of the first parent's tree.
    pub(crate) edits: Vec<Edit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    Put(String, Content),
    Remove(String),
    /// What stands in another commit at the first path is put at the second.
    Take(u32, String, String),
    /// The whole tree of another commit.
    Reset(u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) kind: Kind,
    /// Makes blobs differ that hold the same values.
    pub(crate) noise: u32,
    pub(crate) values: Vec<u8>,
    /// Values below the key `staging`, in files that have sections.
    pub(crate) staged: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Exec,
    /// UTF-16 with a byte-order mark.
    Wide,
    /// Starts with NULs.
    Binary,
    Link,
    Gitlink,
}

const KINDS: [(Kind, &str); 6] = [
    (Kind::File, "file"),
    (Kind::Exec, "exec"),
    (Kind::Wide, "wide"),
    (Kind::Binary, "binary"),
    (Kind::Link, "link"),
    (Kind::Gitlink, "gitlink"),
];

impl Kind {
    fn word(self) -> &'static str {
        KINDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .expect("every kind has a word")
            .1
    }

    pub(crate) const fn mode(self) -> &'static str {
        match self {
            Self::File | Self::Wide | Self::Binary => "100644",
            Self::Exec => "100755",
            Self::Link => "120000",
            Self::Gitlink => "160000",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Push {
    /// The refs stay as they were.
    pub(crate) refused: bool,
    pub(crate) updates: Vec<(String, Target)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Delete,
    Commit(u32),
    /// An annotated tag with these values in its message, and how many tags around it.
    Tag(u32, Vec<u8>, u32),
    Tree(u32),
    Blob(u32, String),
}

pub(crate) type Files = BTreeMap<String, Content>;

/// Puts a file; what stands in its way (a file that would be its folder, a folder that it would be) goes.
pub(crate) fn put(files: &mut Files, path: &str, content: Content) {
    let below = format!("{path}/");
    files.retain(|other, _| !other.starts_with(&below) && !path.starts_with(&format!("{other}/")));
    files.insert(path.to_owned(), content);
}

impl Commit {
    /// The files of this commit, given those of the commits before it.
    pub(crate) fn files(&self, before: &BTreeMap<u32, Files>) -> Files {
        let first = self.parents.iter().find_map(|parent| before.get(parent));
        let mut files = first.cloned().unwrap_or_default();
        for edit in &self.edits {
            match edit {
                Edit::Put(path, content) => put(&mut files, path, content.clone()),
                Edit::Remove(path) => drop(files.remove(path)),
                Edit::Take(commit, from, to) => {
                    if let Some(content) = before.get(commit).and_then(|files| files.get(from)) {
                        put(&mut files, to, content.clone());
                    }
                }
                Edit::Reset(commit) => {
                    if let Some(other) = before.get(commit) {
                        files.clone_from(other);
                    }
                }
            }
        }
        files
    }
}

struct Numbers<'n, N>(&'n str, &'n [N]);

impl<N: fmt::Display> fmt::Display for Numbers<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.1.is_empty() {
            write!(f, " {}", self.0)?;
        }
        self.1.iter().try_for_each(|number| write!(f, " {number}"))
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "history {}", self.reach)?;
        for step in &self.steps {
            match step {
                Step::Commit(commit) => {
                    let parents = Numbers("parents", &commit.parents);
                    let message = Numbers("message", &commit.message);
                    writeln!(
                        f,
                        "commit {} at {}{parents}{message}",
                        commit.id, commit.time
                    )?;
                    for edit in &commit.edits {
                        match edit {
                            Edit::Put(path, content) => writeln!(
                                f,
                                "  put {path} {} {}{}{}",
                                content.kind.word(),
                                content.noise,
                                Numbers("values", &content.values),
                                Numbers("staged", &content.staged),
                            )?,
                            Edit::Remove(path) => writeln!(f, "  remove {path}")?,
                            Edit::Take(commit, from, to) => {
                                writeln!(f, "  take {commit} {from} {to}")?;
                            }
                            Edit::Reset(commit) => writeln!(f, "  reset {commit}")?,
                        }
                    }
                }
                Step::Push(push) => {
                    writeln!(f, "push{}", if push.refused { " refused" } else { "" })?;
                    for (name, target) in &push.updates {
                        match target {
                            Target::Delete => writeln!(f, "  {name} delete")?,
                            Target::Commit(commit) => writeln!(f, "  {name} commit {commit}")?,
                            Target::Tag(commit, values, around) => writeln!(
                                f,
                                "  {name} tag {commit} {around}{}",
                                Numbers("values", values)
                            )?,
                            Target::Tree(commit) => writeln!(f, "  {name} tree {commit}")?,
                            Target::Blob(commit, path) => {
                                writeln!(f, "  {name} blob {commit} {path}")?;
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The numbers after `word` in `words`.
fn numbers<N: std::str::FromStr>(words: &[&str], word: &str) -> Vec<N> {
    words
        .iter()
        .skip_while(|&&other| other != word)
        .skip(1)
        .map_while(|number| number.parse().ok())
        .collect()
}

fn number<N: std::str::FromStr>(words: &[&str], at: usize) -> N {
    words
        .get(at)
        .and_then(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("a number is missing in `{}`", words.join(" ")))
}

impl History {
    /// Reads the text form. A case that cannot be read is a mistake of its author: it panics.
    pub(crate) fn parse(text: &str) -> Self {
        let mut history = Self::default();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            if !line.starts_with(' ') {
                match words[0] {
                    "history" => history.reach = words[1].to_owned(),
                    "commit" => history.steps.push(Step::Commit(Commit {
                        id: number(&words, 1),
                        time: number(&words, 3),
                        parents: numbers(&words, "parents"),
                        message: numbers(&words, "message"),
                        edits: Vec::new(),
                    })),
                    "push" => history.steps.push(Step::Push(Push {
                        refused: words.get(1) == Some(&"refused"),
                        updates: Vec::new(),
                    })),
                    _ => panic!("no such step: {line}"),
                }
                continue;
            }
            match history.steps.last_mut().expect("a step comes first") {
                Step::Commit(commit) => commit.edits.push(match words[0] {
                    "put" => Edit::Put(
                        words[1].to_owned(),
                        Content {
                            kind: KINDS
                                .iter()
                                .find(|(_, word)| *word == words[2])
                                .expect("a kind")
                                .0,
                            noise: number(&words, 3),
                            values: numbers(&words, "values"),
                            staged: numbers(&words, "staged"),
                        },
                    ),
                    "remove" => Edit::Remove(words[1].to_owned()),
                    "take" => {
                        Edit::Take(number(&words, 1), words[2].to_owned(), words[3].to_owned())
                    }
                    "reset" => Edit::Reset(number(&words, 1)),
                    _ => panic!("no such edit: {line}"),
                }),
                Step::Push(push) => {
                    let target = match words[1] {
                        "delete" => Target::Delete,
                        "commit" => Target::Commit(number(&words, 2)),
                        "tag" => Target::Tag(
                            number(&words, 2),
                            numbers(&words, "values"),
                            number(&words, 3),
                        ),
                        "tree" => Target::Tree(number(&words, 2)),
                        "blob" => Target::Blob(number(&words, 2), words[3].to_owned()),
                        _ => panic!("no such target: {line}"),
                    };
                    push.updates.push((words[0].to_owned(), target));
                }
            }
        }
        history
    }

    /// Every history that is this one with one part less.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut with = |change: &dyn Fn(&mut Self)| {
            let mut less = self.clone();
            change(&mut less);
            if less != *self {
                all.push(less);
            }
        };
        for at in (0..self.steps.len()).rev() {
            with(&|less| drop(less.steps.remove(at)));
        }
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Commit(commit) => {
                    let mut less = |change: &dyn Fn(&mut Commit)| {
                        with(&|history| {
                            if let Step::Commit(commit) = &mut history.steps[at] {
                                change(commit);
                            }
                        });
                    };
                    for edit in 0..commit.edits.len() {
                        less(&|commit| drop(commit.edits.remove(edit)));
                    }
                    for parent in 0..commit.parents.len() {
                        less(&|commit| {
                            commit.parents.remove(parent);
                        });
                    }
                    less(&|commit| commit.message.clear());
                    less(&|commit| commit.time = 1000 + i64::from(commit.id));
                    for edit in 0..commit.edits.len() {
                        let mut content = |change: &dyn Fn(&mut Content)| {
                            less(&|commit| {
                                if let Edit::Put(_, content) = &mut commit.edits[edit] {
                                    change(content);
                                }
                            });
                        };
                        content(&|content| content.kind = Kind::File);
                        content(&|content| {
                            content
                                .values
                                .truncate(content.values.len().saturating_sub(1))
                        });
                        content(&|content| {
                            content
                                .staged
                                .truncate(content.staged.len().saturating_sub(1))
                        });
                    }
                }
                Step::Push(push) => {
                    for update in 0..push.updates.len() {
                        with(&|history| {
                            if let Step::Push(push) = &mut history.steps[at] {
                                push.updates.remove(update);
                            }
                        });
                        with(&|history| {
                            if let Step::Push(push) = &mut history.steps[at]
                                && let Target::Tag(commit, ..) = push.updates[update].1
                            {
                                push.updates[update].1 = Target::Commit(commit);
                            }
                        });
                    }
                    with(&|history| {
                        if let Step::Push(push) = &mut history.steps[at] {
                            push.refused = false;
                        }
                    });
                }
            }
        }
        all
    }

    pub(crate) fn pushes(&self) -> impl Iterator<Item = &Push> {
        self.steps.iter().filter_map(|step| match step {
            Step::Push(push) => Some(push),
            Step::Commit(_) => None,
        })
    }
}
