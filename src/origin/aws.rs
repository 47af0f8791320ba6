//! AWS: the account that a key id carries, decoded offline, and the key id that stands beside a secret key.
//!
//! The nine characters after the four-letter prefix hold 45 bits in base32: one generation bit, 40 bits of account number,
//! 4 bits of something else (<https://labs.withsecure.com/publications/a-bitwise-analysis-of-aws-access-key-identifiers.html>).
//! Ids of the old generation (first character A to P) carry no account.

use crate::model::{Signal, Strength, Tier};

use super::Surroundings;

/// Accounts of AWS's documentation and of LocalStack.
const DOCUMENTATION: [&str; 4] = [
    "123456789012",
    "111122223333",
    "444455556666",
    "000000000000",
];

/// The 12-digit account number in a key id of 20 characters; `None` where there is none to decode.
pub(super) fn account_of(key_id: &[u8]) -> Option<String> {
    if key_id.len() != 20 {
        return None;
    }
    let mut value = 0_u64;
    for &character in &key_id[4..13] {
        let digit = match character {
            b'A'..=b'Z' => character - b'A',
            b'2'..=b'7' => character - b'2' + 26,
            _ => return None,
        };
        value = value << 5 | u64::from(digit);
    }
    if value >> 44 == 0 {
        return None;
    }
    let account = value >> 4 & 0xff_ffff_ffff;
    (account <= 999_999_999_999).then(|| format!("{account:012}"))
}

pub(super) fn signals(around: &Surroundings<'_>, signals: &mut Vec<Signal>) {
    if !around.rule.id.starts_with("aws-") {
        return;
    }
    let in_value = account_of(around.value);
    let account = in_value.or_else(|| key_id_near(around.near).and_then(account_of));
    let Some(account) = account else {
        if around.value.len() == 20 {
            signals.push(Signal {
                kind: "aws-account",
                environment: None,
                strength: Strength::Supporting,
                text: "the key id is of the old generation, which carries no account".to_owned(),
            });
        }
        return;
    };
    if let Some((environment, _)) = around.facts.lookup(|facts| &facts.aws_accounts, &account) {
        signals.push(Signal {
            kind: "aws-account",
            environment: Some(environment.tier),
            strength: Strength::Decisive,
            text: format!(
                "the key belongs to AWS account {account}, which {} declares as {}'s",
                environment.policy_line, environment.name
            ),
        });
    } else if DOCUMENTATION.contains(&account.as_str()) {
        signals.push(Signal {
            kind: "aws-account",
            environment: Some(Tier::Test),
            strength: Strength::Decisive,
            text: format!("AWS account {account} is one of documentation and emulators"),
        });
    } else {
        signals.push(Signal {
            kind: "aws-account",
            environment: None,
            strength: Strength::Supporting,
            text: format!(
                "the key belongs to AWS account {account}, which the policy does not declare: add it to `aws-accounts` of its environment"
            ),
        });
    }
}

/// The access key id that stands beside a secret key.
fn key_id_near(near: &[u8]) -> Option<&[u8]> {
    near.windows(20).find(|window| {
        (window.starts_with(b"AKIA") || window.starts_with(b"ASIA"))
            && window[4..]
                .iter()
                .all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
    })
}

#[cfg(test)]
mod tests {
    use super::account_of;

    /// Published vectors (see the module's source and <https://awsteele.com/blog/2020/09/26/aws-access-key-format.html>),
    /// put together here so that no whole key id stands in the file.
    #[test]
    fn published_vectors() {
        for (prefix, rest, account) in [
            ("ASIA", "Y34FZKBOKMUTVV7A", Some("609629065308")),
            ("AKIA", "SP2TPHJSQH3FJRUX", Some("171436882533")),
            ("ASIA", "QNZGKIQY56JQ7WML", Some("029608264753")),
            ("AKIA", "IOSFODNN7EXAMPLE", None),
            ("AKIA", "I44QH8DHBEXAMPLE", None),
            ("AKIA", "RTX3GSDSQ", None),
        ] {
            let id = format!("{prefix}{rest}");
            assert_eq!(account_of(id.as_bytes()).as_deref(), account, "{prefix}");
        }
    }

    #[test]
    fn generated_ids_decode_to_their_account() {
        for (seed, account) in [
            (1, "111122223333"),
            (2, "000000000042"),
            (3, "999999999999"),
        ] {
            let template = format!("{{aws_key_id:{account}}}");
            let id = crate::rules::template::expand(&template, seed).expect("template");
            assert_eq!(account_of(id.as_bytes()).as_deref(), Some(account));
        }
    }
}
