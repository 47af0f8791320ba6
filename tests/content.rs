//! Every form in which content can carry a value: encodings, line ends, packed and encoded layers, names, links, messages.
//! Each scene holds a production key and must be found at its place; its twin holds a sandbox key and must pass. Scenes 37
//! to 47 of the list that issue 3 gave. Not here: which ref or commit brings the content (`push.rs`).

mod support;

use std::{fs, io::Write as _, os::unix::fs::symlink, process::Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use support::{Ran, Repo, TestEnv, live_key, payments, secret, test_key};

const STAGING: &str = "refs/heads/staging";

/// A file that holds a key: its path, its content, and the line that the key stands on.
type Scene = (&'static str, fn(&str) -> Vec<u8>, u64);

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes.as_ref()).expect("memory");
    encoder.finish().expect("memory")
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

/// A zip archive with one member.
fn zip(name: &str, content: &[u8], deflated: bool) -> Vec<u8> {
    let packed = if deflated {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).expect("memory");
        encoder.finish().expect("memory")
    } else {
        content.to_vec()
    };
    let short = |number: usize| (number as u16).to_le_bytes();
    let long = |number: usize| (number as u32).to_le_bytes();
    let about: Vec<u8> = [
        &short(20)[..],
        &short(0),
        &short(if deflated { 8 } else { 0 }),
        &long(0),
        &long(0),
        &long(packed.len()),
        &long(content.len()),
        &short(name.len()),
        &short(0),
    ]
    .concat();
    let local = [b"PK\x03\x04", &about[..], name.as_bytes(), &packed].concat();
    let central = [
        b"PK\x01\x02",
        &short(20)[..],
        &about,
        &[0; 14],
        name.as_bytes(),
    ]
    .concat();
    let end = [
        b"PK\x05\x06",
        &[0; 4][..],
        &short(1),
        &short(1),
        &long(central.len()),
        &long(local.len()),
        &short(0),
    ]
    .concat();
    [local, central, end].concat()
}

/// A tar archive with one member.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[156] = b'0';
    header[257..262].copy_from_slice(b"ustar");
    let mut archive = [&header[..], content].concat();
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}

/// A key in which the first character is written as an escape.
fn escaped(key: &str) -> String {
    format!("\\u{:04x}{}", key.as_bytes()[0], &key[1..])
}

