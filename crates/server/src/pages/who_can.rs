//! Who could do something now, and by which policies. Only those see it who may ask the API the same.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use shipway_api::operations::access::{WhoCan, WhoCanQuery};
use shipway_api::permission::role_word;
use shipway_api::{Operation, operations};
use shipway_model::access::PrincipalKind;
use shipway_model::resource::Kind;

use super::document::{Area, Motion};
use super::visit::{self, Asked, Shown, Visit};
use super::words::{Badge, Tone, badge};
use crate::access::authorise::allow;
use crate::problem::Failure;
use crate::routes::access::who_can;

#[derive(Template)]
#[template(path = "who_can.html")]
struct Shape {
    question: Question,
    /// What can be asked about: the id and what it does.
    actions: Vec<(&'static str, &'static str)>,
    environments: Vec<String>,
    services: Vec<String>,
    summary: &'static str,
    /// None while nothing is asked.
    able: Option<Vec<Row>>,
}

struct Row {
    badge: Badge,
    name: String,
    person: String,
    role: &'static str,
    because: String,
    grant: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    action: String,
    environment: String,
    service: String,
    release: String,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Question>) -> Response {
    visit::answer(&visit, shown(&visit, asked).await)
}

async fn shown(visit: &Visit, asked: Question) -> Result<Response, Failure> {
    let named = json!({ "action": asked.action });
    allow(&visit.app, &visit.caller, WhoCan::ID, [&Value::Null, &named, &Value::Null]).await?;
    let content = draw(visit, asked)?;
    Ok(visit.show(&Shown { title: "Who can".into(), area: Area::Aside, motion: Motion::Live, content }))
}

fn draw(visit: &Visit, question: Question) -> Result<Shape, Failure> {
    let state = visit.state();
    let names = |kind| state.catalogue.of_kind(kind).map(|(key, _)| key.name.to_string()).collect();
    let able = if question.action.is_empty() {
        None
    } else {
        let query = WhoCanQuery {
            action: question.action.clone(),
            environment: question.environment.parse().ok(),
            service: question.service.parse().ok(),
            release: question.release.parse().ok(),
            rollout: None,
        };
        let able = who_can(&state, &visit.app.rules.of(&state), &query, visit.now())?;
        let row = |it: shipway_api::view::access::Able| Row {
            badge: match it.kind {
                PrincipalKind::Person => badge(Tone::Busy, "☺", "person"),
                PrincipalKind::Machine => badge(Tone::Idle, "⚙", "machine"),
                PrincipalKind::Agent => badge(Tone::Idle, "⚙", "agent"),
            },
            name: it.name,
            person: it.person.map(|it| it.to_string()).unwrap_or_default(),
            role: role_word(it.role),
            because: it.because.join(", "),
            grant: it.grant.map(|it| it.to_string()),
        };
        Some(able.into_iter().map(row).collect())
    };
    let endpoints = || operations::all().filter(|it| it.changes());
    Ok(Shape {
        summary: endpoints().find(|it| it.id == question.action).map_or("", |it| it.summary),
        actions: endpoints().map(|it| (it.id, it.summary)).collect(),
        environments: names(Kind::Environment),
        services: names(Kind::Service),
        able,
        question,
    })
}
