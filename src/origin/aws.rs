//! AWS: the account that a key id carries, decoded offline, and the key id that stands beside a secret key.
//!
//! The nine characters after the four-letter prefix hold 45 bits in base32: one generation bit, 40 bits of account number,
//! 4 bits of something else (<https://labs.withsecure.com/publications/a-bitwise-analysis-of-aws-access-key-identifiers.html>).
//! Ids of the old generation (first character A to P) carry no account.

use crate::model::{Lifetime, Strength, Tier};

use super::{Evidence, Surroundings};

/// Accounts of AWS's documentation and of LocalStack.
const DOCUMENTATION: [&str; 4] = [
    "123456789012",
    "111122223333",
    "444455556666",
    "000000000000",
];

/// Bytes before and after a secret key in which its key id is looked for.
const NEAR: usize = 600;

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

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    if !around.rule.id.starts_with("aws-") {
        return;
    }
    let own = is_key_id(around.value).then_some(around.value);
    let Some(key_id) = own.or_else(|| key_id_beside(around)) else {
        return;
    };
    if key_id.starts_with(b"ASIA") {
        // The secret key of a session ends with it.
        found.lifetime = Lifetime::Short;
    }
    match account_of(key_id) {
        Some(account) => of_account(&account, around, found),
        None => found.remark(
            "aws-account",
            "the key id is of the old generation, which carries no account".to_owned(),
        ),
    }
}

fn of_account(account: &str, around: &Surroundings<'_>, found: &mut Evidence) {
    if let Some((environment, _)) = around.facts.lookup(|facts| &facts.aws_accounts, account) {
        let text = format!(
            "the key belongs to AWS account {account}, which {} declares as {}'s",
            environment.policy_line, environment.name
        );
        found.say("aws-account", environment.tier, Strength::Decisive, text);
    } else if DOCUMENTATION.contains(&account) {
        let text = format!("AWS account {account} is one of documentation and emulators");
        found.say("aws-account", Tier::Test, Strength::Decisive, text);
    } else {
        found.remark(
            "aws-account",
            format!(
                "the key belongs to AWS account {account}, which the policy does not declare: add it to `aws-accounts` of its environment"
            ),
        );
    }
}

/// The access key id that stands beside a secret key: in the same mapping, else the nearest.
fn key_id_beside<'a>(around: &Surroundings<'a>) -> Option<&'a [u8]> {
    let mut siblings = around
        .siblings
        .iter()
        .map(|(_, value)| value.as_bytes())
        .filter(|value| is_key_id(value));
    if let Some(id) = siblings.next() {
        // Of several in one flat file none is known to be its own; then the nearest speaks.
        if siblings.next().is_none() {
            return Some(id);
        }
    }
    let text = around.document.text();
    let from = around.span.start.saturating_sub(NEAR);
    let to = text.len().min(around.span.end + NEAR);
    text[from..to]
        .windows(20)
        .enumerate()
        .filter(|(_, window)| is_key_id(window))
        .map(|(at, window)| (from + at, window))
        .min_by_key(|(at, _)| {
            if *at < around.span.start {
                around.span.start - (at + 20).min(around.span.start)
            } else {
                at.saturating_sub(around.span.end)
            }
        })
        .map(|(_, window)| window)
}

/// The account in an ARN: `arn:aws:iam::111122223333:role/deploy`.
pub(super) fn account_of_arn(text: &str) -> Option<&str> {
    let account = text.strip_prefix("arn:aws")?.split(':').nth(3)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

fn is_key_id(text: &[u8]) -> bool {
    text.len() == 20
        && (text.starts_with(b"AKIA") || text.starts_with(b"ASIA"))
        && text[4..]
            .iter()
            .all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
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