const SCENES: &[Scene] = &[
    // 38
    (
        "nul/first.txt",
        |key| format!("\0\0key {key}\n").into_bytes(),
        1,
    ),
    (
        "nul/after.txt",
        |key| format!("a\nkey {key}\0\0\0").into_bytes(),
        2,
    ),
    (
        "nul/late.txt",
        |key| format!("{}\0\nkey {key}\n", "some text\n".repeat(900)).into_bytes(),
        902,
    ),
    (
        "nul/program.bin",
        |key| {
            [
                &[0x7f, b'E', b'L', b'F', 2, 1, 1, 0][..],
                &[0; 4000],
                key.as_bytes(),
                &[0, 1, 2, 3],
            ]
            .concat()
        },
        1,
    ),
    (
        "nul/program-wide.bin",
        |key| {
            [
                &[0, 1, 2, 3, 0xff][..],
                &[0; 4000],
                &utf16(key, u16::to_le_bytes),
                &[0xff; 9],
            ]
            .concat()
        },
        1,
    ),
    // 39
    (
        "encoding/utf8-mark.yml",
        |key| format!("\u{feff}a: 1\nkey: {key}\n").into_bytes(),
        2,
    ),
    (
        "encoding/utf16le-mark.yml",
        |key| utf16(&format!("\u{feff}a: 1\nkey: {key}\n"), u16::to_le_bytes),
        2,
    ),
    (
        "encoding/utf16be-mark.yml",
        |key| utf16(&format!("\u{feff}a: 1\nkey: {key}\n"), u16::to_be_bytes),
        2,
    ),
    (
        "encoding/utf16le.yml",
        |key| utf16(&format!("a: 1\nkey: {key}\n"), u16::to_le_bytes),
        2,
    ),
    (
        "encoding/utf16be.yml",
        |key| utf16(&format!("a: 1\nkey: {key}\n"), u16::to_be_bytes),
        2,
    ),
    (
        "encoding/utf16-of-few-ascii.txt",
        |key| {
            utf16(
                &format!("\u{feff}{}\nkey: {key}\n", "漢字".repeat(900)),
                u16::to_le_bytes,
            )
        },
        2,
    ),
    (
        "encoding/utf16-of-few-ascii-no-mark.txt",
        |key| {
            utf16(
                &format!("{}\nkey: {key}\n", "漢字".repeat(900)),
                u16::to_le_bytes,
            )
        },
        1,
    ),
    (
        "encoding/utf16-odd.yml",
        |key| {
            [
                &utf16(&format!("\u{feff}a: 1\nkey: {key}\n"), u16::to_le_bytes)[..],
                b"x",
            ]
            .concat()
        },
        2,
    ),
    (
        "encoding/utf32.yml",
        |key| {
            format!("\u{feff}a: 1\nkey: {key}\n")
                .chars()
                .flat_map(|c| u32::from(c).to_le_bytes())
                .collect()
        },
        2,
    ),
    (
        "encoding/false-mark.env",
        |key| [b"\xff\xfe\nKEY=", key.as_bytes(), b"\n"].concat(),
        2,
    ),
    (
        "encoding/latin1.properties",
        |key| [b"# caf\xe9\nkey=", key.as_bytes(), b" # \xe9\n"].concat(),
        2,
    ),
    // 40
    (
        "lines/crlf.env",
        |key| format!("A=1\r\nB=2\r\nKEY={key}\r\n").into_bytes(),
        3,
    ),
    (
        "lines/cr.env",
        |key| format!("A=1\rB=2\rKEY={key}\r").into_bytes(),
        3,
    ),
    (
        "lines/no-end.env",
        |key| format!("A=1\nKEY={key}").into_bytes(),
        2,
    ),
    // 41
    (
        "long/one-line.json",
        |key| {
            format!(
                "[{}\"{key}\"]",
                format!("{{\"password\":\"\",\"a\":\"{}\"}},", "word ".repeat(60)).repeat(7_000)
            )
            .into_bytes()
        },
        1,
    ),
    (
        "long/last-bytes.txt",
        |key| format!("{}\n{key}", "0123456789 ".repeat(200_000)).into_bytes(),
        2,
    ),
    // 45
    (
        "encoded/base64.txt",
        |key| format!("x\ndata: {}\n", base64(format!("key={key}"))).into_bytes(),
        2,
    ),
    (
        "encoded/base64-unpadded.txt",
        |key| STANDARD_NO_PAD.encode(format!("k={key}")).into_bytes(),
        1,
    ),
    (
        "encoded/base64-url.txt",
        |key| {
            format!(
                "https://host/v1/{}/x",
                URL_SAFE_NO_PAD.encode(format!("??>>~~{key}"))
            )
            .into_bytes()
        },
        1,
    ),
    (
        "encoded/base64-wrapped.pem",
        |key| {
            let text = base64(format!(
                "a text that is longer than one line of base64 can be, with {key} over a line end"
            ));
            let lines: Vec<&str> = (0..text.len())
                .step_by(64)
                .map(|at| &text[at..text.len().min(at + 64)])
                .collect();
            format!(
                "-----BEGIN DATA-----\n{}\n-----END DATA-----\n",
                lines.join("\n")
            )
            .into_bytes()
        },
        2,
    ),
    (
        "encoded/base64-list.txt",
        |key| {
            format!(
                "{}\n{}\n",
                base64(format!("{:>48}", "first")),
                base64(format!("{key:>48}"))
            )
            .into_bytes()
        },
        1,
    ),
    (
        "encoded/hex.txt",
        |key| format!("token=0x{}\n", hex(key)).into_bytes(),
        1,
    ),
    (
        "encoded/url.txt",
        |key| format!("a\nhttps://host/?key={}\n", key.replace('_', "%5F")).into_bytes(),
        2,
    ),
    (
        "encoded/escape.json",
        |key| format!("{{\n\"key\": \"{}\"}}", escaped(key)).into_bytes(),
        2,
    ),
    (
        "encoded/line-escape.json",
        |key| format!("{{\"file\": \"A=1\\nKEY={key}\\n{key}\"}}").into_bytes(),
        1,
    ),
    (
        "encoded/glued.json",
        |key| format!("{{\"file\": \"first\\n{key}\\n\"}}").into_bytes(),
        1,
    ),
    (
        "encoded/yaml.yml",
        |key| format!("a: 1\nb: \"\\x{:02x}{}\"\n", key.as_bytes()[0], &key[1..]).into_bytes(),
        2,
    ),
    (
        "encoded/dump.gz",
        |key| gzip(format!("{}\nkey {key}\n", "some text ".repeat(99))),
        1,
    ),
    (
        "encoded/gzip-in-base64.txt",
        |key| format!("H: {}\n", base64(gzip(format!("key {key}\n")))).into_bytes(),
        1,
    ),
    (
        "encoded/three-deep.json",
        |key| {
            format!(
                "{{\"a\":\"{}\"}}",
                base64(base64(base64(format!("key {key}"))))
            )
            .into_bytes()
        },
        1,
    ),
    (
        "encoded/stored.zip",
        |key| zip("a/b.txt", key.as_bytes(), false),
        1,
    ),
    (
        "encoded/deflated.zip",
        |key| {
            zip(
                "a/b.txt",
                format!("{} {key}", "text ".repeat(99)).as_bytes(),
                true,
            )
        },
        1,
    ),
    (
        "encoded/archive.tar",
        |key| tar("a/b.env", format!("KEY={key}\n").as_bytes()),
        1,
    ),
    (
        "encoded/archive.tar.gz",
        |key| gzip(tar("a/b.env", format!("KEY={key}\n").as_bytes())),
        1,
    ),
    (
        "encoded/secret.yaml",
        |key| {
            format!(
                "apiVersion: v1\nkind: Secret\ndata:\n  stripe: {}\n",
                base64(key)
            )
            .into_bytes()
        },
        4,
    ),
    (
        "encoded/secret-file.yaml",
        |key| {
            format!(
                "kind: Secret\ndata:\n  .env: {}\n",
                base64(format!("A=1\nKEY={key}\n"))
            )
            .into_bytes()
        },
        3,
    ),
    (
        "encoded/secret-list.yaml",
        |key| {
            format!(
                "kind: List\nitems:\n  - kind: Secret\n    data:\n      a: {}\n",
                base64(key)
            )
            .into_bytes()
        },
        5,
    ),
    // 47
    (
        "yaml/folded.yml",
        |key| format!("a: >-\n  words and\n  {key}\n").into_bytes(),
        3,
    ),
    (
        "yaml/anchor.yml",
        |key| format!("x: &k\n  key: {key}\nstaging:\n  <<: *k\n").into_bytes(),
        2,
    ),
    (
        "yaml/next-line.yml",
        |key| format!("key:\n  {key}\n").into_bytes(),
        2,
    ),
    (
        "heredoc.tf",
        |key| format!("x = <<EOT\nkey {key}\nEOT\n").into_bytes(),
        2,
    ),
    (
        "settings.xml",
        |key| format!("<a>\n<key>{key}</key></a>\n").into_bytes(),
        2,
    ),
];

