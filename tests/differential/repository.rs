//! A real repository out of histories: one `git fast-import`, then `git cat-file --batch` to read it back.
//! Not here: libgit2 and any code of the gate.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::history::{Content, Files, History, Kind, Step, Target};
use crate::support::TestEnv;

/// An object id as git prints it.
pub(crate) type Hex = String;

/// A push with its objects named.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) refused: bool,
    pub(crate) refs: Vec<(String, Option<Hex>)>,
}

/// Unpacks all packs of a bare repository: the same objects, each by itself.
pub(crate) fn unpack(env: &TestEnv, dir: &Path) {
    let (packs, away) = (dir.join("objects/pack"), env.path("away"));
    std::fs::rename(&packs, &away).expect("moved");
    std::fs::create_dir(&packs).expect("a folder");
    for entry in std::fs::read_dir(&away).expect("a folder").flatten() {
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "pack")
        {
            let pack = std::fs::read(entry.path()).expect("readable");
            git(env, dir, &["unpack-objects", "-q"], &pack);
        }
    }
}

/// Runs git and returns its standard output; its failure is the test's.
pub(crate) fn git(env: &TestEnv, dir: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = env
        .command("git", dir)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("git ends");
    writer.join().expect("git reads");
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// `%0a` and the like as bytes, `%v3` as the value of that number.
pub(crate) fn decoded(path: &str, values: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, more @ ..] = rest {
        if *first == b'%' {
            if more[0] == b'v' {
                bytes.extend(values[usize::from(more[1] - b'0')].bytes());
                rest = &more[2..];
                continue;
            }
            let hex = std::str::from_utf8(&more[..2]).expect("two digits");
            bytes.push(u8::from_str_radix(hex, 16).expect("two digits"));
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    bytes
}

/// A path as fast-import and `update-index --index-info` read it.
pub(crate) fn quoted(path: &str, values: &[String]) -> String {
    let mut text = String::from("\"");
    for byte in decoded(path, values) {
        if byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' {
            text.push(byte as char);
        } else {
            text.push_str(&format!("\\{byte:03o}"));
        }
    }
    text.push('"');
    text
}

/// The bytes of a file.
pub(crate) fn bytes_of(content: &Content, values: &[String]) -> Vec<u8> {
    let value = |number: &u8| values[usize::from(*number)].as_str();
    let Content {
        kind,
        noise,
        values: plain,
        staged,
    } = content;
    if *kind == Kind::Link {
        let names: Vec<&str> = plain.iter().chain(staged).map(value).collect();
        return format!("../{noise}/{}", names.join("/")).into_bytes();
    }
    let mut text = format!("noise: {noise}\n");
    for (at, number) in plain.iter().enumerate() {
        text.push_str(&format!("key{at}: {}\n", value(number)));
    }
    if !staged.is_empty() {
        text.push_str("staging:\n");
    }
    for (at, number) in staged.iter().enumerate() {
        text.push_str(&format!("  key{at}: {}\n", value(number)));
    }
    match kind {
        Kind::Wide => {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(u16::to_le_bytes).collect()
        }
        Kind::Binary => [b"\0\0\0", text.as_bytes()].concat(),
        _ => text.into_bytes(),
    }
}

/// A commit id that no repository here holds.
pub(crate) fn elsewhere(noise: u32) -> Hex {
    format!("{:040x}", u64::from(noise) + 1)
}

/// Writes a bare repository without asking git: `git init` costs more than all commits.
pub(crate) fn bare(dir: &Path) {
    for folder in [
        "objects/pack",
        "objects/info",
        "refs/heads",
        "refs/tags",
        "hooks",
    ] {
        std::fs::create_dir_all(dir.join(folder)).expect("a folder");
    }
    std::fs::write(dir.join("HEAD"), "ref: refs/heads/main\n").expect("HEAD");
    std::fs::write(dir.join("refs/heads/alias"), "ref: refs/heads/staging\n").expect("an alias");
    let config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[receive]\n\tdenyDeletes = false\n[gc]\n\tauto = 0\n";
    std::fs::write(dir.join("config"), config).expect("config");
}

/// Every history of a list in one object store.
pub(crate) struct Store {
    /// The pushes of each history.
    pub(crate) pushes: Vec<Vec<Update>>,
    pub(crate) objects: Objects,
}

fn data(stream: &mut Vec<u8>, bytes: &[u8]) {
    stream.extend(format!("data {}\n", bytes.len()).bytes());
    stream.extend(bytes);
    stream.push(b'\n');
}

/// The fast-import stream of a history, marks from `first` on; the mark of each commit and of each tag.
fn stream(
    history: &History,
    values: &[String],
    next: &mut u64,
    out: &mut Vec<u8>,
) -> (HashMap<u32, u64>, HashMap<(usize, usize), u64>) {
    let mut commits: HashMap<u32, u64> = HashMap::new();
    let mut tags = HashMap::new();
    let mut files: BTreeMap<u32, Files> = BTreeMap::new();
    let mut pushes = 0;
    let mut mark = || {
        *next += 1;
        *next
    };
    for step in &history.steps {
        match step {
            Step::Commit(commit) => {
                let tree = commit.files(&files);
                let own = mark();
                let parents: Vec<u64> = commit
                    .parents
                    .iter()
                    .filter_map(|parent| commits.get(parent).copied())
                    .collect();
                if parents.is_empty() {
                    out.extend(b"reset refs/import/x\n");
                }
                let head = format!(
                    "commit refs/import/x\nmark :{own}\ncommitter T <t@example.invalid> {} +0000\n",
                    commit.time
                );
                out.extend(head.bytes());
                let mut message = format!("commit {own}\n");
                for value in &commit.message {
                    message.push_str(&format!("key: {}\n", values[usize::from(*value)]));
                }
                data(out, message.as_bytes());
                for (at, parent) in parents.iter().enumerate() {
                    let word = if at == 0 { "from" } else { "merge" };
                    out.extend(format!("{word} :{parent}\n").bytes());
                }
                out.extend(b"deleteall\n");
                for (path, content) in &tree {
                    let mode = content.kind.mode();
                    let path = quoted(path, values);
                    if content.kind == Kind::Gitlink {
                        let oid = elsewhere(content.noise);
                        out.extend(format!("M {mode} {oid} {path}\n").bytes());
                    } else {
                        out.extend(format!("M {mode} inline {path}\n").bytes());
                        data(out, &bytes_of(content, values));
                    }
                }
                out.push(b'\n');
                commits.insert(commit.id, own);
                files.insert(commit.id, tree);
            }
            Step::Push(push) => {
                for (at, (_, target)) in push.updates.iter().enumerate() {
                    let Target::Tag(commit, planted, around) = target else {
                        continue;
                    };
                    let Some(&commit) = commits.get(commit) else {
                        continue;
                    };
                    let mut of = commit;
                    for layer in 0..=*around {
                        let own = mark();
                        let head = format!(
                            "tag t{own}\nmark :{own}\nfrom :{of}\ntagger T <t@example.invalid> 1700000000 +0000\n"
                        );
                        out.extend(head.bytes());
                        let mut message = format!("tag {own}\n");
                        if layer == 0 {
                            for value in planted {
                                message
                                    .push_str(&format!("key: {}\n", values[usize::from(*value)]));
                            }
                        }
                        data(out, message.as_bytes());
                        of = own;
                    }
                    tags.insert((pushes, at), of);
                }
                pushes += 1;
            }
        }
    }
    (commits, tags)
}

impl Store {
    /// Builds the repository `dir`.
    pub(crate) fn new(
        env: &TestEnv,
        dir: PathBuf,
        histories: &[History],
        values: &[String],
    ) -> Self {
        bare(&dir);
        let mut next = 0;
        let mut input = Vec::new();
        let marks: Vec<_> = histories
            .iter()
            .map(|history| stream(history, values, &mut next, &mut input))
            .collect();
        input.extend(b"done\n");
        let args = [
            "fast-import",
            "--quiet",
            "--force",
            "--done",
            "--export-marks=marks",
        ];
        git(env, &dir, &args, &input);
        let text = std::fs::read_to_string(dir.join("marks")).expect("marks");
        let oids: HashMap<u64, Hex> = text
            .lines()
            .filter_map(|line| line.strip_prefix(':')?.split_once(' '))
            .map(|(mark, oid)| (mark.parse().expect("a mark"), oid.to_owned()))
            .collect();
        let mut objects = Objects::new(env, &dir);
        let pushes = histories
            .iter()
            .zip(&marks)
            .map(|(history, (commits, tags))| {
                let resolve = |objects: &mut Objects, push: usize, at: usize, target: &Target| {
                    let commit = |number: &u32| commits.get(number).map(|mark| oids[mark].clone());
                    match target {
                        Target::Delete => Some(None),
                        Target::Commit(number) => commit(number).map(Some),
                        Target::Tag(..) => {
                            tags.get(&(push, at)).map(|mark| Some(oids[mark].clone()))
                        }
                        Target::Tree(number) => {
                            Some(Some(objects.commit(&commit(number)?).tree.clone()))
                        }
                        Target::Blob(number, path) => {
                            let tree = objects.commit(&commit(number)?).tree.clone();
                            let files = objects.files(&tree);
                            let (mode, oid) = files.get(&decoded(path, values))?;
                            (mode != "160000").then(|| Some(oid.clone()))
                        }
                    }
                };
                history
                    .pushes()
                    .enumerate()
                    .map(|(number, push)| Update {
                        refused: push.refused,
                        refs: push
                            .updates
                            .iter()
                            .enumerate()
                            .filter_map(|(at, (name, target))| {
                                let oid = resolve(&mut objects, number, at, target)?;
                                Some((name.clone(), oid))
                            })
                            .collect(),
                    })
                    .collect()
            })
            .collect();
        Self { pushes, objects }
    }
}

/// Paths of a tree with their modes and objects.
pub(crate) type Listing = std::rc::Rc<BTreeMap<Vec<u8>, (String, Hex)>>;

/// What a commit says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) tree: Hex,
    pub(crate) parents: Vec<Hex>,
    pub(crate) time: i64,
    pub(crate) bytes: Vec<u8>,
}

