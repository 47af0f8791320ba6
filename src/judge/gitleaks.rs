//! What another scanner's remarks let pass, where the policy listens to them.

use super::{Judge, Source};
use crate::examine::Sighting;
use crate::model::{Because, Exemption, Verdict};
use crate::policy::Decision;
use crate::scan;

impl Judge<'_> {
    /// Lets a value pass where gitleaks would, if the policy listens to its remarks. They count where our own comments do.
    pub(super) fn of_gitleaks(
        &self,
        decision: &mut Decision,
        source: Source<'_>,
        path: &str,
        sighting: &Sighting<'static>,
        text: &[u8],
    ) {
        if !self.inline_allow {
            return;
        }
        let said = self.policy.honours_gitleaks_allow()
            && scan::allow::gitleaks_beside(text, &sighting.span);
        let commit = source.commit.map(|commit| commit.to_string());
        let listed = self.gitleaks_ignore.as_ref().and_then(|file| {
            let rule = &sighting.rule.id;
            let knows = |id: &str| self.scanner.knows_rule(id);
            file.line_for(path, sighting.line, rule, commit.as_deref(), &knows)
        });
        let (why, policy_line) = match (said, listed) {
            (true, _) => (
                "a comment `gitleaks:allow` lets it pass, which the policy honours".to_owned(),
                self.policy.inline_allow_line(),
            ),
            (false, Some(line)) => (
                format!("line {line} of .gitleaksignore lets it pass, which the policy honours"),
                self.policy.honours_gitleaks_ignore().unwrap_or_default(),
            ),
            (false, None) => return,
        };
        decision.verdict = Verdict::Allow;
        decision.because = Because {
            text: why,
            policy_line: policy_line.to_owned(),
            exempted_by: Some(if said {
                Exemption::Comment
            } else {
                Exemption::List
            }),
        };
    }
}
