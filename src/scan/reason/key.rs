//! What the words of a key say of its value, whatever that is.

use crate::model::words_of;

use super::Reason;

/// Tokens that say where a reader is, or that a form came from its page.
const PASSING: [&str; 20] = [
    "continuation_token",
    "cancellation_token",
    "page_token",
    "pagination_token",
    "sync_token",
    "next_token",
    "resume_token",
    "cursor_token",
    "scroll_token",
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

/// `db_password: db_password`, `token: "Token"`.
pub(super) fn repeated(key: &str, text: &str) -> Option<Reason> {
    let words = words_of(text).join("_");
    (!words.is_empty() && (words == key || key.ends_with(&format!("_{words}"))))
        .then_some(Reason::KeyName)
}
