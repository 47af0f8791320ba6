//! Every key of a policy: where it stands, what it may hold, what it means. The reader takes no key that is not listed here;
//! the JSON schema for editors and the reference page are made of it.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::beside::OPENABLE;
use super::table::Row;
use crate::model::Family;

/// A table of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Top,
    Environment,
    Verdicts,
    Identity,
    Unclaimed,
    Words,
    Inventory,
    Audit,
    Limits,
    Log,
    Rules,
    Exception,
    Override,
    Repositories,
}

/// What a key may hold.
#[derive(Debug, Clone, Copy)]
enum Holds {
    Text,
    Texts,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A list of these texts.
    Choices(&'static [&'static str]),
    Flag,
    /// This number.
    Exactly(i64),
    /// A number of days.
    Days,
    /// A duration.
    Duration,
    /// An amount of memory.
    Size,
    /// A day, without quotes.
    Day,
    /// A table of this kind.
    One(Table),
    /// Tables of this kind, each below a name of its own.
    Named(Table),
    /// A list of tables of this kind.
    Many(Table),
    /// A list of rules, whose schema is that of the rule packs.
    OwnRules,
}

/// One key.
struct Key {
    name: &'static str,
    holds: Holds,
    required: bool,
    meaning: &'static str,
}

/// A key that may be left out.
const fn key(name: &'static str, holds: Holds, meaning: &'static str) -> Key {
    Key {
        name,
        holds,
        required: false,
        meaning,
    }
}

/// A key that may not.
const fn required(name: &'static str, holds: Holds, meaning: &'static str) -> Key {
    Key {
        name,
        holds,
        required: true,
        meaning,
    }
}

const TIERS: &[&str] = &["production", "staging", "development", "test"];
const FAMILIES: &[&str] = &{
    let (mut names, mut at) = ([""; Family::ALL.len()], 0);
    while at < names.len() {
        names[at] = Family::ALL[at].as_str();
        at += 1;
    }
    names
};
const VERDICTS: &[&str] = &["block", "warn", "allow"];

static TOP: &[Key] = &[
    required(
        "version",
        Holds::Exactly(1),
        "The version of the format that the policy was written for.",
    ),
    key(
        "history",
        Holds::Choice(&["environment", "repository", "tip"]),
        "Which commits of a push are looked into for what they held meanwhile: those not yet on a branch of the same environment (the default), those new to the repository, none.",
    ),
    key(
        "precedence",
        Holds::Choice(&["strictest", "path"]),
        "Which claim counts where there are several: all of them, the strictest verdict holds (the default); or those by path and section, and those by branch only where there is no other.",
    ),
    key(
        "conventions",
        Holds::Flag,
        "Whether places are also claimed by the usual names (the default), or only by what the policy declares.",
    ),
    key(
        "inline-allow",
        Holds::Choice(&["laptop", "always", "never"]),
        "Where a comment `stagegate:allow` beside a value lets it pass: in pre-commit and pre-push only (the default), in every mode, nowhere.",
    ),
    key(
        "honour",
        Holds::Choices(&["gitleaks:allow", ".gitleaksignore"]),
        "Which remarks of gitleaks let a value pass, too, wherever inline comments count. None by default.",
    ),
    key(
        "environment",
        Holds::Named(Table::Environment),
        "Environments. `production`, `staging`, `development` and `test` are there by default, each of the tier of its name.",
    ),
    key(
        "unclaimed",
        Holds::One(Table::Unclaimed),
        "Places that no environment claims.",
    ),
    key(
        "words",
        Holds::One(Table::Words),
        "Words that mean something else in this house.",
    ),
    key(
        "inventory",
        Holds::One(Table::Inventory),
        "The inventory of known secrets.",
    ),
    key(
        "audit",
        Holds::One(Table::Audit),
        "What `stagegate audit` measures by.",
    ),
    key(
        "limits",
        Holds::One(Table::Limits),
        "How long a push may take on a server, and how much memory.",
    ),
    key(
        "log",
        Holds::One(Table::Log),
        "What is written down about each push on a server. Only in the administrator's policy.",
    ),
    key("rules", Holds::One(Table::Rules), "Which rules are used."),
    key("rule", Holds::OwnRules, "Rules of your own."),
    key(
        "exception",
        Holds::Many(Table::Exception),
        "Values that a person lets pass, each at one environment and until a day.",
    ),
    key(
        "override",
        Holds::Many(Table::Override),
        "Who may let a value pass once, with `git push -o stagegate.override=FINGERPRINT:REASON`. Only in the administrator's policy.",
    ),
    key(
        "repositories",
        Holds::One(Table::Repositories),
        "What a policy that stands in a repository may say beside this one. Only in the administrator's policy.",
    ),
];

