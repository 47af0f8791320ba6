//! Why nothing could be decided: what, where, and what to do. Always exit 2.

use std::io::Write as _;

use crate::git::GitError;
use crate::hook::HookError;
use crate::inventory::InventoryError;
use crate::judge::JudgeError;
use crate::scan::ScanError;

use super::LogFormat;

/// A run that could not decide.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What did not come about.
    outcome: &'static str,
    what: String,
    hint: Option<String>,
}

impl Failure {
    /// What could not be done, and where.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            outcome: "could not decide",
            what: what.into(),
            hint: None,
        }
    }

    /// What could not be done and what to do about it, each in one line.
    pub(super) fn told(&self) -> (String, String) {
        let line = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("; ");
        (
            line(&self.what),
            line(self.hint.as_deref().unwrap_or("see above")),
        )
    }

    /// Says it on standard error. A reader that has gone away does not change the answer.
    pub(super) fn say(&self, format: LogFormat) {
        let mut error = std::io::stderr().lock();
        let _ = match format {
            LogFormat::Text => write!(error, "{self}"),
            LogFormat::Json => {
                let (what, hint) = self.told();
                let line = serde_json::json!({
                    "time": jiff::Timestamp::now().to_string(),
                    "level": "error",
                    "program": "stagegate",
                    "outcome": self.outcome,
                    "what": what,
                    "help": hint,
                });
                writeln!(error, "{line}")
            }
        };
    }

    /// Something was to be done, not decided.
    pub(crate) fn not_done(what: impl Into<String>) -> Self {
        Self {
            outcome: "not done",
            ..Self::new(what)
        }
    }

    /// What could not be done, and where.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut lines = self.what.lines();
        writeln!(
            f,
            "stagegate: {}: {}",
            self.outcome,
            shown(lines.next().unwrap_or(""))
        )?;
        for line in lines {
            writeln!(f, "  {}", shown(line))?;
        }
        for line in self.hint.iter().flat_map(|hint| hint.lines()) {
            writeln!(f, "  help: {}", shown(line))?;
        }
        Ok(())
    }
}

/// Names in an error come from the repository and the command line: nothing that moves a cursor gets through.
fn shown(line: &str) -> String {
    crate::report::printable(line).into_owned()
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("cannot read or write: {error}"))
    }
}

impl From<HookError> for Failure {
    fn from(error: HookError) -> Self {
        Self::new(error.what).hint(error.hint)
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let hint = match &error {
            GitError::Open { .. } => {
                "run it inside a git repository, or name one with --repo DIR".to_owned()
            }
            GitError::Revision { .. } => {
                "fetch it first (in CI: fetch-depth: 0), or check its spelling with `git rev-parse`"
                    .to_owned()
            }
            GitError::Unsupported { mend, .. } => mend.clone(),
            GitError::ObjectDirectory { .. } => {
                "mount or restore it, or take it out of the list if nothing there is needed any more".to_owned()
            }
            // What to do depends on the clone, and stands in the message itself.
            GitError::Missing { .. } => return Self::new(error.to_string()),
            GitError::Object { oid, .. } => format!(
                "`git fsck` says what else is damaged, and `git cat-file -t {oid}` whether git can read it"
            ),
            GitError::Stopped => "this is a mistake of stagegate: please report it".to_owned(),
            GitError::Malformed { .. } => "`git fsck` says what is wrong with it".to_owned(),
            GitError::Index { .. } => {
                "`git status` says whether git itself can read it".to_owned()
            }
            GitError::Refs { .. } => "`git for-each-ref` says whether git itself can read them".to_owned(),
        };
        Self::new(error.to_string()).hint(hint)
    }
}

/// What to do about an inventory that is not what was written.
const RESTORE: &str =
    "restore it from a copy, or build it anew from the stores; until then nothing can be decided";

impl From<InventoryError> for Failure {
    fn from(error: InventoryError) -> Self {
        let hint = match &error {
            InventoryError::Read { .. } | InventoryError::Write { .. } => {
                "name it with --inventory FILE or the variable STAGEGATE_INVENTORY; who runs this must be allowed to read it, and its folder to write it"
            }
            InventoryError::WrongKey(_) => {
                "give the right key: STAGEGATE_INVENTORY_KEY, --inventory-key FILE, or the policy's `key-file`"
            }
            InventoryError::Damaged { .. } => RESTORE,
            InventoryError::Version { .. } => {
                "install the stagegate that wrote it, or build it anew from the stores"
            }
            InventoryError::Locked(_) => {
                "wait for it; if none is running, one was killed: remove the file of the same name that ends in .lock"
            }
            InventoryError::Key { .. } => {
                "a key is 64 hexadecimal digits in a file of mode 600, or in STAGEGATE_INVENTORY_KEY"
            }
            InventoryError::Full { .. } => "use fewer sources, or a second inventory",
        };
        Self::new(error.to_string()).hint(hint)
    }
}

impl From<JudgeError> for Failure {
    fn from(error: JudgeError) -> Self {
        match error {
            JudgeError::Git(error) => error.into(),
            JudgeError::Scan(ScanError::Known(what)) => Self::new(what).hint(RESTORE),
            JudgeError::OutOfTime => Self::new(error.to_string()).hint("give it more with --time-budget, or judge less at once"),
            JudgeError::Scan(error) => Self::new(error.to_string())
                .hint("a rule that does not work finds nothing, so nothing passes; `stagegate rules lint` names them all"),
        }
    }
}
