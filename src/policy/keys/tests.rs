//! The list of keys against the reader, the schema against sound and unsound policies, and both against the files in `docs/`.

use super::*;
use crate::policy::{Policy, Preset, STARTER};

/// A TOML text as the JSON that an editor shows to a schema.
fn as_json(text: &str) -> Value {
    fn of(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(day) => day.to_string().into(),
            toml::Value::Array(items) => items.into_iter().map(of).collect(),
            toml::Value::Table(table) => table
                .into_iter()
                .map(|(key, value)| (key, of(value)))
                .collect(),
            toml::Value::String(text) => text.into(),
            toml::Value::Integer(number) => number.into(),
            toml::Value::Boolean(flag) => flag.into(),
            toml::Value::Float(number) => number.into(),
        }
    }
    of(toml::Value::Table(text.parse().expect("TOML")))
}

fn validator() -> jsonschema::Validator {
    let schema = serde_json::from_str(&schema()).expect("JSON");
    jsonschema::validator_for(&schema).expect("a sound schema")
}

/// The starter with all its examples taken out of their comments.
fn everything() -> String {
    STARTER.replace("#: ", "")
}

#[test]
fn what_the_gate_takes_the_schema_takes() {
    let presets = [Preset::Boundary, Preset::Strict, Preset::Advisory].map(Preset::text);
    for text in presets
        .into_iter()
        .chain([STARTER.to_owned(), everything()])
    {
        Policy::parse(&text, "p.toml").expect("a sound policy");
        let errors: Vec<String> = validator()
            .iter_errors(&as_json(&text))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{text}");
    }
}

#[test]
fn what_the_schema_refuses_the_gate_refuses() {
    for line in [
        "version = 2",
        "version = 1\nhistroy = \"tip\"",
        "version = 1\nhistory = \"never\"",
        "version = 1\nconventions = \"true\"",
        "version = 1\n[environment.Staging]\ntier = \"staging\"",
        "version = 1\n[environment.staging]\nref = [\"a\"]",
        "version = 1\n[environment.staging.verdicts]\nrevoked = \"allow\"",
        "version = 1\n[environment.staging.identity]\nhost = [\"a\"]",
        "version = 1\n[words]\nignored = [\"qa\"]",
        "version = 1\n[inventory]\nkey-file = \"k\"",
        "version = 1\n[audit]\nrotation-age = 0",
        "version = 1\n[limits]\ntime-budget = \"soon\"",
        "version = 1\n[limits]\nunclaimed = \"warn\"",
        "version = 1\n[limits]\nmax-memory = \"much\"",
        "version = 1\n[log]\non-failure = \"warn\"",
        "version = 1\n[[override]]\nby = [\"GL_USERNAME=ada\"]",
        "version = 1\n[repositories]\nopen = [\"log\"]",
        "version = 1\n[rules]\ndisabled = []",
        "version = 1\n[[exception]]\nfingerprint = \"sg1:0000000000000000\"",
        "history = \"tip\"",
    ] {
        assert!(!validator().is_valid(&as_json(line)), "{line}");
        assert!(Policy::parse(line, "p.toml").is_err(), "{line}");
    }
}

#[test]
fn every_key_of_the_list_is_read() {
    // A number is a wrong value of every key: where no mistake comes of it, nobody read it.
    for table in Table::ALL {
        for name in table.names() {
            let heading = match table {
                Table::Top => "",
                Table::Environment => "[environment.staging]\n",
                Table::Verdicts => "[environment.staging.verdicts]\n",
                Table::Identity => "[environment.staging.identity]\n",
                Table::Unclaimed => "[unclaimed]\n",
                Table::Words => "[words]\n",
                Table::Inventory => "[inventory]\n",
                Table::Audit => "[audit]\n",
                Table::Limits => "[limits]\n",
                Table::Log => "[log]\n",
                Table::Override => "[[override]]\n",
                Table::Repositories => "[repositories]\n",
                Table::Rules => "[rules]\n",
                Table::Exception => "[[exception]]\n",
            };
            let version = if name == "version" {
                ""
            } else {
                "version = 1\n"
            };
            let text = format!("{version}{heading}{name} = 7.5\n");
            let line = text.lines().count();
            let errors = Policy::parse(&text, "p.toml").expect_err("a mistake");
            let here = errors.mistakes().iter().filter(|one| one.line == line);
            let here: Vec<&str> = here.map(|one| one.what.as_str()).collect();
            assert!(!here.is_empty(), "{name} is not read:\n{text}");
            let unknown = here.iter().any(|what| what.contains("unknown key"));
            assert!(!unknown, "{name}: {here:?}");
        }
    }
}

#[test]
fn the_files_in_docs_are_what_is_printed() {
    assert!(
        schema() == include_str!("../../../docs/stagegate-policy-1.schema.json"),
        "make it again: stagegate policy schema >docs/stagegate-policy-1.schema.json"
    );
    assert!(
        reference() == include_str!("../../../docs/policy-reference.md"),
        "make it again: stagegate policy schema --reference >docs/policy-reference.md"
    );
}
