//! Saying what the gates of an environment ask of a release.

use shipway_api::operations::gate::ExplainGates;
use shipway_api::view::gate::GatesView;
use shipway_engine::gate;

use crate::gates::{Tools, passes, policies};
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ExplainGates>) -> Outcome<ExplainGates> {
    let environment = &it.query.environment;
    let (mut outline, digests, policies, tools) = {
        let state = it.state();
        let outline = super::outline(&state, &it.path.release, environment, it.now())?;
        let digests = gate::policies(&state, environment)?;
        let policies = policies(&state, &digests);
        // What the tools say now is nothing that was known then.
        let tools = match it.past {
            None => Tools::of(&state, &policies, environment),
            Some(_) => Tools::default(),
        };
        (outline, digests, policies, tools)
    };
    it.app.gates.look_up(&mut outline, tools).await;
    let requirements = match digests.is_empty() {
        true => Vec::new(),
        false => it.app.gates.ask(policies, it.app.gates.fill(&outline).await?).await,
    };
    let facts = outline.facts;
    let until = requirements.iter().filter_map(|it| it.until).filter(|it| *it > facts.at).min();
    Ok(GatesView {
        release: facts.release,
        environment: facts.environment,
        at: facts.at,
        passes: digests.is_empty() || passes(&requirements),
        policies: digests,
        requirements,
        until,
    })
}
