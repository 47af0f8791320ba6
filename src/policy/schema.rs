//! A policy as it is written: every value with its place in the file, nothing checked against anything else.
//!
//! The reader walks the parsed document instead of deserialising it, because a deserialiser stops at the first mistake
//! and a policy is to be mended in one go. The rules are those of `deny_unknown_fields`: a key that is not known here is
//! a mistake.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::keys::Table;
use super::mistake::{Mistakes, did_you_mean};
use super::table::Row;

/// A value and the byte offset where it is written.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

pub(super) type Text = At<String>;

/// The whole file.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The keys at the top of the file, and where each is written.
    pub(super) keys: Vec<At<String>>,
    /// The inner `None` is a version that could not be read, which is a mistake already.
    pub(super) version: Option<Option<At<i64>>>,
    pub(super) history: Option<Text>,
    pub(super) precedence: Option<Text>,
    pub(super) conventions: Option<At<bool>>,
    pub(super) inline_allow: Option<Text>,
    /// In the order of the file.
    pub(super) environments: Vec<WrittenEnvironment>,
    pub(super) unclaimed: Vec<(Text, Text)>,
    pub(super) ignored_words: Vec<Text>,
    pub(super) false_friends: Vec<Text>,
    pub(super) inventory: Option<WrittenInventory>,
    pub(super) audit: Option<WrittenAudit>,
    pub(super) limits: Option<WrittenLimits>,
    pub(super) log: Option<WrittenLog>,
    pub(super) overrides: Vec<WrittenOverride>,
    /// The keys that repositories may set.
    pub(super) open: Vec<Text>,
    pub(super) exceptions: Vec<WrittenException>,
    pub(super) honour: Vec<Text>,
    pub(super) rules: Vec<crate::rules::Rule>,
    pub(super) disabled_rules: Vec<Text>,
    pub(super) rule_files: Vec<Text>,
}

/// `[environment.NAME]`.
#[derive(Debug)]
pub(super) struct WrittenEnvironment {
    pub(super) name: Text,
    pub(super) tier: Option<Text>,
    pub(super) refs: Vec<Text>,
    pub(super) paths: Vec<Text>,
    pub(super) sections: Vec<Text>,
    pub(super) words: Vec<Text>,
    pub(super) verdicts: Vec<(Text, Text)>,
    pub(super) identity: Option<At<WrittenIdentity>>,
}

/// `[environment.NAME.identity]`.
#[derive(Debug, Default)]
pub(super) struct WrittenIdentity {
    pub(super) hosts: Vec<Text>,
    pub(super) aws_accounts: Vec<Text>,
    pub(super) gcp_projects: Vec<Text>,
    pub(super) azure_subscriptions: Vec<Text>,
    pub(super) tenants: Vec<Text>,
    pub(super) namespaces: Vec<Text>,
    pub(super) clusters: Vec<Text>,
    pub(super) databases: Vec<Text>,
    pub(super) vault_paths: Vec<Text>,
    pub(super) kms_keys: Vec<Text>,
    pub(super) age_recipients: Vec<Text>,
}

/// `[inventory]`.
#[derive(Debug)]
pub(super) struct WrittenInventory {
    pub(super) offset: usize,
    pub(super) file: Option<Text>,
    pub(super) key_file: Option<Text>,
}

/// `[audit]`.
#[derive(Debug, Default)]
pub(super) struct WrittenAudit {
    pub(super) rotation_age: Option<At<i64>>,
    pub(super) baseline: Option<Text>,
}

/// `[limits]`.
#[derive(Debug, Default)]
pub(super) struct WrittenLimits {
    pub(super) time_budget: Option<Text>,
    pub(super) max_memory: Option<Text>,
    pub(super) unclaimed: Option<Text>,
}

/// `[log]`.
#[derive(Debug, Default)]
pub(super) struct WrittenLog {
    pub(super) file: Option<Text>,
    pub(super) forward: Option<Text>,
    pub(super) on_failure: Option<Text>,
    pub(super) metrics: Option<Text>,
}

