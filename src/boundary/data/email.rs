//! A column of customers' addresses: a table or a list of records with many e-mail addresses of many domains.
//!
//! Addresses of domains that are reserved for examples are nobody's (RFC 2606, RFC 6761). No address says whose customer it
//! is, so a column is told and never proven.

use std::collections::HashSet;
use std::ops::Range;

use once_cell::sync::Lazy;
use regex::bytes::Regex;

use crate::model::Family;

use super::{Crossing, File, expression, first_line, remark, says_made_up};

/// From so many different addresses on, a column is no list of the people who work on something,
const MANY: usize = 50;
/// if they are of so many domains.
const DOMAINS: usize = 5;

/// Of a large text no more are kept.
const ENOUGH: usize = 5000;

static ADDRESS: Lazy<Regex> = Lazy::new(|| {
    expression(
        r"(?-u)[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@([A-Za-z0-9][A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,18})",
    )
});

/// A table of SQL one of whose columns is an address.
static OF_SQL: Lazy<Regex> = Lazy::new(|| {
    expression(
        r"(?i-u)(?:insert\s+into|copy)\s+\S{1,80}\s*\([^)]*e-?_?mail|create\s+table[^;]*\be_?mail",
    )
});

/// A key of a record that is an address, and keys of persons.
static OF_JSON: Lazy<Regex> =
    Lazy::new(|| expression(r#"(?i-u)"[a-z_]{0,30}e-?_?mail[a-z_]{0,20}"\s*:\s*""#));
static OF_PERSONS: Lazy<Regex> = Lazy::new(|| {
    expression(
        r#"(?i-u)"[a-z_]{0,20}(?:phone|mobile|birth|first_?name|last_?name|surname|post_?code|postal|zip|street|customer|iban)[a-z_]{0,20}"\s*:"#,
    )
});

/// Whether a domain is nobody's.
fn is_reserved(domain: &str) -> bool {
    const NOBODYS: [&str; 10] = [
        "test.com",
        "test.de",
        "domain.com",
        "email.com",
        "acme.com",
        "foo.com",
        "bar.com",
        "mailinator.com",
        "users.noreply.github.com",
        "noreply.com",
    ];
    let mut labels = domain.rsplit('.');
    let last = labels.next().unwrap_or_default();
    let is_of = |name: &&str| domain == *name || domain.ends_with(&format!(".{name}"));
    [
        "test",
        "example",
        "invalid",
        "localhost",
        "local",
        "internal",
        "lan",
    ]
    .contains(&last)
        || domain.split('.').any(|label| label == "example")
        || NOBODYS.iter().any(is_of)
}

/// Whether a text is a table or a list of records with a column of addresses.
fn has_column(text: &[u8]) -> bool {
    let head = &text[..text.len().min(256 << 10)];
    let line = first_line(text);
    let separated = [b',', b';', b'\t', b'|'].into_iter().any(|separator| {
        let cells: Vec<&[u8]> = line.split(|&byte| byte == separator).collect();
        cells.len() >= 2
            && cells.iter().all(|cell| is_heading(cell))
            && cells.iter().any(|cell| {
                let name: Vec<u8> = cell
                    .iter()
                    .filter(|byte| byte.is_ascii_alphanumeric())
                    .map(u8::to_ascii_lowercase)
                    .collect();
                super::holds(&name, b"email") || name == b"mail"
            })
    });
    let is_json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
    separated
        || OF_SQL.is_match(head)
        || is_json && OF_JSON.is_match(head) && OF_PERSONS.is_match(head)
}

/// Whether a cell may head a column.
fn is_heading(cell: &[u8]) -> bool {
    cell.len() <= 60
        && cell.iter().all(|&byte| {
            byte.is_ascii_alphanumeric() || byte >= 0x80 || b" \t\r\"'_-./()#".contains(&byte)
        })
}

pub(super) fn look(file: &File<'_>, parts: &[Range<usize>], crossings: &mut Vec<Crossing>) {
    let text = file.text;
    // Each address has one.
    if memchr::memchr_iter(b'@', text).take(MANY).count() < MANY {
        return;
    }
    if !has_column(text) || says_made_up(text).is_some() {
        return;
    }
    let mut addresses: HashSet<&[u8]> = HashSet::new();
    let mut domains: HashSet<String> = HashSet::new();
    let mut first = None;
    'parts: for part in parts {
        for found in ADDRESS.captures_iter(&text[part.clone()]) {
            let (Some(whole), Some(domain)) = (found.get(0), found.get(1)) else {
                continue;
            };
            let domain = String::from_utf8_lossy(domain.as_bytes()).to_ascii_lowercase();
            if is_reserved(&domain) {
                continue;
            }
            first.get_or_insert(part.start + whole.start()..part.start + whole.end());
            addresses.insert(whole.as_bytes());
            domains.insert(domain);
            if addresses.len() >= ENOUGH {
                break 'parts;
            }
        }
    }
    let Some(span) = first.filter(|_| addresses.len() >= MANY && domains.len() >= DOMAINS) else {
        return;
    };
    let or_more = if addresses.len() >= ENOUGH {
        " or more"
    } else {
        ""
    };
    let mut signals = vec![remark(
        "e-mail-column",
        format!(
            "a column of {}{or_more} different e-mail addresses of {} domains, none of them reserved for examples",
            addresses.len(),
            domains.len()
        ),
    )];
    signals.extend(super::looked_at(text.len()).map(|told| remark("sample", told)));
    crossings.push(Crossing {
        rule: "data-customer-emails",
        family: Family::Data,
        span,
        key_path: Vec::new(),
        proven: false,
        signals,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_domains_are_nobodys() {
        for domain in [
            "example.com",
            "mail.example.co.uk",
            "shop.test",
            "a.invalid",
            "x.mailinator.com",
        ] {
            assert!(is_reserved(domain), "{domain}");
        }
        for domain in ["gmail.com", "contest.com", "examples.org"] {
            assert!(!is_reserved(domain), "{domain}");
        }
    }

    #[test]
    fn columns_are_known_by_their_names() {
        for text in [
            "id,Email,name\n1,a@b.cd,x\n",
            "\"id\";\"customer_email\"\n",
            "INSERT INTO `users` (`id`, `email`) VALUES (1,'a')",
            "COPY public.users (id, name, e_mail) FROM stdin;\n",
            "[{\"first_name\": \"A\", \"email\": \"a\"}]",
        ] {
            assert!(has_column(text.as_bytes()), "{text}");
        }
        for text in [
            "Please mail to a@b.cd, or call\n",
            "{\"authors\": [{\"name\": \"A\", \"email\": \"a\"}]}",
            "email = a, b\n",
            "",
        ] {
            assert!(!has_column(text.as_bytes()), "{text}");
        }
    }
}
