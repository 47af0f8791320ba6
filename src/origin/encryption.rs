//! Whom the rest of the file is encrypted for: keys of SOPS (<https://getsops.io/docs/>), labels of Ansible's vault
//! (<https://docs.ansible.com/ansible/latest/vault_guide/vault_managing_passwords.html>). That speaks of the file, not of
//! this value, which somebody may have pasted in: a declared key is a strong signal, a word is a
//! supporting one, and only production speaks: that the file is for staging is how it comes to be here.

use crate::model::{EnvironmentFacts, Strength};

use super::name::is_name;
use super::{Evidence, Surroundings, aws, host};

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let Some(part) = around.document.part(&around.span) else {
        return;
    };
    let from = found.signals.len();
    for (key, value) in &part.recipients {
        if is_name(value) {
            of_recipient(key, value, around, found);
        }
    }
    for id in &part.vault_ids {
        if let Some((tier, word)) = around.vocabulary.tier_of_environment(id) {
            let text =
                format!("beside it, values are encrypted with the vault id {id} (\"{word}\")");
            found.say("encryption", tier, Strength::Supporting, text);
        }
    }
    found.only_production(from);
}

fn of_recipient(key: &str, value: &str, around: &Surroundings<'_>, found: &mut Evidence) {
    type Lookup<'v> = (fn(&EnvironmentFacts) -> &[String], Option<&'v str>);
    let lookups: &[Lookup<'_>] = match key {
        "arn" => &[
            (|facts| &facts.kms_keys, Some(value)),
            (|facts| &facts.aws_accounts, aws::account_of_arn(value)),
        ],
        "resource_id" => &[
            (|facts| &facts.kms_keys, Some(value)),
            (
                |facts| &facts.gcp_projects,
                value
                    .strip_prefix("projects/")
                    .and_then(|rest| rest.split('/').next()),
            ),
        ],
        "vault_url" | "vaultUrl" | "vault_address" => &[
            (|facts| &facts.kms_keys, Some(value)),
            (|facts| &facts.hosts, host::host_in(value)),
        ],
        "recipient" => &[(|facts| &facts.age_recipients, Some(value))],
        _ => return,
    };
    for (list, name) in lookups {
        if let Some(name) = name
            && let Some((environment, _)) = around.facts.lookup(*list, name)
        {
            let text = format!(
                "the file is encrypted for {name}, which {} declares as {}'s",
                environment.policy_line, environment.name
            );
            found.say("encryption", environment.tier, Strength::Strong, text);
            return;
        }
    }
    if key != "recipient"
        && let Some((tier, word)) = around.vocabulary.tier_of_name(value)
    {
        let text = format!("the file is encrypted for {value}, which names {tier} (\"{word}\")");
        found.say("encryption", tier, Strength::Supporting, text);
    }
}
