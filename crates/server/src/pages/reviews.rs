//! Reviews: those that are owed, and those that were held with what they promised. Here they are held, and their actions
//! are said to be done.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use jiff::civil::DateTime;
use shipway_api::operations::change::HoldReview;
use shipway_api::view::change::ReviewView;
use shipway_api::{Code, Operation};
use shipway_engine::{Command, State};
use shipway_model::resource::Kind;
use shipway_model::review::{Action, Review};
use shipway_model::{ChangeId, Name};

use super::csrf::Sent;
use super::decide::{see, submit};
use super::document::{Area, Motion};
use super::moment::{Clock, Moment};
use super::visit::{self, Shown, Visit};
use super::words::{Badge, Tone};
use crate::access::sight::Sight;
use crate::problem::Failure;
use crate::views;

/// Reviews on the page, the newest; the API lists all.
const REVIEWS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "reviews.html")]
struct Reviews {
    owed: Vec<Row>,
    held: Vec<Row>,
    teams: Vec<String>,
    may: bool,
    csrf: String,
    key: String,
}

struct Row {
    change: ChangeId,
    badge: Badge,
    what: String,
    why: String,
    due: Option<Moment>,
    by: String,
    at: Option<Moment>,
    summary: String,
    causes: String,
    actions: Vec<Promise>,
}

/// What somebody will do.
struct Promise {
    name: String,
    owner: String,
    due: Moment,
    badge: Badge,
    is_done: bool,
}

pub(super) async fn page(visit: Visit) -> Response {
    let content = {
        let state = visit.state();
        draw(&visit, &state, &visit.sight(&state))
    };
    visit.show(&Shown { title: "Reviews".into(), area: Area::Changes, motion: Motion::Live, content })
}

fn draw(visit: &Visit, state: &State, sight: &Sight<'_>) -> Reviews {
    let clock = &visit.clock;
    let seen = state.changes.iter().rev().filter(|it| sight.change(it.id));
    let all = seen.filter_map(|it| views::change::review(state, it, clock.now));
    let (held, owed): (Vec<Row>, Vec<Row>) =
        all.take(REVIEWS_MAX).map(|it| row(it, clock)).partition(|it| it.at.is_some());
    Reviews {
        owed,
        held,
        teams: state.catalogue.of_kind(Kind::Team).map(|(key, _)| key.name.to_string()).collect(),
        may: visit.is_now() && HoldReview::PERMISSION.allows(visit.caller.role),
        csrf: visit.csrf.as_str().to_owned(),
        key: visit.app.runtime.random_secret(),
    }
}

fn row(it: ReviewView, clock: &Clock) -> Row {
    let review = it.review;
    let promise = |action: &Action| {
        let is_done = it.done.contains(&action.name);
        Promise {
            name: action.name.to_string(),
            owner: action.owner.to_string(),
            due: clock.moment(action.due),
            badge: match () {
                () if is_done => Tone::Good.badge("done"),
                () if action.due <= clock.now => Tone::Bad.badge("overdue"),
                () => Tone::Hold.badge("open"),
            },
            is_done,
        }
    };
    Row {
        change: it.change,
        badge: match it.standing.as_str() {
            "owed" => Tone::Hold.badge("owed"),
            "overdue" => Tone::Bad.badge("overdue"),
            "held" => Tone::Busy.badge("held"),
            _ => Tone::Good.badge("closed"),
        },
        what: format!("{} {} → {}", it.release.name, it.release.version, it.environment),
        why: it.why.clone(),
        due: it.due.map(|it| clock.moment(it)),
        by: it.held_by.clone().unwrap_or_default(),
        at: it.held.map(|it| clock.moment(it)),
        summary: review.as_ref().map(|it| it.summary.clone()).unwrap_or_default(),
        causes: review.as_ref().map(|it| it.causes.clone()).unwrap_or_default(),
        actions: review.iter().flat_map(|it| &it.actions).map(promise).collect(),
    }
}

fn known(path: Result<Path<ChangeId>, PathRejection>) -> Result<ChangeId, Failure> {
    path.map(|Path(id)| id).map_err(|_| {
        Failure::new(Code::UnknownChange, "the address names no change").hint("open the reviews again")
    })
}

/// Records what was learnt, and shows the reviews again.
pub(super) async fn hold(path: Result<Path<ChangeId>, PathRejection>, sent: Sent) -> Response {
    visit::answer(&sent.visit, held(path, &sent).await)
}

async fn held(path: Result<Path<ChangeId>, PathRejection>, sent: &Sent) -> Result<Response, Failure> {
    let id = known(path)?;
    let actions = match sent.field("action") {
        "" => Vec::new(),
        _ => vec![action(sent)?],
    };
    let review = Review {
        summary: sent.field("summary").to_owned(),
        causes: sent.field("causes").to_owned(),
        actions,
        runbooks: BTreeSet::new(),
    };
    submit(sent, Command::HoldReview { id, review }).await?;
    Ok(see("/reviews"))
}

fn action(sent: &Sent) -> Result<Action, Failure> {
    let invalid = |detail: &str| {
        Failure::new(Code::InvalidReview, detail)
            .hint("an action has a short name such as `alert-on-queue`, a Team, and a day and time")
    };
    let name: Name = sent.field("action").parse().map_err(|_| invalid("the action's name is no name"))?;
    let owner: Name = sent.field("owner").parse().map_err(|_| invalid("no Team owns the action"))?;
    let due = sent.field("due").parse::<DateTime>().ok().and_then(|it| sent.visit.clock.instant(it));
    Ok(Action { name, owner, due: due.ok_or_else(|| invalid("it is not said when the action is due"))? })
}

/// Says that an action is done, and shows the reviews again.
pub(super) async fn finish(path: Result<Path<ChangeId>, PathRejection>, sent: Sent) -> Response {
    visit::answer(&sent.visit, finished(path, &sent).await)
}

async fn finished(path: Result<Path<ChangeId>, PathRejection>, sent: &Sent) -> Result<Response, Failure> {
    let id = known(path)?;
    let action = sent.field("action").parse().map_err(|_| {
        Failure::new(Code::InvalidReview, "the form names no action").hint("open the reviews again")
    })?;
    submit(sent, Command::FinishAction { id, action, note: sent.field("note").to_owned() }).await?;
    Ok(see("/reviews"))
}
