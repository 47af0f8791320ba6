//! Mistakes of a policy file: where, what, and what to do. A policy is validated as a whole, so these come in lists.

use std::fmt;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// Every mistake of one policy, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors {
    source: String,
    mistakes: Vec<Mistake>,
}

impl PolicyErrors {
    pub(super) fn new(source: &str, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        Self {
            source: source.to_owned(),
            mistakes,
        }
    }

    /// What the policy was called when it was read.
    pub fn source_name(&self) -> &str {
        &self.source
    }

    /// The mistakes, in the order of the file.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, mistake) in self.mistakes.iter().enumerate() {
            if nth > 0 {
                writeln!(f)?;
            }
            let Mistake {
                line,
                column,
                what,
                hint,
            } = mistake;
            write!(f, "{}:{line}:{column}: {what}", self.source)?;
            if !hint.is_empty() {
                write!(f, "\n  {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

/// Turns byte offsets into lines and columns, and gathers mistakes.
pub(super) struct Mistakes<'t> {
    text: &'t str,
    /// Where a second file begins in the text, whose lines are counted anew; the end where there is none.
    second: usize,
    found: Vec<Mistake>,
}

impl<'t> Mistakes<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            second: text.len() + 1,
            found: Vec::new(),
        }
    }

    /// Two files in one text, the second from `second` on.
    pub(super) const fn of_two(text: &'t str, second: usize) -> Self {
        Self {
            text,
            second,
            found: Vec::new(),
        }
    }

    /// Whether a byte offset is one of the second file.
    pub(super) const fn is_second(&self, offset: usize) -> bool {
        offset >= self.second
    }

    /// Line from 1 of a byte offset.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.position(offset).0
    }

    /// Column from 1, in characters, of a byte offset.
    pub(super) fn column(&self, offset: usize) -> usize {
        self.position(offset).1
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let file = if self.is_second(offset) {
            self.second
        } else {
            0
        };
        let before = &self.text.as_bytes()[file..offset.min(self.text.len())];
        let line_start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        (
            line,
            1 + String::from_utf8_lossy(&before[line_start..])
                .chars()
                .count(),
        )
    }

    pub(super) fn add(&mut self, offset: usize, what: impl Into<String>, hint: impl Into<String>) {
        let (line, column) = self.position(offset);
        self.found.push(Mistake {
            line,
            column,
            what: what.into(),
            hint: hint.into(),
        });
    }

    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn into_errors(self, source: &str) -> PolicyErrors {
        PolicyErrors::new(source, self.found)
    }
}

/// "did you mean `x`?" for the nearest of `known`, or the list of all where none is near.
pub(super) fn did_you_mean(written: &str, known: &[&str]) -> String {
    let written = written.to_ascii_lowercase();
    let nearest = known
        .iter()
        .map(|name| (distance(&written, name), *name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// Edits (insert, delete, replace, swap of neighbours) between two names.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut table = vec![0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = table[(i - 1) * width + j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = replaced
                    .min(table[(i - 1) * width + j] + 1)
                    .min(table[i * width + j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(table[(i - 2) * width + j - 2] + 1);
                }
                least
            };
        }
    }
    table[table.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::{Mistakes, did_you_mean};

    #[test]
    fn the_nearest_name_is_offered() {
        let known = ["refs", "paths", "sections"];
        assert_eq!(did_you_mean("path", &known), "did you mean `paths`?");
        assert_eq!(did_you_mean("sectoins", &known), "did you mean `sections`?");
        assert_eq!(
            did_you_mean("colour", &known),
            "known here: refs, paths, sections"
        );
    }

    #[test]
    fn columns_count_characters() {
        let mut mistakes = Mistakes::new("a\né = x");
        mistakes.add(7, "w", "");
        let errors = mistakes.into_errors("p.toml");
        assert_eq!(errors.to_string(), "p.toml:2:5: w");
    }
}
