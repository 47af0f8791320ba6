//! Connection strings of pairs, where the rule's pattern gave no parts: ADO.NET and ODBC (`Server=…;Database=…;`), JDBC
//! parameters (`?user=…`), libpq (`host=… dbname=…`), Oracle's `(HOST=…)`, and flags of commands (`--host=…`).

use crate::model::Tier;

use super::name::{declared, of_name, strong, supporting};
use super::{Evidence, Surroundings, host};

/// Bytes before and after the value that may belong to the string.
const REACH: usize = 1000;
/// Pairs that are looked at.
const MOST: usize = 40;

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    if around.rule.provider_issued() && !around.rule.id.starts_with("azure-") {
        return;
    }
    let string = string_around(around);
    let Ok(string) = std::str::from_utf8(string) else {
        return;
    };
    if string.contains("UseDevelopmentStorage=true") {
        let text = "the connection string is the storage emulator's".to_owned();
        found.say(
            "connection",
            Tier::Test,
            crate::model::Strength::Decisive,
            text,
        );
    }
    let has = |group: &str| has_group(around, group);
    let (has_host, has_database, has_user, has_account) =
        (has("host"), has("database"), has("user"), has("account"));
    let from = found.signals.len();
    if !has_database && let Some(database) = database_of_jdbc(string) {
        of_database(database, around, found);
    }
    for (key, value) in pairs(string).take(MOST) {
        match key.as_str() {
            key if is_host_key(key) && !has_host => match value.strip_prefix("/cloudsql/") {
                Some(instance) => of_instance(instance, around, found),
                None => host::of_host(value, around, found),
            },
            key if is_database_key(key) && !has_database => {
                of_database(value, around, found);
            }
            "user" | "userid" | "uid" | "username" if !has_user => of_name(
                "connection",
                "user",
                value,
                |facts| &facts.tenants,
                supporting,
                around,
                found,
            ),
            "accountname" if !has_account => host::of_account(value, around, found),
            _ => {}
        }
    }
    found.seen_at(from, "connection", "in the same string");
    let from = found.signals.len();
    if !has_host && let Some(address) = host_of_command(around) {
        host::of_host(address, around, found);
        found.seen_at(from, "connection", "in the same command");
    }
}

/// The host that a client of a database is told on the command line that the value stands in: `-h db.example.com`.
fn host_of_command<'a>(around: &Surroundings<'a>) -> Option<&'a str> {
    const CLIENTS: [&str; 16] = [
        "clickhouse-client",
        "cqlsh",
        "influx",
        "mariadb",
        "mongo",
        "mongodump",
        "mongorestore",
        "mongosh",
        "mysql",
        "mysqladmin",
        "mysqldump",
        "pg_dump",
        "pg_restore",
        "psql",
        "redis-cli",
        "sqlcmd",
    ];
    let text = around.document.text();
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'|' | b';');
    let before = &text[around.span.start.saturating_sub(REACH)..around.span.start];
    let after = &text[around.span.end..text.len().min(around.span.end + REACH)];
    let start = around.span.start - before.iter().rev().take_while(|byte| !ends(byte)).count();
    let end = around.span.end + after.iter().take_while(|byte| !ends(byte)).count();
    let line = std::str::from_utf8(&text[start..end]).ok()?;
    let command = line.split("&&").find(|command| {
        let offset = command.as_ptr() as usize - line.as_ptr() as usize;
        start + offset + command.len() > around.span.start
    })?;
    let mut words = command
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '\'', '`', '(', ')', '$']));
    let name = words.find(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        CLIENTS.contains(&name)
    })?;
    let short = if name.ends_with("sqlcmd") { "-S" } else { "-h" };
    while let Some(word) = words.next() {
        if word == short || word == "--host" {
            return words.next();
        }
        // MySQL takes both in one word.
        if name.contains("mysql")
            && let Some(host) = word.strip_prefix(short).filter(|host| host.contains('.'))
        {
            return Some(host);
        }
    }
    None
}

