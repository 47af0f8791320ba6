//! What stores print, to keys and values: JSON in the shapes of the usual clients, YAML, `KEY=VALUE`, or one value a line.
//! A value is only taken from where the store keeps secrets: names, dates and versions around it are none.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value};

use crate::model::words_of;
use crate::syntax::{self, Syntax};

/// How the input is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON, one document or several.
    Json,
    /// YAML.
    Yaml,
    /// `KEY=VALUE`, dotenv and shell.
    Pairs,
    /// One value a line; a PEM block is one value.
    Lines,
}

/// One value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// The key it stands under, dotted; `line 3` where there is none.
    pub key: String,
    /// The value.
    pub value: String,
    /// Why its place says that it is no secret.
    pub passed_over: Option<&'static str>,
}

/// Input that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Not text.
    #[error("the input is not UTF-8")]
    NotText,
    /// Not JSON, where JSON was asked for. The parser's own words may quote the input, so only the place is told.
    #[error("the input is not JSON: line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Ciphertext of a tool that should have opened it.
    #[error("the input is still encrypted by {0}: decrypt it on the way here")]
    Encrypted(&'static str),
}

/// Reads all values of an input; the form is found out where none is given.
///
/// # Errors
/// It is not text, not of the form that was asked for, or still encrypted.
pub fn read(bytes: &[u8], form: Option<Form>) -> Result<Vec<Given>, InputError> {
    let text = std::str::from_utf8(bytes).map_err(|_| InputError::NotText)?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with("$ANSIBLE_VAULT") {
        return Err(InputError::Encrypted("ansible-vault"));
    }
    let form = form.unwrap_or_else(|| form_of(text));
    let mut given = Vec::new();
    match form {
        Form::Json => {
            for document in documents(text).map_err(|error| InputError::NotJson {
                line: error.line(),
                column: error.column(),
            })? {
                of_store(&document, &mut given);
            }
        }
        Form::Yaml => of_entries(text, Syntax::Yaml, &mut given),
        Form::Pairs => of_entries(text, Syntax::Lines, &mut given),
        Form::Lines => lines(text, &mut given),
    }
    if given
        .iter()
        .any(|given| given.value.starts_with("ENC[AES256_GCM,"))
    {
        return Err(InputError::Encrypted("sops"));
    }
    let mut seen = HashSet::with_capacity(given.len());
    let is_first: Vec<bool> = given
        .iter()
        .map(|given| seen.insert(&given.value))
        .collect();
    let mut is_first = is_first.into_iter();
    given.retain(|_| is_first.next() == Some(true));
    Ok(given)
}

fn documents(text: &str) -> Result<Vec<Value>, serde_json::Error> {
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .collect()
}

fn form_of(text: &str) -> Form {
    let start = text.trim_start();
    if start.starts_with(['{', '[']) && documents(text).is_ok() {
        return Form::Json;
    }
    if start.starts_with("-----BEGIN ") {
        return Form::Lines;
    }
    let mut meaningful = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim_start().is_empty() && !line.trim_start().starts_with('#'));
    let first = meaningful.next().unwrap_or("");
    if first == "---" || yaml_key(first).is_some() {
        return Form::Yaml;
    }
    if pair_key(first) {
        return Form::Pairs;
    }
    Form::Lines
}

/// `key:` and `key: value`, where a value never has the shape.
fn yaml_key(line: &str) -> Option<&str> {
    let (key, rest) = line.split_once(':')?;
    let name = key.trim_start_matches("- ").trim_matches(['"', '\'']);
    let plain = !name.is_empty()
        && name
            .chars()
            .all(|character| character.is_alphanumeric() || "_-./@ ".contains(character));
    (plain && (rest.is_empty() || rest.starts_with(' '))).then_some(name)
}

/// `KEY=VALUE`: the padding of base64 is no value.
fn pair_key(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split_once('=').is_some_and(|(key, value)| {
        !value.trim_matches('=').is_empty()
            && key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && key
                .trim_end()
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character))
    })
}

fn lines(text: &str, given: &mut Vec<Given>) {
    let mut block: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some((start, so_far)) = &mut block {
            so_far.push_str(trimmed);
            so_far.push('\n');
            if trimmed.starts_with("-----END ") {
                push(given, &format!("line {start}"), so_far);
                block = None;
            }
        } else if trimmed.starts_with("-----BEGIN ") && !trimmed.contains("-----END ") {
            block = Some((number + 1, format!("{trimmed}\n")));
        } else if !trimmed.is_empty() {
            push(given, &format!("line {}", number + 1), trimmed);
        }
    }
    if let Some((start, so_far)) = block {
        push(given, &format!("line {start}"), &so_far);
    }
}

