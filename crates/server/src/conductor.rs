//! Lets trains leave when they are due, and has people told of what is overdue: promises that endanger trains, and reviews.

use std::time::Duration;

use shipway_engine::{Command, review, train};
use shipway_model::Name;
use shipway_runtime::{ACTOR, Submission};

use crate::app::App;
use crate::routes;

const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Looks until the server ends. Of several replicas each looks: a departure that one of them recorded is due no more.
pub(crate) async fn watch(app: App) {
    let stopping = app.stopping.clone();
    let looking = async {
        loop {
            look(&app).await;
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    stopping.run_until_cancelled(looking).await;
}

async fn look(app: &App) {
    for command in due(app).await {
        let submission = Submission { actor: ACTOR.to_owned(), key: None, command, generation: None };
        if let Err(error) = app.runtime.submit(submission).await {
            // It is looked at again.
            tracing::warn!(%error, "what is due is not recorded");
        }
    }
}

async fn due(app: &App) -> Vec<Command> {
    let now = app.runtime.clock().now();
    let due: Vec<(Name, jiff::Timestamp, usize)> = {
        let state = app.runtime.state();
        let members = |name: &Name| train::known(&state, name).map_or(0, |it| it.services.len());
        train::due(&state, now).into_iter().map(|(name, at)| (name.clone(), at, members(&name))).collect()
    };
    let mut commands = Vec::new();
    for (train, departure, n_members) in due {
        // As many as there could be coaches.
        let ids = (0..n_members).map(|_| app.runtime.new_rollout_id()).collect();
        // Where contracts cannot be read, only the graph says who needs whom.
        let fits = routes::train::fits(app, &train, departure, now).await.unwrap_or_default();
        commands.push(Command::DepartTrain { train, departure, ids, fits });
    }
    let warns = {
        let state = app.runtime.state();
        !train::endangered(&state, now).is_empty()
            || !train::place::moves(&state, now).is_empty()
            || !review::overdue(&state, now).is_empty()
    };
    commands.extend(warns.then_some(Command::WarnOfPromises {}));
    commands
}
