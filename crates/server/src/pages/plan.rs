//! A plan before anything happens: every step with its expected time, what cannot be undone, what could stop it, and
//! how it differs from another plan. From here it is started, bound to the digest that is shown.

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use shipway_api::operations::rollout::StartRollout;
use shipway_api::{Code, Operation};
use shipway_engine::rollout::closing;
use shipway_engine::{Command, Context, State, plan};
use shipway_model::effect::Direction;
use shipway_model::event::Body;
use shipway_model::plan::{Plan, Reversibility, Step, StepId};
use shipway_model::{Digest, Millis, Name};

use super::csrf::Sent;
use super::decide::{see, submit};
use super::document::{Area, Motion};
use super::drawing::Svg;
use super::drawing::graph::{self, Node};
use super::drawing::timeline::Bar;
use super::moment::{self, Clock, Moment};
use super::prose::Prose;
use super::release::named;
use super::releases::path;
use super::rollout::mark;
use super::visit::{self, Asked, Shown, Visit};
use super::words::{Hash, count};
use crate::problem::{self, Failure};

/// Boxes of a graph that can still be read.
const BOXES_MAX: usize = 12;

#[derive(Template)]
#[template(path = "plan.html")]
struct Shape {
    release: String,
    release_path: String,
    selector: String,
    environment: String,
    digest: Hash,
    whole_digest: Digest,
    expected: String,
    ends: Moment,
    unwind: String,
    no_return: Option<u32>,
    n_steps: String,
    services: Vec<Service>,
    promises: Vec<Promise>,
    groups: Vec<Group>,
    graph: Svg,
    stops: Vec<Prose>,
    comparison: Option<Comparison>,
    against: String,
    may_start: bool,
    /// Why it would be refused.
    refusal: Option<(Prose, Option<Prose>)>,
    csrf: String,
    key: String,
}

struct Service {
    name: String,
    from: String,
    to: String,
    strategy: String,
    why: String,
}

/// The expected way back of a service against what it promises.
struct Promise {
    service: String,
    expected: String,
    promised: String,
    kept: bool,
}

/// Steps of one wave, or of a stage without waves.
struct Group {
    stage: String,
    wave: String,
    steps: Vec<Row>,
}

struct Row {
    id: u32,
    title: String,
    why: String,
    mark: &'static str,
    begins: String,
    takes: String,
    bar: Bar,
}

/// Against another plan.
struct Comparison {
    title: String,
    expected: String,
    only_here: Vec<String>,
    only_there: Vec<String>,
    same: usize,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    release: String,
    environment: String,
    against: String,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Question>) -> Response {
    let answered = draw(&visit, &visit.state(), &asked).map(|content| {
        let title = format!("Plan {} → {}", content.release, content.environment);
        visit.show(&Shown {
            title: title.as_str().into(),
            area: Area::Releases,
            motion: Motion::Live,
            content,
        })
    });
    visit::answer(&visit, answered)
}

fn environment(text: &str) -> Result<Name, Failure> {
    text.parse().map_err(|_| {
        Failure::new(Code::UnknownEnvironment, format!("`{}` names no environment", problem::shown(text)))
            .hint("open the plan from a release’s page")
    })
}

fn draw(visit: &Visit, state: &State, asked: &Question) -> Result<Shape, Failure> {
    let (release, environment) = (named(state, &asked.release)?, environment(&asked.environment)?);
    let plan = plan::make(state, release.id, &environment)?;
    let (clock, digest) = (&visit.clock, plan.digest());
    let command = Command::StartRollout {
        id: visit.app.runtime.new_rollout_id(),
        release: release.id,
        environment: environment.clone(),
        plan: Some(digest),
    };
    let ctx = Context { actor: &visit.caller.actor(), now: visit.now() };
    let refused = shipway_engine::decide(state, &command, &ctx).err();
    let refusal = refused.map(|it| (clock.prose(&it.message), it.hint.map(|it| clock.prose(&it))));
    let begins = begins(&plan);
    let ends = clock.now.saturating_add(jiff::SignedDuration::from_millis(plan.expected.0.cast_signed()));
    let comparison =
        if asked.against.is_empty() { None } else { Some(compare(state, &plan, &asked.against)?) };
    Ok(Shape {
        release: format!("{} {}", plan.release.name, plan.release.version),
        release_path: path(release),
        selector: format!("{}@{}", plan.release.name, plan.release.version),
        environment: environment.to_string(),
        digest: Hash(digest),
        whole_digest: digest,
        expected: moment::length(plan.expected),
        ends: clock.moment(ends.unwrap_or(Timestamp::MAX)),
        unwind: moment::length(plan.unwind.expected),
        no_return: plan.unwind.point_of_no_return.map(|it| it.0),
        n_steps: count(plan.steps.len() as u64, "step"),
        services: plan.services.iter().map(service).collect(),
        promises: plan.unwind.services.iter().filter_map(promise).collect(),
        groups: groups(&plan, &begins),
        graph: graph(&plan),
        stops: stops(state, &plan, clock),
        comparison,
        against: asked.against.clone(),
        may_start: visit.is_now() && StartRollout::PERMISSION.allows(visit.caller.role),
        refusal,
        csrf: visit.csrf.as_str().to_owned(),
        key: visit.app.runtime.random_secret(),
    })
}

