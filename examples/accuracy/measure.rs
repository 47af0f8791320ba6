//! Cases to figures: a batch becomes a commit, the gate judges it, and the next one takes its place.

use super::case::{Case, Expected};
use super::repository::{self, Batch, Gate};
use super::score::Score;

type Fault = Box<dyn std::error::Error>;

/// Where cases come from, one at a time.
pub(crate) type Cases = Box<dyn Iterator<Item = Result<Case, Fault>>>;

/// Lets the gate judge all cases, `batch` at a time.
pub(crate) fn measure(cases: Cases, gate: &Gate, batch: usize) -> Result<Score, Fault> {
    let dir = tempfile::Builder::new()
        .prefix("stagegate-accuracy-")
        .tempdir()?;
    repository::init(dir.path())?;
    let mut score = Score::default();
    let mut cases = cases.peekable();
    while cases.peek().is_some() {
        let mut commit = Batch::new(dir.path())?;
        let mut expected = Vec::new();
        for case in cases.by_ref().take(batch) {
            let case = case?;
            commit.add(&case)?;
            expected.push(Expected::of(&case));
        }
        score.add(&expected, &commit.judge(gate)?);
    }
    Ok(score)
}
