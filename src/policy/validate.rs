//! From what is written to what is meant: every value checked, every mistake noted with its place, nothing half-believed.

use std::collections::HashMap;

use jiff::civil::Date;

use super::beside::OPENABLE;
use super::conventions::{self, Words};
use super::declared::DeclaredWords;
use super::exception::Exception;
use super::mistake::{Mistakes, did_you_mean};
use super::own::{GITLEAKS_ALLOW, GITLEAKS_IGNORE, OwnRules};
use super::patterns::Pattern;
use super::schema::{
    At, Text, Written, WrittenAudit, WrittenEnvironment, WrittenException, WrittenIdentity,
    WrittenInventory, WrittenLimits, WrittenLog, WrittenOverride,
};
use super::table::Row;
use super::{
    Environment, History, InlineAllow, KnownSecrets, Override, Policy, PolicyErrors, Precedence,
    Section,
};
use crate::model::{EnvironmentFacts, Facts, Family, Network, Tier, Verdict, Vocabulary, words_of};

/// The one version of the format so far.
const VERSION: i64 = 1;
/// The word by which an exception means a place that nothing claims.
pub(super) const UNCLAIMED: &str = "unclaimed";

/// A century: more is a slip of the pen.
pub(super) const MOST_DAYS: u32 = 36_500;

/// The default policy.
pub(super) fn builtin() -> Policy {
    let environments: Vec<Environment> = conventions::ENVIRONMENTS
        .iter()
        .map(|&(name, tier)| Environment::new(name, tier))
        .collect();
    let tiers = conventions::ENVIRONMENTS.map(|(_, tier)| tier);
    let words = Words::builtin(tiers);
    Policy {
        source: "default policy".to_owned(),
        commit: None,
        history: History::Environment,
        precedence: Precedence::Strictest,
        conventions: true,
        inline_allow: InlineAllow::Laptop,
        inline_allow_line: "default policy: inline-allow".to_owned(),
        vocabulary: vocabulary(&words),
        words,
        words_declared: DeclaredWords::default(),
        environments,
        unclaimed: Vec::new(),
        exceptions: Vec::new(),
        rules: super::own::OwnRules::default(),
        facts: Facts::default(),
        inventory: None,
        audit: super::AuditSettings::default(),
        limits: super::Limits::default(),
        log: super::LogSettings::default(),
        may_override: Vec::new(),
        text: String::new(),
        open: Vec::new(),
        beside: None,
        ignored: Vec::new(),
        digest: String::new(),
    }
}

/// Checks a written policy and makes it one.
pub(super) fn validate(
    written: Written,
    source: &str,
    mistakes: Mistakes<'_>,
) -> Result<Policy, PolicyErrors> {
    validate_two(written, source, source, mistakes)
}

/// Checks what two policies say together, which are one text to `mistakes`. The mistakes of each alone are those of its own: what is
/// found here is what the second, `beside`, says and the first does not let it say.
pub(super) fn validate_two(
    written: Written,
    source: &str,
    beside: &str,
    mistakes: Mistakes<'_>,
) -> Result<Policy, PolicyErrors> {
    let mut checker = Checker {
        source,
        beside,
        mistakes,
    };
    let policy = checker.policy(written);
    if checker.mistakes.is_empty() {
        Ok(policy)
    } else {
        Err(checker.mistakes.into_errors(beside))
    }
}

fn vocabulary(words: &Words) -> Vocabulary {
    let (mut clear, mut ambiguous) = (HashMap::new(), HashMap::new());
    for (word, tier, is_clear) in words.iter() {
        let list = if is_clear { &mut clear } else { &mut ambiguous };
        list.insert(word.to_owned(), tier);
    }
    Vocabulary::new(clear, ambiguous, words.false_friends().to_vec())
}

struct Checker<'t> {
    source: &'t str,
    /// What the second of two files is called; the first where there is one.
    beside: &'t str,
    mistakes: Mistakes<'t>,
}

