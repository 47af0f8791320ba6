//! `pre-receive`: every line of standard input, `OLD SP NEW SP REF LF`, as `githooks(5)` documents it.

use std::io::Read;

use crate::model::{Oid, RefUpdate};

use super::{HookError, lines};

/// Reads all ref updates. No line, or one that cannot be understood, is an error: a push that is not understood is not
/// let through.
pub fn read(input: impl Read) -> Result<Vec<RefUpdate>, HookError> {
    let updates = lines(input, "pre-receive", parse)?;
    if updates.is_empty() {
        return Err(HookError::new(
            "no ref update on standard input",
            "run it as a pre-receive hook of git, which writes `OLD NEW REF` lines there; by hand, use `stagegate check`",
        ));
    }
    Ok(updates)
}

fn parse(line: &[u8], number: usize) -> Result<RefUpdate, HookError> {
    let mut fields = line.splitn(3, |&byte| byte == b' ');
    let mut oid = || fields.next().and_then(Oid::from_hex);
    let (old, new) = (oid(), oid());
    let name = fields
        .next()
        .filter(|name| !name.is_empty())
        .and_then(|name| std::str::from_utf8(name).ok());
    match (old, new, name) {
        (Some(old), Some(new), Some(name)) => Ok(RefUpdate {
            name: name.to_owned(),
            old: Some(old).filter(|oid| !oid.is_zero()),
            new: Some(new).filter(|oid| !oid.is_zero()),
            environment: None,
        }),
        _ => Err(HookError::new(
            format!("line {number} of standard input is not `OLD NEW REF`"),
            "git writes two object ids of 40 or 64 hexadecimal digits and a ref name in UTF-8 on each line",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    const ZERO: &str = "0000000000000000000000000000000000000000";
    const ONE: &str = "1111111111111111111111111111111111111111";

    #[test]
    fn created_updated_deleted() {
        let input = format!(
            "{ZERO} {ONE} refs/heads/new\n{ONE} {ONE} refs/heads/with space\n{ONE} {ZERO} refs/tags/gone"
        );
        let updates = read(input.as_bytes()).expect("three lines");
        assert_eq!(updates.len(), 3);
        assert_eq!(updates[0].old, None);
        assert_eq!(updates[1].name, "refs/heads/with space");
        assert_eq!(updates[2].new, None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for input in [
            String::new(),
            "\n\n".to_owned(),
            format!("{ZERO} {ONE}\n"),
            format!("{ZERO} {ONE} \n"),
            format!("{ZERO} xyz refs/heads/a\n"),
            format!("{ZERO} {ONE} refs/heads/a\ngarbage\n"),
        ] {
            assert!(read(input.as_bytes()).is_err(), "{input:?}");
        }
        assert!(read(&b"\xff\xff\n"[..]).is_err());
    }
}
