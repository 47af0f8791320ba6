//! What the words of a key say of its value, whatever that is.

use crate::model::words_of;

use super::Reason;

/// Tokens that say where a reader is, or that a form came from its page.
const PASSING: [&str; 30] = [
    "continuation_token",
    "cancellation_token",
    "page_token",
    "pagination_token",
    "sync_token",
    "next_token",
    "resume_token",
    "cursor_token",
    "scroll_token",
    "paging_token",
    // So that a request that is sent twice is done once: chosen by the caller, and good for nothing else
    // (AWS `ClientRequestToken`, EFS `CreationToken`, Stripe's idempotency key).
    "client_request_token",
    "idempotency_token",
    "idempotency_key",
    "idempotent_token",
    "creation_token",
    // AWS WAF and Auto Scaling: names of a step, not rights.
    "change_token",
    "lifecycle_action_token",
    "postman_token",
    "correlation_token",
    "csp_nonce",
    "script_nonce",
    "style_nonce",
    "csrf_token",
    "xsrf_token",
    "antiforgery_token",
    "csrfmiddlewaretoken",
    "eos_token",
    "bos_token",
    "pad_token",
    "unk_token",
];

/// A key that says that its value is none.
pub(super) fn says(key: &str) -> Option<Reason> {
    if PASSING.iter().any(|token| key.ends_with(token)) {
        return Some(Reason::Passing);
    }
    // What Google Tag Manager is asked with stands in the page.
    if key.contains("tag_manager") {
        return Some(Reason::Public);
    }
    key.split('_').find_map(|word| match word {
        "public" | "publishable" | "pub" | "gtm" => Some(Reason::Public),
        "encrypted" | "crypted" | "enc" | "ciphertext" | "cyphertext" | "hashed" | "hash"
        | "digest" | "sealed" | "bcrypt" => Some(Reason::Encrypted),
        "mock" | "fake" | "dummy" | "example" | "sample" | "placeholder" => {
            Some(Reason::Placeholder)
        }
        // Texts beside a field of a form.
        "label" | "hint" | "tooltip" | "caption" | "error" | "message" | "title" | "regex"
        | "pattern" | "policy" | "prompt" => Some(Reason::Words),
        _ => None,
    })
}

/// `db_password: db_password`, `token: "Token"`; and, of a name of several words in a text without digits,
/// `ResetPassword = "identitytoolkit#ResetPasswordResponse"`.
pub(super) fn repeated(key: &str, text: &str) -> Option<Reason> {
    let words = words_of(text).join("_");
    let repeats = words == key || key.ends_with(&format!("_{words}"));
    let names = || {
        key.contains('_')
            && !text.bytes().any(|byte| byte.is_ascii_digit())
            && format!("_{words}_").contains(&format!("_{key}_"))
    };
    (!words.is_empty() && (repeats || names())).then_some(Reason::KeyName)
}

/// What key and value say together. A `clientToken` that is a UUID keeps a call of AWS from being done twice; others' client
/// tokens have other forms. A VAPID key of 65 bytes that begins with 4 is the public one, an uncompressed point (RFC 8292).
pub(super) fn says_of(key: &str, text: &str) -> Option<Reason> {
    let is_uuid = || {
        text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    let is_point = || {
        text.len() == 87
            && text.starts_with('B')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if key.contains("vapid") && is_point() {
        return Some(Reason::Public);
    }
    (key.ends_with("client_token") && is_uuid()).then_some(Reason::Passing)
}
