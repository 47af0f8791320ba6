//! A sketch loses no value that a comparison of the parsed files finds: by hand, at random, and on real files.

use super::*;
use crate::examine::{self, Knowledge, Values};
use crate::model::{Facts, Vocabulary};
use crate::rules::{builtin, template::expand};
use crate::scan::Scanner;
use crate::syntax::Syntax;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

/// Everything that a comparison without sketches would find in a file: the values of its sightings and its scalars.
fn each_value(bytes: &[u8], syntax: Syntax, visit: &mut dyn FnMut(&[u8], Wanted)) {
    thread_local! {
        static SCANNER: Scanner<'static> = Scanner::new(builtin());
    }
    SCANNER.with(|scanner| {
        let knowledge = Knowledge {
            scanner,
            facts: &Facts::default(),
            vocabulary: &Vocabulary::default(),
            inventory: None,
            evidence: false,
        };
        let encoding = Encoding::of(bytes);
        let text = encoding.text(bytes, true);
        let seen = examine::examine(&text, syntax, &knowledge).expect("rules");
        let mut values = Values::new(&text);
        for sighting in &seen.sightings {
            let [value, _] = values.of(sighting);
            visit(value.expose(), Wanted::value(value));
        }
        if syntax != Syntax::Code {
            let sightings: Vec<_> = seen.sightings.iter().collect();
            examine::scalars(
                &text,
                &syntax::read(&text, syntax).entries,
                &sightings,
                &mut examine::Told::default(),
                &|_| true,
                &mut |scalar, value| {
                    let wanted = if scalar.encrypted {
                        Wanted::ciphertext(value)
                    } else {
                        Wanted::value(value)
                    };
                    visit(value.expose(), wanted);
                },
            );
        }
        if encoding.hides_bytes() {
            let seen = examine::in_the_clear(bytes, Syntax::Code, &knowledge).expect("rules");
            let mut values = Values::new(bytes);
            for sighting in &seen.sightings {
                let [value, _] = values.of(sighting);
                visit(value.expose(), Wanted::value(value));
            }
        }
    });
}

/// Asks the sketch of a file for each of its values, and returns how many there are.
fn none_is_lost(bytes: &[u8], syntax: Syntax) -> usize {
    let sketch = Sketch::of(bytes);
    let mut count = 0;
    each_value(bytes, syntax, &mut |value, wanted| {
        count += 1;
        assert!(
            sketch.may_hold(&wanted),
            "{syntax:?}: {:?} in {:?}",
            String::from_utf8_lossy(value),
            String::from_utf8_lossy(bytes)
        );
    });
    count
}