fn scan(work: &Repo<'_>) -> Ran {
    work.stagegate(["scan", "--ref", STAGING, "--format", "json"])
}

/// Path, rule, line and verdict of every finding.
fn findings(ran: &Ran) -> Vec<(String, String, u64, String)> {
    let report = ran.json();
    let text = |value: &serde_json::Value| value.as_str().expect("a string").to_owned();
    let all = report["findings"].as_array().expect("findings");
    all.iter()
        .map(|finding| {
            let place = &finding["place"];
            (
                text(&place["path"]),
                text(&finding["rule"]),
                place["line"].as_u64().expect("a line"),
                text(&finding["verdict"]),
            )
        })
        .collect()
}

fn unexamined(ran: &Ran) -> Vec<(String, String, bool)> {
    let report = ran.json();
    let all = report["unexamined"].as_array().expect("unexamined");
    all.iter()
        .map(|one| {
            (
                one["what"].as_str().expect("what").to_owned(),
                one["reason"].as_str().expect("reason").to_owned(),
                one["refuses"].as_bool().expect("refuses"),
            )
        })
        .collect()
}

#[test]
fn a_key_is_found_in_every_form_and_its_sandbox_twin_passes() {
    let env = TestEnv::new();
    for live in [true, false] {
        let work = env.repo(if live { "live" } else { "sandbox" });
        for (seed, (path, content, _)) in SCENES.iter().enumerate() {
            let key = if live {
                live_key(seed as u64)
            } else {
                test_key(seed as u64)
            };
            work.write(path, content(&key));
        }
        work.commit("All scenes");
        let ran = scan(&work);
        ran.exits(i32::from(live));
        let found = findings(&ran);
        let mut wrong = Vec::new();
        for (seed, (path, _, line)) in SCENES.iter().enumerate() {
            let key = if live {
                live_key(seed as u64)
            } else {
                test_key(seed as u64)
            };
            ran.hides(&key).hides(&base64(&key)).hides(&hex(&key));
            let here: Vec<_> = found.iter().filter(|(at, ..)| at == path).collect();
            let blocked: Vec<u64> = here
                .iter()
                .filter(|found| found.3 == "block")
                .map(|found| found.2)
                .collect();
            let keys = here
                .iter()
                .filter(|found| found.1 == "stripe-secret-key")
                .count();
            // One value after another in one file of a container is said once.
            if keys > 1 || blocked != vec![*line; usize::from(live)] {
                wrong.push((path, line, here));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(unexamined(&ran), []);
    }
}

#[test]
fn private_keys_are_found_however_they_are_written_down() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let pem = |seed| secret("{pem_private_key:RSA}", seed);
    let indented = |seed| {
        pem(seed)
            .lines()
            .map(|line| format!("    {line}\n"))
            .collect::<String>()
    };
    let scenes: [(&str, String); 8] = [
        ("plain.pem", pem(1)),
        ("crlf.pem", pem(2).replace('\n', "\r\n")),
        ("cr.pem", pem(3).replace('\n', "\r")),
        ("block.yml", format!("tls:\n  key: |\n{}", indented(4))),
        ("folded.yml", format!("tls:\n  key: >-\n{}", indented(5))),
        (
            "escaped.json",
            format!("{{\"key\": \"{}\"}}", pem(6).replace('\n', "\\n")),
        ),
        ("heredoc.tf", format!("key = <<EOT\n{}\nEOT\n", pem(7))),
        (
            "secret.yaml",
            format!("kind: Secret\ndata:\n  tls.key: {}\n", base64(pem(8))),
        ),
    ];
    for (path, content) in &scenes {
        work.write(path, content);
    }
    work.commit("Keys");
    let ran = scan(&work);
    for (path, _) in &scenes {
        let here: Vec<_> = findings(&ran)
            .into_iter()
            .filter(|(at, ..)| at == path)
            .collect();
        assert_eq!(here.len(), 1, "{path}: {here:?}");
        assert!(here[0].1.starts_with("private-key"), "{here:?}");
    }
    for line in pem(8).lines().filter(|line| !line.starts_with("-----")) {
        ran.hides(line);
    }
}

#[test]
fn a_kubernetes_secret_is_judged_by_what_it_means() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let password = secret("{password:14}", 1);
    let manifest = |value: &str| {
        format!(
            "kind: Secret\nmetadata: {{name: db}}\ndata:\n  password: {}\n",
            base64(value)
        )
    };
    work.write("k8s/db.yaml", manifest(&password));
    work.write("k8s/stand-in.yaml", manifest("changeme\n"));
    work.commit("Manifests");
    let ran = scan(&work);
    ran.hides(&password).hides(&base64(&password));
    let found: Vec<_> = findings(&ran)
        .into_iter()
        .map(|(path, rule, line, _)| (path, rule, line))
        .collect();
    assert_eq!(
        found,
        [("k8s/db.yaml".to_owned(), "generic-password".to_owned(), 4)]
    );
    let evidence = ran.json()["findings"][0]["evidence"].to_string();
    assert!(evidence.contains("decoded from base64"), "{evidence}");
}