static ENVIRONMENT: &[Key] = &[
    key(
        "tier",
        Holds::Choice(TIERS),
        "The kind of environment. Required for one that is not there by default.",
    ),
    key(
        "refs",
        Holds::Texts,
        "Branches and other refs that belong to it; `release/*` is short for `refs/heads/release/*`.",
    ),
    key(
        "paths",
        Holds::Texts,
        "Paths from the root of the tree that belong to it; one without wildcards is the file, or everything below the directory.",
    ),
    key(
        "sections",
        Holds::Texts,
        "Sections of configuration files that belong to it: a name, or a key path from the top of the file.",
    ),
    key(
        "words",
        Holds::Texts,
        "More words that name it, in branches, paths, sections and evidence.",
    ),
    key(
        "verdicts",
        Holds::One(Table::Verdicts),
        "What may go there, row by row; each replaces the default of the tier.",
    ),
    key(
        "identity",
        Holds::One(Table::Identity),
        "Facts that prove that a value is its own.",
    ),
];

static IDENTITY: &[Key] = &[
    key(
        "hosts",
        Holds::Texts,
        "Host names, addresses and networks; `*` stands for any run of characters.",
    ),
    key(
        "aws-accounts",
        Holds::Texts,
        "AWS account ids of 12 digits.",
    ),
    key(
        "gcp-projects",
        Holds::Texts,
        "Ids of Google Cloud projects.",
    ),
    key(
        "azure-subscriptions",
        Holds::Texts,
        "UUIDs of Azure subscriptions.",
    ),
    key(
        "tenants",
        Holds::Texts,
        "Accounts, organisations and tenants of other services.",
    ),
    key("namespaces", Holds::Texts, "Kubernetes namespaces."),
    key("clusters", Holds::Texts, "Clusters, by name or ARN."),
    key("databases", Holds::Texts, "Names of databases."),
    key("vault-paths", Holds::Texts, "Paths in a secret store."),
    key(
        "kms-keys",
        Holds::Texts,
        "Keys of a key service, by ARN or URL.",
    ),
    key("age-recipients", Holds::Texts, "Public keys of age."),
];

static UNCLAIMED: &[Key] = &[key(
    "verdicts",
    Holds::One(Table::Verdicts),
    "What may go where nothing claims the place, row by row.",
)];

static WORDS: &[Key] = &[
    key(
        "ignore",
        Holds::Texts,
        "Environment words that name no environment here, such as a product called \"Live\".",
    ),
    key(
        "false-friends",
        Holds::Texts,
        "Names of several words in which an environment word is none: `prod-studio`.",
    ),
];

static INVENTORY: &[Key] = &[
    required("file", Holds::Text, "The file."),
    key(
        "key-file",
        Holds::Text,
        "The file of its key. May be missing where the environment variable STAGEGATE_INVENTORY_KEY holds it.",
    ),
];

static AUDIT: &[Key] = &[
    key(
        "rotation-age",
        Holds::Days,
        "Days after which a credential should have been rotated; 90 where nothing is said.",
    ),
    key(
        "baseline",
        Holds::Text,
        "The file, beside the policy, of values that stood when somebody took stock: they are warned about and not refused.",
    ),
];

static LIMITS: &[Key] = &[
    key(
        "time-budget",
        Holds::Duration,
        "How long `pre-receive` and `update` may take. What was not examined by then is refused, and the report says what that is. Without it 4 s on GitHub Enterprise Server, which stops hooks after 5 s, and no limit elsewhere.",
    ),
    key(
        "max-memory",
        Holds::Size,
        "How much memory `pre-receive` and `update` may take, the mapped packs apart. What would need more is refused as not examined.",
    ),
    key(
        "unclaimed",
        Holds::Choice(&["refuse", "allow"]),
        "What happens to a ref that no environment claims when the time ends before it was examined: it is refused (the default), or it passes and the report says so.",
    ),
];

