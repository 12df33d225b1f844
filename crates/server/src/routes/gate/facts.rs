//! Reading the facts document.

use shipway_api::operations::gate::ReadFacts;
use shipway_engine::gate;

use crate::gates::{Tools, policies};
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ReadFacts>) -> Outcome<ReadFacts> {
    let environment = &it.query.environment;
    let (mut outline, tools) = {
        let state = it.state();
        let outline = super::outline(&state, &it.path.release, environment, it.now())?;
        let policies = policies(&state, &gate::policies(&state, environment)?);
        let tools = match it.past {
            None => Tools::of(&state, &policies, environment),
            Some(_) => Tools::default(),
        };
        (outline, tools)
    };
    it.app.gates.look_up(&mut outline, tools).await;
    Ok(it.app.gates.fill(&outline).await?)
}
