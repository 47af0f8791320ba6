//! User and password in base64, as HTTP (RFC 7617) and Docker's `auth` have them: what the password in it says.

use super::{Reason, placeholder, reference};
use crate::scan::decode;

/// Why the password in a pair is none: `user:` and `user:password` in base64.
pub(super) fn says(text: &str) -> Option<Reason> {
    let plain = decode::whole_value(text)?;
    let (user, password) = plain.split_once(':')?;
    let is_user = !user.is_empty()
        && user
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-@+\\".contains(&byte));
    if !is_user || plain.contains('\n') {
        return None;
    }
    if password.is_empty() {
        return Some(Reason::Short);
    }
    let lower = password.to_lowercase();
    reference::says(password, &lower).or_else(|| placeholder::says(password, &lower))
}
