//! `update`: one ref update in three arguments, as `githooks(5)` documents it and as gitolite calls its virtual refs.
//!
//! git asks it once for every ref of a push, after the pushed objects have left the quarantine and after the refs before
//! this one have moved: what it refuses stays behind as unreachable objects, and a policy that stands on the branch of HEAD
//! counts as soon as that branch has moved. Where there is a choice, `pre-receive` is the better place.

use crate::model::{Oid, RefUpdate};

use super::HookError;

/// The update that `REF OLD NEW` mean.
pub fn read(name: &str, old: &str, new: &str) -> Result<RefUpdate, HookError> {
    let oid = |text: &str| {
        Oid::from_hex(text.as_bytes()).ok_or_else(|| {
            HookError::new(
                "the arguments are not `REF OLD NEW`",
                "run it as an update hook of git, which gives a ref name and two object ids; by hand, use `stagegate check`",
            )
        })
    };
    let (old, new) = (oid(old)?, oid(new)?);
    if name.is_empty() {
        return Err(HookError::new(
            "the name of the ref is empty",
            "run it as an update hook of git, which gives a ref name and two object ids",
        ));
    }
    Ok(RefUpdate {
        name: name.to_owned(),
        old: Some(old).filter(|oid| !oid.is_zero()),
        new: Some(new).filter(|oid| !oid.is_zero()),
        environment: None,
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn three_arguments_or_nothing() {
        let (zero, one) = ("0".repeat(40), "1".repeat(40));
        let created = read("refs/heads/a", &zero, &one).expect("an update");
        assert_eq!((created.old, created.new.is_some()), (None, true));
        assert_eq!(
            read("refs/heads/a", &one, &zero).expect("a deletion").new,
            None
        );
        for (name, old, new) in [
            ("", &zero, &one),
            ("refs/heads/a", &zero[1..].to_owned(), &one),
        ] {
            assert!(read(name, old, new).is_err());
        }
    }
}