impl Checker<'_> {
    fn line(&self, offset: usize) -> String {
        let source = if self.mistakes.is_second(offset) {
            self.beside
        } else {
            self.source
        };
        format!("{source}:{}", self.mistakes.line(offset))
    }

    fn policy(&mut self, written: Written) -> Policy {
        let words_declared = DeclaredWords::of(&written, |offset| self.line(offset));
        self.version(written.version);
        let history = self.choice(
            written.history.as_ref(),
            "history",
            &[
                ("environment", History::Environment),
                ("repository", History::Repository),
                ("tip", History::Tip),
            ],
        );
        let precedence = self.choice(
            written.precedence.as_ref(),
            "precedence",
            &[
                ("strictest", Precedence::Strictest),
                ("path", Precedence::Path),
            ],
        );

        let inline_allow = self.choice(
            written.inline_allow.as_ref(),
            "inline-allow",
            &[
                ("laptop", InlineAllow::Laptop),
                ("always", InlineAllow::Always),
                ("never", InlineAllow::Never),
            ],
        );

        let mut policy = builtin();
        policy.words_declared = words_declared;
        if let (Some(text), Some(choice)) = (&written.inline_allow, inline_allow) {
            policy.inline_allow = choice;
            policy.inline_allow_line = self.line(text.offset);
        }
        policy.source = self.source.to_owned();
        policy.history = history.unwrap_or(History::Environment);
        policy.precedence = precedence.unwrap_or(Precedence::Strictest);
        policy.conventions = written.conventions.is_none_or(|at| at.value);

        // Tiers first: a declared tier of `test` changes what the built-in words of `test` mean.
        for written in &written.environments {
            self.declare(written, &mut policy.environments);
        }
        let tiers = std::array::from_fn(|index| policy.environments[index].tier);
        policy.words = Words::builtin(tiers);
        let mut places = Places::default();
        for written in written.environments {
            let Some(index) = policy
                .environments
                .iter()
                .position(|environment| environment.name == written.name.value)
            else {
                continue;
            };
            let tier = policy.environments[index].tier;
            policy.words.add_name(&written.name.value, index, tier);
            self.environment(
                written,
                index,
                &mut policy.environments[index],
                &mut policy.words,
                &mut policy.facts,
                &mut places,
            );
        }
        policy.unclaimed = self.verdicts(written.unclaimed);
        for word in &written.ignored_words {
            if self.is_word(word) {
                policy.words.ignore(&word.value);
            }
        }
        for name in &written.false_friends {
            self.false_friend(name, &mut policy.words);
        }
        policy.vocabulary = vocabulary(&policy.words);
        self.own_rules(
            written.honour,
            written.rules,
            written.disabled_rules,
            written.rule_files,
            &mut policy.rules,
        );
        policy.inventory = written
            .inventory
            .and_then(|written| self.inventory(written));
        if let Some(written) = written.audit {
            policy.audit = self.audit(written);
        }
        if let Some(written) = written.limits {
            policy.limits = self.limits(written);
        }
        if let Some(written) = written.log {
            policy.log = self.log(written);
        }
        for written in written.overrides {
            let may = self.may_override(written);
            policy.may_override.extend(may);
        }
        policy.open = self.open(written.open);
        for written in written.exceptions {
            let exception = self.exception(written, &policy.environments);
            policy.exceptions.extend(exception);
        }
        policy
    }

    fn own_rules(
        &mut self,
        honour: Vec<Text>,
        rules: Vec<crate::rules::Rule>,
        disabled: Vec<Text>,
        files: Vec<Text>,
        own: &mut OwnRules,
    ) {
        for text in honour {
            match text.value.as_str() {
                GITLEAKS_ALLOW => own.gitleaks_allow = true,
                GITLEAKS_IGNORE => own.gitleaks_ignore = Some(self.line(text.offset)),
                _ => self.mistakes.add(
                    text.offset,
                    format!("`honour` cannot hold \"{}\"", brief(&text.value)),
                    did_you_mean(&text.value, &[GITLEAKS_ALLOW, GITLEAKS_IGNORE]),
                ),
            }
        }
        for text in disabled {
            let mut known = crate::rules::builtin().iter().flat_map(|pack| &pack.rules);
            if known.any(|rule| rule.id == text.value)
                || rules.iter().any(|rule| rule.id == text.value)
            {
                own.disabled.push(text.value);
            } else {
                let known: Vec<&str> = crate::rules::builtin()
                    .iter()
                    .flat_map(|pack| &pack.rules)
                    .map(|rule| rule.id.as_str())
                    .collect();
                let hint = did_you_mean(&text.value, &known);
                self.mistakes.add(
                    text.offset,
                    format!("no rule is called `{}`", brief(&text.value)),
                    if hint.len() < 200 {
                        hint
                    } else {
                        "`stagegate rules list` shows them all".to_owned()
                    },
                );
            }
        }
        for text in files {
            let path = text.value.as_str();
            let outside = path.split('/').any(|part| part == "..")
                || path.starts_with('/')
                || path.contains('\\');
            let wild = path
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder)
                .contains('*');
            if outside || wild || !path.ends_with(".toml") {
                self.mistakes.add(
                    text.offset,
                    format!("\"{}\" names no file of rules", brief(path)),
                    "write a path below the folder of the policy that ends in .toml; the last part may hold one `*`",
                );
            } else {
                own.files.push((text.value.clone(), self.line(text.offset)));
            }
        }
        if !rules.is_empty() {
            own.packs.push(crate::rules::Pack {
                provider: crate::rules::own::PROVIDER.to_owned(),
                name: "Own rules".to_owned(),
                rules,
                allow: Vec::new(),
            });
        }
    }

    fn inventory(&mut self, written: WrittenInventory) -> Option<KnownSecrets> {
        for text in [&written.file, &written.key_file].into_iter().flatten() {
            if text.value.trim().is_empty() {
                self.mistakes.add(
                    text.offset,
                    "a file needs a name",
                    "write its path: `file = \"/etc/stagegate/inventory\"`",
                );
            }
        }
        let Some(file) = written.file else {
            self.mistakes.add(
                written.offset,
                "`[inventory]` names no file",
                "write `file = \"/etc/stagegate/inventory\"`, and `key-file` unless the environment has the key",
            );
            return None;
        };
        Some(KnownSecrets {
            policy_line: self.line(file.offset),
            file: file.value,
            key_file: written.key_file.map(|text| text.value),
        })
    }

    fn audit(&mut self, written: WrittenAudit) -> super::AuditSettings {
        let mut audit = super::AuditSettings::default();
        if let Some(At { value, offset }) = written.rotation_age {
            match u32::try_from(value) {
                Ok(days) if (1..=MOST_DAYS).contains(&days) => audit.rotation_age = days,
                _ => self.mistakes.add(
                    offset,
                    format!("`rotation-age` is a number of days from 1 to {MOST_DAYS}"),
                    "write `rotation-age = 90`",
                ),
            }
        }
        if let Some(text) = written.baseline {
            let steps_out = text
                .value
                .split('/')
                .any(|part| matches!(part, "" | "." | ".."));
            if steps_out {
                self.mistakes.add(
                    text.offset,
                    "`baseline` is a file beside the policy or below its folder",
                    "write `baseline = \"stagegate-baseline.jsonl\"`",
                );
            } else {
                audit.baseline = Some((text.value.clone(), self.line(text.offset)));
            }
        }
        audit
    }

    fn limits(&mut self, written: WrittenLimits) -> super::Limits {
        let mut limits = super::Limits::default();
        if let Some(text) = written.time_budget {
            match super::duration(&text.value) {
                Ok(budget) => limits.time_budget = Some(budget),
                Err(wanted) => self.mistakes.add(
                    text.offset,
                    format!("`time-budget` is {wanted}"),
                    "write `time-budget = \"4s\"`",
                ),
            }
        }
        if let Some(text) = written.max_memory {
            match super::size(&text.value) {
                Ok(most) => limits.max_memory = Some(most),
                Err(wanted) => self.mistakes.add(
                    text.offset,
                    format!("`max-memory` is {wanted}"),
                    "write `max-memory = \"1GiB\"`",
                ),
            }
        }
        let choices = [("refuse", true), ("allow", false)];
        let unclaimed = self.choice(written.unclaimed.as_ref(), "unclaimed", &choices);
        limits.refuse_unclaimed = unclaimed.unwrap_or(true);
        limits
    }

    fn log(&mut self, written: WrittenLog) -> super::LogSettings {
        if let (Some(forward), None) = (&written.forward, &written.file) {
            self.mistakes.add(
                forward.offset,
                "`forward` has nothing to forward",
                "write `file = \"/var/log/stagegate/audit.jsonl\"` too: what is sent is each line of it",
            );
        }
        let mut whole = |text: Option<Text>, key: &str, example: &str, end: &str| {
            let text = text?;
            if !text.value.starts_with('/') || !text.value.ends_with(end) {
                self.mistakes.add(
                    text.offset,
                    format!("`{key}` is no whole path"),
                    format!("write `{key} = \"{example}{end}\"`"),
                );
            }
            Some(text.value)
        };
        let file = whole(written.file, "file", "/var/log/stagegate/audit.jsonl", "");
        let forward = whole(written.forward, "forward", "/dev/log", "");
        let metrics = whole(
            written.metrics,
            "metrics",
            "/var/lib/node_exporter/stagegate",
            ".prom",
        );
        let choices = [("refuse", true), ("continue", false)];
        let must = self.choice(written.on_failure.as_ref(), "on-failure", &choices);
        super::LogSettings {
            file,
            forward,
            metrics,
            must: must.unwrap_or(true),
        }
    }

    fn open(&mut self, written: Vec<Text>) -> Vec<&'static str> {
        let keys = OPENABLE.map(|key| (key, key));
        let open = |text| self.choice(Some(text), "open", &keys);
        written.iter().filter_map(open).collect()
    }

    fn may_override(&mut self, written: WrittenOverride) -> Option<super::MayOverride> {
        let known = super::WHO;
        for text in &written.by {
            let named = text.value.split_once('=');
            if !named.is_some_and(|(variable, name)| known.contains(&variable) && !name.is_empty())
            {
                self.mistakes.add(
                    text.offset,
                    format!("\"{}\" names nobody", brief(&text.value)),
                    format!("write a variable of the server and a name, `GL_USERNAME=ada`; known are {}", known.join(", ")),
                );
            }
        }
        let mut families = Vec::new();
        for text in &written.families {
            let choices = Family::ALL.map(|family| (family.as_str(), family));
            families.extend(self.choice(Some(text), "families", &choices));
        }
        for (key, empty) in [
            ("by", written.by.is_empty()),
            ("families", written.families.is_empty()),
        ] {
            if empty {
                self.mistakes.add(
                    written.offset,
                    format!("the override has no `{key}`"),
                    "write `by = [\"GL_USERNAME=ada\"]` and `families = [\"credential\"]`",
                );
            }
        }
        let mut expires = None;
        if let Some(day) = written.expires {
            let At {
                value: (year, month, day),
                offset,
            } = day?;
            match Date::new(year, month, day) {
                Ok(date) => expires = Some(date),
                Err(_) => self
                    .mistakes
                    .add(offset, "there is no such day", "correct it"),
            }
        }
        Some(super::MayOverride {
            by: written.by.into_iter().map(|text| text.value).collect(),
            families,
            expires,
            policy_line: self.line(written.offset),
        })
    }

    fn version(&mut self, version: Option<Option<At<i64>>>) {
        match version {
            None => self.mistakes.add(
                0,
                "`version` is missing",
                format!("write `version = {VERSION}` on the first line"),
            ),
            Some(Some(at)) if at.value != VERSION => self.mistakes.add(
                at.offset,
                format!("this stagegate does not know version {}", at.value),
                format!("write `version = {VERSION}`, or install the stagegate the policy was written for"),
            ),
            Some(_) => {}
        }
    }

    fn choice<T: Copy>(
        &mut self,
        text: Option<&Text>,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = text?;
        let chosen = choices.iter().find(|(name, _)| *name == text.value);
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.mistakes.add(
                text.offset,
                format!("`{key}` cannot be \"{}\"", text.value),
                did_you_mean(&text.value, &names),
            );
        }
        chosen.map(|(_, value)| *value)
    }

    fn tier(&mut self, text: Option<&Text>) -> Option<Tier> {
        self.choice(
            text,
            "tier",
            &[
                ("production", Tier::Production),
                ("staging", Tier::Staging),
                ("development", Tier::Development),
                ("test", Tier::Test),
            ],
        )
    }

    /// Adds an environment, or gives a default one its tier.
    fn declare(&mut self, written: &WrittenEnvironment, environments: &mut Vec<Environment>) {
        let name = &written.name;
        if !is_name(&name.value) || name.value == UNCLAIMED {
            self.mistakes.add(
                name.offset,
                format!("`{}` cannot name an environment", name.value),
                "use lower-case letters, digits and hyphens, beginning with a letter; `unclaimed` is taken",
            );
            return;
        }
        let tier = self.tier(written.tier.as_ref());
        if let Some(known) = environments
            .iter_mut()
            .find(|environment| environment.name == name.value)
        {
            if let (Some(tier), Some(at)) = (tier, &written.tier) {
                if known.tier == Tier::Production && tier != Tier::Production
                    || known.name == "staging" && tier != Tier::Staging
                {
                    self.mistakes.add(
                        at.offset,
                        format!(
                            "the environment `{}` is of tier {}, not {tier}",
                            known.name, known.tier
                        ),
                        "give the other environment a name of its own",
                    );
                    return;
                }
                known.tier = tier;
            }
        } else if let Some(tier) = tier {
            environments.push(Environment::new(&name.value, tier));
        } else if written.tier.is_none() {
            self.mistakes.add(
                name.offset,
                format!("the environment `{}` has no tier", name.value),
                "write `tier = \"staging\"` (or production, development, test) below its heading",
            );
            // Declared all the same, so that what refers to it is not a mistake too.
            environments.push(Environment::new(&name.value, Tier::Staging));
        } else {
            environments.push(Environment::new(&name.value, Tier::Staging));
        }
    }

    fn environment(
        &mut self,
        written: WrittenEnvironment,
        index: usize,
        environment: &mut Environment,
        words: &mut Words,
        facts: &mut Facts,
        places: &mut Places,
    ) {
        if environment.declared_at.is_none() {
            environment.declared_at = Some(self.line(written.name.offset));
        }
        for text in written.refs {
            environment
                .refs
                .extend(self.pattern(&text, Pattern::of_ref));
        }
        for text in written.paths {
            environment
                .paths
                .extend(self.pattern(&text, Pattern::of_path));
        }
        for text in written.sections {
            if text.value.split('.').any(|part| part.trim().is_empty()) {
                self.mistakes.add(
                    text.offset,
                    format!("\"{}\" is no section", text.value),
                    "write the name of a section, or a key path such as \"custom.stages.eu\"",
                );
                continue;
            }
            environment.sections.push(Section {
                parts: text.value.split('.').map(str::to_owned).collect(),
                policy_line: self.line(text.offset),
            });
        }
        for word in written.words {
            if !self.is_word(&word) {
                continue;
            }
            let line = self.mistakes.line(word.offset);
            match places.declare_word(&word, environment, line) {
                None => words.add_word(&word.value, index, environment.tier),
                Some((name, line)) => self.mistakes.add(
                    word.offset,
                    format!(
                        "the word \"{}\" cannot name {} and {name}",
                        word.value, environment.name
                    ),
                    format!("line {line} declares it too; keep one"),
                ),
            }
        }
        // Of two policies the first one's row counts.
        environment.verdicts.extend(self.verdicts(written.verdicts));
        if let Some(identity) = written.identity {
            facts
                .environments
                .push(self.identity(identity, environment, places));
        }
    }

    fn is_word(&mut self, word: &Text) -> bool {
        let good = word.value.chars().any(char::is_alphabetic)
            && word
                .value
                .chars()
                .all(|character| character.is_alphanumeric() || matches!(character, '-' | '_'))
            && word.value.chars().count() >= 2;
        if !good {
            self.mistakes.add(
                word.offset,
                format!("\"{}\" is no word", word.value),
                "a word has at least two letters, digits, hyphens or underscores; use `refs` or `paths` for patterns",
            );
        }
        good
    }

    /// A name of several words, one of which would name an environment if it stood elsewhere.
    fn false_friend(&mut self, name: &Text, words: &mut Words) {
        let parts = words_of(&name.value);
        if parts.len() < 2 {
            self.mistakes.add(
                name.offset,
                format!("\"{}\" is one word", name.value),
                "a false friend has several (\"prod-studio\"); one word alone belongs into `ignore`",
            );
        } else if !words.add_false_friend(&parts) {
            self.mistakes.add(
                name.offset,
                format!("\"{}\" holds no environment word", name.value),
                "remove it: it is taken for no environment as it is",
            );
        }
    }

    fn pattern(
        &mut self,
        text: &Text,
        parse: impl Fn(&str, String) -> Result<Pattern, String>,
    ) -> Option<Pattern> {
        match parse(&text.value, self.line(text.offset)) {
            Ok(pattern) => Some(pattern),
            Err(what) => {
                self.mistakes.add(
                    text.offset,
                    format!("\"{}\": {what}", text.value),
                    "`*` is any run without `/`, `**` any run with it, `?` one character, `[ab]` one of them, `{a,b}` either",
                );
                None
            }
        }
    }

    fn verdicts(&mut self, written: Vec<(Text, Text)>) -> Vec<Override> {
        let mut verdicts = Vec::new();
        for (key, value) in written {
            let verdict = self.choice(
                Some(&value),
                &key.value,
                &[
                    ("block", Verdict::Block),
                    ("warn", Verdict::Warn),
                    ("allow", Verdict::Allow),
                ],
            );
            if let (Some(row), Some(verdict)) = (Row::of_key(&key.value), verdict) {
                if row == Row::Revoked && verdict != Verdict::Block {
                    self.mistakes.add(
                        value.offset,
                        "a revoked credential is blocked everywhere",
                        "remove the line; a value that is in use again does not belong among the revoked ones",
                    );
                    continue;
                }
                verdicts.push(Override {
                    row,
                    verdict,
                    policy_line: self.line(key.offset),
                });
            }
        }
        verdicts
    }

    fn identity(
        &mut self,
        written: At<WrittenIdentity>,
        environment: &Environment,
        places: &mut Places,
    ) -> EnvironmentFacts {
        let policy_line = self.line(written.offset);
        let mut facts = EnvironmentFacts::new(&environment.name, environment.tier, &policy_line);
        let written = written.value;
        let lists: [FactList<'_>; 11] = [
            (
                "hosts",
                written.hosts,
                &mut facts.hosts,
                is_host,
                "a host name, address or network without scheme, port and path: `db.prod.example.com`, `*.prod.example.com`, `10.20.0.0/16`",
            ),
            (
                "aws-accounts",
                written.aws_accounts,
                &mut facts.aws_accounts,
                is_aws_account,
                "an AWS account id has 12 digits; keep it in quotes",
            ),
            (
                "gcp-projects",
                written.gcp_projects,
                &mut facts.gcp_projects,
                is_id,
                "a project id: `acme-prod`",
            ),
            (
                "azure-subscriptions",
                written.azure_subscriptions,
                &mut facts.azure_subscriptions,
                is_uuid,
                "a subscription id is a UUID: `00000000-0000-0000-0000-000000000000`",
            ),
            (
                "tenants",
                written.tenants,
                &mut facts.tenants,
                is_id,
                "a tenant, workspace or team id in one word",
            ),
            (
                "namespaces",
                written.namespaces,
                &mut facts.namespaces,
                is_id,
                "a Kubernetes namespace: `payments-prod`",
            ),
            (
                "clusters",
                written.clusters,
                &mut facts.clusters,
                is_id,
                "the name of a cluster as a kubeconfig has it: `acme-prod`, `arn:aws:eks:*:111122223333:cluster/*`",
            ),
            (
                "vault-paths",
                written.vault_paths,
                &mut facts.vault_paths,
                is_id,
                "a path in the secret store: `secret/data/prod/*`",
            ),
            (
                "kms-keys",
                written.kms_keys,
                &mut facts.kms_keys,
                is_id,
                "an ARN, resource name or URL of a key: `arn:aws:kms:eu-west-1:111122223333:key/*`, `https://acme-prod.vault.azure.net/*`",
            ),
            (
                "age-recipients",
                written.age_recipients,
                &mut facts.age_recipients,
                is_age_recipient,
                "a public key: `age1` and 58 lower-case letters and digits; never the secret key",
            ),
            (
                "databases",
                written.databases,
                &mut facts.databases,
                is_id,
                "the name of a database: `shop_production`",
            ),
        ];
        for (list, texts, into, check, hint) in lists {
            for text in texts {
                if text
                    .value
                    .chars()
                    .all(|character| matches!(character, '*' | '.' | '-' | ':' | '/'))
                    || Network::parse(&text.value).is_some_and(|network| network.bits < 8)
                {
                    self.mistakes.add(
                        text.offset,
                        format!("\"{}\" would prove everything", text.value),
                        format!("name what belongs to {} alone", environment.name),
                    );
                } else if !check(&text.value) {
                    // Whoever mixes up the two keys of a pair has written the secret one.
                    let told = match list {
                        "age-recipients" => brief(&text.value),
                        _ => text.value,
                    };
                    self.mistakes.add(
                        text.offset,
                        format!("\"{told}\" does not belong into `{list}`"),
                        hint,
                    );
                } else if let Some(other) =
                    places.declare(list, &text, environment, self.mistakes.line(text.offset))
                {
                    self.mistakes.add(
                        text.offset,
                        format!(
                            "\"{}\" cannot prove {} ({}) and {} ({}) at once",
                            text.value, environment.name, environment.tier, other.0, other.1
                        ),
                        format!(
                            "line {} declares it too; keep one, or neither if both environments share it",
                            other.2
                        ),
                    );
                } else {
                    into.push(text.value);
                }
            }
        }
        facts
    }

    fn exception(
        &mut self,
        written: WrittenException,
        environments: &[Environment],
    ) -> Option<Exception> {
        let offset = written.offset;
        let keys = &written.keys;
        let fingerprint = self.required(
            written.fingerprint,
            (offset, keys),
            "fingerprint",
            "copy it from the finding, `fingerprint = \"sg1:...\"`",
        );
        if let Some(text) = &fingerprint
            && !is_fingerprint(&text.value)
        {
            self.mistakes.add(
                text.offset,
                format!("\"{}\" is no fingerprint", brief(&text.value)),
                "copy it from the finding: `sg1:` and 16 to 64 lower-case letters and digits; never the secret itself",
            );
        }
        let environment = self.required(
            written.environment,
            (offset, keys),
            "environment",
            "say where it may pass: `environment = \"staging\"`",
        );
        if let Some(text) = &environment {
            let mut names: Vec<&str> = environments.iter().map(|e| e.name.as_str()).collect();
            names.push(UNCLAIMED);
            if !names.contains(&text.value.as_str()) {
                self.mistakes.add(
                    text.offset,
                    format!("there is no environment `{}`", text.value),
                    did_you_mean(&text.value, &names),
                );
            }
        }
        let reason = self.required(
            written.reason,
            (offset, keys),
            "reason",
            "say why it may pass, in one sentence",
        );
        let approver = self.required(
            written.approver,
            (offset, keys),
            "approver",
            "name the person who let it pass",
        );
        let expires = match written.expires {
            None => {
                if !keys.iter().any(|key| key == "expires") {
                    self.mistakes.add(
                        offset,
                        "the exception has no `expires`",
                        "say until which day it holds: `expires = 2030-12-31`",
                    );
                }
                None
            }
            Some(At {
                value: (year, month, day),
                offset,
            }) => {
                let date = Date::new(year, month, day);
                if date.is_err() {
                    self.mistakes.add(
                        offset,
                        "there is no such day",
                        "write year, month and day: `expires = 2030-12-31`",
                    );
                }
                date.ok()
            }
        };
        let path = match &written.path {
            None => None,
            Some(text) => Some(self.pattern(text, Pattern::of_path)?),
        };
        Some(Exception {
            fingerprint: fingerprint?.value,
            environment: environment?.value,
            rule: written.rule.map(|text| text.value),
            path,
            reason: reason?.value,
            approver: approver?.value,
            expires: expires?,
            policy_line: self.line(offset),
        })
    }

    fn required(
        &mut self,
        text: Option<Text>,
        (offset, keys): (usize, &[String]),
        key: &str,
        hint: &str,
    ) -> Option<Text> {
        match text {
            Some(text) if text.value.trim().is_empty() => {
                self.mistakes
                    .add(text.offset, format!("`{key}` is empty"), hint);
                None
            }
            Some(text) => Some(text),
            None => {
                if !keys.iter().any(|written| written == key) {
                    self.mistakes
                        .add(offset, format!("the exception has no `{key}`"), hint);
                }
                None
            }
        }
    }
}

