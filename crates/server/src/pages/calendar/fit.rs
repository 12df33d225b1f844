//! Whether a release fits at a time, and why not: a stretch that readers move over the days that are shown, by pointer or
//! by keyboard. The answer is the core's, the same that `shipway calendar conflicts` gives.

use std::fmt::Write;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Deserialize;
use shipway_api::Code;
use shipway_engine::State;
use shipway_engine::calendar::conflict::{Conflict, Surroundings, conflicts};
use shipway_engine::catalogue::graph;
use shipway_engine::schedule::{Leg, Wanted, gather, under_way};
use shipway_model::Name;

use crate::pages::document;
use crate::pages::drawing::Svg;
use crate::pages::moment::{Clock, Moment};
use crate::pages::prose::Prose;
use crate::pages::release::named;
use crate::pages::visit::{self, Asked, Visit};
use crate::problem::Failure;

/// As far as the stretch moves with one key.
const STEP: SignedDuration = SignedDuration::from_mins(15);
/// Days over which it moves.
const DAYS_MAX: i64 = 42;
/// Turns of the calendar that are drawn.
const TURNS_MAX: usize = 600;
/// The drawing is so many units wide.
const WIDTH: f64 = 10_000.0;
/// So that a short rollout is seen among weeks.
const WIDTH_MIN: f64 = 50.0;

/// What is asked, as addresses write it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Question {
    pub(super) release: String,
    pub(super) environment: String,
    /// The first of the days that are shown, and how many they are.
    pub(super) from: Option<Date>,
    pub(super) days: Option<i64>,
    /// Steps from the beginning of the first day.
    pub(super) slot: Option<u32>,
    /// A local time, where that is said instead.
    pub(super) at: String,
}

#[derive(Template)]
#[template(path = "fit.html")]
pub(super) struct Fit {
    title: String,
    begins: Moment,
    ends: Moment,
    in_the_way: Vec<Way>,
    /// The next time at which nothing is, with the step that leads there while it is on the days that are shown.
    next: Option<(Moment, Option<i64>)>,
    track: Svg,
    pub(super) slot: i64,
    pub(super) slots: i64,
    question: Question,
}

impl HtmlSafe for Fit {}

struct Way {
    kind: &'static str,
    with: String,
    why: Prose,
}

/// The answer alone, for a page that is there already.
pub(in crate::pages) async fn part(visit: Visit, Asked(asked): Asked<Question>) -> Response {
    let answered = of(&visit.state(), &visit.clock, asked)
        .map(|fit| document::html(StatusCode::OK, fit.render().expect("texts take everything")));
    visit::answer(&visit, answered)
}