/// Ways to write a value, with the format in which it is written so.
fn written(value: &str) -> Vec<(Syntax, String)> {
    let escaped: String = value
        .chars()
        .map(|character| format!("\\u{:04x}", u32::from(character)))
        .collect();
    let entities: String = value
        .chars()
        .map(|character| format!("&#{};", u32::from(character)))
        .collect();
    let octal: String = value.bytes().map(|byte| format!("\\{byte:03o}")).collect();
    let percent: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let long: String = value
        .chars()
        .map(|character| format!("\\U{:08x}", u32::from(character)))
        .collect();
    let half = value.len() / 2;
    let half = (half..value.len())
        .find(|&at| value.is_char_boundary(at))
        .unwrap_or(0);
    let (first, second) = value.split_at(half);
    let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
    let encoded = STANDARD.encode(value);
    let in_json = format!("{{\"deep\": {{\"password\": \"{quoted}\"}}}}");
    let json_in_json = in_json.replace('\\', "\\\\").replace('"', "\\\"");
    vec![
        (
            Syntax::Yaml,
            format!("a: 1\nblue: {value}\npassword: {value}\n"),
        ),
        (Syntax::Yaml, format!("blue: \"{quoted}\"\n")),
        (
            Syntax::Yaml,
            format!("blue: '{}'\n", value.replace('\'', "''")),
        ),
        (
            Syntax::Yaml,
            format!("blue: \"{escaped}\"\nred: \"{long}\"\n"),
        ),
        (Syntax::Yaml, format!("blue: \"{first}\\\n    {second}\"\n")),
        (
            Syntax::Yaml,
            format!("blue: >-\n    {first}\n    {second}\ngreen: |\n    {value}\n"),
        ),
        (
            Syntax::Yaml,
            format!("kind: Secret\ndata:\n  password: {encoded}\n  blue: {encoded}\n"),
        ),
        (
            Syntax::Yaml,
            format!("blue: {}\n", STANDARD.encode(format!("{value}\n"))),
        ),
        (
            Syntax::Yaml,
            format!("app.json: |\n  {in_json}\napp.env: |\n  BLUE={value}\n"),
        ),
        (
            Syntax::Yaml,
            format!(
                "blue: postgres://shop:{value}@db:5432/shop\nred: postgres://shop:{percent}@db/x\n"
            ),
        ),
        (Syntax::Json, in_json.clone()),
        (Syntax::Json, format!("{{\"blue\": \"{escaped}\"}}")),
        (Syntax::Json, format!("{{\"file\": \"{json_in_json}\"}}")),
        (
            Syntax::Json,
            format!(
                "{{\"a\": \"x\\n{quoted}\", \"blue\": \"{}\"}}",
                quoted.replace('/', "\\/")
            ),
        ),
        (
            Syntax::Toml,
            format!("blue = \"{quoted}\"\nred = '''{value}'''\ngreen = \"{long}\"\n"),
        ),
        (
            Syntax::Properties,
            format!("blue={value}\nred={first}\\\n    {second}\ngreen={escaped}\n"),
        ),
        (
            Syntax::Properties,
            format!(
                "blue={}\n",
                value.chars().map(|c| format!("\\{c}")).collect::<String>()
            ),
        ),
        (
            Syntax::Ini,
            format!("[a]\nblue = {value}\nred = \"{value}\"\ngreen = {first}\n  {second}\n"),
        ),
        (
            Syntax::Dotenv,
            format!("BLUE={value}\nRED=\"{quoted}\"\nGREEN='{value}'\n"),
        ),
        (
            Syntax::Shell,
            format!(
                "export BLUE={value}\nRED=\"{first}\"'{second}'\nGREEN=$'{octal}'\nA={first}\\\n{second}\n"
            ),
        ),
        (
            Syntax::Dockerfile,
            format!(
                "FROM x\nENV BLUE={value} RED=\"{quoted}\"\nENV GREEN={first}\\\n# why\n{second}\n"
            ),
        ),
        (
            Syntax::Systemd,
            format!(
                "[Service]\nEnvironment=BLUE={value} \"RED={quoted}\"\nEnvironment=\"A={octal}\"\nEnvironment=C={first}\\\n; why\n{second}\n"
            ),
        ),
        (
            Syntax::Xml,
            format!(
                "<a><blue>{entities}</blue><red p=\"{entities}\"/><c>{first}<![CDATA[{second}]]></c></a>"
            ),
        ),
        (
            Syntax::Xml,
            format!(
                "<a><blue>{}</blue><c>{}<!-- why -->{}</c></a>",
                xml(value),
                xml(first),
                xml(second)
            ),
        ),
        (
            Syntax::Hcl,
            format!(
                "blue = \"{}\"\nred = <<EOT\n{value}\nEOT\n",
                quoted.replace("${", "$${").replace("%{", "%%{")
            ),
        ),
        (
            Syntax::Netrc,
            format!("machine db login shop password {value}\n"),
        ),
        (Syntax::Lines, format!("password={value}; other: {value}\n")),
        (
            Syntax::Code,
            format!("password = \"{quoted}\"\ntoken = '{value}'\n"),
        ),
        (
            Syntax::Prose,
            format!("The password is `{value}`, and password: \"{value}\".\n"),
        ),
    ]
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// What bytes can be wrapped in.
fn packed(text: &str, how: u8) -> Vec<u8> {
    use std::io::Write as _;
    match how {
        1 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        2 => [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(),
        3 => text.replace('\n', "\r\n").into_bytes(),
        4 => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).expect("memory");
            encoder.finish().expect("memory")
        }
        5 => format!("file: {}\n", STANDARD.encode(text)).into_bytes(),
        6 => {
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("file: {hex}\n").into_bytes()
        }
        7 => {
            let encoded = STANDARD.encode(text);
            let lines: Vec<&str> = encoded
                .as_bytes()
                .chunks(64)
                .filter_map(|line| std::str::from_utf8(line).ok())
                .collect();
            format!("file: |\n    {}\n", lines.join("\n    ")).into_bytes()
        }
        _ => text.as_bytes().to_vec(),
    }
}

/// Every format shows most of its values, so that what is held against the sketches is not nothing.
#[test]
fn values_of_every_format_are_found_and_kept() {
    let mut found: Vec<(Syntax, usize)> = Vec::new();
    for seed in 0..20 {
        for template in [
            "{alnum:20}",
            "{password:14}",
            "{alnum:6}!{alnum:3}#{alnum:5}/{alnum:4}",
        ] {
            let value = expand(template, seed).expect("a template");
            for (at, (syntax, text)) in written(&value).into_iter().enumerate() {
                if found.len() == at {
                    found.push((syntax, 0));
                }
                found[at].1 += none_is_lost(text.as_bytes(), syntax);
                none_is_lost(&packed(&text, 1 + seed as u8 % 7), syntax);
            }
        }
    }
    for (at, (syntax, found)) in found.into_iter().enumerate() {
        assert!(found > 10, "{syntax:?}, number {at}: {found}");
    }
}