/// Entries of the tolerant readers. A Kubernetes Secret is known by its kind.
fn of_entries(text: &str, syntax: Syntax, given: &mut Vec<Given>) {
    let entries = syntax::read(text.as_bytes(), syntax).entries;
    let kubernetes = entries
        .iter()
        .any(|entry| entry.value == "Secret" && entry.path.last().is_some_and(|key| key == "kind"));
    for entry in entries {
        let within = entry.path.iter().rev().nth(1).map(String::as_str);
        let key = entry.path.join(".");
        match within {
            Some("data") if kubernetes => {
                push(given, &key, &decoded(&entry.value).unwrap_or(entry.value));
            }
            Some("stringData") if kubernetes => push(given, &key, &entry.value),
            _ if kubernetes => {}
            _ => push(given, &key, &entry.value),
        }
    }
}

/// Text in base64; `None` where it is something else.
fn decoded(value: &str) -> Option<String> {
    let digits: String = value.split_ascii_whitespace().collect();
    let bytes = STANDARD
        .decode(&digits)
        .or_else(|_| URL_SAFE.decode(&digits));
    String::from_utf8(bytes.ok()?).ok()
}

/// The shapes in which clients of stores print a secret, and anything else whole.
fn of_store(document: &Value, given: &mut Vec<Given>) {
    let Value::Object(object) = document else {
        return anything(document, "", given);
    };
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let inner = |key: &str| object.get(key).and_then(Value::as_object);
    // `kubectl get secret -o json`, one or a list.
    if text("apiVersion").is_some() && text("kind").is_some() {
        for item in object
            .get("items")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            of_store(item, given);
        }
        for (key, value) in inner("data").into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            push(
                given,
                key,
                &decoded(value).unwrap_or_else(|| value.to_owned()),
            );
        }
        for (key, value) in inner("stringData").into_iter().flatten() {
            anything(value, key, given);
        }
        return;
    }
    // `vault kv get -format=json`, versions 2 and 1 of the engine, and any other read of Vault.
    if object.contains_key("lease_id") && object.contains_key("data") {
        let Some(data) = inner("data") else { return };
        let kv2 = data
            .get("metadata")
            .is_some_and(|metadata| metadata.get("version").is_some());
        let values = if kv2 {
            data.get("data")
        } else {
            object.get("data")
        };
        return values.map_or((), |values| anything(values, "", given));
    }
    // `aws secretsmanager get-secret-value`, and the list that `batch-get-secret-value` prints.
    if let Some(Value::Array(values)) = object.get("SecretValues") {
        return values.iter().for_each(|value| of_store(value, given));
    }
    if object.contains_key("ARN") && object.contains_key("VersionId") {
        if let Some(value) = text("SecretString") {
            nested(value, text("Name").unwrap_or("SecretString"), given);
        }
        if let Some(value) = text("SecretBinary") {
            push(
                given,
                "SecretBinary",
                &decoded(value).unwrap_or_else(|| value.to_owned()),
            );
        }
        return;
    }
    // `aws ssm get-parameter` and `get-parameters`: only a SecureString is a secret.
    if let Some(parameter) = inner("Parameter") {
        return parameters(std::iter::once(parameter), given);
    }
    if let Some(Value::Array(all)) = object.get("Parameters")
        && all.iter().all(|one| one.get("ARN").is_some())
    {
        return parameters(all.iter().filter_map(Value::as_object), given);
    }
    // `op item get --format json`: what is concealed.
    if let Some(Value::Array(fields)) = object.get("fields")
        && object.contains_key("category")
    {
        for field in fields {
            let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default();
            let concealed = matches!(text("type"), "CONCEALED" | "SSHKEY" | "OTP")
                || text("purpose") == "PASSWORD";
            if concealed {
                push(given, text("label"), text("value"));
            }
        }
        return;
    }
    // `az keyvault secret show`.
    if object.contains_key("attributes") && text("id").is_some_and(|id| id.contains("/secrets/")) {
        return text("value").map_or((), |value| {
            nested(value, text("name").unwrap_or("value"), given)
        });
    }
    // `gcloud secrets versions access --format=json`.
    if let Some(data) = inner("payload").and_then(|payload| payload.get("data")?.as_str()) {
        let value = decoded(data).unwrap_or_else(|| data.to_owned());
        return nested(&value, text("name").unwrap_or("payload"), given);
    }
    anything(document, "", given);
}

