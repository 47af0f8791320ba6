//! Turns the TOML rule packs into blobs at build time, so that start-up parses no TOML, decodes no rule that is not needed and
//! builds no table of words; and a pack that does not fit the schema does not build.

use std::{env, fs, path::Path};

use unicode_security::confusable_detection::skeleton;

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "src/rules/schema.rs"]
mod schema;

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "src/rules/lead.rs"]
mod lead;

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "src/scan/keywords.rs"]
mod keywords;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new("src/rules/builtin");
    for read in [
        "src/rules/builtin",
        "src/rules/schema.rs",
        "src/rules/lead.rs",
        "src/rules/need.rs",
        "src/scan/keywords.rs",
        "src/scan/common.txt",
    ] {
        println!("cargo::rerun-if-changed={read}");
    }
    let mut files: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut packs = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let pack: schema::Pack =
            toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        if file.file_stem().and_then(|stem| stem.to_str()) != Some(pack.provider.as_str()) {
            return Err(format!(
                "{}: provider is {:?}, but the file's name says otherwise",
                file.display(),
                pack.provider
            )
            .into());
        }
        packs.push(pack);
    }
    let out = env::var("OUT_DIR")?;
    let write = |name: &str, bytes: &[u8]| fs::write(Path::new(&out).join(name), bytes);
    write("packs.postcard", &postcard::to_allocvec(&packs)?)?;
    // Of a rule that judges: what leads to it in one list, the whole of it for when it is needed. Examples are for the lint and
    // for people.
    let mut words = Vec::new();
    let mut leads = Vec::new();
    let mut rules = Vec::new();
    for pack in &mut packs {
        for rule in &mut pack.rules {
            rule.examples.clear();
            rule.counterexamples.clear();
            words.extend(lead::words(leads.len() as u32, rule));
            let from = rules.len();
            rules.extend(postcard::to_allocvec(rule)?);
            leads.push((
                pack.provider.as_str(),
                lead::Lead::of(rule),
                from as u32,
                rules.len() as u32,
            ));
        }
    }
    write("leads.postcard", &postcard::to_allocvec(&leads)?)?;
    write("rules.postcard", &rules)?;
    let words = words.iter().map(|(number, word)| (*number, word.as_str()));
    write("words.table", &keywords::table(words, lead::STARTS))?;
    let keys = leads.iter().enumerate().flat_map(|(number, lead)| {
        let words = lead.1.plain.iter();
        words.map(move |word| (number as u32, word.as_str()))
    });
    write("keys.table", &keywords::table(keys, 0))?;
    write("alike.txt", alike().as_bytes())?;
    Ok(())
}

/// Characters that are taken for plain letters and digits, or for nothing, by Unicode's list of confusable characters (Unicode
/// Technical Standard 39): a line each. Of several characters that look like one, only letters and digits are taken: a letter of
/// another script must not become a separator. The list itself is a table of pointers, which every start would pay for.
fn alike() -> String {
    let mut lines = String::new();
    for character in '\u{80}'..=char::MAX {
        let mut buffer = [0; 4];
        let alike: String = skeleton(character.encode_utf8(&mut buffer)).collect();
        if alike.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            lines.extend([character.to_string().as_str(), &alike, "\n"]);
        }
    }
    lines
}