/// The hosts and the database of the string, each with its list in `[environment.NAME.identity]`.
pub(super) fn names<'a>(around: &Surroundings<'a>) -> Vec<(&'static str, &'a str)> {
    if around.rule.provider_issued() {
        return Vec::new();
    }
    let Ok(string) = std::str::from_utf8(string_around(around)) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    if !has_group(around, "database") {
        names.extend(database_of_jdbc(string).map(|name| ("databases", name)));
    }
    for (key, value) in pairs(string).take(MOST) {
        if is_host_key(&key) && !has_group(around, "host") {
            names.extend(host::host_in(value).map(|host| ("hosts", host)));
        } else if is_database_key(&key) && !has_group(around, "database") {
            names.push(("databases", value));
        }
    }
    names
}

fn has_group(around: &Surroundings<'_>, group: &str) -> bool {
    around.groups.iter().any(|(name, _)| *name == group)
}

fn is_host_key(key: &str) -> bool {
    matches!(
        key,
        "server"
            | "datasource"
            | "host"
            | "hostname"
            | "addr"
            | "address"
            | "hostaddr"
            | "endpoint"
            | "accountendpoint"
    )
}

fn is_database_key(key: &str) -> bool {
    matches!(
        key,
        "database" | "initialcatalog" | "dbname" | "databasename"
    )
}

fn of_database(name: &str, around: &Surroundings<'_>, found: &mut Evidence) {
    of_name(
        "connection",
        "database",
        name,
        |facts| &facts.databases,
        supporting,
        around,
        found,
    );
}

/// `PROJECT:REGION:INSTANCE` of Cloud SQL.
fn of_instance(instance: &str, around: &Surroundings<'_>, found: &mut Evidence) {
    let mut parts = instance.split(':');
    let (project, name) = (parts.next().unwrap_or(""), parts.nth(1).unwrap_or(""));
    if !declared(
        "connection",
        "project",
        project,
        |facts| &facts.gcp_projects,
        around,
        found,
    ) {
        for part in [project, name] {
            of_name(
                "connection",
                "Cloud SQL",
                part,
                |facts| &facts.hosts,
                strong,
                around,
                found,
            );
        }
    }
}

/// The quoted text or the line that the value stands in.
fn string_around<'a>(around: &Surroundings<'a>) -> &'a [u8] {
    let text = around.document.text();
    let ends = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`' | b'\n' | b'\r' | b'<' | b'>');
    let before = &text[around.span.start.saturating_sub(REACH)..around.span.start];
    let after = &text[around.span.end..text.len().min(around.span.end + REACH)];
    let start = around.span.start - before.iter().rev().take_while(|byte| !ends(byte)).count();
    let end = around.span.end + after.iter().take_while(|byte| !ends(byte)).count();
    &text[start..end]
}

/// `shop` of `jdbc:postgresql://db.example.com:5432/shop?user=app`.
fn database_of_jdbc(string: &str) -> Option<&str> {
    let (_, rest) = string.split_once("jdbc:")?;
    let (_, rest) = rest.split_once("://")?;
    let (_, rest) = rest.split_once('/')?;
    let end = rest.find(['?', ';', ' ', '&']).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

/// Keys in lower case without spaces and hyphens, and values.
fn pairs(string: &str) -> impl Iterator<Item = (String, &str)> {
    let separators: &[char] = if string.contains(';') {
        &[';', '&', '?', '(', ')']
    } else {
        &[' ', '\t', '&', '?', '(', ')']
    };
    string.split(separators).filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        // `ConnectionString = Server=...`
        let (key, value) = match value.split_once('=') {
            Some((inner, value)) if is_key(inner) => (inner, value),
            _ => (key, value),
        };
        let key = key
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|character| character.to_ascii_lowercase())
            .collect();
        Some((key, value.trim()))
    })
}

fn is_key(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty()
        && text.len() <= 24
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b' ' || byte == b'_')
}
