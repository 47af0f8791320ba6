//! File names, addresses without credentials, mail addresses.

use super::Reason;

const ENDINGS: [&str; 31] = [
    ".pem",
    ".key",
    ".crt",
    ".cer",
    ".json",
    ".yaml",
    ".yml",
    ".txt",
    ".p12",
    ".jks",
    ".pfx",
    ".env",
    ".conf",
    ".asc",
    ".gpg",
    ".pub",
    ".html",
    ".php",
    ".aspx",
    ".jsp",
    ".js",
    ".ts",
    ".py",
    ".go",
    ".java",
    ".rb",
    ".xml",
    ".properties",
    ".png",
    ".svg",
    ".sh",
];

pub(super) fn says(text: &str, lower: &str) -> Option<Reason> {
    (is_file(text, lower) || is_address(lower) || is_mail(lower)).then_some(Reason::Path)
}

fn is_file(text: &str, lower: &str) -> bool {
    let rooted = ["/", "./", "../", "~/", "file:", "classpath:", "c:\\"]
        .iter()
        .any(|start| lower.starts_with(start));
    if rooted && !text.contains(' ') {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~\\:@".contains(&byte);
        let has_file_shape =
            text.matches('/').count() >= 2 || text.contains('.') || text.contains('\\');
        return text.bytes().all(is_name) && has_file_shape && !super::words::mixes_classes(text);
    }
    // `cat /etc/shop/password`: what a command is given.
    let is_given = || {
        text.split(' ').skip(1).any(|word| {
            word.starts_with('/')
                && word.matches('/').count() >= 2
                && !super::words::mixes_classes(word)
        })
    };
    ENDINGS.iter().any(|ending| lower.ends_with(ending)) || is_relative(text) || is_given()
}

/// `secret/data/app/db`: three and more parts of plain words.
fn is_relative(text: &str) -> bool {
    let mut parts = text.split('/');
    text.matches('/').count() >= 2
        && parts.all(|part| {
            part.is_empty()
                || super::words::is_spoken(part)
                || part.bytes().all(|b| b.is_ascii_digit())
        })
}

fn is_address(lower: &str) -> bool {
    let Some((scheme, rest)) = lower.split_once("://") else {
        return is_host_and_port(lower);
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
    !authority.contains('@') && scheme.bytes().all(plain)
}

/// `localhost:5432`, `db.internal:5432`.
fn is_host_and_port(lower: &str) -> bool {
    lower.rsplit_once(':').is_some_and(|(host, port)| {
        (2..=5).contains(&port.len())
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && (host == "localhost" || host.contains('.'))
            && host.split('.').all(|part| {
                super::words::is_spoken(part)
                    || !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
            })
    })
}

/// `someone@host.tld`.
fn is_mail(lower: &str) -> bool {
    let Some((user, host)) = lower.split_once('@') else {
        return false;
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    let ending = host.rsplit('.').next().unwrap_or_default();
    user.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
        && host.contains('.')
        && host.bytes().all(is_host)
        && ending.len() >= 2
        && ending.bytes().all(|byte| byte.is_ascii_lowercase())
}