/// The objects of a repository, read through `git cat-file --batch`.
pub(crate) struct Objects {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    commits: HashMap<Hex, std::rc::Rc<Raw>>,
    files: HashMap<Hex, Listing>,
    pub(crate) blobs: HashMap<Hex, std::rc::Rc<Vec<u8>>>,
}

impl Drop for Objects {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Objects {
    pub(crate) fn new(env: &TestEnv, dir: &Path) -> Self {
        let mut command: Command = env.command("git", dir);
        let mut child = command
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git runs");
        Self {
            stdin: child.stdin.take().expect("piped"),
            stdout: BufReader::new(child.stdout.take().expect("piped")),
            child,
            commits: HashMap::new(),
            files: HashMap::new(),
            blobs: HashMap::new(),
        }
    }

    /// Kind and bytes of an object.
    pub(crate) fn read(&mut self, oid: &str) -> (String, Vec<u8>) {
        writeln!(self.stdin, "{oid}").expect("git reads");
        self.stdin.flush().expect("git reads");
        let mut header = String::new();
        self.stdout.read_line(&mut header).expect("git answers");
        let mut fields = header.split_whitespace().skip(1);
        let kind = fields.next().expect("a kind").to_owned();
        let size: usize = fields
            .next()
            .unwrap_or_else(|| panic!("object {oid}: {header}"))
            .parse()
            .expect("a size");
        let mut bytes = vec![0; size + 1];
        self.stdout.read_exact(&mut bytes).expect("git answers");
        bytes.pop();
        (kind, bytes)
    }