/// One list of facts: its key, what is written, where it goes, the check of an entry, and what an entry looks like.
type FactList<'f> = (
    &'static str,
    Vec<Text>,
    &'f mut Vec<String>,
    fn(&str) -> bool,
    &'static str,
);

/// What is declared where, so that no fact proves two tiers and no word names two environments.
#[derive(Default)]
struct Places {
    facts: HashMap<(String, String), (String, Tier, usize)>,
    words: HashMap<String, (String, usize)>,
}

impl Places {
    /// Notes a word; the environment and line that already have it, if the environment is another.
    fn declare_word(
        &mut self,
        word: &Text,
        environment: &Environment,
        line: usize,
    ) -> Option<(String, usize)> {
        let place = (environment.name.clone(), line);
        let known = self
            .words
            .entry(word.value.to_lowercase())
            .or_insert_with(|| place.clone());
        (known.0 != place.0).then(|| known.clone())
    }

    /// Notes a fact; the environment, tier and line that already have it, if the tier is another.
    fn declare(
        &mut self,
        list: &str,
        text: &Text,
        environment: &Environment,
        line: usize,
    ) -> Option<(String, Tier, usize)> {
        let key = (list.to_owned(), text.value.to_ascii_lowercase());
        match self.facts.get(&key) {
            Some(other) if other.1 != environment.tier => Some(other.clone()),
            Some(_) => None,
            None => {
                let place = (environment.name.clone(), environment.tier, line);
                self.facts.insert(key, place);
                None
            }
        }
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 40
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_host(text: &str) -> bool {
    if text.contains(['/', ':']) {
        return Network::parse(text).is_some() || text.parse::<std::net::IpAddr>().is_ok();
    }
    text.len() <= 255
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'*'))
}

fn is_aws_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| {
            if matches!(at, 8 | 13 | 18 | 23) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && !text.chars().any(char::is_whitespace)
}

fn is_age_recipient(text: &str) -> bool {
    text.len() == 62
        && text.starts_with("age1")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("sg1:").is_some_and(|rest| {
        (16..=64).contains(&rest.len())
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// The beginning of a text that may be a secret pasted into the wrong key.
fn brief(text: &str) -> String {
    let beginning: String = text.chars().take(4).collect();
    if text.chars().count() > 4 {
        format!("{beginning}...")
    } else {
        beginning
    }
}