/// `[[override]]`.
#[derive(Debug)]
pub(super) struct WrittenOverride {
    pub(super) offset: usize,
    pub(super) by: Vec<Text>,
    pub(super) families: Vec<Text>,
    /// The inner `None` is a day that could not be read, which is a mistake already.
    pub(super) expires: Option<Option<At<(i16, i8, i8)>>>,
}

/// `[[exception]]`.
#[derive(Debug)]
pub(super) struct WrittenException {
    pub(super) offset: usize,
    /// The keys that are there, those whose value could not be read included: such a one is wrong, not missing.
    pub(super) keys: Vec<String>,
    pub(super) fingerprint: Option<Text>,
    pub(super) environment: Option<Text>,
    pub(super) rule: Option<Text>,
    pub(super) path: Option<Text>,
    pub(super) reason: Option<Text>,
    pub(super) approver: Option<Text>,
    pub(super) expires: Option<At<(i16, i8, i8)>>,
}

/// Reads a file; what cannot be read goes to `mistakes` and is left out. `None` where the file is not TOML at all.
pub(super) fn read(text: &str, mistakes: &mut Mistakes<'_>) -> Option<Written> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // One slip of the pen derails the parser for the rest of the line, and what it then makes of the file is not
        // what was meant: the first complaint of a line is enough, and the content is checked once the file is TOML.
        let mut errors: Vec<_> = errors
            .into_iter()
            .map(|error| (error.span().map_or(0, |span| span.start), error))
            .collect();
        errors.sort_by_key(|(offset, _)| *offset);
        let mut told = 0;
        for (offset, error) in errors {
            let line = mistakes.line(offset);
            if line > told {
                told = line;
                mistakes.add(
                    offset,
                    format!("not TOML: {}", error.message()),
                    "mend this first; the rest of the file is checked once it can be read",
                );
            }
        }
        return None;
    }
    Some(Reader { mistakes }.file(document.get_ref()))
}

struct Reader<'m, 't> {
    mistakes: &'m mut Mistakes<'t>,
}

type Entry<'d, 'i> = (&'d str, usize, &'d Spanned<DeValue<'i>>);

/// The entries of a table in the order of the file.
fn entries<'d, 'i>(table: &'d DeTable<'i>) -> Vec<Entry<'d, 'i>> {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), key.span().start, value))
        .collect();
    entries.sort_by_key(|(_, offset, _)| *offset);
    entries
}