fn waits_for_a_person(step: &Step) -> bool {
    matches!(step.action.word(), "approval" | "pause")
}

fn service(it: &shipway_model::plan::ServicePlan) -> Service {
    Service {
        name: it.service.to_string(),
        from: it.from.as_ref().map(|it| it.version.to_string()).unwrap_or_default(),
        to: it.to.version.to_string(),
        strategy: it.strategy.clone(),
        why: it.why.clone(),
    }
}

fn promise(it: &shipway_model::plan::ServiceUnwind) -> Option<Promise> {
    let promised = it.promised?;
    Some(Promise {
        service: it.service.to_string(),
        expected: moment::length(it.expected),
        promised: moment::length(promised),
        kept: it.expected <= promised,
    })
}

/// When each step is expected to begin: when the last of those that it needs has ended. In milliseconds.
fn begins(plan: &Plan) -> Vec<u64> {
    let mut begins: Vec<u64> = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let ended = step.after.iter().filter_map(|it| {
            let idx = (it.0 as usize).checked_sub(1)?;
            Some(begins.get(idx)?.saturating_add(plan.steps.get(idx)?.expected.0))
        });
        begins.push(ended.max().unwrap_or(0));
    }
    begins
}

fn groups(plan: &Plan, begins: &[u64]) -> Vec<Group> {
    let ends = plan.steps.iter().zip(begins).map(|(step, begin)| begin.saturating_add(step.expected.0));
    let whole = ends.max().unwrap_or(0).max(1);
    let row = |step: &Step| {
        let begin = begins.get((step.id.0 as usize).wrapping_sub(1)).copied().unwrap_or(0);
        Row {
            id: step.id.0,
            title: step.title.clone(),
            why: step.why.clone(),
            mark: mark(step.reversibility),
            begins: moment::length(Millis(begin)),
            takes: moment::length(step.expected),
            bar: Bar::new(begin, step.expected.0, whole, class(step)),
        }
    };
    let group = |steps: &[Step]| Group {
        stage: steps[0].stage.to_string(),
        wave: steps[0].wave.clone(),
        steps: steps.iter().map(row).collect(),
    };
    plan.steps.chunk_by(|a, b| a.stage == b.stage && a.wave == b.wave).map(group).collect()
}

/// Which step waits for which, as boxes and arrows; of a longer plan, which wave for which.
fn graph(plan: &Plan) -> Svg {
    let few = plan.steps.len() <= BOXES_MAX;
    let is_together = |a: &Step, b: &Step| !few && a.stage == b.stage && a.wave == b.wave;
    let groups: Vec<&[Step]> = plan.steps.chunk_by(is_together).collect();
    // The stage is said once, so that the boxes of a long plan stay narrow.
    let is_first = |idx: usize, step: &Step| idx == 0 || groups[idx - 1][0].stage != step.stage;
    let node = |(idx, group): (usize, &&[Step])| Node {
        title: match (few, &group[0]) {
            (true, step) => format!("{} {}", step.id, step.title),
            (false, step) if step.wave.is_empty() => step.stage.to_string(),
            (false, step) if is_first(idx, step) => format!("{}: {}", step.stage, step.wave),
            (false, step) => step.wave.clone(),
        },
        path: Some(format!("#step-{}", group[0].id)),
        class: class(&group[0]),
    };
    let nodes: Vec<Node> = groups.iter().enumerate().map(node).collect();
    let group_of = |id: StepId| groups.iter().position(|it| it.iter().any(|step| step.id == id));
    let edges = groups.iter().enumerate().flat_map(|(to, group)| {
        let after: BTreeSet<usize> =
            group.iter().flat_map(|it| &it.after).filter_map(|it| group_of(*it)).collect();
        after.into_iter().filter(move |from| *from != to).map(move |from| (from, to))
    });
    let edges: Vec<(usize, usize)> = edges.collect();
    graph::draw("Which step waits for which", &nodes, &edges)
}