#[test]
fn an_encoded_value_that_only_moves_is_no_news() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    server.unguard();
    let key = live_key(9);
    work.switch("staging");
    work.commit_file(
        "app.txt",
        format!("data: {}\n", base64(format!("key={key}"))),
    );
    work.push(["staging"]).succeeded();
    server.guard::<&str>(&[]);

    // Other letters of base64, the same value.
    work.commit_file(
        "app.txt",
        format!("# moved\n\ndata: {}\n", base64(format!("the_key={key} "))),
    );
    work.push(["staging"]).succeeded();
    work.commit_file(
        "app.txt",
        format!("data: {}\n", base64(format!("key={}", live_key(10)))),
    );
    work.push(["staging"]).refused().says("app.txt:1");
}

#[test]
fn what_is_too_deep_or_locked_is_said_and_passes() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let deep = (0..5).fold(format!("key {}", live_key(1)), |text, _| base64(text));
    work.write("deep.txt", deep);
    let mut locked = zip("a.txt", b"text", false);
    locked[6] |= 1;
    let central = locked
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .expect("a directory");
    locked[central + 8] |= 1;
    work.write("locked.zip", locked);
    work.write("broken.gz", &gzip("some text ".repeat(99))[..30]);
    work.commit("Odd files");
    let ran = scan(&work);
    ran.succeeded();
    let mut said: Vec<_> = unexamined(&ran)
        .into_iter()
        .map(|(what, _, refuses)| (what, refuses))
        .collect();
    said.sort();
    assert_eq!(
        said,
        [
            ("broken.gz".to_owned(), false),
            ("deep.txt".to_owned(), false),
            ("locked.zip".to_owned(), false)
        ]
    );
}

