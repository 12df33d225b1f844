//! Whether a load test came up to where the release goes. What shows only over more data, or under more requests, it cannot
//! have shown: it says so, and that criterion is left to the canary.

use shipway_model::EvidenceId;
use shipway_model::evidence::{Load as Measured, Ran};
use shipway_model::resource::environment::Scale;
use shipway_model::resource::policy::Load;

use crate::counting::View;

/// From which share on a test counts as like what it stands for, in percent, where the rule does not say.
const LIKE_FOR_LIKE: f64 = 50.0;

/// A sentence for each way in which the test falls short, or in which nobody knows.
pub(super) fn shortfalls(rule: &Load, id: EvidenceId, test: &Measured, view: &View<'_>) -> Vec<String> {
    let environment = &view.facts.environment;
    let scale = &view.facts.surroundings.scale;
    let ran = view.facts.evidence.iter().find(|it| it.id == id).and_then(|it| it.ran.as_ref());
    let share = rule.like_for_like.unwrap_or(LIKE_FOR_LIKE);
    let mut told = over_data(share, scale, ran, environment.as_str());
    match scale.requests_per_second.get(view.service) {
        Some(there) => told.extend(under_load(share, *there, test, environment.as_str())),
        None if rule.regression.is_some() => told.push(format!(
            "{environment} does not declare how many requests a second {} bears (`scale`)",
            view.service
        )),
        None => {}
    }
    if scale.data.is_empty() && rule.regression.is_some() {
        told.push(format!("{environment} does not declare how much data it holds (`scale`)"));
    }
    told.into_iter().map(|it| format!("{it}: what shows only there is left to the canary")).collect()
}

fn over_data(share: f64, scale: &Scale, ran: Option<&Ran>, environment: &str) -> Vec<String> {
    let mut told = Vec::new();
    for (name, there) in &scale.data {
        match ran.and_then(|it| it.data.get(name)) {
            None => told.push(format!(
                "it is not told over how many of {name} it ran (`--ran-in`, `--ran-over`), and {environment} has {there}"
            )),
            Some(had) if falls_short(*had as f64, *there, share) => {
                told.push(format!("it ran over {had} of {name}, and {environment} has {there}"));
            }
            Some(_) => {}
        }
    }
    told
}

fn under_load(share: f64, there: u64, test: &Measured, environment: &str) -> Option<String> {
    match test.rps {
        None => Some(format!(
            "it does not say how many requests a second it made, and {environment} bears {there}"
        )),
        Some(made) if falls_short(made, there, share) => {
            Some(format!("it made {made:.0} requests a second, and {environment} bears {there}"))
        }
        Some(_) => None,
    }
}

fn falls_short(had: f64, there: u64, share: f64) -> bool {
    had * 100.0 < share * there as f64
}
