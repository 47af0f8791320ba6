//! The environment that a job of GitHub Actions or GitLab CI deploys to, and what the mappings around a value declare. They say where a value is
//! going, so only production speaks.
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idenvironment>,
//! <https://docs.gitlab.com/ci/yaml/#environment>

use crate::model::Tier;

use super::name::{is_name, label, supporting};
use super::{Evidence, Surroundings};

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    let Some(part) = around.document.part(&around.span) else {
        return;
    };
    let Some((name, is_inner)) = part.environment_around(around.key_path) else {
        return;
    };
    let is_ours = |name: &str| {
        let mut labels = around.labels.iter();
        let own = labels
            .any(|label| label.key.eq_ignore_ascii_case("environment") && label.value == name);
        own || around.key_path.iter().any(|key| key == name)
    };
    // Items of a list have the same keys above them.
    if !is_name(name) || !is_ours(name) {
        return;
    }
    if let Some((tier @ Tier::Production, word)) = around.vocabulary.tier_of_environment(name) {
        if part.is_pipeline && is_inner {
            let text =
                format!("its job is for the environment {name}, which names {tier} (\"{word}\")");
            found.say("pipeline", tier, label(tier), text);
        } else {
            let text = format!("around it, `environment` says {tier} (\"{word}\")");
            found.say("environment", tier, supporting(tier), text);
        }
    }
}