#[test]
fn a_bomb_costs_no_memory_and_is_said() {
    let env = TestEnv::new();
    let work = env.repo("work");
    work.write("bomb.gz", gzip(vec![b'a'; 80 << 20]));
    work.commit("A bomb");
    let ran = scan(&work);
    ran.succeeded();
    assert!(
        unexamined(&ran)[0].1.contains("64 MiB"),
        "{:?}",
        unexamined(&ran)
    );
}

#[test]
fn attributes_hide_nothing() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    work.switch("staging");
    work.write(
        ".gitattributes",
        "*.a -diff\n*.b binary\n*.c diff=upper\n*.d working-tree-encoding=UTF-16\n",
    );
    work.git(["config", "diff.upper.textconv", "true"]);
    fs::create_dir_all(work.dir.join(".git/info")).expect("info");
    fs::write(
        work.dir.join(".git/info/attributes"),
        "*.e -text -diff export-ignore\n",
    )
    .expect("attributes");
    for (seed, ending) in ["a", "b", "c", "e"].iter().enumerate() {
        work.write(format!("f.{ending}"), payments(&live_key(seed as u64)));
    }
    work.write(
        "f.d",
        utf16(
            &format!("\u{feff}{}", payments(&live_key(7))),
            u16::to_le_bytes,
        ),
    );
    work.commit("Attributes");
    let push = work.push(["staging"]);
    push.refused();
    for ending in ["a", "b", "c", "d", "e"] {
        push.says(&format!("f.{ending}:2"));
    }
    work.git(["reset", "-q", "--hard", "HEAD~1"]);
    for (seed, ending) in ["a", "b", "c", "e"].iter().enumerate() {
        work.write(format!("f.{ending}"), payments(&test_key(seed as u64)));
    }
    work.commit("Twins");
    work.push(["staging"]).succeeded();
}

