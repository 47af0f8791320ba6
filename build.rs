//! Turns the TOML rule packs into one compact blob at build time, so that start-up parses no TOML, and a pack that does
//! not fit the schema does not build.

use std::{env, fs, path::Path};

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "src/rules/schema.rs"]
mod schema;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new("src/rules/builtin");
    println!("cargo::rerun-if-changed=src/rules/builtin");
    println!("cargo::rerun-if-changed=src/rules/schema.rs");
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
    fs::write(
        Path::new(&out).join("packs.postcard"),
        postcard::to_allocvec(&packs)?,
    )?;
    // Examples are for the lint and for people; to judge a commit, they would only be decoded and thrown away.
    for rule in packs.iter_mut().flat_map(|pack| &mut pack.rules) {
        rule.examples.clear();
        rule.counterexamples.clear();
    }
    fs::write(
        Path::new(&out).join("judging.postcard"),
        postcard::to_allocvec(&packs)?,
    )?;
    Ok(())
}
