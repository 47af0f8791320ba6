//! What stands around a value that a policy could declare: the account, the hosts, the database. Names that prove nothing
//! today and would prove whose it is, were they in `[environment.NAME.identity]`.

use crate::model::Signal;

use super::{Surroundings, connection, host, sibling};

/// The longest host name there is.
const LONGEST: usize = 253;

/// Each with the list of `[environment.NAME.identity]` that it belongs to.
pub fn declarable(around: &Surroundings<'_>, signals: &[Signal]) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = Vec::new();
    let mut add = |list: &'static str, name: &str| {
        let name = name.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        // Every house has one of these.
        let is_local = list == "hosts" && host::is_local(&name.to_ascii_lowercase());
        let good =
            !is_local && !name.is_empty() && name.len() <= LONGEST && name.bytes().all(plain);
        if good
            && !all
                .iter()
                .any(|(other, known)| *other == list && known == name)
        {
            all.push((list, name.to_owned()));
        }
    };
    for (group, text) in around.groups {
        let Ok(text) = std::str::from_utf8(text) else {
            continue;
        };
        match *group {
            "host" => {
                for host in text.split(',').filter_map(host::host_in) {
                    add("hosts", host);
                }
            }
            "database" => add("databases", text),
            "project" => add("gcp-projects", text),
            "account" => add("tenants", text),
            _ => {}
        }
    }
    for (list, name) in connection::names(around) {
        add(list, name);
    }
    for (list, name) in sibling::names(around) {
        add(list, name);
    }
    for signal in signals.iter().filter(|signal| signal.kind == "aws-account") {
        let mut numbers = signal.text.split(|letter: char| !letter.is_ascii_digit());
        if let Some(account) = numbers.find(|run| run.len() == 12) {
            add("aws-accounts", account);
        }
    }
    all
}