#[test]
fn links_and_changes_of_kind_are_read() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    work.switch("staging");
    work.write("tool.sh", "echo\n");
    symlink("target", work.dir.join("link")).expect("a link");
    work.commit("Harmless");
    work.push(["staging"]).succeeded();

    // A link whose target is the value.
    symlink(live_key(1), work.dir.join("other")).expect("a link");
    work.commit("A link");
    work.push(["staging"])
        .refused()
        .says("other:1")
        .hides(&live_key(1));
    work.git(["reset", "-q", "--hard", "HEAD~1"]);

    // A file becomes a link, and a link becomes a file.
    fs::remove_file(work.dir.join("tool.sh")).expect("there");
    symlink(live_key(2), work.dir.join("tool.sh")).expect("a link");
    work.commit("File to link");
    work.push(["staging"])
        .refused()
        .says("tool.sh:1")
        .hides(&live_key(2));
    work.git(["reset", "-q", "--hard", "HEAD~1"]);
    fs::remove_file(work.dir.join("link")).expect("there");
    work.write("link", payments(&live_key(3)));
    work.commit("Link to file");
    work.push(["staging"]).refused().says("link:2");
    work.git(["reset", "-q", "--hard", "HEAD~1"]);

    // A file becomes a folder.
    fs::remove_file(work.dir.join("tool.sh")).expect("there");
    work.write("tool.sh/inner.yml", payments(&live_key(4)));
    work.commit("File to folder");
    work.push(["staging"]).refused().says("tool.sh/inner.yml:2");
    work.git(["reset", "-q", "--hard", "HEAD~1"]);

    // A change of mode alone brings nothing, though a key that stood there before stays.
    server.unguard();
    work.write("old.sh", payments(&live_key(5)));
    work.commit("Old");
    work.push(["staging"]).succeeded();
    server.guard::<&str>(&[]);
    work.git(["update-index", "--chmod=+x", "old.sh"]);
    work.git(["commit", "-q", "-m", "Mode"]);
    work.push(["staging"]).succeeded();
    assert_eq!(server.gate_said(), Some(0));
}

#[test]
fn names_are_content_and_are_escaped() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    work.switch("staging");
    let name = |key: &str| format!("a\u{1b}[31m\n{key}");
    work.write(format!("{}.txt", name(&live_key(1))), "x\n");
    work.commit("A name");
    let push = work.push(["staging"]);
    push.refused().hides(&live_key(1));
    assert!(
        !push.stderr.contains("\u{1b}[31m"),
        "an escape sequence of the pusher's reached the terminal"
    );
    work.git(["reset", "-q", "--hard", "HEAD~1"]);

    work.write(format!("{}/x.txt", live_key(2)), "x\n");
    work.commit("A folder");
    work.push(["staging"]).refused().hides(&live_key(2));
    work.git(["reset", "-q", "--hard", "HEAD~1"]);

    let encoded = URL_SAFE_NO_PAD.encode(live_key(3));
    work.write(format!("{encoded}.txt"), "x\n");
    work.commit("An encoded name");
    work.push(["staging"])
        .refused()
        .hides(&live_key(3))
        .hides(&encoded);
    work.git(["reset", "-q", "--hard", "HEAD~1"]);

    work.write(format!("{}.txt", name(&test_key(1))), "x\n");
    work.commit("A sandbox name");
    work.push(["staging"]).succeeded();
}

