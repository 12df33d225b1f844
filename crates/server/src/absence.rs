//! Tells whose agent is lost, and who is back: what is heard of agents is no event, what becomes of it is.

use std::time::Duration;

use jiff::Timestamp;
use shipway_engine::Command;
use shipway_model::event::AGENT_LOST_AFTER;
use shipway_runtime::{ACTOR, Submission};

use crate::app::App;

const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Looks until the server ends. Nobody counts as lost before it has been listening for long enough to hear of them.
pub(crate) async fn watch(app: App) {
    let began = app.runtime.clock().now();
    let stopping = app.stopping.clone();
    let looking = async {
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            look(&app, began).await;
        }
    };
    stopping.run_until_cancelled(looking).await;
}

async fn look(app: &App, began: Timestamp) {
    for command in news(app, began, app.runtime.clock().now()) {
        let submission = Submission { actor: ACTOR.to_owned(), key: None, command, generation: None };
        if let Err(error) = app.runtime.submit(submission).await {
            // It is looked at again.
            tracing::warn!(%error, "it cannot be recorded whose agent is lost");
        }
    }
}

fn news(app: &App, began: Timestamp, now: Timestamp) -> Vec<Command> {
    let state = app.runtime.state();
    let of_agent = |agent: &shipway_engine::Agent| {
        let host = agent.host.clone();
        let heard = app.hearing.of(&host, now).at;
        let quiet = now.duration_since(heard.unwrap_or(began).max(began));
        let is_silent = quiet.as_millis() > i128::from(AGENT_LOST_AFTER.0);
        match (is_silent, state.agents.lost_since(&host)) {
            (true, None) => Some(Command::ReportAgentLost { host }),
            (false, Some(_)) if heard.is_some_and(|it| it >= began) => {
                Some(Command::ReportAgentFound { host })
            }
            _ => None,
        }
    };
    state.agents.iter().filter_map(of_agent).collect()
}