impl Reader<'_, '_> {
    fn file(&mut self, table: &DeTable<'_>) -> Written {
        let mut written = Written::default();
        for (key, at, value) in self.known(table, Table::Top, "the file") {
            written.keys.push(At {
                value: key.to_owned(),
                offset: at,
            });
            match key {
                "version" => written.version = Some(self.integer(value, key)),
                "history" => written.history = self.text(value, key),
                "precedence" => written.precedence = self.text(value, key),
                "conventions" => written.conventions = self.boolean(value, key),
                "inline-allow" => written.inline_allow = self.text(value, key),
                "environment" => {
                    for (name, at, value) in self.table(value, key).map_or(Vec::new(), entries) {
                        let name = At {
                            value: name.to_owned(),
                            offset: at,
                        };
                        written.environments.extend(self.environment(name, value));
                    }
                }
                "unclaimed" => {
                    for (inner, _, value) in self.inner(value, key, Table::Unclaimed, "[unclaimed]")
                    {
                        if inner == "verdicts" {
                            written.unclaimed = self.verdicts(value, inner);
                        }
                    }
                }
                "words" => {
                    for (inner, _, value) in self.inner(value, key, Table::Words, "[words]") {
                        match inner {
                            "ignore" => written.ignored_words = self.texts(value, inner),
                            "false-friends" => written.false_friends = self.texts(value, inner),
                            _ => {}
                        }
                    }
                }
                "inventory" => {
                    let mut inventory = WrittenInventory {
                        offset: at,
                        file: None,
                        key_file: None,
                    };
                    for (inner, _, value) in self.inner(value, key, Table::Inventory, "[inventory]")
                    {
                        match inner {
                            "file" => inventory.file = self.text(value, inner),
                            "key-file" => inventory.key_file = self.text(value, inner),
                            _ => {}
                        }
                    }
                    written.inventory = Some(inventory);
                }
                "audit" => {
                    let mut audit = WrittenAudit::default();
                    for (inner, _, value) in self.inner(value, key, Table::Audit, "[audit]") {
                        match inner {
                            "rotation-age" => audit.rotation_age = self.integer(value, inner),
                            "baseline" => audit.baseline = self.text(value, inner),
                            _ => {}
                        }
                    }
                    written.audit = Some(audit);
                }
                "limits" => {
                    let mut limits = WrittenLimits::default();
                    for (inner, _, value) in self.inner(value, key, Table::Limits, "[limits]") {
                        match inner {
                            "time-budget" => limits.time_budget = self.text(value, inner),
                            "max-memory" => limits.max_memory = self.text(value, inner),
                            "unclaimed" => limits.unclaimed = self.text(value, inner),
                            _ => {}
                        }
                    }
                    written.limits = Some(limits);
                }
                "log" => {
                    let mut log = WrittenLog::default();
                    for (inner, _, value) in self.inner(value, key, Table::Log, "[log]") {
                        match inner {
                            "file" => log.file = self.text(value, inner),
                            "forward" => log.forward = self.text(value, inner),
                            "on-failure" => log.on_failure = self.text(value, inner),
                            "metrics" => log.metrics = self.text(value, inner),
                            _ => {}
                        }
                    }
                    written.log = Some(log);
                }
                "override" => {
                    if let Some(array) = self.array(value, key) {
                        for item in array.iter() {
                            written.overrides.extend(self.overriding(item));
                        }
                    }
                }
                "repositories" => {
                    for (inner, _, value) in
                        self.inner(value, key, Table::Repositories, "[repositories]")
                    {
                        if inner == "open" {
                            written.open = self.texts(value, inner);
                        }
                    }
                }
                "honour" => written.honour = self.texts(value, key),
                "rule" => {
                    let mut faults = Vec::new();
                    written.rules = crate::rules::own::read_rules(value, &mut faults);
                    for fault in faults {
                        self.mistakes.add(fault.offset, fault.what, fault.hint);
                    }
                }
                "rules" => {
                    for (inner, _, value) in self.inner(value, key, Table::Rules, "[rules]") {
                        match inner {
                            "disable" => written.disabled_rules = self.texts(value, inner),
                            "files" => written.rule_files = self.texts(value, inner),
                            _ => {}
                        }
                    }
                }
                "exception" => {
                    if let Some(array) = self.array(value, key) {
                        for item in array.iter() {
                            written.exceptions.extend(self.exception(item));
                        }
                    }
                }
                _ => {}
            }
        }
        written
    }

