//! Review boards: what waits for which of them, the riskiest first, and what each board that there is looks at.

use askama::Template;
use axum::response::Response;
use shipway_engine::State;
use shipway_engine::board::{self, Point};
use shipway_model::resource::{Board, Kind, Spec};

use super::changes::title;
use super::document::{Area, Motion};
use super::moment::{self, Clock, Moment};
use super::tally;
use super::visit::{Shown, Visit};
use super::words::{self, Badge};
use crate::access::sight::Sight;

#[derive(Template)]
#[template(path = "boards.html")]
struct Boards {
    rows: Vec<Row>,
    boards: Vec<Seated>,
}

/// A change before a board.
struct Row {
    badge: Badge,
    board: String,
    what: String,
    path: String,
    class: &'static str,
    risk: u32,
    by: String,
    opened: Moment,
    votes: String,
    /// What is not on the table, and conditions that are not met.
    missing: Vec<String>,
    /// Whether the reader's vote is asked for.
    is_own: bool,
}

/// A board, and by what it decides.
struct Seated {
    name: String,
    members: String,
    quorum: String,
    threshold: String,
    meets: String,
    escalates: String,
    waiting: usize,
}

pub(super) async fn page(visit: Visit) -> Response {
    let content = {
        let state = visit.state();
        draw(&visit, &state, &visit.sight(&state))
    };
    visit.show(&Shown { title: "Boards".into(), area: Area::Changes, motion: Motion::Live, content })
}

fn draw(visit: &Visit, state: &State, sight: &Sight<'_>) -> Boards {
    let mut points = board::agenda(state, None, visit.now());
    points.retain(|it| sight.change(it.case.id));
    let declared = state.catalogue.of_kind(Kind::Board).filter_map(|(key, it)| match &it.spec {
        Spec::Board(board) => Some((key.name.to_string(), board)),
        _ => None,
    });
    let boards = declared.map(|(name, board)| {
        let waiting = points.iter().filter(|it| it.tally.board.as_str() == name).count();
        seated(state, name, board, waiting)
    });
    Boards {
        boards: boards.collect(),
        rows: points.iter().filter_map(|it| row(visit, state, it, &visit.clock)).collect(),
    }
}

fn row(visit: &Visit, state: &State, it: &Point<'_>, clock: &Clock) -> Option<Row> {
    let (case, tally) = (it.case, &it.tally);
    let open = tally.conditions.iter().filter(|it| it.met.is_none());
    let lacks = tally.lacks.iter().map(|it| it.what.clone());
    Some(Row {
        badge: tally::of_decided(tally.decided),
        board: tally.board.to_string(),
        what: title(state.rollouts.summaries.get(&case.change.rollout)?),
        path: format!("/changes/{}", case.id),
        class: case.change.class.as_str(),
        risk: case.change.risk.score,
        by: case.requested_by.clone(),
        opened: clock.moment(case.opened),
        votes: format!("{} of {}", tally.votes.len(), tally.members),
        missing: lacks.chain(open.map(|it| format!("that {}", it.text))).collect(),
        is_own: visit.is_now() && tally::misses(visit, state, tally),
    })
}

fn seated(state: &State, name: String, board: &Board, waiting: usize) -> Seated {
    let of_teams = board.teams.iter().filter_map(|it| state.catalogue.team(it)).map(|it| it.members.len());
    let n_members = board.members.len() + of_teams.sum::<usize>();
    Seated {
        name,
        members: words::count(n_members as u64, "member"),
        quorum: board.quorum.to_string(),
        threshold: board.threshold.to_string(),
        meets: board.meets.as_ref().map(meets).unwrap_or_default(),
        escalates: board
            .escalation
            .as_ref()
            .map(|it| format!("{} after {}", it.to, moment::length(it.after)))
            .unwrap_or_default(),
        waiting,
    }
}

/// As it is declared; where it meets comes first.
pub(super) fn meets(it: &shipway_model::resource::board::Meeting) -> String {
    let told = format!("{} in {}", it.rule, it.time_zone);
    if it.place.is_empty() { told } else { format!("{}: {told}", it.place) }
}