fn parameters<'v>(all: impl Iterator<Item = &'v Map<String, Value>>, given: &mut Vec<Given>) {
    for parameter in all {
        let text = |key: &str| parameter.get(key).and_then(Value::as_str);
        if text("Type") == Some("SecureString") {
            nested(
                text("Value").unwrap_or_default(),
                text("Name").unwrap_or("Value"),
                given,
            );
        }
    }
}

/// A value that may be a document itself, as secrets of AWS mostly are.
fn nested(value: &str, key: &str, given: &mut Vec<Given>) {
    match serde_json::from_str(value) {
        Ok(Value::Object(object)) => anything(&Value::Object(object), "", given),
        _ => push(given, key, value),
    }
}

fn anything(value: &Value, key: &str, given: &mut Vec<Given>) {
    let below = |name: &str| {
        if key.is_empty() {
            name.to_owned()
        } else {
            format!("{key}.{name}")
        }
    };
    match value {
        Value::String(text) if text.trim_start().starts_with('{') => nested(text, key, given),
        Value::String(text) => push(given, key, text),
        Value::Number(number) => push(given, key, &number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| anything(item, key, given)),
        Value::Object(object) => {
            for (name, value) in object {
                anything(value, &below(name), given);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn push(given: &mut Vec<Given>, key: &str, value: &str) {
    let value = value.trim();
    if value.is_empty() {
        return;
    }
    let key = if key.is_empty() { "value" } else { key };
    let mut add = |value: &str, passed_over| {
        given.push(Given {
            key: key.to_owned(),
            value: value.to_owned(),
            passed_over,
        });
    };
    let password = password_of_url(value);
    add(
        value,
        if password.is_some() {
            None
        } else {
            passed_over(key, value)
        },
    );
    // The password of a connection string is a secret of its own, and is copied on its own.
    if let Some(password) = password {
        add(&password, None);
    }
}

/// The password in `scheme://user:password@host`, its URL encoding opened.
fn password_of_url(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (userinfo, _) = authority.rsplit_once('@')?;
    let (_, password) = userinfo.split_once(':')?;
    let mut bytes = Vec::with_capacity(password.len());
    let mut left = password.as_bytes();
    while let Some((&first, rest)) = left.split_first() {
        let pair = rest.get(..2).filter(|_| first == b'%');
        let byte = pair
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(byte.unwrap_or(first));
        left = if byte.is_some() { &rest[2..] } else { rest };
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|password| !password.is_empty())
}

/// Why a value that is kept beside secrets is none, by its key: a Secret holds user names, hosts and certificates too.
fn passed_over(key: &str, value: &str) -> Option<&'static str> {
    const NAMES: [&str; 36] = [
        "user",
        "username",
        "login",
        "email",
        "mail",
        "host",
        "hostname",
        "server",
        "endpoint",
        "url",
        "uri",
        "port",
        "database",
        "dbname",
        "db",
        "schema",
        "region",
        "zone",
        "name",
        "namespace",
        "type",
        "version",
        "engine",
        "project",
        "account",
        "arn",
        "path",
        "bucket",
        "table",
        "queue",
        "topic",
        "role",
        "domain",
        "tenant",
        "issuer",
        "audience",
    ];
    if value.starts_with("-----BEGIN CERTIFICATE-----") && !value.contains("PRIVATE KEY") {
        return Some("a certificate, which everybody may have");
    }
    if value.starts_with("-----BEGIN PUBLIC KEY-----") || value.starts_with("ssh-") {
        return Some("a public key, which everybody may have");
    }
    let words = words_of(key.rsplit('.').next().unwrap_or(key));
    let last = words.last()?.as_str();
    let before = words.iter().rev().nth(1).map_or("", String::as_str);
    let is_id = matches!(last, "id" | "ids") && !matches!(before, "secret" | "key");
    (NAMES.contains(&last) || is_id || words.iter().any(|word| word == "public"))
        .then_some("a name by its key: identifiers and addresses are no secrets")
}

#[cfg(test)]
mod tests {
    use super::{Form, Given, form_of, read};

    fn taken(text: &str) -> Vec<(String, String)> {
        read(text.as_bytes(), None)
            .expect("readable")
            .into_iter()
            .filter(|given| given.passed_over.is_none())
            .map(|Given { key, value, .. }| (key, value))
            .collect()
    }

    fn values(text: &str) -> Vec<String> {
        taken(text).into_iter().map(|(_, value)| value).collect()
    }

    #[test]
    fn forms_are_told_apart() {
        for (text, form) in [
            ("{\"a\": 1}", Form::Json),
            ("[1]", Form::Json),
            ("{\"a\": 1}\n{\"a\": 2}", Form::Json),
            ("---\na: b", Form::Yaml),
            ("# c\na: b\n", Form::Yaml),
            ("A=b\n", Form::Pairs),
            ("export A_B='c'\n", Form::Pairs),
            ("YWJj==\n", Form::Lines),
            ("{not json", Form::Lines),
            ("a=b@c:d/e", Form::Pairs),
            ("https://a.b/c", Form::Lines),
        ] {
            assert_eq!(form_of(text), form, "{text}");
        }
    }

    #[test]
    fn only_what_a_store_keeps_secret_is_taken() {
        for (text, expected) in [
            (
                r#"{"request_id":"r1","lease_id":"","lease_duration":0,"data":{"data":{"password":"p1","username":"u1"},"metadata":{"created_time":"t","version":3}},"auth":null}"#,
                vec!["p1"],
            ),
            (
                r#"{"request_id":"r1","lease_id":"","data":{"token":"p1","port":"5432"}}"#,
                vec!["p1"],
            ),
            (
                r#"{"ARN":"arn:x","Name":"prod/db","VersionId":"v","SecretString":"{\"username\":\"u\",\"password\":\"p1\",\"engine\":\"mysql\"}","VersionStages":["AWSCURRENT"]}"#,
                vec!["p1"],
            ),
            (
                r#"{"ARN":"arn:x","Name":"prod/key","VersionId":"v","SecretString":"p1"}"#,
                vec!["p1"],
            ),
            (
                r#"{"ARN":"arn:x","Name":"prod/key","VersionId":"v","SecretBinary":"cDE="}"#,
                vec!["p1"],
            ),
            (
                r#"{"Parameter":{"Name":"/a","Type":"SecureString","Value":"p1","ARN":"arn:x"}}"#,
                vec!["p1"],
            ),
            (
                r#"{"Parameter":{"Name":"/a","Type":"String","Value":"p1","ARN":"arn:x"}}"#,
                vec![],
            ),
            (
                r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"n","uid":"x"},"type":"Opaque","data":{"password":"cDE=","username":"dQ=="}}"#,
                vec!["p1"],
            ),
            (
                r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Secret","data":{"a":"cDE="}},{"apiVersion":"v1","kind":"Secret","stringData":{"b":"p2"}}]}"#,
                vec!["p1", "p2"],
            ),
            (
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: n\ndata:\n  password: cDE=\n",
                vec!["p1"],
            ),
            (
                r#"{"id":"i","title":"t","category":"LOGIN","fields":[{"id":"username","type":"STRING","label":"username","value":"u"},{"id":"password","type":"CONCEALED","purpose":"PASSWORD","label":"password","value":"p1"}]}"#,
                vec!["p1"],
            ),
            (
                r#"{"id":"https://v.vault.azure.net/secrets/n/1","name":"n","value":"p1","attributes":{"enabled":true}}"#,
                vec!["p1"],
            ),
            (
                r#"{"name":"projects/1/secrets/s/versions/1","payload":{"data":"cDE="}}"#,
                vec!["p1"],
            ),
            (
                "DB_PASSWORD=p1\nDB_HOST=h\nSECRET_ID=p2\nCLIENT_ID=c\n",
                vec!["p1", "p2"],
            ),
            ("db:\n  password: p1\n  host: h\n", vec!["p1"]),
            ("p1\n\np2\n", vec!["p1", "p2"]),
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_a_value_of_its_own() {
        assert_eq!(
            values("DATABASE_URL=postgres://u:p%401@h:5432/d"),
            ["postgres://u:p%401@h:5432/d", "p@1"]
        );
        assert_eq!(values("DATABASE_URL=postgres://h:5432/d"), [""; 0]);
    }

    #[test]
    fn a_pem_block_is_one_value() {
        let text = "-----BEGIN PRIVATE KEY-----\nAAAA\nBBBB\n-----END PRIVATE KEY-----\n";
        assert_eq!(values(text), [text.trim_end()]);
        assert!(
            values("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_empty()
        );
    }

    #[test]
    fn what_is_still_encrypted_is_refused() {
        assert!(read(b"$ANSIBLE_VAULT;1.1;AES256\n6162\n", None).is_err());
        assert!(read(b"a: ENC[AES256_GCM,data:abc,type:str]\n", None).is_err());
        assert!(read(b"\xff\xfe", None).is_err());
        let error = read(b"{\"password\": p1}", Some(Form::Json)).map(drop);
        assert!(!error.expect_err("no JSON").to_string().contains("p1"));
    }
}