#[test]
fn ciphertexts_are_known_however_they_are_wrapped() {
    let digits = expand("$ANSIBLE_VAULT;1.1;AES256{hex:600}", 3).expect("a template");
    for width in [9, 20, 80, 1000] {
        for indent in ["", "    "] {
            let lines: Vec<&str> = digits
                .as_bytes()
                .chunks(width)
                .filter_map(|line| std::str::from_utf8(line).ok())
                .collect();
            let text = format!(
                "key: !vault |\n{indent}  {}\n",
                lines.join(&format!("\n{indent}  "))
            );
            assert!(none_is_lost(text.as_bytes(), Syntax::Yaml) > 0);
            let sketch = Sketch::of(text.as_bytes());
            assert!(sketch.may_hold(&Wanted::ciphertext(Secret::new(digits.as_bytes()))));
        }
    }
}

#[test]
fn other_files_are_hardly_ever_meant() {
    let text: String = (0..100)
        .map(|line| {
            format!(
                "setting_{line}: value-of-{line}-{}\n",
                line * 7919 % 100_000
            )
        })
        .collect();
    let sketch = Sketch::of(text.as_bytes());
    assert!(!sketch.bits.is_empty() && sketch.bits.len() * 8 <= text.len());
    let meant = (0..2_000)
        .filter(|&seed| {
            let value = expand("{alnum:16}", seed).expect("a template");
            sketch.may_hold(&Wanted::value(Secret::new(value.as_bytes())))
        })
        .count();
    assert!(meant < 10, "{meant}");
}

#[test]
fn escapes_that_only_a_reader_knows_make_a_file_meant_for_everything() {
    for text in [
        "a: '\\101'",
        "<a>&#65;</a>",
        "<a>b<![CDATA[c]]></a>",
        "a: \"\\U00000041\"",
        "A=b\\\n# c\nd\n",
        "a=b\\x41\\u0041\\x41",
    ] {
        assert!(Sketch::of(text.as_bytes()).bits.is_empty(), "{text}");
    }
    for text in ["a: 'b\\n'", "<a> <!-- c --></a>", "a: \\d+\\.\\w", "a & b"] {
        assert!(!Sketch::of(text.as_bytes()).bits.is_empty(), "{text}");
    }
}

fn all_syntaxes() -> impl Strategy<Value = Syntax> {
    proptest::sample::select(crate::syntax::all().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_is_lost_whatever_it_is_written_in(
        value in "[!-~]{8,30}|[A-Za-z0-9+/=]{10,40}|[ -~]{8,20}|\\PC{8,16}",
        other in "\\PC{0,40}",
        form in any::<proptest::sample::Index>(),
        how in 0_u8..8,
    ) {
        let mut forms = written(&value);
        let (syntax, text) = forms.swap_remove(form.index(forms.len()));
        none_is_lost(&packed(&text, how), syntax);
        none_is_lost(format!("{text}{other}").as_bytes(), syntax);
    }

    #[test]
    fn no_value_of_any_text_is_lost(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "password", "token", ":", "=", " ", "\n", "\"", "'", "\\", "\\n", "\\u0041", "\\x41", "\\\n  ", "%41",
                "&amp;", "$", "{", "}", "[", "]", "<a>", "</a>", "aB3xY7kQ9z", "Zq8!w2#Lm5", "d29yZCBhbmQgbW9yZSBvZiBpdA==",
                "dGhpczlpc0FwNHNz", "- ", "#", ";", "|", ">", "\t", "\u{e9}", "/", "@", "//", "key", ",", "`", "export ", "ENV ",
            ]),
            1..40,
        ),
        syntax in all_syntaxes(),
    ) {
        none_is_lost(pieces.concat().as_bytes(), syntax);
    }
}

/// A measure on real files, run by hand: `STAGEGATE_SKETCHES=FOLDER cargo test --release --lib sketch -- --ignored`.
#[test]
#[ignore = "reads a folder that only whoever measures has"]
#[expect(clippy::print_stdout, reason = "a measure shows its figures")]
fn no_value_of_real_files_is_lost() {
    let folder = std::env::var_os("STAGEGATE_SKETCHES").expect("a folder");
    let mut folders = vec![std::path::PathBuf::from(folder)];
    let (mut files, mut values, mut open) = (0, 0, 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable").flatten() {
            let path = entry.path();
            let kind = entry.file_type().expect("known");
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let bytes = std::fs::read(&path).expect("readable");
                if bytes.len() <= 1 << 20 {
                    files += 1;
                    open += usize::from(Sketch::of(&bytes).bits.is_empty());
                    values += none_is_lost(&bytes, crate::syntax::of_path(&path.to_string_lossy()));
                }
            }
        }
    }
    println!("{files} files, {values} values, {open} files may hold anything");
}
