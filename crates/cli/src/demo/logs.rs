//! What the services printed, as the analyses of a rollout found it: the lines that only the new version has.

use shipway_api::operations::rollout::{RolloutPath, ShowAnalysis};
use shipway_model::RolloutId;
use shipway_model::analysis::{Finding, Signal};

use super::Failure;
use super::site::Site;

/// A sentence per finding in the logs that speaks against the new version; none if numbers were quicker than lines.
pub(super) async fn against(site: &Site, rollout: RolloutId) -> Result<Vec<String>, Failure> {
    let failed = |it: shipway_api::client::Error| Failure::new("reading the analysis of the rollout", it);
    let answer =
        site.client()?.call::<ShowAnalysis>(RolloutPath { rollout }, (), ()).await.map_err(failed)?;
    let verdicts = answer.value.steps.into_iter().filter_map(|it| it.verdict);
    let findings = verdicts.flat_map(|it| it.findings).filter(|it| it.of == Signal::Logs && it.is_worse);
    Ok(findings.map(|it| told(&it)).collect())
}

fn told(finding: &Finding) -> String {
    let Finding { what, control, canary, .. } = finding;
    format!("its logs say \"{what}\": {canary} lines of the new version, {control} of the old one")
}