    pub(crate) fn commit(&mut self, oid: &str) -> std::rc::Rc<Raw> {
        if let Some(known) = self.commits.get(oid) {
            return known.clone();
        }
        let (kind, bytes) = self.read(oid);
        assert_eq!(kind, "commit");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let head = text.split("\n\n").next().expect("headers");
        let of = |name: &str| -> Vec<String> {
            head.lines()
                .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
                .map(str::to_owned)
                .collect()
        };
        let committer = &of("committer")[0];
        let raw = std::rc::Rc::new(Raw {
            tree: of("tree")[0].clone(),
            parents: of("parent"),
            time: committer
                .rsplit(' ')
                .nth(1)
                .expect("a time")
                .parse()
                .expect("a time"),
            bytes,
        });
        self.commits.insert(oid.to_owned(), raw.clone());
        raw
    }

    /// What `git ls-tree -r` lists.
    pub(crate) fn files(&mut self, tree: &str) -> Listing {
        if let Some(known) = self.files.get(tree) {
            return known.clone();
        }
        let (kind, bytes) = self.read(tree);
        assert_eq!(kind, "tree");
        let mut listing = BTreeMap::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let nul = rest
                .iter()
                .position(|&byte| byte == 0)
                .expect("a name ends");
            let (mode, name) =
                rest[..nul].split_at(rest.iter().position(|&b| b == b' ').expect("a mode"));
            let mode = format!("{:0>6}", String::from_utf8_lossy(mode));
            let name = name[1..].to_vec();
            let oid: Hex = rest[nul + 1..nul + 21]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            rest = &rest[nul + 21..];
            if mode == "040000" {
                for (below, entry) in self.files(&oid).iter() {
                    listing.insert([&name[..], b"/", below].concat(), entry.clone());
                }
            } else {
                listing.insert(name, (mode, oid));
            }
        }
        let listing = std::rc::Rc::new(listing);
        self.files.insert(tree.to_owned(), listing.clone());
        listing
    }

    pub(crate) fn blob(&mut self, oid: &str) -> std::rc::Rc<Vec<u8>> {
        if let Some(known) = self.blobs.get(oid) {
            return known.clone();
        }
        let (kind, bytes) = self.read(oid);
        assert_eq!(kind, "blob");
        let bytes = std::rc::Rc::new(bytes);
        self.blobs.insert(oid.to_owned(), bytes.clone());
        bytes
    }

    /// Every tree that has been listed, with its listing.
    pub(crate) fn listed(&self) -> impl Iterator<Item = (&Hex, &Listing)> {
        self.files.iter()
    }
}