/// Writes an object of any shape and tells its id.
fn hash_object(env: &TestEnv, work: &Repo<'_>, kind: &str, content: &[u8]) -> String {
    let mut child = env
        .command("git", &work.dir)
        .args(["hash-object", "-w", "--literally", "--stdin", "-t", kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(content)
        .expect("written");
    let output = child.wait_with_output().expect("git ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .expect("an id")
        .trim()
        .to_owned()
}

#[test]
fn messages_headers_tags_and_notes_are_read() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let policy = "version = 1\n[environment.staging]\ntier = \"staging\"\nrefs = [\"refs/heads/staging*\", \"refs/tags/staging*\", \"refs/notes/staging*\"]\n";
    let policy = env.file("policy.toml", policy);
    server.guard(&["--policy".as_ref(), policy.as_os_str()]);
    work.switch("staging");

    for (seed, live) in [(1, true), (1, false)] {
        let key = |add| {
            if live {
                live_key(seed + add)
            } else {
                test_key(seed + add)
            }
        };
        let check = |push: Ran, what: &str, key: String| {
            push.hides(&key).hides(&base64(&key));
            if live {
                assert_ne!(push.code, 0, "{what} went through");
                push.refused().says("stripe-secret-key");
            } else {
                push.succeeded();
            }
        };
        let start = work.tip("HEAD");
        work.commit(&format!("A message\n\nwith {}", key(0)));
        check(work.push(["staging"]), "a message", key(0));
        work.git(["reset", "-q", "--hard", &start]);

        work.commit(&format!("Encoded {}", base64(format!("key={}", key(1)))));
        check(work.push(["-f", "staging"]), "an encoded message", key(1));
        work.git(["reset", "-q", "--hard", &start]);

        let author = format!("--author={} <a@b.invalid>", key(2));
        work.git(["commit", "-q", "--allow-empty", "-m", "x", &author]);
        check(work.push(["-f", "staging"]), "an author", key(2));
        work.git(["reset", "-q", "--hard", &start]);

        let tree = work.tip("HEAD^{tree}");
        for (add, header) in ["encoding", "gpgsig", "mergetag"].iter().enumerate() {
            let key = key(3 + add as u64);
            let raw = format!(
                "tree {tree}\nparent {start}\nauthor A <a@b> 1750000000 +0000\ncommitter A <a@b> 1750000000 +0000\n{header} first\n more {key}\n\nx\n"
            );
            let commit = hash_object(&env, &work, "commit", raw.as_bytes());
            check(
                work.push(["-f", &format!("{commit}:refs/heads/staging")]),
                header,
                key,
            );
        }

        work.git([
            "tag",
            "-f",
            "-a",
            "-m",
            &format!("Tag {}", key(6)),
            "staging-1",
            &start,
        ]);
        check(work.push(["-f", "staging-1"]), "a tag", key(6));
        work.git(["tag", "-f", "-a", "-m", "outer", "staging-2", "staging-1"]);
        check(work.push(["-f", "staging-2"]), "a nested tag", key(6));
        let blob = hash_object(&env, &work, "blob", payments(&key(7)).as_bytes());
        check(
            work.push(["-f", &format!("{blob}:refs/tags/staging-3")]),
            "a blob",
            key(7),
        );
        work.git(["tag", "-f", "-a", "-m", "of a blob", "staging-4", &blob]);
        check(work.push(["-f", "staging-4"]), "a tag of a blob", key(7));
        work.write("tree.yml", payments(&key(8)));
        work.stage();
        let tree = work.git(["write-tree"]);
        work.git(["reset", "-q", "--hard", &start]);
        work.git(["tag", "-f", "-a", "-m", "of a tree", "staging-5", &tree]);
        check(work.push(["-f", "staging-5"]), "a tag of a tree", key(8));
        let _ = work.try_git(["update-ref", "-d", "refs/notes/staging"]);
        work.git([
            "notes",
            "--ref",
            "staging",
            "add",
            "-f",
            "-m",
            &format!("note {}", key(9)),
            &start,
        ]);
        check(work.push(["-f", "refs/notes/staging"]), "a note", key(9));
    }
}

#[test]
fn submodules_are_said_and_their_addresses_read() {
    let env = TestEnv::new();
    let (work, _server) = env.shop();
    work.switch("staging");
    let tip = work.tip("HEAD");
    let module = |address: &str| format!("[submodule \"lib\"]\n\tpath = lib\n\turl = {address}\n");
    work.git([
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{tip},lib"),
    ]);
    work.git(["commit", "-q", "-m", "A submodule"]);
    work.git(["config", "advice.addEmbeddedRepo", "false"]);
    let ran = scan(&work);
    ran.succeeded();
    assert_eq!(unexamined(&ran).len(), 1);
    assert!(unexamined(&ran)[0].1.contains("another repository") && !unexamined(&ran)[0].2);

    let password = secret("{password:20}", 1);
    fs::write(
        work.dir.join(".gitmodules"),
        module(&format!(
            "https://deploy:{password}@git.example.com/lib.git"
        )),
    )
    .expect("written");
    work.git(["add", ".gitmodules"]);
    work.git(["commit", "-q", "-m", "An address"]);
    let ran = scan(&work);
    ran.hides(&password);
    let found = findings(&ran);
    assert!(
        found
            .iter()
            .any(|(path, rule, line, _)| path == ".gitmodules"
                && rule == "basic-auth-url"
                && *line == 3),
        "{found:?}"
    );
}

#[test]
fn lfs_pointers_are_said_and_refused_where_a_path_claims_them() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
        "4d".repeat(32)
    );
    work.commit_file("assets/logo.png", &pointer);
    let ran = scan(&work);
    ran.succeeded();
    assert_eq!(unexamined(&ran).len(), 1);
    assert!(!unexamined(&ran)[0].2);

    work.commit_file("config/staging/app.yml", &pointer);
    let ran = scan(&work);
    ran.exits(2);
    assert!(
        unexamined(&ran)
            .iter()
            .any(|(what, reason, refuses)| *refuses
                && what == "config/staging/app.yml"
                && reason.contains("LFS"))
    );

    // Where nothing claims it, nobody cares.
    work.stagegate(["scan", "--ref", "refs/heads/feature/x", "--rev", "HEAD~1"])
        .succeeded()
        .does_not_say("LFS");
}

