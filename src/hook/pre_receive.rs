//! `pre-receive`: every line of standard input, `OLD SP NEW SP REF LF`, as `githooks(5)` documents it.

use std::io::Read;

use crate::model::{Oid, RefUpdate};

use super::HookError;

/// More than any push has: a line is about 100 bytes, so this is over ten million refs.
const MOST: u64 = 1 << 30;

/// Reads all ref updates. No line, or one that cannot be understood, is an error: a push that is not understood is not
/// let through.
pub fn read(input: impl Read) -> Result<Vec<RefUpdate>, HookError> {
    let mut text = Vec::new();
    input
        .take(MOST)
        .read_to_end(&mut text)
        .map_err(|error| HookError {
            what: format!("cannot read the ref updates on standard input: {error}"),
            hint: "run it as a pre-receive hook of git, which writes them there",
        })?;
    if text.len() as u64 == MOST {
        return Err(HookError {
            what: "standard input holds more than 1 GiB of ref updates".to_owned(),
            hint: "push fewer refs at once",
        });
    }
    let updates = text
        .split(|&byte| byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(at, line)| parse(line, at + 1))
        .collect::<Result<Vec<_>, _>>()?;
    if updates.is_empty() {
        return Err(HookError {
            what: "no ref update on standard input".to_owned(),
            hint: "run it as a pre-receive hook of git, which writes `OLD NEW REF` lines there; by hand, use `stagegate check`",
        });
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
        _ => Err(HookError {
            what: format!("line {number} of standard input is not `OLD NEW REF`"),
            hint: "git writes two object ids of 40 or 64 hexadecimal digits and a ref name in UTF-8 on each line",
        }),
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
