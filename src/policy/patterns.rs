//! Patterns of a policy over refs and paths. A pattern is parsed when the policy is read, so that a bad one is a mistake
//! with a place, and compiled when it is first asked, so that a policy costs little at start-up.

use globset::{Glob, GlobBuilder, GlobMatcher};
use once_cell::sync::OnceCell;

/// One pattern, with the line that declares it.
#[derive(Debug)]
pub(super) struct Pattern {
    /// As written, for messages.
    pub(super) text: String,
    /// `stagegate.toml:12`.
    pub(super) policy_line: String,
    matcher: Matcher,
}

#[derive(Debug)]
enum Matcher {
    /// A ref written out.
    Ref(String),
    /// A path written out: the file itself, or everything below the directory.
    Path(String),
    Glob(Box<LazyGlob>),
}

#[derive(Debug)]
struct LazyGlob {
    glob: Glob,
    compiled: OnceCell<GlobMatcher>,
}

impl Pattern {
    /// A pattern over full ref names; `staging` and `release/*` are short for `refs/heads/...`.
    pub(super) fn of_ref(text: &str, policy_line: String) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty ref pattern claims nothing".to_owned());
        }
        let full = if text.starts_with("refs/") {
            text.to_owned()
        } else {
            format!("refs/heads/{text}")
        };
        let matcher = if is_literal(&full) {
            Matcher::Ref(full)
        } else {
            Matcher::glob(&full)?
        };
        Ok(Self {
            text: text.to_owned(),
            policy_line,
            matcher,
        })
    }

    /// A pattern over paths from the root of the tree.
    pub(super) fn of_path(text: &str, policy_line: String) -> Result<Self, String> {
        if text.starts_with('/') || text.starts_with("./") {
            return Err("paths start at the root of the tree, without `/` or `./`".to_owned());
        }
        if text.is_empty() {
            return Err("an empty path pattern claims nothing".to_owned());
        }
        let matcher = if is_literal(text) {
            Matcher::Path(text.trim_end_matches('/').to_owned())
        } else if text.ends_with('/') {
            Matcher::glob(&format!("{text}**"))?
        } else {
            Matcher::glob(text)?
        };
        Ok(Self {
            text: text.to_owned(),
            policy_line,
            matcher,
        })
    }

    /// Whether the pattern names one thing and is no glob.
    pub(super) fn is_literal(&self) -> bool {
        !matches!(self.matcher, Matcher::Glob(_))
    }

    /// Whether it matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        match &self.matcher {
            Matcher::Ref(full) => full == name,
            Matcher::Path(path) => name
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            Matcher::Glob(lazy) => lazy
                .compiled
                .get_or_init(|| lazy.glob.compile_matcher())
                .is_match(name),
        }
    }
}

impl Matcher {
    fn glob(text: &str) -> Result<Self, String> {
        // Keeps the later translation inside the automaton's size limit, where it cannot fail.
        if text.len() > 1024 {
            return Err("a pattern has at most 1024 bytes".to_owned());
        }
        // Parsing finds every mistake of a glob; only the translation into an automaton is left for later.
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .build()
            .map_err(|error| format!("this is no glob: {}", error.kind()))?;
        Ok(Self::Glob(Box::new(LazyGlob {
            glob,
            compiled: OnceCell::new(),
        })))
    }
}

fn is_literal(text: &str) -> bool {
    !text.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn refs_are_full_names() {
        for (pattern, name, expected) in [
            ("staging", "refs/heads/staging", true),
            ("staging", "refs/tags/staging", false),
            ("staging", "refs/heads/staging-2", false),
            ("release/*", "refs/heads/release/1.2", true),
            ("release/*", "refs/heads/release/1/2", false),
            ("release/**", "refs/heads/release/1/2", true),
            ("refs/tags/rc-*", "refs/tags/rc-1", true),
            ("refs/tags/rc-*", "refs/heads/rc-1", false),
        ] {
            let parsed = Pattern::of_ref(pattern, String::new()).expect("a good pattern");
            assert_eq!(parsed.matches(name), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn paths_start_at_the_root_and_a_directory_covers_what_is_below() {
        for (pattern, path, expected) in [
            ("config/staging", "config/staging", true),
            ("config/staging", "config/staging/db.yml", true),
            ("config/staging/", "config/staging/db.yml", true),
            ("config/staging", "config/staging.yml", false),
            ("config/staging", "app/config/staging", false),
            ("*.yml", "a.yml", true),
            ("*.yml", "b/a.yml", false),
            ("**/*.yml", "a.yml", true),
            ("**/*.yml", "b/c/a.yml", true),
            ("env/*/", "env/a/b/c", true),
            ("env/*", "env/a/b", false),
            ("Env/**", "env/a", false),
        ] {
            let parsed = Pattern::of_path(pattern, String::new()).expect("a good pattern");
            assert_eq!(parsed.matches(path), expected, "{pattern} on {path}");
        }
        assert!(Pattern::of_path("/etc", String::new()).is_err());
        assert!(Pattern::of_path("a[b", String::new()).is_err());
    }
}
