//! Reading the facts document.

use std::collections::BTreeMap;

use shipway_api::operations::gate::ReadFacts;
use shipway_engine::gate;

use crate::gates::{policies, rule_sources};
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ReadFacts>) -> Outcome<ReadFacts> {
    let environment = &it.query.environment;
    let (mut outline, sources) = {
        let state = it.state();
        let outline = super::outline(&state, &it.path.release, environment, it.now())?;
        let policies = policies(&state, &gate::policies(&state, environment)?);
        let sources = match it.past {
            None => rule_sources(&state, &policies, environment),
            Some(_) => BTreeMap::new(),
        };
        (outline, sources)
    };
    it.app.gates.look_up(&mut outline, sources).await;
    Ok(it.app.gates.fill(&outline).await?)
}
