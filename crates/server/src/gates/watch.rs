//! Looks again at what the tools outside told gates, for as long as something waits behind what these said: a rule that is
//! unloaded closes a gate that had passed, and one that is loaded opens a gate that waits for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use shipway_engine::gate::{Outline, standing};
use shipway_engine::{Command, State};
use shipway_model::plan::{Action, StepId};
use shipway_model::{Digest, RolloutId};
use shipway_runtime::{ACTOR, Submission};

use super::{Seen, Tools, policies};
use crate::app::App;

/// Between two looks. As much later than in the world outside a gate closes or opens.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// An answer of gates that counts, and whom it goes by.
struct Standing {
    rollout: RolloutId,
    step: StepId,
    attempt: u32,
    facts: Digest,
    tools: Tools,
}

/// What was known at an answer, by the digest of its facts.
type Known = HashMap<Digest, Outline>;

/// Looks until the server ends. Of several replicas each looks: what one of them had asked again is no longer the last answer.
pub(crate) async fn watch(app: App) {
    let stopping = app.stopping.clone();
    let looking = async {
        let mut known = Known::new();
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            look(&app, &mut known).await;
        }
    };
    stopping.run_until_cancelled(looking).await;
}

async fn look(app: &App, known: &mut Known) {
    let all = asked_of_tools(&app.runtime.state());
    known.retain(|facts, _| all.iter().any(|it| it.facts == *facts));
    // Most rollouts go into the same environments, whose tools are asked once.
    let mut seen: Vec<(Tools, Seen)> = Vec::new();
    for it in all {
        let outline = match known.entry(it.facts) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(place) => match app.gates.kept(&it.facts).await {
                Ok(outline) => place.insert(outline),
                Err(error) => {
                    tracing::warn!(rollout = %it.rollout, %error, "what gates were told cannot be compared");
                    continue;
                }
            },
        };
        let tools = it.tools.about(outline);
        let told = match seen.iter().find(|(asked, _)| *asked == tools) {
            Some((_, told)) => told.clone(),
            None => {
                let told = (app.gates.look_at_tools)(tools.clone()).await;
                seen.push((tools, told.clone()));
                told
            }
        };
        let Some(reason) = told.news(&outline.facts.surroundings) else { continue };
        let command = Command::ReopenGates { id: it.rollout, step: it.step, attempt: it.attempt, reason };
        let submission = Submission { actor: ACTOR.to_owned(), key: None, command, generation: None };
        if let Err(error) = app.runtime.submit(submission).await {
            // It is looked at again.
            tracing::warn!(rollout = %it.rollout, %error, "gates cannot be asked again");
        }
    }
}

fn asked_of_tools(state: &State) -> Vec<Standing> {
    let mut found = Vec::new();
    for (rollout, step, answered) in standing(state) {
        let asked = rollout.plan.step(step).map(|it| &it.action);
        let Some(Action::Gates { policies: digests }) = asked else { continue };
        let tools = Tools::of(state, &policies(state, digests), &rollout.plan.environment);
        if !tools.is_empty() {
            let (attempt, facts) = (answered.attempt, answered.decision.facts);
            found.push(Standing { rollout: rollout.id, step, attempt, facts, tools });
        }
    }
    found
}
