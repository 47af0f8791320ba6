//! Revision expressions: `staging`, `HEAD~2`, `v1^{commit}`, an object id or its beginning.
//!
//! The usual ones are read by us, so that grafts, replacements and the shallow file have no say in what a parent is. The
//! others (`@{upstream}`, `:/text` ...) are left to whoever reads the repository.

use crate::model::Oid;

use super::object::Kind;
use super::{GitError, Repository};

/// One step from an object to another.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// `^N`: the Nth parent; `^0` is the commit itself.
    Parent(usize),
    /// `^{}`: what a tag means.
    Peeled,
    /// `^{commit}`.
    Commit,
    /// `^{tree}`.
    Tree,
}

/// The object that an expression names.
pub(super) fn resolve(repository: &Repository, expression: &str) -> Result<Oid, GitError> {
    let at = expression.find(['~', '^']).unwrap_or(expression.len());
    let (name, suffix) = expression.split_at(at);
    let Some(steps) = steps(suffix) else {
        return repository.odd_revision(expression);
    };
    let mut oid = base(repository, name, expression)?;
    for step in steps {
        oid = follow(repository, oid, &step, expression)?;
    }
    Ok(oid)
}

fn base(repository: &Repository, name: &str, expression: &str) -> Result<Oid, GitError> {
    let width = repository.oid_width();
    if let Some(oid) = Oid::from_hex(name.as_bytes()).filter(|oid| oid.as_bytes().len() == width) {
        return match repository.read(oid) {
            Err(GitError::Missing { .. }) => {
                Err(unknown(expression, "there is no such object here"))
            }
            _ => Ok(oid),
        };
    }
    // A ref, in git's order. Whether its object can be read is told by who reads it.
    for folder in ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"] {
        if let Some(oid) = repository.ref_target(&format!("{folder}{name}"))? {
            return Ok(oid);
        }
    }
    let is_beginning =
        (4..2 * width).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_beginning {
        repository.abbreviated(name)
    } else {
        repository.odd_revision(name)
    }
}

fn follow(
    repository: &Repository,
    oid: Oid,
    step: &Step,
    expression: &str,
) -> Result<Oid, GitError> {
    let (_, meant, kind) = repository.peel(oid)?;
    let commit = || {
        if kind == Kind::Commit {
            repository.commit(meant)
        } else {
            Err(unknown(
                expression,
                "it asks for a commit where there is none",
            ))
        }
    };
    match step {
        Step::Peeled => Ok(meant),
        Step::Commit | Step::Parent(0) => commit().map(|_| meant),
        Step::Tree if kind == Kind::Tree => Ok(meant),
        Step::Tree => Ok(commit()?.tree),
        Step::Parent(number) => commit()?.parents.get(number - 1).copied().ok_or_else(|| {
            unknown(
                expression,
                "it asks for a parent that a commit does not have",
            )
        }),
    }
}

/// The steps of `~2^{tree}`; `None` where there is one that is not known here.
fn steps(suffix: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = suffix;
    while let Some(sign) = rest.chars().next() {
        rest = &rest[1..];
        if sign == '^' && rest.starts_with('{') {
            let (inside, after) = rest[1..].split_once('}')?;
            steps.push(match inside {
                "" => Step::Peeled,
                "commit" => Step::Commit,
                "tree" => Step::Tree,
                _ => return None,
            });
            rest = after;
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = match digits {
            0 => 1,
            _ => rest[..digits]
                .parse::<usize>()
                .ok()
                .filter(|number| *number <= 100_000)?,
        };
        rest = &rest[digits..];
        match sign {
            '^' => steps.push(Step::Parent(number)),
            '~' => steps.extend((0..number).map(|_| Step::Parent(1))),
            _ => return None,
        }
    }
    Some(steps)
}

fn unknown(name: &str, reason: &str) -> GitError {
    GitError::Revision {
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_steps() {
        assert_eq!(steps(""), Some(vec![]));
        assert_eq!(steps("~2"), Some(vec![Step::Parent(1), Step::Parent(1)]));
        assert_eq!(steps("~0"), Some(vec![]));
        assert_eq!(steps("^"), Some(vec![Step::Parent(1)]));
        assert_eq!(steps("^2~"), Some(vec![Step::Parent(2), Step::Parent(1)]));
        assert_eq!(
            steps("^0^{}^{tree}"),
            Some(vec![Step::Parent(0), Step::Peeled, Step::Tree])
        );
        for other in [
            "^{/text}",
            "^@",
            "^!",
            "~x",
            "^{",
            ":path",
            "~99999999999",
            "~999999",
        ] {
            assert_eq!(steps(other), None, "{other}");
        }
    }
}