#[test]
fn netrc_and_latin_1_passwords_are_found() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let password = secret("{password:16}", 3);
    work.write(
        ".netrc",
        format!("machine git.example.com\nlogin deploy\npassword {password}\n"),
    );
    work.write(
        "db.properties",
        [b"# caf\xe9\npassword=", password.as_bytes(), b"\xe9\r\n"].concat(),
    );
    work.commit("Passwords");
    let ran = scan(&work);
    ran.hides(&password);
    for path in [".netrc", "db.properties"] {
        assert!(
            findings(&ran).iter().any(|(at, ..)| at == path),
            "{path}: {:?}",
            findings(&ran)
        );
    }
}

/// 600 MiB that no memory holds, the key in the last bytes of one piece and the first of the next.
#[test]
#[ignore = "writes 600 MiB; run by hand and by the measurements"]
fn a_blob_larger_than_memory_is_read_in_pieces() {
    let env = TestEnv::new();
    let work = env.repo("work");
    let piece = 16 << 20;
    let mut content = vec![b'\n'; 600 << 20];
    let at = |place: usize, key: &str, content: &mut Vec<u8>| {
        content[place..place + key.len()].copy_from_slice(key.as_bytes())
    };
    at(piece - 10, &live_key(1), &mut content);
    at(2 * piece - (128 << 10) - 5, &live_key(2), &mut content);
    let end = content.len() - live_key(3).len();
    at(end, &live_key(3), &mut content);
    work.git(["config", "core.bigFileThreshold", "4g"]);
    work.git(["config", "core.compression", "1"]);
    work.commit_file("big.txt", content);
    let ran = scan(&work);
    ran.exits(1);
    let lines: Vec<u64> = findings(&ran)
        .into_iter()
        .map(|(_, _, line, _)| line)
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], piece as u64 - 9);

    // In a pack too: so large an object is no delta.
    work.git(["repack", "-q", "-a", "-d"]);
    let packed = scan(&work);
    packed.exits(1);
    assert_eq!(findings(&packed).len(), 3);
}
