//! Computing a decision again.

use shipway_api::operations::decision::ReplayDecision;
use shipway_api::view::decision::{Compared, ReplayView};
use shipway_engine::gate;
use shipway_model::gate::Decision;

use super::differences::differences;
use crate::gates::{passes, policies};
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ReplayDecision>) -> Outcome<ReplayDecision> {
    let decided = super::find(&it.state(), it.path.decision)?;
    let recorded = super::whole(&it.app.runtime, &decided).await?;
    let gates = &it.app.gates;
    let kept = gates.kept(&recorded.facts).await?;
    // What was known at that instant, from the events up to it.
    let past = it.app.runtime.as_of(recorded.at).await?;
    let (mut outline, policies) = {
        let state = it.app.state(Some(&past));
        let outline = gate::outline(&state, recorded.release.id, &recorded.environment, recorded.at)?;
        (outline, policies(&state, &recorded.policies))
    };
    // What the tools outside said then is in the facts that were kept, and nowhere else.
    let (seen, surroundings) = (&kept.facts.surroundings, &mut outline.facts.surroundings);
    surroundings.alert_rules.clone_from(&seen.alert_rules);
    surroundings.dashboards.clone_from(&seen.dashboards);
    let requirements = gates.ask(policies, gates.fill(&kept).await?).await;
    let computed = Decision { passes: passes(&requirements), requirements, ..recorded.clone() };
    let facts = Compared { recorded: recorded.facts, computed: outline.digest() };
    let result = Compared { recorded: decided.result, computed: computed.result() };
    let mut told = Vec::new();
    if !facts.is_identical() {
        told.extend(differences("facts", &kept, &outline));
    }
    if !result.is_identical() {
        told.extend(differences("decision", &recorded, &computed));
    }
    let identical = facts.is_identical() && result.is_identical();
    Ok(ReplayView { id: decided.id, identical, facts, result, differences: told })
}