    fn environment(
        &mut self,
        name: Text,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<WrittenEnvironment> {
        let table = self.table(value, &name.value)?;
        let place = format!("[environment.{}]", name.value);
        let mut written = WrittenEnvironment {
            name,
            tier: None,
            refs: Vec::new(),
            paths: Vec::new(),
            sections: Vec::new(),
            words: Vec::new(),
            verdicts: Vec::new(),
            identity: None,
        };
        for (key, at, value) in self.known(table, Table::Environment, &place) {
            match key {
                "tier" => written.tier = self.text(value, key),
                "refs" => written.refs = self.texts(value, key),
                "paths" => written.paths = self.texts(value, key),
                "sections" => written.sections = self.texts(value, key),
                "words" => written.words = self.texts(value, key),
                "verdicts" => written.verdicts = self.verdicts(value, key),
                "identity" => {
                    written.identity = self
                        .table(value, key)
                        .map(|table| self.identity(table, at, &written.name.value));
                }
                _ => {}
            }
        }
        Some(written)
    }

    fn identity(
        &mut self,
        table: &DeTable<'_>,
        offset: usize,
        environment: &str,
    ) -> At<WrittenIdentity> {
        let mut written = WrittenIdentity::default();
        let place = format!("[environment.{environment}.identity]");
        for (key, _, value) in self.known(table, Table::Identity, &place) {
            let list = match key {
                "hosts" => &mut written.hosts,
                "aws-accounts" => &mut written.aws_accounts,
                "gcp-projects" => &mut written.gcp_projects,
                "azure-subscriptions" => &mut written.azure_subscriptions,
                "tenants" => &mut written.tenants,
                "namespaces" => &mut written.namespaces,
                "clusters" => &mut written.clusters,
                "databases" => &mut written.databases,
                "vault-paths" => &mut written.vault_paths,
                "kms-keys" => &mut written.kms_keys,
                "age-recipients" => &mut written.age_recipients,
                _ => continue,
            };
            *list = self.texts(value, key);
        }
        At {
            value: written,
            offset,
        }
    }

    fn verdicts(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Vec<(Text, Text)> {
        let mut written = Vec::new();
        for (key, at, value) in self.table(value, key).map_or(Vec::new(), entries) {
            if Row::of_key(key).is_none() {
                let keys: Vec<&str> = Row::ALL.iter().map(|row| row.key()).collect();
                self.unknown(key, at, "a table of verdicts", &keys);
            } else if let Some(verdict) = self.text(value, key) {
                let key = At {
                    value: key.to_owned(),
                    offset: at,
                };
                written.push((key, verdict));
            }
        }
        written
    }

    fn exception(&mut self, value: &Spanned<DeValue<'_>>) -> Option<WrittenException> {
        let table = self.table(value, "exception")?;
        let mut written = WrittenException {
            offset: value.span().start,
            keys: entries(table)
                .into_iter()
                .map(|(key, ..)| key.to_owned())
                .collect(),
            fingerprint: None,
            environment: None,
            rule: None,
            path: None,
            reason: None,
            approver: None,
            expires: None,
        };
        for (key, _, value) in self.known(table, Table::Exception, "[[exception]]") {
            match key {
                "fingerprint" => written.fingerprint = self.text(value, key),
                "environment" => written.environment = self.text(value, key),
                "rule" => written.rule = self.text(value, key),
                "path" => written.path = self.text(value, key),
                "reason" => written.reason = self.text(value, key),
                "approver" => written.approver = self.text(value, key),
                "expires" => written.expires = self.date(value, key),
                _ => {}
            }
        }
        Some(written)
    }

    fn overriding(&mut self, value: &Spanned<DeValue<'_>>) -> Option<WrittenOverride> {
        let table = self.table(value, "override")?;
        let mut written = WrittenOverride {
            offset: value.span().start,
            by: Vec::new(),
            families: Vec::new(),
            expires: None,
        };
        for (key, _, value) in self.known(table, Table::Override, "[[override]]") {
            match key {
                "by" => written.by = self.texts(value, key),
                "families" => written.families = self.texts(value, key),
                "expires" => written.expires = Some(self.date(value, key)),
                _ => {}
            }
        }
        Some(written)
    }

    /// The entries of a table that `keys.rs` lists; every other one is a mistake.
    fn known<'d, 'i>(
        &mut self,
        table: &'d DeTable<'i>,
        of: Table,
        place: &str,
    ) -> Vec<Entry<'d, 'i>> {
        let mut known = entries(table);
        known.retain(|(key, at, _)| {
            let listed = of.names().any(|name| name == *key);
            if !listed {
                let names: Vec<&str> = of.names().collect();
                self.unknown(key, *at, place, &names);
            }
            listed
        });
        known
    }

    /// The same of what must be a table.
    fn inner<'d, 'i>(
        &mut self,
        value: &'d Spanned<DeValue<'i>>,
        key: &str,
        of: Table,
        place: &str,
    ) -> Vec<Entry<'d, 'i>> {
        match self.table(value, key) {
            Some(table) => self.known(table, of, place),
            None => Vec::new(),
        }
    }

    fn unknown(&mut self, key: &str, offset: usize, place: &str, known: &[&str]) {
        self.mistakes.add(
            offset,
            format!("unknown key `{}` in {place}", shown(key)),
            did_you_mean(key, known),
        );
    }

    fn wrong(&mut self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str, example: &str) {
        self.mistakes.add(
            value.span().start,
            format!(
                "`{}` is {wanted}, not {}",
                shown(key),
                kind(value.get_ref())
            ),
            format!("write {example}"),
        );
    }

    fn text(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<Text> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(value, key, "a text", &format!("`{key} = \"...\"`"));
            return None;
        };
        let offset = value.span().start;
        if text.chars().any(char::is_control) {
            self.mistakes.add(
                offset,
                format!("`{}` holds a control character", shown(key)),
                "write it on one line of plain text",
            );
            return None;
        }
        Some(At {
            value: text.clone().into_owned(),
            offset,
        })
    }

    fn texts(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Vec<Text> {
        if let DeValue::String(_) = value.get_ref() {
            self.wrong(
                value,
                key,
                "a list of texts",
                &format!("`{key} = [\"...\"]`"),
            );
            return Vec::new();
        }
        let Some(array) = self.array(value, key) else {
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|item| self.text(item, key))
            .collect()
    }

    fn array<'d, 'i>(
        &mut self,
        value: &'d Spanned<DeValue<'i>>,
        key: &str,
    ) -> Option<&'d DeArray<'i>> {
        let array = value.get_ref().as_array();
        if array.is_none() {
            let example = match key {
                "exception" | "override" => format!("`[[{key}]]`, in double brackets"),
                _ => format!("`{key} = [\"...\"]`"),
            };
            self.wrong(value, key, "a list", &example);
        }
        array
    }

    fn table<'d, 'i>(
        &mut self,
        value: &'d Spanned<DeValue<'i>>,
        key: &str,
    ) -> Option<&'d DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong(
                value,
                key,
                "a table",
                "it as a heading in brackets with `key = value` lines below it",
            );
        }
        table
    }

    fn boolean(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<At<bool>> {
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            self.wrong(
                value,
                key,
                "true or false",
                &format!("`{key} = true`, without quotes"),
            );
        }
        boolean.map(|boolean| At {
            value: boolean,
            offset: value.span().start,
        })
    }

    fn integer(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<At<i64>> {
        let integer = value
            .get_ref()
            .as_integer()
            .and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
        if integer.is_none() {
            self.wrong(
                value,
                key,
                "a number",
                &format!("`{key} = 1`, without quotes"),
            );
        }
        integer.map(|integer| At {
            value: integer,
            offset: value.span().start,
        })
    }

    fn date(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<At<(i16, i8, i8)>> {
        let date = value
            .get_ref()
            .as_datetime()
            .filter(|datetime| datetime.time.is_none() && datetime.offset.is_none())
            .and_then(|datetime| datetime.date)
            .and_then(|date| {
                Some((
                    i16::try_from(date.year).ok()?,
                    i8::try_from(date.month).ok()?,
                    i8::try_from(date.day).ok()?,
                ))
            });
        if date.is_none() {
            self.wrong(
                value,
                key,
                "a date",
                &format!("`{key} = 2030-12-31`, a day without quotes and without a time"),
            );
        }
        date.map(|date| At {
            value: date,
            offset: value.span().start,
        })
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A key as it may stand in a message: short, and without control characters.
fn shown(key: &str) -> String {
    key.chars()
        .take(60)
        .flat_map(|character| {
            if character.is_control() {
                character.escape_default().collect::<Vec<_>>()
            } else {
                vec![character]
            }
        })
        .collect()
}