static LOG: &[Key] = &[
    key(
        "file",
        Holds::Text,
        "The audit log, a whole path: one line of JSON for each push, each with the hash of the line before.",
    ),
    key(
        "forward",
        Holds::Text,
        "The socket of the system's log, `/dev/log`: journald, rsyslog or syslog-ng gets every line of the file, too, as `syslog(3)` would send it.",
    ),
    key(
        "on-failure",
        Holds::Choice(&["refuse", "continue"]),
        "What happens to a push whose line cannot be written or forwarded: it is refused (the default), or judged as if it had been. One with an override is always refused then.",
    ),
    key(
        "metrics",
        Holds::Text,
        "Counters for the textfile collector of node_exporter, a whole path that ends in `.prom`.",
    ),
];

static OVERRIDE: &[Key] = &[
    required(
        "by",
        Holds::Texts,
        "Who, as the server tells it: `GL_USERNAME=ada`. The variable is one of GL_USERNAME, GITHUB_USER_LOGIN, GITEA_PUSHER_NAME, BB_USER_NAME, GL_USER, REMOTE_USER.",
    ),
    required(
        "families",
        Holds::Choices(FAMILIES),
        "What they may let pass. What the inventory knows as revoked nobody may.",
    ),
    key("expires", Holds::Day, "The last day on which they may."),
];

static REPOSITORIES: &[Key] = &[key(
    "open",
    Holds::Choices(&OPENABLE),
    "Keys that the repository's policy may set. Every other key is locked: there it has no say, and the report names the lines.",
)];

static RULES: &[Key] = &[
    key("disable", Holds::Texts, "Ids of rules that are left out."),
    key(
        "files",
        Holds::Texts,
        "Files of rules beside the policy; the last part of a path may hold one `*`.",
    ),
];

static EXCEPTION: &[Key] = &[
    required(
        "fingerprint",
        Holds::Text,
        "The fingerprint of the value, from the finding.",
    ),
    required(
        "environment",
        Holds::Text,
        "The environment where it may pass, or `unclaimed`.",
    ),
    key("rule", Holds::Text, "Only as a finding of this rule."),
    key("path", Holds::Text, "Only in these files; a pattern."),
    required("reason", Holds::Text, "Why it has to pass."),
    required("approver", Holds::Text, "Who answers for it."),
    required("expires", Holds::Day, "The last day on which it holds."),
];

impl Table {
    const ALL: [Self; 14] = [
        Self::Top,
        Self::Environment,
        Self::Verdicts,
        Self::Identity,
        Self::Unclaimed,
        Self::Words,
        Self::Inventory,
        Self::Audit,
        Self::Limits,
        Self::Log,
        Self::Rules,
        Self::Exception,
        Self::Override,
        Self::Repositories,
    ];

    /// The names of its keys.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let rows = if self == Self::Verdicts {
            &Row::ALL[..]
        } else {
            &[]
        };
        let rows = rows.iter().map(|row| row.key());
        self.keys().iter().map(|key| key.name).chain(rows)
    }

    /// Its keys; those of a table of verdicts are the rows.
    const fn keys(self) -> &'static [Key] {
        match self {
            Self::Top => TOP,
            Self::Environment => ENVIRONMENT,
            Self::Verdicts => &[],
            Self::Identity => IDENTITY,
            Self::Unclaimed => UNCLAIMED,
            Self::Words => WORDS,
            Self::Inventory => INVENTORY,
            Self::Audit => AUDIT,
            Self::Limits => LIMITS,
            Self::Log => LOG,
            Self::Override => OVERRIDE,
            Self::Repositories => REPOSITORIES,
            Self::Rules => RULES,
            Self::Exception => EXCEPTION,
        }
    }

    /// As a heading in a policy.
    const fn heading(self) -> &'static str {
        match self {
            Self::Top => "The top of the file",
            Self::Environment => "`[environment.NAME]`",
            Self::Verdicts => "`[environment.NAME.verdicts]`, `[unclaimed.verdicts]`",
            Self::Identity => "`[environment.NAME.identity]`",
            Self::Unclaimed => "`[unclaimed]`",
            Self::Words => "`[words]`",
            Self::Inventory => "`[inventory]`",
            Self::Audit => "`[audit]`",
            Self::Limits => "`[limits]`",
            Self::Log => "`[log]`",
            Self::Override => "`[[override]]`",
            Self::Repositories => "`[repositories]`",
            Self::Rules => "`[rules]`",
            Self::Exception => "`[[exception]]`",
        }
    }

    fn schema(self) -> Value {
        let mut properties = Map::new();
        for key in self.keys() {
            let mut schema = key.holds.schema();
            schema["description"] = key.meaning.into();
            properties.insert(key.name.to_owned(), schema);
        }
        if self == Self::Verdicts {
            for row in Row::ALL {
                let verdicts: &[&str] = match row {
                    Row::Revoked => &["block"],
                    _ => VERDICTS,
                };
                let schema =
                    json!({ "enum": verdicts, "description": format!("{}.", row.subject()) });
                properties.insert(row.key().to_owned(), schema);
            }
        }
        let required: Vec<&str> = self
            .keys()
            .iter()
            .filter(|key| key.required)
            .map(|key| key.name)
            .collect();
        let mut schema = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": properties,
        });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema
    }
}

