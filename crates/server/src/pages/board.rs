//! One review board: its agenda with all that it looks at, and its minutes, written from the votes alone.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use shipway_api::Code;
use shipway_engine::State;
use shipway_engine::board::minutes::{Minuted, minutes};
use shipway_engine::board::record::record;
use shipway_engine::board::{self, Point};
use shipway_engine::change::Word;
use shipway_model::Name;
use shipway_model::resource::{Key, Kind, Spec};

use super::boards::meets;
use super::changes::title;
use super::document::{Area, Motion};
use super::moment::{Clock, Moment};
use super::tally::{self, Recorded, Tally};
use super::visit::{self, Asked, Shown, Visit};
use super::words::Badge;
use crate::problem::{self, Failure};

/// Points of the agenda that are drawn in full; the others are on the agenda of all boards.
const POINTS_MAX: usize = 20;
/// Of which the minutes are when nobody says from when on.
const DAYS_DEFAULT: i64 = 28;

#[derive(Template)]
#[template(path = "board.html")]
struct Shape {
    name: String,
    members: Vec<String>,
    teams: Vec<String>,
    quorum: String,
    threshold: String,
    meets: String,
    points: Vec<Looked>,
    n_more: usize,
    from: Date,
    until: Date,
    minutes: Vec<Past>,
    /// The minutes as people file them, in Markdown.
    text: String,
}

/// A change before the board, with all that it looks at.
struct Looked {
    title: String,
    path: String,
    class: &'static str,
    risk: u32,
    by: String,
    opened: Moment,
    tally: Tally,
    record: Recorded,
}

/// What was said about a change.
struct Past {
    title: String,
    path: String,
    votes: Vec<Said>,
    result: Option<(Badge, String)>,
    record: Recorded,
}

struct Said {
    badge: Badge,
    by: String,
    at: Moment,
    note: String,
    conditions: Vec<String>,
    is_withdrawn: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Stretch {
    /// The first and the last day of the minutes.
    from: Option<Date>,
    until: Option<Date>,
}

pub(super) async fn page(visit: Visit, Path(name): Path<String>, Asked(stretch): Asked<Stretch>) -> Response {
    let answered = draw(&visit, &visit.state(), &name, &stretch).map(|content| {
        let title = format!("Board {}", content.name);
        visit.show(&Shown {
            title: title.as_str().into(),
            area: Area::Changes,
            motion: Motion::Live,
            content,
        })
    });
    visit::answer(&visit, answered)
}

fn draw(visit: &Visit, state: &State, text: &str, stretch: &Stretch) -> Result<Shape, Failure> {
    let unknown = || {
        Failure::new(Code::UnknownResource, format!("there is no board `{}`", problem::shown(text)))
            .hint("the agenda of all boards lists those there are")
    };
    let name: Name = text.parse().map_err(|_| unknown())?;
    let resource = state.catalogue.get(&Key { kind: Kind::Board, name: name.clone() });
    let Some(Spec::Board(declared)) = resource.map(|it| &it.spec) else { return Err(unknown()) };
    let clock = &visit.clock;
    let points = board::agenda(state, Some(&name), visit.now());
    let until = stretch.until.unwrap_or_else(|| clock.local(clock.now).date());
    let from = stretch.from.unwrap_or_else(|| until.saturating_sub(DAYS_DEFAULT.days()));
    let midnight = |date: Date| clock.instant(date.to_datetime(Time::midnight()));
    let first = midnight(from).unwrap_or(Timestamp::MIN);
    let end = midnight(until.saturating_add(1.day())).unwrap_or(Timestamp::MAX);
    let minutes = minutes(state, &name, first, end);
    Ok(Shape {
        name: name.to_string(),
        members: declared.members.iter().cloned().collect(),
        teams: declared.teams.iter().map(ToString::to_string).collect(),
        quorum: declared.quorum.to_string(),
        threshold: declared.threshold.to_string(),
        meets: declared.meets.as_ref().map(meets).unwrap_or_default(),
        n_more: points.len().saturating_sub(POINTS_MAX),
        points: points.iter().take(POINTS_MAX).filter_map(|it| looked(visit, state, it)).collect(),
        from,
        until,
        text: minutes.text(),
        minutes: minutes.points.into_iter().rev().map(|it| past(it, clock)).collect(),
    })
}

fn looked(visit: &Visit, state: &State, it: &Point<'_>) -> Option<Looked> {
    let case = it.case;
    Some(Looked {
        title: title(state.rollouts.summaries.get(&case.change.rollout)?),
        path: format!("/changes/{}", case.id),
        class: case.change.class.as_str(),
        risk: case.change.risk.score,
        by: case.requested_by.clone(),
        opened: visit.clock.moment(case.opened),
        tally: Tally::new(visit, state, case, &it.tally),
        record: record(state, case, visit.now()).into(),
    })
}

fn past(it: Minuted<'_>, clock: &Clock) -> Past {
    Past {
        title: format!("{} {} → {}", it.release.name, it.release.version, it.environment),
        path: format!("/changes/{}", it.case.id),
        votes: it.votes.iter().map(|it| said(it, clock)).collect(),
        result: it.tally.as_ref().map(|it| (tally::of_decided(it.decided), tally::counted(it))),
        record: it.record.into(),
    }
}

fn said(it: &Word, clock: &Clock) -> Said {
    let statement = &it.approval.statement;
    Said {
        badge: tally::of_vote(statement.decision),
        by: it.by.clone(),
        at: clock.moment(it.at),
        note: it.approval.note.clone(),
        conditions: statement.conditions.clone(),
        is_withdrawn: it.withdrawn.is_some(),
    }
}
