//! What is different from the last change of the same release's name in the same environment: who has looked at that one
//! looks for this.

use shipway_engine::{Case, State};
use shipway_model::ChangeId;
use shipway_model::plan::Plan;

use crate::pages::changes;
use crate::pages::moment::{Clock, Moment};

pub(super) struct Before {
    pub(super) id: ChangeId,
    pub(super) title: String,
    pub(super) opened: Moment,
    /// In sentences; empty when nothing that is told apart here differs.
    pub(super) differences: Vec<String>,
}

pub(super) fn before(state: &State, case: &Case, plan: &Plan, clock: &Clock) -> Option<Before> {
    let summary = |it: &Case| state.rollouts.summaries.get(&it.change.rollout);
    let is_alike = |it: &&Case| {
        it.id < case.id
            && it.change.protected == case.change.protected
            && summary(it).is_some_and(|it| it.release.name == plan.release.name && it.started.is_some())
    };
    let earlier = state.changes.iter().rev().find(is_alike)?;
    Some(Before {
        id: earlier.id,
        title: changes::title(summary(earlier)?),
        opened: clock.moment(earlier.opened),
        differences: differences(state, earlier, case, plan),
    })
}

fn differences(state: &State, earlier: &Case, case: &Case, plan: &Plan) -> Vec<String> {
    let (then, now) = (&earlier.change, &case.change);
    let mut found = Vec::new();
    if then.class != now.class {
        found.push(format!(
            "It is a {} change, and that was a {} one.",
            now.class.as_str(),
            then.class.as_str()
        ));
    }
    if then.risk.score != now.risk.score {
        found.push(format!("Its risk is {}, and that one's was {}.", now.risk.score, then.risk.score));
    }
    for factor in &now.risk.factors {
        let before = then.risk.factors.iter().find(|it| it.factor == factor.factor);
        if let Some(before) = before
            && before.points < factor.points
        {
            let word = factor.factor.as_str();
            found.push(format!(
                "More for {word}: {} after {} points: {}.",
                factor.points, before.points, factor.why
            ));
        }
    }
    let bundle = |case: &Case| {
        let release = state.rollouts.summaries.get(&case.change.rollout)?.release.id;
        state.releases.get(release).map(|it| &it.bundle)
    };
    let Some((old, new)) = bundle(earlier).zip(bundle(case)) else { return found };
    for (service, part) in &new.parts {
        match old.parts.get(service) {
            None => found.push(format!("{service} was not in that one.")),
            Some(it) if it.artifact != part.artifact => {
                found.push(format!("{service} is {}, and was {}.", part.version, it.version));
            }
            Some(_) => {}
        }
    }
    found.extend(
        old.parts
            .keys()
            .filter(|it| !new.parts.contains_key(*it))
            .map(|it| format!("{it} is no longer in it.")),
    );
    let plan_then = state.rollouts.live.get(&then.rollout).map(|it| it.plan.steps.len());
    if let Some(n) = plan_then
        && n != plan.steps.len()
    {
        found.push(format!("Its plan has {} steps, and that one had {n}.", plan.steps.len()));
    }
    found
}