impl Holds {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Choice(values) => json!({ "enum": values }),
            Self::Choices(values) => json!({ "type": "array", "items": { "enum": values } }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Exactly(number) => json!({ "const": number }),
            Self::Days => {
                json!({ "type": "integer", "minimum": 1, "maximum": super::validate::MOST_DAYS })
            }
            Self::Duration => json!({ "type": "string", "pattern": "^ *[0-9]" }),
            Self::Size => json!({ "type": "string", "pattern": "^[0-9]+ *[MG]iB$" }),
            // Editors hand a day of TOML to the schema as a text.
            Self::Day => json!({ "type": "string", "format": "date" }),
            Self::One(table) => table.schema(),
            Self::Named(table) => json!({
                "type": "object",
                "propertyNames": { "pattern": "^[a-z][a-z0-9-]*$" },
                "additionalProperties": table.schema(),
            }),
            Self::Many(table) => json!({ "type": "array", "items": table.schema() }),
            Self::OwnRules => json!({
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {
                        "id": { "type": "string" },
                        "keywords": { "type": "array", "items": { "type": "string" } },
                        "pattern": { "type": ["string", "object"] },
                    },
                },
            }),
        }
    }

    /// In a few words, for the reference.
    fn told(self) -> String {
        let quoted = |values: &[&str]| {
            let values: Vec<String> = values
                .iter()
                .map(|value| format!("`\"{value}\"`"))
                .collect();
            values.join(", ")
        };
        match self {
            Self::Text => "a text".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Choice(values) => quoted(values),
            Self::Choices(values) => format!("a list of {}", quoted(values)),
            Self::Flag => "`true`, `false`".to_owned(),
            Self::Exactly(number) => format!("`{number}`"),
            Self::Days => "a number of days".to_owned(),
            Self::Duration => "a duration: `\"4s\"`".to_owned(),
            Self::Size => "a size: `\"1GiB\"`".to_owned(),
            Self::Day => "a day: `2030-12-31`".to_owned(),
            Self::One(_) => "a table".to_owned(),
            Self::Named(_) => "tables, each below its name".to_owned(),
            Self::Many(_) => "tables in double brackets".to_owned(),
            Self::OwnRules => "tables in double brackets, see [rules](rules.md)".to_owned(),
        }
    }
}

/// The JSON schema of a policy, for editors.
pub fn schema() -> String {
    let mut schema = Table::Top.schema();
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "stagegate.toml".into();
    schema["description"] =
        "The policy of stagegate, version 1. `stagegate policy check` finds what a schema cannot."
            .into();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// The reference page of a policy, in Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Every key of the policy\n\n\
         Made by `stagegate policy schema --reference`; [the policy](policy.md) explains it. The same as a JSON schema for editors is\n\
         [stagegate-policy-1.schema.json](stagegate-policy-1.schema.json).\n",
    );
    for table in Table::ALL {
        page.push_str(&format!("\n## {}\n\n", table.heading()));
        if table == Table::Verdicts {
            page.push_str(
                "| key | what is added | staging | production | development, test | unclaimed |\n\
                 | --- | --- | --- | --- | --- | --- |\n",
            );
            for row in Row::ALL {
                use crate::model::Tier::{Development, Production, Staging};
                let columns = [Some(Staging), Some(Production), Some(Development), None];
                let verdicts = columns.map(|tier| row.default_verdict(tier).as_str());
                page.push_str(&format!(
                    "| `{}` | {} | {} |\n",
                    row.key(),
                    row.subject().trim_end_matches(','),
                    verdicts.join(" | ")
                ));
            }
            continue;
        }
        page.push_str("| key | holds | meaning |\n| --- | --- | --- |\n");
        for key in table.keys() {
            let required = if key.required { " (required)" } else { "" };
            page.push_str(&format!(
                "| `{}`{required} | {} | {} |\n",
                key.name,
                key.holds.told(),
                key.meaning
            ));
        }
    }
    page
}