/// # Errors
/// When the release or the environment is unknown or cannot be planned, or the time cannot be understood.
pub(super) fn of(state: &State, clock: &Clock, asked: Question) -> Result<Fit, Failure> {
    let invalid = |detail: &str| Failure::new(Code::InvalidRequest, detail);
    let first = asked.from.unwrap_or_else(|| clock.local(clock.now).date());
    let days = asked.days.unwrap_or(7).clamp(1, DAYS_MAX);
    let midnight = |date: Date| clock.instant(date.to_datetime(Time::midnight()));
    let (Some(from), Some(to)) = (midnight(first), midnight(first.saturating_add(days.days()))) else {
        return Err(invalid("there are no such days"));
    };
    let slots = to.duration_since(from).as_secs() / STEP.as_secs();
    let local = asked.at.parse::<DateTime>().ok().and_then(|it| clock.instant(it));
    let slot = match (asked.slot, local) {
        (Some(slot), _) => i64::from(slot),
        (None, Some(at)) => at.duration_since(from).as_secs() / STEP.as_secs(),
        // From the next step on, so that what is asked is still to come.
        (None, None) => clock.now.duration_since(from).as_secs() / STEP.as_secs() + 1,
    }
    .clamp(0, slots - 1);
    let at = from.saturating_add(STEP * i32::try_from(slot).unwrap_or(0)).unwrap_or(from);
    let environment: Name = asked.environment.parse().map_err(|_| invalid("choose an environment"))?;
    let wanted = Wanted {
        releases: vec![named(state, &asked.release)?.id],
        environments: vec![environment],
        from: at,
        dates: std::collections::BTreeMap::new(),
    };
    let leg = gather(state, &wanted)?.into_iter().next().ok_or_else(|| invalid("it is there already"))?;
    let found = in_the_way(state, clock, &leg);
    let next = found.iter().find_map(|it| it.next).map(|it| {
        let steps = it.from.duration_since(from).as_secs().div_euclid(STEP.as_secs());
        // A slot that begins between two steps is reached by the later one.
        let later = steps + i64::from(it.from.duration_since(from).as_secs() % STEP.as_secs() != 0);
        (clock.full(it.from), Some(later).filter(|it| (0..slots).contains(it)))
    });
    Ok(Fit {
        title: leg.change.title.clone(),
        begins: clock.full(leg.change.from),
        ends: clock.full(leg.change.until),
        track: track(state, clock, &leg, (from, to), found.is_empty()),
        in_the_way: found.into_iter().map(|it| way(it, clock)).collect(),
        next,
        slot,
        slots,
        question: Question { from: Some(first), days: Some(days), ..asked },
    })
}

fn in_the_way(state: &State, clock: &Clock, leg: &Leg) -> Vec<Conflict> {
    let (graph, others) = (graph::graph(&state.catalogue), under_way(state, clock.now));
    let timeline = state.calendars.timeline(leg.change.from);
    let around = Surroundings {
        others: &others,
        graph: &graph,
        timeline: &timeline,
        lifts: &leg.lifts,
        subjects: &leg.subjects,
    };
    conflicts(&leg.change, &around)
}

fn way(it: Conflict, clock: &Clock) -> Way {
    Way { kind: it.kind.as_str(), with: it.with, why: clock.prose(&it.why) }
}

/// The days as a strip: open and closed times, what is under way, and the stretch that is asked about.
fn track(state: &State, clock: &Clock, leg: &Leg, (from, to): (Timestamp, Timestamp), fits: bool) -> Svg {
    let whole = to.duration_since(from).as_secs_f64();
    let x = |at: Timestamp| (at.clamp(from, to).duration_since(from).as_secs_f64() / whole) * WIDTH;
    let mut svg = format!(
        "<svg class=\"fit-track\" viewBox=\"0 0 {WIDTH} 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
    );
    let mut bar = |class: &str, begin: Timestamp, end: Timestamp, (y, height): (u8, u8)| {
        let (left, right) = (x(begin), x(end));
        let width = (right - left).max(WIDTH_MIN).min(WIDTH - left.min(WIDTH - WIDTH_MIN));
        let left = left.min(WIDTH - WIDTH_MIN);
        write!(
            svg,
            "<rect class=\"{class}\" x=\"{left:.0}\" y=\"{y}\" width=\"{width:.0}\" height=\"{height}\"/>"
        )
        .expect("a string takes everything");
    };
    let timeline = state.calendars.timeline(from);
    let mut at = from;
    for _ in 0..TURNS_MAX {
        let answer = timeline.check(&leg.subjects, &leg.lifts, at);
        let until = answer.until.filter(|it| *it > at).unwrap_or(to).min(to);
        bar(if answer.allowed { "open" } else { "closed" }, at, until, (58, 42));
        if until >= to {
            break;
        }
        at = until;
    }
    let here = under_way(state, clock.now).into_iter().filter(|it| it.environment == leg.change.environment);
    for other in here.filter(|it| it.from < to && it.until > from) {
        bar("ship", other.from, other.until, (38, 16));
    }
    bar(if fits { "wanted fits" } else { "wanted" }, leg.change.from, leg.change.until, (2, 96));
    svg.push_str("</svg>");
    Svg::drawn(svg)
}
