//! Whose word a rollout will need, before it is asked for: what a schedule reckons with.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shipway_model::plan::Plan;
use shipway_model::resource::change_policy::Approvers;

use super::class::{self, Ground, Is};
use super::{owner, policy, requirement, risk};
use crate::State;

/// A word that will be needed, who could give it, and from how many of them it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seats {
    /// The rule's name.
    pub rule: String,
    pub people: BTreeSet<String>,
    pub needed: usize,
}

/// The approvals that the plan's change would need if it were opened now; none where nothing that it touches is protected.
pub fn seats(state: &State, plan: &Plan, now: Timestamp) -> Vec<Seats> {
    let Some(release) = state.releases.get(plan.release.id) else { return Vec::new() };
    let Some(protected) = policy::protection(state, plan, release.created) else { return Vec::new() };
    let judges = policy::judges(state, &protected, release.created);
    let bundle = &release.bundle;
    let risk = risk::assess(state, plan, bundle, &judges.current().risk_weights, now).score;
    let class = class::derive(state, plan, bundle, &protected.environment, &judges, risk).class;
    let ground = Ground { state, plan, bundle, protected: &protected.environment, risk };
    let mut found: Vec<Seats> = Vec::new();
    for rule in judges.iter().flat_map(|it| &it.workflow(class).approvals) {
        if ground.is(&rule.when) == Is::No {
            continue;
        }
        let mut from = Approvers { owners: false, ..rule.from.clone() };
        if rule.from.owners {
            from.teams.extend(bundle.parts.keys().filter_map(|it| owner(state, it)).cloned());
        }
        let people = requirement::people_of(state, &from);
        let seats = Seats { rule: rule.name.to_string(), people, needed: rule.count as usize };
        if !found.contains(&seats) {
            found.push(seats);
        }
    }
    found
}