/// How its bar looks.
fn class(step: &Step) -> &'static str {
    match step.action.word() {
        _ if step.reversibility == Reversibility::PointOfNoReturn => "no-return",
        "approval" | "pause" => "person",
        "wait" | "bake" | "analyse" => "watch",
        _ => "work",
    }
}

/// What could hold it up, as far as is known now.
pub(super) fn stops(state: &State, plan: &Plan, clock: &Clock) -> Vec<Prose> {
    let (mut stops, now) = (Vec::new(), clock.now);
    let subjects = closing::subjects(state, plan, Direction::Do);
    let answer = state.calendars.check(&subjects, Some(&plan.release.name), now);
    if !answer.allowed {
        stops.push(format!("{}; the next open time: {}", answer.refusal(), answer.next_slot()));
    } else if let Some(until) = answer.until {
        let ends = now.saturating_add(jiff::SignedDuration::from_millis(plan.expected.0.cast_signed()));
        if ends.is_ok_and(|ends| until < ends) {
            stops.push(format!("The calendar closes at {until}, before it is expected to end."));
        }
    }
    if let Some(pause) = state.pauses.holding_environment(&plan.environment) {
        stops.push(format!("{} is paused by {}: {}", pause.scope, pause.by, pause.reason));
    }
    for service in &plan.services {
        if let Some(pause) = state.pauses.holding_service(&service.service) {
            stops.push(format!("{} is paused by {}: {}", pause.scope, pause.by, pause.reason));
        }
    }
    if let Some(known) = state.environments.get(&plan.environment) {
        match known.running.len() + known.queue.len() {
            0 => {}
            n => stops.push(format!("{} there already, under way or queued.", count(n as u64, "rollout"))),
        }
    }
    let people = plan.steps.iter().filter(|it| waits_for_a_person(it));
    stops.extend(people.map(|it| format!("Step {} waits for a person: {}.", it.id, it.title)));
    stops.iter().map(|it| clock.prose(it)).collect()
}

fn compare(state: &State, plan: &Plan, against: &str) -> Result<Comparison, Failure> {
    let other = plan::make(state, named(state, against)?.id, &plan.environment)?;
    let titles = |it: &Plan| -> BTreeSet<String> { it.steps.iter().map(|it| it.title.clone()).collect() };
    let (here, there) = (titles(plan), titles(&other));
    let only = |of: &Plan, not: &BTreeSet<String>| {
        of.steps.iter().filter(|it| !not.contains(&it.title)).map(|it| it.title.clone()).collect()
    };
    Ok(Comparison {
        title: format!("{} {}", other.release.name, other.release.version),
        expected: moment::length(other.expected),
        only_here: only(plan, &there),
        only_there: only(&other, &here),
        same: here.intersection(&there).count(),
    })
}

/// Starts what was shown, if it is still what would happen.
pub(super) async fn start(sent: Sent) -> Response {
    visit::answer(&sent.visit, started(&sent).await)
}

async fn started(sent: &Sent) -> Result<Response, Failure> {
    let release = named(&sent.visit.state(), sent.field("release"))?.id;
    let environment = environment(sent.field("environment"))?;
    let digest = sent.field("digest").parse().map_err(|_| {
        Failure::new(Code::InvalidRequest, "the form names no plan").hint("open the plan again")
    })?;
    let mut id = sent.visit.app.runtime.new_rollout_id();
    let command = Command::StartRollout { id, release, environment, plan: Some(digest) };
    for event in &submit(sent, command).await?.events {
        // A second click leads to the rollout that the first one started.
        if let Body::RolloutQueued { id: queued, .. } = event.body {
            id = queued;
        }
    }
    Ok(see(&format!("/rollouts/{id}")))
}
