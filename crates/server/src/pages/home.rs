//! What runs where, and the latest rollouts.

use askama::Template;
use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use shipway_api::view::RolloutSummary;
use shipway_api::view::environment::EnvironmentView;
use shipway_engine::State;
use shipway_model::{Name, Version};

use super::document;
use super::rollout::{Bar, bars};
use super::session::SignedIn;
use super::words::{self, Badge, Ledger};
use crate::app::App;
use crate::views;

/// Rollouts shown.
const ROLLOUTS_MAX: usize = 30;
const FRAGMENT: &str = "/fragments/home";

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    environments: Vec<Place>,
    rollouts: Vec<Row>,
    ledger: Ledger,
}

struct Place {
    name: String,
    release: String,
    running: Vec<Running>,
    bars: Vec<Bar>,
}

/// A version of a service and where it runs.
struct Running {
    service: String,
    version: Version,
    targets: usize,
    healthy: usize,
}

struct Row {
    id: String,
    release: String,
    environment: String,
    badge: Badge,
    progress: Option<Done>,
    when: String,
    length: String,
}

struct Done {
    done: u32,
    total: u32,
}

pub(super) async fn page(extract::State(app): extract::State<App>, SignedIn(caller): SignedIn) -> Response {
    document::page(StatusCode::OK, "Rollouts", Some(&caller.name), Some(FRAGMENT), &render(&app))
}

pub(super) async fn fragment(extract::State(app): extract::State<App>, _: SignedIn) -> Response {
    document::html(StatusCode::OK, render(&app))
}

fn render(app: &App) -> String {
    let (ledger, now) = (app.runtime.head().into(), app.runtime.clock().now());
    let state = app.runtime.state();
    let environments = state.catalogue.environments().filter(|name| is_place(&state, name));
    let environments = environments.map(|name| place(views::environment::view(&state, name)));
    let newest = state.rollouts.summaries.values().rev().take(ROLLOUTS_MAX);
    let home = Home {
        environments: environments.collect(),
        rollouts: newest.map(|it| row(&views::rollout::summary(&state, it), now)).collect(),
        ledger,
    };
    home.render().expect("texts take everything")
}

/// An environment that is only there to be inherited from has nothing to show.
fn is_place(state: &State, name: &Name) -> bool {
    let chooses = state.catalogue.environment(name).is_some_and(|it| !it.targets.is_empty());
    chooses || state.environments.get(name).is_some()
}

fn place(view: EnvironmentView) -> Place {
    let mut running: Vec<Running> = Vec::new();
    for target in &view.targets {
        let healthy = usize::from(target.address.is_some());
        let same = |it: &&mut Running| it.service == target.service.as_str() && it.version == target.version;
        match running.iter_mut().find(same) {
            Some(known) => {
                known.targets += 1;
                known.healthy += healthy;
            }
            None => running.push(Running {
                service: target.service.to_string(),
                version: target.version.clone(),
                targets: 1,
                healthy,
            }),
        }
    }
    let release = view.summary.release.map(|it| format!("{} {}", it.name, it.version));
    Place {
        name: view.summary.name.to_string(),
        release: release.unwrap_or_else(|| "nothing shipped yet".to_owned()),
        running,
        bars: bars(&view.traffic),
    }
}

fn row(rollout: &RolloutSummary, now: Timestamp) -> Row {
    let end = rollout.ended_at.unwrap_or(now);
    Row {
        id: rollout.id.to_string(),
        release: format!("{} {}", rollout.release.name, rollout.release.version),
        environment: rollout.environment.to_string(),
        badge: words::of_phase(&rollout.phase),
        progress: rollout
            .progress
            .filter(|_| !rollout.phase.is_ended())
            .map(|it| Done { done: it.steps_done, total: it.steps_total }),
        when: words::moment(rollout.queued_at),
        length: words::length(rollout.started_at.unwrap_or(rollout.queued_at), end),
    }
}
