//! What a push held that was not examined when its time ended: said ref by ref, with how far each was and how long the rest
//! would take. On a claimed ref that refuses.

use std::time::Instant;

use crate::judge::clock::in_words;
use crate::judge::{Judge, JudgeError};
use crate::model::{RefUpdate, Unexamined, Verdict};
use crate::scan;

use super::Gate;

/// The refs of a push against the clock.
pub(super) struct Late<'g> {
    gate: &'g Gate<'g>,
    /// Of each ref update, whether it must not pass unexamined.
    refuses: Vec<bool>,
    /// Ref updates that have come to their end.
    done: usize,
    began: Instant,
    commits: usize,
    changes: usize,
    blobs: usize,
    /// What was not examined: the ref, whether it refuses, and how far it was.
    refs: Vec<(String, bool, String)>,
}

impl<'g> Late<'g> {
    pub(super) fn new(
        gate: &'g Gate<'g>,
        updates: &[RefUpdate],
        aliases: &[(String, String)],
    ) -> Self {
        let everything = gate
            .clock
            .as_ref()
            .is_none_or(|clock| clock.refuse_unclaimed);
        let refuses = updates.iter().map(|update| {
            let name = gate.repository.resolve_ref_name(&update.name);
            let is_alias = || aliases.iter().any(|(_, moves)| *moves == name);
            update.new.is_some() && (everything || gate.environment(&name).is_some() || is_alias())
        });
        Self {
            gate,
            refuses: refuses.collect(),
            done: 0,
            began: Instant::now(),
            commits: 0,
            changes: 0,
            blobs: 0,
            refs: Vec::new(),
        }
    }

    /// Before a ref update is judged.
    pub(super) fn begin(&mut self, judge: &Judge<'_>) {
        self.began = Instant::now();
        self.commits = judge.stats.commits;
        self.changes = judge.stats.changes;
        self.blobs = judge.stats.blobs;
        let blocked = || {
            judge
                .findings
                .iter()
                .any(|one| one.verdict == Verdict::Block)
        };
        if let Some(clock) = &self.gate.clock {
            let refuses = self.refuses[self.done..].contains(&true)
                || self.refs.iter().any(|(_, refuses, _)| *refuses)
                || blocked();
            clock.note(|now| {
                now.refs = (self.done, self.refuses.len());
                now.refuses = refuses;
            });
        }
        self.done += 1;
    }

    /// After it was judged, or was not.
    pub(super) fn end(
        &mut self,
        judge: &mut Judge<'_>,
        update: &RefUpdate,
        done: Result<(), JudgeError>,
    ) -> Result<(), JudgeError> {
        match done {
            Err(JudgeError::OutOfTime) => {
                let refuses = self.refuses[self.done - 1];
                let how_far = self.how_far(judge);
                self.refs.push((update.name.clone(), refuses, how_far));
                Ok(())
            }
            other => other,
        }
    }

    /// How far the ref was, and how long the rest of it would take at that pace.
    fn how_far(&self, judge: &mut Judge<'_>) -> String {
        let commits = judge.stats.commits - self.commits;
        let changes = judge.stats.changes - self.changes;
        let blobs = judge.stats.blobs - self.blobs;
        let took = self.began.elapsed();
        let expected = std::mem::take(&mut judge.expected);
        let left = judge.left.take();
        // Blobs are read some changes ahead: at the beginning they say more.
        let of = changes + left.map_or(0, |(left, _)| left);
        let files = changes.max(blobs.min(of.saturating_sub(1)));
        if commits + files == 0 {
            return "nothing of it was examined".to_owned();
        }
        let by_commits = expected > 1 && commits > 1;
        let (done, of, what) = if by_commits {
            (commits.min(expected), expected, "new commits")
        } else {
            (files, of, "changed files")
        };
        let rest = took.mul_f64((of - done) as f64 / done.max(1) as f64);
        let about = if !by_commits && left.is_some_and(|(_, all)| !all) {
            "at least"
        } else {
            "about"
        };
        format!(
            "{done} of {}{of} {what} were examined in {}; the rest would take {about} {}",
            if about == "about" { "" } else { "at least " },
            in_words(took),
            in_words(rest)
        )
    }

    /// Writes down what was not examined.
    pub(super) fn say(self, judge: &mut Judge<'_>) {
        let Some(clock) = &self.gate.clock else {
            return;
        };
        for (name, refuses, how_far) in self.refs {
            let what_to_do = if refuses {
                "push fewer commits or files at once, or have the time budget raised (`[limits] time-budget` in the \
                 administrator's policy, `--time-budget`)"
            } else {
                "it passes because the policy says `[limits] unclaimed = \"allow\"`"
            };
            let what = scan::redact(self.gate.scanner, &name, &[]);
            let reason = format!(
                "the time budget of {} ended: {how_far}; {what_to_do}",
                in_words(clock.budget())
            );
            if !refuses {
                // What passes unread is told, asked or not.
                judge
                    .ignored
                    .push(format!("{what} was not examined: {reason}"));
            }
            judge.not_read.push(Unexamined {
                what,
                reason,
                refuses,
            });
        }
    }
}
