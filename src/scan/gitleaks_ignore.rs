//! `.gitleaksignore`: findings of gitleaks that somebody lets pass, one a line: `file:rule:line`, or `commit:file:rule:line`.
//! Whether they count is the policy's to say.

use std::collections::HashMap;

/// The entries of a file.
#[derive(Debug, Default)]
pub struct GitleaksIgnore {
    /// File and line of the finding to: line of the entry, commit, rule.
    entries: HashMap<(String, usize), Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    line: usize,
    commit: Option<String>,
    rule: String,
}

impl GitleaksIgnore {
    /// Reads a file. A line that is no entry lets nothing pass.
    pub fn read(text: &str) -> Self {
        let mut entries: HashMap<(String, usize), Vec<Entry>> = HashMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut parts = line.rsplitn(3, ':');
            let (Some(at), Some(rule), Some(file)) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let Ok(at) = at.parse() else { continue };
            let is_commit = |text: &str| {
                matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            };
            let (commit, file) = match file.split_once(':') {
                Some((commit, file)) if is_commit(commit) => {
                    (Some(commit.to_ascii_lowercase()), file)
                }
                _ => (None, file),
            };
            entries
                .entry((file.replace('\\', "/"), at))
                .or_default()
                .push(Entry {
                    line: number + 1,
                    commit,
                    rule: rule.to_owned(),
                });
        }
        Self { entries }
    }

    /// The line of the entry that lets a finding pass. An entry of a commit counts for what that commit holds. `knows` says
    /// whether a rule is one of ours: the name of another tool's rule says nothing here, so that its place is enough.
    pub fn line_for(
        &self,
        path: &str,
        line: usize,
        rule: &str,
        commit: Option<&str>,
        knows: &dyn Fn(&str) -> bool,
    ) -> Option<usize> {
        let entries = self.entries.get(&(path.to_owned(), line))?;
        let found = entries.iter().find(|entry| {
            let same_commit = entry
                .commit
                .as_deref()
                .is_none_or(|own| commit == Some(own));
            same_commit && (entry.rule == rule || !knows(&entry.rule))
        });
        found.map(|entry| entry.line)
    }
}

#[cfg(test)]
mod tests {
    use super::GitleaksIgnore;

    #[test]
    fn entries_name_a_place_and_perhaps_a_commit() {
        let commit = "ab".repeat(20);
        let text = format!(
            "# note\nconfig/a.yml:generic-key:3\n{commit}:b.env:their-rule:7\nnonsense\na:b:c\n"
        );
        let file = GitleaksIgnore::read(&text);
        let knows = |rule: &str| rule.starts_with("generic");
        let ask = |path, line, rule, commit| file.line_for(path, line, rule, commit, &knows);
        assert_eq!(ask("config/a.yml", 3, "generic-key", None), Some(2));
        assert_eq!(ask("config/a.yml", 3, "generic-password", None), None);
        assert_eq!(ask("config/a.yml", 4, "generic-key", None), None);
        assert_eq!(ask("b.env", 7, "generic-key", Some(&commit)), Some(3));
        assert_eq!(ask("b.env", 7, "generic-key", None), None);
    }
}
