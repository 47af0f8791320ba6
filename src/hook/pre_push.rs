//! `pre-push`: every line of standard input, `LOCAL-REF SP LOCAL-OID SP REMOTE-REF SP REMOTE-OID LF`, as `githooks(5)`
//! documents it. The destination is the remote ref, whatever the local one is called.
//!
//! What the remote has is known from its last answer (the object ids on standard input) and from the remote-tracking
//! refs; a remote that is addressed by its URL has none of these.

use std::io::Read;

use crate::git::{GitError, Ref, Repository};
use crate::model::{Oid, RefUpdate};

use super::{HookError, lines};

/// Reads all ref updates. No line at all is a push of nothing.
pub fn read(input: impl Read) -> Result<Vec<RefUpdate>, HookError> {
    lines(input, "pre-push", parse)
}

fn parse(line: &[u8], number: usize) -> Result<RefUpdate, HookError> {
    // From the right: the local side is written as it was typed, and `HEAD@{1 day ago}` holds spaces.
    let mut fields = line.rsplitn(4, |&byte| byte == b' ');
    let old = fields.next().and_then(Oid::from_hex);
    let name = fields
        .next()
        .filter(|name| !name.is_empty())
        .and_then(|name| std::str::from_utf8(name).ok());
    let new = fields.next().and_then(Oid::from_hex);
    let local = fields.next().filter(|local| !local.is_empty());
    match (local, new, name, old) {
        (Some(_), Some(new), Some(name), Some(old)) => Ok(RefUpdate {
            name: name.to_owned(),
            old: Some(old).filter(|oid| !oid.is_zero()),
            new: Some(new).filter(|oid| !oid.is_zero()),
            environment: None,
        }),
        _ => Err(HookError::new(
            format!(
                "line {number} of standard input is not `LOCAL-REF LOCAL-OID REMOTE-REF REMOTE-OID`"
            ),
            "git writes them when it runs a pre-push hook; a hook manager that keeps standard input to itself must be told to pass it on",
        )),
    }
}

/// The push that the pre-commit framework (or prek) is about. It reads standard input itself and hands on one ref of it, in
/// `PRE_COMMIT_LOCAL_BRANCH`, `PRE_COMMIT_REMOTE_BRANCH`, `PRE_COMMIT_REMOTE_NAME`, and mostly in `PRE_COMMIT_TO_REF`.
/// `PRE_COMMIT_FROM_REF` is what stands at the remote, or of a new branch the parent of the first new commit: which of the two
/// cannot be told, and all of a new branch counts, so what stands there is taken from the remote-tracking ref.
pub fn of_framework(
    repository: &Repository,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<RefUpdate>, HookError> {
    let missing = |names: &str| {
        HookError::new(
            format!(
                "--pre-commit is for hooks that the pre-commit framework runs, and {names} is not set"
            ),
            "by hand: `pre-commit run --hook-stage pre-push --local-branch HEAD --remote-branch staging --remote-name origin`",
        )
    };
    let name =
        variable("PRE_COMMIT_REMOTE_BRANCH").ok_or_else(|| missing("PRE_COMMIT_REMOTE_BRANCH"))?;
    let name = super::pre_commit::full_name(&name);
    let tip = variable("PRE_COMMIT_TO_REF")
        .or_else(|| variable("PRE_COMMIT_LOCAL_BRANCH"))
        .ok_or_else(|| missing("PRE_COMMIT_LOCAL_BRANCH"))?;
    let unreadable = |error: GitError| {
        HookError::new(
            error.to_string(),
            "what is pushed has to be read before it can be judged",
        )
    };
    let new = repository.revision(&tip).map_err(unreadable)?;
    let remote = variable("PRE_COMMIT_REMOTE_NAME").unwrap_or_else(|| "origin".to_owned());
    let old = match name.strip_prefix("refs/heads/") {
        Some(branch) => repository
            .ref_target(&format!("refs/remotes/{remote}/{branch}"))
            .map_err(unreadable)?,
        None => None,
    };
    Ok(vec![RefUpdate {
        name,
        old,
        new: Some(new),
        environment: None,
    }])
}

/// The refs of the remote as far as they are known here, under the names that they have there.
pub fn remote_refs(
    repository: &Repository,
    remote: &str,
    updates: &[RefUpdate],
) -> Result<Vec<Ref>, GitError> {
    let prefix = format!("refs/remotes/{remote}/");
    let mut refs = Vec::new();
    for tracked in repository.refs()? {
        if let Some(branch) = tracked.name.strip_prefix(&prefix)
            && branch != "HEAD"
        {
            refs.push(Ref {
                name: format!("refs/heads/{branch}"),
                oid: tracked.oid,
            });
        }
    }
    refs.extend(updates.iter().filter_map(|update| {
        let oid = update.old.filter(|&oid| repository.contains(oid))?;
        Some(Ref {
            name: update.name.clone(),
            oid,
        })
    }));
    Ok(refs)
}

/// Forgets old values that are not here, and says so: then everything that is to stand there is judged.
pub fn forget_unknown(repository: &Repository, updates: &mut [RefUpdate]) -> Vec<String> {
    let mut news = Vec::new();
    for update in updates {
        if let Some(old) = update.old
            && !repository.contains(old)
        {
            update.old = None;
            if update.new.is_some() {
                news.push(format!(
                    "{} of the remote stands on {old}, which is not here: everything that would stand there was judged, \
                     not only what is new to it; `git fetch` first makes the answer exact",
                    update.name
                ));
            }
        }
    }
    news
}

#[cfg(test)]
mod tests {
    use super::read;

    const ZERO: &str = "0000000000000000000000000000000000000000";
    const ONE: &str = "1111111111111111111111111111111111111111";

    #[test]
    fn every_line_counts_and_the_remote_ref_is_the_destination() {
        let input = format!(
            "refs/heads/a {ONE} refs/heads/b {ZERO}\n(delete) {ZERO} refs/heads/gone {ONE}\nHEAD {ONE} refs/heads/c {ONE}\n\
             {ONE} {ONE} refs/heads/d {ONE}\nHEAD@{{1 day ago}} {ONE} refs/heads/e {ONE}\n"
        );
        let updates = read(input.as_bytes()).expect("five lines");
        let names: Vec<&str> = updates.iter().map(|update| update.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "refs/heads/b",
                "refs/heads/gone",
                "refs/heads/c",
                "refs/heads/d",
                "refs/heads/e"
            ]
        );
        assert_eq!(updates[0].old, None);
        assert_eq!(updates[1].new, None);
        assert!(updates[4].old.is_some() && updates[4].new.is_some());
    }

    #[test]
    fn nothing_to_push_is_no_error_and_rubbish_is() {
        assert_eq!(read(&b""[..]).expect("nothing"), []);
        for input in [
            format!("{ONE} refs/heads/a {ONE}\n"),
            format!("refs/heads/a xyz refs/heads/a {ONE}\n"),
            format!("refs/heads/a {ONE} refs/heads/a {ONE}\nrubbish\n"),
        ] {
            assert!(read(input.as_bytes()).is_err(), "{input:?}");
        }
    }
}
